"""Whose is tumour outside the bone? The nearest level whose own bone holds tumour has it, as the rules have it (ours).

Where most of it lies at the height of a level whose bone is free, that is a rule and no finding: the level is named, so
that what is read from it stays open.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.parts import local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level


def level_of(
    scene: Scene, bone: NDArray[np.uint8], points: Floats, tumour: NDArray[np.bool_], up_mm: float
) -> NDArray[np.uint8]:
    """The level (1 + index) of each point: its bone's, or of the nearest level in height whose bone holds tumour.

    Points outside bone are looked at `up_mm` higher than they lie.
    """
    involved = np.unique(bone[(bone > 0) & tumour])
    candidates = _measured(scene)
    nearest = _nearest_in_height(scene, [n for n in candidates if n in involved] or candidates, points, up_mm)
    return np.where(bone > 0, bone, nearest).astype(np.uint8)


def _measured(scene: Scene) -> list[int]:
    """The levels (1 + index) whose body could be measured."""
    return [n for n, v in enumerate(scene.vertebrae.values(), start=1) if v.body_height_mm > 0.0]


def _nearest_in_height(scene: Scene, candidates: list[int], points: Floats, up_mm: float) -> NDArray[np.uint8]:
    """The one of these levels (1 + index) that is nearest in height to each point, looked at `up_mm` higher."""
    vertebrae = list(scene.vertebrae.values())
    gaps = []
    for number in candidates:
        v = vertebrae[number - 1]
        height = local_coordinates(v.frame, points)[:, 2] + up_mm - (v.endplate_cranial_mm + v.endplate_caudal_mm) / 2
        gaps.append(np.abs(height) / v.body_height_mm)
    nearest: NDArray[np.uint8] = np.array(candidates, dtype=np.uint8)[np.argmin(np.stack(gaps), axis=0)]
    return nearest


def levels_beside(scene: Scene, outside_mm: Floats, levels: Collection[Level], error_mm: float) -> tuple[Level, ...]:
    """Levels that are not among `levels`, their bone being free, at whose height most tumour outside bone may lie.

    `outside_mm` are its places (n, 3) LPS. That it belongs to the level whose bone it touches is then in doubt.
    """
    candidates, names = _measured(scene), list(scene.vertebrae)
    if not len(outside_mm) or not levels:
        return ()
    found: set[Level] = set()
    for up_mm in (0.0, error_mm, -error_mm):
        counts = np.bincount(_nearest_in_height(scene, candidates, outside_mm, up_mm), minlength=len(names) + 1)
        found |= {names[n - 1] for n in np.flatnonzero(counts == counts.max())}
    return tuple(name for name in names if name in found and name not in levels)
