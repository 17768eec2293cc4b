"""Does the spine stand straight at the tumour? (SINS-4)

Strategy. Translation is the step between the back walls of two neighbouring bodies at the disc between them, across
their mean axis. Deformity is the angle between the vertebra above and the one below, seen from the side and from the
front. One scan cannot say whether a deformity is new: an angle within the limits is no deformity, so none that is new;
an angle beyond them stays open.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.classification.extent import Extent
from enbloc.classification.judged import Judged, judge_levels
from enbloc.classification.measured.body_shape import BodyShape, measure_body_shape, why_unmeasured
from enbloc.classification.overruling import TRANSLATION_MM
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.verdicts import Verdict, judge_above
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level, are_contiguous, order

SCOLIOSIS_DEG = 10.0
"""Side bend between the vertebrae above and below from which on there may be a scoliosis (ours)."""

KYPHOSIS_DEG = 10.0
"""Forward bend between the vertebrae above and below from which on there may be a kyphosis (ours) …"""

THORACIC_KYPHOSIS_DEG = 20.0
"""… and between T1 and T10, where the spine bends forward by nature (ours). In healthy real spines: up to 17."""

_FRAME_FROM_NEIGHBOURS = ("cranial axis", "body")
_CT = "CT of the spine with both neighbours whole"
_EARLIER = "Earlier images for comparison"


def find_alignment(scene: Scene, extent: Extent) -> tuple[Finding, Finding]:
    """The findings ``translation`` and ``new_deformity``; the second can be unmet, never met."""
    shapes = {level: measure_body_shape(scene, level) for level in scene.vertebrae}
    return (
        judge_levels("translation", extent, lambda level: _judge_step(scene, shapes, level), _CT),
        judge_levels("new_deformity", extent, lambda level: _judge_bends(scene, level), _EARLIER),
    )


def measure_step(scene: Scene, shapes: Mapping[Level, BodyShape | None], upper: Level, lower: Level) -> Measured:
    """The step between the back walls of two neighbours at their disc, across their mean cranial axis, mm."""
    above, below = shapes[upper], shapes[lower]
    if above is None or below is None or not are_contiguous((upper, lower)):
        return Unknown(f"the back walls of {upper} and {lower} were not both read")
    frames = scene.vertebrae[upper].frame, scene.vertebrae[lower].frame
    cranial = _unit(frames[0].cranial + frames[1].cranial)
    gap = above.back_caudal_mm - below.back_cranial_mm
    step = float(np.linalg.norm(gap - (gap @ cranial) * cranial))
    tilt = np.radians(np.hypot(frames[0].tilt_error_deg, frames[1].tilt_error_deg) / 2)
    error = float(np.hypot(np.sqrt(2.0) * scene.label_error_mm, tilt * abs(float(gap @ cranial))))
    because = f"two label borders +-{scene.label_error_mm:.2f} mm and the axes' error"
    return Estimate(step, max(step - error, 0.0), step + error, "mm", because)


def measure_bends(upper: Vertebra, lower: Vertebra) -> tuple[Measured, Measured]:
    """Forward bend and side bend (without its sign) of one vertebra against another, degrees."""
    for vertebra in (upper, lower):
        stands_in = [what for what in vertebra.modelled if what.startswith(_FRAME_FROM_NEIGHBOURS)]
        if stands_in or why_unmeasured(vertebra):
            unknown = Unknown(stands_in[0] if stands_in else str(why_unmeasured(vertebra)))
            return unknown, unknown
    cranial = _unit(upper.frame.cranial + lower.frame.cranial)
    left = upper.frame.left + lower.frame.left
    left = _unit(left - (left @ cranial) * cranial)
    dorsal = np.cross(cranial, left)
    error = float(np.hypot(upper.frame.tilt_error_deg, lower.frame.tilt_error_deg))
    because = f"the axes of {upper.level} and {lower.level}"
    forward = _turn_deg(upper.frame.cranial, cranial, -dorsal) - _turn_deg(lower.frame.cranial, cranial, -dorsal)
    aside = abs(_turn_deg(upper.frame.cranial, cranial, left) - _turn_deg(lower.frame.cranial, cranial, left))
    return (
        Estimate(forward, forward - error, forward + error, "deg", because),
        Estimate(aside, max(aside - error, 0.0), aside + error, "deg", because),
    )


def _judge_step(scene: Scene, shapes: Mapping[Level, BodyShape | None], level: Level) -> Judged:
    """The greater step of a level against its two neighbours; unmet only where both are measured."""
    around = _around(scene, level)
    pairs = ((around[0], level), (level, around[1]))
    steps = [
        measure_step(scene, shapes, upper, lower) if upper and lower else Unknown(f"{level} has a side without level")
        for upper, lower in pairs
    ]
    known = [step for step in steps if isinstance(step, Estimate)]
    worst = max(known, key=lambda step: step.value, default=None)
    if worst is not None and (len(known) == 2 or judge_above(worst, TRANSLATION_MM) is Verdict.MET):
        says = f"Greatest step of the back walls at {level}: {_range(worst)} mm; translation from {TRANSLATION_MM:g} mm"
        return Judged(judge_above(worst, TRANSLATION_MM), worst, f"{says} (ours).")
    why = next(step for step in steps if isinstance(step, Unknown))
    return Judged(Verdict.UNDECIDED, why, f"Whether {level} has slipped is open: {why.because}.")


def _judge_bends(scene: Scene, level: Level) -> Judged:
    upper, lower = _around(scene, level)
    if upper is None or lower is None:
        why = Unknown(f"{level} has no labelled neighbour on one side")
        return Judged(Verdict.UNDECIDED, why, f"The alignment at {level} is open: {why.because}.")
    forward, aside = measure_bends(scene.vertebrae[upper], scene.vertebrae[lower])
    if isinstance(forward, Unknown) or isinstance(aside, Unknown):
        why = forward if isinstance(forward, Unknown) else Unknown("the side bend was not measured")
        return Judged(Verdict.UNDECIDED, why, f"The alignment at {level} is open: {why.because}.")
    limit = THORACIC_KYPHOSIS_DEG if order("T1") <= order(level) <= order("T10") else KYPHOSIS_DEG
    straight = all(
        judge_above(bend, most) is Verdict.UNMET for bend, most in ((forward, limit), (aside, SCOLIOSIS_DEG))
    )
    worst = max((forward, limit), (aside, SCOLIOSIS_DEG), key=lambda pair: pair[0].high / pair[1])[0]
    says = (
        f"{upper} to {lower}: {_range(forward)} deg forward (limit {limit:g}), {_range(aside)} deg to the side "
        f"(limit {SCOLIOSIS_DEG:g}; limits ours)"
    )
    if straight:
        return Judged(Verdict.UNMET, worst, f"{says}: no deformity on this scan.")
    return Judged(Verdict.UNDECIDED, worst, f"{says}: one scan cannot say whether a deformity is new.")


def _around(scene: Scene, level: Level) -> tuple[Level | None, Level | None]:
    """The labelled neighbours above and below."""
    names = list(scene.vertebrae)
    at = names.index(level) if level in names else -1
    if at < 0:
        return None, None
    return names[at - 1] if at > 0 else None, names[at + 1] if at + 1 < len(names) else None


def _turn_deg(axis: Floats, cranial: Floats, towards: Floats) -> float:
    """How far an axis leans from the cranial one towards a direction, degrees."""
    return float(np.degrees(np.arctan2(axis @ towards, axis @ cranial)))


def _unit(vector: Floats) -> Floats:
    unit: Floats = vector / np.linalg.norm(vector)
    return unit


def _range(measured: Estimate) -> str:
    return f"{measured.value:.1f} ({measured.low:.1f} to {measured.high:.1f})"
