"""Is the cord labelled beside the tumour? Without it some answers stay open, and this says which.

Below the conus the canal holds roots and no cord: there a missing label costs room on the way out and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Floats, LabelMap
from enbloc.foundation.terms.levels import FIRST_LEVEL_BELOW_CONUS, Level, order, region
from enbloc.foundation.terms.structures import DURA, SPINAL_CORD
from enbloc.intake.case import LabelFile, Problem

SLAB_MM = 5.0
"""Heights are compared in slabs: thicker than any slice, thinner than a body."""

LEAST_COVER = 0.8
"""The cord has to be labelled at this share of the tumour's heights (ours)."""

_WHOLE_CANAL = "The way out is looked for with the whole canal taken for the sac."
_CURE = "Label the spinal cord, or the sac, from MRI if the CT does not show it."


def check_cord(file: LabelFile, tumour_mm: Floats, touched: Collection[Level]) -> Iterator[Problem]:
    """What cannot be said because the cord has no label at the tumour's height.

    Parameters
    ----------
    file : LabelFile
        The anatomy of all files.
    tumour_mm : (n, 3) float, LPS
        The tumour's voxels, evenly thinned; may be empty.
    touched : levels that the tumour touches
    """
    in_canal = [level for level in touched if region(level) != "sacral"]
    if not len(tumour_mm) or not in_canal:
        return
    cord = _heights(file.labels, SPINAL_CORD)
    wanted = np.unique(np.floor(tumour_mm[:, 2] / SLAB_MM))
    if len(cord) and np.isin(wanted, cord).mean() >= LEAST_COVER:
        return
    what = "The spinal cord is not labelled beside the tumour" if len(cord) else "The spinal cord is not labelled"
    sac = (
        "" if len(_heights(file.labels, DURA)) else " The way out is looked for with the whole canal taken for the sac."
    )
    if any(order(level) < order(FIRST_LEVEL_BELOW_CONUS) for level in in_canal):
        says = f"{what}: how near the tumour comes to it (ESCC) cannot be measured.{sac}"
        yield Problem("doubt", file.name, says, _CURE)
    elif sac:
        yield Problem("note", file.name, f"{what}, below its usual end.{sac}", _CURE)


def _heights(labels: LabelMap, structure: str) -> Floats:
    """The slabs along the patient's axis in which a structure has a voxel."""
    voxels = voxels_of(labels.mask(structure)) if structure in labels.names.values() else np.zeros((0, 3))
    slabs: Floats = np.unique(np.floor(labels.grid.to_patient(voxels)[:, 2] / SLAB_MM))
    return slabs
