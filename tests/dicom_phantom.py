"""DICOM of our own making: a box of known values, written as a scanner might, with every fault that one can have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

CT = "1.2.840.10008.5.1.4.1.1.2"
NAME, PATIENT, BIRTH, DATE, ACCESSION = "Plantedname^Zebulon", "MRN8675309", "19530417", "20190311", "ACC55501"
"""What is planted in every header and must never come out."""

Change = Callable[[Dataset, int], None]


def block(slices_n: int, rows: int = 12, columns: int = 10) -> np.ndarray:
    """(slices, rows, columns) int16: a different value in every voxel, from 24 up."""
    return (np.arange(slices_n * rows * columns, dtype=np.int16) % 3000 + 24).reshape(slices_n, rows, columns)


def slice_header(place: Sequence[float], uid: str = "1.2.3.4.5", number: int = 1) -> Dataset:
    """The header of one CT slice whose first voxel lies at `place` (LPS mm)."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = CT, f"{uid}.{number}"
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = CT, ds.SOPInstanceUID
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = NAME, PATIENT, BIRTH
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = ds.AcquisitionDate = DATE
    ds.StudyTime, ds.AccessionNumber, ds.ReferringPhysicianName = "101112", ACCESSION, NAME
    ds.StudyDescription = f"Spine of {NAME}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = "1.2.3.4", uid, "1.2.3.9"
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber, ds.SeriesDescription = "CT", 3, number, "Bone 1.0"
    ds.ImageType, ds.ConvolutionKernel, ds.PatientPosition = ["ORIGINAL", "PRIMARY", "AXIAL"], "Br60", "HFS"
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [f"{x:.6f}"[:16] for x in place]
    ds.PixelSpacing, ds.SliceThickness = [0.8, 0.7], 2.0
    ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    return ds


def set_pixels(ds: Dataset, plane: np.ndarray) -> Dataset:
    """Pixels (rows, columns) int16, uncompressed."""
    ds.Rows, ds.Columns = plane.shape
    ds.PixelData = plane.astype("<i2").tobytes()
    return ds


def write_series(
    folder: Path, heights_mm: Sequence[float], change: Change = lambda _ds, _n: None, uid: str = "1.2.3.4.5"
) -> np.ndarray:
    """Write one slice for each height, names shuffled; returns the values (slices, rows, columns)."""
    folder.mkdir(parents=True, exist_ok=True)
    values = block(len(heights_mm))
    for number, height in enumerate(heights_mm):
        ds = set_pixels(slice_header((-30.0, 20.0, height), uid, number + 1), values[number])
        change(ds, number)
        name = f"{(number * 7919) % 1009:04d}_{number}.dcm"
        ds.save_as(folder / name, enforce_file_format=True)
    return values


def enhanced(values: np.ndarray, heights_mm: Sequence[float]) -> Dataset:
    """The same box as one enhanced multi-frame CT."""
    ds = slice_header((0, 0, 0), "1.2.3.4.7")
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    for key in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept"):
        delattr(ds, key)
    shared, plane, measures, rescale = Dataset(), Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measures.PixelSpacing, measures.SliceThickness = [0.8, 0.7], 2.0
    rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1, -1024, "HU"
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [plane], [measures]
    shared.PixelValueTransformationSequence = [rescale]
    ds.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for height in heights_mm:
        frame, position = Dataset(), Dataset()
        position.ImagePositionPatient = [-30.0, 20.0, height]
        frame.PlanePositionSequence = [position]
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = frames
    ds.NumberOfFrames = len(heights_mm)
    ds.Rows, ds.Columns = values.shape[1:]
    ds.PixelData = values.astype("<i2").tobytes()
    return ds


def text_of(folder: Path) -> bytes:
    """Everything that stands in a folder, names of files included, as one piece of bytes."""
    parts: list[Any] = [str(path.relative_to(folder)).encode() for path in folder.rglob("*")]
    return b"\n".join([*parts, *(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())])


SEG = "1.2.840.10008.5.1.4.1.1.66.4"


def code(value: str, scheme: str, meaning: str) -> Dataset:
    ds = Dataset()
    ds.CodeValue, ds.CodingSchemeDesignator, ds.CodeMeaning = value, scheme, meaning
    return ds


def segmentation(
    frames: Sequence[tuple[int, float]], planes: np.ndarray, names: dict[int, tuple[str, Dataset]], kind: str = "BINARY"
) -> Dataset:
    """Voxels of 0.7 x 0.8 mm from (-30, 20): `frames` are (segment, height), `planes` (frames, rows, columns)."""
    ds = slice_header((0, 0, 0), "1.2.3.4.8")
    for key in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept"):
        delattr(ds, key)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = SEG
    ds.Modality, ds.SegmentationType, ds.NumberOfFrames = "SEG", kind, len(frames)
    ds.Rows, ds.Columns = planes.shape[1:]
    ds.PixelRepresentation, ds.BitsAllocated = 0, 1 if kind == "BINARY" else 8
    ds.BitsStored, ds.HighBit = ds.BitsAllocated, ds.BitsAllocated - 1
    ds.MaximumFractionalValue = 200
    shared, plane, measures, drawn_on = Dataset(), Dataset(), Dataset(), Dataset()
    plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    measures.PixelSpacing, measures.SliceThickness, measures.SpacingBetweenSlices = [0.8, 0.7], 2.0, 2.0
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [plane], [measures]
    ds.SharedFunctionalGroupsSequence = [shared]
    drawn_on.SeriesInstanceUID = "1.2.3.4.5"
    ds.ReferencedSeriesSequence = [drawn_on]
    segments, groups = [], []
    for number, (label, kind_code) in names.items():
        item = Dataset()
        item.SegmentNumber, item.SegmentLabel, item.SegmentAlgorithmType = number, label, "MANUAL"
        item.SegmentedPropertyTypeCodeSequence = [kind_code]
        segments.append(item)
    for number, height in frames:
        group, position, segment = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient, segment.ReferencedSegmentNumber = [-30.0, 20.0, height], number
        group.PlanePositionSequence, group.SegmentIdentificationSequence = [position], [segment]
        groups.append(group)
    ds.SegmentSequence, ds.PerFrameFunctionalGroupsSequence = segments, groups
    flat = planes.astype(np.uint8).ravel()
    packed = np.packbits(flat, bitorder="little") if kind == "BINARY" else flat
    ds.PixelData = packed.tobytes() + b"\0" * (len(packed) % 2)
    return ds


def structure_set(regions: dict[str, list[np.ndarray]], frame: str = "1.2.3.9") -> Dataset:
    """A structure set: name to closed contours, each (n, 3) LPS mm."""
    ds = slice_header((0, 0, 0), "1.2.3.4.9")
    for key in [element.keyword for element in ds if element.keyword.startswith(("Image", "Pixel", "Rescale", "Bits"))]:
        delattr(ds, key)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    ds.Modality = "RTSTRUCT"
    rois, drawn = [], []
    for number, (name, contours) in enumerate(regions.items(), start=1):
        roi, region = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame
        region.ReferencedROINumber, region.ContourSequence = number, []
        for points in contours:
            item = Dataset()
            item.ContourGeometricType, item.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
            item.ContourData = [f"{x:.4f}" for x in np.asarray(points, float).ravel()]
            region.ContourSequence.append(item)
        rois.append(roi)
        drawn.append(region)
    ds.StructureSetROISequence, ds.ROIContourSequence = rois, drawn
    return ds
