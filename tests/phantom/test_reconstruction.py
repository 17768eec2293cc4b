"""The defect, its footprints and the corridors of screws against the phantom's formulas."""

from __future__ import annotations

from functools import cache

import attrs
import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom, turn_matrix
from enbloc.phantoms.truth import level_truth
from enbloc.phantoms.tumours import sphere
from enbloc.phantoms.vertebra import body_column, bone_solids, canal_half_mm, sizes_of
from enbloc.reconstruction.defect import measure_defect
from enbloc.reconstruction.design import End, Screw
from enbloc.reconstruction.screws import measure_screws

LUMBAR = ("L1", "L2", "L3", "L4", "L5")
CERVICAL = ("C3", "C4", "C5", "C6", "C7")
THORACIC = ("T6", "T7", "T8", "T9", "T10")
ASKEW = Pose(turn_matrix(10.0, 8.0, 12.0), np.array([30.0, -20.0, 700.0]))
CASES = {
    "lumbar, 1 mm": (LUMBAR, 1.0, Pose()),
    "lumbar, 1.5 mm askew": (LUMBAR, 1.5, ASKEW),
    "thoracic, 1 mm": (THORACIC, 1.0, Pose()),
    "thoracic, 1.5 mm askew": (THORACIC, 1.5, ASKEW),
    "cervical, 0.8 mm": (CERVICAL, 0.8, Pose()),
    "cervical, 1 mm askew": (CERVICAL, 1.0, ASKEW),
}


@cache
def scene_of(case: str) -> tuple[SpinePhantom, Scene]:
    levels, spacing, pose = CASES[case]
    phantom = SpinePhantom(levels, Bends(), pose)
    tumour = sphere(levels[2], (5.0, -14.0, 0.0), 4.0)
    scene = build_scene(sample(phantom, Scan(spacing_mm=(spacing, spacing, spacing)), tumour), AnatomySettings())
    assert scene is not None
    return phantom, scene


def value(measured: Measured) -> float:
    assert isinstance(measured, Estimate)
    return measured.value


def ends_in_discs(phantom: SpinePhantom, levels: tuple[str, ...]) -> tuple[End, ...]:
    """Cuts in the middle of the discs: where in the disc must not matter."""
    middle = level_truth(phantom, levels[2])
    axis = middle.frame.axes[:, 2]
    ends = []
    for name, sign, height in (("cranial", 1.0, 20.0), ("caudal", -1.0, -25.0)):
        place = middle.body_centre_mm + height * axis
        ends.append(End(name, tuple(map(float, place)), tuple(map(float, sign * axis)), True))
    return tuple(ends)


@pytest.mark.parametrize("case", CASES)
def test_the_gap_runs_from_end_plate_to_end_plate(case) -> None:
    phantom, scene = scene_of(case)
    levels, spacing = CASES[case][:2]
    defect = measure_defect(scene, (levels[2],), ends_in_discs(phantom, levels), 1.0)
    above, middle, below = (sizes_of(level).front for level in levels[1:4])
    truth = above.disc_height_mm + middle.body_height_mm + middle.disc_height_mm
    for found in (defect.height, defect.height_ventral, defect.height_dorsal):
        assert value(found) == pytest.approx(truth, abs=1.0)
        assert isinstance(found, Estimate)
        assert found.low <= truth <= found.high
    for footprint, front, level in zip(defect.footprints, (above, below), (levels[1], levels[3]), strict=True):
        column = body_column(sizes_of(level))
        assert footprint.level == level
        assert value(footprint.width) == pytest.approx(front.body_width_mm, abs=2.0 * spacing)
        assert value(footprint.depth) == pytest.approx(front.body_depth_mm, abs=2.0 * spacing)
        area = cut_ellipse_mm2(column.half, column.v_max - column.centre[1])
        assert value(footprint.area) == pytest.approx(area, rel=0.06)
        assert len(footprint.outline_mm) >= 8


def cut_ellipse_mm2(half: tuple[float, float], cut: float) -> float:
    """Area of an ellipse whose part beyond `cut` along its second axis is taken off."""
    a, b = half
    t = np.clip(cut / b, -1.0, 1.0)
    return float(a * b * (np.pi - np.arccos(t) + t * np.sqrt(1.0 - t * t)))


@pytest.mark.parametrize("case", CASES)
def test_a_cut_through_bone_moves_the_end_by_its_place_and_its_kerf(case) -> None:
    phantom, scene = scene_of(case)
    levels = CASES[case][0]
    above, below = ends_in_discs(phantom, levels)
    axis = np.array(above.normal)
    neighbour = level_truth(phantom, levels[1]).body_centre_mm
    in_bone = End("cranial", tuple(map(float, neighbour)), tuple(map(float, axis)), False)
    with_bone = measure_defect(scene, (levels[2],), (in_bone, below), 1.0)
    with_discs = measure_defect(scene, (levels[2],), (above, below), 1.0)
    half_a_body = sizes_of(levels[1]).front.body_height_mm / 2.0
    assert value(with_bone.height) - value(with_discs.height) == pytest.approx(half_a_body + 1.0, abs=1.0)


@pytest.mark.parametrize("case", CASES)
def test_every_corridor_stays_in_the_true_bone(case) -> None:
    phantom, scene = scene_of(case)
    levels = CASES[case][0]
    screws, without = measure_screws(scene, [level for level in levels if level != levels[2]])
    assert without == {}
    assert len(screws) == 8
    for screw in screws:
        front = sizes_of(screw.level).front
        least = front.pedicle_width_mm - front.pedicle_slant * front.canal_depth_mm / 2.0
        assert isinstance(screw.corridor, Estimate)
        assert screw.corridor.high >= least - 0.5
        assert screw.corridor.low <= front.pedicle_width_mm
        assert share_in_bone(phantom, screw, screw.corridor.low / 2.0) >= 0.99
        assert 0.0 <= value(screw.convergence) <= (55.0 if levels == CERVICAL else 45.0)


def share_in_bone(phantom: SpinePhantom, screw: Screw, radius_mm: float) -> float:
    """Share of the walls of a cylinder that lies in the true bone, beside the canal's ventral half."""
    truth = phantom.frames[screw.level]
    entry = (np.array(screw.entry_mm) - truth.origin_mm) @ truth.axes
    axis = np.array(screw.axis) @ truth.axes
    side = np.cross(axis, [0.3, 0.5, 0.8])
    side /= np.linalg.norm(side)
    turns = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    rim = radius_mm * (np.cos(turns)[:, None] * side + np.sin(turns)[:, None] * np.cross(axis, side))
    deep = canal_half_mm(phantom.sizes[screw.level])[1]
    along = (np.arange(-deep - 5.0, -1.0, 0.5) - entry[1]) / axis[1]
    points = ((entry + along[:, None] * axis)[:, None, :] + rim).reshape(-1, 3)
    points = points[points[:, 1] < 0.0]
    solids = bone_solids(phantom.sizes[screw.level]).values()
    bone = np.any([solid.inside(*points.T) for solid in solids], axis=0)
    half_u, half_v = canal_half_mm(phantom.sizes[screw.level])
    canal = (points[:, 0] / half_u) ** 2 + (points[:, 1] / half_v) ** 2 < 1.0
    return float((bone & ~canal).mean())


def test_the_way_to_the_vertebral_artery_is_that_of_the_formula() -> None:
    _, scene = scene_of("cervical, 0.8 mm")
    plain = measure_screws(scene, ["C4"])[0]
    assert all(isinstance(screw.artery, Unknown) and "not labelled" in screw.artery.because for screw in plain)
    left = next(screw for screw in plain if screw.side == "left")
    axis = np.array(left.axis)
    beside = np.cross(axis, scene.vertebrae["C4"].frame.cranial)
    beside *= np.sign(beside @ scene.vertebrae["C4"].frame.left) / np.linalg.norm(beside)
    middle = np.array(left.entry_mm) + value(left.chord) / 2.0 * axis + 9.0 * beside
    points = scene.grid.to_patient(np.indices(scene.grid.shape).reshape(3, -1).T)
    upright = points - middle
    upright -= (upright @ scene.vertebrae["C4"].frame.cranial)[:, None] * scene.vertebrae["C4"].frame.cranial
    tube = (np.linalg.norm(upright, axis=1) <= 2.0).reshape(scene.grid.shape)
    values = np.where(tube, 99, scene.structures.values)
    names = {**scene.structures.names, 99: "vertebral_artery_left"}
    labelled = attrs.evolve(scene, structures=attrs.evolve(scene.structures, values=values, names=names))
    found = {screw.side: screw for screw in measure_screws(labelled, ["C4"])[0]}
    assert value(found["left"].artery) == pytest.approx(9.0 - 2.0 - value(left.corridor) / 2.0, abs=0.8)
    assert isinstance(found["right"].artery, Unknown)


@pytest.mark.parametrize(
    ("level", "says"), [("C2", "not judged"), ("S1", "ala and ilium"), ("T12", "outside the labels")]
)
def test_a_level_without_a_corridor_says_why(level: str, says: str) -> None:
    _, scene = scene_of("cervical, 0.8 mm")
    screws, without = measure_screws(scene, [level])
    assert screws == () and says in without[level]
