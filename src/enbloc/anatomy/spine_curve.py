"""The curve of the spine, and coordinates along and across it.

The curve is a smooth line through the centroids of the labelled vertebrae. Planes across it carry three axes (left,
dorsal, cranial), so that a curved, tilted or obliquely scanned spine can be read as a straight stack. The curve only
has to follow the spine within some degrees; the exact axes of a vertebra come from its own shape (`vertebrae`).
"""

from __future__ import annotations

import attrs
import numpy as np
import scipy

from enbloc.foundation.space.grids import Floats

POSTERIOR = np.array([0.0, 1.0, 0.0])
SUPERIOR = np.array([0.0, 0.0, 1.0])

OVERHANG_MM = 60.0
"""The curve runs on straight beyond the outermost centroids: more than half a lumbar vertebra and a disc."""


@attrs.frozen(eq=False)
class SpineCurve:
    """Samples of the curve, cranially growing.

    Parameters
    ----------
    step_mm : float
        Distance between samples.
    points_mm : (n, 3) float, LPS
    left, dorsal, cranial : (n, 3) float
        Orthonormal axes at each sample, left x dorsal = cranial.
    """

    step_mm: float
    points_mm: Floats
    left: Floats
    dorsal: Floats
    cranial: Floats


def fit_spine_curve(centroids_mm: Floats, step_mm: float) -> SpineCurve:
    """A curve through the centroids of vertebrae, run on straight at both ends.

    Parameters
    ----------
    centroids_mm : (k, 3) float, LPS
        In any order along the spine; one is enough (the curve is then straight along the patient's axis).
    step_mm : float
    """
    ordered = centroids_mm[np.argsort(centroids_mm[:, 2])]
    if len(ordered) == 1:
        ordered = np.vstack([ordered[0] - SUPERIOR, ordered[0] + SUPERIOR])
    first, last = _unit(ordered[1] - ordered[0]), _unit(ordered[-1] - ordered[-2])
    knots = np.vstack([ordered[0] - first * OVERHANG_MM, ordered, ordered[-1] + last * OVERHANG_MM])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    where = np.arange(0.0, along[-1] + step_mm / 2, step_mm).clip(max=along[-1])
    line = scipy.interpolate.PchipInterpolator(along, knots)
    cranial = _unit(line(where, 1))
    dorsal = _unit(POSTERIOR - (cranial @ POSTERIOR)[:, None] * cranial)
    return SpineCurve(step_mm, line(where), np.cross(dorsal, cranial), dorsal, cranial)


def to_curve(curve: SpineCurve, points_mm: Floats) -> Floats:
    """Patient points (n, 3) to curve coordinates (n, 3): left mm, dorsal mm, and the fractional sample along it."""
    nearest = scipy.spatial.cKDTree(curve.points_mm).query(points_mm)[1]
    offset = points_mm - curve.points_mm[nearest]
    along = nearest + np.einsum("ij,ij->i", offset, curve.cranial[nearest]) / curve.step_mm
    left = np.einsum("ij,ij->i", offset, curve.left[nearest])
    dorsal = np.einsum("ij,ij->i", offset, curve.dorsal[nearest])
    return np.stack([left, dorsal, along], axis=1)


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
