"""Reading an array at points in the patient."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from enbloc.foundation.space.grids import Array, Floats, Grid

T = TypeVar("T", bound=np.generic)


def sample_nearest(grid: Grid, values: NDArray[T], points_mm: Floats) -> NDArray[T]:
    """Values of the nearest voxel at points (..., 3) LPS mm; zero outside the grid."""
    indices = np.rint(grid.to_index(points_mm.reshape(-1, 3))).astype(np.intp)
    inside = ((indices >= 0) & (indices < np.array(grid.shape))).all(axis=1)
    found = np.zeros(len(indices), dtype=values.dtype)
    found[inside] = values[tuple(indices[inside].T)]
    return found.reshape(points_mm.shape[:-1])


def sample_linear(grid: Grid, values: Array, points_mm: Floats, outside: float = 0.0) -> Floats:
    """Trilinear values at points (..., 3) LPS mm; `outside` beyond the grid."""
    indices = grid.to_index(points_mm.reshape(-1, 3))
    found: Floats = map_coordinates(
        values, indices.T, output=np.float64, order=1, mode="constant", cval=outside, prefilter=False
    )
    return found.reshape(points_mm.shape[:-1])
