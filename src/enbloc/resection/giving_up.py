"""What, given up, would open a way out: each piece of bone in turn, then several together.

Strategy. Clearances are the least of each obstacle, so the shifts that every choice of pieces would open are known from
one field per piece; choices that open one are proved, the cheapest first. Where no choice opens a shift, a way that
turns the specimen is sought with all pieces gone, and the pieces that it runs through are what it needs. Nothing is
taken for granted: a proposal is a sentence with its cost and its proved way.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import attrs
import numpy as np

from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Floats
from enbloc.resection.kept import VESSELS
from enbloc.resection.motion import build_ground, measure_poses, refine
from enbloc.resection.passage import is_open, measure_shifts
from enbloc.resection.ways import Surroundings, Way, find_ways

MOST_TOGETHER = 3
"""Pieces given up together at most."""

MOST_PROPOSALS = 3
MOST_PROOFS = 6
"""How many choices are put to the proof."""

AT_ONCE = 12
"""Pieces weighed against each other at most, the cheapest."""


@attrs.frozen(eq=False)
class Choice:
    """Codes of the pieces given up, and the way that this opens."""

    gone: tuple[int, ...]
    way: Way


def find_choices(around: Surroundings) -> tuple[Choice, ...]:
    """Choices of pieces that open a proved way, the least cost first; none where nothing helps."""
    near = [code for code in around.kept.pieces if (around.box.codes == code).any()]
    near = sorted(near, key=lambda code: (around.kept.pieces[code].rank, code))[:AT_ONCE]
    found: list[Choice] = []
    for n, gone in enumerate(_promising(around, near)):
        if n == MOST_PROOFS or len(found) == MOST_PROPOSALS:
            break
        if any(set(choice.gone) <= set(gone) for choice in found):
            continue
        way = find_ways(around, gone, turns=False)
        if way is not None:
            found.append(Choice(gone, way))
    if not found and near:
        found += _by_turning(around, near)
    return tuple(found)


def _promising(around: Surroundings, near: list[int]) -> Iterator[tuple[int, ...]]:
    """Choices that open a shift on the coarse cells, by cost."""
    box, pieces = around.box, around.kept.pieces
    always = [code for code in around.kept.names if code != VESSELS and code not in near]
    held = measure_shifts(box, always)
    vessels = measure_shifts(box, [VESSELS])
    held = np.minimum(held, vessels - min(0.0, float(vessels[box.start])))
    each = {code: measure_shifts(box, [code]) for code in near}
    if not is_open(box, held, around.ways):
        return
    choices = [gone for count in range(1, MOST_TOGETHER + 1) for gone in combinations(near, count)]
    for gone in sorted(choices, key=lambda gone: (sum(pieces[code].rank for code in gone), len(gone), gone)):
        least = np.minimum.reduce([held, *(field for code, field in each.items() if code not in gone)])
        if is_open(box, least, around.ways):
            yield gone


def _by_turning(around: Surroundings, near: list[int]) -> Iterator[Choice]:
    """One choice: the pieces that a way runs through which is open with all of them gone."""
    way = find_ways(around, near)
    if way is None:
        return
    poses = refine(around.body, way.poses, float(around.scene.grid.spacing_mm.min()) / 2)
    gone = tuple(code for code in near if _runs_through(around, code, poses))
    again = find_ways(around, gone) if gone else None
    if again is not None:
        yield Choice(gone, again)


def _runs_through(around: Surroundings, code: int, poses: Floats) -> bool:
    grid = around.scene.grid
    ground = build_ground(grid, distance_to(grid, around.kept.codes == code))
    least = float(measure_poses(ground, around.body, poses).min()) - float(grid.spacing_mm.min()) / 2
    return least < -2.0 * around.scene.label_error_mm
