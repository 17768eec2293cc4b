"""Frames: every slice of a classic or enhanced image as one value, with what its header says about place and values.

A classic file is one frame. An enhanced file holds many; what they share stands once, what differs per frame. Both
become the same `Frame`, so that nothing behind this module knows the difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from enbloc.adapters.files.dicom.files import UNREADABLE, first_line, plain_text, read_header
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.outline import Outline
from enbloc.errors import FileError

Three = tuple[float, float, float]

_DECIMALS: Mapping[str, int] = {
    "ImagePositionPatient": 0x00200032,
    "ImageOrientationPatient": 0x00200037,
    "PixelSpacing": 0x00280030,
    "SliceThickness": 0x00180050,
    "RescaleIntercept": 0x00281052,
    "RescaleSlope": 0x00281053,
}
_PHASES: Mapping[str, int] = {
    "StackID": 0x00209056,
    "TemporalPositionIndex": 0x00209128,
    "EffectiveEchoTime": 0x00189082,
    "FrameAcquisitionNumber": 0x00209156,
}
FRAME_TAGS = frozenset((*_DECIMALS.values(), *_PHASES.values()))
"""What differs from frame to frame in enhanced images and is read by the outline."""
_MACROS = (
    "PixelMeasuresSequence",
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelValueTransformationSequence",
)
_CLASSIC_PHASES = (
    "AcquisitionNumber",
    "TemporalPositionIdentifier",
    "EchoTime",
    "TriggerTime",
    "InversionTime",
    "AcquisitionTime",
    "ContentTime",
)
"""What tells phases of one classic series apart, the surest first."""


@attrs.frozen
class Frame:
    """One slice.

    Parameters
    ----------
    path : Path
    number : int
        Frame in the file, from 1.
    instance_uid : str or None
    position_mm : (3,) float, LPS, or None
        Centre of the first voxel.
    row, column : (3,) float, LPS unit vectors, or None
        The way in which the column index and the row index count.
    spacing_mm : (row, column) float or None
        Distance between rows, then between columns.
    thickness_mm : float or None
    slope, intercept : float or None
        Stored values to Hounsfield units; None where the file does not say.
    phases : tuple of (name, value)
        What may tell this frame from another in the same place.
    """

    path: Path
    number: int
    instance_uid: str | None
    position_mm: Three | None
    row: Three | None
    column: Three | None
    spacing_mm: tuple[float, float] | None
    thickness_mm: float | None
    slope: float | None
    intercept: float | None
    phases: tuple[tuple[str, str], ...] = ()


@attrs.frozen(eq=False)
class ImageFile:
    """One file: what all its frames share, and the frames. Texts are made safe to print; absent ones are empty."""

    path: Path
    name: str
    texts: Mapping[str, str]
    rows: int
    columns: int
    item_bytes: int
    transfer_syntax: str
    frames: tuple[Frame, ...]


MOST_RESCALE = 1e6
"""Largest slope or intercept from stored values to Hounsfield units. Ours."""
MOST_MM = 1e6
"""Nothing lies a kilometre from the scanner's centre. Ours."""
TEXTS = (
    "SOPClassUID",
    "Modality",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "PatientPosition",
    "StudyDate",
    "SeriesDate",
    "SeriesNumber",
    "SeriesDescription",
    "StudyDescription",
    "ConvolutionKernel",
    "SequenceName",
    "ImageType",
    "GantryDetectorTilt",
    "SpacingBetweenSlices",
    "PhotometricInterpretation",
    "LossyImageCompression",
    "BurnedInAnnotation",
    "BodyPartExamined",
    "PatientID",
)
"""What a series is told apart and described by; it is shown, and never written into a case."""


def read_file(path: Path, name: str, limits: Limits) -> tuple[Any, ImageFile]:
    """The header of one DICOM file: pydicom's data set, and the frames if it is an image.

    Raises
    ------
    FileError
        If it is damaged or exceeds a limit.
    """
    header, found = read_header(path, name, limits, FRAME_TAGS, skip_frames=True)
    try:
        texts = {key: plain_text(_joined(header.get(key)), 128) for key in TEXTS}
        rows, columns = whole(header, "Rows"), whole(header, "Columns")
        bits = max(whole(header, "BitsAllocated"), 1)
        count = whole(header, "NumberOfFrames") or 1
        if count > limits.most_frames:
            raise FileError(f"it claims {count} frames", where=name, remedy="Export it again.")
        is_image = rows > 0 and columns > 0
        frames = _frames(header, found, path, count) if is_image else ()
    except UNREADABLE as error:
        raise FileError(
            f"its header makes no sense ({first_line(error)})", where=name, remedy="Export it again."
        ) from error
    return header, ImageFile(path, name, texts, rows, columns, -(-bits // 8), found.transfer_syntax, frames)


def whole(header: Any, key: str) -> int:
    """A whole number of a header; 0 when it is absent or blank."""
    value = header.get(key)
    return int(value) if value not in (None, "") else 0


def numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """`count` numbers within `MOST_MM`, or None when they are not there."""
    if value is None or isinstance(value, str):
        return None
    try:
        parts = tuple(float(part) for part in value)
    except (TypeError, ValueError):
        return None
    return parts if len(parts) == count and all(abs(part) <= MOST_MM for part in parts) else None


def _one(value: object) -> float | None:
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _factor(value: object, key: str) -> float | None:
    """A slope or intercept; None when it is absent.

    Raises
    ------
    ValueError
        If it is there and cannot be: a value that is guessed would be taken for Hounsfield units.
    """
    if value is None or value == "":
        return None
    found = _one(value)
    if found is None or abs(found) > MOST_RESCALE or (found == 0 and key == "RescaleSlope"):
        raise ValueError(f"its {key} cannot be")
    return found


def _joined(value: Any) -> object:
    return (
        "\\".join(map(str, value)) if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue" else value
    )


def _frames(header: Any, found: Outline, path: Path, count: int) -> tuple[Frame, ...]:
    uid = str(header.get("SOPInstanceUID") or "").strip() or None
    values = {key: header.get(key) for key in _DECIMALS}
    if "SharedFunctionalGroupsSequence" not in header:
        phases = tuple(
            (key, plain_text(header.get(key))) for key in _CLASSIC_PHASES if header.get(key) not in (None, "")
        )
        return tuple(_frame(path, number, uid, values, phases) for number in range(1, count + 1))
    for shared in header.SharedFunctionalGroupsSequence[:1]:
        for macro in _MACROS:
            for item in (shared.get(macro) or ())[:1]:
                values |= {key: item.get(key) for key in _DECIMALS if item.get(key) is not None}
    own: list[dict[str, Any]] = [{} for _ in range(count)]
    for key, tag in (*_DECIMALS.items(), *_PHASES.items()):
        for place, start, stop in found.frames[tag]:
            if place < count:
                own[place][key] = _value(key, bytes(found.data[start:stop]))
    frames = []
    for number, differing in enumerate(own, start=1):
        phases = tuple((key, str(differing[key])) for key in _PHASES if key in differing)
        frames.append(_frame(path, number, uid, values | differing, phases))
    return tuple(frames)


def _value(key: str, raw: bytes) -> object:
    """A collected value: decimal strings as numbers, the rest as text."""
    if key in _DECIMALS:
        return decimal_parts(raw)
    if key == "StackID":
        return plain_text(raw.decode("latin-1").strip("\0 "))
    return raw.hex()


def decimal_parts(raw: bytes) -> list[float]:
    """The numbers of a decimal string, ``b"1.5\\\\2"``.

    Raises
    ------
    ValueError
        If one is none.
    """
    return [float(part) for part in raw.decode("latin-1").strip("\0 ").split("\\")]


def _frame(
    path: Path, number: int, uid: str | None, values: Mapping[str, Any], phases: tuple[tuple[str, str], ...]
) -> Frame:
    position = numbers(values["ImagePositionPatient"], 3)
    cosines = numbers(values["ImageOrientationPatient"], 6)
    spacing = numbers(values["PixelSpacing"], 2)
    first = {key: values[key][0] if isinstance(values[key], list) else values[key] for key in _SINGLE}
    return Frame(
        path,
        number,
        uid,
        (position[0], position[1], position[2]) if position else None,
        (cosines[0], cosines[1], cosines[2]) if cosines else None,
        (cosines[3], cosines[4], cosines[5]) if cosines else None,
        (spacing[0], spacing[1]) if spacing else None,
        _one(first["SliceThickness"]),
        _factor(first["RescaleSlope"], "RescaleSlope"),
        _factor(first["RescaleIntercept"], "RescaleIntercept"),
        phases,
    )


_SINGLE = ("SliceThickness", "RescaleSlope", "RescaleIntercept")
