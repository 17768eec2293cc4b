"""The case: everything that arrives, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from enbloc.foundation.space.grids import LabelMap, Volume
from enbloc.foundation.terms.levels import Level
from enbloc.intake.clinical import Clinical


@attrs.frozen
class TypedLevel:
    """The surgeon's own reading of one level, in Spine Oncology Study Group numbering (1-6 are the patient's left)."""

    sectors: frozenset[int]
    layers: frozenset[str]


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
    digests : mapping of file name to sha256
    """

    id: str
    clinical: Clinical
    ct: Volume | None = None
    label_files: tuple[LabelFile, ...] = ()
    typed_extent: Mapping[Level, TypedLevel] = attrs.field(factory=dict)
    digests: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Problem:
    """Something found wrong or doubtful in what arrived, with its cure.

    A ``note`` informs, a ``doubt`` weakens answers, a ``stop`` ends the case.
    """

    grade: Literal["note", "doubt", "stop"]
    where: str
    says: str
    remedy: str
