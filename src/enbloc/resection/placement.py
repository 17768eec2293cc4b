"""Where the cuts of a resection lie, before anything is cut out.

A placement is plain geometry: two planes that end the column, limits of the arch as angles around the canal, and for a
sagittal resection one plane beside the midline. `specimen` cuts it out of the scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs
import numpy as np

from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level
from enbloc.resection.plans import Family, Side


@attrs.frozen(eq=False)
class Plane:
    """An unbounded plane: `origin_mm` (3,) LPS, `normal` (3,) unit, pointing out of the specimen."""

    origin_mm: Floats
    normal: Floats


@attrs.frozen(eq=False)
class EndCut:
    """Where the column is cut across, above or below.

    `tissue` is ``"disc"`` or ``"bone"``; `through` names it in words; `neighbour` is the level on the far side, None
    when it is not labelled.
    """

    end: Literal["cranial", "caudal"]
    plane: Plane
    tissue: Literal["disc", "bone"]
    through: str
    neighbour: Level | None
    because: tuple[str, ...]


@attrs.frozen(eq=False)
class ArchCut:
    """Where a ring is cut on one side: a half plane from the canal's centre outwards.

    `angle_deg` is the angle from the spinous process towards that side (0 = dorsal midline, 90 = lateral). The
    specimen holds the bone in front of it (``keeps = "ventral"``) or behind it (``"dorsal"``).
    """

    level: Level
    side: Side
    angle_deg: float
    keeps: Literal["ventral", "dorsal"]
    margin_mm: float
    because: tuple[str, ...]


@attrs.frozen(eq=False)
class Placement:
    """All cuts of one plan.

    Parameters
    ----------
    family : Family
    levels : tuple of level
        The levels that are resected, cranio-caudal: with tumour, or a neighbour without room for a cut.
    end_cuts : tuple of EndCut
        Empty for an arch resection.
    arch_cuts : mapping of (level, side) to ArchCut
    sagittal : Plane or None
        Of a sagittal resection, through the bodies.
    side : Side or None
        The tumour's side of a sagittal resection.
    removes_arch : bool
        True when the rest of the ring is taken off on its own, to free the cord.
    shortfalls : tuple of str
        Wanted distances that could not be kept, in words.
    """

    family: Family
    levels: tuple[Level, ...]
    end_cuts: tuple[EndCut, ...]
    arch_cuts: Mapping[tuple[Level, Side], ArchCut]
    sagittal: Plane | None
    side: Side | None
    removes_arch: bool
    shortfalls: tuple[str, ...] = ()


def height_above(plane: Plane, points_mm: Floats) -> Floats:
    """Signed distance of points (n, 3) LPS mm from a plane, mm; positive on the side away from the specimen."""
    height: Floats = (points_mm - plane.origin_mm) @ plane.normal
    return height


def arch_ray(angle_deg: float, side: Side) -> Floats:
    """The direction of an arch cut in the vertebra's (left, dorsal, cranial) axes, (3,) unit."""
    sign = 1.0 if side == "left" else -1.0
    angle = np.radians(angle_deg)
    return np.array([sign * np.sin(angle), np.cos(angle), 0.0])


def arch_normal(cut: ArchCut) -> Floats:
    """The normal of an arch cut in (left, dorsal, cranial) axes, pointing out of the specimen, (3,) unit."""
    sign = 1.0 if cut.side == "left" else -1.0
    angle = np.radians(cut.angle_deg)
    dorsalwards = np.array([-sign * np.cos(angle), np.sin(angle), 0.0])
    return dorsalwards if cut.keeps == "ventral" else -dorsalwards
