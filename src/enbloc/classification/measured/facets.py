"""Are the facet joints and the costovertebral joint of a side free? (SINS-6)

Sectors 2, 3, 10 and 11 hold the joints among other bone, so an involved sector leaves them open. Here a generous zone
around the articular processes is looked at, in the thorax with the transverse process and the body's corner, where the
ribs stand. Without tumour in it the joints are free. Tumour in it does not say that a joint is replaced: that stays
open.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.parts import BODY, local_coordinates
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.classification.extent import BONE_LAYERS, LEFT_PEDICLE, RIGHT_PEDICLE, Extent
from enbloc.classification.findings import part_verdict
from enbloc.classification.judged import Judged, box_around, judge_levels, number_of, typed_over, volume_in
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.verdicts import Verdict, any_of, judge_above
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.levels import Level, region

JOINT_INNER_MM = 4.0
"""The zone begins this far inside the canal's side wall (ours)."""

JOINT_OUTER_MM = 16.0
"""Outside the thorax it ends this far beyond the canal's side wall: past an articular process (ours)."""

JOINT_DORSAL_MM = 14.0
"""Outside the thorax it ends this far behind the canal: past an inferior articular process (ours)."""

CORNER_MM = 10.0
"""In the thorax it holds the back corner of the body, this wide and deep, where the rib's head stands (ours)."""

JOINT_ML = 0.05
"""The zone is free below this volume: the same as a cell of WBB (GEO-7, ours)."""

SIDES: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "left": ((LEFT_PEDICLE,), (2, 3)),
    "right": ((RIGHT_PEDICLE,), (10, 11)),
}
"""The sectors of each side's pedicle, and those that hold its joints."""


def find_facets(scene: Scene, extent: Extent) -> tuple[Finding, ...]:
    """``posterolateral_left`` and ``_right`` where the sectors leave them open and the zone is free."""
    found = []
    for side, sectors in SIDES.items():
        in_pedicle, in_joints = (
            any_of(part_verdict(level, part, BONE_LAYERS) for level in extent.levels.values()) for part in sectors
        )
        if in_pedicle is Verdict.UNMET and in_joints is not Verdict.UNMET:
            settle = f"CT of the spine: the {side} facet, pedicle and costovertebral joint"
            judge = partial(_judge_zone, scene, extent, side)
            found.append(judge_levels(f"posterolateral_{side}", extent, judge, settle))
    return tuple(found)


def measure_joint_zone(scene: Scene, level: Level, side: str) -> Measured:
    """Tumour in the zone around the joints of one side of a level, ml."""
    if level not in scene.vertebrae or scene.vertebrae[level].body_height_mm <= 0.0:
        return Unknown(f"{level} was not measured")
    bone = scene.bone == number_of(scene, level)
    box = box_around(bone, by=3)
    voxels = voxels_of(bone[box])
    local = local_coordinates(scene.vertebrae[level].frame, scene.grid.crop(box).to_patient(voxels))
    zone = np.zeros(bone[box].shape, dtype=bool)
    zone[tuple(voxels.T)] = _in_zone(scene.vertebrae[level], local, scene.parts[box][bone[box]], side)
    return volume_in(scene, zone, box)


def _in_zone(vertebra: Vertebra, local: Floats, part: NDArray[np.uint8], side: str) -> Bools:
    """Which voxels of a vertebra, given in its frame, lie in the zone of a side."""
    lateral = local[:, 0] if side == "left" else -local[:, 0]
    wall = vertebra.canal_radius_left_mm if side == "left" else vertebra.canal_radius_right_mm
    beside = lateral > wall - JOINT_INNER_MM
    zone = beside & (part != BODY)
    if region(vertebra.level) == "thoracic":
        centre = local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0]
        out = lateral > (centre[0] if side == "left" else -centre[0]) + vertebra.body_width_mm / 2 - CORNER_MM
        back = local[:, 1] > vertebra.canal_ventral_mm - CORNER_MM
        return np.asarray(zone | ((part == BODY) & out & back), dtype=bool)
    near = (lateral < wall + JOINT_OUTER_MM) & (local[:, 1] < vertebra.canal_dorsal_mm + JOINT_DORSAL_MM)
    return np.asarray(zone & near, dtype=bool)


def _judge_zone(scene: Scene, extent: Extent, side: str, level: Level) -> Judged:
    volume = typed_over(extent, level) or measure_joint_zone(scene, level, side)
    if isinstance(volume, Estimate) and judge_above(volume, JOINT_ML) is Verdict.UNMET:
        return Judged(Verdict.UNMET, volume, f"No tumour around the {side} joints of {level}.")
    why = volume.because if isinstance(volume, Unknown) else f"{volume.value:.2f} ml of tumour lie around it"
    says = f"Whether the {side} facet or costovertebral joint of {level} is replaced is open: {why}."
    return Judged(Verdict.UNDECIDED, volume, says)
