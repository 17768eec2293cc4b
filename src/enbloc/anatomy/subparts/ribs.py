"""The heads of ribs: labelled ones near the rib's end at the body of its own level, others modelled (ours).

Label maps often begin a rib at the tip of the transverse process and leave out its head and neck. These run from the
back corner of the body, at the upper end plate (at the first rib and the last two lower on the body), to that place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs
import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.anatomy.foramina import SIGNS
from enbloc.anatomy.parts import local_coordinates, to_patient
from enbloc.anatomy.scene import ModelledPart, Vertebra
from enbloc.foundation.space.grids import Bools, Floats, LabelMap
from enbloc.foundation.terms.levels import Level, region

HEAD_MM = 12.0
"""The head is what lies within this of the rib's end at the body; the neck follows (ours)."""

FROM_BODY_MM = 8.0
"""A rib whose end lies further from the side of its body than this does not show its head (ours)."""

OWN_BODY: tuple[Level, ...] = ("T1", "T11", "T12", "T13")
"""Levels whose ribs stand lower: half-way up from the pedicle's middle to the upper end plate (ours)."""

OWN_HEIGHT_SHARE = 0.5

CORNER_MM = 4.0
"""The body's back corner is read so near to the height of the head and to the canal's ventral wall."""

WIDTH_MM = 10.0
"""Width of a rib's head and neck (ours)."""

Box = tuple[slice, slice, slice]


@attrs.frozen(eq=False)
class _Rib:
    """A labelled rib of a level: a box of the grid, its voxels in it (n, 3), and their places (n, 3) in the frame."""

    level: Level
    side: str
    box: Box
    voxels: NDArray[np.intp]
    local_mm: Floats


def find_rib_heads(
    structures: LabelMap, vertebrae: Mapping[Level, Vertebra]
) -> Iterator[tuple[Level, str, Box, Bools]]:
    """Level, side, a box of the grid and the head's voxels in it, for each labelled rib that shows one.

    The end is the place of the rib that is nearest to the middle of its level's body, across the spine.
    """
    for rib in _ribs(structures, vertebrae):
        end = _end(rib, vertebrae[rib.level])
        if _shows_head(rib, vertebrae[rib.level]):
            head = np.zeros(structures.values[rib.box].shape, dtype=bool)
            near = np.linalg.norm(rib.local_mm - rib.local_mm[end], axis=1) < HEAD_MM
            head[tuple(rib.voxels[near].T)] = True
            yield rib.level, rib.side, rib.box, head


def model_rib_heads(
    structures: LabelMap, bone: NDArray[np.uint8], vertebrae: Mapping[Level, Vertebra]
) -> Iterator[ModelledPart]:
    """From the back corner of the body to the end of its labelled rib, where the label leaves out head and neck."""
    order = list(vertebrae)
    for rib in _ribs(structures, vertebrae):
        vertebra, sign = vertebrae[rib.level], SIGNS[rib.side]
        if _shows_head(rib, vertebra) or not vertebra.whole:
            continue
        share = OWN_HEIGHT_SHARE if rib.level in OWN_BODY else 1.0
        height = share * vertebra.endplate_cranial_mm
        own = structures.grid.to_patient(np.argwhere(bone == order.index(rib.level) + 1))
        local = local_coordinates(vertebra.frame, own)
        near = (np.abs(local[:, 1] - vertebra.canal_ventral_mm) < CORNER_MM) & (
            np.abs(local[:, 2] - height) < CORNER_MM
        )
        lateral = sign * local[near, 0]
        if not len(lateral) or lateral.max() <= 0.0:
            continue
        corner = np.array([sign * (lateral.max() + WIDTH_MM / 2), vertebra.canal_ventral_mm, height])
        end = rib.local_mm[int(np.argmin(np.linalg.norm(rib.local_mm - corner, axis=1)))]
        yield ModelledPart(
            structure=f"rib_head_{rib.level}_{rib.side}",
            name=f"head and neck of the {rib.side} rib of {rib.level}",
            kind="rib_head",
            level=rib.level,
            side=rib.side,
            points_mm=to_patient(vertebra.frame, np.stack([corner, end])),
            width_mm=WIDTH_MM,
            because=f"modelled from the back corner of the body of {rib.level} to where the rib's label begins",
        )


def _ribs(structures: LabelMap, vertebrae: Mapping[Level, Vertebra]) -> Iterator[_Rib]:
    """The labelled ribs of the thoracic levels that have a measured body."""
    numbers = {name: number for number, name in structures.names.items()}
    wanted = {
        f"rib_{side}_{level[1:]}": (level, side)
        for level, vertebra in vertebrae.items()
        for side in SIGNS
        if region(level) == "thoracic" and vertebra.body_height_mm > 0.0
    }
    if not wanted.keys() & numbers.keys():
        return
    boxes = scipy.ndimage.find_objects(structures.values)
    for name, (level, side) in wanted.items():
        number = numbers.get(name, 0)
        box = boxes[number - 1] if 0 < number <= len(boxes) else None
        if box is not None:
            voxels = np.argwhere(structures.values[box] == number)
            points = structures.grid.crop(box).to_patient(voxels)
            yield _Rib(level, side, box, voxels, local_coordinates(vertebrae[level].frame, points))


def _end(rib: _Rib, vertebra: Vertebra) -> int:
    """Which voxel of a rib is nearest to the middle of the body, across the spine."""
    off = rib.local_mm[:, :2] - local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0, :2]
    return int(np.argmin(np.hypot(off[:, 0], off[:, 1])))


def _shows_head(rib: _Rib, vertebra: Vertebra) -> bool:
    centre = local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0]
    beside = abs(float(rib.local_mm[_end(rib, vertebra), 0] - centre[0])) - vertebra.body_width_mm / 2
    return beside <= FROM_BODY_MM
