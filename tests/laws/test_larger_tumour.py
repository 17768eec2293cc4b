"""Law: a larger tumour keeps every involved cell and has no larger margin at the same cuts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from law_cases import CHORDOMA, LUMBAR, QUICK, margins_mm

from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.space.polygons import distance_to_face
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.tumours import sphere
from enbloc.walk import Record, walk

SCAN = Scan((2.0, 2.0, 2.0), margin_mm=10.0)
MORE_MM = 2.0
EXACT_MM = 0.05
"""The smoothed surface of the larger label may lie this much inside the smaller one's: none, but for rounding."""


def walked(centre: tuple[float, float, float], radius: float) -> Record:
    return walk(sample(LUMBAR, SCAN, sphere("L3", centre, radius), CHORDOMA), QUICK)


@pytest.mark.slow
@settings(max_examples=5, deadline=None, derandomize=True, phases=(Phase.generate,))
@given(
    left=st.floats(-16.0, 16.0),
    dorsal=st.floats(-34.0, 14.0),
    cranial=st.floats(-12.0, 6.0),
    radius=st.floats(4.0, 9.0),
)
def test_a_larger_sphere(left: float, dorsal: float, cranial: float, radius: float) -> None:
    small, large = walked((left, dorsal, cranial), radius), walked((left, dorsal, cranial), radius + MORE_MM)
    assert small.extent is not None
    assert large.extent is not None
    for level, found in small.extent.levels.items():
        for key, cell in found.cells.items():
            if cell.verdict is Verdict.MET:
                assert level in large.extent.levels, level
                assert large.extent.levels[level].cells[key].verdict is not Verdict.UNMET, (level, key)
        for key, verdict in found.sectors.items():
            if verdict is Verdict.MET:
                assert large.extent.levels[level].sectors[key] is Verdict.MET, (level, key)

    assert small.scene is not None
    assert large.scene is not None
    near = {contact.structure: contact.distance for contact in large.extent.touched}
    for contact in small.extent.touched:
        one, other = contact.distance, near[contact.structure]
        assert isinstance(one, Estimate)
        assert isinstance(other, Estimate)
        assert other.value <= one.value + EXACT_MM, contact.structure

    tumour = surface_points(large.scene.grid, large.scene.tumour)
    for plan in small.plans:
        margins = margins_mm(plan)
        for cut in plan.cuts:
            distance, height = distance_to_face(tumour, cut.face_mm, cut.normal)
            beyond = (height > 0.0) & (distance <= np.abs(height) + 1e-6)
            less = -float(height[beyond].max()) if beyond.any() else float(distance.min())
            assert less <= margins[f"{cut.id} cut"] + EXACT_MM, (plan.family, cut.id)
