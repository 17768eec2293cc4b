"""From which sides a saw can reach a cut.

Strategy. A blade lies in the plane of its cut, so it enters along a direction laid into that plane; a direction that
looks onto the plane too steeply cannot be used at all. A side is a fan of directions: from behind is also from behind
and beside. From points all over the face rays run out along the fan: they are stopped by the dura, by vessels and by
bone that stays. The rays run half a voxel's diagonal inside the specimen, so that the bone which the cut itself parts
from it is no obstacle, whatever the grid. Lungs, bowel and muscle are held away. A point is reached when any of its
rays is free; what the others meet is what is in the way. A thread saw goes round what a straight blade cannot pass;
that is not tested here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.scene import Frame, Scene
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.structures import STRUCTURES
from enbloc.resection.cuts import Cut, Reach, SawSide
from enbloc.resection.cutting.column import arch_taken_off
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.plans import Geometry

STEEPEST_DEG = 40.0
"""A blade is held at no more than this against the direction of its side (ours)."""

FAN_DEG = (-45.0, -30.0, -15.0, 0.0, 15.0, 30.0, 45.0)
"""A side's directions, turned about the spine's axis (ours)."""

WHOLE_SHARE = 0.95
"""A side from which this share of a face is reached reaches all of it: the rest is the thickness of a label (ours)."""

HALF_SHARE = 0.5
"""Of a cut that is reached for less than this from its best side the plan tells (ours)."""

FACE_STEP_MM = 3.0
"""Distance of the points on a face."""

LEAVES_MM = 2.0
"""A ray begins this far from its face, or two voxels where these are larger: beside a cut lies the bone it parts."""

FREE, DURA, VESSEL, BONE = 0, 1, 2, 3
_NAMES: Mapping[int, str] = {DURA: "the dura", VESSEL: "a vessel", BONE: "bone that stays"}


def find_reach(scene: Scene, placement: Placement, geometry: Geometry, cuts: tuple[Cut, ...]) -> tuple[Cut, ...]:
    """The cuts, each with the sides from which a saw reaches it.

    Parameters
    ----------
    scene : Scene
    placement : Placement
    geometry : Geometry
        On the scene's grid.
    cuts : tuple of Cut
    """
    frame = scene.vertebrae[placement.levels[len(placement.levels) // 2]].frame
    obstacles = _obstacles(scene, placement, geometry)
    return tuple(attrs.evolve(cut, reach=_of_cut(scene, obstacles, frame, cut)) for cut in cuts)


def unreached(cut: Cut) -> bool:
    """True when no side reaches any part of a cut that was looked at."""
    return bool(cut.reach) and all(reach.share == 0.0 for reach in cut.reach)


def say_hard_to_reach(cuts: tuple[Cut, ...]) -> Iterator[Reason]:
    """The cuts that a straight blade does not reach, or not half of, from the side that is best."""
    for cut in cuts:
        best = max(cut.reach, key=lambda reach: reach.share, default=None)
        if best is None or best.share >= HALF_SHARE:
            continue
        if unreached(cut):
            says = f"No straight blade reaches the {cut.id} cut from any side; a thread saw is not tested."
        else:
            says = f"A straight blade reaches {100 * best.share:.0f} % of the {cut.id} cut at most, from {best.side}."
        yield Reason(says, "measured")


def is_reached_by(cut: Cut, approach: Sequence[str]) -> bool:
    """True when an approach gives a side from which half of a cut is reached.

    From behind a blade also comes from both sides; from in front from there and from the side of the access, or from
    both where it has none.

    Parameters
    ----------
    cut : Cut
        With its reach.
    approach : sequence of str
        ``"posterior"``, ``"anterior left"`` ...
    """
    sides: set[str] = set()
    for step in approach:
        named = {side for side in ("left", "right") if side in step} or {"left", "right"}
        sides |= named | ({"posterior", "anterior"} if step.startswith("simultaneous") else {step.split()[0]})
    return any(reach.side in sides and reach.share >= HALF_SHARE for reach in cut.reach)


def _obstacles(scene: Scene, placement: Placement, geometry: Geometry) -> NDArray[np.uint8]:
    """What a blade must not pass through."""
    codes = np.zeros(scene.grid.shape, dtype=np.uint8)
    for number, name in scene.structures.names.items():
        kind = STRUCTURES[name].kind if name in STRUCTURES else None
        if kind in ("vessel", "bone"):
            codes[scene.structures.values == number] = VESSEL if kind == "vessel" else BONE
    stays = geometry.remainder
    codes[stays] = BONE
    codes[arch_taken_off(scene, placement)] = FREE
    codes[scene.canal] = DURA
    codes[geometry.specimen] = FREE
    return codes


def _of_cut(scene: Scene, obstacles: NDArray[np.uint8], frame: Frame, cut: Cut) -> tuple[Reach, ...]:
    points = _on_face(cut) - 0.5 * float(np.linalg.norm(scene.grid.spacing_mm)) * cut.normal
    turns: Mapping[SawSide, float] = {"posterior": 0.0, "left": 90.0, "anterior": 180.0, "right": 270.0}
    fans = {side: _fan(frame, turn) for side, turn in turns.items()}
    order: tuple[SawSide, ...] = ("posterior", "anterior", "left", "right")
    return tuple(_from_side(scene, obstacles, cut, points, (side, fans[side])) for side in order)


def _fan(frame: Frame, turn_deg: float) -> Floats:
    """Unit vectors (n, 3) LPS around the direction that lies `turn_deg` from dorsal towards the left."""
    angles = np.radians(turn_deg + np.array(FAN_DEG))
    found: Floats = np.cos(angles)[:, None] * frame.dorsal + np.sin(angles)[:, None] * frame.left
    return found


def _from_side(
    scene: Scene, obstacles: NDArray[np.uint8], cut: Cut, points: Floats, side: tuple[SawSide, Floats]
) -> Reach:
    name, fan = side
    leans = np.degrees(np.arcsin(np.clip(np.abs(fan @ cut.normal), 0.0, 1.0)))
    ways = fan[leans <= STEEPEST_DEG]
    if not len(ways):
        return Reach(name, 0.0, (), f"the blade would stand {leans.min():.0f} degrees across the cut or more")
    along = ways - (ways @ cut.normal)[:, None] * cut.normal
    met = np.stack([_first_met(scene, obstacles, points, way / np.linalg.norm(way)) for way in along])
    free = (met == FREE).any(axis=0)
    share = float(free.mean())
    in_way = tuple(_NAMES[code] for code in (DURA, VESSEL, BONE) if (met[:, ~free] == code).any())
    if share >= WHOLE_SHARE:
        return Reach(name, share, in_way, "the whole cut is reached")
    if share == 0.0:
        return Reach(name, share, in_way, f"no part is reached: {' and '.join(in_way)} in the way")
    return Reach(name, share, in_way, f"{100 * share:.0f} % is reached; before the rest: {', '.join(in_way)}")


def _first_met(scene: Scene, obstacles: NDArray[np.uint8], points: Floats, along: Floats) -> NDArray[np.uint8]:
    """The code (n,) of what each ray meets first; `FREE` where it leaves the image without meeting anything."""
    step = float(scene.grid.spacing_mm.min())
    start = max(LEAVES_MM, 2.0 * float(scene.grid.spacing_mm.max()))
    far = float(np.linalg.norm(scene.grid.spacing_mm * scene.grid.shape))
    per_mm = np.linalg.inv(scene.grid.affine[:3, :3]) @ along
    origins = scene.grid.to_index(points)
    ways = np.arange(start, far, step)
    ways = ways[ways <= _leaves_at(origins, per_mm, scene.grid.shape) + step]
    at = np.rint(origins[:, None] + ways[:, None] * per_mm).astype(np.intp)
    inside: Bools = np.asarray(((at >= 0) & (at < np.array(scene.grid.shape))).all(axis=2), dtype=bool)
    held = np.where(inside[..., None], at, 0)
    met = np.where(inside, obstacles[held[..., 0], held[..., 1], held[..., 2]], FREE)
    first = np.argmax(met != FREE, axis=1)
    found: NDArray[np.uint8] = met[np.arange(len(points)), first]
    return found


def _leaves_at(origins: Floats, per_mm: Floats, shape: tuple[int, int, int]) -> float:
    """The way, mm, after which all rays from points (n, 3) in voxels have left the grid for good."""
    ends = np.where(per_mm > 0.0, np.array(shape), -1.0)
    moves = np.abs(per_mm) > 1e-9
    return float(((ends - origins)[:, moves] / per_mm[moves]).min(axis=1).max())


def _on_face(cut: Cut) -> Floats:
    """Points (n, 3) all over a face, about `FACE_STEP_MM` apart, pulled in a little from its edge."""
    middle = cut.face_mm.mean(axis=0)
    found = [middle[None]]
    for start, end in zip(cut.face_mm, np.roll(cut.face_mm, -1, axis=0), strict=True):
        longest = max(float(np.linalg.norm(start - middle)), float(np.linalg.norm(end - start)))
        n = max(int(np.ceil(longest / FACE_STEP_MM)), 1)
        for radius in (np.arange(n) + 0.5) / n:
            across = (np.arange(max(int(np.ceil(radius * n)), 1)) + 0.5) / max(int(np.ceil(radius * n)), 1)
            found.append(middle + radius * ((start - middle) + across[:, None] * (end - start)))
    return np.concatenate(found)
