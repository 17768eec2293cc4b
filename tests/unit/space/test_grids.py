"""Grids: indices and patient millimetres, cropping, sameness, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enbloc.errors import GridError
from enbloc.foundation.space.grids import Grid, LabelMap, Volume
from enbloc.foundation.space.sampling import sample_linear, sample_nearest
from enbloc.phantoms.spine import turn_matrix

angle = st.floats(-180.0, 180.0)
spacing = st.floats(0.3, 6.0)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    affine = np.eye(4)
    affine[:3, :3] = turn_matrix(draw(angle), draw(angle), draw(angle)) * [draw(spacing) for _ in range(3)]
    affine[:3, 3] = [draw(st.floats(-500.0, 500.0)) for _ in range(3)]
    shape = tuple(draw(st.integers(1, 9)) for _ in range(3))
    return Grid((shape[0], shape[1], shape[2]), affine)


@given(grids(), st.lists(st.floats(-50.0, 50.0), min_size=3, max_size=3))
def test_index_and_patient_are_inverse(grid: Grid, index: list[float]) -> None:
    np.testing.assert_allclose(grid.to_index(grid.to_patient([index])), [index], atol=1e-7)


@given(grids())
def test_spacing_volume_and_directions(grid: Grid) -> None:
    step = grid.to_patient(np.vstack([np.zeros(3), np.eye(3)]))
    np.testing.assert_allclose(grid.spacing_mm, np.linalg.norm(step[1:] - step[0], axis=1), atol=1e-9)
    assert grid.voxel_ml == pytest.approx(np.prod(grid.spacing_mm) / 1000.0)
    np.testing.assert_allclose(grid.directions.T @ grid.directions, np.eye(3), atol=1e-9)


@given(grids(), st.data())
def test_cropping_moves_no_voxel(grid: Grid, data: st.DataObject) -> None:
    starts = [data.draw(st.integers(0, n - 1)) for n in grid.shape]
    stops = [data.draw(st.integers(a + 1, n)) for a, n in zip(starts, grid.shape, strict=True)]
    i, j, k = (slice(a, b) for a, b in zip(starts, stops, strict=True))
    small = grid.crop((i, j, k))
    assert small.shape == tuple(b - a for a, b in zip(starts, stops, strict=True))
    corner = np.array(small.shape) - 1
    np.testing.assert_allclose(small.to_patient([corner]), grid.to_patient([corner + starts]), atol=1e-9)


def test_same_as_sees_shift_turn_and_shape() -> None:
    grid = Grid((4, 5, 6), np.diag([1.0, 2.0, 3.0, 1.0]))
    shifted, turned = np.array(grid.affine), np.array(grid.affine)
    shifted[0, 3] = 0.01
    turned[:3, :3] = turn_matrix(0.0, 0.0, 1.0) @ turned[:3, :3]
    assert grid.same_as(Grid((4, 5, 6), grid.affine))
    assert not grid.same_as(Grid((4, 5, 6), shifted))
    assert grid.same_as(Grid((4, 5, 6), shifted), tolerance_mm=0.02)
    assert not grid.same_as(Grid((4, 5, 6), turned), tolerance_mm=5.0)
    assert not grid.same_as(Grid((4, 5, 7), grid.affine))


def test_a_grid_keeps_its_own_affine() -> None:
    affine = np.eye(4)
    grid = Grid((2, 2, 2), affine)
    affine[0, 3] = 9.0
    assert grid.affine[0, 3] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        grid.affine[0, 3] = 1.0


@pytest.mark.parametrize(
    ("shape", "affine"),
    [((0, 1, 1), np.eye(4)), ((2, 2, 2), np.diag([1.0, 0.0, 1.0, 1.0])), ((2, 2, 2), np.full((4, 4), np.nan))],
)
def test_what_is_no_grid_is_refused(shape: tuple[int, int, int], affine: np.ndarray) -> None:
    with pytest.raises(GridError):
        Grid(shape, affine)


def test_an_array_of_another_shape_is_refused() -> None:
    grid = Grid((2, 3, 4), np.eye(4))
    with pytest.raises(GridError, match="shape"):
        Volume(grid, np.zeros((2, 3, 5)))
    with pytest.raises(GridError, match="shape"):
        LabelMap(grid, np.zeros((4, 3, 2), np.uint8), {})


def test_a_mask_joins_numbers_of_one_name() -> None:
    grid = Grid((2, 2, 1), np.eye(4))
    labels = LabelMap(grid, np.array([[[1], [2]], [[3], [0]]], np.uint8), {1: "lung_left", 2: "aorta", 3: "lung_left"})
    assert labels.mask("lung_left").ravel().tolist() == [True, False, True, False]
    assert labels.mask("aorta").ravel().tolist() == [False, True, False, False]
    assert not labels.mask("heart").any()


@given(grids(), st.data())
def test_nearest_sampling_reads_each_voxel_and_nothing_outside(grid: Grid, data: st.DataObject) -> None:
    values = np.arange(1, int(np.prod(grid.shape)) + 1).reshape(grid.shape)
    shake = data.draw(st.floats(-0.4, 0.4))
    points = grid.to_patient(np.argwhere(values > 0) + shake)
    np.testing.assert_array_equal(sample_nearest(grid, values, points), values.ravel())
    assert not sample_nearest(grid, values, grid.to_patient([[-0.6, 0, 0], np.array(grid.shape)])).any()


@given(grids(), st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3))
def test_linear_sampling_of_a_linear_field_is_exact(grid: Grid, share: list[float]) -> None:
    grid = Grid((grid.shape[0] + 1, grid.shape[1] + 1, grid.shape[2] + 1), grid.affine)
    index = np.indices(grid.shape).astype(float)
    values = 2.0 * index[0] - 3.0 * index[1] + 0.5 * index[2]
    at = (0.001 + 0.998 * np.array(share)) * (np.array(grid.shape) - 1)
    found = sample_linear(grid, values, grid.to_patient([at]))[0]
    assert found == pytest.approx(2.0 * at[0] - 3.0 * at[1] + 0.5 * at[2], abs=1e-5)


def test_linear_sampling_outside() -> None:
    grid = Grid((3, 3, 3), np.eye(4))
    assert sample_linear(grid, np.ones((3, 3, 3)), np.array([[-9.0, 1.0, 1.0]]), outside=-1024.0)[0] == -1024.0
