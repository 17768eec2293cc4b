"""The demonstration case, written like any other case."""

from __future__ import annotations

from pathlib import Path

import attrs

from enbloc.adapters.files.case.case_folder import CASE_FILE
from enbloc.adapters.files.case.case_writer import write_case
from enbloc.errors import FileError
from enbloc.phantoms.demo import demo_case

DEMO_ID = "demo-phantom"


def write_demo(folder: Path) -> None:
    """Write the demonstration as a case folder; an older demonstration is replaced.

    Raises
    ------
    FileError
        If something else lies there.
    """
    if folder.exists() and not folder.is_dir():
        raise FileError("it is a file", where=str(folder), remedy="Choose another --folder.")
    if folder.is_dir() and any(folder.iterdir()) and not _is_demo(folder):
        raise FileError("it holds something else", where=str(folder), remedy="Choose another --folder.")
    write_case(attrs.evolve(demo_case(), id=DEMO_ID), folder)


def _is_demo(folder: Path) -> bool:
    try:
        return f'id = "{DEMO_ID}"' in (folder / CASE_FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
