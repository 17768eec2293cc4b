"""The parts of a vertebra: body, pedicles and arch, by planes in its own frame.

The sides of the canal are the pedicles, its back is the arch. Body: what lies in front of the canal, and beside it
the corners, back to where bone narrows into the neck of the pedicle. Pedicle: beside the canal, from there to the
canal's dorsal wall, no wider than the body. Arch: all other bone, by side; outside the thorax also the transverse
processes that reach in front of the canal. No labelling scheme has a pedicle, so this
is the project's own definition (GEO-6, ours). Where a scheme labels body and arch, the neck is where these labels meet
(`subregions`).
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.scene import PARTS, Frame, Vertebra
from enbloc.anatomy.vertebrae import RIM_MM
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import region

BODY, PEDICLE_LEFT, PEDICLE_RIGHT, ARCH_LEFT, ARCH_RIGHT = (
    PARTS.index(name) for name in ("body", "pedicle_left", "pedicle_right", "arch_left", "arch_right")
)

LEAST_PEDICLE_MM = 6.0
"""A pedicle is at least this wide beside the canal even where the body is no wider than the canal (cervical spine)."""

RESOLVED_VOXELS = 5.0
"""A pedicle of so many voxels shows where it ends (ours); of a narrower one the profile is read finer, since a window
sees the body from half its own reach away."""

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


@attrs.frozen
class Borders:
    """Where a vertebra's parts meet, in its frame, mm; pairs are (left, right).

    `neck_mm` is the dorsal coordinate where the body narrows into each pedicle, `pedicle_mm` how far each pedicle
    reaches sideways, `behind_mm` the canal's dorsal wall. The body lies within `body_half_mm` of `body_left_mm`, or as
    wide as bone is where `body_half_mm` is infinite.
    """

    neck_mm: tuple[float, float]
    pedicle_mm: tuple[float, float]
    behind_mm: float
    body_left_mm: float
    body_half_mm: float


def labelled_necks(vertebra: Vertebra) -> tuple[float | Unknown, float | Unknown]:
    """Where labels show that the body ends, left and right; Unknown where none does."""
    none = Unknown("no label shows where the body ends")
    return vertebra.neck_mm or (none, none)


def measure_borders(vertebra: Vertebra, local_mm: Floats, voxel_mm: float) -> Borders:
    """The borders between the parts, read off all voxel centres (n, 3) of a vertebra, given in its frame."""
    left, right = (_neck(vertebra, local_mm, voxel_mm, side) for side in (+1, -1))
    thoracic = region(vertebra.level) == "thoracic"
    told_left, told_right = labelled_necks(vertebra)
    return Borders(
        neck_mm=(
            left[0] if isinstance(told_left, Unknown) else told_left,
            right[0] if isinstance(told_right, Unknown) else told_right,
        ),
        pedicle_mm=(left[1], right[1]),
        behind_mm=vertebra.canal_dorsal_mm,
        body_left_mm=float((vertebra.body_centre_mm - vertebra.frame.origin_mm) @ vertebra.frame.left),
        body_half_mm=np.inf if thoracic else vertebra.body_width_mm / 2 + RIM_MM,
    )


def find_parts(borders: Borders, local_mm: Floats) -> NDArray[np.uint8]:
    """The part (index into `PARTS`) of bone at points (n, 3) in the vertebra's frame."""
    left, dorsal = local_mm[:, 0], local_mm[:, 1]
    on_left = left >= 0.0
    parts = np.where(on_left, ARCH_LEFT, ARCH_RIGHT)
    beside = (dorsal < borders.behind_mm) & (np.abs(left) < np.where(on_left, *borders.pedicle_mm))
    parts = np.where(beside, np.where(on_left, PEDICLE_LEFT, PEDICLE_RIGHT), parts)
    in_front = dorsal < np.where(on_left, *borders.neck_mm)
    return np.where(in_front & (np.abs(left - borders.body_left_mm) < borders.body_half_mm), BODY, parts).astype(
        np.uint8
    )


def _neck(vertebra: Vertebra, local_mm: Floats, voxel_mm: float, side: int) -> tuple[float, float]:
    """Where the body's corner of one side narrows into the pedicle (dorsal mm), and the pedicle's outer border (mm).

    The border is how far bone reaches sideways at the narrowest place, where no transverse process stands off, and one
    voxel and a half more: half of one for the voxels' own size, the rest for the errors of this label and the tumour's.
    """
    ventral = vertebra.canal_ventral_mm
    radius = vertebra.canal_radius_left_mm if side > 0 else vertebra.canal_radius_right_mm
    lateral = side * local_mm[:, 0]
    reach = max(vertebra.body_width_mm / 2 + RIM_MM, radius + LEAST_PEDICLE_MM)
    beside = (lateral > radius / 2) & (lateral < reach)
    dorsal = np.sort(local_mm[beside, 1])
    places = np.arange(ventral, vertebra.canal_dorsal_mm / 2, PROFILE_STEP_MM)
    for window, seen_mm in (
        (max(3 * PROFILE_STEP_MM, voxel_mm), 0.0),
        (fine := max(PROFILE_STEP_MM, voxel_mm), fine / 2),
    ):
        areas = np.searchsorted(dorsal, places + window) - np.searchsorted(dorsal, places - window)
        narrowest = int(np.argmin(areas))
        wide = np.flatnonzero(areas[:narrowest] > NECK_GROWTH * max(int(areas[narrowest]), 1))
        neck = max(float(places[wide[-1]]) + PROFILE_STEP_MM - seen_mm, ventral) if len(wide) else ventral
        there = lateral[beside & (np.abs(local_mm[:, 1] - places[narrowest]) < window)]
        border = float(np.percentile(there, 98.0)) + 1.5 * voxel_mm if len(there) else reach
        if border - radius >= RESOLVED_VOXELS * voxel_mm:
            break
    return min(neck, ventral + MOST_CORNER_MM), max(border, radius + LEAST_PEDICLE_MM / 2)
