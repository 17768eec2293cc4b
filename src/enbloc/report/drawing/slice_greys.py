"""The grey picture under a slice: CT in a bone window, or the labels where there is no CT."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.space.sampling import sample_linear
from enbloc.foundation.terms.structures import STRUCTURES

BONE_WINDOW_HU = (-350.0, 1250.0)
"""Black and white of the bone window."""

BONE_ONLY_WINDOW_HU = (-200.0, 1400.0)
"""The same for an image that holds bone and zeros."""

_BONE_ONLY_SHARE = 0.5
_AIR_HU = -1000.0
_BONE, _CANAL, _TUMOUR, _OTHER, _LUNG, _GROUND = 190, 70, 120, 92, 32, 58


def grey_slice(scene: Scene, axis: int, at: int) -> NDArray[np.uint8]:
    """The whole plane ``index[axis] = at`` as greys 0-255, its two axes in the array's order.

    Without CT the labels are drawn in greys. An image that holds bone only (most of the plane exactly 0) shows its
    bone, and the labels elsewhere.
    """
    labels = _label_greys(scene, axis, at)
    if scene.ct is None:
        return labels
    hounsfield = _sample_ct(scene, axis, at)
    empty = hounsfield == 0
    if empty.mean() < _BONE_ONLY_SHARE:
        return _windowed(hounsfield, BONE_WINDOW_HU)
    without_bone = np.where(np.take(scene.bone, at, axis=axis) > 0, _OTHER, labels)
    return np.where(empty, without_bone, _windowed(hounsfield, BONE_ONLY_WINDOW_HU)).astype(np.uint8)


def _windowed(hounsfield: Floats, window_hu: tuple[float, float]) -> NDArray[np.uint8]:
    low, high = window_hu
    return np.clip((hounsfield - low) / (high - low) * 255.0, 0, 255).astype(np.uint8)


def _sample_ct(scene: Scene, axis: int, at: int) -> Floats:
    """CT at the plane's voxel centres: copied where the grids agree, interpolated where they do not."""
    if scene.ct is None:
        return np.zeros((0, 0))
    if scene.ct.grid.same_as(scene.grid):
        copied: Floats = np.take(scene.ct.values, at, axis=axis).astype(np.float64)
        return copied
    shape = [n for k, n in enumerate(scene.grid.shape) if k != axis]
    plane = np.indices(shape).reshape(2, -1).T.astype(np.float64)
    points = scene.grid.to_patient(np.insert(plane, axis, float(at), axis=1))
    return sample_linear(scene.ct.grid, scene.ct.values, points, outside=_AIR_HU).reshape(shape)


def _label_greys(scene: Scene, axis: int, at: int) -> NDArray[np.uint8]:
    structures = np.take(scene.structures.values, at, axis=axis)
    greys = np.where(structures > 0, _OTHER, _GROUND)
    greys = np.where(np.isin(structures, find_kind(scene, "lung")), _LUNG, greys)
    greys = np.where(_bony(scene, axis, at, structures), _BONE, greys)
    greys = np.where(np.take(scene.canal, at, axis=axis), _CANAL, greys)
    return np.where(np.take(scene.tumour, at, axis=axis), _TUMOUR, greys).astype(np.uint8)


def find_kind(scene: Scene, kind: str) -> list[int]:
    """The numbers of all labelled structures of one kind (``"bone"``, ``"vessel"``, ``"lung"`` …)."""
    names = scene.structures.names.items()
    return [number for number, name in names if name in STRUCTURES and STRUCTURES[name].kind == kind]


def _bony(scene: Scene, axis: int, at: int, structures: NDArray[np.integer]) -> NDArray[np.bool_]:
    labelled = np.isin(structures, find_kind(scene, "bone"))
    bony: NDArray[np.bool_] = labelled | (np.take(scene.bone, at, axis=axis) > 0)
    return bony
