"""Distance to a bounded face against dense sampling of the face."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull, cKDTree

from enbloc.foundation.space.polygons import clip_face, distance_to_face, least_to_face
from enbloc.phantoms.spine import turn_matrix

angle = st.floats(-180.0, 180.0)
STEP_MM = 0.5


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    corners=st.lists(st.tuples(st.floats(-15, 15), st.floats(-15, 15)), min_size=6, max_size=14, unique=True),
    turns=st.tuples(angle, angle, angle),
    seed=st.integers(0, 2**32 - 1),
    reverse=st.booleans(),
)
def test_what_sampling_finds(
    corners: list[tuple[float, float]], turns: tuple[float, float, float], seed: int, reverse: bool
) -> None:
    flat = np.array(corners)
    if np.linalg.svd(flat - flat.mean(axis=0), compute_uv=False)[1] < 4.0:
        flat = np.array([(-9.0, -5.0), (8.0, -6.0), (10.0, 4.0), (-3.0, 7.0)])
    hull = ConvexHull(flat)
    outline = flat[hull.vertices][:: -1 if reverse else 1]
    turn, shift = turn_matrix(*turns), np.array([12.0, -7.0, 30.0])
    face, normal = np.c_[outline, np.zeros(len(outline))] @ turn.T + shift, turn[:, 2]
    ticks = np.arange(-15.0, 15.0 + STEP_MM, STEP_MM)
    raster = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    inside = raster[(raster @ hull.equations[:, :2].T + hull.equations[:, 2] <= 1e-9).all(axis=1)]
    along = np.linspace(0.0, 1.0, 80)[:, None]
    pairs = zip(outline, np.roll(outline, -1, axis=0), strict=True)
    edges = np.concatenate([a + along * (b - a) for a, b in pairs])
    sampled = np.vstack([inside, edges])
    sampled = np.c_[sampled, np.zeros(len(sampled))] @ turn.T + shift
    points = np.random.default_rng(seed).uniform(-30, 30, (200, 3)) + shift
    distance, height = distance_to_face(points, face, normal)
    by_sampling = cKDTree(sampled).query(points)[0]
    np.testing.assert_allclose(height, (points - shift) @ normal, atol=1e-9)
    assert (distance <= by_sampling + 1e-9).all()
    assert (by_sampling - distance <= STEP_MM).all()


def test_over_the_face_beside_it_and_on_its_corner() -> None:
    face = np.array([[0.0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0]])
    points = np.array([[2.0, 2, 3], [2, 2, -3], [7, 2, 4], [7, 8, 0], [4, 4, 0], [2, 2, 0]])
    distance, height = distance_to_face(points, face, np.array([0.0, 0, 1]))
    np.testing.assert_allclose(distance, [3, 3, 5, 5, 0, 0], atol=1e-12)
    np.testing.assert_allclose(height, [3, -3, 4, 0, 0, 0], atol=1e-12)


def test_a_clipped_square_keeps_what_lies_on_this_side() -> None:
    square = np.array([[0.0, 0, 5], [4, 0, 5], [4, 2, 5], [0, 2, 5]])
    kept = clip_face(square, np.array([1.0, 0, 5]), np.array([1.0, 0, 0]))
    assert kept is not None
    assert kept[:, 0].max() == 1.0
    assert kept[:, 0].min() == 0.0
    edges = np.roll(kept, -1, axis=0) - kept
    after = np.roll(kept, -1, axis=0)
    assert abs((kept[:, 0] * after[:, 1] - kept[:, 1] * after[:, 0]).sum() / 2) == 2.0
    assert (np.linalg.norm(edges, axis=1) > 0).all()
    assert clip_face(square, np.array([9.0, 0, 5]), np.array([1.0, 0, 0])) is not None
    assert clip_face(square, np.array([-1.0, 0, 5]), np.array([1.0, 0, 0])) is None


@pytest.mark.parametrize("seed", range(12))
def test_the_least_distance_is_that_of_all_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    angles = np.sort(rng.uniform(0.0, 2 * np.pi, 7))
    face = (np.stack([np.cos(angles), np.sin(angles), np.zeros(7)], axis=1) * [9.0, 6.0, 0.0]) @ turn.T
    points = (rng.normal(size=(400, 3)) * [12.0, 12.0, 3.0] + [0.0, 0.0, rng.uniform(-14.0, 4.0)]) @ turn.T
    normal = turn[:, 2]
    distance, height = distance_to_face(points, face, normal)
    above = (height > 0.0) & (distance <= np.abs(height) + 1e-6)
    expected = -height[above].max() if above.any() else distance.min()
    value, which = least_to_face(points, face, normal)
    assert value == pytest.approx(expected, abs=1e-9)
    assert (-height[which] if above.any() else distance[which]) == pytest.approx(expected, abs=1e-9)
