"""Which levels are read around the tumour, and the bone of each.

A level is read when the tumour touches it, or when it is one of the next `NEIGHBOURS` without a gap between. The walk
outwards ends where a vertebra has no label and where a label cannot be one whole vertebra (`intake.level_faults`):
what lies beyond is no neighbour, and measuring it would put a cut in the wrong place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.errors import InputError
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Grid, LabelMap
from enbloc.foundation.space.sampling import sample_nearest
from enbloc.foundation.terms.levels import Level, sort_levels
from enbloc.foundation.terms.structures import SACRUM
from enbloc.intake.level_faults import unfit_levels
from enbloc.intake.level_survey import VERTEBRA, SurveyedLevel, find_gaps, survey

Box = tuple[slice, slice, slice]

TOUCH_MM = 3.0
"""A level is touched when its bone lies within this distance of the tumour: two voxels of the usual label."""

REACH_MM = 60.0
"""Vertebrae further from the tumour than this are not touched by it."""

NEIGHBOURS = 2
"""Levels read on each side of the touched ones: the curve and the canal need them."""

LEAST_VERTEBRA_VOXELS = 40
"""Smaller label islands are no vertebra that could be measured."""

STRAY_MM = 5.0
"""A piece of a label this far from its vertebra is not part of it, unless tumour lies between the two (ours)."""

_SAMPLE = 20_000


@attrs.frozen(eq=False)
class ReadLevels:
    """The levels that are read.

    Parameters
    ----------
    surveyed : mapping of level to SurveyedLevel
        Those near the tumour, cranio-caudally.
    touched : tuple of level
        Of these, the ones that the tumour touches; none when it touches the sacrum's own label alone.
    sacrum_touched : bool
        Whether the tumour touches a sacrum that is labelled as a whole.
    """

    surveyed: Mapping[Level, SurveyedLevel]
    touched: tuple[Level, ...]
    sacrum_touched: bool


def levels_of(labels: LabelMap) -> tuple[Level, ...]:
    """The vertebral levels that a label map names, cranio-caudal."""
    return sort_levels(name.removeprefix(VERTEBRA) for name in labels.names.values() if name.startswith(VERTEBRA))


def choose_levels(labels: LabelMap, tumour: Bools, cut: Collection[Level] = ()) -> ReadLevels:
    """The levels that the tumour touches and their neighbours; `cut` are known to be cut by their field.

    Raises
    ------
    InputError
        If no labelled vertebra lies near the tumour.
    """
    gaps = _gaps_mm(labels, tumour)
    limit = max(TOUCH_MM, min(gaps.values()))
    surveyed = survey(labels, cut)
    touched = sort_levels(level for level, gap in gaps.items() if gap <= limit and level != SACRUM)
    anchors = touched or tuple(surveyed)[-1:]
    indices = voxels_of(tumour)
    points = labels.grid.to_patient(indices[:: max(1, len(indices) // _SAMPLE)])
    barred = unfit_levels(labels, surveyed, points)
    breaks = {(gap.above, gap.below) for gap in find_gaps(surveyed) if gap.has_room}
    names = list(surveyed)
    first, last = names.index(anchors[0]), names.index(anchors[-1])
    above = _walk(names[first::-1], barred, {(below, above) for above, below in breaks})
    below = _walk(names[last:], barred, breaks)
    near = [*above[:0:-1], *names[first : last + 1], *below[1:]]
    return ReadLevels({name: surveyed[name] for name in near}, touched, gaps.get(SACRUM, np.inf) <= limit)


def bone_on(
    labels: LabelMap, box: Box, read: ReadLevels, tumour: Bools
) -> tuple[NDArray[np.uint8], tuple[Level, ...], dict[Level, bool]]:
    """Bone as 1 + index into the names; names of the levels that are large enough; and which are whole.

    Parameters
    ----------
    labels : LabelMap
    box : three slices
        What of the labels' grid is kept.
    read : ReadLevels
    tumour : bool array on the labels' grid
        Bone that only tumour joins to its vertebra stays.
    """
    values = labels.values[box]
    grid = labels.grid.crop(box)
    bone = np.zeros(values.shape, dtype=np.uint8)
    names: list[Level] = []
    whole: dict[Level, bool] = {}
    for level, one in read.surveyed.items():
        mask = np.isin(values, [n for n, name in labels.names.items() if name == VERTEBRA + level])
        mask &= ~_strays(grid, one, tumour[box])
        if mask.sum() < LEAST_VERTEBRA_VOXELS:
            continue
        names.append(level)
        bone[mask] = len(names)
        whole[level] = one.whole
    return bone, tuple(names), whole


def _walk(names: Sequence[Level], barred: frozenset[Level], breaks: set[tuple[Level, Level]]) -> list[Level]:
    """`names[0]` and up to `NEIGHBOURS` after it, as far as nothing is barred or broken off."""
    walked = [names[0]]
    for name in names[1 : NEIGHBOURS + 1]:
        if name in barred or (walked[-1], name) in breaks:
            break
        walked.append(name)
    return walked


def _strays(grid: Grid, one: SurveyedLevel, tumour: Bools) -> Bools:
    """Voxels of the pieces that lie far from the vertebra, and not beside tumour."""
    stray = np.zeros(grid.shape, dtype=bool)
    for piece in one.pieces:
        if piece.gap_mm <= STRAY_MM:
            continue
        at = np.rint(grid.to_index(piece.points_mm)).astype(np.intp)
        at = at[((at >= 0) & (at < np.array(grid.shape))).all(axis=1)]
        beside = [sample_nearest(grid, tumour, piece.points_mm + step) for step in _steps(grid)]
        if not np.any(beside):
            stray[tuple(at.T)] = True
    return stray


def _steps(grid: Grid) -> NDArray[np.float64]:
    """Offsets to a voxel's own place and to its six neighbours, two voxels on, (7, 3) mm."""
    axes = 2.0 * grid.affine[:3, :3].T
    return np.concatenate([np.zeros((1, 3)), axes, -axes])


def _gaps_mm(labels: LabelMap, tumour: Bools) -> dict[str, float]:
    """Distance of the tumour from each vertebra near it, and from a sacrum that is labelled as a whole, mm."""
    if not tumour.any():
        raise InputError("the tumour label is empty on the grid of the vertebrae", remedy="Check the tumour's file.")
    box = grown_box(tumour, np.ceil(REACH_MM / labels.grid.spacing_mm).astype(int))
    near = distance_to(labels.grid.crop(box), tumour[box])
    values = labels.values[box]
    gaps = {
        name.removeprefix(VERTEBRA): float(near[values == number].min())
        for number, name in labels.names.items()
        if (name.startswith(VERTEBRA) or name == SACRUM) and (values == number).any()
    }
    if not gaps or not levels_of(labels):
        raise InputError(
            f"no labelled vertebra lies within {REACH_MM:.0f} mm of the tumour",
            remedy="Check that tumour and vertebra labels belong to the same scan.",
        )
    return gaps


def grown_box(mask: Bools, by: NDArray[np.int_]) -> Box:
    """The box of a mask that is not empty, grown by so many voxels along each axis, within the grid."""
    ends = []
    for axis, room in enumerate(by):
        held = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        ends.append(slice(max(int(held[0] - room), 0), min(int(held[-1] + 1 + room), mask.shape[axis])))
    return ends[0], ends[1], ends[2]
