"""DICOM RT Structure Set: the outlines of every segment on the planes of the series.

On each plane the segment is read at the pixel centres (nearest voxel), and its outline runs half way between them. A
hole is joined to its outline by a channel of no width (the *keyhole* of the standard), so that a reader which fills
outlines one by one still leaves the canal open. Planes may lie askew: contours are points in the patient.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy
import skimage
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ImplicitVRLittleEndian, RTStructureSetStorage

from enbloc.adapters.exports.dicom.series import NO_IMAGE, Series, find_series
from enbloc.adapters.exports.dicom.stamp import DISCLAIMER, equipment, instance, part10, patient_and_study, run_uid
from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import dicom_text
from enbloc.adapters.exports.segments import Segment, pieces_of, segments_of
from enbloc.errors import InputError
from enbloc.foundation.space.grids import Bools, Floats, Grid

File = tuple[str, bytes]
Outline = tuple[int, Floats]
"""The place of a slice and the corners of one outline on it, LPS mm."""
_SERIES_NUMBER = 9300
_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"
"""Detached Study Management, which the standard keeps for this place alone."""
_CONTOUR_DATA = Tag(0x3006, 0x0050)
_ENCODING = "iso8859"


def rtstruct_files(source: RunSource) -> Iterator[File]:
    """One structure set.

    Raises
    ------
    InputError
        If the case has no images, or no slice of the series meets it.
    """
    yield f"{source.stem}-rtstruct.dcm", part10(structure_set(source))


def structure_set(source: RunSource) -> Dataset:
    """The structure set of a run."""
    series, pieces = find_series(source), pieces_of(source)
    segments = segments_of(source)
    outlines = {segment.id: tuple(outlines_of(segment.mask, pieces.grid, series.grid)) for segment in segments}
    if not any(outlines.values()):
        raise InputError("no slice of the series meets the anatomy", remedy="Check that labels and CT belong together.")
    uid, series_uid = run_uid(source, "rtstruct"), run_uid(source, "rtstruct series")
    title = f"Planned resection {source.plan_id}: contours"
    found = instance(source, RTStructureSetStorage, uid, "RTSTRUCT", (series_uid, _SERIES_NUMBER, title))
    found.update(patient_and_study(source, series.study_uid))
    found.update(equipment(source))
    found.OperatorsName = ""
    found.StructureSetLabel = dicom_text(f"plan {source.plan_id}", 16)
    found.StructureSetName = dicom_text(title)
    note = DISCLAIMER if series.origin != "none" else f"{DISCLAIMER} {NO_IMAGE}."
    found.StructureSetDescription = dicom_text(note, 1024)
    found.StructureSetDate, found.StructureSetTime = found.SeriesDate, found.SeriesTime
    found.ApprovalStatus = "UNAPPROVED"
    found.FrameOfReferenceUID = series.frame_of_reference_uid
    found.PositionReferenceIndicator = ""
    found.ReferencedFrameOfReferenceSequence = Sequence([_frame(series)])
    found.StructureSetROISequence = Sequence([_roi(n, s, series) for n, s in enumerate(segments, start=1)])
    found.ROIContourSequence = Sequence(
        [_contours(n, s, outlines[s.id], series) for n, s in enumerate(segments, start=1)]
    )
    found.RTROIObservationsSequence = Sequence([_observation(n, s) for n, s in enumerate(segments, start=1)])
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian  # explicit forms hold no contour of more than 64 KiB
    return found


def outlines_of(mask: Bools, grid: Grid, planes: Grid) -> Iterator[Outline]:
    """The outlines of a mask on every plane that it meets.

    Parameters
    ----------
    mask : bool array on `grid`, not empty
    grid : Grid
    planes : Grid
        Axes: columns, rows, slices.
    """
    box = scipy.ndimage.find_objects(mask.astype(np.uint8))[0]
    ends = np.array([[cut.start - 0.5, cut.stop - 0.5] for cut in box])
    corners = np.array(np.meshgrid(*ends, indexing="ij")).reshape(3, -1).T
    reached = planes.to_index(grid.to_patient(corners))
    low = np.maximum(np.floor(reached.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(reached.max(axis=0)).astype(int) + 1, planes.shape)
    if (low >= high).any():
        return
    axes = [np.arange(low[axis], high[axis]) for axis in range(2)]
    flat = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    for place in range(low[2], high[2]):
        points = planes.to_patient(np.column_stack([flat, np.full(len(flat), place)]))
        hit = _at(mask, grid, points).reshape(len(axes[0]), len(axes[1]))
        if hit.any():
            for corners_2d in outlines_2d(hit):
                at = np.column_stack([corners_2d + low[:2], np.full(len(corners_2d), place)])
                yield place, planes.to_patient(at)


def outlines_2d(hit: Bools) -> Iterator[Floats]:
    """The outlines of a picture, (n, 2), each with its holes joined to it by keyholes."""
    rings = [
        _without_collinear(ring[:-1] - 1.0)
        for ring in skimage.measure.find_contours(np.pad(hit, 1).astype(np.float32), 0.5)
    ]
    areas = [_signed_area(ring) for ring in rings]
    solid_sign = np.sign(max(areas, key=abs))
    outer = [ring for ring, area in zip(rings, areas, strict=True) if np.sign(area) == solid_sign]
    outer.sort(key=lambda ring: abs(_signed_area(ring)))
    holes: dict[int, list[Floats]] = {}
    for ring, area in zip(rings, areas, strict=True):
        if np.sign(area) != solid_sign:
            within = (n for n, around in enumerate(outer) if skimage.measure.points_in_poly(ring[:1], around)[0])
            holes.setdefault(next(within, len(outer) - 1), []).append(ring)
    for number, ring in enumerate(outer):
        joined = ring
        for hole in holes.get(number, ()):
            joined = _keyhole(joined, hole)
        yield joined


def _keyhole(ring: Floats, hole: Floats) -> Floats:
    """Go out to the hole where it is nearest, around it, and back."""
    gaps = ((ring[:, None, :] - hole[None, :, :]) ** 2).sum(axis=2)
    here, there = (int(n) for n in np.unravel_index(int(gaps.argmin()), gaps.shape))
    around = np.concatenate([hole[there:], hole[: there + 1]])
    joined: Floats = np.concatenate([ring[: here + 1], around, ring[here:]])
    return joined


def _without_collinear(ring: Floats) -> Floats:
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    turns = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 1e-9
    return ring[turns] if turns.sum() >= 3 else ring


def _signed_area(ring: Floats) -> float:
    ahead = np.roll(ring, -1, axis=0)
    return float((ring[:, 0] * ahead[:, 1] - ring[:, 1] * ahead[:, 0]).sum() / 2.0)


def _at(mask: Bools, grid: Grid, points_mm: Floats) -> Bools:
    nearest = np.rint(grid.to_index(points_mm)).astype(np.int64)
    inside = ((nearest >= 0) & (nearest < grid.shape)).all(axis=1)
    found = np.zeros(len(points_mm), dtype=bool)
    found[inside] = mask[tuple(nearest[inside].T)]
    return found


def _frame(series: Series) -> Dataset:
    frame = Dataset()
    frame.FrameOfReferenceUID = series.frame_of_reference_uid
    if series.origin == "none":
        return frame
    in_series = Dataset()
    in_series.SeriesInstanceUID = series.series_uid
    pairs = dict.fromkeys(series.instance_uids)
    in_series.ContourImageSequence = Sequence([_image(series, uid) for uid in pairs])
    study = Dataset()
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = _STUDY_CLASS, series.study_uid
    study.RTReferencedSeriesSequence = Sequence([in_series])
    frame.RTReferencedStudySequence = Sequence([study])
    return frame


def _image(series: Series, uid: str) -> Dataset:
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = series.sop_class_uid, uid
    return image


def _roi(number: int, segment: Segment, series: Series) -> Dataset:
    roi = Dataset()
    roi.ROINumber = number
    roi.ReferencedFrameOfReferenceUID = series.frame_of_reference_uid
    roi.ROIName = dicom_text(segment.name)
    roi.ROIGenerationAlgorithm = "SEMIAUTOMATIC"
    return roi


def _contours(number: int, segment: Segment, outlines: tuple[Outline, ...], series: Series) -> Dataset:
    found = Dataset()
    found.ReferencedROINumber = number
    found.ROIDisplayColor = list(segment.colour)
    if outlines:
        found.ContourSequence = Sequence([_contour(place, corners, series) for place, corners in outlines])
    return found


def _contour(place: int, corners_mm: Floats, series: Series) -> Dataset:
    contour = Dataset()
    if series.origin != "none":
        image = _image(series, series.instance_uids[place])
        if series.instance_uids.count(series.instance_uids[place]) > 1:
            image.ReferencedFrameNumber = series.frame_numbers[place]
        contour.ContourImageSequence = Sequence([image])
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = len(corners_mm)
    contour[_CONTOUR_DATA] = _decimals(corners_mm.ravel())
    contour.set_original_encoding(True, True, _ENCODING)  # as the file is: pydicom then writes the decimals as they are
    return contour


def _decimals(values: NDArray[np.float64]) -> RawDataElement:
    """Decimal strings as they stand in the file: a structure set has a million, and pydicom parses each of them."""
    packed = "\\".join(map("%.3f".__mod__, (values + 0.0).tolist())).encode()
    packed += b" " * (len(packed) % 2)
    return RawDataElement(_CONTOUR_DATA, "DS", len(packed), packed, 0, True, True)


def _observation(number: int, segment: Segment) -> Dataset:
    found = Dataset()
    found.ObservationNumber = found.ReferencedROINumber = number
    found.RTROIInterpretedType = "ORGAN" if segment.layer == 0 else ""
    found.ROIInterpreter = ""
    code = Dataset()
    code.CodeValue = segment.concept.type.value[:16]
    code.CodingSchemeDesignator = segment.concept.type.scheme_designator
    code.CodeMeaning = dicom_text(segment.concept.type.meaning)
    if len(segment.concept.type.value) <= 16:
        found.RTROIIdentificationCodeSequence = Sequence([code])
    return found
