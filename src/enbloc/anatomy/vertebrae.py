"""The frame and the measures of one vertebra.

Strategy. The body is what lies in front of the canal. Planes fitted to its two end plates give the cranial axis; the
way from body centre to canal centre gives the dorsal axis; left follows. As the body is cut out with these axes and
the axes come from the body, the two are repeated until they agree. An end plate read in whole voxels hides a small
tilt, so in a second pass the line of the canal between the neighbours steadies the axis, the more the coarser the
voxels are against the body. Where the end plates cannot be fitted (a body that is cut by the field of view or eaten),
the axis of the curve through the neighbours stands in, and that is said.
"""

from __future__ import annotations

from typing import TypedDict

import attrs
import numpy as np

from enbloc.anatomy.canal import CanalStack, canal_centre
from enbloc.anatomy.scene import Frame, Vertebra
from enbloc.anatomy.spine_curve import SpineCurve, to_curve
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level

ROUNDS = 4
"""Rounds of body and axes; on real and phantom vertebrae the axes move by less than 0.1 degree after the third."""

LINE_ERROR_DEG = 3.0
"""How far the line of the canal between the neighbours strays from the end plates' normal in a healthy spine (ours)."""

LINE_STRAY_DEG = 12.0
"""Where the two differ by more, the spine is angled here and the end plates alone are believed."""

STEP_SHARE = 0.7
"""The error of an end plate read in whole voxels, as a share of half a voxel over the body's half depth (ours)."""

COLUMN_MM = 2.0
"""Edge of the columns in which end plate heights are read; the larger of this and the voxel is used."""

CORE_FRACTION = 0.75
"""End plates are fitted inside this fraction of the body's half axes: rims and osteophytes stay out."""

STRAY_DEG = 30.0
"""A fitted axis further than this from the curve of the spine is a misfit: in real spines they differ by up to 17."""

RIM_MM = 2.5
"""How far the back of a body may stand out sideways over its front two thirds; what stands out further is not body."""

ATLAS: Level = "C1"
AXIS: Level = "C2"
"""C1 has no body and so no end plates, but lies flat as a ring; the upper end plate of C2 carries the dens."""

FREE_OF_DENS = 0.3
"""Half of the columns through the body of C2 that the dens leaves free, as a share of all: it covers two fifths (ours).
"""

LEAST_BODY_VOXELS = 30
"""Fewer voxels in front of the canal are not a body that can be measured."""

PEDICLE_REACH_MM = 9.0
"""How far beside the canal bone is taken for a pedicle when its height is looked for: a pedicle's width."""


@attrs.frozen(eq=False)
class Bone:
    """The bone of one vertebra: `points_mm` (n, 3) LPS are its voxels' centres.

    `number` is 1 + the level's index in `CanalStack.levels`, `voxel_mm` the largest voxel edge, and `whole` is False
    when the field of view cuts the vertebra.
    """

    level: Level
    number: int
    points_mm: Floats
    voxel_mm: float
    whole: bool


@attrs.frozen(eq=False)
class _Axes:
    left: Floats
    dorsal: Floats
    cranial: Floats

    def coordinates(self, points: Floats, origin: Floats) -> Floats:
        """(n, 3) mm along left, dorsal and cranial from `origin`."""
        offsets: Floats = (points - origin) @ np.stack([self.left, self.dorsal, self.cranial], axis=1)
        return offsets


@attrs.frozen
class _Endplates:
    cranial_mm: float
    caudal_mm: float
    normal: tuple[float, float, float]
    rms_mm: float


def build_vertebra(bone: Bone, stack: CanalStack, curve: SpineCurve, line: Floats | None = None) -> Vertebra:
    """Measure one vertebra.

    Parameters
    ----------
    bone : Bone
    stack, curve
        The canal and the curve that it was found along.
    line : (3,) float, LPS, or None
        Unit vector of the canal between the neighbours, cranially; None in the first pass and at the ends.
    """
    level, points, step = bone.level, bone.points_mm, bone.voxel_mm
    modelled: list[str] = []
    sample = _pedicle_sample(stack, bone.number)
    if sample is None:
        sample = float(to_curve(curve, points.mean(axis=0)[None])[0, 2])
        modelled.append("pedicle height (no bone beside the canal)")
    if level not in stack.closed:
        modelled.append("canal (no closed ring at this level)")
    (left, dorsal), canal = canal_centre(stack, sample)
    n = int(np.clip(round(sample), 0, len(curve.points_mm) - 1))
    origin = curve.points_mm[n] + left * curve.left[n] + dorsal * curve.dorsal[n]
    axes = _Axes(curve.left[n], curve.dorsal[n], curve.cranial[n])
    column = max(COLUMN_MM, step)
    plates = None
    for _ in range(ROUNDS):
        local = _body(axes.coordinates(points, origin), canal)
        if len(local) < LEAST_BODY_VOXELS:
            modelled.append("body and its axes (too little bone in front of the canal)")
            return _bare(level, origin, axes, canal, tuple(modelled))
        plates = _fit_endplates(local, column, with_dens=level == AXIS)
        if level == ATLAS:
            axes, fitted = _ring_axes(points, axes), True
            continue
        axes, fitted = _turn(axes, plates, local.mean(axis=0), curve.cranial[n])
        if line is not None and fitted:
            axes = _steadied(axes, line, _middle(local)[1], step)
    if not fitted:
        modelled.append("cranial axis (from the neighbours; the end plates could not be fitted)")
    local = _body(axes.coordinates(points, origin), canal)
    return _measured(level, local, axes, origin, canal, step, bone.whole, tuple(modelled))


def ring_normal(points_mm: Floats, along: Floats) -> Floats:
    """(3,) float: the normal of the plane in which the ring of C1 lies, points (n, 3), towards `along`.

    `along` itself where the two differ by more than `STRAY_DEG`: the label is then no ring.
    """
    return _nearest_to(_spread(points_mm)[2], along)


def _ring_axes(points: Floats, axes: _Axes) -> _Axes:
    """Axes of C1, which is flat as a ring and wider than deep: the normal of its plane, and its width."""
    cranial = ring_normal(points, axes.cranial)
    width = _nearest_to(_spread(points)[0], axes.left)
    left = width - (width @ cranial) * cranial
    left /= np.linalg.norm(left)
    return _Axes(left, np.cross(cranial, left), cranial)


def _spread(points: Floats) -> Floats:
    """Unit vectors (3, 3) as rows along which points spread, the widest first."""
    spread: Floats = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2]
    return spread


def _nearest_to(axis: Floats, wanted: Floats) -> Floats:
    """The axis, turned round if need be to point with `wanted`; `wanted` where they differ by over `STRAY_DEG`."""
    axis = axis if axis @ wanted > 0.0 else -axis
    return axis if _angle_deg(axis, wanted) <= STRAY_DEG else wanted


def _pedicle_sample(stack: CanalStack, number: int) -> float | None:
    """Mean sample along the curve of this level's bone directly beside the canal, in front of its centre."""
    planes = np.flatnonzero((stack.levels == number).any(axis=(1, 2)))
    weights = []
    for n in planes:
        (left, dorsal), (to_left, to_right, ventral, _) = canal_centre(stack, float(n))
        x, y = stack.across_mm - left, stack.across_mm - dorsal
        rows = (y > ventral + 1.0) & (y < 0.0)
        beside = ((x > to_left - 1.0) & (x < to_left + PEDICLE_REACH_MM)) | (
            (x < -to_right + 1.0) & (x > -to_right - PEDICLE_REACH_MM)
        )
        weights.append(int((stack.levels[n][np.ix_(rows, beside)] == number).sum()))
    total = np.array(weights, dtype=np.float64)
    if not total.any():
        return None
    # Bone of the articular processes also lies beside the canal, thinly; only planes with at least half the most count.
    total[total < total.max() / 2] = 0.0
    return float((planes * total).sum() / total.sum())


def _body(local: Floats, canal: Floats) -> Floats:
    """The body's points among a vertebra's: in front of the canal, and no wider than its front two thirds.

    Transverse processes (of L5 above all) reach in front of the canal; the front of a body has nothing beside it.
    """
    ventral: Floats = local[local[:, 1] < canal[2]]
    if len(ventral) < LEAST_BODY_VOXELS:
        return ventral
    front, back = np.percentile(ventral[:, 1], 1.0), canal[2]
    first = ventral[ventral[:, 1] < front + 2 / 3 * (back - front)]
    low, high = np.percentile(first[:, 0], [1.0, 99.0])
    body: Floats = ventral[(ventral[:, 0] > low - RIM_MM) & (ventral[:, 0] < high + RIM_MM)]
    return body


def _fit_endplates(body: Floats, step: float, with_dens: bool = False) -> _Endplates | None:
    """Planes through the upper and lower ends of the body's columns, in body coordinates (left, dorsal, cranial).

    Where the dens stands on the upper one, that is taken as parallel to the lower, as high as the lowest columns.
    """
    centre, half = _middle(body)
    core = (((body[:, :2] - centre[:2]) / (CORE_FRACTION * half[:2])) ** 2).sum(axis=1) < 1.0
    inner = body[core]
    if len(inner) < 30:
        return None
    cells = np.floor(inner[:, :2] / step).astype(np.intp)
    first, wide = cells.min(axis=0), int(np.ptp(cells[:, 1])) + 1
    which = (cells[:, 0] - first[0]) * wide + cells[:, 1] - first[1]
    top = np.full(int(which.max()) + 1, -np.inf)
    bottom = np.full(len(top), np.inf)
    np.maximum.at(top, which, inner[:, 2])
    np.minimum.at(bottom, which, inner[:, 2])
    filled = np.flatnonzero(np.isfinite(top))
    columns = np.stack([filled // wide, filled % wide], axis=1) + first
    top, bottom = top[filled], bottom[filled]
    places = np.stack([*((columns + 0.5) * step).T, np.ones(len(columns))], axis=1)
    if len(places) < 6:
        return None
    at_centre = np.array([centre[0], centre[1], 1.0])
    upper, upper_rms = _robust_plane(places, top)
    lower, lower_rms = _robust_plane(places, bottom)
    if with_dens:
        free = float(np.quantile(top - places[:, :2] @ lower[:2], FREE_OF_DENS))
        upper, upper_rms = np.array([lower[0], lower[1], free]), lower_rms
    slope = -(upper[:2] + lower[:2]) / 2
    normal = np.array([slope[0], slope[1], 1.0]) / np.sqrt(1.0 + (slope**2).sum())
    return _Endplates(
        float(at_centre @ upper),
        float(at_centre @ lower),
        (float(normal[0]), float(normal[1]), float(normal[2])),
        max(upper_rms, lower_rms),
    )


def _robust_plane(places: Floats, heights: Floats) -> tuple[Floats, float]:
    """Least squares with outliers dropped: heights = places @ plane, and the rms of what was kept."""
    keep = np.ones(len(heights), dtype=bool)
    plane: Floats = np.zeros(3)
    rms = 0.0
    for _ in range(5):
        plane = np.asarray(np.linalg.lstsq(places[keep], heights[keep], rcond=None)[0], dtype=np.float64)
        error: Floats = np.abs(heights - places @ plane)
        rms = float(np.sqrt((error[keep] ** 2).mean()))
        keep = error <= max(2.5 * float(np.median(error)), 1.0)
    return plane, rms


def _turn(axes: _Axes, plates: _Endplates | None, body_centre: Floats, along: Floats) -> tuple[_Axes, bool]:
    """Axes from the fitted end plates and the way from body centre to canal centre; False if `along` stood in."""
    to_patient = np.stack([axes.left, axes.dorsal, axes.cranial], axis=1)
    fitted = to_patient @ np.array(plates.normal) if plates else None
    trusted = fitted is not None and _angle_deg(fitted, along) <= STRAY_DEG
    cranial = fitted if fitted is not None and trusted else along
    backwards = -(to_patient @ body_centre)
    dorsal = backwards - (backwards @ cranial) * cranial
    dorsal /= np.linalg.norm(dorsal)
    return _Axes(np.cross(dorsal, cranial), dorsal, cranial), trusted


def _steadied(axes: _Axes, line: Floats, half: Floats, voxel: float) -> _Axes:
    """Axes with the cranial one drawn towards the line between the neighbours, by what the voxels leave open."""
    if _angle_deg(axes.cranial, line) > LINE_STRAY_DEG:
        return axes
    plate_error = STEP_SHARE * np.degrees(np.arctan2(voxel / 2, half[:2].min()))
    trust = LINE_ERROR_DEG**2 / (LINE_ERROR_DEG**2 + plate_error**2)
    cranial = trust * axes.cranial + (1 - trust) * line
    cranial /= np.linalg.norm(cranial)
    dorsal = axes.dorsal - (axes.dorsal @ cranial) * cranial
    dorsal /= np.linalg.norm(dorsal)
    return _Axes(np.cross(dorsal, cranial), dorsal, cranial)


def _measured(
    level: Level,
    local: Floats,
    axes: _Axes,
    origin: Floats,
    canal: Floats,
    step: float,
    whole: bool,
    modelled: tuple[str, ...],
) -> Vertebra:
    column = max(COLUMN_MM, step)
    half = _middle(local)[1]
    centre = local.mean(axis=0)
    plates = _fit_endplates(local, column, with_dens=level == AXIS)
    top, bottom = (plates.cranial_mm, plates.caudal_mm) if plates else (centre[2] + half[2], centre[2] - half[2])
    rms = plates.rms_mm if plates else column
    centre[2] = (top + bottom) / 2
    tilt = np.degrees(np.arctan2(np.hypot(rms, column / 2) / np.sqrt(8.0), max(min(half[0], half[1]), 1.0)))
    turn = np.degrees(np.arctan2(step / 4, float(np.linalg.norm(centre[:2])) or 1.0))
    return Vertebra(
        level=level,
        frame=Frame(origin, axes.left, axes.dorsal, axes.cranial, float(tilt), float(turn)),
        body_centre_mm=origin + centre[0] * axes.left + centre[1] * axes.dorsal + centre[2] * axes.cranial,
        body_height_mm=float(top - bottom),
        body_depth_mm=float(2 * half[1]),
        body_width_mm=float(2 * half[0]),
        endplate_cranial_mm=float(top),
        endplate_caudal_mm=float(bottom),
        **_canal_measures(canal),
        whole=whole,
        modelled=modelled,
    )


class _CanalMeasures(TypedDict):
    canal_radius_left_mm: float
    canal_radius_right_mm: float
    canal_ventral_mm: float
    canal_dorsal_mm: float


def _canal_measures(canal: Floats) -> _CanalMeasures:
    left, right, ventral, dorsal = (float(value) for value in canal)
    return {
        "canal_radius_left_mm": left,
        "canal_radius_right_mm": right,
        "canal_ventral_mm": ventral,
        "canal_dorsal_mm": dorsal,
    }


def _bare(level: Level, origin: Floats, axes: _Axes, canal: Floats, modelled: tuple[str, ...]) -> Vertebra:
    """A vertebra without a body to measure: the frame comes from the curve, the body's measures are zero-sized."""
    return Vertebra(
        level=level,
        frame=Frame(origin, axes.left, axes.dorsal, axes.cranial, STRAY_DEG, STRAY_DEG),
        body_centre_mm=origin + canal[2] * axes.dorsal,
        body_height_mm=0.0,
        body_depth_mm=0.0,
        body_width_mm=0.0,
        endplate_cranial_mm=0.0,
        endplate_caudal_mm=0.0,
        **_canal_measures(canal),
        whole=False,
        modelled=modelled,
    )


def _middle(points: Floats) -> tuple[Floats, Floats]:
    """Middle and half extent of the bulk of the points along each axis; spurs (1 % at either end) stay out."""
    low, high = np.percentile(points, [1.0, 99.0], axis=0)
    return (low + high) / 2, np.maximum((high - low) / 2, 1e-6)


def _angle_deg(a: Floats, b: Floats) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1.0, 1.0))))
