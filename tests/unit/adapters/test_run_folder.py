"""Run folders: whole or not at all, the same bytes each time, and never over anything else."""

from __future__ import annotations

import io
import json
from pathlib import Path

import attrs
import jsonschema
import nibabel as nib
import numpy as np
import pytest
import trimesh

from enbloc.adapters.files.images.nifti import read_nifti
from enbloc.adapters.files.run import run_folder
from enbloc.adapters.files.run.meshes import glb_bytes, stl_bytes
from enbloc.adapters.files.run.record_forms import plan_form
from enbloc.adapters.files.run.run_folder import find_report, write_run
from enbloc.adapters.files.schemas.catalogue import SCHEMAS
from enbloc.errors import FileError
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.grids import Grid
from enbloc.resection.plans import Delivery
from enbloc.resection.specimen.solids import build_solid
from enbloc.walk import Record

STEPS = ["1-intake.json", "2-anatomy.json", "3-classification.json", "4-options.json", "5-plans.json", "6-report.html"]


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_holds_what_the_contract_names(small_record: Record, tmp_path: Path) -> None:
    paths = write_run(small_record, tmp_path / "run", {"6-report.html": b"<p>report</p>"})
    found = content_of(tmp_path / "run")
    assert {path.as_posix() for path in paths} == set(found)
    scene = [f"scene/{name}" for name in ("tumour.nii.gz", "structures.nii.gz", "names.json")]
    plan = [
        f"plan/p1/{name}"
        for name in ("specimen.nii.gz", "remainder.nii.gz", "cuts.json", "specimen.stl", "remainder.stl")
    ]
    assert set(found) >= {*STEPS, *scene, *plan, "record.json"}
    assert found["6-report.html"] == b"<p>report</p>"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_every_json_file_follows_its_published_schema(small_record: Record, tmp_path: Path) -> None:
    write_run(small_record, tmp_path / "run", {})
    files = sorted((tmp_path / "run").rglob("*.json"))
    assert {path.stem for path in files} == set(SCHEMAS) - {"case", "compare", "dicom", "6-report"}
    for path in files:
        jsonschema.validate(json.loads(path.read_text()), SCHEMAS[path.stem])


def test_plans_have_every_key_of_the_contract(small_record: Record, tmp_path: Path) -> None:
    write_run(small_record, tmp_path / "run", {})
    plans = json.loads((tmp_path / "run" / "5-plans.json").read_text())
    (plan,) = plans["plans"]
    contract = """id rank family approach sessions levels cuts sacrifices margins margin enneking_appropriate
        margin_negative_probability delivery reconstruction risks trade_offs because"""
    assert set(contract.split()) <= set(plan)
    assert plan["delivery"] == {
        "possible": "unknown",
        "route": None,
        "because": [{"says": "not searched", "status": "ours", "cites": []}],
        "least_clearance_mm": None,
        "path": [],
        "proposals": [],
    }
    assert plan["reconstruction"] == {"unknown": "not worked out"}
    assert plan["margins"][0]["least_mm"] == {"value": 4.0, "low": 3.0, "high": 5.0}
    assert plan["margins"][1]["least_mm"] == {"unknown": "no canal"}
    assert plans["indication"]["en_bloc"] == "yes"
    assert plans["rejected"][0]["because"][0]["cites"] == ["boriani_cerv2016"]


def test_a_way_out_is_written_as_matrices(small_record: Record) -> None:
    pose = np.eye(4)
    pose[:3, 3] = (0.0, 90.0, 2.5)
    reason = Reason("A way was found.", "measured", (), "DEL-2")
    found = Delivery("yes", "90 mm dorsally", (reason,), Estimate(1.25, 0.25, 2.25, "mm"), (np.eye(4), pose))
    form = plan_form(attrs.evolve(small_record.plans[0], delivery=found))["delivery"]
    assert form == {
        "possible": "yes",
        "route": "90 mm dorsally",
        "because": [{"says": "A way was found.", "status": "measured", "cites": [], "rule": "DEL-2"}],
        "least_clearance_mm": 1.25,
        "path": [np.eye(4).tolist(), [[1, 0, 0, 0], [0, 1, 0, 90.0], [0, 0, 1, 2.5], [0, 0, 0, 1]]],
        "proposals": [],
    }
    locked = attrs.evolve(found, possible="no", route=None, least_clearance=Unknown("no way"), path=())
    form = plan_form(attrs.evolve(small_record.plans[0], delivery=locked))["delivery"]
    assert (form["possible"], form["least_clearance_mm"], form["path"]) == ("no", None, [])


def test_the_same_record_gives_the_same_bytes_but_for_the_record(small_record: Record, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_run(small_record, one, {"6-report.html": b"x"})
    write_run(small_record, two, {"6-report.html": b"x"})
    first, second = content_of(one), content_of(two)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name] and name != "record.json"] == []


def test_masks_lie_where_the_scene_lies(small_record: Record, tmp_path: Path) -> None:
    write_run(small_record, tmp_path / "run", {})
    scene, geometry = small_record.scene, small_record.plans[0].geometry
    assert scene is not None
    assert geometry is not None
    specimen = read_nifti(tmp_path / "run/plan/p1/specimen.nii.gz", "specimen")
    assert specimen.grid.same_as(scene.grid)
    assert np.array_equal(specimen.values > 0, geometry.specimen)
    header = nib.load(tmp_path / "run/scene/tumour.nii.gz").header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, 1)


def test_a_stopped_case_leaves_its_reason_and_no_more(stopped_record: Record, tmp_path: Path) -> None:
    write_run(stopped_record, tmp_path / "run", {"6-report.html": b"<p>stopped</p>"})
    assert set(content_of(tmp_path / "run")) == {"1-intake.json", "6-report.html", "record.json"}
    intake = json.loads((tmp_path / "run" / "1-intake.json").read_text())
    assert intake["stopped"] is True
    assert intake["problems"][0]["grade"] == "stop"


def test_a_run_of_the_same_case_is_replaced_whole(small_record: Record, stopped_record: Record, tmp_path: Path) -> None:
    write_run(small_record, tmp_path / "run", {})
    write_run(stopped_record, tmp_path / "run", {})
    assert set(content_of(tmp_path / "run")) == {"1-intake.json", "record.json"}


def test_a_run_of_another_case_needs_force(small_record: Record, tmp_path: Path) -> None:
    write_run(small_record, tmp_path / "run", {})
    other = attrs.evolve(small_record, case=attrs.evolve(small_record.case, id="other"))
    with pytest.raises(FileError, match="another case") as refused:
        write_run(other, tmp_path / "run", {})
    assert "--force" in refused.value.remedy
    write_run(other, tmp_path / "run", {}, force=True)
    assert json.loads((tmp_path / "run/record.json").read_text())["case"] == "other"


@pytest.mark.parametrize("force", [True, False])
def test_nothing_but_a_run_is_ever_replaced(small_record: Record, tmp_path: Path, force: bool) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("x")
    (tmp_path / "file").write_text("x")
    for name in ("photos", "file"):
        with pytest.raises(FileError):
            write_run(small_record, tmp_path / name, {}, force)
    assert (tmp_path / "photos" / "a.jpg").read_text() == "x"


def test_an_empty_folder_is_taken(small_record: Record, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_run(small_record, tmp_path / "run", {})
    assert (tmp_path / "run" / "record.json").exists()


def test_a_failure_in_the_middle_leaves_the_old_run(
    small_record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(small_record, tmp_path / "run", {"6-report.html": b"old"})
    before = content_of(tmp_path / "run")

    def full_disc(*_: object) -> bytes:
        raise OSError("no space left on device")

    monkeypatch.setattr(run_folder, "nifti_bytes", full_disc)
    with pytest.raises(FileError, match="no space"):
        write_run(small_record, tmp_path / "run", {"6-report.html": b"new"})
    assert content_of(tmp_path / "run") == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_report_of_a_run_is_found(small_record: Record, tmp_path: Path) -> None:
    write_run(small_record, tmp_path / "run", {"6-report.html": b"x"})
    assert find_report(tmp_path / "run") == tmp_path / "run" / "6-report.html"
    with pytest.raises(FileError, match="not a run folder"):
        find_report(tmp_path)


GRID = Grid((12, 14, 16), np.array([[1.4, 0.2, 0, -5], [-0.2, 1.4, 0, 7], [0, 0, 2.0, 100], [0, 0, 0, 1.0]]))


def ball() -> np.ndarray:
    i, j, k = np.indices(GRID.shape)
    return (i - 6) ** 2 + (j - 7) ** 2 + (k - 8) ** 2 <= 25


def test_the_surface_is_closed_outward_and_as_large_as_its_voxels() -> None:
    content, reason = stl_bytes(build_solid(GRID, ball()))
    assert content is not None
    assert not reason
    assert content[:80].startswith(b"enbloc; SPACE=LPS; UNIT=mm")
    mesh = trimesh.load(io.BytesIO(content), file_type="stl")
    assert mesh.is_watertight
    assert mesh.volume == pytest.approx(ball().sum() * GRID.voxel_ml * 1000, rel=0.01)
    assert np.allclose(mesh.bounds.mean(axis=0), GRID.to_patient([[6, 7, 8]])[0], atol=0.2)


def test_a_mask_at_the_border_of_the_grid_is_closed_too() -> None:
    content, _ = stl_bytes(build_solid(GRID, np.ones(GRID.shape, bool)))
    assert content is not None


def test_an_empty_mask_has_no_surface_but_a_reason() -> None:
    assert stl_bytes(build_solid(GRID, np.zeros(GRID.shape, bool))) == (None, "the mask is empty")


def test_viewers_get_metres_with_the_head_up() -> None:
    content = glb_bytes({"tumour": build_solid(GRID, ball())}, {"tumour": (200, 0, 0, 255)})
    assert content is not None
    scene = trimesh.load(io.BytesIO(content), file_type="glb")
    centre = GRID.to_patient([[6, 7, 8]])[0] / 1000.0
    assert np.allclose(scene.bounds.mean(axis=0), [centre[0], centre[2], -centre[1]], atol=5e-4)
