"""The index of a medium (DICOMDIR): every file is read for itself; the index only tells which ones should be there."""

from __future__ import annotations

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from enbloc.adapters.files.dicom.files import UNREADABLE, plain_text, read_header
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.errors import FileError
from enbloc.intake.case import Problem

INDEX = "DICOMDIR"
MOST_NAMED = 3
"""Missing files that a message names; the rest is counted."""


def missing_files(index: Path, beside: Set[str], limits: Limits) -> Iterator[Problem]:
    """What the index of a medium names and the medium does not hold.

    Parameters
    ----------
    index : Path
        The DICOMDIR.
    beside : set of str
        The files of the medium, from the folder of the index on, with ``/`` between folders and in lower case: a CD
        and its copy may differ in case.
    limits : Limits
    """
    try:
        header, _ = read_header(index, INDEX, limits)
        named = dict.fromkeys(_named(header))
    except (FileError, *UNREADABLE) as error:
        says = f"The index of the medium cannot be read ({plain_text(error, 120)}); the files beside it were."
        yield Problem("doubt", INDEX, says, "Count the slices: the index could not tell whether one is missing.")
        return
    missing = [name for name in named if name.lower() not in beside]
    if missing:
        listed = ", ".join(plain_text(name) for name in missing[:MOST_NAMED]) + (
            " …" if len(missing) > MOST_NAMED else ""
        )
        says = f"The index of the medium names {len(named)} files, and {len(missing)} are not there: {listed}."
        yield Problem("doubt", INDEX, says, "Copy the whole medium again: slices may be missing.")


def _named(header: Any) -> Iterator[str]:
    for record in header.get("DirectoryRecordSequence") or ():
        parts = record.get("ReferencedFileID")
        if parts:
            yield "/".join([parts] if isinstance(parts, str) else [str(part) for part in parts])
