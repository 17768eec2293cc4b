"""The resection in three dimensions: two still pictures, and the model that the page turns."""

from __future__ import annotations

import base64
from html import escape

import attrs
import numpy as np

from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.grids import Floats
from enbloc.report.document import Picture
from enbloc.report.drawing.packing import png_uri
from enbloc.report.drawing.palette import INK, PAPER
from enbloc.report.drawing.raster import Camera, look_from, render
from enbloc.report.drawing.surfaces import Scene3D, Surface
from enbloc.resection.plans import Plan

WIDTH, HEIGHT = 330, 300
"""Of a still picture, in its own units."""

_MM_PER_UNIT = 0.5
_FINER = 2
_OBLIQUE_DEG = 40.0
_ABOVE_DEG = 15.0
_UNIT_MM = 0.01
_MIDLINE_MM = 4.0


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

    `path` holds 4 x 4 matrices row by row, about the scene's centre, mm; `from_deg` is where it is first seen from.
    """

    parts: tuple[ModelPart, ...]
    cuts: tuple[ModelPart, ...]
    path: tuple[tuple[float, ...], ...]
    from_deg: float


def draw_scene(scene: Scene, scene3d: Scene3D, plan: Plan | None) -> tuple[Picture, ...]:
    """Two pictures, from in front and from behind, both from the side on which the tumour lies."""
    side = _tumour_side(scene, scene3d)
    what = "Resection" if plan is not None and plan.geometry is not None else "Tumour"
    views = (
        (f"{what} seen from in front and from the patient's {side}", _OBLIQUE_DEG),
        (f"{what} seen from behind and from the patient's {side}", 180.0 - _OBLIQUE_DEG),
    )
    sign = 1.0 if side == "left" else -1.0
    return tuple(_still(scene3d, title, sign * angle) for title, angle in views)


def pack_model(scene: Scene, scene3d: Scene3D) -> Model:
    """The model for the viewer, first seen from behind and from the tumour's side, as the surgeon stands."""
    behind = 180.0 - _OBLIQUE_DEG
    from_deg = behind if _tumour_side(scene, scene3d) == "left" else -behind
    parts = tuple(_part(surface, scene3d.centre_mm) for surface in scene3d.surfaces)
    cuts = tuple(_part(surface, scene3d.centre_mm) for surface in scene3d.cuts)
    return Model(parts, cuts, tuple(_about(pose, scene3d.centre_mm) for pose in scene3d.path), from_deg)


def _tumour_side(scene: Scene, scene3d: Scene3D) -> str:
    """The side of the tumour's middle from the middle of the bone around it; left when it lies in the middle."""
    bone = scene.grid.to_patient(np.argwhere(scene.bone > 0)) if scene.bone.any() else scene3d.centre_mm[None]
    tumour = scene.grid.to_patient(np.argwhere(scene.tumour))
    return "right" if float(tumour[:, 0].mean() - bone[:, 0].mean()) < -_MIDLINE_MM else "left"


def _still(scene3d: Scene3D, title: str, from_deg: float) -> Picture:
    right, up = look_from(from_deg, _ABOVE_DEG)
    size = (WIDTH * _FINER, HEIGHT * _FINER)
    camera = Camera(right, up, scene3d.centre_mm, _MM_PER_UNIT / _FINER, *size)
    shown = tuple(surface for surface in scene3d.surfaces if surface.shown)
    pixels = render((*shown, *scene3d.cuts), camera).astype(np.float64)
    cover = pixels[:, :, 3:] / 255.0
    flat = np.rint(pixels[:, :, :3] * cover + 255.0 * (1.0 - cover)).astype(np.uint8)
    names = [surface.name for surface in shown] + [cut.name for cut in scene3d.cuts]
    alt = f"{title}. Shown: {', '.join(names)}."
    words = "".join(_cut_name(cut, camera) for cut in scene3d.cuts)
    svg = (
        f'<svg class="scene" viewBox="0 0 {WIDTH} {HEIGHT + 34}" role="img" xmlns="http://www.w3.org/2000/svg" '
        f'font-family="system-ui, sans-serif" fill="{INK}"><title>{escape(title)}</title><desc>{escape(alt)}</desc>'
        f'<rect width="{WIDTH}" height="{HEIGHT + 34}" fill="{PAPER}"/>'
        f'<image href="{png_uri(flat)}" x="0" y="0" width="{WIDTH}" height="{HEIGHT}"/>'
        f"{words}{_axes(camera)}{_legend(shown, bool(scene3d.cuts))}</svg>"
    )
    return Picture(title, f"{title}. Surfaces are smoothed for looking, not for measuring.", alt, svg)


def _cut_name(cut: Surface, camera: Camera) -> str:
    """A cut's name at the outermost corner of its face, inside the picture."""
    x, y = _placed(cut.points_mm, camera).T
    n = int(np.argmax(np.abs(x - WIDTH / 2)))
    reach = 3.2 * len(cut.name)
    at_x = float(np.clip(x[n], reach + 4, WIDTH - reach - 4))
    at_y = float(np.clip(y[n], 12, HEIGHT - 8))
    return (
        f'<text x="{at_x:.1f}" y="{at_y:.1f}" font-size="11" font-weight="600" text-anchor="middle" stroke="{PAPER}" '
        f'stroke-width="2.6" stroke-linejoin="round" paint-order="stroke">{escape(cut.name)}</text>'
    )


def _placed(points_mm: Floats, camera: Camera) -> Floats:
    """Where points lie in the picture, its own units, (n, 2)."""
    from_centre = points_mm - camera.centre_mm
    x = from_centre @ camera.right / _MM_PER_UNIT + WIDTH / 2
    y = HEIGHT / 2 - from_centre @ camera.up / _MM_PER_UNIT
    placed: Floats = np.stack([x, y], axis=1)
    return placed


def _axes(camera: Camera) -> str:
    """The patient's left, anterior and superior as three arms in the corner."""
    drawn = []
    for letter, axis in (("L", (1.0, 0.0, 0.0)), ("A", (0.0, -1.0, 0.0)), ("S", (0.0, 0.0, 1.0))):
        x, y = 30 + 20 * float(np.dot(axis, camera.right)), HEIGHT - 30 - 20 * float(np.dot(axis, camera.up))
        tip_x, tip_y = 30 + (x - 30) * 1.5, HEIGHT - 30 + (y - HEIGHT + 30) * 1.5
        drawn.append(
            f'<path d="M30 {HEIGHT - 30}L{x:.1f} {y:.1f}" stroke="{INK}" stroke-width="2"/>'
            f'<text class="side" x="{tip_x:.1f}" y="{tip_y + 5:.1f}" font-size="14" font-weight="700" '
            f'text-anchor="middle" stroke="{PAPER}" stroke-width="2.5" paint-order="stroke">{letter}</text>'
        )
    return "".join(drawn)


def _legend(shown: tuple[Surface, ...], with_cuts: bool) -> str:
    named = [(s.name, s.colour) for s in shown] + ([("cut", "#f0e442")] if with_cuts else [])
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
