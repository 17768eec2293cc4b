"""The faces of the cuts: where a specimen ends on each plane of its placement.

Strategy. Voxels of the specimen that lie against a plane are laid flat on it, and the convex polygon around them is the
face. A convex polygon spans the hollow of a body's back wall, where the cord may lie: it is trimmed there, so that no
face reaches into the cord.
"""

from __future__ import annotations

import attrs
import numpy as np
import scipy

from enbloc.anatomy.parts import BODY
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.space.polygons import clip_face, distance_to_face
from enbloc.resection.cuts import Cut, CutKind
from enbloc.resection.cutting.column import in_column, other_bone
from enbloc.resection.cutting.placement import (
    ArchCut,
    EndCut,
    Placement,
    Plane,
    RibCut,
    Step,
    Wall,
    arch_normal,
    arch_ray,
    height_above,
    in_bodies,
    side_cut,
)
from enbloc.resection.settings import ResectionSettings

FACE_REACH = 1.0
"""Voxels whose centre lies within this many voxel edges of a plane, on the specimen's side, make its face."""

BEYOND_MM = 0.1
"""A step across a plane."""

RIB_FACE_MM = 15.0
"""The face of a rib's cut lies within this distance of its middle."""

CORD_CLEAR_MM = 1.0
"""A face is trimmed so far from the cord's label (ours)."""

CANAL_RIM_VOXELS = 3
"""Without a label of the cord it lies this deep in the canal at least."""


def find_cuts(scene: Scene, placement: Placement, specimen: Bools, settings: ResectionSettings) -> tuple[Cut, ...]:
    """The cuts with their faces; a cut on which the specimen does not end is left out.

    Parameters
    ----------
    scene : Scene
    placement : Placement
    specimen : bool array
        On the scene's grid.
    settings : ResectionSettings
    """
    cord = _cord(scene)
    inner = voxels_of(specimen)
    points = scene.grid.to_patient(inner)
    where = tuple(inner.T)
    column = in_column(scene, placement, points)
    body = (scene.parts[where] == BODY) | ((scene.bone[where] == 0) & column)
    found: list[Cut | None] = []
    for end in placement.end_cuts:
        kind: CutKind = "discectomy" if end.tissue == "disc" else "osteotomy"
        face = _trimmed(scene, end.plane, _face(scene, end.plane, points[body]), cord)
        found.append(_cut(end.end, kind, end.plane, face, settings, (end.through,), end.because))
        if end.step is not None:
            found += _of_step(scene, end, end.step, points[body], (cord, settings))
    hard = (scene.bone[where] > 0) | other_bone(scene, placement)[where]
    if placement.sagittal is not None:
        ending = points[(body | hard) & _ends_on(placement, placement.sagittal, points)]
        face = _trimmed(scene, placement.sagittal, _face(scene, placement.sagittal, ending), cord)
        crossed = tuple(f"body of {level}" for level in placement.levels)
        why = ("parallel to the midline, outside the canal on the healthy side (OST-4)",)
        found.append(_cut("sagittal", "osteotomy", placement.sagittal, face, settings, crossed, why))
    if placement.coronal is not None:
        ending = points[(body | hard) & _ends_on(placement, placement.coronal.plane, points)]
        found.append(_wall(scene, placement.coronal, ending, settings))
    found += [_wall(scene, wall, points[body | hard], settings) for wall in placement.beside]
    found += [_rib(scene, rib, points[rib.taken[where]], settings) for rib in placement.rib_cuts]
    for (level, _), arch in placement.arch_cuts.items():
        plane, ahead = arch_plane(scene.vertebrae[level], arch)
        number = list(scene.vertebrae).index(level) + 1
        mine = (scene.bone[where] == number) & (scene.parts[where] != BODY)
        mine &= (points - scene.vertebrae[level].frame.origin_mm) @ ahead > 0.0
        tissue = _crossed_part(arch)
        face = _trimmed(scene, plane, _face(scene, plane, points[mine]), cord)
        name = _arch_name(placement, arch)
        crossed = (f"{side_cut(arch)} {tissue} of {level}",)
        found.append(_cut(name, "osteotomy", plane, face, settings, crossed, arch.because))
    return tuple(cut for cut in found if cut is not None)


def _arch_name(placement: Placement, arch: ArchCut) -> str:
    """Side, part and, of several levels, the level; the inner of two cuts in one lamina is called medial."""
    side, tissue = side_cut(arch), _crossed_part(arch)
    other = placement.arch_cuts.get((arch.level, side))
    both = other is not None and other is not arch and side_cut(other) == side and _crossed_part(other) == tissue
    name = f"{side} {'medial ' if both and arch.angle_deg < 0.0 else ''}{tissue}"
    return f"{name} {arch.level}" if len(placement.levels) > 1 else name


def _of_step(
    scene: Scene, end: EndCut, step: Step, points: Floats, given: tuple[Floats, ResectionSettings]
) -> list[Cut | None]:
    """The riser, between disc and deep cut, and the disc on its far side."""
    cord, settings = given
    deep = points[height_above(step.disc, points) > 0.0]
    far = points[height_above(step.riser, points) >= 0.0]
    riser = _trimmed(scene, step.riser, _face(scene, step.riser, deep), cord)
    disc = _trimmed(scene, step.disc, _face(scene, step.disc, far), cord)
    crossed = (end.through, step.through)
    return [
        _cut(f"{end.end} step", "osteotomy", step.riser, riser, settings, crossed, step.because),
        _cut(f"{end.end} disc", "discectomy", step.disc, disc, settings, (step.through,), step.because),
    ]


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
        corners = flat[scipy.spatial.ConvexHull(flat).vertices]
    except scipy.spatial.QhullError:
        return None
    face: Floats = plane.origin_mm + corners[:, :1] * first + corners[:, 1:] * second
    return face


def _cord(scene: Scene) -> Floats:
    """Voxels (n, 3) LPS mm of the cord, or of the canal's depth where the cord is not labelled."""
    cord = scene.structures.mask("spinal_cord") & ~scene.tumour
    if not cord.any():
        cord = np.asarray(scipy.ndimage.binary_erosion(scene.canal, iterations=CANAL_RIM_VOXELS), dtype=bool)
    return scene.grid.to_patient(voxels_of(cord))


def _trimmed(scene: Scene, plane: Plane, face: Floats | None, cord_mm: Floats) -> Floats | None:
    """A face without what lies at the cord and behind it, seen from the face's middle."""
    if face is None or not len(cord_mm):
        return face
    reach = FACE_REACH * float(scene.grid.spacing_mm.max())
    near = cord_mm[np.abs(height_above(plane, cord_mm)) <= reach]
    distance = distance_to_face(near, face, plane.normal)[0]
    inside = near[distance <= reach + CORD_CLEAR_MM] if len(near) else near
    if not len(inside):
        return face
    middle = face.mean(axis=0)
    way = inside.mean(axis=0) - middle
    way -= (way @ plane.normal) * plane.normal
    length = float(np.linalg.norm(way))
    if length < BEYOND_MM:
        return face
    way /= length
    limit = float(((inside - middle) @ way).min()) - CORD_CLEAR_MM - float(scene.grid.spacing_mm.max()) / 2
    return clip_face(face, middle + limit * way, way)


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
