"""The corridor of an approach: what it holds aside, and what it does not open and so keeps in the specimen's way.

An exposure from behind holds back muscles and lungs aside and opens no cavity of the trunk; one from in front holds
its organs aside and leaves the back muscles on the spine. What an approach does not open gives way a little, as soft
tissue does. Where both are made, both are open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import attrs
import numpy as np

from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.distances import distance_to_voxels
from enbloc.foundation.space.grids import Bools
from enbloc.foundation.terms.structures import STRUCTURES, structure_words

GIVES_MM = 10.0
"""Soft tissue that an approach does not open gives way by this much at most (ours; no figure is published)."""

BACK_MUSCLES = ("autochthon", "trapezius", "quadratus_lumborum", "gluteus")

Exposure = Literal["posterior", "anterior"]

_WORDS: Mapping[Exposure, tuple[str, str]] = {
    "posterior": ("from behind: muscles and lungs are held aside", "organs"),
    "anterior": ("from in front: organs and lungs are held aside", "back muscles"),
}


@attrs.frozen(eq=False)
class Corridor:
    """`closed` is a bool array on the scene's grid: what keeps the specimen out; and what is to be said of it."""

    closed: Bools
    because: tuple[Reason, ...]


def find_corridor(scene: Scene, approach: Sequence[str]) -> Corridor:
    """What an approach keeps closed.

    Parameters
    ----------
    scene : Scene
    approach : sequence of str
        ``"posterior"``, ``"anterior left"`` ...; empty where nothing is known of it.
    """
    closed = np.zeros(scene.grid.shape, dtype=bool)
    opened = {step.split()[0] for step in approach if step}
    exposures: tuple[Exposure, ...] = ("posterior", "anterior")
    only = [exposure for exposure in exposures if opened == {exposure}]
    if not only:
        says = "It leaves through an exposure from behind or from in front; muscles, lungs and organs are held aside."
        return Corridor(closed, (_reason(says),) if opened else ())
    present = set(np.unique(scene.structures.values).tolist())
    named = {n: name for n, name in scene.structures.names.items() if n in present and _is_closed(name, only[0])}
    how, what = _WORDS[only[0]]
    if not named:
        says = f"It leaves through the exposure {how}; no {what} are labelled, and whether they bar it is not known."
        return Corridor(closed, (_reason(says),))
    inside = np.isin(scene.structures.values, list(named)) & ~scene.tumour
    closed = inside & (distance_to_voxels(scene.grid, ~inside) > GIVES_MM)
    words = ", ".join(structure_words(name) for name in sorted(named.values()))
    says = f"It leaves through the exposure {how}; what it does not open gives way by {GIVES_MM:g} mm at most: {words}."
    return Corridor(closed, (_reason(says),))


def _is_closed(name: str, exposure: Exposure) -> bool:
    if exposure == "anterior":
        return name.startswith(BACK_MUSCLES)
    return name in STRUCTURES and STRUCTURES[name].kind == "organ"


def _reason(says: str) -> Reason:
    return Reason(says, "ours", (), "DEL-2")
