"""Findings measured on the scene, against phantoms whose answer is a formula."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import attrs
import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.classification.extent import Extent
from enbloc.classification.measured.alignment import measure_bends, measure_step
from enbloc.classification.measured.body_depth import measure_halves
from enbloc.classification.measured.body_shape import measure_body_shape
from enbloc.classification.measured.bone_lesion import measure_change
from enbloc.classification.measured.collapse import measure_body_share, measure_height_loss
from enbloc.classification.measured.contacts import measure_contacts
from enbloc.classification.measured.encasement import measure_encasement
from enbloc.classification.measured.scene_findings import find_on_scene
from enbloc.classification.sheet import classify
from enbloc.classification.wbb import measure_extent
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.grids import Volume
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, SpinePhantom
from enbloc.phantoms.torso import column_solids
from enbloc.phantoms.truth import level_truth
from enbloc.phantoms.tumours import Tumour, Wedge, box, sphere, together, wedge
from enbloc.phantoms.vertebra import Sizes, body_column, endplates_mm, sizes_of

SETTINGS = AnatomySettings(reach_mm=25.0)
LUMBAR = ("L1", "L2", "L3", "L4", "L5")
THORACIC = ("T6", "T7", "T8", "T9", "T10")
SMALL = sphere("L3", (8.0, -24.0, -4.0), 6.0)


@lru_cache(maxsize=6)
def scene_of(
    phantom: SpinePhantom, tumour: Tumour, spacing: float = 1.5, leave_out: tuple[str, ...] = (), margin: float = 12.0
) -> Scene:
    scan = Scan((spacing,) * 3, margin_mm=margin, leave_out=leave_out)
    scene = build_scene(sample(phantom, scan, tumour), SETTINGS)
    assert scene is not None
    return scene


def extent_of(scene: Scene) -> Extent:
    return attrs.evolve(measure_extent(scene, SETTINGS), touched=measure_contacts(scene, SETTINGS.reach_mm))


def found_in(scene: Scene) -> dict[str, Finding]:
    return find_on_scene(scene, extent_of(scene))


def verdicts(found: Mapping[str, Finding]) -> dict[str, Verdict]:
    return {name: finding.verdict for name, finding in found.items()}


def known(measured: object) -> Estimate:
    assert isinstance(measured, Estimate), measured
    return measured


@lru_cache(maxsize=8)
def plain(levels: tuple[str, ...] = LUMBAR) -> SpinePhantom:
    return SpinePhantom(levels)


def with_height(level: str, share: float, levels: tuple[str, ...] = LUMBAR) -> SpinePhantom:
    """A phantom in which one body has only a share of its height."""
    sizes: dict[str, Sizes] = {name: sizes_of(name) for name in levels}
    front = sizes[level].front
    sizes[level] = attrs.evolve(sizes[level], front=attrs.evolve(front, body_height_mm=share * front.body_height_mm))
    return SpinePhantom(levels, sizes=sizes)


def true_loss(phantom: SpinePhantom, level: str) -> float:
    at = phantom.levels.index(level)
    height = {name: float(np.diff(endplates_mm(phantom.sizes[name]))[0]) for name in phantom.levels}
    return 1.0 - 2.0 * height[level] / (height[phantom.levels[at - 1]] + height[phantom.levels[at + 1]])


@pytest.mark.parametrize("spacing", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("share", [1.0, 0.7, 0.4])
def test_a_lost_height_is_measured(share: float, spacing: float) -> None:
    phantom = with_height("L3", share)
    scene = scene_of(phantom, SMALL if share > 0.5 else sphere("L3", (8.0, -24.0, 4.0), 3.5), spacing)
    lost = known(measure_height_loss(scene, "L3", ["L1", "L2", "L4", "L5"]))
    truth = true_loss(phantom, "L3")
    assert lost.low <= truth <= lost.high
    assert lost.value == pytest.approx(truth, abs=spacing / 25.0 * 1.5)


@pytest.mark.parametrize(
    ("share", "collapse", "over_half"),
    [(1.0, Verdict.UNMET, Verdict.UNMET), (0.66, Verdict.MET, Verdict.UNMET), (0.36, Verdict.MET, Verdict.MET)],
)
def test_collapse_follows_from_the_height(share: float, collapse: Verdict, over_half: Verdict) -> None:
    found = verdicts(found_in(scene_of(with_height("L3", share), sphere("L3", (8.0, -24.0, 4.0), 3.5), 1.0)))
    assert (found["collapse"], found["collapse_over_half"]) == (collapse, over_half)


def test_half_of_the_height_is_left_open() -> None:
    found = found_in(scene_of(with_height("L3", 0.5), sphere("L3", (8.0, -24.0, 4.0), 3.5)))
    assert found["collapse_over_half"].verdict is Verdict.UNDECIDED


def test_no_height_is_told_of_a_level_without_a_free_neighbour() -> None:
    scene = scene_of(plain(), SMALL)
    assert isinstance(measure_height_loss(scene, "L3", []), Unknown)
    one_sided = known(measure_height_loss(scene, "L3", ["L2"]))
    both = known(measure_height_loss(scene, "L3", ["L2", "L4"]))
    assert one_sided.high - one_sided.low > both.high - both.low


@pytest.mark.parametrize(("share", "verdict"), [(0.3, Verdict.UNMET), (0.75, Verdict.MET)])
def test_how_much_of_the_body_is_tumour(share: float, verdict: Verdict) -> None:
    phantom = plain()
    caudal, cranial = endplates_mm(phantom.sizes["L3"])
    column = body_column(phantom.sizes["L3"])
    reach = (-60.0, column.v_max)
    scene = scene_of(phantom, box("L3", (-60.0, 60.0), reach, (caudal, caudal + share * (cranial - caudal))))
    measured = known(measure_body_share(scene, "L3"))
    assert measured.low - 0.03 <= share <= measured.high + 0.03
    assert found_in(scene)["body_over_half"].verdict is verdict


def test_a_straight_spine_is_in_line() -> None:
    found = found_in(scene_of(plain(), SMALL))
    assert found["translation"].verdict is Verdict.UNMET
    assert found["new_deformity"].verdict is Verdict.UNMET


@pytest.mark.parametrize("slip", [0.0, 6.0])
def test_a_slipped_vertebra_is_measured(slip: float) -> None:
    """All levels from L3 downwards are slid forwards: their voxels move by whole planes of the grid."""
    scene = scene_of(plain(), SMALL)
    moved = 0 if slip == 0.0 else round(slip / 1.5)
    shift = np.array([0.0, -1.5 * moved, 0.0])
    bone, parts = scene.bone.copy(), scene.parts.copy()
    vertebrae = dict(scene.vertebrae)
    for number, level in enumerate(scene.vertebrae, start=1):
        if level in ("L3", "L4", "L5"):
            here = scene.bone == number
            bone[here], parts[here] = 0, 0
            frame = attrs.evolve(scene.vertebrae[level].frame, origin_mm=scene.vertebrae[level].frame.origin_mm + shift)
            vertebrae[level] = attrs.evolve(
                scene.vertebrae[level], frame=frame, body_centre_mm=scene.vertebrae[level].body_centre_mm + shift
            )
            to = np.argwhere(here) - [0, moved, 0]
            bone[tuple(to.T)], parts[tuple(to.T)] = number, scene.parts[here]
    slid = attrs.evolve(scene, bone=bone, parts=parts, vertebrae=vertebrae)
    shapes = {level: measure_body_shape(slid, level) for level in slid.vertebrae}
    step = known(measure_step(slid, shapes, "L2", "L3"))
    front = {level: plain().sizes[level].front for level in ("L2", "L3")}
    stands_back = (front["L2"].canal_depth_mm - front["L3"].canal_depth_mm) / 2
    assert step.value == pytest.approx(abs(1.5 * moved + stands_back), abs=1.0)
    assert known(measure_step(slid, shapes, "L3", "L4")).value < 2.0
    verdict = find_on_scene(slid, extent_of(scene))["translation"].verdict
    assert verdict is (Verdict.MET if slip else Verdict.UNMET)


@pytest.mark.parametrize("bends", [Bends(kyphosis_deg=8.0), Bends(kyphosis_deg=-6.0), Bends(scoliosis_deg=7.0)])
def test_bends_are_measured(bends: Bends) -> None:
    scene = scene_of(SpinePhantom(LUMBAR, bends=bends), SMALL)
    forward, aside = measure_bends(scene.vertebrae["L2"], scene.vertebrae["L4"])
    assert known(forward).value == pytest.approx(2 * bends.kyphosis_deg, abs=2.5)
    assert known(aside).value == pytest.approx(2 * abs(bends.scoliosis_deg), abs=2.5)


@pytest.mark.parametrize("bends", [Bends(kyphosis_deg=9.0), Bends(scoliosis_deg=8.0)])
def test_a_deformity_is_never_called_new(bends: Bends) -> None:
    finding = found_in(scene_of(SpinePhantom(LUMBAR, bends=bends), SMALL))["new_deformity"]
    assert finding.verdict is Verdict.UNDECIDED
    assert "Earlier images" in finding.settle


def painted(scene: Scene, hu: float, second_hu: float | None = None) -> Scene:
    """The tumour with another grey value, or two, half and half; soft tissue with a little noise."""
    assert scene.ct is not None
    values = scene.ct.values.astype(np.float32) + np.random.default_rng(0).normal(0.0, 12.0, scene.grid.shape)
    values[scene.tumour] = hu
    if second_hu is not None:
        at = np.argwhere(scene.tumour)
        values[tuple(at[at[:, 2] > np.median(at[:, 2])].T)] = second_hu
    return attrs.evolve(scene, ct=Volume(scene.grid, values.astype(np.float32)))


GREYS = {
    "lytic": ((60.0, None), ("2",)),
    "blastic": ((600.0, None), ("0",)),
    "mixed": ((60.0, 600.0), ("1",)),
    "as bright as bone": ((220.0, None), ("2", "1", "0")),
}


@lru_cache(maxsize=1)
def deep() -> Scene:
    return scene_of(plain(), sphere("L3", (0.0, -26.0, -4.5), 8.0))


@pytest.mark.parametrize("kind", sorted(GREYS))
def test_the_grey_value_decides_the_bone_lesion(kind: str) -> None:
    greys, points = GREYS[kind]
    scene = painted(deep(), *greys)
    sheet = classify(extent_of(scene), Clinical(), find_on_scene(scene, extent_of(scene)))
    items = sheet.answers["sins"].details["items"]
    assert isinstance(items, Mapping)
    assert items["bone_lesion"] == {"low": min(map(int, points)), "high": max(map(int, points))}


def test_a_ct_of_bone_only_tells_nothing_of_the_lesion() -> None:
    scene = deep()
    assert scene.ct is not None
    grey = scene.ct.values.astype(np.float32)
    bone_only = np.where(grey >= 200.0, grey, 0.0).astype(np.float32)
    for values in (bone_only, np.where(bone_only > 0, bone_only, -1000.0).astype(np.float32)):
        change = measure_change(attrs.evolve(scene, ct=Volume(scene.grid, values)), "L3", ["L2", "L4"])
        assert isinstance(change.destroyed, Unknown)
        assert "bone only" in change.destroyed.because
    assert isinstance(measure_change(attrs.evolve(scene, ct=None), "L3", []).formed, Unknown)


def body_slab(level: str, phantom: SpinePhantom, from_share: float, to_share: float) -> Tumour:
    """A box through the body's middle, between two shares of its depth from the front."""
    truth = level_truth(phantom, level)
    back = -truth.canal_half_depth_mm
    front = back - truth.body_depth_mm
    heights = (truth.endplate_caudal_mm + 5.0, truth.endplate_cranial_mm - 5.0)
    edges = (front + from_share * truth.body_depth_mm, front + to_share * truth.body_depth_mm)
    return box(level, (-5.0, 5.0), edges, heights)


@pytest.mark.parametrize(
    ("edges", "zones"),
    [((0.1, 0.6), "III"), ((0.87, 0.99), "IV"), ((0.4, 0.95), "III+IV")],
    ids=str,
)
def test_the_depth_decides_the_zone(edges: tuple[float, float], zones: str) -> None:
    phantom = plain()
    scene = scene_of(phantom, body_slab("L3", phantom, *edges), 1.5)
    extent = extent_of(scene)
    answer = classify(extent, Clinical(metastases="none"), find_on_scene(scene, extent)).answers["mclain_weinstein"]
    assert {category.split("-")[0] for category in answer.possible} == {zones}


def test_the_volumes_of_the_zones_are_those_of_the_box() -> None:
    phantom = plain()
    truth = level_truth(phantom, "L3")
    halves = measure_halves(scene_of(phantom, body_slab("L3", phantom, 0.35, 0.95), 1.0), "L3")
    across = 10.0 * (truth.endplate_cranial_mm - truth.endplate_caudal_mm - 10.0) * truth.body_depth_mm / 1000.0
    for volume, share in ((halves.front, 0.40), (halves.back, 0.20)):
        assert known(volume).low <= share * across <= known(volume).high
        assert known(volume).value == pytest.approx(share * across, rel=0.2)


CRESCENT = wedge("T8", Wedge((150.0, 210.0), (0.0, 0.6), (-9.0, 4.0), canal_mm=2.5))


def with_thin_cord(scene: Scene, by_voxels: int) -> Scene:
    """The cord's label, thinner by some voxels in the plane of the slices."""
    number = next(n for n, name in scene.structures.names.items() if name == "spinal_cord")
    cord = scene.structures.values == number
    cross = np.zeros((3, 3, 3), dtype=bool)
    cross[:, 1, 1] = cross[1, :, 1] = True
    thin = binary_erosion(cord, cross, iterations=by_voxels)
    values = np.where(cord & ~thin, 0, scene.structures.values)
    return attrs.evolve(scene, structures=attrs.evolve(scene.structures, values=values))


@pytest.mark.parametrize(("by_voxels", "grades"), [(0, {"1a", "1b", "1c", "2", "3"}), (5, {"1a", "1b"})])
def test_a_gap_to_the_cord_leaves_the_low_grades(by_voxels: int, grades: set[str]) -> None:
    scene = with_thin_cord(scene_of(plain(THORACIC), CRESCENT, 1.0), by_voxels)
    extent = extent_of(scene)
    assert set(classify(extent, Clinical()).answers["escc"].possible) == {"1a", "1b", "1c", "2", "3"}
    assert set(classify(extent, Clinical(), find_on_scene(scene, extent)).answers["escc"].possible) == grades


def test_a_cord_without_a_label_at_the_tumour_settles_nothing() -> None:
    scene = with_thin_cord(scene_of(plain(THORACIC), CRESCENT, 1.0), 5)
    extent = extent_of(scene)
    numbers = {name: n for n, name in scene.structures.names.items()}
    values = scene.structures.values.copy()
    heights = np.argwhere(scene.tumour)[:, 2]
    pressed = values[:, :, heights.min() - 3 : heights.max() + 4]
    pressed[pressed == numbers["spinal_cord"]] = 0
    gone = attrs.evolve(scene, structures=attrs.evolve(scene.structures, values=values))
    extent = attrs.evolve(extent, touched=measure_contacts(gone, SETTINGS.reach_mm))
    assert find_on_scene(gone, extent)["cord_touched"].verdict is Verdict.UNDECIDED
    unlabelled = scene_of(plain(THORACIC), CRESCENT, 2.0, leave_out=("spinal_cord",))
    assert found_in(unlabelled)["cord_touched"].verdict is Verdict.UNDECIDED


def test_a_spinous_process_leaves_the_joints_free() -> None:
    """The laminae hold tumour next to the midline only: the sectors of the joints stay far from it."""
    scene = scene_of(plain(), box("L3", (-12.0, 12.0), (17.0, 40.0), (-30.0, 0.0)))
    extent = extent_of(scene)
    answer = classify(extent, Clinical(), find_on_scene(scene, extent)).answers["sins"]
    items = answer.details["items"]
    assert isinstance(items, Mapping)
    assert items["posterolateral"] == {"low": 0, "high": 0}


PEDICLE_LEFT, PEDICLE_RIGHT = (box("L3", us, (-7.0, -1.0), (-5.0, 5.0)) for us in ((14.0, 20.0), (-20.0, -14.0)))


@pytest.mark.parametrize(
    ("tumour", "sides", "points"),
    [
        (PEDICLE_LEFT, {"left"}, 1),
        (PEDICLE_RIGHT, {"right"}, 1),
        (together(PEDICLE_LEFT, PEDICLE_RIGHT), {"left", "right"}, 3),
        (sphere("L3", (0.0, -26.0, -4.5), 8.0), set(), 0),
    ],
    ids=["left", "right", "both", "body"],
)
def test_replaced_pedicles_are_counted_by_sides(tumour: Tumour, sides: set[str], points: int) -> None:
    scene = scene_of(plain(), tumour)
    answer = classify(extent_of(scene), Clinical(), find_on_scene(scene, extent_of(scene))).answers["sins"]
    found = {b.criterion.removeprefix("posterolateral_"): b.verdict for b in answer.because}
    assert {side for side in ("left", "right") if found[side] is Verdict.MET} == sides
    items = answer.details["items"]
    assert isinstance(items, Mapping)
    assert items["posterolateral"] == {"low": points, "high": points}


@pytest.mark.parametrize(
    ("levels", "points"), [(("C4", "C5", "C6"), 2), (("T7", "T8", "T9"), 1), (("T11", "T12", "L1"), 3)], ids=str
)
def test_the_location_follows_from_the_levels_that_are_measured(levels: tuple[str, ...], points: int) -> None:
    truth = level_truth(plain(levels), levels[1])
    middle = -truth.canal_half_depth_mm - truth.body_depth_mm / 2.0
    scene = scene_of(plain(levels), sphere(levels[1], (0.0, middle, 0.0), truth.body_depth_mm / 4.0))
    items = classify(extent_of(scene), Clinical()).answers["sins"].details["items"]
    assert isinstance(items, Mapping)
    assert items["location"] == {"low": points, "high": points}


@pytest.mark.parametrize("side", ["left half", "front half"])
def test_the_degrees_around_a_vessel(side: str) -> None:
    """Half of space is tumour: from the aorta's middle on; so the wall within x of it spans 180 + 2 asin(x / r)."""
    phantom = plain()
    aorta = column_solids("L3", phantom.sizes["L3"])["aorta"]
    (u, v), radius = aorta.centre, aorta.half[0]
    us, vs = ((u, u + 30.0), (v - 25.0, v + 25.0)) if side == "left half" else ((u - 25.0, u + 25.0), (v - 30.0, v))
    tumour = together(box("L3", us, vs, (-10.0, 2.0)), SMALL)
    narrow, scene = scene_of(phantom, tumour, 1.5), scene_of(phantom, tumour, 1.5, margin=30.0)
    assert isinstance(measure_encasement(narrow, extent_of(narrow), "aorta"), Unknown)
    extent = extent_of(scene)
    degrees = known(measure_encasement(scene, extent, "aorta"))
    for measured, voxels in ((degrees.low, 0.5), (degrees.value, 1.0), (degrees.high, 1.5)):
        truth = 180.0 + 2.0 * np.degrees(np.arcsin(voxels * 1.5 / radius))
        assert measured == pytest.approx(truth, abs=20.0)
    sheet = classify(extent, Clinical(histology="chordoma", grade="low"), find_on_scene(scene, extent))
    assert "T4b" in sheet.answers["tnm"].possible
    reason = next(one for one in sheet.answers["tnm"].because if one.criterion == "great_vessels")
    assert reason.measured == degrees
    assert reason.verdict is Verdict.UNDECIDED


def test_a_vessel_that_is_not_labelled_has_no_degrees() -> None:
    scene = scene_of(plain(), SMALL)
    assert isinstance(measure_encasement(scene, extent_of(scene), "vertebral_artery_left"), Unknown)


def test_a_reading_typed_over_the_label_is_not_corrected_by_it() -> None:
    """What was typed for a level has no cells; then its tumour's label decides no finding."""
    scene = with_thin_cord(scene_of(plain(THORACIC), CRESCENT, 1.0), 5)
    extent = extent_of(scene)
    typed = attrs.evolve(extent, levels={"T8": attrs.evolve(extent.levels["T8"], cells={})})
    before, after = find_on_scene(scene, extent), find_on_scene(scene, typed)
    assert before["cord_touched"].verdict is Verdict.UNMET
    for criterion in ("cord_touched", "body_over_half", "zone_III", "zone_IV"):
        assert criterion not in after or after[criterion].verdict is Verdict.UNDECIDED
    assert after["collapse"].verdict is before["collapse"].verdict


TUMOURS = {
    "body": SMALL,
    "body and pedicle": together(SMALL, sphere("L3", (16.0, -4.0, 0.0), 6.0)),
    "arch": sphere("L3", (0.0, 22.0, -8.0), 8.0),
    "two bodies": box("L3", (-8.0, 8.0), (-34.0, -16.0), (-4.0, 26.0)),
}


@pytest.mark.parametrize("name", sorted(TUMOURS))
def test_the_findings_only_narrow_the_sheet(name: str) -> None:
    scene = scene_of(plain(), TUMOURS[name], 2.0)
    extent = extent_of(scene)
    before, after = classify(extent, Clinical()), classify(extent, Clinical(), find_on_scene(scene, extent))
    assert set(after.problems) <= set(before.problems)
    for system, answer in after.answers.items():
        assert set(answer.possible) <= set(before.answers[system].possible), system
        assert bool(answer.possible) is bool(before.answers[system].possible), system
    narrowed = after.answers["sins"].score
    assert narrowed is not None
    whole = before.answers["sins"].score
    assert whole is not None
    assert whole.low <= narrowed.low <= narrowed.high < whole.high
