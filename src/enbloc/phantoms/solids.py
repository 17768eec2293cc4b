"""Analytic solids in a vertebra's own axes: inside or outside, bounds and volume by formula.

Coordinates are ``u`` (to the patient's left), ``v`` (dorsal) and ``w`` (cranial) in mm from the frame's origin.
`inside` takes three arrays that broadcast together and answers with one array of bools.
"""

from __future__ import annotations

import math
from typing import Protocol

import attrs
import numpy as np

from enbloc.foundation.space.grids import Bools, Floats

Range = tuple[float, float]
Bounds = tuple[Range, Range, Range]
ENDLESS_MM = 400.0
"""Half length of structures that run through the whole field of view (canal, vessels, muscles)."""


class Solid(Protocol):
    """A closed region of space."""

    @property
    def bounds(self) -> Bounds:
        """Least and greatest u, v, w."""

    @property
    def volume_mm3(self) -> float:
        """Volume, mm³."""

    def inside(self, u: Floats, v: Floats, w: Floats) -> Bools:
        """Which of the points lie inside or on the surface."""


def segment_area_mm2(half_u: float, half_v: float, cut: float) -> float:
    """Area of the part of an ellipse below ``v = cut`` (from its centre), mm².

    The circle's segment ``pi - acos(s) + s sqrt(1 - s²)`` with ``s = cut / half_v``, stretched by both half axes.
    """
    s = min(1.0, max(-1.0, cut / half_v))
    return half_u * half_v * (math.pi - math.acos(s) + s * math.sqrt(1.0 - s * s))


def segment_centroid_v_mm(half_u: float, half_v: float, cut: float) -> float:
    """Centroid of the same part along v, from the ellipse's centre, mm."""
    s = min(1.0, max(-1.0, cut / half_v))
    moment = -2.0 / 3.0 * half_u * half_v**2 * math.sqrt(1.0 - s * s) ** 3
    return moment / segment_area_mm2(half_u, half_v, cut)


@attrs.frozen
class Column:
    """An elliptic cylinder along w, cut off dorsally at `v_max` or medially at `u_min`; not by both.

    `side` is -1 for the mirror image on the patient's right.
    """

    centre: tuple[float, float]
    half: tuple[float, float]
    heights: Range = (-ENDLESS_MM, ENDLESS_MM)
    v_max: float = math.inf
    u_min: float = -math.inf
    side: int = 1

    @property
    def bounds(self) -> Bounds:
        """Least and greatest u, v, w."""
        near, far = max(self.centre[0] - self.half[0], self.u_min), self.centre[0] + self.half[0]
        us = (near, far) if self.side > 0 else (-far, -near)
        return us, (self.centre[1] - self.half[1], min(self.centre[1] + self.half[1], self.v_max)), self.heights

    @property
    def volume_mm3(self) -> float:
        """Volume, mm³."""
        dorsal = segment_area_mm2(*self.half, self.v_max - self.centre[1])
        medial = segment_area_mm2(self.half[1], self.half[0], self.centre[0] - self.u_min)
        return min(dorsal, medial) * (self.heights[1] - self.heights[0])

    def inside(self, u: Floats, v: Floats, w: Floats) -> Bools:
        """Which of the points lie inside."""
        u = u * self.side
        within = ((u - self.centre[0]) / self.half[0]) ** 2 + ((v - self.centre[1]) / self.half[1]) ** 2 <= 1.0
        found: Bools = within & (v <= self.v_max) & (u >= self.u_min) & (w >= self.heights[0]) & (w <= self.heights[1])
        return found


@attrs.frozen
class SkewBox:
    """A box, or a pair of mirrored boxes, sheared along v about ``v = pivot``.

    A point is inside when ``u - u_per_v (v - pivot)``, ``v`` and ``w + w_per_v (v - pivot)`` lie in the three ranges;
    for a pair ``|u|`` stands for u. A shear changes no volume.
    """

    us: Range
    vs: Range
    ws: Range
    u_per_v: float = 0.0
    w_per_v: float = 0.0
    pivot: float = 0.0
    paired: bool = False

    @property
    def bounds(self) -> Bounds:
        """Least and greatest u, v, w."""
        slides = [v - self.pivot for v in self.vs]
        us = [u + self.u_per_v * s for u in self.us for s in slides]
        ws = [w - self.w_per_v * s for w in self.ws for s in slides]
        return (-max(us) if self.paired else min(us), max(us)), self.vs, (min(ws), max(ws))

    @property
    def volume_mm3(self) -> float:
        """Volume of both boxes of a pair, which must not reach over the midline, mm³."""
        edges = [r[1] - r[0] for r in (self.us, self.vs, self.ws)]
        return math.prod(edges) * (2 if self.paired else 1)

    def inside(self, u: Floats, v: Floats, w: Floats) -> Bools:
        """Which of the points lie inside."""
        u = np.abs(u) if self.paired else u
        slide = v - self.pivot
        us, ws = u - self.u_per_v * slide, w + self.w_per_v * slide
        found: Bools = (v >= self.vs[0]) & (v <= self.vs[1]) & (us >= self.us[0]) & (us <= self.us[1])
        return found & (ws >= self.ws[0]) & (ws <= self.ws[1])


@attrs.frozen
class HalfRing:
    """The dorsal half (``v >= 0``) of an elliptic cylinder about the origin, its heights falling by `w_per_v`.

    The canal inside it is taken away by whoever builds the bone.
    """

    half: tuple[float, float]
    ws: Range
    w_per_v: float

    @property
    def bounds(self) -> Bounds:
        """Least and greatest u, v, w."""
        return (
            (-self.half[0], self.half[0]),
            (0.0, self.half[1]),
            (self.ws[0] - self.w_per_v * self.half[1], self.ws[1]),
        )

    @property
    def volume_mm3(self) -> float:
        """Volume with the canal in it, mm³."""
        return math.pi / 2.0 * self.half[0] * self.half[1] * (self.ws[1] - self.ws[0])

    def inside(self, u: Floats, v: Floats, w: Floats) -> Bools:
        """Which of the points lie inside."""
        height = w + self.w_per_v * v
        found: Bools = (v >= 0.0) & ((u / self.half[0]) ** 2 + (v / self.half[1]) ** 2 <= 1.0)
        return found & (height >= self.ws[0]) & (height <= self.ws[1])


@attrs.frozen
class Bars:
    """A pair of mirrored elliptic bars along u whose centre goes dorsal by `v_per_u`."""

    us: Range
    root_v: float
    half: tuple[float, float]
    v_per_u: float

    @property
    def bounds(self) -> Bounds:
        """Least and greatest u, v, w."""
        tip = self.root_v + self.v_per_u * (self.us[1] - self.us[0])
        low, high = min(self.root_v, tip) - self.half[0], max(self.root_v, tip) + self.half[0]
        return (-self.us[1], self.us[1]), (low, high), (-self.half[1], self.half[1])

    @property
    def volume_mm3(self) -> float:
        """Volume of both, mm³."""
        return 2.0 * math.pi * self.half[0] * self.half[1] * (self.us[1] - self.us[0])

    def inside(self, u: Floats, v: Floats, w: Floats) -> Bools:
        """Which of the points lie inside."""
        u = np.abs(u)
        off = v - self.root_v - self.v_per_u * (u - self.us[0])
        found: Bools = (u >= self.us[0]) & (u <= self.us[1])
        return found & ((off / self.half[0]) ** 2 + (w / self.half[1]) ** 2 <= 1.0)


@attrs.frozen
class Ellipsoid:
    """An ellipsoid with axes along u, v, w; a sphere when the three half axes are equal."""

    centre: tuple[float, float, float]
    half: tuple[float, float, float]

    @property
    def bounds(self) -> Bounds:
        """Least and greatest u, v, w."""
        (a, b, c), (p, q, r) = self.centre, self.half
        return (a - p, a + p), (b - q, b + q), (c - r, c + r)

    @property
    def volume_mm3(self) -> float:
        """Volume, mm³."""
        return 4.0 / 3.0 * math.pi * math.prod(self.half)

    def inside(self, u: Floats, v: Floats, w: Floats) -> Bools:
        """Which of the points lie inside."""
        scaled = [((x - c) / h) ** 2 for x, c, h in zip((u, v, w), self.centre, self.half, strict=True)]
        found: Bools = scaled[0] + scaled[1] + scaled[2] <= 1.0
        return found


@attrs.frozen
class ArcTube:
    """A round tube along a circle in the u-v plane, sinking by `w_per_u` on its way out; a rib.

    `arc_deg` is measured about `centre` from the medial direction over dorsal to lateral.
    """

    centre: tuple[float, float]
    radius: float
    tube: float
    arc_deg: Range
    head_w: float
    w_per_u: float
    side: int

    @property
    def bounds(self) -> Bounds:
        """Least and greatest u, v, w."""
        angles = np.radians(np.linspace(*self.arc_deg, 64))
        us, vs = self.centre[0] - self.radius * np.cos(angles), self.centre[1] + self.radius * np.sin(angles)
        near, far = float(us.min()) - self.tube - 1.0, float(us.max()) + self.tube + 1.0
        ws = (self.head_w - self.w_per_u * (far - near) - self.tube, self.head_w + self.tube + self.w_per_u * self.tube)
        across = (near, far) if self.side > 0 else (-far, -near)
        return across, (float(vs.min()) - self.tube - 1.0, float(vs.max()) + self.tube + 1.0), ws

    @property
    def volume_mm3(self) -> float:
        """Volume by Pappus; sinking shears along w and changes nothing, mm³."""
        return math.pi * self.tube**2 * self.radius * math.radians(self.arc_deg[1] - self.arc_deg[0])

    def inside(self, u: Floats, v: Floats, w: Floats) -> Bools:
        """Which of the points lie inside."""
        u = u * self.side
        du, dv = self.centre[0] - u, v - self.centre[1]
        head_u = self.centre[0] - self.radius * math.cos(math.radians(self.arc_deg[0]))
        height = w - self.head_w + self.w_per_u * (u - head_u)
        angle = np.degrees(np.arctan2(dv, du))
        found: Bools = (np.hypot(du, dv) - self.radius) ** 2 + height**2 <= self.tube**2
        return found & (angle >= self.arc_deg[0]) & (angle <= self.arc_deg[1])
