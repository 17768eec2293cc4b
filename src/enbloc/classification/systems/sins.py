"""The spinal instability neoplastic score (SINS): six items, 0 to 18 points.

Location and part of the posterolateral item follow from the Extent, pain is a stated fact. Bone lesion, alignment and
collapse must be supplied as findings; what nobody answered leaves a range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from enbloc.classification.extent import BODY, BONE_LAYERS, LEFT_PEDICLE, RIGHT_PEDICLE, Extent
from enbloc.classification.findings import Facts, findings_for, level_verdict, part_verdict, stated
from enbloc.foundation.evidence.classifications import Classification, Finding
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.rules import NO, YES, Answers, Criterion, Impossible, Row, RuleTable
from enbloc.foundation.evidence.scores import Band, ScoreTable, classify_score
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.terms.levels import Level

JUNCTIONAL: tuple[Level, ...] = ("C1", "C2", "C7", "T1", "T2", "T11", "T12", "T13", "L1", "L5", "L6", "S1")
"""C0-C2, C7-T2, T11-L1, L5-S1; T13 and L6 lie between two of them (ours)."""
MOBILE: tuple[Level, ...] = ("C3", "C4", "C5", "C6", "L2", "L3", "L4")
SEMIRIGID: tuple[Level, ...] = tuple(f"T{n}" for n in range(3, 11))

_SOURCES = ("fisher2010sins", "oxford_sins")
_CT = "CT of the spine"


def _row(points: int, when: Answers, rule: str, says: str) -> Row:
    return Row(str(points), when, "verified", _SOURCES, rule, says)


LOCATION = RuleTable(
    "sins",
    "SINS, location",
    (
        Criterion("junctional", "Is a junctional level involved?"),
        Criterion("mobile", "Is a level of the mobile spine involved?"),
        Criterion("semirigid", "Is a level of the semirigid spine involved?"),
    ),
    (
        _row(
            3,
            {"junctional": YES},
            "SINS-1",
            "C0-C2, C7-T2, T11-L1, L5-S1; of several levels the worst counts (SINS-8).",
        ),
        _row(2, {"junctional": NO, "mobile": YES}, "SINS-1", "C3-C6, L2-L4."),
        _row(1, {"junctional": NO, "mobile": NO, "semirigid": YES}, "SINS-1", "T3-T10."),
        _row(0, {"junctional": NO, "mobile": NO, "semirigid": NO}, "SINS-1", "S2-S5."),
    ),
)
PAIN = RuleTable(
    "sins",
    "SINS, pain",
    (
        Criterion("mechanical_pain", "Is it relieved lying, or brought on by movement or load?"),
        Criterion("any_pain", "Is there pain?"),
    ),
    (
        _row(3, {"mechanical_pain": YES}, "SINS-2", "Relieved lying, or on movement or load."),
        _row(1, {"mechanical_pain": NO, "any_pain": YES}, "SINS-2", "Occasional, not mechanical."),
        _row(0, {"any_pain": NO}, "SINS-2", "No pain."),
    ),
    (Impossible({"mechanical_pain": YES, "any_pain": NO}, "mechanical pain is pain"),),
)
BONE = RuleTable(
    "sins",
    "SINS, bone lesion",
    (Criterion("lytic", "Is bone destroyed?", _CT), Criterion("blastic", "Is bone formed?", _CT)),
    (
        _row(2, {"lytic": YES, "blastic": NO}, "SINS-3", "Lytic."),
        _row(1, {"lytic": YES, "blastic": YES}, "SINS-3", "Mixed."),
        _row(0, {"lytic": NO}, "SINS-3", "Blastic."),
    ),
)
ALIGNMENT = RuleTable(
    "sins",
    "SINS, alignment",
    (
        Criterion("translation", "Is there subluxation or translation?", _CT),
        Criterion("new_deformity", "Is there new kyphosis or scoliosis?", "Earlier images for comparison"),
    ),
    (
        _row(4, {"translation": YES}, "SINS-4", "Subluxation or translation."),
        _row(2, {"translation": NO, "new_deformity": YES}, "SINS-4", "New kyphosis or scoliosis."),
        _row(0, {"translation": NO, "new_deformity": NO}, "SINS-4", "Normal."),
    ),
)
COLLAPSE = RuleTable(
    "sins",
    "SINS, collapse",
    (
        Criterion("collapse_over_half", "Has the body lost more than half of its height?", _CT),
        Criterion("collapse", "Has the body collapsed at all?", _CT),
        Criterion("body_over_half", "Is more than half of the body involved?", "Images with the tumour outlined"),
    ),
    (
        _row(3, {"collapse_over_half": YES}, "SINS-5", "Collapse over 50%."),
        _row(
            2, {"collapse_over_half": NO, "collapse": YES}, "SINS-5", "Collapse up to 50% (exactly 50%: SINS-8, ours)."
        ),
        _row(1, {"collapse": NO, "body_over_half": YES}, "SINS-5", "No collapse, over 50% of the body involved."),
        _row(0, {"collapse": NO, "body_over_half": NO}, "SINS-5", "None of these."),
    ),
    (Impossible({"collapse_over_half": YES, "collapse": NO}, "a large collapse is a collapse"),),
)
POSTEROLATERAL = RuleTable(
    "sins",
    "SINS, posterolateral",
    (
        Criterion("posterolateral_left", "Left facet, pedicle or costovertebral joint fractured or replaced?", _CT),
        Criterion("posterolateral_right", "Right facet, pedicle or costovertebral joint fractured or replaced?", _CT),
    ),
    (
        _row(3, {"posterolateral_left": YES, "posterolateral_right": YES}, "SINS-6", "Both sides."),
        _row(1, {"posterolateral_left": YES, "posterolateral_right": NO}, "SINS-6", "One side."),
        _row(1, {"posterolateral_left": NO, "posterolateral_right": YES}, "SINS-6", "One side."),
        _row(0, {"posterolateral_left": NO, "posterolateral_right": NO}, "SINS-6", "None."),
    ),
)

_BAND_SOURCES = ("fourney2011", "oxford_sins")
TABLE = ScoreTable(
    system="sins",
    title="Spinal instability neoplastic score",
    items={
        "location": LOCATION,
        "pain": PAIN,
        "bone_lesion": BONE,
        "alignment": ALIGNMENT,
        "collapse": COLLAPSE,
        "posterolateral": POSTEROLATERAL,
    },
    bands=(
        Band("stable", 0, 6, "Stable.", "verified", _BAND_SOURCES, "SINS-7"),
        Band("indeterminate", 7, 12, "Indeterminate: surgical consultation.", "verified", _BAND_SOURCES, "SINS-7"),
        Band("unstable", 13, 18, "Unstable: surgical consultation.", "verified", _BAND_SOURCES, "SINS-7"),
    ),
)


def answer(facts: Facts) -> Classification:
    """The bands still possible, with the interval of the score."""
    return classify_score(TABLE, findings_for(facts, _find(facts)))


def _find(facts: Facts) -> Iterator[Finding]:
    extent, pain = facts.extent, facts.clinical.pain
    for criterion, names in (("junctional", JUNCTIONAL), ("mobile", MOBILE), ("semirigid", SEMIRIGID)):
        verdict = _at(extent, names)
        where = ", ".join(name for name in extent.levels if name in names) or "none of the levels"
        yield stated(criterion, verdict, f"{criterion.capitalize()} spine: {where}.", "The levels of the tumour")
    said = f"Pain stated: {pain}." if pain else "Pain not stated; a person must enter it."
    ask = "Pain: mechanical, occasional or none"
    yield stated("mechanical_pain", _is(pain, {"mechanical"}), said, ask)
    yield stated("any_pain", _is(pain, {"mechanical", "occasional"}), said, ask)
    yield stated(
        "body_over_half", _over_half(facts), facts.findings["body"].says, "How much of the body the tumour holds"
    )
    yield _side(extent, "left", LEFT_PEDICLE, (2, 3))
    yield _side(extent, "right", RIGHT_PEDICLE, (10, 11))


def _at(extent: Extent, names: Iterable[Level]) -> Verdict:
    return any_of(level_verdict(extent.levels[name]) for name in names if name in extent.levels)


def _is(word: str | None, wanted: set[str]) -> Verdict:
    if word is None:
        return Verdict.UNDECIDED
    return Verdict.MET if word in wanted else Verdict.UNMET


def _over_half(facts: Facts) -> Verdict:
    """From the cells of the body, where all say the same; else open."""
    if facts.findings["body"].verdict is Verdict.UNMET:
        return Verdict.UNMET
    verdicts = []
    for level in facts.extent.levels.values():
        shares = [cell.fraction for (s, k), cell in level.cells.items() if s in BODY and k in BONE_LAYERS]
        known = [share for share in shares if isinstance(share, Estimate)]
        if not known or len(known) < len(shares):
            verdicts.append(Verdict.UNDECIDED)
        elif min(share.low for share in known) > 0.5:
            verdicts.append(Verdict.MET)
        else:
            verdicts.append(Verdict.UNMET if max(share.high for share in known) <= 0.5 else Verdict.UNDECIDED)
    return any_of(verdicts)


def _side(extent: Extent, side: str, pedicle: int, facets: tuple[int, ...]) -> Finding:
    """Met when the pedicle's bone is involved; open when only sectors that hold the facet among other bone are."""
    in_pedicle = any_of(part_verdict(level, (pedicle,), BONE_LAYERS) for level in extent.levels.values())
    in_facets = any_of(part_verdict(level, facets, BONE_LAYERS) for level in extent.levels.values())
    verdict = in_pedicle
    if in_pedicle is Verdict.UNMET and in_facets is not Verdict.UNMET:
        verdict = Verdict.UNDECIDED
    says = {
        Verdict.MET: f"Tumour in the {side} pedicle.",
        Verdict.UNMET: f"No tumour in the {side} pedicle or facet sectors.",
        Verdict.UNDECIDED: f"Whether the {side} facet, pedicle or costovertebral joint is replaced is open.",
    }[verdict]
    return stated(f"posterolateral_{side}", verdict, says, f"{_CT}: the {side} facet, pedicle and costovertebral joint")
