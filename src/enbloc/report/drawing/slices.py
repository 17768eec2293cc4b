"""Three slices through one place of the scene: pictures as SVG over an embedded PNG.

Slices follow the axes of the scene's grid, whose array grows to the patient's left, to posterior and to superior (a
few degrees off at most). They are shown as radiologists show them: the patient's left at image right in axial and
coronal slices, anterior at image left in sagittal ones. The drawing's unit is the millimetre, so that voxels of any
shape keep their aspect.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Literal

import attrs
import numpy as np
import skimage
from numpy.typing import NDArray

from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.structures import SPINAL_CORD
from enbloc.report.document import Picture
from enbloc.report.drawing.packing import png_uri
from enbloc.report.drawing.palette import CANAL, CUT, LUNG, SPECIMEN, TUMOUR, VESSEL
from enbloc.report.drawing.slice_greys import find_kind, grey_slice
from enbloc.report.phrases import number_words
from enbloc.resection.plans import Plan

Orientation = Literal["axial", "coronal", "sagittal"]
Box = tuple[int, int, int, int]
Pack = Callable[[NDArray[np.uint8]], str]

FIELD_MARGIN_MM = 25.0
"""Shown around tumour and specimen."""

LEAST_FIELD_MM = 100.0
"""Shown at least, so that vertebra and vessels are seen around a small tumour."""

_LETTER_MM = 2.45
"""Width of one letter of a cut's name, as drawn."""

_LETTERS: dict[Orientation, tuple[str, str, str, str]] = {
    "axial": ("R", "L", "A", "P"),
    "coronal": ("R", "L", "S", "I"),
    "sagittal": ("A", "P", "S", "I"),
}
_SIDES_SAID: dict[Orientation, str] = {
    "axial": "the patient's left is at image right, anterior at the top",
    "coronal": "the patient's left is at image right, superior at the top",
    "sagittal": "anterior is at image left, superior at the top",
}


@attrs.frozen
class Outline:
    """How the border of one group of structures is drawn, and its word in the legend."""

    name: str
    colour: str
    dash: str
    width: float


OUTLINES: tuple[Outline, ...] = (
    Outline("lung", LUNG, "1.2 1.2", 0.6),
    Outline("vessel", VESSEL, "", 0.8),
    Outline("cord", CANAL, "1 1", 0.6),
    Outline("canal", CANAL, "", 0.8),
    Outline("specimen", SPECIMEN, "3 1.4", 1.1),
    Outline("tumour", TUMOUR, "", 1.1),
)
"""In the order of drawing: the tumour last, over everything."""


@attrs.frozen(eq=False)
class View:
    """One slice seen on screen.

    `axis` is cut at index `at`; `across` and `down` are the array axes along image columns and rows; `flip` turns the
    rows over (superior at the top); `box` is the shown part: first and last column, first and last row of the slice
    before turning over. `pack` makes the grey picture a data URI.
    """

    orientation: Orientation
    axis: int
    at: int
    across: int
    down: int
    flip: bool
    box: Box
    spacing_mm: tuple[float, float]
    pack: Pack = png_uri

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height of what is shown."""
        left, right, top, bottom = self.box
        return (right - left + 1) * self.spacing_mm[0], (bottom - top + 1) * self.spacing_mm[1]


_AXES: dict[Orientation, tuple[int, int, int, bool]] = {
    "axial": (2, 0, 1, False),
    "coronal": (1, 0, 2, True),
    "sagittal": (0, 1, 2, True),
}


def draw_slices(
    scene: Scene, plan: Plan | None, through_mm: Floats, place: str, *, marked: bool = False
) -> tuple[Picture, ...]:
    """Axial, sagittal and coronal slice through one place.

    Parameters
    ----------
    scene : Scene
    plan : Plan or None
        Its specimen and cuts are drawn over the anatomy.
    through_mm : (3,) float, LPS
    place : str
        What lies there, in words: ``"the tumour's centre"``.
    marked : bool
        Whether a ring marks the place.

    Returns
    -------
    tuple of Picture
    """
    index = np.rint(scene.grid.to_index(np.asarray(through_mm, dtype=np.float64)[None])[0]).astype(int)
    index = np.clip(index, 0, np.array(scene.grid.shape) - 1)
    shown = scene.tumour if plan is None or plan.geometry is None else scene.tumour | plan.geometry.specimen
    masks = masks_of(scene, plan)
    orientations: tuple[Orientation, ...] = ("axial", "sagittal", "coronal")
    views = (view_of(scene, shown, o, index) for o in orientations)
    ring = index[None].astype(np.float64) if marked else None
    titled = ((view, f"{view.orientation.capitalize()} slice through {place}") for view in views)
    return tuple(
        draw_view(scene, plan, view, masks, title, "" if ring is None else _ring(ring, view)) for view, title in titled
    )


def find_tumour_centre(scene: Scene) -> Floats:
    """LPS place of the tumour voxel nearest to the tumour's centre of mass, mm; (3,) float."""
    voxels = voxels_of(scene.tumour)
    points = scene.grid.to_patient(voxels)
    nearest = int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))
    centre: Floats = points[nearest]
    return centre


def view_of(scene: Scene, shown: Bools, orientation: Orientation, index: NDArray[np.int_]) -> View:
    """The slice through a voxel, wide enough to hold what is `shown`."""
    axis, across, down, flip = _AXES[orientation]
    spacing = scene.grid.spacing_mm
    left, right = _reach(shown, across, float(spacing[across]))
    top, bottom = _reach(shown, down, float(spacing[down]))
    box = (left, right, top, bottom)
    return View(orientation, axis, int(index[axis]), across, down, flip, box, (spacing[across], spacing[down]))


def _reach(shown: Bools, axis: int, spacing_mm: float) -> tuple[int, int]:
    others = tuple(n for n in range(3) if n != axis)
    taken = np.flatnonzero(shown.any(axis=others))
    last = shown.shape[axis] - 1
    if taken.size == 0:
        return 0, last
    length_mm = (int(taken[-1]) - int(taken[0])) * spacing_mm
    extra = int(np.ceil(max(FIELD_MARGIN_MM, (LEAST_FIELD_MM - length_mm) / 2) / spacing_mm))
    return max(0, int(taken[0]) - extra), min(last, int(taken[-1]) + extra)


def masks_of(scene: Scene, plan: Plan | None) -> dict[str, Bools]:
    """What the slices outline, by the names of `OUTLINES`."""
    masks = {
        "lung": np.isin(scene.structures.values, find_kind(scene, "lung")),
        "vessel": np.isin(scene.structures.values, find_kind(scene, "vessel")),
        "cord": scene.structures.mask(SPINAL_CORD),
        "canal": scene.canal,
        "tumour": scene.tumour,
    }
    if plan is not None and plan.geometry is not None:
        masks["specimen"] = plan.geometry.specimen
    return masks


def take_slice(values: Bools, view: View) -> Bools:
    """The shown part of a slice as a picture: rows downwards, columns to the right."""
    left, right, top, bottom = view.box
    plane: Bools = np.take(values, view.at, axis=view.axis)
    plane = plane.T[top : bottom + 1, left : right + 1]
    return plane[::-1] if view.flip else plane


def to_picture(points_index: Floats, view: View) -> Floats:
    """Voxel indices (n, 3) to drawing millimetres (n, 2): right and down from the picture's upper left corner."""
    left, _, top, bottom = view.box
    across = points_index[:, view.across] - left + 0.5
    down = points_index[:, view.down] - top + 0.5
    if view.flip:
        down = bottom - top + 1 - down
    drawn: Floats = np.stack([across * view.spacing_mm[0], down * view.spacing_mm[1]], axis=1)
    return drawn


def draw_view(
    scene: Scene, plan: Plan | None, view: View, masks: dict[str, Bools], title: str, ring: str = ""
) -> Picture:
    """One slice with its outlines and cuts; `ring` is drawn over it."""
    width, height = view.size_mm
    outlines = "".join(_outline(take_slice(masks[o.name], view), o, view) for o in OUTLINES if o.name in masks)
    cuts, cut_ids = _cut_lines(scene, plan, view)
    letters = "".join(_letter(letter, n, width, height) for n, letter in enumerate(_LETTERS[view.orientation]))
    seen = [o.name for o in OUTLINES if o.name in masks and take_slice(masks[o.name], view).any()]
    alt = f"{title}; {_SIDES_SAID[view.orientation]}. Outlined: {', '.join(reversed(seen)) or 'nothing'}."
    alt += f" Cuts: {', '.join(cut_ids)}." if cut_ids else ""
    svg = (
        f'<svg class="slice" viewBox="0 0 {width:.2f} {height:.2f}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="system-ui, sans-serif"><title>{escape(title)}</title><desc>{escape(alt)}</desc>'
        f'<image href="{view.pack(_greys(scene, view))}" x="0" y="0" width="{width:.2f}" '
        f'height="{height:.2f}" preserveAspectRatio="none"/>{outlines}{ring}{cuts}{letters}'
        f"{_scale_bar(width, height)}</svg>"
    )
    ringed = " The ring marks the place." if ring else ""
    return Picture(title, f"{title}: {_SIDES_SAID[view.orientation]}.{ringed}", alt, svg, tuple(seen))


def _greys(scene: Scene, view: View) -> NDArray[np.uint8]:
    """The shown part of the grey picture: rows downwards, columns to the right."""
    left, right, top, bottom = view.box
    part = grey_slice(scene, view.axis, view.at).T[top : bottom + 1, left : right + 1]
    shown: NDArray[np.uint8] = part[::-1] if view.flip else part
    return shown


def _outline(mask: Bools, outline: Outline, view: View) -> str:
    """The border of a mask; skimage's coordinates are the voxels' centres, so the padded rim counts one voxel."""
    across, down = view.spacing_mm
    rings = skimage.measure.find_contours(np.pad(mask.astype(np.float64), 1), 0.5)
    paths = (
        "M" + "L".join(f"{(column - 0.5) * across:.1f} {(row - 0.5) * down:.1f}" for row, column in ring) + "Z"
        for ring in rings
    )
    drawn = "".join(paths)
    dash = f' stroke-dasharray="{outline.dash}"' if outline.dash else ""
    if not drawn:
        return ""
    return (
        f'<path class="{outline.name}" d="{drawn}" fill="none" stroke="{outline.colour}" '
        f'stroke-width="{outline.width}"{dash}/>'
    )


def cross_polygon(corners: Floats, height: Floats) -> Floats | None:
    """Where a convex polygon crosses a plane.

    Parameters
    ----------
    corners : (n, 3) float, any frame
    height : (n,) float
        Signed distance of each corner from the plane.

    Returns
    -------
    (2, 3) float or None
        The ends of the crossing in the frame of `corners`; None where the polygon lies on one side.
    """
    ends = []
    for n in range(len(corners)):
        m = (n + 1) % len(corners)
        if (height[n] <= 0) != (height[m] <= 0):
            share = height[n] / (height[n] - height[m])
            ends.append(corners[n] + share * (corners[m] - corners[n]))
    if len(ends) != 2:
        return None
    crossing: Floats = np.stack(ends)
    return crossing


def _cut_lines(scene: Scene, plan: Plan | None, view: View) -> tuple[str, list[str]]:
    lines, words, ids = [], [], []
    width, height = view.size_mm
    taken = [_Label(x - 4.0, x + 4.0, y) for x, y in _letter_places(width, height)]
    for cut in plan.cuts if plan is not None else ():
        corners = scene.grid.to_index(cut.face_mm)
        crossing = cross_polygon(corners, corners[:, view.axis] - view.at)
        if crossing is None:
            continue
        (x1, y1), (x2, y2) = to_picture(crossing, view)
        path = f'd="M{x1:.2f} {y1:.2f}L{x2:.2f} {y2:.2f}"'
        lines.append(f'<path {path} stroke="#000" stroke-width="1.7" stroke-linecap="round"/>')
        lines.append(f'<path class="cut" {path} stroke="{CUT}" stroke-width="0.9" stroke-linecap="round"/>')
        label = _free_place(((x1, y1), (x2, y2)), len(cut.id), taken, view)
        taken.append(label)
        words.append(_label(label, cut.id))
        ids.append(cut.id)
    return "".join(lines) + "".join(words), ids


@attrs.frozen
class _Label:
    """Where words stand: left and right end, and baseline."""

    left: float
    right: float
    y: float

    def meets(self, other: _Label) -> bool:
        """True when the two would be drawn over each other."""
        return abs(self.y - other.y) < 4.8 and self.left < other.right and other.left < self.right


def _free_place(
    ends: tuple[tuple[float, float], tuple[float, float]], letters_n: int, taken: list[_Label], view: View
) -> _Label:
    """A place for a cut's name: outwards from an end of its line, else over or under that end, clear of other names."""
    width, height = view.size_mm
    long = _LETTER_MM * letters_n
    near, far = sorted(ends, key=lambda end: (end[0] - width / 2) ** 2 + (end[1] - height / 2) ** 2)
    places = [_outwards(far, width, long), _off_end(far, near, width, long), _outwards(near, width, long)]
    inside = [p for p in places if p.left >= 2.0 and p.right <= width - 2.0 and 5.0 <= p.y <= height - 9.0]
    free = [p for p in inside if not any(p.meets(other) for other in taken)]
    label = (free or inside or places[1:])[0]
    label = attrs.evolve(label, y=min(max(label.y, 5.0), height - 9.0))
    while any(label.meets(other) for other in taken) and label.y < height - 9.0:
        label = attrs.evolve(label, y=label.y + 2.4)
    return label


def _outwards(end: tuple[float, float], width: float, long: float) -> _Label:
    """Beside an end, on the side away from the middle of the picture."""
    left = end[0] + 1.8 if end[0] > width / 2 else end[0] - 1.8 - long
    return _Label(left, left + long, end[1] + 1.4)


def _off_end(end: tuple[float, float], other: tuple[float, float], width: float, long: float) -> _Label:
    """Over or under an end, on the side away from the line, moved inside the picture."""
    left = min(max(end[0] - long / 2, 2.0), width - 2.0 - long)
    return _Label(left, left + long, end[1] + 5.2 if end[1] > other[1] else end[1] - 1.8)


def _label(label: _Label, words: str) -> str:
    return (
        f'<text x="{label.left:.2f}" y="{label.y:.2f}" font-size="4.2" font-weight="600" fill="{CUT}" stroke="#000" '
        f'stroke-width="0.9" stroke-linejoin="round" paint-order="stroke">{escape(words)}</text>'
    )


def _ring(index: Floats, view: View) -> str:
    x, y = to_picture(index, view)[0]
    circle = f'<circle cx="{x:.2f}" cy="{y:.2f}" r="3.2" fill="none"'
    return f'{circle} stroke="#000" stroke-width="1.5"/>{circle} class="place" stroke="#fff" stroke-width="0.8"/>'


def _letter_places(width: float, height: float) -> tuple[tuple[float, float], ...]:
    return (5.0, height / 2 + 2.5), (width - 5.0, height / 2 + 2.5), (width / 2, 8.0), (width / 2, height - 3.5)


def _letter(letter: str, n: int, width: float, height: float) -> str:
    x, y = _letter_places(width, height)[n]
    return (
        f'<text class="side" x="{x:.2f}" y="{y:.2f}" font-size="7" font-weight="700" fill="#fff" stroke="#000" '
        f'stroke-width="1.2" paint-order="stroke" text-anchor="middle">{letter}</text>'
    )


def _scale_bar(width: float, height: float) -> str:
    length = 20 if width > 60 else 10
    x, y = 4.0, height - 4.5
    above, below = f"{y - 1.2:.2f}", f"{y + 1.2:.2f}"
    ticks = f"M{x:g} {above}V{below}M{x:g} {y:.2f}H{x + length:g}M{x + length:g} {above}V{below}"
    return (
        f'<path d="{ticks}" stroke="#000" stroke-width="1.6" fill="none"/>'
        f'<path class="scale" d="{ticks}" stroke="#fff" stroke-width="0.7" fill="none"/>'
        f'<text x="{x:g}" y="{y - 2.2:.2f}" font-size="4" fill="#fff" stroke="#000" stroke-width="0.9" '
        f'paint-order="stroke">{number_words(length, 0)} mm</text>'
    )
