"""The Extent on a sacrum that is labelled as a whole: which of its modelled levels, and which sides.

No definition of sectors and layers holds for a sacrum without a canal of its own, so that everything but the sides is
free where tumour cannot be and open everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.sacrum import judge_sacral_levels, sides_held
from enbloc.anatomy.scene import Sacrum, Scene
from enbloc.classification.extent import LAYERS, SECTORS, LevelExtent
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level
from enbloc.foundation.terms.structures import SACRUM

Ints = NDArray[np.intp]


def is_sacral(
    scene: Scene, box: tuple[slice, slice, slice], where: tuple[Ints, ...], bone: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    """Voxels of the sacrum's own label, and those outside all bone that are nearer to it than to any vertebra."""
    if scene.sacrum is None:
        return np.zeros(len(bone), dtype=bool)
    grid, label = scene.grid.crop(box), scene.structures.mask(SACRUM)[box]
    to_sacrum, to_others = distance_to(grid, label)[where], distance_to(grid, scene.bone[box] > 0)[where]
    found: NDArray[np.bool_] = (bone == 0) & (label[where] | (to_sacrum < to_others))
    return found


def sacral_levels(
    scene: Scene, sacrum: Sacrum, points_mm: Floats, levels: Mapping[Level, LevelExtent]
) -> dict[Level, LevelExtent]:
    """The levels of a sacrum that is labelled as a whole: free where tumour cannot be, open everywhere else.

    Only the sides are read: no definition of sectors and layers holds for a sacrum without a canal of its own.
    """
    left, right = sides_held(sacrum, points_mm, 2 * scene.label_error_mm)
    open_or = {Verdict.UNMET: Verdict.UNMET, Verdict.MET: Verdict.UNDECIDED, Verdict.UNDECIDED: Verdict.UNDECIDED}
    sectors = {s: open_or[left if s <= len(SECTORS) // 2 else right] for s in SECTORS}
    layers = {layer: Verdict.UNMET if layer == "F" else Verdict.UNDECIDED for layer in LAYERS}
    found: dict[Level, LevelExtent] = {}
    for level, verdict in judge_sacral_levels(sacrum, points_mm).items():
        seen = levels.get(level)
        if seen is not None and verdict is not Verdict.UNMET:
            joined_sectors = {s: any_of((seen.sectors[s], sectors[s])) for s in SECTORS}
            joined_layers = {layer: any_of((seen.layers[layer], layers[layer])) for layer in LAYERS}
            found[level] = attrs.evolve(seen, sectors=joined_sectors, layers=joined_layers)
        elif verdict is not Verdict.UNMET:
            found[level] = LevelExtent(sectors, layers)
    return found
