"""Vertebra labels that cannot be true: out of order, missing, merged, doubled, in pieces, absurdly large or small.

Strategy. Each label is surveyed (`level_survey`) and held against its neighbours, never against a table of patients.
A label that cannot be one whole vertebra is *unfit*: it stops the case where the tumour touches it, and elsewhere the
anatomy leaves it out rather than measure it. What only looks odd is a doubt near the tumour and a note far from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np
import scipy

from enbloc.foundation.space.grids import Floats, LabelMap
from enbloc.foundation.terms.levels import Level, order, region
from enbloc.intake.level_survey import (
    Gap,
    SurveyedLevel,
    contact_shares,
    expected_step_mm,
    find_gaps,
    out_of_order,
)

VOLUME_RATIO = (0.55, 1.6)
"""A whole vertebra's volume against the median of its whole neighbours' (ours): 0.81-1.2 in real maps, T2 to L5, with
one fractured body among them."""

LEAST_SECOND_SHARE = 0.2
"""A second piece with this share of the first is not astray: which is the vertebra cannot be told (ours)."""

BRIDGE_MM = 4.0
"""Pieces that both lie within this distance of the tumour may have been parted by it."""

STRAY_STEPS = 0.45
"""A centre this far off the line between its neighbours, in steps from one vertebra to the next, is displaced (ours);
a slip by half a body is as large."""

MOST_CONTACT = 0.8
"""Two labels that share more of their surface than this run into each other (ours); see `contact_shares`."""

LEAST_PART = 0.2
"""Of a vertebra cut down to less than this share of its neighbour, contacts say nothing."""

UNEVEN = 1.35
"""Volumes of neighbours whose labels run into each other, from where on the border between them is wrong (ours)."""

TOUCH_MM = 5.0
"""A level is touched when tumour lies this near to its thinned voxels: two voxels and the thinning."""

_MERGED = "Split the label into its vertebrae, or label the scan again."
_LOOK = "Look at these labels in a viewer, and mend or remake them."
COUNT_AGAIN = "Count the levels against a scan that shows C2 or the sacrum, and rename the labels."


@attrs.frozen
class Fault:
    """What is wrong with the labels of some levels.

    `unfit` are the levels whose label cannot be measured; `numbering` says that the names near by are in doubt too.
    """

    levels: tuple[Level, ...]
    says: str
    remedy: str
    unfit: tuple[Level, ...] = ()
    numbering: bool = False


def unfit_levels(labels: LabelMap, surveyed: Mapping[Level, SurveyedLevel], tumour_mm: Floats) -> frozenset[Level]:
    """Levels whose label cannot be one whole vertebra."""
    return frozenset(level for fault in find_faults(labels, surveyed, tumour_mm) for level in fault.unfit)


def touched_levels(surveyed: Mapping[Level, SurveyedLevel], tumour_mm: Floats) -> tuple[Level, ...]:
    """Levels near the tumour, or else the nearest; none without a tumour."""
    if not len(tumour_mm):
        return ()
    tree = scipy.spatial.cKDTree(tumour_mm)
    gaps = {level: float(tree.query(one.points_mm[::4])[0].min()) for level, one in surveyed.items()}
    limit = max(TOUCH_MM, min(gaps.values(), default=0.0))
    return tuple(level for level, gap in gaps.items() if gap <= limit)


def find_faults(labels: LabelMap, surveyed: Mapping[Level, SurveyedLevel], tumour_mm: Floats) -> Iterator[Fault]:
    """Every fault of the labels; `tumour_mm` (n, 3) LPS may be empty."""
    for above, below in out_of_order(surveyed):
        says = f"{above} lies below {below}: their labels are swapped or one is misnamed."
        yield Fault((above, below), says, _LOOK, (above, below), numbering=True)
    for pair, share in contact_shares(labels, surveyed).items():
        yield from _contact_fault(surveyed[pair[0]], surveyed[pair[1]], share)
    gaps = find_gaps(surveyed)
    for level in surveyed:
        yield from _pieces_fault(surveyed[level], tumour_mm)
        yield from _volume_fault(surveyed, level, gaps, tumour_mm)
        yield from _place_fault(surveyed, level)


def _pieces_fault(one: SurveyedLevel, tumour_mm: Floats) -> Iterator[Fault]:
    if not one.pieces:
        return
    second = one.pieces[0]
    share = second.volume_ml / one.volume_ml
    if share < LEAST_SECOND_SHARE:
        total = sum(piece.volume_ml for piece in one.pieces)
        if total >= 0.01 * one.volume_ml:
            far = max(piece.gap_mm for piece in one.pieces)
            says = f"{one.level} has stray pieces beside its vertebra: {total:.1f} ml, up to {far:.0f} mm away."
            yield Fault((one.level,), says, _LOOK)
        return
    if _near(second.points_mm, tumour_mm, BRIDGE_MM) and _near(one.points_mm, tumour_mm, TOUCH_MM):
        says = f"{one.level} is labelled in two pieces that the tumour may have parted."
        yield Fault((one.level,), says, "Check that both pieces belong to this vertebra.")
        return
    says = (
        f"{one.level} is labelled in two places, {second.gap_mm:.0f} mm apart; the second has {share:.0%} of the first."
    )
    yield Fault((one.level,), says, _LOOK, (one.level,))


def _contact_fault(above: SurveyedLevel, below: SurveyedLevel, share: float) -> Iterator[Fault]:
    ratio = above.volume_ml / below.volume_ml
    if share <= MOST_CONTACT or not LEAST_PART < ratio < 1 / LEAST_PART:
        return
    pair = (above.level, below.level)
    if max(ratio, 1 / ratio) > UNEVEN:
        says = (
            f"{pair[0]} and {pair[1]} run into each other and are {ratio:.1f} to 1 in size: part of one has the other's"
        )
        yield Fault(pair, f"{says} name.", _LOOK, pair)
    else:
        yield Fault(
            pair, f"{pair[0]} and {pair[1]} run into each other over a wide surface: fused, or mislabelled.", _LOOK
        )


def _volume_fault(
    surveyed: Mapping[Level, SurveyedLevel], level: Level, gaps: Sequence[Gap], tumour_mm: Floats
) -> Iterator[Fault]:
    one = surveyed[level]
    near = [other for other in _around(surveyed, level, 2) if other.whole and _comparable(level, other.level)]
    if not one.whole or not near or level in ("C1", "C2") or region(level) == "sacral":
        return
    ratio = one.volume_ml / float(np.median([other.volume_ml for other in near]))
    if ratio > VOLUME_RATIO[1]:
        lost = sorted({name for gap in gaps if level in (gap.above, gap.below) for name in gap.missing}, key=order)
        if lost:
            says = (
                f"{level} is {ratio:.1f} times as large as its neighbours and {', '.join(lost)} is missing: one label"
            )
            yield Fault((level,), f"{says} holds two vertebrae, grown together or merged.", _MERGED, (level,))
        else:
            says = f"{level} is {ratio:.1f} times as large as its neighbours: its label leaks."
            yield Fault((level,), says, _LOOK, (level,))
    elif ratio < VOLUME_RATIO[0]:
        eaten = _near(one.points_mm, tumour_mm, TOUCH_MM)
        says = f"{level} has only {ratio:.0%} of its neighbours' volume: bone is destroyed or its label is incomplete."
        yield Fault((level,), says, "Check that the label holds all bone that is left.", () if eaten else (level,))


def _place_fault(surveyed: Mapping[Level, SurveyedLevel], level: Level) -> Iterator[Fault]:
    above, below = _next_to(surveyed, level)
    if above is None or below is None or not (above.whole and below.whole):
        return
    line = above.centre_mm - below.centre_mm
    line = line / np.linalg.norm(line)
    off = surveyed[level].centre_mm - (above.centre_mm + below.centre_mm) / 2
    stray = float(np.linalg.norm(off - (off @ line) * line))
    if stray > STRAY_STEPS * expected_step_mm(surveyed, level):
        says = f"{level} lies {stray:.0f} mm off the line between {above.level} and {below.level}."
        yield Fault((level,), says, "Check whether the vertebra has slipped or its label lies wrong.")


def _near(points_mm: Floats, tumour_mm: Floats, limit_mm: float) -> bool:
    return bool(len(tumour_mm)) and float(scipy.spatial.cKDTree(tumour_mm).query(points_mm)[0].min()) <= limit_mm


def _comparable(level: Level, other: Level) -> bool:
    """C1 and C2 are unlike any other, and so is the sacrum."""
    return other not in ("C1", "C2") and region(other) != "sacral" and level != other


def _around(surveyed: Mapping[Level, SurveyedLevel], level: Level, reach: int) -> list[SurveyedLevel]:
    names = list(surveyed)
    at = names.index(level)
    return [surveyed[name] for name in names[max(at - reach, 0) : at + reach + 1] if name != level]


def _next_to(
    surveyed: Mapping[Level, SurveyedLevel], level: Level
) -> tuple[SurveyedLevel | None, SurveyedLevel | None]:
    names = list(surveyed)
    at = names.index(level)
    above = surveyed[names[at - 1]] if at else None
    return above, surveyed[names[at + 1]] if at + 1 < len(names) else None
