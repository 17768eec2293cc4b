"""Tumours beside the spine that leave its bone alone: thoracic dumbbell types, and thoracolumbar paravertebral types.

A tumour that has entered the bone is staged by the systems of bone tumours; these two are for what grows along a root
or in the muscle.
"""

from __future__ import annotations

from collections.abc import Iterator

from enbloc.classification.extent import ARCH, BODY, LEFT_PEDICLE, RIGHT_PEDICLE
from enbloc.classification.findings import Facts, findings_for, levels_that_may, outside, part_verdict, stated
from enbloc.foundation.evidence.classifications import Classification, Finding
from enbloc.foundation.evidence.rules import NO, YES, Answers, Criterion, Impossible, Row, RuleTable, classify
from enbloc.foundation.evidence.verdicts import Verdict, all_of, any_of, negate
from enbloc.foundation.terms.levels import region

_IMAGES = "Images of the foramen, on the slice where the tumour is largest"
_SIZE = "The greatest diameter of the tumour"
_DUMBBELL = ("thoracic_dumbbell_55",)
_BESIDE = ("wu2020paravertebral",)

DUMBBELL = RuleTable(
    system="thoracic_dumbbell",
    title="Thoracic dumbbell tumours",
    criteria=(
        Criterion("area_A", "Does it hold area A, medial of the middle of the foramen?", _IMAGES),
        Criterion("area_B", "Area B, from there to the lateral edge of the costotransverse joint?", _IMAGES),
        Criterion("area_C", "Area C, lateral of that edge?", _IMAGES),
        Criterion("intradural", "Is there an intradural part, for which the dura is opened?", "MRI of the canal"),
    ),
    rows=(
        Row("I", {"area_A": YES, "area_C": NO}, "verified", _DUMBBELL, "TDB-2", "Area A, or A and B."),
        Row("II", {"area_A": NO, "area_B": YES}, "verified", _DUMBBELL, "TDB-2", "Area B, or B and C."),
        Row("IIIA", {"area_A": YES, "area_C": YES, "intradural": YES}, "verified", _DUMBBELL, "TDB-2",
            "All three areas; the dura is opened."),
        Row("IIIB", {"area_A": YES, "area_C": YES, "intradural": NO}, "verified", _DUMBBELL, "TDB-2",
            "All three areas; the dura stays closed."),
    ),
    impossible=(
        Impossible({"area_A": NO, "area_B": NO}, "a dumbbell tumour holds the canal or the foramen"),
        Impossible({"area_A": YES, "area_B": NO, "area_C": YES}, "one tumour passes B between A and C"),
        Impossible({"area_A": NO, "intradural": YES}, "the dura lies in area A"),
    ),
)  # fmt: skip


def _beside_row(kind: str, letter: str, when: Answers, says: str) -> Row:
    size = "up to 50 mm" if letter == "a" else "over 50 mm"
    answers = {**when, "over_50mm": letter == "b"}
    return Row(f"{kind}{letter}", answers, "verified", _BESIDE, "PVT-1", f"{says}; {size}.")


_KINDS: tuple[tuple[str, Answers, str], ...] = (
    ("I", {"behind_arch": NO, "beside_body": YES}, "Beside the body, a small part in the foramen, none in the canal"),
    ("II", {"behind_arch": NO, "beside_body": NO}, "Lateral of the foramen"),
    ("III", {"behind_arch": YES}, "In the deep back muscles behind the arch"),
)
PARAVERTEBRAL = RuleTable(
    system="paravertebral",
    title="Thoracolumbar paravertebral tumours",
    criteria=(
        Criterion("behind_arch", "Does it lie in the deep back muscles behind the arch?", _IMAGES),
        Criterion("beside_body", "Does it lie beside the body, with a part in the foramen?", _IMAGES),
        Criterion("over_50mm", "Is it larger than 50 mm?", _SIZE),
    ),
    rows=tuple(_beside_row(kind, letter, when, says) for kind, when, says in _KINDS for letter in "ab"),
)


def dumbbell(facts: Facts) -> Classification:
    """The types still possible, for a tumour at a thoracic level that leaves the bone alone."""
    system, found = DUMBBELL.system, facts.findings
    if not any(region(level) == "thoracic" for level in levels_that_may(facts.extent)):
        return outside(system, "The tumour holds no thoracic level.", "ours")
    if says := _why_not(facts):
        return outside(system, says, "ours")
    if any_of(found[name].verdict for name in ("canal", "paravertebral")) is Verdict.UNMET:
        return outside(system, "No tumour in the canal or beside the spine.", "ours")
    findings = findings_for(facts, _areas(facts))
    if all_of(negate(findings[area].verdict) for area in ("area_A", "area_B")) is Verdict.MET:
        return outside(system, "Neither the canal nor the foramen is held.", "ours")
    return classify(DUMBBELL, findings)


def paravertebral(facts: Facts) -> Classification:
    """The types still possible, for a thoracic or lumbar tumour beside the spine, out of bone and canal."""
    system, found = PARAVERTEBRAL.system, facts.findings
    if not any(region(level) in ("thoracic", "lumbar") for level in levels_that_may(facts.extent)):
        return outside(system, "The tumour holds no thoracic or lumbar level.", "ours")
    if says := _why_not(facts):
        return outside(system, says, "ours")
    if found["canal"].verdict is Verdict.MET or found["paravertebral"].verdict is Verdict.UNMET:
        return outside(system, "It is for tumours beside the spine that stay out of the canal.", "ours")
    return classify(PARAVERTEBRAL, findings_for(facts, _places(facts)))


def _why_not(facts: Facts) -> str:
    """Why neither system is asked; empty when they are."""
    histology = facts.histology
    if histology and histology.kind == "metastasis":
        return f"{histology.word} is a metastasis."
    if facts.findings["spine_bone"].verdict is Verdict.MET:
        return "The tumour holds bone: the systems of bone tumours stage it (ours)."
    return ""


def _areas(facts: Facts) -> Iterator[Finding]:
    """Tumour in the canal is in area A, none beside the spine is in neither B nor C; the rest needs its own look."""
    canal, beside = facts.findings["canal"], facts.findings["paravertebral"]
    in_a = Verdict.MET if canal.verdict is Verdict.MET else Verdict.UNDECIDED
    yield stated("area_A", in_a, f"{canal.says} The canal lies in area A.", _IMAGES)
    yield stated("area_B", Verdict.UNDECIDED, "Sectors do not show the borders of area B.", _IMAGES)
    lateral = Verdict.UNMET if beside.verdict is Verdict.UNMET else Verdict.UNDECIDED
    yield stated("area_C", lateral, f"{beside.says} Sectors do not part area C from B.", _IMAGES)


def _places(facts: Facts) -> Iterator[Finding]:
    """From the sectors of layer A: beside the body, or only behind the arch."""
    levels = facts.extent.levels.values()
    in_front, beside, behind = (
        any_of(part_verdict(level, sectors, ("A",)) for level in levels)
        for sectors in (BODY, (LEFT_PEDICLE, RIGHT_PEDICLE), ARCH)
    )
    only_behind = all_of((behind, negate(in_front), negate(beside)))
    words = {Verdict.MET: "Only behind the arch.", Verdict.UNMET: "Not only behind the arch."}
    yield stated("behind_arch", only_behind, words.get(only_behind, "Whether it lies only behind is open."), _IMAGES)
    body = in_front if in_front is Verdict.MET else Verdict.UNDECIDED
    open_says = "Sectors do not part the foramen from what lies beside it."
    yield stated("beside_body", body, "Tumour beside the body." if body is Verdict.MET else open_says, _IMAGES)
