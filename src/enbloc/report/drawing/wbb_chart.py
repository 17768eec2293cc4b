"""The WBB chart of one level as SVG: the clock of twelve sectors with its layers as rings.

The chart is seen as a standard axial CT, from below: the patient's left is at image right, the spinous process at the
bottom. Sector 1 is the left half of the spinous process and the numbers run counter-clockwise from there (Spine
Oncology Study Group; the original numbering is ``13 - s``). Rings from outside to inside: A, B, C, D, E. Layer F, the
vertebral artery canal, exists in the cervical spine only and is drawn as a small circle on either side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from enbloc.classification.extent import LAYERS, LEFT_PEDICLE, RIGHT_PEDICLE, SECTORS, LevelExtent, cell_verdict
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.terms.levels import Level, region
from enbloc.report.drawing.palette import INK, PAPER, QUIET, RULE, TUMOUR
from enbloc.report.drawing.svg_pieces import SAID, cut_line, hatching, text, text_from
from enbloc.report.phrases import number_words

RINGS: Mapping[str, tuple[float, float]] = {
    "A": (118.0, 146.0),
    "B": (86.0, 118.0),
    "C": (54.0, 86.0),
    "D": (28.0, 54.0),
    "E": (0.0, 28.0),
}
"""Inner and outer radius of each layer's ring, in units of the drawing."""

_WIDTH, _HEIGHT = 440, 432
_CENTRE = (220.0, 196.0)
_NUMBER_RADIUS = 159.0
_ARTERY_DEG: Mapping[str, tuple[float, tuple[int, ...]]] = {
    "left": (97.0, (1, 2, 3, 4, 5, 6)),
    "right": (263.0, (7, 8, 9, 10, 11, 12)),
}
_LEAST_SHADE, _MOST_SHADE = 0.3, 0.85
_LINE_HEIGHT = 17
_BOLD = 'stroke-width="2.2"'


def draw_wbb(level: Level, extent: LevelExtent, cut_angles_deg: Mapping[str, Sequence[float]] | None = None) -> str:
    """The chart of one level.

    Parameters
    ----------
    level : str
    extent : LevelExtent
        Pairs that were not measured (typed extent) are shown by `cell_verdict`: undecided ones hatched.
    cut_angles_deg : mapping of cut id to angles, degrees
        From the dorsal midline towards the patient's left, where each cut crosses the ring of bone.

    Returns
    -------
    str
        One ``<svg>`` element with title and description.
    """
    hatch = f"hatch-{''.join(c for c in level if c.isalnum())}"
    layers = [k for k in LAYERS if k in RINGS]
    cells = "".join(_cell(extent, s, k, hatch) for k in layers for s in SECTORS)
    arteries = "".join(_artery(extent, side, hatch) for side in _ARTERY_DEG) if region(level) == "cervical" else ""
    name = escape(level)
    cuts = cut_angles_deg or {}
    height = _HEIGHT + _LINE_HEIGHT * len(cuts)
    return (
        f'<svg class="wbb" viewBox="0 0 {_WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="system-ui, sans-serif" fill="{INK}">'
        f"<title>WBB chart of {name}, SOSG numbering</title><desc>{escape(describe_wbb(level, extent))}</desc>"
        f"{hatching(hatch)}{cells}{_spokes()}{_percentages(extent)}{arteries}{_numbers(extent)}{_letters(extent)}{_sides(level)}"
        f"{''.join(_cut(n, *cut) for n, cut in enumerate(cuts.items(), start=1))}{_legend(hatch)}</svg>"
    )


def describe_wbb(level: Level, extent: LevelExtent) -> str:
    """The chart in words, for those who do not see it."""
    found = [
        f"sector {s} {'/'.join(k for k in LAYERS if cell_verdict(extent, s, k) is verdict)} {SAID[verdict]}"
        for s in SECTORS
        for verdict in (Verdict.MET, Verdict.UNDECIDED)
        if any(cell_verdict(extent, s, k) is verdict for k in LAYERS)
    ]
    side = "Seen from below: the patient's left is at image right, the spinous process at the bottom."
    return f"{level}. {side} {'; '.join(found) if found else 'Every sector is free'}."


def place_on_clock(angle_deg: float, radius: float) -> tuple[float, float]:
    """Drawing coordinates (x to the right, y downwards) of an angle from the dorsal midline to the patient's left."""
    angle = math.radians(angle_deg)
    return _CENTRE[0] + radius * math.sin(angle), _CENTRE[1] + radius * math.cos(angle)


def _xy(angle_deg: float, radius: float) -> str:
    x, y = place_on_clock(angle_deg, radius)
    return f"{x:.1f} {y:.1f}"


def _wedge(sector: int, inner: float, outer: float) -> str:
    start, end = 30.0 * (sector - 1), 30.0 * sector
    if inner == 0:
        return f"M{_xy(0, 0)}L{_xy(start, outer)}A{outer:g} {outer:g} 0 0 0 {_xy(end, outer)}Z"
    return (
        f"M{_xy(start, inner)}L{_xy(start, outer)}A{outer:g} {outer:g} 0 0 0 {_xy(end, outer)}"
        f"L{_xy(end, inner)}A{inner:g} {inner:g} 0 0 1 {_xy(start, inner)}Z"
    )


def _fraction(extent: LevelExtent, sector: int, layer: str) -> float | None:
    cell = extent.cells.get((sector, layer))
    return cell.fraction.value if cell is not None and isinstance(cell.fraction, Estimate) else None


def _fill(extent: LevelExtent, sector: int, layer: str, hatch: str) -> str:
    verdict = cell_verdict(extent, sector, layer)
    if verdict is not Verdict.MET:
        return f'fill="{PAPER}"' if verdict is Verdict.UNMET else f'fill="url(#{hatch})"'
    fraction = _fraction(extent, sector, layer)
    shade = 0.8 if fraction is None else _LEAST_SHADE + (_MOST_SHADE - _LEAST_SHADE) * min(max(fraction, 0.0), 1.0)
    return f'fill="{TUMOUR}" fill-opacity="{shade:.2f}"'


def _cell(extent: LevelExtent, sector: int, layer: str, hatch: str) -> str:
    verdict = SAID[cell_verdict(extent, sector, layer)]
    return (
        f'<path class="cell" data-sector="{sector}" data-layer="{layer}" data-verdict="{verdict}" '
        f'd="{_wedge(sector, *RINGS[layer])}" {_fill(extent, sector, layer, hatch)} stroke="{RULE}" '
        f'stroke-width="0.8"><title>Sector {sector}, layer {layer}: {verdict}</title></path>'
    )


def _spokes() -> str:
    bone = "".join(
        f'<circle cx="{_CENTRE[0]:g}" cy="{_CENTRE[1]:g}" r="{r:g}" fill="none" stroke="{INK}" stroke-width="1.3"/>'
        for r in (RINGS["B"][1], RINGS["D"][1])
    )
    return f'{bone}<path d="M{_xy(0, 0)}L{_xy(0, RINGS["A"][1])}" stroke="{QUIET}" stroke-dasharray="1 3"/>'


def _percentages(extent: LevelExtent) -> str:
    shown = []
    for layer in ("B", "C"):
        for sector in SECTORS:
            fraction = _fraction(extent, sector, layer)
            if fraction is None or cell_verdict(extent, sector, layer) is not Verdict.MET:
                continue
            beside_letters = {1: 4.0, 12: -4.0}.get(sector, 0.0)
            x, y = place_on_clock(30.0 * sector - 15.0 + beside_letters, sum(RINGS[layer]) / 2)
            shown.append(text(x, y + 3.5, f"{number_words(100 * fraction, 0)}%", 10, weight=600))
    return "".join(shown)


def _artery(extent: LevelExtent, side: str, hatch: str) -> str:
    angle, sectors = _ARTERY_DEG[side]
    verdict = any_of(cell_verdict(extent, s, "F") for s in sectors)
    fill = {Verdict.MET: TUMOUR, Verdict.UNMET: PAPER, Verdict.UNDECIDED: f"url(#{hatch})"}[verdict]
    x, y = place_on_clock(angle, RINGS["B"][1])
    return (
        f'<circle class="artery" data-side="{side}" data-verdict="{SAID[verdict]}" cx="{x:.1f}" cy="{y:.1f}" r="9" '
        f'fill="{fill}" stroke="{INK}" stroke-width="1.3"><title>Vertebral artery canal, {side}: {SAID[verdict]}'
        f"</title></circle>{text(x, y + 4, 'F', 11, weight=700)}"
    )


def _numbers(extent: LevelExtent) -> str:
    numbers = []
    for sector in SECTORS:
        x, y = place_on_clock(30.0 * sector - 15.0, _NUMBER_RADIUS)
        if extent.sectors[sector] is Verdict.MET:
            numbers.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="11" fill="{PAPER}" stroke="{TUMOUR}" {_BOLD}/>')
        numbers.append(text(x, y + 5, str(sector), 14, weight=600))
        if sector in (LEFT_PEDICLE, RIGHT_PEDICLE):
            numbers.append(text(x + math.copysign(21, x - _CENTRE[0]), y + 5, "P", 14, weight=600))
    return "".join(numbers)


def _letters(extent: LevelExtent) -> str:
    """The layers' names down the dorsal midline; a layer that is involved is ringed."""
    letters = []
    for layer, (inner, outer) in RINGS.items():
        x, y = place_on_clock(0.0, (inner + outer) / 2 + (2 if layer == "E" else 0))
        edge = f'stroke="{TUMOUR}" {_BOLD}' if extent.layers[layer] is Verdict.MET else f'stroke="{RULE}"'
        letters.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8" fill="{PAPER}" {edge}/>')
        letters.append(text(x, y + 4, layer, 11, weight=700))
    return "".join(letters)


def _sides(level: Level) -> str:
    x, y = _CENTRE
    return (
        text(28, y + 2, "R", 30, weight=700)
        + text(30, y + 20, "patient's", 11)
        + text(30, y + 33, "right", 11)
        + text(_WIDTH - 28, y + 2, "L", 30, weight=700)
        + text(_WIDTH - 30, y + 20, "patient's", 11)
        + text(_WIDTH - 30, y + 33, "left", 11)
        + text(x, 20, "anterior · body", 12, colour=QUIET)
        + text(x, _HEIGHT - 54, "posterior · spinous process", 12, colour=QUIET)
        + text_from(12, 24, level, 20, weight=700)
    )


def _cut(number: int, cut_id: str, angles_deg: Sequence[float]) -> str:
    words = text_from(12, _HEIGHT - 7 + _LINE_HEIGHT * number, f"cut {number}: {cut_id}", 12, 600)
    return "".join(_cut_mark(number, angle) for angle in angles_deg) + words


def _cut_mark(number: int, angle_deg: float) -> str:
    line = f"M{_xy(angle_deg, RINGS['D'][1] - 4)}L{_xy(angle_deg, RINGS['A'][0] + 8)}"
    x, y = place_on_clock(angle_deg, sum(RINGS["A"]) / 2)
    disc = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{INK}"/>'
    return f"{cut_line(line)}{disc}{text(x, y + 4, str(number), 12, 700, PAPER)}"


def _legend(hatch: str) -> str:
    swatches = (
        (12, f'fill="{TUMOUR}"', "involved (% of cell)"),
        (158, f'fill="url(#{hatch})"', "undecided"),
        (248, f'fill="{PAPER}"', "free"),
    )
    y = _HEIGHT - 38
    boxes = "".join(
        f'<rect x="{x}" y="{y}" width="13" height="13" {fill} stroke="{QUIET}"/>{text_from(x + 18, y + 11, words, 12)}'
        for x, fill, words in swatches
    )
    return (
        f"{boxes}{text_from(310, y + 11, 'P pedicle', 12)}"
        f"{text_from(12, _HEIGHT - 7, 'SOSG numbering; original = 13 − s. Ringed: involved.', 12)}"
    )
