"""Distances on a grid, in millimetres, and the surface of a labelled region."""

from __future__ import annotations

import edt
import numpy as np
from skimage.measure import marching_cubes

from enbloc.foundation.space.grids import Bools, Floats, Grid

FAR_MM = 1e6
"""Stands for "no such region on this grid" in a distance field."""


def distance_to(grid: Grid, region: Bools) -> Floats:
    """Distance from every voxel's centre to the surface of `region`, mm; negative inside.

    The surface is taken half-way between the centres of inner and outer voxels; for a flat face along the axes that
    is exact, for any other within half a voxel. `FAR_MM` everywhere when the region is empty.
    """
    if not region.any():
        return np.full(grid.shape, FAR_MM)
    signed: Floats = outward(grid, region) - outward(grid, ~region)
    return signed


def outward(grid: Grid, region: Bools) -> Floats:
    """Distance from outer voxels to the surface of `region`, mm; zero inside."""
    centre_to_centre = distance_to_voxels(grid, region)
    return np.maximum(centre_to_centre - float(grid.spacing_mm.min()) / 2, 0.0) * (centre_to_centre > 0)


def distance_to_voxels(grid: Grid, region: Bools) -> Floats:
    """Distance from every voxel's centre to the nearest voxel centre of `region`, mm; zero inside."""
    spacing = tuple(float(s) for s in grid.spacing_mm)
    found: Floats = edt.edt(np.asfortranarray(~region), anisotropy=spacing, black_border=False, parallel=2)
    return found.astype(np.float64)


def surface_points(grid: Grid, region: Bools) -> Floats:
    """Points (n, 3) LPS mm on the surface of `region`, half-way between inner and outer voxel centres.

    Empty (0, 3) when the region is.
    """
    if not region.any():
        return np.empty((0, 3))
    box, start = _padded_box(region)
    vertices = marching_cubes(box.astype(np.float32), 0.5)[0]
    return grid.to_patient(vertices + start)


def _padded_box(region: Bools) -> tuple[Bools, Floats]:
    found = np.argwhere(region)
    low, high = found.min(axis=0), found.max(axis=0) + 1
    box = np.pad(region[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], 1)
    return box, low.astype(np.float64) - 1.0
