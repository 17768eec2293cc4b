"""Does the specimen close a ring around the sac? Then it cannot leave, however it is turned.

Strategy. The sac runs on beyond the specimen above and below, so a closed loop of bone around it is linked with it, and
no motion unlinks the two. A loop is found on a double cover: the voxels of the specimen are taken twice, and steps that
pass the plane behind the sac's axis lead from one copy to the other. A voxel that is joined to its own copy lies on a
loop that goes round an odd number of times.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.anatomy.parts import local_coordinates
from enbloc.anatomy.scene import Frame, Scene
from enbloc.foundation.space.boxes import box_of, voxels_of
from enbloc.foundation.space.grids import Bools, Floats


def closes_round(scene: Scene, solid: Bools, sac: Bools, frame: Frame) -> bool:
    """True when voxels of `solid`, joined face to face, close a loop around the axis of the sac.

    Parameters
    ----------
    scene : Scene
    solid : bool array
        The hard part of the specimen.
    sac : bool array
        What runs through the loop; its middle in each plane of `frame` is the axis.
    frame : Frame
        Its cranial axis is the direction in which the sac runs.
    """
    where = voxels_of(solid)
    if not len(where) or not sac.any():
        return False
    local = local_coordinates(frame, scene.grid.to_patient(where))
    step = float(scene.grid.spacing_mm.max())
    flat = local[:, :2] - _axis(local_coordinates(frame, scene.grid.to_patient(voxels_of(sac))), local[:, 2], step)
    near = solid[box_of(solid) or ...]
    number = np.full(near.shape, -1, dtype=np.intp)
    number[near] = np.arange(len(where))
    links = [_links(number, flat, axis) for axis in range(3)]
    one, other, crosses = (np.concatenate(part) for part in zip(*links, strict=True))
    n = len(where)
    rows = np.concatenate([one, one + n])
    columns = np.concatenate([other + n * crosses, other + n * ~crosses])
    graph = scipy.sparse.coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(2 * n, 2 * n))
    piece = scipy.sparse.csgraph.connected_components(graph, directed=False)[1]
    return bool((piece[:n] == piece[n:]).any())


def _axis(sac: Floats, heights: Floats, step: float) -> Floats:
    """The middle (n, 2) of the sac at each height, straight on from where it ends."""
    rank = np.rint(sac[:, 2] / step).astype(np.intp)
    ranks, which = np.unique(rank, return_inverse=True)
    count = np.bincount(which)
    middle = [np.interp(heights, ranks * step, np.bincount(which, sac[:, axis]) / count) for axis in (0, 1)]
    return np.stack(middle, axis=1)


def _links(number: NDArray[np.intp], flat: Floats, axis: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Bools]:
    """Pairs of face neighbours along one axis, and whether the step passes the half plane behind the sac's axis."""
    ahead = np.moveaxis(number, axis, 0)
    one, other = ahead[:-1].ravel(), ahead[1:].ravel()
    both = (one >= 0) & (other >= 0)
    one, other = one[both], other[both]
    (x, y), (u, v) = flat[one].T, flat[other].T
    sides = (x >= 0.0) != (u >= 0.0)
    across = np.where(sides, x - u, 1.0)
    at = y + (v - y) * np.where(sides, x / across, 0.0)
    crosses: Bools = sides & (at > 0.0)
    return one, other, crosses
