"""`enbloc terms`: the controlled lists of words."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping

from enbloc.adapters.files.schemes.catalogue import SCHEMES
from enbloc.classification.overruling import VALUED
from enbloc.classification.systems.tables import FINDINGS
from enbloc.errors import CallError
from enbloc.foundation.terms.histology import HISTOLOGIES
from enbloc.foundation.terms.levels import LEVELS, TRANSITIONAL, region
from enbloc.foundation.terms.structures import STRUCTURES
from enbloc.foundation.terms.surgery import SURGERY

Entry = dict[str, object]
"""A word with what is said about it; `word` and `says` are always there."""


def _histologies() -> Iterator[Entry]:
    for entry in HISTOLOGIES.values():
        also = f"; also {', '.join(entry.synonyms)}" if entry.synonyms else ""
        says = f"{entry.kind.replace('_', ' ')}, {' or '.join(entry.grades)}{also}"
        yield {"word": entry.word, "says": says, "kind": entry.kind, "grades": list(entry.grades)}


def _structures() -> Iterator[Entry]:
    for structure in STRUCTURES.values():
        yield {"word": structure.id, "says": f"{structure.name} ({structure.kind})", "kind": structure.kind}


def _levels() -> Iterator[Entry]:
    for level in LEVELS:
        rare = ", in some patients only" if level in TRANSITIONAL else ""
        yield {"word": level, "says": f"{region(level)}{rare}"}


def _surgery() -> Iterator[Entry]:
    for kind, entries in SURGERY.items():
        for term in entries:
            yield {"word": term.word, "says": f"{kind}: {term.says}", "kind": kind}


def _schemes() -> Iterator[Entry]:
    for scheme in SCHEMES.values():
        yield {"word": scheme.id, "says": scheme.says}


def _findings() -> Iterator[Entry]:
    for name, asked in FINDINGS.items():
        value = f"; may be stated as a number ({VALUED[name].unit})" if name in VALUED else ""
        read = ", ".join(asked.systems) or "others are derived from it"
        yield {"word": name, "says": f"{asked.question} ({read}{value})", "systems": list(asked.systems)}


LISTS: Mapping[str, Callable[[], Iterable[Entry]]] = {
    "histology": _histologies,
    "structures": _structures,
    "levels": _levels,
    "surgery": _surgery,
    "schemes": _schemes,
    "findings": _findings,
}
"""Every list by its name."""


def terms_form(kind: str | None) -> Entry:
    """The list as JSON; without `kind`, the names of the lists.

    Raises
    ------
    CallError
        If there is no such list.
    """
    if kind is None:
        return {"kinds": list(LISTS)}
    return {"kind": kind, "terms": list(_find(kind))}


def terms_lines(kind: str | None) -> Iterator[tuple[str, str]]:
    """The list as text."""
    if kind is None:
        yield from (("", f"{name}") for name in LISTS)
        return
    entries = list(_find(kind))
    width = max(len(str(entry["word"])) for entry in entries)
    yield from (("", f"{entry['word']:<{width}}  {entry['says']}") for entry in entries)


def _find(kind: str) -> Iterable[Entry]:
    if kind not in LISTS:
        near = difflib.get_close_matches(kind, LISTS, n=1)
        meant = f"Did you mean '{near[0]}'? " if near else ""
        raise CallError(f"there is no list '{kind}'", where="enbloc terms", remedy=f"{meant}Lists: {', '.join(LISTS)}.")
    return LISTS[kind]()
