"""Notes with their status, and the numbered list of the sources they lean on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from enbloc.foundation.evidence.bibliography import TO_BE_CONFIRMED, Source
from enbloc.foundation.evidence.reasons import Reason
from enbloc.report.document import Note, SourceLine, Weighed
from enbloc.report.phrases import sentence

UNCONFIRMED_NAME = "Possible name, not confirmed"
"""How a statement of status ``unverified/low`` begins: it is never shown as fact."""

Citations = Mapping[str, Source]
"""The bibliography by key."""


def make_note(reason: Reason, citations: Citations) -> Note:
    """A reason as a note; what is of low confidence is said to be so."""
    text = sentence(reason.says)
    if reason.status == "unverified/low":
        text = f"{UNCONFIRMED_NAME}: {text}"
    return Note(text, reason.status, reason.cites, tidy_rule(reason.rule), is_source_open(reason.cites, citations))


def tidy_rule(rule: str) -> str:
    """The ids of rules, each once."""
    return ", ".join(dict.fromkeys(part.strip() for part in rule.split(",")))


def is_source_open(cites: tuple[str, ...], citations: Citations) -> bool:
    """True when there are sources and the identity of none is confirmed: they support nothing."""
    return bool(cites) and not any(_is_confirmed(key, citations) for key in cites)


def note_reasons(reasons: Iterable[Reason], citations: Citations) -> tuple[Note, ...]:
    """Reasons as notes; those of low confidence come last, in their own order."""
    notes = [make_note(reason, citations) for reason in reasons]
    return tuple(sorted(notes, key=lambda note: note.status == "unverified/low"))


def number_sources(shown: Iterable[object], citations: Citations) -> tuple[SourceLine, ...]:
    """The sources of everything shown, numbered in the order in which they are met."""
    keys = tuple(dict.fromkeys(_cited(tuple(shown))))
    return tuple(_source_line(number, key, citations) for number, key in enumerate(keys, start=1))


def weighed(name: str, reasons: Iterable[Reason], citations: Citations) -> Weighed:
    """A way that is not the plan, with its reasons."""
    return Weighed(name, note_reasons(reasons, citations))


def _is_confirmed(key: str, citations: Citations) -> bool:
    return key in citations and citations[key].checked != "no"


def _source_line(number: int, key: str, citations: Citations) -> SourceLine:
    if not _is_confirmed(key, citations):
        return SourceLine(number, key, TO_BE_CONFIRMED, "no")
    source = citations[key]
    return SourceLine(number, key, source.text, source.checked, source.doi, source.pmid)


def _cited(value: object) -> Iterator[str]:
    if isinstance(value, Note):
        yield from value.cites
    elif isinstance(value, tuple):
        for item in value:
            yield from _cited(item)
    else:
        kind = type(value)
        for field in attrs.fields(kind) if attrs.has(kind) else ():
            yield from _cited(getattr(value, field.name))
