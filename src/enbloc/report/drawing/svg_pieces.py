"""Pieces that the charts share: a line of text, the hatching of what is undecided, a dashed cut."""

from __future__ import annotations

from html import escape

from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.report.drawing.palette import INK, PAPER, TUMOUR

SAID = {Verdict.MET: "involved", Verdict.UNMET: "free", Verdict.UNDECIDED: "undecided"}
"""How a chart calls each verdict."""


def text(x: float, y: float, words: str, size: int, weight: int = 400, colour: str = INK) -> str:
    """One line of words about `x`, escaped; `y` is its baseline, both in drawing units."""
    return _text(x, y, words, "middle", f'font-size="{size}" font-weight="{weight}" fill="{colour}"')


def text_from(x: float, y: float, words: str, size: int, weight: int = 400) -> str:
    """One line of words that begins at `x`, escaped; `y` is its baseline, both in drawing units."""
    return _text(x, y, words, "start", f'font-size="{size}" font-weight="{weight}" fill="{INK}"')


def _text(x: float, y: float, words: str, anchor: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {style} text-anchor="{anchor}">{escape(words)}</text>'


def hatching(name: str) -> str:
    """The pattern of what is undecided: stripes, so that it is told from involved and free without colour."""
    return (
        f'<defs><pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="{PAPER}"/><rect width="2.4" height="6" fill="{TUMOUR}"/></pattern></defs>'
    )


def cut_line(path: str) -> str:
    """A cut as a dashed line on a light ground, seen over any shade; `path` is SVG path data."""
    return (
        f'<path class="cut" d="{path}" stroke="{PAPER}" stroke-width="5.5"/>'
        f'<path d="{path}" stroke="{INK}" stroke-width="2.6" stroke-dasharray="7 4"/>'
    )
