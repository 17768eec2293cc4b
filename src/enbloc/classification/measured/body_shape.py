"""The shape of a vertebral body as labelled: its heights in front, in the middle and at the back, and its back wall.

Strategy. The voxels of the body are gathered in columns along the vertebra's own cranial axis. The rims, where
osteophytes stand, are left out; the middle strip is divided into thirds from front to back, and the mean height of
the middle half of the columns of each third, by height, is its height. The back wall is read beside each end plate,
in the same strip.
"""

from __future__ import annotations

import attrs
import numpy as np

from enbloc.anatomy.parts import BODY, local_coordinates, to_patient
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.space.rows import unique_rows
from enbloc.foundation.terms.levels import Level, region

COLUMN_MM = 2.0
"""Edge of the columns in which heights are read; the larger of this and the voxel is used."""

STRIP_FRACTION = 0.5
"""Columns within this share of the body's half width from its middle are read."""

RIM_FRACTION = 0.08
"""The front and the back of the body, as a share of its depth, are left to osteophytes and to rounded edges (ours)."""

LEAST_COLUMNS = 4
"""Fewer columns in a third give no height."""

PLATE_MM = 4.0
"""The back wall is read this close to an end plate: clear of the hollow at the pedicles' height."""

NO_ORDINARY_BODY: tuple[Level, ...] = ("C1", "C2")
"""Their bodies are not shaped like their neighbours'."""

THIRDS: tuple[str, ...] = ("front", "middle", "back")


@attrs.frozen(eq=False)
class BodyShape:
    """One body.

    Parameters
    ----------
    heights_mm : (3,) float
        Of the thirds, from the front.
    back_cranial_mm, back_caudal_mm : (3,) float, LPS
        The back wall in the midline at the cranial and the caudal end plate.
    """

    heights_mm: Floats
    back_cranial_mm: Floats
    back_caudal_mm: Floats


def why_unmeasured(vertebra: Vertebra) -> str | None:
    """Why the body of a vertebra cannot be measured, in words; None when it can."""
    if vertebra.level in NO_ORDINARY_BODY or region(vertebra.level) == "sacral":
        return f"{vertebra.level} has no body like its neighbours'"
    if not vertebra.whole:
        return f"{vertebra.level} is cut by the field of view"
    if vertebra.body_height_mm <= 0.0:
        return f"{vertebra.level} has too little bone in front of the canal"
    return None


def measure_body_shape(scene: Scene, level: Level) -> BodyShape | None:
    """The shape of one body; None where it cannot be read."""
    vertebra = scene.vertebrae[level]
    if why_unmeasured(vertebra) is not None:
        return None
    number = list(scene.vertebrae).index(level) + 1
    points = scene.grid.to_patient(voxels_of((scene.bone == number) & (scene.parts == BODY)))
    local = local_coordinates(vertebra.frame, points)
    centre = local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0]
    strip = local[np.abs(local[:, 0] - centre[0]) < STRIP_FRACTION * vertebra.body_width_mm / 2]
    if len(strip) < LEAST_COLUMNS:
        return None
    front, back = np.percentile(strip[:, 1], [1.0, 99.0])
    voxel = float(np.linalg.norm(scene.grid.spacing_mm * (scene.grid.directions.T @ vertebra.frame.cranial)))
    places, heights = _columns(strip, max(COLUMN_MM, float(scene.grid.spacing_mm.max())))
    share = (places - front) / max(back - front, 1e-6)
    edges = np.linspace(RIM_FRACTION, 1.0 - RIM_FRACTION, len(THIRDS) + 1)
    which = np.digitize(share, edges) - 1
    if min(int((which == third).sum()) for third in range(len(THIRDS))) < LEAST_COLUMNS:
        return None
    thirds = np.array([_bulk_mean(heights[which == third]) for third in range(len(THIRDS))]) + voxel
    cranial = _back_wall(strip, vertebra.endplate_cranial_mm, -1)
    caudal = _back_wall(strip, vertebra.endplate_caudal_mm, +1)
    middle = float(centre[0])
    walls = np.array([[middle, cranial, vertebra.endplate_cranial_mm], [middle, caudal, vertebra.endplate_caudal_mm]])
    at = to_patient(vertebra.frame, walls)
    return BodyShape(thirds, at[0], at[1])


def _columns(local: Floats, edge_mm: float) -> tuple[Floats, Floats]:
    """Dorsal place of each filled column, and the way from its lowest to its highest voxel centre, mm."""
    cells = np.floor(local[:, :2] / edge_mm).astype(np.intp)
    columns, which = unique_rows(cells)
    top, bottom = np.full(len(columns), -np.inf), np.full(len(columns), np.inf)
    np.maximum.at(top, which.ravel(), local[:, 2])
    np.minimum.at(bottom, which.ravel(), local[:, 2])
    places: Floats = (columns[:, 1].astype(np.float64) + 0.5) * edge_mm
    return places, top - bottom


def _bulk_mean(heights: Floats) -> float:
    """Mean of the middle half: spurs and the holes of vessels stay out."""
    low, high = np.percentile(heights, [25.0, 75.0])
    return float(heights[(heights >= low) & (heights <= high)].mean())


def _back_wall(strip: Floats, end_mm: float, inwards: int) -> float:
    """Dorsal coordinate of the back wall beside one end plate, mm in the frame."""
    depth = inwards * (strip[:, 2] - end_mm)
    near = strip[(depth >= 0.0) & (depth < PLATE_MM), 1]
    return float(np.percentile(near if len(near) else strip[:, 1], 97.0))
