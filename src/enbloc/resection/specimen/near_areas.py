"""How much of an interface lies near the tumour: areas within 2, 5 and 10 mm.

Strategy. The face of a cut is flat: it is sampled by small equal squares. Every other interface is made of voxel faces,
whose plain sum is too large where the surface is oblique; each counts with the share of it that looks along the
surface's own direction, which makes the sum right for a plane in any pose.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.space.polygons import distance_to_face
from enbloc.resection.cuts import Cut

NEAR_MM = (2.0, 5.0, 10.0)

STEP_MM = 0.5
"""Edge of the squares on a face."""

SMOOTH_VOXELS = 1.5
"""The direction of a surface is read off a region smoothed by this much."""

Areas = Mapping[str, float]
"""Area in mm2 within each distance of `NEAR_MM`, by the distance in words."""


def near_on_cut(cut: Cut, tumour: scipy.spatial.cKDTree) -> Areas:
    """Areas of a cut's face near the points of a tumour's surface."""
    normal = cut.normal
    first = cut.face_mm[1] - cut.face_mm[0]
    first = first / np.linalg.norm(first)
    second = np.cross(normal, first)
    middle = cut.face_mm.mean(axis=0)
    flat = (cut.face_mm - middle) @ np.stack([first, second], axis=1)
    u, v = (np.arange(low, high, STEP_MM) + STEP_MM / 2 for low, high in zip(flat.min(0), flat.max(0), strict=True))
    grid = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1).reshape(-1, 2)
    points = middle + grid @ np.stack([first, second])
    inside = distance_to_face(points, cut.face_mm, normal)[0] < 1e-6
    return _areas(points[inside], np.full(int(inside.sum()), STEP_MM**2), tumour)


def near_faces(points_mm: Floats, areas_mm2: Floats, tumour: scipy.spatial.cKDTree) -> Areas:
    """Areas near the tumour of voxel faces given by their middles (n, 3) and true areas (n,)."""
    return _areas(points_mm, areas_mm2, tumour)


def true_areas(grid: Grid, region: Bools, middles: Floats, axes: NDArray[np.intp]) -> Floats:
    """What each voxel face of a region counts, mm2.

    Parameters
    ----------
    grid : Grid
    region : bool array
    middles : (n, 3) float
        Of the faces, in voxel indices.
    axes : (n,) int
        The axis that each face looks along.
    """
    if not len(middles):
        return np.empty(0)
    low = np.maximum(np.floor(middles.min(axis=0)).astype(int) - 8, 0)
    high = np.minimum(np.ceil(middles.max(axis=0)).astype(int) + 9, region.shape)
    box = region[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))]
    smooth = scipy.ndimage.gaussian_filter(box.astype(np.float32), SMOOTH_VOXELS, mode="nearest")
    spacing = grid.spacing_mm
    slopes = np.stack(
        [
            scipy.ndimage.map_coordinates(np.gradient(smooth, axis=k), (middles - low).T, order=1) / spacing[k]
            for k in range(3)
        ],
        axis=1,
    )
    length = np.linalg.norm(slopes, axis=1)
    own = np.abs(slopes[np.arange(len(slopes)), axes])
    looks = np.where(length > 1e-9, own / np.maximum(length, 1e-9), 1.0)
    plain = float(np.prod(spacing)) / spacing[axes]
    found: Floats = plain * looks
    return found


def _areas(points_mm: Floats, areas_mm2: Floats, tumour: scipy.spatial.cKDTree) -> Areas:
    if not len(points_mm):
        return {f"{near:g}": 0.0 for near in NEAR_MM}
    distance = tumour.query(points_mm, distance_upper_bound=max(NEAR_MM) + 1e-9)[0]
    return {f"{near:g}": float(areas_mm2[distance <= near].sum()) for near in NEAR_MM}
