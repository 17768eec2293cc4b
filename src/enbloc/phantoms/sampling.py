"""A phantom as a hospital would send it: label maps and a CT on any grid."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import attrs
import edt
import numpy as np
from numpy.typing import NDArray

from enbloc.foundation.space.grids import Bools, Floats, Grid, LabelMap, Volume
from enbloc.foundation.terms.levels import Level
from enbloc.intake.case import Case, LabelFile
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.painting import (
    along_spine,
    bone_bounds,
    bone_mask,
    canal_mask,
    cord_mask,
    disc_mask,
    patch_of,
    slab_index,
    union,
)
from enbloc.phantoms.solids import Solid
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.torso import column_solids, free_solids
from enbloc.phantoms.tumours import Tumour, tumour_mask

CORTEX_MM = 1.5
"""Thickness of the bright shell of every bone (ours)."""

OFF_FACES_MM = np.array([0.0, 0.013, 0.007])
"""Keeps voxel centres off the flat faces of an upright phantom; nothing to the left, so that left mirrors right."""

BONES: tuple[str, ...] = ("vertebra", "sacrum", "rib")
"""First parts of the names of bones."""

HU: Mapping[str, float] = {
    "background": -100.0,
    "cortex": 700.0,
    "cancellous": 220.0,
    "spinal_canal": 15.0,
    "spinal_cord": 40.0,
    "disc": 85.0,
    "lung": -820.0,
    "aorta": 160.0,
    "inferior_vena_cava": 120.0,
    "oesophagus": 40.0,
    "iliopsoas": 55.0,
    "autochthon": 55.0,
    "kidney": 130.0,
    "tumour": 60.0,
}
"""Plausible grey values by the first part of a structure's name, Hounsfield units (ours)."""


@attrs.frozen(eq=False)
class Scan:
    """How the phantom is scanned.

    Parameters
    ----------
    spacing_mm : tuple of three float
        Along the three axes of the grid.
    directions : (3, 3) float
        Unit vectors of the axes as columns, LPS; any rotation, flip or permutation.
    margin_mm : float
        Around the bone of the levels.
    leave_out : collection of str
        Structures that are not labelled, by name or by the first part of it (``"rib"``). The CT still shows them.
    with_canal : bool
        Label the canal too; real label maps rarely do.
    """

    spacing_mm: tuple[float, float, float] = (1.5, 1.5, 1.5)
    directions: Floats = attrs.field(factory=lambda: np.eye(3))
    margin_mm: float = 20.0
    leave_out: Collection[str] = ()
    with_canal: bool = False


def scan_grid(phantom: SpinePhantom, scan: Scan) -> Grid:
    """The least grid along the scan's directions that holds all vertebrae and the margin."""
    corners = []
    for level in phantom.levels:
        box = np.array(np.meshgrid(*bone_bounds(phantom, level), indexing="ij")).reshape(3, -1).T
        corners.append(phantom.frames[level].to_patient(box) @ scan.directions)
    along = np.concatenate(corners)
    spacing = np.array(scan.spacing_mm)
    low, high = along.min(axis=0) - scan.margin_mm, along.max(axis=0) + scan.margin_mm
    low = (np.floor(low / spacing) + 0.5) * spacing + scan.directions.T @ OFF_FACES_MM
    shape = np.maximum(np.ceil((high - low) / spacing).astype(int) + 1, 1)
    affine = np.eye(4)
    affine[:3, :3] = scan.directions * spacing
    affine[:3, 3] = scan.directions @ low
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def structure_masks(phantom: SpinePhantom, grid: Grid) -> Iterator[tuple[str, Bools]]:
    """Every structure and its mask, in the order of painting: bone, canal and cord come last and win."""
    slabs = slab_index(phantom, grid)
    canal = canal_mask(phantom, grid, slabs)
    columns: dict[str, dict[Level, Solid]] = {}
    for level in phantom.levels:
        for name, solid in column_solids(level, phantom.sizes[level]).items():
            columns.setdefault(name, {})[level] = solid
    for name, solids in columns.items():
        yield name, along_spine(phantom, grid, slabs, solids)
    for level in phantom.levels:
        for name, free in free_solids(level, phantom.sizes[level]).items():
            yield name, union(grid, [patch_of(grid, phantom.frames[level], free)])
    for upper, lower in zip(phantom.levels, phantom.levels[1:], strict=False):
        fused = upper[0] == lower[0] == "S"
        yield "sacrum" if fused else f"disc_{upper}_{lower}", disc_mask(phantom, upper, grid, slabs)
    for level in phantom.levels:
        yield bone_name(level), bone_mask(phantom, level, grid, canal)
    yield "spinal_canal", canal
    yield "spinal_cord", cord_mask(phantom, grid, slabs)


def bone_name(level: Level) -> str:
    """The structure word of a level's bone."""
    return "sacrum" if level[0] == "S" else f"vertebra_{level}"


def sample_labels(phantom: SpinePhantom, grid: Grid) -> LabelMap:
    """Label every structure, the canal too, at the voxel centres."""
    numbers: dict[str, int] = {}
    values = np.zeros(grid.shape, dtype=np.uint8)
    for name, mask in structure_masks(phantom, grid):
        if mask.any():
            values[mask] = numbers.setdefault(name, len(numbers) + 1)
    return LabelMap(grid, values, {number: name for name, number in numbers.items()})


def sample_ct(labels: LabelMap, tumour: Bools, noise_hu: float = 0.0, rng: np.random.Generator | None = None) -> Volume:
    """A CT of a complete label map: bone with a bright shell, a lytic tumour, and noise from `rng` if one is given."""
    table = np.full(max(labels.names, default=0) + 1, HU["background"])
    bony = np.zeros(len(table), dtype=bool)
    for number, name in labels.names.items():
        bony[number] = name.startswith(BONES)
        table[number] = HU["cancellous"] if bony[number] else _soft_hu(name)
    values = table[labels.values]
    values[_shell(labels, bony)] = HU["cortex"]
    values[tumour] = HU["tumour"]
    if rng is not None and noise_hu > 0:
        values = values + rng.normal(0.0, noise_hu, values.shape)
    return Volume(labels.grid, np.rint(values).astype(np.int16))


def _soft_hu(name: str) -> float:
    return next(value for word, value in HU.items() if name.startswith(word))


def _shell(labels: LabelMap, bony: NDArray[np.bool_]) -> Bools:
    """Bone no further than the cortex from anything that is not the same bone."""
    bones = np.where(bony[labels.values], labels.values, 0).astype(np.uint8)
    spacing = tuple(float(edge) for edge in labels.grid.spacing_mm)
    depth = edt.edt(bones, anisotropy=spacing, black_border=False)
    return np.asarray((bones > 0) & (depth <= max(CORTEX_MM, 0.7 * max(spacing))), dtype=bool)


def sample(
    phantom: SpinePhantom,
    scan: Scan | None = None,
    tumour: Tumour | None = None,
    clinical: Clinical | None = None,
    noise_hu: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Case:
    """A case: ``ct.nii.gz``, ``labels.nii.gz`` and, with a tumour, ``tumour.nii.gz``, all on one grid.

    Parameters
    ----------
    phantom : SpinePhantom
    scan : Scan
    tumour : Tumour
        Its voxels overlap the vertebrae, as in a real case.
    clinical : Clinical
    noise_hu : float
        Standard deviation of the CT's noise; needs `rng`.
    rng : numpy Generator
    """
    scan = scan or Scan()
    grid = scan_grid(phantom, scan)
    complete = sample_labels(phantom, grid)
    inside = tumour_mask(phantom, tumour, grid) if tumour else np.zeros(grid.shape, dtype=bool)
    files = [LabelFile("labels.nii.gz", _as_sent(complete, scan))]
    if tumour:
        files.append(LabelFile("tumour.nii.gz", LabelMap(grid, inside.astype(np.uint8), {1: "tumour"})))
    return Case(
        id=f"phantom-{phantom.levels[0]}-{phantom.levels[-1]}",
        clinical=clinical or Clinical(),
        ct=sample_ct(complete, inside, noise_hu, rng),
        label_files=tuple(files),
    )


def _as_sent(complete: LabelMap, scan: Scan) -> LabelMap:
    """The label map without what the scan leaves out."""
    unsent = {*scan.leave_out} if scan.with_canal else {*scan.leave_out, "spinal_canal"}
    gone = [n for n, name in complete.names.items() if any(_is_called(name, word) for word in unsent)]
    values = np.where(np.isin(complete.values, gone), 0, complete.values).astype(np.uint8)
    return LabelMap(complete.grid, values, {n: name for n, name in complete.names.items() if n not in gone})


def _is_called(name: str, word: str) -> bool:
    return name == word or name.startswith(f"{word}_")
