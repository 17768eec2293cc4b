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
from scipy.spatial import ConvexHull, QhullError

from enbloc.anatomy.parts import BODY, local_coordinates
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.levels import Level
from enbloc.resection.cuts import Cut, CutKind
from enbloc.resection.placement import (
    ArchCut,
    Placement,
    Plane,
    RibCut,
    Wall,
    arch_normal,
    arch_ray,
    height_above,
    in_bodies,
    in_walls,
)
from enbloc.resection.plans import Geometry
from enbloc.resection.settings import ResectionSettings

FACE_REACH = 1.0
"""Voxels whose centre lies within this many voxel edges of a plane, on the specimen's side, make its face."""

KEPT_KINDS_WITH_CUFF = ("autochthon", "iliopsoas", "gluteus", "piriformis")
"""Structures that a cuff may be taken from: muscle. Everything else that is labelled is kept whole."""


BEYOND_MM = 0.1
"""A step across a plane."""

ILIUM_MM = 40.0
"""Of the ilium no more than this beside the sacrum can go with a specimen of it (ours)."""

RIB_FACE_MM = 15.0
"""The face of a rib's cut lies within this distance of its middle."""


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
    bone_levels = _bone_levels(placement)
    names = list(scene.vertebrae)
    numbers = [names.index(level) + 1 for level in bone_levels]
    resected = [names.index(level) + 1 for level in placement.levels]
    other_bone = _other_bone(scene, placement)
    allowed = _allowed(scene, placement, numbers, settings.soft_cuff_mm) | other_bone
    points = _gather(scene, placement, allowed, other_bone)
    chosen = np.zeros(scene.grid.shape, dtype=bool)
    keep = _inside(scene, placement, points, resected)
    chosen[tuple(points.indices[keep].T)] = True
    specimen = _pieces_with_tumour(chosen, scene.tumour)
    any_bone = (scene.bone > 0) | _whole_bones(scene, placement)
    remainder = (any_bone | scene.tumour) & ~specimen
    lost = specimen & (any_bone | other_bone)
    if placement.removes_arch:
        lost |= np.isin(scene.bone, resected) & (scene.parts != BODY)
    geometry = Geometry(
        specimen=specimen,
        remainder=remainder,
        specimen_ml=float(specimen.sum()) * scene.grid.voxel_ml,
        bone_lost_ml=float(lost.sum()) * scene.grid.voxel_ml,
    )
    return CutOut(geometry, _cuts(scene, placement, specimen, settings))


def _bone_levels(placement: Placement) -> tuple[Level, ...]:
    """The levels whose bone a placement may take: its own, and the neighbour that an end cut goes through."""
    beyond = tuple(c.neighbour for c in placement.end_cuts if c.tissue == "bone" and c.neighbour)
    return (*placement.levels, *beyond)


def _whole_bones(scene: Scene, placement: Placement) -> Bools:
    """Bones apart from the vertebrae that the placement may divide: the sacrum, and of the ilium what lies at it."""
    found = np.zeros(scene.grid.shape, dtype=bool)
    for name in placement.bones:
        bone = scene.structures.mask(name) & (scene.bone == 0)
        if name.startswith("hip_") and bone.any():
            bone &= distance_to(scene.grid, scene.structures.mask("sacrum") | (scene.bone > 0)) <= ILIUM_MM
        found |= bone
    return found


def _other_bone(scene: Scene, placement: Placement) -> Bools:
    """Bone apart from the vertebrae that may belong to the specimen: whole bones, and of ribs what is cut off."""
    found = _whole_bones(scene, placement)
    for rib in placement.rib_cuts:
        found |= rib.taken
    return found


def _allowed(scene: Scene, placement: Placement, numbers: list[int], cuff_mm: float) -> Bools:
    """Voxels that may belong to the specimen: these levels' bone, tumour, and soft tissue within the cuff."""
    given = ("vertebra_", "disc_", *KEPT_KINDS_WITH_CUFF, *placement.cuff_from)
    kept = [n for n, name in scene.structures.names.items() if not name.startswith(given)]
    blocked = np.isin(scene.structures.values, kept)
    if not placement.family.startswith("sacrectomy"):
        blocked |= scene.canal
    cuff = (distance_to(scene.grid, scene.tumour) <= cuff_mm) & ~blocked & (scene.bone == 0)
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
        free = np.argwhere(scene.bone[box] == 0) + np.array([s.start for s in box])
        inside[tuple(free[_over_or_under(vertebra, scene.grid.to_patient(free))].T)] = True
    return inside


def _box_of_body(scene: Scene, vertebra: Vertebra) -> tuple[slice, slice, slice]:
    """The part of the grid that can hold a body and its discs."""
    reach = float(np.hypot(np.hypot(vertebra.body_width_mm, vertebra.body_depth_mm) / 2, vertebra.body_height_mm))
    middle = scene.grid.to_index(vertebra.body_centre_mm[None])[0]
    by = reach / scene.grid.spacing_mm
    ends = zip(middle - by, middle + by, scene.grid.shape, strict=True)
    slices = [slice(max(int(low), 0), max(min(int(high) + 2, size), 0)) for low, high, size in ends]
    return slices[0], slices[1], slices[2]


def _over_or_under(vertebra: Vertebra, points: Floats) -> Bools:
    local = local_coordinates(vertebra.frame, points)
    centre = local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0]
    half = np.array([vertebra.body_width_mm, vertebra.body_depth_mm]) / 2
    outline = (((local[:, :2] - centre[:2]) / np.maximum(half, 1e-6)) ** 2).sum(axis=1) < 1.0
    return np.asarray(outline & (np.abs(local[:, 2] - centre[2]) < vertebra.body_height_mm), dtype=bool)


def _gather(scene: Scene, placement: Placement, allowed: Bools, other_bone: Bools) -> _Points:
    indices = np.argwhere(allowed)
    points = scene.grid.to_patient(indices)
    where = tuple(indices.T)
    column = np.zeros(len(indices), dtype=bool)
    for level in _bone_levels(placement):
        column |= _over_or_under(scene.vertebrae[level], points)
    return _Points(indices, points, scene.bone[where], scene.parts[where], column, other_bone[where])


def _inside(scene: Scene, placement: Placement, points: _Points, resected: list[int]) -> Bools:
    """Which points lie on the specimen's side of the cuts that concern them."""
    if placement.family.startswith("sacrectomy"):
        return in_bodies(placement, points.points_mm)
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


def _cuts(scene: Scene, placement: Placement, specimen: Bools, settings: ResectionSettings) -> tuple[Cut, ...]:
    """The cuts with their faces; a cut on which the specimen does not end is left out."""
    inner = np.argwhere(specimen)
    points = scene.grid.to_patient(inner)
    where = tuple(inner.T)
    column = np.zeros(len(points), dtype=bool)
    for level in _bone_levels(placement):
        column |= _over_or_under(scene.vertebrae[level], points)
    body = (scene.parts[where] == BODY) | ((scene.bone[where] == 0) & column)
    found: list[Cut | None] = []
    for end in placement.end_cuts:
        kind: CutKind = "discectomy" if end.tissue == "disc" else "osteotomy"
        face = _face(scene, end.plane, points[body])
        found.append(_cut(end.end, kind, end.plane, face, settings, (end.through,), end.because))
    hard = (scene.bone[where] > 0) | _other_bone(scene, placement)[where]
    if placement.sagittal is not None:
        ending = points[(body | hard) & _ends_on(placement, placement.sagittal, points)]
        face = _face(scene, placement.sagittal, ending)
        crossed = tuple(f"body of {level}" for level in placement.levels)
        why = ("parallel to the midline, outside the canal on the healthy side (OST-4)",)
        found.append(_cut("sagittal", "osteotomy", placement.sagittal, face, settings, crossed, why))
    if placement.coronal is not None:
        ending = points[(body | hard) & _ends_on(placement, placement.coronal.plane, points)]
        found.append(_wall(scene, placement.coronal, ending, settings))
    found += [_wall(scene, wall, points[body | hard], settings) for wall in placement.beside]
    found += [_rib(scene, rib, points[rib.taken[where]], settings) for rib in placement.rib_cuts]
    for (level, side), arch in placement.arch_cuts.items():
        plane, ahead = arch_plane(scene.vertebrae[level], arch)
        number = list(scene.vertebrae).index(level) + 1
        mine = (scene.bone[where] == number) & (scene.parts[where] != BODY)
        mine &= (points - scene.vertebrae[level].frame.origin_mm) @ ahead > 0.0
        tissue = _crossed_part(arch)
        face = _face(scene, plane, points[mine])
        name = f"{side} {tissue} {level}" if len(placement.levels) > 1 else f"{side} {tissue}"
        found.append(_cut(name, "osteotomy", plane, face, settings, (f"{side} {tissue} of {level}",), arch.because))
    return tuple(cut for cut in found if cut is not None)


def _ends_on(placement: Placement, plane: Plane, points: Floats) -> Bools:
    """Of points near a plane, those behind which the specimen ends there and is not carried on by another plane."""
    across = points + (BEYOND_MM - height_above(plane, points))[:, None] * plane.normal
    return ~in_bodies(attrs.evolve(placement, end_cuts=()), across)


def _wall(scene: Scene, wall: Wall, points: Floats, settings: ResectionSettings) -> Cut | None:
    face = _face(scene, wall.plane, points)
    return _cut(wall.id, wall.kind, wall.plane, face, settings, wall.crosses, wall.because)


def _rib(scene: Scene, rib: RibCut, points: Floats, settings: ResectionSettings) -> Cut | None:
    """A rib is curved: its face is looked for around the cut alone."""
    near = points[np.linalg.norm(points - rib.plane.origin_mm, axis=1) <= RIB_FACE_MM]
    face = _face(scene, rib.plane, near)
    return _cut(rib.structure, "osteotomy", rib.plane, face, settings, (rib.structure,), rib.because)


def arch_plane(vertebra: Vertebra, cut: ArchCut) -> tuple[Plane, Floats]:
    """An arch cut as a plane, and the direction in which it runs out from the canal's centre, LPS."""
    axes = np.stack([vertebra.frame.left, vertebra.frame.dorsal, vertebra.frame.cranial], axis=1)
    return Plane(vertebra.frame.origin_mm, axes @ arch_normal(cut)), axes @ arch_ray(cut.angle_deg, cut.side)


def _crossed_part(cut: ArchCut) -> str:
    return "pedicle" if cut.angle_deg >= 78.0 else "lamina"


def _face(scene: Scene, plane: Plane, inner_mm: Floats) -> Floats | None:
    """Corners (n, 3) LPS mm of the convex polygon where the specimen's points end on a plane; None without one."""
    reach = FACE_REACH * float(scene.grid.spacing_mm.max())
    height = height_above(plane, inner_mm)
    near = inner_mm[(height > -reach) & (height <= 0.0)]
    if len(near) < 4:
        return None
    first = np.cross(plane.normal, [1.0, 0.0, 0.0] if abs(plane.normal[0]) < 0.9 else [0.0, 1.0, 0.0])
    first /= np.linalg.norm(first)
    second = np.cross(plane.normal, first)
    flat = np.stack([(near - plane.origin_mm) @ first, (near - plane.origin_mm) @ second], axis=1)
    try:
        corners = flat[ConvexHull(flat).vertices]
    except QhullError:
        return None
    face: Floats = plane.origin_mm + corners[:, :1] * first + corners[:, 1:] * second
    return face


def _cut(
    name: str,
    kind: CutKind,
    plane: Plane,
    face: Floats | None,
    settings: ResectionSettings,
    crosses: tuple[str, ...],
    because: tuple[str, ...],
) -> Cut | None:
    if face is None:
        return None
    return Cut(
        id=name,
        kind=kind,
        origin_mm=face.mean(axis=0),
        normal=plane.normal,
        face_mm=face,
        tool_width_mm=settings.kerf_mm,
        crosses=crosses,
        because=because,
    )
