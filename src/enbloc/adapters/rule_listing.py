"""`enbloc rules`: the rule tables that the program runs, each row with its status and sources."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from enbloc.classification.systems.definitions import DEFINITIONS
from enbloc.classification.systems.tables import SCORES
from enbloc.errors import CallError
from enbloc.foundation.evidence.rules import Answers, RuleTable
from enbloc.foundation.evidence.scores import Band
from enbloc.strategy.rules_page import TABLES

Form = dict[str, object]


def rules_form(system: str | None) -> Form:
    """The tables of a system, or of one part of it (``"sins/pain"``), as JSON; without `system`, the names of all.

    Raises
    ------
    CallError
        If there is no such system.
    """
    if system is None:
        return {"systems": list(_systems()), "tables": {name: table.title for name, table in TABLES.items()}}
    bands = [_band(band) for band in SCORES[system].bands] if system in SCORES else []
    tables = [_table(name, table) for name, table in _find(system)]
    return {"system": system, "tables": [*tables, *_definitions(system)], "bands": bands}


def rules_lines(system: str | None) -> Iterator[tuple[str, str]]:
    """The same as text."""
    if system is None:
        width = max(len(name) for name in TABLES)
        yield from (("", f"{name:<{width}}  {table.title}") for name, table in TABLES.items())
        alone = [name for name in DEFINITIONS if not any(key.split("/")[0] == name for key in TABLES)]
        yield from (("", f"{name:<{width}}  definitions") for name in alone)
        return
    for name, table in _find(system):
        yield "bold", f"{table.title}  ({name})"
        for criterion in table.criteria:
            yield "dim", f"  {criterion.id}: {criterion.question}"
        for row in table.rows:
            yield "", f"  {row.category}: {_when(row.when)}"
            yield "", f"      {row.says}  [{_basis(row.status, row.cites)}]"
        for combination in table.impossible:
            yield "dim", f"  cannot be: {_when(combination.when)} ({combination.why})"
        yield "", ""
    if system in SCORES:
        yield "bold", f"{SCORES[system].title}, bands"
        for band in SCORES[system].bands:
            yield "", f"  {band.low}-{band.high}  {band.category}: {band.says}  [{_basis(band.status, band.cites)}]"

    for place, reason in enumerate(DEFINITIONS.get(system, ())):
        if place == 0:
            yield "bold", f"Definitions of {system.replace('_', ' ')}"
        yield "", f"  {reason.rule}: {reason.says}  [{_basis(reason.status, reason.cites)}]"


def _systems() -> Iterator[str]:
    yield from dict.fromkeys((*(name.split("/")[0] for name in TABLES), *DEFINITIONS))


def _definitions(system: str) -> list[Form]:
    """The definitions of a system as a table whose rows ask nothing; none where it has none."""
    rows = [
        {
            "category": one.rule,
            "when": {},
            "says": one.says,
            "status": one.status,
            "cites": list(one.cites),
            "rule": one.rule,
        }
        for one in DEFINITIONS.get(system, ())
    ]
    title = f"Definitions of {system.replace('_', ' ')}"
    table: Form = {"name": f"{system}/definitions", "title": title, "criteria": [], "rows": rows, "impossible": []}
    return [table] if rows else []


def _find(system: str) -> list[tuple[str, RuleTable]]:
    found = [(name, table) for name, table in TABLES.items() if name == system or name.startswith(f"{system}/")]
    if not found and system not in DEFINITIONS:
        near = difflib.get_close_matches(system, (*_systems(), *TABLES), n=2)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        raise CallError(
            f"there is no rule table '{system}'",
            where="enbloc rules",
            remedy=f"{meant}Systems: {', '.join(_systems())}.",
        )
    return found


def _table(name: str, table: RuleTable) -> Form:
    return {
        "name": name,
        "title": table.title,
        "criteria": [{"id": c.id, "question": c.question, "settle": c.settle} for c in table.criteria],
        "rows": [
            {
                "category": row.category,
                "when": _answers(row.when),
                "says": row.says,
                "status": row.status,
                "cites": list(row.cites),
                "rule": row.rule,
            }
            for row in table.rows
        ],
        "impossible": [{"when": _answers(one.when), "why": one.why} for one in table.impossible],
    }


def _band(band: Band) -> Form:
    return {
        "category": band.category,
        "low": band.low,
        "high": band.high,
        "says": band.says,
        "status": band.status,
        "cites": list(band.cites),
        "rule": band.rule,
    }


def _answers(when: Answers) -> dict[str, str]:
    return {name: "yes" if answer else "no" for name, answer in when.items()}


def _when(when: Answers) -> str:
    return ", ".join(f"{name} {'YES' if answer else 'NO'}" for name, answer in when.items()) or "always"


def _basis(status: str, cites: tuple[str, ...]) -> str:
    return "; ".join((status, ", ".join(cites))) if cites else status
