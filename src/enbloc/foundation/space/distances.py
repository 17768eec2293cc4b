"""Distances on a grid, in millimetres, and the surface of a labelled region."""

from __future__ import annotations

import edt
import numpy as np
import scipy
import skimage

from enbloc.foundation.space.boxes import Box, box_of, widened
from enbloc.foundation.space.grids import Bools, Floats, Grid

SMOOTH_VOXELS = 0.7
"""Standard deviation of the smoothing of a label's stairs, in voxels: under a voxel, so that no border moves."""

FAR_MM = 1e6
"""Stands for "no such region on this grid" in a distance field."""


def distance_to(grid: Grid, region: Bools) -> Floats:
    """Distance from every voxel's centre to the surface of `region`, mm; negative inside.

    The surface is taken half-way between the centres of inner and outer voxels; for a flat face along the axes that
    is exact, for any other within half a voxel. `FAR_MM` everywhere when the region is empty.
    """
    held = box_of(region)
    if held is None:
        return np.full(grid.shape, FAR_MM)
    signed = outward(grid, region)
    # Of the voxels outside, the nearest to an inner one lies in the region's box with one voxel around it.
    box = widened(held, 1, region.shape)
    signed[box] -= outward(grid, ~region[box])
    return signed


def lies_within(grid: Grid, region: Bools, reach_mm: float) -> Bools:
    """The voxels whose centre lies no further than `reach_mm` (not negative) from the surface of `region`."""
    near = np.zeros(grid.shape, dtype=bool)
    box = reached_from(grid, region, reach_mm)
    if box is not None:
        near[box] = distance_to(grid, region[box]) <= reach_mm
    return near


def reached_from(grid: Grid, region: Bools, reach_mm: float) -> Box | None:
    """The box of all voxels no further than `reach_mm` from a region, and a little more; None when it is empty."""
    held = box_of(region)
    by_n = int(np.ceil(reach_mm / float(grid.heights_mm.min()))) + 1
    return widened(held, by_n, region.shape) if held is not None else None


def outward(grid: Grid, region: Bools) -> Floats:
    """Distance from outer voxels to the surface of `region`, mm; zero inside."""
    away = distance_to_voxels(grid, region)
    away -= float(grid.spacing_mm.min()) / 2
    np.maximum(away, 0.0, out=away)
    return away


def distance_to_voxels(grid: Grid, region: Bools) -> Floats:
    """Distance from every voxel's centre to the nearest voxel centre of `region`, mm; zero inside."""
    spacing = tuple(float(s) for s in grid.spacing_mm)
    outside = np.ascontiguousarray(~region).view(np.uint8)
    found: Floats = edt.edt(outside, anisotropy=spacing, black_border=False, parallel=1)
    return found.astype(np.float64)


def surface_points(grid: Grid, region: Bools) -> Floats:
    """Points (n, 3) LPS mm on the surface of `region`; empty (0, 3) when the region is.

    The label's stairs are smoothed by `SMOOTH_VOXELS` before the surface is taken half-way between inside and outside,
    which leaves flat faces where they are and shrinks a sphere of 10 voxels by a fortieth of a voxel. Voxels too thin
    to survive that stand for themselves, by their centres.
    """
    held = box_of(region)
    if held is None:
        return np.empty((0, 3))
    pad = 3
    box = np.pad(region[held], pad)
    start = np.array([float(side.start - pad) for side in held])
    smooth = scipy.ndimage.gaussian_filter(box.astype(np.float32), SMOOTH_VOXELS)
    lost = np.argwhere(box & (smooth < 0.5)).astype(np.float64)
    inner = smooth >= 0.5
    vertices = skimage.measure.marching_cubes(smooth, 0.5)[0] if inner.any() else np.empty((0, 3))
    return grid.to_patient(np.vstack([vertices, lost]) + start)
