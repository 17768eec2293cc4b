"""The DICOM source of an image that stands in a case folder as NIfTI: ``ct.dicom.json`` beside ``ct.nii.gz``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cattrs

from enbloc.errors import FileError
from enbloc.intake.case import DicomSource

SOURCE_ENDING = ".dicom.json"
MOST_SOURCE_BYTES = 2**24
"""Far above a scan of 10 000 slices."""


def source_path(image: Path, ending: str) -> Path:
    """Where the source of an image stands: ``ct.dicom.json`` for ``ct.nii.gz``."""
    return image.with_name(image.name[: len(image.name) - len(ending)] + SOURCE_ENDING)


def read_source(path: Path) -> DicomSource | None:
    """The source that stands in a file, or None when there is no such file.

    Raises
    ------
    FileError
        If it is damaged.
    """
    if not path.is_file() or path.is_symlink():
        return None
    remedy = "Import the series again, or remove the file."
    if path.stat().st_size > MOST_SOURCE_BYTES:
        raise FileError("it is far too long", where=path.name, remedy=remedy)
    try:
        content: Any = json.loads(path.read_text("utf-8"))
        source = cattrs.structure(content, DicomSource)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, cattrs.BaseValidationError) as error:
        raise FileError(f"it is no DICOM source ({error})", where=path.name, remedy=remedy) from error
    slices = source.shape[2]
    if len(source.instance_uids) != slices or len(source.frame_numbers) != slices or len(source.affine_lps) != 4:
        raise FileError("its slices do not add up", where=path.name, remedy=remedy)
    return source
