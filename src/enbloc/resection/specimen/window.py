"""The ring: is the opening between the specimen's stumps wide enough for the sac?

The specimen leaves in front while the sac stays behind, so the sac must pass between what is left of the ring on the
specimen. The width wanted is the sac's plus a gap on each side (RING-2). No sac is labelled; it lies between the cord
and the canal's wall, so its width is an interval.
"""

from __future__ import annotations

from enbloc.anatomy.parts import BODY, local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.terms.levels import Level
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.plans import Geometry

GAP_MM = 2.5
"""Working gap on each side of the sac: the middle of 2-3 mm (RING-2, ours)."""

OVERHANG_MM = 1.0
"""Bone of the specimen less than this behind the canal's centre does not close over the sac."""


def judge_window(scene: Scene, placement: Placement, geometry: Geometry) -> tuple[Reason, ...]:
    """One sentence per level with stumps on both sides, for a vertebrectomy; none for other families."""
    if placement.family != "vertebrectomy":
        return ()
    return tuple(_at_level(scene, level, geometry) for level in placement.levels)


def _at_level(scene: Scene, level: Level, geometry: Geometry) -> Reason:
    vertebra = scene.vertebrae[level]
    number = list(scene.vertebrae).index(level) + 1
    where = voxels_of(geometry.specimen & (scene.bone == number) & (scene.parts != BODY))
    local = local_coordinates(vertebra.frame, scene.grid.to_patient(where))
    behind = local[(local[:, 1] > OVERHANG_MM) & (local[:, 1] < vertebra.canal_dorsal_mm + 10.0), 0]
    left, right = behind[behind >= 0.0], behind[behind < 0.0]
    canal = vertebra.canal_radius_left_mm + vertebra.canal_radius_right_mm
    if not len(left) or not len(right):
        side = "either side" if not len(behind) else ("the right" if len(left) else "the left")
        return Reason(
            f"{level}: the ring is open on {side} behind the canal's centre; the sac can leave there.",
            "measured",
            (),
            "F2",
        )
    width = float(left.min() - right.max())
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
