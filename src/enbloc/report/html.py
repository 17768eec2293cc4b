"""The report as one HTML file: no script, no network, no font from outside; everything from outside is escaped."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

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


def render_report(document: Document, pictures: Pictures, language: Language = ENGLISH) -> str:
    """The whole report as one self-contained HTML page.

    Parameters
    ----------
    document : Document
    pictures : Pictures
        SVG elements made by this package; they are placed as they are.
    language : Language
        Of the page's own words; `document` and `pictures` are already in it.

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
    )
    environment.filters["svg"] = Markup
    environment.filters["t"] = language.say
    return environment.get_template("report.html.j2").render(
        doc=document,
        language=language,
        pictures=pictures,
        badges=BADGES,
        outlines=OUTLINES,
        numbers={source.key: source.number for source in document.sources},
    )
