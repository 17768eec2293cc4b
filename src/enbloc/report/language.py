"""The languages of the report.

A document is composed once, in English. Another language is the same document with every sentence said in it: numbers,
codes, levels and names of files stay as they are, because only words are exchanged. What the catalogue cannot say yet
stays English, and the page marks it as English.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html import escape, unescape
from typing import Literal, TypeVar, cast

import attrs

from enbloc.report.catalogue import Catalogue, read_messages
from enbloc.report.document import (
    ClassificationLine,
    Document,
    Headline,
    MarginLine,
    Note,
    Picture,
    PlanPage,
    ProblemLine,
    SourceLine,
)
from enbloc.report.drawing.scene_pictures import ModelPart

Code = Literal["en", "zh"]
Value = TypeVar("Value")


@attrs.frozen(eq=False)
class Language:
    """One language: its code, its BCP 47 tag, and how an English phrase is said in it."""

    code: Code
    tag: str
    say: Callable[[str], str]


ENGLISH = Language("en", "en-GB", lambda words: words)


@cache
def chinese() -> Language:
    """Simplified Chinese, from its catalogue."""
    return Language("zh", "zh-Hans", Catalogue(read_messages("zh.po")).say)


LANGUAGES: dict[Code, Callable[[], Language]] = {"en": lambda: ENGLISH, "zh": chinese}
"""Every language by its code; a catalogue is read when its language is asked for."""

_KEPT: dict[type, frozenset[str]] = {
    Note: frozenset({"status", "cites", "rule"}),
    ClassificationLine: frozenset({"system", "certainty"}),
    MarginLine: frozenset({"where", "barrier_status", "enneking"}),
    PlanPage: frozenset({"id"}),
    ProblemLine: frozenset({"grade", "where"}),
    SourceLine: frozenset({"key", "text", "checked", "doi", "pmid"}),
    Headline: frozenset({"answer"}),
    Document: frozenset({"case_id", "inputs"}),
    Picture: frozenset({"outlined"}),
    ModelPart: frozenset({"colour", "points", "faces"}),
}
"""Fields that hold codes, names of files or references: the same in every language."""

_TEXT_NODE = re.compile(r">([^<>]*[A-Za-z][^<>]*)<")


def in_language(value: Value, language: Language) -> Value:
    """A document, or any part of it, with its words said in a language."""
    return value if language is ENGLISH else cast(Value, _said(value, language.say))


def _said(value: object, say: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return say(value)
    if isinstance(value, tuple):
        return tuple(_said(item, say) for item in value)
    kind = type(value)
    if not attrs.has(kind):
        return value
    kept = _KEPT.get(kind, frozenset())
    fields = [field.name for field in attrs.fields(kind) if field.name not in kept]
    words = {name: getattr(value, name) for name in (field.name for field in attrs.fields(kind))}
    words |= {name: _said(words[name], say) for name in fields if name != "svg"}
    if isinstance(value, Picture):
        words["svg"] = _drawing(value.svg, say)
    return kind(**words)


def _drawing(svg: str, say: Callable[[str], str]) -> str:
    """The words inside a drawing: its text nodes, and nothing else."""
    return _TEXT_NODE.sub(lambda found: f">{escape(say(unescape(found[1])))}<", svg)
