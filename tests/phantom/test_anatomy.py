"""Frames, canal and parts against the phantom's formulas."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import PARTS, Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom, turn_matrix
from enbloc.phantoms.truth import level_truth
from enbloc.phantoms.tumours import sphere

LUMBAR = ("L1", "L2", "L3", "L4", "L5")
THORACIC = ("T6", "T7", "T8", "T9", "T10")
CERVICAL = ("C3", "C4", "C5", "C6", "C7")
NECK = ("C1", "C2", "C3", "C4")
UPRIGHT = Pose()
LYING_ASKEW = Pose(turn_matrix(10.0, 8.0, 12.0), np.array([30.0, -20.0, 700.0]))


def scene_of(phantom: SpinePhantom, scan: Scan) -> Scene:
    middle = phantom.levels[len(phantom.levels) // 2]
    scene = build_scene(sample(phantom, scan, sphere(middle, (5.0, -14.0, 0.0), 4.0)), AnatomySettings())
    assert scene is not None
    return scene


def angle_deg(a, b) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1.0, 1.0))))


def inner(phantom: SpinePhantom) -> tuple[str, ...]:
    """The levels that a plan cuts or borders on: not the outermost, which have no neighbour on one side."""
    return phantom.levels[1:-1]


@pytest.mark.parametrize("levels", [LUMBAR, THORACIC, CERVICAL], ids=lambda levels: levels[0])
@pytest.mark.parametrize(
    ("spacing", "pose"),
    [((1.5, 1.5, 1.5), UPRIGHT), ((1.5, 1.5, 1.5), LYING_ASKEW), ((1.0, 1.0, 2.0), UPRIGHT)],
    ids=["1.5 mm", "1.5 mm askew", "2 mm slices"],
)
def test_centres_within_a_millimetre_and_axes_within_two_degrees(levels, spacing, pose) -> None:
    phantom = SpinePhantom(levels, Bends(), pose)
    scene = scene_of(phantom, Scan(spacing_mm=spacing))
    for level in inner(phantom):
        truth, found = level_truth(phantom, level), scene.vertebrae[level]
        in_plane = (found.frame.origin_mm - truth.frame.origin_mm) @ truth.frame.axes[:, :2]
        assert np.linalg.norm(found.body_centre_mm - truth.body_centre_mm) <= 1.0
        assert np.linalg.norm(in_plane) <= 1.0
        assert angle_deg(found.frame.cranial, truth.frame.axes[:, 2]) <= 2.0
        assert angle_deg(found.frame.dorsal, truth.frame.axes[:, 1]) <= 2.0
        assert angle_deg(found.frame.left, truth.frame.axes[:, 0]) <= 2.0


@pytest.mark.parametrize(("levels", "pose"), [(NECK, UPRIGHT), (NECK, LYING_ASKEW), (NECK[:2], UPRIGHT)])
def test_the_ring_of_c1_holds_the_canal_behind_the_dens(levels, pose) -> None:
    phantom = SpinePhantom(levels, Bends(), pose)
    scene = scene_of(phantom, Scan())
    for level in ("C1", "C2"):
        truth, found = level_truth(phantom, level), scene.vertebrae[level]
        in_plane = (found.frame.origin_mm - truth.frame.origin_mm) @ truth.frame.axes[:, :2]
        assert np.linalg.norm(in_plane) <= 1.0
        assert angle_deg(found.frame.cranial, truth.frame.axes[:, 2]) <= 4.0
        assert angle_deg(found.frame.left, truth.frame.axes[:, 0]) <= 4.0
    truth = level_truth(phantom, "C2")
    assert scene.vertebrae["C2"].endplate_cranial_mm == pytest.approx(truth.endplate_cranial_mm, abs=2.0)


@pytest.mark.parametrize(
    "bends", [Bends(2.0, 2.0, 2.0), Bends(-2.0, 0.0, 0.0), Bends(0.0, 5.0, 4.0)], ids=["all", "lordosis", "scoliosis"]
)
@pytest.mark.parametrize("levels", [LUMBAR, THORACIC], ids=lambda levels: levels[0])
def test_a_bent_spine_keeps_its_frames(levels, bends) -> None:
    """Two degrees at the tumour's level; three beside it, where the outermost neighbour is cut off from its own."""
    phantom = SpinePhantom(levels, bends)
    scene = scene_of(phantom, Scan())
    for level in inner(phantom):
        truth, found = level_truth(phantom, level), scene.vertebrae[level]
        limit_deg = 2.0 if level == levels[2] else 3.0
        assert np.linalg.norm(found.body_centre_mm - truth.body_centre_mm) <= 1.0
        assert angle_deg(found.frame.cranial, truth.frame.axes[:, 2]) <= limit_deg
        assert angle_deg(found.frame.dorsal, truth.frame.axes[:, 1]) <= limit_deg


@pytest.mark.parametrize("levels", [LUMBAR, THORACIC, CERVICAL], ids=lambda levels: levels[0])
def test_the_canal_is_found_without_a_cord_label(levels) -> None:
    phantom = SpinePhantom(levels)
    with_cord = scene_of(phantom, Scan())
    without = scene_of(phantom, Scan(leave_out=("spinal_cord",)))
    for level in inner(phantom):
        gap = with_cord.vertebrae[level].frame.origin_mm - without.vertebrae[level].frame.origin_mm
        assert np.linalg.norm(gap) <= 0.5


@pytest.mark.parametrize("levels", [LUMBAR, THORACIC, CERVICAL], ids=lambda levels: levels[0])
def test_the_canal_is_wall_to_wall(levels) -> None:
    phantom = SpinePhantom(levels)
    scene = scene_of(phantom, Scan(spacing_mm=(1.0, 1.0, 1.0)))
    told = scene_of(phantom, Scan(spacing_mm=(1.0, 1.0, 1.0), with_canal=True))
    assert not scene.structures.mask("spinal_canal").any()
    assert told.grid.same_as(scene.grid)
    true = told.structures.mask("spinal_canal") | told.structures.mask("spinal_cord")
    heights = scene.grid.to_patient(np.argwhere(true))[:, 2]
    middle = [level_truth(phantom, level).frame.origin_mm[2] for level in inner(phantom)]
    low, high = min(middle), max(middle)
    where = scene.grid.to_patient(np.argwhere(true | scene.canal))[:, 2]
    both = np.argwhere(true | scene.canal)[(where > low) & (where < high)]
    found, wanted = scene.canal[tuple(both.T)], true[tuple(both.T)]
    dice = 2 * (found & wanted).sum() / (found.sum() + wanted.sum())
    assert heights.size
    assert dice >= 0.93


@pytest.mark.parametrize("levels", [LUMBAR, THORACIC], ids=lambda levels: levels[0])
def test_left_is_the_patients_left(levels) -> None:
    phantom = SpinePhantom(levels)
    scene = scene_of(phantom, Scan())
    for part, sign in (("pedicle_left", 1), ("pedicle_right", -1), ("arch_left", 1), ("arch_right", -1)):
        points = scene.grid.to_patient(np.argwhere(scene.parts == PARTS.index(part)))
        middle = level_truth(phantom, levels[2]).frame.origin_mm[0]
        assert len(points)
        assert (np.sign(points[:, 0] - middle) == sign).mean() > 0.97


def test_a_scene_without_a_tumour_image_is_none() -> None:
    phantom = SpinePhantom(LUMBAR)
    case = sample(phantom, Scan())
    assert build_scene(case, AnatomySettings()) is None
