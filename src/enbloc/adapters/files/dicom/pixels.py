"""Pixels: decoded, rescaled and stacked; a tilted or uneven stack is resampled onto right angles and even steps."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from pydicom.pixels import pixel_array

from enbloc.adapters.files.dicom.files import UNREADABLE, first_line, read_whole
from enbloc.adapters.files.dicom.frames import whole
from enbloc.adapters.files.dicom.geometry import Stack, stored_affine
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.outline import Outline, fragments
from enbloc.adapters.files.images.canonical import check_size
from enbloc.errors import FileError
from enbloc.foundation.space.grids import Array, Floats

OUTSIDE_HU = -1024.0
"""What lies outside the scanned field: air."""
_SIZE_MARKERS = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xF7})
_MOST_SCANNED = 2**16


def read_pixels(stack: Stack, name: str, limits: Limits) -> tuple[Array, int]:
    """The values of a stack, and how many voxels were padding.

    Returns
    -------
    values : (columns, rows, slices) int16, int32 or float32
        Hounsfield units where the files say how.
    padded_n : int

    Raises
    ------
    FileError
        If pixels are damaged, or are not what the header says.
    """
    whole_files: dict[Path, tuple[Any, NDArray[Any], str]] = {}
    slices: Array | None = None
    padded_n = 0
    for place, frame in enumerate(stack.frames):
        where = f"{name}/{frame.path.name}"
        if frame.path not in whole_files:
            whole_files = {frame.path: (*_decode(frame.path, where, limits), where)}
        header, stored, _ = whole_files[frame.path]
        if frame.number > len(stored):
            raise FileError("it holds fewer frames than it claims", where=where, remedy="Export it again.")
        plane = stored[frame.number - 1]
        padding = _padding(header, plane)
        values = _rescaled(plane, frame.slope, frame.intercept)
        if padding is not None and padding.any():
            padded_n += int(padding.sum())
            values = np.where(padding, np.array(OUTSIDE_HU, values.dtype), values)
        if slices is None:
            check_size((plane.shape[1], plane.shape[0], len(stack.frames)), values.dtype.itemsize, name)
            slices = np.empty((len(stack.frames), *plane.shape), values.dtype)
        if plane.shape != slices.shape[1:]:
            raise FileError("its slices differ in size", where=where, remedy="Export the series again.")
        if values.dtype != slices.dtype:
            slices = slices.astype(np.promote_types(values.dtype, slices.dtype))
        slices[place] = values
    assert slices is not None  # noqa: S101 - a stack has slices
    return slices.transpose(2, 1, 0), padded_n


def repaired(stack: Stack, values: Array) -> tuple[Array, Floats]:
    """Values and affine at right angles and even steps; the same values when nothing had to be mended.

    Each new slice lies between two stored ones and is blended from both; each of these is shifted within its plane by
    its own drift. What no slice covers becomes air.
    """
    affine = stored_affine(stack)
    if not stack.repairs:
        return values, affine
    rows_mm = np.array([np.linalg.norm(affine[:3, 0]), np.linalg.norm(affine[:3, 1])])
    low = np.floor(stack.drift_mm.min(axis=0) / rows_mm).astype(int)
    high = np.ceil(stack.drift_mm.max(axis=0) / rows_mm).astype(int)
    shape = (values.shape[0] + high[0] - low[0], values.shape[1] + high[1] - low[1])
    count = int(np.floor(stack.heights_mm[-1] / stack.step_mm + 1e-6)) + 1
    new = np.full((*shape, count), OUTSIDE_HU, np.float32)
    grid = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")).astype(np.float64)
    for place in range(count):
        height = min(place * stack.step_mm, float(stack.heights_mm[-1]))
        upper = int(np.clip(np.searchsorted(stack.heights_mm, height), 1, len(stack.heights_mm) - 1))
        span = stack.heights_mm[upper] - stack.heights_mm[upper - 1]
        share = float((height - stack.heights_mm[upper - 1]) / span)
        blended = np.zeros(shape)
        for source, weight in ((upper - 1, 1.0 - share), (upper, share)):
            if weight > 0:
                moved = grid + (low - stack.drift_mm[source] / rows_mm)[:, None, None]
                plane = values[:, :, source].astype(np.float64)
                blended += weight * scipy.ndimage.map_coordinates(
                    plane, moved, order=1, mode="constant", cval=OUTSIDE_HU
                )
        new[:, :, place] = blended
    mended = np.eye(4)
    mended[:3, :2] = affine[:3, :2]
    mended[:3, 2] = stack.normal * stack.step_mm
    mended[:3, 3] = np.array(stack.frames[0].position_mm) + affine[:3, 0] * low[0] + affine[:3, 1] * low[1]
    kind = np.int16 if values.dtype.kind == "i" else np.float32
    return (np.rint(new) if kind is np.int16 else new).astype(kind), mended


def _decode(path: Path, where: str, limits: Limits) -> tuple[Any, NDArray[Any]]:
    """The header and all frames of one file as (frames, rows, columns); sizes are checked before a decoder runs."""
    header, found = read_whole(path, where, limits)
    rows, columns = whole(header, "Rows"), whole(header, "Columns")
    count = whole(header, "NumberOfFrames") or 1
    if whole(header, "SamplesPerPixel") not in (0, 1):
        raise FileError("it is a colour picture, not an image of the patient", where=where, remedy="Leave it out.")
    check_size((columns, rows, count), max(1, whole(header, "BitsAllocated") // 8), where)
    if found.pixels is None:
        raise FileError("it has no pixels", where=where, remedy="Export the series again.")
    _check_code_streams(found, rows, columns, where)
    try:
        if "TransferSyntaxUID" not in header.file_meta:
            header.file_meta.TransferSyntaxUID = found.transfer_syntax
        stored = pixel_array(header)
    except UNREADABLE as error:
        raise FileError(f"its pixels cannot be decoded ({first_line(error)})", where=where, remedy=_AGAIN) from error
    return header, stored.reshape(count, rows, columns)


def _check_code_streams(found: Outline, rows: int, columns: int, where: str) -> None:
    """Refuse a compressed picture whose own size is not the header's: a decoder would take the memory it claims."""
    for start, stop in fragments(found):
        size = stream_size(bytes(found.data[start : min(stop, start + _MOST_SCANNED)]))
        if size is not None and size != (columns, rows):
            raise FileError(
                f"its compressed picture claims {size[0]} x {size[1]} pixels, its header {columns} x {rows}",
                where=where,
                remedy=_AGAIN,
            )


def stream_size(stream: bytes) -> tuple[int, int] | None:
    """Width and height that a JPEG, JPEG-LS or JPEG 2000 code stream claims; None when it is none of them."""
    at = stream.find(b"\xff\x4f\xff\x51", 0, 4096)
    if at >= 0 and len(stream) >= at + 24:
        width, height, left, top = struct.unpack_from(">4I", stream, at + 8)
        return width - left, height - top
    if stream[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(stream):
        if stream[at] != 0xFF:
            return None
        marker = stream[at + 1]
        if marker in _SIZE_MARKERS:
            height, width = struct.unpack_from(">2H", stream, at + 5)
            return width, height
        at += 2 if marker in (0xFF, 0x01) else 2 + struct.unpack_from(">H", stream, at + 2)[0]
    return None


def _padding(header: Any, plane: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Where the scanner wrote its padding value (or range of values)."""
    value = header.get("PixelPaddingValue")
    if value is None or value == "":
        return None
    limit = header.get("PixelPaddingRangeLimit")
    ends = sorted((int(value), int(limit) if limit not in (None, "") else int(value)))
    if whole(header, "PixelRepresentation") == 0:
        ends = [end % 2 ** max(1, whole(header, "BitsAllocated")) for end in ends]
    found: NDArray[np.bool_] = (plane >= min(ends)) & (plane <= max(ends))
    return found


def _rescaled(plane: NDArray[Any], slope: float | None, intercept: float | None) -> NDArray[Any]:
    factor, shift = 1.0 if slope is None else slope, 0.0 if intercept is None else intercept
    if not factor.is_integer() or not shift.is_integer():
        return (plane * factor + shift).astype(np.float32)
    exact = plane.astype(np.int64) * int(factor) + int(shift)
    fits = exact.min() >= -(2**15) and exact.max() < 2**15
    return exact.astype(np.int16 if fits else np.int32)


_AGAIN = "Copy or export it again."
