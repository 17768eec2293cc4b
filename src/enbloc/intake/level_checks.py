"""What the faults of vertebra labels mean for a case: where they lie against the tumour decides their grade.

A label that cannot be one whole vertebra stops the case where the tumour touches it; near by it is a doubt, far away a
note. A doubt about the count of the levels stays a doubt wherever it arises, because it may name the wrong level.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import scipy

from enbloc.foundation.space.grids import Floats, LabelMap
from enbloc.foundation.terms.levels import TRANSITIONAL, Level, order, region
from enbloc.intake.case import LabelFile, Problem
from enbloc.intake.cord_check import check_cord
from enbloc.intake.double_checks import check_doubles
from enbloc.intake.gathered import Gathered
from enbloc.intake.level_faults import COUNT_AGAIN, find_faults, touched_levels
from enbloc.intake.level_survey import Gap, SurveyedLevel, find_gaps, out_of_order, survey

NEAR_LEVELS = 2
"""Levels on each side of the tumour whose labels a plan may lean on."""

APART_MM = 15.0
"""Two files that put the centre of one level further apart than this mean two vertebrae."""

RIB_MM = 16.0
"""A rib further than this from every vertebra in the field is not asked: its own is not there."""

LEAST_RIBS = 3
"""So many ribs must disagree with the vertebrae before the count of one of them is doubted."""

MIDDLE_OF_GAP = (0.3, 0.7)
"""Where, between the centres beside it, a vertebra without a label has its own centre part."""

_UNUSED = "Nothing was measured on it."


def check_levels(gathered: Gathered, tumour_mm: Floats) -> Iterator[Problem]:
    """Problems of the vertebra labels of all files, graded by their distance from the tumour.

    Parameters
    ----------
    gathered : Gathered
    tumour_mm : (n, 3) float, LPS
        The tumour's voxels, evenly thinned; may be empty.
    """
    file = gathered.file
    surveyed = survey(file.labels, gathered.cut)
    touched = touched_levels(surveyed, tumour_mm)
    for fault in find_faults(file.labels, surveyed, tumour_mm):
        away = min(_away(surveyed, fault.levels, touched))
        hits = bool(set(fault.unfit) & set(touched))
        if hits or (fault.numbering and fault.unfit and away <= NEAR_LEVELS):
            yield Problem("stop", file.name, fault.says, fault.remedy)
        elif away <= NEAR_LEVELS or fault.numbering:
            aside = f" {_UNUSED}" if fault.unfit else ""
            yield Problem("doubt", file.name, fault.says + aside, fault.remedy)
        else:
            yield Problem("note", file.name, fault.says, fault.remedy)
    if not out_of_order(surveyed):
        for gap in find_gaps(surveyed):
            yield _gap_problem(file.name, gap, surveyed, tumour_mm, touched)
    near = {level for level in surveyed if min(_away(surveyed, (level,), touched)) <= NEAR_LEVELS}
    yield from check_doubles(gathered.doubles, frozenset(near), frozenset(touched))
    yield from check_cord(file, tumour_mm, touched)
    yield from _check_ribs(file, surveyed)
    for level in sorted(TRANSITIONAL & surveyed.keys(), key=order):
        says = f"{level} is labelled, a level that most patients do not have."
        yield Problem("doubt", file.name, says, COUNT_AGAIN)


def check_two_files(spine: Sequence[LabelFile]) -> Iterator[Problem]:
    """Do two files mean the same vertebra by the same name? The first is the one that is believed."""
    known: dict[Level, tuple[str, Floats]] = {}
    for file in spine if len(spine) > 1 else ():
        here = {level: (file.name, one.centre_mm) for level, one in survey(file.labels).items()}
        apart: dict[str, list[Level]] = {}
        for level, (_, centre) in here.items():
            if level in known and np.linalg.norm(known[level][1] - centre) > APART_MM:
                apart.setdefault(known[level][0], []).append(level)
        for other, levels in apart.items():
            says = f"It puts {', '.join(levels[:3])} elsewhere than {other} does: one of the two counts otherwise."
            yield Problem("stop", file.name, says, "Name only the file whose levels are right.")
        known = here | known


def _gap_problem(
    name: str,
    gap: Gap,
    surveyed: Mapping[Level, SurveyedLevel],
    tumour_mm: Floats,
    touched: tuple[Level, ...],
) -> Problem:
    where = f"between {gap.above} and {gap.below}"
    missing = ", ".join(gap.missing)
    if gap.missing and not gap.has_room:
        says = f"{missing} is not labelled, and there is no room for it {where}: a level is misnamed, lacking or fused."
        return Problem("doubt", name, says, COUNT_AGAIN)
    says = f"{missing or 'A vertebra'} is not labelled, though there is room for it {where}."
    cure = f"Label {missing or 'every vertebra'}, or type the extent and leave the images out."
    upper, lower = surveyed[gap.above].centre_mm, surveyed[gap.below].centre_mm
    way = lower - upper
    share = (tumour_mm - upper) @ way / (way @ way) if len(tumour_mm) else np.zeros(0)
    within = (share > MIDDLE_OF_GAP[0]) & (share < MIDDLE_OF_GAP[1])
    if {gap.above, gap.below} <= set(touched) or within.sum() >= 0.05 * max(len(share), 1):
        return Problem("stop", name, f"{says} The tumour lies there.", cure)
    away = min(_away(surveyed, (gap.above, gap.below), touched))
    return Problem("doubt" if away <= NEAR_LEVELS else "note", name, says, cure)


def _check_ribs(file: LabelFile, surveyed: Mapping[Level, SurveyedLevel]) -> Iterator[Problem]:
    """The vertebra nearest to a rib is its own: so in all 30 ribs of the real maps, T1 to T12."""
    names = [level for level in surveyed if region(level) in ("thoracic", "lumbar")]
    if len(names) < 2:
        return
    points = np.concatenate([surveyed[level].points_mm for level in names])
    owner = np.repeat(np.arange(len(names)), [len(surveyed[level].points_mm) for level in names])
    tree = scipy.spatial.cKDTree(points)
    odd: list[tuple[int, Level]] = []
    asked = 0
    for number, rib in _ribs(file.labels):
        gaps, nearest = tree.query(rib, distance_upper_bound=RIB_MM)
        if np.isfinite(gaps).any():
            asked += 1
            level = names[int(owner[nearest[np.argmin(gaps)]])]
            odd += [(number, level)] if level != f"T{number}" else []
    if len(odd) >= LEAST_RIBS and 2 * len(odd) > asked:
        number, level = min(odd)
        says = f"Rib {number} ends at {level}, and others are off alike: ribs and vertebrae are counted differently."
        yield Problem("doubt", file.name, says, COUNT_AGAIN)


def _ribs(labels: LabelMap) -> Iterator[tuple[int, Floats]]:
    """Number and evenly thinned voxel centres of every labelled rib, LPS mm."""
    boxes = scipy.ndimage.find_objects(labels.values)
    for number, name in labels.names.items():
        match = re.fullmatch(r"rib_(?:left|right)_(\d+)", name)
        box = boxes[number - 1] if match and 0 < number <= len(boxes) else None
        if match and box is not None:
            points = np.argwhere(labels.values[box] == number)
            start = np.array([side.start for side in box])
            yield int(match[1]), labels.grid.to_patient(points[:: max(1, len(points) // 2000)] + start)


def _away(
    surveyed: Mapping[Level, SurveyedLevel], levels: Iterable[Level], touched: tuple[Level, ...]
) -> tuple[int, ...]:
    """How many levels each of some lies from each that the tumour touches; far away where it touches none."""
    return tuple(abs(_rank(surveyed, a) - _rank(surveyed, b)) for a in levels for b in touched) or (NEAR_LEVELS + 1,)


def _rank(surveyed: Mapping[Level, SurveyedLevel], level: Level) -> int:
    return list(surveyed).index(level)
