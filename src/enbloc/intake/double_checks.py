"""What it means that two files claim the same: one level twice, or one voxel for two structures.

Where one level stands in two files, the fuller file's is used: a doubt near the tumour, a note elsewhere, because the
two need not agree. Two vertebrae in one place cannot both be true: where they share more than a border the case is
stopped beside the tumour. Of any other two structures the later one stands, and a note says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Literal

from enbloc.foundation.terms.levels import LEVELS, Level
from enbloc.foundation.terms.structures import SACRUM, STRUCTURES, is_vertebra
from enbloc.intake.case import Problem
from enbloc.intake.gathered import Double
from enbloc.intake.level_survey import VERTEBRA

Grade = Literal["note", "doubt", "stop"]

BORDER_SHARE = 0.1
"""Two vertebrae that share less than this of the smaller share a border that was read at other voxels (ours)."""

ONE_PLACE_SHARE = 0.3
"""From this share on two names stand for one vertebra, or one label leaks into the other (ours)."""

AGREE_SHARE = 0.8
"""Two labels of one level that share less of the smaller than this do not mean the same bone (ours); two
programs share nine tenths."""

SAME_SHARE = 0.999
"""From this share on the two are one label, named twice."""

MOST_NAMED = 4

_ONCE = "Name each structure in one file."
_LOOK = "Look at both files, and name the one that is right."


def check_doubles(doubles: Sequence[Double], near: Collection[Level], touched: Collection[Level]) -> Iterator[Problem]:
    """Problems of doubles.

    Parameters
    ----------
    doubles : sequence of Double
    near : levels that a plan may lean on
    touched : levels that the tumour touches
    """
    yield from _same_level(doubles, near)
    for double in doubles:
        if double.kept == double.lost:
            continue
        if is_vertebra(double.kept) and is_vertebra(double.lost):
            yield from _two_vertebrae(double, near, touched)
        elif double.same_grid or double.share > BORDER_SHARE:
            yield _two_structures(double)


def _same_level(doubles: Sequence[Double], near: Collection[Level]) -> Iterator[Problem]:
    """One problem for each pair of files that hold the same levels."""
    pairs: dict[tuple[str, str], list[Double]] = {}
    for double in doubles:
        if double.kept == double.lost:
            pairs.setdefault((double.kept_in, double.lost_in), []).append(double)
    for (kept_in, lost_in), found in pairs.items():
        levels = {double.kept.removeprefix(VERTEBRA): double.share for double in found}
        ranked = [level for level in (*LEVELS, SACRUM) if level in levels]
        listed = ", ".join(ranked[:MOST_NAMED]) + (" …" if len(ranked) > MOST_NAMED else "")
        least = min(levels.values())
        how = "they are the same" if least >= SAME_SHARE else f"at worst they share {least:.0%} of the larger"
        says = f"It labels {listed} once more, and what {kept_in} holds of them is used: {how}."
        grade: Grade = "doubt" if {*levels} & {*near} and least < SAME_SHARE else "note"
        yield Problem(grade, lost_in, says, _ONCE if least >= AGREE_SHARE else _LOOK)


def _two_vertebrae(double: Double, near: Collection[Level], touched: Collection[Level]) -> Iterator[Problem]:
    levels = {name.removeprefix(VERTEBRA) for name in (double.kept, double.lost)}
    says = (
        f"{_name(double.lost)} shares {double.share:.0%} of its place with {_name(double.kept)} of {double.kept_in}, "
        "which stands there"
    )
    if double.share >= ONE_PLACE_SHARE and levels & {*touched}:
        yield Problem("stop", double.lost_in, f"{says}: two levels cannot be one bone.", _LOOK)
    elif double.share > BORDER_SHARE and levels & {*near}:
        yield Problem("doubt", double.lost_in, f"{says}.", _LOOK)
    elif double.same_grid or double.share > BORDER_SHARE:
        yield Problem("note", double.lost_in, f"{says}.", _LOOK)


def _two_structures(double: Double) -> Problem:
    says = (
        f"Of {_name(double.lost)} {double.volume_ml:.1f} ml lie where {double.kept_in} has {_name(double.kept)}, "
        "which stands there."
    )
    return Problem("note", double.lost_in, says, _LOOK)


def _name(structure: str) -> str:
    return STRUCTURES[structure].name if structure in STRUCTURES else structure
