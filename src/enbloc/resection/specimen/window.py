"""The ring: is the opening between the specimen's stumps wide enough for the sac?

The specimen leaves in front while the sac stays behind, so the sac must pass between what is left of the ring on the
specimen. The width wanted is the sac's plus a gap on each side (RING-2). No sac is labelled; it lies between the cord
and the canal's wall, so its width is an interval.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from enbloc.anatomy.parts import BODY, local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.estimates import Estimate, Measured
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.terms.levels import Level
from enbloc.foundation.terms.structures import DURA
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.plans import Geometry

GAP_MM = 2.5
"""Working gap on each side of the sac: the middle of 2-3 mm (RING-2, ours)."""

OVERHANG_MM = 1.0
"""Bone of the specimen less than this behind the canal's centre does not close over the sac."""


def judge_window(scene: Scene, placement: Placement, geometry: Geometry) -> tuple[Reason, ...]:
    """One sentence per level with stumps on both sides, where whole rings are opened; none for other families."""
    return tuple(_at_level(scene, level, geometry) for level in _ringed(placement))


def measure_window(scene: Scene, placement: Placement, geometry: Geometry) -> dict[str, Measured]:
    """The narrowest window between stumps of the ring, and the width wanted there, mm; empty where none is bounded.

    Keys ``"ring_window"`` and ``"ring_window_wanted"``. Wanted are the sac and a working gap on each side (RING-2): no
    less than for the labelled cord, no more than for the canal.
    """
    widths = {level: _width(scene, level, geometry) for level in _ringed(placement)}
    bounded = {level: width for level, width in widths.items() if isinstance(width, float)}
    if not bounded:
        return {}
    level = min(bounded, key=lambda one: bounded[one])
    error = 2.0 * scene.label_error_mm
    width, most = bounded[level], _canal_mm(scene, level) + 2 * GAP_MM
    least = min(_cord_mm(scene, level) + 2 * GAP_MM, most)
    because = "sac and a working gap on each side: from the labelled cord's width to the canal's"
    return {
        "ring_window": Estimate(width, max(width - error, 0.0), width + error, "mm", f"label borders at {level}"),
        "ring_window_wanted": Estimate(most, least, most, "mm", because),
    }


def _ringed(placement: Placement) -> tuple[Level, ...]:
    """The levels whose rings are opened on both sides and come off in front of the sac."""
    whole = placement.arch_off and placement.sagittal is None
    return placement.levels if whole and placement.family in ("vertebrectomy", "chest_wall_combined") else ()


def _canal_mm(scene: Scene, level: Level) -> float:
    vertebra = scene.vertebrae[level]
    return vertebra.canal_radius_left_mm + vertebra.canal_radius_right_mm


def _cord_mm(scene: Scene, level: Level) -> float:
    """The labelled dura's width between the end plates of a level, else the cord's; 0 where neither is labelled."""
    vertebra = scene.vertebrae[level]
    for name in (DURA, "spinal_cord"):
        local = local_coordinates(vertebra.frame, scene.grid.to_patient(voxels_of(scene.structures.mask(name))))
        beside = (local[:, 2] > vertebra.endplate_caudal_mm) & (local[:, 2] < vertebra.endplate_cranial_mm)
        if beside.any():
            return float(np.ptp(local[beside, 0])) + float(scene.grid.spacing_mm.max())
    return 0.0


def _width(scene: Scene, level: Level, geometry: Geometry) -> float | str:
    """The window between the stumps, mm, or the side that is open.

    The opening is the widest gap in the angles that the stumps take behind the canal's centre. One that ends beside
    the centre is a side; between two stumps it is as wide as they stand apart: across, or, where both lie on one side
    of the midline, in any direction of the axial plane.
    """
    vertebra = scene.vertebrae[level]
    number = list(scene.vertebrae).index(level) + 1
    where = voxels_of(geometry.specimen & (scene.bone == number) & (scene.parts != BODY))
    local = local_coordinates(vertebra.frame, scene.grid.to_patient(where))
    behind = local[(local[:, 1] > OVERHANG_MM) & (local[:, 1] < vertebra.canal_dorsal_mm + 10.0), :2]
    if not len(behind):
        return "either side"
    angles = np.degrees(np.arctan2(behind[:, 0], behind[:, 1]))
    ends = np.concatenate([[-90.0], np.sort(angles), [90.0]])
    gap = int(np.argmax(np.diff(ends)))
    if gap in (0, len(angles)):
        return "the right" if gap == 0 else "the left"
    left, right = behind[angles >= ends[gap + 1]], behind[angles <= ends[gap]]
    if ends[gap] < 0.0 <= ends[gap + 1]:
        return float(left[:, 0].min() - right[:, 0].max())
    return float(cKDTree(right).query(left)[0].min())


def _at_level(scene: Scene, level: Level, geometry: Geometry) -> Reason:
    width, canal = _width(scene, level, geometry), _canal_mm(scene, level)
    if isinstance(width, str):
        says = f"{level}: the ring is open on {width} behind the canal's centre; the sac can leave there."
        return Reason(says, "measured", (), "F2")
    if width >= canal + 2 * GAP_MM:
        says = f"{level}: the ring is open over {width:.0f} mm, the canal being {canal:.0f} mm wide."
        return Reason(says, "measured", (), "RING-2")
    return Reason(
        f"{level}: the ring is open over {width:.0f} mm only; wanted are the sac's width and {2 * GAP_MM:g} mm; the "
        f"canal is {canal:.0f} mm wide. The width of the sac on MRI settles whether it can leave.",
        "measured",
        (),
        "RING-2",
    )
