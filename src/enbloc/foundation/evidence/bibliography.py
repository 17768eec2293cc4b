"""The sources: one BibTeX file beside this module, read once.

An entry whose identity nobody has confirmed (``x-checked = {no}``) is shown as *source to be confirmed*, and a
statement that rests on such entries alone counts as having no source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal, cast

import attrs
from pybtex.database import Entry, Person
from pybtex.database.input import bibtex
from pybtex.richtext import Text

Checked = Literal["yes", "partly", "no"]

TO_BE_CONFIRMED = "source to be confirmed"
"""What is printed in place of a source whose identity is not confirmed."""

_PLACES = ("journal", "booktitle", "publisher", "howpublished", "archiveprefix")


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
    text = resources.files(__package__).joinpath("bibliography.bib").read_text(encoding="utf-8")
    entries: Mapping[str, Entry] = bibtex.Parser().parse_string(text).entries
    return MappingProxyType({key: _source(key, entry) for key, entry in entries.items()})


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


def _source(key: str, entry: Entry) -> Source:
    checked = cast(Checked, entry.fields.get("x-checked", "no"))
    text = TO_BE_CONFIRMED if checked == "no" else _one_line(entry)
    return Source(key, text, checked, entry.fields.get("doi", ""), entry.fields.get("pmid", ""))


def _one_line(entry: Entry) -> str:
    fields = entry.fields
    place = next((fields[name] for name in _PLACES if name in fields), "")
    volume = fields.get("volume", "") + (f"({fields['number']})" if "number" in fields else "")
    numbers = ":".join(part for part in (volume, fields.get("pages", "").replace("--", "-")) if part)
    when = ";".join(part for part in (fields.get("year", ""), numbers) if part)
    printed = " ".join(part for part in (place, when) if part)
    parts = (_authors(entry.persons.get("author", ())), fields.get("title", ""), printed)
    return " ".join(_sentence(part) for part in parts if part)


def _authors(persons: Iterable[Person]) -> str:
    names = [_name(person) for person in persons]
    if len(names) > 3:
        names = [*names[:3], "et al"]
    return ", ".join(names).replace(", others", ", et al")


def _name(person: Person) -> str:
    initials = "".join(_plain(part)[0] for part in (*person.first_names, *person.middle_names))
    return " ".join(part for part in (*person.prelast_names, *person.last_names, initials) if part)


def _sentence(text: str) -> str:
    plain = _plain(text)
    return plain if plain.endswith((".", "?")) else f"{plain}."


def _plain(text: str) -> str:
    return str(Text.from_latex(text)) if "\\" in text else text.replace("{", "").replace("}", "")
