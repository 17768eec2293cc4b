"""The controlled list of histologies, with what the rules need to know of each."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

import attrs

from enbloc.errors import TermError

Kind = Literal["primary_malignant", "primary_benign", "haematological", "metastasis"]
Growth = Literal["slow", "moderate", "rapid"]

GRADE_STATUS = "unverified/high"
"""Status of `Histology.grades`: general knowledge, used only where the case states no grade."""

GROWTH_STATUS = "unverified/high"
"""Status of `Histology.growth` (TOS-1b)."""

TOKUHASHI_STATUS = "verified"
"""Status of `Histology.tokuhashi_points` (TOK-5); a primary that the table does not name falls under "others"."""

TOKUHASHI_OTHERS = 2
"""Points of every primary that the revised Tokuhashi table does not name (TOK-5)."""


@attrs.frozen
class Histology:
    """One tumour type.

    Parameters
    ----------
    word : str
        The word of the list, snake_case.
    kind : Kind
    grades : tuple of str
        Grades that it may have (``"benign"``, ``"low"``, ``"high"``), used where the case states none.
    growth : Growth or None
        Growth class of the Tomita score; None where no source gives one.
    tokuhashi_points : int
        Points of the primary in the revised Tokuhashi score; it counts only for a metastasis.
    synonyms : tuple of str
        Other ways to write it.
    """

    word: str
    kind: Kind
    grades: tuple[str, ...]
    growth: Growth | None = None
    tokuhashi_points: int = TOKUHASHI_OTHERS
    synonyms: tuple[str, ...] = ()


def _malignant(word: str, *synonyms: str, grades: tuple[str, ...] = ("low", "high"), points: int = 2) -> Histology:
    return Histology(word, "primary_malignant", grades, None, points, synonyms)


def _benign(word: str, *synonyms: str) -> Histology:
    return Histology(word, "primary_benign", ("benign",), synonyms=synonyms)


def _blood(word: str, *synonyms: str) -> Histology:
    return Histology(word, "haematological", ("high", "low"), synonyms=synonyms)


def _metastasis(word: str, growth: Growth | None, points: int, *synonyms: str) -> Histology:
    return Histology(word, "metastasis", ("high", "low"), growth, points, synonyms)


_LIST = (
    _malignant("chordoma"),
    _malignant("chondrosarcoma"),
    _malignant("osteosarcoma", "osteogenic sarcoma", points=0),
    _malignant("ewing_sarcoma", "ewing", "ewing's sarcoma", grades=("high",)),
    _malignant("undifferentiated_pleomorphic_sarcoma", "malignant fibrous histiocytoma", grades=("high",)),
    _malignant("fibrosarcoma"),
    _malignant("angiosarcoma"),
    _malignant("epithelioid_haemangioendothelioma", "epithelioid hemangioendothelioma"),
    _malignant("malignant_peripheral_nerve_sheath_tumour", "mpnst"),
    _malignant(
        "sarcoma",
        "other sarcoma",
        "synovial sarcoma",
        "leiomyosarcoma",
        "liposarcoma",
        "rhabdomyosarcoma",
        "myxofibrosarcoma",
    ),
    _benign("giant_cell_tumour", "giant cell tumor", "gct"),
    _benign("osteoblastoma"),
    _benign("osteoid_osteoma"),
    _benign("aneurysmal_bone_cyst", "abc"),
    _benign("haemangioma", "hemangioma"),
    _benign("chondroblastoma"),
    _benign("osteochondroma"),
    _benign("eosinophilic_granuloma", "langerhans cell histiocytosis"),
    _benign("fibrous_dysplasia"),
    _benign("chondroma", "enchondroma"),
    _benign("desmoplastic_fibroma"),
    _benign("schwannoma", "neurinoma", "neurofibroma", "ganglioneuroma"),
    _blood("plasmacytoma", "solitary plasmacytoma"),
    _blood("multiple_myeloma", "myeloma"),
    _blood("lymphoma"),
    _blood("leukaemia", "leukemia", "myeloid sarcoma", "chloroma"),
    _metastasis("renal_cell_carcinoma", "moderate", 3, "rcc", "kidney cancer", "renal cancer", "clear cell carcinoma"),
    _metastasis("thyroid_carcinoma", "slow", 5, "thyroid cancer"),
    _metastasis("breast_carcinoma", "slow", 5, "breast cancer"),
    _metastasis("lung_carcinoma", "rapid", 0, "lung cancer", "nsclc"),
    _metastasis("prostate_carcinoma", "slow", 5, "prostate cancer"),
    _metastasis("unknown_primary", "rapid", 1, "cancer of unknown primary", "cup", "unidentified primary"),
    _metastasis("hepatocellular_carcinoma", "rapid", 1, "hcc", "liver cancer"),
    _metastasis("gallbladder_carcinoma", None, 1, "gall bladder cancer"),
    _metastasis("gastric_carcinoma", "rapid", 0, "stomach cancer"),
    _metastasis("oesophageal_carcinoma", None, 0, "esophageal carcinoma", "oesophageal cancer"),
    _metastasis("pancreatic_carcinoma", None, 0, "pancreas cancer"),
    _metastasis("bladder_carcinoma", None, 0, "bladder cancer", "urothelial carcinoma"),
    _metastasis("colon_carcinoma", "rapid", 2, "colon cancer"),
    _metastasis("rectal_carcinoma", None, 4, "rectal cancer"),
    _metastasis("uterine_carcinoma", "moderate", 3, "uterine cancer", "endometrial carcinoma"),
    _metastasis("testicular_carcinoma", "slow", 2, "testicular cancer", "germ cell tumour"),
    _metastasis("carcinoid", None, 5, "neuroendocrine tumour"),
    _metastasis("melanoma", None, 2),
    _metastasis("phaeochromocytoma", None, 2, "pheochromocytoma", "paraganglioma"),
    _metastasis("sarcoma_metastasis", None, 2, "metastatic sarcoma"),
    _metastasis("other_carcinoma", None, 2, "carcinoma"),
)

HISTOLOGIES: Mapping[str, Histology] = MappingProxyType({entry.word: entry for entry in _LIST})
"""Every histology by its word: malignant primaries, benign primaries, tumours of the blood, then metastases."""

_BY_NAME = {
    _name: entry.word for entry in _LIST for _name in (entry.word, *(s.replace(" ", "_") for s in entry.synonyms))
}


def parse_histology(text: str) -> str:
    """Read a histology as people write it (``"Giant cell tumor"``) as a word of the list.

    Raises
    ------
    TermError
        If the list has no such word; the remedy names the nearest ones.
    """
    name = "_".join(text.strip().lower().replace("-", " ").replace("_", " ").split())
    if name in _BY_NAME:
        return _BY_NAME[name]
    nearest = dict.fromkeys(_BY_NAME[near] for near in get_close_matches(name, _BY_NAME, n=4, cutoff=0.55))
    remedy = f"Nearest: {', '.join(nearest)}. " if nearest else ""
    raise TermError(f"'{text}' is not in the list of histologies", remedy=f"{remedy}See `enbloc terms histology`.")
