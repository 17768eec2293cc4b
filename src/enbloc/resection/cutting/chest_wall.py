"""Ribs that go with a tumour of the thorax, and where they are cut.

Strategy. A rib within the soft cuff of the tumour goes with it. Distances along a rib are those of shortest ways
through its own voxels, from the end at its vertebra. It is cut beyond the tumour by the distance for a mass of the
chest wall (OST-6), and no nearer to its vertebra than for a tumour of the body (OST-5). The cut stands across the rib.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.resection.cutting.placement import Plane, RibCut
from enbloc.resection.plans import Side
from enbloc.resection.settings import ResectionSettings

BEYOND_TUMOUR_MM = 20.0
"""A rib is cut this far beyond a mass of the chest wall: the low end of 2-3 cm (OST-6)."""

FROM_JOINT_MM = 30.0
"""A rib is cut no nearer to its vertebra's joint: the low end of 3-4 cm (OST-5)."""

SLAB_MM = 3.0
"""The rib's direction is that between its middles this far before and behind the cut."""


def place_rib_cuts(scene: Scene, side: Side, settings: ResectionSettings) -> tuple[tuple[RibCut, ...], tuple[str, ...]]:
    """Cuts of the ribs of a side that lie within the cuff around the tumour, and what could not be kept.

    Parameters
    ----------
    scene : Scene
    side : Side
    settings : ResectionSettings
    """
    to_tumour = distance_to(scene.grid, scene.tumour)
    cuts, short = [], []
    for number, name in sorted(scene.structures.names.items(), key=lambda item: item[1]):
        if not name.startswith(f"rib_{side}_"):
            continue
        rib = scene.structures.values == number
        if not (rib & (to_tumour <= settings.soft_cuff_mm)).any():
            continue
        found = _cut_rib(scene, name, rib, to_tumour, settings)
        if found is None:
            short.append(f"{name}: it leaves the image before it could be cut")
        else:
            cuts.append(found)
    return tuple(cuts), tuple(short)


def _cut_rib(scene: Scene, name: str, rib: Bools, to_tumour: Floats, settings: ResectionSettings) -> RibCut | None:
    where = voxels_of(rib)
    points = scene.grid.to_patient(where)
    along = _along(scene, where, points)
    reached = to_tumour[tuple(where.T)] <= settings.soft_cuff_mm
    reached &= np.isfinite(along)
    held = float(along[reached].max()) if reached.any() else 0.0
    at = max(held + BEYOND_TUMOUR_MM, FROM_JOINT_MM)
    before, here, behind = (points[np.abs(along - a) <= SLAB_MM / 2] for a in (at - SLAB_MM, at, at + SLAB_MM))
    if not len(before) or not len(here) or not len(behind):
        return None
    normal = behind.mean(axis=0) - before.mean(axis=0)
    normal /= np.linalg.norm(normal)
    middle = here.mean(axis=0)
    inside = (along < at + 2 * SLAB_MM) & (((points - middle) @ normal < 0.0) | (along < at - 2 * SLAB_MM))
    taken = np.zeros(scene.grid.shape, dtype=bool)
    taken[tuple(where[inside].T)] = True
    why = f"{at - held:.0f} mm beyond the tumour's reach (OST-6), {at:.0f} mm along the rib from its joint (OST-5)"
    return RibCut(name, Plane(middle, normal), at, taken, (why,))


def _along(scene: Scene, where: NDArray[np.intp], points: Floats) -> Floats:
    """How far each voxel of a rib lies from its end at the vertebra, on ways through the rib, mm; inf where parted."""
    canal = scene.grid.to_patient(voxels_of(scene.canal))
    middle = canal.mean(axis=0) if len(canal) else points.mean(axis=0)
    start = int(np.argmin(np.linalg.norm(points - middle, axis=1)))
    number = np.full(scene.grid.shape, -1, dtype=np.intp)
    number[tuple(where.T)] = np.arange(len(where))
    rows, columns, lengths = [], [], []
    for way in _WAYS:
        there = where + way
        valid = ((there >= 0) & (there < scene.grid.shape)).all(axis=1)
        other = np.full(len(where), -1, dtype=np.intp)
        other[valid] = number[tuple(there[valid].T)]
        one = np.flatnonzero(other >= 0)
        rows.append(one)
        columns.append(other[one])
        lengths.append(np.full(len(one), float(np.linalg.norm(scene.grid.affine[:3, :3] @ way))))
    links = (np.concatenate(rows), np.concatenate(columns))
    graph = scipy.sparse.coo_array((np.concatenate(lengths), links), shape=(len(where), len(where)))
    found: Floats = scipy.sparse.csgraph.dijkstra(graph.tocsr(), directed=False, indices=start)
    return found


_WAYS = np.array([(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if (x, y, z) > (0, 0, 0)])
