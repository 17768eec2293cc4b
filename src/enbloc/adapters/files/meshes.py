"""Surfaces of masks, and their files: STL in LPS millimetres, GLB for viewers.

A surface runs half way between voxel centres (marching cubes on the mask as labelled, without smoothing), so that its
volume is that of the voxels within the corners' share. Padding by one voxel closes it where the grid ends. The mesh
library takes seconds to load, so it is imported where a mesh is made: a case without images never needs it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from skimage.measure import marching_cubes

from enbloc.foundation.space.grids import Bools, Floats, Grid

STL_HEADER = b"enbloc; SPACE=LPS; UNIT=mm"
"""3D Slicer reads ``SPACE=LPS`` in the header of an STL file."""
LPS_MM_TO_GLTF = np.array(
    [[0.001, 0.0, 0.0, 0.0], [0.0, 0.0, 0.001, 0.0], [0.0, -0.001, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)
"""glTF is in metres with y up and z to the viewer: the patient stands upright and faces the viewer."""


def surface(mask: Bools, grid: Grid) -> tuple[Floats, np.ndarray[tuple[int, int], np.dtype[np.int64]]] | None:
    """The closed surface of a mask, outward normals.

    Parameters
    ----------
    mask : bool array of the grid's shape
    grid : Grid

    Returns
    -------
    vertices_mm : (n, 3) float, LPS
    faces : (m, 3) int
        None when the mask is empty.
    """
    if not mask.any():
        return None
    box = tuple(slice(int(hit.min()), int(hit.max()) + 1) for hit in np.nonzero(mask))
    padded = np.pad(mask[box], 1).astype(np.float32)
    vertices, faces, _, _ = marching_cubes(padded, level=0.5)
    start = np.array([cut.start - 1 for cut in box], dtype=np.float64)
    vertices_mm = grid.to_patient(vertices + start)
    if _signed_volume(vertices_mm, faces) < 0:
        faces = faces[:, ::-1]
    return vertices_mm, faces.astype(np.int64)


def stl_bytes(mask: Bools, grid: Grid) -> tuple[bytes | None, str]:
    """A binary STL of a mask in LPS mm, or None with the reason why there is none."""
    import trimesh

    found = surface(mask, grid)
    if found is None:
        return None, "the mask is empty"
    mesh = trimesh.Trimesh(*found, process=False)
    if not mesh.is_watertight:
        return None, "its surface is not watertight"
    content: bytes = mesh.export(file_type="stl")
    return STL_HEADER.ljust(80) + content[80:], ""


def glb_bytes(masks: Mapping[str, Bools], colours: Mapping[str, tuple[int, int, int, int]], grid: Grid) -> bytes | None:
    """A GLB scene with one named, coloured mesh per mask; None when all are empty.

    Parameters
    ----------
    masks : name to bool array of the grid's shape
    colours : name to RGBA, 0-255
    grid : Grid
    """
    import trimesh

    scene = trimesh.Scene()
    for name, mask in masks.items():
        found = surface(mask, grid)
        if found is not None:
            mesh = trimesh.Trimesh(*found, process=False)
            mesh.visual = trimesh.visual.TextureVisuals(
                material=trimesh.visual.material.PBRMaterial(
                    name=name,
                    baseColorFactor=colours[name],
                    alphaMode="OPAQUE" if colours[name][3] == 255 else "BLEND",
                    roughnessFactor=0.8,
                    metallicFactor=0.0,
                )
            )
            scene.add_geometry(mesh, node_name=name, geom_name=name)
    if not scene.geometry:
        return None
    scene.apply_transform(LPS_MM_TO_GLTF)
    content: bytes = scene.export(file_type="glb")
    return content


def _signed_volume(vertices: Floats, faces: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> float:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)
