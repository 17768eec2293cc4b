"""What numbers mean: spot checks against the programs' own documentation, and names before numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from enbloc.adapters.files.case.labels import LabelEntry, read_labels
from enbloc.adapters.files.images.nifti import nifti_bytes
from enbloc.adapters.files.schemes.catalogue import SCHEMES, name_numbers
from enbloc.errors import FileError, TermError
from enbloc.foundation.space.grids import Grid
from enbloc.foundation.terms.structures import STRUCTURES, parse_structure

GRID = Grid((4, 4, 4), np.eye(4))


def save(path: Path, *numbers: int) -> Path:
    values = np.zeros(GRID.shape, np.uint16)
    values.ravel()[: len(numbers)] = numbers
    path.write_bytes(nifti_bytes(values, GRID))
    return path


def names(scheme: str, *numbers: int) -> dict[int, str]:
    return name_numbers(SCHEMES[scheme], numbers, {}, {}, "x")


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        (
            "totalsegmentator",
            {25: "sacrum", 26: "vertebra_S1", 27: "vertebra_L5", 31: "vertebra_L1", 32: "vertebra_T12"}
            | {43: "vertebra_T1", 44: "vertebra_C7", 50: "vertebra_C1", 52: "aorta", 63: "inferior_vena_cava"}
            | {15: "oesophagus", 2: "kidney_right", 3: "kidney_left", 10: "lung_left", 14: "lung_right"}
            | {79: "spinal_cord", 86: "autochthon_left", 87: "autochthon_right", 88: "iliopsoas_left"}
            | {92: "rib_left_1", 103: "rib_left_12", 104: "rib_right_1", 115: "rib_right_12"},
        ),
        (
            "verse",
            {1: "vertebra_C1", 7: "vertebra_C7", 8: "vertebra_T1", 19: "vertebra_T12", 20: "vertebra_L1"}
            | {24: "vertebra_L5", 26: "sacrum", 27: "coccyx"},
        ),
        (
            "spineps",
            {22: "vertebra_L3", 122: "disc_L3_L4", 119: "disc_T12_L1", 124: "disc_L5_S1", 222: "endplate_L3"}
            | {41: "subregion_arch", 42: "subregion_spinous_process", 43: "subregion_transverse_process_left"}
            | {48: "subregion_inferior_articular_process_right", 49: "subregion_body", 50: "subregion_body"}
            | {51: "subregion_dens", 60: "spinal_cord", 61: "spinal_canal", 100: "subregion_disc"},
        ),
        (
            "totalspineseg",
            {1: "spinal_cord", 2: "spinal_canal", 11: "vertebra_C1", 17: "vertebra_C7", 21: "vertebra_T1"}
            | {32: "vertebra_T12", 41: "vertebra_L1", 45: "vertebra_L5", 50: "sacrum", 63: "disc_C2_C3"}
            | {67: "disc_C6_C7", 71: "disc_C7_T1", 72: "disc_T1_T2", 82: "disc_T11_T12", 91: "disc_T12_L1"}
            | {95: "disc_L4_L5", 100: "disc_L5_S1"},
        ),
    ],
)
def test_numbers_mean_what_their_program_says(scheme: str, expected: dict[int, str]) -> None:
    assert names(scheme, *expected) == expected


def test_discs_follow_transitional_vertebrae() -> None:
    assert names("verse", 19, 28, 119, 128)[119] == "disc_T12_T13"
    assert names("verse", 28, 128)[128] == "disc_T13_L1"
    assert names("spineps", 24, 25, 124, 125) == {
        24: "vertebra_L5",
        25: "vertebra_L6",
        124: "disc_L5_L6",
        125: "disc_L6_S1",
    }


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if SCHEMES[s].numbers])
def test_every_name_of_every_table_is_a_structure(scheme: str) -> None:
    assert {parse_structure(name) for name in SCHEMES[scheme].numbers.values()} <= set(STRUCTURES)


def test_an_unknown_label_is_refused_with_the_cure() -> None:
    with pytest.raises(TermError, match="118, 240") as refused:
        names("totalsegmentator", 27, 118, 240)
    assert "map = { 118" in refused.value.remedy


@pytest.mark.parametrize("beside", ["x.json", "x_labels.json"])
@pytest.mark.parametrize(
    "content", [{"5": "vertebrae_L3"}, {"vertebrae_L3": 5}, {"labels": {"background": 0, "L3": 5}}]
)
def test_a_json_of_names_beside_the_file_wins_over_the_table(tmp_path: Path, beside: str, content: object) -> None:
    save(tmp_path / "x.nii.gz", 5)
    (tmp_path / beside).write_text(json.dumps(content))
    ((file,), _) = read_labels(tmp_path / "x.nii.gz", LabelEntry("x.nii.gz", scheme="totalsegmentator"))
    assert file.labels.names == {5: "vertebra_L3"}


def test_a_json_without_names_is_left_alone_and_a_broken_one_is_not(tmp_path: Path) -> None:
    save(tmp_path / "x.nii.gz", 5)
    (tmp_path / "x.json").write_text('{"Modality": "CT", "SliceThickness": 1.5}')
    ((file,), _) = read_labels(tmp_path / "x.nii.gz", LabelEntry("x.nii.gz", scheme="totalsegmentator"))
    assert file.labels.names == {5: "liver"}
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(FileError, match="JSON"):
        read_labels(tmp_path / "x.nii.gz", LabelEntry("x.nii.gz", scheme="totalsegmentator"))


def test_one_structure_means_one_label(tmp_path: Path) -> None:
    entry = LabelEntry("x.nii.gz", structure="tumour")
    ((file,), _) = read_labels(save(tmp_path / "x.nii.gz", 7), entry)
    assert file.labels.mask("tumour").sum() == 1
    with pytest.raises(FileError, match="2 different labels"):
        read_labels(save(tmp_path / "x.nii.gz", 7, 8), entry)


def test_a_folder_of_single_structures_is_one_map(tmp_path: Path) -> None:
    folder = tmp_path / "segmentations"
    folder.mkdir()
    for place, name in enumerate(("vertebrae_L3", "aorta", "lung_upper_lobe_left", "lung_lower_lobe_left")):
        values = np.zeros(GRID.shape, np.uint8)
        values[place] = 1
        (folder / f"{name}.nii.gz").write_bytes(nifti_bytes(values, GRID))
    ((file,), problems) = read_labels(folder, LabelEntry("segmentations", scheme="totalsegmentator"))
    assert set(file.labels.names.values()) == {"vertebra_L3", "aorta", "lung_left"}
    assert file.labels.mask("lung_left")[2:].all()
    assert file.labels.mask("vertebra_L3")[0].all()
    assert not problems


def test_what_an_earlier_plan_added_is_left_out_and_said(tmp_path: Path) -> None:
    """An export read back: its specimen is no anatomy, and its canal must not pass for one that somebody drew."""
    path = save(tmp_path / "x.nii.gz", 1, 2, 3, 4)
    beside = {"1": "tumour", "2": "specimen (planned)", "3": "spinal canal (found)", "4": "aorta"}
    (tmp_path / "x.json").write_text(json.dumps(beside))
    (read,), problems = read_labels(path, LabelEntry("x.nii.gz", "slicer"))
    assert dict(read.labels.names) == {1: "tumour", 4: "aorta"}
    (note,) = problems
    assert "specimen (planned), spinal canal (found)" in note.says
    (drawn,), unsaid = read_labels(path, LabelEntry("x.nii.gz", "slicer", stated={2: "ignore", 3: "spinal_canal"}))
    assert dict(drawn.labels.names) == {1: "tumour", 3: "spinal_canal", 4: "aorta"}
    assert not unsaid
