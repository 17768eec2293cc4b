"""Importing a folder of single masks: what is copied, named, left out and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.adapters.files.images.nifti import nifti_bytes
from enbloc.foundation.space.grids import Grid

GRID = Grid((12, 12, 12), np.diag([2.0, 2.0, 2.0, 1.0]))
Enbloc = Callable[..., object]


def mask(folder: Path, name: str, where: slice) -> Path:
    values = np.zeros(GRID.shape, np.uint8)
    values[2:10, 2:10, where] = 1
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.nii.gz").write_bytes(nifti_bytes(values, GRID))
    return folder / f"{name}.nii.gz"


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """As TotalSegmentator's data set is laid out, with a tumour inside L3 and two files that are no structure."""
    folder = tmp_path / "s0001"
    for name, where in (("vertebrae_L2", slice(8, 11)), ("vertebrae_L3", slice(4, 7)), ("spinal_cord", slice(0, 1))):
        mask(folder / "segmentations", name, where)
    mask(folder, "tumour", slice(5, 7))
    mask(folder, "sketch", slice(0, 2))
    (folder / "ct.nii.gz").write_bytes(nifti_bytes(np.full(GRID.shape, 300, np.int16), GRID))
    return folder


def test_masks_tumour_and_ct_become_a_case(patient: Path, tmp_path: Path, enbloc: Enbloc) -> None:
    answer = enbloc("import", patient, "--out", tmp_path / "case")
    assert answer.code == 0, answer.err
    assert "sketch.nii.gz" in answer.out
    case, _ = read_case(tmp_path / "case", lambda _: None)
    names = {file.name: {*file.labels.names.values()} for file in case.label_files}
    assert names == {"segmentations": {"vertebra_L2", "vertebra_L3", "spinal_cord"}, "tumour.nii.gz": {"tumour"}}
    assert case.ct is not None
    assert case.label_files[1].labels.mask("tumour").sum() == 8 * 8 * 2
    assert case.label_files[0].labels.mask("vertebra_L3").sum() == 8 * 8 * 3


def test_the_same_files_make_the_same_case(patient: Path, tmp_path: Path, enbloc: Enbloc) -> None:
    for name in ("one", "two"):
        enbloc("import", patient, "--out", tmp_path / name)
    assert (tmp_path / "one" / "case.toml").read_bytes() == (tmp_path / "two" / "case.toml").read_bytes()


def test_a_missing_tumour_is_said_and_left_to_fill_in(patient: Path, tmp_path: Path, enbloc: Enbloc) -> None:
    (patient / "tumour.nii.gz").unlink()
    answer = enbloc("import", patient, "--out", tmp_path / "case", "--json")
    problems = json.loads(answer.out)["problems"]
    assert any(problem["grade"] == "doubt" and "tumour" in problem["says"] for problem in problems)
    assert "# structure" in (tmp_path / "case" / "case.toml").read_text()


def test_a_folder_without_a_vertebra_and_a_place_that_is_taken_are_refused(
    patient: Path, tmp_path: Path, enbloc: Enbloc
) -> None:
    alone = mask(tmp_path / "alone", "aorta", slice(0, 4)).parent
    assert enbloc("import", alone, "--out", tmp_path / "none").code == 1
    assert not (tmp_path / "none").exists()
    assert enbloc("import", patient, "--out", patient).code == 1


def test_links_are_not_followed(patient: Path, tmp_path: Path, enbloc: Enbloc) -> None:
    outside = mask(tmp_path / "elsewhere", "aorta", slice(0, 4))
    (patient / "segmentations" / "aorta.nii.gz").symlink_to(outside)
    enbloc("import", patient, "--out", tmp_path / "case")
    assert not (tmp_path / "case" / "segmentations" / "aorta.nii.gz").exists()


def test_overlapping_masks_of_a_folder_are_all_kept(patient: Path, tmp_path: Path, enbloc: Enbloc) -> None:
    mask(patient / "segmentations", "aorta", slice(4, 6))
    enbloc("import", patient, "--out", tmp_path / "case")
    case, _ = read_case(tmp_path / "case", lambda _: None)
    voxels = {name: sum(int(f.labels.mask(name).sum()) for f in case.label_files) for name in ("aorta", "vertebra_L3")}
    assert voxels == {"aorta": 8 * 8 * 2, "vertebra_L3": 8 * 8 * 3}
