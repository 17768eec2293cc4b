"""The sacral foramina, and bodies, alae and laminae of a sacrum that is labelled as a whole; modelled.

Strategy. The sacrum is unrolled: how far down it and how far from the midline each voxel lies (`anatomy.sacrum`). The
bone's thickness there shows the foramina as holes. On each side they are named from above: the first lies at the lower
end of S1, each next one a body further down; where one is missing, what lies below it has no name and is left out. The
bodies lie between the foramina, the alae outside them. Behind the widest gap of the midline, the sacral canal, lie the
laminae. Distances and limits are the project's own (ours).
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.anatomy.foramina import SIGNS
from enbloc.anatomy.sacrum import SACRAL_LEVELS, distance_down_mm
from enbloc.anatomy.scene import ModelledPart, Sacrum
from enbloc.anatomy.subparts.names import NUMBER, sided
from enbloc.foundation.space.grids import Bools, Floats, Grid

CELL_MM = 1.5
"""Edge of the unrolled sacrum's cells; the larger of this and the voxel is used."""

SMOOTH_CELLS = 0.7

HALF_WIDTH_MM = 48.0

FROM_MIDLINE_MM = (8.0, 34.0)
"""Between these a foramen lies off the midline."""

HOLE_SHARE, LEAST_BONE_MM = 0.45, 6.0
"""A foramen is thinner than this share of the bone around it, where that is at least so thick."""

AROUND_MM, ALONE_MM = 24.0, 15.0
"""Edge of the field around it, and of the field that holds one foramen at most."""

FIRST_OFF_MM = 10.0
"""The first foramen lies within this of the lower end of S1."""

STEP_SHARES = (0.55, 1.5)
"""How far down from one foramen to the next, as shares of the body between them."""

LEAST_WIDTH_MM = 4.0
"""A narrower thin place is no foramen."""

SIDES_OFF_MM = 12.0
"""The two foramina of one level lie no further than this from level with each other; else no more are counted."""

BIN_MM = 3.0
LEAST_GAP_MM = 3.0
"""A gap in the midline's bone below this is no canal."""

MIDLINE_MM = 2.5
"""Half the strip of the midline in which the canal is looked for."""


@attrs.frozen(eq=False)
class _Unrolled:
    """Bone of the sacrum: in its frame (n, 3), how far down (n,), and how far left of the midline (n,), mm."""

    local_mm: Floats
    down_mm: Floats
    left_mm: Floats


@attrs.frozen
class _Hole:
    down_mm: float
    left_mm: float
    width_mm: float


def find_sacral_foramina(grid: Grid, bone: Bools, sacrum: Sacrum) -> tuple[ModelledPart, ...]:
    """The foramina from S1 to S4 as far as the bone shows them, each from its ventral to its dorsal opening.

    Parameters
    ----------
    grid : Grid
    bone : bool array
        The whole sacrum, with S1 where that has its own label.
    sacrum : Sacrum
    """
    rolled = _unroll(grid, bone, sacrum)
    named = {side: list(_named(_holes(grid, rolled, sign), sacrum)) for side, sign in SIGNS.items()}
    both = zip(named["left"], named["right"], strict=False)
    askew = (n for n, (left, right) in enumerate(both) if abs(left.down_mm - right.down_mm) > SIDES_OFF_MM)
    end = next(askew, len(SACRAL_LEVELS))
    return tuple(
        ModelledPart(
            structure=f"sacral_foramen_{level}_{side}",
            name=f"{side} sacral foramen of {level}",
            kind="sacral_foramen",
            level=level,
            side=side,
            points_mm=_through(sacrum, rolled, hole),
            width_mm=hole.width_mm,
            because=f"where the sacrum is thin, foramen {SACRAL_LEVELS.index(level) + 1} from above",
        )
        for side, holes in named.items()
        for level, hole in zip(SACRAL_LEVELS, holes[:end], strict=False)
    )


def find_sacral_parts(grid: Grid, bone: Bools, sacrum: Sacrum, foramina: tuple[ModelledPart, ...]) -> NDArray[np.uint8]:
    """Index into `SUBPARTS` for the voxels of the sacrum, with S1, in the order of `numpy.argwhere`; 0 where not known.

    Without a foramen on either side the bodies have no border, and nothing is named. Below the last height at which the
    midline shows the canal, bodies and laminae are not told apart.
    """
    rolled = _unroll(grid, bone, sacrum)
    if not foramina:
        return np.zeros(len(rolled.down_mm), dtype=np.uint8)
    middles = np.array([part.points_mm.mean(axis=0) for part in foramina])
    down = distance_down_mm(sacrum, middles)
    off = np.abs(_local(sacrum, middles)[:, 0] - sacrum.middle_mm) - np.array([part.width_mm for part in foramina]) / 2
    order = np.argsort(down)
    border = np.interp(rolled.down_mm, down[order], off[order])
    on_left = rolled.left_mm >= 0.0
    behind, told = _behind_canal(sacrum, rolled, float(grid.spacing_mm.max()))
    found = np.where(behind, np.where(on_left, *sided("lamina")), NUMBER["body"])
    found = np.where(told, found, NUMBER["none"])
    outside = np.abs(rolled.left_mm) > border
    return np.where(outside, np.where(on_left, *sided("ala")), found).astype(np.uint8)


def _local(sacrum: Sacrum, points_mm: Floats) -> Floats:
    f = sacrum.frame
    local: Floats = (points_mm - f.origin_mm) @ np.stack([f.left, f.dorsal, f.cranial], axis=1)
    return local


def _unroll(grid: Grid, bone: Bools, sacrum: Sacrum) -> _Unrolled:
    points = grid.to_patient(np.argwhere(bone))
    local = _local(sacrum, points)
    return _Unrolled(local, distance_down_mm(sacrum, points), local[:, 0] - sacrum.middle_mm)


def _holes(grid: Grid, rolled: _Unrolled, sign: int) -> Iterator[_Hole]:
    """Places of one side where the bone is thin against what lies around, from above."""
    cell = max(CELL_MM, float(grid.spacing_mm.max()))
    across = np.arange(-HALF_WIDTH_MM, HALF_WIDTH_MM + cell / 2, cell)
    along = np.arange(0.0, float(rolled.down_mm.max(initial=cell)) + 2 * cell, cell)
    counts = np.histogram2d(rolled.down_mm, sign * rolled.left_mm, bins=[along, across])[0]
    thick = scipy.ndimage.gaussian_filter(counts * grid.voxel_ml * 1000.0 / cell**2, SMOOTH_CELLS)
    least = scipy.ndimage.minimum_filter(thick, size=_odd(ALONE_MM / cell))
    around = scipy.ndimage.median_filter(thick, size=_odd(AROUND_MM / cell))
    middles = (across[:-1] + across[1:]) / 2
    there = (middles > FROM_MIDLINE_MM[0]) & (middles < FROM_MIDLINE_MM[1])
    thin = thick < HOLE_SHARE * around
    for row, column in np.argwhere((thick == least) & thin & (around > LEAST_BONE_MM) & there):
        pieces = scipy.ndimage.label(thin)[0]
        near = np.s_[
            max(row - _odd(ALONE_MM / cell) // 2, 0) : row + _odd(ALONE_MM / cell) // 2 + 1,
            max(column - _odd(ALONE_MM / cell) // 2, 0) : column + _odd(ALONE_MM / cell) // 2 + 1,
        ]
        area = float((pieces[near] == pieces[row, column]).sum()) * cell**2
        down = float(along[row] + along[row + 1]) / 2
        yield _Hole(down, sign * float(middles[column]), 2.0 * float(np.sqrt(area / np.pi)))


def _odd(size: float) -> int:
    return round(size) | 1


def _named(holes: Iterator[_Hole], sacrum: Sacrum) -> Iterator[_Hole]:
    """Those that can be counted from above, at most four: S1 to S4."""
    last, least, most = float(sacrum.junctions_mm[0]), -FIRST_OFF_MM, FIRST_OFF_MM
    heights = iter(np.diff(sacrum.junctions_mm)[: len(SACRAL_LEVELS) - 2])
    for hole in sorted(holes, key=lambda hole: hole.down_mm):
        off = hole.down_mm - last
        if off < least or hole.width_mm < LEAST_WIDTH_MM:
            continue
        if off > most:
            return
        yield hole
        height = next(heights, None)
        if height is None:
            return
        last, least, most = hole.down_mm, STEP_SHARES[0] * float(height), STEP_SHARES[1] * float(height)


def _normal(sacrum: Sacrum, down_mm: float) -> tuple[Floats, Floats]:
    """A place of the mid-sagittal plane so far down, and the unit vector backwards there: (dorsal, cranial)."""
    spots = [
        sacrum.places_mm[np.abs(sacrum.along_mm - at) < 2 * BIN_MM].mean(axis=0)
        if (np.abs(sacrum.along_mm - at) < 2 * BIN_MM).any()
        else sacrum.places_mm[int(np.argmin(np.abs(sacrum.along_mm - at)))]
        for at in (down_mm - 2 * BIN_MM, down_mm, down_mm + 2 * BIN_MM)
    ]
    way = spots[2] - spots[0]
    length = float(np.linalg.norm(way)) or 1.0
    # Down the sacrum is the way; a quarter turn of it points backwards.
    return spots[1], np.array([-way[1], way[0]]) / length


def _through(sacrum: Sacrum, rolled: _Unrolled, hole: _Hole) -> Floats:
    """(2, 3) LPS mm: from the ventral to the dorsal surface of the bone around a hole."""
    middle, backwards = _normal(sacrum, hole.down_mm)
    near = (np.abs(rolled.down_mm - hole.down_mm) < 2 * BIN_MM) & (
        np.abs(rolled.left_mm - hole.left_mm) < hole.width_mm
    )
    depth = (rolled.local_mm[near, 1:] - middle) @ backwards
    front, back = np.percentile(depth, [2.0, 98.0]) if len(depth) else (0.0, 0.0)
    local = np.array([[sacrum.middle_mm + hole.left_mm, *(middle + at * backwards)] for at in (front, back)])
    f = sacrum.frame
    points: Floats = f.origin_mm + local @ np.stack([f.left, f.dorsal, f.cranial], axis=0)
    return points


def _behind_canal(sacrum: Sacrum, rolled: _Unrolled, voxel_mm: float) -> tuple[Bools, Bools]:
    """Which bone lies behind the sacral canal, and of which that can be told.

    Behind the widest gap of the midline, height by height; between two heights that show one, its place is between.
    """
    rows = np.floor(rolled.down_mm / BIN_MM).astype(np.intp)
    strip = np.abs(rolled.left_mm) < max(MIDLINE_MM, voxel_mm)
    depth = np.zeros(len(rows))
    gap_mm = np.full(int(rows.max(initial=-1)) + 1, np.nan)
    for row in range(len(gap_mm)):
        here = rows == row
        middle, backwards = _normal(sacrum, (row + 0.5) * BIN_MM)
        depth[here] = (rolled.local_mm[here, 1:] - middle) @ backwards
        ordered = np.sort(depth[here & strip])
        steps = np.diff(ordered)
        if len(steps) and steps.max() >= max(LEAST_GAP_MM, 1.5 * voxel_mm):
            at = int(np.argmax(steps))
            gap_mm[row] = (ordered[at] + ordered[at + 1]) / 2
    known = np.flatnonzero(np.isfinite(gap_mm))
    if not len(known):
        return np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    filled = np.interp(np.arange(len(gap_mm)), known, gap_mm[known])
    return np.asarray(depth > filled[rows], dtype=bool), np.asarray(rows <= known[-1], dtype=bool)
