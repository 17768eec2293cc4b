"""Values of the reconstruction: the defect, what fills it, and what holds the spine over it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from enbloc.foundation.evidence.estimates import Measured, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.terms.levels import Level

Point = tuple[float, float, float]
Side = Literal["left", "right"]


@attrs.frozen
class End:
    """Where the column ends above or below the specimen.

    Parameters
    ----------
    end : "cranial" or "caudal"
    origin_mm : (3,) LPS
        On the plane of the cut.
    normal : (3,) LPS, unit
        Points out of the specimen.
    through_disc : bool
        The implant then stands on the end plate of the neighbour, else on the cut bone.
    riser : tuple of two points or None
        Of an end in the shape of a step: a point and the normal of the plane beyond which the neighbour is left whole.
    """

    end: Literal["cranial", "caudal"]
    origin_mm: Point
    normal: Point
    through_disc: bool
    riser: tuple[Point, Point] | None = None


@attrs.frozen
class Footprint:
    """The bone on which one end of the implant stands.

    Parameters
    ----------
    end : "cranial" or "caudal"
    level : Level or None
        The vertebra that holds it; None when no labelled bone was found there.
    width, depth, area : Measured
        From side to side and from front to back, mm; area in mm2.
    outline_mm : tuple of points, LPS
        The convex outline on the plane, in order: for whoever designs the implant. Empty where nothing was measured.
    """

    end: Literal["cranial", "caudal"]
    level: Level | None
    width: Measured
    depth: Measured
    area: Measured
    outline_mm: tuple[Point, ...] = ()


@attrs.frozen
class Defect:
    """The gap in the column.

    Parameters
    ----------
    height : Measured
        Between the two bony ends, in the middle of the column, mm.
    height_ventral, height_dorsal : Measured
        The same at the front and at the back of the bodies: their difference is the wedge of the implant.
    footprints : tuple of Footprint
    """

    height: Measured
    height_ventral: Measured
    height_dorsal: Measured
    footprints: tuple[Footprint, ...] = ()


@attrs.frozen
class Implant:
    """The body that fills the defect: `length` = height - `shortening`, at most `most_shortening`, mm."""

    length: Measured
    shortening: Measured
    most_shortening: Measured


@attrs.frozen
class Fixation:
    """Which levels hold the rods, cranio-caudal; `rods_n` is Unknown where the tables name no number."""

    above: tuple[Level, ...]
    below: tuple[Level, ...]
    rods_n: int | Unknown
    pelvic: str


@attrs.frozen
class Screw:
    """The largest straight corridor through one pedicle of a level that stays.

    Parameters
    ----------
    level, side : Level, Side
    entry_mm : point, LPS
        Where the corridor's axis leaves the bone behind.
    axis : (3,) LPS, unit
        From the entry forwards.
    corridor : Measured
        Diameter of the largest cylinder about the axis that stays in the bone of the pedicle, mm.
    chord : Measured
        Length of the axis inside the bone, from the entry to the wall of the body in front, mm.
    convergence, tilt : Measured
        Towards the midline and cranially against the vertebra's own axes, degrees.
    artery : Measured
        In the neck, from the corridor's wall to the labelled vertebral artery of its side, mm.
    """

    level: Level
    side: Side
    entry_mm: Point
    axis: Point
    corridor: Measured
    chord: Measured
    convergence: Measured
    tilt: Measured
    artery: Measured


@attrs.frozen
class Reconstruction:
    """What must be rebuilt after one plan, why, and how often it fails."""

    defect: Defect
    implant: Implant | Unknown
    fixation: Fixation | Unknown
    screws: tuple[Screw, ...]
    without_screws: tuple[Level, ...]
    """Levels of the fixation whose pedicles could not be measured."""
    because: tuple[Reason, ...]
    failure: tuple[Reason, ...]
    why_without: Mapping[str, str] = attrs.field(factory=dict)
    """Why each of those, and the iliac bones where they hold rods, have no corridor."""
