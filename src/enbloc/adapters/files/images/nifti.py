"""NIfTI, in and out. Inside the file the patient is RAS; everything that leaves this module is LPS."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import IO, Any

import attrs
import lazy_loader
import numpy as np

from enbloc.adapters.files.images.canonical import RawImage, canonical, check_size
from enbloc.errors import FileError
from enbloc.foundation.space.grids import Array, Floats, Grid
from enbloc.intake.case import Problem

nib = lazy_loader.load("nibabel")

RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
FORMS_AGREE_MM = 0.5
"""How far a corner may move between sform and qform before it is worth saying."""
_KINDS = {348: "Nifti1Image", 540: "Nifti2Image"}
"""Bytes of a header, and nibabel's class that reads it."""
_MOST_EXTRA_BYTES = 2**26
_OTHER_UNITS = {1: "metre", 3: "micrometre"}
_TEMPLATE_CODES = {3: "Talairach", 4: "MNI"}
_LABEL = re.compile(rb'<Label\s[^>]*Key="(\d+)"[^>]*>\s*(?:<!\[CDATA\[)?([^<\]]+)')
_DAMAGED = (OSError, EOFError, ValueError, OverflowError, zlib.error)


def read_nifti(path: Path, name: str) -> RawImage:
    """Read a NIfTI file (``.nii``, ``.nii.gz``) into canonical order.

    `names` of the result is filled from the label table that some programs store in the header.

    Raises
    ------
    FileError
        If it is damaged, truncated, not 3-D, absurdly large, or its orientation is impossible.
    """
    image = _parse(_read_bytes(path, name), name)
    header = image.header
    unit = _OTHER_UNITS.get(int(header["xyzt_units"]) & 7)
    if unit is not None:
        raise FileError(f"its unit is the {unit}", where=name, remedy="Save it in millimetres.")
    shape = check_size(tuple(image.shape), image.get_data_dtype().itemsize, name)
    try:
        values = np.asanyarray(image.dataobj).reshape(shape)
        affine = RAS_LPS @ np.asarray(image.affine, dtype=np.float64)
        doubts = _orientation_doubts(header, shape, name)
    except (*_DAMAGED, nib.spatialimages.HeaderDataError) as error:
        raise _damaged(name, error) from error
    if values.dtype.kind == "f":
        values = values.astype(np.float32, copy=False)
    elif values.dtype.kind in "iu":
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
    return attrs.evolve(canonical(name, values, affine), names=_label_table(header), problems=doubts)


def nifti_bytes(values: Array, grid: Grid) -> bytes:
    """A compressed NIfTI file; the same array and grid always give the same bytes.

    Parameters
    ----------
    values : array of the grid's shape
    grid : Grid, LPS mm
    """
    stored = values.astype(np.uint8) if values.dtype.kind == "b" else values
    image = nib.Nifti1Image(stored, RAS_LPS @ grid.affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(RAS_LPS @ grid.affine, code=1)
    image.set_qform(RAS_LPS @ grid.affine, code=1)
    return gzip.compress(image.to_bytes(), compresslevel=6, mtime=0)


def _read_bytes(path: Path, name: str) -> bytes:
    """The whole file, decompressed; its header is believed only within the stated limits."""
    try:
        with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as stream:
            return _read_stated(stream, name)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(name, error) from error


def _read_stated(stream: IO[bytes] | gzip.GzipFile, name: str) -> bytes:
    start = stream.read(540)
    header = _header(start, name)
    shape = check_size(tuple(header.get_data_shape()), header.get_data_dtype().itemsize, name)
    offset = float(header["vox_offset"])
    if not 0 <= offset <= _MOST_EXTRA_BYTES:
        raise FileError("its header does not hold together", where=name, remedy="Export it again.")
    stated = int(offset) + int(np.prod(shape)) * header.get_data_dtype().itemsize
    content = start + stream.read(max(0, stated - len(start)))
    if len(content) < stated:
        raise FileError(
            f"it is cut short: {len(content)} of {stated} bytes are there",
            where=name,
            remedy="Copy or export it again.",
        )
    if len(stream.read(_MOST_EXTRA_BYTES)) == _MOST_EXTRA_BYTES:  # reading to the end also proves the checksum
        raise FileError("it is far longer than its header says", where=name, remedy="Export it again.")
    return content


def _header(start: bytes, name: str) -> Any:
    for size, kind in _KINDS.items():
        stated = {int.from_bytes(start[:4], order) for order in ("little", "big")}
        if size in stated and len(start) >= size:
            try:
                return getattr(nib, kind).header_class(start[:size])
            except (*_DAMAGED, nib.spatialimages.HeaderDataError) as error:
                raise _damaged(name, error) from error
    raise FileError("it is not a NIfTI file", where=name, remedy="Export it as NIfTI (.nii.gz), NRRD or MHA.")


def _parse(content: bytes, name: str) -> Any:
    header = _header(content[:540], name)
    kind = getattr(nib, _KINDS[int(header["sizeof_hdr"])])
    try:
        return kind.from_bytes(content)
    except (*_DAMAGED, nib.spatialimages.HeaderDataError, nib.filebasedimages.ImageFileError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> FileError:
    return FileError(f"it is damaged or cut short ({error})", where=name, remedy="Copy or export it again.")


def _orientation_doubts(header: Any, shape: tuple[int, int, int], name: str) -> tuple[Problem, ...]:
    sform, qform = int(header["sform_code"]), int(header["qform_code"])
    if sform <= 0 and qform <= 0:
        return (
            Problem(
                "doubt",
                name,
                "The file does not say how it lies in the patient (sform and qform are both absent), so that left and "
                "right are a guess.",
                "Export it again with its orientation, or check the sides in the report before believing them.",
            ),
        )
    code = sform if sform > 0 else qform
    if code in _TEMPLATE_CODES:
        says = f"The file lies in the space of a template ({_TEMPLATE_CODES[code]}), not in the patient's."
        return (Problem("doubt", name, says, "Export it in the scanner's own coordinates: distances may be off."),)
    if sform > 0 and qform > 0:
        gap = _corner_gap_mm(header.get_sform(), header.get_qform(), shape)
        if gap > FORMS_AGREE_MM:
            says = f"Its two orientations (sform and qform) differ by up to {gap:.1f} mm; the sform was used."
            return (Problem("doubt", name, says, "Export it again from the original scan."),)
    return ()


def _corner_gap_mm(one: Floats, other: Floats, shape: tuple[int, int, int]) -> float:
    corners = np.array(np.meshgrid(*((0, n - 1) for n in shape))).reshape(3, -1)
    moved = (one - other)[:3, :3] @ corners + (one - other)[:3, 3:]
    return float(np.sqrt((moved**2).sum(axis=0)).max())


def _label_table(header: Any) -> dict[int, str]:
    found: dict[int, str] = {}
    for extension in header.extensions:
        pairs = _LABEL.findall(extension.content)
        found |= {int(key): text.decode("utf-8", "replace").strip() for key, text in pairs}
    return found
