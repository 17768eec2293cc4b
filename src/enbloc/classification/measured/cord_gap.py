"""How far is the tumour from the cord, and from the dural sac? (ESCC, from labels)

Only a gap settles something: tumour that stays away from the label of the cord by more than a voxel does not touch the
cord (ESCC-6, ours), and tumour that stays away from the label of the dura does not deform it. Contact settles nothing:
a cord's label on CT is often wider than the cord. Where the label has a hole at the tumour's height, as programs leave
one where the cord is pressed flat, nothing is measured.
"""

from __future__ import annotations

import numpy as np

from enbloc.anatomy.parts import local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.classification.findings import levels_that_may
from enbloc.classification.judged import typed_over
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Measured, Unknown
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.terms.levels import Level
from enbloc.foundation.terms.structures import DURA, SPINAL_CORD, spoken

LEAST_COVER_FRACTION = 0.95
"""The label has to be there at this share of the heights of the tumour in the canal (ours)."""

_MRI = "Axial T2 MRI of the canal"

QUESTIONS = (
    ("cord_touched", SPINAL_CORD, "touches the cord", "does not touch it"),
    ("sac_deformed", DURA, "deforms the dural sac", "does not deform it"),
)
"""The criterion that a gap to a structure decides, and its words with and without contact."""


def find_cord_gap(scene: Scene, extent: Extent) -> tuple[Finding, ...]:
    """The findings ``cord_touched`` and ``sac_deformed``: unmet, or open."""
    found = []
    for criterion, structure, words, not_so in QUESTIONS:
        gap = measure_gap(scene, extent, structure)
        voxel = 2.0 * scene.label_error_mm
        verdict, says = Verdict.UNDECIDED, f"Whether the tumour {words} is open"
        if isinstance(gap, Unknown):
            says = f"{says}: {gap.because}."
        elif gap.low > voxel:
            verdict, says = Verdict.UNMET, f"The tumour stays {gap.value:.1f} mm away ({gap.low:.1f} to {gap.high:.1f})"
            says = f"{says} from what is labelled {spoken(structure)}, so it {not_so} (ESCC-6, ours)."
        else:
            says = (
                f"{says}: {gap.value:.1f} mm ({gap.low:.1f} to {gap.high:.1f}) to what is labelled {spoken(structure)}."
            )
        found.append(Finding(criterion, verdict, gap, says, _MRI))
    return tuple(found)


def measure_gap(scene: Scene, extent: Extent, structure: str) -> Measured:
    """The least distance of the tumour to a structure in the canal, mm."""
    contact = next((contact for contact in extent.touched if contact.structure == structure), None)
    if contact is None:
        return Unknown(f"{spoken(structure)} is not labelled near the tumour")
    for level in levels_that_may(extent):
        if typed := typed_over(extent, level):
            return typed
        if not _covers(scene, level, structure):
            return Unknown(f"the label of the {spoken(structure)} has a gap at {level}")
    return contact.distance


def _covers(scene: Scene, level: Level, structure: str) -> bool:
    """Is the structure labelled at (nearly) all heights at which tumour of a level lies in or beside the canal?"""
    if level not in scene.vertebrae:
        return False
    frame = scene.vertebrae[level].frame
    half = max(scene.vertebrae[level].body_height_mm, 1.0)
    bin_mm = 4.0 * scene.label_error_mm
    tumour = local_coordinates(frame, scene.grid.to_patient(voxels_of(scene.tumour)))[:, 2]
    there = local_coordinates(frame, scene.grid.to_patient(voxels_of(scene.structures.mask(structure))))[:, 2]
    wanted = np.unique(np.floor(tumour[np.abs(tumour) < half] / bin_mm))
    return len(wanted) == 0 or float(np.isin(wanted, np.floor(there / bin_mm)).mean()) >= LEAST_COVER_FRACTION
