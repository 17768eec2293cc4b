"""The plane that costs least bone among all that keep clear of what must be kept clear.

Strategy. For a given tilt the best plane lies as near to the specimen as its clearances allow, and how near that is
follows from the support functions of the points to be kept clear: exact for an unbounded plane, and a safe lower bound
for a bounded one. What is left is a search over two tilts: a coarse grid over all of them, then ever finer grids around
the best ones. Of poses that cost the same, the straightest wins.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np

from enbloc.foundation.space.grids import Floats
from enbloc.resection.cutting.bone_columns import BoneColumns, volumes_inside
from enbloc.resection.cutting.placement import Plane

COARSE_DEG = 3.0
"""Step of the first grid of tilts."""

FINER_DEG = (1.0, 0.3, 0.1)
"""Steps of the grids around the best tilts."""

AROUND_N = 3
"""Each finer grid reaches this many of its steps to every side: to the neighbours on the grid before."""

BEST_N = 4
"""So many of the best tilts are looked at closer."""

SAME_ML = 1e-6
"""Costs that differ by less are the same."""


@attrs.frozen(eq=False)
class Clearance:
    """Points (n, 3) LPS mm that a plane must leave on its inner side by `by_mm`."""

    points_mm: Floats
    by_mm: float


@attrs.frozen(eq=False)
class Axes:
    """How planes are tilted: `normal`, pointing out of the specimen, leans towards `first` and `second`; LPS, unit."""

    normal: Floats
    first: Floats
    second: Floats


@attrs.frozen(eq=False)
class Found:
    """The best plane, the bone on its inner side (ml), and its tilts towards the axes' first and second (degrees)."""

    plane: Plane
    cost_ml: float
    tilts_deg: tuple[float, float]


Allowed = Callable[[Floats, Floats], Floats]
"""Of normals (c, 3) and offsets (c,): how far inside its limits each plane lies, mm; negative is not allowed."""


def tilted(axes: Axes, tilts_deg: Floats) -> Floats:
    """Unit normals (c, 3) for tilts (c, 2) in degrees."""
    slopes = np.tan(np.radians(tilts_deg))
    leaning = axes.normal + slopes[:, :1] * axes.first + slopes[:, 1:] * axes.second
    normals: Floats = leaning / np.linalg.norm(leaning, axis=1, keepdims=True)
    return normals


def offsets(normals: Floats, clearances: tuple[Clearance, ...]) -> Floats:
    """How far along its normal (c, 3) each plane must lie at least to keep all clearances, mm (c,)."""
    each = [(normals @ clear.points_mm.T).max(axis=1) + clear.by_mm for clear in clearances if len(clear.points_mm)]
    if not each:
        return np.full(len(normals), -np.inf)
    found: Floats = np.max(each, axis=0)
    return found


def cheapest_plane(
    axes: Axes, clearances: tuple[Clearance, ...], allowed: Allowed, bone: BoneColumns, most_deg: float
) -> Found | None:
    """The plane that keeps all clearances with least bone on its inner side; None where none is allowed.

    Parameters
    ----------
    axes : Axes
    clearances : tuple of Clearance
        At least one with points.
    allowed : callable
        What else limits a plane, such as the bone that must be left beyond it.
    bone : BoneColumns
        What is lost on the inner side.
    most_deg : float
        Largest tilt towards either axis.
    """
    steps = np.arange(-most_deg, most_deg + COARSE_DEG / 2, COARSE_DEG)
    tilts = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    best = _costs(axes, clearances, allowed, bone, tilts)
    for step in FINER_DEG:
        around = np.arange(-AROUND_N, AROUND_N + 1) * step
        near = np.stack(np.meshgrid(around, around, indexing="ij"), axis=-1).reshape(-1, 2)
        finer = np.clip((best[:BEST_N, None, :2] + near).reshape(-1, 2), -most_deg, most_deg)
        best = _costs(axes, clearances, allowed, bone, np.vstack([best[:BEST_N, :2], np.unique(finer, axis=0)]))
    if not len(best):
        return None
    normal = tilted(axes, best[:1, :2])[0]
    offset = float(offsets(normal[None], clearances)[0])
    return Found(Plane(offset * normal, normal), float(best[0, 2]), (float(best[0, 0]), float(best[0, 1])))


def _costs(axes: Axes, clearances: tuple[Clearance, ...], allowed: Allowed, bone: BoneColumns, tilts: Floats) -> Floats:
    """Rows of two tilts and the bone they cost (n, 3), the cheapest first; tilts that are not allowed are left out."""
    normals = tilted(axes, tilts)
    at = offsets(normals, clearances)
    fit = allowed(normals, at) >= 0.0
    normals, at, tilts = normals[fit], at[fit], np.round(tilts[fit], 6)
    cost = volumes_inside(bone, normals[:, None], at[:, None])
    order = np.lexsort((*tilts.T, (tilts**2).sum(axis=1), np.rint(cost / SAME_ML)))
    rows: Floats = np.column_stack([tilts, cost])[order]
    return rows
