"""What, given up, would open a way out: each piece of bone and each root in turn, then several together.

Strategy. Clearances are the least of each obstacle, so the shifts that every choice of pieces would open are known from
one field per piece; choices that open one are proved, the cheapest first. Where no choice opens a shift, a way that
turns the specimen is sought with all pieces gone, and the pieces that it runs through are what it needs. Nothing is
taken for granted: a proposal is a sentence with its cost and its proved way. Where nothing opens one, the way that
overlaps least is sought, and what it runs into, and how deep, is what is lacking.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import attrs
import numpy as np
import scipy

from enbloc.foundation.space.distances import distance_to_voxels
from enbloc.foundation.space.grids import Floats
from enbloc.resection.way_out.kept import VESSELS
from enbloc.resection.way_out.motion import Ground, measure_poses, moved_mm, place_points, refine
from enbloc.resection.way_out.passage import is_open, least_of
from enbloc.resection.way_out.ways import (
    LET_GO_MM,
    Surroundings,
    Way,
    build_fields,
    find_ways,
    find_with_room,
    prove_again,
)

MOST_TOGETHER = 2
"""Pieces given up together at most."""

MOST_PROPOSALS = 3
MOST_PROOFS = 4
"""How many choices are put to the proof."""

AT_ONCE = 12
"""Pieces weighed against each other at most, the cheapest."""


LACKS_MM = (1.5, 3.0, 6.0)
"""More room, all round, that is tried in turn."""


@attrs.frozen(eq=False)
class Choice:
    """Codes of the pieces given up, and the way that this opens."""

    gone: tuple[int, ...]
    way: Way


def find_shifted(around: Surroundings) -> tuple[Choice, ...]:
    """Choices of pieces that open a proved shift, the least cost first; none where none does."""
    near = _near(around)[:AT_ONCE]
    found: list[Choice] = []
    for n, gone in enumerate(_promising(around, near)):
        if n == MOST_PROOFS or len(found) == MOST_PROPOSALS:
            break
        if any(set(choice.gone) <= set(gone) for choice in found):
            continue
        way = find_ways(around, gone, turns=False, guarded=False)
        if way is not None:
            found.append(Choice(gone, way))
    return tuple(found)


def find_turned(around: Surroundings) -> tuple[Choice, ...]:
    """The pieces that a way runs through which is open, shifted or turned, with all of them gone."""
    near = _near(around)
    return tuple(_by_turning(around, near)) if near else ()


def is_hopeless(around: Surroundings) -> bool:
    """True when no way is found even with every piece given up that could be."""
    return find_ways(around, _near(around), guarded=False) is None


def _near(around: Surroundings) -> list[int]:
    """Pieces within the specimen's reach, the cheapest first."""
    near = [code for code in around.kept.pieces if (around.box.codes == code).any()]
    return sorted(near, key=lambda code: (around.kept.pieces[code].rank, code))


def measure_lack(around: Surroundings) -> tuple[tuple[str, float], ...]:
    """What the least overlapping way that was found runs into, and how deep in mm, the deepest first.

    Empty when no way was found with `LACKS_MM` more room.
    """
    fields = build_fields(around)
    for lack in LACKS_MM:
        way = find_with_room(around, fields, lack, turns=lack == LACKS_MM[-1])
        if way is not None:
            deep = [(around.kept.names[code], depth) for code, depth in _depths(around, way).items()]
            return tuple(sorted(deep, key=lambda found: -found[1]))
    return ()


def _depths(around: Surroundings, way: Floats) -> dict[int, float]:
    """Codes that the specimen runs into along a way, further than the labels' error, and how deep, mm."""
    grid, codes = around.scene.grid, around.kept.codes
    inside = distance_to_voxels(grid, codes == 0) - float(grid.spacing_mm.min()) / 2
    found: dict[int, float] = {}
    for at in place_points(grid, around.body, refine(around.body, way, 2.0)):
        code, depth = codes[at], inside[at] + float(grid.spacing_mm.min()) / 2
        for one in np.unique(code[code > 0]):
            found[int(one)] = max(found.get(int(one), 0.0), float(depth[code == one].max()))
    return {code: depth for code, depth in sorted(found.items()) if depth > around.scene.label_error_mm}


def find_touched(around: Surroundings, way: Way) -> tuple[int, ...]:
    """Codes of what is nearest where a way overlaps once the specimen has let go, the most frequent first."""
    grid, codes, body = around.scene.grid, around.kept.codes, around.body
    fields = build_fields(around)
    ground = Ground(grid, np.minimum(fields.solid.field, fields.vessels.field))
    poses = refine(body, way.poses, fields.border_mm)
    poses = poses[(moved_mm(body, poses) > LET_GO_MM) & (measure_poses(ground, body, poses) < fields.border_mm)]
    beside = np.where(codes > 0, codes, scipy.ndimage.grey_dilation(codes, size=3))
    met = np.zeros(256, dtype=np.intp)
    for at in place_points(grid, body, poses):
        met[beside[at][int(np.argmin(ground.field[at]))]] += 1
    return tuple(int(code) for code in np.argsort(-met, kind="stable") if code and met[code])


def _promising(around: Surroundings, near: list[int]) -> Iterator[tuple[int, ...]]:
    """Choices that open a shift on the coarse cells, by cost."""
    box, pieces = around.box, around.kept.pieces
    always = [code for code in around.kept.names if code != VESSELS and code not in near]
    held = least_of(box, around.shifts_mm, always)
    vessels = least_of(box, around.shifts_mm, [VESSELS])
    held = np.minimum(held, vessels - min(0.0, float(vessels[box.start])))
    if not is_open(box, held, around.ways):
        return
    choices = [gone for count in range(1, MOST_TOGETHER + 1) for gone in combinations(near, count)]
    for gone in sorted(choices, key=lambda gone: (sum(pieces[code].rank for code in gone), len(gone), gone)):
        rest = least_of(box, around.shifts_mm, (code for code in near if code not in gone))
        if is_open(box, np.minimum(held, rest), around.ways):
            yield gone


def _by_turning(around: Surroundings, near: list[int]) -> Iterator[Choice]:
    """One choice: the pieces that a way runs through which is open with all of them gone."""
    way = find_ways(around, near, guarded=False)
    if way is None:
        return
    runs_into = _depths(around, way.poses)
    gone = tuple(code for code in near if code in runs_into)
    proved = prove_again(around, gone, way) if gone else None
    if proved is not None:
        yield Choice(gone, proved)
