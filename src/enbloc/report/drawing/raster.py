"""A small rasteriser: surfaces seen from one side, as a picture.

Every triangle is covered with points less than a pixel apart; each point carries depth and shade, and the nearest point
of each pixel stands. Solid surfaces are drawn first, translucent ones over them, one after the other; a translucent
body is denser towards its rim, a flat face is even. It needs numpy alone.
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.foundation.space.grids import Floats
from enbloc.report.drawing.surfaces import Faces, Surface

Image = NDArray[np.uint8]
_LIGHT = np.array([-0.35, -0.45, 0.82])
_AMBIENT = 0.38
_FINEST = 24
_FACE_ON, _EDGE_ON = 0.45, 2.2
_FLAT_N = 20
_FLUSH_MM = 1.5


@attrs.frozen(eq=False)
class Camera:
    """Where the picture is taken from.

    Parameters
    ----------
    right, up : (3,) float, LPS unit vectors
        To the right and upwards in the picture.
    centre_mm : (3,) float, LPS
        What lies in its middle.
    mm_per_pixel : float
    width, height : int
        Pixels.
    """

    right: Floats
    up: Floats
    centre_mm: Floats
    mm_per_pixel: float
    width: int
    height: int

    @property
    def towards(self) -> Floats:
        """(3,) float: from the scene to the viewer."""
        axis: Floats = np.cross(self.right, self.up)
        return axis


def look_from(from_deg: float, above_deg: float) -> tuple[Floats, Floats]:
    """Right and up of a viewer.

    Parameters
    ----------
    from_deg : float
        0 in front, 90 at the patient's left, 180 behind.
    above_deg : float
        How far above.
    """
    turn, rise = np.radians(from_deg), np.radians(above_deg)
    right = np.array([np.cos(turn), np.sin(turn), 0.0])
    outwards = np.array([np.sin(turn), -np.cos(turn), 0.0])
    up = np.array([0.0, 0.0, np.cos(rise)]) - outwards * np.sin(rise)
    return right, up


def render(surfaces: tuple[Surface, ...], camera: Camera) -> Image:
    """The picture, (height, width, 4) uint8: RGB and opacity."""
    colour = np.zeros((camera.height * camera.width, 3))
    cover = np.zeros(camera.height * camera.width)
    depth = np.full(camera.height * camera.width, -np.inf)
    for surface in sorted(surfaces, key=lambda s: s.opacity, reverse=True):
        pixels, near, shade, share = _nearest(surface, camera, depth.size)
        seen = near > depth[pixels] - (0.0 if surface.opacity == 1.0 else _FLUSH_MM)
        pixels, near, shade, share = pixels[seen], near[seen], shade[seen], share[seen]
        paint = shade[:, None] * _rgb(surface.colour)
        colour[pixels] = share[:, None] * paint + (1.0 - share[:, None]) * colour[pixels]
        cover[pixels] = share + (1.0 - share) * cover[pixels]
        if surface.opacity == 1.0:
            depth[pixels] = near
    colour /= np.maximum(cover, 1e-9)[:, None]
    picture = np.concatenate([colour, cover[:, None]], axis=1) * 255.0
    image: Image = np.clip(np.rint(picture), 0, 255).astype(np.uint8).reshape(camera.height, camera.width, 4)
    return image


def _nearest(surface: Surface, camera: Camera, size: int) -> tuple[NDArray[np.intp], Floats, Floats, Floats]:
    """The pixels that a surface covers, with depth (towards the viewer, mm), shade and opacity of its nearest point."""
    axes = np.stack([camera.right, -camera.up, camera.towards])
    placed = (surface.points_mm - camera.centre_mm) @ axes.T
    placed[:, :2] = placed[:, :2] / camera.mm_per_pixel + [camera.width / 2, camera.height / 2]
    facing = _facing(surface, axes)
    shades, veils = _shades(facing), _veils(surface, facing)
    depth, bright, veil = np.full(size, -np.inf), np.zeros(size), np.zeros(size)
    for faces, weights in _covered(placed, surface):
        corners = placed[faces]
        column, row, near = (corners[:, :, k] @ weights.T for k in range(3))
        pixel = np.floor(row).astype(np.intp) * camera.width + np.floor(column).astype(np.intp)
        inside = (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height)
        pixel, near = pixel[inside], near[inside]
        shade, share = (shades[faces] @ weights.T)[inside], (veils[faces] @ weights.T)[inside]
        np.maximum.at(depth, pixel, near)
        stands = near == depth[pixel]
        bright[pixel[stands]], veil[pixel[stands]] = shade[stands], share[stands]
    pixels = np.flatnonzero(depth > -np.inf)
    return pixels, depth[pixels], bright[pixels], veil[pixels]


def _covered(placed: Floats, surface: Surface) -> list[tuple[Faces, Floats]]:
    """Triangles in groups of like size, each with the weights of the points that cover it; (s, 3) weights."""
    faces = surface.faces
    if surface.opacity == 1.0:
        one, two = (placed[faces[:, k], :2] - placed[faces[:, 0], :2] for k in (1, 2))
        faces = faces[one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] < 0]
    corners = placed[faces][:, :, :2]
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1) if len(faces) else np.zeros(0)
    steps = np.ceil(longest / 0.7).astype(int) + 1
    fine = [(faces[steps == n], _lattice(n)) for n in np.unique(steps[steps <= _FINEST])]
    coarse = [(faces[k : k + 1], _lattice(int(steps[k]))) for k in np.flatnonzero(steps > _FINEST)]
    return fine + coarse


def _lattice(n: int) -> Floats:
    """Barycentric weights of points spread over a triangle with `n` steps along each edge, (s, 3)."""
    i, j = (index.ravel() for index in np.indices((n + 1, n + 1)))
    i, j = i[i + j <= n], j[i + j <= n]
    weights: Floats = np.stack([i, j, n - i - j], axis=1) / n
    return weights


def _facing(surface: Surface, axes: Floats) -> Floats:
    """Normals of each corner in the viewer's axes, (n, 3), one long where the surface has any."""
    a, b, c = (surface.points_mm[surface.faces[:, k]] for k in range(3))
    across = np.cross(b - a, c - a)
    normals = np.zeros_like(surface.points_mm)
    for k in range(3):
        np.add.at(normals, surface.faces[:, k], across)
    normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-9)[:, None]
    seen: Floats = normals @ axes.T
    return seen


def _shades(facing: Floats) -> Floats:
    """Brightness of each corner, lit from beside the viewer; both sides of a flat face are lit alike."""
    lit = np.abs(facing @ (_LIGHT / np.linalg.norm(_LIGHT)))
    shade: Floats = _AMBIENT + (1.0 - _AMBIENT) * lit
    return shade


def _veils(surface: Surface, facing: Floats) -> Floats:
    """Opacity of each corner. A veil is densest where it is seen edge on, so that what it holds keeps its colour."""
    if surface.opacity == 1.0 or len(surface.faces) < _FLAT_N:
        return np.full(len(facing), surface.opacity)
    edge_on: Floats = surface.opacity * (_FACE_ON + (_EDGE_ON - _FACE_ON) * (1.0 - np.abs(facing[:, 2])) ** 2)
    return np.clip(edge_on, 0.0, 1.0)


def _rgb(colour: str) -> Floats:
    return np.array([int(colour[n : n + 2], 16) / 255.0 for n in (1, 3, 5)])
