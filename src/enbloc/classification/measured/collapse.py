"""Has the body collapsed, and is more than half of it tumour? (SINS-5)

Strategy. The height of each third of the body is compared with the mean of the same third of the nearest whole and free
neighbours; the third that lost most stands for the body. Comparing third with third lets the natural wedge of a body
cancel out. The neighbours' own difference is part of the doubt: one of them may be low or high by itself. A collapse
may be old, or have another cause; the score asks only for the height.
"""

from __future__ import annotations

import numpy as np

from enbloc.anatomy.parts import BODY
from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.classification.findings import levels_that_may
from enbloc.classification.judged import (
    Judged,
    border_mm,
    box_around,
    judge_levels,
    number_of,
    tumour_shares,
    typed_over,
)
from enbloc.classification.measured.body_shape import THIRDS, measure_body_shape, why_unmeasured
from enbloc.classification.overruling import COLLAPSE_FRACTION, HALF
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.verdicts import Verdict, judge_above
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level

ONE_SIDED_FRACTION = 0.1
"""How much more a single neighbour's height may differ for no other reason than being the next level (ours)."""

_JUST_OVER = 1e-9
_CT = "CT of the spine with both neighbours whole"


def find_collapse(scene: Scene, extent: Extent) -> tuple[Finding, ...]:
    """The findings ``collapse``, ``collapse_over_half`` and ``body_over_half``."""
    free = [level for level in scene.vertebrae if level not in levels_that_may(extent)]
    lost = {level: measure_height_loss(scene, level, free) for level in levels_that_may(extent)}
    held = {level: typed_over(extent, level) or measure_body_share(scene, level) for level in lost}
    return (
        judge_levels("collapse", extent, lambda n: _judge_loss(n, lost[n], COLLAPSE_FRACTION), _CT),
        judge_levels("collapse_over_half", extent, lambda n: _judge_loss(n, lost[n], HALF + _JUST_OVER), _CT),
        judge_levels("body_over_half", extent, lambda n: _judge_share(n, held[n]), "How much of the body is tumour"),
    )


def measure_height_loss(scene: Scene, level: Level, free: list[Level]) -> Measured:
    """The share of its height that the third of a body that lost most has lost, against the nearest free neighbours.

    Negative for a body that is higher than its neighbours.
    """
    if level not in scene.vertebrae:
        return Unknown(f"{level} is not labelled")
    if reason := why_unmeasured(scene.vertebrae[level]):
        return Unknown(reason)
    own = measure_body_shape(scene, level)
    if own is None:
        return Unknown(f"the body of {level} has too few voxels")
    around = _neighbours_mm(scene, level, free)
    if not around:
        return Unknown(f"{level} has no whole neighbour without tumour to compare with")
    error = 2.0 * scene.label_error_mm  # of a height: both end plates
    expected = np.mean(around, axis=0)
    spread = np.ptp(around, axis=0) / 2 / expected + (ONE_SIDED_FRACTION if len(around) == 1 else 0.0)
    lost = 1.0 - own.heights_mm / expected
    doubt = np.hypot(np.sqrt(2.0) * error / expected, spread)
    because = (
        f"both end plates +-{scene.label_error_mm:.2f} mm, {len(around)} of 2 neighbours and their difference; "
        f"{THIRDS[int(lost.argmax())]} third"
    )
    low, high = float((lost - doubt).max()), float((lost + doubt).max())
    return Estimate(float(lost.max()), low, min(high, 1.0), "fraction", because)


def _neighbours_mm(scene: Scene, level: Level, free: list[Level]) -> list[Floats]:
    """Heights of the thirds of the nearest free measurable level on each side, of the two next ones."""
    names = list(scene.vertebrae)
    at = names.index(level)
    found = []
    for side in (names[max(at - 2, 0) : at][::-1], names[at + 1 : at + 3]):
        shapes = (measure_body_shape(scene, name) for name in side if name in free)
        nearest = next((shape for shape in shapes if shape is not None), None)
        if nearest is not None:
            found.append(nearest.heights_mm)
    return found


def measure_body_share(scene: Scene, level: Level) -> Measured:
    """The share of a body that is tumour."""
    if level not in scene.vertebrae:
        return Unknown(f"{level} is not labelled")
    body = (scene.bone == number_of(scene, level)) & (scene.parts == BODY)
    if scene.vertebrae[level].body_height_mm <= 0.0 or not body.any():
        return Unknown(f"{level} has too little bone in front of the canal")
    if not scene.vertebrae[level].whole:
        return Unknown(f"{level} is cut by the field of view")
    box = box_around(body, by=3)
    here = body[box]
    if not scene.tumour[box].any():
        return Estimate(0.0, 0.0, 0.0, "fraction", "no tumour in or beside the body")
    shares = tumour_shares(scene, scene.tumour[box], border_mm(scene, box))
    value, low, high = (float(share[here].sum()) / float(here.sum()) for share in shares)
    because = f"tumour's label border +-{scene.label_error_mm:.2f} mm"
    return Estimate(value, min(low, value), max(high, value), "fraction", because)


def _judge_loss(level: Level, lost: Measured, limit: float) -> Judged:
    if isinstance(lost, Unknown):
        return Judged(Verdict.UNDECIDED, lost, f"Whether {level} has collapsed is open: {lost.because}.")
    percent = f"{100 * lost.value:.0f} % ({100 * lost.low:.0f} to {100 * lost.high:.0f})"
    says = f"The body of {level} has lost {percent} of the height of its neighbours; collapse from "
    return Judged(judge_above(lost, limit), lost, f"{says}{100 * COLLAPSE_FRACTION:.0f} % (ours).")


def _judge_share(level: Level, held: Measured) -> Judged:
    if isinstance(held, Unknown):
        return Judged(Verdict.UNDECIDED, held, f"How much of the body of {level} is tumour is open: {held.because}.")
    percent = f"{100 * held.value:.0f} % ({100 * held.low:.0f} to {100 * held.high:.0f})"
    return Judged(judge_above(held, HALF + _JUST_OVER), held, f"Tumour holds {percent} of the body of {level}.")
