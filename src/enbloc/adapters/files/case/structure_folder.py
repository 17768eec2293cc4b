"""A folder with one file for each structure, as TotalSegmentator writes it: the file's name is the structure's.

Strategy. Names first, so that a file which is no structure (the CT, say) is never opened: it is left out and a doubt
says so. Masks that share a grid and do not overlap go into one map; what overlaps, or lies on another grid, goes into a
map of its own, so that nothing is lost here. Which of two stands where both lie is decided, and said, when the case is
gathered. A mask without a voxel is a structure that the program did not find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.adapters.files.images.canonical import RawImage, as_labels
from enbloc.errors import FileError, TermError
from enbloc.foundation.space.grids import Grid, LabelMap
from enbloc.foundation.terms.structures import TUMOUR, parse_structure
from enbloc.intake.case import LabelFile, Problem

MOST_NAMED = 6


@attrs.frozen(eq=False)
class _Layer:
    """A map that is being filled: its numbers are changed in place while the folder is read."""

    grid: Grid
    values: NDArray[np.uint16]
    names: dict[int, str]


def read_structures(
    paths: Iterable[tuple[Path, str]], name: str, read: Callable[[Path, str], RawImage]
) -> tuple[tuple[LabelFile, ...], tuple[Problem, ...]]:
    """Read the files of a folder, each of which holds one structure.

    Parameters
    ----------
    paths : each file and its name without the ending
    name : str
        Of the folder, for messages.
    read : callable
        Reads one image; it is given the path and the name for messages.

    Raises
    ------
    FileError
        If no file is named after a structure, or one is damaged.
    """
    words, unknown = _words(paths)
    if not words:
        raise FileError(
            "none of its files is named after a structure",
            where=name,
            remedy="Name the files as `enbloc terms structures` does, or name them one by one under [[labels]].",
        )
    layers: list[_Layer] = []
    problems: list[Problem] = []
    for number, (path, word) in enumerate(words, start=1):
        image = read(path, f"{name}/{path.name}")
        problems += image.problems
        mask = as_labels(image) > 0
        if not mask.any() and word != TUMOUR:
            continue
        free = (layer for layer in layers if layer.grid.same_as(image.grid) and not layer.values[mask].any())
        layer = next(free, None)
        if layer is None:
            layer = _Layer(image.grid, np.zeros(image.grid.shape, np.uint16), {})
            layers.append(layer)
        layer.values[mask] = number
        layer.names[number] = word
    if unknown:
        listed = ", ".join(unknown[:MOST_NAMED]) + (" …" if len(unknown) > MOST_NAMED else "")
        says = f"Files named after no structure were left out: {listed}."
        problems.append(Problem("doubt", name, says, "Rename what matters; `enbloc terms structures` lists the words."))
    files = [
        LabelFile(name if place == 1 else f"{name} (layer {place})", LabelMap(layer.grid, layer.values, layer.names))
        for place, layer in enumerate(layers, start=1)
    ]
    return tuple(files), tuple(dict.fromkeys(problems))


def _words(paths: Iterable[tuple[Path, str]]) -> tuple[list[tuple[Path, str]], list[str]]:
    """Each file with its structure, and the names of those that are none."""
    words: list[tuple[Path, str]] = []
    unknown: list[str] = []
    for path, stem in paths:
        try:
            words.append((path, parse_structure(stem)))
        except TermError:
            unknown.append(path.name)
    return words, unknown
