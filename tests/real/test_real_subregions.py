"""Real body, arch and process labels (L3 of TPTBox) win, and geometry without them finds nearly the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import pytest

from enbloc.adapters.files.case.labels import LabelEntry, read_labels
from enbloc.anatomy.build import build_scene
from enbloc.anatomy.parts import BODY
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.anatomy.subparts.names import NUMBER
from enbloc.anatomy.subregions import KINDS, LABELLED_PARTS, OF_ARCH, OF_BODY, OF_PROCESS, kinds_of, told_on
from enbloc.foundation.space.grids import LabelMap
from enbloc.intake.case import Case, LabelFile
from enbloc.intake.clinical import Clinical

pytestmark = pytest.mark.real

RealData = Callable[[str], Path]
VERTEBRAE, PARTS = "sub-ct_seg-vert_label-22_msk.nii.gz", "sub-ct_seg-subreg_label-22_msk.nii.gz"


@pytest.fixture(scope="module")
def read_case_of() -> Callable[[Path], Case]:
    def read(folder: Path) -> Case:
        files = [read_labels(folder / name, LabelEntry(name, scheme="spineps"))[0][0] for name in (VERTEBRAE, PARTS)]
        grid = files[0].labels.grid
        body = files[1].labels.mask("subregion_body") & files[0].labels.mask("vertebra_L3")
        centre = grid.to_patient(np.argwhere(body).mean(axis=0)[None])[0] + (5.0, 0.0, 0.0)
        points = grid.to_patient(np.argwhere(files[0].labels.values >= 0))
        tumour = (np.linalg.norm(points - centre, axis=1) < 6.0).reshape(grid.shape)
        drawn = LabelFile("tumour.nii.gz", LabelMap(grid, tumour.astype(np.uint8), {1: "tumour"}))
        return Case("L3", Clinical(histology="chordoma"), label_files=(*files, drawn))

    return read


def scene_of(case: Case) -> Scene:
    scene = build_scene(case, AnatomySettings())
    assert scene is not None
    return scene


def test_real_parts_win_and_geometry_finds_nearly_the_same(
    real_data: RealData, read_case_of: Callable[[Path], Case]
) -> None:
    """Without the labels at least 99 % of the body and 99 % of arch and processes are told apart alike."""
    case = read_case_of(real_data("l3_subregions"))
    labelled = scene_of(case)
    plain = scene_of(attrs.evolve(case, label_files=(case.label_files[0], case.label_files[2])))
    told = told_on(labelled.grid, case.label_files)
    assert told is not None
    kinds = kinds_of(told)
    bone = labelled.bone == 1 + list(labelled.vertebrae).index("L3")
    body, behind = bone & (kinds == OF_BODY), bone & np.isin(kinds, (OF_ARCH, OF_PROCESS))
    assert LABELLED_PARTS in labelled.vertebrae["L3"].labelled
    assert (labelled.parts[body] == BODY).all()
    assert not (labelled.parts[behind] == BODY).any()
    assert (plain.parts[body] == BODY).mean() > 0.99
    assert (plain.parts[behind] != BODY).mean() > 0.97
    assert plain.vertebrae["L3"].labelled == ()


def test_named_parts_by_geometry_agree_with_the_labels_of_a_real_vertebra(
    real_data: RealData, read_case_of: Callable[[Path], Case]
) -> None:
    """Dice of each part that geometry names on L3 against the label of its name; a scheme's arch holds pedicles."""
    case = read_case_of(real_data("l3_subregions"))
    labelled = scene_of(case)
    plain = scene_of(attrs.evolve(case, label_files=(case.label_files[0], case.label_files[2])))
    told = told_on(labelled.grid, case.label_files)
    assert told is not None and plain.subparts is not None and labelled.subparts is not None
    bone = (labelled.bone == 1 + list(labelled.vertebrae).index("L3")) & (told > 0)
    arch = [NUMBER[f"{part}_{side}"] for part in ("pedicle", "lamina") for side in ("left", "right")]
    same = 0
    for number, structure in enumerate(KINDS, start=1):
        label = bone & (told == number)
        if not label.any():
            continue
        name = structure.removeprefix("subregion_")
        wanted = arch if name == "arch" else [NUMBER[name]]
        found = bone & np.isin(plain.subparts, wanted)
        dice = 2 * (found & label).sum() / (found.sum() + label.sum())
        assert dice > {"arch": 0.75, "body": 0.99}.get(name, 0.84), name
        same += int((found & label).sum())
        assert np.isin(labelled.subparts[label], wanted).all(), name
    assert same / bone.sum() > 0.94
