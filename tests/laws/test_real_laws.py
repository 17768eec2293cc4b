"""The laws on real anatomy: what must hold of every patient holds of these. The tumours are synthetic.

Array orders and replay stand in `test_array_orders.py`, what is cut out (one piece, all tumour, nothing twice) in
`tests/real/test_generated_tumours.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from law_cases import QUICK, answers_text, contradictions, margins_mm, possible
from test_mirror import mirrored_extent, mirrored_patient
from test_sharpening_end_to_end import sharper_level

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.classification.extent import Extent
from enbloc.classification.sheet import classify
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.distances import distance_to, surface_points
from enbloc.foundation.space.grids import Floats, Grid, LabelMap
from enbloc.foundation.space.polygons import distance_to_face
from enbloc.foundation.terms.structures import TUMOUR, mirror
from enbloc.intake.case import Case, LabelFile
from enbloc.phantoms.spine import turn_matrix
from enbloc.strategy.choice import dominates, figures
from enbloc.walk import Record, look, walk

pytestmark = pytest.mark.real
RealData = Callable[[str], Path]
SLOW = pytest.mark.slow

CASES = ("T11-epidural", "L3-body-left-pedicle", "T8-left-paravertebral", "L2-posterior-arch")
EACH = ("T11-epidural", *(pytest.param(name, marks=SLOW) for name in CASES[1:]))
DROPPED = ("spinal_cord", "aorta", "lung", "vertebra_T10", "autochthon")
LABEL_MM = 1.5
"""Voxels of these label maps."""

MORE_MM = 2.0


@cache
def case_at(folder: Path) -> Case:
    """A case without its image, whose values no law here turns."""
    return attrs.evolve(read_case(folder, lambda _: None)[0], ct=None)


@cache
def looked_at(folder: Path) -> Record:
    return look(case_at(folder), QUICK)


@cache
def walked(folder: Path) -> Record:
    return walk(case_at(folder), QUICK)


def with_grids(case: Case, change: Callable[[LabelMap], LabelMap]) -> Case:
    return attrs.evolve(case, label_files=tuple(LabelFile(file.name, change(file.labels)) for file in case.label_files))


def moved(case: Case) -> Case:
    """The patient turned about all three axes and shifted; every voxel moves with the patient."""
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = turn_matrix(9.0, -7.0, 12.0), (23.0, -31.0, 17.0)
    return with_grids(
        case,
        lambda labels: attrs.evolve(labels, grid=Grid(labels.grid.shape, motion @ labels.grid.affine)),
    )


def regridded(case: Case, spacing_mm: float) -> Case:
    """Every label map read at the nearest voxels of another grid along the same axes."""

    def change(labels: LabelMap) -> LabelMap:
        old = labels.grid
        steps = [np.arange(0.0, n - 0.5, spacing_mm / edge) for n, edge in zip(old.shape, old.spacing_mm, strict=True)]
        affine = old.affine.copy()
        affine[:3, :3] *= spacing_mm / old.spacing_mm
        grid = Grid((len(steps[0]), len(steps[1]), len(steps[2])), affine)
        at = [np.rint(along).astype(np.intp) for along in steps]
        return LabelMap(grid, labels.values[np.ix_(*at)], labels.names)

    return with_grids(case, change)


def without(case: Case, word: str) -> Case:
    """The case with one structure, or all whose names begin with a word, not labelled."""

    def change(labels: LabelMap) -> LabelMap:
        gone = [n for n, name in labels.names.items() if name == word or name.startswith(f"{word}_")]
        names = {n: name for n, name in labels.names.items() if n not in gone}
        return LabelMap(labels.grid, np.where(np.isin(labels.values, gone), 0, labels.values), names)

    return with_grids(case, change)


def grown(case: Case) -> Case:
    """The case with all tumour `MORE_MM` larger."""

    def change(labels: LabelMap) -> LabelMap:
        if TUMOUR not in labels.names.values():
            return labels
        number = next(n for n, name in labels.names.items() if name == TUMOUR)
        larger = distance_to(labels.grid, labels.mask(TUMOUR)) <= MORE_MM
        return LabelMap(labels.grid, np.where(larger, number, labels.values).astype(labels.values.dtype), labels.names)

    return with_grids(case, change)


def extent_of(record: Record) -> Extent:
    assert record.extent is not None
    return record.extent


def distances_mm(extent: Extent) -> dict[str, float]:
    return {c.structure: c.distance.value for c in extent.touched if isinstance(c.distance, Estimate)}


def settled_stays(one: Record, other: Record) -> None:
    """What `one` settles stands in `other` too."""
    for system, categories in possible(one).items():
        if len(categories) == 1 and system != "wbb":
            assert categories[0] in possible(other)[system], (system, categories, possible(other)[system])


@pytest.mark.parametrize("name", EACH)
def test_moving_and_turning_the_patient_changes_no_class_and_no_distance(name: str, real_data: RealData) -> None:
    base = looked_at(real_data(f"cases/{name}"))
    there = look(moved(base.case), QUICK)
    assert contradictions(extent_of(base), extent_of(there)) == []
    settled_stays(base, there)
    settled_stays(there, base)
    here_mm, there_mm = distances_mm(extent_of(base)), distances_mm(extent_of(there))
    for structure, distance in here_mm.items():
        if distance < QUICK.anatomy.reach_mm - LABEL_MM:
            assert there_mm[structure] == pytest.approx(distance, abs=0.1), structure


@pytest.mark.parametrize("name", EACH)
def test_mirroring_swaps_sides_and_nothing_else(name: str, real_data: RealData) -> None:
    base = looked_at(real_data(f"cases/{name}"))
    there = look(mirrored_patient(base.case), QUICK)
    assert contradictions(mirrored_extent(extent_of(base)), extent_of(there)) == []
    for system, categories in possible(base).items():
        if system != "wbb":
            assert possible(there)[system] == categories, system
    here_mm, there_mm = distances_mm(extent_of(base)), distances_mm(extent_of(there))
    assert {mirror(structure) for structure in here_mm} == set(there_mm)
    for structure, distance in here_mm.items():
        assert there_mm[mirror(structure)] == pytest.approx(distance, abs=0.01), structure


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_coarser_grid_contradicts_nothing(name: str, real_data: RealData) -> None:
    base = looked_at(real_data(f"cases/{name}"))
    nothing_is_contradicted(base, look(regridded(base.case, 2.0), QUICK))


@pytest.mark.slow
def test_grids_of_1_and_2_mm_agree(real_data: RealData) -> None:
    case = case_at(real_data("cases/T11-epidural"))
    fine, coarse = (look(regridded(case, spacing), QUICK) for spacing in (1.0, 2.0))
    nothing_is_contradicted(fine, coarse)


def nothing_is_contradicted(fine: Record, coarse: Record) -> None:
    assert contradictions(extent_of(fine), extent_of(coarse)) == []
    for system, categories in possible(fine).items():
        if system != "wbb":
            assert not categories or set(categories) & set(possible(coarse)[system]), system


@pytest.mark.slow
@pytest.mark.parametrize("dropped", DROPPED)
def test_a_dropped_label_settles_nothing_new(dropped: str, real_data: RealData) -> None:
    whole = looked_at(real_data("cases/T11-epidural"))
    there = look(without(whole.case, dropped), QUICK)
    assert contradictions(extent_of(whole), extent_of(there)) == []
    settled_stays(there, whole)
    assert not any(c.structure.startswith(dropped) for c in extent_of(there).touched)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_larger_tumour_keeps_every_involved_cell(name: str, real_data: RealData) -> None:
    small = looked_at(real_data(f"cases/{name}"))
    large = look(grown(small.case), QUICK)
    for level, found in extent_of(small).levels.items():
        twin = extent_of(large).levels[level]
        for key, cell in found.cells.items():
            if cell.verdict is Verdict.MET:
                assert twin.cells[key].verdict is not Verdict.UNMET, (level, key)
    near = distances_mm(extent_of(large))
    for structure, distance in distances_mm(extent_of(small)).items():
        assert near[structure] <= distance + 0.05, structure


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_deciding_open_cells_of_a_real_extent_adds_no_category(data: st.DataObject, real_data: RealData) -> None:
    record = looked_at(real_data("cases/T11-epidural"))
    extent = extent_of(record)
    levels = {name: sharper_level(data.draw, level) for name, level in extent.levels.items()}
    before = classify(extent, record.case.clinical).answers
    after = classify(attrs.evolve(extent, levels=levels), record.case.clinical).answers
    for system in set(before) - {"wbb"}:
        assert set(after[system].possible) <= set(before[system].possible), system


def least_mm(tumour: Floats, face_mm: Floats, normal: Floats) -> float:
    """Least distance of tumour from the face of a cut; negative where it lies beyond."""
    distance, height = distance_to_face(tumour, face_mm, normal)
    beyond = (height > 0.0) & (distance <= np.abs(height) + 1e-6)
    return -float(height[beyond].max()) if beyond.any() else float(distance.min())


@pytest.mark.slow
def test_plans_of_a_real_case(real_data: RealData) -> None:
    """Replay gives the same bytes; a larger tumour has no larger margin; no plan left out worsens the Pareto set."""
    base = walked(real_data("cases/L2-posterior-arch"))
    assert answers_text(walk(base.case, QUICK)) == answers_text(base)
    larger = grown(base.case).label_files[-1].labels
    tumour = surface_points(larger.grid, larger.mask(TUMOUR))
    for plan in base.plans:
        for cut in plan.cuts:
            margin = margins_mm(plan)[f"{cut.id} cut"]
            assert least_mm(tumour, cut.face_mm, cut.normal) <= margin + 0.05, (plan.family, cut.id)
    values: Mapping[str, Mapping[str, float | None]] = {plan.id: figures(plan) for plan in base.plans}
    assert values
    for added in values:
        rest = {name: one for name, one in values.items() if name != added}
        for name, one in rest.items():
            if not any(dominates(other, one) for other in rest.values()):
                still = not any(dominates(other, one) for other in values.values())
                assert still or dominates(values[added], one), (added, name)
