"""Which pictures a report shows: the WBB chart of each involved level, and slices of the best plan."""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs
import numpy as np

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent, involved_levels
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.space.sampling import sample_nearest
from enbloc.foundation.terms.levels import Level
from enbloc.report.document import Picture
from enbloc.report.drawing.lengthwise_chart import draw_lengthwise
from enbloc.report.drawing.margin_chart import draw_margin_maps
from enbloc.report.drawing.scene_pictures import Model, draw_scene, pack_model
from enbloc.report.drawing.slice_stack import Stack, draw_stack
from enbloc.report.drawing.slices import cross_polygon, draw_slices, find_tumour_centre
from enbloc.report.drawing.surfaces import build_scene3d
from enbloc.report.drawing.wbb_chart import describe_wbb, draw_wbb
from enbloc.report.plan_pages import least_margin
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Plan

_SAMPLES = 240
_SHORTEST_RUN_MM = 2.0
_WIDEST_RUN_DEG = 45.0


@attrs.frozen
class Pictures:
    """The pictures of one report; each group may be empty."""

    charts: tuple[Picture, ...] = ()
    centre: tuple[Picture, ...] = ()
    least: tuple[Picture, ...] = ()
    lengthwise: tuple[Picture, ...] = ()
    scene: tuple[Picture, ...] = ()
    maps: tuple[Picture, ...] = ()
    stack: Stack | None = None
    model: Model | None = None

    @property
    def outlined(self) -> frozenset[str]:
        """The groups that any slice outlines, for the key."""
        return frozenset(name for picture in (*self.centre, *self.least) for name in picture.outlined)


def draw_pictures(scene: Scene | None, extent: Extent | None, plan: Plan | None) -> Pictures:
    """Every picture of a report.

    Parameters
    ----------
    scene : Scene or None
        None for a case without images: charts only.
    extent : Extent or None
    plan : Plan or None
        The plan whose specimen and cuts are drawn, as a rule the first.
    """
    charts = draw_charts(scene, extent, plan) if extent is not None else ()
    lengthwise = draw_lengthwise(scene, extent, plan) if extent is not None else None
    pictures = Pictures(charts, lengthwise=(lengthwise,) if lengthwise is not None else ())
    if scene is None or not scene.tumour.any():
        return pictures
    pictures = attrs.evolve(
        pictures,
        centre=draw_slices(scene, plan, find_tumour_centre(scene), "the tumour's centre"),
        stack=draw_stack(scene, plan),
        maps=draw_margin_maps(scene, plan) if plan is not None else (),
    )
    scene3d = build_scene3d(scene, plan)
    if scene3d is not None:
        pictures = attrs.evolve(pictures, scene=draw_scene(scene3d, plan), model=pack_model(scene3d))
    narrowest = least_margin(plan) if plan is not None else None
    if narrowest is None or narrowest.at_mm is None:
        return pictures
    place = np.array(narrowest.at_mm)
    return attrs.evolve(pictures, least=draw_slices(scene, plan, place, "the place of least margin", marked=True))


def draw_charts(scene: Scene | None, extent: Extent, plan: Plan | None) -> tuple[Picture, ...]:
    """The WBB chart of every involved level, or of every examined level when none is surely involved."""
    levels = involved_levels(extent) or tuple(extent.levels)
    return tuple(_chart(level, scene, extent, plan) for level in levels)


def _chart(level: Level, scene: Scene | None, extent: Extent, plan: Plan | None) -> Picture:
    found = extent.levels[level]
    angles = find_cut_angles(scene, level, plan.cuts) if scene is not None and plan is not None else {}
    words = (
        "Shares are tumour in each cell of bone." if found.cells else "As typed: pairs that were not given one by one"
    )
    caption = words if found.cells else f"{words} are undecided."
    return Picture(f"WBB chart of {level}", caption, describe_wbb(level, found), draw_wbb(level, found, angles))


def find_cut_angles(scene: Scene, level: Level, cuts: tuple[Cut, ...]) -> Mapping[str, tuple[float, ...]]:
    """Where cuts cross the ring of one vertebra at mid-pedicle height.

    Returns
    -------
    mapping of cut id to angles, degrees
        From the dorsal midline towards the patient's left. Cuts that miss the vertebra's bone there, or run round the
        ring instead of across it, are left out.
    """
    if level not in scene.vertebrae:
        return {}
    angles = {cut.id: _crossings(scene, level, cut) for cut in cuts}
    return {cut_id: found for cut_id, found in angles.items() if found}


def _crossings(scene: Scene, level: Level, cut: Cut) -> tuple[float, ...]:
    frame = scene.vertebrae[level].frame
    ends = cross_polygon(cut.face_mm, (cut.face_mm - frame.origin_mm) @ frame.cranial)
    if ends is None:
        return ()
    line = ends[0] + np.linspace(0.0, 1.0, _SAMPLES)[:, None] * (ends[1] - ends[0])
    step_mm = float(np.linalg.norm(ends[1] - ends[0])) / (_SAMPLES - 1)
    number = 1 + list(scene.vertebrae).index(level)
    inside = sample_nearest(scene.grid, scene.bone, line) == number
    steps = np.flatnonzero(np.diff(np.concatenate(([False], inside, [False])).astype(np.int8)))
    runs = [line[a:b] for a, b in zip(steps[::2], steps[1::2], strict=True) if (b - a) * step_mm >= _SHORTEST_RUN_MM]
    marks = (_clock_deg(run - frame.origin_mm, frame.left, frame.dorsal) for run in runs)
    return tuple(mark for mark in marks if mark is not None)


def _clock_deg(run_mm: Floats, left: Floats, dorsal: Floats) -> float | None:
    """The mean angle of a run of points about the canal centre; None when it runs round more than across."""
    angles = np.arctan2(run_mm @ left, run_mm @ dorsal)
    turned = np.unwrap(angles)
    if math.degrees(float(turned.max() - turned.min())) > _WIDEST_RUN_DEG:
        return None
    return math.degrees(float(turned.mean())) % 360.0
