"""End cuts in the shape of a step: against optima found by brute force, cut out, and where they are not worth it."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import attrs
import numpy as np
import pytest
from scipy import ndimage

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.parts import BODY
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.space.grids import Floats, Grid
from enbloc.foundation.space.polygons import least_to_face
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import Tumour, box, mirrored, sphere, together
from enbloc.resection.cutting.bone_columns import gather_columns
from enbloc.resection.cutting.candidates import evaluate, poses_of, prepare
from enbloc.resection.cutting.end_cuts import place_ends
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.placement import Placement, Plane, beyond_step, height_above
from enbloc.resection.cutting.plane_search import Axes, tilted
from enbloc.resection.cutting.spared_levels import spare_levels
from enbloc.resection.cutting.stepped_cuts import Room, cheapest_step
from enbloc.resection.plans import Option
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.solids import Solid, build_remainder, build_specimen
from enbloc.resection.specimen.specimen import CutOut, cut_out

SETTINGS = ResectionSettings()
PLAIN = attrs.evolve(SETTINGS, step_saves_ml=1000.0)
MARGIN_MM = 10.0
HALF_MM = np.array([20.0, 15.0, 15.0])
FINE_MM = 0.25
UP, DORSAL, LEFT = np.eye(3)[[2, 1, 0]]
CORNER = sphere("L3", (20.0, -30.0, 18.0), 6.0)
FULL = box("L3", (13.0, 26.0), (-34.0, -22.0), (8.0, 36.0))
"""So high beside the midline that a plain cut would leave too little of L2, or none."""


def ball(centre: tuple[float, float, float], radius: float) -> Floats:
    k = np.arange(4000) + 0.5
    height, turn = 1.0 - 2.0 * k / 4000, np.pi * (1.0 + 5.0**0.5) * k
    around = np.stack([np.cos(turn), np.sin(turn)], axis=1) * np.sqrt(1.0 - height**2)[:, None]
    return np.array(centre) + radius * np.column_stack([around, height])


def a_room() -> Room:
    """A neighbour that is a box about the origin; the disc lies right under it, the end plate 8 mm further down."""
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = [-23.513, -17.507, -17.521]
    grid = Grid((48, 36, 36), affine)
    points = grid.to_patient(np.argwhere(np.ones(grid.shape, dtype=bool)))
    bone = (np.abs(points) < HALF_MM).all(axis=1).reshape(grid.shape)
    under = np.array([0.0, 0.0, -HALF_MM[2]])
    return Room(
        bone=gather_columns(grid, bone, UP),
        axes=Axes(UP, DORSAL, LEFT),
        disc=Plane(under, UP),
        end_plate=Plane(under - 8.0 * UP, UP),
        middle_mm=np.zeros(3),
        first_mm=(under + 3.0 * UP)[None],
        far=Plane(-under, UP),
        allowed=lambda _, offsets: HALF_MM[2] - 3.0 - offsets,
    )


def brute_force(tumour: Floats, turn_step: float, tilt_step: float) -> tuple[float, Floats]:
    """The least bone (ml) and all poses (turn, two tilts; degrees) within a thousandth of it, by integrated heights.

    Tumour that is 5 mm under the end plate or 10 mm under the disc does not bind the riser.
    """
    x, y = (a.ravel() for a in np.meshgrid(*(np.arange(-h + FINE_MM / 2, h, FINE_MM) for h in HALF_MM[:2])))
    flat = np.column_stack([x, y])
    binds = tumour[(tumour[:, 2] > -HALF_MM[2] - 8.0 - 5.0) & (tumour[:, 2] > -HALF_MM[2] - MARGIN_MM)]
    turns = np.arange(0.0, 360.0, turn_step)
    risers = np.column_stack([np.cos(np.radians(turns)), np.sin(np.radians(turns)), 0.0 * turns])
    aside = (binds @ risers.T).max(axis=0) + MARGIN_MM
    turns, risers, aside = turns[aside <= 0.0], risers[aside <= 0.0], aside[aside <= 0.0]
    goes = (flat @ risers[:, :2].T < aside).astype(np.float32)
    most = np.arange(-12.0, 12.0 + 1e-9, tilt_step)
    tilts = np.array(list(product(most, most)))
    normals = tilted(Axes(UP, DORSAL, LEFT), tilts)
    at = np.maximum((tumour @ normals.T).max(axis=0) + MARGIN_MM, (-HALF_MM[2] + 3.0) * normals[:, 2])
    fits = at <= HALF_MM[2] - 3.0
    height = (at[fits] - flat @ normals[fits, :2].T) / normals[fits, 2]
    height = np.clip(height + HALF_MM[2], 0.0, 2 * HALF_MM[2]).astype(np.float32)
    ml = height.T @ goes * FINE_MM**2 / 1000.0
    near = np.argwhere(ml <= 1.001 * ml.min())
    return float(ml.min()), np.column_stack([turns[near[:, 1]], tilts[fits][near[:, 0]]])


@pytest.mark.parametrize(
    ("centre", "radius"),
    [((17.0, -2.0, -15.0), 6.0), ((-17.0, 5.0, -14.0), 5.0), ((1.0, -16.0, -16.0), 5.0), ((17.0, 12.0, -12.0), 6.0)],
)
def test_the_best_step_is_that_of_brute_force(centre: tuple[float, float, float], radius: float) -> None:
    """Tumour left, right, in front, and in a corner behind: bone within 1 %, pose within 1 degree and 0.5 mm."""
    tumour = ball(centre, radius)
    found = cheapest_step(a_room(), tumour, MARGIN_MM, SETTINGS)
    assert found is not None
    least, poses = brute_force(tumour, 1.0, 1.0)
    around = np.array([found.turn_deg, *found.tilts_deg])
    assert found.cost_ml == pytest.approx(least, rel=0.01)
    off = np.abs(poses - around)
    off[:, 0] = np.minimum(off[:, 0], 360.0 - off[:, 0])
    assert off.max(axis=1).min() <= 1.0
    for plane in (found.deep, found.riser):
        kept = float(np.array(centre) @ plane.normal) + radius + MARGIN_MM
        assert float(plane.origin_mm @ plane.normal) == pytest.approx(kept, abs=0.5)


def test_a_lateral_riser_stands_no_further_than_45_degrees_from_the_coronal_plane() -> None:
    tumour = ball((17.0, -2.0, -15.0), 6.0)
    free, lateral = (
        cheapest_step(a_room(), tumour, MARGIN_MM, attrs.evolve(SETTINGS, steps=steps)) for steps in ("any", "lateral")
    )
    assert free is not None
    assert abs(free.riser.normal @ DORSAL) < 0.5
    assert lateral is None or (
        abs(lateral.riser.normal @ DORSAL) >= np.sqrt(0.5) - 1e-6 and lateral.cost_ml >= free.cost_ml
    )
    corner = cheapest_step(
        a_room(), ball((17.0, -14.0, -13.0), 5.0), MARGIN_MM, attrs.evolve(SETTINGS, steps="lateral")
    )
    assert corner is not None
    assert corner.riser.normal @ DORSAL >= np.sqrt(0.5) - 1e-6, "away from a tumour in front"


def test_there_is_no_step_across_the_middle_and_none_without_tumour_near() -> None:
    assert cheapest_step(a_room(), ball((0.0, 0.0, -14.0), 6.0), MARGIN_MM, SETTINGS) is None
    assert cheapest_step(a_room(), ball((14.0, 0.0, -40.0), 3.0), MARGIN_MM, SETTINGS) is None


@lru_cache(maxsize=4)
def scene_with(tumour: Tumour) -> Scene:
    case = sample(SpinePhantom(("L1", "L2", "L3", "L4")), Scan(margin_mm=10.0), tumour)
    scene = build_scene(case, AnatomySettings(reach_mm=15.0))
    assert scene is not None
    return scene


def placed(scene: Scene, settings: ResectionSettings = SETTINGS) -> tuple[Placement, CutOut]:
    placement = place(scene, Option("vertebrectomy", ("L3",), "right", ()), settings)
    assert placement is not None
    return placement, cut_out(scene, placement, settings)


def test_a_step_keeps_the_margin_and_spares_bone() -> None:
    scene = scene_with(CORNER)
    placement, out = placed(scene)
    step = placement.end_cuts[0].step
    assert step is not None
    cuts = {cut.id: cut for cut in out.cuts}
    assert [cuts[name].kind for name in ("cranial", "cranial step", "cranial disc")] == [
        "osteotomy",
        "osteotomy",
        "discectomy",
    ]
    assert cuts["cranial step"].crosses == ("body of L2", "disc L2/L3")
    tumour = surface_points(scene.grid, scene.tumour)
    for name, cut in cuts.items():
        least = least_to_face(tumour, cut.face_mm, cut.normal)[0]
        assert least >= SETTINGS.bone_margin_mm - 0.01, name
    _, plain = placed(scene, PLAIN)
    assert plain.geometry.bone_lost_ml - out.geometry.bone_lost_ml >= SETTINGS.step_saves_ml
    assert step.riser.normal @ scene.vertebrae["L2"].frame.left < -0.7, "away from the tumour, which lies left"


def test_what_a_step_leaves_stays_with_the_neighbour() -> None:
    scene = scene_with(CORNER)
    placement, out = placed(scene)
    step = placement.end_cuts[0].step
    assert step is not None
    body = (scene.bone == list(scene.vertebrae).index("L2") + 1) & (scene.parts == BODY)
    where = np.argwhere(body)
    beyond = beyond_step(step, scene.grid.to_patient(where))
    deep = height_above(placement.end_cuts[0].plane, scene.grid.to_patient(where)) >= 0.0
    np.testing.assert_array_equal(out.geometry.specimen[tuple(where.T)], ~beyond & ~deep)
    assert not (out.geometry.specimen & out.geometry.remainder).any()
    assert ndimage.label(out.geometry.specimen, np.ones((3, 3, 3)))[1] == 1
    assert (scene.tumour <= out.geometry.specimen).all()
    quick = evaluate(prepare(scene, placement, SETTINGS), *poses_of(placement))
    assert float(quick.bone_lost_ml[0]) == pytest.approx(out.geometry.bone_lost_ml, rel=0.01)


def test_solids_of_a_step_are_closed_and_of_the_right_volume() -> None:
    scene = scene_with(CORNER)
    _, out = placed(scene)
    specimen, rest = build_specimen(scene, out.geometry, out.cuts), build_remainder(scene, out.geometry, out.cuts)
    assert isinstance(specimen, Solid)
    assert isinstance(rest, Solid)
    assert specimen.volume_ml == pytest.approx(out.geometry.specimen_ml, rel=0.01)
    assert rest.volume_ml == pytest.approx(float(out.geometry.remainder.sum()) * scene.grid.voxel_ml, rel=0.02)
    for cut in out.cuts:
        on_plane = np.abs((specimen.vertices_mm - cut.origin_mm) @ cut.normal) < 1e-3
        assert on_plane.sum() > 20, f"{cut.id} is flat"


def test_a_step_is_mirrored_with_its_tumour() -> None:
    here, there = (placed(scene_with(tumour))[0].end_cuts[0] for tumour in (CORNER, mirrored(CORNER)))
    assert here.step is not None
    assert there.step is not None
    frame = scene_with(CORNER).vertebrae["L2"].frame
    flip = np.eye(3) - 2.0 * np.outer(frame.left, frame.left)
    assert np.degrees(np.arccos(np.clip(there.step.riser.normal @ flip @ here.step.riser.normal, -1, 1))) < 1.0


def test_where_no_plain_cut_fits_a_step_keeps_the_neighbour() -> None:
    scene = scene_with(FULL)
    tumour = surface_points(scene.grid, scene.tumour)
    plain = place_ends(scene, ("L3",), tumour, SETTINGS)
    stepped = place_ends(scene, ("L3",), tumour, SETTINGS, stepped=True)
    assert plain.levels == ("L2", "L3")
    assert stepped.levels == ("L3",)
    assert stepped.cranial.step is not None
    assert stepped.cranial.because[-1] == "in the shape of a step: L2 leaves no room for a plain cut"
    _, out = placed(scene)
    for cut in out.cuts:
        assert least_to_face(tumour, cut.face_mm, cut.normal)[0] >= SETTINGS.least_bone_margin_mm - 0.01, cut.id


def test_small_savings_are_not_worth_two_more_cuts() -> None:
    scene = scene_with(CORNER)
    dear = attrs.evolve(SETTINGS, step_saves_ml=20.0)
    assert placed(scene, dear)[0].end_cuts[0].step is None
    low = scene_with(sphere("L3", (18.0, -26.0, 8.0), 8.0))
    assert placed(low)[0].end_cuts[0].step is None


REACHING = together(sphere("L3", (12.0, -27.0, 2.0), 8.0), sphere("L3", (16.0, -28.0, 14.0), 6.0))


def test_a_level_of_which_tumour_holds_an_end_may_stay() -> None:
    """Tumour reaches the lowest millimetres of L2: beside the plan that takes all of L2 stands one that leaves it."""
    scene = scene_with(REACHING)
    assert (scene.tumour & (scene.bone == list(scene.vertebrae).index("L2") + 1)).any()
    both = Option("vertebrectomy", ("L2", "L3"), "right", ())
    (spared,) = spare_levels(scene, (both,), SETTINGS)
    assert spared.levels == ("L3",)
    assert spared.side == "right"
    assert spared.because[-1].status == "ours"
    taken, left = place(scene, both, SETTINGS), place(scene, spared, SETTINGS)
    assert taken is not None
    assert left is not None
    assert left.levels == ("L3",)
    assert left.shortfalls == ()
    whole, less = cut_out(scene, taken, SETTINGS), cut_out(scene, left, SETTINGS)
    assert (scene.tumour <= less.geometry.specimen).all()
    assert less.geometry.bone_lost_ml < whole.geometry.bone_lost_ml
    tumour = surface_points(scene.grid, scene.tumour)
    for cut in less.cuts:
        assert least_to_face(tumour, cut.face_mm, cut.normal)[0] > SETTINGS.disc_margin_mm, cut.id


def test_a_level_whose_ring_holds_tumour_does_not_stay() -> None:
    deep = together(sphere("L3", (12.0, -27.0, 2.0), 8.0), sphere("L2", (15.0, -9.0, 0.0), 4.0))
    assert spare_levels(scene_with(deep), (Option("vertebrectomy", ("L2", "L3"), "right", ()),), SETTINGS) == ()
    assert spare_levels(scene_with(CORNER), (Option("vertebrectomy", ("L3",), "right", ()),), SETTINGS) == ()
    arch = Option("posterior_arch_resection", ("L2", "L3"), None, ())
    assert spare_levels(scene_with(REACHING), (arch,), SETTINGS) == ()
