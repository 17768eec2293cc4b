"""Layer F: does tumour lie in the canal of the vertebral artery? (LAY-4)

Strategy. Where a vertebra's bone shows its foramen transversarium, the tumour's surface is compared with the foramen's
middle line: how far it comes within the foramen's width. Where the artery is labelled, contact counts. A side that
shows neither stays open as soon as the pedicle or the tissue beside it holds tumour.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from enbloc.anatomy.scene import ModelledPart, Scene
from enbloc.classification.extent import LEFT_PEDICLE, RIGHT_PEDICLE, Cell
from enbloc.classification.judged import border_mm
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict, any_of, judge_above
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.space.sampling import sample_linear
from enbloc.foundation.terms.levels import Level, region

BESIDE: Mapping[str, int] = {"left": LEFT_PEDICLE, "right": RIGHT_PEDICLE}
"""The sector in which each side's foramen lies."""

ROOM_MM = 15.0
"""Tumour further from a foramen or an artery than this is not in it."""

STEP_MM = 0.5


def judge_artery_canal(scene: Scene, level: Level, cells: Mapping[tuple[int, str], Cell]) -> Verdict:
    """Layer F of one level: unmet outside the neck; measured where foramen or artery is known, else open or free."""
    if region(level) != "cervical":
        return Verdict.UNMET
    return any_of(_judge_side(scene, level, side, cells) for side in BESIDE)


def _judge_side(scene: Scene, level: Level, side: str, cells: Mapping[tuple[int, str], Cell]) -> Verdict:
    wanted = f"foramen_transversarium_{level}_{side}"
    foramen = next((part for part in scene.modelled if part.structure == wanted), None)
    if foramen is not None:
        return any_of((judge_above(measure_depth_in(scene, foramen), 0.0), _touches_artery(scene, foramen)))
    beside = any_of(cells[BESIDE[side], layer].verdict for layer in ("A", "B", "C"))
    return Verdict.UNMET if beside is Verdict.UNMET else Verdict.UNDECIDED


def measure_depth_in(scene: Scene, foramen: ModelledPart) -> Estimate:
    """How far the tumour's surface comes into a foramen transversarium, mm; negative where it stays outside.

    Two labels err: that of the tumour and that of the bone around the hole.
    """
    line = _along(foramen.points_mm)
    away = _border_at(scene, line)
    depth = foramen.width_mm / 2 - float(away.min())
    error = scene.label_error_mm * float(np.sqrt(2.0))
    return Estimate(depth, depth - error, depth + error, "mm", f"label borders of tumour and bone, +-{error:.2f} mm")


def _touches_artery(scene: Scene, foramen: ModelledPart) -> Verdict:
    """Contact with the labelled artery beside this foramen: within half a voxel it is sure, within the error open."""
    name = f"vertebral_artery_{foramen.side}"
    if name not in scene.structures.names.values():
        return Verdict.UNMET
    points = scene.grid.to_patient(np.argwhere(scene.structures.mask(name)))
    middle = foramen.points_mm.mean(axis=0)
    near = points[np.linalg.norm(points - middle, axis=1) < ROOM_MM]
    if not len(near):
        return Verdict.UNMET
    gap = float(_border_at(scene, near).min()) - scene.label_error_mm
    if gap <= 0.0:
        return Verdict.MET
    return Verdict.UNDECIDED if gap <= scene.label_error_mm * float(np.sqrt(2.0)) else Verdict.UNMET


def _along(points_mm: Floats) -> Floats:
    """Points (n, 3) on a line, `STEP_MM` apart."""
    pieces = [points_mm[:1]]
    for start, end in pairwise(points_mm):
        count = max(int(np.ceil(np.linalg.norm(end - start) / STEP_MM)), 1)
        pieces.append(start + np.linspace(0.0, 1.0, count + 1)[1:, None] * (end - start))
    return np.concatenate(pieces)


def _border_at(scene: Scene, points_mm: Floats) -> Floats:
    """Distance (n,) of points to the tumour's surface, mm, negative inside; `ROOM_MM` where it lies further away."""
    index = scene.grid.to_index(points_mm)
    room = np.ceil(ROOM_MM / scene.grid.spacing_mm).astype(int)
    low = np.maximum(np.floor(index.min(axis=0)).astype(int) - room, 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1 + room, scene.grid.shape)
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    if (high <= low).any() or not scene.tumour[box].any():
        return np.full(len(points_mm), ROOM_MM)
    return np.minimum(sample_linear(scene.grid.crop(box), border_mm(scene, box), points_mm, ROOM_MM), ROOM_MM)
