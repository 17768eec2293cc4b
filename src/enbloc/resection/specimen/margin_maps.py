"""The margin map of a cut: its face laid flat, with the distance to tumour at every place on it.

Strategy. The plane of the cut is a raster of half-millimetre cells whose two axes run along the anatomy as nearly as
the plane allows. A cell belongs to the face where the specimen ends on the plane there. From each, two distances are
taken: to the nearest tumour in any direction, which is the margin, and straight through the specimen, which is what a
blade that slips forwards would cross. The areas within 2, 5 and 10 mm count cells; their interval is the label's error.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import scipy

from enbloc.anatomy.scene import Frame, Scene
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import FAR_MM, surface_points
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.space.polygons import distance_to_face
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Geometry

STEP_MM = 0.5
"""Edge of a cell of the raster."""

LIMITS_MM = (2.0, 5.0, 10.0)
"""Distances within which the area of a face is counted."""


@attrs.frozen(eq=False)
class MarginMap:
    """The face of one cut laid flat.

    Parameters
    ----------
    cut : str
        Its id.
    origin_mm : (3,) float, LPS
        The centre of cell (0, 0).
    across, along : (3,) float, LPS unit vectors
        The directions of the raster's two axes, in the plane.
    across_words, along_words : (str, str)
        What lies where each axis begins and where it ends, such as ``("right", "left")``.
    step_mm : float
    on_face : bool array (n, m)
        Where the specimen ends on the plane.
    nearest_mm : float array (n, m)
        Distance to the tumour's surface; negative where the plane runs through tumour. Off the face it means nothing.
    through_mm : float array (n, m)
        Distance to tumour straight through the specimen; `FAR_MM` where none lies there.
    area_mm2 : Estimate
        Of the face.
    within_mm2 : mapping of mm to Estimate
        Area of the face nearer to tumour than each of `LIMITS_MM`.
    """

    cut: str
    origin_mm: Floats
    across: Floats
    along: Floats
    across_words: tuple[str, str]
    along_words: tuple[str, str]
    step_mm: float
    on_face: Bools
    nearest_mm: Floats
    through_mm: Floats
    area_mm2: Estimate
    within_mm2: Mapping[float, Estimate]


def measure_margin_map(scene: Scene, geometry: Geometry, cut: Cut) -> MarginMap:
    """Lay the face of a cut flat and measure how far tumour lies from it.

    Parameters
    ----------
    scene : Scene
    geometry : Geometry
        On the scene's grid.
    cut : Cut
        One with a face, as `specimen.cut_out` gives.
    """
    frame = _nearest_frame(scene, cut)
    across, along = _axes(cut, frame)
    corners = np.stack([(cut.face_mm - cut.origin_mm) @ axis for axis in (across, along)], axis=1)
    first = np.floor(corners.min(axis=0) / STEP_MM) - 2
    count = (np.ceil(corners.max(axis=0) / STEP_MM) + 3 - first).astype(np.intp)
    u, v = (np.arange(n) * STEP_MM + start * STEP_MM for n, start in zip(count, first, strict=True))
    origin = cut.origin_mm + u[0] * across + v[0] * along
    points = cut.origin_mm + u[:, None, None] * across + v[None, :, None] * along
    flat = points.reshape(-1, 3)
    on_face = _ends_here(scene, geometry.specimen, cut, flat).reshape(points.shape[:2])
    nearest = _nearest(scene, flat).reshape(on_face.shape)
    through = _through(scene, cut, flat, on_face.ravel()).reshape(on_face.shape)
    error = scene.label_error_mm
    because = f"cells of {STEP_MM:g} mm; label border, +-{error:.2f} mm"
    cell = STEP_MM**2
    edge = float(np.sqrt(cell * on_face.sum()) * 4.0) * error / 2.0
    area = cell * float(on_face.sum())
    return MarginMap(
        cut=cut.id,
        origin_mm=origin,
        across=across,
        along=along,
        across_words=_words(across, frame),
        along_words=_words(along, frame),
        step_mm=STEP_MM,
        on_face=on_face,
        nearest_mm=nearest,
        through_mm=through,
        area_mm2=Estimate(area, max(area - edge, 0.0), area + edge, "mm2", because),
        within_mm2={limit: _within(nearest[on_face], limit, error, because) for limit in LIMITS_MM},
    )


def _within(nearest: Floats, limit: float, error: float, because: str) -> Estimate:
    """Area with tumour nearer than `limit`, and were all tumour further away or nearer by the label's error."""
    low, value, high = (STEP_MM**2 * float((nearest < limit + by).sum()) for by in (-error, 0.0, error))
    return Estimate(value, low, high, "mm2", because)


def _nearest_frame(scene: Scene, cut: Cut) -> Frame:
    frames = [vertebra.frame for vertebra in scene.vertebrae.values()]
    return min(frames, key=lambda frame: abs(float((cut.origin_mm - frame.origin_mm) @ frame.cranial)))


def _axes(cut: Cut, frame: Frame) -> tuple[Floats, Floats]:
    """Two axes in the plane: along the patient's left where the plane allows, and upwards or backwards."""
    lies_in = sorted((frame.left, frame.dorsal, frame.cranial), key=lambda axis: abs(float(axis @ cut.normal)))
    chosen = [axis for axis in (frame.left, frame.dorsal, frame.cranial) if any(axis is near for near in lies_in[:2])]
    across = chosen[0] - (chosen[0] @ cut.normal) * cut.normal
    across = across / np.linalg.norm(across)
    along = np.cross(cut.normal, across)
    return across, along if float(along @ chosen[1]) >= 0.0 else -along


def _words(axis: Floats, frame: Frame) -> tuple[str, str]:
    named = ((frame.left, "right", "left"), (frame.dorsal, "ventral", "dorsal"), (frame.cranial, "caudal", "cranial"))
    towards, begins, ends = max(named, key=lambda n: abs(float(axis @ n[0])))
    return (begins, ends) if float(axis @ towards) >= 0.0 else (ends, begins)


def _ends_here(scene: Scene, specimen: Bools, cut: Cut, points: Floats) -> Bools:
    """True for points of the plane on the face with specimen within a voxel behind them."""
    voxel = float(scene.grid.spacing_mm.max())
    found: Bools = np.zeros(len(points), dtype=bool)
    for depth in (0.5, 1.0):
        found |= _lookup(specimen.astype(np.float64), scene, points - depth * voxel * cut.normal) >= 0.5
    over: Bools = distance_to_face(points, cut.face_mm, cut.normal)[0] <= voxel / 2
    return found & over


def _nearest(scene: Scene, points: Floats) -> Floats:
    surface = surface_points(scene.grid, scene.tumour)
    if not len(surface):
        return np.full(len(points), FAR_MM)
    distance: Floats = scipy.spatial.cKDTree(surface).query(points)[0]
    inside = _lookup(scene.tumour.astype(np.float64), scene, points) >= 0.5
    return np.where(inside, -distance, distance)


def _through(scene: Scene, cut: Cut, points: Floats, on_face: Bools) -> Floats:
    """How far behind each point of the face the first tumour lies, in steps of half a voxel."""
    step = float(scene.grid.spacing_mm.min()) / 2
    reach = float(np.linalg.norm(scene.grid.spacing_mm * np.array(scene.grid.shape)))
    tumour = voxels_of(scene.tumour)
    depth = -((scene.grid.to_patient(tumour) - cut.origin_mm) @ cut.normal) if len(tumour) else np.zeros(0)
    deepest = min(reach, float(depth.max(initial=0.0)) + step)
    through = np.full(len(points), FAR_MM)
    open_ = np.flatnonzero(on_face)
    tumour_field = scene.tumour.astype(np.float64)
    for n in range(int(np.ceil(deepest / step)) + 1):
        if not len(open_):
            break
        hit = _lookup(tumour_field, scene, points[open_] - n * step * cut.normal) >= 0.5
        through[open_[hit]] = n * step
        open_ = open_[~hit]
    return through


def _lookup(field: Floats, scene: Scene, points: Floats) -> Floats:
    found: Floats = scipy.ndimage.map_coordinates(field, scene.grid.to_index(points).T, order=1, mode="constant")
    return found
