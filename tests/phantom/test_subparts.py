"""Laminae, processes, dens and lateral masses against the phantom's own solids, and where labels name them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.anatomy.subparts.names import NUMBER, SUBPARTS, subpart_words
from enbloc.foundation.space.grids import Bools
from enbloc.foundation.terms.levels import Level
from enbloc.phantoms.painting import frame_coordinates, patch_of, whole
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import Tumour, sphere
from enbloc.phantoms.vertebra import DENS_HALF_MM, bone_solids

RUNS = {
    "upper neck": ("C1", "C2", "C3"),
    "cervical": ("C4", "C5", "C6"),
    "thoracic": ("T7", "T8", "T9"),
    "lumbar": ("L2", "L3", "L4"),
}
SOLIDS = {
    "body": "body",
    "dens": "dens",
    "pedicles": "pedicle",
    "laminae": "lamina",
    "superior": "superior_articular_process",
    "inferior": "inferior_articular_process",
    "transverse": "transverse_process",
    "spinous": "spinous_process",
}
"""The phantom's solids by the name of the part that they are."""

MIDLINE = ("body", "dens", "anterior_arch", "spinous_process")


def tumour_of(phantom: SpinePhantom, level: Level) -> Tumour:
    return sphere(level, (0.0, -phantom.sizes[level].front.canal_depth_mm, 0.0), 3.0)


@lru_cache(maxsize=8)
def scene_of(run: str) -> tuple[SpinePhantom, Scene]:
    phantom = SpinePhantom(RUNS[run])
    middle = phantom.levels[1]
    case = sample(phantom, Scan(margin_mm=8.0), tumour_of(phantom, middle))
    scene = build_scene(case, AnatomySettings(reach_mm=12.0))
    assert scene is not None and scene.subparts is not None
    return phantom, scene


def alone(phantom: SpinePhantom, scene: Scene, level: Level) -> dict[str, Bools]:
    """Bone of each solid that no other solid of the level holds, and no voxel beside it either."""
    frame = phantom.frames[level]
    masks = {}
    for name, solid in bone_solids(phantom.sizes[level]).items():
        masks[name] = np.zeros(scene.grid.shape, dtype=bool)
        patch = patch_of(scene.grid, frame, solid)
        masks[name][patch.box] = patch.mask
    bone = scene.bone == 1 + list(scene.vertebrae).index(level)
    found = {}
    for name, mask in masks.items():
        others = np.logical_or.reduce([other for key, other in masks.items() if key != name])
        for axis in range(3):
            others = others | np.roll(others, 1, axis) | np.roll(others, -1, axis)
        found[name] = mask & ~others & bone
    return found


@pytest.mark.parametrize("run", RUNS)
def test_every_solid_is_called_what_it_is(run: str) -> None:
    """Nine in ten voxels of bone that one solid holds alone, where no definition can doubt it.

    That is: joints' processes beyond the pedicles' heights, laminae beside the midline, and the spinous process behind
    them. C1 has no body, and its pedicles are its lateral masses; those of C2 are so above their middle.
    """
    phantom, scene = scene_of(run)
    assert scene.subparts is not None
    judged = set()
    for level in phantom.levels:
        sizes = phantom.sizes[level]
        axes = frame_coordinates(scene.grid, phantom.frames[level], whole(scene.grid))
        u, v, w = (axis + np.zeros(scene.grid.shape) for axis in axes)
        tall = sizes.front.pedicle_height_mm / 2
        back = sizes.front.canal_depth_mm / 2 + sizes.arch.lamina_thickness_mm
        doubtless = {
            "superior": w > tall,
            "inferior": w < -1.5 * tall,
            "pedicles": (w < 0.0) | (level != "C2"),
            "laminae": np.abs(u) < 0.35 * sizes.front.canal_width_mm / 2,
            "spinous": v > back + 3.0,
            "body": np.abs(u) < DENS_HALF_MM[0],
        }
        own = {"body": "anterior_arch", "pedicles": "lateral_mass"} if level == "C1" else {}
        for solid, mask in alone(phantom, scene, level).items():
            mask = mask & doubtless.get(solid, True)
            if not mask.any() or (level == "C1" and solid in ("superior", "inferior")):
                continue
            name = own.get(solid, SOLIDS[solid])
            found = np.array(SUBPARTS)[scene.subparts[mask]]
            sides = np.where(u[mask] >= 0.0, "_left", "_right")
            right = found == (name if name in MIDLINE else np.char.add(name, sides))
            assert right.mean() >= 0.9, (level, solid)
            judged.add(name)
    assert {"transverse_process", "spinous_process", "lamina"} < judged


@pytest.mark.parametrize("run", RUNS)
def test_every_voxel_of_bone_has_a_named_part_of_its_own_side(run: str) -> None:
    phantom, scene = scene_of(run)
    assert scene.subparts is not None
    assert ((scene.subparts > 0) == (scene.bone > 0)).all()
    for number, level in enumerate(phantom.levels, start=1):
        here = scene.bone == number
        left = phantom.frames[level].to_frame(scene.grid.to_patient(np.argwhere(here)))[:, 0]
        words = np.array(SUBPARTS)[scene.subparts[here]]
        assert left[np.char.endswith(words, "_left")].min() > -1.6
        assert left[np.char.endswith(words, "_right")].max() < 1.6


@pytest.mark.parametrize("run", ["upper neck", "lumbar"])
def test_the_grids_directions_change_no_part_and_both_sides_are_alike(run: str) -> None:
    phantom, scene = scene_of(run)
    middle = phantom.levels[1]
    case = sample(phantom, Scan(margin_mm=8.0, directions=np.diag([-1.0, 1.0, 1.0])), tumour_of(phantom, middle))
    other = build_scene(case, AnatomySettings(reach_mm=12.0))
    assert other is not None and other.subparts is not None and scene.subparts is not None
    counts, turned = (np.bincount(one.ravel(), minlength=len(SUBPARTS)) for one in (scene.subparts, other.subparts))
    assert np.array_equal(counts, turned)
    for name, number in NUMBER.items():
        if name.endswith("_left"):
            assert counts[number] == pytest.approx(counts[NUMBER[name.replace("_left", "_right")]], rel=0.05, abs=4)


def test_names_in_running_text() -> None:
    assert subpart_words("superior_articular_process_left") == "left superior articular process"
    assert subpart_words("spinous_process") == "spinous process"
    assert len(NUMBER) == len(SUBPARTS)
