"""A proved way out: the specimen shifted, or turned about the cord, or moved freely, in this order.

Strategy. Each search proposes a way on a coarse look. It is then proved on the labels' own grid: all outer voxels of
the specimen are moved along it, no voxel further than half a voxel at a time, through the distance fields of what is
kept. While it lets go of what it was cut from it may overlap by one voxel at most, half for its own border and half for
the other's; from then on by half a voxel, and where a way is found that does not touch at all, that one is taken. It
passes vessels and cord at their guards, or no nearer than at the start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import attrs
import numpy as np

from enbloc.anatomy.scene import Frame, Scene
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.structures import DURA
from enbloc.resection.way_out.kept import CORD_GUARD_MM, SAC, VESSEL_GUARD_MM, VESSELS, Kept
from enbloc.resection.way_out.motion import (
    STILL,
    Body,
    Ground,
    build_body,
    build_ground,
    measure_poses,
    moved_mm,
    refine,
    shifted,
    spread,
)
from enbloc.resection.way_out.passage import (
    SLACKS,
    Box,
    build_box,
    cells_of,
    find_way,
    least_of,
    measure_all_shifts,
    measure_shifts,
    straighten,
)
from enbloc.resection.way_out.planning import SEED, plan_flat, plan_turns
from enbloc.resection.way_out.turning import Room, sweep

LET_GO_MM = 5.0
"""The specimen begins in contact with what it was cut from; the least clearance counts where it has moved so far."""

REPAIRS = 8
"""How often the search begins anew when the labels' own grid finds an overlap on its way."""

SWEEPS = 6
"""How many sweeps that a coarse look finds open are put to the proof."""

FLAT_TRIES = 3
"""How often the planner begins anew with shifts and turns about the cord, each time with other draws."""

SPARE_VOXELS = {"turned": 0.05, "planned": 0.15}
"""The planner keeps this share of a voxel more than the proof asks, so that its ways hold between its steps too."""


@attrs.frozen(eq=False)
class Way:
    """A proved way.

    Parameters
    ----------
    poses : (n, 7) float
        Keyframes in the axes of the search.
    kind : str
        ``"shifted"``, ``"swept"``, ``"turned"`` or ``"planned"``.
    least_mm : float
        Least clearance from everything kept, once the contacts at the cuts are let go.
    vessels_mm : float
        Least clearance from vessels, all along.
    touches : bool
        Overlaps what is kept within the error of the labels. Where the canal stands for a sac that is not labelled, to
        run along its wall is no touch: the sac is smaller.
    """

    poses: Floats
    kind: str
    least_mm: float
    vessels_mm: float
    touches: bool


@attrs.frozen(eq=False)
class Surroundings:
    """All that a search for a way reads.

    Parameters
    ----------
    scene : Scene
    specimen : bool array
    kept : Kept
    frame : Frame
    box : Box
    ways : tuple of str
    body : Body
    vessels, cord : Ground
        Distance from these, which no choice changes.
    shifts_mm : mapping of int to float array
        Clearance of every shift of the box from each thing that is kept, by its code.
    """

    scene: Scene
    specimen: Bools
    kept: Kept
    frame: Frame
    box: Box
    ways: tuple[str, ...]
    body: Body
    vessels: Ground
    cord: Ground
    shifts_mm: Mapping[int, Floats]


@attrs.frozen(eq=False)
class Fields:
    """Distance from bone and sac, from vessels and from the cord, mm, with the guards kept from the last two.

    `tolerance_mm` is how deep the specimen may overlap where it lets go, `touches_mm` from then on.
    """

    solid: Ground
    vessels: Ground
    cord: Ground
    vessel_guard_mm: float
    cord_guard_mm: float
    tolerance_mm: float
    touches_mm: float
    border_mm: float


def look_around(
    scene: Scene, specimen: Bools, kept: Kept, frame: Frame, box: Box, ways: tuple[str, ...]
) -> Surroundings:
    """The surroundings of a specimen, in the axes of the box."""
    body = build_body(scene.grid, specimen, box.axes)
    vessels, cord = (build_ground(scene.grid, distance_to(scene.grid, m)) for m in (kept.codes == VESSELS, kept.cord))
    return Surroundings(scene, specimen, kept, frame, box, ways, body, vessels, cord, measure_all_shifts(box))


def look_narrower(around: Surroundings, kept: Kept) -> Surroundings:
    """The same surroundings with another sac."""
    box = build_box(around.scene, around.specimen, kept, around.frame, around.ways)
    return attrs.evolve(around, kept=kept, box=box, shifts_mm={**around.shifts_mm, SAC: measure_shifts(box, SAC)})


def find_ways(around: Surroundings, gone: Collection[int] = (), turns: bool = True, guarded: bool = True) -> Way | None:
    """A proved way when the pieces with the codes `gone` are given up; None when none was found.

    Parameters
    ----------
    around : Surroundings
    gone : collection of int
    turns : bool
        Also try to turn the specimen.
    guarded : bool
        First try to keep the guard of the vessels; otherwise they are only not entered.
    """
    fields = build_fields(around, gone)
    found = _beside_vessels(around, fields, gone, (turns, guarded))
    return _judged(around, fields, found, gone) if found is not None else None


def find_clear_way(around: Surroundings) -> Way | None:
    """A proved way that touches nothing, with nothing given up; None when none was found."""
    fields = build_fields(around)
    found = _beside_vessels(around, _without_touch(around, fields, ()), (), (True, True))
    if found is None:
        return None
    measured = prove(around.body, attrs.evolve(fields, vessel_guard_mm=0.0), found.poses, found.kind)[1]
    return attrs.evolve(measured, touches=False) if measured is not None else None


def _judged(around: Surroundings, fields: Fields, way: Way, gone: Collection[int]) -> Way:
    """The way, which does not touch where all that it overlaps is the rim of a canal that stands for the sac."""
    if not way.touches:
        return way
    clear = attrs.evolve(_without_touch(around, fields, gone), vessel_guard_mm=0.0)
    return attrs.evolve(way, touches=prove(around.body, clear, way.poses, way.kind)[1] is None)


def _without_touch(around: Surroundings, fields: Fields, gone: Collection[int]) -> Fields:
    """The fields for ways that overlap nothing but the rim of a canal that stands for the sac."""
    if around.scene.structures.mask(DURA).any():
        return attrs.evolve(fields, touches_mm=0.0)
    grid, codes = around.scene.grid, around.kept.codes
    rest = (codes > 0) & (codes != VESSELS) & (codes != SAC) & ~np.isin(codes, list(gone))
    field = np.minimum(distance_to(grid, rest), distance_to(grid, codes == SAC) + around.scene.label_error_mm)
    return attrs.evolve(fields, solid=build_ground(grid, field), touches_mm=0.0)


def _beside_vessels(around: Surroundings, fields: Fields, gone: Collection[int], how: tuple[bool, bool]) -> Way | None:
    """A way that keeps the guard of the vessels where one does and it is asked for."""
    turns, guarded = how
    near = attrs.evolve(fields, vessel_guard_mm=0.0)
    found = _find(around, near, gone, turns)
    if found is None or not guarded or fields.vessel_guard_mm == 0.0:
        return found
    held = prove(around.body, fields, found.poses, found.kind)[1]
    return held or _find(around, fields, gone, turns) or found


def _find(around: Surroundings, fields: Fields, gone: Collection[int], turns: bool) -> Way | None:
    found = _by_shifts(around, fields, gone)
    return _by_turns(around, fields) if found is None and turns else found


def find_with_room(around: Surroundings, fields: Fields, more_mm: float, turns: bool) -> Floats | None:
    """A way (n, 7) that a planner finds when everything kept gives way by so much more; it proves nothing.

    With `turns`, one that turns the specimen about any axis where none is found that turns it about the cord's alone.
    """
    near = attrs.evolve(fields, vessel_guard_mm=0.0)
    room = _room(around, near, 0.0, _guarded(around, near))
    wider = attrs.evolve(room, enough_mm=room.enough_mm - more_mm, start_mm=room.start_mm - more_mm)
    found = plan_flat(wider)
    return plan_turns(wider) if found is None and turns else found


def prove_again(around: Surroundings, gone: Collection[int], way: Way) -> Way | None:
    """The same way when only the pieces `gone` are given up; None where something else stands in it."""
    fields = attrs.evolve(build_fields(around, gone), vessel_guard_mm=0.0)
    found = prove(around.body, fields, way.poses, way.kind)[1]
    return _judged(around, fields, found, gone) if found is not None else None


def build_fields(around: Surroundings, gone: Collection[int] = ()) -> Fields:
    """Distance fields of what is kept without the pieces `gone`."""
    grid, codes = around.scene.grid, around.kept.codes
    border = float(grid.spacing_mm.min()) / 2
    solid = (codes > 0) & (codes != VESSELS) & ~np.isin(codes, list(gone))
    near = (around.vessels, around.cord)
    at_start = [float(measure_poses(ground, around.body, STILL)[0]) - border for ground in near]
    return Fields(
        solid=build_ground(grid, distance_to(grid, solid)),
        vessels=around.vessels,
        cord=around.cord,
        vessel_guard_mm=max(min(VESSEL_GUARD_MM, at_start[0]), 0.0),
        cord_guard_mm=max(min(CORD_GUARD_MM, at_start[1]), 0.0),
        tolerance_mm=2.0 * around.scene.label_error_mm,
        touches_mm=around.scene.label_error_mm,
        border_mm=border,
    )


def prove(body: Body, fields: Fields, way: Floats, kind: str) -> tuple[Floats, Way | None]:
    """The poses (n, 7) of a way that overlap what is kept, and the way when none does."""
    poses = refine(body, way, fields.border_mm)
    solid, vessels, cord = (
        measure_poses(ground, body, poses) - fields.border_mm for ground in (fields.solid, fields.vessels, fields.cord)
    )
    begins = moved_mm(body, poses) <= LET_GO_MM
    short = np.where(begins, -fields.tolerance_mm, -fields.touches_mm)
    bad = (solid < short) | (vessels - fields.vessel_guard_mm < short) | (cord - fields.cord_guard_mm < short)
    if bad.any():
        return poses[bad], None
    least = np.minimum(np.minimum(solid, vessels), cord)
    return poses[bad], Way(
        spread(way), kind, float(least[~begins].min()), float(vessels.min()), bool(least[~begins].min() < 0.0)
    )


def _by_shifts(around: Surroundings, fields: Fields, gone: Collection[int]) -> Way | None:
    """Shifts where the labels' own grid finds an overlap are closed, and the search begins anew."""
    box = around.box
    solid = least_of(box, around.shifts_mm, (n for n in around.kept.names if n != VESSELS and n not in gone))
    vessels = least_of(box, around.shifts_mm, [VESSELS])
    clearance = np.minimum(solid, vessels - min(fields.vessel_guard_mm, float(vessels[box.start])))
    for slack in SLACKS:
        for _ in range(REPAIRS):
            found = find_way(box, clearance, around.ways, slack)
            if found is None:
                break
            bad, way = prove(around.body, fields, shifted(found), "shifted")
            if way is not None:
                return prove(around.body, fields, shifted(straighten(found)), "shifted")[1] or way
            clearance[tuple(cells_of(box, bad[:, :3]).T)] = -np.inf
    return None


def _by_turns(around: Surroundings, fields: Fields) -> Way | None:
    ground = _guarded(around, fields)
    for n, found in enumerate(sweep(_room(around, fields, 0.0, ground))):
        way = prove(around.body, fields, found, "swept")[1]
        if way is not None:
            return way
        if n + 1 == SWEEPS:
            break
    for kind, found in _planned(around, fields, ground):
        way = prove(around.body, fields, found, kind)[1]
        if way is not None:
            return way
    return None


def _planned(around: Surroundings, fields: Fields, ground: Ground) -> Iterator[tuple[str, Floats]]:
    flat = _room(around, fields, SPARE_VOXELS["turned"], ground)
    for n in range(FLAT_TRIES):
        found = plan_flat(flat, seed=SEED + n)
        if found is not None:
            yield "turned", found
    found = plan_turns(_room(around, fields, SPARE_VOXELS["planned"], ground))
    if found is not None:
        yield "planned", found


def _guarded(around: Surroundings, fields: Fields) -> Ground:
    """All guards in one field: what every outer voxel must find in it is the same everywhere."""
    field = np.minimum(fields.solid.field, fields.vessels.field - fields.vessel_guard_mm)
    np.minimum(field, fields.cord.field - fields.cord_guard_mm, out=field)
    return Ground(around.scene.grid, field)


def _room(around: Surroundings, fields: Fields, spare: float, ground: Ground) -> Room:
    """Where the specimen is to be turned; the searches keep `spare` of a voxel more than the proof asks."""
    cord = (around.frame.origin_mm - around.body.middle_mm) @ around.box.axes.T
    cord[2] = 0.0
    start = fields.border_mm - fields.tolerance_mm + spare * 2.0 * fields.border_mm
    enough = start + fields.tolerance_mm - fields.touches_mm
    return Room(ground, around.body, cord, around.ways, enough, start, LET_GO_MM)
