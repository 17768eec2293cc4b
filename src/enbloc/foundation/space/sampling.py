"""Reading an array at points in the patient."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.foundation.space.boxes import box_of
from enbloc.foundation.space.grids import Array, Bools, Floats, Grid

T = TypeVar("T", bound=np.generic)


def sample_nearest(grid: Grid, values: NDArray[T], points_mm: Floats) -> NDArray[T]:
    """Values of the nearest voxel at points (..., 3) LPS mm; zero outside the grid."""
    indices = np.rint(grid.to_index(points_mm.reshape(-1, 3))).astype(np.intp)
    inside = ((indices >= 0) & (indices < np.array(grid.shape))).all(axis=1)
    found = np.zeros(len(indices), dtype=values.dtype)
    found[inside] = values[tuple(indices[inside].T)]
    return found.reshape(points_mm.shape[:-1])


def reached_box(grid: Grid, source: Grid) -> tuple[slice, slice, slice] | None:
    """The voxels of a grid that the voxels of another may reach; None where the two do not meet."""
    corners = np.array(np.meshgrid(*((-1.0, float(n)) for n in source.shape))).reshape(3, -1).T
    reached = grid.to_index(source.to_patient(corners))
    low = np.clip(np.floor(reached.min(axis=0)).astype(int), 0, grid.shape)
    high = np.clip(np.ceil(reached.max(axis=0)).astype(int) + 1, 0, grid.shape)
    if (high <= low).any():
        return None
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])), slice(int(low[2]), int(high[2]))


def place_on(grid: Grid, source: Grid, mask: Bools) -> Bools:
    """A mask on another grid, nearest voxel; only what its True voxels reach is looked at."""
    if grid.same_as(source):
        return mask
    target = np.zeros(grid.shape, dtype=bool)
    held = box_of(mask)
    reached = reached_box(grid, source.crop(held)) if held is not None else None
    if held is not None and reached is not None:
        target[reached] = sample_nearest(source, mask, centres_mm(grid, reached))
    return target


def centres_mm(grid: Grid, box: tuple[slice, slice, slice]) -> Floats:
    """LPS mm of the voxel centres in a box, of the box's shape and 3."""
    places = np.stack(np.meshgrid(*(np.arange(side.start, side.stop) for side in box), indexing="ij"), axis=-1)
    return grid.to_patient(places.reshape(-1, 3)).reshape(places.shape)


def sample_linear(grid: Grid, values: Array, points_mm: Floats, outside: float = 0.0) -> Floats:
    """Trilinear values at points (..., 3) LPS mm; `outside` beyond the grid."""
    indices = grid.to_index(points_mm.reshape(-1, 3))
    found: Floats = scipy.ndimage.map_coordinates(
        values, indices.T, output=np.float64, order=1, mode="constant", cval=outside, prefilter=False
    )
    return found.reshape(points_mm.shape[:-1])


def sample_planes(
    grid: Grid, values: NDArray[T], origins_mm: Floats, rows: Floats, columns: Floats, across_mm: Floats
) -> NDArray[T]:
    """Values of the nearest voxel on a stack of square planes, (n, m, m): plane, row, column; zero outside the grid.

    Parameters
    ----------
    grid : Grid
    values : array of the grid's shape
    origins_mm : (n, 3) float, LPS
        The middle of each plane.
    rows, columns : (n, 3) float, LPS unit vectors
        The direction in which rows and columns count.
    across_mm : (m,) float
        Offsets of the pixels along both.
    """
    linear = np.linalg.inv(grid.affine)[:3, :3]
    start = grid.to_index(origins_mm)
    down, along = rows @ linear.T, columns @ linear.T
    inside = np.ones((len(origins_mm), len(across_mm), len(across_mm)), dtype=bool)
    flat = np.zeros(inside.shape, dtype=np.intp)
    for axis, size in enumerate(grid.shape):
        by_row = start[:, axis, None] + down[:, axis, None] * across_mm
        by_column = along[:, axis, None] * across_mm
        index = np.rint(by_row[:, :, None] + by_column[:, None, :]).astype(np.intp)
        inside &= (index >= 0) & (index < size)
        flat = flat * size + index
    found = np.zeros(inside.shape, dtype=values.dtype)
    found[inside] = np.ascontiguousarray(values).ravel()[flat[inside]]
    return found
