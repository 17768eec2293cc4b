"""The defect: how high the gap is, and the bone that the implant stands on above and below.

Strategy: the gap ends at the cut where the column is cut through bone, and at the neighbour's end plate where it is cut
through a disc. Its height runs along the mean axis of the resected levels through the middle of their bodies, and
along the same axis at their front and back. Of an end in the shape of a step it is the end plate that the disc's cut
leaves on the far side of the riser. The footprint is the labelled body of the level that stays, a voxel and a
half beyond that end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs
import numpy as np
import scipy

from enbloc.anatomy.scene import PARTS, Scene, Vertebra
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.space.sampling import sample_nearest
from enbloc.foundation.terms.levels import Level
from enbloc.reconstruction.design import Defect, End, Footprint, Point

_STEP_MM = 0.5
_FINE_MM = 0.1
_HALF_MM = 45.0
_BODY = PARTS.index("body")
_LEAST_CONTACT_MM2 = 25.0
_SIDEWAYS = 0.2
"""Least cosine between a cut's normal and the spine's axis for a height to be measured along the axis."""


def unmeasured(because: str) -> Defect:
    """A defect of which nothing was measured."""
    unknown = Unknown(because)
    return Defect(unknown, unknown, unknown)


def measure_defect(scene: Scene, levels: tuple[Level, ...], ends: tuple[End, ...], kerf_mm: float) -> Defect:
    """Height of the gap and its footprints.

    Parameters
    ----------
    scene : Scene
    levels : tuple of level
        Resected, cranio-caudal.
    ends : tuple of End
        The cranial and the caudal end of the specimen's column.
    kerf_mm : float
        Bone that the tool takes beyond a cut through bone.
    """
    resected = [scene.vertebrae[level] for level in levels if level in scene.vertebrae]
    by_end = {end.end: end for end in ends}
    measured = [vertebra for vertebra in resected if vertebra.body_height_mm > 0.0]
    if set(by_end) != {"cranial", "caudal"} or not measured:
        return unmeasured("the column is not cut across above and below, or no body there could be measured")
    planes: dict[str, _Plane] = {name: _end_plane(scene, levels, end, kerf_mm) for name, end in by_end.items()}
    axis = _unit(np.mean([vertebra.frame.cranial for vertebra in measured], axis=0))
    centre = np.mean([vertebra.body_centre_mm for vertebra in measured], axis=0)
    dorsal = np.mean([vertebra.frame.dorsal for vertebra in measured], axis=0)
    half = float(np.mean([vertebra.body_depth_mm for vertebra in measured])) / 2.0
    heights = [_height(scene, planes, centre + shift * dorsal, axis) for shift in (0.0, -half, half)]
    footprints = tuple(_footprint(scene, end, planes[name], kerf_mm) for name, end in by_end.items())
    return Defect(heights[0], heights[1], heights[2], footprints)


@attrs.frozen(eq=False)
class _Plane:
    origin_mm: Floats
    outwards: Floats
    left: Floats
    dorsal: Floats


def _end_plane(scene: Scene, levels: tuple[Level, ...], end: End, kerf_mm: float) -> _Plane:
    """Where the bone that stays begins: the neighbour's end plate behind a disc, the far side of the kerf in bone."""
    upwards = end.end == "cranial"
    neighbour = _neighbour(scene, levels, upwards)
    origin, outwards = np.array(end.origin_mm), np.array(end.normal)
    if end.through_disc and neighbour is not None and neighbour.body_height_mm > 0.0:
        frame = neighbour.frame
        outwards = frame.cranial if upwards else -frame.cranial
        origin = neighbour.body_centre_mm - _to_end_plate(scene, neighbour, -outwards) * outwards
    elif not end.through_disc:
        origin = origin + kerf_mm * outwards
    near = neighbour or next(iter(scene.vertebrae.values()))
    left = _unit(near.frame.left - float(near.frame.left @ outwards) * outwards)
    dorsal = near.frame.dorsal - float(near.frame.dorsal @ outwards) * outwards
    return _Plane(origin, outwards, left, _unit(dorsal - float(dorsal @ left) * left))


def _to_end_plate(scene: Scene, vertebra: Vertebra, towards: Floats) -> float:
    """From the body's centre to its end plate, mm: the median over lines through the middle half of the body."""
    frame = vertebra.frame
    shifts = np.linspace(-0.25, 0.25, 11)
    left, dorsal = (axis.ravel() for axis in np.meshgrid(shifts, shifts, indexing="ij"))
    starts = (
        vertebra.body_centre_mm
        + (left * vertebra.body_width_mm)[:, None] * frame.left
        + (dorsal * vertebra.body_depth_mm)[:, None] * frame.dorsal
    )
    along = np.arange(0.0, vertebra.body_height_mm, _FINE_MM)
    points = starts[:, None, :] + along[None, :, None] * towards
    number = list(scene.vertebrae).index(vertebra.level) + 1
    left_it = sample_nearest(scene.grid, scene.bone, points) != number
    steps = np.where(left_it.any(axis=1), left_it.argmax(axis=1), len(along))
    return float(np.median(steps)) * _FINE_MM


def _neighbour(scene: Scene, levels: tuple[Level, ...], upwards: bool) -> Vertebra | None:
    present = list(scene.vertebrae)
    places = [present.index(level) for level in levels if level in present]
    if not places:
        return None
    place = min(places) - 1 if upwards else max(places) + 1
    return scene.vertebrae[present[place]] if 0 <= place < len(present) else None


def _height(scene: Scene, planes: Mapping[str, _Plane], point_mm: Floats, axis: Floats) -> Measured:
    reach = {}
    for name, plane in planes.items():
        slant = float(plane.outwards @ axis)
        if abs(slant) < _SIDEWAYS:
            return Unknown("a cut runs along the spine, so that no height can be measured across it")
        reach[name] = float((plane.origin_mm - point_mm) @ plane.outwards) / slant
    height = reach["cranial"] - reach["caudal"]
    doubt = 2.0 * scene.label_error_mm
    if height <= 0.0:
        return Unknown("the two ends meet there")
    return Estimate(height, max(0.0, height - doubt), height + doubt, "mm", "label border at both ends")


def _footprint(scene: Scene, end: End, plane: _Plane, kerf_mm: float) -> Footprint:
    across = np.arange(-_HALF_MM, _HALF_MM + _STEP_MM / 2, _STEP_MM)
    left, dorsal = (axis.ravel() for axis in np.meshgrid(across, across, indexing="ij"))
    beyond = 1.5 * float(scene.grid.spacing_mm.max())
    flat = plane.origin_mm + left[:, None] * plane.left + dorsal[:, None] * plane.dorsal
    points = flat + beyond * plane.outwards
    bone = sample_nearest(scene.grid, scene.bone, points)
    body = (sample_nearest(scene.grid, scene.parts, points) == _BODY) & (bone > 0)
    body &= ~sample_nearest(scene.grid, scene.tumour, points)
    if end.riser is not None:
        at, out = (np.array(part) for part in end.riser)
        body &= (points - at) @ out > kerf_mm
    number = int(np.bincount(bone[body]).argmax()) if body.any() else 0
    held = body & (bone == number)
    area = float(np.count_nonzero(held)) * _STEP_MM**2
    if number == 0 or area < _LEAST_CONTACT_MM2:
        unknown = Unknown("no labelled body stays beyond this end")
        return Footprint(end.end, None, unknown, unknown, unknown)
    flat_points = np.column_stack([left[held], dorsal[held]])
    outline = tuple(_outline(plane, flat_points))
    width, depth = (float(np.ptp(flat_points[:, n])) + _STEP_MM for n in (0, 1))
    doubt = scene.label_error_mm
    return Footprint(
        end.end,
        list(scene.vertebrae)[number - 1],
        _around(width, 2.0 * doubt, "mm"),
        _around(depth, 2.0 * doubt, "mm"),
        _around(area, (width + depth) * doubt * np.pi / 2.0, "mm2"),
        outline,
    )


def _outline(plane: _Plane, flat: Floats) -> Iterator[Point]:
    try:
        corners = flat[scipy.spatial.ConvexHull(flat).vertices]
    except scipy.spatial.QhullError:
        return
    for left, dorsal in corners:
        place = plane.origin_mm + left * plane.left + dorsal * plane.dorsal
        yield (float(place[0]), float(place[1]), float(place[2]))


def _around(value: float, doubt: float, unit: str) -> Estimate:
    return Estimate(value, max(0.0, value - doubt), value + doubt, unit, "label border")


def _unit(vector: Floats) -> Floats:
    unit: Floats = vector / np.linalg.norm(vector)
    return unit
