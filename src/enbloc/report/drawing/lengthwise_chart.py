"""The longitudinal chart beside the WBB clock: which levels the tumour holds, how far it reaches, where the cuts are.

The levels stand one over the other as seen from the side; with images their boxes are the vertebral bodies between
their endplates, true to scale along the axis of the first involved level. Beside each stand its layers.
"""

from __future__ import annotations

from html import escape

import attrs
import numpy as np

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import LAYERS, Extent, LevelExtent, involved_levels
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.terms.levels import LEVELS, Level, sort_levels
from enbloc.report.document import Picture
from enbloc.report.drawing.palette import INK, PAPER, QUIET, RULE, TUMOUR
from enbloc.report.drawing.svg_pieces import SAID, cut_line, hatching, text, text_from
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Plan

_WIDTH, _HEIGHT = 250, 400
_TOP, _BOTTOM = 34, 330
_BOX = (44.0, 84.0)
_BAR = 106.0
_FIRST_LAYER = 128.0
_LAYER_WIDTH = 18.0
_END_CUT = 0.7
_HATCH = "hatch-lengthwise"


@attrs.frozen
class _Span:
    """Upper and lower end along the spine, in millimetres or, without images, in levels; larger is cranial."""

    upper: float
    lower: float


@attrs.frozen(eq=False)
class _Chart:
    levels: dict[Level, _Span]
    tumour: _Span | None
    cuts: tuple[tuple[str, float], ...]

    def y(self, height: float) -> float:
        """Where a height is drawn."""
        top = max(span.upper for span in self.levels.values())
        bottom = min(span.lower for span in self.levels.values())
        return _TOP + (top - height) / (top - bottom) * (_BOTTOM - _TOP)


def draw_lengthwise(scene: Scene | None, extent: Extent, plan: Plan | None) -> Picture | None:
    """The chart, or None where no level was examined."""
    if not extent.levels:
        return None
    chart = _measured(scene, extent, plan) if scene is not None else None
    chart = chart or _schematic(extent)
    title = "Longitudinal chart"
    alt = f"{title}. {_described(extent)} Cranial is at the top."
    rows = "".join(_row(level, span, extent.levels.get(level), chart) for level, span in chart.levels.items())
    cuts = "".join(_cut(name, chart.y(at)) for name, at in chart.cuts)
    svg = (
        f'<svg class="wbb" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="system-ui, sans-serif" fill="{INK}"><title>{title}</title><desc>{escape(alt)}</desc>'
        f"{hatching(_HATCH)}{_head()}{rows}{_bar(chart)}{cuts}{_legend()}</svg>"
    )
    words = "Bodies between their endplates, to scale" if chart.tumour is not None else "Levels as typed, not to scale"
    return Picture(title, f"{words}; beside each level its layers.", alt, svg)


def _measured(scene: Scene, extent: Extent, plan: Plan | None) -> _Chart | None:
    """Heights along the cranial axis of the first involved level whose body was measured."""
    known = {level: v for level, v in scene.vertebrae.items() if v.body_height_mm > 0.0}
    held = [level for level in (*involved_levels(extent), *extent.levels) if level in known]
    if not held or not scene.tumour.any():
        return None
    home = known[held[0]].frame
    spans = {}
    for level in sort_levels(known):
        vertebra = known[level]
        ends = [
            float((vertebra.frame.origin_mm + end * vertebra.frame.cranial - home.origin_mm) @ home.cranial)
            for end in (vertebra.endplate_cranial_mm, vertebra.endplate_caudal_mm)
        ]
        spans[level] = _Span(max(ends), min(ends))
    near = _beside(tuple(spans), tuple(level for level in held if level in extent.levels))
    heights = (scene.grid.to_patient(voxels_of(scene.tumour)) - home.origin_mm) @ home.cranial
    cuts = tuple(
        (cut.id, float((cut.origin_mm - home.origin_mm) @ home.cranial))
        for cut in (plan.cuts if plan is not None else ())
        if _is_end(cut, home.cranial)
    )
    return _Chart({level: spans[level] for level in near}, _Span(float(heights.max()), float(heights.min())), cuts)


def _is_end(cut: Cut, cranial: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    return abs(float(np.dot(cut.normal, cranial))) > _END_CUT


def _beside(present: tuple[Level, ...], held: tuple[Level, ...]) -> tuple[Level, ...]:
    """The held levels with one neighbour on either side, of those present in cranio-caudal order."""
    places = [present.index(level) for level in held if level in present]
    return present[max(0, min(places) - 1) : max(places) + 2]


def _schematic(extent: Extent) -> _Chart:
    """Levels of one height each, with their neighbours."""
    places = [LEVELS.index(level) for level in extent.levels]
    near = LEVELS[max(0, min(places) - 1) : max(places) + 2]
    return _Chart({level: _Span(-n + 0.0, -n - 0.8) for n, level in enumerate(near)}, None, ())


def _head() -> str:
    layers = "".join(
        text(_FIRST_LAYER + (n + 0.5) * _LAYER_WIDTH, 24, layer, 12, 700) for n, layer in enumerate(LAYERS)
    )
    return text(_BOX[0] + 20, 16, "cranial", 11, colour=QUIET) + layers


def _row(level: Level, span: _Span, found: LevelExtent | None, chart: _Chart) -> str:
    y, lower = chart.y(span.upper), chart.y(span.lower)
    verdict = Verdict.UNMET if found is None else any_of(found.sectors.values())
    middle = (y + lower) / 2
    body = (
        f'<rect class="level" data-level="{escape(level)}" data-verdict="{SAID[verdict]}" x="{_BOX[0]}" y="{y:.1f}" '
        f'width="{_BOX[1] - _BOX[0]}" height="{lower - y:.1f}" rx="3" fill="{PAPER}" stroke="{INK}" '
        f'stroke-width="{2.4 if verdict is Verdict.MET else 1}"/>{text(22, middle + 5, level, 15, 700)}'
    )
    if found is None:
        names = [chart.y(at) for _, at in chart.cuts]
        free = (y for y in (middle, middle - 16, middle + 16) if all(abs(y - other) > 13 for other in names))
        return body + text(_FIRST_LAYER + 54, next(free, middle) + 4, "not examined", 10, colour=QUIET)
    cells = "".join(
        f'<rect class="layer" data-level="{escape(level)}" data-layer="{layer}" '
        f'data-verdict="{SAID[found.layers[layer]]}" x="{_FIRST_LAYER + n * _LAYER_WIDTH:.1f}" y="{middle - 9:.1f}" '
        f'width="{_LAYER_WIDTH}" height="18" {_fill(found.layers[layer])} stroke="{RULE}"/>'
        for n, layer in enumerate(LAYERS)
    )
    return body + cells


def _fill(verdict: Verdict) -> str:
    if verdict is Verdict.UNDECIDED:
        return f'fill="url(#{_HATCH})"'
    return f'fill="{TUMOUR}" fill-opacity="0.8"' if verdict is Verdict.MET else f'fill="{PAPER}"'


def _bar(chart: _Chart) -> str:
    if chart.tumour is None:
        return ""
    y, lower = chart.y(chart.tumour.upper), chart.y(chart.tumour.lower)
    return (
        f'<rect class="reach" x="{_BAR - 5:.1f}" y="{y:.1f}" width="10" height="{lower - y:.1f}" fill="{TUMOUR}"/>'
        f'<path d="M{_BOX[0]} {y:.1f}H{_BAR + 8:.1f}M{_BOX[0]} {lower:.1f}H{_BAR + 8:.1f}" stroke="{TUMOUR}" '
        'stroke-width="1" stroke-dasharray="2 2"/>'
    )


def _cut(name: str, y: float) -> str:
    words = text_from(_FIRST_LAYER - 6, y + 4, name, 11, 600)
    line = cut_line(f"M{_BOX[0] - 6} {y:.1f}H{_BAR + 12:.1f}")
    return f'{line}<g stroke="{PAPER}" stroke-width="3" paint-order="stroke">{words}</g>'


def _legend() -> str:
    y = _BOTTOM + 26
    reach = f'<rect x="10" y="{y - 9}" width="10" height="10" fill="{TUMOUR}"/>'
    cut = f'<path d="M10 {y + 14}H22" stroke="{INK}" stroke-width="2.4" stroke-dasharray="7 3"/>'
    words = text_from(28, y, "reach of the tumour; involved", 11) + text_from(28, y + 18, "cut", 11)
    hatched = f'<rect x="100" y="{y + 9}" width="10" height="10" fill="url(#{_HATCH})" stroke="{QUIET}"/>'
    return f"{reach}{cut}{words}{hatched}{text_from(116, y + 18, 'undecided', 11)}"


def _described(extent: Extent) -> str:
    words = []
    for level, found in extent.levels.items():
        held = [layer for layer in LAYERS if found.layers[layer] is Verdict.MET]
        doubtful = [layer for layer in LAYERS if found.layers[layer] is Verdict.UNDECIDED]
        said = [f"layers {', '.join(held)} involved"] if held else []
        said += [f"layers {', '.join(doubtful)} undecided"] if doubtful else []
        words.append(f"{level}: {', '.join(said) or 'free'}.")
    return " ".join(words)
