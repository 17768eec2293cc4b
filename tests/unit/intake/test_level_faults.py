"""Label maps damaged on purpose: every fault is found, said with its level, and never planned in silence."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import attrs
import damage
import numpy as np
import pytest

from enbloc.adapters.files.case.labels import LabelEntry, read_labels
from enbloc.anatomy.build import build_scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.foundation.space.grids import LabelMap
from enbloc.intake.case import Case, LabelFile, Problem
from enbloc.intake.checks import check
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom, turn_matrix
from enbloc.phantoms.tumours import sphere

LUMBAR = ("T12", "L1", "L2", "L3", "L4", "L5")
KNOWN = Clinical(histology="chordoma", biopsy_confirmed=True)
Damage = Callable[[LabelMap], LabelMap]


@cache
def sound(levels: tuple[str, ...] = LUMBAR, tumour_at: str = "L3") -> Case:
    return sample(
        SpinePhantom(levels), Scan((2.0,) * 3, margin_mm=10.0), sphere(tumour_at, (5.0, -20.0, 0.0), 7.0), KNOWN
    )


def about_levels(case: Case) -> list[Problem]:
    return [problem for problem in check(case) if not problem.where.startswith("case.toml")]


AT_THE_TUMOUR: dict[str, tuple[Damage, str]] = {
    "dropped": (partial(damage.dropped, level="L3"), "L3 is not labelled"),
    "swapped": (partial(damage.swapped, one="L2", other="L3"), "L2 lies below L3"),
    "swapped beside it": (partial(damage.swapped, one="L1", other="L2"), "L1 lies below L2"),
    "merged": (partial(damage.merged, level="L2", into="L3"), "L3 is"),
    "leaking": (partial(damage.leaking, level="L3", mm=6.0), "its label leaks"),
    "lower half of L2 called L3": (
        partial(damage.half_given, level="L2", to="L3", along=(0.0, 0.0, -1.0)),
        "L3 is labelled in two places",
    ),
    "arch of L2 called L3": (
        partial(damage.half_given, level="L2", to="L3", along=(0.0, 1.0, 0.0)),
        "L3 is labelled in two places",
    ),
    "a large piece elsewhere": (partial(damage.pasted, level="L3", size=12), "L3 is labelled in two places"),
}


@pytest.mark.parametrize("name", AT_THE_TUMOUR)
def test_labels_that_cannot_be_true_at_the_tumour_stop_the_case(name: str) -> None:
    do, words = AT_THE_TUMOUR[name]
    stops = [problem for problem in about_levels(damage.with_labels(sound(), do)) if problem.grade == "stop"]
    assert any(words in stop.says for stop in stops), stops
    assert all(stop.remedy for stop in stops)


BESIDE_THE_TUMOUR: dict[str, tuple[Damage, str]] = {
    "the neighbour dropped": (partial(damage.dropped, level="L2"), "L2 is not labelled, though there is room"),
    "the neighbours merged": (partial(damage.merged, level="L1", into="L2"), "L2 is"),
    "a small piece elsewhere": (partial(damage.pasted, level="L3", size=5), "L3 has stray pieces"),
    "moved sideways": (partial(damage.shifted, level="L2", by_mm=20.0), "L2 lies"),
    "one number skipped": (
        partial(damage.named, names={"L1": "T12", "T12": "T11"}),
        "L1 is not labelled, and there is no room",
    ),
    "a thirteenth thoracic": (
        partial(damage.named, names={"L1": "T13", "L2": "L1", "L3": "L2", "L4": "L3", "L5": "L4"}),
        "T13 is labelled",
    ),
}


@pytest.mark.parametrize("name", BESIDE_THE_TUMOUR)
def test_labels_that_look_wrong_beside_the_tumour_are_doubts(name: str) -> None:
    do, words = BESIDE_THE_TUMOUR[name]
    found = about_levels(damage.with_labels(sound(), do))
    assert {problem.grade for problem in found} == {"doubt"}
    assert any(words in problem.says for problem in found), found


def test_ribs_that_end_at_other_levels_doubt_the_count() -> None:
    levels = ("T8", "T9", "T10", "T11", "T12", "L1")
    names = {"T8": "T7", "T9": "T8", "T10": "T9", "T11": "T10", "T12": "T11", "L1": "T12"}
    case = sound(levels, "T10")
    assert not about_levels(case)
    found = about_levels(damage.with_labels(case, lambda labels: damage.named(labels, {**names})))
    assert [(problem.grade, "counted differently" in problem.says) for problem in found] == [("doubt", True)]


def test_a_fault_far_from_the_tumour_is_a_note_unless_it_is_the_count() -> None:
    levels = ("T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4")
    case = sound(levels, "L4")
    piece = about_levels(damage.with_labels(case, lambda labels: damage.pasted(labels, "T9", 5)))
    assert [problem.grade for problem in piece] == ["note"]
    order = about_levels(damage.with_labels(case, lambda labels: damage.swapped(labels, "T9", "T10")))
    assert [problem.grade for problem in order] == ["doubt"]


@pytest.mark.parametrize("run", [("C3", "C4", "C5", "C6", "C7", "T1", "T2"), ("T6", "T7", "T8", "T9"), LUMBAR])
@pytest.mark.parametrize("spacing", [2.0, 3.0])
@pytest.mark.parametrize(
    ("bends", "pose"),
    [
        (Bends(), Pose()),
        (Bends(0.0, 5.0, 4.0), Pose()),
        (Bends(2.0, 2.0, 2.0), Pose(turn_matrix(25.0, -20.0, 15.0), np.array([30.0, -20.0, 700.0]))),
    ],
    ids=["upright", "scoliosis", "askew"],
)
def test_sound_labels_pass_in_silence(run: tuple[str, ...], spacing: float, bends: Bends, pose: Pose) -> None:
    if run[0][0] == "C":
        bends = Bends(bends.kyphosis_deg / 2, bends.scoliosis_deg / 2, bends.twist_deg / 2)
    case = sample(
        SpinePhantom(run, bends, pose), Scan((spacing,) * 3, margin_mm=8.0), sphere(run[2], (2, -12, 0), 5.0), KNOWN
    )
    assert not about_levels(case)


def test_two_files_that_count_differently_stop() -> None:
    case = sound()
    names = {"L1": "L2", "L2": "L3", "L3": "L4", "L4": "L5", "L5": "L6", "T12": "L1"}
    other = LabelFile("other.nii.gz", damage.named(case.label_files[0].labels, names))
    found = about_levels(attrs.evolve(case, label_files=(*case.label_files, other)))
    assert any(p.grade == "stop" and "counts otherwise" in p.says for p in found)


def scene_levels(case: Case) -> tuple[str, ...]:
    scene = build_scene(case, AnatomySettings(reach_mm=15.0))
    assert scene is not None
    return tuple(scene.vertebrae)


def test_what_lies_beyond_a_gap_is_no_neighbour() -> None:
    """Without L2, L1 must not stand in for it: the cut would go through the middle of a vertebra."""
    assert scene_levels(sound()) == ("L1", "L2", "L3", "L4", "L5")
    assert scene_levels(damage.with_labels(sound(), lambda labels: damage.dropped(labels, "L2"))) == ("L3", "L4", "L5")


def test_a_neighbour_whose_label_is_unfit_is_not_measured() -> None:
    merged = damage.with_labels(sound(), lambda labels: damage.merged(labels, "L1", "L2"))
    assert scene_levels(merged) == ("L3", "L4", "L5")


def test_a_stray_piece_changes_no_measure() -> None:
    strayed = damage.with_labels(sound(), lambda labels: damage.pasted(labels, "L3", 5))
    scenes = [build_scene(case, AnatomySettings(reach_mm=15.0)) for case in (sound(), strayed)]
    assert all(scene is not None for scene in scenes)
    one, other = (scene.vertebrae["L3"] for scene in scenes if scene is not None)
    np.testing.assert_allclose(one.body_centre_mm, other.body_centre_mm)
    np.testing.assert_allclose(one.frame.cranial, other.frame.cranial)


def test_a_level_that_ends_flat_is_said_to_be_cut() -> None:
    lowest = float(sound().label_files[0].labels.grid.to_patient(np.zeros((1, 3)))[0, 2])
    case = damage.with_labels(sound(), lambda labels: damage.cut_below(labels, max(lowest, -14.0)))
    scene = build_scene(case, AnatomySettings(reach_mm=15.0))
    assert scene is not None
    assert not scene.vertebrae["L3"].whole
    assert any("L3 is cut" in problem.says and problem.grade == "doubt" for problem in scene.problems)


REAL = {"s0327/s0327_labels.nii.gz": "T8", "s0328/s0328_labels.nii.gz": "L2", "example_ct/example_labels.nii.gz": "L3"}
REAL_FAULTS: dict[str, Callable[[LabelMap, str, str], LabelMap]] = {
    "dropped": lambda labels, level, _: damage.dropped(labels, level),
    "swapped": damage.swapped,
    "merged": lambda labels, level, above: damage.merged(labels, above, level),
    "half given": lambda labels, level, above: damage.half_given(labels, above, level, (0.0, 0.0, -1.0)),
    "arch given": lambda labels, level, above: damage.half_given(labels, above, level, (0.0, 1.0, 0.0)),
    "leaking": lambda labels, level, _: damage.leaking(labels, level, 8.0),
}
ABOVE = {"T8": "T7", "L3": "L2", "L2": "L1"}


@cache
def real_case(path: Path, level: str) -> Case:
    """A real label map, four levels either way, with a ball of tumour in the middle of one; the tumour is synthetic."""
    files, _ = read_labels(path, LabelEntry(path.name, "totalsegmentator"))
    whole = files[0].labels
    at = np.argwhere(whole.mask(f"vertebra_{level}"))
    reach = np.ceil(85.0 / whole.grid.spacing_mm).astype(int)
    low, high = np.maximum(at.min(axis=0) - reach, 0), at.max(axis=0) + reach
    high = np.minimum(high, whole.values.shape)
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    labels = LabelMap(whole.grid.crop(box), whole.values[box], whole.names)
    points = labels.grid.to_patient(np.argwhere(labels.mask(f"vertebra_{level}")))
    centre = points[np.argmin(np.linalg.norm(points - points.mean(axis=0) + [0.0, 8.0, 0.0], axis=1))]
    where = labels.grid.to_patient(np.indices(labels.values.shape).reshape(3, -1).T) - centre
    ball = (np.linalg.norm(where, axis=1) < 8.0).reshape(labels.values.shape).astype(np.uint8)
    tumour = LabelFile("tumour.nii.gz", LabelMap(labels.grid, ball, {1: "tumour"}))
    return Case("real", KNOWN, label_files=(LabelFile("labels.nii.gz", labels), tumour))


@pytest.mark.real
@pytest.mark.parametrize("source", REAL)
def test_real_label_maps_are_sound(real_data: Callable[[str], Path], source: str) -> None:
    path = real_data(source)
    assert not [p for p in about_levels(real_case(path, REAL[source])) if p.grade != "note"]


@pytest.mark.real
@pytest.mark.parametrize("source", REAL)
@pytest.mark.parametrize("fault", REAL_FAULTS)
def test_damaged_real_label_maps_stop(real_data: Callable[[str], Path], source: str, fault: str) -> None:
    path, level = real_data(source), REAL[source]
    case = damage.with_labels(real_case(path, level), lambda labels: REAL_FAULTS[fault](labels, level, ABOVE[level]))
    assert any(problem.grade == "stop" for problem in about_levels(case)), about_levels(case)
