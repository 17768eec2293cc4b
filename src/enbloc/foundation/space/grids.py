"""Grids and what lies on them.

Inside the program every coordinate is patient LPS in millimetres: x grows to the patient's left,
y to posterior, z to superior. Voxel indices appear only next to a `Grid`.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from enbloc.errors import GridError

Array = NDArray[np.generic]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def _own_copy(affine: ArrayLike) -> Floats:
    copy = np.array(affine, dtype=np.float64)
    copy.setflags(write=False)
    return copy


@attrs.frozen(eq=False)
class Grid:
    """A regular grid of voxels in patient space.

    Parameters
    ----------
    shape : tuple of int
        Number of voxels along each of the three axes.
    affine : (4, 4) float, LPS mm
        Maps the index of a voxel's centre to the patient.

    Raises
    ------
    GridError
        If the affine is not finite or has no volume, or an axis is empty.
    """

    shape: tuple[int, int, int]
    affine: Floats = attrs.field(converter=_own_copy)

    def __attrs_post_init__(self) -> None:
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GridError(f"a volume needs three axes with at least one voxel, not {self.shape}")
        if not np.isfinite(self.affine).all() or abs(np.linalg.det(self.affine[:3, :3])) < 1e-9:
            raise GridError("the affine is not finite or flattens space")

    @property
    def spacing_mm(self) -> Floats:
        """(3,) float: the size of a voxel along each axis, mm."""
        spacing: Floats = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
        return spacing

    @property
    def heights_mm(self) -> Floats:
        """(3,) float: how far apart the planes of voxels lie, mm; less than the spacing on a skewed grid."""
        heights: Floats = 1.0 / np.sqrt((np.linalg.inv(self.affine)[:3, :3] ** 2).sum(axis=1))
        return heights

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel, ml."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    @property
    def directions(self) -> Floats:
        """(3, 3) float: unit vectors of the three axes as columns, LPS."""
        columns: Floats = self.affine[:3, :3] / self.spacing_mm
        return columns

    def to_patient(self, indices: ArrayLike) -> Floats:
        """Voxel indices (n, 3), fractions allowed, to LPS mm (n, 3)."""
        points: Floats = np.asarray(indices, dtype=np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3]
        return points

    def to_index(self, points_mm: ArrayLike) -> Floats:
        """LPS mm (n, 3) to fractional voxel indices (n, 3)."""
        inverse = np.linalg.inv(self.affine)
        indices: Floats = np.asarray(points_mm, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
        return indices

    def same_as(self, other: Grid, tolerance_mm: float = 1e-3) -> bool:
        """True when both have one shape and their corners agree within `tolerance_mm`."""
        if self.shape != other.shape:
            return False
        corners = np.array([[0, 0, 0], [n - 1 for n in self.shape]], dtype=np.float64)
        gap = np.abs(self.to_patient(corners) - other.to_patient(corners)).max()
        turn = np.abs(self.directions - other.directions).max()
        return bool(gap <= tolerance_mm and turn <= 1e-4)

    def crop(self, box: tuple[slice, slice, slice]) -> Grid:
        """The grid of `array[box]`; every slice needs a start and a stop, step 1."""
        start = np.array([s.start for s in box], dtype=np.float64)
        affine = self.affine.copy()
        affine[:3, 3] = self.to_patient(start[None])[0]
        shape = tuple(int(s.stop - s.start) for s in box)
        return Grid((shape[0], shape[1], shape[2]), affine)


@attrs.frozen(eq=False)
class Volume:
    """An image on its grid: `values` has the grid's shape; CT is in Hounsfield units."""

    grid: Grid
    values: Array

    def __attrs_post_init__(self) -> None:
        _check_shape(self.grid, self.values)


@attrs.frozen(eq=False)
class LabelMap:
    """Structures on a grid.

    Parameters
    ----------
    grid : Grid
    values : integer array of the grid's shape; 0 is background
    names : mapping of int to str
        Structure of each number, in the words of `foundation.terms.structures`.
    """

    grid: Grid
    values: NDArray[np.integer]
    names: Mapping[int, str]

    def __attrs_post_init__(self) -> None:
        _check_shape(self.grid, self.values)

    def mask(self, structure: str) -> Bools:
        """Where `structure` lies; nowhere when it has no number."""
        numbers = [n for n, name in self.names.items() if name == structure]
        found: Bools = np.isin(self.values, numbers) if len(numbers) != 1 else self.values == numbers[0]
        return found


def _check_shape(grid: Grid, values: Array) -> None:
    if tuple(values.shape) != grid.shape:
        raise GridError(f"array of shape {values.shape} on a grid of shape {grid.shape}")
