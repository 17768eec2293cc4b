"""Distances to bounded plane faces."""

from __future__ import annotations

import numpy as np

from enbloc.foundation.space.grids import Floats

TOGETHER_N = 64
"""So many points are laid against the edges of a face at a time."""


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
    centre = face_mm.mean(axis=0)
    height: Floats = (points_mm - centre) @ normal
    foot = points_mm - height[:, None] * normal
    starts, ends = face_mm, np.roll(face_mm, -1, axis=0)
    edges = ends - starts
    inwards = np.cross(normal, edges)
    inwards *= np.sign(np.einsum("ij,ij->i", centre - starts, inwards))[:, None]
    inside = np.ones(len(points_mm), dtype=bool)
    to_edge = np.full(len(points_mm), np.inf)
    for start, edge, inward in zip(starts, edges, inwards, strict=True):
        offset = foot - start
        inside &= offset @ inward >= -1e-9
        along = np.clip(offset @ edge / max(float(edge @ edge), 1e-12), 0.0, 1.0)
        to_edge = np.minimum(to_edge, np.linalg.norm(offset - along[:, None] * edge, axis=1))
    return np.where(inside, np.abs(height), np.hypot(height, to_edge)), height


def least_to_face(points_mm: Floats, face_mm: Floats, normal: Floats) -> tuple[float, int]:
    """The least distance of points (n, 3) from a convex polygon, mm, and which point has it.

    Negative where points lie right above the face, on the normal's side: minus the greatest height of these. The same
    as by `distance_to_face`, but its edges are looked at only for points that can be the nearest: no point is nearer
    than its height above the plane.

    Parameters
    ----------
    points_mm : (n, 3) float, at least one
    face_mm : (m, 3) float
    normal : (3,) float, unit
    """
    height = (points_mm - face_mm.mean(axis=0)) @ normal
    above = np.flatnonzero(height > 0.0)
    if len(above):
        distance, up = distance_to_face(points_mm[above], face_mm, normal)
        right_above = distance <= np.abs(up) + 1e-6
        if right_above.any():
            n = int(np.argmax(np.where(right_above, up, -np.inf)))
            return -float(up[n]), int(above[n])
    low = np.abs(height)
    order = np.argsort(low, kind="stable")
    best, which = np.inf, 0
    for start in range(0, len(order), TOGETHER_N):
        some = order[start : start + TOGETHER_N]
        if low[some[0]] >= best:
            break
        distance = distance_to_face(points_mm[some], face_mm, normal)[0]
        n = int(np.argmin(distance))
        if distance[n] < best:
            best, which = float(distance[n]), int(some[n])
    return best, which


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
