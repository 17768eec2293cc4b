"""The case: everything that arrives, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.grids import LabelMap, Volume
from enbloc.foundation.terms.levels import Level
from enbloc.intake.clinical import Clinical
from enbloc.intake.switches import Switches


@attrs.frozen
class TypedLevel:
    """The surgeon's own reading of one level, in Spine Oncology Study Group numbering (1-6 are the patient's left)."""

    sectors: frozenset[int]
    layers: frozenset[str]


@attrs.frozen
class DicomSource:
    """The DICOM objects that an image was read from, as results that go back to a PACS must name them.

    Parameters
    ----------
    modality : str
        ``"CT"`` or ``"MR"``.
    sop_class_uid, study_uid, series_uid, frame_of_reference_uid, patient_position : str or None
        None where the files state none.
    instance_uids : tuple of str or None
        SOP Instance UID of each slice, in the order of the third axis of `affine_lps`.
    frame_numbers : tuple of int
        Frame of each slice inside its instance, from 1; always 1 in classic images.
    shape : tuple of int
        Columns, rows and slices, as stored.
    affine_lps : 4 rows of 4 float
        Column, row and slice index of a voxel's centre to LPS mm, before any repair.
    repairs : tuple of str
        What was resampled, in sentences; empty when the voxels are the scanner's own.
    """

    modality: str
    sop_class_uid: str | None
    study_uid: str | None
    series_uid: str | None
    frame_of_reference_uid: str | None
    patient_position: str | None
    instance_uids: tuple[str | None, ...]
    frame_numbers: tuple[int, ...]
    shape: tuple[int, int, int]
    affine_lps: tuple[tuple[float, ...], ...]
    repairs: tuple[str, ...] = ()


@attrs.frozen(eq=False)
class LabelFile:
    """One label file of the case: its name for messages, and what it holds."""

    name: str
    labels: LabelMap


@attrs.frozen(eq=False)
class Case:
    """A case, read.

    Parameters
    ----------
    id : str
        Pseudonym.
    clinical : Clinical
    ct : Volume or None
        Hounsfield units.
    label_files : tuple of LabelFile
        May lie on different grids.
    typed_extent : mapping of level to TypedLevel
        Empty when the surgeon typed none.
    switches : Switches
        What the surgeon changes of the plans.
    stated_findings : mapping of finding id to Verdict or float
        What the surgeon says of single findings, against or beside what is measured.
    alternatives : tuple of tuple of LabelFile
        Other programs' labels of the same patient, one tuple for each; they change no plan.
    digests : mapping of file name to sha256
    sources : mapping of image (``"ct"``) to DicomSource
        Only of images that came from DICOM.
    placement_error : Estimate or None
        How far labels that were moved here from another image may lie beside their place, mm; None when none were.
    """

    id: str
    clinical: Clinical
    ct: Volume | None = None
    label_files: tuple[LabelFile, ...] = ()
    typed_extent: Mapping[Level, TypedLevel] = attrs.field(factory=dict)
    digests: Mapping[str, str] = attrs.field(factory=dict)
    sources: Mapping[str, DicomSource] = attrs.field(factory=dict)
    stated_findings: Mapping[str, Verdict | float] = attrs.field(factory=dict)
    placement_error: Estimate | None = None
    alternatives: tuple[tuple[LabelFile, ...], ...] = ()
    switches: Switches = attrs.field(factory=Switches)


@attrs.frozen
class Problem:
    """Something found wrong or doubtful in what arrived, with its cure.

    A ``note`` informs, a ``doubt`` weakens answers, a ``stop`` ends the case.
    """

    grade: Literal["note", "doubt", "stop"]
    where: str
    says: str
    remedy: str
