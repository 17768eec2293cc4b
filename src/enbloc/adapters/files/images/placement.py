"""Labels that were drawn on the MR, placed on the CT: as they lie in one frame of reference, or by registration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from enbloc.adapters.files.images.registration import Registration, register_rigidly
from enbloc.errors import CaseError
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Floats, Grid, LabelMap, Volume
from enbloc.foundation.terms.structures import TUMOUR
from enbloc.intake.case import DicomSource, LabelFile, Problem

_MOST_POINTS = 5000


@attrs.frozen(eq=False)
class Images:
    """The images of a case, and the DICOM behind them."""

    ct: Volume | None
    mr: Volume | None
    sources: Mapping[str, DicomSource]


@attrs.frozen(eq=False)
class Placed:
    """Label files in the CT's space, the error of their place, and what is to be said of it."""

    files: tuple[LabelFile, ...] = ()
    error: Estimate | None = None
    problems: tuple[Problem, ...] = ()


def place_on_ct(images: Images, files: Sequence[LabelFile], method: str | None) -> Placed:
    """Place labels that were drawn on the MR.

    Parameters
    ----------
    images : Images
    files : sequence of LabelFile
    method : str or None
        ``"rigid"`` when case.toml asks for a registration; nothing is registered unasked.

    Raises
    ------
    CaseError
        If no registration is asked for, and nothing shows that both images lie in one frame of reference.
    GridError
        If the registration fails.
    """
    if not files:
        return Placed()
    if images.ct is None or images.mr is None:
        return Placed(tuple(files))
    if method is None:
        return _as_they_lie(images, files)
    found = register_rigidly(images.ct, images.mr, _tumour_points(files))
    moved = tuple(LabelFile(file.name, _moved(file.labels, found.matrix)) for file in files)
    return Placed(moved, found.error, tuple(_words(file.name, found) for file in files))


def _as_they_lie(images: Images, files: Sequence[LabelFile]) -> Placed:
    frames = {images.sources[key].frame_of_reference_uid for key in ("ct", "mr") if key in images.sources}
    if len(frames) != 1 or None in frames or len(images.sources) != 2:
        raise CaseError(
            "labels were drawn on the MR, and nothing shows that it lies in the CT's frame of reference",
            where=files[0].name,
            remedy='Write [registration] method = "rigid", or draw them on the CT.',
        )
    says = "It was drawn on the MR and placed by the frame of reference that both share, without registration."
    cure = 'The patient may have moved between the two: write [registration] method = "rigid" if so.'
    return Placed(tuple(files), None, tuple(Problem("doubt", file.name, says, cure) for file in files))


def _tumour_points(files: Sequence[LabelFile]) -> Floats:
    """Points of the tumour, or of everything drawn where there is none, LPS mm of the MR."""
    masks = [(file, file.labels.mask(TUMOUR)) for file in files]
    if not any(mask.any() for _, mask in masks):
        masks = [(file, file.labels.values > 0) for file in files]
    points = np.concatenate([file.labels.grid.to_patient(voxels_of(mask)) for file, mask in masks])
    if not len(points):
        raise CaseError("what was drawn on the MR is empty", where=files[0].name, remedy="Draw the tumour.")
    some: Floats = points[:: max(1, len(points) // _MOST_POINTS)]
    return some


def _moved(labels: LabelMap, matrix: Floats) -> LabelMap:
    """The same voxels elsewhere: only their grid is moved, nothing is resampled."""
    return LabelMap(Grid(labels.grid.shape, matrix @ labels.grid.affine), labels.values, labels.names)


def _words(name: str, found: Registration) -> Problem:
    says = (
        f"It was drawn on the MR and placed on the CT by rigid registration: moved by {found.moved_mm:.1f} mm, turned "
        f"by {found.turned_deg:.1f} degrees. Its place may be off by {found.error.high:.1f} mm, which widens every "
        "interval; bending of the spine between the two scans is not in it."
    )
    return Problem("doubt", name, says, "Check the tumour on the CT's slices in the report.")
