"""Can the specimen be brought out past the cord?

Strategy. A specimen that closes round the sac is locked: *no*. Otherwise a way without turning is sought (`passage`)
and proved on the labels' own grid: the specimen's outer voxels are moved along it in steps of half a voxel through the
distance field of everything kept. A way that holds is *yes*. No way found is *unknown*, since turning the specimen has
not been tried; what stands in the way is named.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from scipy.ndimage import binary_erosion

from enbloc.anatomy.scene import Frame, Scene
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.space.sampling import sample_linear
from enbloc.resection.kept import BONE, FIRST_VESSEL, OTHER_BONE, SAC, Fields, Kept, find_kept, measure_fields
from enbloc.resection.passage import SLACKS, Shifts, find_way, measure_shifts, straighten
from enbloc.resection.placement import Placement
from enbloc.resection.plans import Delivery, Geometry, Sacrifice
from enbloc.resection.ring import closes_round

LET_GO_MM = 5.0
"""The specimen begins in contact with what it was cut from; the least clearance counts from here on along the way."""

RING = Reason(
    "The bone of the specimen closes round the sac: without another cut through the ring it cannot leave.",
    "measured",
    (),
    "RING-1",
)
NOT_TURNED = "No way without turning the specimen was found; turning it has not been tried."
NO_CANAL = Reason("The canal is not known: whether the specimen passes the cord cannot be said.", "measured")


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
    shifts = measure_shifts(scene, geometry.specimen, kept, frame, ways)
    fields = measure_fields(scene.grid, kept.codes, geometry.specimen)
    proved = _proved_way(scene, geometry.specimen, fields, shifts, ways)
    if proved is None:
        hindrance = _hindrance(scene, geometry.specimen, kept, frame, ways)
        return _unknown((Reason(NOT_TURNED, "ours", (), "DEL-2"), *hindrance, *kept.because))
    way, clearance_mm = proved
    error = scene.label_error_mm * float(np.sqrt(2.0))
    least = Estimate(
        clearance_mm, clearance_mm - error, clearance_mm + error, "mm", f"label borders, +-{error:.2f} mm"
    )
    return Delivery("yes", _route(way, frame), (_found(clearance_mm), *kept.because), least, _poses(way))


def measure_clearance(scene: Scene, specimen: Bools, field: Floats, way_mm: Floats) -> tuple[Floats, Floats]:
    """Clearance along a way: the length travelled (m,) mm, and the least clearance there (m,) mm.

    Parameters
    ----------
    scene : Scene
    specimen : bool array
    field : float array
        Distance from voxel centres to what is kept, mm.
    way_mm : (n, 3) float, LPS
        Corners of the way, as shifts; it is walked in steps of half a voxel at most.
    """
    half = float(scene.grid.spacing_mm.min()) / 2
    outer = scene.grid.to_patient(np.argwhere(specimen & ~binary_erosion(specimen)))
    legs = np.linalg.norm(np.diff(way_mm, axis=0), axis=1)
    corners = np.concatenate([[0.0], np.cumsum(legs)])
    travelled = np.linspace(0.0, corners[-1], int(np.ceil(corners[-1] / half)) + 1)
    shifts = np.stack([np.interp(travelled, corners, way_mm[:, axis]) for axis in range(3)], axis=1)
    edge = np.array(scene.grid.shape, dtype=np.float64) - 1.0
    start, inverse = scene.grid.to_index(outer), np.linalg.inv(scene.grid.affine)[:3, :3]
    least = np.empty(len(shifts))
    for n, shift in enumerate(shifts):
        inside = np.clip(start + inverse @ shift, 0.0, edge)
        least[n] = sample_linear(scene.grid, field, scene.grid.to_patient(inside)).min()
    return travelled, least - half


def _proved_way(
    scene: Scene, specimen: Bools, fields: Fields, shifts: Shifts, ways: tuple[str, ...]
) -> tuple[Floats, float] | None:
    """The first way that holds on the labels' own grid, and its least clearance, mm."""
    tolerance = 2.0 * scene.label_error_mm
    for slack in SLACKS:
        found = find_way(shifts, ways, slack)
        if found is None:
            continue
        for way in (straighten(found), found):
            if float(measure_clearance(scene, specimen, fields.allowed, way)[1].min()) >= -tolerance:
                travelled, real = measure_clearance(scene, specimen, fields.real, way)
                return way, float(real[travelled >= LET_GO_MM].min())
    return None


def _opens(approach: Sequence[str], word: str) -> bool:
    return any(step.startswith((word, "simultaneous")) for step in approach)


def _hindrance(
    scene: Scene, specimen: Bools, kept: Kept, frame: Frame, ways: tuple[str, ...]
) -> tuple[Reason, ...]:
    """What alone stands in the way, if it is one thing: without it the search finds a way."""
    kinds = {
        "the vessels": kept.codes >= FIRST_VESSEL,
        "the ribs and further bone": kept.codes == OTHER_BONE,
        "the bone that stays": kept.codes == BONE,
        "the sac": kept.codes == SAC,
    }
    for name, there in kinds.items():
        if not there.any():
            continue
        without = attrs.evolve(kept, codes=np.where(there, np.uint8(0), kept.codes))
        shifts = measure_shifts(scene, specimen, without, frame, ways)
        if find_way(shifts, ways, SLACKS[-1]) is not None:
            return (Reason(f"Were it not for {name}, it could leave without turning.", "measured", (), "DEL-2"),)
    return (Reason("More than one of sac, bone and vessels stands in the way.", "measured", (), "DEL-2"),)


def _unknown(because: tuple[Reason, ...]) -> Delivery:
    return Delivery("unknown", None, because, Unknown("no way was found to measure it on"), ())


def _found(clearance_mm: float) -> Reason:
    says = (
        f"A way was found without turning the specimen; from {LET_GO_MM:g} mm on it keeps {max(clearance_mm, 0.0):.1f} "
        "mm from everything kept."
    )
    return Reason(says, "measured", (), "DEL-2")


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
