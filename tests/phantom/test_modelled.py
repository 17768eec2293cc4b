"""Modelled roots, vessels, discs and foramina against the phantom's formulas."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.modelled import model_parts, root_of
from enbloc.anatomy.parts import PEDICLE_LEFT
from enbloc.anatomy.scene import ModelledPart, Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom, turn_matrix
from enbloc.phantoms.truth import level_truth
from enbloc.phantoms.tumours import sphere
from enbloc.phantoms.vertebra import bone_solids, canal_half_mm, endplates_mm

UPRIGHT, ASKEW = Pose(), Pose(turn_matrix(10.0, 8.0, 12.0), np.array([30.0, -20.0, 700.0]))
RUNS = {"cervical": ("C5", "C6", "C7", "T1"), "thoracic": ("T7", "T8", "T9"), "lumbar": ("L2", "L3", "L4")}
POSES = {"upright": UPRIGHT, "askew": ASKEW}


@lru_cache(maxsize=8)
def phantom_of(run: str, pose: str = "upright") -> SpinePhantom:
    return SpinePhantom(RUNS[run], Bends(), POSES[pose])


@lru_cache(maxsize=8)
def scene_of(run: str, pose: str = "upright") -> Scene:
    phantom = phantom_of(run, pose)
    tumour = sphere(phantom.levels[1], (4.0, -14.0, 0.0), 3.0)
    scene = build_scene(sample(phantom, Scan(margin_mm=12.0), tumour), AnatomySettings(reach_mm=15.0))
    assert scene is not None
    return scene


def parts_of(scene: Scene, kind: str) -> dict[str, ModelledPart]:
    return {part.structure: part for part in scene.modelled if part.kind == kind}


def along(points: np.ndarray, steps: int = 25) -> np.ndarray:
    shares = np.linspace(0.0, 1.0, steps)[:, None]
    return np.concatenate([a + shares * (b - a) for a, b in pairwise(points)])


def in_bone(phantom: SpinePhantom, points: np.ndarray) -> np.ndarray:
    """By formula: does a point lie in the bone of any vertebra?"""
    hit = np.zeros(len(points), dtype=bool)
    for level in phantom.levels:
        u, v, w = phantom.frames[level].to_frame(points).T
        half_u, half_v = canal_half_mm(phantom.sizes[level])
        canal = (u / half_u) ** 2 + (v / half_v) ** 2 < 1.0
        for solid in bone_solids(phantom.sizes[level]).values():
            hit |= solid.inside(u, v, w) & ~canal
    return hit


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("pose", POSES)
def test_a_foramen_hangs_between_the_true_pedicles(run: str, pose: str) -> None:
    """Roof and floor lie at the formula's pedicle borders, within a voxel."""
    phantom, found = phantom_of(run, pose), parts_of(scene_of(run, pose), "foramen")
    assert len(found) == 2 * (len(phantom.levels) - 1)
    for upper, lower in pairwise(phantom.levels):
        for side in ("left", "right"):
            roof, floor = found[f"foramen_{upper}_{lower}_{side}"].points_mm
            above = phantom.frames[upper].to_frame(roof[None])[0]
            below = phantom.frames[lower].to_frame(floor[None])[0]
            assert above[2] == pytest.approx(-phantom.sizes[upper].front.pedicle_height_mm / 2, abs=1.5)
            assert below[2] == pytest.approx(phantom.sizes[lower].front.pedicle_height_mm / 2, abs=1.5)
            assert np.sign(above[0]) == (1 if side == "left" else -1)
            assert abs(above[0]) > canal_half_mm(phantom.sizes[upper])[0]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("pose", POSES)
def test_a_root_leaves_the_canal_through_its_foramen_and_through_no_bone(run: str, pose: str) -> None:
    phantom, scene = phantom_of(run, pose), scene_of(run, pose)
    foramina = parts_of(scene, "foramen")
    roots = parts_of(scene, "nerve_root")
    assert len(roots) == len(foramina)
    for upper, lower in pairwise(phantom.levels):
        half_u, half_v = canal_half_mm(phantom.sizes[upper])
        for side in ("left", "right"):
            root = roots[f"nerve_root_{root_of(upper, lower)}_{side}"]
            roof, floor = foramina[f"foramen_{upper}_{lower}_{side}"].points_mm
            line = along(root.points_mm)
            assert not in_bone(phantom, line).any()
            start = phantom.frames[upper].to_frame(root.points_mm[:1])[0]
            assert (start[0] / half_u) ** 2 + (start[1] / half_v) ** 2 < 1.0
            shares = (line - roof) @ (floor - roof) / ((floor - roof) @ (floor - roof))
            gap = np.linalg.norm(line - (roof + shares[:, None] * (floor - roof)), axis=1)
            through = int(np.argmin(gap))
            assert gap[through] < 2.0
            assert 0.1 < shares[through] < 0.9
            assert root.width_mm < np.linalg.norm(floor - roof)


def test_roots_are_named_after_the_level_that_they_belong_to() -> None:
    names = {part.level for part in parts_of(scene_of("cervical"), "nerve_root").values()}
    assert names == {"C6", "C7", "C8"}
    assert [root_of(*pair) for pair in (("C4", "C5"), ("C7", "T1"), ("T1", "T2"), ("L5", "S1"))] == [
        "C5",
        "C8",
        "T1",
        "L5",
    ]


@pytest.mark.parametrize("run", RUNS)
def test_the_mirrored_side_is_the_other_side(run: str) -> None:
    """A phantom is its own mirror image: what is modelled on the left is the mirror image of the right."""
    phantom, scene = phantom_of(run), scene_of(run)
    middle = phantom.frames[phantom.levels[1]].origin_mm[0]
    for name, part in {part.structure: part for part in scene.modelled}.items():
        if part.side == "left":
            other = next(p for p in scene.modelled if p.structure == name.replace("left", "right"))
            mirrored = part.points_mm * (-1, 1, 1) + (2 * middle, 0, 0)
            assert np.abs(mirrored - other.points_mm).max() < 2.0, name


@pytest.mark.parametrize("run", RUNS)
def test_moving_the_patient_moves_what_is_modelled(run: str) -> None:
    """Within 4 mm at 1.5 mm voxels: the outer end is led 12 mm on from borders that are read in voxels."""
    upright, askew = phantom_of(run), phantom_of(run, "askew")
    moved = {part.structure: part for part in scene_of(run, "askew").modelled}
    level = upright.levels[1]
    for part in scene_of(run).modelled:
        here = upright.frames[level].to_frame(part.points_mm)
        there = askew.frames[level].to_frame(moved[part.structure].points_mm)
        assert np.linalg.norm(here - there, axis=1).max() < 4.0, part.structure


@pytest.mark.parametrize("run", ["thoracic", "lumbar"])
def test_a_segmental_artery_runs_around_its_body_and_outside_it(run: str) -> None:
    phantom, scene = phantom_of(run), scene_of(run)
    arteries = parts_of(scene, "segmental_artery")
    assert set(arteries) == {
        f"segmental_artery_{level}_{side}" for level in phantom.levels for side in ("left", "right")
    }
    for artery in arteries.values():
        low, high = endplates_mm(phantom.sizes[artery.level])
        round_body = phantom.frames[artery.level].to_frame(artery.points_mm[:9])
        assert ((round_body[:, 2] > low) & (round_body[:, 2] < high)).all()
        assert not in_bone(phantom, artery.points_mm[:9]).any()


def test_discs_lie_between_the_true_end_plates() -> None:
    phantom = phantom_of("lumbar")
    scene = scene_of("lumbar")
    unlabelled = model_parts(scene.grid, scene.bone, scene.parts, scene.vertebrae, ())
    discs = {part.structure: part for part in unlabelled if part.kind == "disc"}
    assert set(discs) == {"disc_L2_L3", "disc_L3_L4"}
    for upper, lower in (("L2", "L3"), ("L3", "L4")):
        top, bottom = discs[f"disc_{upper}_{lower}"].points_mm
        truth = level_truth(phantom, upper).frame
        assert truth.to_frame(top[None])[0, 2] == pytest.approx(endplates_mm(phantom.sizes[upper])[0], abs=1.5)
        below = phantom.frames[lower].to_frame(bottom[None])[0, 2]
        assert below == pytest.approx(endplates_mm(phantom.sizes[lower])[1], abs=1.5)


def test_what_is_labelled_is_not_modelled() -> None:
    scene = scene_of("lumbar")
    labelled = {"disc_L2_L3", "nerve_root_L2_left", "dura"}
    names = {part.structure for part in model_parts(scene.grid, scene.bone, scene.parts, scene.vertebrae, labelled)}
    assert not names & labelled
    assert "nerve_root_L2_right" in names


def test_a_pedicle_that_is_gone_is_taken_from_the_other_side_and_that_is_said() -> None:
    scene = scene_of("lumbar")
    gone = (scene.bone == 2) & (scene.parts == PEDICLE_LEFT)
    bone = np.where(gone, 0, scene.bone).astype(np.uint8)
    parts = np.where(gone, 0, scene.parts).astype(np.uint8)
    whole = {part.structure: part for part in scene.modelled}
    left = next(
        p for p in model_parts(scene.grid, bone, parts, scene.vertebrae, ()) if p.structure == "nerve_root_L3_left"
    )
    assert "other side" in left.because
    assert "other side" not in whole["nerve_root_L3_left"].because
    assert np.linalg.norm(left.points_mm - whole["nerve_root_L3_left"].points_mm, axis=1).max() < 6.0
