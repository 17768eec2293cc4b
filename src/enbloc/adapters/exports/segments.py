"""What there is to export as a volume, in one order with one name, colour and code each."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator

import attrs
import numpy as np

from enbloc.adapters.exports.codes import CANAL, REMAINDER, SPECIMEN, TUMOUR, Concept, concept_of
from enbloc.adapters.exports.run_source import Pieces, RunSource
from enbloc.adapters.exports.safe_text import one_line
from enbloc.errors import InputError
from enbloc.foundation.space.grids import Bools
from enbloc.foundation.terms.structures import PLAN_RESULTS, STRUCTURES

Colour = tuple[int, int, int]
PLAN_COLOURS: dict[str, Colour] = {
    TUMOUR: (178, 34, 52),
    SPECIMEN: (214, 160, 60),
    REMAINDER: (226, 220, 200),
    CANAL: (250, 230, 90),
}
_KIND_HUES = {"bone": 0.11, "disc": 0.5, "neural": 0.15, "vessel": 0.0, "lung": 0.55, "organ": 0.3, "muscle": 0.03}
NAMES = {TUMOUR: "tumour", **PLAN_RESULTS}


@attrs.frozen(eq=False)
class Segment:
    """One volume.

    Parameters
    ----------
    id : str
        ``"tumour"``, ``"specimen"``, ``"remainder"``, ``"spinal_canal"`` or the structure's word.
    name : str
        In running text, on one line.
    mask : bool array on the grid of the run
    colour : RGB, 0-255
    concept : Concept
    layer : int
        Segments of one layer do not overlap: 0 structures, 1 tumour and canal, 2 specimen and remainder.
    """

    id: str
    name: str
    mask: Bools
    colour: Colour
    concept: Concept
    layer: int


def pieces_of(source: RunSource) -> Pieces:
    """The volumes of a run.

    Raises
    ------
    InputError
        If the case has no images.
    """
    if source.pieces is None:
        raise InputError(
            "the case has no images, only what was typed: there is no shape to export",
            remedy="Export json, csv or fhir, or add labels to the case.",
        )
    return source.pieces


def segments_of(source: RunSource) -> tuple[Segment, ...]:
    """Tumour, specimen, remainder, canal, then every structure that has a voxel on the grid.

    Raises
    ------
    InputError
        If the case has no images.
    """
    return tuple(_segments(pieces_of(source)))


def _segments(pieces: Pieces) -> Iterator[Segment]:
    masks = {TUMOUR: (pieces.tumour, 1), SPECIMEN: (pieces.specimen, 2), REMAINDER: (pieces.remainder, 2)}
    masks |= {CANAL: (pieces.canal & ~pieces.tumour, 1)}
    for word, (mask, layer) in masks.items():
        if mask is not None and mask.any():
            yield Segment(word, NAMES[word], mask, PLAN_COLOURS[word], concept_of(word), layer)
    counts = np.bincount(pieces.structures.values.ravel())
    words = {n: name for n, name in sorted(pieces.structures.names.items()) if n < len(counts) and counts[n]}
    for word in sorted(set(words.values())):
        name = one_line(STRUCTURES[word].name if word in STRUCTURES else word, 64)
        unique = f"{word}_label" if word in masks else word
        yield Segment(unique, name, pieces.structures.mask(word), _colour(word), concept_of(word), 0)


def _colour(word: str) -> Colour:
    """A steady colour: the hue of its kind, shifted a little by the word."""
    kind = STRUCTURES[word].kind if word in STRUCTURES else "organ"
    shift = sum(word.encode()) % 16 / 16
    r, g, b = colorsys.hsv_to_rgb((_KIND_HUES.get(kind, 0.3) + 0.05 * shift) % 1.0, 0.35 + 0.3 * shift, 0.9)
    return round(r * 255), round(g * 255), round(b * 255)
