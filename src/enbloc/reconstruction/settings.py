"""Knobs of the reconstruction."""

from __future__ import annotations

import attrs


@attrs.frozen
class ReconstructionSettings:
    """Planned shortening of the column.

    Parameters
    ----------
    planned_shortening_mm : float
        Taken off the height of the defect to load the implant: the lower end of the 5-10 mm of human practice (CORD-2,
        unverified/medium).
    most_shortening_mm : float
        Never more than this (CORD-3, ours).
    most_shortening_share : float
        Nor more than this share of the resected height (CORD-3, ours).
    """

    planned_shortening_mm: float = 5.0
    most_shortening_mm: float = 10.0
    most_shortening_share: float = 1.0 / 3.0
