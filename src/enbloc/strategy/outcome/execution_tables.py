"""Published errors of execution, per method: how far a cut lay from its plan.

Every series of ERR-1 to ERR-3 and ERR-7 that prints a mean of absolute positions and how it spreads is here; none is
picked. They come from long bones, pelvis, sacrum, cadavers and models: none measured cuts of the mobile spine in
patients. Where a range is printed instead of a standard deviation, a quarter of the range stands for it (ours). Tilts
are taken only where the series prints them; the others' positions hold whatever tilt there was.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import attrs

Method = Literal["freehand", "navigated", "printed_guide"]


@attrs.frozen
class Spread:
    """Mean and standard deviation of an absolute error, mm or degrees."""

    mean: float
    sd: float


@attrs.frozen
class Series:
    """One published series.

    Parameters
    ----------
    item : str
        Evidence item that holds the figures.
    says : str
        Population in a few words, and which figure was not printed.
    position_mm : Spread
        Absolute distance of the cut from its plan.
    tilts_deg : tuple of Spread
        None, one (the angle between the planes, about an axis in any direction) or two (about both axes of the face).
    cites : tuple of str
    """

    item: str
    says: str
    position_mm: Spread
    tilts_deg: tuple[Spread, ...]
    cites: tuple[str, ...]


SD_OF_RANGE = 1 / 4
"""Share of a printed range that stands for a standard deviation that was not printed (ours)."""

FREEHAND_MM = Spread(9.0, 10.0 * SD_OF_RANGE)
"""Freehand: the mean of maxima of ACC-01, taken flat for the whole cut; reviews print 5-15 mm (ACC-09)."""

METHODS: Mapping[Method, tuple[Series, ...]] = MappingProxyType(
    {
        "freehand": (
            Series(
                "ACC-01",
                "cadaver femurs, mean of largest deviations; its spread is ours, from the 5-15 mm of reviews",
                FREEHAND_MM,
                (),
                ("khan2013", "psi_review2023"),
            ),
        ),
        "navigated": (
            Series("ACC-02", "28 patients, most in femur or pelvis", Spread(2.52, 2.32), (), ("ritacco2013",)),
            Series("ACC-03", "7 patients with bone tumours", Spread(1.56, 2.91), (), ("ritacco2013pilot",)),
            Series(
                "ACC-04",
                "18 surgeons on model bones",
                Spread(1.5, 1.4),
                (Spread(3.5, 2.8), Spread(3.7, 3.2)),
                ("cbct_nav",),
            ),
        ),
        "printed_guide": (
            Series("ACC-05", "11 patients with bone tumours, best", Spread(0.74, 0.96), (), ("psi2019",)),
            Series("ACC-05", "the same patients, worst", Spread(3.60, 2.46), (), ("psi2019",)),
            Series("ACC-06", "27 pelvic tumours", Spread(4.90, 3.01), (Spread(5.02, 7.17),), ("pelvic_templates2024",)),
            Series(
                "ACC-15",
                "3 total sacrectomies; spreads are ours, from 0-4 mm and 0-10°",
                Spread(2.1, 4.0 * SD_OF_RANGE),
                (Spread(3.2, 10.0 * SD_OF_RANGE),),
                ("sacral_jig2021",),
            ),
        ),
    }
)
"""The series of each method, in the order of the knowledge tables."""

RULES: Mapping[Method, str] = MappingProxyType(
    {"freehand": "ERR-1", "navigated": "ERR-2", "printed_guide": "ERR-3, ERR-7"}
)
"""The rows of the knowledge tables that hold the series."""
