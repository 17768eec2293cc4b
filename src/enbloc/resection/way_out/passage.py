"""A way out for the specimen, moved without turning it.

Strategy. In a box of cells along the axes of the vertebra, the specimen is shifted to every cell of a box of shifts at
once: the clearance of a shift is the least distance from what is kept over the specimen's cells, found as a running
minimum of shifted copies of one distance field, a row of cells at a time. It is found once for each thing that is kept,
and that of several together is the least of theirs. A shift that costs no more than the labels' error is open. The
cheapest way through open shifts to where the approach opens is sought on the lattice; nearness costs as much as detour.
Sides are mirrored so that the specimen lies to the left: a mirrored patient gets the mirrored way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np
import skimage
from cc3d import connected_components
from numpy.typing import NDArray

from enbloc.anatomy.parts import local_coordinates
from enbloc.anatomy.scene import Frame, Scene
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.resection.way_out.kept import Kept

CELL_MM = 2.0
"""Edge of a cell of the search; the way that is found is proved on the labels' own grid."""

SIDEWAYS_MM, UPWARDS_MM, OUT_MM = 75.0, 15.0, 100.0
"""How far the specimen is moved at most: to a side, up or down, and to the back or front, where it is out."""

BACK_MM = 30.0
"""How far it may move away from the wound before it turns."""

OFF_MM = 0.01
"""The cells are moved by this, so that none lies just between two voxels: either choice would prefer a side."""

SAFE_MM = 5.0
"""Nearer than this to what is kept, every millimetre costs more (ours)."""

NEARNESS = 4.0
"""What a millimetre in contact costs, beside its length (ours)."""

ENDS = {"dorsal": -1, "ventral": 0}
"""Where along the dorsal axis of the shifts the specimen is out."""

CAP = 32_000
"""Clearances are kept as whole hundredths of a millimetre no further than this."""

NOTHING_MM = CAP / 100.0 - CELL_MM / 2
"""Clearance from nothing at all."""

ROUNDING_MM = 0.02
"""Clearances are kept in hundredths of a millimetre."""

SLACKS = (0.0, 0.5, 1.0)
"""Shares of a cell by which the specimen may overlap what is kept, tried in turn: cells are stairs."""

FLAT = 1.0
"""Corners of a way that lie within this many cells of a straight line are left out."""


@attrs.frozen(eq=False)
class Box:
    """Specimen and kept things in cells along the axes of a vertebra, large enough for every shift.

    Parameters
    ----------
    axes : (3, 3) float
        Rows: the directions of the three axes (outwards to the specimen's side, dorsal, cranial), LPS unit vectors.
    grid : Grid
        The cells; its axes are `axes`.
    codes : uint8 array
        As in `Kept`.
    rows : (n, 4) int
        The specimen's cells as rows along the first axis: the first cell of each, less the cell of no shift, and how
        many cells follow each other in it.
    start : tuple of int
        The cell of no shift.
    shifts : tuple of int
        Number of shifts along each axis, `CELL_MM` apart.
    """

    axes: Floats
    grid: Grid
    codes: NDArray[np.uint8]
    rows: NDArray[np.intp]
    start: tuple[int, int, int]
    shifts: tuple[int, int, int]


def build_box(scene: Scene, specimen: Bools, kept: Kept, frame: Frame, ways: tuple[str, ...]) -> Box:
    """The cells of the search.

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
    local = local_coordinates(frame, scene.grid.to_patient(voxels_of(specimen)))
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
    affine[:3, 3] = frame.origin_mm + ((low - before) * CELL_MM + OFF_MM) @ axes
    grid = Grid(_three(size + before + after), affine)
    where = _nearest_voxels(grid, scene.grid)
    codes = kept.codes.ravel()[where]
    box = tuple(slice(b, b + n) for b, n in zip(before, size, strict=True))
    body = np.zeros(grid.shape, dtype=bool)
    body[box] = specimen.ravel()[where[box]]
    codes[body] = 0
    return Box(axes, grid, codes, _rows_of(body, before), _three(before), _three(before + after + 1))


def measure_shifts(box: Box, code: int) -> Floats:
    """Clearance of every shift from what has this code, mm; zero when the specimen touches it."""
    return _least_over(distance_to(box.grid, box.codes == code), box.rows, box.shifts) - CELL_MM / 2


def measure_all_shifts(box: Box) -> dict[int, Floats]:
    """The clearance of every shift from each thing that lies in the box, by its code."""
    return {int(code): measure_shifts(box, int(code)) for code in np.unique(box.codes[box.codes > 0])}


def least_of(box: Box, clearances_mm: Mapping[int, Floats], codes: Iterable[int]) -> Floats:
    """Clearance of every shift from all that has one of these codes, mm."""
    there = [clearances_mm[code] for code in codes if code in clearances_mm]
    return np.minimum.reduce(there) if there else np.full(box.shifts, NOTHING_MM)


def is_open(box: Box, clearance_mm: Floats, ways: Sequence[str]) -> bool:
    """True when open shifts lead from the start to where the specimen may leave, at the widest slack."""
    pieces = connected_components((clearance_mm >= -SLACKS[-1] * CELL_MM - ROUNDING_MM).astype(np.uint8))
    start = pieces[box.start]
    return bool(start) and any(bool((pieces[:, ENDS[way], :] == start).any()) for way in ways)


def find_way(box: Box, clearance_mm: Floats, ways: Sequence[str], slack: float) -> Floats | None:
    """The cheapest way out as shifts (n, 3) mm along the axes, from none at all; None when there is none.

    Parameters
    ----------
    box : Box
    clearance_mm : float array
        Of every shift.
    ways : sequence of str
        ``"dorsal"``, ``"ventral"``.
    slack : float
        Share of a cell by which the specimen may overlap what is kept.
    """
    near = 1.0 - np.clip(clearance_mm / SAFE_MM, 0.0, 1.0)
    costs = np.where(clearance_mm >= -slack * CELL_MM - ROUNDING_MM, 1.0 + NEARNESS * near, -1.0)
    costs[box.start] = 1.0
    search = skimage.graph.MCP_Geometric(costs)
    total = search.find_costs([box.start])[0]
    found: list[tuple[float, tuple[int, int, int]]] = []
    for way in ways:
        plane = total[:, ENDS[way], :]
        side, up = np.unravel_index(int(np.argmin(plane)), plane.shape)
        found.append((float(plane[side, up]), (int(side), ENDS[way] % costs.shape[1], int(up))))
    cost, end = min(found)
    if not np.isfinite(cost):
        return None
    cells = np.array(search.traceback(end)) - np.array(box.start)
    way_mm: Floats = cells * CELL_MM
    return way_mm


def cells_of(box: Box, shifts_mm: Floats) -> NDArray[np.intp]:
    """The cells (n, 3) nearest to shifts (n, 3) mm along the axes."""
    cells: NDArray[np.intp] = np.rint(shifts_mm / CELL_MM).astype(np.intp) + np.array(box.start)
    return cells


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


def _three(numbers: NDArray[np.intp]) -> tuple[int, int, int]:
    return int(numbers[0]), int(numbers[1]), int(numbers[2])


def _cells(length_mm: list[float]) -> NDArray[np.intp]:
    return np.ceil(np.array(length_mm) / CELL_MM).astype(np.intp)


def _nearest_voxels(grid: Grid, other: Grid) -> NDArray[np.intp]:
    """The flat index in `other` of the voxel nearest to each voxel of `grid`; beyond its edge that at the edge."""
    linear = np.linalg.inv(other.affine) @ grid.affine
    flat = np.zeros(grid.shape, dtype=np.intp)
    a, b, c = (np.arange(n, dtype=np.float32) for n in grid.shape)
    for axis, size in enumerate(other.shape):
        row = linear[axis].astype(np.float32)
        index = (row[0] * a + row[3])[:, None, None] + (row[1] * b)[None, :, None] + (row[2] * c)[None, None, :]
        flat = flat * size + np.clip(np.rint(index), 0, size - 1).astype(np.intp)
    return flat


def _rows_of(body: Bools, start: NDArray[np.intp]) -> NDArray[np.intp]:
    """The cells of a body as rows (n, 4) along the first axis: first cell, less `start`, and length."""
    ends = np.diff(np.pad(body, ((1, 1), (0, 0), (0, 0))).astype(np.int8), axis=0).transpose(1, 2, 0)
    first, last = np.argwhere(ends == 1), np.argwhere(ends == -1)
    return np.column_stack([first[:, [2, 0, 1]] - start, last[:, 2] - first[:, 2]])


def _least_over(field: Floats, rows: NDArray[np.intp], shape: tuple[int, int, int]) -> Floats:
    """For every shift, the least value of `field` over the shifted cells of `rows`; hundredths of a mm inside.

    The first axis, to the side, runs fastest: the copies are then read in long rows. Of a row of cells only two copies
    are read, in each of which every cell already holds the least of as many as a power of two.
    """
    across, along, up = shape
    least = np.full((up, along, across), CAP, dtype=np.int16)
    small = np.ascontiguousarray(np.clip(field * 100.0, -CAP, CAP).astype(np.int16).T)
    powers = np.frexp(rows[:, 3].astype(np.float64))[1] - 1
    for power in range(int(powers.max(initial=-1)) + 1):
        for i, j, k, length in rows[powers == power].tolist():
            for first in {i, i + length - (1 << power)}:
                np.minimum(least, small[k : k + up, j : j + along, first : first + across], out=least)
        small[:, :, : -(1 << power)] = np.minimum(small[:, :, : -(1 << power)], small[:, :, 1 << power :])
    return least.T.astype(np.float64) / 100.0
