"""Bone that the tumour's label took away.

Some label maps give each voxel one name only, so that a tumour leaves a hole in its vertebra. Taken as it is, such a
tumour would seem to lie outside bone. Strategy: a tumour voxel was bone where the other side of the same vertebra has
bone at the mirrored place, where it lies within the outline of the body, or where both neighbours have bone at the same
place in their own frames. All of it is *modelled* and said so.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.parts import local_coordinates, to_patient
from enbloc.anatomy.scene import Vertebra
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.space.sampling import sample_nearest
from enbloc.foundation.terms.levels import Level

MOST_OVERLAP = 0.02
"""A tumour of which no more than this share lies in labelled bone was cut out of the bone's label, or never in it."""


def is_cut_out(bone: NDArray[np.uint8], tumour: Bools) -> bool:
    """Does the tumour share (nearly) no voxel with any vertebra?"""
    return bool((bone[tumour] > 0).sum() <= MOST_OVERLAP * tumour.sum())


def restore_bone(
    grid: Grid, bone: NDArray[np.uint8], tumour: Bools, canal: Bools, vertebrae: Mapping[Level, Vertebra]
) -> NDArray[np.uint8]:
    """The bone with what the tumour's label took away.

    Parameters
    ----------
    grid : Grid
    bone : uint8 array
        1 + position in `vertebrae`.
    tumour, canal : bool arrays
    vertebrae : mapping of level to Vertebra
    """
    restored = bone.copy()
    holes = voxels_of(tumour & (bone == 0) & ~canal)
    points = grid.to_patient(holes)
    measured = list(vertebrae.values())
    for number, vertebra in enumerate(measured, start=1):
        if vertebra.body_height_mm <= 0.0:
            continue
        local = local_coordinates(vertebra.frame, points)
        was = _mirrored(grid, bone, vertebra, local, number) | _in_body(vertebra, local)
        around = [n for n in (number - 1, number + 1) if 1 <= n <= len(measured) and measured[n - 1].body_height_mm > 0]
        if len(around) == 2:
            was |= np.logical_and.reduce(
                [_at_neighbour(grid, bone, vertebra, measured[n - 1], local, n) for n in around]
            )
        free = restored[tuple(holes.T)] == 0
        restored[tuple(holes[was & free].T)] = number
    return restored


def _mirrored(grid: Grid, bone: NDArray[np.uint8], vertebra: Vertebra, local: Floats, number: int) -> Bools:
    """Is there bone of this vertebra at the place mirrored in its midline?"""
    other_side = to_patient(vertebra.frame, local * np.array([-1.0, 1.0, 1.0]))
    return np.asarray(sample_nearest(grid, bone, other_side) == number, dtype=bool)


def _in_body(vertebra: Vertebra, local: Floats) -> Bools:
    """Does a point lie within the outline of the body, between its end plates and in front of the canal?"""
    centre = local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0]
    half = np.array([vertebra.body_width_mm, vertebra.body_depth_mm]) / 2
    outline = (((local[:, :2] - centre[:2]) / half) ** 2).sum(axis=1) < 1.0
    between = (local[:, 2] < vertebra.endplate_cranial_mm) & (local[:, 2] > vertebra.endplate_caudal_mm)
    return np.asarray(outline & between & (local[:, 1] < vertebra.canal_ventral_mm), dtype=bool)


def _at_neighbour(
    grid: Grid, bone: NDArray[np.uint8], vertebra: Vertebra, neighbour: Vertebra, local: Floats, number: int
) -> Bools:
    """Does a neighbour have bone at the same place in its own frame, scaled to its own body?"""
    scale = np.array([neighbour.body_width_mm, neighbour.body_depth_mm, neighbour.body_height_mm]) / np.array(
        [vertebra.body_width_mm, vertebra.body_depth_mm, vertebra.body_height_mm]
    )
    there = to_patient(neighbour.frame, local * scale)
    return np.asarray(sample_nearest(grid, bone, there) == number, dtype=bool)
