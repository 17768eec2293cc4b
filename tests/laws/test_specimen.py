"""Laws of what is cut out: nothing lost, nothing twice, one piece, all tumour, and margins that a second way finds."""

from __future__ import annotations

import numpy as np
import pytest
from law_cases import TUMOURS, margins_mm, walk_of
from scipy import ndimage
from scipy.spatial import cKDTree

from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.resection.plans import Geometry, Plan
from sampled_cuts import sampled_face

PLANNED = [(name, spacing) for name in sorted(TUMOURS) for spacing in (2.0, 1.5)]


def cut_plans(name: str, spacing: float) -> list[tuple[Scene, Plan, Geometry]]:
    record = walk_of(name, spacing)
    assert record.scene is not None
    found = [(record.scene, plan, plan.geometry) for plan in record.plans if plan.geometry is not None]
    assert found, "no plan has cuts"
    return found


@pytest.mark.parametrize(("name", "spacing"), PLANNED)
def test_specimen_and_remainder_add_up(name: str, spacing: float) -> None:
    for scene, _, geometry in cut_plans(name, spacing):
        assert not (geometry.specimen & geometry.remainder).any()
        everything = (scene.bone > 0) | scene.tumour
        assert (everything & ~(geometry.specimen | geometry.remainder)).sum() == 0
        assert not (geometry.remainder & ~everything).any()
        assert geometry.specimen_ml == pytest.approx(geometry.specimen.sum() * scene.grid.voxel_ml)
        lost = geometry.specimen & (scene.bone > 0)
        assert geometry.bone_lost_ml >= lost.sum() * scene.grid.voxel_ml - 1e-9


@pytest.mark.parametrize(("name", "spacing"), PLANNED)
def test_the_specimen_is_one_piece_and_holds_all_tumour(name: str, spacing: float) -> None:
    for scene, plan, geometry in cut_plans(name, spacing):
        _, pieces = ndimage.label(geometry.specimen, np.ones((3, 3, 3)))
        assert pieces == 1, (plan.family, plan.side)
        if all(value >= 0.0 for interface, value in margins_mm(plan).items() if interface.endswith(" cut")):
            assert not (scene.tumour & ~geometry.specimen).any(), (plan.family, plan.side)


@pytest.mark.parametrize(("name", "spacing"), PLANNED)
def test_bone_of_a_resected_level_is_parted_by_cuts_alone(name: str, spacing: float) -> None:
    """Where specimen and remainder of one bone meet there is a cut; the bone itself is no kept neighbour."""
    for _, plan, _ in cut_plans(name, spacing):
        own = {f"vertebra_{level}" for level in plan.levels}
        assert not own & set(margins_mm(plan)), (plan.family, plan.side, margins_mm(plan))


@pytest.mark.parametrize(("name", "spacing"), PLANNED)
def test_margins_at_cuts_are_what_sampling_finds(name: str, spacing: float) -> None:
    for scene, plan, _ in cut_plans(name, spacing):
        tumour = scene.grid.to_patient(np.argwhere(scene.tumour))
        tree = cKDTree(tumour)
        for cut in plan.cuts:
            value = margins_mm(plan)[f"{cut.id} cut"]
            nearest = float(tree.query(sampled_face(cut, spacing / 4))[0].min())
            if value >= 0.0:
                assert nearest - spacing <= value <= nearest + 0.05, (plan.family, cut.id)
            else:
                assert ((tumour - cut.origin_mm) @ cut.normal).max() >= -value - spacing, (plan.family, cut.id)


def outer_faces(scene: Scene, specimen: Bools) -> Floats:
    """Middles (n, 3) LPS mm of all voxel faces between the specimen and anything else."""
    padded = np.pad(specimen, 1)
    found = []
    for axis in range(3):
        ends = np.argwhere(np.diff(padded.astype(np.int8), axis=axis)) - 1.0
        ends[:, axis] += 0.5
        found.append(ends)
    return scene.grid.to_patient(np.concatenate(found))


@pytest.mark.parametrize(("name", "spacing"), PLANNED)
def test_the_least_margin_is_the_least_of_all(name: str, spacing: float) -> None:
    """From the tumour's voxels, which end half a voxel from their centres, to the specimen's outer surface."""
    for scene, plan, geometry in cut_plans(name, spacing):
        margins = margins_mm(plan)
        inside = scene.tumour & geometry.specimen
        tumour = scene.grid.to_patient(np.argwhere(inside))
        nearest = float(cKDTree(tumour).query(outer_faces(scene, geometry.specimen))[0].min()) - spacing / 2
        least = min(margins.values())
        if least >= 0.0:
            assert least == pytest.approx(nearest, abs=spacing), (plan.family, plan.side, margins)


@pytest.mark.parametrize("name", sorted(TUMOURS))
def test_each_cut_knows_what_it_crosses_and_from_where_it_is_reached(name: str) -> None:
    for _, plan, _ in cut_plans(name, 2.0):
        assert len({cut.id for cut in plan.cuts}) == len(plan.cuts)
        for cut in plan.cuts:
            assert cut.crosses, (plan.family, cut.id)
            assert all(cut.crosses), (plan.family, cut.id)
            assert [reach.side for reach in cut.reach] == ["posterior", "anterior", "left", "right"], cut.id
            assert all(reach.because and 0.0 <= reach.share <= 1.0 for reach in cut.reach)
