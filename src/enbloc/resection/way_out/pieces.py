"""The pieces of bone beside a resection that could be taken off to let the specimen out, one by one.

Below the pedicles of the neighbour above hang its inferior articular processes, with the lower lamina and the spinous
process between; above the upper end plate of the neighbour below stand its superior ones. Of a rib the head and neck
are a piece. These borders are the project's own (`ours`); each piece names what losing it costs.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np

from enbloc.anatomy.parts import ARCH_LEFT, ARCH_RIGHT, BODY, PEDICLE_LEFT, PEDICLE_RIGHT, local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.boxes import box_of, joined, moved, voxels_of
from enbloc.foundation.space.distances import distance_to_voxels, reached_from
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.levels import Level, next_caudal, next_cranial
from enbloc.resection.cutting.placement import Placement

MIDLINE_MM = 5.0
"""Bone of the arch no further than this from the midline is spinous process and mid lamina, not joint (ours)."""

RIB_TAKEN_MM = 30.0
"""Of a rib that is resected, what lies this near to its vertebra: the low end of 3-4 cm beyond the joint (OST-5)."""

JOINT_COST = "its joint is lost; the instrumented segment bridges it"
SPINE_COST = "muscle and ligament attachments are lost"
RIB_COST = "the rib loses its joints; the pleura lies against it"
ARCH_COST = "its arch is opened further"


@attrs.frozen(eq=False)
class Piece:
    """A piece of bone that could go.

    Parameters
    ----------
    structure : str
        As sacrifices name it.
    words : str
    cost : str
        What losing it costs.
    rank : int
        Order of cost: a lower one is given up first (ours).
    where : bool array on the scene's grid
    """

    structure: str
    words: str
    cost: str
    rank: int
    where: Bools


def find_pieces(scene: Scene, placement: Placement, stays: Bools) -> Iterator[Piece]:
    """The pieces of what stays that could be taken off, the direct neighbours' first.

    Parameters
    ----------
    scene : Scene
    placement : Placement
    stays : bool array
        Bone that stays.
    """
    above, below = neighbours(scene, placement)
    if above:
        yield from _inferior(scene, above, stays)
    if below:
        yield from _superior(scene, below, stays)
    for level in placement.levels:
        yield from _own_rest(scene, level, stays)
    for beside in (above, below):
        if beside:
            yield from _rest(scene, beside, stays)


def rib_head(scene: Scene, rib: str) -> Bools:
    """Where a rib lies near its vertebra, asked at the rib's own voxels alone.

    All of a structure that is no rib, or whose vertebra is not in the scene.
    """
    level = f"T{rib.rsplit('_', 1)[-1]}"
    if not rib.startswith("rib_") or level not in scene.vertebrae:
        return np.ones(scene.grid.shape, dtype=bool)
    bone = _bone_of(scene, level)
    near = np.zeros(scene.grid.shape, dtype=bool)
    reached, held = reached_from(scene.grid, bone, RIB_TAKEN_MM), box_of(bone)
    if reached is None or held is None:
        return near
    asked = box_of(scene.structures.mask(rib)[reached])
    if asked is not None:
        # All of the bone and what is asked of the rib lie in this box: the distances are those of the whole grid.
        box = joined(held, moved(asked, reached))
        near[box] = distance_to_voxels(scene.grid, bone[box]) <= RIB_TAKEN_MM
    return near


def rib_piece(rib: str, there: Bools) -> Piece:
    """The head and neck of a rib that stays."""
    _, side, number = rib.split("_")
    return Piece(f"rib_head_{side}_{number}", f"the head of the {side} rib {number}", RIB_COST, 3, there)


def neighbours(scene: Scene, placement: Placement) -> tuple[Level | None, Level | None]:
    """The levels above and below the ones resected, as far as labelled."""
    return (next_cranial(placement.levels[0], scene.vertebrae), next_caudal(placement.levels[-1], scene.vertebrae))


def _bone_of(scene: Scene, level: Level) -> Bools:
    own: Bools = scene.bone == list(scene.vertebrae).index(level) + 1
    return own


def _arch_of(scene: Scene, level: Level, stays: Bools) -> Bools:
    arch: Bools = _bone_of(scene, level) & stays & np.isin(scene.parts, (ARCH_LEFT, ARCH_RIGHT))
    return arch


def _inferior(scene: Scene, level: Level, stays: Bools) -> Iterator[Piece]:
    """What hangs below the pedicles of the neighbour above: joint processes left and right, and between them."""
    arch = _arch_of(scene, level, stays)
    pedicles = _bone_of(scene, level) & np.isin(scene.parts, (PEDICLE_LEFT, PEDICLE_RIGHT))
    if not arch.any() or not pedicles.any():
        return
    border = float(np.quantile(_local(scene, level, pedicles)[:, 2], 0.05))
    local = _local(scene, level, arch)
    below = local[:, 2] < border
    aside = np.abs(local[:, 0]) > MIDLINE_MM
    yield from _joints(scene, level, "inferior", arch, below & aside)
    words = f"the spinous process and lower lamina of {level}"
    middle = _part(arch, below & ~aside)
    yield from _piece(f"spinous_process_{level}", words, SPINE_COST, 2, middle)


def _superior(scene: Scene, level: Level, stays: Bools) -> Iterator[Piece]:
    """The joint processes that stand above the body of the neighbour below, beside and behind the canal."""
    behind = _bone_of(scene, level) & stays & (scene.parts != BODY)
    if not behind.any():
        return
    local = _local(scene, level, behind)
    above = (local[:, 2] > scene.vertebrae[level].endplate_cranial_mm) & (local[:, 1] > 0.0)
    yield from _joints(scene, level, "superior", behind, above & (np.abs(local[:, 0]) > MIDLINE_MM))


def _joints(scene: Scene, level: Level, which: str, bone: Bools, chosen: Bools) -> Iterator[Piece]:
    left = _local(scene, level, bone)[:, 0] > 0.0
    for side, mine in (("left", left), ("right", ~left)):
        words = f"the {side} {which} articular process of {level}"
        where = _part(bone, chosen & mine)
        yield from _piece(f"{which}_articular_process_{level}_{side}", words, JOINT_COST, 1, where)


def _own_rest(scene: Scene, level: Level, stays: Bools) -> Iterator[Piece]:
    words = f"the rest of the arch of {level}"
    yield from _piece(f"arch_{level}", words, "the ring is opened further, on the healthy side too", 4,
                      _arch_of(scene, level, stays))  # fmt: skip


def _rest(scene: Scene, level: Level, stays: Bools) -> Iterator[Piece]:
    yield from _piece(f"arch_{level}", f"the rest of the arch of {level}", ARCH_COST, 6, _arch_of(scene, level, stays))


def _piece(structure: str, words: str, cost: str, rank: int, where: Bools) -> Iterator[Piece]:
    if where.any():
        yield Piece(structure, words, cost, rank, where)


def _local(scene: Scene, level: Level, mask: Bools) -> Floats:
    return local_coordinates(scene.vertebrae[level].frame, scene.grid.to_patient(voxels_of(mask)))


def _part(mask: Bools, chosen: Bools) -> Bools:
    """The voxels of a mask that are chosen, in the order of `argwhere`."""
    part = np.zeros(mask.shape, dtype=bool)
    part[mask] = chosen
    return part
