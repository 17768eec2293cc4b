"""Solids: closed, of the right volume, flat where they are cut; refused rather than broken."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from enbloc.anatomy.scene import Scene
from enbloc.errors import GridError
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.resection.cuts import Cut
from enbloc.resection.specimen.solids import Refused, Solid, build_remainder, build_solid, build_specimen

Scenes = Callable[[tuple[float, float, float], float], Scene]
TURN = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])


def grid_of(spacing: tuple[float, float, float], turn: Floats, size_mm: float = 60.0) -> Grid:
    shape = tuple(int(size_mm / s) for s in spacing)
    affine = np.eye(4)
    affine[:3, :3] = turn * np.array(spacing)
    affine[:3, 3] = np.array([12.0, -700.0, 350.0]) - affine[:3, :3] @ (np.array(shape) / 2)
    return Grid((shape[0], shape[1], shape[2]), affine)


CENTRE = np.array([12.0, -700.0, 350.0])
GRIDS = {
    "cubes": grid_of((1.0, 1.0, 1.0), np.eye(3)),
    "oblique": grid_of((1.0, 1.2, 1.5), TURN),
    "mirrored": grid_of((1.0, 1.0, 1.0), np.diag([-1.0, 1.0, 1.0])),
}


def ball(grid: Grid, radius: float = 20.0) -> Floats:
    points = grid.to_patient(np.indices(grid.shape).reshape(3, -1).T) - CENTRE
    return (radius - np.linalg.norm(points, axis=1)).reshape(grid.shape)


def cut_at(height: float, normal: Floats, half: float = 30.0, kerf: float = 1.0) -> Cut:
    normal = normal / np.linalg.norm(normal)
    first = np.cross(normal, [0.3, 0.9, -0.2])
    first /= np.linalg.norm(first)
    second = np.cross(normal, first)
    origin = CENTRE + height * normal
    corners = [origin + half * (a * first + b * second) for a, b in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    return Cut("cut", "osteotomy", origin, normal, np.array(corners), kerf, ())


def below(grid: Grid, cut: Cut) -> Bools:
    points = grid.to_patient(np.indices(grid.shape).reshape(3, -1).T)
    return (((points - cut.origin_mm) @ cut.normal) <= 0.0).reshape(grid.shape)


def mesh_of(solid: Solid | Refused) -> trimesh.Trimesh:
    assert isinstance(solid, Solid), solid
    mesh = trimesh.Trimesh(solid.vertices_mm, solid.faces, process=False)
    assert mesh.is_watertight and mesh.is_winding_consistent
    assert mesh.volume / 1000.0 == pytest.approx(solid.volume_ml, rel=1e-6)
    return mesh


def area_on(mesh: trimesh.Trimesh, origin: Floats, normal: Floats) -> float:
    """Area of the faces that lie in a plane within a ten-thousandth of a millimetre."""
    on = np.abs((mesh.vertices - origin) @ normal) < 1e-4
    return float(mesh.area_faces[on[mesh.faces].all(axis=1)].sum())


@pytest.mark.parametrize("name", GRIDS)
def test_a_ball_has_the_volume_of_a_ball(name: str) -> None:
    grid = GRIDS[name]
    mesh = mesh_of(build_solid(grid, ball(grid) > 0.0))
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 20.0**3, rel=0.01)
    np.testing.assert_allclose(mesh.center_mass, CENTRE, atol=0.1)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("normal", [(0, 0, 1), (1, 0.3, 0.2), (0.5, -0.5, 0.7)])
@pytest.mark.parametrize("height", [-4.3, 0.0, 7.7])
def test_a_cut_ball_is_flat_on_its_plane_and_has_the_volume_of_a_segment(
    name: str, normal: tuple[float, float, float], height: float
) -> None:
    grid, cut = GRIDS[name], cut_at(height, np.array(normal, dtype=float))
    mesh = mesh_of(build_solid(grid, (ball(grid) > 0.0) & below(grid, cut), [cut]))
    h = 20.0 + height
    assert mesh.volume == pytest.approx(np.pi * h**2 * (60.0 - h) / 3, rel=0.01)
    rim = float(np.sqrt(400.0 - height**2))
    found = float(np.sqrt(area_on(mesh, cut.origin_mm, cut.normal) / np.pi))
    assert found == pytest.approx(rim, abs=0.4 * float(grid.spacing_mm.max()))
    assert ((mesh.vertices - cut.origin_mm) @ cut.normal).max() < 1e-6


def test_the_kerf_belongs_to_neither_piece(scene_of: Scenes) -> None:
    """A ball sawn in two: specimen, kerf and remainder add up to the ball, and their faces are a kerf apart."""
    grid, cut = GRIDS["oblique"], cut_at(3.0, np.array([1.0, 0.2, 0.3]), kerf=2.4)
    whole = ball(grid) > 0.0
    scene = attrs.evolve(scene_of((0.0, -10.0, 0.0), 6.0), grid=grid)
    inner = whole & below(grid, cut)
    geometry = Pieces(inner, whole & ~inner)
    specimen, remainder = (
        mesh_of(build_specimen(scene, geometry, [cut])),
        mesh_of(build_remainder(scene, geometry, [cut])),
    )
    assert area_on(specimen, cut.origin_mm, cut.normal) > 1000.0
    assert area_on(remainder, cut.origin_mm + 2.4 * cut.normal, cut.normal) > 1000.0
    sections = [np.pi * (400.0 - h**2) for h in np.linspace(3.0, 5.4, 25)]
    sawdust = float(np.mean(sections)) * 2.4
    assert specimen.volume + remainder.volume + sawdust == pytest.approx(4 / 3 * np.pi * 20.0**3, rel=0.01)


@attrs.frozen(eq=False)
class Pieces:
    """The two masks of a geometry."""

    specimen: Bools
    remainder: Bools


def test_a_hook_beyond_the_plane_but_beside_the_face_is_kept() -> None:
    """An L: the short limb ends on the cut, the long one runs past its plane."""
    grid = GRIDS["cubes"]
    x, y, z = (grid.to_patient(np.indices(grid.shape).reshape(3, -1).T) - CENTRE).T.reshape(3, *grid.shape)
    short = (np.abs(x) < 8) & (np.abs(y) < 8) & (z > -15) & (z <= 0.3)
    long = (x >= 8) & (x < 16) & (np.abs(y) < 8) & (np.abs(z) < 15)
    cut = cut_at(0.3, np.array([0.0, 0.0, 1.0]))
    face = CENTRE + np.array([[-8, -8, 0.3], [7, -8, 0.3], [7, 8, 0.3], [-8, 8, 0.3]])
    mesh = mesh_of(build_solid(grid, short | long, [attrs.evolve(cut, face_mm=face)]))
    assert mesh.volume == pytest.approx(float((short | long).sum()), rel=0.02)
    assert (mesh.vertices[:, 2] - CENTRE[2]).max() == pytest.approx(14.5, abs=0.6)


NOWHERE = {
    "outside": cut_at(200.0, np.array([0.0, 1.0, 0.0])),
    "no area": attrs.evolve(cut_at(0.0, np.array([0.0, 1.0, 0.0])), face_mm=np.tile(CENTRE, (4, 1))),
    "a line": attrs.evolve(cut_at(0.0, np.array([0.0, 1.0, 0.0])), face_mm=CENTRE + np.outer(np.arange(4), [1, 0, 0])),
    "two corners": attrs.evolve(cut_at(0.0, np.array([0.0, 1.0, 0.0])), face_mm=np.array([CENTRE, CENTRE + 1])),
    "not a number": attrs.evolve(cut_at(0.0, np.array([0.0, 1.0, 0.0])), normal=np.full(3, np.nan)),
}  # fmt: skip


@pytest.mark.parametrize("which", NOWHERE)
def test_a_cut_that_cuts_nothing_changes_nothing(which: str) -> None:
    grid = GRIDS["cubes"]
    whole = build_solid(grid, ball(grid) > 0.0)
    cut = build_solid(grid, ball(grid) > 0.0, [NOWHERE[which]])
    assert mesh_of(cut).volume == pytest.approx(mesh_of(whole).volume, rel=1e-9)


def test_an_empty_mask_is_refused_and_a_wrong_shape_is_an_error() -> None:
    grid = GRIDS["cubes"]
    assert build_solid(grid, np.zeros(grid.shape, dtype=bool)) == Refused("the mask is empty")
    with pytest.raises(GridError):
        build_solid(grid, np.ones((3, 3, 3), dtype=bool))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10_000),
    share=st.sampled_from([0.02, 0.3, 0.6, 0.97]),
    heights=st.lists(st.sampled_from([-8.0, -4.0, 0.0, 1e-9, 0.5, 4.0, 7.9999999, 8.0, 40.0]), max_size=4),
    tilts=st.lists(st.tuples(*[st.sampled_from([-1.0, 0.0, 1e-9, 0.5, 1.0])] * 3), min_size=4, max_size=4),
    half=st.sampled_from([0.0, 1e-7, 3.0, 30.0]),
)
def test_whatever_the_mask_and_the_cuts_a_solid_is_closed_or_refused(
    seed: int, share: float, heights: list[float], tilts: list[tuple[float, float, float]], half: float
) -> None:
    """Noise is the worst of masks: diagonal contacts, holes and dust; cuts coplanar, tangent, outside, without area."""
    grid = grid_of((1.0, 1.0, 1.5), TURN, 16.0)
    mask = np.random.default_rng(seed).random(grid.shape) < share
    cuts = [cut_at(h, np.array(t), half) for h, t in zip(heights, tilts, strict=False) if np.linalg.norm(t) > 0.0]
    solid = build_solid(grid, mask, cuts)
    if isinstance(solid, Solid):
        mesh_of(solid)
        assert solid.volume_ml > 0.0
    else:
        assert solid.because
