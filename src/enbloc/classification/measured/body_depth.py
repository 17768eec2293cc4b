"""Does tumour lie in the front three quarters of the body, or in its back quarter? (McLain-Weinstein zones III and IV)

The depth is read along each sagittal line of the body: its front and its back at the same height and side (MCW-7,
ours).
"""

from __future__ import annotations

import attrs
import numpy as np

from enbloc.anatomy.parts import BODY, local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import BODY as BODY_SECTORS
from enbloc.classification.extent import BONE_LAYERS, Extent
from enbloc.classification.findings import levels_that_may, part_verdict
from enbloc.classification.judged import (
    Judged,
    border_mm,
    box_around,
    judge_levels,
    number_of,
    tumour_shares,
    typed_over,
)
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.verdicts import Verdict, all_of, judge_above
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.space.rows import unique_rows
from enbloc.foundation.terms.levels import Level

ZONE_BORDER_FRACTION = 0.75
"""The border between zones III and IV, as a share of the body's depth from the front (MCW-7, ours)."""

ZONE_ML = 0.05
"""A zone holds tumour from this volume on: the same as a cell of WBB (GEO-7, ours)."""

LINE_MM = 2.0
"""Width of a sagittal line; the larger of this and the voxel is used."""

_SETTLE = "How deep in the body the tumour lies: the border is at three quarters of its depth (MCW-7, ours)"


@attrs.frozen
class Halves:
    """Tumour in the front three quarters and in the back quarter of one body, ml."""

    front: Measured
    back: Measured


def find_zones(scene: Scene, extent: Extent) -> tuple[Finding, ...]:
    """The findings ``zone_III`` and ``zone_IV``; none where no body holds tumour."""
    in_body = {
        level: part_verdict(extent.levels[level], BODY_SECTORS, BONE_LAYERS) for level in levels_that_may(extent)
    }
    if all(verdict is Verdict.UNMET for verdict in in_body.values()):
        return ()
    halves = {level: _halves_unless_typed(scene, extent, level) for level in in_body}
    front = judge_levels(
        "zone_III", extent, lambda n: _judge(n, in_body[n], halves[n].front, "front three quarters"), _SETTLE
    )
    back = judge_levels("zone_IV", extent, lambda n: _judge(n, in_body[n], halves[n].back, "back quarter"), _SETTLE)
    if front.verdict is back.verdict is Verdict.UNMET:
        return ()
    return front, back


def _halves_unless_typed(scene: Scene, extent: Extent, level: Level) -> Halves:
    typed = typed_over(extent, level)
    return Halves(typed, typed) if typed else measure_halves(scene, level)


def measure_halves(scene: Scene, level: Level) -> Halves:
    """Tumour on either side of the border between the zones; its border and the tumour's are moved both ways."""
    if level not in scene.vertebrae:
        return Halves(Unknown(f"{level} is not labelled"), Unknown(f"{level} is not labelled"))
    body: Bools = (scene.bone == number_of(scene, level)) & (scene.parts == BODY)
    if scene.vertebrae[level].body_height_mm <= 0.0 or not body.any():
        why = Unknown(f"{level} has too little bone in front of the canal")
        return Halves(why, why)
    box = box_around(body, by=3)
    here = body[box]
    behind = _behind_border_mm(scene, level, body)
    if not scene.tumour[box].any():
        none = Estimate(0.0, 0.0, 0.0, "ml", "no tumour in or beside the body")
        return Halves(none, none)
    value, low, high = (share[here] for share in tumour_shares(scene, scene.tumour[box], border_mm(scene, box)))
    error = scene.label_error_mm
    because = f"label borders of tumour and body +-{error:.2f} mm; border of the zones at 75 % of the depth (MCW-7)"

    def volume(beyond: Floats) -> Estimate:
        sums = [float(w[beyond > edge].sum()) for w, edge in ((value, 0.0), (low, error), (high, -error))]
        best, least, most = (total * scene.grid.voxel_ml for total in sums)
        return Estimate(best, min(least, best), max(most, best), "ml", because)

    return Halves(volume(-behind), volume(behind))


def _behind_border_mm(scene: Scene, level: Level, body: Bools) -> Floats:
    """How far behind the zones' border each voxel of a body lies on its own sagittal line, mm."""
    local = local_coordinates(scene.vertebrae[level].frame, scene.grid.to_patient(voxels_of(body)))
    edge = max(LINE_MM, float(scene.grid.spacing_mm.max()))
    cells = np.floor(local[:, [0, 2]] / edge).astype(np.intp)
    lines, which = unique_rows(cells)
    which = which.ravel()
    front, back = np.full(len(lines), np.inf), np.full(len(lines), -np.inf)
    np.minimum.at(front, which, local[:, 1])
    np.maximum.at(back, which, local[:, 1])
    half = scene.label_error_mm
    front, back = front - half, back + half
    border = front + ZONE_BORDER_FRACTION * (back - front)
    behind: Floats = local[:, 1] - border[which]
    return behind


def _judge(level: Level, in_body: Verdict, volume: Measured, words: str) -> Judged:
    if in_body is Verdict.UNMET:
        return Judged(Verdict.UNMET, volume, f"No tumour in the body of {level}.")
    if isinstance(volume, Unknown):
        return Judged(Verdict.UNDECIDED, volume, f"How deep the tumour of {level} lies is open: {volume.because}.")
    says = f"{volume.value:.2f} ml ({volume.low:.2f} to {volume.high:.2f}) in the {words} of the body of {level}."
    return Judged(all_of((in_body, judge_above(volume, ZONE_ML))), volume, says)
