"""The CT with the plan burnt in, for navigation systems that read nothing but CT.

Painted are, brighter than bone: the surface of the tumour, the surface of the specimen, and what each cut takes away.
Every slice says in letters that it is not for diagnosis. Values elsewhere are those of the CT. Names are ASCII.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from enbloc.adapters.exports.dicom.series import case_ct, clipped_hu, ct_slice, find_series, slice_header
from enbloc.adapters.exports.dicom.stamp import part10, run_uid
from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import ascii_text
from enbloc.adapters.exports.segments import pieces_of
from enbloc.errors import InputError
from enbloc.foundation.space.grids import Bools, Grid
from enbloc.foundation.space.polygons import distance_to_face
from enbloc.resection.cuts import Cut

File = tuple[str, bytes]
Image16 = NDArray[np.int16]
TUMOUR_HU, SPECIMEN_HU, CUT_HU, LETTER_HU = 2200, 2600, 3071, 3071
LETTERS = "ENBLOC PLAN NOT FOR DIAGNOSIS"
_SERIES_NUMBER = 9200


def burnt_in_files(source: RunSource) -> Iterator[File]:
    """A derived series: every slice of the CT, with the plan.

    Raises
    ------
    InputError
        If the case has no CT, it is not where it was, or the plan has no cuts.
    """
    if pieces_of(source).specimen is None:
        raise InputError("the plan has no cuts to burn in", remedy="Name another --plan.")
    volume = case_ct(source)
    if find_series(source).modality != "CT":
        raise InputError("the image of the case is no CT, and must not pass for one", remedy="Plan on a CT.")
    values = burn_in(source, clipped_hu(volume.values), volume.grid)
    for place in range(volume.grid.shape[2]):
        yield f"{place + 1:05d}.dcm", part10(_slice(source, values[:, :, place], volume.grid, place))


def burn_in(source: RunSource, values: Image16, grid: Grid) -> Image16:
    """The CT with tumour, specimen, cuts and letters; only what is painted changes."""
    pieces, painted = pieces_of(source), values.copy()
    assert pieces.specimen is not None  # noqa: S101 - `burnt_in_files` has refused a plan without cuts
    kept_clear = np.zeros(grid.shape, dtype=bool)
    for mask, brightness in ((pieces.specimen, SPECIMEN_HU), (pieces.tumour, TUMOUR_HU)):
        there = onto(mask, pieces.grid, grid)
        painted[there & ~scipy.ndimage.binary_erosion(there)] = brightness
        kept_clear |= there
    for cut in source.cuts:
        slab = slab_voxels(cut, grid)
        painted[slab] = CUT_HU
        kept_clear |= slab
    covered: Bools = np.max(kept_clear, axis=2)
    painted[letters(covered)[:, :, None] & ~kept_clear] = LETTER_HU
    return painted


def onto(mask: Bools, grid: Grid, target: Grid) -> Bools:
    """A mask on another grid, nearest voxel."""
    found = np.zeros(target.shape, dtype=bool)
    box = scipy.ndimage.find_objects(mask.astype(np.uint8))
    if not box:
        return found
    ends = np.array([[cut.start - 0.5, cut.stop - 0.5] for cut in box[0]])
    corners = target.to_index(grid.to_patient(np.array(np.meshgrid(*ends, indexing="ij")).reshape(3, -1).T))
    indices = _indices(corners, target)
    nearest = np.rint(grid.to_index(target.to_patient(indices))).astype(np.int64)
    inside = ((nearest >= 0) & (nearest < grid.shape)).all(axis=1)
    hit = indices[inside][mask[tuple(nearest[inside].T)]]
    found[tuple(hit.T)] = True
    return found


def slab_voxels(cut: Cut, grid: Grid) -> Bools:
    """The voxels whose centre the tool takes away; at least one voxel thick, so that a thin saw is seen too."""
    thick = max(cut.tool_width_mm, float(grid.spacing_mm.max()))
    corners = np.concatenate([cut.face_mm, cut.face_mm + thick * cut.normal])
    indices = _indices(grid.to_index(corners), grid)
    distance, height = distance_to_face(grid.to_patient(indices), cut.face_mm, cut.normal)
    hit = (height >= 0.0) & (height <= thick) & (distance <= np.abs(height) + 1e-6)
    found = np.zeros(grid.shape, dtype=bool)
    found[tuple(indices[hit].T)] = True
    return found


def letters(kept_clear: Bools) -> Bools:
    """(columns, rows) bool: the warning at the edge where it covers least of what must stay visible."""
    columns, rows = kept_clear.shape
    font = ImageFont.load_default(size=max(8, min(columns // 16, 20)))
    text = _wrapped(font, columns - 2)
    height = int(ImageDraw.Draw(Image.new("1", (1, 1))).multiline_textbbox((0, 0), text, font=font, spacing=1)[3]) + 2
    drawn = []
    for top in (1, max(rows - height, 1)):
        picture = Image.new("1", (columns, rows))
        ImageDraw.Draw(picture).multiline_text((1, top), text, fill=1, font=font, spacing=1)
        drawn.append(np.asarray(picture, dtype=bool).T)
    return min(drawn, key=lambda mask: int(np.count_nonzero(mask & kept_clear)))


def _wrapped(font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    lines = [""]
    for word in LETTERS.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def _indices(corners: NDArray[np.float64], grid: Grid) -> NDArray[np.int64]:
    """Every voxel index in the box around some indices, and one more on each side."""
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 1, 0, grid.shape)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 2, 0, grid.shape)
    axes = [np.arange(a, b) for a, b in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _slice(source: RunSource, values: Image16, grid: Grid, place: int) -> Dataset:
    header = slice_header(source, find_series(source), run_uid(source, f"burnt-in slice {place}"), place, grid)
    header.SOPClassUID, header.Modality = CTImageStorage, "CT"
    header.SeriesInstanceUID = run_uid(source, "burnt-in series")
    header.SeriesNumber, header.InstanceNumber = _SERIES_NUMBER, place + 1
    header.SeriesDescription = "PLAN BURNT IN, NOT FOR DIAGNOSIS"
    del header.SpecificCharacterSet  # nothing but ASCII
    header.PatientName = ascii_text(str(header.PatientName), 60).rstrip("^_ ") + "^"
    header.PatientID = ascii_text(str(header.PatientID))
    header.DerivationDescription = (
        f"Plan {ascii_text(source.plan_id, 16)} painted into the CT: tumour surface {TUMOUR_HU} HU, specimen surface "
        f"{SPECIMEN_HU} HU, cuts {CUT_HU} HU. Digest {source.digest}"
    )
    return ct_slice(header, values)
