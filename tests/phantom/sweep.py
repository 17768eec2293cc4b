"""The sweep: many tumours at every level and spacing, each cell and each class held against the phantom's formulas.

A cell is *clear* when its truth stays the same although every border is moved by one voxel; there the program must be
right. Anywhere else it must be right or undecided, with the truth taken as the rules have it (GEO-7, EN-C5). The
truth of a class is what its table gives for the true cells, those near a border left open; it is asked where settled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

import attrs
import numpy as np

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.classification.extent import LAYERS, SECTORS, Cell, Extent, LevelExtent
from enbloc.classification.measured.contacts import measure_contacts
from enbloc.classification.measured.scene_findings import find_on_scene
from enbloc.classification.sheet import classify
from enbloc.classification.wbb import measure_extent
from enbloc.errors import InputError
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.space.grids import LabelMap
from enbloc.foundation.terms.levels import LEVELS, Level
from enbloc.intake.case import Case, LabelFile
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.fills import Fill
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.truth import Cells, Rule, by_the_rule, cell_truth, judge_by, level_truth
from enbloc.phantoms.tumours import Tumour, ellipsoid, fill, sphere, tumour_mask

SETTINGS = AnatomySettings(reach_mm=15.0)
LEVELS_SWEPT: tuple[Level, ...] = tuple(level for level in LEVELS if level[0] in "CTL" and level not in ("T13", "L6"))
"""The sacrum, labelled as a whole, has levels that are modelled: no cell of theirs is ever settled."""

UPPER_NECK = LEVELS_SWEPT[:2]
SPACINGS_MM = (0.7, 1.5, 3.0)
SYSTEMS = ("tomita", "enneking", "tnm", "mclain_weinstein")
JUDGED_LAYERS = ("A", "B", "C", "D")
LEAST_VOXELS = 20
KNOWN = Clinical(histology="chordoma", biopsy_confirmed=True, grade="low", metastases="none")


@attrs.frozen
class Trial:
    """One tumour of the sweep: its number draws it."""

    number: int
    level: Level
    spacing_mm: float


@attrs.frozen
class Result:
    """How the program answered for one tumour; `counts` by ``clear right``, ``near open`` and the like."""

    trial: Trial
    counts: Counter[str]
    misses: tuple[str, ...]


def trials(per_spacing: tuple[int, int, int]) -> tuple[Trial, ...]:
    """So many tumours at each level, for 0.7, 1.5 and 3 mm, C1 and C2 last; then one more everywhere at 1.5 mm."""
    wanted = [
        (level, spacing)
        for levels in (LEVELS_SWEPT[len(UPPER_NECK) :], UPPER_NECK)
        for spacing, count in zip(SPACINGS_MM, per_spacing, strict=True)
        for _ in range(count)
        for level in levels
    ]
    wanted += [(level, SPACINGS_MM[1]) for level in LEVELS_SWEPT]
    return tuple(Trial(number, level, spacing) for number, (level, spacing) in enumerate(wanted))


def draw(phantom: SpinePhantom, level: Level, rng: np.random.Generator, size: float | None = None) -> Tumour:
    """A sphere, an ellipsoid or a filled run of cells, anywhere at a level; along the spine by `size` or its body."""
    truth = level_truth(phantom, level)
    width, depth = truth.body_width_mm / 2, truth.body_depth_mm
    size = truth.body_depth_mm / 33.0 if size is None else size
    centre = (
        float(rng.uniform(-width, width)),
        float(rng.uniform(-depth - 8.0, 12.0)),
        float(rng.uniform(-8.0, 4.0) * size),
    )
    kind = rng.integers(3)
    if kind == 0:
        return sphere(level, centre, float(rng.uniform(4.0, 9.0)))
    if kind == 1:
        halves = rng.uniform(4.0, 11.0, 3)
        return ellipsoid(level, centre, (float(halves[0]), float(halves[1]), float(halves[2])))
    first, count = int(rng.integers(1, 13)), int(rng.integers(1, 5))
    sectors = [(first + n - 1) % 12 + 1 for n in range(count)]
    layers = [("B", "C"), ("B",), ("A", "B", "C", "D")][int(rng.integers(3))]
    return fill(level, Fill(sectors, layers, inset_mm=1.75, beyond_mm=8.0))


def run(trial: Trial) -> Result | None:
    """Measure one tumour and hold it against its truth; None when fewer than `LEAST_VOXELS` voxels show it."""
    at = LEVELS_SWEPT.index(trial.level)
    levels = LEVELS_SWEPT[max(at - 1, 0) : at + 2]
    phantom, bare = _bare(levels, trial.spacing_mm)
    tumour = draw(phantom, trial.level, np.random.default_rng(trial.number))
    grid = bare.label_files[0].labels.grid
    inside = tumour_mask(phantom, tumour, grid)
    if inside.sum() < LEAST_VOXELS:
        return None
    drawn = LabelFile("tumour.nii.gz", LabelMap(grid, inside.astype(np.uint8), {1: "tumour"}))
    scene = build_scene(attrs.evolve(bare, ct=None, label_files=(*bare.label_files, drawn)), SETTINGS)
    if scene is None:
        raise InputError("the phantom has a tumour and gave no scene")
    measured = measure_extent(scene, SETTINGS)
    measured = attrs.evolve(measured, touched=measure_contacts(scene, SETTINGS.reach_mm))
    cells = cell_truth(phantom, tumour, shrink_mm=trial.spacing_mm)
    found = list(_judged_cells(trial, levels, cells, measured))
    answers = classify(measured, KNOWN, find_on_scene(scene, measured)).answers
    true = classify(_true_extent(levels, cells, trial.spacing_mm, measured), KNOWN).answers
    for system in SYSTEMS:
        if len(true[system].possible) == 1:
            right = answers[system].possible == true[system].possible
            wrong = true[system].possible[0] not in answers[system].possible
            found.append((system, "right" if right else "wrong" if wrong else "open", f"{answers[system].possible}"))
    where = f"{trial.level} at {trial.spacing_mm:g} mm, tumour {trial.number}"
    amiss = [miss for miss in found if miss[1] == "wrong" or (miss[1] == "open" and miss[0] != "near")]
    misses = tuple(f"{where}: {zone} {word}: {says}" for zone, word, says in amiss)
    return Result(trial, Counter(f"{zone} {word}" for zone, word, _ in found), misses)


def _rule(spacing_mm: float) -> Rule:
    """What the settings say: a cell outside the bone counts from a depth on, and never below one voxel."""
    depth_mm = max(SETTINGS.outside_depth_mm, spacing_mm)
    return Rule(SETTINGS.cell_fraction, SETTINGS.cell_volume_ml, depth_mm)


@lru_cache(maxsize=2)
def _bare(levels: tuple[Level, ...], spacing_mm: float) -> tuple[SpinePhantom, Case]:
    phantom = SpinePhantom(levels)
    return phantom, sample(phantom, Scan((spacing_mm,) * 3, margin_mm=12.0), None, KNOWN)


def _judged_cells(
    trial: Trial, levels: tuple[Level, ...], cells: Cells, measured: Extent
) -> Iterator[tuple[str, str, str]]:
    rule = _rule(trial.spacing_mm)
    touched = {level for (level, _, layer), cell in cells.items() if layer in "BC" and cell.volume_ml > 0.0}
    in_bone = {key[0] for key, cell in cells.items() if key[2] in "BC" and by_the_rule(cell, key[2], rule)}
    strays = {key[2] for key, cell in cells.items() if key[0] not in in_bone and cell.volume_ml > 0.0}
    for level in levels:
        for sector in SECTORS:
            for layer in JUDGED_LAYERS:
                if layer in "AD" and touched and level not in in_bone:
                    continue  # tumour outside bone belongs to the nearest level whose bone is involved, not grazed
                cell = cells.get((level, sector, layer))
                word = judge_by(cell, layer, rule, trial.spacing_mm)
                true = by_the_rule(cell, layer, rule)
                if layer in "AD" and touched and not true and layer in strays:
                    continue  # … so that what lies beside a free level may be its neighbour's
                seen = measured.levels.get(level)
                got = seen.cells[sector, layer].verdict if seen else Verdict.UNMET
                answer = "open" if got is Verdict.UNDECIDED else "right" if (got is Verdict.MET) == true else "wrong"
                zone = "near" if word == "border" else "clear"
                yield zone, answer, f"{level} {sector}{layer} is {true}, not {got.value}"


def _true_extent(levels: tuple[Level, ...], cells: Cells, voxel_mm: float, measured: Extent) -> Extent:
    """The Extent as the formulas have it; what lies near a border is open. What is touched is taken as measured."""
    words = {"involved": Verdict.MET, "free": Verdict.UNMET, "border": Verdict.UNDECIDED}
    found: dict[Level, LevelExtent] = {}
    for level in levels:
        if not any(key[0] == level and cell.volume_ml > 0.0 for key, cell in cells.items()):
            continue
        verdicts = {
            (sector, layer): words[judge_by(cells.get((level, sector, layer)), layer, _rule(voxel_mm), voxel_mm)]
            for sector in SECTORS
            for layer in JUDGED_LAYERS
        }
        layers = {layer: any_of(verdicts[s, layer] for s in SECTORS) for layer in JUDGED_LAYERS}
        layers |= {layer: Verdict.UNMET for layer in LAYERS if layer not in layers}
        sectors = {s: any_of(verdicts[s, layer] for layer in JUDGED_LAYERS) for s in SECTORS}
        unseen = Unknown("true by formula")
        found[level] = LevelExtent(
            sectors, layers, {key: Cell(verdict, unseen, unseen, unseen) for key, verdict in verdicts.items()}
        )
    return attrs.evolve(measured, levels=found)
