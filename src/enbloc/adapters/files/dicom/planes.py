"""The planes of a segmentation: which of them are there, how far apart the grid's planes lie, and how frames drift."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.adapters.files.dicom.geometry import EVEN_MM, ORTHONORMAL, SAME_PLACE_MM
from enbloc.errors import FileError
from enbloc.foundation.space.grids import Floats
from enbloc.intake.case import Problem

_REMEDY = "Export the segmentation again, for example from 3D Slicer."
MOST_PLANES = 10_000


@attrs.frozen(eq=False)
class Planes:
    """The grid that the frames of a segmentation lie on.

    Parameters
    ----------
    index : (frames,) int
        Plane of each frame.
    count : int
        Planes of the grid, empty ones included.
    affine : (4, 4) float
        Column, row and plane index to LPS mm.
    shift : (frames, 2) int
        Columns and rows, from zero up, by which a frame is moved, since its gantry was tilted; the grid is that larger.
    shift_error_mm : float
        Largest rest of that shift; zero when nothing was moved.
    """

    index: NDArray[np.int64]
    count: int
    affine: Floats
    shift: NDArray[np.int64]
    shift_error_mm: float

    @property
    def extra(self) -> tuple[int, int]:
        """Columns and rows that the grid has beyond those of a frame."""
        return int(self.shift[:, 0].max()), int(self.shift[:, 1].max())

    def problems(self, name: str) -> Iterable[Problem]:
        """What was moved."""
        if self.shift.any():
            says = (
                "It was drawn on slices of a tilted gantry; they were moved onto right angles by whole voxels, which "
                f"leaves up to {self.shift_error_mm:.2f} mm."
            )
            yield Problem("doubt", name, says, "Draw it on the corrected image if the margin is narrow.")


def build_planes(
    places_mm: Floats, cosines: Floats, spacing_mm: tuple[float, float], steps_mm: Sequence[float], name: str
) -> Planes:
    """The grid of frames at (n, 3) places, with (n, 6) cosines; `steps_mm` are the steps that the file states.

    Raises
    ------
    FileError
        If the frames do not share one plane, or their heights no step.
    """
    if np.abs(cosines - cosines[0]).max() > ORTHONORMAL:
        raise FileError("its frames lie in different planes", where=name, remedy=_REMEDY)
    row, column = cosines[0, :3], cosines[0, 3:]
    if np.abs(np.array([row, column]) @ np.array([row, column]).T - np.eye(2)).max() > ORTHONORMAL:
        raise FileError("the two axes of its frames are not at a right angle", where=name, remedy=_REMEDY)
    if not min(spacing_mm) > 0:
        raise FileError("it does not say how large its voxels are", where=name, remedy=_REMEDY)
    normal = np.cross(row, column)
    heights = places_mm @ normal
    low = int(heights.argmin())
    heights = heights - heights[low]
    step = _step(heights, steps_mm, name)
    index = np.rint(heights / step).astype(np.int64)
    per_mm = np.array([spacing_mm[1], spacing_mm[0]])
    drift = (places_mm - places_mm[low]) @ np.stack([row, column], axis=1)
    straight = np.abs(drift).max() <= 2 * EVEN_MM
    shift = np.zeros(drift.shape, np.int64) if straight else np.rint(drift / per_mm).astype(np.int64)
    least = shift.min(axis=0)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = row * spacing_mm[1], column * spacing_mm[0], normal * step
    affine[:3, 3] = places_mm[low] + affine[:3, 0] * least[0] + affine[:3, 1] * least[1]
    rest = 0.0 if straight else float(np.abs(drift - shift * per_mm).max())
    return Planes(index, int(index.max()) + 1, affine, shift - least, rest)


def _step(heights: Floats, stated: Sequence[float], name: str) -> float:
    """The step of which all heights are whole multiples: what the file states, or the least distance of two planes."""
    there = np.unique(np.round(heights, 4))
    gaps = np.diff(there)
    gaps = gaps[gaps > SAME_PLACE_MM]
    if not len(gaps):
        usable = [step for step in stated if step > 0]
        if not usable:
            raise FileError("it is one plane of unknown thickness", where=name, remedy=_REMEDY)
        return usable[0]
    for step in (*stated[:1], float(gaps.min()), *stated[1:]):
        if step <= SAME_PLACE_MM or there[-1] / step > MOST_PLANES:
            continue
        whole = np.rint(there / step)
        fitted = float((whole @ there) / (whole @ whole)) if whole.any() else step
        if np.abs(there - whole * fitted).max() <= EVEN_MM and len(np.unique(whole)) == len(there):
            return fitted
    raise FileError(
        f"its planes are not evenly spaced ({gaps.min():.2f} to {gaps.max():.2f} mm)", where=name, remedy=_REMEDY
    )
