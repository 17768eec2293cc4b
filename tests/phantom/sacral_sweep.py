"""The sweep over the sacrum: generated tumours of S1 to S5, levels, sides and types held against the formulas.

Each question has three answers by formula: held, free, or too near to a border to ask (it would turn over if every
border were moved by one voxel). A type is asked where all that its rules read is clear. The program says right, open
or wrong. Half of the label maps give S1 a label of its own, half hold the sacrum as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import attrs
import edt
import numpy as np

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.sacrum import judge_sacral_levels
from enbloc.anatomy.settings import AnatomySettings
from enbloc.classification.measured.contacts import measure_contacts
from enbloc.classification.measured.scene_findings import find_on_scene
from enbloc.classification.sheet import classify
from enbloc.classification.wbb import measure_extent
from enbloc.errors import InputError
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.grids import Bools, Floats, Grid, LabelMap
from enbloc.foundation.terms.levels import Level
from enbloc.intake.case import Case, LabelFile
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.painting import bone_mask, canal_mask, frame_coordinates, slab_index, whole
from enbloc.phantoms.sacrum import (
    SACRAL,
    SacrumPhantom,
    depths_mm,
    hip_mask,
    sacral_bone,
    sacral_grid,
    sample_sacrum,
    with_heights,
)
from enbloc.phantoms.solids import Ellipsoid

SETTINGS = AnatomySettings(reach_mm=60.0)
KNOWN = Clinical(histology="chordoma", biopsy_confirmed=True, grade="low", metastases="none")
SPACINGS_MM = (0.7, 1.5, 3.0)
PHANTOMS = 4
STEP_MM = 0.8
LEAST_VOXELS = 20

Truth = Literal["held", "free", "border"]
Found = tuple[str, str, str]


@attrs.frozen
class Trial:
    """One tumour: its number draws it and, by its remainder, the heights of the sacral bodies."""

    number: int
    spacing_mm: float
    first_apart: bool


@attrs.frozen
class Result:
    """How the program answered; `counts` by ``levels right``, ``sacral open`` and the like."""

    trial: Trial
    counts: Counter[str]
    misses: tuple[str, ...]


@attrs.frozen
class Piece:
    """An ellipsoid along the axes of a sacral level."""

    level: Level
    shape: Ellipsoid


@attrs.frozen
class SacralTruth:
    """What the formulas say of a tumour."""

    levels: Mapping[Level, Truth]
    left: Truth
    right: Truth
    fifth: Truth
    hip: Truth
    outside: Truth
    medial: Truth


def trials(per_spacing: tuple[int, int, int]) -> tuple[Trial, ...]:
    """So many tumours for 0.7, 1.5 and 3 mm, every other one with S1 labelled by itself."""
    spacings = [mm for mm, count in zip(SPACINGS_MM, per_spacing, strict=True) for _ in range(count)]
    return tuple(Trial(n, mm, n % 2 == 0) for n, mm in enumerate(spacings))


def draw(phantom: SacrumPhantom, rng: np.random.Generator) -> Piece:
    """A small ball, an ellipsoid, a half of the sacrum with its hip, or most of the sacrum; at any level."""
    n = int(rng.integers(len(SACRAL)))
    segment, kind = phantom.segments[n], int(rng.integers(6))
    half_v, reach = segment.canal_half[1], segment.ala_u
    centre = (
        float(rng.uniform(-reach, reach)),
        float(rng.uniform(-half_v - segment.depth_mm, half_v + 4.0)),
        float(rng.uniform(-0.5, 0.5) * segment.height_mm),
    )
    if kind <= 1:
        radius = float(rng.uniform(5.0, 11.0))
        return Piece(SACRAL[n], Ellipsoid(centre, (radius, radius, radius)))
    if kind <= 3:
        halves = rng.uniform(6.0, 22.0, 3)
        return Piece(SACRAL[n], Ellipsoid(centre, (float(halves[0]), float(halves[1]), float(halves[2]))))
    if kind == 4:
        side, across = float(rng.choice((-1.0, 1.0))), float(rng.uniform(10.0, 45.0))
        return Piece(SACRAL[n % 2], Ellipsoid((side * 58.0, -14.0, centre[2]), (across, 14.0, 20.0)))
    tall = float(rng.uniform(30.0, 75.0))
    return Piece("S3", Ellipsoid((0.0, -8.0, 5.0), (float(rng.uniform(12.0, 40.0)), 16.0, tall)))


def run(trial: Trial) -> Result | None:
    """Measure one tumour and hold it against its truth; None when fewer than `LEAST_VOXELS` voxels show it in bone."""
    phantom, grid, labels = _bare(trial.number % PHANTOMS, trial.spacing_mm, trial.first_apart)
    piece = draw(phantom, np.random.default_rng(trial.number))
    inside = _inside(phantom, piece, grid)
    bony = [n for n, name in labels.names.items() if name in ("sacrum", "vertebra_S1")]
    if (inside & np.isin(labels.values, bony)).sum() < LEAST_VOXELS:
        return None
    drawn = LabelFile("tumour.nii.gz", LabelMap(grid, inside.astype(np.uint8), {1: "tumour"}))
    scene = build_scene(Case("sacrum", KNOWN, label_files=(LabelFile("labels.nii.gz", labels), drawn)), SETTINGS)
    if scene is None:
        raise InputError("the phantom has a tumour and gave no scene")
    extent = measure_extent(scene, SETTINGS)
    extent = attrs.evolve(extent, touched=measure_contacts(scene, SETTINGS.reach_mm))
    answers = classify(extent, KNOWN, find_on_scene(scene, extent)).answers
    truth = true_of(phantom, piece, trial.spacing_mm)
    found: list[Found] = []
    points = scene.grid.to_patient(np.argwhere(scene.tumour & (scene.structures.values > 0)))
    held = judge_sacral_levels(scene.sacrum, points) if scene.sacrum is not None else {}
    for level, true in truth.levels.items():
        measured = extent.levels.get(level)
        got = held.get(level, Verdict.UNMET if measured is None else Verdict.MET)
        found.append(_said("levels" if true != "border" else "near", true, got, level))
    for system, right in _true_types(truth).items():
        possible = answers[system].possible or ("outside",)
        word = "right" if possible == (right,) else "open" if right in possible else "wrong"
        found.append((system, word, f"{system} {possible}, true {right}"))
    where = f"{trial.spacing_mm:g} mm, sacral tumour {trial.number}"
    misses = tuple(f"{where}: {zone} {word}: {says}" for zone, word, says in found if word == "wrong")
    return Result(trial, Counter(f"{zone} {word}" for zone, word, _ in found), misses)


def _said(zone: str, true: Truth, got: Verdict, what: str) -> Found:
    if got is Verdict.UNDECIDED or true == "border":
        return zone, "open" if got is Verdict.UNDECIDED else "right", what
    return zone, "right" if (got is Verdict.MET) == (true == "held") else "wrong", f"{what} is {true}, not {got.value}"


@lru_cache(maxsize=8)
def _bare(draws: int, spacing_mm: float, first_apart: bool) -> tuple[SacrumPhantom, Grid, LabelMap]:
    phantom = with_heights(np.random.default_rng(draws).uniform(0.92, 1.08, len(SACRAL)))
    grid = sacral_grid(phantom, spacing_mm)
    return phantom, grid, sample_sacrum(phantom, grid, first_apart)


def _inside(phantom: SacrumPhantom, piece: Piece, grid: Grid, less_mm: float = 0.0) -> Bools:
    """The tumour, its half axes made less."""
    halves = tuple(half - less_mm for half in piece.shape.half)
    if min(halves) <= 0.0:
        return np.zeros(grid.shape, dtype=bool)
    smaller = Ellipsoid(piece.shape.centre, (halves[0], halves[1], halves[2]))
    return smaller.inside(*frame_coordinates(grid, phantom.frames[piece.level], whole(grid)))


def true_of(phantom: SacrumPhantom, piece: Piece, voxel_mm: float) -> SacralTruth:
    """Evaluate the solids densely around the tumour."""
    grid = _around(phantom, piece, voxel_mm)
    inside, core = _inside(phantom, piece, grid), _inside(phantom, piece, grid, voxel_mm)
    bone = sacral_bone(phantom, grid) > 0
    deep_bone = _depth(bone) > voxel_mm
    points = grid.to_patient(np.argwhere(inside))
    depths = depths_mm(phantom, points)
    sure, there = (core & deep_bone)[inside], bone[inside]
    levels = {
        level: _judge(depths[:, n], sure, there & (depths[:, n] > 0.0), voxel_mm) for n, level in enumerate(SACRAL)
    }
    across = (points - phantom.frames["S1"].origin_mm) @ phantom.frames["S1"].axes[:, 0]
    upper = phantom.upper
    canal = canal_mask(upper, grid, slab_index(upper, grid))
    fifth = bone_mask(upper, "L5", grid, canal)
    hips = hip_mask(phantom, grid, 1) | hip_mask(phantom, grid, -1)
    out = ~bone & ~fifth & ~hips
    return SacralTruth(
        levels=levels,
        left=_judge(across, sure, there & (across > 0), voxel_mm),
        right=_judge(-across, sure, there & (across < 0), voxel_mm),
        fifth=_reach(fifth, inside, core, voxel_mm),
        hip=_reach(hips, inside, core, voxel_mm),
        outside=_outside(out, inside, voxel_mm),
        medial=_judge(_past_foramina(phantom, points), sure, there, voxel_mm),
    )


def _around(phantom: SacrumPhantom, piece: Piece, voxel_mm: float) -> Grid:
    frame = phantom.frames[piece.level]
    room = 2.0 * voxel_mm + 2.0
    low = np.array([a for a, _ in piece.shape.bounds]) - room
    high = np.array([b for _, b in piece.shape.bounds]) + room
    local = np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0])
    local[:3, 3] = low
    shape = np.ceil((high - low) / STEP_MM).astype(int) + 1
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), frame.matrix @ local)


def _depth(mask: Bools) -> Floats:
    found: Floats = edt.edt(np.ascontiguousarray(mask), anisotropy=(STEP_MM,) * 3, black_border=False) - STEP_MM / 2.0
    return found


def _judge(depth_mm: Floats, sure: Bools, there: Bools, voxel_mm: float) -> Truth:
    """Held: surely tumour in bone deeper than a voxel. Free: all of it further off than a voxel."""
    if not there.any() and (depth_mm < -voxel_mm).all():
        return "free"
    enough = voxel_mm**3 / STEP_MM**3
    return "held" if (sure & (depth_mm > voxel_mm)).sum() > enough else "border"


def _reach(bone: Bools, inside: Bools, core: Bools, voxel_mm: float) -> Truth:
    if not bone.any() or (_depth(~bone)[inside] > voxel_mm).all():
        return "free"
    held = (core & (_depth(bone) > voxel_mm)).sum() > voxel_mm**3 / STEP_MM**3
    return "held" if held else "border"


def _outside(out: Bools, inside: Bools, voxel_mm: float) -> Truth:
    """Does the tumour leave the bone, as EN-C5 has it?"""
    deepest = float(_depth(out)[inside & out].max(initial=0.0))
    if not (inside & out).any() and float(_depth(~out)[inside].min()) > voxel_mm:
        return "free"
    return "held" if deepest > max(SETTINGS.outside_depth_mm, voxel_mm) + voxel_mm else "border"


def _past_foramina(phantom: SacrumPhantom, points_mm: Floats) -> Floats:
    """How far medial of the foramina's outer border places lie, in the levels that have foramina."""
    depths = depths_mm(phantom, points_mm)
    across = np.abs((points_mm - phantom.frames["S1"].origin_mm) @ phantom.frames["S1"].axes[:, 0])
    found = np.full(len(points_mm), -np.inf)
    for n, segment in enumerate(phantom.segments):
        if segment.foramen_mm > 0.0:
            medial = segment.foramen_u + segment.foramen_mm - across
            found = np.maximum(found, np.where(depths[:, n] > 0.0, medial, -np.inf))
    return found


def _true_types(truth: SacralTruth) -> dict[str, str]:
    """The answers that the rules give for what is true; none where something that they read lies near a border."""
    found: dict[str, str] = {}
    both = _all(truth.left, truth.right)
    hemi = _all(truth.hip, _not(both))
    regions = [truth.levels["S1"], truth.levels["S2"], _any(*(truth.levels[s] for s in ("S3", "S4", "S5")))]
    rows = (("V", truth.fifth), ("IV", hemi), *zip(("I", "II", "III"), regions, strict=True))
    found |= _first(rows, "sacral")
    if truth.hip == "free":
        found["pelvic_sacral"] = "outside"
    elif truth.hip == "held":
        every = _all(*truth.levels.values(), both)
        found |= _first((("IVd", every), ("IVc", both), ("IVb", truth.medial), ("IVa", _not(truth.medial))),
                        "pelvic_sacral")  # fmt: skip
    if truth.fifth == "free":
        found["tnm"] = "outside"
    if truth.outside == "held" or truth.hip == "held":
        found["enneking"] = "IB"
    return found


def _first(rows: tuple[tuple[str, Truth], ...], system: str) -> dict[str, str]:
    """The first row that holds, when no row before it is near a border."""
    for name, held in rows:
        if held == "border":
            return {}
        if held == "held":
            return {system: name}
    return {}


def _all(*words: Truth) -> Truth:
    return "free" if "free" in words else "border" if "border" in words else "held"


def _any(*words: Truth) -> Truth:
    return "held" if "held" in words else "border" if "border" in words else "free"


def _not(word: Truth) -> Truth:
    return "free" if word == "held" else "held" if word == "free" else "border"
