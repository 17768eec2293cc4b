"""Point scores: each item is a rule table whose categories are its points, and bands stand on their sum."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import attrs

from enbloc.errors import RuleError
from enbloc.foundation.evidence.classifications import Classification, Finding, Score
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.rules import RuleTable, check_table, classify


@attrs.frozen
class Band:
    """The category of every sum from `low` to `high`."""

    category: str
    low: int
    high: int
    says: str
    status: Status
    cites: tuple[str, ...] = ()
    rule: str = ""


@attrs.frozen
class ScoreTable:
    """A score: its items by name, and its bands from the lowest sum upwards."""

    system: str
    title: str
    items: Mapping[str, RuleTable]
    bands: tuple[Band, ...]


def check_score(table: ScoreTable) -> None:
    """Check every item, and that the bands cover every sum that can be, without gap or overlap.

    Raises
    ------
    RuleError
    """
    for item in table.items.values():
        check_table(item)
    points = [[int(row.category) for row in item.rows] for item in table.items.values()]
    ends = (sum(map(min, points)), sum(map(max, points)))
    if (table.bands[0].low, table.bands[-1].high) != ends:
        raise RuleError(f"the bands do not reach from {ends[0]} to {ends[1]}", where=table.title)
    for below, above in pairwise(table.bands):
        if above.low != below.high + 1:
            raise RuleError(f"'{below.category}' and '{above.category}' do not join", where=table.title)


def classify_score(table: ScoreTable, findings: Mapping[str, Finding]) -> Classification:
    """The bands that the sum may still fall into, with the interval of the score and the points of each item."""
    answers = {name: classify(item, findings) for name, item in table.items.items()}
    sums = {0}
    for answer in answers.values():
        sums = {total + int(points) for total in sums for points in answer.possible}
    bands = [band for band in table.bands if any(band.low <= total <= band.high for total in sums)]
    return Classification(
        system=table.system,
        possible=tuple(band.category for band in bands),
        because=tuple(because for answer in answers.values() for because in answer.because),
        would_settle=tuple(dict.fromkeys(text for answer in answers.values() for text in answer.would_settle))
        if len(bands) > 1
        else (),
        score=Score(min(sums), max(sums)) if sums else None,
        details={
            "items": {
                name: {"low": min(map(int, answer.possible)), "high": max(map(int, answer.possible))}
                for name, answer in answers.items()
                if answer.possible
            },
            "bands": [
                {"category": b.category, "says": b.says, "status": b.status, "cites": list(b.cites)} for b in bands
            ],
        },
    )
