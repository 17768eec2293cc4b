"""All label files of a case as one map, and where two of them claim the same.

Programs write one file for all structures or one for each, and files need not share a grid. Strategy. The grid that
holds most levels is kept (of equals the finest, then the first named) and enlarged by whole voxels where vertebrae of
other files stand out of it. Every structure is read at its voxels: first what contains others (canal, sac), then all
else, the vertebrae last. Of two files that claim one level, the file with more levels is taken; of two structures that
claim one voxel, a vertebra before anything else. Nothing of that is silent: each double is kept with its size, and
`double_checks` grades it. A case with one file of anatomy is that file, untouched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.foundation.space.grids import Bools, Grid, LabelMap
from enbloc.foundation.space.sampling import centres_mm, reached_box, sample_nearest
from enbloc.foundation.terms.levels import Level, order
from enbloc.foundation.terms.structures import DURA, SACRUM, SPINAL_CANAL, TUMOUR, is_vertebra
from enbloc.intake.case import LabelFile
from enbloc.intake.level_survey import VERTEBRA

Box = tuple[slice, slice, slice]

CONTAINERS = (SPINAL_CANAL, DURA)
"""What holds other structures: it stays beneath them."""

PART = "subregion_"
"""Names of parts of a vertebra, which stand beside its instance and are read by the anatomy."""

MOST_REACH_MM = 400.0
"""A file that lies further than this from the grid is no part of it; the checks of the fields say so."""

LEAST_DOUBLE_ML = 0.05
"""Where two structures overlap by less, borders touch."""


@attrs.frozen
class Double:
    """Two files that claim the same place.

    `kept` and `lost` are structures (the same word where both hold one level), each with its file. `volume_ml` is
    where both lie, `share` that of the smaller of the two, or of the larger where both hold one level. `same_grid` is
    False where borders were read at other voxels, so that they may overlap by one.
    """

    kept: str
    kept_in: str
    lost: str
    lost_in: str
    volume_ml: float
    share: float
    same_grid: bool


@attrs.frozen(eq=False)
class Gathered:
    """The anatomy of all files on one grid.

    Parameters
    ----------
    file : LabelFile
        Every structure but the tumour; its name is for messages.
    cut : frozenset of level
        Levels that the field of their own file cuts.
    doubles : tuple of Double
    voxel_mm : mapping of structure to float
        Largest voxel edge of the file that a structure came from, where it came from a coarser grid.
    """

    file: LabelFile
    cut: frozenset[Level] = frozenset()
    doubles: tuple[Double, ...] = ()
    voxel_mm: Mapping[str, float] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class _Held:
    """One structure of one file: its number and the box that holds it."""

    file: LabelFile
    rank: int
    number: int
    structure: str
    box: Box

    @property
    def mask(self) -> Bools:
        return np.asarray(self.file.labels.values[self.box] == self.number, dtype=bool)


def gather(files: Sequence[LabelFile]) -> Gathered | None:
    """All files as one; None where none of them names a vertebra."""
    anatomy = [file for file in files if {*file.labels.names.values()} - {TUMOUR}]
    if not any(is_vertebra(name) for file in anatomy for name in file.labels.names.values()):
        return None
    if len(anatomy) == 1:
        return Gathered(anatomy[0])
    held = [one for rank, file in enumerate(anatomy) for one in _held(file, rank)]
    spine = [one for one in held if is_vertebra(one.structure)]
    if not spine:
        return Gathered(max(anatomy, key=lambda file: sum(map(is_vertebra, file.labels.names.values()))))
    base = _base(spine)
    drawn = [file for file in files if TUMOUR in file.labels.names.values()]
    tumours = [one for file in drawn for one in _held(file, 0, tumour=True)]
    apart = any(not one.file.labels.grid.same_as(base.labels.grid) for one in spine)
    grid = _enlarged(base.labels.grid, [*spine, *tumours]) if apart else base.labels.grid
    numbers = {name: n for n, name in enumerate(sorted({one.structure for one in held}), start=1)}
    values, owners, doubles = _painted(grid, sorted(held, key=lambda one: _layer(one, spine)), numbers)
    others = len({one.file.name for one in spine}) - 1
    name = base.name if not others else f"{base.name} and {others} more" if others > 1 else f"{base.name} and one more"
    cut = [claim.held.structure for claim in owners.values() if claim.held in spine and _is_cut(claim.held)]
    labels = LabelMap(grid, values, {number: structure for structure, number in numbers.items()})
    edges = {c.held.structure: float(c.held.file.labels.grid.spacing_mm.max()) for c in owners.values()}
    coarse = {structure: edge for structure, edge in edges.items() if edge > float(grid.spacing_mm.max()) + 1e-6}
    return Gathered(LabelFile(name, labels), frozenset(one.removeprefix(VERTEBRA) for one in cut), doubles, coarse)


def _held(file: LabelFile, rank: int, tumour: bool = False) -> Iterable[_Held]:
    """What a file really holds, voxels and all; parts of vertebrae stay out."""
    boxes = _boxes(file.labels)
    for number, name in sorted(file.labels.names.items()):
        if number in boxes and (name == TUMOUR) == tumour and not name.startswith(PART):
            yield _Held(file, rank, number, name, boxes[number])


def _boxes(labels: LabelMap) -> dict[int, Box]:
    """The box of every number that is named and occurs."""
    if len(labels.names) == 1:
        (number,) = labels.names
        mask = labels.values == number
        ends = [np.flatnonzero(mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
        sides = [slice(int(end[0]), int(end[-1]) + 1) for end in ends if len(end)]
        return {number: (sides[0], sides[1], sides[2])} if sides else {}
    found = scipy.ndimage.find_objects(labels.values)
    return {n: (box[0], box[1], box[2]) for n, box in enumerate(found, start=1) if box is not None}


def _base(spine: Sequence[_Held]) -> LabelFile:
    """A file on the grid that holds most levels; of equals the finest, then the first named."""
    best: tuple[int, float, int] | None = None
    chosen = spine[0].file
    for one in spine:
        grid = one.file.labels.grid
        levels = {other.structure for other in spine if other.file.labels.grid.same_as(grid)}
        rank = (len(levels), -grid.voxel_ml, -one.rank)
        if best is None or rank > best:
            best, chosen = rank, one.file
    return chosen


def _layer(one: _Held, spine: Sequence[_Held]) -> tuple[int, int, int]:
    """When a structure is painted: containers, then all else as named, then vertebrae, the fullest file first."""
    if one.structure in CONTAINERS:
        return 0, CONTAINERS.index(one.structure), one.rank
    if not is_vertebra(one.structure):
        return 1, one.rank, one.number
    full = sum(other.file is one.file for other in spine)
    level = one.structure.removeprefix(VERTEBRA)
    return 2, len(spine) - full, one.rank * 1000 + (order(level) if level != SACRUM else 999)


def _enlarged(grid: Grid, held: Sequence[_Held]) -> Grid:
    """The grid, with whole voxels added where structures stand out of it, and one voxel of room around them."""
    low, high = np.zeros(3), np.array(grid.shape, dtype=np.float64)
    for one in held:
        if one.file.labels.grid.same_as(grid):
            ends = np.array([[s.start, s.stop - 1] for s in one.box], dtype=np.float64)
        else:
            edges = np.array([[s.start - 0.5, s.stop - 0.5] for s in one.box])
            corners = np.array([[x, y, z] for x in edges[0] for y in edges[1] for z in edges[2]])
            reached = grid.to_index(one.file.labels.grid.to_patient(corners))
            ends = np.stack([np.floor(reached.min(axis=0)), np.ceil(reached.max(axis=0))], axis=1)
        far = np.maximum(-ends[:, 0], ends[:, 1] - np.array(grid.shape)) * grid.spacing_mm
        if (far <= MOST_REACH_MM).all():
            low, high = np.minimum(low, ends[:, 0] - 1), np.maximum(high, ends[:, 1] + 2)
    shape = (high - low).astype(int)
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_patient(low[None])[0]
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def _is_cut(one: _Held) -> bool:
    """Does the field of its file cut a structure? A file that ends with it on all six sides was cropped to it."""
    at_low = [side.start == 0 for side in one.box]
    at_high = [side.stop == size for side, size in zip(one.box, one.file.labels.grid.shape, strict=True)]
    return any(at_low + at_high) and not all(at_low + at_high)


@attrs.frozen(eq=False)
class _Claim:
    """A structure as it was painted, with its voxels on the common grid."""

    held: _Held
    voxels: int


def _painted(
    grid: Grid, held: Iterable[_Held], numbers: Mapping[str, int]
) -> tuple[NDArray[np.uint16], dict[int, _Claim], tuple[Double, ...]]:
    """The structures on one grid in the order given, who holds each number, and what was claimed twice."""
    values: NDArray[np.uint16] = np.zeros(grid.shape, dtype=np.uint16)
    bones = [number for name, number in numbers.items() if is_vertebra(name)]
    owners: dict[int, _Claim] = {}
    doubles: list[Double] = []
    for one in held:
        placed = _placed(grid, one)
        if placed is None:
            continue
        box, mask = placed
        number, claim = numbers[one.structure], _Claim(one, int(np.count_nonzero(mask)))
        region, known = values[box], owners.get(number)
        before = region[mask]
        for other in {*np.unique(before[before > 0]).tolist(), *({number} if known else ())}:
            doubles += _double(owners[other], claim, int(np.count_nonzero(before == other)), grid)
        if is_vertebra(one.structure):
            if known is not None and known.held.file is not one.file:
                continue
            # A vertebra gives way to no other; all else gives way to what comes later.
            mask &= ~np.isin(region, bones)
        region[mask] = number
        owners[number] = claim
    return values, owners, tuple(doubles)


def _double(known: _Claim, claim: _Claim, overlap: int, grid: Grid) -> Iterator[Double]:
    """What two claims hold together, if that is more than a border and none of the two contains the other."""
    before, now = known.held, claim.held
    one_level = is_vertebra(now.structure) and now.structure == before.structure
    volume_ml = overlap * grid.voxel_ml
    if before.file is now.file or {before.structure, now.structure} & {*CONTAINERS}:
        return
    if not one_level and (now.structure == before.structure or volume_ml < LEAST_DOUBLE_ML):
        return
    kept, lost = (before, now) if is_vertebra(before.structure) else (now, before)
    of = max if one_level else min
    yield Double(
        kept=kept.structure,
        kept_in=kept.file.name,
        lost=lost.structure,
        lost_in=lost.file.name,
        volume_ml=volume_ml,
        share=overlap / max(of(known.voxels, claim.voxels), 1),
        same_grid=before.file.labels.grid.same_as(now.file.labels.grid),
    )


def _placed(grid: Grid, one: _Held) -> tuple[Box, Bools] | None:
    """Where a structure lies on a grid: a box and its mask there; None outside."""
    source = one.file.labels.grid.crop(one.box)
    shift = grid.to_index(source.affine[:3, 3][None])[0]
    start = np.rint(shift).astype(int)
    same_voxels = (
        np.abs(grid.affine[:3, :3] - source.affine[:3, :3]).max() < 1e-6 and np.abs(shift - start).max() < 1e-3
    )
    inside = (start >= 0).all() and (start + np.array(source.shape) <= np.array(grid.shape)).all()
    if same_voxels and inside:
        ends = start + np.array(source.shape)
        box = tuple(slice(int(a), int(b)) for a, b in zip(start, ends, strict=True))
        return (box[0], box[1], box[2]), one.mask
    reached = reached_box(grid, source)
    if reached is None:
        return None
    return reached, sample_nearest(source, one.mask, centres_mm(grid, reached))
