"""Prognostic scores of a spine metastasis: the revised Tokuhashi score and the Tomita score.

Both are shown as an interval with the bands still possible: most of what they ask (other foci, organs, performance
status) stands neither in the Extent nor among the clinical facts, and must be supplied as findings.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from enbloc.classification.findings import Facts, findings_for, levels_that_may, outside, stated
from enbloc.foundation.evidence.classifications import Classification, Finding
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.rules import NO, YES, Answers, Criterion, Impossible, Row, RuleTable
from enbloc.foundation.evidence.scores import Band, ScoreTable, classify_score
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.histology import Histology

_TOKUHASHI = ("tokuhashi2005", "nice2008", "tokuhashi2014")
_TOMITA = ("calc_spine_scores", "tomita2001")
_KPS = "The Karnofsky performance status"
_BONES = "Staging of the whole skeleton"
_ORGANS = "Staging of the organs"

PRIMARIES = {
    0: "lung, osteosarcoma, stomach, bladder, oesophagus, pancreas",
    1: "liver, gall bladder, unidentified",
    2: "others",
    3: "kidney, uterus",
    4: "rectum",
    5: "thyroid, breast, prostate, carcinoid",
}
"""Points of the primary in the revised Tokuhashi score (TOK-5)."""


def _tok(points: int, when: Answers, rule: str, says: str) -> Row:
    return Row(str(points), when, "verified", _TOKUHASHI, rule, says)


def _tos(points: int, when: Answers, rule: str, says: str) -> Row:
    return Row(str(points), when, "verified (2nd)", _TOMITA, rule, says)


def _steps(
    item: str, rule: str, asked: tuple[Criterion, Criterion], points: tuple[int, int, int], says: str
) -> RuleTable:
    """An item of three steps: neither, the first criterion, the second (which implies the first)."""
    first, second = asked
    words = says.split(" | ")
    return RuleTable(
        "tokuhashi",
        f"Revised Tokuhashi score, {item}",
        asked,
        (
            _tok(points[0], {first.id: NO}, rule, words[0]),
            _tok(points[1], {first.id: YES, second.id: NO}, rule, words[1]),
            _tok(points[2], {second.id: YES}, rule, words[2]),
        ),
        (Impossible({second.id: YES, first.id: NO}, "the second holds only where the first does"),),
    )


KPS = _steps("performance", "TOK-1", (
    Criterion("kps_50", "Is the Karnofsky performance status 50 or more?", _KPS),
    Criterion("kps_80", "Is it 80 or more?", _KPS)), (0, 1, 2), "10-40. | 50-70. | 80-100.")  # fmt: skip
BONE_FOCI = _steps("extraspinal bone", "TOK-2", (
    Criterion("bone_foci", "Are there bone foci outside the spine?", _BONES),
    Criterion("bone_foci_3", "Three or more?", _BONES)), (2, 1, 0), "None. | One or two. | Three or more.")  # fmt: skip
VERTEBRAE = _steps("vertebrae", "TOK-3", (
    Criterion("vertebrae_2", "Are two or more vertebrae metastatic?", "MRI of the whole spine"),
    Criterion("vertebrae_3", "Three or more?", "MRI of the whole spine")), (2, 1, 0),
    "One. | Two. | Three or more.")  # fmt: skip
ORGANS = _steps("organs", "TOK-4", (
    Criterion("organs", "Are there metastases of major organs?", _ORGANS),
    Criterion("organs_unremovable", "Are they unremovable?", _ORGANS)), (2, 1, 0),
    "None. | Removable. | Unremovable.")  # fmt: skip
PALSY = RuleTable(
    "tokuhashi",
    "Revised Tokuhashi score, palsy",
    (
        Criterion("palsy", "Is there a palsy (Frankel A to D)?", "The neurology, Frankel A to E"),
        Criterion("palsy_complete", "Is it complete (Frankel A, B)?", "The neurology, Frankel A to E"),
    ),
    (
        _tok(2, {"palsy": NO}, "TOK-6", "Frankel E."),
        _tok(1, {"palsy": YES, "palsy_complete": NO}, "TOK-6", "Frankel C, D."),
        _tok(0, {"palsy_complete": YES}, "TOK-6", "Frankel A, B."),
    ),
    (Impossible({"palsy_complete": YES, "palsy": NO}, "a complete palsy is a palsy"),),
)
PRIMARY = RuleTable(
    "tokuhashi",
    "Revised Tokuhashi score, primary",
    tuple(
        Criterion(f"primary_{n}", f"Is the primary one of: {words}?", "The primary") for n, words in PRIMARIES.items()
    ),
    tuple(_tok(n, {f"primary_{n}": YES}, "TOK-5", f"{words.capitalize()}.") for n, words in PRIMARIES.items()),
    (
        Impossible({f"primary_{n}": NO for n in PRIMARIES}, "every primary falls into one group"),
        *(
            Impossible({f"primary_{a}": YES, f"primary_{b}": YES}, "a primary falls into one group only")
            for a, b in combinations(PRIMARIES, 2)
        ),
    ),
)

TOKUHASHI = ScoreTable(
    system="tokuhashi",
    title="Revised Tokuhashi score",
    items={
        "performance": KPS,
        "extraspinal_bone": BONE_FOCI,
        "vertebrae": VERTEBRAE,
        "organs": ORGANS,
        "primary": PRIMARY,
        "palsy": PALSY,
    },
    bands=(
        Band("0-8", 0, 8, "Less than 6 months: conservative or palliative.", "verified", _TOKUHASHI),
        Band("9-11", 9, 11, "6 months or more: palliative; excision only for a single lesion without organ metastasis.",
            "verified", _TOKUHASHI),
        Band("12-15", 12, 15, "12 months or more: excision.", "verified", _TOKUHASHI),
    ),
)  # fmt: skip

_GROWTH_STATUS: Status = "unverified/high"
TOMITA = ScoreTable(
    system="tomita_score",
    title="Tomita score",
    items={
        "primary": RuleTable(
            "tomita_score",
            "Tomita score, primary",
            (
                Criterion("grows_rapidly", "Does the primary grow rapidly, or is it unknown?", "The primary"),
                Criterion("grows_slowly", "Does the primary grow slowly?", "The primary"),
            ),
            (
                _tos(1, {"grows_slowly": YES}, "TOS-1", "Slow growth."),
                _tos(2, {"grows_slowly": NO, "grows_rapidly": NO}, "TOS-1", "Moderate growth."),
                _tos(4, {"grows_rapidly": YES}, "TOS-1", "Rapid growth, or unknown primary."),
            ),
            (Impossible({"grows_slowly": YES, "grows_rapidly": YES}, "growth is slow or rapid, not both"),),
        ),
        "visceral": RuleTable(
            "tomita_score",
            "Tomita score, visceral metastases",
            (
                Criterion("organs", "Are there visceral metastases?", _ORGANS),
                Criterion("organs_untreatable", "Are they untreatable?", _ORGANS),
            ),
            (
                _tos(0, {"organs": NO}, "TOS-2", "None."),
                _tos(2, {"organs": YES, "organs_untreatable": NO}, "TOS-2", "Treatable."),
                _tos(4, {"organs_untreatable": YES}, "TOS-2", "Untreatable."),
            ),
            (Impossible({"organs_untreatable": YES, "organs": NO}, "what is untreatable is there"),),
        ),
        "bone": RuleTable(
            "tomita_score",
            "Tomita score, bone metastases",
            (Criterion("bones_many", "Are there multiple bone metastases?", _BONES),),
            (
                _tos(1, {"bones_many": NO}, "TOS-3", "Solitary or isolated."),
                _tos(2, {"bones_many": YES}, "TOS-3", "Multiple."),
            ),
        ),
    },
    bands=(
        Band("2-3", 2, 3, "Wide or marginal margin.", "verified (2nd)", _TOMITA, "TOS-5"),
        Band("4-5", 4, 5, "Marginal or intralesional.", "verified (2nd)", _TOMITA, "TOS-5"),
        Band("6-7", 6, 7, "Palliative.", "verified (2nd)", _TOMITA, "TOS-5"),
        Band("8-10", 8, 10, "Supportive.", "verified (2nd)", _TOMITA, "TOS-5"),
    ),
)


def tokuhashi(facts: Facts) -> Classification:
    """The revised Tokuhashi score of a metastasis."""
    return _score(facts, TOKUHASHI)


def tomita_score(facts: Facts) -> Classification:
    """The Tomita score of a metastasis; its bands did not predict survival reliably in 217 patients (TOS-6)."""
    return _score(facts, TOMITA)


def _score(facts: Facts, table: ScoreTable) -> Classification:
    histology = facts.histology
    if histology is None:
        return outside(table.system, "No histology is stated; the score is for metastases.", "ours")
    if histology.kind != "metastasis":
        return outside(table.system, f"{histology.word} is no metastasis, for which the score is.", "ours")
    return classify_score(table, findings_for(facts, _find(facts, histology)))


def _find(facts: Facts, histology: Histology) -> Iterator[Finding]:
    alone = facts.clinical.metastases == "solitary"
    only = "A solitary metastasis is stated: there is no other."
    none = (Verdict.UNMET, only) if alone else (Verdict.UNDECIDED, "Other metastases are not described one by one.")
    yield stated("bone_foci", *none, _BONES)
    yield stated("organs", *none, _ORGANS)
    yield stated("bones_many", *none, _BONES)
    yield _vertebrae(facts, alone)
    for points, words in PRIMARIES.items():
        mine = points == histology.tokuhashi_points
        yield stated(f"primary_{points}", Verdict.MET if mine else Verdict.UNMET, f"{histology.word}: {words}.")
    yield _growth("grows_slowly", histology, "slow")
    yield _growth("grows_rapidly", histology, "rapid")
    frankel = facts.clinical.neurology
    said = f"Neurology stated: {frankel}." if frankel else "Neurology not stated."
    yield stated("palsy", _among(frankel, "ABCD"), said, "The neurology, Frankel A to E")
    yield stated("palsy_complete", _among(frankel, "AB"), said, "The neurology, Frankel A to E")


def _vertebrae(facts: Facts, alone: bool) -> Finding:
    levels = levels_that_may(facts.extent)
    if alone and len(levels) == 1:
        return stated("vertebrae_2", Verdict.UNMET, f"A solitary metastasis at {levels[0]}.")
    says = f"The tumour described holds {', '.join(levels)}; other vertebrae are not described."
    return stated("vertebrae_2", Verdict.UNDECIDED, says, "MRI of the whole spine")


def _growth(criterion: str, histology: Histology, growth: str) -> Finding:
    if histology.growth is None:
        says = f"No source gives a growth class of {histology.word}."
        return stated(criterion, Verdict.UNDECIDED, says, "The growth class of the primary")
    verdict = Verdict.MET if histology.growth == growth else Verdict.UNMET
    return stated(criterion, verdict, f"{histology.word}: {histology.growth} growth (TOS-1b, {_GROWTH_STATUS}).")


def _among(letter: str | None, letters: str) -> Verdict:
    if letter is None:
        return Verdict.UNDECIDED
    return Verdict.MET if letter in letters else Verdict.UNMET
