"""Slices in space: from frames in any order to one stack, or the reason why they are none.

Strategy. All frames are projected on the normal of their plane and sorted. What is then looked at is how they are
spaced along the normal and how they drift across it. A straight, even stack is a volume as it is. A steady drift is a
tilted gantry, and an uneven step is a missing or moved slice: both can be mended by interpolation within stated limits,
and the mending is part of the result. Everything else is refused, with the place.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from enbloc.adapters.files.dicom.frames import Frame
from enbloc.foundation.space.grids import Floats

EVEN_MM = 0.05
"""How far a slice may lie from its even place: scanners round positions to a tenth of a millimetre. Ours."""
SAME_PLACE_MM = 0.001
"""Two slices closer than this lie in the same place. Ours."""
ORTHONORMAL = 1e-3
"""How far the cosines of a plane may be from unit length and a right angle. Ours."""
MOST_TILT_DEG = 35.0
"""Gantries tilt up to 30 degrees; more is a mistake in the header. Ours."""
MOST_BRIDGED_MM = 5.0
"""The widest gap between two slices that is bridged by interpolation. Ours: no finer detail of a vertebra is asked."""
MOST_BRIDGED_STEPS = 3.0
"""... and no more than this many usual steps. Ours."""


@attrs.frozen(eq=False)
class Stack:
    """Frames of one plane in the order of their place.

    Parameters
    ----------
    frames : tuple of Frame
        Ascending along `normal`.
    normal, row, column : (3,) float, LPS unit vectors
    heights_mm : (n,) float
        Along the normal, from the first slice.
    drift_mm : (n, 2) float
        Along row and column, from the first slice.
    step_mm : float
        The usual distance between two slices.
    repairs : tuple of str
        What has to be resampled, in sentences; empty when the slices are a volume as they are.
    notes : tuple of str
        What was found and changes nothing.
    """

    frames: tuple[Frame, ...]
    normal: Floats
    row: Floats
    column: Floats
    heights_mm: Floats
    drift_mm: Floats
    step_mm: float
    repairs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@attrs.frozen
class Refused:
    """Why frames are no volume: what is wrong, and what to do."""

    says: str
    remedy: str


_EXPORT = "Export the series again from the PACS."


def arrange(frames: Sequence[Frame]) -> Stack | Refused:
    """Sort the frames of one plane and one phase into a stack."""
    wrong = _plane_wrong(frames)
    if wrong is not None:
        return wrong
    row, column = np.array(frames[0].row), np.array(frames[0].column)
    normal = np.cross(row, column)
    normal /= np.linalg.norm(normal)
    places = np.array([frame.position_mm for frame in frames], dtype=np.float64)
    order = np.argsort(places @ normal, kind="stable")
    places = places[order]
    heights = (places - places[0]) @ normal
    drift = (places - places[0]) @ np.stack([row, column], axis=1)
    chosen = tuple(frames[int(place)] for place in order)
    if len(chosen) < 2:
        return Refused("it is a single slice, and a volume needs several", "Name the whole series.")
    steps = np.diff(heights)
    if steps.min() <= SAME_PLACE_MM:
        count = int((steps <= SAME_PLACE_MM).sum())
        return Refused(
            f"{count + 1} slices lie in the same place and differ in their voxels, and nothing in their headers tells "
            "them apart",
            "Export one phase or reconstruction at a time.",
        )
    stack = Stack(chosen, normal, row, column, heights, drift, float(np.median(steps)), (), _notes(chosen, steps))
    return _judge(stack, steps)


def stored_affine(stack: Stack) -> Floats:
    """(4, 4) float: column, row and slice index to LPS mm, for slices as evenly spaced as they are tilted."""
    count = len(stack.frames)
    first = stack.frames[0]
    assert first.spacing_mm is not None and first.position_mm is not None  # noqa: S101 - `arrange` refuses the rest
    weights = np.arange(count) - (count - 1) / 2.0
    places = np.array([frame.position_mm for frame in stack.frames], dtype=np.float64)
    step = (weights @ places) / (weights @ weights)
    affine = np.eye(4)
    affine[:3, 0] = stack.row * first.spacing_mm[1]
    affine[:3, 1] = stack.column * first.spacing_mm[0]
    affine[:3, 2] = step
    affine[:3, 3] = places.mean(axis=0) - step * (count - 1) / 2.0
    return affine


def _plane_wrong(frames: Sequence[Frame]) -> Refused | None:
    for frame in frames:
        if frame.position_mm is None or frame.row is None or frame.column is None:
            return Refused("a slice does not say where it lies in the patient", _EXPORT)
        if frame.spacing_mm is None or not min(frame.spacing_mm) > 0:
            return Refused("a slice does not say how large its pixels are in the patient", _EXPORT)
        lengths = np.array([frame.row, frame.column]) @ np.array([frame.row, frame.column]).T
        if np.abs(lengths - np.eye(2)).max() > ORTHONORMAL:
            return Refused("the two axes of a slice are not unit vectors at a right angle", _EXPORT)
    return None


def _judge(stack: Stack, steps: Floats) -> Stack | Refused:
    """Even and straight as it is, to be mended, or refused."""
    line = _fit(stack.heights_mm, stack.drift_mm)
    if np.abs(stack.drift_mm - line).max() > 2 * EVEN_MM:
        return Refused("its slices do not lie behind each other: they belong to different scans", _EXPORT)
    repairs = []
    tilt = float(np.degrees(np.arctan2(np.linalg.norm(line[-1] - line[0]), stack.heights_mm[-1])))
    if np.linalg.norm(line[-1] - line[0]) > 2 * EVEN_MM:
        if tilt > MOST_TILT_DEG:
            return Refused(f"its slices are sheared by {tilt:.1f} degrees, more than a gantry tilts", _EXPORT)
        repairs.append(
            f"The gantry was tilted by {tilt:.1f} degrees; the slices were shifted onto axes at right angles."
        )
    even = _fit(np.arange(len(stack.frames), dtype=np.float64), stack.heights_mm[:, None])[:, 0]
    if np.abs(even - stack.heights_mm).max() > EVEN_MM + 1e-6:
        widest = int(steps.argmax())
        gap = float(steps[widest])
        if gap > min(MOST_BRIDGED_MM, MOST_BRIDGED_STEPS * stack.step_mm):
            return Refused(_gap_words(stack, widest, gap), "Export the whole series again: slices are missing.")
        repairs.append(
            f"The slices are spaced by {steps.min():.2f} to {gap:.2f} mm; "
            f"they were interpolated to {stack.step_mm:.2f} mm."
        )
    return attrs.evolve(stack, repairs=tuple(repairs))


def _fit(along: Floats, values: Floats) -> Floats:
    """Straight line through values (n, m) over `along` (n,), read at the same places."""
    centred = along - along.mean()
    slope = (centred @ (values - values.mean(axis=0))) / (centred @ centred)
    line: Floats = values.mean(axis=0) + centred[:, None] * slope
    return line


def _gap_words(stack: Stack, at: int, gap: float) -> str:
    axis = int(np.abs(stack.normal).argmax())
    places = [frame.position_mm for frame in stack.frames[at : at + 2]]
    low, high = sorted(place[axis] for place in places if place is not None)
    missing = max(round(gap / stack.step_mm) - 1, 1)
    return (
        f"between {'xyz'[axis]} = {low:.1f} and {high:.1f} mm there are {gap:.1f} mm without a slice, where the usual "
        f"step is {stack.step_mm:.2f} mm: about {missing} missing"
    )


def _notes(frames: Sequence[Frame], steps: Floats) -> tuple[str, ...]:
    thickness = frames[0].thickness_mm
    step = float(np.median(steps))
    if thickness is None or thickness <= 0:
        return ()
    if thickness > step * 1.02:
        return (f"Slices of {thickness:g} mm overlap: they lie {step:.3g} mm apart.",)
    if thickness < step * 0.98:
        return (f"Slices of {thickness:g} mm lie {step:.3g} mm apart: what lies between was not imaged.",)
    return ()
