"""Vertebral levels from C1 to the coccyx, with the transitional ones (T13, L6).

A level is a short string such as ``"L3"``; `LEVELS` gives the cranio-caudal order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from enbloc.errors import TermError

Level = str

LEVELS: tuple[Level, ...] = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 14)),
    *(f"L{n}" for n in range(1, 7)),
    *(f"S{n}" for n in range(1, 6)),
)
"""Every level in cranio-caudal order; T13 and L6 are present in some patients only."""

TRANSITIONAL: frozenset[Level] = frozenset({"T13", "L6"})
"""Levels that most patients do not have."""

FIRST_LEVEL_BELOW_CONUS: Level = "L2"
"""From here on the canal holds roots and no cord in most adults (ESCC-7, ours)."""

_ORDER = {level: n for n, level in enumerate(LEVELS)}


def parse_level(text: str) -> Level:
    """Read a level as people write it (``"l3"``, ``"L03"``, ``"Th8"``, ``"D8"``).

    Raises
    ------
    TermError
        If the text names no level.
    """
    match = re.fullmatch(r"\s*(C|TH|T|D|L|S)\s*0*(\d{1,2})\s*", text.upper())
    if match:
        letter = {"TH": "T", "D": "T"}.get(match[1], match[1])
        level = f"{letter}{match[2]}"
        if level in _ORDER:
            return level
    raise TermError(f"'{text}' is not a vertebral level", remedy="Use C1-C7, T1-T12 (T13), L1-L5 (L6) or S1-S5.")


def order(level: Level) -> int:
    """Rank of a level, counted from C1 = 0 downwards."""
    return _ORDER[level]


def sort_levels(levels: Iterable[Level]) -> tuple[Level, ...]:
    """Levels in cranio-caudal order, each once."""
    return tuple(sorted(set(levels), key=order))


def next_caudal(level: Level, present: Iterable[Level] | None = None) -> Level | None:
    """The level below, or None at the end.

    Without `present`, transitional levels are passed over unless `level` is one.
    """
    return _next(level, present, +1)


def next_cranial(level: Level, present: Iterable[Level] | None = None) -> Level | None:
    """The level above, or None at the end; see `next_caudal`."""
    return _next(level, present, -1)


def _next(level: Level, present: Iterable[Level] | None, step: int) -> Level | None:
    allowed = set(present) if present is not None else set(LEVELS) - TRANSITIONAL
    n = order(level) + step
    while 0 <= n < len(LEVELS):
        if LEVELS[n] in allowed:
            return LEVELS[n]
        n += step
    return None


def are_contiguous(levels: Iterable[Level]) -> bool:
    """True when no ordinary level lies between the first and the last that is not in `levels`."""
    ranked = sort_levels(levels)
    if len(ranked) < 2:
        return True
    between = LEVELS[order(ranked[0]) : order(ranked[-1]) + 1]
    return all(level in ranked or level in TRANSITIONAL for level in between)


def region(level: Level) -> str:
    """``"cervical"``, ``"thoracic"``, ``"lumbar"`` or ``"sacral"``."""
    return {"C": "cervical", "T": "thoracic", "L": "lumbar", "S": "sacral"}[level[0]]
