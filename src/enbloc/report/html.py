"""The report as one HTML file: no network, no font from outside; everything from outside is escaped.

Its one script is this package's own ``viewer.js``, allowed by its digest and by nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib import resources

import attrs
import cattrs
from jinja2 import BytecodeCache, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from enbloc.report.document import Document
from enbloc.report.drawing.pictures import Pictures
from enbloc.report.drawing.slices import OUTLINES
from enbloc.report.language import ENGLISH, Language


@attrs.frozen
class Badge:
    """How a status is shown: its word, the style class, and what it means."""

    word: str
    style: str
    meaning: str


BADGES: Mapping[str, Badge] = {
    "verified": Badge("verified", "firm", "read in the named source"),
    "verified (2nd)": Badge("verified (2nd)", "firm", "read in a secondary source"),
    "unverified/high": Badge("unverified, high", "soft", "general knowledge, high confidence"),
    "unverified/medium": Badge("unverified, medium", "soft", "general knowledge, medium confidence"),
    "unverified/low": Badge("possible name, not confirmed", "weak", "never a fact and never the reason for a cut"),
    "ours": Badge("ours", "own", "a default this program chose; a surgeon must confirm it"),
    "measured": Badge("measured", "seen", "measured on this patient's images"),
    "modelled": Badge("modelled", "own", "drawn from a model, because nothing was labelled"),
    "stated": Badge("stated", "seen", "stated by the user"),
}
"""Every status with its badge, in the order of the legend."""

SCENE_VIEWS: tuple[tuple[str, int, int], ...] = (
    ("front", 0, 0),
    ("back", 180, 0),
    ("left", 90, 0),
    ("right", -90, 0),
    ("above", 0, 89),
)
"""The viewer's buttons: name, degrees from the front towards the patient's left, degrees above."""

_ENGLISH_WORDS = re.compile(r"[a-z]{3,} [a-z]{2,}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def render_report(
    document: Document, pictures: Pictures, language: Language = ENGLISH, compiled: BytecodeCache | None = None
) -> str:
    """The whole report as one self-contained HTML page.

    Parameters
    ----------
    document : Document
    pictures : Pictures
        SVG elements made by this package; they are placed as they are.
    language : Language
        Of the page's own words; `document` and `pictures` are already in it.
    compiled : BytecodeCache, optional
        Where the compiled page is kept from one run to the next.

    Returns
    -------
    str
        The same bytes for the same document and pictures.
    """
    environment = Environment(
        loader=PackageLoader("enbloc.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=compiled,
    )
    environment.filters["as_is"] = Markup
    environment.filters["t"] = language.say
    environment.filters["said"] = _marked if language.code != "en" else escape
    script = resources.files(__package__).joinpath("viewer.js").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(
        doc=document,
        pictures=pictures,
        language=language,
        badges=BADGES,
        outlines=OUTLINES,
        scene_views=SCENE_VIEWS,
        model_json=_json_block(cattrs.unstructure(pictures.model)),
        stack_json=_json_block(
            [{"title": p.title, "svg": p.svg} for p in pictures.stack.slices] if pictures.stack is not None else []
        ),
        script=script,
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}",
        numbers={source.key: source.number for source in document.sources},
    )


def _json_block(value: object) -> str:
    """JSON that can stand inside a page: no tag can begin in it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _marked(text: str) -> Markup:
    """Words that the language's catalogue could not say stay English and are marked so, for readers and for voices."""
    foreign = _ENGLISH_WORDS.search(text) and not _CHINESE.search(text)
    return Markup('<span lang="en" class="foreign">{}</span>').format(text) if foreign else escape(text)
