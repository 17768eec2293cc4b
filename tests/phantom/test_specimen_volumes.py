"""Volumes of what is cut out of phantoms, against their implicit functions evaluated densely inside the plan's planes.

A vertebrectomy loses all bone of its level, and of each neighbour what lies inside of the planes of its end cut, in
front of the canal. The specimen's bone alone leaves out what lies behind the arch cuts of the level. The patient lies
askew: on a grid along the phantom's flat faces the labels themselves hold up to 4 % less than the formula, since whole
layers of voxels fall on one side of a face; there the same is asked against the labels.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.parts import local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.foundation.space.grids import Floats
from enbloc.phantoms.cells import frame_grid
from enbloc.phantoms.painting import bone_bounds, bone_mask, canal_mask, slab_index
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom, turn_matrix
from enbloc.phantoms.truth import bone_volume_ml
from enbloc.phantoms.tumours import Tumour, sphere
from enbloc.resection.cutting.faces import arch_plane
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.placement import Placement, beyond_step, height_above
from enbloc.resection.plans import Option
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.solids import Solid, build_specimen
from enbloc.resection.specimen.specimen import CutOut, cut_out

LEVELS = ("L2", "L3", "L4")
STEP_MM = 0.5
POSES = {"upright": Pose(), "askew": Pose(turn_matrix(10.0, 8.0, 12.0), np.array([30.0, -20.0, 700.0]))}
CASES = {
    "discs": sphere("L3", (10.0, -26.0, -4.5), 6.0),
    "through bone": sphere("L3", (6.0, -26.0, -10.0), 8.0),
    "step": sphere("L3", (20.0, -30.0, 18.0), 6.0),
}


@lru_cache(maxsize=2)
def resected(name: str, pose: str) -> tuple[SpinePhantom, Scene, Placement, CutOut]:
    phantom = SpinePhantom(LEVELS, Bends(), POSES[pose])
    tumour: Tumour = CASES[name]
    scene = build_scene(sample(phantom, Scan(margin_mm=10.0), tumour), AnatomySettings(reach_mm=15.0))
    assert scene is not None
    placement = place(scene, Option("vertebrectomy", ("L3",), "right", ()), ResectionSettings())
    assert placement is not None
    return phantom, scene, placement, cut_out(scene, placement, ResectionSettings())


def dense_bone(phantom: SpinePhantom, level: str) -> tuple[Floats, float]:
    """Points (n, 3) LPS mm that fill the bone of a level, and the volume that each stands for, ml."""
    grid = frame_grid(phantom, level, bone_bounds(phantom, level), STEP_MM)
    bone = bone_mask(phantom, level, grid, canal_mask(phantom, grid, slab_index(phantom, grid)))
    return grid.to_patient(np.argwhere(bone)), grid.voxel_ml


def neighbours_ml(phantom: SpinePhantom, placement: Placement) -> float:
    """Bone of the neighbours inside of the planes of the end cuts, in front of their canals."""
    total = 0.0
    for end in placement.end_cuts:
        if end.tissue != "bone" or end.neighbour is None:
            continue
        points, each = dense_bone(phantom, end.neighbour)
        inside = height_above(end.plane, points) < 0.0
        if end.step is not None:
            inside &= ~beyond_step(end.step, points)
        front = ((points - phantom.frames[end.neighbour].origin_mm) @ phantom.frames[end.neighbour].axes)[:, 1] < 0.0
        total += float((inside & front).sum()) * each
    return total


@pytest.mark.parametrize("name", CASES)
def test_bone_lost_is_that_of_the_formula(name: str) -> None:
    phantom, _, placement, out = resected(name, "askew")
    assert {"discs": "disc", "through bone": "bone", "step": "bone"}[name] in {e.tissue for e in placement.end_cuts}
    assert any(end.step is not None for end in placement.end_cuts) == (name == "step")
    truth = bone_volume_ml(phantom, "L3", STEP_MM) + neighbours_ml(phantom, placement)
    assert out.geometry.bone_lost_ml == pytest.approx(truth, rel=0.01)


def test_along_the_flat_faces_it_is_that_of_the_labels() -> None:
    phantom, scene, placement, out = resected("discs", "upright")
    labelled = float((scene.bone == 1 + list(scene.vertebrae).index("L3")).sum()) * scene.grid.voxel_ml
    assert all(end.tissue == "disc" for end in placement.end_cuts)
    assert out.geometry.bone_lost_ml == pytest.approx(labelled, rel=0.001)
    assert labelled == pytest.approx(bone_volume_ml(phantom, "L3", STEP_MM), rel=0.04)


@pytest.mark.parametrize("name", CASES)
def test_bone_of_the_specimen_is_that_inside_all_its_planes(name: str) -> None:
    phantom, scene, placement, out = resected(name, "askew")
    points, each = dense_bone(phantom, "L3")
    behind = np.zeros(len(points), dtype=bool)
    vertebra = scene.vertebrae["L3"]
    dorsal = local_coordinates(vertebra.frame, points)
    for cut in placement.arch_cuts.values():
        plane, ahead = arch_plane(vertebra, cut)
        mine = (points - vertebra.frame.origin_mm) @ ahead > 0.0
        behind |= mine & (height_above(plane, points) > 0.0)
    behind |= (dorsal[:, 1] > vertebra.canal_dorsal_mm) & (np.abs(dorsal[:, 0]) < vertebra.canal_radius_left_mm)
    truth = float((~behind).sum()) * each + neighbours_ml(phantom, placement)
    found = float((out.geometry.specimen & (scene.bone > 0)).sum()) * scene.grid.voxel_ml
    assert found == pytest.approx(truth, rel=0.01)


@pytest.mark.parametrize("name", CASES)
def test_the_solid_has_the_specimens_volume(name: str) -> None:
    _, scene, _, out = resected(name, "askew")
    solid = build_specimen(scene, out.geometry, out.cuts)
    assert isinstance(solid, Solid)
    assert solid.volume_ml == pytest.approx(out.geometry.specimen_ml, rel=0.01)
