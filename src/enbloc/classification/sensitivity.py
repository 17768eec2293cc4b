"""How near the border does a case lie? Every answer again, with the tumour's label grown and shrunk.

Strategy. The tumour's surface is moved by whole millimetres on its distance field; frames, canal, parts and charts are
those of the scene, because they do not depend on the tumour. A voxel on the moved surface is tumour in part, so that a
step need not be a whole voxel. The distance to a structure changes by the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs
import numpy as np

from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.classification.chart import Chart, build_chart
from enbloc.classification.extent import Contact, Extent, overrule
from enbloc.classification.judged import tumour_shares
from enbloc.classification.measured.scene_findings import find_on_scene
from enbloc.classification.sheet import classify
from enbloc.classification.wbb import measure_extent
from enbloc.foundation.evidence.classifications import Classification, Sheet
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.levels import Level
from enbloc.intake.case import TypedLevel
from enbloc.intake.clinical import Clinical

STEPS_MM: tuple[float, ...] = (-3.0, -2.0, -1.0, 1.0, 2.0, 3.0)
"""The tumour's surface is moved by these, outwards from zero on."""

GROWN, SHRUNKEN = "tumour grown by", "tumour shrunken by"


@attrs.frozen(eq=False)
class Known:
    """What stands whatever the tumour's label: the scene, the clinical facts, and what the surgeon typed."""

    scene: Scene
    settings: AnatomySettings
    clinical: Clinical
    typed: Mapping[Level, TypedLevel]
    statements: Mapping[str, Verdict | float]


@attrs.frozen(eq=False)
class Variant:
    """The answers with another label.

    `words` names it, `by_mm` is the step (None for another program's label), `tumour_ml` the tumour's volume; `answers`
    is empty where there is none, and `why_none` says why.
    """

    words: str
    by_mm: float | None
    tumour_ml: float
    answers: Mapping[str, Classification]
    why_none: str = ""


def measure_sensitivity(known: Known, extent: Extent) -> tuple[Variant, ...]:
    """Every answer for each step, the smallest tumour first.

    Parameters
    ----------
    known : Known
    extent : Extent
        As it was found with the label as it is.
    """
    scene = known.scene
    border = distance_to(scene.grid, scene.tumour)
    charts = dict(_charts(scene, border <= max(STEPS_MM)))
    return tuple(_variant(known, border, step, charts, extent) for step in STEPS_MM)


def changed(sheet: Sheet, variant: Variant) -> tuple[str, ...]:
    """The systems whose answer differs with another label."""
    return tuple(
        system
        for system, answer in variant.answers.items()
        if system in sheet.answers
        and (answer.applies, answer.possible) != (sheet.answers[system].applies, sheet.answers[system].possible)
    )


def read_sheet(known: Known, charts: Mapping[Level, Chart], touched: tuple[Contact, ...]) -> Sheet:
    """The sheet of a scene, with charts and contacts that are there already."""
    scene = known.scene
    measured = measure_extent(scene, known.settings, known.clinical.dura_infiltrated, charts)
    extent = overrule(attrs.evolve(measured, touched=touched), known.typed)
    return classify(extent, known.clinical, find_on_scene(scene, extent), known.statements)


def _variant(known: Known, border: Floats, step: float, charts: Mapping[Level, Chart], extent: Extent) -> Variant:
    words = f"{GROWN if step > 0 else SHRUNKEN} {abs(step):g} mm"
    scene = attrs.evolve(known.scene, tumour=border <= step, tumour_border_mm=border - step)
    volume = float(tumour_shares(scene, scene.tumour, border - step)[0].sum()) * scene.grid.voxel_ml
    if not scene.tumour.any():
        return Variant(words, step, 0.0, {}, "no tumour is left")
    touched = tuple(_moved(scene, contact, step) for contact in extent.touched)
    return Variant(words, step, volume, read_sheet(attrs.evolve(known, scene=scene), charts, touched).answers)


def _moved(scene: Scene, contact: Contact, step: float) -> Contact:
    """A contact with the tumour's surface moved: nearer by the step; from an overlap, read off the distance field."""
    distance = contact.distance
    if isinstance(distance, Unknown):
        return contact
    value = distance.value - step
    if distance.value <= 0.0 and scene.tumour_border_mm is not None:
        inside = scene.structures.mask(contact.structure)
        value = float(scene.tumour_border_mm[inside].min()) - scene.label_error_mm
    value, half = max(value, 0.0), distance.high - distance.value
    moved = Estimate(value, max(value - half, 0.0), value + half, distance.unit, distance.because)
    return attrs.evolve(contact, distance=moved)


def _charts(scene: Scene, tumour: Bools) -> Iterator[tuple[Level, Chart]]:
    """Charts of the levels whose bone any of the tumours holds."""
    held = set(np.unique(scene.bone[tumour]).tolist())
    for number, (level, vertebra) in enumerate(scene.vertebrae.items(), start=1):
        if number in held and vertebra.body_height_mm > 0.0:
            yield level, build_chart(scene, level)
