"""Limits on what is read, enforced before memory is taken; each may be changed by an environment variable."""

from __future__ import annotations

import os
from collections.abc import Mapping

import attrs

from enbloc.errors import CallError

PREFIX = "ENBLOC_"


@attrs.frozen
class Limits:
    """The most that is read. Every default is ours: far above a whole body at half a millimetre, far below a machine.

    Parameters
    ----------
    most_file_bytes : int
        One DICOM file.
    most_header_bytes : int
        What stands before the pixels of one file.
    most_elements : int
        Data elements and items in one file: a segmentation of 98 segments on 400 slices has two thirds of a million.
    most_depth : int
        Sequences inside sequences.
    most_inflated_bytes : int
        A deflated data set, or all members of a zip, unpacked.
    most_zip_ratio : int
        Unpacked size over packed size of one member of a zip.
    most_files : int
        Files in a folder or a zip.
    most_frames : int
        Frames in one file or slices in one series.
    most_points : int
        Contour points in one structure set.
    """

    most_file_bytes: int = 4 * 2**30
    most_header_bytes: int = 2**28
    most_elements: int = 2_000_000
    most_depth: int = 32
    most_inflated_bytes: int = 4 * 2**30
    most_zip_ratio: int = 1000
    most_files: int = 50_000
    most_frames: int = 100_000
    most_points: int = 10_000_000


def read_limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """The limits, with those that the environment states: ``ENBLOC_MOST_FILES=100000``.

    Raises
    ------
    CallError
        If one is no whole number above zero.
    """
    stated: dict[str, int] = {}
    for field in attrs.fields(Limits):
        name = f"{PREFIX}{field.name.upper()}"
        if name in environment:
            text = environment[name].strip()
            if not text.isascii() or not text.isdecimal() or not 0 < len(text) < 16 or int(text) == 0:
                raise CallError("it must be a whole number above zero", where=name, remedy="Mend or unset it.")
            stated[field.name] = int(text)
    return Limits(**stated)
