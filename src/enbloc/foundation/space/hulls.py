"""Convex hulls of points."""

from __future__ import annotations

import scipy

from enbloc.foundation.space.grids import Floats

FEW = 8
"""Points that are not worth a convex hull."""


def corners(points_mm: Floats) -> Floats:
    """The corners of the convex hull of points (n, 3), all that a support function needs; all points when they are
    too few or too flat to have one.
    """
    if len(points_mm) <= FEW:
        return points_mm
    try:
        hull: Floats = points_mm[scipy.spatial.ConvexHull(points_mm).vertices]
    except scipy.spatial.QhullError:
        return points_mm
    return hull
