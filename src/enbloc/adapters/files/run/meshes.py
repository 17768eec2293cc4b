"""Files of solids: STL in LPS millimetres, GLB for viewers.

The solids come from `resection.solids`, closed and flat where they are cut; what was refused there is left out with its
reason. The mesh library takes seconds to load, so it is imported where a file is made: a case without images never
needs it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from enbloc.resection.specimen.solids import Faces, Refused, Solid

STL_HEADER = b"enbloc; SPACE=LPS; UNIT=mm"
"""3D Slicer reads ``SPACE=LPS`` in the header of an STL file."""
LPS_MM_TO_GLTF = np.array(
    [[0.001, 0.0, 0.0, 0.0], [0.0, 0.0, 0.001, 0.0], [0.0, -0.001, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)
"""glTF is in metres with y up and z to the viewer: the patient stands upright and faces the viewer."""


def stl_bytes(solid: Solid | Refused) -> tuple[bytes | None, str]:
    """A binary STL of a solid in LPS mm, or None with the reason why there is none."""
    import trimesh

    if isinstance(solid, Refused):
        return None, solid.because
    mesh = trimesh.Trimesh(*welded(solid), process=False)
    if not mesh.is_watertight:
        return None, "its surface does not stay closed in single precision"
    content: bytes = mesh.export(file_type="stl")
    return STL_HEADER.ljust(80) + content[80:], ""


def welded(solid: Solid) -> tuple[NDArray[np.float32], Faces]:
    """Vertices (n, 3) and faces (m, 3) in single precision, where corners that fall together become one.

    A triangle that loses a corner so is gone, and two triangles that fall flat on each other are both gone: the surface
    stays closed.
    """
    vertices, place = np.unique(solid.vertices_mm.astype(np.float32), axis=0, return_inverse=True)
    faces = place.ravel()[solid.faces]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    _, which, count = np.unique(np.sort(faces, axis=1), axis=0, return_inverse=True, return_counts=True)
    return vertices, faces[count[which.ravel()] % 2 == 1]


def glb_bytes(solids: Mapping[str, Solid | Refused], colours: Mapping[str, tuple[int, int, int, int]]) -> bytes | None:
    """A GLB scene with one named, coloured mesh per solid; None when all were refused.

    Parameters
    ----------
    solids : name to Solid or Refused
    colours : name to RGBA, 0-255
    """
    import trimesh

    scene = trimesh.Scene()
    for name, solid in solids.items():
        if isinstance(solid, Solid):
            mesh = trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False)
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
