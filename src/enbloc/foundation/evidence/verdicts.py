"""Verdicts: met, unmet, undecided. A limit inside an interval gives *undecided*."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from enbloc.foundation.evidence.estimates import Measured, Unknown


class Verdict(Enum):
    """The answer to one criterion."""

    MET = "met"
    UNMET = "unmet"
    UNDECIDED = "undecided"


def judge_above(measured: Measured, limit: float) -> Verdict:
    """Met when the whole interval lies at or above `limit`, unmet when below, else undecided."""
    if isinstance(measured, Unknown):
        return Verdict.UNDECIDED
    if measured.low >= limit:
        return Verdict.MET
    return Verdict.UNMET if measured.high < limit else Verdict.UNDECIDED


def judge_fact(fact: bool | None) -> Verdict:
    """A stated fact as a verdict; None (not stated) is undecided."""
    if fact is None:
        return Verdict.UNDECIDED
    return Verdict.MET if fact else Verdict.UNMET


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Met if one is met, unmet if all are unmet (also of none), else undecided."""
    seen = set(verdicts)
    if Verdict.MET in seen:
        return Verdict.MET
    return Verdict.UNDECIDED if Verdict.UNDECIDED in seen else Verdict.UNMET


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Met if all are met (also of none), unmet if one is unmet, else undecided."""
    return negate(any_of(negate(v) for v in verdicts))


def negate(verdict: Verdict) -> Verdict:
    """Met and unmet exchanged; undecided stays."""
    return {Verdict.MET: Verdict.UNMET, Verdict.UNMET: Verdict.MET}.get(verdict, verdict)
