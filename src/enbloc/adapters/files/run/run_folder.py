"""The run folder: everything that one walk found, written at once or not at all.

All files are written into a sibling folder first; when the last one is complete it takes the place of the old run. A
crash or a full disc leaves the old run as it was. Only `record.json` knows the time and the versions, so that the same
case and settings give the same bytes everywhere else.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from enbloc import __version__
from enbloc.adapters.files.case.intake_forms import intake_form
from enbloc.adapters.files.images.nifti import nifti_bytes
from enbloc.adapters.files.json_files import Json, json_text, to_plain
from enbloc.adapters.files.run.meshes import glb_bytes, stl_bytes
from enbloc.adapters.files.run.record_forms import STEP_FORMS, cut_form
from enbloc.anatomy.scene import PARTS, Scene
from enbloc.anatomy.subparts.names import SUBPARTS
from enbloc.errors import FileError
from enbloc.resection.plans import Plan
from enbloc.resection.specimen.solids import Refused, Solid, build_remainder, build_solid, build_specimen
from enbloc.settings import Settings
from enbloc.walk import Record

INTAKE_FILE = "1-intake.json"
REPORT_FILE = "6-report.html"
RECORD_FILE = "record.json"
PROGRAM = "enbloc"
_LIBRARIES = ("numpy", "scipy", "nibabel", "SimpleITK", "scikit-image", "trimesh", "edt", "connected-components-3d")
_COLOURS = {
    "specimen": (214, 160, 60, 150),
    "tumour": (178, 34, 52, 255),
    "remainder": (226, 220, 200, 255),
}


def write_run(
    record: Record, out: Path, report: Mapping[str, bytes], force: bool = False, case_folder: Path | None = None
) -> tuple[Path, ...]:
    """Write a run folder.

    Parameters
    ----------
    record : Record
    out : Path
        The folder; a run of the same case that lies there is replaced.
    report : mapping of name to bytes
        The report's files.
    force : bool
        Also replace the run of another case.
    case_folder : Path or None
        Where the case was read; the record remembers it, so that an export finds the images again.

    Returns
    -------
    paths : of the files written, relative to `out`

    Raises
    ------
    FileError
        If `out` is something other than a run folder, or cannot be written.
    """
    check_target(out, record.case.id, force)
    target = out.resolve()
    staging = target.with_name(f".{target.name}.{os.getpid()}.partial")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    written: dict[str, str] = {}
    try:
        staging.mkdir(parents=True)
        for name, content in _contents(record, report):
            path = staging / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written[name] = hashlib.sha256(content).hexdigest()
        where = _seen_from(case_folder, target) if case_folder is not None else None
        (staging / RECORD_FILE).write_text(json_text(record_form(record, written, where)), "utf-8")
        if target.exists():
            target.rename(old)
        staging.rename(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        raise FileError(f"it cannot be written ({error})", where=str(out), remedy="Choose another --out.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return tuple(Path(name) for name in (*written, RECORD_FILE))


def check_target(out: Path, case_id: str, force: bool = False) -> None:
    """Refuse to write over anything but an empty folder or a run of the same case.

    Raises
    ------
    FileError
        With what lies there and what to do.
    """
    found = check_is_run_or_free(out)
    if found is not None and found.get("case") != case_id and not force:
        raise FileError(
            f"it holds the run of another case, '{found.get('case')}'",
            where=str(out),
            remedy="Choose another --out, or give --force.",
        )


def check_is_run_or_free(out: Path) -> Json | None:
    """The record of the run that lies there, or None when nothing does.

    Raises
    ------
    FileError
        If something else lies there.
    """
    if out.is_symlink() and not out.exists():
        raise FileError("it is a broken link", where=str(out), remedy="Choose another --out.")
    if not out.exists():
        return None
    if not out.is_dir():
        raise FileError("it is a file, and a run is a folder", where=str(out), remedy="Choose another --out.")
    found = read_record(out)
    if found is None and any(out.iterdir()):
        raise FileError(
            "it is not a run folder and holds other files", where=str(out), remedy="Choose another --out, or empty it."
        )
    return found


def read_record(folder: Path) -> Json | None:
    """The content of ``record.json``, or None when the folder is no run."""
    try:
        content = json.loads((folder / RECORD_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    is_run = isinstance(content, dict) and isinstance(content.get("program"), dict)
    return content if is_run and content["program"].get("name") == PROGRAM else None


def find_report(folder: Path) -> Path:
    """The report of a run, as an absolute path.

    Raises
    ------
    FileError
        If the folder is no run, or has no report.
    """
    if read_record(folder) is None:
        raise FileError("it is not a run folder", where=str(folder), remedy="Make one: `enbloc plan CASE --out RUN`.")
    path = (folder / REPORT_FILE).resolve()
    if not path.is_file():
        raise FileError(f"it has no {REPORT_FILE}", where=str(folder), remedy="Plan the case again.")
    return path


def settings_form(settings: Settings) -> Json:
    """The settings with the digest that names them."""
    plain: Json = to_plain(settings)
    return {"values": plain, "sha256": hashlib.sha256(json_text(plain).encode()).hexdigest()}


def record_form(record: Record, outputs: Mapping[str, str], case_folder: str | None = None) -> Json:
    """``record.json``: digests, settings, versions, time, and the seed of the draws of execution error.

    `case_folder` is the way from the run folder to the case folder.
    """
    return {
        "program": {"name": PROGRAM, "version": __version__},
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "case": record.case.id,
        "case_folder": case_folder,
        "stopped": record.stopped,
        "inputs": dict(record.case.digests),
        "settings": settings_form(record.settings),
        "seed": record.settings.resection.error_seed,
        "outputs": dict(sorted(outputs.items())),
    }


def _seen_from(case_folder: Path, run: Path) -> str:
    """The way from the run to the case: it still holds when both are moved together, and names no home folder."""
    try:
        return Path(os.path.relpath(case_folder.resolve(), run)).as_posix()
    except ValueError:  # on another drive
        return str(case_folder.resolve())


def _contents(record: Record, report: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    yield INTAKE_FILE, json_text(intake_form(record.case, record.problems)).encode()
    yield from report.items()
    if record.stopped:
        return
    for name, form in STEP_FORMS.items():
        yield name, json_text(form(record)).encode()
    if record.scene is not None:
        yield from _scene_files(record.scene)
        tumour = build_solid(record.scene.grid, record.scene.tumour)
        for plan in record.plans:
            yield from _plan_files(plan, record.scene, tumour)


def _scene_files(scene: Scene) -> Iterator[tuple[str, bytes]]:
    yield "scene/tumour.nii.gz", nifti_bytes(scene.tumour, scene.grid)
    yield "scene/structures.nii.gz", nifti_bytes(scene.structures.values, scene.grid)
    yield "scene/canal.nii.gz", nifti_bytes(scene.canal, scene.grid)
    yield "scene/parts.nii.gz", nifti_bytes(scene.parts, scene.grid)
    if scene.subparts is not None:
        yield "scene/named_parts.nii.gz", nifti_bytes(scene.subparts, scene.grid)
    names = {
        "structures.nii.gz": {str(number): name for number, name in sorted(scene.structures.names.items())},
        "parts.nii.gz": {str(number): name for number, name in enumerate(PARTS)},
        "named_parts.nii.gz": {str(number): name for number, name in enumerate(SUBPARTS)},
    }
    yield "scene/names.json", json_text(names).encode()


def _plan_files(plan: Plan, scene: Scene, tumour: Solid | Refused) -> Iterator[tuple[str, bytes]]:
    folder = f"plan/{plan.id}"
    geometry = plan.geometry
    left_out: dict[str, str] = {}
    if geometry is not None:
        yield f"{folder}/specimen.nii.gz", nifti_bytes(geometry.specimen, scene.grid)
        yield f"{folder}/remainder.nii.gz", nifti_bytes(geometry.remainder, scene.grid)
        solids = {
            "specimen": build_specimen(scene, geometry, plan.cuts),
            "tumour": tumour,
            "remainder": build_remainder(scene, geometry, plan.cuts),
        }
        for name in ("specimen", "remainder"):
            stl, reason = stl_bytes(solids[name])
            if stl is not None:
                yield f"{folder}/{name}.stl", stl
            else:
                left_out[f"{name}.stl"] = reason
        glb = glb_bytes(solids, _COLOURS)
        if glb is not None:
            yield f"{folder}/scene.glb", glb
    content = {
        "plan": plan.id,
        "frame": "patient LPS, mm",
        "cuts": [cut_form(cut) for cut in plan.cuts],
        "left_out": left_out,
    }
    yield f"{folder}/cuts.json", json_text(content).encode()
