"""Distances to bounded plane faces.

Strategy. A face is laid flat in two axes of its plane. A point's distance comes from its height above the plane and
from how far its foot lies off the face, the least over the edges. No point is nearer than its height: where only the
least distance is asked, the lowest point is measured first, and those that stand higher than the least so far are left
out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import lazy_loader
import numpy as np

from enbloc.foundation.space.grids import Bools, Floats

numba = lazy_loader.load("numba")

ON_FACE_MM = 1e-6
"""A foot no further off the face than about this lies on it."""


def distance_to_face(points_mm: Floats, face_mm: Floats, normal: Floats) -> tuple[Floats, Floats]:
    """Distance of points (n, 3) from a convex polygon, and their height above its plane, both mm.

    Parameters
    ----------
    points_mm : (n, 3) float
    face_mm : (m, 3) float
        Corners in order, all on one plane.
    normal : (3,) float, unit
        The height is positive on its side.
    """
    distance, height = _laid()(np.ascontiguousarray(points_mm), face_mm, normal, False)
    return distance, height


def least_to_face(points_mm: Floats, face_mm: Floats, normal: Floats) -> tuple[float, int]:
    """The least distance of points (n, 3) from a convex polygon, mm, and which point has it.

    Negative where points lie right above the face, on the normal's side: minus the greatest height of these.

    Parameters
    ----------
    points_mm : (n, 3) float, at least one
    face_mm : (m, 3) float
    normal : (3,) float, unit
    """
    distance, height = _laid()(np.ascontiguousarray(points_mm), face_mm, normal, True)
    if height.max() > 0.0:
        right_above: Bools = (height > 0.0) & (distance <= height + ON_FACE_MM)
        if right_above.any():
            n = int(np.argmax(np.where(right_above, height, -np.inf)))
            return -float(height[n]), n
    n = int(distance.argmin())
    return float(distance[n]), n


def _lay(points: Floats, face: Floats, normal: Floats, least_only: bool) -> tuple[Floats, Floats]:
    """Distance (n,) of points from a face, and height (n,) above its plane.

    With `least_only` the distance is infinite where it cannot be the least; points above the plane are measured in any
    case, since they may lie beyond the face.
    """
    corners_n = len(face)
    centre, first = np.zeros(3), np.zeros(3)
    for m in range(corners_n):
        centre += face[m] / corners_n
    axis = 0 if abs(normal[0]) < 0.6 else 1
    first[axis] = 1.0
    first -= normal[axis] * normal
    first /= np.sqrt((first**2).sum())
    second = np.cross(normal, first)
    corners = np.empty((corners_n + 1, 2))
    for m in range(corners_n + 1):
        off = face[m % corners_n] - centre
        corners[m, 0], corners[m, 1] = (off * first).sum(), (off * second).sum()
    feet, height = np.empty((len(points), 2)), np.empty(len(points))
    for n in range(len(points)):
        p, q, r = points[n, 0] - centre[0], points[n, 1] - centre[1], points[n, 2] - centre[2]
        height[n] = p * normal[0] + q * normal[1] + r * normal[2]
        feet[n, 0] = p * first[0] + q * first[1] + r * first[2]
        feet[n, 1] = p * second[0] + q * second[1] + r * second[2]
    distance, least = np.full(len(points), np.inf), np.inf
    lowest = int(np.argmin(np.abs(height))) if len(points) else 0
    for rank in range(len(points) + 1 if len(points) else 0):
        n = lowest if rank == 0 else rank - 1
        if least_only and height[n] <= 0.0 and -height[n] >= least:
            continue
        x, y, inside, off_edge = feet[n, 0], feet[n, 1], True, np.inf
        for m in range(corners_n):
            a, b = x - corners[m, 0], y - corners[m, 1]
            u, v = corners[m + 1, 0] - corners[m, 0], corners[m + 1, 1] - corners[m, 1]
            inwards = np.sign(v * corners[m, 0] - u * corners[m, 1])
            inside = inside and (u * b - v * a) * inwards >= -1e-9
            along = min(max((a * u + b * v) / max(u * u + v * v, 1e-12), 0.0), 1.0)
            off_edge = min(off_edge, (a - along * u) ** 2 + (b - along * v) ** 2)
        distance[n] = np.sqrt(height[n] ** 2 + (0.0 if inside else off_edge))
        least = min(least, distance[n])
    return distance, height


@cache
def _laid() -> Callable[..., tuple[Floats, Floats]]:
    """`_lay`, compiled when it is first needed and kept on disk."""
    compiled: Callable[..., tuple[Floats, Floats]] = numba.njit(cache=True)(_lay)
    return compiled


def clip_face(face_mm: Floats, point_mm: Floats, outwards: Floats) -> Floats | None:
    """A convex polygon (m, 3) without what lies beyond a line across it; None where nothing is left.

    Parameters
    ----------
    face_mm : (m, 3) float
        Corners in order.
    point_mm : (3,) float
        A point of the line.
    outwards : (3,) float
        Lies in the face's plane, across the line, towards what is cut off.
    """
    beyond = (face_mm - point_mm) @ outwards
    kept: list[Floats] = []
    for n in range(len(face_mm)):
        after = (n + 1) % len(face_mm)
        if beyond[n] <= 0.0:
            kept.append(face_mm[n])
        if (beyond[n] <= 0.0) != (beyond[after] <= 0.0):
            share = beyond[n] / (beyond[n] - beyond[after])
            kept.append(face_mm[n] + share * (face_mm[after] - face_mm[n]))
    return np.array(kept) if len(kept) >= 3 else None
