"""Quick figures of candidates against what cutting out and measuring finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.space.polygons import distance_to_face
from enbloc.resection.cutting.candidates import evaluate, planes_of, poses_of, prepare
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.placement import moved
from enbloc.resection.plans import Option
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.specimen import cut_out

SETTINGS = ResectionSettings()
LOW = ((6.0, -26.0, -10.0), 8.0)


@pytest.mark.parametrize("by_mm", [0.0, 2.5, -3.0])
@pytest.mark.parametrize("cut", ["cranial", "caudal"])
def test_a_moved_cut_is_judged_at_once_as_when_it_is_cut_out(cut: str, by_mm: float, scene_of: Any) -> None:
    scene = scene_of(*LOW)
    start = place(scene, Option("vertebrectomy", ("L3",), "right", ()), SETTINGS)
    assert start is not None
    prepared = prepare(scene, start, SETTINGS)
    placement = moved(start, cut, by_mm)
    quick = evaluate(prepared, *poses_of(placement))
    out = cut_out(scene, placement, SETTINGS)
    assert float(quick.bone_lost_ml[0]) == pytest.approx(out.geometry.bone_lost_ml, rel=0.01)
    tumour = surface_points(scene.grid, scene.tumour)
    for n, name in enumerate(prepared.ids):
        face = next(c for c in out.cuts if c.id == name)
        exact = float(distance_to_face(tumour, face.face_mm, face.normal)[0].min())
        bound = float(quick.margins_mm[0, n])
        assert bound <= exact + 1e-6, "an unbounded plane is a safe lower bound"
        assert exact == pytest.approx(bound, abs=1.5)


def test_every_candidate_of_many_is_that_candidate_alone(scene_of: Any) -> None:
    scene = scene_of(*LOW)
    placement = place(scene, Option("sagittal_resection", ("L3",), "left", ()), SETTINGS)
    if placement is None:
        placement = place(scene, Option("vertebrectomy", ("L3",), "right", ()), SETTINGS)
    assert placement is not None
    prepared = prepare(scene, placement, SETTINGS)
    normals, offsets = poses_of(placement)
    assert normals.shape == (1, len(planes_of(placement)), 3)
    shifts = np.linspace(-4.0, 4.0, 7)
    together = evaluate(prepared, np.repeat(normals, 7, axis=0), offsets + shifts[:, None])
    for n, shift in enumerate(shifts):
        alone = evaluate(prepared, normals, offsets + shift)
        np.testing.assert_allclose(together.margins_mm[n], alone.margins_mm[0])
        assert together.bone_lost_ml[n] == pytest.approx(float(alone.bone_lost_ml[0]))
    assert (np.diff(together.bone_lost_ml) >= 0.0).all()
