"""DICOM objects that go with an image: segmentations and structure sets, told by what they say of themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from enbloc.adapters.files.dicom.files import plain_text
from enbloc.adapters.files.dicom.frames import ImageFile

KINDS: dict[str, str] = {
    "1.2.840.10008.5.1.4.1.1.66.4": "dicom-seg",
    "1.2.840.10008.5.1.4.1.1.66.7": "dicom-seg",
    "1.2.840.10008.5.1.4.1.1.481.3": "rtstruct",
}
"""SOP class to label scheme: segmentation, label map segmentation, RT structure set."""


@attrs.frozen
class OtherObject:
    """A segmentation or structure set.

    Parameters
    ----------
    path : Path
    scheme : str
        ``"dicom-seg"`` or ``"rtstruct"``.
    frame_of_reference_uids : tuple of str
    series_uids : tuple of str
        Of the images that it refers to.
    names : tuple of str
        Its segments or regions.
    """

    path: Path
    scheme: str
    frame_of_reference_uids: tuple[str, ...]
    series_uids: tuple[str, ...]
    names: tuple[str, ...]


def other_object(header: Any, file: ImageFile) -> OtherObject:
    """What a segmentation or structure set says of itself."""
    scheme = KINDS[file.texts["SOPClassUID"]]
    frames = {file.texts["FrameOfReferenceUID"]}
    series = {str(item.get("SeriesInstanceUID", "")) for item in header.get("ReferencedSeriesSequence") or ()}
    for item in header.get("ReferencedFrameOfReferenceSequence") or ():
        frames.add(str(item.get("FrameOfReferenceUID", "")))
        for study in item.get("RTReferencedStudySequence") or ():
            for one in study.get("RTReferencedSeriesSequence") or ():
                series.add(str(one.get("SeriesInstanceUID", "")))
    named = [item.get("SegmentLabel") for item in header.get("SegmentSequence") or ()]
    named += [item.get("ROIName") for item in header.get("StructureSetROISequence") or ()]
    return OtherObject(
        file.path,
        scheme,
        tuple(sorted(frames - {""})),
        tuple(sorted(series - {""})),
        tuple(plain_text(name) for name in named),
    )
