"""The cuts that open the ring: half planes from the canal's centre through pedicle or lamina.

Strategy. All angles of a side are tried in steps of one degree. For each, the distance from the tumour's surface to
the half plane and the area of bone that it crosses are known at once. What is then chosen depends on the purpose: the
pedicle is cut where it is narrowest (OST-1), a lamina behind an involved pedicle as far in front as the margin
allows, the arch of an arch tumour as far behind as the margin allows.
"""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np

from enbloc.anatomy.parts import BODY, local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.levels import Level
from enbloc.resection.cutting.placement import ArchCut
from enbloc.resection.plans import Side
from enbloc.resection.settings import ResectionSettings

ANGLES_DEG = np.arange(-60.0, 116.0, 1.0)
"""From the far lamina (negative: beyond the midline) to the front of the pedicle."""

PEDICLE_DEG = (78.0, 112.0)
"""Half planes in this range cross the pedicle rather than the lamina."""

MOST_BODY = 0.02
"""A half plane with a larger share of body in what it crosses runs through the body, not through the ring."""

NO_TUMOUR_MM = 60.0
"""Stands for "further than any margin" when all tumour lies at other levels."""


@attrs.frozen(eq=False)
class ArchChoices:
    """All half planes of one side of one level.

    `margin_mm` (n,) is the least distance from the tumour, negative where tumour lies on the far side;
    `area_mm2` (n,) the bone crossed; `in_ring` (n,) says that none of it is body.
    """

    level: Level
    side: Side
    keeps: Literal["ventral", "dorsal"]
    angles_deg: Floats
    margin_mm: Floats
    area_mm2: Floats
    in_ring: Bools


def measure_choices(
    scene: Scene, tumour_mm: Floats, level: Level, side: Side, keeps: Literal["ventral", "dorsal"]
) -> ArchChoices:
    """Margin and bone area of every half plane of one side.

    Parameters
    ----------
    scene : Scene
    tumour_mm : (n, 3) float, LPS
    level, side
    keeps : "ventral" or "dorsal"
        Which part the specimen holds.
    """
    frame = scene.vertebrae[level].frame
    number = list(scene.vertebrae).index(level) + 1
    where = voxels_of(scene.bone == number)
    bone = local_coordinates(frame, scene.grid.to_patient(where))
    body = scene.parts[tuple(where.T)] == BODY
    tumour = local_coordinates(frame, tumour_mm)
    sign = 1.0 if side == "left" else -1.0
    voxel = float(scene.grid.spacing_mm.max())
    margins, areas, in_ring = [], [], []
    for angle in np.radians(ANGLES_DEG):
        ray = np.array([sign * np.sin(angle), np.cos(angle)])
        dorsalwards = np.array([-sign * np.cos(angle), np.sin(angle)])
        along = bone[:, :2] @ ray
        on_cut = (along > 0.0) & (np.abs(bone[:, :2] @ dorsalwards) < voxel / 2)
        crossed = along[on_cut]
        in_ring.append(float((body & on_cut).sum()) <= MOST_BODY * len(crossed))
        areas.append(float(len(crossed)) * 1000.0 * scene.grid.voxel_ml / voxel)
        inner = float(crossed.min()) if len(crossed) else 0.0
        margins.append(_margin(tumour[:, :2], ray, dorsalwards if keeps == "ventral" else -dorsalwards, inner))
    return ArchChoices(level, side, keeps, ANGLES_DEG, np.array(margins), np.array(areas), np.array(in_ring))


def _margin(tumour: Floats, ray: Floats, outwards: Floats, inner_mm: float) -> float:
    """Distance of the tumour's points (n, 2) from a half plane that begins `inner_mm` from the canal's centre.

    Negative when some lie beyond it.
    """
    along, beyond = tumour @ ray, tumour @ outwards
    entered = (along > inner_mm) & (beyond > 0.0)
    if entered.any():
        return -float(beyond[entered].max())
    distance = np.where(along > inner_mm, np.abs(beyond), np.hypot(along - inner_mm, beyond))
    return float(distance.min()) if len(distance) else NO_TUMOUR_MM


def cut_pedicle(choices: ArchChoices, settings: ResectionSettings) -> ArchCut:
    """The pedicle where it is narrowest among the angles that keep the wanted margin, or else the widest margin."""
    low, high = PEDICLE_DEG
    in_pedicle = (choices.angles_deg >= low) & (choices.angles_deg <= high) & choices.in_ring
    if not in_pedicle.any():
        in_pedicle = choices.angles_deg == low
    for wanted in settings.margins_tried_mm():
        fits = np.flatnonzero(in_pedicle & (choices.margin_mm >= wanted))
        if len(fits):
            n = int(fits[np.argmin(choices.area_mm2[fits])])
            return _cut(choices, n, f"the pedicle at its narrowest with at least {wanted:g} mm to the tumour (OST-1)")
    inside = np.flatnonzero(in_pedicle)
    n = int(inside[np.argmax(choices.margin_mm[inside])])
    return _cut(choices, n, "the pedicle as far from the tumour as it allows")


def cut_lamina(choices: ArchChoices, settings: ResectionSettings, least_deg: float, most_deg: float) -> ArchCut:
    """The cut that keeps the wanted margin with least bone in the specimen, between two angles.

    For a specimen in front of the cut that is the largest angle, for one behind it the smallest.
    """
    allowed = (choices.angles_deg >= least_deg) & (choices.angles_deg <= most_deg) & choices.in_ring
    if not allowed.any():
        allowed = choices.angles_deg == least_deg
    for wanted in settings.margins_tried_mm():
        fits = np.flatnonzero(allowed & (choices.margin_mm >= wanted))
        if len(fits):
            n = int(fits[-1] if choices.keeps == "ventral" else fits[0])
            return _cut(choices, n, f"the least bone that keeps {wanted:g} mm to the tumour")
    inside = np.flatnonzero(allowed)
    n = int(inside[np.argmax(choices.margin_mm[inside])])
    return _cut(choices, n, "as far from the tumour as the arch allows")


def _cut(choices: ArchChoices, n: int, because: str) -> ArchCut:
    return ArchCut(
        level=choices.level,
        side=choices.side,
        angle_deg=float(choices.angles_deg[n]),
        keeps=choices.keeps,
        margin_mm=float(choices.margin_mm[n]),
        because=(because,),
    )
