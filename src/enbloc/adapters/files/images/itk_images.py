"""NRRD, MHA and 3D Slicer segmentations (``.seg.nrrd``), read with SimpleITK, which is LPS as we are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import attrs
import lazy_loader
import numpy as np

from enbloc.adapters.files.images.canonical import RawImage, canonical, check_size
from enbloc.errors import FileError
from enbloc.foundation.space.grids import Floats
from enbloc.intake.case import Problem

SimpleITK = lazy_loader.load("SimpleITK")

_SEGMENT = re.compile(r"Segment(\d+)_Name")
_TERM = re.compile(r"TerminologyEntry:([^|]*)")
_HEADER_LIMIT = 2**20
_LONGEST_LINE = 4000
_LAYOUTS: dict[str, tuple[bytes, str, tuple[str, str, str]]] = {
    ".nrrd": (b"\n\n", ":", ("dimension", "sizes", "data file")),
    ".mha": (b"ElementDataFile", "=", ("NDims", "DimSize", "ElementDataFile")),
    ".mhd": (b"ElementDataFile", "=", ("NDims", "DimSize", "ElementDataFile")),
}
"""Where a header ends, what stands between key and value, and the keys that are checked before a library reads it."""


def read_itk(path: Path, name: str) -> tuple[RawImage, ...]:
    """Read an NRRD or MetaImage file; a segmentation with overlapping segments gives one image per layer.

    `names` of each result holds the names of its segments, with the standard (SCT) names as second choice after a
    ``|`` where the file gives them.

    Raises
    ------
    FileError
        If it is damaged, not 3-D, absurdly large, or its voxels lie in another file elsewhere.
    """
    _check_header(path, name)
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        components = int(reader.GetNumberOfComponents())
        check_size(tuple(reader.GetSize()), 8 * components, name)
        image = reader.Execute()
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise FileError(f"it cannot be read ({reason})", where=name, remedy="Copy or export it again.") from error
    metadata = {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys()}
    values = SimpleITK.GetArrayFromImage(image)
    layers = [values] if components == 1 else [values[..., layer] for layer in range(components)]
    if components > 1 and not any(_SEGMENT.fullmatch(key) for key in metadata):
        raise FileError(f"it has {components} values per voxel", where=name, remedy="Save one value per voxel.")
    doubts = _doubts(path, metadata, name)
    affine = _affine(image)
    found = []
    for number, layer in enumerate(layers):
        label = name if components == 1 else f"{name} (layer {number})"
        oriented = canonical(label, layer.reshape(layer.shape[-3:]).T, affine)  # SimpleITK's arrays run z, y, x
        found.append(attrs.evolve(oriented, names=segment_names(metadata, number), problems=doubts))
    return tuple(found)


def segment_names(metadata: dict[str, str], layer: int) -> dict[int, str]:
    """Number to name of the segments in one layer of a 3D Slicer segmentation; empty for any other file."""
    found: dict[int, str] = {}
    for key in metadata:
        match = _SEGMENT.fullmatch(key)
        if match is None or _number(metadata.get(f"Segment{match[1]}_Layer", "0"), key) != layer:
            continue
        value = _number(metadata.get(f"Segment{match[1]}_LabelValue", "1"), key)
        standard = _standard_name(metadata.get(f"Segment{match[1]}_Tags", ""))
        found[value] = f"{metadata[key]}|{standard}" if standard else metadata[key]
    return found


def _number(text: str, key: str) -> int:
    if not text.strip().isdecimal():
        raise FileError("a segment has no valid number", where=key, remedy="Save the segmentation again.")
    return int(text.strip())


def _standard_name(tags: str) -> str:
    """The meaning of the segment's terminology entry with its side, such as ``"Lower lobe of lung Left"``."""
    entry = _TERM.search(tags)
    if entry is None:
        return ""
    parts = [part.split("^") for part in entry[1].split("~")]
    words = [part[2] for part in parts[2:4] if len(part) == 3 and part[2]]
    return " ".join(words)


def _affine(image: Any) -> Floats:
    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(image.GetDimension(), -1)[:3, :3]
    affine[:3, :3] = direction * np.array(image.GetSpacing()[:3])
    affine[:3, 3] = image.GetOrigin()[:3]
    return affine


def _doubts(path: Path, metadata: dict[str, str], name: str) -> tuple[Problem, ...]:
    if path.suffix != ".nrrd" or "NRRD_space" in metadata:
        return ()
    says = "The file does not say how it lies in the patient (no `space`), so that left and right are a guess."
    return (Problem("doubt", name, says, "Export it again with its orientation, or check the sides in the report."),)


def _check_header(path: Path, name: str) -> None:
    """Look at a header before a library does: text, three or four axes, and the voxels in the file or right beside it.

    The libraries behind are written for headers that mean well, and do not survive every other.
    """
    end, between, (axes_key, sizes_key, data_key) = _LAYOUTS[path.suffix]
    with path.open("rb") as stream:
        start = stream.read(_HEADER_LIMIT).replace(b"\r\n", b"\n")
    at = start.find(end)
    header = start[: start.find(b"\n", at + 2) if path.suffix != ".nrrd" and at >= 0 else at]
    try:
        lines = header.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise FileError("its header is not text", where=name, remedy="Export it again.") from error
    fields = {key.strip(): value.strip() for key, found, value in (line.partition(between) for line in lines) if found}
    fields["data file"] = fields.get("data file", fields.pop("datafile", ""))
    axes, sizes = fields.get(axes_key, ""), fields.get(sizes_key, "").split()
    sound = axes in ("3", "4") and len(sizes) == int(axes) and all(size.isdecimal() for size in sizes)
    if at < 0 or not sound or max(map(len, lines)) > _LONGEST_LINE:
        raise FileError("its header does not describe a 3-D image", where=name, remedy="Export it again.")
    _check_data_file(path, fields.get(data_key, ""), name)


def _check_data_file(path: Path, stated: str, name: str) -> None:
    if stated in ("", "LOCAL"):
        return
    beside = path.parent / stated
    if stated != Path(stated).name or stated.startswith("LIST") or "%" in stated or beside.is_symlink():
        raise FileError(
            f"its voxels lie in another place ('{stated}')", where=name, remedy="Save it as one file (.nrrd or .mha)."
        )
