"""Parts and canal that a program labelled win over geometry, are said, and agree with the phantom's own parts."""

from __future__ import annotations

from functools import lru_cache

import attrs
import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.parts import BODY, local_coordinates, measure_borders
from enbloc.anatomy.scene import PARTS, Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.anatomy.subregions import LABELLED_PARTS
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.space.grids import Grid, LabelMap
from enbloc.intake.case import Case, LabelFile
from enbloc.phantoms.cells import part_index
from enbloc.phantoms.painting import frame_coordinates, patch_of, whole
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import sphere
from enbloc.phantoms.vertebra import bone_solids

RUNS = {"cervical": ("C4", "C5", "C6"), "thoracic": ("T7", "T8", "T9"), "lumbar": ("L2", "L3", "L4")}
SPINEPS = {"body": 50, "laminae": 41, "pedicles": 41, "superior": 45, "inferior": 47, "spinous": 42, "transverse": 43}
NAMES = {
    41: "subregion_arch",
    42: "subregion_spinous_process",
    43: "subregion_transverse_process_left",
    44: "subregion_transverse_process_right",
    45: "subregion_superior_articular_process_left",
    46: "subregion_superior_articular_process_right",
    47: "subregion_inferior_articular_process_left",
    48: "subregion_inferior_articular_process_right",
    50: "subregion_body",
}


@lru_cache(maxsize=4)
def case_of(run: str) -> Case:
    phantom = SpinePhantom(RUNS[run])
    return sample(phantom, Scan(margin_mm=10.0), sphere(phantom.levels[1], (4.0, -14.0, 0.0), 3.0))


def subregions(run: str) -> LabelFile:
    """What SPINEPS would draw: the phantom's own solids, the body last, so that it stands where they overlap."""
    phantom, labels = SpinePhantom(RUNS[run]), case_of(run).label_files[0].labels
    values = np.zeros(labels.grid.shape, np.uint8)
    for level in phantom.levels:
        frame, solids = phantom.frames[level], bone_solids(phantom.sizes[level])
        bone = labels.mask(f"vertebra_{level}")
        for name in ("transverse", "spinous", "inferior", "superior", "laminae", "pedicles", "body"):
            patch = patch_of(labels.grid, frame, solids[name])
            u = frame_coordinates(labels.grid, frame, patch.box)[0] + np.zeros(patch.mask.shape)
            here = patch.mask & bone[patch.box]
            right = (u < 0.0) & (SPINEPS[name] in (43, 45, 47))
            values[patch.box][here] = (SPINEPS[name] + right)[here]
    return LabelFile("subregions.nii.gz", LabelMap(labels.grid, values, NAMES))


def scene_of(case: Case, *more: LabelFile) -> Scene:
    scene = build_scene(attrs.evolve(case, label_files=(*case.label_files, *more)), AnatomySettings(reach_mm=12.0))
    assert scene is not None
    return scene


def far_from_borders(grid: Grid, truth: np.ndarray) -> np.ndarray:
    """Voxels of which no neighbour within one voxel has another true part."""
    same = truth > 0
    for axis in range(3):
        for step in (-1, 1):
            near = np.roll(truth, step, axis)
            same &= (near == truth) | (near == 0)
    return same


def on_scene(scene: Scene, file: LabelFile, *numbers: int) -> np.ndarray:
    """Where a label map on the case's grid has some numbers, on the scene's."""
    low = np.rint(file.labels.grid.to_index(scene.grid.affine[:3, 3][None])[0]).astype(int)
    box = tuple(slice(int(a), int(a) + n) for a, n in zip(low, scene.grid.shape, strict=True))
    return np.isin(file.labels.values[box], numbers)


@lru_cache(maxsize=4)
def plain_scene(run: str) -> Scene:
    return scene_of(case_of(run))


@lru_cache(maxsize=4)
def labelled_scene(run: str) -> Scene:
    return scene_of(case_of(run), subregions(run))


@pytest.mark.parametrize("run", RUNS)
def test_labelled_parts_are_the_phantoms_own(run: str) -> None:
    """Every voxel beyond one voxel from a true border: the body from its label, the pedicles beside the canal.

    The root of a transverse process beside a pedicle is that process, because its label says so.
    """
    phantom, scene = SpinePhantom(RUNS[run]), labelled_scene(run)
    numbers = [PARTS.index(name) for name in ("body", "pedicle_left", "pedicle_right", "arch_left", "arch_right")]
    for position, level in enumerate(phantom.levels, start=1):
        u, v, _ = frame_coordinates(scene.grid, phantom.frames[level], whole(scene.grid))
        truth = np.where(scene.bone == position, np.array(numbers)[part_index(phantom.sizes[level], u + 0 * v, v)], 0)
        body = (scene.bone == position) & far_from_borders(scene.grid, truth) & (truth == BODY)
        assert (scene.parts[body] == BODY).all()
        assert LABELLED_PARTS in scene.vertebrae[level].labelled
        plain = plain_scene(run).parts
        sure = (
            (scene.bone == position) & far_from_borders(scene.grid, truth) & ~on_scene(scene, subregions(run), 43, 44)
        )
        assert (scene.parts[sure] == truth[sure]).mean() >= (plain[sure] == truth[sure]).mean()
        assert (scene.parts[sure] == truth[sure]).mean() > 0.97


@pytest.mark.parametrize("run", RUNS)
def test_labels_win_over_geometry(run: str) -> None:
    """A body that is labelled two voxels further back is body there, pedicles end there, and the cells agree."""
    file = subregions(run)
    phantom, labels = SpinePhantom(RUNS[run]), file.labels
    level = phantom.levels[1]
    _, v, _ = frame_coordinates(labels.grid, phantom.frames[level], whole(labels.grid))
    back = -phantom.sizes[level].front.canal_depth_mm / 2 + 3.0
    bone = case_of(run).label_files[0].labels.mask(f"vertebra_{level}")
    values = np.where(bone & (v < back) & (labels.values == 41), 50, labels.values).astype(np.uint8)
    scene = scene_of(case_of(run), LabelFile(file.name, LabelMap(labels.grid, values, NAMES)))
    vertebra = scene.vertebrae[level]
    assert vertebra.neck_mm is not None
    assert vertebra.neck_mm == pytest.approx((back, back), abs=1.5)
    assert labelled_scene(run).vertebrae[level].neck_mm == pytest.approx((back - 3.0,) * 2, abs=1.5)
    said = on_scene(scene, LabelFile(file.name, LabelMap(labels.grid, values, NAMES)), 50)
    assert (scene.parts[said & (scene.bone == 2)] == BODY).all()


@pytest.mark.parametrize(("side", "gone"), [("left", 1), ("right", -1)])
def test_a_neck_that_is_labelled_on_one_side_is_not_copied_to_the_other(side: str, gone: int) -> None:
    """The body reaches two voxels further back on the right by its label; on the left no arch is labelled."""
    phantom, file = SpinePhantom(RUNS["lumbar"]), subregions("lumbar")
    labels = file.labels
    u, v, _ = frame_coordinates(labels.grid, phantom.frames["L3"], whole(labels.grid))
    back = -phantom.sizes["L3"].front.canal_depth_mm / 2 + 3.0
    bone = case_of("lumbar").label_files[0].labels.mask("vertebra_L3")
    values = np.where(bone & (v < back) & (labels.values == 41), 50, labels.values)
    arch = np.isin(labels.values, (41, 45, 46, 47, 48))
    values = np.where(bone & (gone * u > 0.0) & (v < 12.0) & arch, 0, values).astype(np.uint8)
    scene = scene_of(case_of("lumbar"), LabelFile(file.name, LabelMap(labels.grid, values, NAMES)))
    vertebra, plain = scene.vertebrae["L3"], plain_scene("lumbar").vertebrae["L3"]
    local = local_coordinates(vertebra.frame, scene.grid.to_patient(np.argwhere(scene.bone == 2)))
    necks, own = (measure_borders(one, local, 1.5).neck_mm for one in (vertebra, plain))
    assert vertebra.neck_mm is not None
    at, other = (0, 1) if side == "left" else (1, 0)
    assert isinstance(vertebra.neck_mm[at], Unknown)
    assert necks[at] == own[at]
    assert necks[other] == vertebra.neck_mm[other] == pytest.approx(back, abs=1.5)
    says = [(problem.grade, problem.says) for problem in scene.problems if side in problem.says]
    assert [grade for grade, text in says if text.startswith("L3") and "found by geometry" in text] == ["doubt"]


def test_parts_from_labels_are_said() -> None:
    says = [problem.says for problem in labelled_scene("lumbar").problems]
    assert "L2, L3, L4: taken from labels: body, arch and processes" in says
    assert not any("taken from labels" in problem.says for problem in plain_scene("lumbar").problems)


def test_subregions_are_no_neighbours_of_the_tumour() -> None:
    scene = labelled_scene("lumbar")
    assert not [name for name in scene.structures.names.values() if name.startswith("subregion")]


def test_too_few_labels_leave_the_geometry_alone() -> None:
    file = subregions("lumbar")
    few = np.where(np.indices(file.labels.values.shape)[2] % 4 == 0, file.labels.values, 0).astype(np.uint8)
    plain = plain_scene("lumbar")
    scene = scene_of(case_of("lumbar"), LabelFile(file.name, LabelMap(file.labels.grid, few, NAMES)))
    assert np.array_equal(scene.parts, plain.parts)
    assert all(vertebra.neck_mm is None for vertebra in scene.vertebrae.values())


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("with_cord", [True, False], ids=["with cord", "without cord"])
def test_a_labelled_canal_is_the_wall(run: str, with_cord: bool) -> None:
    """The canal is the label (with the cord inside it) at every height, and the frames stand in its middle."""
    phantom = SpinePhantom(RUNS[run])
    leave_out = () if with_cord else ("spinal_cord",)
    scan = Scan(margin_mm=10.0, with_canal=True, leave_out=leave_out)
    tumour = sphere(phantom.levels[1], (4.0, -14.0, 0.0), 3.0)
    scene = scene_of(sample(phantom, scan, tumour))
    told = scene_of(sample(phantom, attrs.evolve(scan, leave_out=()), tumour))
    true = told.structures.mask("spinal_canal") | told.structures.mask("spinal_cord")
    both = np.count_nonzero(scene.canal & true)
    assert 2 * both / (np.count_nonzero(scene.canal) + np.count_nonzero(true)) > 0.95
    for level in phantom.levels:
        vertebra = scene.vertebrae[level]
        assert vertebra.labelled == ("canal wall",)
        assert not [words for words in vertebra.modelled if words.startswith("canal")]
        off = phantom.frames[level].to_frame(vertebra.frame.origin_mm[None])[0]
        assert np.hypot(off[0], off[1]) < 1.0


def test_a_labelled_canal_stands_in_for_rings_that_are_open() -> None:
    """Without laminae no ring closes: the canal's label alone is enough."""
    phantom = SpinePhantom(RUNS["lumbar"])
    case = sample(phantom, Scan(margin_mm=10.0, with_canal=True), sphere("L3", (4.0, -14.0, 0.0), 3.0))
    labels = case.label_files[0].labels
    frame = phantom.frames["L3"]
    v = frame_coordinates(labels.grid, frame, whole(labels.grid))[1] + np.zeros(labels.grid.shape)
    bone = np.isin(labels.values, [n for n, name in labels.names.items() if name.startswith("vertebra")])
    open_ = np.where(bone & (v > 6.0), 0, labels.values).astype(labels.values.dtype)
    opened = attrs.evolve(labels, values=open_)
    case = attrs.evolve(case, label_files=(LabelFile("labels.nii.gz", opened), *case.label_files[1:]))
    scene = scene_of(case)
    assert all("canal wall" in vertebra.labelled for vertebra in scene.vertebrae.values())


def test_a_canal_label_beside_the_canal_is_a_doubt() -> None:
    phantom = SpinePhantom(RUNS["lumbar"])
    case = sample(phantom, Scan(margin_mm=10.0, with_canal=True), sphere("L3", (4.0, -14.0, 0.0), 3.0))
    labels = case.label_files[0].labels
    number = next(n for n, name in labels.names.items() if name == "spinal_canal")
    canal = labels.mask("spinal_canal") | labels.mask("spinal_cord")
    moved = np.where(np.roll(canal, 5, axis=1) & (labels.values == 0), number, np.where(canal, 0, labels.values))
    wrong = attrs.evolve(labels, values=moved.astype(labels.values.dtype))
    scene = scene_of(attrs.evolve(case, label_files=(LabelFile("labels.nii.gz", wrong), *case.label_files[1:])))
    assert any(p.grade == "doubt" and "beside the bony rings" in p.says for p in scene.problems)
