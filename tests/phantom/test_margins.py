"""Least margins against the phantom's formulas, for spheres that a vertebrectomy takes out."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.foundation.evidence.estimates import Estimate
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom, turn_matrix
from enbloc.phantoms.truth import plane_clearance_mm, sphere_to_canal_mm, sphere_to_tube_mm
from enbloc.phantoms.tumours import sphere
from enbloc.settings import Settings
from enbloc.walk import walk

CHORDOMA = Clinical(age_years=50.0, histology="chordoma", grade="low", metastases="none", biopsy_confirmed=True)
LUMBAR = ("L1", "L2", "L3", "L4", "L5")
THORACIC = ("T6", "T7", "T8", "T9", "T10")
ASKEW = Pose(turn_matrix(10.0, 8.0, 12.0), np.array([30.0, -20.0, 700.0]))

SPHERES = [
    (LUMBAR, "L3", (8.0, -24.0, -4.0), 7.0),
    (LUMBAR, "L3", (-6.0, -30.0, 0.0), 8.0),
    (THORACIC, "T8", (5.0, -20.0, -3.0), 5.0),
]


@pytest.mark.parametrize("where", SPHERES, ids=lambda where: f"{where[1]} {where[2]}")
@pytest.mark.parametrize(("spacing", "pose"), [(1.5, Pose()), (1.5, ASKEW)], ids=["upright", "askew"])
def test_least_margins_are_those_of_the_formula(where, spacing, pose) -> None:
    levels, level, centre, radius = where
    phantom = SpinePhantom(levels, Bends(), pose)
    tumour = sphere(level, centre, radius)
    record = walk(sample(phantom, Scan(spacing_mm=(spacing,) * 3), tumour, CHORDOMA), Settings())
    plan = next(plan for plan in record.plans if plan.family == "vertebrectomy")
    margins = {margin.interface: margin for margin in plan.margins}
    half = spacing / 2
    for cut in plan.cuts:
        if cut.id in ("cranial", "caudal"):
            least = margins[f"{cut.id} cut"].least
            assert isinstance(least, Estimate)
            assert abs(least.value - plane_clearance_mm(phantom, tumour, cut.origin_mm, cut.normal)) <= half + 0.05
    dura = margins["dura"].least
    assert isinstance(dura, Estimate)
    true = sphere_to_canal_mm(phantom, level, centre, radius)
    assert abs(dura.value - true) <= half + 0.05
    assert dura.low <= true <= dura.high
    for vessel in {"aorta", "inferior_vena_cava"} & set(margins):
        least = margins[vessel].least
        assert isinstance(least, Estimate)
        assert least.low <= sphere_to_tube_mm(phantom, level, vessel, centre, radius) <= least.high
