"""The heads of labelled ribs: what of a rib lies near its end at the body of its own level (ours)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import scipy

from enbloc.anatomy.parts import local_coordinates
from enbloc.anatomy.scene import Vertebra
from enbloc.foundation.space.grids import Bools, LabelMap
from enbloc.foundation.terms.levels import Level, region

HEAD_MM = 12.0
"""The head is what lies within this of the rib's end at the body; the neck follows (ours)."""

FROM_BODY_MM = 8.0
"""A rib whose end lies further from the side of its body than this does not show its head (ours)."""

Box = tuple[slice, slice, slice]


def find_rib_heads(
    structures: LabelMap, vertebrae: Mapping[Level, Vertebra]
) -> Iterator[tuple[Level, str, Box, Bools]]:
    """Level, side, a box of the grid and the head's voxels in it, for each labelled rib that shows one.

    The end is the place of the rib that is nearest to the middle of its level's body, across the spine.
    """
    numbers = {name: number for number, name in structures.names.items()}
    wanted = {
        f"rib_{side}_{level[1:]}": (level, side)
        for level in vertebrae
        for side in ("left", "right")
        if region(level) == "thoracic"
    }
    if not wanted.keys() & numbers.keys():
        return
    boxes = scipy.ndimage.find_objects(structures.values)
    for name, (level, side) in wanted.items():
        number, vertebra = numbers.get(name, 0), vertebrae[level]
        box = boxes[number - 1] if 0 < number <= len(boxes) else None
        if box is None or vertebra.body_height_mm <= 0.0:
            continue
        voxels = np.argwhere(structures.values[box] == number)
        points = structures.grid.crop(box).to_patient(voxels)
        local = local_coordinates(vertebra.frame, points)
        centre = local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0]
        end = int(np.argmin(np.hypot(local[:, 0] - centre[0], local[:, 1] - centre[1])))
        if abs(local[end, 0] - centre[0]) > vertebra.body_width_mm / 2 + FROM_BODY_MM:
            continue
        head = np.zeros(structures.values[box].shape, dtype=bool)
        head[tuple(voxels[np.linalg.norm(points - points[end], axis=1) < HEAD_MM].T)] = True
        yield level, side, box, head
