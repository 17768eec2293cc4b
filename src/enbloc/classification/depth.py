"""How deep does tumour reach beyond the bone's surface, or into the canal?

Strategy. Both surfaces are smoothed by less than a voxel, as margins and contacts are (`surface_points`), so that a
step of one voxel between two programs' labels is not read as a mass of one voxel. A voxel of tumour lies as far out as
its centre does from the wall's surface, and reaches as much further as its own share of tumour says.
"""

from __future__ import annotations

import numpy as np
import scipy

from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import SMOOTH_VOXELS, surface_points
from enbloc.foundation.space.grids import Bools, Floats, Grid

Box = tuple[slice, slice, slice]

_LEAST_SHARE = 1e-3


def measure_depths(scene: Scene, box: Box) -> Floats:
    """Depth of every voxel of tumour in a box that lies outside bone, mm; 0 for all other voxels.

    In the canal it is the depth behind the canal's wall, elsewhere that beyond the surface of bone and canal.
    """
    grid, tumour, canal = scene.grid.crop(box), scene.tumour[box], scene.canal[box]
    bone: Bools = scene.bone[box] > 0
    reach = _reach(scene, box)
    depths = np.zeros(grid.shape)
    for there, wall in ((tumour & ~bone & ~canal, bone | canal), (tumour & canal, ~canal)):
        if there.any() and wall.any():
            depths[there] = _beyond(grid, there, wall) + reach[there]
    return depths


def _reach(scene: Scene, box: Box) -> Floats:
    """How far the tumour's surface lies beyond the centre of each voxel, mm; half a voxel at most, either way."""
    half = scene.label_error_mm
    if scene.tumour_border_mm is not None:
        moved: Floats = np.clip(-scene.tumour_border_mm[box], -half, half)
        return moved
    share = scipy.ndimage.gaussian_filter(scene.tumour[box].astype(np.float64), SMOOTH_VOXELS)
    surface = SMOOTH_VOXELS * 2.0 * half * scipy.special.ndtri(np.clip(share, _LEAST_SHARE, 1.0 - _LEAST_SHARE))
    reach: Floats = np.clip(surface, -half, half)
    return reach


def _beyond(grid: Grid, there: Bools, wall: Bools) -> Floats:
    """Distance of the centres of some voxels beyond the surface of a region, mm; negative within it."""
    smooth = scipy.ndimage.gaussian_filter(wall.astype(np.float64), SMOOTH_VOXELS)
    distances, _ = scipy.spatial.cKDTree(surface_points(grid, wall)).query(grid.to_patient(voxels_of(there)))
    signed: Floats = np.where(smooth[there] < 0.5, distances, -distances)
    return signed
