"""Tumours made to measure: fill chosen WBB cells and stay clearly out of all others.

The chosen cells are evaluated on a lattice along the level's axes, and shrunk from everything that was not chosen. The
lattice is the tumour: its truth is evaluated like that of any other shape.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import attrs
import edt
import numpy as np

from enbloc.errors import InputError
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.terms.levels import Level
from enbloc.phantoms.cells import LAYERS, cell_map, frame_grid, lattice_start
from enbloc.phantoms.painting import bone_bounds
from enbloc.phantoms.solids import Bounds
from enbloc.phantoms.spine import SpinePhantom

LATTICE_MM = 0.5


def _numbers(given: Iterable[int]) -> frozenset[int]:
    return frozenset(given)


def _letters(given: Iterable[str]) -> frozenset[str]:
    return frozenset(given)


@attrs.frozen
class Fill:
    """A tumour that fills WBB cells of one level.

    Parameters
    ----------
    sectors : frozenset of int, from any iterable
        Spine Oncology Study Group numbering.
    layers : frozenset of str, from any iterable or a string such as ``"BC"``
        Of A, B, C, D.
    inset_mm : float
        How far it stays away from everything not chosen; beyond one voxel the truth is clear.
    beyond_mm : float
        How far layer A reaches from the chosen bone.

    Raises
    ------
    InputError
        If a sector or layer does not exist, or the layers hold no bone.
    """

    sectors: frozenset[int] = attrs.field(converter=_numbers)
    layers: frozenset[str] = attrs.field(converter=_letters)
    inset_mm: float = 1.75
    beyond_mm: float = 8.0

    def __attrs_post_init__(self) -> None:
        if not self.sectors <= set(range(1, 13)) or not self.layers <= set(LAYERS[:4]):
            raise InputError(f"no such cells: sectors {sorted(self.sectors)}, layers {sorted(self.layers)}")
        if not self.sectors or not self.layers & {"B", "C"}:
            raise InputError("a filling tumour needs at least one sector and one layer of bone")


def fill_bounds(phantom: SpinePhantom, level: Level, fill: Fill) -> Bounds:
    """Bounds in the level's frame."""
    pad = fill.beyond_mm + 1.0 if "A" in fill.layers else 1.0
    u, v, w = ((low - pad, high + pad) for low, high in bone_bounds(phantom, level))
    return u, v, w


@lru_cache(maxsize=16)
def fill_lattice(phantom: SpinePhantom, level: Level, fill: Fill) -> tuple[Grid, Bools]:
    """The lattice and the tumour on it."""
    grid = frame_grid(phantom, level, fill_bounds(phantom, level, fill), LATTICE_MM)
    cells = cell_map(phantom, level, grid)
    here = np.isin(cells.sector, list(fill.sectors))
    chosen = here & np.isin(cells.layer, [LAYERS.index(letter) for letter in fill.layers])
    if "A" in fill.layers:
        bone = here & np.isin(cells.layer, (1, 2))
        away = edt.edt(np.ascontiguousarray(~bone), anisotropy=(LATTICE_MM,) * 3, black_border=False)
        chosen &= (cells.layer != 0) | (away <= fill.beyond_mm + fill.inset_mm)
    depth = edt.edt(np.ascontiguousarray(chosen), anisotropy=(LATTICE_MM,) * 3, black_border=True)
    tumour = np.asarray(depth > fill.inset_mm + LATTICE_MM, dtype=bool)
    return grid, tumour


def in_fill(phantom: SpinePhantom, level: Level, fill: Fill, u: Floats, v: Floats, w: Floats) -> Bools:
    """Which points of the level's frame lie in the tumour: those whose nearest lattice point does."""
    grid, tumour = fill_lattice(phantom, level, fill)
    low = lattice_start(fill_bounds(phantom, level, fill), LATTICE_MM)
    near = [np.rint((x - start) / LATTICE_MM).astype(int) for x, start in zip((u, v, w), low, strict=True)]
    met = np.logical_and.reduce([(n >= 0) & (n < count) for n, count in zip(near, grid.shape, strict=True)])
    found: Bools = tumour[tuple(np.where(met, n, 0) for n in near)] & met
    return found
