"""Tumours of the pelvis that reach the sacrum (Zhang 2016): types IVa to IVd.

The sides are those of the tumour: the wing, the foramina, the midline and the far side are passed one after the other.
Sectors part the body of a sacral vertebra from what lies beside it, but not the wing from the foramina.
"""

from __future__ import annotations

from collections.abc import Iterator

from enbloc.classification.extent import BODY, BONE_LAYERS, SECTORS, Extent
from enbloc.classification.findings import Facts, findings_for, level_verdict, levels_that_may, outside, part_verdict
from enbloc.classification.findings import stated as state
from enbloc.foundation.evidence.classifications import Classification, Finding
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Impossible, Row, RuleTable, classify
from enbloc.foundation.evidence.verdicts import Verdict, all_of, any_of, negate
from enbloc.foundation.terms.levels import region

SYSTEM = "pelvic_sacral"
SACRAL = tuple(f"S{n}" for n in range(1, 6))
_ZHANG = ("zhang2016pelvis",)
_SETTLE = "Images of the sacrum and the sacroiliac joints"

TABLE = RuleTable(
    system=SYSTEM,
    title="Tumours of the pelvis that reach the sacrum",
    criteria=(
        Criterion("whole_sacrum", "Does it hold the whole sacrum?", _SETTLE),
        Criterion("past_midline", "Does it pass the midline of the sacrum?", _SETTLE),
        Criterion("near_foramina", "Does it reach the foramina of its own side?", _SETTLE),
    ),
    rows=(
        Row("IVa", {"whole_sacrum": NO, "past_midline": NO, "near_foramina": NO}, "verified", _ZHANG, "PEL-a",
            "It reaches the wing of its own side."),
        Row("IVb", {"whole_sacrum": NO, "past_midline": NO, "near_foramina": YES}, "verified", _ZHANG, "PEL-b",
            "It reaches the foramina of its own side; up to the midline (PEL-e, ours)."),
        Row("IVc", {"whole_sacrum": NO, "past_midline": YES}, "verified", _ZHANG, "PEL-c",
            "It reaches the foramina of the other side; from the midline on (PEL-e, ours)."),
        Row("IVd", {"whole_sacrum": YES}, "verified", _ZHANG, "PEL-d", "The whole sacrum."),
    ),
    impossible=(
        Impossible({"whole_sacrum": YES, "past_midline": NO}, "the whole sacrum has both sides"),
        Impossible({"past_midline": YES, "near_foramina": NO}, "the foramina of its own side lie before the midline"),
    ),
)  # fmt: skip


def answer(facts: Facts) -> Classification:
    """The types still possible, for a tumour that holds the ilium and the sacrum."""
    if not any(region(level) == "sacral" for level in levels_that_may(facts.extent)):
        return outside(SYSTEM, "The tumour does not hold the sacrum.", "ours")
    findings = findings_for(facts, (find_ilium(facts.extent), *_find(facts.extent)))
    if findings["ilium"].verdict is Verdict.UNMET:
        return outside(SYSTEM, f"{findings['ilium'].says} So it is no tumour of the pelvis.", "ours")
    return classify(TABLE, findings)


def find_ilium(extent: Extent) -> Finding:
    """Does the tumour hold the ilium? Met where their labels touch, open where they may, or where none is labelled."""
    near = [contact.distance for contact in extent.touched if contact.structure.startswith("hip")]
    known = [distance for distance in near if isinstance(distance, Estimate)]
    verdict, says = Verdict.UNDECIDED, "Whether the tumour holds the ilium is open."
    if any(distance.value <= 0.0 for distance in known):
        verdict, says = Verdict.MET, "The tumour touches the hip bone, past the sacroiliac joint (ours)."
    elif known and all(distance.low > 0.0 for distance in known):
        least = min(distance.value for distance in known)
        verdict, says = Verdict.UNMET, f"The tumour stays {least:.1f} mm away from the hip bone."
    measured = min(known, key=lambda distance: distance.value, default=None)
    found = state("ilium", verdict, says, _SETTLE)
    return found if measured is None else Finding("ilium", verdict, measured, says, _SETTLE)


def held_side(extent: Extent, sectors: tuple[int, ...]) -> Verdict:
    """Is any of these sectors of a sacral level involved?"""
    sacral = (level for name, level in extent.levels.items() if region(name) == "sacral")
    return any_of(level.sectors[s] for level in sacral for s in sectors)


def _find(extent: Extent) -> Iterator[Finding]:
    left, right = held_side(extent, SECTORS[:6]), held_side(extent, SECTORS[6:])
    both = all_of((left, right))
    words = {Verdict.MET: "Both sides", Verdict.UNMET: "One side", Verdict.UNDECIDED: "One side or both"}[both]
    yield state("past_midline", both, f"{words} of the sacrum held.", _SETTLE)
    levels = [extent.levels.get(name) for name in SACRAL]
    every = all_of(Verdict.UNMET if level is None else level_verdict(level) for level in levels)
    held = ", ".join(name for name in SACRAL if name in extent.levels) or "none"
    yield state("whole_sacrum", all_of((every, both)), f"Sacral levels that may be held: {held}.", _SETTLE)
    sacral = [level for name, level in extent.levels.items() if region(name) == "sacral"]
    in_bodies = any_of(part_verdict(level, BODY, BONE_LAYERS) for level in sacral)
    verdict = Verdict.MET if Verdict.MET in (in_bodies, both) else Verdict.UNDECIDED
    says = "Tumour in a sacral body, medial of its foramina." if in_bodies is Verdict.MET else "Both sides are held."
    open_says = "Sectors do not part the wing of the sacrum from its foramina."
    yield state("near_foramina", verdict, says if verdict is Verdict.MET else open_says, _SETTLE)


def one_sided(extent: Extent) -> Verdict:
    """Is exactly one side of the sacrum held?"""
    left, right = held_side(extent, SECTORS[:6]), held_side(extent, SECTORS[6:])
    return any_of((all_of((left, negate(right))), all_of((right, negate(left)))))
