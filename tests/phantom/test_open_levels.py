"""A level that may hold tumour, and whose label does, is taken too: no plan leaves tumour behind without saying so."""

from __future__ import annotations

import pytest

from enbloc.foundation.evidence.estimates import Estimate
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom
from enbloc.phantoms.tumours import sphere
from enbloc.settings import Settings
from enbloc.walk import walk

CHORDOMA = Clinical(age_years=50.0, histology="chordoma", grade="low", metastases="none", biopsy_confirmed=True)


@pytest.mark.slow
@pytest.mark.parametrize(("centre_mm", "radius_mm"), [((16.0, 8.0, 22.0), 9.0), ((12.0, 8.0, 14.0), 7.0)])
def test_a_joint_with_tumour_on_both_sides_goes_with_both_levels(centre_mm, radius_mm) -> None:
    """The tumour fills the joint of L2 and L3; L2 surely holds it, and of L3 the voxels cannot tell."""
    phantom = SpinePhantom(("L2", "L3", "L4"), Bends(), Pose())
    case = sample(phantom, Scan(spacing_mm=(2.0, 2.0, 2.0)), sphere("L3", centre_mm, radius_mm), CHORDOMA)
    record = walk(case, Settings())
    plans = [plan for plan in record.plans if plan.geometry is not None]
    assert plans
    for plan in plans:
        assert plan.levels == ("L2", "L3")
        assert any(reason.says.startswith("Taken with L3") for reason in plan.because)
        for margin in plan.margins:
            if margin.interface.startswith("vertebra_") and isinstance(margin.least, Estimate):
                assert margin.least.high >= 0.0
    told = [reason.says for one in record.rejected for reason in one.because]
    assert any(says.startswith("It would leave tumour in L3") for says in told)
