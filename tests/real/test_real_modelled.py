"""Modelled roots on real anatomy: there are as many as foramina, on their own sides, and none runs through bone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.anatomy.build import build_scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.foundation.space.sampling import sample_nearest

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
