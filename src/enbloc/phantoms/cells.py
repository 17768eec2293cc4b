"""WBB cells of a phantom by definition, on dense evaluations of its implicit functions.

Definitions (knowledge: GEO-1..6, LAY-1..3, all the project's own choice): the angle grows around the canal centre in
the vertebra's transverse plane from dorsal to the patient's left; body = bone ventral of the coronal plane through the
canal's ventral wall (at C1 the anterior arch and what of the lateral masses lies there; the dens is body of C2);
pedicle = bone beside the canal, between that plane and the one through the canal's dorsal wall, medial of the
pedicle's outer border; arch = the rest. Pedicles are sectors 4 and 9, the body is clamped to 5-8, the arch to 1-3 and
10-12. Layer C is bone nearer than half way from the first to the last bone on its ray, B the other half. Outside the
bone: D in the canal, disc in a disc, else A; those belong to the level in whose slab they lie.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.terms.levels import Level
from enbloc.phantoms.painting import bone_bounds, bone_mask, canal_mask, disc_mask, frame_coordinates, slab_index, whole
from enbloc.phantoms.solids import Bounds, Range
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.vertebra import Sizes, canal_half_mm, pedicle_border_mm

RAY_STEP_MM = 0.25
PLANE_STEP_MM = 0.5
RAY_STEP_DEG = 0.5
HALF_WAY = 0.5
"""Where layer C ends and B begins (LAY-1, ours)."""

LAYERS: tuple[str, ...] = ("A", "B", "C", "D", "disc")
PARTS: tuple[str, ...] = ("body", "pedicle_left", "pedicle_right", "arch_left", "arch_right")


@attrs.frozen(eq=False)
class Polar:
    """First and last bone on every ray of a level.

    `canal_mm` and `cortex_mm` have shape (planes, angles); infinite and minus infinite where a ray meets no bone.
    """

    heights_mm: Range
    first_plane_mm: float
    reach_mm: float
    canal_mm: Floats
    cortex_mm: Floats


@attrs.frozen(eq=False)
class Rays:
    """For points: angle, radius, radial share of the bone, and the first and last bone on their ray."""

    theta_deg: Floats
    r_mm: Floats
    share: Floats
    canal_mm: Floats
    cortex_mm: Floats


def lattice_start(bounds: Bounds, step_mm: float) -> Floats:
    """(3,) float: first point of a lattice over `bounds`.

    Points lie half a step from the multiples of a step, so that faces at round millimetres fall between two points and
    left mirrors right.
    """
    start: Floats = (np.floor(np.array([low for low, _ in bounds]) / step_mm) + 0.5) * step_mm
    return start


def frame_grid(phantom: SpinePhantom, level: Level, bounds: Bounds, step_mm: float) -> Grid:
    """A lattice along a level's axes that covers `bounds` of its frame."""
    start = lattice_start(bounds, step_mm)
    counts = np.maximum(np.ceil((np.array([high for _, high in bounds]) - start) / step_mm + 0.5).astype(int), 1)
    local = np.diag([step_mm, step_mm, step_mm, 1.0])
    local[:3, 3] = start
    return Grid((int(counts[0]), int(counts[1]), int(counts[2])), phantom.frames[level].matrix @ local)


@lru_cache(maxsize=32)
def polar(phantom: SpinePhantom, level: Level) -> Polar:
    """Cast rays from the canal's axis in planes across it."""
    bounds = bone_bounds(phantom, level)
    grid, start = frame_grid(phantom, level, bounds, PLANE_STEP_MM), lattice_start(bounds, PLANE_STEP_MM)
    canal = canal_mask(phantom, grid, slab_index(phantom, grid))
    bone = bone_mask(phantom, level, grid, canal)
    reach = math.hypot(*(max(abs(low), abs(high)) for low, high in bounds[:2]))
    theta = np.radians(np.arange(0.0, 360.0, RAY_STEP_DEG))[:, None]
    radii = np.arange(RAY_STEP_MM / 2.0, reach, RAY_STEP_MM)
    across = [
        np.rint((radii * turn(theta) - first) / PLANE_STEP_MM).astype(int)
        for turn, first in ((np.sin, start[0]), (np.cos, start[1]))
    ]
    on_grid = (across[0] >= 0) & (across[0] < grid.shape[0]) & (across[1] >= 0) & (across[1] < grid.shape[1])
    hit = bone[np.where(on_grid, across[0], 0), np.where(on_grid, across[1], 0)] & on_grid[..., None]
    near, far = hit.argmax(axis=1), len(radii) - 1 - hit[:, ::-1].argmax(axis=1)
    any_bone = hit.any(axis=1)
    half = RAY_STEP_MM / 2.0
    return Polar(
        heights_mm=bounds[2],
        first_plane_mm=float(start[2]),
        reach_mm=reach,
        canal_mm=np.where(any_bone, radii[near] - half, np.inf).T.copy(),
        cortex_mm=np.where(any_bone, radii[far] + half, -np.inf).T.copy(),
    )


def angles_deg(u: Floats, v: Floats) -> Floats:
    """Angle around the canal centre, [0, 360): 0 dorsal, 90 to the patient's left."""
    theta: Floats = np.degrees(np.arctan2(u, v)) % 360.0
    return np.where(theta >= 360.0, 0.0, theta)


def radial_share(rays: Polar, u: Floats, v: Floats, w: Floats) -> Rays:
    """Where points lie between the first and the last bone on their rays; NaN-free: no bone gives a share of -1."""
    theta, radius = angles_deg(u, v), np.hypot(u, v)
    planes, angles = rays.canal_mm.shape
    plane = np.rint((w - rays.first_plane_mm) / PLANE_STEP_MM).astype(int)
    spoke = np.rint(theta / RAY_STEP_DEG).astype(int) % angles
    met = (plane >= 0) & (plane < planes)
    plane = np.clip(plane, 0, planes - 1)
    canal = np.where(met, rays.canal_mm[plane, spoke], np.inf)
    cortex = np.where(met, rays.cortex_mm[plane, spoke], -np.inf)
    bony = np.isfinite(canal)
    depth = np.where(bony, radius - np.where(bony, canal, 0.0), -1.0)
    thick = np.where(bony, np.where(bony, cortex, 1.0) - np.where(bony, canal, 0.0), 1.0)
    return Rays(theta, radius, np.where(bony, np.clip(depth / thick, 0.0, 1.0), -1.0), canal, cortex)


def part_index(sizes: Sizes, u: Floats, v: Floats) -> NDArray[np.uint8]:
    """Index into `PARTS` that bone at these places would have."""
    half_v = canal_half_mm(sizes)[1]
    left = u >= 0.0
    arch = np.where(left, 3, 4)
    pedicle = np.where(left, 1, 2)
    medial = np.abs(u) <= pedicle_border_mm(sizes, np.clip(v, -half_v, 0.0))
    parts = np.where(v < -half_v, 0, np.where((v < half_v) & medial, pedicle, arch))
    return parts.astype(np.uint8)


def in_parts(sizes: Sizes, parts: frozenset[str], u: Floats, v: Floats) -> Bools:
    """Where bone would belong to one of `parts`."""
    found: Bools = np.isin(part_index(sizes, u, v), [PARTS.index(part) for part in parts])
    return found


_SPANS: tuple[tuple[int, int], ...] = ((5, 8), (4, 4), (9, 9), (1, 3), (10, 12))
"""Sectors that each of `PARTS` may hold."""


def sector_of_bone(sizes: Sizes, u: Floats, v: Floats) -> NDArray[np.uint8]:
    """Sector 1-12 of bone: by angle, overruled by the part it belongs to."""
    by_angle = sector_by_angle(u, v)
    part = part_index(sizes, u, v)
    low, high = (np.array([span[k] for span in _SPANS])[part] for k in (0, 1))
    return np.clip(by_angle, low, high).astype(np.uint8)


def sector_by_angle(u: Floats, v: Floats) -> NDArray[np.uint8]:
    """Sector 1-12 by angle alone, as soft tissue and canal have it."""
    return (np.floor(angles_deg(u, v) / 30.0) + 1.0).astype(np.uint8)


@attrs.frozen(eq=False)
class CellMap:
    """Sector 1-12 (0 = not of this level), index into `LAYERS`, and where no bone and no canal is (`soft`)."""

    sector: NDArray[np.uint8]
    layer: NDArray[np.uint8]
    soft: Bools


def cell_map(phantom: SpinePhantom, level: Level, grid: Grid) -> CellMap:
    """The cells of one level on a grid."""
    slabs = slab_index(phantom, grid)
    canal = canal_mask(phantom, grid, slabs)
    at = phantom.levels.index(level)
    near = phantom.levels[max(at - 1, 0) : at + 2]
    bones = {name: bone_mask(phantom, name, grid, canal) for name in near}
    bone = bones[level]
    other = np.logical_or.reduce([bones[name] for name in near if name != level], initial=False) & ~bone
    disc = np.zeros(grid.shape, dtype=bool)
    for upper in near[:-1]:
        disc |= disc_mask(phantom, upper, grid, slabs)
    u, v, w = frame_coordinates(grid, phantom.frames[level], whole(grid))
    share = radial_share(polar(phantom, level), u, v, w).share
    layer = np.select([bone & (share < HALF_WAY), bone, canal, disc], [2, 1, 3, 4], default=0)
    sector = np.where(bone, sector_of_bone(phantom.sizes[level], u, v), sector_by_angle(u, v))
    mine = bone | ((slabs == at) & ~other)
    return CellMap(np.where(mine, sector, 0).astype(np.uint8), layer.astype(np.uint8), ~(bone | other | canal))


@lru_cache(maxsize=32)
def bone_cells_ml(phantom: SpinePhantom, level: Level) -> Mapping[tuple[int, str], float]:
    """Volume of bone in every cell (sector, layer B or C) of a level, by dense evaluation."""
    grid = frame_grid(phantom, level, bone_bounds(phantom, level), PLANE_STEP_MM)
    canal = canal_mask(phantom, grid, slab_index(phantom, grid))
    bone = bone_mask(phantom, level, grid, canal)
    u, v, w = (axis[bone] for axis in frame_coordinates(grid, phantom.frames[level], whole(grid)))
    deep = radial_share(polar(phantom, level), u, v, w).share < HALF_WAY
    counts = np.bincount(sector_of_bone(phantom.sizes[level], u, v) * 2 + deep, minlength=26) * grid.voxel_ml
    return {(s, letter): float(counts[2 * s + k]) for s in range(1, 13) for k, letter in enumerate("BC")}
