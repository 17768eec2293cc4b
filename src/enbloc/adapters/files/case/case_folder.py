"""A case folder, in and out: case.toml and the files that it names, all of them inside the folder."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import lazy_loader

from enbloc.adapters.files.case.case_form import CaseForm, read_form
from enbloc.adapters.files.case.labels import ending_of, names_file, read_labels, read_volume
from enbloc.adapters.files.case.source_files import read_source, source_path
from enbloc.adapters.files.dicom.limits import read_limits
from enbloc.adapters.files.images.placement import Images, place_on_ct
from enbloc.adapters.files.schemes.catalogue import DICOM_SCHEMES
from enbloc.errors import CaseError, FileError
from enbloc.foundation.space.grids import Volume
from enbloc.intake.case import Case, DicomSource, LabelFile, Problem

drawn = lazy_loader.load("enbloc.adapters.files.dicom.drawn", suppress_warning=True)
dicom_image = lazy_loader.load("enbloc.adapters.files.dicom.image", suppress_warning=True)
scanning = lazy_loader.load("enbloc.adapters.files.dicom.scan", suppress_warning=True)
"""These import pydicom, whose tables take longer than a typed case."""

CASE_FILE = "case.toml"
MOST_TOML_BYTES = 2**20
Progress = Callable[[str], None]


def read_case(folder: Path, report_progress: Progress) -> tuple[Case, tuple[Problem, ...]]:
    """Read a case folder.

    Parameters
    ----------
    folder : Path
    report_progress : callable
        Told, in a few words, what is being read.

    Returns
    -------
    case : Case
    problems : what was found doubtful while reading

    Raises
    ------
    FileError
        If a file is missing, damaged, or lies outside the folder.
    CaseError
        If case.toml says something that cannot be.
    TermError
        If a label scheme, a label or a structure is not known.
    """
    report_progress(f"reading {CASE_FILE}")
    form = _read_toml(folder)
    paths = {name: inside(folder, name) for name in _named_files(form)}
    ct: Volume | None = None
    problems: list[Problem] = []
    sources: dict[str, DicomSource] = {}
    if form.ct is not None:
        report_progress(f"reading {form.ct}")
        ct, source, found = _read_image(paths[form.ct], form.ct)
        problems += found
        sources |= {"ct": source} if source is not None else {}
    mr: Volume | None = None
    if form.mr is not None:
        report_progress(f"reading {form.mr}")
        mr, source, found = _read_image(paths[form.mr], form.mr, "MR")
        problems += found
        sources |= {"mr": source} if source is not None else {}
    label_files: dict[str, list[LabelFile]] = {"ct": [], "mr": []}
    alternatives: list[tuple[LabelFile, ...]] = []
    for entry in form.labels:
        report_progress(f"reading {entry.file}")
        if entry.scheme in DICOM_SCHEMES:
            drawn_on = mr if entry.on == "mr" else ct
            background = drawn.Background(drawn_on.grid if drawn_on is not None else None, sources.get(entry.on))
            files, found = drawn.read_drawn(paths[entry.file], entry, background, read_limits())
        else:
            files, found = read_labels(paths[entry.file], entry)
        if entry.alternative:
            alternatives.append(tuple(files))
        else:
            label_files[entry.on] += files
        problems += found
    if label_files["mr"]:
        report_progress("placing the labels of the MR")
    placed = place_on_ct(Images(ct, mr, sources), label_files["mr"], form.registration)
    case = Case(
        id=form.id,
        clinical=form.clinical,
        ct=ct,
        label_files=(*label_files["ct"], *placed.files),
        typed_extent=form.typed_extent,
        stated_findings=form.stated_findings,
        alternatives=tuple(alternatives),
        switches=form.switches,
        digests=_digests(folder, paths),
        sources=sources,
        placement_error=placed.error,
    )
    return case, tuple(dict.fromkeys((*problems, *placed.problems)))


def _read_image(path: Path, name: str, modality: str = "CT") -> tuple[Volume, DicomSource | None, tuple[Problem, ...]]:
    """An image from DICOM (a folder, or one multi-frame file) or from any other format."""
    if path.is_dir() or ending_of(name) == "":
        image, source = dicom_image.read_dicom_image(path, name, read_limits(), modality)
        return Volume(image.grid, image.values), source, image.problems
    volume, found = read_volume(path, name)
    return volume, read_source(source_path(path, ending_of(name))), found


def inside(folder: Path, name: str) -> Path:
    """The path of a file that case.toml names, proven to lie in the case folder.

    Raises
    ------
    FileError
        If it is missing, or the path or a link leaves the folder.
    """
    root = folder.resolve()
    path = root / name
    try:
        leaves = Path(name).is_absolute() or "\\" in name or not path.resolve().is_relative_to(root)
        there = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name too long, a null byte
        raise FileError(f"it is no usable path ({error})", where=name, remedy="Mend case.toml.") from error
    if leaves:
        raise FileError(
            f"it lies outside the case folder {folder}", where=name, remedy="Copy the file itself into the case folder."
        )
    if not there:
        raise FileError(
            f"there is no such file in {folder}", where=name, remedy="Put it into the case folder, or mend case.toml."
        )
    if path.is_dir():
        for child in path.iterdir():
            if not child.resolve().is_relative_to(root):
                inside(folder, f"{name}/{child.name}")
    return path


def _read_toml(folder: Path) -> CaseForm:
    if not folder.is_dir():
        raise FileError("there is no such case folder", where=str(folder), remedy="Name a folder that holds case.toml.")
    path = inside(folder, CASE_FILE)
    if not path.is_file() or path.stat().st_size > MOST_TOML_BYTES:
        raise FileError("it is no ordinary file", where=CASE_FILE, remedy="Write it anew.")
    try:
        content = tomllib.loads(path.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CaseError(f"it is not valid TOML: {error}", where=CASE_FILE, remedy="Mend that line.") from error
    return read_form(content)


def _named_files(form: CaseForm) -> Iterator[str]:
    yield from (image for image in (form.ct, form.mr) if image is not None)
    yield from (entry.file for entry in form.labels)


def _digests(folder: Path, paths: dict[str, Path]) -> dict[str, str]:
    """sha256 of every file that was read, by its name in the folder, sorted."""
    root = folder.resolve()
    files, limits = {root / CASE_FILE}, read_limits()
    for path in paths.values():
        beside = names_file(path)
        files |= {beside} if beside is not None else set()
        source = source_path(path, ending_of(path.name))
        files |= {source} if source.is_file() else set()
        files |= set(scanning.scan(path, limits).files) | _images_in(path) if path.is_dir() else {path}
    return {path.relative_to(root).as_posix(): digest(path) for path in sorted(files)}


def _images_in(folder: Path) -> set[Path]:
    return {child for child in folder.iterdir() if ending_of(child.name)}


def digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
