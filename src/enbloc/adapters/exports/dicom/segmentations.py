"""DICOM SEG: binary with every segment, and label maps of what does not overlap."""

from __future__ import annotations

from collections.abc import Iterator

import highdicom as hd
import numpy as np
from highdicom.color import CIELabColor
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from enbloc import __version__
from enbloc.adapters.exports.dicom.series import NO_IMAGE, Series, find_series, name_class, plane, slice_headers
from enbloc.adapters.exports.dicom.stamp import DISCLAIMER, MANUFACTURER, part10, run_uid, settle
from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import dicom_text, person_name
from enbloc.adapters.exports.segments import Segment, pieces_of, segments_of

File = tuple[str, bytes]
BINARY_ROLE = "seg binary"
_SERIES_NUMBER = 9100


def seg_files(source: RunSource) -> Iterator[File]:
    """``…-binary.dcm``, ``…-labelmap-anatomy.dcm`` and, for a plan with cuts, ``…-labelmap-plan.dcm``.

    Raises
    ------
    InputError
        If the case has no images.
    """
    segments = segments_of(source)
    yield f"{source.stem}-binary.dcm", part10(binary_seg(source, segments))
    for name, layers in (("anatomy", (0, 1)), ("plan", (2,))):
        chosen = tuple(segment for segment in segments if segment.layer in layers)
        if chosen:
            yield f"{source.stem}-labelmap-{name}.dcm", part10(labelmap_seg(source, chosen, name))


def binary_seg(source: RunSource, segments: tuple[Segment, ...]) -> Dataset:
    """Every segment with its own bit planes; segments may overlap."""
    voxels = np.stack([segment.mask for segment in segments], axis=-1).transpose(2, 1, 0, 3).astype(np.uint8)
    return _segmentation(source, segments, voxels, (SegmentationTypeValues.BINARY, BINARY_ROLE))


def labelmap_seg(source: RunSource, segments: tuple[Segment, ...], name: str) -> Dataset:
    """One number for each voxel: of two segments that overlap, tumour and canal stand over the structures."""
    values = np.zeros(pieces_of(source).grid.shape, np.uint16)
    for number, segment in sorted(enumerate(segments, start=1), key=lambda pair: pair[1].layer):
        values[segment.mask] = number
    return _segmentation(
        source, segments, values.transpose(2, 1, 0), (SegmentationTypeValues.LABELMAP, f"seg labelmap {name}")
    )


def _segmentation(
    source: RunSource,
    segments: tuple[Segment, ...],
    voxels: NDArray[np.unsignedinteger],
    kind: tuple[SegmentationTypeValues, str],
) -> Dataset:
    series, grid = find_series(source), pieces_of(source).grid
    where = [plane(grid, place) for place in range(grid.shape[2])]
    found = Segmentation(
        source_images=list(slice_headers(source)),
        pixel_array=np.ascontiguousarray(voxels),
        segmentation_type=kind[0],
        segment_descriptions=[_description(number, s, source) for number, s in enumerate(segments, start=1)],
        series_instance_uid=run_uid(source, f"{kind[1]} series"),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=run_uid(source, kind[1]),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=__version__,
        device_serial_number=source.digest[:16],
        content_label="PLAN",
        content_description=dicom_text(DISCLAIMER),
        content_creator_name=person_name(MANUFACTURER),
        pixel_measures=hd.PixelMeasuresSequence(
            pixel_spacing=[float(value) for value in where[0].PixelSpacing],
            slice_thickness=float(where[0].SliceThickness),
            spacing_between_slices=float(where[0].SliceThickness),
        ),
        plane_orientation=hd.PlaneOrientationSequence(
            hd.CoordinateSystemNames.PATIENT, [float(value) for value in where[0].ImageOrientationPatient]
        ),
        plane_positions=[
            hd.PlanePositionSequence(hd.CoordinateSystemNames.PATIENT, [float(v) for v in at.ImagePositionPatient])
            for at in where
        ],
    )
    found.SeriesDescription = dicom_text(f"Planned resection {source.plan_id}: segmentation")
    _refer(found, series)
    name_class(found, series)
    settle(found, source, kind[1])
    return found


def _description(number: int, segment: Segment, source: RunSource) -> SegmentDescription:
    concept = segment.concept
    description = SegmentDescription(
        segment_number=number,
        segment_label=dicom_text(segment.name),
        segmented_property_category=concept.category,
        segmented_property_type=concept.type,
        algorithm_type=SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=MANUFACTURER, version=__version__, family=hd.sr.CodedConcept("123109", "DCM", "Manual Processing")
        ),
        tracking_uid=run_uid(source, f"segment {segment.id}"),
        tracking_id=dicom_text(segment.id),
        display_color=_lab(segment),
    )
    if concept.side is not None:
        modifier = hd.sr.CodedConcept(concept.side.value, concept.side.scheme_designator, concept.side.meaning)
        description.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = Sequence(
            [modifier]
        )
    return description


def _lab(segment: Segment) -> CIELabColor:
    """The colour as CIELab, by way of its lightness, hue and saturation: near enough to tell segments apart."""
    red, green, blue = (part / 255 for part in segment.colour)
    linear = np.array([((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in (red, green, blue)])
    xyz = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7142]]) @ linear
    f = np.cbrt(np.maximum(xyz / np.array([0.9642, 1.0, 0.8251]), 0.0))
    f = np.where(f > 6 / 29, f, (xyz / np.array([0.9642, 1.0, 0.8251])) / (3 * (6 / 29) ** 2) + 4 / 29)
    lab = (116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2]))
    return CIELabColor(
        *(float(np.clip(v, low, high)) for v, low, high in zip(lab, (0, -128, -128), (100, 127, 127), strict=True))
    )


def _refer(found: Dataset, series: Series) -> None:
    """Without an image nothing is referred to; the frame of reference says what it is."""
    if series.origin != "none":
        return
    found.PositionReferenceIndicator = ""
    found.FrameOfReferenceUID = series.frame_of_reference_uid
    found.ImageComments = dicom_text(NO_IMAGE, 1024)
    for keyword in (
        "ReferencedSeriesSequence",
        "SourceImageSequence",
        "StudiesContainingOtherReferencedInstancesSequence",
    ):
        if keyword in found:
            delattr(found, keyword)
    for frame in found.get("PerFrameFunctionalGroupsSequence", ()):
        if "DerivationImageSequence" in frame:
            del frame.DerivationImageSequence
    if "DerivationImageSequence" in found.SharedFunctionalGroupsSequence[0]:
        del found.SharedFunctionalGroupsSequence[0].DerivationImageSequence
