"""The table [switches] of case.toml, and ``--switch``: what a surgeon changes after seeing a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import attrs

from enbloc.adapters.files.case.case_values import WrongValueError, number, term, word
from enbloc.errors import CallError
from enbloc.intake.switches import MovableCut, RingPart, Side, Stage, Switches, parse_switched

KEYS = ("cut", "spare", "ring", "move_mm", "order")
FAR_MM = 50.0
"""No cut is moved further than this; a longer way is a slip of the pen (ours)."""


def read_switches(table: object, wrongs: list[str]) -> Switches:
    """Switches as written; what is wrong is added to `wrongs`, with its path."""
    if not isinstance(table, Mapping):
        wrongs.append("switches: it must be a table, [switches]")
        return Switches()
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _READERS:
            wrongs.append(f"switches.{key}: there is no such switch; known: {', '.join(KEYS)}")
            continue
        try:
            found[key] = _READERS[key](value)
        except WrongValueError as wrong:
            wrongs.append(f"switches.{key}: {wrong}")
    return Switches(**found)


def parse_switches(texts: Iterable[str]) -> Switches:
    """Switches from the command line, each ``KEY=VALUE``: ``cut=nerve_root_L3_left``, ``move_mm.cranial=3``.

    Raises
    ------
    CallError
        Naming what is wrong.
    """
    table: dict[str, object] = {}
    for text in texts:
        key, _, value = text.partition("=")
        _add(table, key.strip(), value.strip())
    wrongs: list[str] = []
    switches = read_switches(table, wrongs)
    if wrongs:
        remedy = (
            "Write --switch cut=nerve_root_L3_left, spare=…, ring.left=lamina, move_mm.cranial=3 or "
            "order=anterior,posterior."
        )
        raise CallError("; ".join(wrongs), where="--switch", remedy=remedy)
    return switches


def joined(one: Switches, other: Switches) -> Switches:
    """Both together; the second stands over the first where they speak of the same."""
    spared, cut = set(other.spare), set(other.cut)
    return Switches(
        cut=(*(name for name in one.cut if name not in spared | cut), *other.cut),
        spare=(*(name for name in one.spare if name not in spared | cut), *other.spare),
        move_mm={**one.move_mm, **other.move_mm},
        order=other.order or one.order,
        ring={**one.ring, **other.ring},
    )


def switches_form(switches: Switches) -> dict[str, object]:
    """The switches that are set, as case.toml writes them."""
    plain = attrs.asdict(switches)
    return {key: list(value) if isinstance(value, tuple) else dict(value) for key, value in plain.items() if value}


def _add(table: dict[str, object], key: str, value: str) -> None:
    name, _, part = key.partition(".")
    if name in ("move_mm", "ring"):
        parts = table.setdefault(name, {})
        if isinstance(parts, dict):
            parts[part] = _as_number(value) if name == "move_mm" else value
        return
    listed = table.setdefault(name, [])
    if isinstance(listed, list):
        listed += value.split(",")


def _as_number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _structures(value: object) -> tuple[str, ...]:
    return tuple(term(parse_switched)(one) for one in _list(value))


def _order(value: object) -> tuple[str, ...]:
    stages = tuple(word(*get_args(Stage))(one) for one in _list(value))
    if len(set(stages)) != len(stages):
        raise WrongValueError("each stage once")
    return stages


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise WrongValueError('it must be a list, for example ["nerve root L3 left"]')
    return value


def _moves(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise WrongValueError("it must map cuts to mm, for example { cranial = 3.0 }")
    moves = {word(*get_args(MovableCut))(cut): number(mm) for cut, mm in value.items()}
    if any(abs(mm) > FAR_MM for mm in moves.values()):
        raise WrongValueError(f"no cut is moved by more than {FAR_MM:g} mm")
    return moves


def _ring(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise WrongValueError('it must map sides to parts, for example { left = "lamina" }')
    return {word(*get_args(Side))(side): word(*get_args(RingPart))(part) for side, part in value.items()}


_READERS: dict[str, Callable[[object], object]] = {
    "cut": _structures,
    "spare": _structures,
    "move_mm": _moves,
    "ring": _ring,
    "order": _order,
}
