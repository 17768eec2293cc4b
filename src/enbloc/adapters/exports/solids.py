"""Closed surfaces of segments and slabs of cuts, LPS mm.

Tumour, canal, specimen and remainder come from `resection.solids`: smooth within their voxels and flat where they are
cut. Structures around them follow their voxels: the surface runs just inside half way between voxel centres, because at
exactly half, diagonal voxels tie and it may touch itself along an edge, which no printer accepts. A slab is what the
tool takes away: the cut's face, pushed out of the specimen by the tool's width.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import attrs
import numpy as np
import skimage
from manifold3d import Error, Manifold, Mesh
from numpy.typing import NDArray

from enbloc.adapters.exports.codes import REMAINDER, SPECIMEN
from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import one_line
from enbloc.adapters.exports.segments import Colour, Segment, pieces_of, segments_of
from enbloc.errors import InputError
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.resection.cuts import Cut
from enbloc.resection.specimen.solids import Refused, build_rest, build_solid

LEVEL = 0.499
"""Of a mask whose voxels are 1: a thousandth of a voxel from half way, so that no tie is left."""
CUT_COLOUR: Colour = (40, 110, 200)

Faces = NDArray[np.int64]


@attrs.frozen(eq=False)
class Solid:
    """A closed surface.

    Parameters
    ----------
    id, name : str
        As in `Segment`; ``"cut-cranial"`` for slabs.
    vertices_mm : (n, 3) float, LPS
    faces : (m, 3) int
        Counter-clockwise seen from outside.
    colour : RGB, 0-255
    """

    id: str
    name: str
    vertices_mm: Floats
    faces: Faces
    colour: Colour


@lru_cache(maxsize=2)
def solids_of(source: RunSource) -> tuple[Solid, ...]:
    """Every segment's surface and every cut's slab.

    Raises
    ------
    InputError
        If the case has no images, or a surface is not closed.
    """
    return tuple(_solids(source))


def _solids(source: RunSource) -> Iterator[Solid]:
    grid = pieces_of(source).grid
    for segment in segments_of(source):
        vertices, faces = _surface_of(segment, grid, source.cuts)
        solid = Solid(segment.id, segment.name, vertices, faces, segment.colour)
        yield _checked(solid) if segment.layer == 0 else solid
    for cut in source.cuts:
        name = one_line(f"cut {cut.id}, kerf {cut.tool_width_mm:g} mm", 64)
        yield _checked(Solid(f"cut-{cut.id}", name, *slab(cut), CUT_COLOUR))


def _surface_of(segment: Segment, grid: Grid, cuts: tuple[Cut, ...]) -> tuple[Floats, Faces]:
    if segment.layer == 0:
        return closed_surface(segment.mask, grid)
    if segment.id == REMAINDER:
        found = build_rest(grid, segment.mask, cuts)
    else:
        found = build_solid(grid, segment.mask, cuts if segment.id == SPECIMEN else ())
    if isinstance(found, Refused):
        return closed_surface(segment.mask, grid)
    return found.vertices_mm, found.faces


def closed_surface(mask: Bools, grid: Grid) -> tuple[Floats, Faces]:
    """The surface of a mask that is not empty: vertices in LPS mm, faces counter-clockwise from outside."""
    box = tuple(slice(int(hit.min()), int(hit.max()) + 1) for hit in np.nonzero(mask))
    padded = np.pad(mask[box], 1).astype(np.float32)
    vertices, faces, _, _ = skimage.measure.marching_cubes(padded, level=LEVEL)
    start = np.array([cut.start - 1 for cut in box], dtype=np.float64)
    vertices_mm = grid.to_patient(vertices.astype(np.float64) + start)
    if signed_volume_mm3(vertices_mm, faces) < 0:
        faces = faces[:, ::-1]
    return vertices_mm, np.ascontiguousarray(faces, dtype=np.int64)


def slab(cut: Cut) -> tuple[Floats, Faces]:
    """The prism that the tool takes away: from the plane where the specimen ends, outwards by the tool's width."""
    inner = cut.face_mm - ((cut.face_mm - cut.origin_mm) @ cut.normal)[:, None] * cut.normal
    outer = inner + cut.tool_width_mm * cut.normal
    count = len(inner)
    ring = np.arange(count)
    following = (ring + 1) % count
    fan = np.array([[0, n, n + 1] for n in range(1, count - 1)])
    walls = np.concatenate(
        [
            np.column_stack([ring, following, following + count]),
            np.column_stack([ring, following + count, ring + count]),
        ]
    )
    faces = np.concatenate([fan[:, ::-1], fan + count, walls]).astype(np.int64)
    vertices = np.concatenate([inner, outer])
    return vertices, faces if signed_volume_mm3(vertices, faces) > 0 else faces[:, ::-1].copy()


def signed_volume_mm3(vertices_mm: Floats, faces: NDArray[np.integer]) -> float:
    """The volume inside a closed surface, mm³; negative when its faces run clockwise from outside."""
    centred = vertices_mm - vertices_mm.mean(axis=0)
    a, b, c = (centred[faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)


def _checked(solid: Solid) -> Solid:
    mesh = Mesh(vert_properties=solid.vertices_mm.astype(np.float32), tri_verts=solid.faces.astype(np.uint32))
    status = Manifold(mesh).status()
    if status != Error.NoError:
        raise InputError(f"the surface of {solid.name} is not closed ({status.name})", where=solid.id)
    return solid
