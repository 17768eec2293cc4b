"""Is bone destroyed or formed? (SINS-3), from the CT's grey values.

Strategy. Tumour in the inside of a body is compared with the inside of the same body away from the tumour, or with the
neighbours' where too little is left; so contrast medium and the scanner's scale cancel out. Voxels clearly darker than
healthy bone are destroyed, clearly brighter ones are formed. A tumour as bright as healthy bone may still have replaced
its marrow: a CT does not tell, and nothing is decided. Nor is anything in the arch, whose thin bone has no inside, nor
on a CT that shows no soft tissue, because there destroyed bone cannot be seen.
"""

from __future__ import annotations

import attrs
import numpy as np

from enbloc.anatomy.parts import BODY
from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.classification.findings import levels_that_may
from enbloc.classification.judged import Judged, border_mm, box_around, judge_levels, number_of
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.verdicts import Verdict, judge_above
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats, Volume
from enbloc.foundation.terms.levels import Level

INSIDE_MM = 3.0
"""The inside of a body lies deeper than this, and never less than one and a half voxels: clear of the cortex (ours)."""

APART_MM = 3.0
"""Healthy bone lies at least this far from the tumour's label, and two voxels (ours)."""

LEAST_VOXELS = 30
"""Fewer voxels of tumour or of healthy bone are not compared (ours)."""

LEAST_STEP_HU = 50.0
"""Bone differs from healthy bone by at least this, and by two of its standard deviations (ours)."""

LARGEST_STEP_HU = 200.0
"""Where two standard deviations of healthy bone are more than this, it is too uneven to compare with (ours)."""

CHANGED_FRACTION = 0.2
"""Bone is destroyed, or formed, from this share of the tumour in bone on (ours)."""

METAL_HU = 2000.0
"""Brighter voxels are metal or cement (ours)."""

SOFT_TISSUE_HU = (-200.0, 199.0)
LEAST_SOFT_FRACTION = 0.05
"""A CT with fewer voxels of soft tissue around the bones than this shows bone only (ours)."""

AROUND_VOXELS = 8

_NORMAL_SD = 1.4826
_SETTLE = "CT with soft tissue, read at the tumour's bone"


@attrs.frozen
class Change:
    """Shares of the tumour in bone that are darker and brighter than healthy bone."""

    destroyed: Measured
    formed: Measured


def find_bone_lesion(scene: Scene, extent: Extent) -> tuple[Finding, Finding]:
    """The findings ``lytic`` and ``blastic``."""
    free = [level for level in scene.vertebrae if level not in levels_that_may(extent)]
    changes = {level: measure_change(scene, level, free) for level in levels_that_may(extent)}
    return (
        judge_levels("lytic", extent, lambda level: _judge_lytic(level, changes[level]), _SETTLE),
        judge_levels("blastic", extent, lambda level: _judge_blastic(level, changes[level]), _SETTLE),
    )


def shows_soft_tissue(scene: Scene, ct: Volume) -> bool:
    """Does the CT show soft tissue around the bones? Some are stored with everything but bone set to one value."""
    bone = scene.bone > 0
    box = box_around(bone, by=AROUND_VOXELS)
    around = ct.values[box][(scene.bone[box] == 0) & ~scene.tumour[box]]
    soft = (around > SOFT_TISSUE_HU[0]) & (around < SOFT_TISSUE_HU[1]) & (around != 0)
    return bool(len(around)) and float(soft.mean()) >= LEAST_SOFT_FRACTION


def measure_change(scene: Scene, level: Level, free: list[Level]) -> Change:
    """How much of the tumour inside a body is darker, and how much is brighter, than healthy bone."""
    if scene.ct is None:
        return _unmeasured("the case has no CT")
    if not shows_soft_tissue(scene, scene.ct):
        return _unmeasured("the CT shows bone only, so destroyed bone cannot be seen on it")
    if level not in scene.vertebrae or scene.vertebrae[level].body_height_mm <= 0.0:
        return _unmeasured(f"{level} has no body that was measured")
    values, border = _inside(scene, scene.ct, level)
    error = scene.label_error_mm
    tumours = [values[border < limit] for limit in (-error, 0.0, error)]
    if len(tumours[0]) < LEAST_VOXELS:
        return _unmeasured(f"too little tumour lies inside the body of {level}")
    if (tumours[1] > METAL_HU).any():
        return _unmeasured(f"there is metal or cement in {level}")
    healthy = values[border > max(APART_MM, 4.0 * error)]
    if len(healthy) < LEAST_VOXELS:
        healthy = np.concatenate(
            [healthy, *(_inside(scene, scene.ct, name)[0] for name in _beside(scene, level, free))]
        )
    if len(healthy) < LEAST_VOXELS:
        return _unmeasured(f"no healthy bone is left to compare {level} with")
    middle = float(np.median(healthy))
    step = max(2.0 * _NORMAL_SD * float(np.median(np.abs(healthy - middle))), LEAST_STEP_HU)
    if step > LARGEST_STEP_HU:
        return _unmeasured(f"the healthy bone of {level} is too uneven to compare with")
    because = f"healthy bone {middle:.0f} HU +-{step:.0f}; tumour's label border +-{error:.2f} mm"
    darker = _share([float((tumour < middle - step).mean()) for tumour in tumours], because)
    brighter = _share([float((tumour > middle + step).mean()) for tumour in tumours], because)
    return Change(darker, brighter)


def _inside(scene: Scene, ct: Volume, level: Level) -> tuple[Floats, Floats]:
    """Grey values of the inside of a body, HU, and the distance to the tumour's surface, mm."""
    bone: Bools = scene.bone == number_of(scene, level)
    box = box_around(bone, by=2)
    depth = -distance_to(scene.grid.crop(box), bone[box])
    inside = (scene.parts[box] == BODY) & (depth > max(INSIDE_MM, 3.0 * scene.label_error_mm))
    return ct.values[box][inside].astype(np.float64), border_mm(scene, box)[inside]


def _beside(scene: Scene, level: Level, free: list[Level]) -> list[Level]:
    names = list(scene.vertebrae)
    at = names.index(level)
    near = names[max(at - 1, 0) : at + 2]
    return [name for name in near if name in free and scene.vertebrae[name].body_height_mm > 0.0]


def _share(shares: list[float], because: str) -> Estimate:
    return Estimate(shares[1], min(shares), max(shares), "fraction", because)


def _unmeasured(why: str) -> Change:
    return Change(Unknown(why), Unknown(why))


def _judge_blastic(level: Level, change: Change) -> Judged:
    verdict = judge_above(change.formed, CHANGED_FRACTION)
    return Judged(verdict, change.formed, _says(level, change.formed, "brighter"))


def _judge_lytic(level: Level, change: Change) -> Judged:
    """Unmet only where bone is formed instead; a tumour as bright as bone may have replaced its marrow."""
    verdict = judge_above(change.destroyed, CHANGED_FRACTION)
    if verdict is Verdict.UNMET and judge_above(change.formed, CHANGED_FRACTION) is not Verdict.MET:
        verdict = Verdict.UNDECIDED
    return Judged(verdict, change.destroyed, _says(level, change.destroyed, "darker"))


def _says(level: Level, share: Measured, word: str) -> str:
    if isinstance(share, Unknown):
        return f"Whether bone is destroyed or formed at {level} is open: {share.because}."
    percent = f"{100 * share.value:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"
    return f"{percent} of the tumour inside the body of {level} is {word} than healthy bone."
