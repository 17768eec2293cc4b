"""What a placement reaches for: its levels, the bone beside the vertebrae that it may take, and the bodies' outline."""

from __future__ import annotations

import numpy as np

from enbloc.anatomy.parts import BODY, local_coordinates
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.levels import Level
from enbloc.resection.cutting.placement import Placement

ILIUM_MM = 40.0
"""Of the ilium no more than this beside the sacrum can go with a specimen of it (ours)."""


def bone_levels(placement: Placement) -> tuple[Level, ...]:
    """The levels whose bone a placement may take: its own, and the neighbour that an end cut goes through."""
    beyond = tuple(c.neighbour for c in placement.end_cuts if c.tissue == "bone" and c.neighbour)
    return (*placement.levels, *beyond)


def whole_bones(scene: Scene, placement: Placement) -> Bools:
    """Bones apart from the vertebrae that the placement may divide: the sacrum, and of the ilium what lies at it."""
    found = np.zeros(scene.grid.shape, dtype=bool)
    for name in placement.bones:
        bone = scene.structures.mask(name) & (scene.bone == 0)
        if name.startswith("hip_") and bone.any():
            bone &= distance_to(scene.grid, scene.structures.mask("sacrum") | (scene.bone > 0)) <= ILIUM_MM
        found |= bone
    return found


def other_bone(scene: Scene, placement: Placement) -> Bools:
    """Bone apart from the vertebrae that may belong to the specimen: whole bones, and of ribs what is cut off."""
    found = whole_bones(scene, placement)
    for rib in placement.rib_cuts:
        found |= rib.taken
    return found


def over_or_under(vertebra: Vertebra, points: Floats) -> Bools:
    """Points (n, 3) LPS mm within the outline of a body, no further above or below than half its height."""
    local = local_coordinates(vertebra.frame, points)
    centre = local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0]
    half = np.array([vertebra.body_width_mm, vertebra.body_depth_mm]) / 2
    outline = (((local[:, :2] - centre[:2]) / np.maximum(half, 1e-6)) ** 2).sum(axis=1) < 1.0
    return np.asarray(outline & (np.abs(local[:, 2] - centre[2]) < vertebra.body_height_mm), dtype=bool)


def arch_taken_off(scene: Scene, placement: Placement) -> Bools:
    """Bone of the rings that are taken off to free the cord, as far as it is not the specimen's."""
    numbers = [list(scene.vertebrae).index(level) + 1 for level in placement.arch_off]
    found: Bools = np.isin(scene.bone, numbers) & (scene.parts != BODY)
    return found


def in_column(scene: Scene, placement: Placement, points: Floats) -> Bools:
    """Points (n, 3) LPS mm over or under a body that the placement may take, or within it."""
    found = np.zeros(len(points), dtype=bool)
    for level in bone_levels(placement):
        found |= over_or_under(scene.vertebrae[level], points)
    return found
