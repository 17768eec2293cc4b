"""Evaluating the solids at the voxel centres of any grid, within the box that each one needs.

Nothing here looks at labels: every mask is the implicit functions of the phantom, evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.terms.levels import Level
from enbloc.phantoms.solids import Bounds, Solid
from enbloc.phantoms.spine import SpinePhantom, TrueFrame
from enbloc.phantoms.torso import CORD_AREA_FRACTION, canal_column, disc_column
from enbloc.phantoms.vertebra import bone_solids, endplates_mm

Box = tuple[slice, slice, slice]


@attrs.frozen(eq=False)
class Patch:
    """A mask on a box of a grid; False everywhere else."""

    box: Box
    mask: Bools


def frame_coordinates(grid: Grid, frame: TrueFrame, box: Box) -> tuple[Floats, Floats, Floats]:
    """u, v, w of the voxel centres of `grid[box]` in a vertebra's frame, each of the box's shape, mm."""
    matrix = np.linalg.inv(frame.matrix) @ grid.affine
    i, j, k = np.ogrid[box]
    u, v, w = (row[0] * i + row[1] * j + row[2] * k + row[3] for row in matrix[:3])
    return u, v, w


def box_of(grid: Grid, frame: TrueFrame, bounds: Bounds) -> Box:
    """The voxels that may lie in `bounds` of a frame; empty slices when none do."""
    corners = np.array(np.meshgrid(*bounds, indexing="ij")).reshape(3, -1).T
    index = grid.to_index(frame.to_patient(corners))
    low = np.clip(np.floor(index.min(axis=0)).astype(int), 0, grid.shape)
    high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, low, grid.shape)
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])), slice(int(low[2]), int(high[2]))


def whole(grid: Grid) -> Box:
    """The box of all voxels."""
    return slice(0, grid.shape[0]), slice(0, grid.shape[1]), slice(0, grid.shape[2])


def patch_of(grid: Grid, frame: TrueFrame, solid: Solid) -> Patch:
    """Where a solid of a frame lies on a grid."""
    box = box_of(grid, frame, solid.bounds)
    return Patch(box, solid.inside(*frame_coordinates(grid, frame, box)))


def union(grid: Grid, patches: Iterable[Patch]) -> Bools:
    """Patches together, on the whole grid."""
    mask = np.zeros(grid.shape, dtype=bool)
    for patch in patches:
        mask[patch.box] |= patch.mask
    return mask


def slab_index(phantom: SpinePhantom, grid: Grid) -> NDArray[np.int8]:
    """Position in `phantom.levels` of the slab that holds each voxel centre; the outer slabs are endless."""
    slabs = np.zeros(grid.shape, dtype=np.int8)
    i, j, k = np.ogrid[whole(grid)]
    for point, normal in phantom.joints:
        steps, offset = normal @ grid.affine[:3, :3], float(normal @ (grid.affine[:3, 3] - point))
        slabs += (steps[0] * i + steps[1] * j + steps[2] * k + offset < 0.0).astype(np.int8)
    return slabs


def along_spine(phantom: SpinePhantom, grid: Grid, slabs: NDArray[np.int8], columns: Mapping[Level, Solid]) -> Bools:
    """A structure given by one solid per level, each within the slab of its level."""
    mask = np.zeros(grid.shape, dtype=bool)
    for level, solid in columns.items():
        patch = patch_of(grid, phantom.frames[level], solid)
        mask[patch.box] |= patch.mask & (slabs[patch.box] == phantom.levels.index(level))
    return mask


def canal_mask(phantom: SpinePhantom, grid: Grid, slabs: NDArray[np.int8]) -> Bools:
    """The spinal canal, wall to wall, along the whole column."""
    return along_spine(phantom, grid, slabs, {level: canal_column(s) for level, s in phantom.sizes.items()})


def cord_mask(phantom: SpinePhantom, grid: Grid, slabs: NDArray[np.int8]) -> Bools:
    """The spinal cord, in the middle of the canal."""
    return along_spine(
        phantom, grid, slabs, {level: canal_column(s, CORD_AREA_FRACTION) for level, s in phantom.sizes.items()}
    )


def bone_mask(phantom: SpinePhantom, level: Level, grid: Grid, canal: Bools) -> Bools:
    """The bone of one vertebra: the union of its solids without the canal."""
    frame = phantom.frames[level]
    return union(grid, (patch_of(grid, frame, s) for s in bone_solids(phantom.sizes[level]).values())) & ~canal


def disc_mask(phantom: SpinePhantom, upper: Level, grid: Grid, slabs: NDArray[np.int8]) -> Bools:
    """The disc below `upper`: between two endplates, each half with its own vertebra's outline; C1 has none."""
    if upper == "C1":
        return np.zeros(grid.shape, dtype=bool)
    lower = phantom.levels[phantom.levels.index(upper) + 1]
    mask = along_spine(phantom, grid, slabs, {level: disc_column(phantom.sizes[level]) for level in (upper, lower)})
    found = np.flatnonzero(mask.any(axis=(1, 2)))
    if not len(found):
        return mask
    box = (slice(int(found[0]), int(found[-1]) + 1), slice(0, grid.shape[1]), slice(0, grid.shape[2]))
    above = frame_coordinates(grid, phantom.frames[upper], box)[2]
    below = frame_coordinates(grid, phantom.frames[lower], box)[2]
    mask[box] &= above < endplates_mm(phantom.sizes[upper])[0]
    mask[box] &= below > endplates_mm(phantom.sizes[lower])[1]
    return mask


def hull_of(bounds: Iterable[Bounds]) -> Bounds:
    """The least bounds that hold all of these."""

    def join(one: Bounds, other: Bounds) -> Bounds:
        pairs = [(min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(one, other, strict=True)]
        return pairs[0], pairs[1], pairs[2]

    return reduce(join, bounds)


def bone_bounds(phantom: SpinePhantom, level: Level) -> Bounds:
    """Bounds of a vertebra's bone in its own frame."""
    return hull_of(solid.bounds for solid in bone_solids(phantom.sizes[level]).values())
