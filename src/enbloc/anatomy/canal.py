"""The spinal canal, found as the hole of each vertebra and joined between the rings.

Strategy. Labels straightened along the curve of the spine are read plane by plane. Where a vertebra closes its ring,
the hole inside it is the canal, wall to wall; at 1.5 mm that happens over only 4-14 mm of each level. Discs, facets
and foramina close false rings, so a hole counts only where the cord runs through it or, without a cord label, where
the holes of all levels agree. A level without a ring is tried again with small gaps closed. Between rings, and at
levels that have none, the shape is interpolated between the nearest rings above and below, as a signed distance.
In the ring of C1 the dens stands before the canal. The cord's own label is never taken for the wall: it fills only
45-75 % of the ring. Where the canal itself is labelled, its label is the wall, plane by plane, and the rings stand in
only where it ends.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.anatomy.spine_curve import SpineCurve, to_curve
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import distance_to_voxels
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.space.sampling import sample_planes
from enbloc.foundation.terms.levels import Level

HALF_WIDTH_MM = 36.0
"""Half the edge of the planes: a lumbar ring lies within it with its laminae."""

PIXEL_MM = 0.75
"""Pixel of the planes: half of the usual 1.5 mm label, so that nearest sampling loses nothing."""

RING_AREA_MM2 = (70.0, 900.0)
"""Plausible area of a canal, C1 to S1: far below the thoracic (about 180) and above the C1 ring (about 600)."""

RING_LEFT_MM, RING_DORSAL_MM = 14.0, (1.0, 28.0)
"""Without a cord: a canal's centre lies behind the curve, which runs near the back of the bodies, near its midline."""

RING_STEP_MM = 9.0
"""Canal centres of neighbouring levels stray no further than this from their running median, across the curve."""

POCKET_MM = 1.5
"""Within one level the canal's wall strays no further than this from where most planes show it (ours)."""

WALL_REACH_MM = 24.0
"""No canal wall is further from the canal's middle: more than half the width of the largest plausible canal."""

WALL_GAP_MM = 4.0
"""Around a labelled canal, bone within this distance tells whose level a plane is: fat and joints lie between."""

MOST_STRAY_MM = 4.0
"""A labelled canal whose middle lies further than this from that of the bony rings is not the canal (ours)."""

LABELLED_CANAL = "canal wall"
"""Word of `Vertebra.labelled`."""

LEAST_DENS_MM2 = 20.0
"""A smaller island of bone in a ring is noise or an osteophyte, not the dens, which has about 80 (ours)."""

CLOSE_GAP_MM = (1.5, 3.0)
"""Gaps in a ring that are closed on the second and third try, for thick slices and eroded labels."""


@attrs.frozen(eq=False)
class CanalStack:
    """The canal on the planes across the curve.

    Parameters
    ----------
    across_mm : (m,) float
        Left and dorsal offsets of the pixels.
    signed_mm : (n, m, m) float
        Signed distance to the wall per plane (dorsal, left), negative inside the canal.
    ring : (n,) bool
        Planes in which a closed ring was seen.
    levels : (n, m, m) uint8
        1 + index of the level whose bone lies there, 0 for none.
    closed : tuple of level
        Levels with a ring of their own.
    patched : tuple of level
        Of these, the ones whose ring had to be closed over a gap.
    labelled : tuple of level
        Of these, the ones whose wall is the canal's own label.
    stray_mm : float or None
        How far the labelled canal's middle lies from the rings' (median of the planes that show both); None without.
    """

    across_mm: Floats
    signed_mm: Floats
    ring: Bools
    levels: NDArray[np.uint8]
    closed: tuple[Level, ...]
    patched: tuple[Level, ...]
    labelled: tuple[Level, ...] = ()
    stray_mm: float | None = None


@attrs.frozen(eq=False)
class Inside:
    """What is labelled in the canal, bool arrays of the grid: the cord, and the whole canal with all that it holds.

    None where there is no such label.
    """

    cord: Bools | None = None
    canal: Bools | None = None


def find_canal(
    curve: SpineCurve, grid: Grid, bone: NDArray[np.uint8], inside: Inside, names: tuple[Level, ...]
) -> CanalStack | None:
    """Find the canal along the curve; None when no level shows a ring and the canal is not labelled.

    Parameters
    ----------
    curve : SpineCurve
    grid : Grid
    bone : uint8 array
        1 + index into `names` where a vertebra lies.
    inside : Inside
    names : tuple of level
    """
    # No pixel lies on the curve itself, which often runs half-way between two columns of voxels.
    across = np.arange(-HALF_WIDTH_MM + PIXEL_MM / 2, HALF_WIDTH_MM, PIXEL_MM)
    levels = sample_planes(grid, bone, curve.points_mm, curve.dorsal, curve.left, across)
    cord_planes, canal_planes = (
        sample_planes(grid, mask, curve.points_mm, curve.dorsal, curve.left, across)
        if mask is not None and mask.any()
        else None
        for mask in (inside.cord, inside.canal)
    )
    rings: dict[int, Bools] = {}
    owner: dict[int, int] = {}
    patched: list[Level] = []
    for gap in (0.0, *CLOSE_GAP_MM):
        wanted = [n for n in range(1, len(names) + 1) if n not in owner.values()]
        found = _true_rings(_candidate_rings(levels, wanted, gap, across), cord_planes, across, rings)
        for plane, (number, hole) in found.items():
            rings[plane], owner[plane] = hole, number
        if gap:
            patched += [names[n - 1] for n in sorted({number for number, _ in found.values()})]
    rings = _without_pockets(rings, owner)
    walls = {} if canal_planes is None else _labelled_walls(canal_planes, levels, across)
    stray = _stray_mm({plane: hole for plane, (_, hole) in walls.items()}, rings, across)
    walls = {} if stray is not None and stray > MOST_STRAY_MM else walls
    rings |= {plane: hole for plane, (_, hole) in walls.items()}
    owner |= {plane: number for plane, (number, _) in walls.items() if number}
    if not rings:
        return None
    closed, labelled = (
        tuple(names[n - 1] for n in sorted({*numbers} - {0}))
        for numbers in (owner.values(), (number for number, _ in walls.values()))
    )
    seen = np.zeros(len(levels), dtype=bool)
    seen[list(rings)] = True
    patched = [level for level in patched if level not in labelled]
    joined = _join(rings, len(levels), len(across))
    return CanalStack(across, joined, seen, levels, closed, tuple(patched), labelled, stray)


def canal_mask(stack: CanalStack, curve: SpineCurve, grid: Grid, bone: NDArray[np.uint8]) -> Bools:
    """The canal on the grid: inside the joined rings and not bone."""
    mask = np.zeros(grid.shape, dtype=bool)
    free = voxels_of(_near_canal(stack, curve, grid) & (bone == 0))
    if len(free):
        inside = _signed_at(stack, to_curve(curve, grid.to_patient(free))) < 0.0
        mask[tuple(free[inside].T)] = True
    return mask


def _near_canal(stack: CanalStack, curve: SpineCurve, grid: Grid) -> Bools:
    """Voxels no further from the canal's middle line than its walls can be."""
    centres = np.stack([canal_centre(stack, float(n))[0] for n in range(len(curve.points_mm))])
    line = curve.points_mm + centres[:, :1] * curve.left + centres[:, 1:] * curve.dorsal
    indices = np.rint(grid.to_index(line)).astype(np.intp)
    indices = indices[((indices >= 0) & (indices < np.array(grid.shape))).all(axis=1)]
    middle = np.zeros(grid.shape, dtype=bool)
    middle[tuple(indices.T)] = True
    return np.asarray(distance_to_voxels(grid, middle) < WALL_REACH_MM, dtype=bool)


def canal_centre(stack: CanalStack, sample: float) -> tuple[Floats, Floats]:
    """Centroid (left, dorsal) mm and extent (left, right, ventral, dorsal) mm of the canal at a fractional sample.

    The extents are measured from the centroid along the two axes through it; all are positive but ventral.
    """
    n = int(np.clip(round(sample), 0, len(stack.signed_mm) - 1))
    inside = stack.signed_mm[n] < 0.0
    rows, columns = np.nonzero(inside)
    centre = np.array([stack.across_mm[columns].mean(), stack.across_mm[rows].mean()])
    row = int(np.argmin(np.abs(stack.across_mm - centre[1])))
    column = int(np.argmin(np.abs(stack.across_mm - centre[0])))
    lefts = stack.across_mm[inside[row]] - centre[0]
    dorsals = stack.across_mm[inside[:, column]] - centre[1]
    half = PIXEL_MM / 2
    return centre, np.array([lefts.max() + half, -lefts.min() + half, dorsals.min() - half, dorsals.max() + half])


def _candidate_rings(
    levels: NDArray[np.uint8], wanted: list[int], gap_mm: float, across: Floats
) -> list[tuple[int, int, Bools]]:
    """Every hole of plausible size in every plane: (plane, number of the level around it, hole)."""
    low, high = RING_AREA_MM2
    disc = _disc(gap_mm)
    found = []
    for plane, values in enumerate(levels):
        if not np.isin(values, wanted).any():
            continue
        bone = values > 0
        if gap_mm:
            bone = scipy.ndimage.binary_closing(bone, disc)
        holes, n_holes = scipy.ndimage.label(scipy.ndimage.binary_fill_holes(bone) & ~bone)
        for k in range(1, n_holes + 1):
            hole: Bools = _behind_dens(holes == k, across)
            around = values[scipy.ndimage.binary_dilation(hole, _disc(2.0 + gap_mm)) & (values > 0)]
            area = hole.sum() * (across[1] - across[0]) ** 2
            if low <= area <= high and len(around):
                number = int(np.bincount(around).argmax())
                if number in wanted:
                    found.append((plane, number, hole))
    return found


def _behind_dens(hole: Bools, across: Floats) -> Bools:
    """Of a hole with an island of bone in it, as the dens is in the ring of C1, what lies behind the island."""
    island = scipy.ndimage.binary_fill_holes(hole) & ~hole
    if island.sum() * (across[1] - across[0]) ** 2 < LEAST_DENS_MM2:
        return hole
    behind = hole.copy()
    behind[: int(np.flatnonzero(island.any(axis=1))[-1]) + 1] = False
    return behind


def _true_rings(
    candidates: list[tuple[int, int, Bools]], cord: Bools | None, across: Floats, known: Mapping[int, Bools]
) -> dict[int, tuple[int, Bools]]:
    """The holes that are the canal: with the cord in them, or else agreeing with one another across planes."""
    kept = []
    for plane, number, hole in candidates:
        centre = _centroid(hole, across)
        if cord is not None and cord[plane].any():
            if (hole & cord[plane]).any():
                kept.append((plane, number, hole, centre))
        elif abs(centre[0]) < RING_LEFT_MM and RING_DORSAL_MM[0] < centre[1] < RING_DORSAL_MM[1]:
            kept.append((plane, number, hole, centre))
    if not kept:
        return {}
    planes = np.array([k[0] for k in kept] + list(known))
    centres = np.array([k[3] for k in kept] + [_centroid(hole, across) for hole in known.values()])
    found: dict[int, tuple[int, Bools]] = {}
    nearest: dict[int, float] = {}
    for plane, number, hole, centre in kept:
        around = np.argsort(np.abs(planes - plane), kind="stable")[:31]
        stray = float(np.linalg.norm(centre - np.median(centres[around], axis=0)))
        if stray <= RING_STEP_MM and stray < nearest.get(plane, np.inf):
            found[plane], nearest[plane] = (number, hole), stray
    return found


def _labelled_walls(canal: Bools, levels: NDArray[np.uint8], across: Floats) -> dict[int, tuple[int, Bools]]:
    """The labelled canal on each plane that shows it, with the number of the level around it (0 beside a disc)."""
    low, high = RING_AREA_MM2
    walls: dict[int, tuple[int, Bools]] = {}
    for plane in np.flatnonzero(canal.any(axis=(1, 2))):
        pieces, n_pieces = scipy.ndimage.label(scipy.ndimage.binary_fill_holes(canal[plane]))
        if not n_pieces:
            continue
        hole: Bools = pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
        if not low <= hole.sum() * (across[1] - across[0]) ** 2 <= high:
            continue
        around = levels[plane][scipy.ndimage.binary_dilation(hole, _disc(WALL_GAP_MM)) & (levels[plane] > 0)]
        walls[int(plane)] = (int(np.bincount(around).argmax()) if len(around) else 0, hole)
    return walls


def _stray_mm(walls: Mapping[int, Bools], rings: Mapping[int, Bools], across: Floats) -> float | None:
    """How far the middle of the labelled canal lies from that of the rings, in the planes that show both."""
    both = sorted(walls.keys() & rings.keys())
    if not both:
        return None
    gaps = [np.linalg.norm(_centroid(walls[n], across) - _centroid(rings[n], across)) for n in both]
    return float(np.median(gaps))


def _without_pockets(rings: Mapping[int, Bools], owner: Mapping[int, int]) -> dict[int, Bools]:
    """The holes, each kept within `POCKET_MM` of what most holes of its level share.

    At the ends of a ring a foramen may be closed off as part of the hole; the other planes of the level show it.
    """
    kept: dict[int, Bools] = {}
    for number in set(owner.values()):
        planes = [plane for plane, level in owner.items() if level == number]
        shared = np.mean([rings[plane] for plane in planes], axis=0) > 0.5
        near = scipy.ndimage.binary_dilation(shared, _disc(POCKET_MM))
        kept |= {plane: rings[plane] & near if shared.any() else rings[plane] for plane in planes}
    return kept


def _join(rings: Mapping[int, Bools], n_planes: int, n_pixels: int) -> Floats:
    """Signed distance of the canal on every plane, interpolated between the planes with rings."""
    planes = sorted(rings)
    known = np.stack([_signed_distance(rings[plane]) for plane in planes])
    joined = np.empty((n_planes, n_pixels, n_pixels))
    for n in range(n_planes):
        after = int(np.searchsorted(planes, n))
        if after == 0:
            joined[n] = known[0]
        elif after == len(planes):
            joined[n] = known[-1]
        else:
            span = planes[after] - planes[after - 1]
            weight = (n - planes[after - 1]) / span
            joined[n] = (1 - weight) * known[after - 1] + weight * known[after]
    return joined


def _signed_distance(hole: Bools) -> Floats:
    inside = scipy.ndimage.distance_transform_edt(hole)
    outside = scipy.ndimage.distance_transform_edt(~hole)
    signed: Floats = (outside - inside + np.where(hole, 0.5, -0.5)) * PIXEL_MM
    return signed


def _signed_at(stack: CanalStack, straight: Floats) -> Floats:
    columns = (straight[:, 0] - stack.across_mm[0]) / PIXEL_MM
    rows = (straight[:, 1] - stack.across_mm[0]) / PIXEL_MM
    signed: Floats = scipy.ndimage.map_coordinates(
        stack.signed_mm, np.stack([straight[:, 2], rows, columns]), order=1, mode="nearest"
    )
    return signed


def _centroid(hole: Bools, across: Floats) -> Floats:
    rows, columns = np.nonzero(hole)
    return np.array([across[columns].mean(), across[rows].mean()])


def _disc(radius_mm: float) -> Bools:
    reach = int(np.ceil(radius_mm / PIXEL_MM))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc: Bools = x**2 + y**2 <= (radius_mm / PIXEL_MM) ** 2 + 1e-9
    return disc
