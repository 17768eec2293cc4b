"""What every PACS can do for us, whichever language it speaks, and how it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs

Receive = Callable[[Any], None]
"""Told each data set as it arrives."""


class BrokenError(Exception):
    """The connection broke, or the PACS did not answer: worth another try."""


class RefusedError(Exception):
    """The PACS answered, and said no: another try changes nothing."""


@attrs.frozen
class FoundSeries:
    """A series in a PACS, without the patient's name."""

    study_uid: str
    series_uid: str
    modality: str
    date: str
    description: str
    instances_n: int | None


@attrs.frozen
class Instance:
    """One object: its three UIDs and its kind."""

    study_uid: str
    series_uid: str
    uid: str
    sop_class_uid: str


class Archive(Protocol):
    """A PACS. Every method may raise `BrokenError` or `RefusedError`."""

    def find_studies(self, filters: Mapping[str, str]) -> list[str]:
        """UIDs of the studies that match (keywords of DICOM, such as PatientID, to values)."""

    def find_series(self, study_uid: str) -> list[FoundSeries]:
        """The series of a study."""

    def find_instances(self, study_uid: str, series_uid: str) -> list[str]:
        """UIDs of the objects of a series."""

    def fetch(self, study_uid: str, series_uid: str, uids: Sequence[str], receive: Receive) -> None:
        """Ask for some objects of a series; each is told to `receive`."""

    def send(self, dataset: Any) -> None:
        """Store one object."""
