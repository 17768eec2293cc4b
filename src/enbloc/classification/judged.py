"""What is judged level by level, joined into one finding; and how much of a region is tumour, with its interval."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.classification.findings import level_verdict, levels_that_may
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.verdicts import Verdict, all_of, any_of
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.levels import Level


@attrs.frozen
class Judged:
    """One criterion at one level."""

    verdict: Verdict
    measured: Measured
    says: str


def judge_levels(criterion: str, extent: Extent, judge: Callable[[Level], Judged], settle: str) -> Finding:
    """One finding from all levels that may hold tumour: met where one meets it, unmet where none can.

    A level that only may hold tumour can leave the criterion open, but not meet it.
    """
    at = {}
    for level in levels_that_may(extent):
        here = judge(level)
        at[level] = attrs.evolve(here, verdict=all_of((level_verdict(extent.levels[level]), here.verdict)))
    verdict = any_of(here.verdict for here in at.values())
    deciding = [here for here in at.values() if here.verdict is verdict]
    says = " ".join(dict.fromkeys(here.says for here in deciding))
    return Finding(criterion, verdict, _greatest([here.measured for here in deciding]), says, settle)


def _greatest(measured: list[Measured]) -> Measured:
    """The greatest of several estimates; if none was measured, the first reason why."""
    known = [one for one in measured if isinstance(one, Estimate)]
    if known:
        return max(known, key=lambda one: one.value)
    return next((one for one in measured), Unknown("no level holds tumour"))


def typed_over(extent: Extent, level: Level) -> Unknown | None:
    """Why the tumour's label is not asked about a level: the surgeon typed another reading over it; else None."""
    return None if extent.levels[level].cells else Unknown(f"the reading typed for {level} stands over its label")


def number_of(scene: Scene, level: Level) -> int:
    """The number of a level in `Scene.bone`."""
    return list(scene.vertebrae).index(level) + 1


def box_around(mask: Bools, by: int = 0) -> tuple[slice, slice, slice]:
    """The box of a region that is not empty, grown by some voxels within the array."""
    slices = []
    for axis in range(3):
        filled = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        slices.append(slice(max(int(filled[0]) - by, 0), min(int(filled[-1]) + 1 + by, mask.shape[axis])))
    return slices[0], slices[1], slices[2]


def border_mm(scene: Scene, box: tuple[slice, slice, slice]) -> Floats:
    """Distance of the voxels of a box to the tumour's surface, mm; negative inside."""
    if scene.tumour_border_mm is not None:
        return scene.tumour_border_mm[box]
    return distance_to(scene.grid.crop(box), scene.tumour[box])


def tumour_shares(scene: Scene, tumour: Bools, border: Floats) -> tuple[Floats, Floats, Floats]:
    """How much of each voxel is tumour: as labelled, at the least and at the most.

    At the least and at the most the tumour's border is moved in and out by half a voxel, as for the cells of WBB.
    Where the border is known finer than by voxels, a voxel on it is tumour in part.
    """
    voxel = 2.0 * scene.label_error_mm
    value: Floats = tumour.astype(np.float64)
    if scene.tumour_border_mm is not None:
        value = np.clip(0.5 - border / voxel, 0.0, 1.0)
    low: Floats = np.clip(-border / voxel, 0.0, 1.0)
    high: Floats = np.clip(1.0 - border / voxel, 0.0, 1.0)
    return value, low, high


def volume_in(scene: Scene, region: Bools, box: tuple[slice, slice, slice]) -> Estimate:
    """Tumour in a region of a box, ml."""
    value, low, high = (
        float(share[region].sum()) * scene.grid.voxel_ml
        for share in tumour_shares(scene, scene.tumour[box], border_mm(scene, box))
    )
    because = f"tumour's label border +-{scene.label_error_mm:.2f} mm"
    return Estimate(value, min(low, value), max(high, value), "ml", because)
