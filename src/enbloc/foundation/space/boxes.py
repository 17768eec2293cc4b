"""Where in an array a mask lies: its box and its voxels, found without looking at every voxel twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enbloc.foundation.space.grids import Bools

Box = tuple[slice, slice, slice]


def box_of(mask: Bools) -> Box | None:
    """The smallest box that holds all True voxels of a mask of three axes; None when there is none."""
    sides: list[slice] = []
    rest = mask
    for axis in range(3):
        held = np.flatnonzero(rest.any(axis=tuple(other for other in range(3) if other != axis)))
        if not len(held):
            return None
        sides.append(slice(int(held[0]), int(held[-1]) + 1))
        rest = rest[(slice(None),) * axis + (sides[-1],)]
    return sides[0], sides[1], sides[2]


def voxels_of(mask: Bools) -> NDArray[np.intp]:
    """The indices (n, 3) of the True voxels of a mask of three axes, in the order of `numpy.argwhere`."""
    box = box_of(mask)
    if box is None:
        return np.empty((0, 3), dtype=np.intp)
    return np.argwhere(mask[box]) + np.array([side.start for side in box], dtype=np.intp)


def widened(box: Box, by_n: int, shape: tuple[int, ...]) -> Box:
    """A box with `by_n` voxels more on every side, as far as the array reaches."""
    x, y, z = (
        slice(max(side.start - by_n, 0), min(side.stop + by_n, size)) for side, size in zip(box, shape, strict=True)
    )
    return x, y, z


def joined(box: Box, other: Box) -> Box:
    """The smallest box that holds two."""
    x, y, z = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(box, other, strict=True))
    return x, y, z


def moved(box: Box, into: Box) -> Box:
    """A box of `array[into]` as one of the array."""
    x, y, z = (slice(a.start + b.start, a.stop + b.start) for a, b in zip(box, into, strict=True))
    return x, y, z


def meet(box: Box, other: Box) -> bool:
    """True when two boxes have voxels in common."""
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(box, other, strict=True))
