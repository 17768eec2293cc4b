"""Generated scenes: a way is found where one exists by construction, and never where a closed ring forbids it.

A scene with a way is made backwards: a specimen is moved along a drawn way, everything it does not sweep is filled
with bone, a voxel away. A scene without one is a ring of drawn shape around the canal, closed, or open by less than the
canal is wide. The proved paths are walked again by pairs of points.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from enbloc.anatomy.parts import ARCH_LEFT, BODY
from enbloc.anatomy.scene import Frame, Scene, Vertebra
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.grids import Bools, Floats, Grid, LabelMap
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.plans import Delivery, Geometry
from enbloc.resection.way_out.delivery import judge_delivery

VOXEL_MM = 2.0
GRID = Grid((60, 64, 36), np.array([[2.0, 0, 0, -59], [0, 2.0, 0, -63], [0, 0, 2.0, -35], [0, 0, 0, 1]]))
POINTS = GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T)
X, Y, Z = POINTS.T.reshape(3, *GRID.shape)
FRAME = Frame(np.zeros(3), *np.eye(3), 1.0, 1.0)
ROUND = np.hypot(X, Y)
ANGLE_DEG = np.degrees(np.arctan2(X, Y))
"""From the dorsal midline towards the left."""


def deliver(specimen: Bools, bone: Bools, canal: Bools) -> Delivery:
    own = specimen | bone
    parts = np.where(own, np.where(Y < -8, BODY, ARCH_LEFT), 0).astype(np.uint8)
    vertebra = Vertebra("L2", FRAME, np.array([0.0, -20, 0]), 24, 24, 30, 12, -12, 8, 8, -8, 8, True)
    labels = LabelMap(GRID, np.zeros(GRID.shape, dtype=np.uint8), {})
    tumour = specimen & (np.cumsum(specimen.ravel()).reshape(GRID.shape) <= 4)
    scene = Scene(GRID, labels, tumour, {"L2": vertebra}, own.astype(np.uint8), parts, canal, None, VOXEL_MM / 2)
    placement = Placement("sagittal_resection", ("L2",), (), {}, None, None, ())
    return judge_delivery(scene, placement, Geometry(specimen, bone, 1.0, 1.0), ("posterior",), ())


def piece(draw: np.random.Generator, canal_mm: float) -> Bools:
    """A block beside, behind or in front of the canal, with a second one grown to its outer side."""
    where = draw.uniform(-180.0, 180.0)
    deep, wide, high = draw.uniform(5, 9), draw.uniform(5, 11), draw.uniform(6, 12)
    turn = np.radians(where)
    out, aside = X * np.sin(turn) + Y * np.cos(turn), X * np.cos(turn) - Y * np.sin(turn)
    middle = canal_mm + 3.0 + deep
    block = (np.abs(out - middle) < deep) & (np.abs(aside) < wide) & (np.abs(Z) < high)
    shift = draw.uniform(-6, 6)
    wing = (np.abs(out - middle) < deep / 2) & (np.abs(aside - shift) < wide + 4) & (np.abs(Z - 2) < high / 2)
    return block | wing


def swept(specimen: Bools, poses: list[tuple[Rotation, Floats]]) -> Bools:
    """Every voxel that the specimen meets at some pose, a little more than a voxel around it."""
    met = np.zeros(GRID.shape, dtype=bool)
    outer = POINTS[specimen.ravel()]
    for turn, shift in poses:
        at = np.rint(GRID.to_index(turn.apply(outer) + shift)).astype(np.intp)
        inside = ((at >= 0) & (at < GRID.shape)).all(axis=1)
        met[tuple(at[inside].T)] = True
    return binary_dilation(met, np.ones((3, 3, 3), dtype=bool))


def shift_way(draw: np.random.Generator, where: Floats) -> list[tuple[Rotation, Floats]]:
    """Out sideways to where it lies, if it lies in front or beside, and then to the back."""
    side = 1.0 if where[0] >= 0.0 else -1.0
    aside = 0.0 if where[1] > 10.0 else side * draw.uniform(4, 10) + side * max(0.0, 32.0 - abs(float(where[0])))
    steps = [np.array([s, 0.0, 0.0]) for s in np.arange(0.0, abs(aside) + 0.5)]
    steps = [np.sign(aside) * step for step in steps] or [np.zeros(3)]
    back = [steps[-1] + np.array([0.0, s, 0.0]) for s in np.arange(1.0, 130.0)]
    return [(Rotation.identity(), shift) for shift in (*steps, *back)]


def turn_way(where: Floats) -> list[tuple[Rotation, Floats]]:
    """About the canal's axis until it lies behind, the short way, and then to the back."""
    angle = float(np.degrees(np.arctan2(where[0], where[1])))
    whole = 10.0 * np.ceil(abs(angle) / 10.0)
    turns = [Rotation.from_rotvec([0.0, 0.0, np.radians(np.sign(angle) * a)]) for a in np.arange(0.0, whole + 0.5, 1.0)]
    back = [(turns[-1], np.array([0.0, s, 0.0])) for s in np.arange(1.0, 130.0)]
    return [*((turn, np.zeros(3)) for turn in turns), *back]


def scene_with_a_way(seed: int) -> tuple[Bools, Bools, Bools]:
    """Specimen, bone and canal; odd seeds need a turn, even ones a shift."""
    draw = np.random.default_rng(seed)
    canal_mm = draw.uniform(7, 10)
    canal = canal_mm > ROUND
    specimen = piece(draw, canal_mm) & ~canal
    where = POINTS[specimen.ravel()].mean(axis=0)
    way = turn_way(where) if seed % 2 else shift_way(draw, where)
    room = swept(specimen, way)
    canal &= ~room
    return specimen, ~room & ~specimen & ~canal & (canal_mm < ROUND), canal


def ring(seed: int) -> tuple[Bools, Bools, Bools]:
    """A ring around the canal of drawn size, middle, tilt and thickness; every third open, but by less than the sac."""
    draw = np.random.default_rng(10_000 + seed)
    canal_mm = draw.uniform(7, 11)
    tilt, lean = np.radians(draw.uniform(-25, 25, 2))
    off = draw.uniform(-3, 3, 2)
    height = Z + np.tan(tilt) * X + np.tan(lean) * Y
    radius = np.hypot(X - off[0], Y - off[1])
    inner = canal_mm + 4.5
    bone = (radius > inner) & (radius < inner + draw.uniform(5, 12)) & (np.abs(height) < draw.uniform(4, 10))
    if seed % 3 == 0:
        at, half = draw.uniform(-180, 180), np.degrees(np.arcsin((canal_mm - 5.0) / inner))
        bone &= np.abs((ANGLE_DEG - at + 180.0) % 360.0 - 180.0) > half
    return bone, np.zeros(GRID.shape, dtype=bool), canal_mm > ROUND


def least_gap(specimen: Bools, kept: Bools, path: tuple[Floats, ...]) -> float:
    """Least distance of voxels along a path less a voxel, mm, by pairs; poses in between by straight interpolation."""
    tree = cKDTree(POINTS[kept.ravel()])
    outer = POINTS[(specimen & ~binary_erosion(specimen)).ravel()]
    least = np.inf
    for here, there in pairwise(path):
        moved = np.linalg.norm(outer @ (there - here)[:3, :3].T + (there - here)[:3, 3], axis=1).max()
        for share in np.linspace(0.0, 1.0, int(np.ceil(moved / 2.0)) + 1):
            pose = here + share * (there - here)
            least = min(least, float(tree.query(outer @ pose[:3, :3].T + pose[:3, 3])[0].min()))
    return least - VOXEL_MM


def check_found(seed: int) -> None:
    specimen, bone, canal = scene_with_a_way(seed)
    delivery = deliver(specimen, bone, canal)
    assert delivery.possible == "yes", seed
    assert isinstance(delivery.least_clearance, Estimate)
    said = delivery.because[0].says
    assert delivery.least_clearance.value >= 0.0 or "along the canal's wall, which stands for the dura" in said, seed
    assert least_gap(specimen, bone | canal, delivery.path) >= -VOXEL_MM - 0.1, seed


def check_locked(seed: int) -> None:
    specimen, bone, canal = ring(seed)
    found = deliver(specimen, bone, canal).possible
    assert found != "yes", seed
    assert found == "no" or seed % 3 == 0, seed


@pytest.mark.parametrize("seed", range(8))
def test_a_way_that_exists_is_found(seed: int) -> None:
    check_found(seed)


@pytest.mark.parametrize("seed", [1, 2, 4, 5])
def test_a_closed_ring_stays(seed: int) -> None:
    check_locked(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(8, 128, 20))
def test_every_way_that_exists_is_found(first: int) -> None:
    for seed in range(first, first + 20):
        check_found(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(6, 96, 30))
def test_no_ring_leaves(first: int) -> None:
    for seed in range(first, first + 30):
        check_locked(seed)
