"""Checks on a case: is it one patient, is the tumour there, do the facts agree?

Each check looks at one thing and returns what it found. A ``stop`` ends the case, because going on would plan on the
wrong place or on nothing; a ``doubt`` weakens the answers; a ``note`` informs. Every limit here is ours: it separates
the impossible from the unusual, and no plan depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import numpy as np
import scipy

from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats, Grid, LabelMap
from enbloc.foundation.terms.histology import HISTOLOGIES
from enbloc.foundation.terms.levels import are_contiguous, region
from enbloc.foundation.terms.structures import TUMOUR, is_vertebra
from enbloc.intake.case import Case, LabelFile, Problem
from enbloc.intake.fact_checks import check_facts
from enbloc.intake.gathered import gather
from enbloc.intake.level_checks import check_levels, check_two_files
from enbloc.intake.orientation import check_orientation

Grade = Literal["note", "doubt", "stop"]

MOST_AGE_YEARS = 120.0
MOST_ECOG = 4
LEAST_TUMOUR_VOXELS = 8
MOST_GAP_MM = 50.0
"""A tumour further than this from every labelled vertebra is no spine tumour, or lies on the wrong level."""
THE_CT = "the CT"
CHAIN_MM = 60.0
"""Files that are cropped to one structure lie no further from one another than a level that is missing between them, or
than what is looked at around a tumour."""
THICK_MM = 3.0
LEAST_CT_MAXIMUM_HU = 150.0
_SAMPLE = 20_000


def check(case: Case) -> tuple[Problem, ...]:
    """Everything that is wrong or doubtful in a case, the stops first."""
    found = [problem for one in _CHECKS for problem in one(case)]
    rank = {"stop": 0, "doubt": 1, "note": 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda problem: rank[problem.grade]))


def _check_ranges(case: Case) -> Iterable[Problem]:
    facts = case.clinical
    if facts.age_years is not None and not 0 <= facts.age_years <= MOST_AGE_YEARS:
        yield _fact("stop", "age_years", f"An age of {facts.age_years:g} years cannot be.", "State the true age.")
    if facts.ecog is not None and not 0 <= facts.ecog <= MOST_ECOG:
        says = "ECOG 5 is death." if facts.ecog == MOST_ECOG + 1 else f"ECOG {facts.ecog} does not exist."
        yield _fact("stop", "ecog", says, "State the performance status from 0 to 4.")
    if facts.symptoms_months is not None:
        if facts.symptoms_months < 0:
            yield _fact("stop", "symptoms_months", "Symptoms cannot last less than no time.", "State months from 0 up.")
        elif facts.age_years is not None and facts.symptoms_months > 12 * (facts.age_years + 1):
            yield _fact("doubt", "symptoms_months", "The symptoms are older than the patient.", "Check both figures.")


def _check_histology(case: Case) -> Iterable[Problem]:
    facts = case.clinical
    if facts.histology is None:
        cure = "State it as soon as the biopsy is read; `enbloc terms histology` lists the words."
        yield _fact("doubt", "histology", "No histology is stated, and most rules begin with it.", cure)
        return
    entry = HISTOLOGIES.get(facts.histology)
    if entry is None:
        cure = "Use a word of `enbloc terms histology`."
        yield _fact("stop", "histology", f"'{facts.histology}' is not in the list of histologies.", cure)
        return
    name = entry.word.replace("_", " ")
    if facts.grade is not None and facts.grade not in entry.grades:
        says = f"Grade '{facts.grade}' does not go with {name} ({' or '.join(entry.grades)})."
        yield _fact("doubt", "grade", says, "Check the pathologist's report; both are used as stated.")
    if facts.activity is not None and entry.kind != "primary_benign":
        says = f"Enneking's activity is for benign tumours, and {name} is not one."
        yield _fact("doubt", "activity", says, "Leave it out, or mend the histology.")
    if entry.kind == "metastasis" and facts.metastases == "none":
        says = f"{name.capitalize()} in the spine is a metastasis, and metastases are stated as none."
        yield _fact("doubt", "metastases", says, 'State "solitary" if this is the only one.')
    if entry.kind != "metastasis" and facts.primary_controlled is not None:
        says = f"A controlled primary is stated, and {name} of the spine is the primary itself."
        yield _fact("note", "primary_controlled", says, "Leave it out, or mend the histology.")


def _check_biopsy(case: Case) -> Iterable[Problem]:
    facts = case.clinical
    if facts.biopsy_confirmed and facts.histology is None:
        yield _fact("doubt", "biopsy_confirmed", "A biopsy is stated without its result.", "State the histology.")
    if facts.histology is not None and facts.biopsy_confirmed is False:
        says = "The histology is not confirmed by a biopsy."
        yield _fact("doubt", "biopsy_confirmed", says, "Take the biopsy before an en bloc resection is decided.")


def _check_typed(case: Case) -> Iterable[Problem]:
    levels = tuple(case.typed_extent)
    if not are_contiguous(levels):
        says = f"The typed levels {', '.join(levels)} leave a level out between them."
        yield Problem("doubt", "case.toml: extent", says, "Type the level between, unless there are two tumours.")
    for level, typed in case.typed_extent.items():
        if "F" in typed.layers and region(level) != "cervical":
            says = f"Layer F, the vertebral artery, is typed at {level}, where that artery does not run."
            yield Problem("doubt", "case.toml: extent", says, "Use F in the neck only.")


def _check_presence(case: Case) -> Iterable[Problem]:
    """Is there a tumour, and are there vertebrae to judge it by? A typed extent stands in for both."""
    if not case.label_files:
        if not case.typed_extent:
            cure = "Add label files, or type the tumour's extent: [extent.levels.L3]."
            yield Problem("stop", "case.toml", "The case has neither labels nor a typed extent.", cure)
        return
    files = _with_tumour(case)
    if not files:
        grade: Grade = "doubt" if case.typed_extent else "stop"
        aside = " The typed extent is used alone, and no cut can be placed." if case.typed_extent else ""
        cure = 'Add a label file with structure = "tumour".'
        yield Problem(grade, "case.toml: labels", f"No label file holds the tumour.{aside}", cure)
        return
    where = ", ".join(file.name for file in files)
    voxels = sum(int(np.count_nonzero(file.labels.mask(TUMOUR))) for file in files)
    alone = ", or leave the file out to use the typed extent alone" if case.typed_extent else ""
    if not voxels:
        cure = f"Draw the tumour, or name the file that holds it{alone}."
        yield Problem("stop", where, "The tumour is empty: not one voxel is labelled.", cure)
    elif voxels < LEAST_TUMOUR_VOXELS:
        cure = "Draw it on a finer grid, or check that it is no stray click."
        yield Problem("doubt", where, f"The tumour is only {voxels} voxels large.", cure)
    if not _with_vertebrae(case):
        cure = f"Add the output of a vertebra segmentation, for example TotalSegmentator{alone}."
        yield Problem("stop", "case.toml: labels", "No label file holds a vertebra.", cure)


def _check_fields(case: Case) -> Iterable[Problem]:
    """Do all images show one place of one patient?"""
    spine = _with_vertebrae(case)
    if not spine:
        return
    reference = spine[0]
    others = [(file.name, file.labels.grid) for file in case.label_files if file is not reference]
    others += [(THE_CT, case.ct.grid)] if case.ct is not None else []
    fields = _chained([file.labels.grid for file in spine])
    for name, grid in others:
        if not any(_boxes_meet(grid, field, 0.0 if name == THE_CT else CHAIN_MM) for field in fields):
            says = f"It shows another place than {reference.name}: the two fields do not meet anywhere in the patient."
            yield Problem("stop", name, says, "Name images of one scan, or export them again with their orientation.")
        elif _lost_its_place(grid, reference.labels.grid):
            says = f"It has the shape of {reference.name} but lies elsewhere: one of the two has lost its orientation."
            yield Problem("stop", name, says, "Export both again from the same scan, with their orientation.")


def _check_tumour_place(case: Case) -> Iterable[Problem]:
    """Does the tumour lie in the field of the vertebra labels, and near a vertebra?"""
    spine, files = _with_vertebrae(case), _with_tumour(case)
    points = [_points_mm(file.labels, {TUMOUR}) for file in files]
    tumour = np.concatenate(points) if points else np.zeros((0, 3))
    if not spine or not len(tumour):
        return
    where = ", ".join(file.name for file in files)
    inside = np.zeros(len(tumour), dtype=bool)
    for file in spine:
        inside |= _in_field(file.labels.grid, tumour)
    if not inside.any():
        says = "The whole tumour lies outside the field of the vertebra labels."
        yield Problem("stop", where, says, "Name labels of the same scan, or of the levels that the tumour holds.")
        return
    if not inside.all():
        share = 100.0 * float((~inside).mean())
        says = f"{share:.0f} % of the tumour lies outside the field of the vertebra labels."
        yield Problem("doubt", where, says, "Label a larger field: what lies outside cannot be classified.")
    bone = [_points_mm(file.labels, {n for n in file.labels.names.values() if is_vertebra(n)}) for file in spine]
    gap = float(scipy.spatial.cKDTree(np.concatenate(bone)).query(tumour)[0].min())
    if gap > MOST_GAP_MM:
        says = f"The tumour lies {gap:.0f} mm from the nearest labelled vertebra."
        yield Problem(
            "stop", where, says, "Label the vertebrae beside the tumour, or check that both show one patient."
        )


def _check_resolution(case: Case) -> Iterable[Problem]:
    for file in sorted(_with_vertebrae(case), key=lambda file: -float(file.labels.grid.spacing_mm.max()))[:1]:
        spacing = float(file.labels.grid.spacing_mm.max())
        if spacing > THICK_MM + 1e-3:
            says = f"The vertebrae are labelled on slices of {spacing:.1f} mm: the ring around the canal may vanish."
            yield Problem("doubt", file.name, says, "Label thin slices (1.5 mm or less) if there are any.")
    if case.ct is not None and float(case.ct.values.max()) < LEAST_CT_MAXIMUM_HU:
        says = f"Its greatest value is {float(case.ct.values.max()):.0f}; bone in Hounsfield units is brighter."
        yield Problem("doubt", THE_CT, says, "Name the CT in Hounsfield units; an MR cannot stand in for it here.")


def _check_doubles(case: Case) -> Iterable[Problem]:
    seen: dict[str, str] = {}
    for file in case.label_files:
        for structure in sorted(set(file.labels.names.values())):
            if structure in seen and structure == TUMOUR:
                says = f"It labels {structure} once more, after {seen[structure]}."
                yield Problem("note", file.name, says, "Name each structure in one file, unless both parts are meant.")
            seen.setdefault(structure, file.name)


def _check_level_labels(case: Case) -> Iterable[Problem]:
    """Can each vertebra label be one vertebra, are they the right way round, and do all files count alike?"""
    spine = sorted(_with_vertebrae(case), key=lambda file: -sum(map(is_vertebra, file.labels.names.values())))
    gathered = gather(case.label_files)
    if gathered is None:
        return
    told = {
        problem.says: problem for file in (*spine, gathered.file) for problem in reversed([*check_orientation(file)])
    }
    yield from told.values()
    tumours = [_points_mm(file.labels, {TUMOUR}) for file in _with_tumour(case)]
    yield from check_levels(gathered, np.concatenate(tumours) if tumours else np.zeros((0, 3)))
    yield from check_two_files(spine)


_CHECKS: tuple[Callable[[Case], Iterable[Problem]], ...] = (
    _check_ranges,
    _check_histology,
    _check_biopsy,
    _check_typed,
    check_facts,
    _check_presence,
    _check_fields,
    _check_tumour_place,
    _check_level_labels,
    _check_resolution,
    _check_doubles,
)


def _fact(grade: Grade, key: str, says: str, remedy: str) -> Problem:
    return Problem(grade, f"case.toml: clinical.{key}", says, remedy)


def _with_tumour(case: Case) -> list[LabelFile]:
    return [file for file in case.label_files if TUMOUR in file.labels.names.values()]


def _with_vertebrae(case: Case) -> list[LabelFile]:
    return [file for file in case.label_files if any(map(is_vertebra, file.labels.names.values()))]


def _points_mm(labels: LabelMap, structures: set[str]) -> Floats:
    """At most `_SAMPLE` voxel centres of some structures, (n, 3) LPS mm, evenly taken."""
    numbers = [number for number, name in labels.names.items() if name in structures]
    indices = voxels_of(np.isin(labels.values, numbers))
    return labels.grid.to_patient(indices[:: max(1, len(indices) // _SAMPLE)])


def _in_field(grid: Grid, points_mm: Floats) -> Bools:
    indices = grid.to_index(points_mm)
    inside: Bools = np.all((indices >= -0.5) & (indices <= np.array(grid.shape) - 0.5), axis=1)
    return inside


def _corners_mm(grid: Grid) -> Floats:
    ends = np.array(np.meshgrid(*((-0.5, n - 0.5) for n in grid.shape))).reshape(3, -1).T
    return grid.to_patient(ends)


def _boxes_meet(one: Grid, other: Grid, within_mm: float = 0.0) -> bool:
    a, b = _corners_mm(one), _corners_mm(other)
    b_low, b_high = b.min(axis=0) - within_mm, b.max(axis=0) + within_mm
    return bool((a.min(axis=0) < b_high).all() and (b_low < a.max(axis=0)).all())


def _chained(grids: Sequence[Grid]) -> list[Grid]:
    """The first grid and all that hang together with it from neighbour to neighbour, as files of single levels do."""
    chained, rest = [grids[0]], list(grids[1:])
    while near := [grid for grid in rest if any(_boxes_meet(grid, field, CHAIN_MM) for field in chained)]:
        chained += near
        rest = [grid for grid in rest if grid not in near]
    return chained


def _lost_its_place(one: Grid, other: Grid) -> bool:
    """Same shape, different place, and not two equal crops of one scan."""
    if one.shape != other.shape or one.same_as(other, tolerance_mm=0.5):
        return False
    turned = np.abs(one.affine[:3, :3] - other.affine[:3, :3]).max() > 0.01
    steps = other.to_index(one.affine[:3, 3][None])[0]
    return bool(turned or np.abs(steps - np.rint(steps)).max() > 0.05)
