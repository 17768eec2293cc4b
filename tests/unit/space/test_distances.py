"""Distances on a grid against formulas and counting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from enbloc.foundation.space.distances import FAR_MM, distance_to, distance_to_voxels, surface_points
from enbloc.foundation.space.grids import Grid
from enbloc.phantoms.spine import turn_matrix

SPACINGS = [(1.0, 1.0, 1.0), (0.8, 0.8, 2.0), (1.5, 1.0, 0.7)]


def grid_of(spacing: tuple[float, float, float], size_mm: float = 40.0) -> Grid:
    counts = [int(np.ceil(size_mm / s)) for s in spacing]
    affine = np.eye(4)
    affine[:3, :3] = turn_matrix(20.0, -35.0, 70.0) * spacing
    affine[:3, 3] = (-7.0, 40.0, 13.0)
    return Grid((counts[0], counts[1], counts[2]), affine)


def points_of(grid: Grid) -> np.ndarray:
    return grid.to_patient(np.indices(grid.shape).reshape(3, -1).T).reshape(*grid.shape, 3)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_distance_to_a_sphere(spacing: tuple[float, float, float]) -> None:
    grid = grid_of(spacing)
    points = points_of(grid)
    centre = grid.to_patient([(np.array(grid.shape) - 1) / 2])[0]
    true = np.linalg.norm(points - centre, axis=-1) - 9.0
    found = distance_to(grid, true <= 0.0)
    assert np.abs(found - true).max() <= np.linalg.norm(spacing) / 2 + max(spacing) / 2
    assert ((found < 0) == (true <= 0.0)).all()


@pytest.mark.parametrize("spacing", SPACINGS)
def test_distance_to_a_box(spacing: tuple[float, float, float]) -> None:
    grid = grid_of(spacing)
    local = np.moveaxis(np.indices(grid.shape), 0, -1) * np.array(spacing) - 20.0
    beyond = np.abs(local) - np.array([8.0, 11.0, 6.0])
    true = np.linalg.norm(np.maximum(beyond, 0.0), axis=-1) + np.minimum(beyond.max(axis=-1), 0.0)
    found = distance_to(grid, true <= 0.0)
    assert np.abs(found - true).max() <= np.linalg.norm(spacing)


def test_a_flat_face_along_the_axes_is_exact() -> None:
    grid = Grid((9, 5, 5), np.diag([1.5, 1.5, 1.5, 1.0]))
    region = np.zeros(grid.shape, bool)
    region[:4] = True
    np.testing.assert_allclose(distance_to(grid, region)[:, 2, 2], (np.arange(9) - 3.5) * 1.5)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_distance_to_voxels_is_what_counting_finds(spacing: tuple[float, float, float]) -> None:
    grid = grid_of(spacing, 14.0)
    rng = np.random.default_rng(5)
    region = rng.random(grid.shape) > 0.98
    points = points_of(grid)
    by_tree = cKDTree(points[region]).query(points.reshape(-1, 3))[0].reshape(grid.shape)
    np.testing.assert_allclose(distance_to_voxels(grid, region), by_tree, atol=1e-4)


def test_nothing_is_far_and_the_border_of_the_grid_is_no_surface() -> None:
    grid = Grid((4, 4, 4), np.eye(4))
    assert (distance_to(grid, np.zeros(grid.shape, bool)) == FAR_MM).all()
    assert (distance_to_voxels(grid, np.ones(grid.shape, bool)) == 0.0).all()
    assert not len(surface_points(grid, np.zeros(grid.shape, bool)))


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("radius", [5.0, 9.0])
def test_surface_points_of_a_sphere_lie_on_it(spacing: tuple[float, float, float], radius: float) -> None:
    grid = grid_of(spacing)
    points = points_of(grid)
    centre = grid.to_patient([(np.array(grid.shape) - 1) / 2 + 0.2])[0]
    found = surface_points(grid, np.linalg.norm(points - centre, axis=-1) <= radius)
    away = np.linalg.norm(found - centre, axis=1) - radius
    assert np.abs(away).max() <= max(spacing) / 2 + 0.1
    assert abs(away.mean()) <= max(spacing) / 4
    directions = (found - centre) / np.linalg.norm(found - centre, axis=1)[:, None]
    for way in np.vstack([np.eye(3), -np.eye(3)]):
        assert (directions @ way).max() > 0.97


def test_a_flat_face_stays_where_it_is_and_a_region_at_the_edge_is_closed() -> None:
    grid = Grid((20, 20, 20), np.diag([2.0, 2.0, 2.0, 1.0]))
    region = np.zeros(grid.shape, bool)
    region[:, :, :8] = True
    found = surface_points(grid, region)
    middle = found[(np.abs(found[:, :2] - 19.0) < 8.0).all(axis=1)]
    assert set(middle[:, 2].round(3).tolist()) == {-1.0, 15.0}


def test_a_single_voxel_and_a_thin_line_do_not_vanish() -> None:
    grid = Grid((9, 9, 9), np.eye(4))
    one, line = np.zeros(grid.shape, bool), np.zeros(grid.shape, bool)
    one[4, 4, 4] = True
    line[4, 4, 1:8] = True
    assert np.abs(surface_points(grid, one) - 4.0).max() <= 0.51
    assert np.ptp(surface_points(grid, line)[:, 2]) >= 6.0
