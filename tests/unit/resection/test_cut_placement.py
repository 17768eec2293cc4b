"""Arch cuts, end cuts and the window: distances by formula, limits kept, shortfalls said."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from enbloc.anatomy.parts import local_coordinates
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.distances import surface_points
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.truth import level_truth, plane_clearance_mm
from enbloc.phantoms.tumours import sphere
from enbloc.resection.cutting.arch_cuts import ANGLES_DEG, PEDICLE_DEG, cut_lamina, cut_pedicle, measure_choices
from enbloc.resection.cutting.end_cuts import LEAST_REST_MM, place_end_cut
from enbloc.resection.cutting.lengthwise_cuts import LEAST_SIDE_MM
from enbloc.resection.cutting.place import LAMINA_DEG, PLACED_FAMILIES, place
from enbloc.resection.cutting.placement import ArchCut, Plane, arch_normal, arch_ray, height_above
from enbloc.resection.plans import Option
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.specimen import cut_out
from enbloc.resection.specimen.window import judge_window, measure_window

SETTINGS = ResectionSettings()
PHANTOM = SpinePhantom(("L2", "L3", "L4"))
BODY = ((10.0, -26.0, -4.5), 6.0)
LOW = ((6.0, -26.0, -10.0), 8.0)
SPINOUS = ((0.0, 30.0, -8.0), 6.0)


def arch(angle: float, side: str, keeps: str) -> ArchCut:
    return ArchCut("L3", side, angle, keeps, 0.0, ())


@pytest.mark.parametrize("angle", [0.0, 12.0, 45.0, 90.0, 110.0])
def test_rays_and_normals_of_arch_cuts(angle: float) -> None:
    left, right = arch_ray(angle, "left"), arch_ray(angle, "right")
    np.testing.assert_allclose(right, left * [-1, 1, 1], atol=1e-12)
    for side in ("left", "right"):
        ventral, dorsal = arch_normal(arch(angle, side, "ventral")), arch_normal(arch(angle, side, "dorsal"))
        np.testing.assert_allclose(ventral, -dorsal, atol=1e-12)
        assert ventral @ arch_ray(angle, side) == pytest.approx(0.0, abs=1e-12)
        assert np.linalg.norm(ventral) == pytest.approx(1.0)
        assert ventral @ arch_ray(angle - 5.0, side) > 0.0, "out of a ventral specimen is towards the spinous process"


def test_height_above_a_plane() -> None:
    plane = Plane(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, -1.0]))
    np.testing.assert_allclose(height_above(plane, np.array([[9.0, 9.0, 1.0], [0.0, 0.0, 5.0]])), [2.0, -2.0])


def test_margins_of_half_planes_are_those_of_a_sphere(scene_of: Any) -> None:
    """A sphere in the spinous process, 30 mm behind the canal: 30 sin t - r from the half plane at angle t."""
    scene = scene_of(*SPINOUS)
    tumour = surface_points(scene.grid, scene.tumour)
    for side in ("left", "right"):
        choices = measure_choices(scene, tumour, "L3", side, "dorsal")
        assert choices.angles_deg.shape == choices.margin_mm.shape == choices.area_mm2.shape == ANGLES_DEG.shape
        for angle in (20.0, 30.0, 45.0, 60.0):
            n = int(np.argmin(np.abs(ANGLES_DEG - angle)))
            assert choices.margin_mm[n] == pytest.approx(30.0 * np.sin(np.radians(angle)) - 6.0, abs=1.0)
        entered = np.flatnonzero(np.abs(ANGLES_DEG) < 3.0)
        assert (choices.margin_mm[entered] < 0.0).all()


def test_a_free_pedicle_is_cut_within_its_angles_with_the_wanted_margin(scene_of: Any) -> None:
    scene = scene_of(*BODY)
    tumour = surface_points(scene.grid, scene.tumour)
    for side in ("left", "right"):
        choices = measure_choices(scene, tumour, "L3", side, "ventral")
        cut = cut_pedicle(choices, SETTINGS)
        assert PEDICLE_DEG[0] <= cut.angle_deg <= PEDICLE_DEG[1]
        assert cut.margin_mm >= SETTINGS.bone_margin_mm
        n = int(np.argmin(np.abs(choices.angles_deg - cut.angle_deg)))
        inside = (choices.angles_deg >= PEDICLE_DEG[0]) & (choices.angles_deg <= PEDICLE_DEG[1])
        fits = inside & (choices.margin_mm >= SETTINGS.bone_margin_mm) & choices.in_ring
        assert choices.area_mm2[n] == choices.area_mm2[fits].min()
        assert choices.area_mm2[n] > 0.0


def test_a_lamina_cut_keeps_the_margin_with_least_bone(scene_of: Any) -> None:
    scene = scene_of(*SPINOUS)
    choices = measure_choices(scene, surface_points(scene.grid, scene.tumour), "L3", "left", "dorsal")
    cut = cut_lamina(choices, SETTINGS, LAMINA_DEG[0], PEDICLE_DEG[1])
    assert cut.margin_mm >= SETTINGS.bone_margin_mm
    smaller = (choices.angles_deg >= LAMINA_DEG[0]) & (choices.angles_deg < cut.angle_deg)
    assert (choices.margin_mm[smaller] < SETTINGS.bone_margin_mm).all()


def test_where_nothing_keeps_the_margin_the_widest_is_taken(scene_of: Any) -> None:
    scene = scene_of(*SPINOUS)
    choices = measure_choices(scene, surface_points(scene.grid, scene.tumour), "L3", "left", "dorsal")
    poor = attrs.evolve(choices, margin_mm=np.minimum(choices.margin_mm, 3.0 - np.abs(choices.angles_deg - 40.0) / 50))
    cut = cut_lamina(poor, SETTINGS, *LAMINA_DEG)
    assert cut.angle_deg == pytest.approx(40.0)
    assert cut.margin_mm == pytest.approx(3.0)


@pytest.mark.parametrize("end", ["cranial", "caudal"])
def test_a_disc_is_cut_where_the_end_plate_is_far_enough(end: str, scene_of: Any) -> None:
    scene = scene_of(*BODY)
    cut, short = place_end_cut(scene, surface_points(scene.grid, scene.tumour), "L3", end, SETTINGS)
    assert short == ()
    assert cut.tissue == "disc"
    truth = level_truth(PHANTOM, "L3")
    local = local_coordinates(scene.vertebrae["L3"].frame, cut.plane.origin_mm[None])[0]
    half_disc = 5.0
    wanted = truth.endplate_cranial_mm + half_disc if end == "cranial" else truth.endplate_caudal_mm - half_disc
    assert local[2] == pytest.approx(wanted, abs=1.5)
    assert cut.neighbour == {"cranial": "L2", "caudal": "L4"}[end]
    towards = scene.vertebrae[cut.neighbour].body_centre_mm - scene.vertebrae["L3"].body_centre_mm
    assert cut.plane.normal @ towards > 0.0


def test_a_cut_through_the_neighbour_keeps_the_margin_and_leaves_a_body(scene_of: Any) -> None:
    scene = scene_of(*LOW)
    cut, short = place_end_cut(scene, surface_points(scene.grid, scene.tumour), "L3", "caudal", SETTINGS)
    assert (cut.tissue, cut.neighbour, short) == ("bone", "L4", ())
    clear = plane_clearance_mm(PHANTOM, sphere("L3", *LOW), cut.plane.origin_mm, cut.plane.normal)
    assert clear >= SETTINGS.bone_margin_mm - 0.75
    far = level_truth(PHANTOM, "L4").endplate_caudal_mm
    below = local_coordinates(scene.vertebrae["L4"].frame, cut.plane.origin_mm[None])[0, 2] - far
    assert below >= LEAST_REST_MM - 1.5


def test_without_room_the_shortfall_is_said(scene_of: Any) -> None:
    scene = scene_of(*LOW)
    alone = attrs.evolve(scene, vertebrae={k: v for k, v in scene.vertebrae.items() if k != "L4"})
    cut, short = place_end_cut(alone, surface_points(scene.grid, scene.tumour), "L3", "caudal", SETTINGS)
    assert cut.neighbour is None
    assert len(short) == 1
    assert "not labelled" in short[0]
    greedy = ResectionSettings(bone_margin_mm=60.0, least_bone_margin_mm=55.0)
    _, short = place_end_cut(scene, surface_points(scene.grid, scene.tumour), "L3", "caudal", greedy)
    assert "leaves no room" in short[0]


def test_margins_are_tried_from_the_wanted_to_the_least() -> None:
    assert SETTINGS.margins_tried_mm() == (10.0, 9.0, 8.0, 7.0, 6.0, 5.0)
    assert ResectionSettings(bone_margin_mm=5.0).margins_tried_mm() == (5.0,)


def test_families_without_cuts_and_missing_levels_place_nothing(scene_of: Any) -> None:
    scene = scene_of(*BODY)
    for option in (
        Option("intralesional", ("L3",), None, ()),
        Option("vertebrectomy", ("T5",), "left", ()),
        Option("sagittal_resection", ("L3",), None, ()),
    ):
        assert place(scene, option, SETTINGS) is None
    assert "intralesional" not in PLACED_FAMILIES


def test_a_sagittal_plane_leaves_a_side_or_is_refused(scene_of: Any) -> None:
    side = place(scene_of((17.0, -16.0, -4.5), 4.0), Option("sagittal_resection", ("L3",), "left", ()), SETTINGS)
    assert side is not None
    assert side.sagittal is not None
    vertebra = scene_of((17.0, -16.0, -4.5), 4.0).vertebrae["L3"]
    at = local_coordinates(vertebra.frame, side.sagittal.origin_mm[None])[0, 0]
    assert at <= -vertebra.canal_radius_right_mm
    assert at >= -vertebra.body_width_mm / 2 + LEAST_SIDE_MM - 0.5
    assert side.sagittal.normal @ vertebra.frame.left == pytest.approx(-1.0)
    across = place(scene_of((-8.0, -26.0, -4.5), 6.0), Option("sagittal_resection", ("L3",), "left", ()), SETTINGS)
    assert across is None


def test_the_window_is_judged_for_vertebrectomies_alone(scene_of: Any) -> None:
    scene = scene_of(*BODY)
    option = Option("vertebrectomy", ("L3",), "right", ())
    placement = place(scene, option, SETTINGS)
    assert placement is not None
    out = cut_out(scene, placement, SETTINGS)
    (said,) = judge_window(scene, placement, out.geometry)
    assert said.says.startswith("L3: the ring is open")
    assert judge_window(scene, attrs.evolve(placement, family="sagittal_resection"), out.geometry) == ()

    whole = attrs.evolve(out.geometry, specimen=scene.bone == list(scene.vertebrae).index("L3") + 1)
    (closed,) = judge_window(scene, placement, whole)
    assert "only" in closed.says
    none = attrs.evolve(out.geometry, specimen=np.zeros_like(scene.tumour))
    (open_,) = judge_window(scene, placement, none)
    assert "either side" in open_.says


def test_the_window_is_measured_between_the_stumps(scene_of: Any) -> None:
    """Stumps that begin 9 mm beside the midline leave 18 mm; wanted are the canal and 2.5 mm on each side at most."""
    scene = scene_of(*BODY)
    placement = place(scene, Option("vertebrectomy", ("L3",), "right", ()), SETTINGS)
    assert placement is not None
    geometry = cut_out(scene, placement, SETTINGS).geometry
    bone = scene.bone == list(scene.vertebrae).index("L3") + 1
    left = np.zeros(bone.shape)
    left[bone] = local_coordinates(scene.vertebrae["L3"].frame, scene.grid.to_patient(np.argwhere(bone)))[:, 0]
    stumps = attrs.evolve(geometry, specimen=bone & (np.abs(left) > 9.0))
    found = measure_window(scene, placement, stumps)
    window, wanted = found["ring_window"], found["ring_window_wanted"]
    assert isinstance(window, Estimate)
    assert isinstance(wanted, Estimate)
    assert window.value == pytest.approx(18.0 + 1.5, abs=1.5)
    assert window.low <= 18.0 <= window.high
    canal = 2.0 * level_truth(PHANTOM, "L3").canal_half_width_mm
    assert wanted.value == pytest.approx(canal + 5.0, abs=1.5)
    assert wanted.low <= wanted.value
    chest_wall = attrs.evolve(placement, family="chest_wall_combined")
    assert measure_window(scene, chest_wall, stumps) == found
    assert measure_window(scene, attrs.evolve(placement, family="sagittal_resection"), stumps) == {}
    nothing = attrs.evolve(geometry, specimen=np.zeros_like(scene.tumour))
    assert measure_window(scene, placement, nothing) == {}


@pytest.mark.parametrize(("side", "far"), [("left", "right"), ("right", "left")])
def test_a_cut_beyond_the_spinous_process_is_named_by_the_side_where_it_lies(
    scene_of: Any, side: Any, far: Any
) -> None:
    """Tumour in pedicle and lamina up to the midline: the ring opens in far pedicle and lamina, and says so (F8)."""
    sign = 1.0 if side == "left" else -1.0
    scene = scene_of((sign * 7.0, 16.0, -8.0), 8.0)
    placement = place(scene, Option("vertebrectomy", ("L3",), far, ()), SETTINGS)
    assert placement is not None
    out = cut_out(scene, placement, SETTINGS)
    cuts = {cut.id: cut for cut in out.cuts}
    assert f"{far} lamina" in cuts
    assert f"{far} pedicle" in cuts
    assert cuts[f"{far} lamina"].crosses == (f"{far} lamina of L3",)
    across = local_coordinates(scene.vertebrae["L3"].frame, cuts[f"{far} lamina"].face_mm)[:, 0]
    assert (across * sign < 1.0).all(), "its face lies beyond the midline"
    (said,) = judge_window(scene, placement, out.geometry)
    assert f"open on the {far}" in said.says
    assert placement.arch_cuts["L3", side].margin_mm >= SETTINGS.least_bone_margin_mm


def test_two_cuts_in_one_lamina_have_two_names(scene_of: Any) -> None:
    scene = scene_of(*BODY)
    placement = place(scene, Option("vertebrectomy", ("L3",), "right", ()), SETTINGS)
    assert placement is not None
    both = {("L3", "left"): arch(-20.0, "left", "ventral"), ("L3", "right"): arch(60.0, "right", "ventral")}
    cuts = cut_out(scene, attrs.evolve(placement, arch_cuts=both), SETTINGS).cuts
    assert {"right lamina", "right medial lamina"} <= {cut.id for cut in cuts}
    assert len({cut.id for cut in cuts}) == len(cuts)
