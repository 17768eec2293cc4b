"""Types of sacral resection by region and side (Li 2011): I to V.

Region 1 lies above the junction of S1 and S2, region 2 between it and the junction of S2 and S3, region 3 below.
"""

from __future__ import annotations

from collections.abc import Iterator

from enbloc.classification.findings import (
    Facts,
    findings_for,
    level_verdict,
    levels_that_may,
    outside,
    stated,
    with_supplied,
)
from enbloc.classification.systems.pelvis import find_ilium, one_sided
from enbloc.foundation.evidence.classifications import Classification, Finding
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Impossible, Row, RuleTable, classify
from enbloc.foundation.evidence.verdicts import Verdict, all_of, any_of, negate
from enbloc.foundation.terms.levels import region

_LI = ("li2011sacrum",)
_LEVELS = {"sacral_1": ("S1",), "sacral_2": ("S2",), "sacral_3": ("S3", "S4", "S5"), "lumbar_5": ("L5", "L6")}
_NOT_V = {"lumbar_5": NO}
_NOT_IV = {**_NOT_V, "hemisacral": NO}

TABLE = RuleTable(
    system="sacral",
    title="Types of sacral resection",
    criteria=(
        Criterion("lumbar_5", "Does it hold L5 with the sacrum?"),
        Criterion("hemisacral", "Is it one-sided, with the ilium or the sacroiliac joint?"),
        Criterion("sacral_1", "Does it hold region 1 (above the S1-S2 junction)?"),
        Criterion("sacral_2", "Does it hold region 2 (between the S1-S2 and the S2-S3 junction)?"),
        Criterion("sacral_3", "Does it hold region 3 (below the S2-S3 junction)?"),
    ),
    rows=(
        Row("V", {"lumbar_5": YES}, "verified", _LI, "SAC-5", "Sacrum with L5; V goes first (SAC-6, ours)."),
        Row("IV", {**_NOT_V, "hemisacral": YES}, "verified", _LI, "SAC-4",
            "Sagittal hemisacrectomy with part of the ilium."),
        Row("I", {**_NOT_IV, "sacral_1": YES}, "verified", _LI, "SAC-1", "Region 1, alone or with those below."),
        Row("II", {**_NOT_IV, "sacral_1": NO, "sacral_2": YES}, "verified", _LI, "SAC-2",
            "Region 2 with 3; region 2 alone is taken so too (SAC-7, ours)."),
        Row("III", {**_NOT_IV, "sacral_1": NO, "sacral_2": NO, "sacral_3": YES}, "verified", _LI, "SAC-3",
            "Region 3 only."),
    ),
    impossible=(
        Impossible({"sacral_1": NO, "sacral_2": NO, "sacral_3": NO}, "the tumour holds the sacrum somewhere"),
    ),
)  # fmt: skip


def answer(facts: Facts) -> Classification:
    """The types still possible, for a tumour of the sacrum."""
    if not any(region(level) == "sacral" for level in levels_that_may(facts.extent)):
        return outside("sacral", "The tumour does not hold the sacrum.", "ours")
    return classify(TABLE, findings_for(facts, _find(facts)))


def _find(facts: Facts) -> Iterator[Finding]:
    extent = facts.extent
    for criterion, names in _LEVELS.items():
        verdict = any_of(level_verdict(extent.levels[name]) for name in names if name in extent.levels)
        words = {Verdict.MET: "Tumour", Verdict.UNMET: "No tumour", Verdict.UNDECIDED: "Perhaps tumour"}[verdict]
        yield stated(criterion, verdict, f"{words} at {', '.join(names)}.", "Images of the sacrum")
    yield _hemisacral(facts)


def _hemisacral(facts: Facts) -> Finding:
    """One-sided with the ilium: unmet when both sides are held or the ilium is free, as images or sectors have it."""
    found = with_supplied({"ilium": find_ilium(facts.extent)}, facts.findings)
    ilium, both = found["ilium"], found.get("past_midline")
    one = negate(both.verdict) if both is not None else Verdict.UNDECIDED
    one = one_sided(facts.extent) if one is Verdict.UNDECIDED else one
    verdict = all_of((one, ilium.verdict))
    says = {
        Verdict.MET: "One side only, with the ilium.",
        Verdict.UNMET: "Both sides are held, or the ilium is free.",
        Verdict.UNDECIDED: "Whether the ilium or the sacroiliac joint is held on one side is open.",
    }[verdict]
    return stated("hemisacral", verdict, f"{says} {ilium.says}", "Images of the sacroiliac joints")
