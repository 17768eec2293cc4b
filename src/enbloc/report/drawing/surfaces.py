"""Surfaces for looking at: what stays, what leaves, the tumour, the dangers and the cuts, as light meshes.

Each mask is smoothed and its surface taken on a coarser grid, so that a whole scene weighs about a megabyte. They show
the shape and are no measure: volumes and margins come from the labels.
"""

from __future__ import annotations

import attrs
import numpy as np
import scipy
import skimage
from numpy.typing import NDArray

from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.terms.structures import SPINAL_CORD
from enbloc.report.drawing.palette import BONE, CANAL, CUT, LUNG, SPECIMEN, TUMOUR, VESSEL
from enbloc.report.drawing.slice_greys import find_kind
from enbloc.resection.plans import Delivery, Plan

Faces = NDArray[np.int64]

STEP_MM = 1.8
"""Edge of the coarser grid: near the voxels of the label maps that arrive."""

REACH_MM = 45.0
"""How far beyond tumour and specimen the scene is shown."""

_SMOOTHING_MM = 0.8
_LEAST_ML = 0.05


@attrs.frozen(eq=False)
class Surface:
    """One named mesh.

    Parameters
    ----------
    name : str
        In words: ``"specimen"``, ``"bone that stays"``.
    colour : str
        ``"#rrggbb"``.
    opacity : float
        1 is solid.
    points_mm : (n, 3) float, LPS
    faces : (m, 3) int
        Corners counter-clockwise seen from outside.
    shown : bool
        Whether it is shown at first.
    leaves : bool
        Whether it moves with the specimen.
    """

    name: str
    colour: str
    opacity: float
    points_mm: Floats
    faces: Faces
    shown: bool = True
    leaves: bool = False


@attrs.frozen(eq=False)
class Scene3D:
    """What the pictures in three dimensions show.

    Parameters
    ----------
    surfaces : tuple of Surface
    cuts : tuple of Surface
        One flat face each, in the plan's order.
    path : tuple of (4, 4) float, LPS mm
        Poses of what leaves, the first where it lies; empty without a way.
    centre_mm : (3,) float, LPS
    """

    surfaces: tuple[Surface, ...]
    cuts: tuple[Surface, ...]
    path: tuple[Floats, ...]
    centre_mm: Floats


def build_scene3d(scene: Scene, plan: Plan | None) -> Scene3D | None:
    """The scene of a plan, or of the anatomy when there is none; None without tumour."""
    if not scene.tumour.any():
        return None
    geometry = plan.geometry if plan is not None else None
    leaving = scene.tumour if geometry is None else scene.tumour | geometry.specimen
    box = _around(scene.grid, leaving)
    part = scene.grid.crop(box)
    cord = scene.structures.mask(SPINAL_CORD)
    spared = scene.bone > 0 if geometry is None else (scene.bone > 0) & ~geometry.specimen
    groups = (
        ("tumour", TUMOUR, 1.0, scene.tumour, True, True),
        ("specimen", SPECIMEN, 0.35, None if geometry is None else geometry.specimen, True, True),
        ("bone that stays", BONE, 1.0, spared & ~scene.tumour, True, False),
        ("vessel", VESSEL, 1.0, _kind(scene, "vessel"), True, False),
        ("cord", CANAL, 1.0, cord, True, False),
        ("canal", CANAL, 0.35, scene.canal, not cord.any(), False),
        ("lung", LUNG, 0.25, _kind(scene, "lung"), False, False),
    )
    surfaces = tuple(
        Surface(name, colour, opacity, *found, shown, leaves)
        for name, colour, opacity, mask, shown, leaves in groups
        if mask is not None and (found := _surface(part, mask[box])) is not None
    )
    cuts = tuple(Surface(cut.id, CUT, 0.6, *_flat(cut.face_mm)) for cut in (plan.cuts if plan is not None else ()))
    way = plan.delivery.path if plan is not None and isinstance(plan.delivery, Delivery) else ()
    middle = scene.grid.to_patient(voxels_of(leaving)).mean(axis=0)
    return Scene3D(surfaces, cuts, tuple(way), middle)


def _kind(scene: Scene, kind: str) -> Bools:
    found: Bools = np.isin(scene.structures.values, find_kind(scene, kind))
    return found


def _around(grid: Grid, mask: Bools) -> tuple[slice, slice, slice]:
    """The part of the grid within reach of a mask."""
    cuts = []
    for axis in range(3):
        taken = np.flatnonzero(mask.any(axis=tuple(k for k in range(3) if k != axis)))
        extra = int(np.ceil(REACH_MM / grid.spacing_mm[axis]))
        cuts.append(slice(max(0, int(taken[0]) - extra), min(grid.shape[axis], int(taken[-1]) + extra + 1)))
    return cuts[0], cuts[1], cuts[2]


def _surface(grid: Grid, mask: Bools) -> tuple[Floats, Faces] | None:
    """The smoothed surface of a mask in LPS mm, corners counter-clockwise from outside; None when too little is there.

    The field is padded with nothing, so that surfaces close where the field of view ends.
    """
    if float(np.count_nonzero(mask)) * grid.voxel_ml < _LEAST_ML:
        return None
    hit = [np.flatnonzero(mask.any(axis=tuple(k for k in range(3) if k != axis))) for axis in range(3)]
    pad = [int(np.ceil(2.0 * STEP_MM / size)) + 1 for size in grid.spacing_mm]
    box = tuple(slice(int(found[0]), int(found[-1]) + 1) for found in hit)
    field = np.pad(mask[box].astype(np.float32), [(n, n) for n in pad])
    field = scipy.ndimage.gaussian_filter(field, _SMOOTHING_MM / grid.spacing_mm)
    shares = np.minimum(1.0, grid.spacing_mm / STEP_MM)
    coarse = scipy.ndimage.zoom(field, shares, order=1) if shares.min() < 0.95 else field
    if coarse.max() <= 0.5:
        return None
    corners, faces, _, _ = skimage.measure.marching_cubes(coarse, level=0.5)
    stretch = (np.array(field.shape) - 1.0) / (np.array(coarse.shape) - 1.0)
    start = np.array([found[0] - n for found, n in zip(hit, pad, strict=True)], dtype=np.float64)
    points = grid.to_patient(corners * stretch + start)
    a, b, c = (points[faces[:, k]] for k in range(3))
    outwards = float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum()) > 0
    return points, np.ascontiguousarray(faces if outwards else faces[:, ::-1]).astype(np.int64)


def _flat(corners_mm: Floats) -> tuple[Floats, Faces]:
    """A convex polygon as a fan of triangles."""
    fan = [(0, n, n + 1) for n in range(1, len(corners_mm) - 1)]
    return np.asarray(corners_mm, dtype=np.float64), np.array(fan, dtype=np.int64)
