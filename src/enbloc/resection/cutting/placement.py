"""Where the cuts of a resection lie, before anything is cut out.

A placement is plain geometry: two planes that end the column, limits of the arch as angles around the canal, and for a
sagittal resection one plane beside the midline. `specimen` cuts it out of the scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs
import numpy as np

from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.levels import Level
from enbloc.resection.cuts import CutKind
from enbloc.resection.plans import Family, Side


@attrs.frozen(eq=False)
class Plane:
    """An unbounded plane: `origin_mm` (3,) LPS, `normal` (3,) unit, pointing out of the specimen."""

    origin_mm: Floats
    normal: Floats


@attrs.frozen(eq=False)
class Step:
    """What makes an end cut a step: on the far side of a riser the disc is cut instead.

    `disc` is the plane through the disc, `through` names it in words; `riser` runs along the spine, its normal pointing
    out of the specimen, away from tumour.
    """

    disc: Plane
    through: str
    riser: Plane
    because: tuple[str, ...]


@attrs.frozen(eq=False)
class EndCut:
    """Where the column is cut across, above or below.

    `tissue` is ``"disc"`` or ``"bone"``; `through` names it in words; `neighbour` is the level on the far side, None
    when it is not labelled. With a `step` the plane ends what lies on the near side of its riser.
    """

    end: Literal["cranial", "caudal"]
    plane: Plane
    tissue: Literal["disc", "bone"]
    through: str
    neighbour: Level | None
    because: tuple[str, ...]
    step: Step | None = None


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
class Wall:
    """A named plane beside or behind the tumour that bounds the specimen.

    `crosses` is what the tool goes through, in words; `kind` as of a cut.
    """

    id: str
    plane: Plane
    crosses: tuple[str, ...]
    because: tuple[str, ...]
    kind: CutKind = "osteotomy"


@attrs.frozen(eq=False)
class RibCut:
    """Where a rib is cut: a plane across it, `along_mm` from its vertebra; `taken` is the structure's part that goes.

    `taken` is a bool array on the scene's grid.
    """

    structure: str
    plane: Plane
    along_mm: float
    taken: Bools
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
    arch_off : tuple of level
        Where the rest of the ring is taken off on its own, to free the cord.
    shortfalls : tuple of str
        Wanted distances that could not be kept, in words.
    coronal : Wall or None
        Behind the tumour, through the bodies. With a sagittal plane beside it the specimen holds what lies inside of
        either (a cut in the shape of an L); alone it holds what lies in front.
    beside : tuple of Wall
        The specimen lies inside of all of them.
    rib_cuts : tuple of RibCut
    bones : tuple of str
        Structures apart from the vertebrae whose bone the specimen may take, such as ``"sacrum"``.
    cuff_from : tuple of str
        First parts of the names of kept structures that a cuff is taken from, besides muscle.
    resects : tuple of level
        What is said to be resected where that differs from `levels`: of the sacrum, its modelled levels.
    """

    family: Family
    levels: tuple[Level, ...]
    end_cuts: tuple[EndCut, ...]
    arch_cuts: Mapping[tuple[Level, Side], ArchCut]
    sagittal: Plane | None
    side: Side | None
    arch_off: tuple[Level, ...]
    shortfalls: tuple[str, ...] = ()
    coronal: Wall | None = None
    beside: tuple[Wall, ...] = ()
    rib_cuts: tuple[RibCut, ...] = ()
    bones: tuple[str, ...] = ()
    cuff_from: tuple[str, ...] = ()
    resects: tuple[Level, ...] = ()


def in_bodies(placement: Placement, points_mm: Floats) -> Bools:
    """Which points (n, 3) LPS mm lie on the specimen's side of the cuts through the bodies."""
    inside = np.ones(len(points_mm), dtype=bool)
    for end in placement.end_cuts:
        inside &= height_above(end.plane, points_mm) < 0.0
        if end.step is not None:
            inside &= ~beyond_step(end.step, points_mm)
    across = [wall for wall in (placement.sagittal, placement.coronal.plane if placement.coronal else None) if wall]
    if across:
        inside &= np.any([height_above(plane, points_mm) < 0.0 for plane in across], axis=0)
    return inside & in_walls(placement, points_mm)


def beyond_step(step: Step, points_mm: Floats) -> Bools:
    """Which points (n, 3) LPS mm a step leaves to the neighbour, however deep the end cut lies beside them."""
    beyond: Bools = (height_above(step.disc, points_mm) >= 0.0) & (height_above(step.riser, points_mm) >= 0.0)
    return beyond


def in_walls(placement: Placement, points_mm: Floats) -> Bools:
    """Which points (n, 3) LPS mm lie on the specimen's side of every wall beside it."""
    inside = np.ones(len(points_mm), dtype=bool)
    for wall in placement.beside:
        inside &= height_above(wall.plane, points_mm) < 0.0
    return inside


def moved(placement: Placement, cut: str, by_mm: float) -> Placement:
    """The placement with one plane shifted along its normal, away from the specimen for positive `by_mm`.

    Parameters
    ----------
    placement : Placement
    cut : str
        ``"cranial"``, ``"caudal"``, ``"sagittal"``, ``"coronal"`` or the id of a wall.
    by_mm : float

    Raises
    ------
    KeyError
        If the placement has no such cut.
    """
    known = {end.end for end in placement.end_cuts} | {wall.id for wall in placement.beside}
    known |= {"sagittal"} if placement.sagittal is not None else set()
    known |= {placement.coronal.id} if placement.coronal is not None else set()
    if cut not in known:
        raise KeyError(cut)

    def shifted(plane: Plane) -> Plane:
        return Plane(plane.origin_mm + by_mm * plane.normal, plane.normal)

    def of_wall(wall: Wall) -> Wall:
        return attrs.evolve(wall, plane=shifted(wall.plane)) if wall.id == cut else wall

    return attrs.evolve(
        placement,
        end_cuts=tuple(
            attrs.evolve(end, plane=shifted(end.plane)) if end.end == cut else end for end in placement.end_cuts
        ),
        sagittal=shifted(placement.sagittal) if placement.sagittal and cut == "sagittal" else placement.sagittal,
        coronal=of_wall(placement.coronal) if placement.coronal else None,
        beside=tuple(of_wall(wall) for wall in placement.beside),
    )


def height_above(plane: Plane, points_mm: Floats) -> Floats:
    """Signed distance of points (n, 3) LPS mm from a plane, mm; positive on the side away from the specimen."""
    height: Floats = (points_mm - plane.origin_mm) @ plane.normal
    return height


def arch_ray(angle_deg: float, side: Side) -> Floats:
    """The direction of an arch cut in the vertebra's (left, dorsal, cranial) axes, (3,) unit."""
    sign = 1.0 if side == "left" else -1.0
    angle = np.radians(angle_deg)
    return np.array([sign * np.sin(angle), np.cos(angle), 0.0])


def side_cut(cut: ArchCut) -> Side:
    """The side on which an arch cut lies: the far one where it passes the spinous process."""
    if cut.angle_deg >= 0.0:
        return cut.side
    return "right" if cut.side == "left" else "left"


def arch_normal(cut: ArchCut) -> Floats:
    """The normal of an arch cut in (left, dorsal, cranial) axes, pointing out of the specimen, (3,) unit."""
    sign = 1.0 if cut.side == "left" else -1.0
    angle = np.radians(cut.angle_deg)
    dorsalwards = np.array([-sign * np.cos(angle), np.sin(angle), 0.0])
    return dorsalwards if cut.keeps == "ventral" else -dorsalwards
