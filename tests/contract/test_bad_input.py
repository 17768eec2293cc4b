"""Hostile and careless input: an exit code, one sentence with the cure, no traceback, nothing half-written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import nibabel as nib
import numpy as np
import pytest

Command = Callable[..., Any]
TUMOUR = "tumour.nii.gz"


def toml(folder: Path, old: str, new: str) -> None:
    path = folder / "case.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def rewrite(folder: Path, change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]) -> None:
    image = nib.load(folder / TUMOUR)
    values, affine = change(np.asarray(image.dataobj).copy(), image.affine.copy())
    nib.save(nib.Nifti1Image(values, affine), folder / TUMOUR)


def missing_file(folder: Path) -> None:
    (folder / TUMOUR).unlink()


def empty_file(folder: Path) -> None:
    (folder / TUMOUR).write_bytes(b"")


def truncated_gzip(folder: Path) -> None:
    content = (folder / TUMOUR).read_bytes()
    (folder / TUMOUR).write_bytes(content[: len(content) // 2])


def no_image_at_all(folder: Path) -> None:
    (folder / TUMOUR).write_bytes(b"this is not an image" * 100)


def four_dimensional(folder: Path) -> None:
    rewrite(folder, lambda values, affine: (np.stack([values, values], axis=3), affine))


def not_a_number(folder: Path) -> None:
    rewrite(folder, lambda values, affine: (np.where(values > 0, np.nan, 0).astype(np.float32), affine))


def not_whole(folder: Path) -> None:
    rewrite(folder, lambda values, affine: ((values * 1.00001).astype(np.float64), affine))


def negative_labels(folder: Path) -> None:
    rewrite(folder, lambda values, affine: (-values.astype(np.int16), affine))


def two_labels(folder: Path) -> None:
    rewrite(folder, lambda values, affine: ((values * (1 + np.indices(values.shape)[0] % 2)).astype(np.uint8), affine))


def sheared(folder: Path) -> None:
    rewrite(folder, lambda values, affine: (values, affine + 0.4 * np.eye(4, k=1) * [[1], [0], [0], [0]]))


def zero_spacing(folder: Path) -> None:
    def flatten(values: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        affine[:, 0] = [1e-9, 0, 0, 0]
        return values, affine

    rewrite(folder, flatten)


def empty_tumour(folder: Path) -> None:
    rewrite(folder, lambda values, affine: (np.zeros_like(values), affine))


def tumour_outside(folder: Path) -> None:
    def move(values: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        affine[2, 3] += 80.0
        return values, affine

    rewrite(folder, move)


def apart(folder: Path) -> None:
    def move(values: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        affine[:3, 3] += 2000.0
        return values, affine

    rewrite(folder, move)


def lost_orientation(folder: Path) -> None:
    rewrite(folder, lambda values, _: (values, np.eye(4)))


def mirrored(folder: Path) -> None:
    image = nib.load(folder / "labels.nii.gz")
    values = np.asarray(image.dataobj).copy()
    values[1:4], values[26:29] = 9, 8  # the first axis runs to the patient's left
    nib.save(nib.Nifti1Image(values, image.affine), folder / "labels.nii.gz")
    toml(folder, "3 = ", '8 = "kidney_right", 9 = "kidney_left", 3 = ')


def link_that_leaves(folder: Path) -> None:
    (folder / TUMOUR).rename(folder.parent / "outside.nii.gz")
    (folder / TUMOUR).symlink_to(folder.parent / "outside.nii.gz")


def unknown_label(folder: Path) -> None:
    toml(folder, "1 = ", "14 = ")


def sound(folder: Path) -> None:
    """Boxes for vertebrae pass every check of the files, and are no vertebrae."""
    assert (folder / TUMOUR).exists()


@attrs.frozen
class Bad:
    """One way to be wrong: what is done to a sound case, and what must be answered."""

    code: int
    where: str
    says: str
    spoil: Callable[[Path], None]


def edit(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: toml(folder, old, new)


TABLE: dict[str, Bad] = {
    "missing file": Bad(1, TUMOUR, "no such file", missing_file),
    "empty file": Bad(1, TUMOUR, "Copy or export it again", empty_file),
    "truncated gzip": Bad(1, TUMOUR, "cut short", truncated_gzip),
    "no image": Bad(1, TUMOUR, "Copy or export it again", no_image_at_all),
    "4-D image": Bad(1, TUMOUR, "4-D", four_dimensional),
    "NaN": Bad(1, TUMOUR, "not finite", not_a_number),
    "labels that are not whole": Bad(1, TUMOUR, "nearest neighbour", not_whole),
    "negative labels": Bad(1, TUMOUR, "labels from 0", negative_labels),
    "two labels in one structure": Bad(1, TUMOUR, "2 different labels", two_labels),
    "sheared": Bad(1, TUMOUR, "right angle", sheared),
    "zero spacing": Bad(1, TUMOUR, "mm", zero_spacing),
    "link that leaves": Bad(1, TUMOUR, "outside the case folder", link_that_leaves),
    "path that leaves": Bad(1, "../x.nii.gz", "outside the case folder", edit(TUMOUR, "../x.nii.gz")),
    "absolute path": Bad(1, "/etc/hostname", "outside the case folder", edit(TUMOUR, "/etc/hostname")),
    "unknown format": Bad(1, "case.toml", ".nrrd", edit(TUMOUR, "case.toml")),
    "unknown label": Bad(1, "labels.nii.gz", "map = {", unknown_label),
    "unknown scheme": Bad(1, "case.toml", "did you mean 'verse'", edit('scheme = "custom"', 'scheme = "vers"')),
    "no DICOM SEG": Bad(1, "labels.nii.gz", "not a DICOM file", edit('scheme = "custom"', 'scheme = "dicom-seg"')),
    "no RTSTRUCT": Bad(1, "labels.nii.gz", "not a DICOM file", edit('scheme = "custom"', 'scheme = "rtstruct"')),
    "unknown structure": Bad(1, "case.toml", "tumour", edit('"tumour"', '"tumoor"')),
    "unknown histology": Bad(1, "case.toml", "chordoma", edit('"chordoma"', '"kordoma"')),
    "unknown key": Bad(1, "case.toml", "did you mean 'grade'", edit("grade =", "grad =")),
    "wrong type": Bad(1, "case.toml", "clinical.age_years", edit("age_years = 50.0", 'age_years = "50"')),
    "wrong yes or no": Bad(1, "case.toml", "clinical.biopsy_confirmed", edit("= true", "= 1")),
    "wrong side convention": Bad(1, "case.toml", "case.side_convention", edit('"patient"', '"viewer"')),
    "no TOML": Bad(1, "case.toml", "line", edit("[case]", "[case")),
    "empty tumour": Bad(3, TUMOUR, "empty", empty_tumour),
    "tumour outside": Bad(3, TUMOUR, "outside the field", tumour_outside),
    "grids apart": Bad(3, TUMOUR, "do not meet", apart),
    "lost orientation": Bad(3, TUMOUR, "lost its orientation", lost_orientation),
    "mirrored labels": Bad(3, "labels.nii.gz", "mirrored", mirrored),
    "no ring around the canal": Bad(3, "labels.nii.gz", "closed ring", sound),
    "age 400": Bad(3, "clinical.age_years", "400", edit("age_years = 50.0", "age_years = 400")),
    "ecog 9": Bad(3, "clinical.ecog", "9", edit("[clinical]", "[clinical]\necog = 9")),
}


@pytest.mark.parametrize("name", TABLE)
def test_bad_input_is_answered_in_one_sentence(enbloc: Command, small_folder: Path, name: str) -> None:
    bad = TABLE[name]
    bad.spoil(small_folder)
    run = small_folder.parent / "run"
    answer = enbloc("plan", small_folder, "--out", run)
    told = answer.err if bad.code == 1 else answer.out
    assert answer.code == bad.code
    assert bad.where in told
    assert bad.says in told
    assert "Traceback" not in answer.out + answer.err
    left = {path.relative_to(run).as_posix() for path in run.rglob("*")} if run.exists() else set()
    stopped = {"1-intake.json", "6-report.html", "6-report.json", "6-report.pdf", "record.json"}
    assert left == (set() if bad.code == 1 else stopped)
    assert not [path for path in small_folder.parent.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("name", [name for name, bad in TABLE.items() if bad.code == 3])
def test_the_reason_of_a_stop_is_on_file(enbloc: Command, small_folder: Path, name: str) -> None:
    TABLE[name].spoil(small_folder)
    run = small_folder.parent / "run"
    enbloc("plan", small_folder, "--out", run)
    intake = json.loads((run / "1-intake.json").read_text())
    assert intake["stopped"] is True
    found = [p for p in intake["problems"] if p["grade"] == "stop" and TABLE[name].where in p["where"]]
    assert any(TABLE[name].says in problem["says"] for problem in found)
    assert all(problem["remedy"] for problem in intake["problems"])
    assert json.loads((run / "record.json").read_text())["stopped"] is True
    assert TABLE[name].says in (run / "6-report.html").read_text()


@pytest.mark.parametrize("command", ["check", "classify", "plan"])
@pytest.mark.parametrize("kind", ["nothing", "file", "empty folder"])
def test_what_is_no_case_is_1(enbloc: Command, tmp_path: Path, command: str, kind: str) -> None:
    path = tmp_path / "case"
    if kind == "file":
        path.write_text("x")
    if kind == "empty folder":
        path.mkdir()
    answer = enbloc(command, path)
    assert answer.code == 1
    assert "case" in answer.err
    assert "Traceback" not in answer.err


def test_a_run_never_replaces_what_is_no_run(enbloc: Command, small_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("x")
    for words in ((), ("--force",)):
        answer = enbloc("plan", small_folder, "--out", tmp_path / "photos", *words)
        assert answer.code == 1
        assert "photos" in answer.err
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["a.jpg"]


def test_markup_in_a_name_is_printed_as_it_is(enbloc: Command, small_folder: Path) -> None:
    toml(small_folder, TUMOUR, "[red]x[/].nii.gz")
    answer = enbloc("check", small_folder)
    assert answer.code == 1
    assert "[red]x[/].nii.gz: there is no such file" in answer.err
