"""The one form of every classification's answer: the set of categories still possible, and why."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from enbloc.foundation.evidence.estimates import Measured
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.verdicts import Verdict


@attrs.frozen
class Finding:
    """One criterion, judged.

    Parameters
    ----------
    criterion : str
        Name used by the rule tables, such as ``"canal"``.
    verdict : Verdict
    measured : Measured
        What was measured or, for a stated fact, Unknown with the word "stated" and the fact.
    says : str
        The finding in a sentence.
    settle : str
        Which measurement or fact would settle it, when undecided.
    overrules : Finding or None
        What had been found before the surgeon stated otherwise; None where nothing was overruled.
    """

    criterion: str
    verdict: Verdict
    measured: Measured
    says: str
    settle: str = ""
    overrules: Finding | None = None


@attrs.frozen
class Because:
    """A finding that a classification used, with the rule that it fed.

    `overrules` is what had been found where the surgeon stated otherwise.
    """

    criterion: str
    verdict: Verdict
    measured: Measured
    says: str
    status: Status
    cites: tuple[str, ...] = ()
    rule: str = ""
    overrules: Finding | None = None


@attrs.frozen
class Score:
    """The interval of a point score."""

    low: int
    high: int


@attrs.frozen(eq=False)
class Classification:
    """The answer of one system.

    Parameters
    ----------
    system : str
        ``"enneking"``, ``"tomita"``, ``"wbb"`` …
    possible : tuple of str
        The categories still possible; one when settled, none when the system does not apply.
    applies : bool
    because : tuple of Because
    would_settle : tuple of str
        What would have to be measured or stated to leave one category.
    score : Score or None
    details : mapping
        What the system adds to the common form (the cells of WBB, the items of a score), ready for JSON.
    """

    system: str
    possible: tuple[str, ...]
    applies: bool = True
    because: tuple[Because, ...] = ()
    would_settle: tuple[str, ...] = ()
    score: Score | None = None
    details: Mapping[str, object] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class Sheet:
    """Every classification of a case, by system id, in the order in which they are shown."""

    answers: Mapping[str, Classification]
    problems: tuple[str, ...] = ()
