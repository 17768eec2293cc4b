"""The report as pages: what the typesetter reads. The pages themselves are laid out in ``report.typ``."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any, Literal

import attrs
import cattrs

from enbloc.report.document import Document
from enbloc.report.drawing.pictures import Pictures
from enbloc.report.html import BADGES
from enbloc.report.language import Language

Paper = Literal["a4", "letter"]
PAPERS: dict[Paper, str] = {"a4": "a4", "letter": "us-letter"}
"""Paper sizes by the typesetter's names."""

_SAID = re.compile(r'\bt\("([^"]+)"\)')


def template() -> str:
    """The layout of the pages."""
    return resources.files(__package__).joinpath("report.typ").read_text(encoding="utf-8")


def phrases(source: str) -> tuple[str, ...]:
    """Every phrase that a template says by itself, as ``t("…")``."""
    return tuple(dict.fromkeys(_SAID.findall(source)))


def print_data(document: Document, pictures: Pictures, language: Language, paper: Paper) -> str:
    """What the layout reads, as JSON text; `document` and `pictures` are already in the language."""
    words = dict.fromkeys((*phrases(template()), *_CODE_WORDS, *BADGES))
    words |= dict.fromkeys(word for badge in BADGES.values() for word in (badge.word, badge.meaning))
    content: dict[str, Any] = {
        "document": cattrs.unstructure(document),
        "pictures": {
            group: [cattrs.unstructure(picture) for picture in getattr(pictures, group)]
            for group in ("charts", "lengthwise", "centre", "least", "scene", "maps")
        },
        "numbers": {source.key: source.number for source in document.sources},
        "badges": {status: attrs.asdict(badge) for status, badge in BADGES.items()},
        "words": {word: language.say(word) for word in words},
        "language": language.code,
        "paper": PAPERS[paper],
    }
    return json.dumps(content, ensure_ascii=False)


_CODE_WORDS = (
    *("wide", "marginal", "intralesional", "cannot be said"),
    *("met", "unmet", "undecided"),
    *("stop", "doubt", "note"),
)
"""Codes of the document that the pages show as words."""
