"""Published patients as typed cases: how a row of ``published_cases.csv`` becomes what a surgeon would type.

What a source does not say is not stated, but for two things that a plan cannot do without and that are counted apart:
a level inside a region that is named alone, and the body where no part of the vertebra is named (`assumed`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from enbloc.errors import TermError
from enbloc.foundation.terms.histology import parse_histology
from enbloc.foundation.terms.levels import LEVELS, TRANSITIONAL, order
from enbloc.intake.case import Case, TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.settings import Settings
from enbloc.walk import walk

EN_BLOC = {
    "vertebrectomy",
    "sagittal_resection",
    "posterior_arch_resection",
    "anterior_corpectomy",
    "sacrectomy_total",
    "sacrectomy_partial",
    "chest_wall_combined",
}
_REGION_LEVELS = {
    "thoracic": ("T8",),
    "lumbar": ("L3",),
    "cervical": ("C5",),
    "sacral": ("S2", "S3"),
    "sacrum": ("S2", "S3"),
    "lower lumbar": ("L4",),
    "thoracolumbar": ("T12",),
}
_WORDS: tuple[tuple[str, str], ...] = (
    ("epithelioid haemangioendothelioma", "epithelioid_haemangioendothelioma"),
    ("clear cell chondrosarcoma", "chondrosarcoma"),
    ("mesenchymal chondrosarcoma", "chondrosarcoma"),
    ("chondrosarcoma", "chondrosarcoma"),
    ("chordoma", "chordoma"),
    ("giant cell", "giant_cell_tumour"),
    ("aneurysmal bone cyst", "aneurysmal_bone_cyst"),
    ("osteoblastoma", "osteoblastoma"),
    ("osteosarcoma", "osteosarcoma"),
    ("haemangioma", "haemangioma"),
    ("multiple myeloma", "multiple_myeloma"),
    ("lymphoma", "lymphoma"),
    ("myeloid sarcoma", "leukaemia"),
    ("lung", "lung_carcinoma"),
    ("nsclc", "lung_carcinoma"),
    ("breast", "breast_carcinoma"),
    ("thyroid", "thyroid_carcinoma"),
    ("prostate", "prostate_carcinoma"),
    ("hepatocellular", "hepatocellular_carcinoma"),
    ("bladder", "bladder_carcinoma"),
    ("unknown primary", "unknown_primary"),
    ("liposarcoma metastasis", "sarcoma_metastasis"),
    ("leiomyosarcoma metastasis", "sarcoma_metastasis"),
    ("phaeochromocytoma", "phaeochromocytoma"),
    ("schwannoma", "schwannoma"),
    ("osteochondroma", "osteochondroma"),
    ("desmoplastic fibroma", "desmoplastic_fibroma"),
    ("eosinophilic granuloma", "eosinophilic_granuloma"),
    ("ganglioneuroma", "schwannoma"),
    ("synovial sarcoma", "sarcoma"),
    ("high grade sarcoma", "sarcoma"),
    ("mpnst", "malignant_peripheral_nerve_sheath_tumour"),
    ("solitary fibrous", "sarcoma"),
    ("chondroma", "chondroma"),
)
_PARTS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("body", (5, 6, 7, 8)),
    ("left pedicle", (4,)),
    ("right pedicle", (9,)),
    ("pedicle side not stated", (4,)),
    ("lamina", (10, 11, 12, 1, 2, 3)),
    ("spinous process", (12, 1)),
    ("sacrum", (5, 6, 7, 8)),
    ("sacral", (5, 6, 7, 8)),
)
_ONE_SIDED = ("facet", "transverse process", "lateral mass", "rib", "lung", "foramen", "ilium")
_LAYERS: tuple[tuple[str, str], ...] = (
    ("paravertebral", "A"),
    ("presacral", "A"),
    ("pleura", "A"),
    ("lung", "A"),
    ("rib", "A"),
    ("epidural", "D"),
    ("intradural", "E"),
    ("dura", "E"),
    ("vertebral artery", "F"),
)


@attrs.frozen
class Patient:
    """One row: what was typed, what was done, and what had to be assumed to type it."""

    row: dict[str, str]
    case: Case
    assumed: tuple[str, ...]

    @property
    def family(self) -> str:
        """What was done, in the contract's words."""
        return self.row["family"]

    @property
    def first_approach(self) -> str:
        """The first approach, empty where the source gives none."""
        return self.row["approach"].split("_then_")[0]


def read_patients(path: Path) -> Iterator[Patient]:
    """Every row that can be typed; a row without level and region cannot."""
    with path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if (patient := _patient(row)) is not None:
                yield patient


def _patient(row: dict[str, str]) -> Patient | None:
    assumed: list[str] = []
    levels = _levels(row, assumed)
    if not levels:
        return None
    sectors, layers = _sectors(row, assumed), _layers(row, assumed)
    clinical = _clinical(row)
    typed = {level: TypedLevel(frozenset(sectors), frozenset(layers)) for level in levels}
    return Patient(row, Case(row["case_id"], clinical, typed_extent=typed), tuple(assumed))


def _levels(row: dict[str, str], assumed: list[str]) -> tuple[str, ...]:
    named = re.findall(r"[CTLS]\d{1,2}", row["levels"])
    if "sacrum" in row["levels"] and named:
        return tuple(f"S{n}" for n in range(int(named[0][1:]) if named[0][0] == "S" else 1, 4))
    if named:
        span = LEVELS[order(named[0]) : order(named[-1]) + 1]
        return tuple(level for level in span if level not in TRANSITIONAL or level in named)
    region = row["levels"] or row["region"]
    if region in _REGION_LEVELS:
        assumed.append("level")
        return _REGION_LEVELS[region]
    return ()


def _sectors(row: dict[str, str], assumed: list[str]) -> set[int]:
    if row["wbb_sectors"]:
        first, last = (int(n) for n in row["wbb_sectors"].split("-"))
        return set(range(first, last + 1)) if first <= last else {*range(first, 13), *range(1, last + 1)}
    words = row["extent_words"]
    if any(part in words for part in _ONE_SIDED):
        return _eccentric(words)
    found = {s for part, sectors in _PARTS if part in words for s in sectors}
    if not found:
        assumed.append("sectors")
        found = {5, 6, 7, 8}
    return found


def _eccentric(words: str) -> set[int]:
    """A part that lies on one side makes the tumour one of that side; with the body, half of the body."""
    right = "right" in words
    found = {9, 10, 11} if right else {2, 3, 4}
    if "body" in words or "sacrum" in words:
        found |= {8} if right else {5}
    if "pedicle" not in words and "body" not in words and "sacr" not in words:
        found -= {9, 4}
    return found


def _layers(row: dict[str, str], assumed: list[str]) -> set[str]:
    if row["wbb_layers"]:
        ends = row["wbb_layers"].split("-")
        return set("ABCDEF"["ABCDEF".index(ends[0]) : "ABCDEF".index(ends[-1]) + 1])
    assumed.append("layers")
    return {"B", "C"} | {layer for word, layer in _LAYERS if word in row["extent_words"]}


def _clinical(row: dict[str, str]) -> Clinical:
    kind = row["indication_class"]
    spread = {"multiple_metastases": "multiple", "solitary_metastasis": "solitary"}.get(kind)
    if kind.startswith("primary") or kind == "other":
        spread = "none"
    activity = {"primary_aggressive_benign": "aggressive", "benign_non_aggressive": "active"}.get(kind)
    histology = _histology(row["histology"])
    return Clinical(
        age_years=float(row["age"]) if row["age"].isdigit() else None,
        sex=row["sex"] if row["sex"] in ("F", "M") else None,
        histology=histology,
        biopsy_confirmed=True,
        metastases=spread,
        activity=activity,
        prior_surgery=True if row["prior_surgery"] and not row["prior_surgery"].startswith("none") else None,
        anterior_vessel_plane_lost=None,
    )


def _histology(text: str) -> str | None:
    low = text.lower()
    for part, word in _WORDS:
        if part in low:
            try:
                return parse_histology(word)
            except TermError:
                return None
    return None


@attrs.frozen
class Replay:
    """What the program answered to a patient."""

    patient: Patient
    families: tuple[str, ...]
    approach: tuple[str, ...]
    en_bloc: str

    @property
    def asks_family(self) -> bool:
        """True when the source names a family that a plan can be."""
        return self.patient.row["usable_for_class"] == "true" and self.patient.family in EN_BLOC | {"intralesional"}

    @property
    def asks_approach(self) -> bool:
        """True when the source names the approach of an en bloc resection."""
        row = self.patient.row
        known = self.patient.first_approach in ("anterior", "posterior", "simultaneous")
        return row["usable_for_approach"] == "true" and known and self.patient.family in EN_BLOC

    @property
    def is_negative(self) -> bool:
        """True when no rule asks for en bloc: spread, blood, a benign tumour that is not aggressive, a bone cyst."""
        negative = ("multiple_metastases", "haematological", "benign_non_aggressive")
        cyst = "aneurysmal bone cyst" in self.patient.row["histology"]
        return self.patient.row["indication_class"] in negative or cyst

    def family_within(self, count: int) -> bool:
        """Is the family that was done among the first `count` that the program ranks?"""
        return self.patient.family in self.families[:count]

    @property
    def same_first_approach(self) -> bool:
        """Does the program begin from the side from which it was begun?"""
        return bool(self.approach) and self.approach[0].split()[0] == self.patient.first_approach

    @property
    def same_order(self) -> bool:
        """Are all approaches the same, in the same order?"""
        return tuple(step.split()[0] for step in self.approach) == tuple(self.patient.row["approach"].split("_then_"))


def replay(patient: Patient) -> Replay:
    """Walk a patient: families in the order of the plans, and the approach of the plan of the family that was done."""
    record = walk(patient.case, Settings())
    families = tuple(dict.fromkeys(plan.family for plan in record.plans))
    same = [plan for plan in record.plans if plan.family == patient.family] or list(record.plans)
    approach = same[0].approach if same else ()
    return Replay(patient, families, approach, record.indication.en_bloc if record.indication else "stopped")
