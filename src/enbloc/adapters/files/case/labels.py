"""Label files: an image in any format, with the names that its numbers mean."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.adapters.files.case.structure_folder import read_structures
from enbloc.adapters.files.images.canonical import RawImage, as_labels
from enbloc.adapters.files.images.itk_images import read_itk
from enbloc.adapters.files.images.nifti import read_nifti
from enbloc.adapters.files.schemes.catalogue import SCHEMES, Stated, left_out, name_numbers, stated_numbers
from enbloc.errors import FileError
from enbloc.foundation.space.grids import LabelMap, Volume
from enbloc.intake.case import LabelFile, Problem

IMAGE_ENDINGS: tuple[str, ...] = (".nii", ".nii.gz", ".nrrd", ".mha", ".mhd")
MOST_NAMES_BYTES = 2**22
"""Largest JSON of names that is read: ten thousand structures fit in a tenth of it."""
_DICOM = 'Write scheme = "dicom-seg" or "rtstruct" for what was drawn, or run `enbloc import` for an image.'


@attrs.frozen
class LabelEntry:
    """One ``[[labels]]`` of case.toml.

    Parameters
    ----------
    file : str
        Relative to the case folder.
    scheme : str or None
    structure : str or None
        The one structure that the file holds.
    stated : mapping of int or name to word
        The `map` of the entry.
    on : str
        The image that it was drawn on, ``"ct"`` or ``"mr"``.
    alternative : bool
        Another program's labels of the same patient, to compare with.
    """

    file: str
    scheme: str | None = None
    structure: str | None = None
    stated: Stated = attrs.field(factory=dict)
    on: str = "ct"
    alternative: bool = False


def ending_of(name: str) -> str:
    """The ending of a file's name as this program tells formats apart, ``".nii.gz"`` being one; empty when unknown."""
    return next((e for e in sorted(IMAGE_ENDINGS, key=len, reverse=True) if name.lower().endswith(e)), "")


def read_images(path: Path, name: str) -> tuple[RawImage, ...]:
    """Read an image file of any known format; more than one only for layered segmentations.

    Raises
    ------
    FileError
        If the format is not known or the file is damaged.
    """
    if path.is_dir():
        raise FileError("it is a folder, and an image file is needed", where=name, remedy=_DICOM)
    if not path.exists():
        raise FileError("there is no such file", where=name, remedy="Put it into the case folder, or mend case.toml.")
    if not path.is_file() or path.stat().st_size == 0:
        raise FileError("it is empty or no ordinary file", where=name, remedy="Copy or export it again.")
    if name.lower().endswith((".dcm", ".ima")):
        raise FileError("it is a DICOM file", where=name, remedy=_DICOM)
    ending = ending_of(name)
    if not ending:
        raise FileError("its format is not known", where=name, remedy=f"Use one of {', '.join(IMAGE_ENDINGS)}.")
    return (read_nifti(path, name),) if ending.startswith(".nii") else read_itk(path, name)


def read_volume(path: Path, name: str) -> tuple[Volume, tuple[Problem, ...]]:
    """Read one grey-value image.

    Raises
    ------
    FileError
        If it is damaged, or is a segmentation.
    """
    images = read_images(path, name)
    if len(images) > 1 or (ending_of(name) == ".nrrd" and images[0].names):
        raise FileError("it is a segmentation, not an image", where=name, remedy="Name it under [[labels]].")
    return Volume(images[0].grid, images[0].values), images[0].problems


def read_labels(path: Path, entry: LabelEntry) -> tuple[tuple[LabelFile, ...], tuple[Problem, ...]]:
    """Read one label file (or one folder of single-structure files) and name its numbers.

    Returns
    -------
    label_files : one per layer of the file
    problems : doubts about its orientation, and files of a folder that name no structure

    Raises
    ------
    FileError
        If a file is damaged or holds no labels.
    TermError
        If a number or a name means nothing.
    """
    if path.is_dir() and entry.scheme not in (None, "custom"):
        paths = sorted(child for child in path.iterdir() if ending_of(child.name))
        named = [(child, child.name[: len(child.name) - len(ending_of(child.name))]) for child in paths]
        return read_structures(named, entry.file, lambda child, where: read_images(child, where)[0])
    images = read_images(path, entry.file)
    beside = _names_beside(path)
    if beside:
        images = tuple(attrs.evolve(image, names=beside) for image in images)
    files = tuple(LabelFile(image.name, _named(image, entry)) for image in images)
    names = [image.names for image in images]
    results = left_out(names, stated_numbers(entry.stated, names, entry.file), entry.file)
    return files, tuple(dict.fromkeys([*(problem for image in images for problem in image.problems), *results]))


def names_file(path: Path) -> Path | None:
    """The JSON of names beside a label file (``x.json`` or ``x_labels.json`` for ``x.nii.gz``), if there is one."""
    stem = path.name[: len(path.name) - len(ending_of(path.name))]
    candidates = (path.with_name(f"{stem}.json"), path.with_name(f"{stem}_labels.json"))
    return next((c for c in candidates if c.is_file() and not c.is_symlink()), None)


def _names_beside(path: Path) -> dict[int, str]:
    source = names_file(path)
    if source is None:
        return {}
    if source.stat().st_size > MOST_NAMES_BYTES:
        raise FileError("it is far too long for names", where=source.name, remedy="Mend or remove it.")
    try:
        content = json.loads(source.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileError(f"it is not valid JSON ({error})", where=source.name, remedy="Mend or remove it.") from error
    return _as_names(content.get("labels", content) if isinstance(content, dict) else None)


def _as_names(content: object) -> dict[int, str]:
    """``{"1": "spleen"}`` or ``{"spleen": 1}``; anything else (a scan's own JSON, say) holds no names."""
    if not isinstance(content, dict) or not content:
        return {}
    if all(isinstance(name, str) and key.isdecimal() for key, name in content.items()):
        return {int(key): name for key, name in content.items()}
    if all(type(number) is int for number in content.values()):
        return {number: key for key, number in content.items()}
    return {}


def _named(image: RawImage, entry: LabelEntry) -> LabelMap:
    values = as_labels(image)
    present = present_numbers(values)
    if entry.structure is not None:
        if len(present) > 1:
            raise FileError(
                f"it holds {len(present)} different labels, and case.toml says that it is one structure",
                where=image.name,
                remedy='Use scheme = "custom" with map = { 1 = "…", 2 = "…" }.',
            )
        return LabelMap(image.grid, values, {(present or (1,))[0]: entry.structure})
    scheme = SCHEMES[entry.scheme or ("slicer" if image.name.lower().endswith(".seg.nrrd") else "custom")]
    if scheme.id == "slicer" and not image.names and present and not entry.stated:
        raise FileError(
            "it carries no segment names",
            where=image.name,
            remedy='Save the segmentation as .seg.nrrd, or use scheme = "custom" with map = { 1 = "…" }.',
        )
    named = {} if scheme.id == "custom" else image.names
    stated = stated_numbers(entry.stated, (image.names,), image.name)
    return LabelMap(image.grid, values, name_numbers(scheme, present, named, stated, image.name))


def present_numbers(values: NDArray[np.integer]) -> tuple[int, ...]:
    """The numbers other than 0 that occur, ascending."""
    there = np.zeros(int(values.max()) + 1, dtype=bool)
    for slab in values:
        there[slab] = True
    return tuple(int(number) for number in np.flatnonzero(there) if number)
