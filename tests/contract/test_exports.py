"""`enbloc export`: the command, models, 3D Slicer and tables, each read back by another library than wrote it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import attrs
import jsonschema
import manifold3d
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import trimesh
import vtk
from export_runs import KINDS, exported, files_of, run_of, said_by, source_of
from vtk.util.numpy_support import vtk_to_numpy

from enbloc.adapters.exports.codes import _SNOMED, PRIVATE_SCHEME, concept_of
from enbloc.adapters.exports.export import MANIFEST, WRITERS, Order, export_run
from enbloc.adapters.exports.formats import FORMATS, choose_formats
from enbloc.adapters.exports.prints import glb_files, obj_files, stl_files, threemf_files
from enbloc.adapters.exports.run_source import Pieces, RunSource, read_run
from enbloc.adapters.exports.safe_text import (
    ascii_text,
    cell_text,
    dicom_text,
    file_stem,
    one_line,
    person_name,
    unlike,
)
from enbloc.adapters.exports.segments import segments_of
from enbloc.adapters.exports.slicer.scene import slicer_files
from enbloc.adapters.exports.solids import slab, solids_of
from enbloc.adapters.exports.tables import COLUMNS, csv_files, json_files
from enbloc.errors import CallError, FileError
from enbloc.foundation.space.grids import LabelMap
from enbloc.foundation.terms.structures import STRUCTURES

Command = Callable[..., Any]
HOSTILE = {
    "control characters": "a\x00b\x1b[31m\nc\u202egpj.exe",
    "five hundred letters": "x" * 500,
    "markup": "<script>alert('x')</script>&\"]]>",
    "Chinese": "脊柱肿瘤整块切除",
    "a path": "../../etc/passwd\\..\\x",
    "a formula": '=HYPERLINK("http://x")',
    "nothing": "",
    "a device": "CON",
}
LPS_OF_GLTF = np.array([[1000.0, 0, 0], [0, 0, -1000.0], [0, 1000.0, 0]])


# The command


def test_every_format_has_a_writer() -> None:
    assert set(WRITERS) == set(FORMATS)


def test_the_formats_are_listed(enbloc: Command) -> None:
    text = enbloc("export", "--list")
    assert text.code == 0
    listed = [form["name"] for form in json.loads(enbloc("export", "--list", "--json").out)["formats"]]
    assert listed == list(FORMATS)
    assert all(name in text.out for name in listed)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no run"),
        (("run",), "no format"),
        (("run", "--to", "stll"), "'stl'"),
        (("run", "--to", "csv", "--plan", "p77"), "p77"),
    ],
)
def test_a_wrong_call_is_2(enbloc: Command, words: tuple[str, ...], says: str) -> None:
    answer = enbloc("export", *(str(run_of("askew")) if word == "run" else word for word in words))
    assert answer.code == 2
    assert says in answer.err


def test_what_is_no_run_is_refused(enbloc: Command, tmp_path: Path) -> None:
    answer = enbloc("export", tmp_path, "--to", "json")
    assert answer.code == 1
    assert "not a run folder" in answer.err


def test_files_lie_beside_the_run_by_plan_and_format(enbloc: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(run_of("askew"), run)
    answer = enbloc("export", run, "--to", "csv", "--to", "json", "--json")
    assert answer.code == 0
    assert "writing csv" in answer.err
    told = json.loads(answer.out)
    assert told["plan"] == "p1"
    assert set(told["files"]) == {"csv", "json"}
    assert all(Path(path).is_file() for paths in told["files"].values() for path in paths)
    manifest = json.loads((tmp_path / "run-export" / MANIFEST).read_text())
    assert sorted(manifest["files"]) == [f"p1/{name}/phantom-askew-p1.{name}" for name in ("csv", "json")]
    again = enbloc("export", run, "--to", "csv", "--plan", "p2")
    assert again.code == 0
    manifest = json.loads((tmp_path / "run-export" / MANIFEST).read_text())
    assert set(manifest["plans"]) == {"p1", "p2"}
    assert len(manifest["files"]) == 3


def test_a_folder_with_other_files_is_left_alone(enbloc: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    answer = enbloc("export", run_of("askew"), "--to", "json", "--out", tmp_path)
    assert answer.code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_cannot_be_written_is_named_and_the_rest_is_written(enbloc: Command, tmp_path: Path) -> None:
    case = tmp_path / "typed"
    case.mkdir()
    (case / "case.toml").write_text(
        '[case]\nid = "typed"\n[clinical]\nhistology = "chordoma"\n[extent]\nnumbering = "sosg"\n'
        '[extent.levels.L3]\nsectors = "4-6"\nlayers = "BC"\n'
    )
    assert enbloc("plan", case).code == 0
    answer = enbloc("export", tmp_path / "typed-run", "--to", "all", "--json")
    assert answer.code == 1
    told = json.loads(answer.out)
    assert set(told["files"]) == {name for name, form in FORMATS.items() if not form.needs_shapes}
    assert set(told["failed"]) == {name for name, form in FORMATS.items() if form.needs_shapes}
    assert all(reason.strip() for reason in told["failed"].values())
    assert "images" in told["failed"]["stl"]


def test_a_volume_changed_by_hand_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(run_of("askew"), run)
    (run / "plan" / "p1" / "specimen.nii.gz").write_bytes((run / "scene" / "tumour.nii.gz").read_bytes())
    with pytest.raises(FileError, match="not what was planned"):
        read_run(run, None, None, None)


def test_an_unknown_plan_names_those_there_are() -> None:
    with pytest.raises(CallError) as caught:
        read_run(run_of("askew"), "p9", None, None)
    assert "p1" in caught.value.remedy


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    again = export_run(Order(run_of("askew"), choose_formats(["all"]), out=tmp_path / "again"), lambda _: None)
    one, two = exported("askew"), again
    assert not one.failed
    assert set(one.files) == set(two.files) == set(FORMATS)
    for name in FORMATS:
        pairs = list(zip(one.files[name], two.files[name], strict=True))
        assert [path.name for path, other in pairs if path.name != other.name] == []
        assert [path.name for path, other in pairs if path.read_bytes() != other.read_bytes()] == []


# Models


def is_manifold(vertices: np.ndarray, faces: np.ndarray) -> bool:
    solid = manifold3d.Manifold(manifold3d.Mesh(vertices.astype(np.float32), faces.astype(np.uint32)))
    return solid.status() == manifold3d.Error.NoError


def voxels_mm3(source: RunSource) -> dict[str, float]:
    return {s.id: float(s.mask.sum()) * source.pieces.grid.voxel_ml * 1000.0 for s in segments_of(source)}


def centres_mm(source: RunSource) -> dict[str, np.ndarray]:
    return {s.id: source.pieces.grid.to_patient(np.argwhere(s.mask)).mean(axis=0) for s in segments_of(source)}


def id_of(path: Path, kind: str) -> str:
    return path.stem.removeprefix(f"phantom-{kind}-p1-")


@pytest.mark.parametrize("kind", KINDS)
def test_stl_files_are_closed_in_place_and_as_large_as_their_voxels(kind: str) -> None:
    source = source_of(kind)
    volumes, centres = voxels_mm3(source), centres_mm(source)
    paths = {id_of(path, kind): path for path in files_of(kind, "stl")}
    assert {"tumour", "specimen", "remainder", "vertebra_L3", "cut-cranial"} <= set(paths)
    assert set(volumes) <= set(paths)
    for name, path in paths.items():
        assert b"SPACE=LPS; UNIT=mm" in path.read_bytes()[:80]
        assert not path.read_bytes().startswith(b"solid")
        mesh = trimesh.load(path, file_type="stl")
        assert mesh.is_watertight
        assert is_manifold(mesh.vertices, mesh.faces)
        if name in volumes:
            allowed = 0.35 * mesh.area * source.pieces.grid.spacing_mm.min() / 2 + 1.0
            assert abs(mesh.volume - volumes[name]) < allowed
            assert np.allclose(mesh.center_mass, centres[name], atol=1.0)


def test_sides_survive_in_models() -> None:
    for kind, side in (("askew", 1.0), ("mirrored", -1.0)):
        path = next(path for path in files_of(kind, "stl") if path.name.endswith("p1-tumour.stl"))
        assert side * trimesh.load(path).center_mass[0] > 5.0


def test_slabs_are_as_thick_as_the_kerf_and_lie_outside_the_specimen() -> None:
    source = source_of("askew")
    assert len(source.cuts) >= 3
    for cut in source.cuts:
        mesh = trimesh.Trimesh(*slab(cut), process=False)
        assert mesh.is_watertight
        heights = (mesh.vertices - cut.origin_mm) @ cut.normal
        assert heights.min() == pytest.approx(0.0, abs=1e-6)
        assert heights.max() == pytest.approx(cut.tool_width_mm, abs=1e-6)
        face = trimesh.Trimesh(*slab(attrs.evolve(cut, tool_width_mm=2.0 * cut.tool_width_mm)), process=False)
        assert face.volume == pytest.approx(2.0 * mesh.volume)


@pytest.mark.parametrize("kind", KINDS)
def test_obj_has_a_named_object_for_each_solid(kind: str) -> None:
    path = next(path for path in files_of(kind, "obj") if path.suffix == ".obj")
    solids = {file_stem(solid.id): solid for solid in solids_of(source_of(kind))}
    objects = path.read_text().split("\no ")[1:]
    assert [text.split("\n", 1)[0] for text in objects] == list(solids)
    for text, solid in zip(objects, solids.values(), strict=True):
        corners = np.array([line.split()[1:] for line in text.splitlines() if line.startswith("v ")], dtype=float)
        assert np.allclose(corners, solid.vertices_mm, atol=1e-3)
    reader = vtk.vtkOBJReader()
    reader.SetFileName(str(path))
    reader.Update()
    mesh = reader.GetOutput()
    assert mesh.GetNumberOfCells() == sum(len(solid.faces) for solid in solids.values())
    every = np.concatenate([solid.vertices_mm for solid in solids.values()])
    assert np.allclose(np.reshape(mesh.GetBounds(), (3, 2)).T, [every.min(axis=0), every.max(axis=0)], atol=1e-3)
    assert path.with_suffix(".mtl").is_file()


@pytest.mark.parametrize("kind", KINDS)
def test_3mf_is_in_millimetres_with_names(kind: str) -> None:
    (path,) = files_of(kind, "3mf")
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        model = ElementTree.fromstring(package.read("3D/3dmodel.model"))  # noqa: S314 - our own file
    space = {"c": "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"}
    assert model.get("unit") == "millimeter"
    objects = {item.get("name"): item for item in model.findall(".//c:object", space)}
    solids = {solid.id: solid for solid in solids_of(source_of(kind))}
    assert set(objects) == set(solids)
    assert len(model.findall(".//c:build/c:item", space)) == len(solids)
    for name, solid in solids.items():
        corners = np.array([[float(v.get(k)) for k in "xyz"] for v in objects[name].iterfind(".//c:vertex", space)])
        faces = np.array(
            [[int(t.get(k)) for k in ("v1", "v2", "v3")] for t in objects[name].iterfind(".//c:triangle", space)]
        )
        mesh = trimesh.Trimesh(corners, faces, process=False)
        assert mesh.is_watertight
        assert np.allclose(corners, solid.vertices_mm, atol=1e-4)
        assert mesh.volume == pytest.approx(trimesh.Trimesh(solid.vertices_mm, solid.faces).volume, rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_glb_opens_in_vtk_upright_and_in_metres(kind: str) -> None:
    (path,) = files_of(kind, "glb")
    reader = vtk.vtkGLTFReader()
    reader.SetFileName(str(path))
    reader.Update()
    blocks = reader.GetOutput().NewIterator()
    found = []
    while not blocks.IsDoneWithTraversal():
        points = vtk_to_numpy(blocks.GetCurrentDataObject().GetPoints().GetData()) @ LPS_OF_GLTF.T
        found.append(np.concatenate([points.min(axis=0), points.max(axis=0)]))
        blocks.GoToNextItem()
    solids = solids_of(source_of(kind))
    expected = [np.concatenate([s.vertices_mm.min(axis=0), s.vertices_mm.max(axis=0)]) for s in solids]
    assert len(found) == len(expected)
    assert np.allclose(found, expected, atol=0.01)
    header = json.loads(path.read_bytes()[20 : 20 + int.from_bytes(path.read_bytes()[12:16], "little")])
    assert {solid.id for solid in solids} <= {node.get("name") for node in header["nodes"]}


def test_a_slicing_program_prints_the_specimen(tmp_path: Path) -> None:
    path = next(path for path in files_of("askew", "stl") if path.name.endswith("p1-specimen.stl"))
    printer = tmp_path / "printer.def.json"
    printer.write_text(json.dumps({"version": 2, "name": "any", "metadata": {}, "settings": {}}))
    settings = json.loads((Path(__file__).parent / "cura_settings.json").read_text())
    words = [word for key, value in settings.items() for word in ("-s", f"{key}={value}")]
    code = tmp_path / "print.gcode"
    done = said_by("CuraEngine", "slice", *words, "-j", printer, "-e0", *words, "-l", path, "-o", code)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "has disconnected faces" not in done.stderr
    written = code.read_text()
    layers = int(re.search(r";LAYER_COUNT:(\d+)", written)[1])
    height = np.ptp(trimesh.load(path).bounds[:, 2])
    assert layers == pytest.approx(height / float(settings["layer_height"]), abs=3)
    walls = re.findall(r"G1 .*X([-\d.]+) Y([-\d.]+)", written)
    assert len(walls) > 1000


# 3D Slicer


def slicer_fields(path: Path) -> dict[str, str]:
    head = path.read_bytes().split(b"\n\n", 1)[0].decode()
    return dict(line.split(":=", 1) for line in head.splitlines() if ":=" in line)


@pytest.mark.parametrize("kind", KINDS)
def test_the_segmentation_is_read_equal_by_itk(kind: str) -> None:
    source = source_of(kind)
    path = next(path for path in files_of(kind, "slicer") if path.name.endswith(".seg.nrrd"))
    fields = slicer_fields(path)
    image = sitk.ReadImage(str(path))
    layers = sitk.GetArrayFromImage(image)
    assert image.GetNumberOfComponentsPerPixel() == 3
    grid = source.pieces.grid
    corner = image.TransformIndexToPhysicalPoint([n - 1 for n in grid.shape])
    assert np.allclose(image.GetOrigin(), grid.affine[:3, 3], atol=1e-4)
    assert np.allclose(corner, grid.to_patient([[n - 1 for n in grid.shape]])[0], atol=1e-3)
    segments = segments_of(source)
    for number, segment in enumerate(segments):
        prefix = f"Segment{number}_"
        layer, value = int(fields[f"{prefix}Layer"]), int(fields[f"{prefix}LabelValue"])
        assert fields[f"{prefix}Name"] == segment.name
        assert np.array_equal(layers[..., layer].transpose(2, 1, 0) == value, segment.mask)
        low, high = np.argwhere(segment.mask).min(axis=0), np.argwhere(segment.mask).max(axis=0)
        assert fields[f"{prefix}Extent"] == " ".join(f"{a} {b}" for a, b in zip(low, high, strict=True))
    assert f"Segment{len(segments)}_ID" not in fields


def test_terminology_has_seven_parts_and_codes_of_the_dictionary() -> None:
    path = next(path for path in files_of("askew", "slicer") if path.name.endswith(".seg.nrrd"))
    fields = slicer_fields(path)
    tags = {fields[key.replace("_Tags", "_ID")]: value for key, value in fields.items() if key.endswith("_Tags")}
    parts = {name: tag.removeprefix("TerminologyEntry:").rstrip("|").split("~") for name, tag in tags.items()}
    assert {len(part) for part in parts.values()} == {7}
    assert all(len(part[place].split("^")) == 3 for part in parts.values() for place in (1, 2, 3, 5, 6))
    assert parts["vertebra_L3"][2] == "SCT^36470004^L3 vertebra"
    assert parts["tumour"][2].startswith("SCT^108369006^")
    assert parts["autochthon_left"][3] == "SCT^7771000^Left"
    assert parts["autochthon_right"][3] == "SCT^24028007^Right"
    assert parts["specimen"][2].startswith(f"{PRIVATE_SCHEME}^specimen^")


NUMBERS = {"type": "array", "items": {"type": "number"}}
POINT = {
    "type": "object",
    "required": ["id", "label", "position", "positionStatus"],
    "properties": {
        "id": {"type": "string"},
        "label": {"type": "string"},
        "description": {"type": "string"},
        "associatedNodeID": {"type": "string"},
        "position": {**NUMBERS, "minItems": 3, "maxItems": 3},
        "selected": {"type": "boolean"},
        "locked": {"type": "boolean"},
        "visibility": {"type": "boolean"},
        "positionStatus": {"enum": ["undefined", "preview", "defined"]},
    },
}
MARKUPS_SCHEMA = {
    "type": "object",
    "required": ["@schema", "markups"],
    "properties": {
        "@schema": {
            "const": "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources"
            "/Schema/markups-schema-v1.0.3.json#"
        },
        "markups": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["type"],
                "properties": {
                    "type": {"enum": ["Fiducial", "Line", "Angle", "Curve", "ClosedCurve", "Plane", "ROI"]},
                    "name": {"type": "string"},
                    "coordinateSystem": {"enum": ["LPS", "RAS"]},
                    "coordinateUnits": {"enum": ["mm", "um"]},
                    "locked": {"type": "boolean"},
                    "fixedNumberOfControlPoints": {"type": "boolean"},
                    "labelFormat": {"type": "string"},
                    "planeType": {"enum": ["pointNormal", "threePoints", "planeFit"]},
                    "sizeMode": {"enum": ["auto", "absolute"]},
                    "center": {**NUMBERS, "minItems": 3, "maxItems": 3},
                    "normal": {**NUMBERS, "minItems": 3, "maxItems": 3},
                    "size": {**NUMBERS, "minItems": 3, "maxItems": 3},
                    "planeBounds": {**NUMBERS, "minItems": 4, "maxItems": 4},
                    "baseToNode": {**NUMBERS, "minItems": 16, "maxItems": 16},
                    "orientation": {**NUMBERS, "minItems": 9, "maxItems": 9},
                    "controlPoints": {"type": "array", "items": POINT},
                    "display": {
                        "type": "object",
                        "properties": {
                            "visibility": {"type": "boolean"},
                            "opacity": {"type": "number", "minimum": 0, "maximum": 1},
                            "color": {**NUMBERS, "minItems": 3, "maxItems": 3},
                            "selectedColor": {**NUMBERS, "minItems": 3, "maxItems": 3},
                            "textScale": {"type": "number", "minimum": 0},
                            "pointLabelsVisibility": {"type": "boolean"},
                        },
                    },
                },
            },
        },
    },
}
"""What 3D Slicer's published schema v1.0.3 asks of the keys used here."""


@pytest.mark.parametrize("kind", KINDS)
def test_markups_follow_the_published_schema_and_hold_the_cuts(kind: str) -> None:
    source = source_of(kind)
    paths = [path for path in files_of(kind, "slicer") if path.name.endswith(".mrk.json")]
    planes = []
    for path in paths:
        content = json.loads(path.read_text())
        jsonschema.validate(content, MARKUPS_SCHEMA)
        planes += [markup for markup in content["markups"] if markup["type"] == "Plane"]
    assert [plane["name"] for plane in planes] == [cut.id for cut in source.cuts]
    for plane, cut in zip(planes, source.cuts, strict=True):
        matrix = np.array(plane["baseToNode"]).reshape(4, 4)
        assert np.allclose(matrix[:3, 3], cut.origin_mm, atol=1e-6)
        assert np.allclose(matrix[:3, 2], cut.normal, atol=1e-6)
        assert np.linalg.det(matrix[:3, :3]) == pytest.approx(1.0)
        assert np.allclose(np.array(plane["orientation"]).reshape(3, 3), matrix[:3, :3])
        flat = (cut.face_mm - cut.origin_mm) @ matrix[:3, :2]
        bounds = np.array(plane["planeBounds"]).reshape(2, 2)
        assert (flat >= bounds[:, 0] - 1e-5).all()
        assert (flat <= bounds[:, 1] + 1e-5).all()
    points = next(json.loads(path.read_text()) for path in paths if "least-margins" in path.name)["markups"][0]
    places = {point["label"]: point["position"] for point in points["controlPoints"]}
    for margin in source.plan["margins"]:
        if margin["at_mm"] is not None:
            assert np.allclose(places[margin["interface"]], margin["at_mm"], atol=1e-5)


def test_the_scene_names_only_files_that_are_there() -> None:
    path = next(path for path in files_of("askew", "slicer") if path.suffix == ".mrml")
    scene = ElementTree.fromstring(path.read_bytes())  # noqa: S314 - our own file
    nodes = {node.get("id"): node for node in scene}
    assert len(nodes) == len(list(scene))
    stored = [node for node in scene if node.get("references")]
    roots = [
        part for part in source_of("askew").forms["2-anatomy"]["scene"]["modelled"] if part["kind"] == "nerve_root"
    ]
    assert roots
    assert len(stored) == len(source_of("askew").cuts) + 2 + len(roots)
    assert sum("(modelled)" in str(node.get("name")) for node in stored) == len(roots)
    for node in stored:
        storage = nodes[node.get("references").removeprefix("storage:").rstrip(";")]
        assert (path.parent / storage.get("fileName")).is_file()


def test_every_word_of_the_code_table_is_a_structure_with_a_code() -> None:
    for word in _SNOMED:
        known = [name for name in STRUCTURES if name == word or re.fullmatch(rf"{word}_(left|right)(_\d+)?", name)]
        assert known, word
        assert any(concept_of(name).type.scheme_designator == "SCT" for name in known)
    for level in ("C1", "C7", "T1", "T12", "L1", "L5"):
        assert level in concept_of(f"vertebra_{level}").type.meaning
    assert concept_of("vertebra_L6").type.scheme_designator == PRIVATE_SCHEME
    assert concept_of("disc_L5_S1").type.meaning == "L5/S1 disc"


# Tables


def test_the_table_holds_every_class_margin_and_cut_as_found() -> None:
    source = source_of("askew")
    (path,) = files_of("askew", "csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    assert tuple(rows[0]) == COLUMNS
    classes = {row["name"]: row["value"] for row in rows if row["what"] == "class"}
    assert classes == {k: " or ".join(v["possible"]) for k, v in source.forms["3-classification"].items()}
    margins = {row["name"]: row for row in rows if row["what"] == "margin"}
    for margin in source.plan["margins"]:
        row = margins[margin["interface"]]
        for key in ("value", "low", "high"):
            assert row[key] == ("" if "unknown" in margin["least_mm"] else str(margin["least_mm"][key]))
    assert [row["name"] for row in rows if row["what"] == "cut"] == [cut.id for cut in source.cuts]


def test_the_json_holds_the_steps_as_they_stand_in_the_run() -> None:
    (path,) = files_of("mirrored", "json")
    content = json.loads(path.read_text())
    for step in ("1-intake", "3-classification", "5-plans"):
        assert content[step] == json.loads((run_of("mirrored") / f"{step}.json").read_text())
    assert content["digest"] == source_of("mirrored").digest


# Hostile names


def small_part(pieces: Pieces) -> Pieces:
    """What lies in the tumour's own box, to be quick."""
    box = tuple(slice(int(hit.min()), int(hit.max()) + 1) for hit in np.nonzero(pieces.tumour))
    grid = pieces.grid.crop(box)
    masks = {name: getattr(pieces, name)[box] for name in ("tumour", "canal", "specimen", "remainder")}
    structures = LabelMap(grid, pieces.structures.values[box], pieces.structures.names)
    return Pieces(grid=grid, structures=structures, **masks)


def hostile_source(text: str) -> RunSource:
    """The run with a text from outside wherever one can stand."""
    source = source_of("askew")
    plan = json.loads(json.dumps(source.plan))
    plan["margins"][0]["interface"] = text
    plan["cuts"][0]["id"] = text
    plan["sacrifices"][0]["structure"] = text
    cuts = (attrs.evolve(source.cuts[0], id=text, crosses=(text,)), *source.cuts[1:])
    pieces = small_part(source.pieces)
    numbers = np.unique(pieces.structures.values[pieces.structures.values > 0])
    names = {**pieces.structures.names, int(numbers[0]): text}
    pieces = attrs.evolve(pieces, structures=attrs.evolve(pieces.structures, names=names))
    return attrs.evolve(source, case_id=text, plan=plan, cuts=cuts, pieces=pieces)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_come_out_safe(text: str) -> None:
    source = hostile_source(text)
    written = {}
    for writer in (stl_files, obj_files, threemf_files, glb_files, slicer_files, csv_files, json_files):
        for name, content in writer(source):
            assert name not in written
            written[name] = content
    for name, content in written.items():
        assert Path(name).name == name
        assert len(name.encode()) <= 255
        assert not re.search(r"[\x00-\x1f<>:\"/\\|?*\u202e]", name)
        if name.endswith(".mrml"):
            ElementTree.fromstring(content)  # noqa: S314 - our own file
        if name.endswith(".mrk.json"):
            jsonschema.validate(json.loads(content), MARKUPS_SCHEMA)
        if name.endswith(".3mf"):
            ElementTree.fromstring(zipfile.ZipFile(io.BytesIO(content)).read("3D/3dmodel.model"))  # noqa: S314 - our own file
        if name.endswith(".seg.nrrd"):
            head = content.split(b"\n\n", 1)[0].decode()
            assert all(re.match(r"#|NRRD|[^:=]+(: |:=)", line) for line in head.splitlines())
            assert gzip.decompress(content.split(b"\n\n", 1)[1])
        if name.endswith(".csv"):
            rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
            assert {len(row) for row in rows} == {len(COLUMNS)}
            assert not [cell for row in rows for cell in row if cell[:1] in "=+@" and cell]


def test_safe_texts() -> None:
    assert file_stem("../../x") == "x"
    assert file_stem("a/b\\c:d") == "a_b_c_d"
    assert file_stem("con").startswith("unnamed")
    assert file_stem("\u0000") == "unnamed"
    assert file_stem("脊柱") == "脊柱"
    assert len(file_stem("脊" * 500).encode()) <= 80
    assert file_stem("x" * 500) != file_stem("x" * 501)
    assert unlike(["a", "A", "b", "a"]) == ("a", "A-2", "b", "a-3")
    assert one_line("a\r\nb\u2028c\u202ed") == "a b c d"
    assert ascii_text("Wirbelkörper 脊") == "Wirbelkorper _"
    assert dicom_text("a\\b\nc") == "a/b c"
    assert person_name("Doe^John=x") == "Doe John x^"
    assert cell_text("=1+1") == "'=1+1"
    assert cell_text("-1.5") == "-1.5"


def test_a_mask_with_a_diagonal_touch_gives_a_manifold() -> None:
    source = source_of("askew")
    tumour = source.pieces.tumour.copy()
    tumour[0:2, 0:2, 0] = [[True, False], [False, True]]
    changed = attrs.evolve(source, pieces=attrs.evolve(source.pieces, tumour=tumour))
    solid = next(solid for solid in solids_of(changed) if solid.id == "tumour")
    assert trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False).is_watertight


def test_progress_is_told() -> None:
    told: list[str] = []
    out = run_of("askew").with_name("told")
    export_run(Order(run_of("askew"), choose_formats(["json", "csv"]), out=out), told.append)
    assert told == ["reading the run", "writing csv", "writing json"]


def test_the_manifest_names_the_plan_by_its_digest() -> None:
    found = exported("askew")
    assert json.loads((found.out / MANIFEST).read_text())["plans"] == {"p1": source_of("askew").digest}
