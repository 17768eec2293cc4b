"""Identity and dates of DICOM files: the same run at the same date gives the same bytes.

UIDs are ``2.25.`` and the number of a UUID that is made of a digest, so that nobody else can have them. The study and
the frame of reference follow from the inputs alone: every plan of a case lies in one study and one space. All others
follow from the run, the plan and the date.
"""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Iterable
from datetime import datetime

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ExplicitVRLittleEndian

from enbloc import __version__
from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import dicom_text, person_name

MANUFACTURER = "enbloc"
DISCLAIMER = "Decision support, not for diagnosis: a surgeon decides."
_STANDARD_ROOT = "1.2.840.10008."
_OWN_ROOT = "2.25."
_SEX = {"F": "F", "M": "M", "X": "O"}
_CREATED = {"InstanceCreationDate", "ContentDate", "SeriesDate", "StructureSetDate", "ContributionDateTime"}
_CREATED |= {"InstanceCreationTime", "ContentTime", "SeriesTime", "StructureSetTime", "DateTime", "ObservationDateTime"}


def uid_of(*words: str) -> UID:
    """A UID that follows from some words."""
    digest = hashlib.sha256("\n".join(words).encode()).digest()
    return UID(f"{_OWN_ROOT}{uuid.UUID(bytes=digest[:16], version=5).int}")


def case_uid(source: RunSource, role: str) -> UID:
    """A UID that follows from what arrived: ``"study"`` or ``"frame of reference"``."""
    inputs = sorted(f"{name}={digest}" for name, digest in source.record["inputs"].items())
    return uid_of("case", source.case_id, role, *inputs)


def run_uid(source: RunSource, role: str) -> UID:
    """A UID that follows from the run, the plan and the date."""
    return uid_of("run", source.digest, source.moment.isoformat(), role)


def patient_and_study(source: RunSource, study_uid: str) -> Dataset:
    """Patient and study: the pseudonym stands for name and number, nothing else is known."""
    clinical = source.forms["1-intake"]["clinical"]
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.PatientName = person_name(source.case_id)
    header.PatientID = dicom_text(source.case_id)
    header.PatientBirthDate = ""
    header.PatientSex = _SEX.get(str(clinical.get("sex")), "")
    header.PatientIdentityRemoved = "YES"
    header.DeidentificationMethod = "The planner knows the case by a pseudonym alone"
    header.StudyInstanceUID = UID(study_uid)
    header.StudyID = "1"
    header.StudyDate, header.StudyTime = _day(source.moment), _clock(source.moment)
    header.AccessionNumber = ""
    header.ReferringPhysicianName = ""
    return header


def equipment(source: RunSource) -> Dataset:
    """The program that made the file."""
    header = Dataset()
    header.Manufacturer = MANUFACTURER
    header.ManufacturerModelName = MANUFACTURER
    header.DeviceSerialNumber = source.digest[:16]
    header.SoftwareVersions = __version__
    return header


def instance(source: RunSource, sop_class: str, sop_uid: str, modality: str, series: tuple[str, int, str]) -> Dataset:
    """The general part of an object of our own; `series` is its UID, number and description."""
    header = Dataset()
    header.SOPClassUID, header.SOPInstanceUID = UID(sop_class), UID(sop_uid)
    header.Modality = modality
    header.SeriesInstanceUID, header.SeriesNumber = UID(series[0]), series[1]
    header.SeriesDescription = dicom_text(series[2])
    header.SeriesDate, header.SeriesTime = _day(source.moment), _clock(source.moment)
    header.InstanceCreationDate, header.InstanceCreationTime = _day(source.moment), _clock(source.moment)
    header.InstanceNumber = 1
    return header


def settle(dataset: Dataset, source: RunSource, role: str) -> None:
    """Make what a library drew by lot or took from the clock follow from the run, in place.

    UIDs of the standard, of the source series and of this program stay; every other is replaced, the same by the same.
    """
    known = {str(uid) for uid in _source_uids(source)}
    replaced: dict[str, UID] = {}

    def mend(_: Dataset, element: DataElement) -> None:
        if element.VR == "UI" and element.value:
            values = [element.value] if isinstance(element.value, str) else list(element.value)
            mended = [_mended(str(value), known, replaced, source, role) for value in values]
            element.value = mended[0] if len(mended) == 1 else mended
        if element.keyword in _CREATED and element.VR in ("DA", "TM", "DT"):
            day, clock = _day(source.moment), _clock(source.moment)
            element.value = {"DA": day, "TM": clock, "DT": day + clock}[element.VR]

    frames = dataset.pop("PerFrameFunctionalGroupsSequence", None)  # thousands, and nothing drawn in them
    dataset.walk(mend)
    if frames is not None:
        dataset.add(frames)


def part10(dataset: Dataset) -> bytes:
    """The dataset as a DICOM file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    stated = getattr(dataset, "file_meta", None)
    meta.TransferSyntaxUID = stated.TransferSyntaxUID if stated is not None else ExplicitVRLittleEndian
    dataset.file_meta = meta
    if not meta.TransferSyntaxUID.is_implicit_VR:
        _as_they_are(dataset.get("PerFrameFunctionalGroupsSequence", ()))
    packed = io.BytesIO()
    dcmwrite(packed, dataset, enforce_file_format=True)
    return packed.getvalue()


def _as_they_are(items: Iterable[Dataset]) -> None:
    """Spare pydicom the search for ambiguous values in thousands of frames: there are none."""
    for item in items:
        item.set_original_encoding(False, True, "iso8859")
        for element in item:
            if element.VR == "SQ":
                _as_they_are(element.value)


def _mended(uid: str, known: set[str], replaced: dict[str, UID], source: RunSource, role: str) -> UID:
    if uid.startswith((_STANDARD_ROOT, _OWN_ROOT)):
        return UID(uid)
    if uid in known:
        return UID(uid)
    return replaced.setdefault(uid, run_uid(source, f"{role} drawn {len(replaced)}"))


def _source_uids(source: RunSource) -> Iterable[str]:
    for image in source.forms["1-intake"]["images"]:
        stated = image.get("dicom") or {}
        yield from (stated.get(key) or "" for key in ("study_uid", "series_uid", "frame_of_reference_uid"))
        yield from (uid or "" for uid in stated.get("instance_uids", ()))


def _day(moment: datetime) -> str:
    return moment.strftime("%Y%m%d")


def _clock(moment: datetime) -> str:
    return moment.strftime("%H%M%S")
