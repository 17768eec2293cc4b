"""Can the specimen be brought out past the cord?

Strategy. A specimen that closes round the sac is locked: *no*. Otherwise a way without turning is sought (`passage`)
and proved on the labels' own grid: the specimen's outer voxels are moved along it in steps of half a voxel through the
distance field of everything kept. A way that holds is *yes*. No way found is *unknown*, since turning the specimen has
not been tried; what stands in the way is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import attrs
import numpy as np
from scipy.ndimage import binary_erosion, map_coordinates

from enbloc.anatomy.scene import Frame, Scene
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.resection.kept import SAC, VESSEL_GUARD_MM, VESSELS, Kept, find_kept
from enbloc.resection.passage import SLACKS, Box, build_box, cells_of, find_way, is_open, measure_shifts, straighten
from enbloc.resection.placement import Placement
from enbloc.resection.plans import Delivery, Geometry, Sacrifice
from enbloc.resection.ring import closes_round

LET_GO_MM = 5.0
"""The specimen begins in contact with what it was cut from; the least clearance counts from here on along the way."""

REPAIRS = 4
"""How often the search begins anew when the labels' own grid finds an overlap on its way."""

RING = Reason(
    "The bone of the specimen closes round the sac: without another cut through the ring it cannot leave.",
    "measured",
    (),
    "RING-1",
)
NOT_TURNED = "No way without turning the specimen was found; turning it has not been tried."
TOO_NARROW = "A way is open within the error of the labels, but it could not be proved."
NO_CANAL = Reason("The canal is not known: whether the specimen passes the cord cannot be said.", "measured")


@attrs.frozen(eq=False)
class _Proved:
    """A way (n, 3) LPS mm with its least clearance from everything and, all along, from vessels, mm."""

    way_mm: Floats
    least_mm: float
    vessels_mm: float


def judge_delivery(
    scene: Scene,
    placement: Placement,
    geometry: Geometry,
    approach: Sequence[str],
    sacrifices: Sequence[Sacrifice],
) -> Delivery:
    """Whether the specimen can leave, and on which way.

    Parameters
    ----------
    scene : Scene
    placement : Placement
    geometry : Geometry
        Specimen and remainder on the scene's grid.
    approach : sequence of str
        ``"posterior"``, ``"anterior left"`` …: the specimen leaves through one of them.
    sacrifices : sequence of Sacrifice
        What is given up is no obstacle.
    """
    kept = find_kept(scene, placement, geometry, sacrifices)
    if not (kept.codes == SAC).any():
        return _unknown((NO_CANAL, *kept.because))
    frame = scene.vertebrae[placement.levels[len(placement.levels) // 2]].frame
    solid = geometry.specimen & ((scene.bone > 0) | scene.tumour)
    if closes_round(scene, solid, kept.codes == SAC, frame):
        return Delivery("no", None, (RING, *kept.because), Unknown("there is no way out"), ())
    ways = tuple(way for way, word in (("dorsal", "posterior"), ("ventral", "anterior")) if _opens(approach, word))
    if not ways:
        return _unknown((Reason("No approach is given through which it could leave.", "measured"), *kept.because))
    box = build_box(scene, geometry.specimen, kept, frame, ways)
    proved = _proved_way(scene, geometry.specimen, kept, box, ways)
    if proved is None:
        return _unknown((Reason(NOT_TURNED, "ours", (), "DEL-2"), *_hindrance(kept, box, ways), *kept.because))
    error = scene.label_error_mm * float(np.sqrt(2.0))
    least = Estimate(
        proved.least_mm, proved.least_mm - error, proved.least_mm + error, "mm", f"label borders, +-{error:.2f} mm"
    )
    return Delivery("yes", _route(proved.way_mm, frame), (*_found(proved), *kept.because), least, _poses(proved.way_mm))


def walk_way(scene: Scene, way_mm: Floats) -> Floats:
    """The shifts (m, 3) LPS mm along a way given by its corners (n, 3), half a voxel apart at most."""
    half = float(scene.grid.spacing_mm.min()) / 2
    corners = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(way_mm, axis=0), axis=1))])
    travelled = np.linspace(0.0, corners[-1], int(np.ceil(corners[-1] / half)) + 1)
    return np.stack([np.interp(travelled, corners, way_mm[:, axis]) for axis in range(3)], axis=1)


def measure_clearance(scene: Scene, specimen: Bools, field: Floats, shifts_mm: Floats) -> Floats:
    """Least clearance (m,) mm of the shifted specimen; zero where it touches.

    Parameters
    ----------
    scene : Scene
    specimen : bool array
    field : float array
        Distance from voxel centres to what is kept, mm; beyond the grid it is that at the edge.
    shifts_mm : (m, 3) float, LPS
    """
    outer = np.argwhere(specimen & ~binary_erosion(specimen)).T.astype(np.float64)
    by = shifts_mm @ np.linalg.inv(scene.grid.affine)[:3, :3].T
    least = [map_coordinates(field, outer + shift[:, None], order=1, mode="nearest").min() for shift in by]
    return np.array(least) - float(scene.grid.spacing_mm.min()) / 2


@attrs.frozen(eq=False)
class _Ground:
    """The labels' own grid: the specimen's outer voxels, and the distance from bone and sac, and from vessels."""

    scene: Scene
    specimen: Bools
    solid: Floats
    vessels: Floats


def _proved_way(scene: Scene, specimen: Bools, kept: Kept, box: Box, ways: tuple[str, ...]) -> _Proved | None:
    """A way that holds on the labels' own grid: past the vessels with their guard, else without.

    Shifts where the labels' own grid finds an overlap are closed, and the search begins anew.
    """
    is_vessel = kept.codes == VESSELS
    fields = [distance_to(scene.grid, there) for there in ((kept.codes > 0) & ~is_vessel, is_vessel)]
    ground = _Ground(scene, specimen, *fields)
    solid = measure_shifts(box, [code for code in kept.names if code != VESSELS])
    vessels = measure_shifts(box, [VESSELS])
    for guard in dict.fromkeys((min(VESSEL_GUARD_MM, float(vessels[box.start])), 0.0)):
        clearance = np.minimum(solid, vessels - guard)
        for slack in SLACKS:
            for _ in range(REPAIRS):
                found = find_way(box, clearance, ways, slack)
                if found is None:
                    break
                bad, proved = _test(ground, found, guard)
                if proved is not None:
                    return _test(ground, straighten(found), guard)[1] or proved
                clearance[tuple(cells_of(box, bad).T)] = -np.inf
    return None


def _test(ground: _Ground, way_mm: Floats, guard_mm: float) -> tuple[Floats, _Proved | None]:
    """The shifts (n, 3) LPS mm of a way that overlap what is kept, and the way when none does."""
    tolerance = 2.0 * ground.scene.label_error_mm
    poses = walk_way(ground.scene, way_mm)
    solid = measure_clearance(ground.scene, ground.specimen, ground.solid, poses)
    if solid.min() < -tolerance:
        return poses[solid < -tolerance], None
    near = measure_clearance(ground.scene, ground.specimen, ground.vessels, poses)
    bad = near < min(guard_mm, float(near[0])) - tolerance
    if bad.any():
        return poses[bad], None
    free = np.linalg.norm(np.diff(poses, axis=0), axis=1).cumsum() >= LET_GO_MM
    least = float(np.minimum(solid, near)[1:][free].min())
    return poses[bad], _Proved(way_mm, least, float(near.min()))


def _opens(approach: Sequence[str], word: str) -> bool:
    return any(step.startswith((word, "simultaneous")) for step in approach)


def _hindrance(kept: Kept, box: Box, ways: tuple[str, ...]) -> tuple[Reason, ...]:
    """The fewest things without which a way is open, each choice of them; together, clearances are the least of each.

    Vessels count only where the specimen would press into them.
    """
    fields = {code: measure_shifts(box, [code]) for code in sorted(kept.names) if (box.codes == code).any()}
    for count in range(len(fields)):
        found = []
        for gone in combinations(fields, count):
            least = np.minimum.reduce([field for code, field in fields.items() if code not in gone])
            if is_open(box, least, ways):
                found.append(gone)
        if found:
            return (Reason(_held_by(found, kept), "measured", (), "DEL-2"),)
    return ()


def _held_by(choices: Sequence[tuple[int, ...]], kept: Kept) -> str:
    """What would have to go, in words; the sac cannot."""
    if not choices[0]:
        return TOO_NARROW
    without = [" and ".join(kept.names[code] for code in gone) for gone in choices if SAC not in gone]
    if without:
        return f"Without {', or without '.join(without)}, a way may be open, within the error of the labels."
    others = [kept.names[code] for code in choices[0] if code != SAC]
    return f"It is held by {' and '.join(['the sac', *others])}."


def _unknown(because: tuple[Reason, ...]) -> Delivery:
    return Delivery("unknown", None, because, Unknown("no way was found to measure it on"), ())


def _found(proved: _Proved) -> tuple[Reason, ...]:
    says = (
        f"A way was found without turning the specimen; from {LET_GO_MM:g} mm on it keeps "
        f"{max(proved.least_mm, 0.0):.1f} mm from everything kept."
    )
    way = Reason(says, "measured", (), "DEL-2")
    if proved.vessels_mm >= VESSEL_GUARD_MM:
        return (way,)
    near = f"It comes as near as {max(proved.vessels_mm, 0.0):.1f} mm to a vessel, which must be freed and held away."
    return (way, Reason(near, "measured", (), "DEL-2"))


def _route(way_mm: Floats, frame: Frame) -> str:
    """``"12 mm ventrally, then 40 mm to the left, then 100 mm dorsally"``."""
    words: list[tuple[str, float]] = []
    for leg in np.diff(way_mm, axis=0):
        direction = _direction(leg, frame)
        length = float(np.linalg.norm(leg))
        if words and words[-1][0] == direction:
            length += words.pop()[1]
        words.append((direction, length))
    return ", then ".join(f"{length:.0f} mm {direction}" for direction, length in words)


def _direction(leg_mm: Floats, frame: Frame) -> str:
    """The axes along which a leg mainly runs, the first one first."""
    axes = (("dorsally", "ventrally", frame.dorsal), ("to the left", "to the right", frame.left),
            ("cranially", "caudally", frame.cranial))  # fmt: skip
    unit = leg_mm / np.linalg.norm(leg_mm)
    parts = sorted(((float(unit @ axis), ahead, back) for ahead, back, axis in axes), key=lambda p: -abs(p[0]))
    named = [ahead if part > 0.0 else back for part, ahead, back in parts if abs(part) >= 0.5]
    return " and ".join(named)


def _poses(way_mm: Floats) -> tuple[Floats, ...]:
    """One matrix (4, 4) per corner."""
    poses = []
    for shift in way_mm:
        pose = np.eye(4)
        pose[:3, 3] = shift
        poses.append(pose)
    return tuple(poses)
