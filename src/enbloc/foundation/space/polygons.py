"""Distances to bounded plane faces."""

from __future__ import annotations

import numpy as np

from enbloc.foundation.space.grids import Floats


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
