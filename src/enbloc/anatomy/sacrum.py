"""The sacrum where only its whole is labelled: where its levels lie along it, modelled.

Strategy. No label scheme parts the sacrum below S1. Its bodies follow a curve in the mid-sagittal plane; how far down a
place lies is how far down that curve its nearest point lies, from the upper end plate of S1. The junctions lie on that
way: below S1 at its own label's lower end where S1 is labelled, else one body of the last vertebra down; each next body
is taken as somewhat lower than the one above. The error grows from junction to junction and is kept, so that a level is
held, open or free. All of it is *modelled* and said so; shares and errors are the project's own (ours).
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import scipy
import skimage
from numpy.typing import NDArray

from enbloc.anatomy.scene import Frame, Sacrum, Vertebra
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.terms.levels import Level

SACRAL_LEVELS: tuple[Level, ...] = ("S1", "S2", "S3", "S4", "S5")

HEIGHT_SHARES = (1.1, 0.95, 0.85, 0.75, 0.7)
"""Heights of the sacral bodies along the middle line, as shares of the body above the sacrum (ours); in three maps S1
has 0.97-1.22."""

ERROR_SHARES = (0.2, 0.3, 0.4, 0.5, 0.6)
"""How far each junction may lie off, as shares of the same body (ours)."""

LEAN_SHARE = 0.2
"""… and how much further for each mm beside the middle line, as the ends of a body may lean against it (ours)."""

LABELLED_ERROR_SHARE = 0.1
"""… the first one, where S1 has a label of its own."""

MIDDLE_MM = 8.0
"""Half the thickness of the slab that stands for the mid-sagittal plane."""

PIXEL_MM = 1.5
BORDER_COST, OFF_BONE_COST = 4.0, 40.0
"""What a step along a border costs more than one in the middle of the bone, and what one beside the bone costs."""

LINE_SMOOTH = 3.0
"""Standard deviation by which the steps of the middle line are smoothed, in pixels."""

LEAST_SACRUM_VOXELS = 200


def find_sacrum(grid: Grid, label: Bools, vertebrae: Mapping[Level, Vertebra], first: Bools) -> Sacrum | None:
    """The sacrum's own axis, or None where it is not labelled or no vertebra above it could be measured.

    Parameters
    ----------
    grid : Grid
    label : bool array
        The sacrum, without S1 where that has its own label.
    vertebrae : mapping of level to Vertebra
        The lowest of them gives the axes and the heights.
    first : bool array
        The bone of S1, if it is labelled; else nothing.
    """
    measured = [vertebra for vertebra in vertebrae.values() if vertebra.body_height_mm > 0.0]
    if label.sum() < LEAST_SACRUM_VOXELS or not measured or measured[-1].level[0] not in "LS":
        return None
    last = measured[-1]
    points = grid.to_patient(voxels_of(label | first))
    frame = attrs.evolve(last.frame, origin_mm=top_of_sacrum(last))
    local = _in_frame(frame, points)
    middle = float(np.median(local[:, 0]))
    slab = local[np.abs(local[:, 0] - middle) < MIDDLE_MM][:, 1:]
    if len(slab) < LEAST_SACRUM_VOXELS / 10:
        return None
    places, along = _way_down(slab, last)
    lumbar = [vertebra for vertebra in measured if vertebra.level[0] == "L"]
    unit = (lumbar or measured)[-1].body_height_mm
    down, errors = np.cumsum(HEIGHT_SHARES) * unit, np.array(ERROR_SHARES) * unit
    sacrum = Sacrum(frame, middle, places, along, down, errors, last.level == "S1")
    if last.level != "S1":
        return sacrum
    body = _body_of_first(last, grid.to_patient(voxels_of(first)))
    end = _end_on_line(sacrum, body, float(grid.spacing_mm.max())) if len(body) else float(down[0])
    less = errors[0] - LABELLED_ERROR_SHARE * unit
    return attrs.evolve(sacrum, junctions_mm=down - down[0] + end, errors_mm=errors - less)


def distance_down_mm(sacrum: Sacrum, points_mm: Floats) -> Floats:
    """How far down the sacrum points (n, 3) LPS lie, mm from the upper end plate of S1."""
    return _on_line(sacrum, points_mm)[0]


def _on_line(sacrum: Sacrum, points_mm: Floats) -> tuple[Floats, Floats]:
    """How far down the middle line points (n, 3) LPS lie, and how far beside it, mm."""
    local = _in_frame(sacrum.frame, points_mm)[:, 1:]
    beside, nearest = scipy.spatial.cKDTree(sacrum.places_mm).query(local)
    return sacrum.along_mm[nearest], beside


def judge_sacral_levels(sacrum: Sacrum, points_mm: Floats) -> dict[Level, Verdict]:
    """Which sacral levels tumour at points (n, 3) LPS holds: met inside the errors, unmet outside them, else open."""
    down, beside = _on_line(sacrum, points_mm)
    ends = np.concatenate([[0.0], sacrum.junctions_mm[:-1], [np.inf]])
    errors = np.concatenate([[0.0], sacrum.errors_mm[:-1], [0.0]])
    found: dict[Level, Verdict] = {}
    doubts = [error + LEAN_SHARE * beside if error > 0.0 else np.zeros(len(down)) for error in errors]
    for n, level in enumerate(SACRAL_LEVELS):
        surely = (down > ends[n] + doubts[n]) & (down < ends[n + 1] - doubts[n + 1])
        perhaps = (down > ends[n] - doubts[n]) & (down < ends[n + 1] + doubts[n + 1])
        found[level] = Verdict.MET if surely.any() else Verdict.UNDECIDED if perhaps.any() else Verdict.UNMET
    return found


def across_midline_mm(sacrum: Sacrum, points_mm: Floats) -> tuple[Floats, Floats]:
    """How far to the left of the midline points (n, 3) LPS lie, and how far off that may be by the turn of the axes."""
    local = _in_frame(sacrum.frame, points_mm)
    error: Floats = np.abs(local[:, 2]) * np.tan(np.radians(sacrum.frame.turn_error_deg))
    return local[:, 0] - sacrum.middle_mm, error


def sides_held(sacrum: Sacrum, points_mm: Floats, error_mm: float) -> tuple[Verdict, Verdict]:
    """Does tumour at points (n, 3) LPS reach the patient's left, and the right, of the sacrum's midline?"""
    across = _in_frame(sacrum.frame, points_mm)[:, 0] - sacrum.middle_mm
    reach = (float(across.max(initial=-np.inf)), float((-across).max(initial=-np.inf)))
    left, right = (
        Verdict.MET if r > error_mm else Verdict.UNMET if r < -error_mm else Verdict.UNDECIDED for r in reach
    )
    return left, right


def _body_of_first(first: Vertebra, points_mm: Floats) -> Floats:
    """Of the bone of S1, points (n, 3) LPS, what lies in front of the canal and in the middle."""
    local = _in_frame(first.frame, points_mm)
    body: Floats = points_mm[(local[:, 1] < first.canal_ventral_mm) & (np.abs(local[:, 0]) < MIDDLE_MM)]
    return body


def _end_on_line(sacrum: Sacrum, points_mm: Floats, voxel_mm: float) -> float:
    """How far down the middle line leaves the bone at points (n, 3) LPS, mm."""
    gaps = scipy.spatial.cKDTree(_in_frame(sacrum.frame, points_mm)[:, 1:]).query(sacrum.places_mm)[0]
    return float(sacrum.along_mm[gaps <= max(voxel_mm, PIXEL_MM)].max(initial=0.0))


def _in_frame(frame: Frame, points_mm: Floats) -> Floats:
    local: Floats = (points_mm - frame.origin_mm) @ np.stack([frame.left, frame.dorsal, frame.cranial], axis=1)
    return local


def top_of_sacrum(last: Vertebra) -> Floats:
    """Middle of the upper end plate of S1, (3,) LPS mm: its own, or just below the last lumbar body."""
    f = last.frame
    height = last.endplate_cranial_mm if last.level == "S1" else last.endplate_caudal_mm
    at_centre = float((last.body_centre_mm - f.origin_mm) @ f.cranial)
    top: Floats = last.body_centre_mm + (height - at_centre) * f.cranial
    return top


def _way_down(slab: Floats, last: Vertebra) -> tuple[Floats, Floats]:
    """Places (n, 2) dorsal and cranial mm on the middle line of the bodies, and how far down it each lies.

    The line is the cheapest way through the bone of the mid-sagittal plane, from the end plate to its lowest place;
    bone near a border costs more, so that the way keeps to the middle of the bodies and off the wall behind the canal.
    """
    low = np.minimum(slab.min(axis=0), 0.0) - 2 * PIXEL_MM
    cells = np.rint((slab - low) / PIXEL_MM).astype(np.intp)
    start = np.rint(-low / PIXEL_MM).astype(np.intp)
    shape = np.maximum(cells.max(axis=0), start) + 3
    plane = np.zeros(tuple(int(n) for n in shape), dtype=bool)
    plane[tuple(cells.T)] = True
    plane = scipy.ndimage.binary_closing(plane, iterations=2) | plane
    deep = scipy.ndimage.distance_transform_edt(plane)
    costs = np.where(plane, 1.0 + BORDER_COST / np.maximum(deep, 1.0), OFF_BONE_COST)
    ways = skimage.graph.MCP_Geometric(costs)
    ways.find_costs([tuple(int(n) for n in start)])
    held = np.argwhere(_piece_below(plane, start))
    lowest = held[held[:, 1] == held[:, 1].min()]
    way = np.array(ways.traceback(tuple(int(n) for n in lowest[len(lowest) // 2])))
    # The first step from the end plate to the bone beneath it may cross the disc.
    entered = int(np.argmax(plane[tuple(way.T)])) if last.level != "S1" else 0
    line = way[entered:].astype(np.float64)
    line[1:-1] = scipy.ndimage.gaussian_filter1d(line, LINE_SMOOTH, axis=0, mode="nearest")[1:-1]
    steps = np.linalg.norm(np.diff(line, axis=0, prepend=line[:1]), axis=1) * PIXEL_MM
    return line * PIXEL_MM + low, np.cumsum(steps)


def _piece_below(plane: Bools, start: NDArray[np.intp]) -> Bools:
    """The piece of the mid-sagittal plane that lies nearest to the end plate: the bodies."""
    pieces, _ = scipy.ndimage.label(plane, np.ones((3, 3)))
    held = np.argwhere(plane)
    nearest = held[np.argmin(np.linalg.norm(held - start, axis=1))]
    found: Bools = pieces == pieces[tuple(nearest)]
    return found
