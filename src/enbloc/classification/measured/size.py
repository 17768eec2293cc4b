"""How large is the tumour? Its greatest diameter, which two systems of the spine ask for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.classification.overruling import LARGE_MM
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.verdicts import judge_above
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import surface_points

_JUST_OVER = 1e-9


def find_size(scene: Scene, _: Extent) -> Iterator[Finding]:
    """The finding ``over_50mm``."""
    diameter = measure_diameter(scene)
    if isinstance(diameter, Estimate):
        says = f"Greatest diameter {diameter.value:.0f} mm ({diameter.low:.0f} to {diameter.high:.0f})."
        verdict = judge_above(diameter, LARGE_MM + _JUST_OVER)
        yield Finding("over_50mm", verdict, diameter, says, "The greatest diameter of the tumour")


def measure_diameter(scene: Scene) -> Measured:
    """The greatest distance between two places on the tumour's surface, mm; both ends have the label's error.

    The tumour may reach further than the field of view: then the diameter is not known.
    """
    points = surface_points(scene.grid, scene.tumour)
    inside = voxels_of(scene.tumour)
    if not len(points):
        return Unknown("there is no tumour on the images")
    if (inside == 0).any() or (inside == np.array(scene.grid.shape) - 1).any():
        return Unknown("the tumour reaches the edge of the field of view")
    try:
        corners = points[scipy.spatial.ConvexHull(points).vertices]
    except scipy.spatial.QhullError:
        corners = points
    diameter = float(scipy.spatial.distance.pdist(corners).max(initial=0.0))
    error = 2.0 * scene.label_error_mm
    because = f"tumour's label border +-{scene.label_error_mm:.2f} mm at both ends"
    return Estimate(diameter, max(diameter - error, 0.0), diameter + error, "mm", because)
