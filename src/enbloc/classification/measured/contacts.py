"""What the tumour lies against: the least distance to every structure outside the vertebrae.

Strategy. A distance field between voxels finds where a structure comes near; only there its surface is made. A surface
cut off at the edge of that box lies further away than the least distance, so it changes nothing.
"""

from __future__ import annotations

import numpy as np
import scipy

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Contact
from enbloc.classification.judged import box_around
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.distances import distance_to_voxels, surface_points
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.terms.structures import spoken

_AROUND_VOXELS = 4
"""More than the smoothing of a surface reaches."""


def measure_contacts(scene: Scene, within_mm: float) -> tuple[Contact, ...]:
    """Structures within `within_mm` of the tumour's surface, the nearest first.

    Overlapping labels have distance 0. The interval is the error of both labels.
    """
    tree = scipy.spatial.cKDTree(surface_points(scene.grid, scene.tumour))
    away = distance_to_voxels(scene.grid, scene.tumour)
    boxes = scipy.ndimage.find_objects(scene.structures.values)
    found: list[tuple[float, Contact]] = []
    for number, name in scene.structures.names.items():
        box = boxes[number - 1] if 0 < number <= len(boxes) else None
        if name.startswith("vertebra_") or box is None:
            continue
        mask: Bools = scene.structures.values[box] == number
        value, at = nearest(scene.grid.crop(box), mask, away[box], tree)
        if value <= within_mm:
            found.append((value, Contact(name, between_labels(scene, value, name), at)))
    return tuple(contact for _, contact in sorted(found, key=lambda pair: (pair[0], pair[1].structure)))


def nearest(
    grid: Grid, mask: Bools, away: Floats, tree: scipy.spatial.cKDTree
) -> tuple[float, tuple[float, float, float]]:
    """Least distance between the surfaces of tumour and structure, mm, and where on the tumour (LPS mm).

    Parameters
    ----------
    grid : Grid
    mask : bool array
        The structure; not empty.
    away : float array
        Distance of each voxel's centre to the nearest voxel of the tumour, mm.
    tree : cKDTree
        Of the tumour's surface points, LPS mm.
    """
    least = float(away[mask].min())
    near = box_around(mask & (away <= least + _AROUND_VOXELS * float(grid.spacing_mm.max())), by=_AROUND_VOXELS)
    distances, which = tree.query(surface_points(grid.crop(near), mask[near]))
    n = int(np.argmin(distances))
    at = np.asarray(tree.data)[which[n]]
    value = 0.0 if least <= 0.0 else float(distances[n])
    return value, (float(at[0]), float(at[1]), float(at[2]))


def between_labels(scene: Scene, value_mm: float, name: str) -> Estimate:
    """A distance between the tumour's surface and a structure's, with the error of both labels."""
    error = scene.label_error_mm * float(np.sqrt(2.0))
    because = f"label borders of tumour and {spoken(name)}, +-{error:.2f} mm"
    return Estimate(value_mm, max(value_mm - error, 0.0), value_mm + error, "mm", because)
