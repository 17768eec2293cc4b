"""The whole journey on one page."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import Scene
from enbloc.classification.contacts import measure_contacts
from enbloc.classification.extent import Extent, extent_from_typed
from enbloc.classification.scene_findings import find_on_scene
from enbloc.classification.sheet import classify
from enbloc.classification.wbb import measure_extent
from enbloc.foundation.evidence.classifications import Sheet
from enbloc.intake.case import Case, Problem
from enbloc.intake.checks import check
from enbloc.resection.families import enumerate_options
from enbloc.resection.plans import Option, Plan, Rejected
from enbloc.settings import Settings
from enbloc.strategy.advice import Indication
from enbloc.strategy.indication import judge_indication
from enbloc.strategy.search import Known, search


@attrs.frozen(eq=False)
class Record:
    """Everything one walk found, in the order of the steps.

    From `scene` on, fields are None or empty when a check stopped the case; `scene` is None too when the case has no
    images.
    """

    case: Case
    settings: Settings
    problems: tuple[Problem, ...]
    scene: Scene | None = None
    extent: Extent | None = None
    sheet: Sheet | None = None
    options: tuple[Option, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    indication: Indication | None = None
    plans: tuple[Plan, ...] = ()

    @property
    def stopped(self) -> bool:
        """True when a check stopped the case."""
        return any(problem.grade == "stop" for problem in self.problems)


def walk(case: Case, settings: Settings, report_progress: Callable[[str], None] = lambda _: None) -> Record:
    """Walk a case through all steps.

    Parameters
    ----------
    case : Case
    settings : Settings
    report_progress : callable
        Told in a few words what is being done.

    Raises
    ------
    InputError
        If the labels cannot be read as anatomy.
    """
    report_progress("checking the case")
    problems = check(case)
    if any(problem.grade == "stop" for problem in problems):
        return Record(case, settings, problems)
    report_progress("reading the anatomy")
    scene = build_scene(case, settings.anatomy)
    report_progress("classifying")
    extent = find_extent(case, scene, settings)
    sheet = classify(extent, case.clinical, find_on_scene(scene, extent))
    options, rejected = enumerate_options(extent, sheet, case.clinical)
    indication = judge_indication(case.clinical, sheet, extent)
    known = Known(scene, extent, sheet, case.clinical, indication)
    plans, without_room = search(options, known, settings.resection, report_progress)
    return Record(
        case=case,
        settings=settings,
        problems=(*problems, *(scene.problems if scene else ())),
        scene=scene,
        extent=extent,
        sheet=sheet,
        options=options,
        rejected=(*rejected, *without_room),
        indication=indication,
        plans=plans,
    )


def find_extent(case: Case, scene: Scene | None, settings: Settings) -> Extent:
    """The Extent: measured on the scene, or as the surgeon typed it where there are no images."""
    if scene is None:
        return extent_from_typed(case.typed_extent)
    extent = measure_extent(scene, settings.anatomy, case.clinical.dura_infiltrated)
    return attrs.evolve(extent, touched=measure_contacts(scene, settings.anatomy.reach_mm))
