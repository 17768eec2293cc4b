"""The parts of a vertebra: body, pedicles and arch, by planes in its own frame.

The sides of the canal are the pedicles, its back is the arch. Body: what lies in front of the canal, and beside it
the corners, back to where bone narrows into the neck of the pedicle. Pedicle: beside the canal, from there to the
canal's dorsal wall, no wider than the body. Arch: all other bone, by side; outside the thorax also the transverse
processes that reach in front of the canal. No labelling scheme has a pedicle, so this
is the project's own definition (GEO-6, ours).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.scene import PARTS, Frame, Vertebra
from enbloc.anatomy.vertebrae import RIM_MM
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import region

BODY, PEDICLE_LEFT, PEDICLE_RIGHT, ARCH_LEFT, ARCH_RIGHT = (
    PARTS.index(name) for name in ("body", "pedicle_left", "pedicle_right", "arch_left", "arch_right")
)

LEAST_PEDICLE_MM = 6.0
"""A pedicle is at least this wide beside the canal even where the body is no wider than the canal (cervical spine)."""

NECK_GROWTH = 1.5
"""Where the bone beside the canal has this many times the area of the pedicle's narrowest place, the body begins."""

MOST_CORNER_MM = 5.0
"""The corners stand behind the hollow of the back wall by no more than this."""

PROFILE_STEP_MM = 0.5


def local_coordinates(frame: Frame, points_mm: Floats) -> Floats:
    """Patient points (n, 3) LPS mm to (left, dorsal, cranial) mm from the frame's origin."""
    local: Floats = (points_mm - frame.origin_mm) @ np.stack([frame.left, frame.dorsal, frame.cranial], axis=1)
    return local


def to_patient(frame: Frame, local_mm: Floats) -> Floats:
    """(left, dorsal, cranial) mm (n, 3) in a frame to patient LPS mm."""
    points: Floats = frame.origin_mm + local_mm @ np.stack([frame.left, frame.dorsal, frame.cranial], axis=0)
    return points


def find_parts(vertebra: Vertebra, local_mm: Floats, voxel_mm: float) -> NDArray[np.uint8]:
    """The part (index into `PARTS`) of all voxel centres (n, 3) of a vertebra, given in its frame."""
    left, dorsal = local_mm[:, 0], local_mm[:, 1]
    centre = float((vertebra.body_centre_mm - vertebra.frame.origin_mm) @ vertebra.frame.left)
    half = vertebra.body_width_mm / 2 + RIM_MM
    parts = np.where(left >= 0, ARCH_LEFT, ARCH_RIGHT).astype(np.uint8)
    body = (np.abs(left - centre) < half) | (region(vertebra.level) == "thoracic")
    for side, pedicle in ((+1, PEDICLE_LEFT), (-1, PEDICLE_RIGHT)):
        neck, border = _neck(vertebra, local_mm, voxel_mm, side)
        mine = side * left >= 0.0
        parts[mine & (dorsal < vertebra.canal_dorsal_mm) & (side * left < border)] = pedicle
        parts[mine & (dorsal < neck) & body] = BODY
    return parts


def _neck(vertebra: Vertebra, local_mm: Floats, voxel_mm: float, side: int) -> tuple[float, float]:
    """Where the body's corner of one side narrows into the pedicle (dorsal mm), and the pedicle's outer border (mm).

    The border is how far bone reaches sideways at the narrowest place, where no transverse process stands off, and one
    voxel more: half of it for the voxels' own size, half for the label's error.
    """
    ventral = vertebra.canal_ventral_mm
    radius = vertebra.canal_radius_left_mm if side > 0 else vertebra.canal_radius_right_mm
    lateral = side * local_mm[:, 0]
    reach = max(vertebra.body_width_mm / 2 + RIM_MM, radius + LEAST_PEDICLE_MM)
    beside = (lateral > radius / 2) & (lateral < reach)
    dorsal = np.sort(local_mm[beside, 1])
    places = np.arange(ventral, vertebra.canal_dorsal_mm / 2, PROFILE_STEP_MM)
    window = 3 * PROFILE_STEP_MM
    areas = np.searchsorted(dorsal, places + window) - np.searchsorted(dorsal, places - window)
    narrowest = int(np.argmin(areas))
    wide = np.flatnonzero(areas[:narrowest] > NECK_GROWTH * max(int(areas[narrowest]), 1))
    neck = float(places[wide[-1]]) + PROFILE_STEP_MM if len(wide) else ventral
    there = lateral[beside & (np.abs(local_mm[:, 1] - places[narrowest]) < window)]
    border = float(np.percentile(there, 98.0)) + voxel_mm if len(there) else reach
    return min(neck, ventral + MOST_CORNER_MM), max(border, radius + LEAST_PEDICLE_MM / 2)
