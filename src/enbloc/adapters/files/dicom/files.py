"""Opening a DICOM file with care: an ordinary file, of a sane size, whose outline was walked first."""

from __future__ import annotations

import mmap
import os
import stat
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import BytesLengthException, InvalidDicomError

from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.outline import Outline, outline
from enbloc.errors import FileError

UNREADABLE = (
    InvalidDicomError,
    BytesLengthException,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    LookupError,
    OSError,
    OverflowError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom and the decoders below it raise on damaged files."""


def open_bytes(path: Path, name: str, limits: Limits) -> memoryview:
    """The bytes of an ordinary file, mapped and not copied.

    Raises
    ------
    FileError
        If it is a device, a pipe, empty or too large.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise FileError(f"it cannot be opened ({error})", where=name, remedy="Check the file.") from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_size == 0:
            raise FileError("it is empty or no ordinary file", where=name, remedy="Copy or export it again.")
        if found.st_size > limits.most_file_bytes:
            raise FileError(
                f"it has {found.st_size} bytes, more than the {limits.most_file_bytes} that are read",
                where=name,
                remedy="Export it again; the limits are in the guide.",
            )
        return memoryview(mmap.mmap(handle, 0, access=mmap.ACCESS_READ))
    finally:
        os.close(handle)


def read_header(
    path: Path, name: str, limits: Limits, wanted: frozenset[int] = frozenset(), skip_frames: bool = False
) -> tuple[Any, Outline]:
    """The header of a DICOM file, without its pixels, and the file's outline.

    Parameters
    ----------
    path : Path
    name : str
        For messages.
    limits : Limits
    wanted : tags to collect from the per-frame functional groups
    skip_frames : bool
        Leave the per-frame functional groups to the outline.

    Raises
    ------
    FileError
        If it is no DICOM file, is damaged, or exceeds a limit.
    """
    content = open_bytes(path, name, limits)
    found = outline(content, name, limits, wanted)
    stop_at = (lambda tag, _vr, _length: tag >= 0x52009230) if skip_frames else None
    try:
        with path.open("rb") as stream:
            if stop_at is None:
                return pydicom.dcmread(stream, stop_before_pixels=True, force=True), found
            return pydicom.filereader.read_partial(stream, stop_when=stop_at, force=True), found
    except UNREADABLE as error:
        raise FileError(f"its header cannot be read ({first_line(error)})", where=name, remedy=_AGAIN) from error


def read_whole(path: Path, name: str, limits: Limits) -> tuple[Any, Outline]:
    """A DICOM file with its pixels, not yet decoded.

    Raises
    ------
    FileError
        As `read_header`.
    """
    content = open_bytes(path, name, limits)
    found = outline(content, name, limits)
    try:
        return pydicom.dcmread(BytesIO(content), force=True), found
    except UNREADABLE as error:
        raise FileError(f"it cannot be read ({first_line(error)})", where=name, remedy=_AGAIN) from error


def first_line(error: BaseException) -> str:
    """The first line of a library's message, short, without control characters."""
    text = str(error).strip().splitlines() or [type(error).__name__]
    return plain_text(text[0], 160)


def plain_text(value: object, most: int = 64) -> str:
    """Text of a file as one line that a terminal and a page can show: no control characters, not too long."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(value or ""))
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


_AGAIN = "Copy or export it again."
