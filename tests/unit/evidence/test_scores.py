"""Point scores: intervals, bands, and what a score that does not add up is told."""

from __future__ import annotations

import pytest

from enbloc.errors import RuleError
from enbloc.foundation.evidence.classifications import Finding, Score
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Row, RuleTable
from enbloc.foundation.evidence.scores import Band, ScoreTable, check_score, classify_score
from enbloc.foundation.evidence.verdicts import Verdict


def item(name: str, points: int) -> RuleTable:
    rows = (Row(str(points), {name: YES}, "ours"), Row("0", {name: NO}, "ours"))
    return RuleTable("example", name, (Criterion(name, f"Is {name} so?"),), rows)


ITEMS = {"a": item("a", 3), "b": item("b", 1)}
TABLE = ScoreTable(
    "example", "Example", ITEMS, (Band("low", 0, 2, "Low.", "ours"), Band("high", 3, 4, "High.", "ours"))
)


def met(name: str) -> dict[str, Finding]:
    return {name: Finding(name, Verdict.MET, Unknown("stated: test"), name)}


def test_nothing_known_gives_the_whole_interval() -> None:
    answer = classify_score(TABLE, {})
    assert answer.score == Score(0, 4)
    assert answer.possible == ("low", "high")
    assert len(answer.would_settle) == 2


def test_one_item_may_settle_the_band_while_the_sum_stays_open() -> None:
    answer = classify_score(TABLE, met("a"))
    assert answer.score == Score(3, 4)
    assert answer.possible == ("high",)
    assert answer.would_settle == ()
    assert answer.details["items"] == {"a": {"low": 3, "high": 3}, "b": {"low": 0, "high": 1}}


def test_a_band_between_the_ends_that_no_sum_reaches_is_not_given() -> None:
    bands = (Band("0", 0, 1, "", "ours"), Band("2", 2, 2, "", "ours"), Band("3", 3, 4, "", "ours"))
    answer = classify_score(ScoreTable("example", "Example", ITEMS, bands), {})
    assert answer.possible == ("0", "3")


@pytest.mark.parametrize(
    "bands",
    [
        (Band("low", 0, 1, "", "ours"), Band("high", 3, 4, "", "ours")),
        (Band("low", 0, 3, "", "ours"), Band("high", 3, 4, "", "ours")),
        (Band("low", 0, 2, "", "ours"), Band("high", 3, 5, "", "ours")),
    ],
)
def test_bands_that_do_not_join_or_reach_are_found(bands: tuple[Band, ...]) -> None:
    check_score(TABLE)
    with pytest.raises(RuleError):
        check_score(ScoreTable("example", "Example", ITEMS, bands))
