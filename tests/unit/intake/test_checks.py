"""Checks on a case: each thing wrong is found, graded and given a cure; a sound case passes in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import pytest

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.foundation.space.grids import Grid, LabelMap, Volume
from enbloc.intake.case import Case, LabelFile, Problem, TypedLevel
from enbloc.intake.checks import check
from enbloc.intake.clinical import Clinical

TYPED = {"L3": TypedLevel(frozenset({5, 6}), frozenset("BC"))}


def stops(case: Case) -> list[Problem]:
    return [problem for problem in check(case) if problem.grade == "stop"]


def with_facts(case: Case, **facts: object) -> Case:
    return attrs.evolve(case, clinical=attrs.evolve(case.clinical, **facts))


def with_labels(case: Case, place: int, **changes: object) -> Case:
    files = list(case.label_files)
    files[place] = attrs.evolve(files[place], labels=attrs.evolve(files[place].labels, **changes))
    return attrs.evolve(case, label_files=tuple(files))


def moved(grid: Grid, by_mm: tuple[float, float, float]) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] += by_mm
    return Grid(grid.shape, affine)


def test_a_sound_case_passes_in_silence(small_case: Case) -> None:
    assert check(small_case) == ()


def test_a_typed_case_needs_no_images() -> None:
    facts = Clinical(histology="chordoma", biopsy_confirmed=True)
    assert check(Case("typed", facts, typed_extent=TYPED)) == ()


@pytest.mark.parametrize(
    ("facts", "grade", "key"),
    [
        ({"age_years": 400.0}, "stop", "age_years"),
        ({"age_years": -1.0}, "stop", "age_years"),
        ({"ecog": 9}, "stop", "ecog"),
        ({"ecog": 5}, "stop", "ecog"),
        ({"ecog": -1}, "stop", "ecog"),
        ({"symptoms_months": -3.0}, "stop", "symptoms_months"),
        ({"symptoms_months": 900.0}, "doubt", "symptoms_months"),
        ({"histology": "osteoblastoma", "grade": "high"}, "doubt", "grade"),
        ({"histology": "chordoma", "grade": "benign"}, "doubt", "grade"),
        ({"activity": "aggressive"}, "doubt", "activity"),
        ({"histology": "renal_cell_carcinoma", "grade": "high"}, "doubt", "metastases"),
        ({"primary_controlled": True}, "note", "primary_controlled"),
        ({"histology": None}, "doubt", "histology"),
        ({"histology": "no_such_tumour"}, "stop", "histology"),
        ({"biopsy_confirmed": False}, "doubt", "biopsy_confirmed"),
    ],
)
def test_absurd_and_contradictory_facts(small_case: Case, facts: dict[str, object], grade: str, key: str) -> None:
    found = [problem for problem in check(with_facts(small_case, **facts)) if problem.where.endswith(f".{key}")]
    assert [problem.grade for problem in found] == [grade]
    assert found[0].remedy


@pytest.mark.parametrize("age", [0.0, 0.5, 119.0])
def test_rare_ages_are_possible(small_case: Case, age: float) -> None:
    assert not stops(with_facts(small_case, age_years=age))


def test_an_empty_tumour_stops(small_case: Case) -> None:
    empty = with_labels(small_case, 1, values=np.zeros(small_case.label_files[1].labels.grid.shape, np.uint8))
    (stop,) = stops(empty)
    assert stop.where == "tumour.nii.gz"
    assert "empty" in stop.says
    assert "leave the file out" in stops(attrs.evolve(empty, typed_extent=TYPED))[0].remedy


def test_a_missing_tumour_or_missing_vertebrae_stop(small_case: Case) -> None:
    labels, tumour = small_case.label_files
    assert "tumour" in stops(attrs.evolve(small_case, label_files=(labels,)))[0].says
    assert "vertebra" in stops(attrs.evolve(small_case, label_files=(tumour,)))[0].says
    assert stops(attrs.evolve(small_case, label_files=()))


def test_a_typed_extent_stands_in_for_a_missing_tumour(small_case: Case) -> None:
    case = attrs.evolve(small_case, label_files=small_case.label_files[:1], typed_extent=TYPED)
    (doubt,) = check(case)
    assert doubt.grade == "doubt"
    assert "typed extent is used alone" in doubt.says


def test_a_tumour_outside_the_field_of_the_labels_stops(small_case: Case) -> None:
    grid = small_case.label_files[1].labels.grid
    for by_mm in ((0.0, 0.0, 78.0), (56.0, 0.0, 0.0)):
        found = stops(with_labels(small_case, 1, grid=moved(grid, by_mm)))
        assert any("outside the field" in stop.says for stop in found)


def test_a_tumour_half_outside_is_a_doubt(small_case: Case) -> None:
    grid = small_case.label_files[1].labels.grid
    partly = check(with_labels(small_case, 1, grid=moved(grid, (-24.0, 0.0, 0.0))))
    assert [(p.grade, "outside the field" in p.says) for p in partly] == [("doubt", True)]


def test_a_tumour_far_from_every_vertebra_stops(small_case: Case) -> None:
    far = np.zeros(small_case.label_files[1].labels.grid.shape, np.uint8)
    labels = small_case.label_files[0].labels
    grid = Grid(labels.grid.shape, np.diag([6.0, 6.0, 6.0, 1.0]))
    far[27:30, 36:40, 26:32] = 1
    case = with_labels(with_labels(small_case, 0, grid=grid), 1, grid=grid, values=far)
    assert any("mm from the nearest" in stop.says for stop in stops(case))


def test_images_of_two_places_cannot_be_brought_together(small_case: Case) -> None:
    grid = small_case.label_files[1].labels.grid
    found = stops(with_labels(small_case, 1, grid=moved(grid, (0.0, 0.0, 1000.0))))
    assert any("do not meet" in stop.says and stop.where == "tumour.nii.gz" for stop in found)
    away = Volume(moved(grid, (900.0, 0.0, 0.0)), np.full(grid.shape, 300, np.int16))
    assert any(stop.where == "the CT" for stop in stops(attrs.evolve(small_case, ct=away)))


def test_a_file_that_lost_its_orientation_stops(small_case: Case) -> None:
    grid = small_case.label_files[1].labels.grid
    identity = Grid(grid.shape, np.eye(4))
    found = stops(with_labels(small_case, 1, grid=identity))
    assert any("lost its orientation" in stop.says for stop in found)


def test_two_equal_crops_of_one_scan_are_fine(small_case: Case) -> None:
    grid = small_case.label_files[1].labels.grid
    shifted = with_labels(small_case, 1, grid=moved(grid, (2.0, -4.0, 6.0)))
    assert not stops(shifted)


def paired(case: Case) -> Case:
    """The small case with kidneys, back muscles and the aorta where they belong."""
    labels = case.label_files[0].labels
    values = labels.values.copy()
    values[24:29, 8:20, 20:40] = 4  # x grows to the patient's left
    values[1:6, 8:20, 20:40] = 5
    values[10:20, 28:36, 10:50] = 6
    values[12:18, 1:6, 10:50] = 7
    names = {**labels.names, 4: "kidney_left", 5: "kidney_right", 6: "autochthon_left", 7: "aorta"}
    return with_labels(case, 0, values=values, names=names)


@pytest.mark.parametrize(("axis", "word"), [(0, "mirrored"), (1, "front to back"), (2, "upside down")])
def test_turned_labels_stop(small_case: Case, axis: int, word: str) -> None:
    case = paired(small_case)
    assert not check(case)
    turned = case
    for place in (0, 1):
        turned = with_labels(turned, place, values=np.flip(turned.label_files[place].labels.values, axis))
    assert any(word in stop.says for stop in stops(turned))


def test_one_odd_pair_is_a_doubt(small_case: Case) -> None:
    labels = paired(small_case).label_files[0].labels
    values = labels.values.copy()
    values[24:29, 22:30, 2:10], values[1:6, 22:30, 2:10] = 8, 9
    values[24:29, 22:30, 12:18], values[1:6, 22:30, 12:18] = 10, 11
    names = {**labels.names, 8: "hip_left", 9: "hip_right", 10: "iliopsoas_right", 11: "iliopsoas_left"}
    case = with_labels(small_case, 0, values=values, names=names)
    (doubt,) = check(case)
    assert doubt.grade == "doubt"
    assert "iliopsoas_left" in doubt.says


def test_a_doubled_vertebra_is_a_note(small_case: Case) -> None:
    again = LabelFile("again.nii.gz", small_case.label_files[0].labels)
    found = check(attrs.evolve(small_case, label_files=(*small_case.label_files, again)))
    assert {problem.grade for problem in found} == {"note"}


def test_an_image_that_is_no_ct_is_a_doubt(small_case: Case) -> None:
    grid = small_case.label_files[0].labels.grid
    dark = Volume(grid, np.full(grid.shape, 90, np.int16))
    assert [problem.where for problem in check(attrs.evolve(small_case, ct=dark))] == ["the CT"]


def test_thick_slices_are_a_doubt(small_case: Case) -> None:
    thick = Grid((30, 40, 60), np.diag([2.0, 2.0, 5.0, 1.0]))
    case = with_labels(with_labels(small_case, 0, grid=thick), 1, grid=thick)
    assert [problem.grade for problem in check(case)] == ["doubt"]


def test_typed_levels_with_a_gap_are_a_doubt() -> None:
    facts = Clinical(histology="chordoma", biopsy_confirmed=True)
    gap = {"L1": TYPED["L3"], "L3": TYPED["L3"], "T11": TypedLevel(frozenset({5}), frozenset("F"))}
    assert [problem.grade for problem in check(Case("typed", facts, typed_extent=gap))] == ["doubt", "doubt"]


def test_the_stops_come_first_and_nothing_twice(small_case: Case) -> None:
    case = with_facts(small_case, age_years=400.0, biopsy_confirmed=False, primary_controlled=True)
    assert [problem.grade for problem in check(case)] == ["stop", "doubt", "note"]
    assert len(set(check(case))) == len(check(case))


def test_labels_without_a_single_voxel_are_no_crash(small_case: Case) -> None:
    grid = small_case.label_files[0].labels.grid
    empty = LabelFile("empty.nii.gz", LabelMap(grid, np.zeros(grid.shape, np.uint8), {}))
    assert check(attrs.evolve(small_case, label_files=(*small_case.label_files, empty))) == ()


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["C4-typed-only", "L2-posterior-arch", "L3-body-left-pedicle", "T11-epidural", "T8-left-paravertebral"]
)
def test_the_real_cases_are_sound(real_data: Callable[[str], Path], name: str) -> None:
    case, _ = read_case(real_data(f"cases/{name}"), lambda _: None)
    assert not [problem for problem in check(case) if problem.grade != "note"]
