"""Straight sweeps: ways out that turn the specimen about the cord.

Strategy. A sweep frees the specimen by a few millimetres, turns it about the axis of the cord step by step, as the ring
is turned out in a total en bloc spondylectomy, and after each step tries to leave straight.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import scipy

from enbloc.foundation.space.grids import Floats
from enbloc.resection.way_out.motion import (
    STILL,
    Body,
    Ground,
    fewer,
    measure_poses,
    moved_mm,
    refine,
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

BLOCK = 16
"""Poses looked at together."""

POINTS_N = 2000
"""Of the specimen's outer voxels the searches look at this many; the proof looks at all."""

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
