"""Law: moving or turning the patient changes no class, and no margin by more than a voxel."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from law_cases import CHORDOMA, QUICK, TUMOURS, contradictions, possible, walk_of

from enbloc.classification.extent import Extent
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.space.polygons import distance_to_face
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Pose, turn_matrix
from enbloc.phantoms.truth import cell_truth, clear_cells
from enbloc.resection.cuts import Cut
from enbloc.walk import Record, walk

VOXEL_MM = 1.5
CLEAR_OF_LIMITS = ("body", "left side", "epidural", "paravertebral")
"""Tumours whose least cuts stay clear of the limits at which another cut would be chosen."""

degrees = st.floats(-15.0, 15.0)
poses = st.builds(
    Pose,
    st.builds(turn_matrix, degrees, degrees, degrees),
    st.builds(lambda *xs: np.array(xs), *[st.floats(-30.0, 30.0)] * 3),
)


def moved(name: str, pose: Pose) -> Record:
    phantom, tumour = TUMOURS[name]
    there = attrs.evolve(phantom, pose=pose)
    return walk(sample(there, Scan((VOXEL_MM,) * 3, margin_mm=12.0), tumour, CHORDOMA), QUICK)


def least_mm(cut: Cut, tumour: Floats, pose: Pose) -> float:
    """Least distance of the tumour from a cut that moved with the patient; negative where tumour lies beyond it."""
    face, normal = cut.face_mm @ pose.turn.T + pose.shift_mm, pose.turn @ cut.normal
    distance, height = distance_to_face(tumour, face, normal)
    beyond = (height > 0.0) & (distance <= np.abs(height) + 1e-6)
    return -float(height[beyond].max()) if beyond.any() else float(distance.min())


def contacts_mm(extent: Extent) -> dict[str, float]:
    return {c.structure: c.distance.value for c in extent.touched if isinstance(c.distance, Estimate)}


@pytest.mark.slow
@settings(max_examples=5, deadline=None, derandomize=True, phases=(Phase.generate,))
@given(name=st.sampled_from(sorted(TUMOURS)), pose=poses)
def test_classes_and_distances_stay(name: str, pose: Pose) -> None:
    base, there = walk_of(name, VOXEL_MM), moved(name, pose)
    assert base.extent is not None
    assert there.extent is not None
    assert there.scene is not None
    assert contradictions(base.extent, there.extent) == []
    for system, categories in possible(base).items():
        if len(categories) == 1 and system != "wbb":
            assert categories[0] in possible(there)[system], system

    here_mm, there_mm = contacts_mm(base.extent), contacts_mm(there.extent)
    for structure, distance in here_mm.items():
        if distance < QUICK.anatomy.reach_mm - VOXEL_MM:
            assert abs(there_mm[structure] - distance) <= VOXEL_MM, structure

    tumour = surface_points(there.scene.grid, there.scene.tumour)
    for plan in base.plans:
        margins = {m.interface: m.least.value for m in plan.margins if isinstance(m.least, Estimate)}
        for cut in plan.cuts:
            assert abs(least_mm(cut, tumour, pose) - margins[f"{cut.id} cut"]) <= VOXEL_MM, cut.id


@settings(max_examples=5, deadline=None, derandomize=True, phases=(Phase.generate,))
@given(name=st.sampled_from(sorted(TUMOURS)), pose=poses)
def test_cells_that_are_clear_by_formula_are_never_contradicted(name: str, pose: Pose) -> None:
    phantom, tumour = TUMOURS[name]
    level = tumour.pieces[0].level
    extent = moved(name, pose).extent
    assert extent is not None
    for (sector, layer), truly in clear_cells(cell_truth(phantom, tumour), level, VOXEL_MM).items():
        found = extent.levels[level].cells[sector, layer].verdict.value
        assert found != ("unmet" if truly else "met"), (sector, layer)


@settings(max_examples=5, deadline=None, derandomize=True, phases=(Phase.generate,))
@given(name=st.sampled_from(CLEAR_OF_LIMITS), pose=poses)
def test_cuts_placed_anew_keep_their_margins(name: str, pose: Pose) -> None:
    """Within a voxel; where both stay beyond the wanted distance the cut is free to follow the bone."""
    base, there = walk_of(name, VOXEL_MM), moved(name, pose)
    wanted = QUICK.resection.bone_margin_mm
    plans = {(plan.family, plan.side): plan for plan in there.plans}
    for plan in base.plans:
        twin = plans.get((plan.family, plan.side))
        if twin is None or [c.id for c in plan.cuts] != [c.id for c in twin.cuts]:
            continue
        here_mm, there_mm = (
            {m.interface: m.least.value for m in p.margins if isinstance(m.least, Estimate)} for p in (plan, twin)
        )
        for interface in (*(f"{cut.id} cut" for cut in plan.cuts), *({"dura"} & set(here_mm))):
            one, other = here_mm[interface], there_mm[interface]
            assert min(one, other) >= wanted - VOXEL_MM or abs(one - other) <= VOXEL_MM, (interface, one, other)
