"""Cutting a placement out of the scene: the specimen, what remains, and the faces of the cuts.

Strategy. Every voxel is asked whether it lies on the specimen's side of the cuts that concern it: bodies and discs of
the end cuts and the sagittal cut, pedicles and arches of the arch cuts. The specimen is the bone and disc that pass,
all tumour that passes, and a cuff of soft tissue around tumour outside bone; of its pieces only those with tumour
stay. Canal and kept organs never belong to it. The face of a cut is where the specimen ends on its plane.
"""

from __future__ import annotations

import attrs
import cc3d
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.parts import BODY, local_coordinates
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import lies_within
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.levels import Level
from enbloc.resection.cuts import Cut
from enbloc.resection.cutting.column import (
    arch_taken_off,
    bone_levels,
    in_column,
    other_bone,
    over_or_under,
    whole_bones,
)
from enbloc.resection.cutting.faces import find_cuts
from enbloc.resection.cutting.placement import (
    Placement,
    height_above,
    in_bodies,
    in_walls,
)
from enbloc.resection.plans import Geometry
from enbloc.resection.settings import ResectionSettings

KEPT_KINDS_WITH_CUFF = ("autochthon", "iliopsoas", "gluteus", "piriformis")
"""Structures that a cuff may be taken from: muscle. Everything else that is labelled is kept whole."""


@attrs.frozen(eq=False)
class CutOut:
    """A placement cut out: geometry, and the cuts with their faces."""

    geometry: Geometry
    cuts: tuple[Cut, ...]


@attrs.frozen(eq=False)
class _Points:
    """Voxels that may belong to the specimen."""

    indices: NDArray[np.intp]
    points_mm: Floats
    number: NDArray[np.uint8]
    part: NDArray[np.uint8]
    column: Bools
    other_bone: Bools


def cut_out(scene: Scene, placement: Placement, settings: ResectionSettings) -> CutOut:
    """Cut a placement out of the scene.

    Parameters
    ----------
    scene : Scene
    placement : Placement
    settings : ResectionSettings
    """
    names = list(scene.vertebrae)
    numbers = [names.index(level) + 1 for level in bone_levels(placement)]
    resected = [names.index(level) + 1 for level in placement.levels]
    beside = other_bone(scene, placement)
    allowed = _allowed(scene, placement, numbers, settings.soft_cuff_mm) | beside
    points = _gather(scene, placement, allowed, beside)
    chosen = np.zeros(scene.grid.shape, dtype=bool)
    keep = _inside(scene, placement, points, resected)
    chosen[tuple(points.indices[keep].T)] = True
    specimen = _pieces_with_tumour(chosen, scene.tumour)
    any_bone = (scene.bone > 0) | whole_bones(scene, placement)
    remainder = (any_bone | scene.tumour) & ~specimen
    lost = specimen & (any_bone | beside)
    lost |= arch_taken_off(scene, placement)
    geometry = Geometry(
        specimen=specimen,
        remainder=remainder,
        specimen_ml=float(specimen.sum()) * scene.grid.voxel_ml,
        bone_lost_ml=float(lost.sum()) * scene.grid.voxel_ml,
    )
    return CutOut(geometry, find_cuts(scene, placement, specimen, settings))


def _allowed(scene: Scene, placement: Placement, numbers: list[int], cuff_mm: float) -> Bools:
    """Voxels that may belong to the specimen: these levels' bone, tumour, and soft tissue within the cuff."""
    given = ("vertebra_", "disc_", *KEPT_KINDS_WITH_CUFF, *placement.cuff_from)
    kept = [n for n, name in scene.structures.names.items() if not name.startswith(given)]
    blocked = np.isin(scene.structures.values, kept)
    if not placement.family.startswith("sacrectomy"):
        blocked |= scene.canal
    cuff = lies_within(scene.grid, scene.tumour, cuff_mm) & ~blocked & (scene.bone == 0)
    allowed: Bools = np.isin(scene.bone, numbers) | scene.tumour | cuff
    if placement.end_cuts:
        allowed |= _discs(scene, numbers) & ~blocked
    return allowed


def _discs(scene: Scene, numbers: list[int]) -> Bools:
    """Voxels that are no bone, within the outline of these bodies and no further above or below than half a body."""
    inside = np.zeros(scene.grid.shape, dtype=bool)
    for number in numbers:
        vertebra = list(scene.vertebrae.values())[number - 1]
        box = _box_of_body(scene, vertebra)
        free = voxels_of(scene.bone[box] == 0) + np.array([s.start for s in box])
        inside[tuple(free[over_or_under(vertebra, scene.grid.to_patient(free))].T)] = True
    return inside


def _box_of_body(scene: Scene, vertebra: Vertebra) -> tuple[slice, slice, slice]:
    """The part of the grid that can hold a body and its discs."""
    reach = float(np.hypot(np.hypot(vertebra.body_width_mm, vertebra.body_depth_mm) / 2, vertebra.body_height_mm))
    middle = scene.grid.to_index(vertebra.body_centre_mm[None])[0]
    by = reach / scene.grid.spacing_mm
    ends = zip(middle - by, middle + by, scene.grid.shape, strict=True)
    slices = [slice(max(int(low), 0), max(min(int(high) + 2, size), 0)) for low, high, size in ends]
    return slices[0], slices[1], slices[2]


def _gather(scene: Scene, placement: Placement, allowed: Bools, beside: Bools) -> _Points:
    indices = voxels_of(allowed)
    points = scene.grid.to_patient(indices)
    where = tuple(indices.T)
    column = in_column(scene, placement, points)
    return _Points(indices, points, scene.bone[where], scene.parts[where], column, beside[where])


def _inside(scene: Scene, placement: Placement, points: _Points, resected: list[int]) -> Bools:
    """Which points lie on the specimen's side of the cuts that concern them."""
    if placement.family.startswith("sacrectomy"):
        kept: Bools = ~arch_taken_off(scene, placement)[tuple(points.indices.T)]
        return in_bodies(placement, points.points_mm) & kept
    body = (points.part == BODY) | ((points.number == 0) & points.column)
    in_column = in_bodies(placement, points.points_mm) & bool(placement.end_cuts)
    in_arch = _inside_arch(scene, placement, points) & in_walls(placement, points.points_mm)
    if placement.sagittal is not None:
        in_arch &= height_above(placement.sagittal, points.points_mm) < 0.0
    own = np.isin(points.number, resected)
    soft = (points.number == 0) & ~points.column
    inside: Bools = (
        (body & in_column)
        | (own & ~body & in_arch)
        | (soft & (in_arch | _ventral(scene, placement, points)))
        | points.other_bone
    )
    return inside


def _ventral(scene: Scene, placement: Placement, points: _Points) -> Bools:
    """Soft tissue beside or in front of the bodies: with the specimen unless a sagittal cut leaves it."""
    if not placement.end_cuts:
        return np.zeros(len(points.indices), dtype=bool)
    level = placement.levels[len(placement.levels) // 2]
    front = local_coordinates(scene.vertebrae[level].frame, points.points_mm)[:, 1] < 0.0
    across = attrs.evolve(placement, end_cuts=())
    return front & in_bodies(across, points.points_mm)


def _inside_arch(scene: Scene, placement: Placement, points: _Points) -> Bools:
    """On the specimen's side of the arch cuts of the nearest level that has some."""
    nearest = _nearest_level(scene, placement.levels, points)
    inside = np.zeros(len(points.indices), dtype=bool)
    for rank, level in enumerate(placement.levels):
        mine = nearest == rank
        local = local_coordinates(scene.vertebrae[level].frame, points.points_mm[mine])
        towards_left = np.degrees(np.arctan2(local[:, 0], local[:, 1]))
        found = np.zeros(len(local), dtype=bool)
        for side in ("left", "right"):
            cut = placement.arch_cuts.get((level, side))
            if cut is None:
                continue
            angle = towards_left if side == "left" else -towards_left
            own_half = angle >= min(0.0, cut.angle_deg)
            found |= own_half & ((angle >= cut.angle_deg) if cut.keeps == "ventral" else (angle <= cut.angle_deg))
        inside[mine] = found
    return inside


def _nearest_level(scene: Scene, levels: tuple[Level, ...], points: _Points) -> NDArray[np.intp]:
    """The rank in `levels` of each point: of its own bone, or else of the nearest body in height."""
    gaps = []
    for level in levels:
        v = scene.vertebrae[level]
        height = local_coordinates(v.frame, points.points_mm)[:, 2] - (v.endplate_cranial_mm + v.endplate_caudal_mm) / 2
        gaps.append(np.abs(height))
    nearest: NDArray[np.intp] = np.argmin(np.stack(gaps), axis=0)
    names = list(scene.vertebrae)
    for rank, level in enumerate(levels):
        nearest[points.number == names.index(level) + 1] = rank
    return nearest


def _pieces_with_tumour(chosen: Bools, tumour: Bools) -> Bools:
    pieces = cc3d.connected_components(chosen.astype(np.uint8), connectivity=26)
    wanted = np.unique(pieces[chosen & tumour])
    kept: Bools = np.isin(pieces, wanted[wanted > 0])
    return kept
