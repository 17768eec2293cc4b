"""Images in one order: every file, however its axes run, becomes the same array in patient LPS.

Strategy. Of the 24 proper ways to permute and flip three axes, take the one whose axes lie closest to left, posterior
and superior (greatest trace of the direction matrix; an exact tie is broken on the matrix itself). The choice looks
only at the set of possible results, so that the 48 ways to store one image all lead to the same array. The origin is
rounded to a thousandth of a millimetre, because a file keeps it in single precision and flipping an axis moves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations, product

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.errors import FileError
from enbloc.foundation.space.grids import Array, Floats, Grid
from enbloc.intake.case import Problem

MOST_VOXELS = 2**29
"""Largest volume that is read: 512 x 512 x 2048 voxels, a whole body at half a millimetre."""
MOST_BYTES = 2**32
"""Largest array that is read: 4 GiB."""
LEAST_SPACING_MM = 0.02
MOST_SPACING_MM = 30.0
SHEAR_TOLERANCE = 0.01
"""Largest cosine between two axes: 0.6 degrees from a right angle."""
ORIGIN_DECIMALS = 3


@attrs.frozen(eq=False)
class RawImage:
    """What a file holds, in canonical order.

    Parameters
    ----------
    name : str
        For messages: the file, as the case names it.
    grid : Grid
    values : array of the grid's shape
    names : mapping of int to str
        What the file itself says its numbers mean; empty when it says nothing.
    problems : tuple of Problem
    """

    name: str
    grid: Grid
    values: Array
    names: Mapping[int, str] = attrs.field(factory=dict)
    problems: tuple[Problem, ...] = ()


def check_size(shape: tuple[int, ...], item_bytes: int, name: str) -> tuple[int, int, int]:
    """The three axes of a stated shape, before anything is read.

    Raises
    ------
    FileError
        If there are not three axes (one trailing time point is accepted), one is empty, or the whole is absurdly large.
    """
    axes = shape[:3] if len(shape) > 3 and set(shape[3:]) == {1} else shape
    if len(axes) != 3:
        cure = "Save the one volume that is meant." if len(axes) > 3 else "Save the whole volume."
        raise FileError(f"it is {len(axes)}-D of shape {shape}, and a 3-D image is needed", where=name, remedy=cure)
    if min(axes) < 1:
        raise FileError(f"it has an empty axis: shape {axes}", where=name, remedy="Export it again.")
    voxels = axes[0] * axes[1] * axes[2]
    if voxels > MOST_VOXELS or voxels * item_bytes > MOST_BYTES:
        raise FileError(
            f"its header claims {axes[0]} x {axes[1]} x {axes[2]} voxels, more than the {MOST_VOXELS} that are read",
            where=name,
            remedy="Crop it to the spine, or export it again if the header is wrong.",
        )
    return axes[0], axes[1], axes[2]


def canonical(name: str, values: Array, affine_lps: Floats) -> RawImage:
    """An array with its affine, brought into canonical order.

    Parameters
    ----------
    name : str
    values : (i, j, k) array
    affine_lps : (4, 4) float, voxel index to LPS mm

    Raises
    ------
    FileError
        If the affine or the values are not finite, the axes are not at right angles, or the spacing is absurd.
    """
    check_affine(affine_lps, name)
    if values.dtype.kind not in "biuf":
        raise FileError(
            f"its values are of type {values.dtype}, not numbers", where=name, remedy="Export it as integers or floats."
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise FileError(
            "it holds values that are not finite (NaN or infinity)",
            where=name,
            remedy="Replace them by a number (air is -1024 HU, background is 0) and save it again.",
        )
    order, signs = _closest_order(affine_lps[:3, :3])
    turned = values.transpose(order)[tuple(slice(None, None, sign) for sign in signs)]
    affine = np.eye(4)
    affine[:3, :3] = affine_lps[:3, list(order)] * signs
    corner = affine_lps[:3, 3].copy()
    for axis, sign in zip(order, signs, strict=True):
        if sign < 0:
            corner += affine_lps[:3, axis] * (values.shape[axis] - 1)
    affine[:3, 3] = np.round(corner, ORIGIN_DECIMALS)
    affine += 0.0  # no negative zero
    shape = (turned.shape[0], turned.shape[1], turned.shape[2])
    return RawImage(name, Grid(shape, affine), _contiguous(turned))


def _contiguous(values: Array) -> Array:
    """The same array in C order, copied plane by plane: a volume copied at once waits for memory at every voxel."""
    if values.flags.c_contiguous:
        return values
    copy = np.empty(values.shape, dtype=values.dtype)
    for n in range(values.shape[1]):
        copy[:, n] = values[:, n]
    return copy


def check_affine(affine: Floats, name: str) -> None:
    """Refuse an affine that cannot be a scan's.

    Raises
    ------
    FileError
        If it is not finite, has absurd spacing, or its axes are not at right angles.
    """
    if not np.isfinite(affine).all():
        raise FileError("its affine is not finite", where=name, remedy="Export it again with a valid orientation.")
    spacing = np.sqrt((affine[:3, :3] ** 2).sum(axis=0))
    if spacing.min() < LEAST_SPACING_MM or spacing.max() > MOST_SPACING_MM:
        sizes = " x ".join(f"{s:.4g}" for s in spacing)
        raise FileError(
            f"its voxels are {sizes} mm, outside {LEAST_SPACING_MM}-{MOST_SPACING_MM} mm",
            where=name,
            remedy="Export it again with its spacing in millimetres.",
        )
    units = affine[:3, :3] / spacing
    cosine = np.abs(units.T @ units - np.eye(3)).max()
    if cosine > SHEAR_TOLERANCE:
        raise FileError(
            f"its axes are sheared: two of them are {np.degrees(np.arcsin(min(cosine, 1.0))):.1f} degrees from a "
            "right angle",
            where=name,
            remedy="Resample it onto a grid with right angles (a tilted gantry has to be corrected first).",
        )


def as_labels(image: RawImage) -> NDArray[np.integer]:
    """The values as whole numbers, in the smallest unsigned type that holds them.

    Raises
    ------
    FileError
        If a value is negative, not a whole number, or above 65535.
    """
    values = image.values
    if values.dtype.kind == "f":
        whole = np.rint(values)
        if not np.array_equal(whole, values):
            odd = float(values[whole != values][0])
            raise FileError(
                f"it should hold labels, and {odd:.6g} is not a whole number",
                where=image.name,
                remedy="Resample label maps with nearest neighbour, and save them as integers.",
            )
        values = whole
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 65535:
        wrong = low if low < 0 else high
        raise FileError(
            f"it should hold labels from 0 to 65535, and has {wrong:.0f}",
            where=image.name,
            remedy="Name a label map here, not an image, and number its labels from 1.",
        )
    smallest: NDArray[np.integer] = values.astype(np.uint8 if high < 256 else np.uint16)
    return smallest


def _closest_order(columns: Floats) -> tuple[tuple[int, ...], tuple[int, ...]]:
    units = columns / np.sqrt((columns**2).sum(axis=0))
    best: tuple[tuple[float, ...], tuple[int, ...], tuple[int, ...]] | None = None
    for order in permutations(range(3)):
        for signs in product((1, -1), repeat=3):
            turned = units[:, order] * signs
            if np.linalg.det(turned) <= 0:
                continue
            score = (round(float(np.trace(turned)), 6), *np.round(turned, 6).ravel().tolist())
            if best is None or score > best[0]:
                best = (score, order, signs)
    assert best is not None  # noqa: S101 - half of the 48 are always right-handed
    return best[1], best[2]
