"""Nerve roots that stay: in the way as modelled, weighed by their published cost, and gone when they are cut."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from enbloc.anatomy.scene import Frame, ModelledPart, Scene, Vertebra
from enbloc.foundation.space.grids import Grid, LabelMap
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.plans import Delivery, Geometry, Sacrifice
from enbloc.resection.sacrifice_tables import ROOTS
from enbloc.resection.way_out.delivery import judge_delivery
from enbloc.resection.way_out.roots import find_roots

VOXEL_MM = 2.0
GRID = Grid((50, 60, 40), np.array([[2.0, 0, 0, -49], [0, 2.0, 0, -59], [0, 0, 2.0, -39], [0, 0, 0, 1]]))
X, Y, Z = np.moveaxis(GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T).reshape(*GRID.shape, 3), 3, 0)
FRAME = Frame(np.zeros(3), *np.eye(3), 1.0, 1.0)
SPECIMEN = (np.abs(X) < 12) & (Y > 8) & (Y < 20) & (np.abs(Z) < 10)
HEIGHTS = np.arange(-39.0, 40.0, 6.0)
COIL = np.array([[side, 26.0, z] for n, z in enumerate(HEIGHTS) for side in ((-60, 60) if n % 2 else (60, -60))])
"""A root wound up to a lid behind everything: no other shape of a single one holds a box."""


def root(level: str, points_mm: np.ndarray, width_mm: float = 6.0) -> ModelledPart:
    name = f"left {level} nerve root"
    return ModelledPart(f"nerve_root_{level}_left", name, "nerve_root", level, "left", points_mm, width_mm, "modelled")


def scene_with(*roots: ModelledPart) -> Scene:
    canal = (np.abs(X) < 8) & (np.abs(Y) < 8)
    tumour = SPECIMEN & (np.abs(X) < 2) & (np.abs(Z) < 2)
    level = Vertebra("L3", FRAME, np.array([0.0, -20, 0]), 24, 24, 30, 12, -12, 8, 8, -8, 8, True)
    nothing = LabelMap(GRID, np.zeros(GRID.shape, dtype=np.uint8), {})
    own = SPECIMEN.astype(np.uint8)
    return Scene(GRID, nothing, tumour, {"L3": level}, own, own, canal, None, VOXEL_MM / 2, modelled=roots)


def deliver(scene: Scene, *sacrifices: Sacrifice) -> Delivery:
    placement = Placement("posterior_arch_resection", ("L3",), (), {}, None, None, ())
    geometry = Geometry(SPECIMEN, np.zeros(GRID.shape, dtype=bool), 1.0, 1.0)
    return judge_delivery(scene, placement, geometry, ("posterior",), sacrifices)


def test_a_root_that_holds_the_specimen_is_proposed_with_its_published_cost() -> None:
    held = deliver(scene_with(root("L3", COIL)))
    assert held.possible == "unknown"
    (proposal,) = held.proposals
    assert proposal.without == ("nerve_root_L3_left",)
    rule = next(rule for rule in ROOTS if "L3" in rule.levels)
    assert rule.consequence in proposal.says and rule.status in proposal.says
    assert "modelled" in proposal.says


def test_a_root_that_the_plan_cuts_holds_nothing() -> None:
    assert (
        deliver(scene_with(root("L3", COIL)), Sacrifice("nerve_root_L3_left", "cut", "", "verified")).possible == "yes"
    )


def test_a_root_beside_the_way_is_said_to_be_modelled() -> None:
    aside = root("L3", np.array([[10.0, 0, 0], [24.0, -20, -10], [40.0, -30, -20]]))
    free = deliver(scene_with(aside))
    assert free.possible == "yes"
    assert any(reason.status == "modelled" and "rigid" in reason.says for reason in free.because)
    assert not any("Through the specimen" in reason.says for reason in free.because)


def test_a_root_through_the_specimen_is_named() -> None:
    through = deliver(scene_with(root("L3", np.array([[0.0, 14, -30], [0.0, 14, 30]]))))
    assert any("Through the specimen run, as modelled: left L3 nerve root" in r.says for r in through.because)


def test_of_two_roots_the_one_that_may_be_cut_goes_first() -> None:
    ranks = {piece.structure: piece.rank for piece in find_roots(scene_with(root("T8", COIL), root("L4", COIL)), ())}
    assert ranks["nerve_root_T8_left"] < ranks["nerve_root_L4_left"]


@pytest.mark.parametrize("width_mm", [5.0, 9.0, 14.0])
def test_a_straight_root_fills_a_tube_of_its_width(width_mm: float) -> None:
    ends = np.array([[-20.0, -25.0, -15.0], [18.0, 20.0, 12.0]])
    (piece,) = find_roots(scene_with(root("L3", ends, width_mm)), ())
    radius, length = width_mm / 2, float(np.linalg.norm(ends[1] - ends[0]))
    volume = np.pi * radius**2 * (length + 4.0 * radius / 3.0)
    assert float(piece.where.sum()) * VOXEL_MM**3 == pytest.approx(volume, rel=0.08)


def test_a_root_outside_the_grid_is_nowhere() -> None:
    away = attrs.evolve(root("L3", COIL), points_mm=np.array([[900.0, 0, 0], [950.0, 0, 0]]))
    (piece,) = find_roots(scene_with(away), ())
    assert not piece.where.any()
