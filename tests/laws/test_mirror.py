"""Law: mirroring the patient swaps sides and nothing else."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from law_cases import (
    CHORDOMA,
    LUMBAR,
    QUICK,
    THORACIC,
    TUMOURS,
    case_of,
    contradictions,
    laid_out,
    margins_mm,
    plan_keys,
    possible,
    walk_of,
)

from enbloc.classification.extent import Extent, LevelExtent
from enbloc.foundation.space.grids import Grid, LabelMap, Volume
from enbloc.foundation.terms.structures import mirror
from enbloc.intake.case import Case, LabelFile
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends
from enbloc.phantoms.tumours import mirrored
from enbloc.resection.plans import Plan
from enbloc.walk import Record, walk

OTHER = {"left": "right", "right": "left", None: None}
SIDED = ("wbb",)
"""Systems whose categories name sectors."""


def mirrored_grid(grid: Grid) -> Grid:
    return Grid(grid.shape, np.diag([-1.0, 1.0, 1.0, 1.0]) @ grid.affine)


def mirrored_patient(case: Case) -> Case:
    """Every voxel of the case on the other side of the plane x = 0, with the words for the sides exchanged."""
    files = []
    for file in case.label_files:
        names = {n: mirror(name) for n, name in file.labels.names.items()}
        values, grid = laid_out(file.labels.values, mirrored_grid(file.labels.grid), (0, 1, 2), (-1, 1, 1))
        files.append(LabelFile(file.name, LabelMap(grid, values, names)))
    ct = None
    if case.ct is not None:
        values, grid = laid_out(case.ct.values, mirrored_grid(case.ct.grid), (0, 1, 2), (-1, 1, 1))
        ct = Volume(grid, values)
    return attrs.evolve(case, label_files=tuple(files), ct=ct)


def mirrored_extent(extent: Extent) -> Extent:
    levels = {
        name: LevelExtent({13 - s: verdict for s, verdict in level.sectors.items()}, level.layers)
        for name, level in extent.levels.items()
    }
    return attrs.evolve(extent, levels=levels)


def swap(words: str) -> str:
    return " ".join(mirror(word) for word in words.split())


def same_plan(plan: Plan, twin: Plan, within_mm: float) -> None:
    """The twin is the mirrored plan: sides of cuts and interfaces exchanged, margins alike."""
    assert sorted(swap(cut.id) for cut in plan.cuts) == sorted(cut.id for cut in twin.cuts)
    here, there = {swap(k): v for k, v in margins_mm(plan).items()}, margins_mm(twin)
    assert here.keys() == there.keys()
    for interface, value in here.items():
        assert there[interface] == pytest.approx(value, abs=within_mm), interface
    assert plan.margin == twin.margin
    assert sorted(mirror(s.structure) for s in plan.sacrifices) == sorted(s.structure for s in twin.sacrifices)
    if not any(reason.rule == "ORD-2" for reason in plan.because):  # a tie goes to the left or right by its own rule
        assert sorted(swap(step) for step in plan.approach) == sorted(twin.approach)


def same_record(base: Record, there: Record, within_mm: float) -> None:
    assert base.extent is not None
    assert there.extent is not None
    assert contradictions(mirrored_extent(base.extent), there.extent) == []
    for system, categories in possible(base).items():
        if system not in SIDED:
            assert possible(there)[system] == categories, system
    here_plans, there_plans = plan_keys(base), plan_keys(there)
    assert {(family, OTHER[side]) for family, side in here_plans} == set(there_plans)
    for (family, side), plan in here_plans.items():
        same_plan(plan, there_plans[family, OTHER[side]], within_mm)


@pytest.mark.parametrize("name", sorted(TUMOURS))
def test_a_patient_and_the_mirror_image(name: str) -> None:
    """Exact in every voxel, with aorta, ribs and lungs mirrored too."""
    there = walk(mirrored_patient(case_of(name)), QUICK)
    same_record(walk_of(name), there, within_mm=0.01)
    base = walk_of(name).extent
    assert base is not None
    assert there.extent is not None
    for level, found in base.levels.items():
        twin = there.extent.levels[level]
        assert {13 - s: verdict for s, verdict in found.sectors.items()} == dict(twin.sectors)
        assert dict(found.layers) == dict(twin.layers)


@pytest.mark.parametrize("name", ["body and pedicle", "left side", "paravertebral"])
def test_a_scoliotic_phantom_and_its_mirror_image(name: str) -> None:
    """Scoliosis and twist change their sign; what is not paired (vessels, gullet) is not labelled."""
    phantom, tumour = TUMOURS[name]
    scan = Scan((2.0, 2.0, 2.0), margin_mm=12.0, leave_out=("aorta", "inferior_vena_cava", "oesophagus"))
    assert phantom in (LUMBAR, THORACIC)
    here = attrs.evolve(phantom, bends=Bends(1.0, 2.0, -2.0))
    there = attrs.evolve(phantom, bends=Bends(1.0, -2.0, 2.0))
    one = walk(sample(here, scan, tumour, CHORDOMA), QUICK)
    other = walk(sample(there, scan, mirrored(tumour), CHORDOMA), QUICK)
    same_record(one, other, within_mm=1.0)
