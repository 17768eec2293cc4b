"""The BibTeX file as sources: run when the documentation is made, because parsing it takes longer than a typed case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from typing import cast

import attrs
from pybtex.database import Entry, Person
from pybtex.database.input import bibtex
from pybtex.richtext import Text

from enbloc.foundation.evidence.bibliography import TO_BE_CONFIRMED, Checked, Source

_PLACES = ("journal", "booktitle", "publisher", "howpublished", "archiveprefix")


def parse_bibliography() -> Mapping[str, Source]:
    """Every source of ``bibliography.bib`` by key, in the order of the file."""
    text = resources.files(__package__).joinpath("bibliography.bib").read_text(encoding="utf-8")
    entries: Mapping[str, Entry] = bibtex.Parser().parse_string(text).entries
    return {key: _source(key, entry) for key, entry in entries.items()}


def bibliography_rows() -> list[dict[str, str]]:
    """The content of ``bibliography.json``: what is empty is left out."""
    rows = (attrs.asdict(source) for source in parse_bibliography().values())
    return [{name: value for name, value in row.items() if value} for row in rows]


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
