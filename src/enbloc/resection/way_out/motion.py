"""Moving the specimen as a rigid body: poses, what they touch, and the proof of a way.

Strategy. A pose turns the specimen about its own middle and then shifts it, both in the axes of the search, whose
first axis points outwards to the specimen's side: a mirrored patient gets the mirrored poses. The clearance of a pose
is the least value of a distance field at the specimen's outer voxels. Between two poses of a way the middle moves
straight and the turn is even; a way is proved when no clearance falls short at poses so close that no voxel moves
further than half a voxel from one to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise

import attrs
import lazy_loader
import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.space.rows import unique_rows

numba = lazy_loader.load("numba")

STILL = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
"""The pose of no motion: shift (3), then quaternion x, y, z, w."""

LUMP_MM = 7.0
"""Edge of the cubes in which the body's points are looked at together."""

LUMP_SLACK = 1.5
"""A distance field falls by no more than one millimetre per millimetre, but for this many voxels' edges at most where
it is read between voxels (the guards of vessels and cord are constants and change nothing)."""

KEYFRAME_DEG = 5.0
"""Two keyframes of a way differ by no more than this turn, so that any rule of interpolation gives the same motion: a
chord of 5 degrees at 60 mm lies 0.06 mm inside its arc."""


@attrs.frozen(eq=False)
class Body:
    """The specimen's outer voxels in the axes of the search.

    Parameters
    ----------
    points_mm : (n, 3) float
        Along the axes, from `middle_mm`, lump by lump.
    lumps : (k, 6) float
        Middle (3) and radius of each lump of points, its first point and the one after its last.
    middle_mm : (3,) float, LPS
        What the body turns about.
    axes : (3, 3) float
        Rows: the axes of the search, LPS unit vectors; left-handed when the specimen lies on the right.
    radius_mm : float
        How far the furthest voxel lies from the middle.
    """

    points_mm: Floats
    lumps: Floats
    middle_mm: Floats
    axes: Floats
    radius_mm: float


@attrs.frozen(eq=False)
class Ground:
    """A distance field (mm) on a grid, beyond which it is taken to go on as at the edge."""

    grid: Grid
    field: np.ndarray[tuple[int, int, int], np.dtype[np.float32]]


def build_body(grid: Grid, specimen: Bools, axes: Floats) -> Body:
    """The outer voxels of a specimen about the middle of its bounding box along `axes`."""
    outer = grid.to_patient(voxels_of(specimen & ~scipy.ndimage.binary_erosion(specimen)))
    along = outer @ axes.T
    middle = (along.min(axis=0) + along.max(axis=0)) / 2
    points, lumps = _in_lumps(along - middle)
    return Body(points, lumps, middle @ axes, axes, float(np.linalg.norm(points, axis=1).max()))


def build_ground(grid: Grid, field: Floats) -> Ground:
    """A field ready to be looked up."""
    return Ground(grid, np.ascontiguousarray(field, dtype=np.float32))


def fewer(body: Body, count: int) -> Body:
    """The same body by `count` of its voxels, evenly taken along each other."""
    if len(body.points_mm) <= count:
        return body
    chosen = np.linspace(0, len(body.points_mm) - 1, count).astype(np.intp)
    points, lumps = _in_lumps(body.points_mm[chosen])
    return attrs.evolve(body, points_mm=points, lumps=lumps)


def _in_lumps(points: Floats) -> tuple[Floats, Floats]:
    """Points (n, 3) ordered by the cubes of `LUMP_MM` they lie in, and the lumps (k, 6) that these make."""
    cubes = np.floor(points / LUMP_MM).astype(np.intp)
    _, which = unique_rows(cubes)
    order = np.argsort(which.ravel(), kind="stable")
    points, which = points[order], which.ravel()[order]
    starts = np.flatnonzero(np.diff(which, prepend=-1))
    ends = np.append(starts[1:], len(points))
    lumps = np.empty((len(starts), 6))
    for n, (start, end) in enumerate(zip(starts, ends, strict=True)):
        part = points[start:end]
        middle = (part.min(axis=0) + part.max(axis=0)) / 2
        lumps[n] = (*middle, float(np.linalg.norm(part - middle, axis=1).max()), start, end)
    return points, lumps


def measure_poses(ground: Ground, body: Body, poses: Floats, enough_mm: float = -np.inf) -> Floats:
    """Least value (m,) of the field over the body's voxels at each of the poses (m, 7).

    With `enough_mm`, a pose is looked at no further once some voxel finds less, and where all find more only that is
    known.
    """
    onto, start = _to_index(ground, body)
    slack = LUMP_SLACK * float(ground.grid.spacing_mm.max())
    found: Floats = _measure()(
        ground.field,
        body.points_mm,
        body.lumps,
        np.atleast_2d(poses),
        onto,
        start,
        enough_mm,
        np.inf,
        slack,
        np.array([0]),
    )
    return found


def build_check(ground: Ground, body: Body) -> Callable[[Sequence[float], float], bool]:
    """A quick question to one pose (7,): does every voxel of the body find so many mm in the field?"""
    onto, start = _to_index(ground, body)
    slack = LUMP_SLACK * float(ground.grid.spacing_mm.max())
    field, points, lumps = ground.field, body.points_mm, body.lumps
    ask, suspect, poses = _measure(), np.array([0]), np.empty((1, 7))

    def holds(pose: Sequence[float], enough_mm: float) -> bool:
        poses[0] = pose
        found = ask(field, points, lumps, poses, onto, start, enough_mm, enough_mm, slack, suspect)
        return bool(found[0] >= enough_mm)

    return holds


def moved_mm(body: Body, poses: Floats) -> Floats:
    """A bound (m,) on how far any voxel lies from where it lay at rest, mm."""
    turn = 2.0 * np.arctan2(np.linalg.norm(poses[:, 3:6], axis=1), np.abs(poses[:, 6]))
    bound: Floats = np.linalg.norm(poses[:, :3], axis=1) + turn * body.radius_mm
    return bound


def place_points(grid: Grid, body: Body, poses: Floats) -> Iterator[tuple[NDArray[np.intp], ...]]:
    """The voxels nearest to the body's points at each pose (m, 7), as far as they lie on the grid."""
    for pose in poses:
        turned_mm = scipy.spatial.transform.Rotation.from_quat(pose[3:]).apply(body.points_mm) + pose[:3]
        at = np.rint(grid.to_index(body.middle_mm + turned_mm @ body.axes)).astype(np.intp)
        inside = ((at >= 0) & (at < grid.shape)).all(axis=1)
        yield tuple(at[inside].T)


def refine(body: Body, way: Floats, step_mm: float) -> Floats:
    """The poses (m, 7) along a way (n, 7) between which no voxel moves further than `step_mm`."""
    return _between(way, lambda here, there: np.ceil(_most_moved(body, here, there) / step_mm))


def spread(way: Floats) -> Floats:
    """The way with keyframes put in where it turns by more than `KEYFRAME_DEG` from one to the next."""
    return _between(way, lambda here, there: np.ceil(np.degrees(_turn_between(here, there)) / KEYFRAME_DEG - 1e-9))


def to_matrices(body: Body, way: Floats) -> tuple[Floats, ...]:
    """Poses as matrices (4, 4) that move points in LPS mm from where the specimen lies."""
    matrices = []
    for pose in way:
        turn = body.axes.T @ scipy.spatial.transform.Rotation.from_quat(pose[3:]).as_matrix() @ body.axes
        matrix = np.eye(4)
        matrix[:3, :3] = turn
        matrix[:3, 3] = body.middle_mm + body.axes.T @ pose[:3] - turn @ body.middle_mm
        matrices.append(np.eye(4) if np.array_equal(pose, STILL) else matrix)
    return tuple(matrices)


def shifted(shifts: Floats) -> Floats:
    """Poses (n, 7) of pure shifts (n, 3) along the axes."""
    return np.hstack([shifts, np.tile(STILL[3:], (len(shifts), 1))])


def turned(pose: Floats, about_mm: Floats, by: scipy.spatial.transform.Rotation) -> Floats:
    """A pose turned further about a point, given along the axes from the body's middle at rest."""
    shift = about_mm + by.apply(pose[:3] - about_mm)
    return np.concatenate([shift, (by * scipy.spatial.transform.Rotation.from_quat(pose[3:])).as_quat()])


def _to_index(ground: Ground, body: Body) -> tuple[Floats, Floats]:
    """Matrix (3, 3) and start (3,) that take points along the axes, from the middle, to voxel indices."""
    inverse = np.linalg.inv(ground.grid.affine)
    return np.ascontiguousarray(inverse[:3, :3] @ body.axes.T), inverse[:3, :3] @ body.middle_mm + inverse[:3, 3]


def _between(way: Floats, count: Callable[[Floats, Floats], float]) -> Floats:
    """Each leg of a way in `count` even parts."""
    parts = [way[:1]]
    for here, there in pairwise(way):
        n = max(int(count(here, there)), 1)
        share = np.arange(1, n + 1)[:, None] / n
        shift = here[:3] + share * (there[:3] - here[:3])
        start = scipy.spatial.transform.Rotation.from_quat(here[3:])
        turn = (scipy.spatial.transform.Rotation.from_quat(there[3:]) * start.inv()).as_rotvec()
        quat = (scipy.spatial.transform.Rotation.from_rotvec(share * turn) * start).as_quat()
        leg = np.hstack([shift, quat])
        leg[-1] = there
        parts.append(leg)
    return np.concatenate(parts)


def _turn_between(here: Floats, there: Floats) -> float:
    return float(
        (
            scipy.spatial.transform.Rotation.from_quat(there[3:])
            * scipy.spatial.transform.Rotation.from_quat(here[3:]).inv()
        ).magnitude()
    )


def _most_moved(body: Body, here: Floats, there: Floats) -> float:
    """A bound on how far any voxel moves from one pose to the next, mm."""
    return float(np.linalg.norm(there[:3] - here[:3])) + _turn_between(here, there) * body.radius_mm


def _measure_each(
    field: np.ndarray[tuple[int, int, int], np.dtype[np.float32]],
    points: Floats,
    lumps: Floats,
    poses: Floats,
    onto: Floats,
    start: Floats,
    enough: float,
    most: float,
    slack: float,
    suspect: NDArray[np.intp],
) -> Floats:
    """The least of the field, between its eight nearest values, over all points, at each pose; `most` at most.

    A lump whose middle lies so far that none of its points can lie nearer than the least so far is passed over, and
    so is a point whose nearest voxel lies so far. `suspect` (1,) holds the lump that fell short last and is
    asked first.
    """
    nx, ny, nz = field.shape
    found = np.empty(len(poses))
    turn, matrix, base = np.empty((3, 3)), np.empty((3, 3)), np.empty(3)
    for m in range(len(poses)):
        x, y, z, w = poses[m, 3], poses[m, 4], poses[m, 5], poses[m, 6]
        turn[0, 0], turn[0, 1], turn[0, 2] = 1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)
        turn[1, 0], turn[1, 1], turn[1, 2] = 2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)
        turn[2, 0], turn[2, 1], turn[2, 2] = 2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)
        for row in range(3):
            base[row] = start[row]
            for column in range(3):
                base[row] += onto[row, column] * poses[m, column]
                matrix[row, column] = 0.0
                for inner in range(3):
                    matrix[row, column] += onto[row, inner] * turn[inner, column]
        least = most
        for rank in range(len(lumps) + 1):
            lump = suspect[0] if rank == 0 else rank - 1
            p, q, r = lumps[lump, 0], lumps[lump, 1], lumps[lump, 2]
            i = matrix[0, 0] * p + matrix[0, 1] * q + matrix[0, 2] * r + base[0]
            j = matrix[1, 0] * p + matrix[1, 1] * q + matrix[1, 2] * r + base[1]
            k = matrix[2, 0] * p + matrix[2, 1] * q + matrix[2, 2] * r + base[2]
            if 0.0 <= i <= nx - 1.0 and 0.0 <= j <= ny - 1.0 and 0.0 <= k <= nz - 1.0:
                at_middle = field[int(i + 0.5), int(j + 0.5), int(k + 0.5)]
                if at_middle - lumps[lump, 3] - slack > (least if enough == -np.inf else enough):
                    continue
            for n in range(int(lumps[lump, 4]), int(lumps[lump, 5])):
                p, q, r = points[n, 0], points[n, 1], points[n, 2]
                i = min(max(matrix[0, 0] * p + matrix[0, 1] * q + matrix[0, 2] * r + base[0], 0.0), nx - 1.0)
                j = min(max(matrix[1, 0] * p + matrix[1, 1] * q + matrix[1, 2] * r + base[1], 0.0), ny - 1.0)
                k = min(max(matrix[2, 0] * p + matrix[2, 1] * q + matrix[2, 2] * r + base[2], 0.0), nz - 1.0)
                if field[int(i + 0.5), int(j + 0.5), int(k + 0.5)] - slack > least:
                    continue
                a, b, c = min(int(i), max(nx - 2, 0)), min(int(j), max(ny - 2, 0)), min(int(k), max(nz - 2, 0))
                e, f, g = min(a + 1, nx - 1), min(b + 1, ny - 1), min(c + 1, nz - 1)
                i, j, k = i - a, j - b, k - c
                low = (field[a, b, c] * (1 - k) + field[a, b, g] * k) * (1 - j)
                low += (field[a, f, c] * (1 - k) + field[a, f, g] * k) * j
                high = (field[e, b, c] * (1 - k) + field[e, b, g] * k) * (1 - j)
                high += (field[e, f, c] * (1 - k) + field[e, f, g] * k) * j
                least = min(least, low * (1 - i) + high * i)
            if least < enough:
                suspect[0] = lump
                break
        found[m] = least
    return found


@cache
def _measure() -> Callable[..., Floats]:
    """`_measure_each`, compiled when it is first needed and kept on disk."""
    compiled: Callable[..., Floats] = numba.njit(cache=True)(_measure_each)
    return compiled
