"""Coded terms to structures: what a segment's code says it is, whatever the language of its label.

Left: keywords of the SNOMED CT dictionary that pydicom carries, so that no code is typed by hand. Right: our word; a
``{side}`` is filled from the laterality modifier. Terms too vague to plan by (Bone, Tissue, Organ) are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydicom.sr.codedict import codes

from enbloc.foundation.terms.levels import LEVELS

_BY_KEYWORD: dict[str, str] = {
    **{f"{level}Vertebra": f"vertebra_{level}" for level in LEVELS},
    "BoneStructureOfSacrum": "sacrum",
    "Sacrum": "sacrum",
    "SpinalCord": "spinal_cord",
    "DuraMater": "dura",
    "CaudaEquina": "cauda_equina",
    "Aorta": "aorta",
    "AbdominalAorta": "aorta",
    "DescendingAorta": "aorta",
    "ThoracicAorta": "aorta",
    "InferiorVenaCava": "inferior_vena_cava",
    "SuperiorVenaCava": "superior_vena_cava",
    "AzygosVein": "azygos_vein",
    "HemiazygosVein": "hemiazygos_vein",
    "Esophagus": "oesophagus",
    "Trachea": "trachea",
    "Heart": "heart",
    "Liver": "liver",
    "Spleen": "spleen",
    "Pancreas": "pancreas",
    "Stomach": "stomach",
    "Duodenum": "duodenum",
    "UrinaryBladder": "urinary_bladder",
    "Rectum": "rectum",
    "Kidney": "kidney_{side}",
    "Lung": "lung_{side}",
    "IliopsoasMuscle": "iliopsoas_{side}",
    "PsoasMuscle": "iliopsoas_{side}",
    "ErectorSpinaeMuscle": "autochthon_{side}",
    "CommonIliacArtery": "iliac_artery_{side}",
    "CommonIliacVein": "iliac_vein_{side}",
    "VertebralArtery": "vertebral_artery_{side}",
    "CommonCarotidArtery": "carotid_artery_{side}",
    "Neoplasm": "tumour",
    "NeoplasmPrimary": "tumour",
    "NeoplasmSecondary": "tumour",
    "MalignantNeoplasmPrimary": "tumour",
    "GrossTumorVolume": "tumour",
    "Mass": "tumour",
    "Lesion": "tumour",
}
_SRT_TUMOUR = {"M-80003": "tumour", "M-80006": "tumour", "M-80000": "tumour", "M-01000": "tumour"}
"""The retired SRT codes of the same terms, as older programs still write them."""


def _table() -> dict[tuple[str, str], str]:
    known = set(dir(codes.SCT))
    found = {("SCT", str(getattr(codes.SCT, key).value)): word for key, word in _BY_KEYWORD.items() if key in known}
    return found | {("SRT", code): word for code, word in _SRT_TUMOUR.items()}


STRUCTURE_OF_CODE: Mapping[tuple[str, str], str] = _table()
"""Scheme and code value to structure."""


def coded_structure(item: Any) -> str | None:
    """The structure that a segment's property type names, or None when its code says nothing that we know."""
    kinds = item.get("SegmentedPropertyTypeCodeSequence") or ()
    if not kinds:
        return None
    scheme, value = str(kinds[0].get("CodingSchemeDesignator", "")), str(kinds[0].get("CodeValue", ""))
    word = STRUCTURE_OF_CODE.get((scheme, value))
    if word is None or "{side}" not in word:
        return word
    side = side_of(kinds[0])
    return word.format(side=side) if side else None


def side_of(kind: Any) -> str:
    """``"left"``, ``"right"`` or nothing, from the modifier of a property type."""
    modifiers = kind.get("SegmentedPropertyTypeModifierCodeSequence") or ()
    said = " ".join(str(modifier.get("CodeMeaning", "")).lower() for modifier in modifiers).split()
    sides = [side for side in ("left", "right") if side in said]
    return sides[0] if len(sides) == 1 else ""
