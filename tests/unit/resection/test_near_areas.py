"""Areas near the tumour against formulas: flat faces in any pose, and a sphere around a point."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from enbloc.foundation.space.grids import Grid
from enbloc.resection.cuts import Cut
from enbloc.resection.specimen.near_areas import near_faces, near_on_cut, true_areas


def square(half_mm: float, turn: Rotation) -> Cut:
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]) * half_mm
    return Cut("cut", "osteotomy", np.zeros(3), turn.apply([0.0, 0.0, 1.0]), turn.apply(corners), 1.0, ())


@pytest.mark.parametrize("turn", [Rotation.identity(), Rotation.from_euler("xyz", [20, -35, 50], degrees=True)])
@pytest.mark.parametrize("height", [0.0, 1.5, 4.0])
def test_a_point_above_a_face_is_near_to_discs_of_it(turn: Rotation, height: float) -> None:
    cut = square(20.0, turn)
    found = near_on_cut(cut, cKDTree(turn.apply([[1.0, 2.0, -height]])))
    for near in (2.0, 5.0, 10.0):
        disc = np.pi * max(near**2 - height**2, 0.0)
        assert found[f"{near:g}"] == pytest.approx(disc, rel=0.03, abs=0.8)


def test_no_more_than_the_face_is_near() -> None:
    found = near_on_cut(square(3.0, Rotation.identity()), cKDTree(np.zeros((1, 3))))
    assert found["10"] == pytest.approx(36.0, rel=1e-6)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 0.8, 2.0)])
def test_voxel_faces_of_a_sphere_add_up_to_its_area(spacing: tuple[float, float, float]) -> None:
    shape = tuple(int(64 / s) for s in spacing)
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = -np.array(spacing) * np.array(shape) / 2
    grid = Grid((shape[0], shape[1], shape[2]), affine)
    where = np.argwhere(np.ones(shape, dtype=bool))
    ball = (np.linalg.norm(grid.to_patient(where), axis=1) < 20.0).reshape(shape)
    middles, axes = [], []
    for axis in range(3):
        edges = np.argwhere(np.diff(ball.astype(np.int8), axis=axis)).astype(float)
        edges[:, axis] += 0.5
        middles.append(edges)
        axes.append(np.full(len(edges), axis))
    at = np.concatenate(middles)
    areas = true_areas(grid, ball, at, np.concatenate(axes))
    assert areas.sum() == pytest.approx(4 * np.pi * 20.0**2, rel=0.03)
    pole = cKDTree(np.array([[0.0, 0.0, 20.0]]))
    cap = near_faces(grid.to_patient(at), areas, pole)
    assert cap["10"] == pytest.approx(np.pi * 10.0**2, rel=0.1)
