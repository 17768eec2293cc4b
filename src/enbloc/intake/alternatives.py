"""A case with another program's labels in place of its own: for asking whether the answers would be the same."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np

from enbloc.foundation.terms.structures import TUMOUR, is_vertebra
from enbloc.intake.case import Case, LabelFile


def with_labels(case: Case, files: tuple[LabelFile, ...]) -> Case:
    """The case with vertebrae (and all that goes with them) from `files`, or the tumour, or both.

    What `files` do not hold stays as it was: without a tumour in them the tumour is the case's own, without vertebrae
    everything but the tumour is.
    """
    names = {name for file in files for name in file.labels.names.values()}
    kept: tuple[LabelFile, ...] = ()
    if TUMOUR not in names:
        kept += _parts(case.label_files, lambda name: name == TUMOUR)
    if not any(is_vertebra(name) for name in names):
        kept += _parts(case.label_files, lambda name: name != TUMOUR)
    return attrs.evolve(case, label_files=(*files, *kept), alternatives=())


def _parts(files: tuple[LabelFile, ...], wanted: Callable[[str], bool]) -> tuple[LabelFile, ...]:
    """The files with the labels that are wanted, and no others."""
    found = []
    for file in files:
        names = {number: name for number, name in file.labels.names.items() if wanted(name)}
        if len(names) == len(file.labels.names):
            found.append(file)
        elif names:
            values = np.where(np.isin(file.labels.values, list(names)), file.labels.values, 0)
            labels = attrs.evolve(file.labels, values=values.astype(file.labels.values.dtype), names=names)
            found.append(attrs.evolve(file, labels=labels))
    return tuple(found)
