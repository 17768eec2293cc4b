"""The resection in three dimensions: two still pictures, and the model that the page turns."""

from __future__ import annotations

import base64
from html import escape

import attrs
import numpy as np

from enbloc.foundation.space.grids import Floats
from enbloc.report.document import Picture
from enbloc.report.drawing.packing import png_uri
from enbloc.report.drawing.palette import CUT, INK, PAPER
from enbloc.report.drawing.raster import Camera, look_from, render
from enbloc.report.drawing.surfaces import Scene3D, Surface
from enbloc.report.drawing.viewpoint import ABOVE_DEG, Viewpoint, choose_viewpoints
from enbloc.resection.plans import Plan

WIDTH, HEIGHT = 330, 300
"""Of a still picture, in its own units."""

_FINER = 2
_UNIT_MM = 0.01
_ROOM_MM = 30.0
_LEAST_FIELD_MM, _MOST_FIELD_MM = 90.0, 190.0
_LETTER, _LINE = 3.2, 12.0
_SEEN_SHARE = 0.7


@attrs.frozen
class ModelPart:
    """One mesh as the viewer reads it: points as int16 in hundredths of a millimetre from the centre.

    `points` and `faces` are base64 of little-endian arrays; LPS. Faces are uint16 where there are at most 65535 points.
    """

    name: str
    colour: str
    opacity: float
    points: str
    faces: str
    shown: bool
    leaves: bool


@attrs.frozen
class Model:
    """The scene as the viewer reads it.

    `path` holds 4 x 4 matrices row by row, about the scene's centre, mm; `from_deg` is where it is first seen from and
    `reach_mm` how far it is shown from the centre to the edge.
    """

    parts: tuple[ModelPart, ...]
    cuts: tuple[ModelPart, ...]
    path: tuple[tuple[float, ...], ...]
    from_deg: float
    reach_mm: float = 62.0


def draw_scene(scene3d: Scene3D, plan: Plan | None) -> tuple[Picture, ...]:
    """Two pictures: from the side that shows most of tumour and cuts, and from the other half of the room."""
    what = "Resection" if plan is not None and plan.geometry is not None else "Tumour"
    return tuple(_still(scene3d, f"{what} seen from {view.words}", view) for view in choose_viewpoints(scene3d))


def pack_model(scene3d: Scene3D) -> Model:
    """The model for the viewer, first seen as on the first picture."""
    view, _ = choose_viewpoints(scene3d)
    parts = tuple(_part(surface, scene3d.centre_mm) for surface in scene3d.surfaces)
    cuts = tuple(_part(surface, scene3d.centre_mm) for surface in scene3d.cuts)
    path = tuple(_about(pose, scene3d.centre_mm) for pose in scene3d.path)
    return Model(parts, cuts, path, view.from_deg, find_field_mm(scene3d) / 2.0)


def find_field_mm(scene3d: Scene3D) -> float:
    """How much a picture shows from edge to edge: what leaves and the cuts, with room around."""
    shown = [surface.points_mm for surface in (*scene3d.surfaces, *scene3d.cuts) if surface.leaves]
    points = np.concatenate([*shown, *(cut.points_mm for cut in scene3d.cuts)])
    reach_mm = float(np.abs(points - scene3d.centre_mm).max())
    return float(np.clip(2.0 * reach_mm + _ROOM_MM, _LEAST_FIELD_MM, _MOST_FIELD_MM))


def _still(scene3d: Scene3D, title: str, view: Viewpoint) -> Picture:
    right, up = look_from(view.from_deg, ABOVE_DEG)
    size = (WIDTH * _FINER, HEIGHT * _FINER)
    camera = Camera(right, up, scene3d.centre_mm, find_field_mm(scene3d) / HEIGHT / _FINER, *size)
    shown = tuple(surface for surface in scene3d.surfaces if surface.shown)
    pixels = render((*shown, *scene3d.cuts), camera).astype(np.float64)
    cover = pixels[:, :, 3:] / 255.0
    flat = np.rint(pixels[:, :, :3] * cover + 255.0 * (1.0 - cover)).astype(np.uint8)
    names = [surface.name for surface in shown] + [cut.name for cut in scene3d.cuts]
    alt = f"{title}. Shown: {', '.join(names)}."
    svg = (
        f'<svg class="scene" viewBox="0 0 {WIDTH} {HEIGHT + 34}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="system-ui, sans-serif" fill="{INK}"><title>{escape(title)}</title><desc>{escape(alt)}</desc>'
        f'<rect width="{WIDTH}" height="{HEIGHT + 34}" fill="{PAPER}"/>'
        f'<image href="{png_uri(flat)}" x="0" y="0" width="{WIDTH}" height="{HEIGHT}"/>'
        f"{_cut_outlines(scene3d.cuts, camera)}{_sides(camera)}{_axes(camera)}"
        f"{_legend(shown, bool(scene3d.cuts))}</svg>"
    )
    return Picture(title, f"{title}. Surfaces are smoothed for looking, not for measuring.", alt, svg)


def _cut_outlines(cuts: tuple[Surface, ...], camera: Camera) -> str:
    """The border of every cut's face, drawn through what hides it, and its name clear of the other names."""
    lines, words, taken = [], [], list[tuple[float, float, float]]()
    for cut in cuts:
        placed = _placed(cut.points_mm, camera)
        border = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed) + "Z"
        lines.append(f'<path d="{border}" fill="none" stroke="{INK}" stroke-width="1.6" stroke-linejoin="round"/>')
        lines.append(f'<path class="cut" d="{border}" fill="none" stroke="{CUT}" stroke-width="0.8"/>')
        reach = _LETTER * len(cut.name)
        x, y = placed[int(np.argmax(np.abs(placed[:, 0] - WIDTH / 2)))]
        x = float(np.clip(x, reach + 4, WIDTH - reach - 4))
        y = _free_height(float(np.clip(y, 30, HEIGHT - 10)), (x - reach, x + reach), taken)
        taken.append((x - reach, x + reach, y))
        words.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" font-weight="600" text-anchor="middle" stroke="{PAPER}" '
            f'stroke-width="2.6" stroke-linejoin="round" paint-order="stroke">{escape(cut.name)}</text>'
        )
    return "".join(lines) + "".join(words)


def _free_height(y: float, across: tuple[float, float], taken: list[tuple[float, float, float]]) -> float:
    """The height nearest to `y` at which words from left to right meet none of those that stand already."""
    beside = [at for left, right, at in taken if left < across[1] and across[0] < right]
    steps = (y + sign * _LINE * n for n in range(len(beside) + 1) for sign in (1, -1))
    inside = (at for at in steps if 30 <= at <= HEIGHT - 6)
    return next((at for at in inside if all(abs(at - other) >= _LINE for other in beside)), y)


def _placed(points_mm: Floats, camera: Camera) -> Floats:
    """Where points lie in the picture, its own units, (n, 2)."""
    from_centre = (points_mm - camera.centre_mm) / (camera.mm_per_pixel * _FINER)
    x = from_centre @ camera.right + WIDTH / 2
    y = HEIGHT / 2 - from_centre @ camera.up
    placed: Floats = np.stack([x, y], axis=1)
    return placed


def _axis_letters(camera: Camera) -> list[tuple[str, float, float]]:
    """The patient's axes that do not run towards the viewer: letter, and direction in the picture (right, down)."""
    axes = {"L": (1, 0, 0), "R": (-1, 0, 0), "A": (0, -1, 0), "P": (0, 1, 0), "S": (0, 0, 1)}
    found = [(k, float(np.dot(v, camera.right)), -float(np.dot(v, camera.up))) for k, v in axes.items()]
    return [one for one in found if abs(one[1]) > _SEEN_SHARE or one[0] == "S"]


def _sides(camera: Camera) -> str:
    """The sides of the patient at the picture's left and right edge, large."""
    return "".join(
        f'<text class="side" x="{WIDTH - 14 if x > 0 else 14}" y="20" font-size="18" font-weight="700" '
        f'text-anchor="middle" stroke="{PAPER}" stroke-width="3" paint-order="stroke">{letter}</text>'
        for letter, x, _ in sorted(_axis_letters(camera), key=lambda one: abs(one[1]))[-2:]
        if letter != "S"
    )


def _axes(camera: Camera) -> str:
    """The patient's axes as arms in the corner, those that run towards the viewer left out."""
    drawn = []
    for letter, across, down in _axis_letters(camera):
        if letter in "RP":
            continue
        x, y = 42 + 20 * across, HEIGHT - 32 + 20 * down
        tip_x, tip_y = 42 + (x - 42) * 1.5, HEIGHT - 32 + (y - HEIGHT + 32) * 1.5
        drawn.append(
            f'<path d="M42 {HEIGHT - 32}L{x:.1f} {y:.1f}" stroke="{INK}" stroke-width="2"/>'
            f'<text x="{tip_x:.1f}" y="{tip_y + 5:.1f}" font-size="14" font-weight="700" '
            f'text-anchor="middle" stroke="{PAPER}" stroke-width="2.5" paint-order="stroke">{letter}</text>'
        )
    return "".join(drawn)


def _legend(shown: tuple[Surface, ...], with_cuts: bool) -> str:
    named = [(s.name, s.colour) for s in shown] + ([("cut", CUT)] if with_cuts else [])
    places = [(8 + 108 * (n % 3), HEIGHT + 10 + 15 * (n // 3)) for n in range(len(named))]
    return "".join(
        f'<rect x="{x}" y="{y - 8}" width="10" height="10" fill="{colour}" stroke="{INK}" stroke-width="0.5"/>'
        f'<text x="{x + 14}" y="{y + 1}" font-size="11">{escape(name)}</text>'
        for (name, colour), (x, y) in zip(named, places, strict=True)
    )


def _part(surface: Surface, centre_mm: Floats) -> ModelPart:
    points = np.rint((surface.points_mm - centre_mm) / _UNIT_MM).clip(-32767, 32767).astype("<i2")
    kind = "<u2" if len(points) <= 65535 else "<u4"
    return ModelPart(
        surface.name,
        surface.colour,
        surface.opacity,
        base64.b64encode(points.tobytes()).decode("ascii"),
        base64.b64encode(surface.faces.astype(kind).tobytes()).decode("ascii"),
        surface.shown,
        surface.leaves,
    )


def _about(pose: Floats, centre_mm: Floats) -> tuple[float, ...]:
    """A pose in LPS mm as one about the scene's centre."""
    there, back = np.eye(4), np.eye(4)
    there[:3, 3], back[:3, 3] = centre_mm, -centre_mm
    return tuple(round(float(x), 5) for x in (back @ pose @ there).ravel())
