"""Case folders: what is written reads back, and no path leaves the folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import pytest

from enbloc.adapters.files.case.case_folder import digest, read_case
from enbloc.adapters.files.case.case_writer import write_case
from enbloc.errors import CaseError, FileError
from enbloc.foundation.space.grids import Volume
from enbloc.intake.case import Case, TypedLevel


def unheard(step: str) -> None:
    """Progress that nobody reads."""


def test_a_case_reads_back_as_it_was_written(small_case: Case, tmp_path: Path) -> None:
    grid = small_case.label_files[0].labels.grid
    hounsfield = np.random.default_rng(5).integers(-1000, 1500, grid.shape).astype(np.int16)
    typed = {"L3": TypedLevel(frozenset({4, 5}), frozenset("BC"))}
    case = attrs.evolve(small_case, ct=Volume(grid, hounsfield), typed_extent=typed, id='odd "id"'.replace('"', "_"))
    write_case(case, tmp_path / "case")
    found, problems = read_case(tmp_path / "case", unheard)
    assert not problems
    assert found.id == case.id
    assert found.clinical == case.clinical
    assert found.typed_extent == typed
    assert found.ct is not None
    assert found.ct.grid.same_as(grid)
    assert np.array_equal(found.ct.values, hounsfield)
    for one, other in zip(found.label_files, case.label_files, strict=True):
        assert one.labels.names == other.labels.names
        assert np.array_equal(one.labels.values, other.labels.values)
        assert one.labels.grid.same_as(other.labels.grid)


def test_labels_without_a_name_are_ignored_when_written(small_case: Case, tmp_path: Path) -> None:
    labels = small_case.label_files[0]
    partly = attrs.evolve(labels, labels=attrs.evolve(labels.labels, names={2: "vertebra_L3"}))
    write_case(attrs.evolve(small_case, label_files=(partly,)), tmp_path / "case")
    found, _ = read_case(tmp_path / "case", unheard)
    assert found.label_files[0].labels.names == {2: "vertebra_L3"}


def test_digests_name_every_file_that_was_read(small_folder: Path) -> None:
    (small_folder / "labels.json").write_text('{"1": "vertebra_L2", "2": "vertebra_L3", "3": "vertebra_L4"}')
    (small_folder / "unread.txt").write_text("x")
    case, _ = read_case(small_folder, unheard)
    assert list(case.digests) == ["case.toml", "labels.json", "labels.nii.gz", "tumour.nii.gz"]
    assert case.digests["case.toml"] == digest(small_folder / "case.toml")


def test_progress_names_the_files(small_folder: Path) -> None:
    steps: list[str] = []
    read_case(small_folder, steps.append)
    assert steps == ["reading case.toml", "reading labels.nii.gz", "reading tumour.nii.gz"]


def rename_tumour(folder: Path, name: str) -> None:
    text = (folder / "case.toml").read_text().replace('"tumour.nii.gz"', f"'{name}'")
    (folder / "case.toml").write_text(text)


@pytest.mark.parametrize("name", ["../tumour.nii.gz", "a/../../tumour.nii.gz", "/etc/hostname", "..\\tumour.nii.gz"])
def test_a_path_that_leaves_the_folder_is_refused(small_folder: Path, name: str) -> None:
    (small_folder.parent / "tumour.nii.gz").write_bytes((small_folder / "tumour.nii.gz").read_bytes())
    rename_tumour(small_folder, name)
    with pytest.raises(FileError, match="outside") as refused:
        read_case(small_folder, unheard)
    assert refused.value.where == name


@pytest.mark.parametrize("linked", ["tumour.nii.gz", "case.toml"])
def test_a_link_that_leaves_the_folder_is_refused(small_folder: Path, linked: str) -> None:
    outside = small_folder.parent / "outside"
    (small_folder / linked).rename(outside)
    (small_folder / linked).symlink_to(outside)
    with pytest.raises(FileError, match="outside"):
        read_case(small_folder, unheard)


def test_a_linked_folder_that_leaves_is_refused_and_a_link_inside_is_not(small_folder: Path) -> None:
    (small_folder / "kept").mkdir()
    (small_folder / "tumour.nii.gz").rename(small_folder / "kept" / "t.nii.gz")
    (small_folder / "tumour.nii.gz").symlink_to(small_folder / "kept" / "t.nii.gz")
    case, _ = read_case(small_folder, unheard)
    assert len(case.label_files) == 2
    (small_folder / "kept").rename(small_folder.parent / "away")
    (small_folder / "kept").symlink_to(small_folder.parent / "away")
    with pytest.raises(FileError):
        read_case(small_folder, unheard)


def test_links_in_a_folder_of_structures_are_checked_too(small_folder: Path) -> None:
    (small_folder / "seg").mkdir()
    secret = small_folder.parent / "vertebrae_L3.nii.gz"
    secret.write_bytes((small_folder / "tumour.nii.gz").read_bytes())
    (small_folder / "seg" / "vertebrae_L3.nii.gz").symlink_to(secret)
    with (small_folder / "case.toml").open("a") as file:
        file.write('[[labels]]\nfile = "seg"\nscheme = "totalsegmentator"\n')
    text = (small_folder / "case.toml").read_text()
    labels_last = text[: text.index("[clinical]")] + text[text.rindex("[[labels]]") :]
    (small_folder / "case.toml").write_text(labels_last)
    with pytest.raises(FileError, match="outside"):
        read_case(small_folder, unheard)


@pytest.mark.parametrize("name", ["loop.nii.gz", "x" * 300 + ".nii.gz"])
def test_paths_that_are_no_paths_are_refused(small_folder: Path, name: str) -> None:
    (small_folder / "loop.nii.gz").symlink_to(small_folder / "loop.nii.gz")
    rename_tumour(small_folder, name)
    with pytest.raises(FileError):
        read_case(small_folder, unheard)


def test_a_pipe_is_no_file(small_folder: Path) -> None:
    (small_folder / "tumour.nii.gz").unlink()
    os.mkfifo(small_folder / "tumour.nii.gz")
    with pytest.raises(FileError):
        read_case(small_folder, unheard)


@pytest.mark.parametrize("content", [b"[case", b"\xff\xfe\x00", b"a = " + b"[" * 5000])
def test_toml_that_is_none_is_refused(small_folder: Path, content: bytes) -> None:
    (small_folder / "case.toml").write_bytes(content)
    with pytest.raises(CaseError, match="TOML"):
        read_case(small_folder, unheard)


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "levels", "has_ct"),
    [
        ("L2-posterior-arch", "L2", True),
        ("L3-body-left-pedicle", "L3", True),
        ("T11-epidural", "T11", False),
        ("T8-left-paravertebral", "T8", False),
    ],
)
def test_the_real_cases_are_read(real_data: Callable[[str], Path], name: str, levels: str, has_ct: bool) -> None:
    case, problems = read_case(real_data(f"cases/{name}"), unheard)
    assert case.id == name
    assert (case.ct is not None) == has_ct
    assert not problems
    labels, tumour = (file.labels for file in case.label_files)
    assert labels.mask(f"vertebra_{levels}").any()
    assert tumour.mask("tumour").any()
    assert labels.grid.same_as(tumour.grid)


@pytest.mark.real
def test_the_typed_case_is_read(real_data: Callable[[str], Path]) -> None:
    case, _ = read_case(real_data("cases/C4-typed-only"), unheard)
    assert dict(case.typed_extent) == {"C4": TypedLevel(frozenset({5, 6, 7, 8}), frozenset("BC"))}
    assert not case.label_files
