"""Ways in which vertebra labels go wrong, done to a label map on purpose. Each returns the damaged map."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from enbloc.foundation.space.grids import LabelMap
from enbloc.foundation.terms.levels import Level
from enbloc.intake.case import Case, LabelFile

Values = NDArray[np.integer]


def number_of(labels: LabelMap, level: Level) -> int:
    return next(n for n, name in labels.names.items() if name == f"vertebra_{level}")


def painted(labels: LabelMap, where: NDArray[np.bool_], level: Level | None) -> LabelMap:
    """The map with some voxels given to a level, or to nothing."""
    values = labels.values.copy()
    values[where] = number_of(labels, level) if level else 0
    return attrs.evolve(labels, values=values)


def dropped(labels: LabelMap, level: Level) -> LabelMap:
    return painted(labels, labels.mask(f"vertebra_{level}"), None)


def merged(labels: LabelMap, level: Level, into: Level) -> LabelMap:
    """Two vertebrae under one name, grown together: what lies between them in front is given to them too."""
    both = labels.mask(f"vertebra_{level}") | labels.mask(f"vertebra_{into}")
    spacing = labels.grid.spacing_mm.min()
    closed = ndimage.binary_closing(np.pad(both, 12), iterations=int(np.ceil(9.0 / spacing)))[12:-12, 12:-12, 12:-12]
    return painted(painted(labels, labels.mask(f"vertebra_{level}"), into), closed & (labels.values == 0) | both, into)


def named(labels: LabelMap, names: Mapping[Level, Level]) -> LabelMap:
    """The map with levels renamed."""
    words = {f"vertebra_{old}": f"vertebra_{new}" for old, new in names.items()}
    return attrs.evolve(labels, names={n: words.get(name, name) for n, name in labels.names.items()})


def swapped(labels: LabelMap, one: Level, other: Level) -> LabelMap:
    return named(labels, {one: other, other: one})


def leaking(labels: LabelMap, level: Level, mm: float) -> LabelMap:
    """The label swollen by so many millimetres, over everything."""
    by = int(np.ceil(mm / labels.grid.spacing_mm.min()))
    return painted(labels, ndimage.binary_dilation(labels.mask(f"vertebra_{level}"), iterations=by), level)


def half_given(labels: LabelMap, level: Level, to: Level, along: tuple[float, float, float]) -> LabelMap:
    """The half of a vertebra that lies in one direction (LPS) given to another level."""
    mask = labels.mask(f"vertebra_{level}")
    at = np.argwhere(mask)
    height = labels.grid.to_patient(at) @ np.array(along)
    half = np.zeros(mask.shape, dtype=bool)
    half[tuple(at[height > np.median(height)].T)] = True
    return painted(labels, half, to)


def pasted(labels: LabelMap, level: Level, size: int) -> LabelMap:
    """A cube of the level in the corner of the field of view, one voxel off its edge."""
    cube = np.zeros(labels.values.shape, dtype=bool)
    cube[1 : 1 + size, 1 : 1 + size, 1 : 1 + size] = True
    return painted(labels, cube, level)


def cut_below(labels: LabelMap, height_mm: float) -> LabelMap:
    """No label below a height, LPS mm, of a map that lies upright."""
    heights = labels.grid.to_patient(
        np.stack(
            [np.zeros((labels.values.shape[2], 2))[:, k] for k in (0, 1)] + [np.arange(labels.values.shape[2])], axis=1
        )
    )[:, 2]
    values = np.where((heights < height_mm)[None, None, :], 0, labels.values)
    return attrs.evolve(labels, values=values)


def shifted(labels: LabelMap, level: Level, by_mm: float) -> LabelMap:
    """A level's label moved along the first axis."""
    mask = labels.mask(f"vertebra_{level}")
    moved = np.roll(mask, round(by_mm / float(labels.grid.spacing_mm[0])), axis=0)
    return painted(painted(labels, mask, None), moved, level)


def with_labels(case: Case, damage: Callable[[LabelMap], LabelMap]) -> Case:
    """The case with its first label file damaged."""
    first, *others = case.label_files
    return attrs.evolve(case, label_files=(LabelFile(first.name, damage(first.labels)), *others))
