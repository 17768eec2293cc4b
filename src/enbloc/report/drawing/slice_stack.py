"""A stack of axial slices to leaf through, from above the resection to below it."""

from __future__ import annotations

import attrs
import numpy as np

from enbloc.anatomy.scene import Scene
from enbloc.report.document import Picture
from enbloc.report.drawing.packing import jpeg_uri
from enbloc.report.drawing.slices import draw_view, find_tumour_centre, masks_of, view_of
from enbloc.report.phrases import number_words
from enbloc.resection.plans import Plan

BEYOND_MM = 6.0
"""How far the stack goes beyond tumour and specimen."""

STEP_MM = 1.5
"""Least distance between two slices."""

_MOST = 80


@attrs.frozen
class Stack:
    """Slices from cranial to caudal, and which of them is shown first."""

    slices: tuple[Picture, ...]
    first: int


def draw_stack(scene: Scene, plan: Plan | None) -> Stack:
    """Axial slices through tumour and specimen, with the same outlines as every other slice.

    Their titles say how far each lies above or below the tumour's centre.
    """
    geometry = plan.geometry if plan is not None else None
    shown = scene.tumour if geometry is None else scene.tumour | geometry.specimen
    centre = np.rint(scene.grid.to_index(find_tumour_centre(scene)[None])[0]).astype(int)
    spacing = float(scene.grid.spacing_mm[2])
    taken = np.flatnonzero(shown.any(axis=(0, 1)))
    beyond = int(np.ceil(BEYOND_MM / spacing))
    low, high = max(0, int(taken[0]) - beyond), min(scene.grid.shape[2] - 1, int(taken[-1]) + beyond)
    step = max(1, round(STEP_MM / spacing), -(-(high - low) // _MOST))
    down = [*range(int(centre[2]), low - 1, -step)]
    up = [*range(int(centre[2]) + step, high + 1, step)][::-1]
    masks = masks_of(scene, plan)
    view = view_of(scene, shown, "axial", centre)
    slices = tuple(
        draw_view(scene, plan, attrs.evolve(view, at=at, pack=jpeg_uri), masks, _title((at - int(centre[2])) * spacing))
        for at in (*up, *down)
    )
    return Stack(slices, len(up))


def _title(above_mm: float) -> str:
    if above_mm == 0:
        return "Axial slice through the tumour's centre"
    where = "above" if above_mm > 0 else "below"
    return f"Axial slice {number_words(abs(above_mm), 1)} mm {where} the tumour's centre"
