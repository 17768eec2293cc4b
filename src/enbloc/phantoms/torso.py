"""What lies around the vertebrae, as solids in a vertebra's frame: discs, cord, vessels, lungs, muscles, ribs, kidneys.

Sizes and places are ours and plausible, like those of the vertebrae.
"""

from __future__ import annotations

import math

import numpy as np

from enbloc.foundation.terms.levels import Level, order
from enbloc.phantoms.solids import ArcTube, Column, Ellipsoid, Solid
from enbloc.phantoms.vertebra import WIDEST, Sizes, back_mm, canal_half_mm, front_mm

CORD_AREA_FRACTION = 0.55
"""Share of the canal's area that the cord label fills (ours; real labels fill 45-75 %)."""
AORTA_RADIUS_MM = 9.0
CAVA_RADIUS_MM = 10.0
OESOPHAGUS_RADIUS_MM = 5.0
RIB_RADIUS_MM = 61.6
RIB_TUBE_MM = 4.5
LUNG_FROM_BODY_MM = 3.0
"""The lung's medial border lies this far lateral of the widest place of the body (ours)."""
SIDES = {"left": 1, "right": -1}


def between(level: Level, first: Level, last: Level) -> bool:
    """True when `level` lies from `first` to `last`."""
    return order(first) <= order(level) <= order(last)


def canal_column(sizes: Sizes, share: float = 1.0) -> Column:
    """The canal, or a cord that fills `share` of its area."""
    half_u, half_v = canal_half_mm(sizes)
    return Column((0.0, 0.0), (half_u * math.sqrt(share), half_v * math.sqrt(share)))


def disc_column(sizes: Sizes) -> Column:
    """A body's outline without endplates, a little narrower; endplates and slabs bound it to a disc."""
    half_v = WIDEST * sizes.front.body_depth_mm
    return Column(
        (0.0, front_mm(sizes) + half_v),
        (0.97 * sizes.front.body_width_mm / 2.0, 0.97 * half_v),
        v_max=back_mm(sizes),
    )


def column_solids(level: Level, sizes: Sizes) -> dict[str, Column]:
    """Structures that run along the spine; each holds within the slab of its level."""
    found: dict[str, Column] = {}
    for side, sign in SIDES.items():
        found[f"autochthon_{side}"] = _autochthon(sizes, sign)
        if between(level, "T1", "T12"):
            found[f"lung_{side}"] = _lung(sizes, sign)
        if between(level, "L1", "L5"):
            found[f"iliopsoas_{side}"] = _psoas(level, sizes, sign)
    for name, (first, last, radius) in TUBES.items():
        if between(level, first, last):
            found[name] = Column(_tube_centre(name, level, sizes), (radius, radius))
    return found


TUBES: dict[str, tuple[Level, Level, float]] = {
    "oesophagus": ("C5", "T10", OESOPHAGUS_RADIUS_MM),
    "inferior_vena_cava": ("L1", "L5", CAVA_RADIUS_MM),
    "aorta": ("T4", "L4", AORTA_RADIUS_MM),
}
"""Tubes: first and last level, radius in mm."""

_PLACES: dict[str, tuple[tuple[Level, ...], tuple[float, ...], tuple[float, ...]]] = {
    "oesophagus": (("C5", "T10"), (0.0, 1.0), (-7.5, -8.0)),
    "inferior_vena_cava": (("L1", "L5"), (-15.0, -14.0), (-12.0, -12.5)),
    "aorta": (("T4", "T12", "L3", "L4"), (20.0, 12.0, 9.0, 7.5), (-5.0, -11.0, -11.5, -11.5)),
}
"""Tube centres at some levels: u, and v from the front of the body; linear in between."""


def _tube_centre(name: str, level: Level, sizes: Sizes) -> tuple[float, float]:
    levels, *places = _PLACES[name]
    known = [order(at) for at in levels]
    u, v = (float(np.interp(order(level), known, place)) for place in places)
    return u, front_mm(sizes) + v


def _psoas(level: Level, sizes: Sizes, side: int) -> Column:
    half_u = float(np.interp(order(level), (order("L1"), order("L5")), (10.0, 19.0)))
    centre = (sizes.front.body_width_mm / 2.0 + 2.0 + half_u, -canal_half_mm(sizes)[1] - 6.0 - half_u)
    return Column(centre, (half_u, half_u + 3.0), side=side)


def _autochthon(sizes: Sizes, side: int) -> Column:
    back = canal_half_mm(sizes)[1] + sizes.arch.lamina_thickness_mm
    half_v = max(8.0, 0.55 * sizes.processes.spinous_length_mm)
    half_u = 0.4 * sizes.front.body_width_mm + 3.0
    medial = sizes.processes.spinous_width_mm / 2.0 + 1.0
    return Column((medial + half_u, back + 2.0 + half_v), (half_u, half_v), side=side)


def _lung(sizes: Sizes, side: int) -> Column:
    radius = RIB_RADIUS_MM - RIB_TUBE_MM - 1.0
    return Column(_rib_centre(sizes), (radius, radius), u_min=lung_border_mm(sizes), side=side)


def lung_border_mm(sizes: Sizes) -> float:
    """Distance of the lung's flat medial border from the midline."""
    return sizes.front.body_width_mm / 2.0 + LUNG_FROM_BODY_MM


def _rib_centre(sizes: Sizes) -> tuple[float, float]:
    head_u = 0.45 * sizes.front.body_width_mm + 6.0
    return head_u + 50.0, -canal_half_mm(sizes)[1] - 1.0 - 36.0


def free_solids(level: Level, sizes: Sizes) -> dict[str, Solid]:
    """Structures that stand by themselves: ribs and kidneys."""
    found: dict[str, Solid] = {}
    for side, sign in SIDES.items():
        if between(level, "T1", "T12"):
            head = math.degrees(math.atan2(36.0, 50.0))
            found[f"rib_{side}_{level[1:]}"] = ArcTube(
                _rib_centre(sizes),
                RIB_RADIUS_MM,
                RIB_TUBE_MM,
                (head, 200.0 if level != "T12" else 110.0),
                3.0,
                0.35,
                sign,
            )
        if level == "L2":
            found[f"kidney_{side}"] = Ellipsoid((sign * 82.0, -30.0, 0.0), (24.0, 22.0, 50.0))
    return found
