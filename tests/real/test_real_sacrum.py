"""Tumours in the sacrum of real label maps, whose levels no label tells apart. The tumours are synthetic."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import attrs
import numpy as np
import pytest
from scipy.spatial import cKDTree

from enbloc.adapters.files.case.labels import LabelEntry, read_labels
from enbloc.anatomy.build import build_scene
from enbloc.anatomy.sacrum import distance_down_mm, judge_sacral_levels
from enbloc.anatomy.scene import PARTS, Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.classification.measured.held_parts import measure_held_parts
from enbloc.classification.sheet import classify
from enbloc.classification.wbb import measure_extent
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Floats, LabelMap
from enbloc.foundation.space.sampling import sample_nearest
from enbloc.intake.case import Case, LabelFile
from enbloc.intake.clinical import Clinical
from enbloc.intake.switches import Switches
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.placement import height_above
from enbloc.resection.plans import Option, Sacrifice
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.specimen import cut_out
from enbloc.resection.way_out.delivery import judge_delivery
from enbloc.resection.way_out.kept import SAC, find_kept
from enbloc.strategy.switched_cuts import switch_cuts

pytestmark = pytest.mark.real
RealData = Callable[[str], Path]
MAPS = ("s0327/s0327_labels.nii.gz", "s0328/s0328_labels.nii.gz", "example_ct/example_labels.nii.gz")
QUICK = AnatomySettings(reach_mm=10.0)
KNOWN = Clinical(histology="chordoma", biopsy_confirmed=True, grade="low", metastases="none")


@cache
def labels_at(path: Path) -> LabelMap:
    """The lower part of a map: from L4 down."""
    files, _ = read_labels(path, LabelEntry(path.name, "totalsegmentator"))
    whole = files[0].labels
    held = np.argwhere(np.isin(whole.values, [n for n, name in whole.names.items() if name in KEPT]))
    low, high = np.maximum(held.min(axis=0) - 4, 0), held.max(axis=0) + 5
    box = tuple(slice(int(a), int(min(b, n))) for a, b, n in zip(low, high, whole.values.shape, strict=True))
    return LabelMap(whole.grid.crop((box[0], box[1], box[2])), whole.values[box], whole.names)


KEPT = {"sacrum", "vertebra_S1", "vertebra_L5", "vertebra_L4"}


def in_one(labels: LabelMap) -> LabelMap:
    """S1 as a part of the sacrum's label, as VerSe and TotalSpineSeg have it."""
    names = {n: name for n, name in labels.names.items() if name != "vertebra_S1"}
    number = next(n for n, name in names.items() if name == "sacrum")
    return attrs.evolve(labels, values=np.where(labels.mask("vertebra_S1"), number, labels.values), names=names)


def bone_mm(labels: LabelMap, structure: str) -> Floats:
    return labels.grid.to_patient(np.argwhere(labels.mask(structure)))


def scene_with_ball(labels: LabelMap, place_mm: Floats, radius_mm: float = 8.0) -> Scene:
    at = labels.grid.to_patient(np.indices(labels.values.shape).reshape(3, -1).T) - place_mm
    ball = (np.linalg.norm(at, axis=1) < radius_mm).reshape(labels.values.shape).astype(np.uint8)
    files = (LabelFile("labels", labels), LabelFile("tumour", LabelMap(labels.grid, ball, {1: "tumour"})))
    scene = build_scene(Case("sacrum", KNOWN, label_files=files), QUICK)
    assert scene is not None
    return scene


def nearest(points: Floats, place: Floats) -> Floats:
    return points[np.argmin(np.linalg.norm(points - place, axis=1))]


@pytest.mark.parametrize("name", MAPS)
def test_a_low_sacral_tumour_is_neither_of_s1_nor_settled(real_data: RealData, name: str) -> None:
    labels = labels_at(real_data(name))
    bone = bone_mm(labels, "sacrum")
    low = bone[:, 2].min() + 0.3 * np.ptp(bone[:, 2])
    place = nearest(bone, np.array([np.median(bone[:, 0]), np.median(bone[np.abs(bone[:, 2] - low) < 3.0, 1]), low]))
    scene = scene_with_ball(labels, place, 6.0)
    extent = measure_extent(scene, QUICK)
    assert extent.levels
    assert not set(extent.levels) & {"L4", "L5", "S1", "S2"}
    for level in extent.levels.values():
        assert Verdict.MET not in (set(level.layers.values()) | set(level.sectors.values()))
    answer = classify(extent, KNOWN).answers["sacral"]
    assert "III" in answer.possible
    assert not {"I", "V"} & set(answer.possible)
    assert any("modelled" in problem.says and problem.grade == "doubt" for problem in scene.problems)


@pytest.mark.parametrize("name", MAPS)
def test_the_end_of_s1_is_found_within_its_error_without_its_label(real_data: RealData, name: str) -> None:
    """S1 has a label of its own in these maps: merged into the sacrum, its lower end is modelled near the truth."""
    labels = labels_at(real_data(name))
    place = bone_mm(labels, "sacrum").mean(axis=0)
    with_label = scene_with_ball(labels, nearest(bone_mm(labels, "sacrum"), place)).sacrum
    merged = in_one(labels)
    without = scene_with_ball(merged, nearest(bone_mm(merged, "sacrum"), place)).sacrum
    assert with_label is not None
    assert without is not None
    first = cKDTree(bone_mm(labels, "vertebra_S1"))
    local = np.column_stack([np.full(len(without.places_mm), without.middle_mm), without.places_mm])
    axes = np.stack([without.frame.left, without.frame.dorsal, without.frame.cranial])
    in_first = first.query(without.frame.origin_mm + local @ axes)[0] <= labels.grid.spacing_mm.max()
    true_end = float(without.along_mm[in_first].max())
    assert abs(true_end - without.junctions_mm[0]) <= without.errors_mm[0]
    assert with_label.errors_mm[0] < without.errors_mm[0]


@pytest.mark.parametrize("name", MAPS)
def test_the_sacral_levels_follow_each_other(real_data: RealData, name: str) -> None:
    labels = labels_at(real_data(name))
    scene = scene_with_ball(labels, nearest(bone_mm(labels, "sacrum"), bone_mm(labels, "sacrum").mean(axis=0)))
    sacrum = scene.sacrum
    assert sacrum is not None
    assert (np.diff(sacrum.junctions_mm) > 0.0).all()
    assert (np.diff(sacrum.errors_mm) > 0.0).all()
    bone = bone_mm(labels, "sacrum")
    middle = bone[np.abs(bone[:, 0] - np.median(bone[:, 0])) < 6.0]
    down = distance_down_mm(sacrum, middle)
    fifths = np.digitize(down, np.quantile(down, [0.2, 0.4, 0.6, 0.8]))
    away = np.linalg.norm(middle - sacrum.frame.origin_mm, axis=1)
    means = [float(away[fifths == n].mean()) for n in range(5)]
    assert means == sorted(means)
    top, end = middle[np.argmin(down)], middle[np.argmax(down)]
    assert judge_sacral_levels(sacrum, end[None])["S5"] is not Verdict.UNMET
    assert judge_sacral_levels(sacrum, top[None])["S3"] is Verdict.UNMET


@pytest.mark.parametrize(("aside_mm", "kept"), [(0.0, {"left", "right"}), (40.0, {"right"})])
def test_a_sacroiliac_joint_is_spared_by_a_cut_in_the_ala_unless_tumour_is_too_near(
    real_data: RealData, aside_mm: float, kept: set[str]
) -> None:
    labels = labels_at(real_data(MAPS[0]))
    bone = np.concatenate([bone_mm(labels, "vertebra_S1"), bone_mm(labels, "sacrum")])
    middle = np.median(bone_mm(labels, "vertebra_S1"), axis=0)
    scene = scene_with_ball(labels, nearest(bone, middle + np.array([aside_mm, aside_mm / 2, -aside_mm / 4])))
    settings = ResectionSettings()
    own = place(scene, Option("sacrectomy_total", ("S1", "S2"), None, ()), settings)
    assert own is not None
    both = tuple(f"sacroiliac_joint_{side}" for side in ("left", "right"))
    switched = switch_cuts(scene, own, Switches(spare=both), settings)
    assert {name.rsplit("_", 1)[1] for name in switched.refused} == {"left", "right"} - kept
    tumour = scene.grid.to_patient(np.argwhere(scene.tumour))
    for before, after in zip(own.beside, switched.placement.beside, strict=True):
        side = before.id.split()[0]
        inwards = -float(height_above(before.plane, after.plane.origin_mm[None])[0])
        assert (inwards > 0.0) == (side in kept)
        if side in kept:
            assert after.crosses == (f"{side} ala of the sacrum",)
            assert (
                height_above(after.plane, tumour).max() <= -settings.least_bone_margin_mm + scene.grid.spacing_mm.max()
            )


@pytest.mark.parametrize("name", MAPS)
def test_sacral_foramina_are_thin_places_in_order_on_their_own_side(real_data: RealData, name: str) -> None:
    """At least seven of eight; along each less bone than beside it; without S1's own label at the same places."""
    labels = labels_at(real_data(name))
    merged = in_one(labels)
    found = []
    for one in (labels, merged):
        scene = scene_with_ball(one, nearest(bone_mm(one, "sacrum"), bone_mm(labels, "sacrum").mean(axis=0)))
        assert scene.sacrum is not None
        parts = {(part.level, part.side): part for part in scene.modelled if part.kind == "sacral_foramen"}
        found.append(parts)
        for (level, side), part in parts.items():
            off = (part.points_mm[0] - scene.sacrum.frame.origin_mm) @ scene.sacrum.frame.left - scene.sacrum.middle_mm
            assert off > 8.0 if side == "left" else off < -8.0, (level, side)
            assert 3.0 < part.width_mm < 16.0
        bone = merged.mask("sacrum")
        shares = np.linspace(0.0, 1.0, 30)[:, None]
        for part in parts.values():
            line = part.points_mm[0] + shares * (part.points_mm[1] - part.points_mm[0])
            aside = 10.0 * scene.sacrum.frame.left * (1 if part.side == "left" else -1)
            through, beside = (sample_nearest(merged.grid, bone, points).mean() for points in (line, line + aside))
            assert through < beside, part.structure
        for side in ("left", "right"):
            heights = [
                float(part.points_mm.mean(axis=0) @ scene.sacrum.frame.cranial)
                for (_, on), part in sorted(parts.items())
                if on == side
            ]
            assert heights == sorted(heights, reverse=True)
    assert min(len(parts) for parts in found) >= 7
    for key in found[0].keys() & found[1].keys():
        one, other = (parts[key] for parts in found)
        apart = float(np.linalg.norm(one.points_mm.mean(axis=0) - other.points_mm.mean(axis=0)))
        assert apart < max(one.width_mm, other.width_mm), key


@pytest.mark.parametrize("name", MAPS[2:])
def test_tumour_in_the_ala_is_said_to_be_there_on_its_side(real_data: RealData, name: str) -> None:
    labels = labels_at(real_data(name))
    bone = bone_mm(labels, "sacrum")
    upper = bone[bone[:, 2] > bone[:, 2].max() - 40.0]
    scene = scene_with_ball(labels, nearest(upper, np.percentile(upper, [95.0, 50.0, 50.0], axis=0).diagonal()), 6.0)
    held = [one for one in measure_held_parts(scene) if one.level == "sacrum"]
    assert {one.part for one in held} == {"ala_left"}
    assert held[0].volume.value > 0.2


def cut_roots(*but: str) -> tuple[Sacrifice, ...]:
    """All sacral roots given up, but those named."""
    roots = [f"nerve_root_S{n}_{side}" for n in range(1, 6) for side in ("left", "right")]
    return tuple(Sacrifice(root, "cut", "set", (), "ours") for root in roots if root not in but)


def total_sacrectomy(labels: LabelMap, structure: str):
    """The scene of a tumour in the middle of a structure, and what is cut out."""
    bone = bone_mm(labels, structure)
    scene = scene_with_ball(labels, nearest(bone, np.median(bone, axis=0)))
    placement = place(scene, Option("sacrectomy_total", ("S1",), None, ()), ResectionSettings())
    assert placement is not None
    return scene, placement, cut_out(scene, placement, ResectionSettings())


def test_below_a_total_sacrectomy_the_sac_is_tied_only_when_every_root_is_given_up(real_data: RealData) -> None:
    scene, placement, out = total_sacrectomy(labels_at(real_data(MAPS[1])), "vertebra_S1")
    axis = scene.vertebrae["S1"].frame.cranial
    low = float(bone_mm(labels_at(real_data(MAPS[1])), "vertebra_S1").mean(axis=0) @ axis)
    canal = voxels_of(scene.canal)
    beside_s1 = scene.grid.to_patient(canal) @ axis < low

    def tied(sacrifices: tuple[Sacrifice, ...]) -> tuple[bool, bool]:
        kept = find_kept(scene, placement, out.geometry, sacrifices)
        return bool(kept.tied.any()), any("tied and divided" in reason.says for reason in kept.because)

    assert tied(cut_roots()) == (True, True)
    kept_sac = find_kept(scene, placement, out.geometry, cut_roots()).codes[tuple(canal.T)] == SAC
    assert kept_sac.any()
    assert not kept_sac[beside_s1].any()
    for kept in ("nerve_root_S5_left", "nerve_root_S5_right"):
        assert tied(cut_roots(kept)) == (False, False)


@pytest.mark.slow
def test_a_total_sacrectomy_through_the_disc_is_not_locked_by_a_sac_that_is_divided(real_data: RealData) -> None:
    """With one root kept the sacrum closes round the sac, and that is a no; with none it does not."""
    scene, placement, out = total_sacrectomy(labels_at(real_data(MAPS[1])), "sacrum")
    assert [end.tissue for end in placement.end_cuts] == ["disc"]

    def judged(sacrifices: tuple[Sacrifice, ...]) -> str:
        return judge_delivery(scene, placement, out.geometry, ("posterior",), sacrifices, out.cuts).possible

    assert judged(cut_roots("nerve_root_S5_left")) == "no"
    assert judged(cut_roots()) != "no"


def test_a_ring_of_l5_that_is_free_is_taken_off_before_a_cut_through_its_body(real_data: RealData) -> None:
    """Its arch is no part of the specimen, so that no ring of L5 locks the sac; with tumour in that arch it stays."""
    scene, placement, out = total_sacrectomy(labels_at(real_data(MAPS[1])), "vertebra_S1")
    assert [(end.tissue, end.neighbour) for end in placement.end_cuts] == [("bone", "L5")]
    arch = (scene.bone == list(scene.vertebrae).index("L5") + 1) & (scene.parts != PARTS.index("body"))
    assert placement.arch_off == ("L5",)
    assert not (out.geometry.specimen & arch).any()
    assert (find_kept(scene, placement, out.geometry, cut_roots()).codes[arch & ~scene.canal] == 0).mean() > 0.9
    held = attrs.evolve(scene, tumour=scene.tumour | arch)
    again = place(held, Option("sacrectomy_total", ("L5", "S1"), None, ()), ResectionSettings())
    assert again is None or again.arch_off == ()
