"""`enbloc export`: one plan of a run, written in one or more formats.

Each format gets a folder of its own in the target. What cannot be written is named with its reason, and the others are
written all the same. ``export.json`` says what was written, with digests; by it a later export knows its own folder.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import attrs

from enbloc.adapters.exports.dicom.burnt_in import burnt_in_files
from enbloc.adapters.exports.dicom.contours import rtstruct_files
from enbloc.adapters.exports.dicom.encapsulated import pdf_files
from enbloc.adapters.exports.dicom.encapsulated import stl_files as encapsulated_stl_files
from enbloc.adapters.exports.dicom.findings_report import sr_files
from enbloc.adapters.exports.dicom.segmentations import seg_files
from enbloc.adapters.exports.dicom.series import ct_files, find_series
from enbloc.adapters.exports.fhir import fhir_files
from enbloc.adapters.exports.formats import FORMATS, Format
from enbloc.adapters.exports.prints import glb_files, obj_files, stl_files, threemf_files
from enbloc.adapters.exports.run_source import RunSource, read_run
from enbloc.adapters.exports.slicer.scene import slicer_files
from enbloc.adapters.exports.tables import csv_files, json_files
from enbloc.adapters.files.json_files import Json, json_text
from enbloc.errors import EnblocError, FileError

MANIFEST = "export.json"
File = tuple[str, bytes]
Progress = Callable[[str], None]

WRITERS: Mapping[str, Callable[[RunSource], Iterator[File]]] = {
    "stl": stl_files,
    "3mf": threemf_files,
    "obj": obj_files,
    "glb": glb_files,
    "slicer": slicer_files,
    "dicom-ct": ct_files,
    "dicom-seg": seg_files,
    "dicom-sr": sr_files,
    "dicom-rtstruct": rtstruct_files,
    "dicom-stl": encapsulated_stl_files,
    "dicom-pdf": pdf_files,
    "dicom-plan-ct": burnt_in_files,
    "fhir": fhir_files,
    "csv": csv_files,
    "json": json_files,
}


@attrs.frozen
class Order:
    """What is to be exported.

    Parameters
    ----------
    run : Path
    formats : tuple of Format
    plan_id : str or None
        None takes the plan of the first rank.
    case_folder : Path or None
        Where the images are, when the run does not know.
    moment : datetime or None
        The date of every file; None takes that of the run.
    out : Path or None
        None puts it beside the run.
    """

    run: Path
    formats: tuple[Format, ...]
    plan_id: str | None = None
    case_folder: Path | None = None
    moment: datetime | None = None
    out: Path | None = None


@attrs.frozen
class Exported:
    """What became of an order: the folder, the files of each format, and why some could not be written."""

    plan_id: str
    out: Path
    files: Mapping[str, tuple[Path, ...]]
    failed: Mapping[str, str]


def export_run(order: Order, report_progress: Progress) -> Exported:
    """Write one plan of a run in every format of the order.

    Raises
    ------
    EnblocError
        If the run cannot be read, or the target is something else.
    """
    out = order.out if order.out is not None else order.run.resolve().with_name(f"{order.run.resolve().name}-export")
    out = out.resolve()
    _check_target(out)
    report_progress("reading the run")
    source = read_run(order.run, order.plan_id, order.case_folder, order.moment)
    files: dict[str, tuple[Path, ...]] = {}
    digests: dict[str, str] = {}
    failed: dict[str, str] = {}
    for form in _with_referred(order.formats, source):
        report_progress(f"writing {form.name}")
        folder = out / source.plan_id / form.name
        try:
            files[form.name] = tuple(_write(folder, WRITERS[form.name](source), digests, out))
        except (EnblocError, OSError, ValueError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            failed[form.name] = _words(error)
    _write_manifest(out, source, digests, failed)
    return Exported(source.plan_id, out, files, failed)


def _with_referred(formats: tuple[Format, ...], source: RunSource) -> tuple[Format, ...]:
    """The formats of an order, and those of ours that they refer to: a reference must not lead nowhere."""
    wanted = {form.name for form in formats}
    wanted |= {"dicom-seg"} if "dicom-sr" in wanted else set()
    refers = bool(wanted & {"dicom-seg", "dicom-rtstruct"})
    if refers and source.pieces is not None and find_series(source).origin == "derived":
        wanted |= {"dicom-ct"}
    return tuple(form for form in FORMATS.values() if form.name in wanted)


def exported_form(found: Exported) -> Json:
    """What was written and what was not, as JSON."""
    return {
        "plan": found.plan_id,
        "folder": str(found.out),
        "files": {name: [str(path) for path in paths] for name, paths in found.files.items()},
        "failed": dict(found.failed),
    }


def exported_lines(found: Exported) -> Iterator[tuple[str, str]]:
    """The same as text."""
    yield "bold", f"{found.plan_id}: {found.out}"
    for name, paths in found.files.items():
        shown = paths[0].name if len(paths) == 1 else f"{len(paths)} files"
        shown = shown if paths else "nothing to write: the case's own series is referred to"
        yield "", f"  {name}: {shown}"
    for name, reason in found.failed.items():
        yield "red", f"  {name} was not written: {reason}"


def _write(folder: Path, contents: Iterable[File], digests: dict[str, str], out: Path) -> Iterator[Path]:
    """Write a format's files into its folder, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in contents:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digests[path.relative_to(out).as_posix()] = hashlib.sha256(content).hexdigest()
        yield path


def _check_target(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise FileError("it is a file", where=str(out), remedy="Choose another --out.")
    if out.is_dir() and any(out.iterdir()) and _manifest(out) is None:
        raise FileError("it holds other files", where=str(out), remedy="Choose another --out, or empty it.")


def _manifest(out: Path) -> Json | None:
    try:
        content = json.loads((out / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("program") == "enbloc export" else None


def _write_manifest(out: Path, source: RunSource, digests: Mapping[str, str], failed: Mapping[str, str]) -> None:
    """Say what lies here; what an earlier export of the same folder wrote stays named while it is there."""
    earlier = _manifest(out) or {}
    kept = {name: digest for name, digest in earlier.get("files", {}).items() if (out / name).is_file()}
    plans = {**earlier.get("plans", {}), source.plan_id: source.digest}
    content = {
        "program": "enbloc export",
        "case": source.case_id,
        "plans": dict(sorted(plans.items())),
        "moment": source.moment.isoformat(timespec="seconds"),
        "files": dict(sorted({**kept, **digests}.items())),
        "failed": dict(failed),
        "note": "Decision support: a surgeon decides. Not for diagnosis.",
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / MANIFEST).write_text(json_text(content), "utf-8")
    except OSError as error:
        raise FileError(f"it cannot be written ({error})", where=str(out), remedy="Choose another --out.") from error


def _words(error: Exception) -> str:
    if isinstance(error, EnblocError):
        where = f"{error.where}: " if error.where else ""
        return f"{where}{error.says}. {error.remedy}".strip()
    return f"{type(error).__name__}: {error}"
