"""The margin map of a cut as a picture: its face laid flat, coloured by the distance to tumour.

Four bands that differ in lightness too, so that they hold without colour: nearer than 2, 5 and 10 mm, and further. The
words at the edges say what lies there in the patient; places that no specimen ends on stay empty.
"""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.scene import Scene
from enbloc.report.document import Picture
from enbloc.report.drawing.packing import png_uri
from enbloc.report.drawing.palette import INK, QUIET
from enbloc.resection.plans import Plan
from enbloc.resection.specimen.margin_maps import LIMITS_MM, MarginMap, measure_margin_map

_BANDS: tuple[tuple[int, int, int], ...] = ((125, 30, 10), (213, 94, 0), (240, 190, 110), (222, 235, 240))
"""Nearer than 2, 5, 10 mm and further: from dark to light."""

_OFF = (255, 255, 255)
_LONGEST = 190.0
_LEFT, _TOP = 46.0, 34.0
_LEAST_WIDTH = 250.0
_MOST_SCALE = 2.5
_MARK_MM = 10.0


def draw_margin_maps(scene: Scene, plan: Plan) -> tuple[Picture, ...]:
    """One picture per cut of a plan with geometry, in the order of its cuts."""
    if plan.geometry is None:
        return ()
    return tuple(draw_margin_map(measure_margin_map(scene, plan.geometry, cut)) for cut in plan.cuts)


def draw_margin_map(found: MarginMap) -> Picture:
    """One face laid flat: the first axis runs to the right, the second upwards."""
    rows, columns = found.on_face.shape[1], found.on_face.shape[0]
    scale = min(_LONGEST / max(rows, columns), _MOST_SCALE)
    width, height = columns * scale, rows * scale
    whole_w, whole_h = max(_LEFT + width + 46.0, _LEAST_WIDTH), _TOP + height + 74.0
    title = f"Margin map: {found.cut} cut"
    alt = f"{title}. {_areas(found)}"
    mark = _MARK_MM / found.step_mm * scale
    foot = _TOP + height
    face = f'width="{width:.1f}" height="{height:.1f}" href="{png_uri(_pixels(found))}"'
    svg = (
        f'<svg class="wbb" viewBox="0 0 {whole_w:.0f} {whole_h:.0f}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="system-ui, sans-serif" font-size="10" fill="{INK}"><title>{escape(title)}</title>'
        f"<desc>{escape(alt)}</desc>"
        f'<text x="{_LEFT:.1f}" y="14" font-weight="600" font-size="12">{escape(found.cut)} cut</text>'
        f'<image x="{_LEFT:.1f}" y="{_TOP:.1f}" {face} style="image-rendering:pixelated"/>'
        f"{_edges(found, width, height)}"
        f'<path d="M{_LEFT:.1f} {foot + 22:.1f}h{mark:.1f}" stroke="{INK}" stroke-width="2"/>'
        f'<text x="{_LEFT + mark + 5:.1f}" y="{foot + 26:.1f}">{_MARK_MM:g} mm</text>{_legend(foot + 40)}</svg>'
    )
    return Picture(title, _areas(found), alt, svg)


def _pixels(found: MarginMap) -> NDArray[np.uint8]:
    """RGB (rows from the far end of the second axis, columns, 3)."""
    band = np.searchsorted(LIMITS_MM, found.nearest_mm, side="right")
    colours = np.array(_BANDS, dtype=np.uint8)[band]
    colours[~found.on_face] = _OFF
    return np.ascontiguousarray(colours.transpose(1, 0, 2)[::-1])


def _edges(found: MarginMap, width: float, height: float) -> str:
    """What lies at the four edges."""
    middle = _LEFT + width / 2
    places = (
        (found.across_words[0], _LEFT - 4, _TOP + height / 2, "end"),
        (found.across_words[1], _LEFT + width + 4, _TOP + height / 2, "start"),
        (found.along_words[1], middle, _TOP - 6, "middle"),
        (found.along_words[0], middle, _TOP + height + 11, "middle"),
    )
    return "".join(
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{QUIET}">{word}</text>'
        for word, x, y, anchor in places
    )


def _legend(top: float) -> str:
    names = (*(f"&lt; {limit:g}" for limit in LIMITS_MM), f"≥ {LIMITS_MM[-1]:g} mm")
    return "".join(
        f'<rect x="{_LEFT + 44 * n:.1f}" y="{top:.1f}" width="10" height="10" fill="rgb{colour}" stroke="{QUIET}" '
        f'stroke-width="0.5"/><text x="{_LEFT + 44 * n + 13:.1f}" y="{top + 9:.1f}">{name}</text>'
        for n, (name, colour) in enumerate(zip(names, _BANDS, strict=True))
    )


def _areas(found: MarginMap) -> str:
    """How much of the face lies near tumour, in square centimetres."""
    near = [
        f"{found.within_mm2[limit].value / 100.0:.1f} cm² nearer than {limit:g} mm"
        for limit in sorted(LIMITS_MM, reverse=True)
    ]
    return f"Of {found.area_mm2.value / 100.0:.1f} cm² lie {near[0]}, {near[1]} and {near[2]} to tumour."
