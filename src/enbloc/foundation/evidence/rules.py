"""Published systems as tables of YES / NO / ANY, and the one function that reads them.

A table has criteria (questions) and rows (which answers give which category, who says so, and how well it is known).
Findings may be undecided, so the answer is the *set* of categories still possible: every way in which the undecided
criteria could turn out is completed, impossible combinations are dropped, and the categories that are left are given.
Deciding one more criterion leaves a subset of those completions; that is why a sharper measurement can never add a
category.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

import attrs

from enbloc.errors import RuleError
from enbloc.foundation.evidence.classifications import Because, Classification, Finding
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.verdicts import Verdict

YES = True
NO = False

Answers = Mapping[str, bool]

_FIRMEST_FIRST: tuple[Status, ...] = (
    "verified",
    "verified (2nd)",
    "unverified/high",
    "unverified/medium",
    "ours",
    "unverified/low",
)


@attrs.frozen
class Criterion:
    """A question that findings answer; `settle` says what would answer it when nothing does yet."""

    id: str
    question: str
    settle: str = ""


@attrs.frozen
class Row:
    """Which answers give which category.

    A criterion that `when` does not name may have any answer. `status`, `cites` and `rule` are those of the row in the
    knowledge tables; `says` is the rule in words.
    """

    category: str
    when: Answers
    status: Status
    cites: tuple[str, ...] = ()
    rule: str = ""
    says: str = ""


@attrs.frozen
class Impossible:
    """A combination of answers that cannot be, and why."""

    when: Answers
    why: str


@attrs.frozen
class RuleTable:
    """One system, or one item of a score.

    Parameters
    ----------
    system : str
        System id of the contract, such as ``"tomita"``.
    title : str
    criteria : tuple of Criterion
    rows : tuple of Row
    impossible : tuple of Impossible
    """

    system: str
    title: str
    criteria: tuple[Criterion, ...]
    rows: tuple[Row, ...]
    impossible: tuple[Impossible, ...] = ()


def check_table(table: RuleTable) -> None:
    """Check that every combination of answers that can be gives exactly one category.

    Raises
    ------
    RuleError
        If a combination gives none (a gap) or several (an overlap), or a row asks what is no criterion.
    """
    known = {criterion.id for criterion in table.criteria}
    for when in (*(row.when for row in table.rows), *(combination.when for combination in table.impossible)):
        if strange := set(when) - known:
            raise RuleError(f"asks for {sorted(strange)}, which is no criterion", where=table.title)
    for answers in _completions(table, {}):
        categories = {row.category for row in _rows_that_fit(table, answers)}
        if len(categories) != 1:
            fault = f"an overlap of {sorted(categories)}" if categories else "a gap"
            said = ", ".join(f"{name} {'yes' if answer else 'no'}" for name, answer in answers.items())
            raise RuleError(f"{fault} at {said}", where=table.title)


def classify(table: RuleTable, findings: Mapping[str, Finding]) -> Classification:
    """The categories of a table that the findings leave possible, in the order of the rows.

    A criterion without a finding is undecided. When the findings contradict each other, no category is left and
    `possible` is empty while the system still applies.
    """
    decided = {
        criterion.id: findings[criterion.id].verdict is Verdict.MET
        for criterion in table.criteria
        if criterion.id in findings and findings[criterion.id].verdict is not Verdict.UNDECIDED
    }
    rows = _rows_possible(table, decided)
    possible = _categories(rows)
    open_criteria = tuple(c for c in table.criteria if c.id not in decided and _matters(c.id, rows))
    return Classification(
        system=table.system,
        possible=possible,
        because=tuple(
            _because(criterion, findings, rows) for criterion in table.criteria if _matters(criterion.id, rows)
        ),
        would_settle=() if len(possible) < 2 else _would_settle(table, decided, open_criteria, findings),
    )


def weakest(statuses: Iterable[Status]) -> Status:
    """The least firm of several statuses; ``ours`` counts as less firm than general knowledge of medium confidence."""
    return max(statuses, key=_FIRMEST_FIRST.index)


def _completions(table: RuleTable, decided: Answers) -> Iterator[dict[str, bool]]:
    open_ids = [criterion.id for criterion in table.criteria if criterion.id not in decided]
    for answers in product((YES, NO), repeat=len(open_ids)):
        whole = {**decided, **dict(zip(open_ids, answers, strict=True))}
        if not any(_fits(combination.when, whole) for combination in table.impossible):
            yield whole


def _rows_that_fit(table: RuleTable, answers: Answers) -> Iterator[Row]:
    return (row for row in table.rows if _fits(row.when, answers))


def _rows_possible(table: RuleTable, decided: Answers) -> tuple[Row, ...]:
    left = {id(row) for answers in _completions(table, decided) for row in _rows_that_fit(table, answers)}
    return tuple(row for row in table.rows if id(row) in left)


def _categories(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.category for row in rows))


def _fits(when: Answers, answers: Answers) -> bool:
    return all(answers[name] == answer for name, answer in when.items())


def _matters(criterion: str, rows: Iterable[Row]) -> bool:
    return any(criterion in row.when for row in rows)


def _because(criterion: Criterion, findings: Mapping[str, Finding], rows: tuple[Row, ...]) -> Because:
    finding = findings.get(criterion.id)
    using = [row for row in rows if criterion.id in row.when]
    return Because(
        criterion=criterion.id,
        verdict=finding.verdict if finding else Verdict.UNDECIDED,
        measured=finding.measured if finding else Unknown("not stated"),
        says=finding.says if finding else f"{criterion.question} Not stated.",
        status=weakest(row.status for row in using),
        cites=tuple(dict.fromkeys(key for row in using for key in row.cites)),
        rule=", ".join(dict.fromkeys(row.rule for row in using if row.rule)),
        overrules=finding.overrules if finding else None,
    )


def _would_settle(
    table: RuleTable, decided: Answers, open_criteria: tuple[Criterion, ...], findings: Mapping[str, Finding]
) -> tuple[str, ...]:
    """The undecided criteria of which an answer alone would drop a category; all that matter when none would."""
    before = _categories(_rows_possible(table, decided))

    def helps(criterion: Criterion) -> bool:
        after = (_rows_possible(table, {**decided, criterion.id: answer}) for answer in (YES, NO))
        return any(_categories(rows) != before for rows in after)

    asked = [criterion for criterion in open_criteria if helps(criterion)] or open_criteria
    texts = (findings[c.id].settle if c.id in findings else "" for c in asked)
    return tuple(dict.fromkeys(text or c.settle or c.question for text, c in zip(texts, asked, strict=True)))
