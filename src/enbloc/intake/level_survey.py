"""Each labelled vertebra as its label shows it: size, place, pieces, and whether something cuts it off.

Nothing is judged here; `level_faults` does that. Lengths are compared with the vertebra's own size, so that a child, a
tall man and a neck are measured by one rule.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce
from itertools import pairwise

import attrs
import numpy as np
import scipy
from cc3d import connected_components

from enbloc.foundation.space.boxes import joined, voxels_of
from enbloc.foundation.space.grids import Bools, Floats, LabelMap
from enbloc.foundation.terms.levels import LEVELS, TRANSITIONAL, Level, order

VERTEBRA = "vertebra_"

STEP_SHARE = 0.8
"""Distance from one vertebra's centre to the next, as a share of the edge of a cube of its volume (ours): 0.7-0.9 in
the real label maps at hand, from T2 to L5."""

ROOM_SHARE = 1.5
"""From this many times the expected step on there is room for another vertebra between two (ours)."""

FLAT_SHARE = 0.7
"""A label whose last slice has this share of its largest slice was cut off there; whole vertebrae taper (below 0.2 in
real maps at 1.5 mm, 0.44 at 3 mm)."""

LEAST_PIECE_ML = 0.02
"""Smaller pieces are single stray voxels, which disturb no measure."""

_SAMPLE = 4000


@attrs.frozen(eq=False)
class Piece:
    """A part of a vertebra's label that does not hang together with the largest one.

    `points_mm` (n, 3) LPS are its voxels' centres, `gap_mm` its least distance from the largest piece.
    """

    points_mm: Floats
    volume_ml: float
    gap_mm: float


@attrs.frozen(eq=False)
class SurveyedLevel:
    """One labelled vertebra.

    Parameters
    ----------
    level : str
    volume_ml : float
        Of the largest piece, as is `centre_mm`.
    centre_mm : (3,) float, LPS
    points_mm : (n, 3) float, LPS
        Voxels of the largest piece, evenly thinned.
    whole : bool
        False where the field of view or a flat end cuts it.
    pieces : tuple of Piece
        All others, the largest first.
    """

    level: Level
    volume_ml: float
    centre_mm: Floats
    points_mm: Floats
    whole: bool
    pieces: tuple[Piece, ...]


@attrs.frozen(eq=False)
class Gap:
    """A place between two labelled neighbours where names and distance do not agree.

    Parameters
    ----------
    above, below : str
        The labelled levels on both sides.
    missing : tuple of level
        The ordinary levels that their names leave out.
    steps : float
        Their distance in steps from one vertebra to the next: 1 between neighbours.
    """

    above: Level
    below: Level
    missing: tuple[Level, ...]
    steps: float

    @property
    def has_room(self) -> bool:
        """True when a vertebra without a label must stand between the two."""
        return self.steps > ROOM_SHARE


def survey(labels: LabelMap, cut: Collection[Level] = ()) -> dict[Level, SurveyedLevel]:
    """Every vertebra of a label map that has at least one voxel, cranio-caudally; the sacrum as a whole is none.

    Parameters
    ----------
    labels : LabelMap
    cut : levels that are known to be cut by the field of the file that they came from
    """
    boxes = scipy.ndimage.find_objects(labels.values)
    found: dict[Level, SurveyedLevel] = {}
    for level in LEVELS:
        numbers = [n for n, name in labels.names.items() if name == VERTEBRA + level]
        held = [boxes[n - 1] for n in numbers if 0 < n <= len(boxes) and boxes[n - 1] is not None]
        if held:
            axes = [(min(b[a].start for b in held), max(b[a].stop for b in held)) for a in range(3)]
            box = (slice(*axes[0]), slice(*axes[1]), slice(*axes[2]))
            one = _surveyed(labels, level, box, np.isin(labels.values[box], numbers))
            found[level] = attrs.evolve(one, whole=False) if level in cut else one
    return found


def expected_step_mm(surveyed: Mapping[Level, SurveyedLevel], level: Level) -> float:
    """How far the next vertebra's centre should be, from the median volume of the whole ones within two ranks."""
    names = list(surveyed)
    at = names.index(level)
    near = [surveyed[name] for name in names[max(at - 2, 0) : at + 3]]
    sizes = [one.volume_ml for one in near if one.whole] or [one.volume_ml for one in near]
    return STEP_SHARE * float(np.cbrt(1000.0 * np.median(sizes)))


def find_gaps(surveyed: Mapping[Level, SurveyedLevel]) -> tuple[Gap, ...]:
    """Neighbours in the label map whose names leave a level out, or that stand too far apart."""
    found = []
    for above, below in pairwise(surveyed):
        missing = tuple(
            name for name in LEVELS[order(above) + 1 : order(below)] if name not in TRANSITIONAL and name[0] != "S"
        )
        one, other = surveyed[above], surveyed[below]
        if not (one.whole and other.whole) and not missing:
            continue
        apart = float(np.linalg.norm(one.centre_mm - other.centre_mm))
        step = (expected_step_mm(surveyed, above) + expected_step_mm(surveyed, below)) / 2
        gap = Gap(above, below, missing, apart / step)
        if missing or gap.has_room:
            found.append(gap)
    return tuple(found)


def out_of_order(surveyed: Mapping[Level, SurveyedLevel]) -> tuple[tuple[Level, Level], ...]:
    """Pairs of neighbours by name of which the upper one lies below the other, along the line of the spine."""
    names = list(surveyed)
    if len(names) < 3:
        return ()
    centres = np.array([surveyed[name].centre_mm for name in names])
    along = np.linalg.svd(centres - centres.mean(axis=0))[2][0]
    heights = centres @ along
    down = np.sign(np.median(heights[:-1] - heights[1:])) or 1.0
    steps = down * (heights[:-1] - heights[1:])
    limits = [0.25 * expected_step_mm(surveyed, name) for name in names[:-1]]
    return tuple(pair for pair, step, limit in zip(pairwise(names), steps, limits, strict=True) if step < -limit)


def contact_shares(labels: LabelMap, surveyed: Mapping[Level, SurveyedLevel]) -> dict[tuple[Level, Level], float]:
    """Faces that two vertebrae share, as a share of a face of a cube of the smaller's volume, by cranio-caudal pair.

    Facets touch in coarse labels; in the real maps at hand no two vertebrae share more than 0.55, at 2 mm.
    """
    table = np.zeros(int(max(labels.names, default=0)) + 1, dtype=np.int16)
    names = list(surveyed)
    for number, name in labels.names.items():
        if name.removeprefix(VERTEBRA) in surveyed:
            table[number] = 1 + names.index(name.removeprefix(VERTEBRA))
    held = enumerate(scipy.ndimage.find_objects(labels.values), start=1)
    boxes = [(box[0], box[1], box[2]) for n, box in held if box is not None and n < len(table) and table[n]]
    values = labels.values[reduce(joined, boxes)] if boxes else labels.values[:0]
    values = table[np.where(values < len(table), values, 0)]
    areas: dict[tuple[Level, Level], float] = {}
    for axis, edge in enumerate(labels.grid.spacing_mm):
        turned = np.moveaxis(values, axis, 0)
        one, other = turned[:-1], turned[1:]
        met = (one != other) & (one > 0) & (other > 0)
        pairs = np.sort(np.stack([one[met], other[met]]), axis=0)
        for code, count in zip(*np.unique(pairs[0] * (len(names) + 1) + pairs[1], return_counts=True), strict=True):
            pair = names[int(code) // (len(names) + 1) - 1], names[int(code) % (len(names) + 1) - 1]
            areas[pair] = areas.get(pair, 0.0) + int(count) * float(np.prod(labels.grid.spacing_mm) / edge)
    least = {pair: min(surveyed[pair[0]].volume_ml, surveyed[pair[1]].volume_ml) for pair in areas}
    return {pair: area / (1000.0 * least[pair]) ** (2 / 3) for pair, area in areas.items()}


def _surveyed(labels: LabelMap, level: Level, box: tuple[slice, slice, slice], mask: Bools) -> SurveyedLevel:
    grid = labels.grid.crop(box)
    pieces = connected_components(mask.astype(np.uint8), connectivity=26)
    sizes = np.bincount(pieces.ravel())[1:]
    largest = pieces == 1 + int(np.argmax(sizes))
    points = grid.to_patient(voxels_of(largest))
    tree = scipy.spatial.cKDTree(points) if len(sizes) > 1 else None
    others = []
    for number in np.argsort(-sizes, kind="stable")[1:] + 1:
        if tree is None or sizes[number - 1] * grid.voxel_ml < LEAST_PIECE_ML:
            break
        away = grid.to_patient(voxels_of(pieces == number))
        others.append(Piece(away, len(away) * grid.voxel_ml, float(tree.query(away)[0].min())))
    inside = all(s.start > 0 and s.stop < size for s, size in zip(box, labels.grid.shape, strict=True))
    return SurveyedLevel(
        level=level,
        volume_ml=len(points) * grid.voxel_ml,
        centre_mm=points.mean(axis=0),
        points_mm=points[:: max(1, len(points) // _SAMPLE)],
        whole=inside and not _ends_flat(largest),
        pieces=tuple(others),
    )


def _ends_flat(mask: Bools) -> bool:
    """Does the mask end on a large flat slice at either end of an axis?"""
    for axis in range(3):
        areas = np.trim_zeros(np.count_nonzero(mask, axis=tuple(a for a in range(3) if a != axis)))
        if max(areas[0], areas[-1]) >= FLAT_SHARE * areas.max():
            return True
    return False
