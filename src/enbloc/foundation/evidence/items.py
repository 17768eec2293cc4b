"""The evidence items: claims with their figures, size, population, source and status, from ``evidence.yaml``.

They are read once, from the JSON that is made of the YAML with the documentation: it loads ten times as fast.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, cast

import attrs

from enbloc.foundation.evidence.reasons import Reason, Status

Figure = str | int | float | list[Any] | dict[str, Any]


@attrs.frozen
class EvidenceItem:
    """One claim from the literature.

    Parameters
    ----------
    id : str
        Such as ``"OUT-01"``.
    topic : str
    claim : str
    numbers : mapping of name to figure
        As printed; the name says what and in which unit.
    n : int or None
        Patients, or what else was counted; None when it was not read.
    population : str
    cites : tuple of str
        Keys of the bibliography.
    status : Status
    confidence : str
    note : str
        What a reader must know before using the figures.
    """

    id: str
    topic: str
    claim: str
    numbers: Mapping[str, Figure]
    n: int | None
    population: str
    cites: tuple[str, ...]
    status: Status
    confidence: str
    note: str


@cache
def read_items() -> Mapping[str, EvidenceItem]:
    """Every evidence item by id, in the order of the file."""
    rows: list[dict[str, Any]] = json.loads(
        resources.files(__package__).joinpath("evidence.json").read_text(encoding="utf-8")
    )
    return MappingProxyType({row["id"]: _item(row) for row in rows})


def item(item_id: str) -> EvidenceItem:
    """The evidence item of an id.

    Raises
    ------
    KeyError
        If there is no such item.
    """
    return read_items()[item_id]


def reason_from(item_id: str, sentence: str) -> Reason:
    """A sentence filled with the figures of one evidence item, carrying its status and sources.

    Parameters
    ----------
    item_id : str
    sentence : str
        A format string over the item's `numbers` by name, and over ``n`` and ``population``.

    Raises
    ------
    KeyError
        If there is no such item, or the sentence names a figure that the item does not have.
    """
    known = item(item_id)
    says = sentence.format_map({**known.numbers, "n": known.n, "population": known.population})
    return Reason(says, known.status, known.cites, item_id)


def _item(row: Mapping[str, Any]) -> EvidenceItem:
    return EvidenceItem(
        id=row["id"],
        topic=row["topic"],
        claim=row["claim"],
        numbers=MappingProxyType(dict(row["numbers"])),
        n=row["n"],
        population=row["population"],
        cites=tuple(row["source"]),
        status=_status(row["status"], row["confidence"]),
        confidence=row["confidence"],
        note=row["note"],
    )


def _status(status: str, confidence: str) -> Status:
    """The item's status; ``unverified`` carries its confidence, as in the rule tables."""
    return cast(Status, f"unverified/{confidence}" if status == "unverified" else status)
