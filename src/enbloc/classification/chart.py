"""The chart of a vertebra: where its bone begins and ends around the canal, and where its parts meet.

It depends on the bone alone, not on the tumour, so one chart serves every tumour that is tried on a scene.
"""

from __future__ import annotations

import attrs
import numpy as np
import scipy

from enbloc.anatomy.parts import Borders, local_coordinates, measure_borders
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.classification.judged import box_around, number_of
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.terms.levels import Level

DEEP_FRACTION = 0.5
"""The border between layers C and B, as a share of the radial depth of the bone (LAY-1, ours)."""

POLAR_STEP_DEG, POLAR_STEP_MM = 3.0, 0.75
POLAR_REACH_MM = 75.0
"""The polar map reaches past the tip of any transverse or spinous process."""


@attrs.frozen(eq=False)
class PolarMap:
    """Radii where bone begins and ends on each ray, (height, angle) mm; nan on a ray without bone."""

    lowest_mm: float
    step_mm: float
    inner_mm: Floats
    outer_mm: Floats


@attrs.frozen(eq=False)
class Chart:
    """What turns a place in a vertebra into its cell.

    `bone_mm` holds the centres (n, 3) of the vertebra's own voxels, in its frame.
    """

    level: Level
    polar: PolarMap
    borders: Borders
    bone_mm: Floats


def build_chart(scene: Scene, level: Level) -> Chart:
    """The chart of one level of a scene, whose body was measured."""
    vertebra = scene.vertebrae[level]
    bone: Bools = scene.bone == number_of(scene, level)
    box = box_around(bone, by=1)
    grid = scene.grid.crop(box)
    local = local_coordinates(vertebra.frame, grid.to_patient(voxels_of(bone[box])))
    borders = measure_borders(vertebra, local, 2 * scene.label_error_mm)
    return Chart(level, _polar_map(grid, bone[box], vertebra, local[:, 2]), borders, local)


def radial_fraction(local: Floats, polar: PolarMap) -> Floats:
    """(r - r_canal) / (r_cortex - r_canal) of points (n, 3); 0.5 on a ray where the map saw no bone."""
    n_heights, n_angles = polar.inner_mm.shape
    row = np.clip(np.rint((local[:, 2] - polar.lowest_mm) / polar.step_mm).astype(np.intp), 0, n_heights - 1)
    angle = np.degrees(np.arctan2(local[:, 0], local[:, 1])) % 360.0
    column = np.rint(angle / POLAR_STEP_DEG).astype(np.intp) % n_angles
    inner, outer = polar.inner_mm[row, column], polar.outer_mm[row, column]
    radius = np.hypot(local[:, 0], local[:, 1])
    fraction = (radius - inner) / np.maximum(outer - inner, POLAR_STEP_MM)
    return np.where(np.isnan(fraction), DEEP_FRACTION, fraction)


def _polar_map(grid: Grid, bone: Bools, vertebra: Vertebra, heights: Floats) -> PolarMap:
    """Where bone begins and ends along rays from the canal's centre, per height and angle."""
    step = float(grid.spacing_mm.min())
    levels = np.arange(heights.min() - step, heights.max() + 1.5 * step, step)
    angles = np.radians(np.arange(0.0, 360.0, POLAR_STEP_DEG))
    radii = np.arange(POLAR_STEP_MM, POLAR_REACH_MM, POLAR_STEP_MM)
    f = vertebra.frame
    starts = grid.to_index(f.origin_mm + levels[:, None] * f.cranial)
    rays = (np.sin(angles)[:, None] * f.left + np.cos(angles)[:, None] * f.dorsal) @ np.linalg.inv(grid.affine)[
        :3, :3
    ].T
    indices = starts.T[:, :, None, None] + rays.T[:, None, :, None] * radii
    there = (
        scipy.ndimage.map_coordinates(bone.astype(np.float32), indices, order=1, mode="constant", prefilter=False)
        >= 0.5
    )
    any_bone = there.any(axis=2)
    inner = np.where(any_bone, radii[there.argmax(axis=2)], np.nan)
    outer = np.where(any_bone, radii[len(radii) - 1 - there[:, :, ::-1].argmax(axis=2)], np.nan)
    return PolarMap(float(levels[0]), step, inner, outer + POLAR_STEP_MM)
