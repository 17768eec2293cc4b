"""The demonstration: a chordoma of L3 that holds the left part of the body and the left pedicle."""

from __future__ import annotations

from enbloc.intake.case import Case
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import Tumour, ellipsoid, together

DEMO_LEVEL = "L3"


def demo_phantom() -> SpinePhantom:
    """Three straight lumbar levels."""
    return SpinePhantom(("L2", "L3", "L4"))


def demo_tumour() -> Tumour:
    """A bulb in the left body and a smaller one in the left pedicle, joined; all of it inside the bone."""
    return together(
        ellipsoid(DEMO_LEVEL, (11.0, -22.5, -3.5), (8.5, 11.5, 9.5)),
        ellipsoid(DEMO_LEVEL, (15.0, -9.5, 0.0), (3.5, 7.5, 5.0)),
    )


def demo_clinical() -> Clinical:
    """The clinical facts of the demonstration."""
    return Clinical(
        age_years=54.0,
        sex="F",
        histology="chordoma",
        biopsy_confirmed=True,
        grade="low",
        metastases="none",
        prior_surgery=False,
        prior_radiotherapy=False,
        neurology="E",
        pain="mechanical",
        ecog=1,
    )


def demo_case() -> Case:
    """A complete case: CT, labels and tumour at 1.5 mm."""
    return sample(demo_phantom(), Scan(), demo_tumour(), demo_clinical())
