"""Levels of fixation, rods and pelvis, and what is published about failure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.terms.levels import Level, next_caudal, next_cranial, order, region
from enbloc.reconstruction.design import Fixation
from enbloc.reconstruction.tables import (
    DISC_TO_DISC,
    FOLLOW_UP,
    IF_IRRADIATED,
    IMPLANTS,
    IRRADIATED_FAILS,
    LONG,
    LONG_LEVELS,
    LONGER_FAILURE,
    LOW_LUMBAR,
    LUMBAR_FAILS,
    MESH_FAILS,
    PELVIC,
    SHORT,
)

LAST_SCREWED: Level = "S1"
"""Below it the iliac bones are screwed, not the sacrum."""


def plan_fixation(levels: tuple[Level, ...], present: Iterable[Level] | None) -> tuple[Fixation, tuple[Reason, ...]]:
    """Levels above and below a resection of these levels, and why.

    Parameters
    ----------
    levels : tuple of level
        Those whose bodies are resected, cranio-caudal.
    present : iterable of level, or None
        The levels that this patient is known to have (for T13 and L6); None: the usual ones.
    """
    rule = LONG if len(levels) > 1 or set(levels) & set(LONG_LEVELS) else SHORT
    above = tuple(reversed(tuple(_away(levels[0], rule.levels_n, _up(present)))))
    below = tuple(
        level for level in _away(levels[-1], rule.levels_n, _down(present)) if order(level) <= order(LAST_SCREWED)
    )
    because = list(rule.because)
    pelvic = "none"
    if set(levels) & set(LOW_LUMBAR):
        because.append(PELVIC)
        pelvic = "S1 or iliac"
    elif len(below) < rule.levels_n:
        because.append(Reason(f"Only {len(below)} of {rule.levels_n} levels lie below: the pelvis stands in.", "ours"))
        pelvic = "S1 or iliac"
    if len(above) < rule.levels_n:
        says = f"Only {len(above)} of {rule.levels_n} levels lie above: whether the occiput is taken is to be judged."
        because.append(Reason(says, "ours"))
    rods = rule.rods_n if rule.rods_n is not None else Unknown("the tables name no number of rods here")
    return Fixation(above, below, rods, pelvic), tuple(because)


def list_failure(levels: tuple[Level, ...], irradiated: bool | None, through_discs: bool | None) -> tuple[Reason, ...]:
    """Published failure of the construct, with the predictors that are present or open."""
    return tuple(_failure(levels, irradiated, through_discs))


def _failure(levels: tuple[Level, ...], irradiated: bool | None, through_discs: bool | None) -> Iterator[Reason]:
    if len(levels) > 1:
        yield LONGER_FAILURE[_stretch(levels)]
        if through_discs:
            yield DISC_TO_DISC
    if any(region(level) == "lumbar" for level in levels):
        yield LUMBAR_FAILS
    if irradiated is not False:
        yield IRRADIATED_FAILS if irradiated else IF_IRRADIATED
    yield MESH_FAILS
    yield from IMPLANTS
    yield FOLLOW_UP


def _stretch(levels: tuple[Level, ...]) -> str:
    """The words of RECO-9 for a stretch of several levels; a stretch over two regions is named by both."""
    regions = {region(level) for level in levels}
    if regions == {"lumbar"} or "sacral" in regions:
        return "lumbar"
    if "cervical" in regions:
        return "cervicothoracic"
    return "thoracolumbar" if "lumbar" in regions else "thoracic"


def _up(present: Iterable[Level] | None) -> Callable[[Level], Level | None]:
    known = tuple(present) if present is not None else ()
    return lambda level: next_cranial(level, known) or next_cranial(level)


def _down(present: Iterable[Level] | None) -> Callable[[Level], Level | None]:
    known = tuple(present) if present is not None else ()
    return lambda level: next_caudal(level, known) or next_caudal(level)


def _away(start: Level, count: int, step: Callable[[Level], Level | None]) -> Iterator[Level]:
    """`count` levels from `start` on, without it; fewer where the spine ends."""
    level: Level | None = start
    for _ in range(count):
        level = step(level) if level is not None else None
        if level is None:
            return
        yield level
