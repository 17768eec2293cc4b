"""Parts of a vertebra on phantoms: left is left, and every bone voxel has one part."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.parts import local_coordinates, to_patient
from enbloc.anatomy.scene import PARTS, Frame, Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.phantoms.cells import PARTS as TRUE_PARTS
from enbloc.phantoms.cells import part_index
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom, turn_matrix
from enbloc.phantoms.tumours import sphere

RUNS = [("C4", "C5", "C6"), ("T7", "T8", "T9"), ("L2", "L3", "L4")]


def scene_of(run: tuple[str, ...]) -> tuple[SpinePhantom, Scene]:
    phantom = SpinePhantom(run)
    front = -phantom.sizes[run[1]].front.canal_depth_mm
    case = sample(phantom, Scan(margin_mm=8.0), sphere(run[1], (0.0, front, -2.0), 3.0))
    scene = build_scene(case, AnatomySettings())
    assert scene is not None
    return phantom, scene


def test_local_coordinates_lead_back() -> None:
    axes = turn_matrix(10.0, -20.0, 30.0)
    frame = Frame(np.array([3.0, 4.0, 5.0]), axes[:, 0], axes[:, 1], axes[:, 2], 1.0, 1.0)
    points = np.random.default_rng(1).normal(size=(50, 3)) * 30
    np.testing.assert_allclose(to_patient(frame, local_coordinates(frame, points)), points, atol=1e-9)
    np.testing.assert_allclose(
        local_coordinates(frame, frame.origin_mm[None] + 7 * axes[:, 1]), [[0.0, 7.0, 0.0]], atol=1e-9
    )


@pytest.mark.parametrize("run", RUNS)
def test_left_is_the_patients_left(run: tuple[str, ...]) -> None:
    phantom, scene = scene_of(run)
    here = scene.bone == list(scene.vertebrae).index(run[1]) + 1
    left = phantom.frames[run[1]].to_frame(scene.grid.to_patient(np.argwhere(here)))[:, 0]
    part = scene.parts[here]
    for name in ("pedicle_left", "arch_left"):
        assert left[part == PARTS.index(name)].min() > -1.6, name
        assert left[part == PARTS.index(name.replace("left", "right"))].max() < 1.6, name
        assert (part == PARTS.index(name)).any()


@pytest.mark.parametrize("run", RUNS)
def test_every_voxel_of_bone_has_a_part_and_nothing_else_has(run: tuple[str, ...]) -> None:
    _, scene = scene_of(run)
    assert ((scene.parts > 0) == (scene.bone > 0)).all()
    assert set(np.unique(scene.parts)) == set(range(len(PARTS)))


@pytest.mark.parametrize("run", RUNS[1:])
def test_clear_body_pedicle_and_arch_are_called_so(run: tuple[str, ...]) -> None:
    """Voxels further than 3 mm from the planes that divide the phantom's parts by definition."""
    phantom, scene = scene_of(run)
    sizes = phantom.sizes[run[1]]
    here = scene.bone == list(scene.vertebrae).index(run[1]) + 1
    u, v, _ = phantom.frames[run[1]].to_frame(scene.grid.to_patient(np.argwhere(here))).T
    found = np.array(PARTS)[scene.parts[here]]
    true = np.array(TRUE_PARTS)[part_index(sizes, u, v)]
    half_v = sizes.front.canal_depth_mm / 2
    for name, clear in (
        ("body", v < -half_v - 3.0),
        ("arch_left", (v > half_v + 3.0) & (u > 3.0)),
        ("arch_right", (v > half_v + 3.0) & (u < -3.0)),
    ):
        sure = clear & (true == name)
        assert sure.any()
        assert (found[sure] == name).mean() >= 0.98, name
    beside = (np.abs(v + 1.0) < half_v - 4.0) & (np.abs(u) < sizes.front.canal_width_mm / 2 + 3.0)
    for name in ("pedicle_left", "pedicle_right"):
        sure = beside & (true == name)
        assert sure.any()
        assert (found[sure] == name).mean() >= 0.9, name
