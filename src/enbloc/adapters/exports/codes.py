"""Codes of what is exported: SNOMED CT where pydicom's own dictionary has the concept, else a private scheme.

No code value is written here. A structure's word leads to a keyword of pydicom's dictionary (`_SNOMED`), which holds
the code; a structure that the dictionary lacks gets a private code (``99ENBLOC``, its own word), never a neighbour's.
"""

from __future__ import annotations

import hashlib
import re

import attrs
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from enbloc.adapters.exports.safe_text import ascii_text, dicom_text
from enbloc.foundation.terms.structures import STRUCTURES, side_of

PRIVATE_SCHEME = "99ENBLOC"
"""Designator of the codes of this program (DICOM asks private designators to begin with 99)."""
PRIVATE_SCHEME_NAME = "enbloc: words of the en bloc resection planner"

SPECIMEN = "specimen"
REMAINDER = "remainder"
TUMOUR = "tumour"
CANAL = "spinal_canal"

_SNOMED = {
    "sacrum": "Sacrum",
    "coccyx": "Coccyx",
    "sternum": "Sternum",
    "costal_cartilages": "CostalCartilage",
    "skull": "Skull",
    "mandible": "Mandible",
    "hyoid": "HyoidBone",
    "spinal_cord": "SpinalCord",
    "spinal_canal": "SpinalCanalStructure",
    "dura": "DuraMater",
    "brain": "Brain",
    "aorta": "Aorta",
    "inferior_vena_cava": "InferiorVenaCava",
    "superior_vena_cava": "SuperiorVenaCava",
    "azygos_vein": "AzygosVein",
    "pulmonary_vein": "PulmonaryVein",
    "pulmonary_artery": "PulmonaryArtery",
    "brachiocephalic_trunk": "BrachiocephalicTrunk",
    "portal_vein": "PortalVein",
    "superior_mesenteric_artery": "SuperiorMesentericArtery",
    "thoracic_duct": "ThoracicDuct",
    "heart": "Heart",
    "oesophagus": "Esophagus",
    "trachea": "Trachea",
    "pharynx": "Pharynx",
    "larynx": "Larynx",
    "thyroid": "Thyroid",
    "liver": "Liver",
    "gallbladder": "Gallbladder",
    "spleen": "Spleen",
    "pancreas": "Pancreas",
    "stomach": "Stomach",
    "duodenum": "Duodenum",
    "small_bowel": "SmallIntestine",
    "colon": "Colon",
    "rectum": "Rectum",
    "urinary_bladder": "Bladder",
    "prostate": "Prostate",
    "uterus": "Uterus",
    "diaphragm": "Diaphragm",
    "humerus": "Humerus",
    "scapula": "Scapula",
    "clavicle": "Clavicle",
    "femur": "Femur",
    "brachial_plexus": "BrachialPlexus",
    "sympathetic_trunk": "SympatheticTrunk",
    "vertebral_artery": "VertebralArtery",
    "carotid_artery": "CarotidArtery",
    "subclavian_artery": "SubclavianArtery",
    "iliac_artery": "IliacArtery",
    "iliac_vein": "IliacVein",
    "internal_iliac_artery": "InternalIliacArtery",
    "external_iliac_artery": "ExternalIliacArtery",
    "brachiocephalic_vein": "BrachiocephalicVein",
    "renal_artery": "RenalArtery",
    "renal_vein": "RenalVein",
    "lung": "Lung",
    "kidney": "Kidney",
    "adrenal": "AdrenalGland",
    "ureter": "Ureter",
    "autochthon": "ErectorSpinaeMuscle",
    "trapezius": "TrapeziusMuscle",
}
"""Structure without its side to a keyword of pydicom's SNOMED dictionary."""


@attrs.frozen
class Concept:
    """What a segment is: category, type and, where it has one, the side."""

    category: Code
    type: Code
    side: Code | None = None


def private_code(word: str, meaning: str) -> Code:
    """A code of the private scheme. Its value is plain ASCII; where that loses something, a digest parts words."""
    plain = re.sub(r"[^A-Za-z0-9_.:+-]+", "_", ascii_text(word, 200)).strip("_") or "unnamed"
    if plain != word:
        plain += f"-{hashlib.sha256(word.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return Code(plain, PRIVATE_SCHEME, dicom_text(meaning))


def concept_of(structure: str) -> Concept:
    """The coded concept of a structure, of the tumour, or of a piece of the plan."""
    if structure == TUMOUR:
        return Concept(codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Neoplasm)
    if structure in (SPECIMEN, REMAINDER):
        meaning = "Specimen of the planned resection" if structure == SPECIMEN else "What the planned resection leaves"
        return Concept(codes.SCT.Tissue, private_code(structure, meaning))
    side = {"left": codes.SCT.Left, "right": codes.SCT.Right}.get(side_of(structure) or "")
    known = _snomed(structure)
    if known is None:
        name = STRUCTURES[structure].name if structure in STRUCTURES else structure
        known = private_code(structure, name)
    return Concept(codes.SCT.AnatomicalStructure, known, side)


def level_code(level: str) -> Code:
    """The vertebra of a level."""
    return concept_of(f"vertebra_{level}").type


def _snomed(structure: str) -> Code | None:
    plain = re.sub(r"_(left|right)(?=_|$)", "", structure)
    if re.fullmatch(r"rib_\d+", plain):
        return None  # the dictionary has no numbered ribs, and a rib without its number may be the wrong one
    vertebra, disc = re.fullmatch(r"vertebra_(\w+)", plain), re.fullmatch(r"disc_([A-Z]\d+)_([A-Z]\d+)", plain)
    keyword = _SNOMED.get(plain, "")
    if vertebra:
        keyword = f"{vertebra[1]}Vertebra"
    if disc:
        keyword = f"{disc[1]}{disc[2]}Disc"
    found: Code | None = getattr(codes.SCT, keyword, None) if keyword else None
    return found
