"""Modelled roots on real anatomy: there are as many as foramina, on their own sides, and none runs through bone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.adapters.files.case.labels import LabelEntry, read_labels
from enbloc.anatomy.build import build_scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.anatomy.subparts.names import SUBPARTS
from enbloc.foundation.space.grids import LabelMap
from enbloc.foundation.space.sampling import sample_nearest
from enbloc.intake.case import Case, LabelFile
from enbloc.intake.clinical import Clinical

pytestmark = pytest.mark.real

LEVELS = {
    "L3-body-left-pedicle": {"L1", "L2", "L3", "L4"},
    "T8-left-paravertebral": {"T5", "T6", "T7", "T8", "T9", "T10"},
}


@pytest.mark.parametrize("name", LEVELS)
def test_real_roots_run_through_no_bone_and_on_their_own_side(name: str, real_data: Callable[[str], Path]) -> None:
    case, _ = read_case(real_data(f"cases/{name}"), lambda _: None)
    scene = build_scene(case, AnatomySettings(reach_mm=15.0))
    assert scene is not None
    roots = [part for part in scene.modelled if part.kind == "nerve_root"]
    assert {(root.level, root.side) for root in roots} == {
        (level, s) for level in LEVELS[name] for s in ("left", "right")
    }
    shares = np.linspace(0.0, 1.0, 20)[:, None]
    for root in roots:
        line = np.concatenate([a + shares * (b - a) for a, b in pairwise(root.points_mm)])
        assert not sample_nearest(scene.grid, scene.bone, line).any(), root.structure
        frame = scene.vertebrae[root.level].frame
        outwards = (root.points_mm[-1] - root.points_mm[0]) @ frame.left
        assert outwards > 8.0 if root.side == "left" else outwards < -8.0
        assert (root.points_mm[-1] - root.points_mm[0]) @ frame.cranial < -5.0
    assert scene.subparts is not None
    for number, (level, vertebra) in enumerate(scene.vertebrae.items(), start=1):
        here = scene.bone == number
        words = np.array(SUBPARTS)[scene.subparts[here]]
        left = (scene.grid.to_patient(np.argwhere(here)) - vertebra.frame.origin_mm) @ vertebra.frame.left
        for part in ("lamina", "superior_articular_process", "inferior_articular_process", "transverse_process"):
            assert left[words == f"{part}_left"].min() >= 0.0 > left[words == f"{part}_right"].max(), (level, part)
        assert (words == "spinous_process").sum() > 100, level


def test_modelled_heads_of_ribs_lie_in_bone_that_the_image_shows(real_data: Callable[[str], Path]) -> None:
    """T11 and T12 of s0328, whose ribs are labelled from the transverse process outwards; the image holds bone."""
    folder = real_data("s0328")
    labels = read_labels(folder / "s0328_labels.nii.gz", LabelEntry("s0328_labels.nii.gz", "totalsegmentator"))[0][0]
    image = nib.load(folder / "s0328_bone.nii.gz")
    grid, body = labels.labels.grid, np.argwhere(labels.labels.mask("vertebra_T12"))
    tumour = np.zeros(grid.shape, dtype=np.uint8)
    tumour[tuple(body[np.linalg.norm(body - np.median(body, axis=0), axis=1) < 4.0].T)] = 1
    files = (labels, LabelFile("tumour.nii.gz", LabelMap(grid, tumour, {1: "tumour"})))
    scene = build_scene(Case("T12", Clinical(histology="chordoma"), label_files=files), AnatomySettings(reach_mm=40.0))
    assert scene is not None
    heads = {part.structure: part for part in scene.modelled if part.kind == "rib_head"}
    assert {f"rib_head_T{n}_{side}" for n in (11, 12) for side in ("left", "right")} <= set(heads)
    near = np.random.default_rng(0).normal(size=(400, 3))
    near *= 5.0 * np.random.default_rng(1).uniform(size=(400, 1)) ** (1 / 3) / np.linalg.norm(near, axis=1)[:, None]
    for part in (heads[name] for name in heads if "T11" in name or "T12" in name):
        assert not sample_nearest(scene.grid, scene.bone, part.points_mm[:1]).any()
        around = part.points_mm[0] + near
        ras = np.column_stack([-around[:, :2], around[:, 2]])
        at = np.rint(nib.affines.apply_affine(np.linalg.inv(image.affine), ras)).astype(int)
        outside = sample_nearest(scene.grid, scene.bone, around) == 0
        assert (np.asarray(image.dataobj)[tuple(at.T)][outside] > 0).mean() > 0.1, part.structure
