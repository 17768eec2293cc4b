"""The report's files: the page, the pages, and the document that both were made from.

``6-report.json`` holds the document and its pictures in English, so that the report can be told again in another
language or on other paper without planning again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import attrs
import cattrs
from jinja2 import FileSystemBytecodeCache

from enbloc.adapters.files.json_files import json_text
from enbloc.adapters.files.run.pdf import pdf_bytes
from enbloc.adapters.files.run.run_folder import REPORT_FILE, find_report
from enbloc.errors import CallError, FileError
from enbloc.report.document import Document
from enbloc.report.drawing.pictures import Pictures
from enbloc.report.html import render_report
from enbloc.report.language import LANGUAGES, Code, in_language
from enbloc.report.printed import PAPERS, Paper, print_data, template

DOCUMENT_FILE = "6-report.json"
PRINT_FILE = "6-report.pdf"


@attrs.frozen
class Manner:
    """How a report is told: in which language, on which paper."""

    language: Code = "en"
    paper: Paper = "a4"


@attrs.frozen(eq=False)
class Told:
    """The document with its pictures, in English, and the manner in which the run tells it."""

    document: Document
    pictures: Pictures
    manner: Manner


def parse_manner(language: str | None, paper: str | None, default: Manner | None = None) -> Manner:
    """The manner that a user asks for; what is not said is taken from `default`.

    Raises
    ------
    CallError
        If there is no such language or paper.
    """
    default = default or Manner()
    for given, known, what in ((language, LANGUAGES, "language"), (paper, PAPERS, "paper")):
        if given is not None and given not in known:
            raise CallError(f"there is no {what} '{given}'", where=f"--{what}", remedy=f"Use {' or '.join(known)}.")
    found = {code: code for code in get_args(Code)} | {"": default.language}
    papers = {size: size for size in get_args(Paper)} | {"": default.paper}
    return Manner(found[language or ""], papers[paper or ""])


def report_files(told: Told, mark: str = "") -> tuple[Mapping[str, bytes], str]:
    """The page and the pages by their names, and what was left out, in a sentence (empty when nothing was).

    Parameters
    ----------
    told : Told
    mark : str
        Added to the names: ``"-zh"`` for ``6-report-zh.html``.
    """
    language = LANGUAGES[told.manner.language]()
    document, pictures = in_language(told.document, language), in_language(told.pictures, language)
    with ThreadPoolExecutor(1) as typesetter:
        data = print_data(document, pictures, language, told.manner.paper)
        pending = typesetter.submit(pdf_bytes, template(), data)
        files = {_marked(REPORT_FILE, mark): render_report(document, pictures, language, _compiled()).encode()}
        pages, reason = pending.result()
    if pages is not None:
        files[_marked(PRINT_FILE, mark)] = pages
    return files, reason


def _compiled() -> FileSystemBytecodeCache | None:
    """The compiled page beside the compiled modules, where these may be written; it is made anew when they would be."""
    folder = Path(__file__).with_name("__pycache__")
    kept = folder.is_dir() and os.access(folder, os.W_OK) and not sys.dont_write_bytecode
    return FileSystemBytecodeCache(str(folder), "%s.page") if kept else None


def document_file(told: Told) -> bytes:
    """``6-report.json``."""
    return json_text(attrs.asdict(told)).encode()


def tell_again(run: Path, language: str | None, paper: str | None) -> tuple[Path, str]:
    """Tell a run's report in another language or on other paper, beside the one that it has.

    Returns
    -------
    path : Path
        Of the page; of the pages when only the paper is another.
    left_out : str
        What was left out, in a sentence; empty when nothing was.

    Raises
    ------
    FileError
        If the folder is no run, or its document cannot be read.
    CallError
        If there is no such language or paper.
    """
    page = find_report(run)
    told = _read_told(run / DOCUMENT_FILE)
    manner = parse_manner(language, paper, told.manner)
    if manner == told.manner and (run / PRINT_FILE).is_file():
        return page, ""
    mark = f"-{manner.language}" if manner.language != told.manner.language else ""
    mark += f"-{manner.paper}" if manner.paper != told.manner.paper else ""
    files, left_out = report_files(attrs.evolve(told, manner=manner), mark)
    if manner.language == told.manner.language:
        files = {name: content for name, content in files.items() if name != _marked(REPORT_FILE, mark)}
    try:
        for name, content in files.items():
            (run / name).write_bytes(content)
    except OSError as error:
        raise FileError(f"it cannot be written ({error})", where=str(run), remedy="Make it writable.") from error
    return ((run / min(files)).resolve() if files else page), left_out


def _read_told(path: Path) -> Told:
    try:
        return cattrs.structure(json.loads(path.read_text("utf-8")), Told)
    except (OSError, ValueError, KeyError, TypeError, cattrs.BaseValidationError) as error:
        raise FileError("it cannot be read", where=str(path), remedy="Plan the case again.") from error


def _marked(name: str, mark: str) -> str:
    stem, ending = name.split(".")
    return f"{stem}{mark}.{ending}"
