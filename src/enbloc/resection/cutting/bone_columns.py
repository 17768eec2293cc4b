"""Bone on the near side of planes, for many planes at once.

Strategy. The voxels of a body stand in columns along the grid's axis that lies nearest to the spine. Half-spaces cut a
column to an interval, and a running sum along the column tells how much bone the interval holds, to the fraction of a
voxel. So a plane costs one look-up per column instead of one per voxel, and the volume is a smooth function of the
plane's pose, with one optimum instead of a plateau of equal counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import attrs
import lazy_loader
import numpy as np

from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats, Grid

numba = lazy_loader.load("numba")

FLAT = 1e-9
"""A plane that leans on the columns by no more than this (cosine) contains their direction."""


@attrs.frozen(eq=False)
class BoneColumns:
    """Bone as columns.

    Parameters
    ----------
    feet_mm : (n, 3) float, LPS
        Centre of the first voxel of each column.
    step_mm : (3,) float, LPS
        From a voxel to the next of its column.
    sums : (n, m + 1) float
        Voxels of bone before each of the m voxels of a column, and all of them last.
    voxel_ml : float
    """

    feet_mm: Floats
    step_mm: Floats
    sums: Floats
    voxel_ml: float


def gather_columns(grid: Grid, bone: Bools, along: Floats) -> BoneColumns:
    """The columns of a mask.

    Parameters
    ----------
    grid : Grid
    bone : bool array
        Of the grid's shape.
    along : (3,) float, LPS unit vector
        The columns run along the axis of the grid that lies nearest to it.
    """
    axis = int(np.argmax(np.abs(grid.directions.T @ along)))
    where = voxels_of(bone)
    if not len(where):
        return BoneColumns(np.empty((0, 3)), grid.affine[:3, axis], np.zeros((0, 1)), grid.voxel_ml)
    low, high = where.min(axis=0), where.max(axis=0) + 1
    box = bone[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))]
    stood = np.moveaxis(box, axis, -1)
    columns = np.argwhere(stood.any(axis=-1))
    sums = np.zeros((len(columns), stood.shape[-1] + 1))
    np.cumsum(stood[tuple(columns.T)], axis=1, out=sums[:, 1:])
    feet = np.insert(columns.astype(np.float64), axis, 0.0, axis=1) + low
    return BoneColumns(grid.to_patient(feet), grid.affine[:3, axis], sums, grid.voxel_ml)


def volume_ml(columns: BoneColumns) -> float:
    """All of the bone."""
    return float(columns.sums[:, -1].sum()) * columns.voxel_ml


def volumes_inside(columns: BoneColumns, normals: Floats, offsets_mm: Floats) -> Floats:
    """Bone on the inner side of all planes of each candidate, ml.

    Parameters
    ----------
    columns : BoneColumns
    normals : (c, p, 3) float, LPS unit vectors
        Of p planes for each of c candidates, pointing out of the specimen.
    offsets_mm : (c, p) float
        A point lies inside where its product with the normal is smaller.

    Returns
    -------
    (c,) float
    """
    if not len(columns.feet_mm):
        return np.zeros(len(normals))
    found = np.empty(len(normals))
    _inside()(
        columns.feet_mm,
        columns.sums,
        np.ascontiguousarray(normals, dtype=np.float64),
        np.ascontiguousarray(offsets_mm, dtype=np.float64),
        np.ascontiguousarray(normals @ columns.step_mm),
        found,
    )
    return found * columns.voxel_ml


def _count(feet: Floats, sums: Floats, normals: Floats, offsets: Floats, leans: Floats, found: Floats) -> None:
    """Voxels of bone inside each candidate's planes, written into `found`."""
    tall = sums.shape[1] - 1
    for c in range(normals.shape[0]):
        total = 0.0
        for n in range(feet.shape[0]):
            low, high = 0.0, float(tall)
            for p in range(normals.shape[1]):
                room = offsets[c, p] - (
                    normals[c, p, 0] * feet[n, 0] + normals[c, p, 1] * feet[n, 1] + normals[c, p, 2] * feet[n, 2]
                )
                lean = leans[c, p]
                if lean > FLAT:
                    high = min(high, room / lean + 0.5)
                elif lean < -FLAT:
                    low = max(low, room / lean + 0.5)
                elif room <= 0.0:
                    high = 0.0
            if high > low:
                below, above = int(low), min(int(high), tall - 1)
                at_low = sums[n, below] + (low - below) * (sums[n, below + 1] - sums[n, below])
                at_high = sums[n, above] + (high - above) * (sums[n, above + 1] - sums[n, above])
                total += at_high - at_low
        found[c] = total


@cache
def _inside() -> Callable[[Floats, Floats, Floats, Floats, Floats, Floats], None]:
    """`_count`, compiled when it is first needed and kept on disk."""
    compiled: Callable[..., None] = numba.njit(cache=True, nogil=True)(_count)
    return compiled
