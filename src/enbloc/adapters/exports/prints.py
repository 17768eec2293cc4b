"""Models for printers and viewers: STL, 3MF, OBJ, GLB.

STL, 3MF and OBJ are in patient LPS millimetres. STL knows neither unit nor name: both stand in its header, and each
solid is a file of its own. glTF is in metres with y up, so that the patient stands upright and faces the viewer.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

import numpy as np
import trimesh
from numpy.typing import NDArray

from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import ascii_text, file_stem, one_line, unlike
from enbloc.adapters.exports.solids import Solid, solids_of
from enbloc.adapters.files.run.meshes import LPS_MM_TO_GLTF

File = tuple[str, bytes]
_STL_FACE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a ZIP can state: the same run gives the same bytes."""
_CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
</Types>
"""
_RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Target="/3D/3dmodel.model" Id="rel0" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>
</Relationships>
"""


def stl_files(source: RunSource) -> Iterator[File]:
    """One binary STL for each solid."""
    solids = solids_of(source)
    for solid, name in zip(solids, unlike(file_stem(solid.id) for solid in solids), strict=True):
        yield f"{source.stem}-{name}.stl", stl_bytes(solid)


def stl_bytes(solid: Solid) -> bytes:
    """A binary STL; 3D Slicer reads ``SPACE=LPS`` in its header."""
    corners = solid.vertices_mm[solid.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.sqrt((normals**2).sum(axis=1, keepdims=True))
    faces = np.zeros(len(corners), _STL_FACE)
    faces["normal"] = normals / np.maximum(lengths, 1e-30)
    faces["corners"] = corners
    header = f"enbloc; SPACE=LPS; UNIT=mm; {ascii_text(solid.id, 40)}".encode("ascii").ljust(80)[:80]
    return header + np.uint32(len(faces)).tobytes() + faces.tobytes()


def obj_files(source: RunSource) -> Iterator[File]:
    """One OBJ with a named object for each solid, and its colours."""
    solids = solids_of(source)
    names = unlike(file_stem(solid.id) for solid in solids)
    lines = [f"# enbloc {ascii_text(source.stem, 200)}", "# units mm, patient LPS", f"mtllib {source.stem}.mtl"]
    offset = 1
    for solid, name in zip(solids, names, strict=True):
        lines += [f"o {name}", f"usemtl {name}"]
        lines.append(written("v %.4f %.4f %.4f\n", solid.vertices_mm).rstrip())
        lines.append(written("f %d %d %d\n", solid.faces + offset).rstrip())
        offset += len(solid.vertices_mm)
    yield f"{source.stem}.obj", ("\n".join(lines) + "\n").encode()
    materials = [
        f"newmtl {name}\nKd {' '.join(f'{part / 255:.5g}' for part in solid.colour)}\n"
        for solid, name in zip(solids, names, strict=True)
    ]
    yield f"{source.stem}.mtl", "\n".join(materials).encode()


def written(form: str, rows: NDArray[np.float64] | NDArray[np.int64]) -> str:
    """Every row of numbers in one form, at once: there are half a million."""
    return form * len(rows) % tuple(rows.ravel().tolist())


def threemf_files(source: RunSource) -> Iterator[File]:
    """One 3MF in millimetres with a named object for each solid."""
    solids = solids_of(source)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for path, text in (
            ("[Content_Types].xml", _TYPES),
            ("_rels/.rels", _RELATIONS),
            ("3D/3dmodel.model", "\n".join(_model_lines(source, solids))),
        ):
            package.writestr(zipfile.ZipInfo(path, _ZIP_DATE), text, zipfile.ZIP_DEFLATED)
    yield f"{source.stem}.3mf", packed.getvalue()


def _model_lines(source: RunSource, solids: tuple[Solid, ...]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<model unit="millimeter" xml:lang="en" xmlns="{_CORE}">'
    yield f'<metadata name="Title">{_xml(source.stem)}</metadata>'
    yield '<metadata name="Description">Planned resection, patient LPS, mm. A surgeon decides.</metadata>'
    yield '<resources><basematerials id="1">'
    for solid in solids:
        yield f'<base name={quoteattr(one_line(solid.name))} displaycolor="#{bytes(solid.colour).hex().upper()}"/>'
    yield "</basematerials>"
    for place, solid in enumerate(solids):
        name = quoteattr(one_line(solid.id, 200))
        yield f'<object id="{place + 2}" type="model" name={name} pid="1" pindex="{place}"><mesh><vertices>'
        yield written('<vertex x="%.4f" y="%.4f" z="%.4f"/>', solid.vertices_mm)
        yield "</vertices><triangles>"
        yield written('<triangle v1="%d" v2="%d" v3="%d"/>', solid.faces)
        yield "</triangles></mesh></object>"
    yield "</resources><build>"
    for place in range(len(solids)):
        yield f'<item objectid="{place + 2}"/>'
    yield "</build></model>"


def _xml(text: str) -> str:
    return quoteattr(one_line(text))[1:-1]


def glb_files(source: RunSource) -> Iterator[File]:
    """One GLB with a named, coloured mesh for each solid; the specimen lets the tumour shine through."""
    scene = trimesh.Scene()
    solids = solids_of(source)
    for solid, name in zip(solids, unlike(one_line(solid.id, 200) for solid in solids), strict=True):
        clear = solid.id == "specimen" or solid.id.startswith("cut-")
        mesh = trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False)
        mesh.visual = trimesh.visual.TextureVisuals(
            material=trimesh.visual.material.PBRMaterial(
                name=one_line(solid.name),
                baseColorFactor=(*solid.colour, 150 if clear else 255),
                alphaMode="BLEND" if clear else "OPAQUE",
                roughnessFactor=0.8,
                metallicFactor=0.0,
            )
        )
        scene.add_geometry(mesh, node_name=name, geom_name=name)
    scene.apply_transform(LPS_MM_TO_GLTF)
    content: bytes = scene.export(file_type="glb")
    yield f"{source.stem}.glb", content
