"""The values of case.toml: each *reader* takes a TOML value and returns ours, or raises `WrongValueError`."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from typing import Any

from enbloc.adapters.files.schemes.catalogue import IGNORE
from enbloc.errors import TermError
from enbloc.foundation.terms.structures import parse_structure

Reader = Callable[[object], Any]
SECTOR_N = 12
LAYERS = "ABCDEF"
_UNKNOWN = "unknown"
_ID = re.compile(r"\w[\w .-]{0,63}")


class WrongValueError(ValueError):
    """One value of case.toml is wrong; the text says what, and what to write instead."""


def read_text(value: object) -> str:
    """Text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise WrongValueError(f"it must be text in quotes, not {value!r}")
    return value


def read_id(value: object) -> str:
    """A pseudonym that can also name a folder."""
    if not _ID.fullmatch(read_text(value)):
        raise WrongValueError(f"{value!r} will not do: up to 64 letters, digits, spaces, dots, dashes or underscores")
    return str(value)


def word(*words: str) -> Reader:
    """One of some words."""

    def read(value: object) -> str:
        if value not in words:
            near = difflib.get_close_matches(str(value), words, n=1)
            meant = f"; did you mean '{near[0]}'?" if near else ""
            raise WrongValueError(f"{value!r} is not one of {', '.join(words)}{meant}")
        return str(value)

    return read


def or_unknown(reader: Reader) -> Reader:
    """The same, or the word "unknown" for None."""

    def read(value: object) -> Any:
        return None if value == _UNKNOWN else reader(value)

    return read


def yes_no(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise WrongValueError(f'it must be true, false or "unknown", not {value!r}')
    return value


def number(value: object) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise WrongValueError(f'it must be a number or "unknown", not {value!r}')
    return float(value)


def whole(value: object) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValueError(f'it must be a whole number or "unknown", not {value!r}')
    return value


def term(parse: Callable[[str], str]) -> Reader:
    """A word of a controlled list."""

    def read(value: object) -> str:
        try:
            return parse(read_text(value))
        except TermError as error:
            raise WrongValueError(f"{error.says}. {error.remedy}") from error

    return read


def _structure_or_ignore(value: object) -> str:
    return IGNORE if value == IGNORE else str(term(parse_structure)(value))


def read_map(value: object) -> dict[int | str, str]:
    """Label numbers, or the names that a file gives its segments, to structures."""
    if not isinstance(value, dict) or not value or not all(key.strip() for key in value):
        raise WrongValueError('it must map label numbers or names to structures, for example { 1 = "tumour" }')
    return {int(key) if key.isdecimal() else key: _structure_or_ignore(word) for key, word in value.items()}


def read_sectors(value: object) -> frozenset[int]:
    """Sectors as people write them: ``"4-8"``, ``"10-3"`` (round past 12), ``"1,4-6"``, ``[4, 5]`` or ``4``.

    Raises
    ------
    WrongValueError
        If it names no sectors from 1 to 12.
    """
    parts = value if isinstance(value, list) else str(value).split(",") if isinstance(value, int | str) else ()
    found: set[int] = set()
    for part in parts:
        match = re.fullmatch(r"\s*(\d{1,2})\s*(?:[-–]\s*(\d{1,2})\s*)?", str(part))
        if match is None or isinstance(part, bool):
            raise WrongValueError(f'{value!r} names no sectors; write "4-8", "10-3" or [4, 5]')
        first, last = int(match[1]), int(match[2] or match[1])
        if not (1 <= first <= SECTOR_N and 1 <= last <= SECTOR_N):
            raise WrongValueError(f"{value!r} leaves the sectors 1 to {SECTOR_N}")
        found |= {(first - 1 + step) % SECTOR_N + 1 for step in range((last - first) % SECTOR_N + 1)}
    if not found:
        raise WrongValueError(f'{value!r} names no sectors; write "4-8", "10-3" or [4, 5]')
    return frozenset(found)


def read_layers(value: object) -> frozenset[str]:
    """Layers as people write them: ``"BC"``, ``"B-D"``, ``"B, C"`` or ``["B", "C"]``.

    Raises
    ------
    WrongValueError
        If it names anything but the layers A to F.
    """
    text = "".join(map(str, value)) if isinstance(value, list) else value if isinstance(value, str) else ""
    text = re.sub(r"[\s,]", "", text).upper()
    for first, last in re.findall(r"([A-F])[-–]([A-F])", text):
        span = LAYERS[LAYERS.index(first) : LAYERS.index(last) + 1]
        text = re.sub(f"{first}[-–]{last}", span or "?", text)
    if not text or set(text) - set(LAYERS):
        raise WrongValueError(f'{value!r} names no layers; write letters from A to F, for example "BC"')
    return frozenset(text)


def read_levels(value: object) -> dict[str, object]:
    """One table per level."""
    if not isinstance(value, dict):
        raise WrongValueError("it must hold one table for each level, [extent.levels.L3]")
    return value
