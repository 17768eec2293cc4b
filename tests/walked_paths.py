"""A path of keyframes walked in small steps: what a player of the path does."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from enbloc.foundation.space.grids import Floats


def walk_path(path: tuple[Floats, ...], points: Floats, step_mm: float) -> Floats:
    """Poses (m, 4, 4) along a path, every entry of the matrices in between by straight interpolation."""
    poses = [path[0]]
    for here, there in pairwise(path):
        moved = np.linalg.norm(points @ (there - here)[:3, :3].T + (there - here)[:3, 3], axis=1).max()
        count = int(np.ceil(moved / step_mm))
        poses += [here + (there - here) * n / count for n in range(1, count + 1)]
    return np.array(poses)
