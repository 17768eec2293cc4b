"""One file for each structure, on one grid or on many, works like one map."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import attrs
import numpy as np
import pytest

from enbloc.adapters.files.json_files import json_text
from enbloc.adapters.files.run.record_forms import anatomy_form, classification_form
from enbloc.anatomy.settings import AnatomySettings
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.grids import Grid, LabelMap
from enbloc.foundation.space.sampling import sample_nearest
from enbloc.intake.case import Case, LabelFile
from enbloc.intake.checks import check
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.fills import Fill
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import fill
from enbloc.settings import Settings
from enbloc.walk import Record, look

QUICK = Settings(anatomy=AnatomySettings(reach_mm=15.0))
LUMBAR = SpinePhantom(("L2", "L3", "L4"))
VERTEBRAE = [f"vertebra_{level}" for level in LUMBAR.levels]


@lru_cache(maxsize=1)
def one_map() -> Case:
    tumour = fill("L3", Fill({4, 5, 6}, "BC", inset_mm=1.5))
    return sample(
        LUMBAR, Scan((1.5, 1.5, 1.5), margin_mm=12.0), tumour, Clinical(histology="chordoma", biopsy_confirmed=True)
    )


@lru_cache(maxsize=1)
def record_of_one_map() -> Record:
    return look(one_map(), QUICK)


def singles(case: Case) -> list[LabelFile]:
    """A file for each structure of the first file, named as TotalSegmentator does."""
    labels = case.label_files[0].labels
    return [
        LabelFile(f"{name}.nii.gz", LabelMap(labels.grid, (labels.values == number).astype(np.uint8), {1: name}))
        for number, name in labels.names.items()
    ]


def with_files(case: Case, files: list[LabelFile]) -> Case:
    return attrs.evolve(case, label_files=(*files, *case.label_files[1:]))


def cropped(file: LabelFile, room: int) -> LabelFile:
    """The file cut to its structure and some voxels of room."""
    held = np.argwhere(file.labels.values)
    low = np.maximum(held.min(axis=0) - room, 0)
    high = np.minimum(held.max(axis=0) + 1 + room, file.labels.values.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    labels = file.labels
    return LabelFile(file.name, LabelMap(labels.grid.crop(box), labels.values[box], labels.names))


def on_grid_of(file: LabelFile, spacing_mm: tuple[float, float, float], shift_mm: float) -> LabelFile:
    """The file read at the voxels of another grid over the same field."""
    labels = file.labels
    ends = labels.grid.to_patient(np.array([[0, 0, 0], np.array(labels.grid.shape) - 1]))
    low, high = ends.min(axis=0) + shift_mm - 6.0, ends.max(axis=0) + 6.0
    shape = np.floor((high - low) / spacing_mm).astype(int) + 1
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = low
    grid = Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)
    places = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    values = sample_nearest(labels.grid, labels.values, grid.to_patient(places.reshape(-1, 3)).reshape(places.shape))
    return LabelFile(file.name, LabelMap(grid, values, labels.names))


def test_single_files_on_one_grid_give_the_same_bytes() -> None:
    one, many = record_of_one_map(), look(with_files(one_map(), singles(one_map())), QUICK)
    assert json_text(classification_form(many)) == json_text(classification_form(one))
    assert json_text(anatomy_form(many)) == json_text(anatomy_form(one))
    assert many.problems == one.problems


def test_the_order_of_the_files_does_not_matter() -> None:
    files = singles(one_map())
    backwards = look(with_files(one_map(), files[::-1]), QUICK)
    assert json_text(anatomy_form(backwards)) == json_text(anatomy_form(record_of_one_map()))


@pytest.mark.parametrize("room", [0, 3], ids=["tight", "with room"])
def test_files_cropped_to_their_structure_give_the_same_cells(room: int) -> None:
    """Exactly the same voxels, on grids of their own: cells, frames and classes are the same."""
    one = record_of_one_map()
    files = [cropped(file, room) for file in singles(one_map())]
    many = look(with_files(one_map(), files), QUICK)
    assert not [problem for problem in many.problems if problem.grade != "note"]
    assert json_text(classification_form(many)) == json_text(classification_form(one))
    assert many.scene is not None
    assert one.scene is not None
    for level, vertebra in one.scene.vertebrae.items():
        assert many.scene.vertebrae[level].whole == vertebra.whole
        assert np.allclose(many.scene.vertebrae[level].frame.origin_mm, vertebra.frame.origin_mm, atol=1e-6)


@pytest.mark.parametrize(
    ("spacing_mm", "shift_mm"),
    [((1.5, 1.5, 1.5), 0.7), ((1.25, 1.25, 1.25), 0.3), ((1.2, 1.2, 2.0), 0.4)],
    ids=["shifted", "finer", "thicker slices"],
)
def test_vertebrae_on_grids_of_their_own_give_the_same_clear_classes(
    spacing_mm: tuple[float, float, float], shift_mm: float
) -> None:
    one = record_of_one_map()
    files = singles(one_map())
    moved = [on_grid_of(file, spacing_mm, shift_mm) if file.name == "vertebra_L4.nii.gz" else file for file in files]
    moved = [on_grid_of(file, spacing_mm, -shift_mm) if file.name == "vertebra_L3.nii.gz" else file for file in moved]
    many = look(with_files(one_map(), moved), QUICK)
    assert not [problem for problem in many.problems if problem.grade != "note"]
    assert one.extent is not None
    assert many.extent is not None
    for level, before in one.extent.levels.items():
        after = many.extent.levels[level]
        for key, verdict in (*before.sectors.items(), *before.layers.items()):
            now = {**after.sectors, **after.layers}[key]
            assert Verdict.UNDECIDED in (verdict, now) or verdict is now, (level, key)
    assert one.sheet is not None
    assert many.sheet is not None
    for system, answer in one.sheet.answers.items():
        assert {*answer.possible} & {*many.sheet.answers[system].possible} or not answer.possible, system


def test_a_level_that_is_missing_among_single_files_is_found() -> None:
    files = [file for file in singles(one_map()) if file.name != "vertebra_L3.nii.gz"]
    assert any(p.grade == "stop" and "L3 is not labelled" in p.says for p in check(with_files(one_map(), files)))


def test_swapped_names_among_single_files_are_found() -> None:
    names = {"vertebra_L2": "vertebra_L3", "vertebra_L3": "vertebra_L2"}
    files = [
        LabelFile(
            file.name, attrs.evolve(file.labels, names={1: names.get(file.labels.names[1], file.labels.names[1])})
        )
        for file in singles(one_map())
    ]
    assert any(p.grade == "stop" and "lies below" in p.says for p in check(with_files(one_map(), files)))


def doubled(change: Callable[[np.ndarray], np.ndarray], name: str) -> Case:
    """The case with one more file: L3 changed in some way, under a name."""
    labels = one_map().label_files[0].labels
    mask = change(labels.mask("vertebra_L3"))
    again = LabelFile("again.nii.gz", LabelMap(labels.grid, mask.astype(np.uint8), {1: name}))
    return attrs.evolve(one_map(), label_files=(*one_map().label_files, again))


def test_a_level_labelled_twice_alike_is_a_note_and_otherwise_a_doubt() -> None:
    alike = check(doubled(lambda mask: mask, "vertebra_L3"))
    other = check(doubled(lambda mask: mask & (np.indices(mask.shape)[2] % 4 > 0), "vertebra_L3"))
    assert [(p.grade, p.where) for p in alike if "once more" in p.says] == [("note", "again.nii.gz")]
    assert [(p.grade, p.where) for p in other if "once more" in p.says] == [("doubt", "again.nii.gz")]


def test_two_levels_in_one_place_stop_the_case() -> None:
    found = check(doubled(lambda mask: mask, "vertebra_L1"))
    assert any(p.grade == "stop" and "two levels cannot be one bone" in p.says for p in found)


def test_a_vertebra_that_is_labelled_again_changes_nothing_that_is_measured() -> None:
    again = look(doubled(lambda mask: mask, "vertebra_L3"), QUICK)
    assert json_text(classification_form(again)) == json_text(classification_form(record_of_one_map()))


def test_an_organ_that_lies_in_a_vertebra_is_said_and_the_bone_stands() -> None:
    case = doubled(lambda mask: mask & (np.indices(mask.shape)[2] % 4 > 0), "aorta")
    found = check(case)
    assert any(p.grade == "note" and "aorta" in p.says and "L3 vertebra, which stands there" in p.says for p in found)
    record = look(case, QUICK)
    assert record.scene is not None
    assert record_of_one_map().scene is not None
    assert np.array_equal(record.scene.bone, record_of_one_map().scene.bone)


def test_coarse_vertebrae_keep_their_error_on_a_fine_grid() -> None:
    """The error of a border is half the voxel that it was drawn in, not half the voxel that it is read at."""
    files = [
        on_grid_of(file, (2.5, 2.5, 2.5), 0.0) if file.name == "vertebra_L3.nii.gz" else file
        for file in singles(one_map())
    ]
    record = look(with_files(one_map(), files), QUICK)
    assert record.scene is not None
    assert record.scene.label_error_mm == pytest.approx(1.25)
    assert record.scene.grid.spacing_mm.max() == pytest.approx(1.5)
