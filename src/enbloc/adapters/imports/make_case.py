"""A case folder from a series: the image, its DICOM source, what was drawn on it, and a case.toml to fill in."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from enbloc.adapters.files.case.case_folder import CASE_FILE
from enbloc.adapters.files.case.intake_forms import source_form
from enbloc.adapters.files.dicom.files import UNREADABLE, first_line, read_whole
from enbloc.adapters.files.dicom.geometry import Refused
from enbloc.adapters.files.dicom.image import read_series
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.objects import OtherObject
from enbloc.adapters.files.dicom.series import Listing, Progress, Series
from enbloc.adapters.files.images.nifti import nifti_bytes
from enbloc.adapters.files.json_files import json_text
from enbloc.adapters.imports.deidentify import Disguise, deidentified
from enbloc.adapters.imports.keys import Keys, new_keys, pseudonym_of, read_keys, write_keys
from enbloc.errors import CallError, FileError
from enbloc.intake.case import Problem

_OBJECT_FILES = {"dicom-seg": "seg", "rtstruct": "rtstruct"}


@attrs.frozen
class Wish:
    """What the user asks of an import.

    Parameters
    ----------
    out : Path
        The case folder to make.
    series : int or None
        Its number in the list; None takes the proposed one.
    deidentify : bool
        Keep the image as de-identified DICOM with new UIDs, instead of NIfTI with the UIDs of the PACS.
    keys : Path or None
        The user's key file.
    """

    out: Path
    series: int | None = None
    deidentify: bool = False
    keys: Path | None = None


def make_case(listing: Listing, wish: Wish, limits: Limits, report_progress: Progress) -> tuple[Problem, ...]:
    """Make a case folder, at once or not at all.

    Returns
    -------
    problems : what was found doubtful in the series

    Raises
    ------
    CallError
        If there is no series of that number.
    FileError
        If the series is no volume, its pixels are damaged, or the folder cannot be written.
    """
    series = chosen(listing, wish.series)
    _check_wish(wish)
    keys = read_keys(wish.keys) if wish.keys is not None else new_keys()
    pseudonym, keys = _pseudonym(series, wish, keys)
    disguise = Disguise(pseudonym, keys.secret if wish.deidentify else None)
    staging = wish.out.resolve().with_name(f".{wish.out.resolve().name}.{os.getpid()}.partial")
    try:
        staging.mkdir(parents=True)
        image, problems = _write_image(series, staging, disguise, limits, report_progress)
        labels = _write_objects(_belonging(listing.others, series), staging, disguise, limits)
        lines = _toml(pseudonym, image, labels, series.texts["Modality"] or "CT")
        (staging / CASE_FILE).write_text("\n".join(lines), "utf-8")
        if wish.out.exists():
            wish.out.rmdir()
        staging.rename(wish.out.resolve())
    except OSError as error:
        raise FileError(
            f"it cannot be written ({error})", where=str(wish.out), remedy="Choose another --out."
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    if wish.keys is not None:
        write_keys(keys, wish.keys)
    return problems


def chosen(listing: Listing, number: int | None) -> Series:
    """The series of that number, or the proposed one.

    Raises
    ------
    CallError, FileError
        If there is none, or it is no volume.
    """
    if number is None:
        if listing.proposed is None:
            reasons = [f"{one.number}: {one.found.says}" for one in listing.series if isinstance(one.found, Refused)]
            reasons += [f"{problem.where}: {problem.says.rstrip('.')}" for problem in listing.problems]
            why = "; ".join(reasons[:6]) or "no CT image was found"
            raise FileError(f"no series can be planned on ({why})", remedy="Name one with --series if you know better.")
        number = listing.proposed
    found = next((one for one in listing.series if one.number == number), None)
    if found is None:
        raise CallError(f"there is no series {number}", remedy=f"The list has {len(listing.series)}.")
    if isinstance(found.found, Refused):
        raise FileError(found.found.says, where=f"series {number}", remedy=found.found.remedy)
    return found


def _pseudonym(series: Series, wish: Wish, keys: Keys) -> tuple[str, Keys]:
    if wish.deidentify or wish.keys is not None:
        return pseudonym_of(keys, series.texts["PatientID"])
    seed = series.texts["SeriesInstanceUID"] or "".join(str(frame.position_mm) for frame in series.files[0].frames)
    return f"case-{hashlib.sha256(seed.encode()).hexdigest()[:8]}", keys


def check_out(out: Path) -> None:
    """Refuse a place that is taken.

    Raises
    ------
    FileError
        If something is there already, but for an empty folder.
    """
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise FileError("it is there already", where=str(out), remedy="Choose another --out, or empty it.")


def _check_wish(wish: Wish) -> None:
    out = wish.out
    check_out(out)
    if wish.keys is not None and wish.keys.resolve().is_relative_to(out.resolve()):
        raise CallError("the key file must not lie in the case folder", where="--keys", remedy="Keep it elsewhere.")


def _write_image(
    series: Series, folder: Path, disguise: Disguise, limits: Limits, report_progress: Progress
) -> tuple[str, tuple[Problem, ...]]:
    """The image as NIfTI with its source beside, or as de-identified DICOM; its name in case.toml."""
    word = "mr" if series.texts["Modality"] == "MR" else "ct"
    report_progress(f"reading {sum(len(file.frames) for file in series.files)} slices")
    image, source = read_series(series, f"{word}.nii.gz", limits)
    if disguise.secret is None:
        (folder / f"{word}.nii.gz").write_bytes(nifti_bytes(image.values, image.grid))
        (folder / f"{word}.dicom.json").write_text(json_text(source_form(source)), "utf-8")
        return f"{word}.nii.gz", image.problems
    (folder / word).mkdir()
    report_progress(f"removing the identity from {len(series.files)} files")
    for number, file in enumerate(series.files, start=1):
        _save(file.path, file.name, folder / word / f"{number:05d}.dcm", disguise, limits)
    return word, image.problems


def _save(source: Path, name: str, target: Path, disguise: Disguise, limits: Limits) -> None:
    header, _ = read_whole(source, name, limits)
    try:
        deidentified(header, disguise).save_as(target, enforce_file_format=False)
    except UNREADABLE as error:
        raise FileError(
            f"it cannot be rewritten ({first_line(error)})", where=name, remedy="Export it again."
        ) from error


def _belonging(others: Sequence[OtherObject], series: Series) -> list[OtherObject]:
    """Objects drawn on this series, or at least in its frame of reference."""
    uid, frame = series.texts["SeriesInstanceUID"], series.texts["FrameOfReferenceUID"]
    return [
        one for one in others if (uid and uid in one.series_uids) or (frame and frame in one.frame_of_reference_uids)
    ]


def _write_objects(
    objects: Sequence[OtherObject], folder: Path, disguise: Disguise, limits: Limits
) -> list[tuple[str, OtherObject]]:
    written: list[tuple[str, OtherObject]] = []
    for one in objects:
        stem = _OBJECT_FILES[one.scheme]
        count = sum(other.scheme == one.scheme for _, other in written)
        name = f"{stem}.dcm" if count == 0 else f"{stem}_{count + 1}.dcm"
        _save(one.path, one.path.name, folder / name, disguise, limits)
        written.append((name, one))
    return written


def _toml(pseudonym: str, image: str, labels: list[tuple[str, OtherObject]], modality: str) -> Iterator[str]:
    quoted: Any = json.dumps
    yield "[case]"
    yield f"id = {quoted(pseudonym, ensure_ascii=False)}"
    yield 'side_convention = "patient"'
    yield from ("", "[images]", f"{'mr' if modality == 'MR' else 'ct'} = {quoted(image)}")
    for name, one in labels:
        yield from ("", "[[labels]]", f"file = {quoted(name)}", f"scheme = {quoted(one.scheme)}")
    if not labels:
        yield from ("", *(_LABELS_TO_FILL.splitlines()))
    yield from ("", *(CLINICAL_TO_FILL.splitlines()), "")


_LABELS_TO_FILL = """# Add what was drawn on the image, one table for each file:
# [[labels]]
# file = "labels.nii.gz"
# scheme = "totalsegmentator"
# [[labels]]
# file = "tumour.nii.gz"
# structure = "tumour\""""
CLINICAL_TO_FILL = """[clinical]
# What is missing is unknown, never assumed. `enbloc terms histology` lists the words.
# histology = "chordoma"
# biopsy_confirmed = true
# grade = "low"
# metastases = "none"
# age_years = 54
# neurology = "E\""""
