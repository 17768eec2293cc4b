"""The foramina between neighbours: where the bone of two pedicles leaves the way out of the canal.

Strategy. Of each pedicle the height, the inner and the outer border are read off its bone in front of the canal's
middle, where no articular process rises. On lines from one pedicle's middle to the next the longest way without bone is
the foramen; its roof and floor are the median of these lines. A pedicle that is gone on one side is taken from the
other side, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.parts import PEDICLE_LEFT, PEDICLE_RIGHT, local_coordinates, to_patient
from enbloc.anatomy.scene import Vertebra
from enbloc.anatomy.vertebrae import ATLAS
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Floats, Grid
from enbloc.foundation.space.sampling import sample_nearest
from enbloc.foundation.terms.levels import Level, are_contiguous

LEAST_PEDICLE_VOXELS = 12
"""Fewer voxels show no border of a pedicle."""

OUTER_PERCENT = 97.0
"""Where a pedicle's outer border lies among its voxels: single stray ones do not count."""

MIDDLE_MM = 2.0
"""The outer border is read so near to the pedicle's dorsal middle, because pedicles stand askew."""

HALF = 0.5
"""A pedicle ends, above and below, where its section falls to half of its largest: processes rise thinly (ours)."""

PROFILE_STEP_MM = 0.25

LEAST_OPENING_MM = 2.0
"""A foramen lower than this is closed by what was labelled, and no root is led through it."""

LINES = (0.3, 0.4, 0.5, 0.6, 0.7)
"""Where the lines between two pedicles run, as shares of the way from the inner to the outer border."""

LINE_STEPS = 200

SIGNS: Mapping[str, int] = {"left": 1, "right": -1}
"""The direction of each side along a frame's left axis."""


@attrs.frozen
class Pedicle:
    """One pedicle in its vertebra's frame, mm: heights of its borders, its dorsal middle, its inner and outer border.

    `inner_mm` and `outer_mm` are distances from the midline, positive on both sides.
    """

    top_mm: float
    bottom_mm: float
    dorsal_mm: float
    inner_mm: float
    outer_mm: float
    mirrored: bool = False


@attrs.frozen(eq=False)
class Foramen:
    """The way out of the canal between two vertebrae, on one side.

    Parameters
    ----------
    upper, lower : str
    side : str
    inner_mm, outer_mm : (2, 3) float, LPS
        Roof and floor at the pedicles' inner and at their outer border.
    mirrored : bool
        Whether a pedicle was taken from the other side.
    """

    upper: Level
    lower: Level
    side: str
    inner_mm: Floats
    outer_mm: Floats
    mirrored: bool

    @property
    def middle_mm(self) -> Floats:
        """(2, 3) float: roof and floor half-way between the borders."""
        middle: Floats = (self.inner_mm + self.outer_mm) / 2
        return middle


def find_foramina(
    grid: Grid, bone: NDArray[np.uint8], parts: NDArray[np.uint8], vertebrae: Mapping[Level, Vertebra]
) -> tuple[Foramen, ...]:
    """The foramina between labelled neighbours, from C2 down to S1; none where a pedicle is unknown on both sides.

    Parameters
    ----------
    grid : Grid
    bone : uint8 array
        1 + position in `vertebrae`.
    parts : uint8 array
        Index into `PARTS`.
    vertebrae : mapping of level to Vertebra, cranio-caudal order
    """
    pedicles = {
        level: _pedicles(grid, bone == number, parts, vertebra)
        for number, (level, vertebra) in enumerate(vertebrae.items(), start=1)
    }
    found = []
    for upper, lower in pairwise(vertebrae):
        if upper == ATLAS or not are_contiguous((upper, lower)):
            continue
        for side, sign in SIGNS.items():
            above, below = pedicles[upper].get(side), pedicles[lower].get(side)
            if above is None or below is None:
                continue
            inner, outer = (
                np.concatenate([_middle(vertebrae[upper], above, sign, w), _middle(vertebrae[lower], below, sign, w)])
                for w in (0.0, 1.0)
            )
            free = _free_shares(grid, bone, inner, outer)
            foramen = Foramen(upper, lower, side, free @ inner, free @ outer, above.mirrored or below.mirrored)
            if np.linalg.norm(np.diff(foramen.middle_mm, axis=0)) >= LEAST_OPENING_MM:
                found.append(foramen)
    return tuple(found)


def _pedicles(grid: Grid, mask: NDArray[np.bool_], parts: NDArray[np.uint8], vertebra: Vertebra) -> dict[str, Pedicle]:
    """The pedicles of a vertebra by side, one taken from the other where only one is there."""
    seen: dict[str, Pedicle] = {}
    radii = {"left": vertebra.canal_radius_left_mm, "right": vertebra.canal_radius_right_mm}
    for side, part in (("left", PEDICLE_LEFT), ("right", PEDICLE_RIGHT)):
        local = local_coordinates(vertebra.frame, grid.to_patient(voxels_of(mask & (parts == part))))
        local = local[local[:, 1] < 0.0]
        if len(local) >= LEAST_PEDICLE_VOXELS:
            bottom, top = _ends_mm(local[:, 2], float(grid.spacing_mm.max()))
            neck = local[(local[:, 2] >= bottom) & (local[:, 2] <= top)]
            dorsal = float(np.median(neck[:, 1]))
            level_with = neck[np.abs(neck[:, 1] - dorsal) < MIDDLE_MM]
            outer = float(np.percentile(SIGNS[side] * level_with[:, 0], OUTER_PERCENT))
            seen[side] = Pedicle(top, bottom, dorsal, radii[side], max(outer, radii[side]))
    if len(seen) == 1:
        ((side, one),) = seen.items()
        other = "right" if side == "left" else "left"
        width = one.outer_mm - one.inner_mm
        seen[other] = attrs.evolve(one, inner_mm=radii[other], outer_mm=radii[other] + width, mirrored=True)
    return seen


def _ends_mm(heights_mm: Floats, voxel_mm: float) -> tuple[float, float]:
    """Where the section of a pedicle, given by the heights of its voxels, falls to half of its largest."""
    ordered = np.sort(heights_mm)
    places = np.arange(ordered[0] - voxel_mm, ordered[-1] + voxel_mm, PROFILE_STEP_MM)
    areas = np.searchsorted(ordered, places + voxel_mm) - np.searchsorted(ordered, places - voxel_mm)
    thick = np.flatnonzero(areas >= HALF * areas.max())
    return float(places[thick[0]]), float(places[thick[-1]])


def _middle(vertebra: Vertebra, pedicle: Pedicle, sign: int, share: float) -> Floats:
    """(1, 3) LPS mm: at mid height of a pedicle, so far from its inner to its outer border."""
    left = sign * ((1 - share) * pedicle.inner_mm + share * pedicle.outer_mm)
    return to_patient(vertebra.frame, np.array([[left, pedicle.dorsal_mm, (pedicle.top_mm + pedicle.bottom_mm) / 2]]))


def _free_shares(grid: Grid, bone: NDArray[np.uint8], inner_mm: Floats, outer_mm: Floats) -> Floats:
    """(2, 2) weights of the upper and the lower pedicle's middle at the foramen's roof and at its floor.

    Lines that begin and end in bone count; all of them where there are none such.
    """
    along = np.linspace(0.0, 1.0, LINE_STEPS + 1)
    ends, held = [], []
    for share in LINES:
        upper, lower = (1 - share) * inner_mm + share * outer_mm
        line = upper + along[:, None] * (lower - upper)
        hit = sample_nearest(grid, bone, line) > 0
        held.append(bool(hit[0] and hit[-1]))
        taken = np.flatnonzero(np.concatenate([[True], hit, [True]]))
        longest = int(np.argmax(np.diff(taken)))
        ends.append([along[min(taken[longest], LINE_STEPS)], along[max(taken[longest + 1] - 2, 0)]])
    counted = np.array(ends)[held] if any(held) else np.array(ends)
    roof, floor = np.median(counted, axis=0)
    return np.array([[1 - roof, roof], [1 - floor, floor]])
