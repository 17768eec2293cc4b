"""The cheapest plane against optima that are known by formula or found by brute force over a second implementation.

The bone is a box of known edges. What a plane takes of it, as long as it leaves through the box's sides, is the area of
the box times the height of the plane over the box's middle: so the best plane is the one that stands lowest there.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from enbloc.foundation.space.grids import Floats, Grid
from enbloc.foundation.space.hulls import corners
from enbloc.resection.cutting.bone_columns import gather_columns, volume_ml, volumes_inside
from enbloc.resection.cutting.plane_search import Axes, Clearance, cheapest_plane, tilted

HALF_MM = np.array([20.0, 15.0, 15.0])
UPRIGHT = np.eye(3)
ASKEW = Rotation.from_euler("zyx", [25.0, -12.0, 8.0], degrees=True).as_matrix()


def a_grid(directions: Floats, spacing_mm: float) -> Grid:
    shape = (64, 56, 56)
    affine = np.eye(4)
    affine[:3, :3] = directions * spacing_mm
    affine[:3, 3] = -affine[:3, :3] @ (np.array(shape) / 2 - 0.5 + np.array([0.013, 0.007, 0.021]))
    return Grid(shape, affine)


def a_box(grid: Grid) -> np.ndarray:
    """The box about the origin, along the patient's axes, by voxel centres."""
    points = grid.to_patient(np.argwhere(np.ones(grid.shape, dtype=bool)))
    return (np.abs(points) < HALF_MM).all(axis=1).reshape(grid.shape)


def ball(centre: tuple[float, float, float], radius: float) -> Floats:
    n = 4000
    k = np.arange(n) + 0.5
    height, turn = 1.0 - 2.0 * k / n, np.pi * (1.0 + 5.0**0.5) * k
    ring = np.sqrt(1.0 - height**2)
    return np.array(centre) + radius * np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)


def anywhere(normals: Floats, offsets_mm: Floats) -> Floats:
    assert len(normals) == len(offsets_mm)
    return np.ones(len(offsets_mm))


def axes() -> Axes:
    return Axes(np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]))


def height_over_middle(normal: Floats, offset_mm: float) -> float:
    return offset_mm / normal[2]


@pytest.mark.parametrize("directions", [UPRIGHT, ASKEW], ids=["upright", "askew"])
@pytest.mark.parametrize(
    ("centre", "radius", "margin"),
    [((0.0, 0.0, -20.0), 6.0, 10.0), ((3.0, 1.5, -18.0), 8.0, 10.0), ((-2.0, 2.5, -14.0), 5.0, 8.0)],
)
def test_a_sphere_has_the_best_plane_of_the_formula(directions, centre, radius, margin) -> None:
    """Heights c_z + s.c + (r + m) sqrt(1 + s.s): least at the slopes s = -c / sqrt((r + m)^2 - c.c)."""
    grid = a_grid(directions, 1.0)
    bone = gather_columns(grid, a_box(grid), np.array([0.0, 0.0, 1.0]))
    found = cheapest_plane(axes(), (Clearance(ball(centre, radius), margin),), anywhere, bone, 30.0)
    assert found is not None
    beside = np.array(centre[:2])
    reach = radius + margin
    slopes = -beside / np.sqrt(reach**2 - beside @ beside)
    best = np.array([*slopes, 1.0]) / np.sqrt(1.0 + slopes @ slopes)
    lowest = centre[2] + np.sqrt(reach**2 - beside @ beside)
    assert np.degrees(np.arccos(found.plane.normal @ best)) < 1.0
    at = height_over_middle(found.plane.normal, float(found.plane.origin_mm @ found.plane.normal))
    assert at == pytest.approx(lowest, abs=0.5)
    by_formula = 4 * HALF_MM[0] * HALF_MM[1] * (lowest + HALF_MM[2]) / 1000.0
    assert found.cost_ml == pytest.approx(by_formula, rel=0.01)


@pytest.mark.parametrize("turn", [(0.0, 0.0), (8.0, -5.0), (-6.0, 9.0)])
@pytest.mark.parametrize("beside", [(0.0, 0.0), (6.0, 3.0)])
def test_a_tilted_box_has_the_best_plane_of_brute_force(turn, beside) -> None:
    edges = np.array(np.meshgrid(*[(-1.0, 1.0)] * 3)).reshape(3, -1).T * [9.0, 7.0, 6.0]
    tumour = Rotation.from_euler("xy", turn, degrees=True).apply(edges) + np.array([*beside, -18.0])
    margin = 10.0
    grid = a_grid(UPRIGHT, 1.0)
    bone = gather_columns(grid, a_box(grid), np.array([0.0, 0.0, 1.0]))
    found = cheapest_plane(axes(), (Clearance(tumour, margin),), anywhere, bone, 12.0)
    assert found is not None
    fine = np.arange(-12.0, 12.01, 0.2)
    every = np.stack(np.meshgrid(fine, fine, indexing="ij"), axis=-1).reshape(-1, 2)
    normals = tilted(axes(), every)
    heights = ((tumour @ normals.T).max(axis=0) + margin) / normals[:, 2]
    best = int(np.argmin(heights))
    at = height_over_middle(found.plane.normal, float(found.plane.origin_mm @ found.plane.normal))
    assert at == pytest.approx(heights[best], abs=0.05)
    same = heights <= heights[best] + 0.01
    angles = np.degrees(np.arccos(np.clip(normals[same] @ found.plane.normal, -1.0, 1.0)))
    assert angles.min() < 1.0
    by_formula = 4 * HALF_MM[0] * HALF_MM[1] * (heights[best] + HALF_MM[2]) / 1000.0
    assert found.cost_ml == pytest.approx(by_formula, rel=0.01)
    assert ((tumour - found.plane.origin_mm) @ found.plane.normal).max() == pytest.approx(-margin, abs=1e-6)


def test_no_plane_is_found_where_none_is_allowed() -> None:
    grid = a_grid(UPRIGHT, 1.0)
    bone = gather_columns(grid, a_box(grid), np.array([0.0, 0.0, 1.0]))
    clear = (Clearance(ball((0.0, 0.0, 0.0), 5.0), 5.0),)
    assert cheapest_plane(axes(), clear, lambda n, o: np.full(len(n), -1.0) + 0 * o, bone, 12.0) is None
    limited = cheapest_plane(axes(), clear, lambda _, o: 10.5 - o, bone, 12.0)
    assert limited is not None
    assert limited.plane.origin_mm @ limited.plane.normal <= 10.5


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-1.0, 1.0)] * 3, st.floats(-18.0, 18.0)), min_size=1, max_size=3),
    st.sampled_from([0, 1, 2]),
)
def test_bone_inside_planes_is_what_counting_fine_voxels_finds(planes, along) -> None:
    """Half-spaces in any pose, columns along any axis; a plane along the columns takes them whole or not at all."""
    leaning = np.array([p[:3] for p in planes]) + np.array([1e-3, 2e-3, 3e-3])
    normals = leaning / np.linalg.norm(leaning, axis=1, keepdims=True)
    offsets_mm = np.array([p[3] for p in planes])
    grid = a_grid(UPRIGHT, 2.0)
    box = a_box(grid)
    found = float(volumes_inside(gather_columns(grid, box, np.eye(3)[along]), normals[None], offsets_mm[None])[0])
    part = (np.arange(4) - 1.5) / 4
    shifts = np.array(np.meshgrid(part, part, part)).reshape(3, -1).T * 2.0
    points = (grid.to_patient(np.argwhere(box))[:, None] + shifts).reshape(-1, 3)
    counted = float((points @ normals.T < offsets_mm).all(axis=1).mean()) * box.sum() * grid.voxel_ml
    half_a_column_ml = 1.3
    allowed = sum(0.15 if abs(normal[along]) > 0.4 else half_a_column_ml for normal in normals)
    assert found == pytest.approx(counted, abs=allowed)
    assert 0.0 <= found <= volume_ml(gather_columns(grid, box, np.eye(3)[along])) + 1e-9


def test_a_hull_keeps_the_support_function() -> None:
    points = np.random.default_rng(5).normal(size=(500, 3))
    ways = np.random.default_rng(6).normal(size=(50, 3))
    np.testing.assert_allclose((corners(points) @ ways.T).max(axis=0), (points @ ways.T).max(axis=0))
    flat = points * [1.0, 1.0, 0.0]
    assert len(corners(flat)) == len(flat)
