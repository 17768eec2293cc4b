"""The controlled vocabulary of structures: one word for each thing that can be labelled, cut or kept.

A structure is a short word such as ``"vertebra_L3"``, ``"rib_left_7"`` or ``"aorta"``. Sides are the patient's. The
lobes of a lung are one structure per side, because no plan differs between them. `parse_structure` reads the many ways
in which programs and people write the same thing; the words themselves are built from the tables below.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Literal

import attrs

from enbloc.errors import TermError
from enbloc.foundation.terms.levels import LEVELS, TRANSITIONAL, Level, next_caudal, parse_level, sort_levels

Kind = Literal["bone", "disc", "neural", "vessel", "lung", "organ", "muscle", "tumour"]
SIDES: tuple[str, ...] = ("left", "right")
RIBS: tuple[int, ...] = tuple(range(1, 14))

TUMOUR = "tumour"
SPINAL_CORD = "spinal_cord"
SPINAL_CANAL = "spinal_canal"
DURA = "dura"
SACRUM = "sacrum"
PLAN_RESULTS: dict[str, str] = {
    "specimen": "specimen (planned)",
    "remainder": "remainder (planned)",
    SPINAL_CANAL: "spinal canal (found)",
}
"""What a plan adds to the patient's anatomy, with the name that an export gives it. Read back, it is left out: what was
planned is no anatomy, and a canal that was found by geometry must not return as one that somebody drew."""


@attrs.frozen
class Structure:
    """A structure: its word, its kind, and its name in running text (``"left rib 7"``)."""

    id: str
    kind: Kind
    name: str


_MIDLINE: dict[Kind, str] = {
    "bone": """sacrum coccyx sternum costal_cartilages skull mandible hyoid
        subregion_arch subregion_spinous_process subregion_body subregion_dens subregion_endplate""",
    "disc": "subregion_disc",
    "neural": "spinal_cord spinal_canal dura cauda_equina brain",
    "vessel": """aorta inferior_vena_cava superior_vena_cava azygos_vein hemiazygos_vein pulmonary_vein
        pulmonary_artery brachiocephalic_trunk portal_vein coeliac_trunk superior_mesenteric_artery thoracic_duct""",
    "organ": """heart oesophagus trachea pharynx larynx thyroid liver gallbladder spleen pancreas stomach duodenum
        small_bowel colon rectum urinary_bladder prostate uterus""",
    "muscle": "diaphragm",
    "tumour": "tumour",
}
_SIDED: dict[Kind, str] = {
    "bone": """humerus scapula clavicle femur hip subregion_transverse_process subregion_superior_articular_process
        subregion_inferior_articular_process""",
    "neural": "brachial_plexus lumbosacral_trunk sciatic_nerve sympathetic_trunk",
    "vessel": """vertebral_artery carotid_artery subclavian_artery iliac_artery iliac_vein internal_iliac_artery
        external_iliac_artery brachiocephalic_vein jugular_vein renal_artery renal_vein""",
    "lung": "lung",
    "organ": "kidney adrenal ureter",
    "muscle": """autochthon iliopsoas quadratus_lumborum piriformis gluteus_maximus gluteus_medius gluteus_minimus
        trapezius""",
}
_NAMES: dict[str, str] = {
    "autochthon_left": "left deep back muscles",
    "autochthon_right": "right deep back muscles",
    "spinal_canal": "spinal canal",
    "dura": "dura (thecal sac)",
    "tumour": "tumour",
}

_SYNONYMS: dict[str, str] = {
    "thecal sac": "dura",
    "dural sac": "dura",
    "dura mater": "dura",
    "cord": "spinal_cord",
    "medulla spinalis": "spinal_cord",
    "canal": "spinal_canal",
    "vertebral canal": "spinal_canal",
    "ivc": "inferior_vena_cava",
    "svc": "superior_vena_cava",
    "portal vein and splenic vein": "portal_vein",
    "atrial appendage left": "heart",
    "thyroid gland": "thyroid",
    "costal cartilage": "costal_cartilages",
    "gross tumour volume": "tumour",
    "gtv": "tumour",
    "mass": "tumour",
    "lesion": "tumour",
    "neoplasm": "tumour",
    "vertebra body": "subregion_body",
    "corpus": "subregion_body",
    "intervertebral disc": "subregion_disc",
    "dens": "subregion_dens",
}
_SIDED_SYNONYMS: dict[str, str] = {
    "deep back": "autochthon",
    "psoas": "iliopsoas",
    "psoas major": "iliopsoas",
    "erector spinae": "autochthon",
    "clavicula": "clavicle",
    "iliac vena": "iliac_vein",
    "internal jugular vein": "jugular_vein",
    "kidney cyst": "kidney",
    "adrenal gland": "adrenal",
    "suprarenal": "adrenal",
    "os coxae": "hip",
    "ilium": "hip",
}
_SPELLINGS: dict[str, str] = {
    "vertebrae": "vertebra",
    "ribs": "rib",
    "costa": "rib",
    "tumor": "tumour",
    "esophagus": "oesophagus",
    "disk": "disc",
    "discs": "disc",
    "disks": "disc",
    "lt": "left",
    "rt": "right",
    "celiac": "coeliac",
    "azygous": "azygos",
}
_SILENT = frozenset({"muscle", "muscles", "of", "the", "common", "segment"})
_LOBES = frozenset({"lobe", "upper", "middle", "lower", "superior", "inferior"})


def structure_words(name: str) -> str:
    """A structure, a piece or an interface in running text.

    ``"nerve_root_L3_left"`` is ``"left L3 nerve root"``, ``"inferior_articular_process_L2_left"`` is ``"left inferior
    articular process of L2"``, ``"pedicle_right of L3"`` is ``"right pedicle of L3"``.
    """
    if name in STRUCTURES:
        return STRUCTURES[name].name
    words = re.sub(r"(\w+?)_([CTLS]\d{1,2})((?:_left|_right)?)\b", r"\1\3 of \2", name)
    return re.sub(r"(\w+)_(left|right)\b", r"\2 \1", words).replace("_", " ")


def parse_structure(text: str) -> str:
    """The word for what a person or a program wrote (``"vertebrae_L3"``, ``"L3 vertebra"``, ``"left rib 7"``).

    Raises
    ------
    TermError
        If it names no structure; the remedy names the nearest words.
    """
    found = _BY_TOKENS.get(_tokens(text))
    if found is None:
        raise TermError(f"'{text}' is not a structure that enbloc knows", remedy=_nearest(text))
    return found


def is_plan_result(name: str) -> bool:
    """True for the name of a segment that a plan added (``"specimen (planned)"``)."""
    return name.strip().lower() in PLAN_RESULTS.values()


def is_vertebra(structure: str) -> bool:
    """True for ``vertebra_C1`` … ``vertebra_S5`` and for the sacrum."""
    return structure == SACRUM or structure.startswith("vertebra_")


def level_of(structure: str) -> Level | None:
    """The level in ``"vertebra_L3"``, S1 for the sacrum, None for anything else."""
    if structure == SACRUM:
        return "S1"
    return structure.removeprefix("vertebra_") if structure.startswith("vertebra_") else None


def spoken(structure: str) -> str:
    """A structure's name inside a sentence (``"left lung"``), without brackets; a word that is none stays as it is."""
    return STRUCTURES[structure].name.split(" (")[0] if structure in STRUCTURES else structure


def side_of(structure: str) -> str | None:
    """``"left"`` or ``"right"`` where the word says it, else None."""
    return next((side for side in SIDES if side in structure.split("_")), None)


def mirror(structure: str) -> str:
    """The same structure on the other side; a midline structure stays."""
    swap = {"left": "right", "right": "left"}
    return "_".join(swap.get(word, word) for word in structure.split("_"))


def _tokens(text: str) -> frozenset[str]:
    words = [_SPELLINGS.get(word, word) for word in re.findall(r"[^\W_]+", text.lower())]
    words = [re.sub(r"^(\d+)(st|nd|rd|th)$", r"\1", word) for word in words]
    words = [_level_token(word) for word in words if word not in _SILENT]
    if "lung" in words:
        words = [word for word in words if word not in _LOBES]
    return frozenset(words)


def _level_token(word: str) -> str:
    if not re.fullmatch(r"(c|th|t|d|l|s)\d{1,2}", word):
        return word
    try:
        return parse_level(word)
    except TermError:
        return word


def _nearest(text: str) -> str:
    wanted = "_".join(re.findall(r"[^\W_]+", text.lower()))
    by_lower = {word.lower(): word for word in STRUCTURES}
    near = difflib.get_close_matches(wanted, by_lower, n=3, cutoff=0.45)
    listed = f"Nearest words: {', '.join(by_lower[word] for word in near)}. " if near else ""
    return f"{listed}All words: `enbloc terms structures`."


def _all_structures() -> Iterator[Structure]:
    for level in LEVELS:
        yield Structure(f"vertebra_{level}", "bone", f"{level} vertebra")
        yield Structure(f"endplate_{level}", "bone", f"end plates at {level}")
        for below in _possible_below(level):
            yield Structure(f"disc_{level}_{below}", "disc", f"disc {level}/{below}")
        for side in SIDES:
            yield Structure(f"nerve_root_{level}_{side}", "neural", f"{side} {level} nerve root")
            yield Structure(f"segmental_artery_{level}_{side}", "vessel", f"{side} segmental artery of {level}")
    for side in SIDES:
        for number in RIBS:
            yield Structure(f"rib_{side}_{number}", "bone", f"{side} rib {number}")
    yield Structure("nerve_root_C8_left", "neural", "left C8 nerve root")
    yield Structure("nerve_root_C8_right", "neural", "right C8 nerve root")
    for kind, words in _MIDLINE.items():
        for word in words.split():
            yield Structure(word, kind, _NAMES.get(word, word.replace("subregion_", "").replace("_", " ")))
    for kind, words in _SIDED.items():
        for word in words.split():
            for side in SIDES:
                name = f"{side} {word.replace('subregion_', '').replace('_', ' ')}"
                yield Structure(f"{word}_{side}", kind, _NAMES.get(f"{word}_{side}", name))


def _possible_below(level: Level) -> tuple[Level, ...]:
    """The level below, without and with transitional levels; none for C1, which has no disc."""
    present = [set(LEVELS), set(LEVELS) - TRANSITIONAL | {level}]
    below = {next_caudal(level, levels) for levels in present}
    return sort_levels(b for b in below if b is not None) if level != "C1" else ()


def _by_tokens() -> dict[frozenset[str], str]:
    table = {_tokens(f"{text}"): word for text, word in _SYNONYMS.items()}
    for text, word in _SIDED_SYNONYMS.items():
        table |= {_tokens(f"{text} {side}"): f"{word}_{side}" for side in SIDES}
    table |= {frozenset({level}): f"vertebra_{level}" for level in LEVELS}
    for structure in STRUCTURES.values():
        table[_tokens(structure.name)] = structure.id
        table[_tokens(structure.id)] = structure.id
    return table


STRUCTURES: dict[str, Structure] = {structure.id: structure for structure in _all_structures()}
"""Every structure by its word, in the order in which `enbloc terms structures` shows them."""

_BY_TOKENS = _by_tokens()
