"""Watertight solids of specimen and remainder, flat where they are cut.

Strategy. The surface runs half-way between inner and outer voxels (marching cubes), smoothed only so far that every
voxel's centre keeps its side. Where a cut ends the solid, the mask is first mirrored across the cut's plane, so that
the surface runs straight through it; then everything beyond the plane is taken off by a boolean that cannot return a
leaking surface. What is no closed solid at the end is refused, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import manifold3d
import numpy as np
import scipy
import skimage
from numpy.typing import NDArray

from enbloc.anatomy.scene import Scene
from enbloc.errors import GridError
from enbloc.foundation.space.boxes import box_of, voxels_of
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.space.polygons import distance_to_face
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Geometry

SMOOTH_VOXELS = 0.7
"""Standard deviation of the smoothing, in voxels."""

HOLD = 0.1
"""The smoothed field stays this far from one half at every voxel's centre, on the centre's own side."""

OTHER_LEVEL = 0.44
"""Smoothing takes a little off every bulge: the level is moved from one half, by this one's volume as a second point,
to where the volume is that of the voxels; never so far that a voxel's centre changes sides."""

MIRROR_VOXELS = 3.0
"""How far the mask is mirrored across a cut's plane, in the largest voxel edge: beyond the reach of the smoothing."""

BEHIND_VOXELS = 0.9
"""A mirror image is looked up at least this far behind the plane, so that the nearest voxel lies behind it too."""

ON_PLANE_MM = 1e-6
"""A voxel's centre no higher than this lies on the plane, which belongs to the specimen."""

PAD = 5
"""Voxels added around the mask: the mirrored part and the smoothing need room."""

LEAST_PIECE_VOXELS = 0.5
"""A closed piece smaller than this share of a voxel is a shard of the boolean, and is left out."""

SHORT_MM = 1e-3
"""Edges shorter than this are closed up: files keep coordinates in single precision, and must not leak either."""

Faces = NDArray[np.int64]


@attrs.frozen(eq=False)
class Solid:
    """A closed surface: `vertices_mm` (n, 3) LPS, `faces` (m, 3) with outward normals, and the volume inside, ml."""

    vertices_mm: Floats
    faces: Faces
    volume_ml: float


@attrs.frozen
class Refused:
    """No solid, and why."""

    because: str


def build_specimen(scene: Scene, geometry: Geometry, cuts: Sequence[Cut]) -> Solid | Refused:
    """The specimen, flat on the planes of its cuts."""
    return build_solid(scene.grid, geometry.specimen, cuts)


def build_remainder(scene: Scene, geometry: Geometry, cuts: Sequence[Cut]) -> Solid | Refused:
    """What remains of bone and tumour, flat on the far side of every cut: the kerf belongs to neither."""
    return build_rest(scene.grid, geometry.remainder, cuts)


def build_rest(grid: Grid, remainder: Bools, cuts: Sequence[Cut]) -> Solid | Refused:
    """The same of a mask on its grid."""
    mask = remainder.copy()
    for cut in cuts:
        mask &= ~in_kerf(grid, mask, cut)
    return build_solid(grid, mask, [_far_side(cut) for cut in cuts if _is_sound(cut)])


def in_kerf(grid: Grid, mask: Bools, cut: Cut) -> Bools:
    """Voxels of a mask whose centre the tool of a cut sweeps; none when the cut has no area."""
    swept = np.zeros(mask.shape, dtype=bool)
    if _is_sound(cut):
        where = voxels_of(mask)
        height = (grid.to_patient(where) - cut.origin_mm) @ cut.normal
        where = where[(height > 0.0) & (height <= cut.tool_width_mm)]
        swept[tuple(where[_over_face(grid, cut, where)[1]].T)] = True
    return swept


def build_solid(grid: Grid, mask: Bools, cuts: Sequence[Cut] = ()) -> Solid | Refused:
    """The closed surface of a mask, ended flat by cuts.

    Parameters
    ----------
    grid : Grid
    mask : bool array of the grid's shape
    cuts : sequence of Cut
        The solid lies behind each plane, where its face is. A cut without area, or away from the mask, changes nothing.

    Returns
    -------
    Solid or Refused
        Refused when the mask is empty, or no closed surface is left.

    Raises
    ------
    GridError
        If the mask has another shape than the grid.
    """
    if mask.shape != grid.shape:
        raise GridError(f"mask of shape {mask.shape} on a grid of shape {grid.shape}")
    if not mask.any():
        return Refused("the mask is empty")
    box, near = _boxed(grid, mask)
    beyond = [_mirrored(near, box, cut) for cut in cuts if _is_sound(cut)]
    whole = np.logical_or.reduce([box, *(there for there, _ in beyond)])
    centre = near.to_patient(np.array([near.shape]) / 2.0)[0]
    solid = _closed(near, whole, centre)
    if isinstance(solid, Refused):
        return solid
    for there, cut in beyond:
        off = _beyond_plane(near, there, box, cut, centre)
        if isinstance(off, Refused):
            return off
        solid = solid - off
    return _finished(solid, near.voxel_ml * 1000.0, centre)


def _is_sound(cut: Cut) -> bool:
    """True when a cut has finite numbers, a normal, and a face with area."""
    parts = (cut.origin_mm, cut.normal, cut.face_mm)
    if not all(np.isfinite(part).all() for part in parts) or len(cut.face_mm) < 3:
        return False
    edges = cut.face_mm - cut.face_mm[0]
    area = 0.5 * float(np.linalg.norm(np.cross(edges[1:-1], edges[2:]).sum(axis=0)))
    return area > 1e-6 and abs(float(np.linalg.norm(cut.normal)) - 1.0) < 1e-6


def _far_side(cut: Cut) -> Cut:
    """The same cut seen from what remains: beyond the kerf, facing back."""
    shift = cut.tool_width_mm * cut.normal
    return attrs.evolve(cut, origin_mm=cut.origin_mm + shift, face_mm=cut.face_mm + shift, normal=-cut.normal)


def _boxed(grid: Grid, mask: Bools) -> tuple[Bools, Grid]:
    """The mask with `PAD` empty voxels around it, and its grid."""
    found = box_of(mask)
    if found is None:
        raise GridError("the mask is empty")
    padded = np.pad(mask[found], PAD)
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_patient(np.array([[s.start - PAD for s in found]]))[0]
    return padded, Grid(padded.shape, affine)


def _over_face(grid: Grid, cut: Cut, indices: NDArray[np.intp]) -> tuple[Floats, Bools]:
    """Height (n,) mm of voxels over a cut's plane, and which stand over its face or within a voxel's edge of it."""
    points = grid.to_patient(indices)
    height = (points - cut.origin_mm) @ cut.normal
    flat = points - height[:, None] * cut.normal
    over: Bools = distance_to_face(flat, cut.face_mm, cut.normal)[0] <= float(grid.spacing_mm.max())
    return height, over


def _heights(grid: Grid, cut: Cut) -> Floats:
    """Height (of the grid's shape) mm of every voxel over a cut's plane."""
    along = grid.affine[:3, :3].T @ cut.normal
    start = float((grid.affine[:3, 3] - cut.origin_mm) @ cut.normal)
    i, j, k = np.ogrid[: grid.shape[0], : grid.shape[1], : grid.shape[2]]
    heights: Floats = start + i * along[0] + j * along[1] + k * along[2]
    return heights


def _mirrored(grid: Grid, mask: Bools, cut: Cut) -> tuple[Bools, Cut]:
    """Voxels beyond a cut's face whose mirror image lies in the mask."""
    reach = MIRROR_VOXELS * float(grid.spacing_mm.max())
    above = _heights(grid, cut)
    outer = voxels_of(~mask & (above > 0.0) & (above <= reach))
    height, over = _over_face(grid, cut, outer)
    outer, height = outer[over], height[over]
    depth = np.maximum(height, BEHIND_VOXELS * float(grid.spacing_mm.max()))
    behind = grid.to_patient(outer) - (height + depth)[:, None] * cut.normal
    image = np.rint(grid.to_index(behind)).astype(np.intp)
    inside = ((image >= 0) & (image < mask.shape)).all(axis=1)
    there = np.zeros(mask.shape, dtype=bool)
    hit = mask[tuple(image[inside].T)]
    there[tuple(outer[inside][hit].T)] = True
    return there, cut


def _beyond_plane(grid: Grid, there: Bools, mask: Bools, cut: Cut, centre: Floats) -> manifold3d.Manifold | Refused:
    """What a cut takes off: the mirrored part, grown a little, as far as it lies beyond the plane."""
    if not there.any():
        return manifold3d.Manifold()
    inner = voxels_of(mask)
    height = (grid.to_patient(inner) - cut.origin_mm) @ cut.normal
    under = inner[(height <= ON_PLANE_MM) & (height > -float(grid.spacing_mm.max()))]
    under = under[_over_face(grid, cut, under)[1]]
    grown = there.copy()
    grown[tuple(under.T)] = True
    grown = scipy.ndimage.binary_dilation(grown, iterations=2)
    grown[tuple(inner[height > ON_PLANE_MM].T)] = False
    box, near = _boxed(grid, grown)
    blob = _closed(near, box, centre)
    if isinstance(blob, Refused):
        return blob
    return blob.trim_by_plane(tuple(cut.normal), float((cut.origin_mm - centre) @ cut.normal))


def _closed(grid: Grid, mask: Bools, centre: Floats) -> manifold3d.Manifold | Refused:
    """The closed surface of a mask with empty borders, in mm about `centre`."""
    smooth = scipy.ndimage.gaussian_filter(mask.astype(np.float32), SMOOTH_VOXELS)
    field = np.where(mask, np.maximum(smooth, 0.5 + HOLD), np.minimum(smooth, 0.5 - HOLD))
    field[[0, -1]] = field[:, [0, -1]] = field[:, :, [0, -1]] = 0.0
    wanted = float(mask.sum()) * grid.voxel_ml * 1000.0
    solid = _at_level(grid, field, 0.5, centre)
    if isinstance(solid, Refused) or solid.volume() >= wanted:
        return solid
    other = _at_level(grid, field, OTHER_LEVEL, centre)
    if isinstance(other, Refused) or other.volume() <= solid.volume():
        return solid
    share = (wanted - solid.volume()) / (other.volume() - solid.volume())
    level = max(0.5 - share * (0.5 - OTHER_LEVEL), 0.51 - HOLD)
    return _at_level(grid, field, level, centre)


def _at_level(grid: Grid, field: NDArray[np.float32], level: float, centre: Floats) -> manifold3d.Manifold | Refused:
    vertices, faces, _, _ = skimage.measure.marching_cubes(field, level=level)
    if np.linalg.det(grid.affine[:3, :3]) < 0.0:
        faces = faces[:, ::-1]
    mesh = manifold3d.Mesh64(grid.to_patient(vertices) - centre, faces[:, ::-1].astype(np.uint64))
    solid = manifold3d.Manifold(mesh)
    if solid.status() != manifold3d.Error.NoError:
        return Refused(f"its surface is not closed ({solid.status().name})")
    return solid


def _finished(solid: manifold3d.Manifold, voxel_mm3: float, centre: Floats) -> Solid | Refused:
    if solid.status() != manifold3d.Error.NoError:
        return Refused(f"the cuts leave no closed surface ({solid.status().name})")
    pieces = [piece for piece in solid.decompose() if piece.volume() > LEAST_PIECE_VOXELS * voxel_mm3]
    if not pieces:
        return Refused("nothing is left between the cuts")
    joined = manifold3d.Manifold.compose(pieces).simplify(SHORT_MM)
    mesh = joined.to_mesh64()
    vertices = np.asarray(mesh.vert_properties, dtype=np.float64)[:, :3] + centre
    return Solid(vertices, np.asarray(mesh.tri_verts).astype(np.int64), float(joined.volume()) / 1000.0)
