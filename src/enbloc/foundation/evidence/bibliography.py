"""The sources: ``bibliography.bib`` beside this module, read once from the JSON that `bibtex` makes of it.

An entry whose identity nobody has confirmed (``x-checked = {no}``) is shown as *source to be confirmed*, and a
statement that rests on such entries alone counts as having no source.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

import attrs

Checked = Literal["yes", "partly", "no"]

TO_BE_CONFIRMED = "source to be confirmed"
"""What is printed in place of a source whose identity is not confirmed."""


@attrs.frozen
class Source:
    """One publication.

    Parameters
    ----------
    key : str
        Key in the bibliography.
    text : str
        The reference in one line, or `TO_BE_CONFIRMED`.
    checked : Checked
        How far the identity of the entry is confirmed.
    doi : str
        Empty when there is none.
    pmid : str
        Empty when there is none.
    """

    key: str
    text: str
    checked: Checked
    doi: str = ""
    pmid: str = ""


@cache
def read_bibliography() -> Mapping[str, Source]:
    """Every source by key, in the order of the file."""
    rows = json.loads(resources.files(__package__).joinpath("bibliography.json").read_text(encoding="utf-8"))
    return MappingProxyType({row["key"]: Source(**row) for row in rows})


def source(key: str) -> Source:
    """The source of a key.

    Raises
    ------
    KeyError
        If the bibliography has no such key.
    """
    return read_bibliography()[key]


def supports(keys: Iterable[str]) -> bool:
    """True when at least one of the sources has an identity that is confirmed, fully or partly."""
    return any(source(key).checked != "no" for key in keys)
