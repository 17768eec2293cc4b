"""Knobs of the anatomy and of the Extent that is measured on it."""

from __future__ import annotations

import attrs


@attrs.frozen
class AnatomySettings:
    """Distances in mm, volumes in ml, angles in degrees.

    Parameters
    ----------
    reach_mm : float
        How far around the tumour structures are looked at. Vessels and lungs further away change no plan (ours).
    cell_fraction : float
        A WBB cell of bone is involved from this share of its bone on (GEO-7, ours).
    cell_volume_ml : float
        … or from this volume on (GEO-7, ours).
    outside_depth_mm : float
        Tumour outside the bone counts from this depth on, and never below one voxel (EN-C5, ours).
    """

    reach_mm: float = 60.0
    cell_fraction: float = 0.02
    cell_volume_ml: float = 0.05
    outside_depth_mm: float = 2.0
