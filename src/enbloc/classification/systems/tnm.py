"""The T category of the spine (AJCC 8, UICC 8): how many of a vertebra's five segments, and whether next to each other.

Strategy: the five segments of every level stand in a ring, and each stands next to its fellow of the next level. Every
way in which the open segments could turn out is counted; what all of them say is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise, product

import attrs

from enbloc.classification.extent import ARCH, BONE_LAYERS, LEFT_PEDICLE, RIGHT_PEDICLE, Extent, involved_levels
from enbloc.classification.findings import (
    Facts,
    findings_for,
    levels_that_may,
    outside,
    part_verdict,
    stated,
    touches_great_vessel,
)
from enbloc.foundation.evidence.classifications import Classification, Finding
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Impossible, Row, RuleTable, classify
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.levels import Level, are_contiguous, region

SEGMENTS: Mapping[str, tuple[int, ...]] = {
    "right pedicle": (RIGHT_PEDICLE,),
    "right half of the body": (7, 8),
    "left half of the body": (5, 6),
    "left pedicle": (LEFT_PEDICLE,),
    "posterior element": ARCH,
}
"""The five segments of a vertebra (TNM-0) in the order of the ring, with their sectors."""

MOST_OPEN_SEGMENTS = 12
"""With more open segments than this their number is called open without counting."""

Segment = tuple[Level, str]

_AJCC = ("pathoutlines_bone", "amin2017ajcc")
_BOTH = ("pathoutlines_bone", "ndrs_bone_sheet")
_2ND: Status = "verified (2nd)"
_BONE = {"great_vessels": NO, "canal": NO}

TABLE = RuleTable(
    system="tnm",
    title="TNM of the spine, T category",
    criteria=(
        Criterion("great_vessels", "Does it invade a great vessel, or lie as thrombus in one?", "MRI or angiography"),
        Criterion("canal", "Has it reached the spinal canal?"),
        Criterion("segments_over_three", "Are four or more segments involved?"),
        Criterion("segments_over_two", "Are three or more segments involved?"),
        Criterion("segments_apart", "Are there involved segments that do not neighbour each other?"),
    ),
    rows=(
        Row("T1", {**_BONE, "segments_over_three": NO, "segments_over_two": NO, "segments_apart": NO}, _2ND,
            _AJCC, "TNM-1", "One segment, or two neighbouring ones."),
        Row("T2", {**_BONE, "segments_over_three": NO, "segments_over_two": YES, "segments_apart": NO}, _2ND,
            _AJCC, "TNM-2", "Three neighbouring segments."),
        Row("T3", {**_BONE, "segments_over_three": YES}, _2ND,
            _BOTH, "TNM-3", "Four or more segments."),
        Row("T3", {**_BONE, "segments_over_three": NO, "segments_apart": YES}, _2ND,
            _BOTH, "TNM-3", "Segments that do not neighbour each other."),
        Row("T4a", {"great_vessels": NO, "canal": YES}, _2ND,
            _BOTH, "TNM-4a", "Into the spinal canal; any epidural tumour counts (TNM-7, ours)."),
        Row("T4b", {"great_vessels": YES}, _2ND,
            _BOTH, "TNM-4b", "Into the great vessels."),
    ),
    impossible=(Impossible({"segments_over_three": YES, "segments_over_two": NO}, "four are more than two"),),
)  # fmt: skip


def answer(facts: Facts) -> Classification:
    """The T categories still possible; for malignant primaries of the mobile spine."""
    histology = facts.histology
    if histology and histology.kind in {"metastasis", "haematological"}:
        return outside("tnm", f"{histology.word} is not a primary tumour of bone, whose TNM this is.", "ours")
    if facts.findings["malignant"].verdict is Verdict.UNMET:
        return outside("tnm", "TNM stages malignant tumours; this one is benign.", "ours")
    may = [region(level) == "sacral" for level in levels_that_may(facts.extent)]
    if (may and all(may)) or any(region(level) == "sacral" for level in involved_levels(facts.extent)):
        return outside(
            "tnm", "The five segments are those of a vertebra; the sacrum is staged with the pelvis.", "ours"
        )
    found = classify(TABLE, findings_for(facts, _find(facts)))
    return attrs.evolve(
        found, details={"m_possible": _m_category(facts.clinical.metastases), "m_status": "unverified/high"}
    )


def _m_category(metastases: str | None) -> list[str]:
    """M0, or M1a (lung) and M1b (other sites), which the clinical facts do not tell apart (TNM-8)."""
    if metastases is None:
        return ["M0", "M1a", "M1b"]
    return ["M0"] if metastases == "none" else ["M1a", "M1b"]


def _find(facts: Facts) -> Iterator[Finding]:
    yield _great_vessels(facts)
    verdicts = {
        (name, segment): part_verdict(level, sectors, BONE_LAYERS)
        for name, level in facts.extent.levels.items()
        for segment, sectors in SEGMENTS.items()
    }
    held = [f"{segment} of {name}" for (name, segment), verdict in verdicts.items() if verdict is Verdict.MET]
    unsure = [f"{segment} of {name}" for (name, segment), verdict in verdicts.items() if verdict is Verdict.UNDECIDED]
    says = f"Segments involved: {', '.join(held) or 'none certain'}."
    if unsure:
        says += f" Open: {', '.join(unsure)}."
    ways = tuple(_ways(verdicts)) if len(unsure) <= MOST_OPEN_SEGMENTS else ()
    settle = "Images with the tumour outlined in each segment"
    yield stated("segments_over_three", _agreed(len(way) > 3 for way in ways), says, settle)
    yield stated("segments_over_two", _agreed(len(way) > 2 for way in ways), says, settle)
    yield stated("segments_apart", _agreed(_apart(way, facts.extent) for way in ways), says, settle)


def _great_vessels(facts: Facts) -> Finding:
    """Invasion; a vessel that is only touched leaves it open."""
    if facts.findings["paravertebral"].verdict is Verdict.UNMET:
        says = "No tumour outside the bone, so none in a great vessel."
        return stated("great_vessels", Verdict.UNMET, says)
    if facts.clinical.anterior_vessel_plane_lost is False:
        return stated("great_vessels", Verdict.UNMET, "The plane to the great vessels is stated as kept.")
    if touches_great_vessel(facts.extent.touched) is Verdict.UNMET:
        return stated("great_vessels", Verdict.UNMET, "The tumour lies away from the great vessels.")
    says = "Whether a great vessel is invaded is open; contact is not invasion."
    return stated("great_vessels", Verdict.UNDECIDED, says, "MRI or angiography of the great vessels")


def _ways(verdicts: Mapping[Segment, Verdict]) -> Iterator[frozenset[Segment]]:
    """Every set of segments that may be the involved ones; never the empty one."""
    sure = frozenset(segment for segment, verdict in verdicts.items() if verdict is Verdict.MET)
    unsure = [segment for segment, verdict in verdicts.items() if verdict is Verdict.UNDECIDED]
    for answers in product((False, True), repeat=len(unsure)):
        way = sure | {segment for segment, yes in zip(unsure, answers, strict=True) if yes}
        if way:
            yield way


def _agreed(answers: Iterable[bool]) -> Verdict:
    seen = set(answers)
    if len(seen) != 1:
        return Verdict.UNDECIDED
    return Verdict.MET if True in seen else Verdict.UNMET


def _apart(segments: frozenset[Segment], extent: Extent) -> bool:
    """True when the segments fall into two groups or more."""
    stack = [min(segments)]
    reached: set[Segment] = set()
    while stack:
        here = stack.pop()
        reached.add(here)
        stack += [other for other in segments - reached if _neighbours(here, other, extent)]
    return reached != segments


def _neighbours(one: Segment, other: Segment, extent: Extent) -> bool:
    names = list(SEGMENTS)
    if one[0] == other[0]:
        return (names.index(one[1]) - names.index(other[1])) % len(names) in {1, len(names) - 1}
    joined = {frozenset(pair) for pair in pairwise(extent.levels) if are_contiguous(pair)}
    return one[1] == other[1] and frozenset((one[0], other[0])) in joined
