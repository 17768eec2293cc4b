"""DICOM segmentations: binary, fractional and label maps, as label images on a grid of their own.

Strategy. The outline of the file gives, for every frame, its segment and its place without building the hundred
thousand items in memory; the pixels are read frame by frame from the mapped file. All segments go into one label image;
a segment that overlaps an earlier one gets an image of its own, cropped to what it fills, so that none loses a voxel.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from pydicom.pixels import pixel_array

from enbloc.adapters.files.case.labels import present_numbers
from enbloc.adapters.files.dicom.codes import coded_structure, side_of
from enbloc.adapters.files.dicom.files import UNREADABLE, first_line, plain_text, read_header, read_whole
from enbloc.adapters.files.dicom.frames import decimal_parts, numbers, whole
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.outline import EXPLICIT_BIG, Outline
from enbloc.adapters.files.dicom.planes import Planes, build_planes
from enbloc.adapters.files.images.canonical import RawImage, as_labels, canonical, check_size
from enbloc.errors import FileError, TermError
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.structures import parse_structure
from enbloc.intake.case import Problem

SEGMENT, POSITION, ORIENTATION = 0x0062000B, 0x00200032, 0x00200037
HALF = 0.5
"""A voxel of a fractional segmentation belongs to the segment from half of the greatest value on. Ours."""
_REMEDY = "Export the segmentation again, for example from 3D Slicer."
Patch = tuple[int, int, NDArray[np.integer]]
"""First row, first column, and the values from there on: the box of a frame that is filled."""
PatchReader = Callable[[int], Patch | None]


@attrs.frozen(eq=False)
class Drawn:
    """What was drawn on an image: label images, and where they belong.

    Parameters
    ----------
    images : tuple of RawImage
        With what the file says its numbers mean; a second choice of name may follow a ``|``.
    frame_of_reference_uid : str or None
    series_uids : tuple of str
        Of the images that it was drawn on.
    """

    images: tuple[RawImage, ...]
    frame_of_reference_uid: str | None
    series_uids: tuple[str, ...]


def read_segmentation(path: Path, name: str, limits: Limits) -> Drawn:
    """Read a DICOM segmentation.

    Raises
    ------
    FileError
        If it is damaged, has no place in the patient, or exceeds a limit.
    """
    header, found = read_header(path, name, limits, frozenset({SEGMENT, POSITION, ORIENTATION}), skip_frames=True)
    try:
        return _read(header, found, path, name, limits)
    except UNREADABLE as error:
        raise FileError(f"it makes no sense ({first_line(error)})", where=name, remedy=_REMEDY) from error


def _read(header: Any, found: Outline, path: Path, name: str, limits: Limits) -> Drawn:
    count = whole(header, "NumberOfFrames") or 1
    rows, columns = whole(header, "Rows"), whole(header, "Columns")
    if not 0 < count <= limits.most_frames or rows < 1 or columns < 1 or "SegmentSequence" not in header:
        raise FileError("it is no segmentation of an image", where=name, remedy=_REMEDY)
    kind = str(header.get("SegmentationType", "")).upper()
    planes = _planes(header, found, count, name)
    shape = (planes.count, rows + planes.extra[1], columns + planes.extra[0])
    check_size(shape[::-1], 2, name)
    read_patch = _patch_reader(header, found, path, name, limits)
    if kind == "LABELMAP":
        images = _label_map(read_patch, planes, shape, name)
    elif kind in ("BINARY", "FRACTIONAL"):
        images = _layers(
            read_patch, planes, shape, _in_order(header, _segment_of_frames(header, found, count, name)), name
        )
    else:
        raise FileError(f"its type '{plain_text(kind)}' is not known", where=name, remedy=_REMEDY)
    names = {whole(item, "SegmentNumber"): segment_name(item) for item in header.SegmentSequence}
    problems = [*planes.problems(name), *_fraction_problems(kind, name)]
    named = tuple(attrs.evolve(image, names=_present(names, image), problems=tuple(problems)) for image in images)
    series = {str(item.get("SeriesInstanceUID", "")) for item in header.get("ReferencedSeriesSequence") or ()}
    frame = str(header.get("FrameOfReferenceUID") or "") or None
    return Drawn(named, frame, tuple(sorted(series - {""})))


def segment_name(item: Any) -> str:
    """What a segment is called: its label, then what its code says; both as one unknown word where they contradict."""
    label = plain_text(item.get("SegmentLabel"))
    coded = coded_structure(item)
    kinds = item.get("SegmentedPropertyTypeCodeSequence") or ()
    meaning = plain_text(kinds[0].get("CodeMeaning")) if kinds else ""
    try:
        said = parse_structure(label)
    except TermError:
        said = None
    if coded is not None and said is not None and coded != said:
        return f"{label}, coded as {meaning},".replace("|", " ")
    side = side_of(kinds[0]) if kinds else ""
    regions = item.get("AnatomicRegionSequence") or ()
    region = plain_text(regions[0].get("CodeMeaning")) if regions and meaning.lower() == "bone" else ""
    choices = (label, coded or "", f"{meaning} {side}".strip(), region)
    return "|".join(choice.replace("|", " ") for choice in choices if choice) or "nameless"


def _in_order(header: Any, segments: NDArray[np.int64]) -> dict[int, list[int]]:
    """The frames of each segment, the spine first: its levels leave each other room and must come in one image."""
    spine = {whole(item, "SegmentNumber") for item in header.SegmentSequence if _is_spine(segment_name(item))}
    frames_of: dict[int, list[int]] = defaultdict(list)
    for frame, number in enumerate(segments.tolist()):
        frames_of[number].append(frame)
    return {number: frames_of[number] for number in sorted(frames_of, key=lambda n: (n not in spine, n))}


def _is_spine(name: str) -> bool:
    for choice in name.split("|"):
        with suppress(TermError):
            return parse_structure(choice).startswith(("vertebra_", "sacrum"))
    return False


def _present(names: Mapping[int, str], image: RawImage) -> dict[int, str]:
    there = set(present_numbers(as_labels(image)))
    return {number: names[number] for number in names if number in there}


def _segment_of_frames(header: Any, found: Outline, count: int, name: str) -> NDArray[np.int64]:
    known = {whole(item, "SegmentNumber") for item in header.SegmentSequence}
    order = "<H" if found.transfer_syntax != EXPLICIT_BIG else ">H"
    segments = np.zeros(count, np.int64)
    for frame, start, stop in found.frames[SEGMENT]:
        if frame < count and stop - start == 2:
            segments[frame] = struct.unpack(order, found.data[start:stop])[0]
    for shared in (header.get("SharedFunctionalGroupsSequence") or ())[:1]:
        for item in (shared.get("SegmentIdentificationSequence") or ())[:1]:
            segments[segments == 0] = whole(item, "ReferencedSegmentNumber")
    if not set(segments.tolist()) <= known or min(known, default=0) < 1 or max(known) > 65535:
        raise FileError("its frames name segments that it does not describe", where=name, remedy=_REMEDY)
    return segments


def _planes(header: Any, found: Outline, count: int, name: str) -> Planes:
    """Where the frames lie: from the frames, or from what they share."""
    shared = (header.get("SharedFunctionalGroupsSequence") or (None,))[0]
    measures = ((shared.get("PixelMeasuresSequence") if shared is not None else None) or (None,))[0]
    spacing = numbers(measures.get("PixelSpacing"), 2) if measures is not None else None
    cosines = _values(
        found, ORIENTATION, count, 6, _shared(shared, "PlaneOrientationSequence", "ImageOrientationPatient")
    )
    places = _values(found, POSITION, count, 3, _shared(shared, "PlanePositionSequence", "ImagePositionPatient"))
    if measures is None or spacing is None or cosines is None or places is None:
        raise FileError("it does not say where it lies in the patient", where=name, remedy=_REMEDY)
    stated = [measures.get(key) for key in ("SpacingBetweenSlices", "SliceThickness")]
    steps = [abs(float(value)) for value in stated if value not in (None, "")]
    return build_planes(places, cosines, (spacing[0], spacing[1]), steps, name)


def _shared(shared: Any, macro: str, key: str) -> Any:
    items = shared.get(macro) if shared is not None else None
    return items[0].get(key) if items else None


def _values(found: Outline, tag: int, count: int, size: int, shared: Any) -> Floats | None:
    """(count, size) values of all frames, those that a frame leaves out taken from what is shared."""
    common = numbers(shared, size)
    values = np.full((count, size), np.nan) if common is None else np.tile(np.array(common), (count, 1))
    for frame, start, stop in found.frames[tag]:
        parts = decimal_parts(bytes(found.data[start:stop]))
        if frame < count and len(parts) == size:
            values[frame] = parts
    return values if np.isfinite(values).all() else None


def _patch_reader(header: Any, found: Outline, path: Path, name: str, limits: Limits) -> PatchReader:
    """A function from frame to the part of it that is filled: 1, or label numbers; None for an empty frame."""
    rows, columns, bits = (whole(header, key) for key in ("Rows", "Columns", "BitsAllocated"))
    count, size = whole(header, "NumberOfFrames") or 1, rows * columns
    if found.pixels is None or bits not in (1, 8, 16):
        raise FileError("it has no pixels", where=name, remedy=_REMEDY)
    is_label_map = str(header.get("SegmentationType", "")).upper() == "LABELMAP"
    most = 1 if is_label_map or bits == 1 else max(1, whole(header, "MaximumFractionalValue") or 255)
    if found.encapsulated or (found.transfer_syntax == EXPLICIT_BIG and bits == 16):
        check_size((columns, rows, count), 1, name)
        opened, _ = read_whole(path, name, limits)

        def decoded(frame: int) -> Patch | None:
            plane: NDArray[np.integer] = pixel_array(opened, index=frame)
            return _cropped(plane if is_label_map else (plane >= HALF * most).view(np.uint8))

        return decoded
    start, stop = found.pixels
    if stop - start < -(-count * size * bits // 8):
        raise FileError("its pixels are cut short", where=name, remedy="Copy or export it again.")
    raw = np.frombuffer(found.data[start:stop], np.uint8)

    def plain(frame: int) -> Patch | None:
        first = frame * size * bits
        part = raw[first // 8 : -(-(first + size * bits) // 8)]
        if bits == 1 and columns % 8 == 0:
            packed = _cropped(part.reshape(rows, columns // 8))
            if packed is None:
                return None
            top, left, some = packed
            return top, left * 8, np.unpackbits(some.astype(np.uint8, copy=False), axis=1, bitorder="little")
        if bits == 1:
            return _cropped(np.unpackbits(part, bitorder="little")[first % 8 : first % 8 + size].reshape(rows, columns))
        values = part.view("<u2" if bits == 16 else np.uint8).reshape(rows, columns)
        return _cropped(values if is_label_map else (values >= HALF * most).view(np.uint8))

    return plain


def _cropped(plane: NDArray[np.integer]) -> Patch | None:
    """The box of a plane that is not zero, with its first row and column."""
    down, along = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    if not len(down):
        return None
    return int(down[0]), int(along[0]), plane[down[0] : down[-1] + 1, along[0] : along[-1] + 1]


def _placed(patch: Patch, planes: Planes, frame: int) -> Patch:
    """A patch moved as its tilted frame is."""
    along, down = (int(n) for n in planes.shift[frame])
    return patch[0] + down, patch[1] + along, patch[2]


def _region(patch: Patch) -> tuple[slice, slice]:
    top, left, values = patch
    return slice(top, top + values.shape[0]), slice(left, left + values.shape[1])


def _label_map(read_patch: PatchReader, planes: Planes, shape: tuple[int, int, int], name: str) -> tuple[RawImage, ...]:
    values = np.zeros(shape, np.uint16)
    for frame, place in enumerate(planes.index.tolist()):
        patch = read_patch(frame)
        if patch is not None:
            moved = _placed(patch, planes, frame)
            there = values[place][_region(moved)]
            np.copyto(there, moved[2], where=moved[2] != 0)
    return (canonical(name, values.transpose(2, 1, 0), planes.affine),)


def _layers(
    read_patch: PatchReader, planes: Planes, shape: tuple[int, int, int], frames_of: dict[int, list[int]], name: str
) -> tuple[RawImage, ...]:
    """One image of all segments that leave each other room, and one for each segment that does not."""
    common = np.zeros(shape, np.uint8 if max(frames_of) < 256 else np.uint16)
    filled = np.zeros(shape[0], bool)
    own: list[RawImage] = []
    for number in frames_of:
        patches: list[tuple[int, Patch]] = []
        for frame in frames_of[number]:
            patch = read_patch(frame)
            if patch is not None:
                patches.append((int(planes.index[frame]), _placed(patch, planes, frame)))
        if any(filled[place] and (common[place][_region(p)] * p[2]).any() for place, p in patches):
            own.append(_own_image(patches, number, planes, f"{name} (segment {number})"))
            continue
        for place, patch in patches:
            np.copyto(common[place][_region(patch)], number, where=patch[2].astype(bool), casting="unsafe")
        filled[[place for place, _ in patches]] = True
    return canonical(name, common.transpose(2, 1, 0), planes.affine), *own


def _own_image(patches: list[tuple[int, Patch]], number: int, planes: Planes, name: str) -> RawImage:
    """A segment alone, on the part of the grid that it fills."""
    low = min(p[0] for _, p in patches), min(p[1] for _, p in patches)
    high = max(p[0] + p[2].shape[0] for _, p in patches), max(p[1] + p[2].shape[1] for _, p in patches)
    first, last = min(place for place, _ in patches), max(place for place, _ in patches)
    shape = (last - first + 1, high[0] - low[0], high[1] - low[1])
    values = np.zeros(shape, np.uint8 if number < 256 else np.uint16)
    for place, (top, left, mask) in patches:
        where = _region((top - low[0], left - low[1], mask))
        np.copyto(values[place - first][where], number, where=mask.astype(bool), casting="unsafe")
    affine = planes.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [low[1], low[0], first]
    return canonical(name, values.transpose(2, 1, 0), affine)


def _fraction_problems(kind: str, name: str) -> list[Problem]:
    if kind != "FRACTIONAL":
        return []
    says = "It holds shares of voxels; from half a voxel on one belongs to the segment."
    return [Problem("note", name, says, "Check the border if the segmentation is a probability.")]
