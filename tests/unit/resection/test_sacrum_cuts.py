"""The cuts of a sacrectomy on a straight block of bone, where every cut is known by formula."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from enbloc.anatomy.sacrum import find_sacrum, judge_sacral_levels
from enbloc.anatomy.scene import Frame, Scene, Vertebra
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.space.grids import Bools, Grid, LabelMap
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.cutting.sacrum_cuts import place_sacrectomy
from enbloc.resection.plans import Family, Option, Side
from enbloc.resection.settings import ResectionSettings

VOXEL_MM = 2.0
GRID = Grid((80, 40, 80), np.array([[2.0, 0, 0, -79], [0, 2.0, 0, -39], [0, 0, 2.0, -129], [0, 0, 0, 1]]))
X, Y, Z = np.moveaxis(GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T).reshape(*GRID.shape, 3), 3, 0)
FRAME = Frame(np.array([0.0, 24, 15]), *np.eye(3), 1.0, 1.0)
SETTINGS = ResectionSettings()
NAMES = {1: "sacrum", 2: "hip_left", 3: "hip_right"}
HALF_WIDTH_MM = 40.0


def box(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> Bools:
    return np.logical_and.reduce([(at > low) & (at < high) for at, (low, high) in ((X, x), (Y, y), (Z, z))])


BLOCK = box((-HALF_WIDTH_MM, HALF_WIDTH_MM), (-20, 20), (-120, 0))


def scene_with(tumour: Bools, first: bool = False) -> Scene:
    """A block of sacrum between two hip bones, below an L5 of 27 mm; with `first`, S1 has a label of its own."""
    values = np.zeros(GRID.shape, dtype=np.uint8)
    values[BLOCK] = 1
    values[box((HALF_WIDTH_MM, 60), (-20, 20), (-60, 0))] = 2
    values[box((-60, -HALF_WIDTH_MM), (-20, 20), (-60, 0))] = 3
    fifth = Vertebra("L5", FRAME, np.array([0.0, 0, 15]), 40, 30, 27, 13.5, -13.5, 10, 10, -8, 8, True)
    upper = attrs.evolve(FRAME, origin_mm=np.array([0.0, 24, -15]))
    s1 = Vertebra("S1", upper, np.array([0.0, 0, -15]), 40, 30, 30, 15, -15, 10, 10, -8, 8, True)
    vertebrae = {"L5": fifth} | ({"S1": s1} if first else {})
    own = np.where(box((-40, 40), (-20, 20), (-30, 0)) & first, 2, 0).astype(np.uint8)
    values[own > 0] = 0
    sacrum = find_sacrum(GRID, values == 1, vertebrae, own > 0)
    nothing = np.zeros(GRID.shape, dtype=bool)
    return Scene(
        GRID, LabelMap(GRID, values, NAMES), tumour, vertebrae, own, own, nothing, None, VOXEL_MM / 2, sacrum=sacrum
    )


def placed(scene: Scene, family: Family = "sacrectomy_partial", side: Side | None = None) -> Placement:
    tumour = surface_points(scene.grid, scene.tumour)
    placement = place_sacrectomy(scene, Option(family, ("S3",), side, ()), tumour, SETTINGS)
    assert placement is not None
    return placement


def block_at(top_mm: float) -> Bools:
    return box((-12, 12), (-12, 12), (top_mm - 16, top_mm))


@pytest.mark.parametrize("top_mm", [-44.0, -60.0, -76.0, -90.0])
def test_the_cut_across_lies_the_wanted_margin_above_the_tumour(top_mm: float) -> None:
    (wall,) = placed(scene_with(block_at(top_mm))).beside
    assert np.degrees(np.arccos(wall.plane.normal[2])) == pytest.approx(0.0, abs=1.0)
    assert wall.plane.origin_mm[2] == pytest.approx(top_mm + SETTINGS.bone_margin_mm, abs=0.5)


@pytest.mark.parametrize("top_mm", [-44.0, -60.0, -76.0, -90.0, -104.0])
def test_the_level_that_is_cut_is_the_one_that_anatomy_finds_there(top_mm: float) -> None:
    scene = scene_with(block_at(top_mm))
    placement = placed(scene)
    assert scene.sacrum is not None
    height = top_mm + SETTINGS.bone_margin_mm
    expected = 1 + int(np.searchsorted(scene.sacrum.junctions_mm[:-1], -height))
    assert placement.resects[0] == f"S{expected}"
    there = judge_sacral_levels(scene.sacrum, np.array([[0.0, 0.0, height]]))
    assert there[placement.resects[0]] is not Verdict.UNMET


def test_fifths_would_name_another_level() -> None:
    """The modelled bodies get lower from S1 down: fifths of the length are not the same."""
    scene = scene_with(block_at(-44.0))
    fifths = placed(attrs.evolve(scene, sacrum=None))
    assert "fifths" in fifths.beside[0].because[0]
    assert fifths.resects[0] != placed(scene).resects[0]


def test_a_cut_where_two_levels_meet_says_so() -> None:
    scene = scene_with(block_at(-76.0))
    assert scene.sacrum is not None
    at = scene_with(block_at(2.0 * round((-scene.sacrum.junctions_mm[1] - SETTINGS.bone_margin_mm) / 2.0)))
    assert "S2 and S3 meet there" in placed(at).beside[0].because[0]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_half_is_cut_beside_the_midline_on_the_healthy_side(side: Side) -> None:
    sign = 1.0 if side == "left" else -1.0
    tumour = box((6, 30), (-12, 12), (-70, -50)) if side == "left" else box((-30, -6), (-12, 12), (-70, -50))
    walls = {wall.id: wall.plane for wall in placed(scene_with(tumour), side=side).beside}
    assert set(walls) == {"sacral", "sagittal"}
    np.testing.assert_allclose(walls["sagittal"].normal, [-sign, 0, 0], atol=0.02)
    margin_at = 6.0 - SETTINGS.bone_margin_mm
    assert sign * walls["sagittal"].origin_mm[0] == pytest.approx(margin_at, abs=0.5)


def test_all_of_it_is_taken_through_the_disc_and_both_joints() -> None:
    placement = placed(scene_with(box((-12, 12), (-12, 12), (-50, -10)), first=True), "sacrectomy_total")
    walls = {wall.id: wall for wall in placement.beside}
    assert set(walls) == {"left sacroiliac", "right sacroiliac"}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        wall = walls[f"{side} sacroiliac"]
        np.testing.assert_allclose(wall.plane.normal, [sign, 0, 0], atol=0.01)
        assert sign * wall.plane.origin_mm[0] == pytest.approx(HALF_WIDTH_MM, abs=VOXEL_MM)
        assert wall.crosses == (f"{side} sacroiliac joint",)
    (end,) = placement.end_cuts
    assert end.end == "cranial" and end.tissue == "disc" and end.plane.normal[2] > 0.9
    assert placement.resects == ("S1", "S2", "S3", "S4", "S5")


def test_tumour_at_a_joint_takes_the_cut_out_into_the_ilium() -> None:
    tumour = box((20, 39), (-12, 12), (-50, -20))
    walls = {wall.id: wall for wall in placed(scene_with(tumour, first=True), "sacrectomy_total").beside}
    assert walls["left sacroiliac"].crosses == ("left ilium",)
    assert walls["left sacroiliac"].plane.origin_mm[0] == pytest.approx(39.0 - 1.0 + SETTINGS.bone_margin_mm, abs=1.0)
    assert walls["right sacroiliac"].crosses == ("right sacroiliac joint",)
