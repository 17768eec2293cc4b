"""Series as a person would list them: what hangs together, what it shows, whether it is a volume, and which to plan on.

Strategy. Files are gathered by their series (by folder, number and description where the UIDs are blank), then parted
by what makes two images in one place differ: size, plane, spacing, kernel, kind, and, where two slices share a place,
by echo, phase, acquisition or time. Each part is arranged into a stack or refused with its reason.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import attrs

from enbloc.adapters.files.dicom.files import open_bytes
from enbloc.adapters.files.dicom.frames import Frame, ImageFile, read_file
from enbloc.adapters.files.dicom.geometry import Refused, Stack, arrange
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.objects import KINDS, OtherObject, other_object
from enbloc.adapters.files.dicom.outline import outline
from enbloc.errors import FileError
from enbloc.intake.case import Problem

Progress = Callable[[str], None]
Pairs = list[tuple[ImageFile, Frame]]
Part = tuple[tuple[ImageFile, ...], list[Frame], tuple[str, int]]
"""Files, frames, and what tells the part from others with the number of slices that were there twice."""
IMAGE_MODALITIES = frozenset({"CT", "MR"})
_NOT_AXIAL = frozenset({"LOCALIZER", "SCOUT"})
_RENDERED = frozenset({"MIP", "MINIP", "PROJECTION IMAGE", "VOLUME RENDERING", "CSAMIP", "MPR_THICK"})
THIN_MM = 1.5
THICK_MM = 3.0


@attrs.frozen(eq=False)
class Series:
    """One volume, or what was meant as one.

    Parameters
    ----------
    number : int
        Its place in the list, from 1.
    texts : mapping of str to str
        What the first file says of itself.
    files : tuple of ImageFile
    found : Stack or Refused
    part : str
        What tells it from other parts of the same series; empty when the series is one.
    notes : tuple of str
    """

    number: int
    texts: dict[str, str]
    files: tuple[ImageFile, ...]
    found: Stack | Refused
    part: str = ""
    notes: tuple[str, ...] = ()


@attrs.frozen(eq=False)
class Listing:
    """What a place holds: series, segmentations and structure sets, and problems with the rest."""

    series: tuple[Series, ...]
    others: tuple[OtherObject, ...]
    problems: tuple[Problem, ...]
    proposed: int | None = None


def list_series(
    files: Sequence[Path], root: Path, limits: Limits, report_progress: Progress = lambda _: None
) -> Listing:
    """Read the headers of all files and gather them into series.

    A file that cannot be read becomes a problem, never an end; a series of which a slice could not be read says so.
    """
    images: list[ImageFile] = []
    others: list[OtherObject] = []
    unread: list[FileError] = []
    for count, path in enumerate(files):
        if count % 100 == 0:
            report_progress(f"reading headers, {count} of {len(files)}")
        name = os.path.relpath(path, root)
        try:
            header, file = read_file(path, name, limits)
        except FileError as error:
            unread.append(error)
            continue
        if file.texts["SOPClassUID"] in KINDS:
            others.append(other_object(header, file))
        elif file.frames and (file.texts["Modality"] in IMAGE_MODALITIES or not file.texts["Modality"]):
            images.append(file)
    parts = [part for group in _gathered(images) for part in _parted(group, limits)]
    found = [_series(files_of, frames, words) for files_of, frames, words in parts]
    found.sort(key=_order)
    listed = tuple(attrs.evolve(one, number=number) for number, one in enumerate(found, start=1))
    return Listing(listed, tuple(others), tuple(_unread_problems(unread)), propose(listed))


def propose(series: Iterable[Series]) -> int | None:
    """The number of the series to plan on: a CT volume, not rendered, thin, long; None when there is none."""
    fit = [one for one in series if isinstance(one.found, Stack) and one.texts["Modality"] in ("CT", "")]
    return min(fit, key=_preference).number if fit else None


def length_mm(stack: Stack) -> float:
    """How far the slices reach along their normal."""
    return float(stack.heights_mm[-1]) + stack.step_mm


def _preference(one: Series) -> tuple[float, ...]:
    assert isinstance(one.found, Stack)  # noqa: S101 - `propose` asks of stacks only
    step = one.found.step_mm
    kinds = set(one.texts["ImageType"].upper().split("\\"))
    coarse = 0 if step <= THIN_MM else 1 if step <= THICK_MM else 2
    return (
        bool(kinds & _RENDERED),
        "DERIVED" in kinds,
        bool(one.found.repairs),
        coarse,
        -round(length_mm(one.found)),
        step,
        one.number,
    )


def _gathered(images: Iterable[ImageFile]) -> list[list[ImageFile]]:
    groups: dict[tuple[str, ...], list[ImageFile]] = defaultdict(list)
    for file in images:
        texts = file.texts
        uid = texts["SeriesInstanceUID"]
        blank = (texts["FrameOfReferenceUID"], texts["SeriesNumber"], texts["SeriesDescription"], str(file.path.parent))
        groups[(uid,) if uid else ("", *blank)].append(file)
    return [groups[key] for key in sorted(groups)]


def _parted(files: list[ImageFile], limits: Limits) -> Iterable[Part]:
    """Parts of one series: same plane, size, spacing and kernel first; then by phase where slices share a place."""
    groups: dict[tuple[object, ...], list[tuple[ImageFile, Frame]]] = defaultdict(list)
    for file in files:
        kind = "localizer" if _NOT_AXIAL & set(file.texts["ImageType"].upper().split("\\")) else ""
        alike = (kind, file.texts["ConvolutionKernel"], file.rows, file.columns)
        for frame in file.frames:
            plane = tuple(round(c, 3) + 0.0 for c in (*(frame.row or ()), *(frame.column or ())))
            spacing = tuple(round(s, 4) for s in frame.spacing_mm or ())
            groups[(*alike, plane, spacing)].append((file, frame))
    several = len(groups) > 1
    for key in sorted(groups, key=str):
        words = [str(key[0]), f"kernel {key[1]}" if key[1] else "", f"{key[3]}x{key[2]}"] if several else []
        phases = _phases(groups[key], limits)
        doubles_n = len(groups[key]) - sum(len(pairs) for _, pairs in phases)
        for phase, pairs in phases:
            part = ", ".join(word for word in (*words, phase) if word)
            yield tuple(dict.fromkeys(file for file, _ in pairs)), [frame for _, frame in pairs], (part, doubles_n)


def _phases(pairs: Pairs, limits: Limits) -> list[tuple[str, Pairs]]:
    """Split frames that share places by the first header value that leaves no two of one phase in one place."""
    pairs = _without_doubles(pairs, limits)
    if _unique(pairs):
        return [("", pairs)]
    for name in dict.fromkeys(name for _, frame in pairs for name, _ in frame.phases):
        split: dict[str, Pairs] = defaultdict(list)
        for file, frame in pairs:
            split[dict(frame.phases).get(name, "")].append((file, frame))
        if 1 < len(split) < len(pairs) and all(_unique(part) for part in split.values()):
            return [(f"{name} {value}", split[value]) for value in sorted(split)]
    return [("", pairs)]


def _unique(pairs: Pairs) -> bool:
    places = [frame.position_mm for _, frame in pairs]
    return len(set(places)) == len(places)


def _without_doubles(pairs: Pairs, limits: Limits) -> Pairs:
    """Frames without those that are there twice: the same instance, or the same place and the same bytes."""
    kept: dict[tuple[object, ...], tuple[ImageFile, Frame]] = {}
    by_place: dict[object, list[tuple[ImageFile, Frame]]] = defaultdict(list)
    for file, frame in pairs:
        by_place[frame.position_mm].append((file, frame))
    for place, same in by_place.items():
        for file, frame in same:
            alone = len(same) == 1 or place is None or len(file.frames) > 1
            key = (place, frame.number, file.path) if alone else (place, _pixel_digest(file.path, limits))
            kept.setdefault(key, (file, frame))
    return list(kept.values())


def _pixel_digest(path: Path, limits: Limits) -> str:
    """A digest of the pixels of a file as stored: copies of one slice share it, whatever their UIDs."""
    found = outline(open_bytes(path, path.name, limits), path.name, limits)
    start, stop = found.pixels or (0, 0)
    return hashlib.sha256(found.data[start:stop]).hexdigest()


def _series(files: tuple[ImageFile, ...], frames: list[Frame], told: tuple[str, int]) -> Series:
    part, doubles_n = told
    texts = dict(files[0].texts)
    found: Stack | Refused = arrange(frames)
    if texts["PhotometricInterpretation"] not in ("MONOCHROME1", "MONOCHROME2", ""):
        found = Refused("it is a colour picture, not an image of the patient", "Name another series.")
    if "localizer" in part or _NOT_AXIAL & set(texts["ImageType"].upper().split("\\")):
        found = Refused("it is a localizer, not a volume", "Name another series.")
    patients = {file.texts["PatientID"] for file in files}
    if len(patients) > 1:
        found = Refused("its files belong to different patients", "Export the series again.")
    frames_of_reference = {file.texts["FrameOfReferenceUID"] for file in files}
    if len(frames_of_reference) > 1:
        found = Refused("its files lie in different frames of reference", "Export the series again.")
    doubles = (f"{doubles_n} slices are there twice.",) if doubles_n else ()
    return Series(0, texts, files, found, part, (*_notes(texts, frames, found), *doubles))


def _notes(texts: dict[str, str], frames: list[Frame], found: Stack | Refused) -> Iterable[str]:
    if isinstance(found, Stack):
        yield from found.repairs
        yield from found.notes
        if texts["Modality"] in ("CT", "") and any(frame.intercept is None for frame in frames):
            yield "It does not say how its values become Hounsfield units; they are taken as they are."
    if not texts["Modality"]:
        yield "It does not say its modality; it is taken for a CT."
    blank = [key for key in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID") if not texts[key]]
    if blank:
        yield f"Blank in its files: {', '.join(blank)}."
    if not all(frame.instance_uid for frame in frames):
        yield "Its slices have no SOP Instance UID: results cannot name them in a PACS."
    if texts["LossyImageCompression"] == "01":
        yield "It was compressed with loss."
    if texts["BurnedInAnnotation"].upper() == "YES":
        yield "Annotations are burned into its pixels: a name may stand there."
    position = texts["PatientPosition"]
    if position and position not in ("HFS", "FFS"):
        yield f"The patient lay {_POSITIONS.get(position, position)}."


_POSITIONS = {
    "HFP": "prone, head first",
    "FFP": "prone, feet first",
    "HFDR": "on the right side, head first",
    "FFDR": "on the right side, feet first",
    "HFDL": "on the left side, head first",
    "FFDL": "on the left side, feet first",
}


def _order(one: Series) -> tuple[object, ...]:
    texts = one.texts
    number = int(texts["SeriesNumber"]) if texts["SeriesNumber"].lstrip("-").isdecimal() else 0
    date = texts["SeriesDate"] or texts["StudyDate"]
    return date, texts["StudyInstanceUID"], number, texts["SeriesInstanceUID"], one.part, str(one.files[0].path)


def _unread_problems(unread: list[FileError]) -> Iterable[Problem]:
    reasons: dict[str, list[FileError]] = defaultdict(list)
    for error in unread:
        reasons[error.says].append(error)
    for says, errors in sorted(reasons.items()):
        no_dicom = says == "it is not a DICOM file"
        names = ", ".join(error.where for error in errors[:3]) + (" …" if len(errors) > 3 else "")
        text = f"{len(errors)} file{'s' if len(errors) > 1 else ''} left out: {says}."
        yield Problem("note" if no_dicom else "doubt", names, text, errors[0].remedy)
