"""DICOM Comprehensive 3D SR (TID 1500): measurements, classifications, margins, cuts, and the digest of the plan.

Every group is tracked by a sentence that says what it is. Codes are SNOMED where pydicom has them, else private and
declared in the file (``99ENBLOC``). What is not known is a qualitative evaluation with the value *not known*: no number
stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import highdicom as hd
import numpy as np
from highdicom.sr import (
    Comprehensive3DSR,
    CoordinatesForMeasurement3D,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    GraphicTypeValues3D,
    Measurement,
    MeasurementProperties,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    ReferencedSegment,
    SourceSeriesForSegmentation,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import SegmentationStorage

from enbloc import __version__
from enbloc.adapters.exports.codes import (
    PRIVATE_SCHEME,
    PRIVATE_SCHEME_NAME,
    SPECIMEN,
    TUMOUR,
    level_code,
    private_code,
)
from enbloc.adapters.exports.dicom.segmentations import BINARY_ROLE
from enbloc.adapters.exports.dicom.series import find_series, name_class, slice_headers
from enbloc.adapters.exports.dicom.stamp import (
    MANUFACTURER,
    case_uid,
    equipment,
    instance,
    part10,
    patient_and_study,
    run_uid,
    settle,
)
from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import dicom_text, one_line
from enbloc.adapters.exports.segments import Segment, segments_of
from enbloc.adapters.files.json_files import Json
from enbloc.foundation.space.grids import Floats
from enbloc.resection.cuts import Cut

File = tuple[str, bytes]
Group: TypeAlias = Any
"""A group of measurements: `MeasurementsAndQualitativeEvaluations`, or the same with a referenced segment."""
_SERIES_NUMBER = 9600
_MM, _ML, _POINTS = codes.UCUM.Millimeter, Code("ml", "UCUM", "ml"), Code("{score}", "UCUM", "score")
UNKNOWN = private_code("not_known", "not known")


def sr_files(source: RunSource) -> Iterator[File]:
    """One report.

    Raises
    ------
    InputError
        If the case has no images.
    """
    yield f"{source.stem}-sr.dcm", part10(findings_report(source))


def findings_report(source: RunSource) -> Dataset:
    """The report of a run."""
    series, segmentation = find_series(source), _segmentation_header(source)
    evidence = [*(slice_headers(source) if series.origin != "none" else ()), segmentation]
    observer = ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=case_uid(source, "device"), name=MANUFACTURER, manufacturer_name=MANUFACTURER, model_name=__version__
        ),
    )
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=observer),
        procedure_reported=private_code("planning", "Planning of an en bloc resection"),
        imaging_measurements=list(_groups(source)),
        title=codes.DCM.ImagingMeasurementReport,
    )
    found = Comprehensive3DSR(
        evidence=evidence,
        content=content[0],
        series_instance_uid=run_uid(source, "sr series"),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=run_uid(source, "sr"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=False,
        is_verified=False,
    )
    found.update(equipment(source))
    found.SeriesDescription = dicom_text(f"Planned resection {source.plan_id}: findings")
    scheme = Dataset()
    scheme.CodingSchemeDesignator = PRIVATE_SCHEME
    scheme.CodingSchemeName = PRIVATE_SCHEME_NAME
    scheme.CodingSchemeResponsibleOrganization = MANUFACTURER
    found.CodingSchemeIdentificationSequence = Sequence([scheme])
    name_class(found, series)
    settle(found, source, "sr")
    return found


def _groups(source: RunSource) -> Iterator[Group]:
    yield _plan_group(source)
    yield from _volume_groups(source)
    for system, answer in source.forms["3-classification"].items():
        yield _class_group(source, system, answer)
    if source.plan is not None:
        for number, margin in enumerate(source.plan["margins"]):
            yield _margin_group(source, margin, number)
        for number, cut in enumerate(source.cuts):
            corners = np.concatenate([cut.face_mm, cut.face_mm[:1]])
            yield MeasurementsAndQualitativeEvaluations(
                tracking_identifier=_tracking(
                    source, f"cut {number}", f"cut: {cut.id}; crosses {', '.join(cut.crosses)}"
                ),
                finding_type=private_code("planned_cut", "Planned cut"),
                measurements=[
                    Measurement(
                        name=private_code("kerf", "Width of the tool"),
                        value=round(cut.tool_width_mm, 6),
                        unit=_MM,
                        referenced_coordinates=[_in_patient(source, GraphicTypeValues3D.POLYGON, corners)],
                    )
                ],
                qualitative_evaluations=[_says("cut_kind", "Kind of cut", cut.kind)],
            )


def _cut_group(source: RunSource, cut: Cut, number: int) -> Group:
    words = f"cut: {cut.id}; crosses {', '.join(cut.crosses)}"
    corners = np.concatenate([cut.face_mm, cut.face_mm[:1]])
    kerf = Measurement(
        name=private_code("kerf", "Width of the tool"),
        value=round(cut.tool_width_mm, 6),
        unit=_MM,
        referenced_coordinates=[_in_patient(source, GraphicTypeValues3D.POLYGON, corners)],
    )
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(source, f"cut {number}", words),
        finding_type=private_code("planned_cut", "Planned cut"),
        measurements=[kerf],
        qualitative_evaluations=[_says("cut_kind", "Kind of cut", cut.kind)],
    )


def _plan_group(source: RunSource) -> Group:
    plan = source.plan
    words = [("family", "Family of the resection", plan["family"])] if plan is not None else []
    words += [("margin", "Margin in Enneking's words", plan["margin"] or "")] if plan is not None else []
    words += [("side", "Side of the resection", plan["side"] or "no side")] if plan is not None else []
    en_bloc = str(source.forms["5-plans"]["indication"]["en_bloc"])
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(source, "plan", f"plan {source.plan_id}, sha256 {source.digest}"),
        finding_type=private_code("plan", "Planned resection"),
        finding_sites=_sites(plan["levels"] if plan is not None else ()),
        qualitative_evaluations=[
            _says("en_bloc", "Is en bloc resection right?", en_bloc),
            *(_says(name, meaning, word) for name, meaning, word in words),
        ],
    )


def _volume_groups(source: RunSource) -> Iterator[Group]:
    series = find_series(source)
    volumes = {TUMOUR: source.forms["2-anatomy"]["scene"]["tumour_ml"]}
    if source.plan is not None and source.plan["specimen_ml"] is not None:
        volumes[SPECIMEN] = source.plan["specimen_ml"]
    for number, segment in enumerate(segments_of(source), start=1):
        if segment.id not in volumes:
            continue
        measured = [Measurement(name=codes.SCT.Volume, value=float(volumes[segment.id]), unit=_ML)]
        tracking = _tracking(source, f"volume {segment.id}", f"volume of the {segment.name}", segment)
        if series.origin == "none":
            yield MeasurementsAndQualitativeEvaluations(
                tracking_identifier=tracking, finding_type=segment.concept.type, measurements=measured
            )
            continue
        yield VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=tracking,
            referenced_segment=ReferencedSegment(
                sop_class_uid=SegmentationStorage,
                sop_instance_uid=run_uid(source, BINARY_ROLE),
                segment_number=number,
                source_series=SourceSeriesForSegmentation(hd.UID(series.series_uid)),
            ),
            finding_type=segment.concept.type,
            measurements=measured,
        )


def _class_group(source: RunSource, system: str, answer: Json) -> Group:
    """A system: every category still possible, and its score as one number or as its ends."""
    said = [_says(system, f"{system}: category still possible", category) for category in answer["possible"]]
    if not answer["applies"]:
        said = [QualitativeEvaluation(private_code(system, system), private_code("not_applicable", "does not apply"))]
    score = answer.get("score") if answer["applies"] else None
    measured = []
    if score is not None:
        ends = (
            {"score": score["low"]} if score["low"] == score["high"] else {"low": score["low"], "high": score["high"]}
        )
        measured = [
            Measurement(name=private_code(f"{system}_{end}", f"{system}: {end}"), value=points, unit=_POINTS)
            for end, points in ends.items()
        ]
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(source, f"class {system}", f"classification: {system}"),
        finding_type=private_code("classification", "Classification"),
        measurements=measured or None,
        qualitative_evaluations=said or [QualitativeEvaluation(private_code(system, system), UNKNOWN)],
    )


def _margin_group(source: RunSource, margin: Json, number: int) -> Group:
    least, measured = margin["least_mm"], []
    if "unknown" not in least:
        at = margin["at_mm"]
        place = (
            [_in_patient(source, GraphicTypeValues3D.POINT, np.array([at], dtype=float))] if at is not None else None
        )
        measured = [
            Measurement(
                name=private_code("least_margin", "Least distance from the tumour to the interface"),
                value=float(least["value"]),
                unit=_MM,
                derivation=codes.SCT.Minimum,
                properties=MeasurementProperties(
                    upper_measurement_uncertainty=round(float(least["high"]) - float(least["value"]), 6),
                    lower_measurement_uncertainty=round(float(least["value"]) - float(least["low"]), 6),
                ),
                referenced_coordinates=place,
            )
        ]
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(source, f"margin {number}", f"margin: {margin['interface']}"),
        finding_type=private_code("margin", "Margin at an interface of the specimen"),
        measurements=measured or None,
        qualitative_evaluations=[
            _says("enneking_word", "Margin in Enneking's words", margin["enneking"] or ""),
            _says("tissue", "Tissue at the least place", margin["tissue"]),
        ],
    )


def _says(name: str, meaning: str, word: str) -> QualitativeEvaluation:
    """A statement by a private code; an empty word is *not known*."""
    value = private_code(f"{name}:{word}", word) if word else UNKNOWN
    return QualitativeEvaluation(private_code(name, meaning), value)


def _in_patient(source: RunSource, kind: GraphicTypeValues3D, points: Floats) -> CoordinatesForMeasurement3D:
    return CoordinatesForMeasurement3D(
        graphic_type=kind, graphic_data=points, frame_of_reference_uid=find_series(source).frame_of_reference_uid
    )


def _tracking(source: RunSource, role: str, words: str, segment: Segment | None = None) -> TrackingIdentifier:
    uid = run_uid(source, f"segment {segment.id}" if segment is not None else f"sr {role}")
    return TrackingIdentifier(uid=uid, identifier=one_line(words, 400))


def _sites(levels: Iterable[str]) -> list[FindingSite]:
    return [FindingSite(anatomic_location=level_code(level)) for level in levels]


def _segmentation_header(source: RunSource) -> Dataset:
    """What a report must know of the segmentation that it refers to."""
    series_uid = run_uid(source, f"{BINARY_ROLE} series")
    header = instance(source, SegmentationStorage, run_uid(source, BINARY_ROLE), "SEG", (series_uid, 1, "SEG"))
    header.update(patient_and_study(source, find_series(source).study_uid))
    header.update(equipment(source))
    return header
