"""The canal is the hole of the ring that holds the cord; false rings are refused and small gaps closed."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.canal import CanalStack, Inside, canal_centre, canal_mask, find_canal
from enbloc.anatomy.settings import AnatomySettings
from enbloc.anatomy.spine_curve import fit_spine_curve
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Grid
from enbloc.phantoms.painting import canal_mask as true_canal
from enbloc.phantoms.painting import slab_index
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Pose, SpinePhantom, turn_matrix
from enbloc.phantoms.tumours import sphere

GRID = Grid((90, 90, 60), np.array([[1.0, 0, 0, -45.0], [0, 1.0, 0, -45.0], [0, 0, 1.0, 0.0], [0, 0, 0, 1.0]]))
CURVE = fit_spine_curve(np.array([[0.0, -8.0, 15.0], [0.0, -8.0, 45.0]]), 1.0)
NAMES = ("L1", "L2")


def ring(bone: np.ndarray, number: int, heights: tuple[int, int], at: tuple[float, float] = (0.0, 6.0)) -> None:
    """A ring of outer radius 15 and inner radius 9 around `at` (left, dorsal), between two heights."""
    x, y, z = GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T).T.reshape(3, *GRID.shape)
    r = np.hypot(x - at[0], y - at[1])
    bone[(r > 9.0) & (r < 15.0) & (z >= heights[0]) & (z < heights[1])] = number


def two_rings() -> np.ndarray:
    bone = np.zeros(GRID.shape, np.uint8)
    ring(bone, 1, (38, 52))
    ring(bone, 2, (8, 22))
    return bone


def cord() -> np.ndarray:
    x, y, _ = GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T).T.reshape(3, *GRID.shape)
    return np.hypot(x, y - 6.0) < 5.0


def check_round(stack: CanalStack) -> None:
    centre, extent = canal_centre(stack, float(np.flatnonzero(stack.ring).mean()))
    np.testing.assert_allclose(centre, [0.0, 14.0], atol=0.4)
    np.testing.assert_allclose(extent, [9.0, 9.0, -9.0, 9.0], atol=1.0)


def test_two_rings_are_joined_to_a_tube() -> None:
    bone = two_rings()
    for with_cord in (cord(), None):
        stack = find_canal(CURVE, GRID, bone, Inside(with_cord), NAMES)
        assert stack is not None
        assert stack.closed == NAMES
        assert stack.patched == ()
        check_round(stack)
        mask = canal_mask(stack, CURVE, GRID, bone)
        assert not (mask & (bone > 0)).any()
        for z in (15, 30, 45):
            assert mask[:, :, z].sum() == pytest.approx(np.pi * 81.0, rel=0.08)


def test_a_false_ring_beside_the_canal_is_refused() -> None:
    """A facet joint closes a ring 24 mm to the side, at heights where the canal's own ring is open."""
    for with_cord in (cord(), None):
        bone = two_rings()
        ring(bone, 1, (26, 36), at=(24.0, 10.0))
        stack = find_canal(CURVE, GRID, bone, Inside(with_cord), NAMES)
        assert stack is not None
        check_round(stack)
        mask = canal_mask(stack, CURVE, GRID, bone)
        x = GRID.to_patient(np.argwhere(mask))[:, 0]
        assert np.abs(x).max() <= 10.5


def test_a_ring_in_front_of_the_bodies_is_no_canal() -> None:
    bone = np.zeros(GRID.shape, np.uint8)
    ring(bone, 1, (38, 52), at=(0.0, -25.0))
    assert find_canal(CURVE, GRID, bone, Inside(cord()), NAMES) is None
    assert find_canal(CURVE, GRID, bone, Inside(), NAMES) is None


@pytest.mark.parametrize("gap", [1, 2])
def test_a_small_gap_is_closed_and_said(gap: int) -> None:
    bone = two_rings()
    x = GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T)[:, 0].reshape(GRID.shape)
    behind = GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T)[:, 1].reshape(GRID.shape) > 6.0
    bone[(bone == 2) & (np.abs(x) <= gap - 1 + 0.1) & behind] = 0
    stack = find_canal(CURVE, GRID, bone, Inside(cord()), NAMES)
    assert stack is not None
    assert set(stack.closed) == set(NAMES)
    assert stack.patched == ("L2",)
    check_round(stack)


def test_no_ring_is_none() -> None:
    bone = two_rings()
    y = GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T)[:, 1].reshape(GRID.shape)
    bone[y > 8.0] = 0
    assert find_canal(CURVE, GRID, bone, Inside(cord()), NAMES) is None
    assert find_canal(CURVE, GRID, np.zeros_like(bone), Inside(), NAMES) is None


@pytest.mark.parametrize("run", [("L2", "L3", "L4"), ("T7", "T8", "T9")])
@pytest.mark.parametrize("turns", [(0.0, 0.0, 0.0), (15.0, 0.0, 0.0), (-10.0, 8.0, 0.0), (5.0, -12.0, -8.0)])
def test_the_canal_of_a_phantom_is_the_true_one(run: tuple[str, ...], turns: tuple[float, float, float]) -> None:
    """Within 2 mm of the wall at the middle level and its foramina, in any pose; half of that in the mean."""
    phantom = SpinePhantom(run, pose=Pose(turn_matrix(*turns), np.array([10.3, 4.1, 0.0])))
    scene = build_scene(
        sample(phantom, Scan(margin_mm=8.0), sphere(run[1], (0.0, -20.0, -3.0), 5.0)), AnatomySettings()
    )
    assert scene is not None
    true = true_canal(phantom, scene.grid, slab_index(phantom, scene.grid))
    height = phantom.frames[run[1]].to_frame(scene.grid.to_patient(np.indices(scene.grid.shape).reshape(3, -1).T))
    near = (np.abs(height[:, 2]) < 14.0).reshape(scene.grid.shape)
    too_much = distance_to(scene.grid, true)[scene.canal & ~true & near]
    too_little = distance_to(scene.grid, ~true)[true & ~scene.canal & (scene.bone == 0) & near]
    for missed in (too_much, too_little):
        if len(missed):
            assert missed.max() <= 2.0, (missed.max(), (missed > 2.0).sum())
            assert len(missed) <= 0.15 * (true & near).sum()
