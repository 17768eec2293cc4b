"""Is a label map the right way round? Paired structures, the order of the levels, and what lies in front of the spine.

A file whose orientation was lost is mirrored or upside down without looking wrong. What is labelled shows it: left
ribs lie to the left of right ribs, L1 above L2, back muscles behind the vertebrae. One odd pair may be an error of the
segmentation (a doubt); when most agree that the map is turned, planning on it would be planning on the wrong side.
Single levels out of order are found by `level_faults`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np

from enbloc.foundation.space.grids import Floats, LabelMap
from enbloc.foundation.terms.levels import LEVELS
from enbloc.foundation.terms.structures import is_vertebra, mirror, side_of
from enbloc.intake.case import LabelFile, Problem

LEAST_SHIFT_MM = 2.0
"""Centres closer than this say nothing about which way round a map is."""
_VENTRAL = ("aorta", "inferior_vena_cava", "heart", "oesophagus", "trachea", "sternum", "liver", "stomach", "colon")
_DORSAL = ("autochthon_left", "autochthon_right", "subregion_spinous_process")
_MOST_VOXELS = 2_000_000
_CURE = "Export the labels again with their orientation; do not plan on this file."


def check_orientation(file: LabelFile) -> Iterable[Problem]:
    """Doubts and stops about which way round one label file lies."""
    centres = _centres_mm(file.labels)
    for votes, turned, odd in (
        (_left_right(centres), "mirrored: left lies on the patient's right", "lies on the wrong side"),
        (_cranio_caudal(centres), "upside down, or its levels are numbered from below", ""),
        (_ventro_dorsal(centres), "turned front to back", "lies on the wrong side of the vertebrae"),
    ):
        against = [name for name, agrees in votes.items() if not agrees]
        if len(against) * 2 > len(votes):
            says = f"The labels are {turned} (judged by {', '.join(against[:3])})."
            yield Problem("stop", file.name, says, _CURE)
        elif against and odd:
            says = f"In the labels {', '.join(against[:3])} {odd}."
            yield Problem("doubt", file.name, says, "Look at these labels in a viewer.")


def _left_right(centres: Mapping[str, Floats]) -> dict[str, bool]:
    pairs = [name for name in centres if side_of(name) == "left" and mirror(name) in centres]
    shifts = {name: float(centres[name][0] - centres[mirror(name)][0]) for name in pairs}
    return {name: shift > 0 for name, shift in shifts.items() if abs(shift) > LEAST_SHIFT_MM}


def _cranio_caudal(centres: Mapping[str, Floats]) -> dict[str, bool]:
    names = [f"vertebra_{level}" for level in LEVELS if f"vertebra_{level}" in centres]
    steps = {b: float(centres[a][2] - centres[b][2]) for a, b in pairwise(names)}
    return {name: step > 0 for name, step in steps.items() if abs(step) > LEAST_SHIFT_MM}


def _ventro_dorsal(centres: Mapping[str, Floats]) -> dict[str, bool]:
    spine = [centre for name, centre in centres.items() if is_vertebra(name)]
    if not spine:
        return {}
    middle = float(np.mean([centre[1] for centre in spine]))
    ahead = {name: middle - float(centres[name][1]) for name in _VENTRAL if name in centres}
    behind = {name: float(centres[name][1]) - middle for name in _DORSAL if name in centres}
    return {name: shift > 0 for name, shift in (ahead | behind).items() if abs(shift) > LEAST_SHIFT_MM}


def _centres_mm(labels: LabelMap) -> dict[str, Floats]:
    """Centre of every structure, LPS mm, from an evenly thinned grid."""
    step = max(1, int(np.ceil((labels.values.size / _MOST_VOXELS) ** (1 / 3))))
    thin = labels.values[::step, ::step, ::step]
    indices = np.argwhere(thin)
    numbers = thin[tuple(indices.T)]
    count = np.bincount(numbers)
    sums = np.stack([np.bincount(numbers, weights=axis) for axis in indices.T], axis=1)
    totals: dict[str, tuple[Floats, float]] = {}
    for number, name in labels.names.items():
        if number < len(count) and count[number]:
            known, n = totals.get(name, (np.zeros(3), 0.0))
            totals[name] = (known + sums[number], n + float(count[number]))
    return {name: labels.grid.to_patient((step * total / n)[None])[0] for name, (total, n) in totals.items()}
