"""Is the specimen caged: proved to be held wherever it lies, however it is shifted and turned?

Strategy. Poses near the one at rest make a box of three shifts and three turns. Whatever leaves must pass through the
box's boundary, its twelve faces. A face is cut into cells, and a cell is
closed when one voxel of the specimen lies so deep in what is kept, at the cell's middle, that at no pose of the cell it
can come out of it, label errors included. Cells that are not closed are halved; one pose that runs into nothing ends
the search at once. All cells of one box closed is a proof that no way out exists. Anything else proves nothing.
Only rigid things count: bone that stays (no ribs), the labelled cord and the labelled dura; neighbours are taken to
stay where they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import lazy_loader
import numpy as np

from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.structures import DURA
from enbloc.resection.way_out.kept import BONE, FIRST_PIECE, SAC, Kept
from enbloc.resection.way_out.motion import Ground, build_body, build_ground, fewer
from enbloc.resection.way_out.roots import ROOT

numba = lazy_loader.load("numba")

REACHES_MM = (5.0, 4.0)
"""Half edges of the boxes that are tried in turn, for shifts."""

TURNS_FURTHER = 2.5
"""A turn goes so many times as far, where it moves a voxel furthest: of turning, a block resists less than of that."""

BETWEEN_VOXELS = 0.375
"""Between voxels the depth that is read may exceed the true one by this share of a voxel's edge: half the variance of
the places that it is read from, three quarters of an edge squared, over a depth of at least an edge."""

CELLS_N = (1_500, 60_000)
"""Cells of a face looked at before it is given up: a short look at all faces first, since one open face is enough."""

CLOSED, OPEN, UNDECIDED = 1, 0, -1
"""What is known of a face: all its cells are closed, one is not, or too many were looked at."""

LEAST_CELL_MM = 0.3
"""Half edge of the smallest cells."""

POINTS_N = 1500
"""Of the specimen's outer voxels so many are looked at; fewer prove less, but nothing wrong."""


def find_cage(scene: Scene, solid: Bools, kept: Kept) -> float | None:
    """A bound, mm, on how far any part of the specimen can move; None where nothing is proved.

    Parameters
    ----------
    scene : Scene
    solid : bool array on the scene's grid
        Bone and tumour of the specimen.
    kept : Kept
    """
    hold = _rigid(scene, kept)
    error = scene.label_error_mm
    sure = solid & (distance_to(scene.grid, solid) <= -error + 1e-6)
    if not hold.any() or not sure.any():
        return None
    body = build_body(scene.grid, sure, np.eye(3))
    points = fewer(body, POINTS_N).points_mm
    field = build_ground(scene.grid, -distance_to(scene.grid, hold))
    need = max(2.0 * error, error + BETWEEN_VOXELS * float(scene.grid.spacing_mm.max()))
    for reach in REACHES_MM:
        if _is_closed(field, points, body.middle_mm, reach, need):
            return (1.0 + TURNS_FURTHER) * float(np.sqrt(3.0)) * reach
    return None


def _rigid(scene: Scene, kept: Kept) -> Bools:
    """Bone that stays, without ribs; the labelled cord, and the sac where its dura is labelled."""
    bony = [BONE, *(code for code, piece in kept.pieces.items() if not piece.structure.startswith((ROOT, "rib_")))]
    codes = [code for code in bony if code == BONE or code >= FIRST_PIECE]
    if scene.structures.mask(DURA).any():
        codes.append(SAC)
    return np.asarray(np.isin(kept.codes, codes) | (kept.cord & (kept.codes > 0)), dtype=bool)


def _is_closed(ground: Ground, points: Floats, middle_mm: Floats, reach_mm: float, need_mm: float) -> bool:
    """Are all twelve faces of a box of poses closed?"""
    arm = float(np.linalg.norm(points, axis=1).max())
    inverse = np.linalg.inv(ground.grid.affine)
    onto = np.ascontiguousarray(inverse[:3, :3])
    start = onto @ middle_mm + inverse[:3, 3]
    radii = np.linalg.norm(points, axis=1)
    faces = [(axis, side) for axis in range(6) for side in (-1.0, 1.0)]
    for cells_n in CELLS_N:
        undecided = []
        for axis, side in faces:
            half = reach_mm * np.array([1.0] * 3 + [TURNS_FURTHER] * 3)
            centre = np.zeros(6)
            centre[axis], half[axis] = side * half[axis], 0.0
            shape = (centre, half, arm, need_mm, LEAST_CELL_MM, cells_n)
            found = _cover()(ground.field, points, radii, onto, start, *shape)
            if found == OPEN or (found == UNDECIDED and cells_n == CELLS_N[-1]):
                return False
            undecided += [(axis, side)] if found == UNDECIDED else []
        faces = undecided
    return True


def _cover_face(
    field: np.ndarray[tuple[int, int, int], np.dtype[np.float32]],
    points: Floats,
    radii: Floats,
    onto: Floats,
    start: Floats,
    centre: Floats,
    half: Floats,
    arm: float,
    need: float,
    least: float,
    budget: int,
) -> int:
    """Is every cell of a face `CLOSED`? Turns are rotation vectors times `arm`, so that all six axes are mm."""
    nx, ny, nz = field.shape
    deepest = field.max() - need
    stack = np.empty((4096, 12))
    stack[0, :6], stack[0, 6:] = centre, half
    open_n, looked_at, witness = 1, 0, 0
    turn = np.empty((3, 3))
    while open_n > 0:
        open_n -= 1
        cell = stack[open_n].copy()
        looked_at += 1
        a, b, c = cell[3] / arm, cell[4] / arm, cell[5] / arm
        angle = np.sqrt(a * a + b * b + c * c)
        sine = np.sin(angle) / angle if angle > 1e-9 else 1.0
        versed = (1.0 - np.cos(angle)) / (angle * angle) if angle > 1e-9 else 0.5
        turn[0, 0], turn[0, 1], turn[0, 2] = (
            1 - versed * (b * b + c * c),
            versed * a * b - sine * c,
            versed * a * c + sine * b,
        )
        turn[1, 0], turn[1, 1], turn[1, 2] = (
            versed * a * b + sine * c,
            1 - versed * (a * a + c * c),
            versed * b * c - sine * a,
        )
        turn[2, 0], turn[2, 1], turn[2, 2] = (
            versed * a * c - sine * b,
            versed * b * c + sine * a,
            1 - versed * (a * a + b * b),
        )
        shift_slack = np.sqrt(cell[6] ** 2 + cell[7] ** 2 + cell[8] ** 2)
        turn_slack = np.sqrt(cell[9] ** 2 + cell[10] ** 2 + cell[11] ** 2) / arm
        closed, hit = False, False
        for m in range(len(points) + 1):
            n = witness if m == 0 else m - 1
            if hit and deepest <= shift_slack + turn_slack * radii[n]:
                continue
            x = turn[0, 0] * points[n, 0] + turn[0, 1] * points[n, 1] + turn[0, 2] * points[n, 2] + cell[0]
            y = turn[1, 0] * points[n, 0] + turn[1, 1] * points[n, 1] + turn[1, 2] * points[n, 2] + cell[1]
            z = turn[2, 0] * points[n, 0] + turn[2, 1] * points[n, 1] + turn[2, 2] * points[n, 2] + cell[2]
            i = onto[0, 0] * x + onto[0, 1] * y + onto[0, 2] * z + start[0]
            j = onto[1, 0] * x + onto[1, 1] * y + onto[1, 2] * z + start[1]
            k = onto[2, 0] * x + onto[2, 1] * y + onto[2, 2] * z + start[2]
            if i < 0.0 or j < 0.0 or k < 0.0 or i >= nx - 1.0 or j >= ny - 1.0 or k >= nz - 1.0:
                continue
            p, q, r = int(i), int(j), int(k)
            i, j, k = i - p, j - q, k - r
            low = (field[p, q, r] * (1 - k) + field[p, q, r + 1] * k) * (1 - j)
            low += (field[p, q + 1, r] * (1 - k) + field[p, q + 1, r + 1] * k) * j
            high = (field[p + 1, q, r] * (1 - k) + field[p + 1, q, r + 1] * k) * (1 - j)
            high += (field[p + 1, q + 1, r] * (1 - k) + field[p + 1, q + 1, r + 1] * k) * j
            depth = low * (1 - i) + high * i - need
            if depth > 0.0:
                hit = True
                if depth > shift_slack + turn_slack * radii[n]:
                    closed, witness = True, n
                    break
        if closed:
            continue
        longest = 6 + int(np.argmax(cell[6:]))
        if not hit or cell[longest] < least:
            return OPEN
        if looked_at >= budget or open_n + 2 > len(stack):
            return UNDECIDED
        cell[longest] /= 2.0
        for side in (-1.0, 1.0):
            stack[open_n] = cell
            stack[open_n, longest - 6] += side * cell[longest]
            open_n += 1
    return CLOSED


@cache
def _cover() -> Callable[..., int]:
    """`_cover_face`, compiled when it is first needed and kept on disk."""
    compiled: Callable[..., int] = numba.njit(cache=True)(_cover_face)
    return compiled
