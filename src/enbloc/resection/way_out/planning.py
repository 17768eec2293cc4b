"""Ways out that a planner finds: turned about the axis of the cord alone first, then in all six directions.

Strategy. A planner of OMPL (RRT-Connect) grows two trees of free poses, one from where the specimen lies and one from
outside. Most ways round the sac need no tilt: the four directions of shifts and one turn are searched first, where the
same number of draws looks far closer than in six. It works through a fixed number of steps from a fixed seed: the same
case gets the same answer on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import scipy
from ompl import base, geometric, util

from enbloc.foundation.space.grids import Floats
from enbloc.resection.way_out.motion import build_check, fewer
from enbloc.resection.way_out.turning import OUT_MM, POINTS_N, SIGNS, STEP_MM, Room

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

GOAL_TURNS_DEG = (0.0, 45.0, -45.0, 90.0, -90.0)
"""Turns about the cord's axis that the specimen may have when it is out."""

GOAL_ASIDE_MM = (0.0, 30.0, -30.0)

Pose = Callable[[base.State], tuple[float, ...]]


def plan_flat(room: Room, steps: int = PLANNER_STEPS, seed: int = SEED) -> Floats | None:
    """A way (n, 7) of shifts and turns about the cord's axis that the planner finds open; None when it finds none.

    Parameters
    ----------
    room : Room
    steps : int
        Samples that are drawn.
    seed : int
    """
    arm = room.body.radius_mm
    bounds = base.RealVectorBounds(4)
    lows, highs = _limits(room.ways)
    for axis, (low, high) in enumerate(zip((*lows, -math.pi * arm), (*highs, math.pi * arm), strict=True)):
        bounds.setLow(axis, low)
        bounds.setHigh(axis, high)
    space = base.RealVectorStateSpace(4)
    space.setBounds(bounds)

    def pose(state: base.State) -> tuple[float, ...]:
        half = state[3] / arm / 2.0
        return state[0], state[1], state[2], 0.0, 0.0, math.sin(half), math.cos(half)

    def place(shift: Sequence[float], turn_deg: float) -> base.State:
        state = space.allocState()
        for axis, value in enumerate((*shift, math.radians(turn_deg) * arm)):
            state[axis] = float(value)
        return state

    return _solve(room, space, pose, place, (steps, seed))


def plan_turns(room: Room, steps: int = PLANNER_STEPS, seed: int = SEED) -> Floats | None:
    """A way (n, 7) of any shifts and turns that the planner finds open at `STEP_MM`; None when it finds none."""
    bounds = base.RealVectorBounds(3)
    for axis, (low, high) in enumerate(zip(*_limits(room.ways), strict=True)):
        bounds.setLow(axis, low)
        bounds.setHigh(axis, high)
    space = base.SE3StateSpace()
    space.setBounds(bounds)
    space.setSubspaceWeight(1, room.body.radius_mm * 2.0)

    def pose(state: base.SE3State) -> tuple[float, ...]:
        turn = state.rotation()
        return state.getX(), state.getY(), state.getZ(), turn.x, turn.y, turn.z, turn.w

    def place(shift: Sequence[float], turn_deg: float) -> base.State:
        state = space.allocState()
        state.setXYZ(*(float(value) for value in shift))
        quaternion = scipy.spatial.transform.Rotation.from_rotvec([0.0, 0.0, np.radians(turn_deg)]).as_quat()
        turn = state.rotation()
        turn.x, turn.y, turn.z, turn.w = (float(value) for value in quaternion)
        return state

    return _solve(room, space, pose, place, (steps, seed))


def _solve(
    room: Room,
    space: base.StateSpace,
    pose: Pose,
    place: Callable[[Sequence[float], float], base.State],
    effort: tuple[int, int],
) -> Floats | None:
    """RRT-Connect from no motion to where the specimen is out; `effort` are the number of draws and their seed."""
    util.noOutputHandler()
    util.RNG.setSeed(effort[1])
    measure, reach = build_check(room.ground, fewer(room.body, POINTS_N)), room.body.radius_mm
    let_go, start_mm, enough_mm = room.let_go_mm, room.start_mm, room.enough_mm

    def holds(state: base.State) -> bool:
        at = pose(state)
        turn = 2.0 * math.acos(min(abs(at[6]), 1.0))
        near = math.hypot(at[0], at[1], at[2]) + turn * reach <= let_go
        return measure(at, start_mm if near else enough_mm)

    information = base.SpaceInformation(space)
    information.setStateValidityChecker(holds)
    information.setStateValidityCheckingResolution(STEP_MM / space.getMaximumExtent())
    information.setup()
    start = place((0.0, 0.0, 0.0), 0.0)
    goals = base.GoalStates(information)
    for goal in (place(*there) for there in _outside(room)):
        if holds(goal):
            goals.addState(goal)
    if not goals.hasStates() or not holds(start):
        return None
    problem = base.ProblemDefinition(information)
    problem.addStartState(start)
    problem.setGoal(goals)
    planner = geometric.RRTConnect(information)
    planner.setRange(RANGE_MM)
    planner.setProblemDefinition(problem)
    planner.setup()
    asked = iter(range(effort[0]))
    planner.solve(base.PlannerTerminationCondition(lambda: next(asked, None) is None))
    if not problem.hasExactSolution():
        return None
    path = problem.getSolutionPath()
    geometric.PathSimplifier(information).reduceVertices(path)
    geometric.PathSimplifier(information).partialShortcutPath(path)
    return np.array([pose(state) for state in path.getStates()])


def _limits(ways: tuple[str, ...]) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """How far the specimen's middle may move along the three axes, mm: lowest and highest."""
    aside, out, up = BOUNDS_MM
    lows = (-aside, -out if "ventral" in ways else -BACK_MM, -up)
    highs = (aside, out if "dorsal" in ways else BACK_MM, up)
    return lows, highs


def _outside(room: Room) -> list[tuple[tuple[float, float, float], float]]:
    """Shifts and turns at which the specimen is out."""
    return [
        ((aside, SIGNS[way] * OUT_MM, 0.0), degrees)
        for way in room.ways
        for degrees in GOAL_TURNS_DEG
        for aside in GOAL_ASIDE_MM
    ]
