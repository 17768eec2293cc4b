"""What was drawn on a DICOM image becomes label files of the case, once it is proven to belong to that image."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np

from enbloc.adapters.files.case.labels import LabelEntry, present_numbers
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.rtstruct import read_structure_set
from enbloc.adapters.files.dicom.segments import Drawn, read_segmentation
from enbloc.adapters.files.images.canonical import RawImage, as_labels
from enbloc.adapters.files.schemes.catalogue import SCHEMES, left_out, name_numbers, stated_numbers
from enbloc.errors import FileError
from enbloc.foundation.space.grids import Grid, LabelMap
from enbloc.intake.case import DicomSource, LabelFile, Problem

OFF_MM = 0.01
"""Labels of the image's own spacing whose voxels lie further than this beside the image's are worth a note. Ours."""


@attrs.frozen(eq=False)
class Background:
    """The image that something was drawn on: its grid, and its DICOM source where it has one."""

    grid: Grid | None
    source: DicomSource | None


def read_drawn(
    path: Path, entry: LabelEntry, background: Background, limits: Limits
) -> tuple[tuple[LabelFile, ...], tuple[Problem, ...]]:
    """Read a segmentation or structure set as label files.

    Raises
    ------
    FileError
        If it is damaged, or lies in another frame of reference than the image.
    TermError
        If a segment has a name that is no structure, and case.toml does not map it.
    """
    file, scheme = entry.file, entry.scheme or ""
    if scheme == "rtstruct":
        drawn = read_structure_set(path, file, limits, background.grid)
    else:
        drawn = read_segmentation(path, file, limits)
    problems = list(_belonging(drawn, file, background))
    by_number = stated_numbers(entry.stated, [image.names for image in drawn.images], file)
    files = []
    for image in drawn.images:
        values = as_labels(image)
        present = present_numbers(values)
        names = name_numbers(SCHEMES[scheme], present, image.names, by_number, image.name)
        files.append(LabelFile(image.name, LabelMap(image.grid, values, names)))
        problems += image.problems
        problems += _offset(image, background.grid)
    problems += left_out([image.names for image in drawn.images], by_number, file)
    return tuple(files), tuple(dict.fromkeys(problems))


def _belonging(drawn: Drawn, file: str, background: Background) -> list[Problem]:
    """Is it drawn on this image, or at least in its frame of reference?"""
    source = background.source
    if source is None:
        if background.grid is None:
            return []
        says = "The image carries no DICOM source, so that it cannot be proven that both lie in one frame of reference."
        return [Problem("note", file, says, "Import the image with `enbloc import`.")]
    theirs, ours = drawn.frame_of_reference_uid, source.frame_of_reference_uid
    if theirs and ours and theirs != ours:
        gap = _centre_gap_mm(drawn.images, background.grid)
        far = f"; as written, the middles of the two lie {gap:.1f} mm apart" if gap is not None else ""
        raise FileError(
            f"it lies in another frame of reference than the image{far}",
            where=file,
            remedy="Name what was drawn on this image, or register the two.",
        )
    if not (theirs and ours):
        says = "One of the two states no frame of reference; both are taken to lie in one."
        return [Problem("doubt", file, says, "Check the place of the labels in the report.")]
    if drawn.series_uids and source.series_uid and source.series_uid not in drawn.series_uids:
        says = "It was drawn on another series; it is placed by the frame of reference that both share."
        return [Problem("note", file, says, "The patient may have moved between the two: check the place.")]
    return []


def _centre_gap_mm(images: tuple[RawImage, ...], grid: Grid | None) -> float | None:
    if grid is None:
        return None
    middle = grid.to_patient((np.array(grid.shape)[None] - 1) / 2.0)[0]
    other = images[0].grid
    return float(np.linalg.norm(other.to_patient((np.array(other.shape)[None] - 1) / 2.0)[0] - middle))


def _offset(image: RawImage, grid: Grid | None) -> list[Problem]:
    """Labels on voxels of the image's size that do not lie on the image's voxels."""
    if grid is None or np.abs(image.grid.affine[:3, :3] - grid.affine[:3, :3]).max() > 1e-3:
        return []
    steps = grid.to_index(image.grid.affine[:3, 3][None])[0]
    off = float(np.linalg.norm((steps - np.rint(steps)) * grid.spacing_mm))
    if off <= OFF_MM:
        return []
    says = f"Its voxels lie {off:.2f} mm beside those of the image."
    return [Problem("note", image.name, says, "Nothing to do: labels need not share the image's grid.")]
