"""NRRD, MHA and 3D Slicer segmentations (``.seg.nrrd``), read with SimpleITK, which is LPS as we are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import SimpleITK

from enbloc.adapters.files.canonical import RawImage, canonical, check_size
from enbloc.errors import FileError
from enbloc.foundation.space.grids import Floats
from enbloc.intake.case import Problem

_SEGMENT = re.compile(r"Segment(\d+)_Name")
_TERM = re.compile(r"TerminologyEntry:([^|]*)")
_HEADER_LIMIT = 2**20
_META_DATA = re.compile(rb"(?m)^ElementDataFile\s*=\s*(.+)$")
_DATA_FILE = {".nrrd": re.compile(rb"(?im)^data ?file:\s*(.+)$"), ".mha": _META_DATA, ".mhd": _META_DATA}


def read_itk(path: Path, name: str) -> tuple[RawImage, ...]:
    """Read an NRRD or MetaImage file; a segmentation with overlapping segments gives one image per layer.

    `names` of each result holds the names of its segments, with the standard (SCT) names as second choice after a
    ``|`` where the file gives them.

    Raises
    ------
    FileError
        If it is damaged, not 3-D, absurdly large, or its voxels lie in another file elsewhere.
    """
    _check_data_file(path, name)
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
        if match is None or int(metadata.get(f"Segment{match[1]}_Layer", 0)) != layer:
            continue
        value = int(metadata.get(f"Segment{match[1]}_LabelValue", 1))
        standard = _standard_name(metadata.get(f"Segment{match[1]}_Tags", ""))
        found[value] = f"{metadata[key]}|{standard}" if standard else metadata[key]
    return found


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


def _check_data_file(path: Path, name: str) -> None:
    """The voxels must lie in the file itself or right beside it, never elsewhere."""
    with path.open("rb") as stream:
        start = stream.read(_HEADER_LIMIT)
    header = start.split(b"\n\n", 1)[0] if path.suffix == ".nrrd" else start
    match = _DATA_FILE[path.suffix].search(header)
    stated = match[1].decode("utf-8", "replace").strip() if match else ""
    if stated in ("", "LOCAL"):
        return
    beside = path.parent / stated
    if stated != Path(stated).name or stated.startswith("LIST") or "%" in stated or beside.is_symlink():
        raise FileError(
            f"its voxels lie in another place ('{stated}')", where=name, remedy="Save it as one file (.nrrd or .mha)."
        )
