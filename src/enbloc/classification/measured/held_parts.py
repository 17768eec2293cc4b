"""Which named parts of bone hold tumour: how much of it, and how much of each part.

Strategy. Voxels of bone are counted by level and part, once for the whole part and once weighted with how much of each
voxel is tumour: as labelled, at the least and at the most. A part is listed where the label itself shows tumour in it.
The share of a part takes the part's own border as it was found; that border is the project's own definition (ours).
"""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.scene import Scene
from enbloc.anatomy.subparts.names import NUMBER, SUBPARTS
from enbloc.anatomy.subparts.ribs import find_rib_heads
from enbloc.anatomy.subregions import LABELLED_PARTS
from enbloc.classification.judged import border_mm, box_around, tumour_shares
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.terms.structures import SACRUM

FoundBy = Literal["geometry", "labels"]

NEVER_LABELLED = ("pedicle", "lamina", "lateral_mass", "anterior_arch", "ala", "rib_head")
"""First words of parts that no scheme labels: by geometry even where others are labelled."""


@attrs.frozen
class HeldPart:
    """A named part of bone that holds tumour.

    Parameters
    ----------
    level : str
        Or ``"sacrum"``, where that is labelled as a whole. A rib's head belongs to the level of its number.
    part : str
        One of `SUBPARTS`.
    volume : Estimate
        Tumour in it, ml.
    fraction : Estimate
        … as a share of the part.
    found_by : str
        ``"geometry"`` (modelled, ours), or ``"labels"`` where a program labelled the part itself.
    """

    level: str
    part: str
    volume: Estimate
    fraction: Estimate
    found_by: FoundBy


def measure_held_parts(scene: Scene) -> tuple[HeldPart, ...]:
    """The parts that hold tumour, cranio-caudally and in the order of `SUBPARTS`; none where no parts were named."""
    if scene.subparts is None or not scene.tumour.any():
        return ()
    owners = (*scene.vertebrae, SACRUM)
    owner, part = _with_rib_heads(scene, scene.subparts)
    width = len(SUBPARTS)
    codes = owner.astype(np.intp) * width + part
    length = (len(owners) + 1) * width
    box = box_around(scene.tumour, by=1)
    shares = tumour_shares(scene, scene.tumour[box], border_mm(scene, box))
    whole = np.bincount(codes.ravel(), minlength=length) * scene.grid.voxel_ml
    near = codes[box].ravel()
    value, low, high = (
        np.bincount(near, weights=share.ravel(), minlength=length) * scene.grid.voxel_ml for share in shares
    )
    because = f"tumour's label border +-{scene.label_error_mm:.2f} mm"
    held = []
    for at in np.flatnonzero((value > 0.0) & (np.arange(length) >= width) & (np.arange(length) % width > 0)):
        level, name = owners[at // width - 1], SUBPARTS[at % width]
        ends = [float(value[at]), float(min(low[at], value[at])), float(max(high[at], value[at]))]
        volume = Estimate(ends[0], ends[1], ends[2], "ml", because)
        shared = [min(end / float(whole[at]), 1.0) for end in ends]
        fraction = Estimate(shared[0], shared[1], shared[2], "fraction", because)
        held.append(HeldPart(level, name, volume, fraction, _found_by(scene, level, name)))
    return tuple(held)


def _with_rib_heads(scene: Scene, subparts: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Whose bone a voxel is, 1 + position in the levels, and its named part.

    The heads of ribs are their level's; what else is named outside the levels is the sacrum's, which comes last.
    """
    order = list(scene.vertebrae)
    sacral = (scene.bone == 0) & (subparts > 0)
    owner, part = np.where(sacral, len(order) + 1, scene.bone).astype(np.uint8), subparts.copy()
    for level, side, box, head in find_rib_heads(scene.structures, scene.vertebrae):
        free = head & (owner[box] == 0)
        owner[box][free] = order.index(level) + 1
        part[box][free] = NUMBER[f"rib_head_{side}"]
    return owner, part


def _found_by(scene: Scene, level: str, part: str) -> FoundBy:
    told = level in scene.vertebrae and LABELLED_PARTS in scene.vertebrae[level].labelled
    return "labels" if told and not part.startswith(NEVER_LABELLED) else "geometry"
