"""The parts of a vertebra: body, pedicles and arch, by planes in its own frame.

Body: in front of the canal's ventral wall, no wider than the body; beside the canal back to where the body ends below
the pedicles, as its corners stand behind the hollow of its back wall. Pedicle: beside the canal, from there to the
canal's centre, no wider than the body. Arch: all other bone, by side. No labelling scheme has a pedicle, so this is the
project's own definition (GEO-6, ours).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.scene import PARTS, Frame, Vertebra
from enbloc.anatomy.vertebrae import RIM_MM
from enbloc.foundation.space.grids import Floats

BODY, PEDICLE_LEFT, PEDICLE_RIGHT, ARCH_LEFT, ARCH_RIGHT = (
    PARTS.index(name) for name in ("body", "pedicle_left", "pedicle_right", "arch_left", "arch_right")
)

LEAST_PEDICLE_MM = 6.0
"""A pedicle is at least this wide beside the canal even where the body is no wider than the canal (cervical spine)."""

CORNER_HEIGHTS = (0.1, 0.4)
"""Share of the body's height, from its caudal end plate, where its back corners are read: below every pedicle."""

MOST_CORNER_MM = 4.0
"""The corners stand behind the hollow of the back wall by no more than this; more would be a low pedicle."""

LEAST_CORNER_VOXELS = 10
"""Fewer voxels show no corner."""


def local_coordinates(frame: Frame, points_mm: Floats) -> Floats:
    """Patient points (n, 3) LPS mm to (left, dorsal, cranial) mm from the frame's origin."""
    local: Floats = (points_mm - frame.origin_mm) @ np.stack([frame.left, frame.dorsal, frame.cranial], axis=1)
    return local


def to_patient(frame: Frame, local_mm: Floats) -> Floats:
    """(left, dorsal, cranial) mm (n, 3) in a frame to patient LPS mm."""
    points: Floats = frame.origin_mm + local_mm @ np.stack([frame.left, frame.dorsal, frame.cranial], axis=0)
    return points


def find_parts(vertebra: Vertebra, local_mm: Floats) -> NDArray[np.uint8]:
    """The part (index into `PARTS`) of each bone point (n, 3), given in the vertebra's frame."""
    left, dorsal = local_mm[:, 0], local_mm[:, 1]
    centre = float((vertebra.body_centre_mm - vertebra.frame.origin_mm) @ vertebra.frame.left)
    half = vertebra.body_width_mm / 2 + RIM_MM
    to_left = max(centre + half, vertebra.canal_radius_left_mm + LEAST_PEDICLE_MM)
    to_right = min(centre - half, -vertebra.canal_radius_right_mm - LEAST_PEDICLE_MM)
    parts = np.where(left >= 0, ARCH_LEFT, ARCH_RIGHT).astype(np.uint8)
    beside = (dorsal < 0.0) & (left < to_left) & (left > to_right)
    parts[beside & (left >= 0)] = PEDICLE_LEFT
    parts[beside & (left < 0)] = PEDICLE_RIGHT
    wall = np.where(left >= 0, _corner_mm(vertebra, local_mm, +1), _corner_mm(vertebra, local_mm, -1))
    parts[(dorsal < wall) & (np.abs(left - centre) < half)] = BODY
    return parts


def _corner_mm(vertebra: Vertebra, local_mm: Floats, side: int) -> float:
    """How far back the body reaches beside the canal: read below the pedicle, where nothing else is in front of 0."""
    radius = vertebra.canal_radius_left_mm if side > 0 else vertebra.canal_radius_right_mm
    lateral, dorsal, height = side * local_mm[:, 0], local_mm[:, 1], local_mm[:, 2]
    low = vertebra.endplate_caudal_mm + CORNER_HEIGHTS[0] * vertebra.body_height_mm
    high = vertebra.endplate_caudal_mm + CORNER_HEIGHTS[1] * vertebra.body_height_mm
    there = (lateral > radius / 2) & (lateral < radius + LEAST_PEDICLE_MM) & (dorsal < 0.0)
    there &= (height > low) & (height < high)
    ventral = vertebra.canal_ventral_mm
    if there.sum() < LEAST_CORNER_VOXELS:
        return ventral
    furthest = float(np.percentile(dorsal[there], 95.0))
    return float(np.clip(furthest, ventral, ventral + MOST_CORNER_MM))
