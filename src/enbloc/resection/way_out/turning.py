"""Ways out that turn the specimen: straight sweeps about the cord first, then a search in all six directions.

Strategy. A sweep frees the specimen by a few millimetres, turns it about the axis of the cord step by step, as the ring
is turned out in a total en bloc spondylectomy, and after each step tries to leave straight. Where no sweep is open, a
planner of OMPL (RRT-Connect) grows two trees of free poses, one from where the specimen lies and one from outside. It
works through a fixed number of steps from a fixed seed: the same case gets the same answer on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import attrs
import numpy as np
import scipy
from ompl import base, geometric, util

from enbloc.foundation.space.grids import Floats
from enbloc.resection.way_out.motion import (
    STILL,
    Body,
    Ground,
    build_check,
    fewer,
    measure_poses,
    moved_mm,
    refine,
    shifted,
    turned,
)

STEP_MM = 2.0
"""No voxel moves further than this between two poses that a search looks at; the proof looks closer."""

TURN_STEP_DEG = 10.0
"""A sweep tries to leave straight after each such turn."""

MOST_TURN_DEG = 180.0

FREED_MM = (0.0, 3.0, 6.0, 10.0, 15.0)
"""How far the specimen is moved off the cord before it is turned."""

OUT_MM = 100.0
"""Shifted this far to the back or front, the specimen is out."""

SEED = 20_240_229
"""Of the planner's draws."""

PLANNER_STEPS = 2500
"""Samples that the planner draws before it gives up (ours)."""

RANGE_MM = 4.0
"""The longest step by which a tree grows."""

BOUNDS_MM = (75.0, 110.0, 35.0)
"""How far the planner may move the specimen's middle sideways, to back or front, and up or down."""

BACK_MM = 40.0
"""How far it may move it away from the wound."""

BLOCK = 16
"""Poses looked at together."""

POINTS_N = 2000
"""Of the specimen's outer voxels the searches look at this many; the proof looks at all."""

GOAL_TURNS_DEG = (0.0, 45.0, -45.0, 90.0, -90.0)
"""Turns about the cord's axis that the specimen may have when it is out."""

SIGNS = {"dorsal": 1.0, "ventral": -1.0}


@attrs.frozen(eq=False)
class Room:
    """Where a specimen is to be turned.

    Parameters
    ----------
    ground : Ground
        Distance from everything kept, less its guard.
    body : Body
    cord_mm : (3,) float
        A point on the cord's axis, along the axes from the body's middle at rest; the axis is the third one.
    ways : tuple of str
        ``"dorsal"``, ``"ventral"``: where the specimen may leave.
    enough_mm : float
        What every voxel must find in the field.
    start_mm : float
        What is enough as long as no voxel has moved further than `let_go_mm`.
    let_go_mm : float
    """

    ground: Ground
    body: Body
    cord_mm: Floats
    ways: tuple[str, ...]
    enough_mm: float
    start_mm: float
    let_go_mm: float


def sweep(room: Room) -> Iterator[Floats]:
    """Ways (n, 7) that a coarse look finds open, the ones with the least turn first."""
    body = fewer(room.body, POINTS_N)
    outwards = -room.cord_mm / max(float(np.linalg.norm(room.cord_mm)), 1e-9)
    arms = [arm for sense in (1.0, -1.0) for freed in FREED_MM for arm in _arms(room, body, outwards * freed, sense)]
    for arm in sorted(arms, key=len):
        for exit_ in _exits(room, body, arm[-1]):
            yield np.concatenate([arm, exit_])


def _arms(room: Room, body: Body, freed: Floats, sense: float) -> Iterator[Floats]:
    """Motions that free the specimen and turn it, each a step further than the last, as far as they are open."""
    start = np.stack([STILL, np.concatenate([freed, STILL[3:]])]) if freed.any() else STILL[None]
    if not _open(room, body, start):
        return
    arm = start
    step = scipy.spatial.transform.Rotation.from_rotvec([0.0, 0.0, sense * np.radians(TURN_STEP_DEG)])
    for _ in range(int(MOST_TURN_DEG / TURN_STEP_DEG)):
        further = turned(arm[-1], room.cord_mm, step)
        if not _open(room, body, np.stack([arm[-1], further])):
            return
        arm = np.concatenate([arm, further[None]])
        yield arm


def _exits(room: Room, body: Body, pose: Floats) -> Iterator[Floats]:
    """Straight legs from a pose to outside that are open: straight, and slanting to either side."""
    for way in room.ways:
        for aside in (0.0, 0.35, -0.35, 0.8, -0.8):
            end = pose.copy()
            end[:3] += OUT_MM * np.array([aside, SIGNS[way], 0.0])
            if _open(room, body, np.stack([pose, end])):
                yield end[None]


def _open(room: Room, body: Body, way: Floats) -> bool:
    poses = way if len(way) == 1 else refine(body, way, STEP_MM)
    blocks = (poses[n : n + BLOCK] for n in range(0, len(poses), BLOCK))
    return all(
        (measure_poses(room.ground, body, block, room.start_mm) >= needed(room, block)).all() for block in blocks
    )


def needed(room: Room, poses: Floats) -> Floats:
    """What every voxel must find in the field at each pose (m, 7), mm."""
    near = moved_mm(room.body, poses) <= room.let_go_mm
    return np.where(near, room.start_mm, room.enough_mm)


def plan_turns(room: Room, steps: int = PLANNER_STEPS, seed: int = SEED) -> Floats | None:
    """A way (n, 7) that the planner finds open at `STEP_MM`; None when it finds none in its steps."""
    util.noOutputHandler()
    util.RNG.setSeed(seed)
    body = fewer(room.body, POINTS_N)
    space = base.SE3StateSpace()
    space.setBounds(_bounds(room.ways))
    space.setSubspaceWeight(1, room.body.radius_mm * 2.0)
    information = base.SpaceInformation(space)
    measure, reach = build_check(room.ground, body), room.body.radius_mm

    def holds(pose: Floats) -> bool:
        turn = 2.0 * math.acos(min(abs(float(pose[6])), 1.0))
        near = math.dist(pose[:3], (0.0, 0.0, 0.0)) + turn * reach <= room.let_go_mm
        return measure(pose, room.start_mm if near else room.enough_mm)

    information.setStateValidityChecker(lambda state: holds(_pose(state)))
    information.setStateValidityCheckingResolution(STEP_MM / space.getMaximumExtent())
    information.setup()
    problem = base.ProblemDefinition(information)
    problem.addStartState(_state(space, STILL))
    goals = base.GoalStates(information)
    for pose in _goal_poses(room):
        if holds(pose):
            goals.addState(_state(space, pose))
    if not goals.hasStates() or not holds(STILL):
        return None
    problem.setGoal(goals)
    planner = geometric.RRTConnect(information)
    planner.setRange(RANGE_MM)
    planner.setProblemDefinition(problem)
    planner.setup()
    asked = iter(range(steps))
    planner.solve(base.PlannerTerminationCondition(lambda: next(asked, None) is None))
    if not problem.hasExactSolution():
        return None
    path = problem.getSolutionPath()
    geometric.PathSimplifier(information).reduceVertices(path)
    geometric.PathSimplifier(information).partialShortcutPath(path)
    return np.array([_pose(state) for state in path.getStates()])


def _bounds(ways: tuple[str, ...]) -> base.RealVectorBounds:
    bounds = base.RealVectorBounds(3)
    aside, out, up = BOUNDS_MM
    lows = (-aside, -out if "ventral" in ways else -BACK_MM, -up)
    highs = (aside, out if "dorsal" in ways else BACK_MM, up)
    for axis, (low, high) in enumerate(zip(lows, highs, strict=True)):
        bounds.setLow(axis, low)
        bounds.setHigh(axis, high)
    return bounds


def _goal_poses(room: Room) -> list[Floats]:
    poses = []
    for way in room.ways:
        for degrees in GOAL_TURNS_DEG:
            for aside in (0.0, 30.0, -30.0):
                pose = shifted(np.array([[aside, SIGNS[way] * OUT_MM, 0.0]]))[0]
                pose[3:] = scipy.spatial.transform.Rotation.from_rotvec([0.0, 0.0, np.radians(degrees)]).as_quat()
                poses.append(pose)
    return poses


def _pose(state: base.SE3State) -> Floats:
    turn = state.rotation()
    return np.array([state.getX(), state.getY(), state.getZ(), turn.x, turn.y, turn.z, turn.w])


def _state(space: base.SE3StateSpace, pose: Floats) -> base.SE3State:
    state = space.allocState()
    state.setXYZ(*(float(x) for x in pose[:3]))
    turn = state.rotation()
    turn.x, turn.y, turn.z, turn.w = (float(x) for x in pose[3:])
    return state
