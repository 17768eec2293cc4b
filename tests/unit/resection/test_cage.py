"""A specimen that is locked in and one that is barely free must be told apart; nothing else may be called locked."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from enbloc.anatomy.scene import Frame, Scene, Vertebra
from enbloc.foundation.space.grids import Bools, Grid, LabelMap
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.plans import Delivery, Geometry
from enbloc.resection.way_out.cage import REACHES_MM, TURNS_FURTHER, find_cage
from enbloc.resection.way_out.delivery import judge_delivery
from enbloc.resection.way_out.kept import find_kept

VOXEL_MM = 2.0
GRID = Grid((50, 50, 40), np.array([[2.0, 0, 0, -49], [0, 2.0, 0, -29], [0, 0, 2.0, -39], [0, 0, 0, 1]]))
POINTS = GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T)
CENTRE = np.array([0.0, 30.0, 0.0])
HALF = np.array([14.0, 10.0, 10.0])
WALL_MM = 14.0
BACK = np.array([0.0, 40.0, 0.0])
TURNS = {"straight": Rotation.identity(), "askew": Rotation.from_euler("xyz", [12.0, -18.0, 25.0], degrees=True)}


def block(half: np.ndarray, turn: Rotation, at: np.ndarray = CENTRE) -> Bools:
    inside = np.abs(turn.inv().apply(POINTS - at)) < half
    return np.asarray(inside.all(axis=1).reshape(GRID.shape))


def walled(turn: Rotation, window: np.ndarray | None = None, way: int = 1) -> tuple[Bools, Bools]:
    """A block in a wall of bone all round it, with a window (half edges, mm) on one of its sides."""
    specimen = block(HALF, turn)
    wall = block(HALF + WALL_MM, turn) & ~specimen
    if window is not None:
        out = np.zeros(3)
        out[way] = HALF[way] + WALL_MM
        size = window.copy()
        size[way] = WALL_MM + 4.0
        wall &= ~block(size, turn, CENTRE + turn.apply(out))
    return specimen, wall


def scene_of(specimen: Bools, wall: Bools) -> tuple[Scene, Placement, Geometry]:
    local = POINTS.reshape(*GRID.shape, 3)
    canal = (np.abs(local[..., 0]) < 6) & (np.abs(local[..., 1] + 20) < 6)
    frame = Frame(np.array([0.0, -20.0, 0.0]), *np.eye(3), 1.0, 1.0)
    level = Vertebra("T12", frame, np.array([0.0, -20, 0]), 24, 24, 30, 12, -12, 8, 8, -8, 8, True)
    own = (specimen | wall).astype(np.uint8)
    nothing = LabelMap(GRID, np.zeros(GRID.shape, dtype=np.uint8), {1: "dura"})
    tumour = specimen & block(np.full(3, 4.0), Rotation.identity())
    scene = Scene(GRID, nothing, tumour, {"T12": level}, own, own, canal & ~wall, None, VOXEL_MM / 2)
    return (
        scene,
        Placement("sagittal_resection", ("T12",), (), {}, None, None, ()),
        Geometry(specimen, wall, 1.0, 1.0),
    )


def cage_of(specimen: Bools, wall: Bools) -> float | None:
    scene, placement, geometry = scene_of(specimen, wall)
    return find_cage(scene, specimen, find_kept(scene, placement, geometry, ()))


def deliver(specimen: Bools, wall: Bools) -> Delivery:
    return judge_delivery(*scene_of(specimen, wall), ("posterior",), ())


@pytest.mark.parametrize("turn", ["straight", pytest.param("askew", marks=pytest.mark.slow)])
def test_what_is_walled_in_all_round_is_locked(turn: str) -> None:
    assert cage_of(*walled(TURNS[turn])) is not None


def test_every_pose_on_the_boundary_of_a_proved_box_runs_into_the_wall() -> None:
    """Random poses on its faces, looked up voxel by voxel."""
    specimen, wall = walled(TURNS["straight"])
    points = POINTS[specimen.ravel()] - CENTRE
    arm = float(np.linalg.norm(points, axis=1).max())
    draws = np.random.default_rng(3)
    edges = REACHES_MM[0] * np.array([1.0] * 3 + [TURNS_FURTHER] * 3)
    for n in range(600):
        pose = draws.uniform(-edges, edges)
        pose[n % 6] = edges[n % 6] * (-1) ** (n // 6)
        moved = Rotation.from_rotvec(pose[3:] / arm).apply(points) + pose[:3] + CENTRE
        at = np.rint(GRID.to_index(moved)).astype(int)
        inside = ((at >= 0) & (at < GRID.shape)).all(axis=1)
        assert wall[tuple(at[inside].T)].any()


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("way", [0, 1, 2])
def test_a_window_wide_enough_sets_it_free(turn: str, way: int) -> None:
    assert cage_of(*walled(TURNS[turn], HALF + VOXEL_MM, way)) is None


@pytest.mark.slow
def test_a_window_that_is_too_small_keeps_it_locked() -> None:
    window = HALF - 6.0
    assert cage_of(*walled(TURNS["straight"], window)) is not None


@pytest.mark.parametrize("less_mm", [0.0, 1.0, 2.0])
def test_a_window_as_wide_as_the_specimen_within_the_error_proves_nothing(less_mm: float) -> None:
    assert cage_of(*walled(TURNS["straight"], HALF - less_mm)) is None


def test_much_room_to_rattle_proves_nothing() -> None:
    wall = walled(TURNS["straight"])[1]
    assert cage_of(block(HALF - 6.0, TURNS["straight"]), wall) is None


def test_a_locked_specimen_is_a_no_with_its_reason_and_what_would_free_it() -> None:
    specimen, wall = walled(TURNS["straight"])
    locked = deliver(specimen, wall)
    assert locked.possible == "no" and locked.path == ()
    assert "however it is shifted or turned" in locked.because[0].says
    freed = deliver(specimen, wall & ~block(HALF + BACK, TURNS["straight"], CENTRE + BACK))
    assert freed.possible == "yes"


def test_ribs_and_a_sac_that_is_not_labelled_lock_nothing() -> None:
    specimen, wall = walled(TURNS["straight"])
    scene, placement, geometry = scene_of(specimen, wall)
    alone = attrs.evolve(scene, canal=wall, bone=specimen.astype(np.uint8))
    free = attrs.evolve(geometry, remainder=np.zeros(GRID.shape, dtype=bool))
    assert find_cage(alone, specimen, find_kept(alone, placement, free, ())) is None
