"""The series that DICOM results refer to.

A case that came from DICOM names the series it came from. A CT that came as NIfTI gets a derived series of our own
(format ``dicom-ct``), and the results refer to that. A case without any CT refers to no image: its results carry a
frame of reference of their own, and say so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import Literal

import attrs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID, CTImageStorage, MRImageStorage

from enbloc.adapters.exports.dicom.stamp import (
    DISCLAIMER,
    case_uid,
    equipment,
    instance,
    part10,
    patient_and_study,
    run_uid,
)
from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import ascii_text, dicom_text
from enbloc.adapters.exports.segments import pieces_of
from enbloc.adapters.files.case.case_folder import CASE_FILE, digest, inside
from enbloc.adapters.files.case.labels import read_volume
from enbloc.errors import FileError, InputError
from enbloc.foundation.space.grids import Array, Floats, Grid, Volume

File = tuple[str, bytes]
Origin = Literal["source", "derived", "none"]
_CLASSIC = (CTImageStorage, MRImageStorage)
LEAST_HU, MOST_HU = -32768, 32767
NO_IMAGE = "No image came with the case: the frame of reference is this program's own"


@attrs.frozen(eq=False)
class Series:
    """A series of slices.

    Parameters
    ----------
    origin : "source", "derived" or "none"
        From the hospital; written by this program; or there is none, and `instance_uids` is empty.
    modality, sop_class_uid, study_uid, series_uid, frame_of_reference_uid : str
    instance_uids : tuple of str
        One for each slice, along the third axis of the grid; the same for all frames of one object.
    frame_numbers : tuple of int
    grid : Grid
        Axes: along a row (columns), down the rows, across the slices; LPS mm.
    patient_position : str
        Empty when not known.
    """

    origin: Origin
    modality: str
    sop_class_uid: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    instance_uids: tuple[str, ...]
    frame_numbers: tuple[int, ...]
    grid: Grid
    patient_position: str = ""


@lru_cache(maxsize=4)
def find_series(source: RunSource) -> Series:
    """The series that the results of a run refer to.

    Raises
    ------
    InputError
        If the case has neither images nor labels.
    """
    images = source.forms["1-intake"]["images"]
    stated = images[0].get("dicom") if images else None
    if stated is not None and _complete(stated):
        return Series(
            origin="source",
            modality=stated["modality"],
            sop_class_uid=stated["sop_class_uid"],
            study_uid=stated["study_uid"],
            series_uid=stated["series_uid"],
            frame_of_reference_uid=stated["frame_of_reference_uid"],
            instance_uids=tuple(stated["instance_uids"]),
            frame_numbers=tuple(stated["frame_numbers"]),
            grid=Grid(tuple(stated["shape"]), np.array(stated["affine_lps"])),
            patient_position=stated["patient_position"] or "",
        )
    grid = Grid(tuple(images[0]["grid"]["shape"]), np.array(images[0]["grid"]["affine_lps"])) if images else None
    slices = grid.shape[2] if grid is not None else 0
    return Series(
        origin="derived" if images else "none",
        modality="CT",
        sop_class_uid=CTImageStorage,
        study_uid=case_uid(source, "study"),
        series_uid=run_uid(source, "ct series"),
        frame_of_reference_uid=case_uid(source, "frame of reference"),
        instance_uids=tuple(str(run_uid(source, f"ct slice {n}")) for n in range(slices)),
        frame_numbers=(1,) * slices,
        grid=grid if grid is not None else pieces_of(source).grid,
    )


@lru_cache(maxsize=2)
def slice_headers(source: RunSource) -> tuple[Dataset, ...]:
    """Headers, without pixels, of every slice; one that stands for nothing when there is no image. Only to be read."""
    series = find_series(source)
    uids = series.instance_uids or (str(run_uid(source, "no image")),)
    first = {uid: place for place, uid in reversed(tuple(enumerate(uids)))}  # all frames of one object are one image
    headers = tuple(slice_header(source, series, uid, first[uid]) for uid in dict.fromkeys(uids))
    for header in headers:
        header.SOPClassUID = header.SOPClassUID if header.SOPClassUID in _CLASSIC else CTImageStorage
    return headers


def name_class(dataset: Dataset, series: Series) -> None:
    """Give back to the objects of a series the class that `slice_headers` hid from libraries, in place.

    An enhanced image has its geometry in its frames, and libraries look for it there; a header has no frames.
    """
    if series.sop_class_uid in _CLASSIC:
        return
    own = set(series.instance_uids)

    def mend(item: Dataset, element: DataElement) -> None:
        if element.keyword == "ReferencedSOPInstanceUID" and element.value in own:
            item.ReferencedSOPClassUID = UID(series.sop_class_uid)

    dataset.walk(mend)


def slice_header(source: RunSource, series: Series, uid: str, place: int, grid: Grid | None = None) -> Dataset:
    """The header of one slice of the series' grid, or of another."""
    grid = grid if grid is not None else series.grid
    header = _copied(_common_header(source, series, grid))
    header.SOPInstanceUID = UID(uid)
    header.InstanceNumber = place + 1
    header.ImagePositionPatient = _numbers(grid.to_patient([[0.0, 0.0, float(place)]])[0])
    return header


def _copied(header: Dataset) -> Dataset:
    """The same elements, each its own: to set one changes it in place."""
    return Dataset({element.tag: copy(element) for element in header})


@lru_cache(maxsize=4)
def _common_header(source: RunSource, series: Series, grid: Grid) -> Dataset:
    """What all slices of a series have in common."""
    header = instance(source, series.sop_class_uid, "", series.modality, (series.series_uid, 1, "CT"))
    header.update(patient_and_study(source, series.study_uid))
    header.update(equipment(source))
    header.FrameOfReferenceUID = series.frame_of_reference_uid
    header.PositionReferenceIndicator = ""
    header.PatientPosition = series.patient_position
    header.BodyPartExamined = "SPINE"
    header.update(plane(grid, 0))
    header.Rows, header.Columns = grid.shape[1], grid.shape[0]
    return header


def plane(grid: Grid, place: int) -> Dataset:
    """Where a slice lies: orientation, position, spacing, thickness."""
    found = Dataset()
    spacing, directions = grid.spacing_mm, grid.directions
    found.ImageOrientationPatient = _numbers(directions[:, :2].T.ravel())
    found.ImagePositionPatient = _numbers(grid.to_patient([[0.0, 0.0, float(place)]])[0])
    found.PixelSpacing = _numbers(spacing[[1, 0]])
    found.SliceThickness = _numbers(spacing[2:])[0]
    return found


def ct_files(source: RunSource) -> Iterator[File]:
    """The case's CT as a derived DICOM series; nothing for a case that came from DICOM.

    Raises
    ------
    InputError
        If the case has no CT, or it is not where it was.
    """
    series = find_series(source)
    if series.origin == "source":
        return
    volume = case_ct(source)
    values = clipped_hu(volume.values)
    for place in range(volume.grid.shape[2]):
        header = slice_header(source, series, series.instance_uids[place], place, volume.grid)
        header.SeriesDescription = "CT of the case, derived from another format"
        header.DerivationDescription = dicom_text("Written from another file format; its values are unchanged", 1024)
        yield f"{place + 1:05d}.dcm", part10(ct_slice(header, values[:, :, place]))


def ct_slice(header: Dataset, values: NDArray[np.int16]) -> Dataset:
    """A CT image of a header and its Hounsfield units, (columns, rows)."""
    header.update(_copied(_ct_constants()))
    header.PixelData = np.ascontiguousarray(values.T).astype("<i2").tobytes()
    return header


@lru_cache(maxsize=1)
def _ct_constants() -> Dataset:
    header = Dataset()
    header.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    header.ImageComments = DISCLAIMER
    header.KVP = None
    header.AcquisitionNumber = None
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 16, 15, 1
    header.RescaleIntercept, header.RescaleSlope, header.RescaleType = 0, 1, "HU"
    header.WindowCenter, header.WindowWidth = 300, 1500
    header.BurnedInAnnotation = "NO"
    header.LossyImageCompression = "00"
    return header


def clipped_hu(values: Array) -> NDArray[np.int16]:
    """Hounsfield units as whole numbers that 16 bits hold."""
    clipped: NDArray[np.int16] = np.clip(np.rint(values), LEAST_HU, MOST_HU).astype(np.int16)
    return clipped


@lru_cache(maxsize=2)
def case_ct(source: RunSource) -> Volume:
    """The CT of the case, proven to be the one that was planned on.

    Raises
    ------
    InputError
        If there is none, or it is not where it was, or it has changed.
    """
    if not source.forms["1-intake"]["images"]:
        raise InputError("the case has no CT, only labels", remedy="Add the CT to the case and plan it again.")
    if source.case_folder is None:
        raise InputError("the case folder is not where it was", remedy="Say where it is: --case FOLDER.")
    path, name = _ct_path(source.case_folder)
    planned_on = {
        file: stated for file, stated in source.record["inputs"].items() if file == name or file.startswith(f"{name}/")
    }
    for file, stated in planned_on.items():
        there = source.case_folder / file
        if not there.is_file() or digest(there) != stated:
            remedy = "Name the right --case, or plan it again."
            raise InputError("it is not the CT that was planned on", where=str(there), remedy=remedy)
    volume, _ = read_volume(path, name)
    return volume


def _ct_path(folder: Path) -> tuple[Path, str]:
    try:
        name = tomllib.loads((folder / CASE_FILE).read_text("utf-8-sig"))["images"]["ct"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(
            f"it names no CT ({error})", where=str(folder / CASE_FILE), remedy="Name the --case."
        ) from error
    return inside(folder, str(name)), str(name)


def _complete(stated: dict[str, object]) -> bool:
    keys = ("sop_class_uid", "study_uid", "series_uid", "frame_of_reference_uid")
    uids = stated["instance_uids"]
    return all(stated[key] for key in keys) and isinstance(uids, list) and bool(uids) and all(uids)


def _numbers(values: Floats) -> list[str]:
    """Decimal strings of at most sixteen letters, as close as they can be."""
    return [_number(float(value)) for value in values]


def _number(value: float) -> str:
    plain = value + 0.0
    for digits in range(15, 5, -1):
        text = f"{plain:.{digits}g}"
        if len(text) <= 16:
            return text
    return ascii_text(f"{plain:.6g}", 16)
