"""What the tumour lies against: the least distance to every structure outside the vertebrae."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Contact
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.distances import surface_points


def measure_contacts(scene: Scene, within_mm: float) -> tuple[Contact, ...]:
    """Structures within `within_mm` of the tumour's surface, the nearest first.

    Overlapping labels have distance 0. The interval is the error of both labels.
    """
    tumour = surface_points(scene.grid, scene.tumour)
    tree = cKDTree(tumour)
    error = scene.label_error_mm * float(np.sqrt(2.0))
    found: list[tuple[float, Contact]] = []
    present = set(np.unique(scene.structures.values).tolist())
    for number, name in scene.structures.names.items():
        if name.startswith("vertebra_") or number not in present:
            continue
        mask = scene.structures.values == number
        distances, which = tree.query(surface_points(scene.grid, mask))
        n = int(np.argmin(distances))
        value = 0.0 if (mask & scene.tumour).any() else float(distances[n])
        if value <= within_mm:
            because = f"label borders of tumour and {name}, +-{error:.2f} mm"
            at = tumour[which[n]]
            measured = Estimate(value, max(value - error, 0.0), value + error, "mm", because)
            found.append((value, Contact(name, measured, (float(at[0]), float(at[1]), float(at[2])))))
    return tuple(contact for _, contact in sorted(found, key=lambda pair: (pair[0], pair[1].structure)))
