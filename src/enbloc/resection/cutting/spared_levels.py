"""Vertebrectomies that leave a level of which tumour holds an end of the body alone.

Strategy. The levels that hold tumour go as a whole. Where tumour reaches the outermost of them only from its neighbour,
in the body and not in the ring, the end cut may pass through that level as it may through a free one, plain or as a
step, if it keeps all of the wanted margin. Then a second option is offered that leaves the level.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs
import numpy as np

from enbloc.anatomy.parts import BODY
from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level
from enbloc.resection.cutting.end_cuts import near_column, place_end_cut
from enbloc.resection.plans import Option
from enbloc.resection.settings import ResectionSettings


def spare_levels(scene: Scene, options: tuple[Option, ...], settings: ResectionSettings) -> tuple[Option, ...]:
    """The vertebrectomies that leave more levels than those among the options.

    Parameters
    ----------
    scene : Scene
    options : tuple of Option
    settings : ResectionSettings
    """
    return tuple(found for option in options for found in _sparing(scene, option, settings))


def _sparing(scene: Scene, option: Option, settings: ResectionSettings) -> Iterator[Option]:
    levels = option.levels
    if option.family != "vertebrectomy" or len(levels) < 2 or not all(level in scene.vertebrae for level in levels):
        return
    tumour = surface_points(scene.grid, scene.tumour)
    spared = []
    ends: tuple[tuple[Literal["cranial", "caudal"], int], ...] = (("cranial", 0), ("caudal", -1))
    for end, at in ends:
        inner = levels[1:] if at == 0 else levels[:-1]
        if inner and _can_stay(scene, levels[at], inner[at], end, (tumour, settings)):
            spared.append(levels[at])
            levels = inner
    if spared:
        says = (
            f"Of {' and '.join(spared)} the end that tumour holds goes, and the rest stays: the cut passes through it "
            f"with {settings.bone_margin_mm:g} mm of bone."
        )
        yield attrs.evolve(option, levels=levels, because=(*option.because, Reason(says, "ours")))


def _can_stay(
    scene: Scene, level: Level, inner: Level, end: Literal["cranial", "caudal"], given: tuple[Floats, ResectionSettings]
) -> bool:
    """True when tumour holds no part of a level but its body, and a cut through that keeps all of the wanted margin."""
    tumour, settings = given
    own = scene.tumour & (scene.bone == list(scene.vertebrae).index(level) + 1)
    if (own & (scene.parts != BODY)).any():
        return False
    held = scene.grid.to_patient(np.argwhere(own))
    if len(near_column(scene, inner, held, settings.bone_margin_mm)) < len(held):
        return False
    near = near_column(scene, inner, tumour, settings.bone_margin_mm)
    cut, short = place_end_cut(scene, near, inner, end, settings, settings.steps != "none")
    return cut.tissue == "bone" and not short
