"""Holes drilled in the bone of a neck: they are its foramina transversaria, and layer F is measured in them."""

from __future__ import annotations

from functools import lru_cache

import attrs
import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.classification.wbb import measure_extent
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.case import LabelFile
from enbloc.phantoms.painting import frame_coordinates, whole
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import sphere


@lru_cache(maxsize=4)
def drilled(level: str, sides: tuple[int, ...], radius_mm: float) -> tuple[SpinePhantom, Scene]:
    """A neck whose middle vertebra has round holes beside its pedicles, made wide enough to hold them."""
    phantom = SpinePhantom(("C4", "C5", "C6"))
    case = sample(phantom, Scan(margin_mm=10.0, spacing_mm=(1.0, 1.0, 1.0)), sphere("C5", (0.0, -16.0, 0.0), 3.0))
    labels = case.label_files[0].labels
    u, v, w = frame_coordinates(labels.grid, phantom.frames[level], whole(labels.grid))
    values = labels.values.copy()
    number = next(n for n, name in labels.names.items() if name == f"vertebra_{level}")
    for sign in sides:
        out = np.hypot(sign * u - HOLE_MM[0], v - HOLE_MM[1])
        tall = np.abs(w) < 5.0
        values[(out < radius_mm + 2.5) & tall & (values == 0)] = number
        values[(out < radius_mm) & tall] = 0
    made = LabelFile(case.label_files[0].name, attrs.evolve(labels, values=values))
    scene = build_scene(attrs.evolve(case, label_files=(made, *case.label_files[1:])), AnatomySettings(reach_mm=10.0))
    assert scene is not None
    return phantom, scene


HOLE_MM = (19.0, -5.0)
"""Where the holes are drilled, left or right and dorsal of the canal's middle."""


@pytest.mark.parametrize("sides", [(1,), (-1,), (1, -1)], ids=["left", "right", "both"])
def test_a_foramen_transversarium_is_the_hole_and_on_its_side(sides: tuple[int, ...]) -> None:
    phantom, scene = drilled("C5", sides, 3.0)
    found = {part.side: part for part in scene.modelled if part.kind == "foramen_transversarium"}
    assert set(found) == {"left" if sign > 0 else "right" for sign in sides}
    for side, part in found.items():
        assert part.level == "C5"
        local = phantom.frames["C5"].to_frame(part.points_mm)
        assert local[:, 0] == pytest.approx(HOLE_MM[0] * (1 if side == "left" else -1), abs=1.0)
        assert local[:, 1] == pytest.approx(HOLE_MM[1], abs=1.0)
        assert local[0, 2] > local[-1, 2] + 4.0
        assert part.width_mm == pytest.approx(6.0, abs=1.0)


def test_a_neck_without_holes_has_no_foramen_transversarium() -> None:
    _, scene = drilled("C5", (), 3.0)
    assert not [part for part in scene.modelled if part.kind == "foramen_transversarium"]


@pytest.mark.parametrize(
    ("at_mm", "radius_mm", "verdict"),
    [
        ((19.0, -5.0, 0.0), 4.0, Verdict.MET),
        ((26.5, -5.0, 0.0), 2.5, Verdict.UNMET),
        ((24.5, -5.0, 0.0), 2.5, Verdict.UNDECIDED),
        ((-19.0, -5.0, 0.0), 4.0, Verdict.UNDECIDED),
        ((0.0, -16.0, 0.0), 4.0, Verdict.UNMET),
    ],
    ids=["in the foramen", "beside it", "at its border", "where no foramen is seen", "in the body"],
)
def test_layer_f_is_measured_where_the_foramen_is_seen(
    at_mm: tuple[float, float, float], radius_mm: float, verdict: Verdict
) -> None:
    """A foramen of 3 mm radius is drilled on the left of C5; spheres reach into it, end off it, or touch its wall."""
    phantom, scene = drilled("C5", (1,), 3.0)
    middle = phantom.frames["C5"].to_patient(np.array([at_mm]))[0]
    centres = scene.grid.to_patient(np.indices(scene.grid.shape).reshape(3, -1).T)
    ball = (np.linalg.norm(centres - middle, axis=1) < radius_mm).reshape(scene.grid.shape)
    extent = measure_extent(attrs.evolve(scene, tumour=ball), AnatomySettings())
    assert extent.levels["C5"].layers["F"] is verdict


def test_contact_with_a_labelled_artery_counts_as_layer_f() -> None:
    """The artery fills the foramen; a sphere ends at its wall, where the foramen alone leaves layer F open."""
    phantom, scene = drilled("C5", (1,), 3.0)
    centres = scene.grid.to_patient(np.indices(scene.grid.shape).reshape(3, -1).T)
    local = phantom.frames["C5"].to_frame(centres)
    tube = (np.hypot(local[:, 0] - HOLE_MM[0], local[:, 1] - HOLE_MM[1]) < 3.0) & (np.abs(local[:, 2]) < 12.0)
    ball = (np.linalg.norm(local - (24.5, -5.0, 0.0), axis=1) < 2.5).reshape(scene.grid.shape)
    labels = scene.structures
    number = max(labels.names) + 1
    values = np.where(tube.reshape(scene.grid.shape), number, labels.values).astype(labels.values.dtype)
    artery = attrs.evolve(labels, values=values, names={**labels.names, number: "vertebral_artery_left"})
    extent = measure_extent(attrs.evolve(scene, tumour=ball, structures=artery), AnatomySettings())
    assert extent.levels["C5"].layers["F"] is Verdict.MET
