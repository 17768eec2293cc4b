"""Bone on the near side of planes, for many planes at once.

Strategy. The voxels of a body stand in columns along the grid's axis that lies nearest to the spine. Half-spaces cut a
column to an interval, and a running sum along the column tells how much bone the interval holds, to the fraction of a
voxel. So a plane costs one look-up per column instead of one per voxel, and the volume is a smooth function of the
plane's pose, with one optimum instead of a plateau of equal counts.
"""

from __future__ import annotations

import attrs
import numpy as np

from enbloc.foundation.space.grids import Bools, Floats, Grid

CHUNK = 262_144
"""Columns times planes that are looked at together; bounds memory."""

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
    where = np.argwhere(bone)
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
    each = max(CHUNK // max(len(columns.feet_mm), 1), 1)
    parts = [
        _inside(columns, normals[start : start + each], offsets_mm[start : start + each])
        for start in range(0, len(normals), each)
    ]
    return np.concatenate(parts) * columns.voxel_ml if parts else np.empty(0)


def _inside(columns: BoneColumns, normals: Floats, offsets_mm: Floats) -> Floats:
    tall = columns.sums.shape[1] - 1
    low = np.zeros((len(normals), len(columns.feet_mm)))
    high = np.full_like(low, float(tall))
    for plane in range(normals.shape[1]):
        room = offsets_mm[:, plane, None] - normals[:, plane] @ columns.feet_mm.T
        lean = (normals[:, plane] @ columns.step_mm)[:, None]
        crossing = room / np.where(np.abs(lean) < FLAT, 1.0, lean) + 0.5
        high = np.where(lean >= FLAT, np.minimum(high, crossing), high)
        low = np.where(lean <= -FLAT, np.maximum(low, crossing), low)
        high = np.where((np.abs(lean) < FLAT) & (room <= 0.0), 0.0, high)
    found: Floats = np.maximum(_before(columns, high, tall) - _before(columns, low, tall), 0.0).sum(axis=1)
    return found


def _before(columns: BoneColumns, height: Floats, tall: int) -> Floats:
    """Bone of each column below a height (c, n) in voxels."""
    held = np.clip(height, 0.0, float(tall))
    rank = np.minimum(held.astype(np.intp), tall - 1)
    at = rank + np.arange(len(columns.sums)) * (tall + 1)
    flat = columns.sums.ravel()
    below = flat[at]
    found: Floats = below + (held - rank) * (flat[at + 1] - below)
    return found
