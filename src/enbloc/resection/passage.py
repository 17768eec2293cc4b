"""A way out for the specimen, moved without turning it.

Strategy. In a box of cells along the axes of the vertebra, the specimen is shifted to every cell of a box of shifts at
once: the clearance of a shift is the least distance from what is kept over the specimen's outer cells, found as a
running minimum of shifted copies of one distance field. A shift that costs no more than the labels' error is open. The
cheapest way through open shifts to where the approach opens is sought on the lattice; nearness costs as much as detour.
Sides are mirrored so that the specimen lies to the left: a mirrored patient gets the mirrored way.
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion
from skimage.graph import MCP_Geometric

from enbloc.anatomy.parts import local_coordinates
from enbloc.anatomy.scene import Frame, Scene
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.resection.kept import Kept, measure_fields

CELL_MM = 2.0
"""Edge of a cell of the search; the way that is found is proved on the labels' own grid."""

SIDEWAYS_MM, UPWARDS_MM, OUT_MM = 80.0, 20.0, 100.0
"""How far the specimen is moved at most: to a side, up or down, and to the back or front, where it is out."""

BACK_MM = 40.0
"""How far it may move away from the wound before it turns."""

SAFE_MM = 5.0
"""Nearer than this to what is kept, every millimetre costs more (ours)."""

NEARNESS = 4.0
"""What a millimetre in contact costs, beside its length (ours)."""

SLACKS = (0.0, 0.5, 1.0)
"""Shares of a cell by which the specimen may overlap what is kept, tried in turn: cells are stairs."""

FLAT = 1.0
"""Corners of a way that lie within this many cells of a straight line are left out."""


@attrs.frozen(eq=False)
class Shifts:
    """The clearance of all shifts of the specimen.

    Parameters
    ----------
    axes : (3, 3) float
        Rows: the directions of the three axes (outwards to the specimen's side, dorsal, cranial), LPS unit vectors.
    start : tuple of int
        The cell of no shift.
    clearance_mm : float array
        One value per shift, `CELL_MM` apart; zero when specimen and what is kept touch.
    """

    axes: Floats
    start: tuple[int, int, int]
    clearance_mm: Floats


def measure_shifts(scene: Scene, specimen: Bools, kept: Kept, frame: Frame, ways: tuple[str, ...]) -> Shifts:
    """Clearance of every shift of the specimen.

    Parameters
    ----------
    scene : Scene
    specimen : bool array
    kept : Kept
    frame : Frame
        Of the vertebra in the middle of the specimen.
    ways : tuple of str
        ``"dorsal"``, ``"ventral"``: where the specimen may leave; sets how far it is moved there.
    """
    local = local_coordinates(frame, scene.grid.to_patient(np.argwhere(specimen)))
    sign = 1.0 if float(local[:, 0].mean()) >= 0.0 else -1.0
    axes = np.stack([sign * frame.left, frame.dorsal, frame.cranial])
    local = local * np.array([sign, 1.0, 1.0])
    dorsal, ventral = (OUT_MM if way in ways else BACK_MM for way in ("dorsal", "ventral"))
    before = _cells([SIDEWAYS_MM, ventral, UPWARDS_MM])
    after = _cells([SIDEWAYS_MM, dorsal, UPWARDS_MM])
    low = np.floor(local.min(axis=0) / CELL_MM).astype(np.intp) - 1
    size = np.ceil(local.max(axis=0) / CELL_MM).astype(np.intp) + 2 - low
    affine = np.eye(4)
    affine[:3, :3] = axes.T * CELL_MM
    affine[:3, 3] = frame.origin_mm + ((low - before) * CELL_MM) @ axes
    shape = size + before + after
    grid = Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)
    where = _nearest_voxels(grid, scene.grid)
    codes = kept.codes.ravel()[where]
    box = tuple(slice(b, b + n) for b, n in zip(before, size, strict=True))
    body = np.zeros(grid.shape, dtype=bool)
    body[box] = specimen.ravel()[where[box]]
    codes[body] = 0
    allowed = measure_fields(grid, codes, body).allowed
    outer = np.argwhere(body & ~binary_erosion(body)) - before
    clearance = _least_over(allowed, outer, before + after + 1) - CELL_MM / 2
    return Shifts(axes, (int(before[0]), int(before[1]), int(before[2])), clearance)


def find_way(shifts: Shifts, ways: tuple[str, ...], slack: float) -> Floats | None:
    """The cheapest way out as shifts (n, 3) LPS mm from none at all; None when there is none.

    Parameters
    ----------
    shifts : Shifts
    ways : tuple of str
        ``"dorsal"``, ``"ventral"``.
    slack : float
        Share of a cell by which the specimen may overlap what is kept.
    """
    near = 1.0 - np.clip(shifts.clearance_mm / SAFE_MM, 0.0, 1.0)
    costs = np.where(shifts.clearance_mm >= -slack * CELL_MM - 1e-6, 1.0 + NEARNESS * near, -1.0)
    costs[shifts.start] = 1.0
    search = MCP_Geometric(costs)
    total = search.find_costs([shifts.start])[0]
    ends = {"dorsal": costs.shape[1] - 1, "ventral": 0}
    found: list[tuple[float, tuple[int, int, int]]] = []
    for way in ways:
        plane = total[:, ends[way], :]
        side, up = np.unravel_index(int(np.argmin(plane)), plane.shape)
        found.append((float(plane[side, up]), (int(side), ends[way], int(up))))
    cost, end = min(found)
    if not np.isfinite(cost):
        return None
    cells = np.array(search.traceback(end)) - np.array(shifts.start)
    way_mm: Floats = (cells * CELL_MM) @ shifts.axes
    return way_mm


def straighten(way_mm: Floats) -> Floats:
    """The corners (m, 3) of a way (n, 3), mm, after Douglas and Peucker."""
    if len(way_mm) < 3:
        return way_mm
    first, last = way_mm[0], way_mm[-1]
    along = (last - first) / max(float(np.linalg.norm(last - first)), 1e-9)
    off = np.linalg.norm(np.cross(way_mm - first, along), axis=1)
    n = int(np.argmax(off))
    if off[n] <= FLAT * CELL_MM:
        return np.stack([first, last])
    return np.concatenate([straighten(way_mm[: n + 1])[:-1], straighten(way_mm[n:])])


def _cells(length_mm: list[float]) -> NDArray[np.intp]:
    return np.ceil(np.array(length_mm) / CELL_MM).astype(np.intp)


def _nearest_voxels(grid: Grid, other: Grid) -> NDArray[np.intp]:
    """The flat index in `other` of the voxel nearest to each voxel of `grid`; beyond its edge, the voxel at the edge."""
    linear = np.linalg.inv(other.affine) @ grid.affine
    flat = np.zeros(grid.shape, dtype=np.intp)
    a, b, c = (np.arange(n, dtype=np.float32) for n in grid.shape)
    for axis, size in enumerate(other.shape):
        row = linear[axis].astype(np.float32)
        index = (row[0] * a + row[3])[:, None, None] + (row[1] * b)[None, :, None] + (row[2] * c)[None, None, :]
        flat = flat * size + np.clip(np.rint(index), 0, size - 1).astype(np.intp)
    return flat


def _least_over(field: Floats, outer: NDArray[np.intp], shape: NDArray[np.intp]) -> Floats:
    """For every shift, the least value of `field` over the shifted cells `outer` (n, 3); hundredths of a mm inside."""
    small = np.clip(field * 100.0, -32000, 32000).astype(np.int16)
    least = np.full(tuple(shape), 32000, dtype=np.int16)
    for i, j, k in outer:
        np.minimum(least, small[i : i + shape[0], j : j + shape[1], k : k + shape[2]], out=least)
    return least.astype(np.float64) / 100.0
