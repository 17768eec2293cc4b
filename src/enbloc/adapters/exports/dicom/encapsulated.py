"""Models and report inside DICOM: encapsulated STL and encapsulated PDF."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import EncapsulatedPDFStorage, EncapsulatedSTLStorage

from enbloc.adapters.exports.codes import private_code
from enbloc.adapters.exports.dicom.series import find_series
from enbloc.adapters.exports.dicom.stamp import (
    DISCLAIMER,
    case_uid,
    equipment,
    instance,
    part10,
    patient_and_study,
    run_uid,
)
from enbloc.adapters.exports.prints import stl_bytes
from enbloc.adapters.exports.run_source import RunSource, checked_bytes
from enbloc.adapters.exports.safe_text import dicom_text, file_stem, unlike
from enbloc.adapters.exports.solids import Solid, solids_of
from enbloc.errors import InputError

File = tuple[str, bytes]
REPORT = "6-report.pdf"
_STL_NUMBER, _PDF_NUMBER = 9400, 9500


def stl_files(source: RunSource) -> Iterator[File]:
    """One encapsulated STL for each solid, all in one series.

    Raises
    ------
    InputError
        If the case has no images.
    """
    solids = solids_of(source)
    names = unlike(file_stem(solid.id) for solid in solids)
    for number, (solid, name) in enumerate(zip(solids, names, strict=True), start=1):
        yield f"{source.stem}-{name}.stl.dcm", part10(encapsulated_stl(source, solid, number))


def encapsulated_stl(source: RunSource, solid: Solid, number: int) -> Dataset:
    """One solid as an Encapsulated STL object, millimetres in the frame of reference of the series."""
    series = find_series(source)
    uid = run_uid(source, f"stl {number}")
    title = f"Planned resection {source.plan_id}: models"
    found = instance(source, EncapsulatedSTLStorage, uid, "M3D", (run_uid(source, "stl series"), _STL_NUMBER, title))
    found.update(patient_and_study(source, series.study_uid))
    found.update(equipment(source))
    found.FrameOfReferenceUID = series.frame_of_reference_uid
    found.PositionReferenceIndicator = ""
    found.InstanceNumber = number
    found.DocumentTitle = dicom_text(solid.name, 1024)
    found.ContentDescription = dicom_text(DISCLAIMER)
    found.ConceptNameCodeSequence = Sequence([_item(private_code("planning_model", "Model of a planned resection"))])
    found.MeasurementUnitsCodeSequence = Sequence([_item(codes.UCUM.Millimeter)])
    found.ModelUsageCodeSequence = Sequence([_item(codes.DCM.PlanningIntent)])
    found.update(_document(stl_bytes(solid), "model/stl", source.moment))
    return found


def pdf_files(source: RunSource) -> Iterator[File]:
    """The report as an Encapsulated PDF object.

    Raises
    ------
    InputError
        If the run has no PDF.
    """
    if REPORT not in source.record["outputs"]:
        raise InputError(f"the run has no {REPORT}", remedy="Plan the case again.")
    yield f"{source.stem}-report.dcm", part10(encapsulated_pdf(source))


def encapsulated_pdf(source: RunSource) -> Dataset:
    """The report of the run; it tells all plans."""
    study_uid = find_series(source).study_uid if source.pieces is not None else case_uid(source, "study")
    series = (run_uid(source, "pdf series"), _PDF_NUMBER, "Planned resection: report")
    found = instance(source, EncapsulatedPDFStorage, run_uid(source, "pdf"), "DOC", series)
    found.update(patient_and_study(source, study_uid))
    found.update(equipment(source))
    found.ConversionType = "WSD"
    found.DocumentTitle = dicom_text(f"Planned resection, report of {source.case_id}", 1024)
    found.ConceptNameCodeSequence = Sequence([_item(private_code("plan_report", "Report of a planned resection"))])
    found.update(_document(checked_bytes(source.folder, source.record, REPORT), "application/pdf", source.moment))
    return found


def _document(content: bytes, kind: str, moment: datetime) -> Dataset:
    found = Dataset()
    found.ContentDate, found.ContentTime = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
    found.AcquisitionDateTime = ""
    found.BurnedInAnnotation = "NO"
    found.MIMETypeOfEncapsulatedDocument = kind
    found.EncapsulatedDocumentLength = len(content)
    found.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    return found


def _item(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme_designator
    item.CodeMeaning = dicom_text(code.meaning)
    return item
