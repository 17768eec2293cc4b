"""Carcinoma of the lung that grows into the spine: Pancoast classes A to D, and how much of the body has to go.

Both are for a tumour that reaches the spine from the chest; one inside the bone alone is a metastasis.
"""

from __future__ import annotations

from collections.abc import Iterator

from enbloc.classification.extent import BODY, BONE_LAYERS
from enbloc.classification.findings import Facts, findings_for, levels_that_may, outside, part_verdict, stated
from enbloc.foundation.evidence.classifications import Classification, Finding
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Impossible, Row, RuleTable, classify
from enbloc.foundation.evidence.verdicts import Verdict, all_of, any_of
from enbloc.foundation.terms.levels import region

APEX: tuple[str, ...] = ("C7", "T1", "T2", "T3", "T4")
"""Levels beside the apex of the lung, at which a Pancoast tumour may reach the spine (ours)."""

_BILSKY = ("bilsky2002pancoast", "pancoast_chapter")
_MELEK = ("melek_lungvertebra",)
_IMAGES = "MRI of the spine beside the tumour"

PANCOAST = RuleTable(
    system="pancoast",
    title="Pancoast tumours at the spine",
    criteria=(
        Criterion("spine_bone", "Is the bone of the vertebra involved, body or arch?", _IMAGES),
        Criterion("epidural", "Is there epidural tumour (in the near part of the foramen)?", _IMAGES),
        Criterion("far_foramen", "Has it reached the far part of the foramen?", _IMAGES),
    ),
    rows=(
        Row("A", {"spine_bone": NO, "epidural": NO, "far_foramen": NO}, "verified", _BILSKY, "PAN-1",
            "The periosteum of the body only."),
        Row("B", {"spine_bone": NO, "epidural": NO, "far_foramen": YES}, "verified", _BILSKY, "PAN-2",
            "The far part of the foramen, without epidural compression."),
        Row("C", {"spine_bone": NO, "epidural": YES}, "verified", _BILSKY, "PAN-3",
            "The near part of the foramen, with epidural compression."),
        Row("D", {"spine_bone": YES}, "verified", _BILSKY, "PAN-4",
            "Bone, body or posterior elements, with or without epidural compression."),
    ),
)  # fmt: skip
LUNG_VERTEBRA = RuleTable(
    system="lung_vertebra",
    title="Lung carcinoma into a vertebra: how much of the body",
    criteria=(
        Criterion("body", "Is the body involved?", _IMAGES),
        Criterion("body_both_sides", "Are both sides of the body involved?", _IMAGES),
        Criterion("body_over_half", "Is more than half of the body involved?", "Images with the tumour outlined"),
    ),
    rows=(
        Row("no cut in the body", {"body": NO}, "verified", _MELEK, "LUNG-1", "Ribs or transverse process only."),
        Row("hemivertebrectomy", {"body": YES, "body_both_sides": NO, "body_over_half": NO}, "verified", _MELEK,
            "LUNG-1", "One side of the body."),
        Row("total vertebrectomy", {"body": YES, "body_over_half": YES}, "verified", _MELEK, "LUNG-1",
            "More than half of the body."),
        Row("total vertebrectomy", {"body": YES, "body_both_sides": YES, "body_over_half": NO}, "ours", (), "",
            "Both sides, but not half of the body: the source does not name it; taken as total."),
    ),
    impossible=(
        Impossible({"body": NO, "body_both_sides": YES}, "a side of the body is the body"),
        Impossible({"body": NO, "body_over_half": YES}, "half of the body is the body"),
        Impossible({"body_over_half": YES, "body_both_sides": NO}, "one side is half of the body at most"),
    ),
)  # fmt: skip


def pancoast(facts: Facts) -> Classification:
    """The classes still possible, for a carcinoma of the apex of the lung."""
    if not any(level in APEX for level in levels_that_may(facts.extent)):
        return outside("pancoast", f"Pancoast tumours reach the spine at {APEX[0]} to {APEX[-1]}.", "ours")
    return _from_the_chest(facts, PANCOAST)


def lung_vertebra(facts: Facts) -> Classification:
    """How much of the body has to go, for a lung carcinoma that grows into a thoracic vertebra."""
    if not any(region(level) == "thoracic" for level in levels_that_may(facts.extent)):
        return outside("lung_vertebra", "The tumour holds no thoracic level.", "ours")
    return _from_the_chest(facts, LUNG_VERTEBRA)


def _from_the_chest(facts: Facts, table: RuleTable) -> Classification:
    if facts.clinical.histology != "lung_carcinoma":
        return outside(table.system, "It is for carcinoma of the lung; another histology or none is stated.", "ours")
    findings = findings_for(facts, _find(facts))
    if findings["paravertebral"].verdict is Verdict.UNMET:
        says = "No tumour lies outside the bone: a metastasis, not a tumour that grew in from the chest."
        return outside(table.system, says, "ours")
    return classify(table, findings)


def _find(facts: Facts) -> Iterator[Finding]:
    extent = facts.extent
    yield stated("far_foramen", Verdict.UNDECIDED, "Sectors and layers do not part foramen and periosteum.", _IMAGES)
    sides = [
        any_of(part_verdict(level, half, BONE_LAYERS) for level in extent.levels.values())
        for half in (BODY[:2], BODY[2:])
    ]
    words = {Verdict.MET: "Both sides", Verdict.UNMET: "At most one side"}.get(all_of(sides), "One side or both")
    yield stated("body_both_sides", all_of(sides), f"{words} of the body involved.", _IMAGES)
