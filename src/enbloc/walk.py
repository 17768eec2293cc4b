"""The whole journey on one page."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent, differences, extent_from_typed, overrule
from enbloc.classification.measured.contacts import measure_contacts
from enbloc.classification.measured.held_parts import HeldPart, measure_held_parts
from enbloc.classification.measured.neighbours import Neighbour, measure_neighbours
from enbloc.classification.measured.scene_findings import find_on_scene
from enbloc.classification.sensitivity import Known as KnownScene
from enbloc.classification.sensitivity import Variant, measure_sensitivity
from enbloc.classification.sheet import classify
from enbloc.classification.wbb import measure_extent
from enbloc.errors import InputError
from enbloc.foundation.evidence.classifications import Sheet
from enbloc.intake.alternatives import with_labels
from enbloc.intake.case import Case, LabelFile, Problem
from enbloc.intake.checks import check
from enbloc.resection.families import enumerate_options, options_in_reserve
from enbloc.resection.plans import Option, Plan, Rejected
from enbloc.settings import Settings
from enbloc.strategy.advice import Indication
from enbloc.strategy.at_the_dura import ask_at_dura
from enbloc.strategy.indication.indication import judge_indication
from enbloc.strategy.rebuild import rebuild
from enbloc.strategy.search import Known, search
from enbloc.strategy.switched import list_refused
from enbloc.strategy.what_if import WhatIf, ask_what_if, say_what_if

CHECK_BOTH = "Check both; a finding can be overruled under [findings] in case.toml."


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
    neighbours: tuple[Neighbour, ...] = ()
    held_parts: tuple[HeldPart, ...] = ()
    sensitivity: tuple[Variant, ...] = ()
    options: tuple[Option, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    indication: Indication | None = None
    what_if: tuple[WhatIf, ...] = ()
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
    seen = look(case, settings, report_progress)
    if seen.extent is None or seen.sheet is None:
        return seen
    options, rejected = enumerate_options(seen.extent, seen.sheet, case.clinical)
    indication = judge_indication(case.clinical, seen.sheet, seen.extent)
    known = Known(seen.scene, seen.extent, seen.sheet, case.clinical, indication, case.switches)
    plans, without_room = search(options, known, settings.resection, report_progress)
    if not any(plan.family != "intralesional" for plan in plans):
        reserve = options_in_reserve(seen.extent, seen.sheet, case.clinical, options)
        asked = tuple(option for option in options if option.family == "intralesional")
        plans, still_without = search((*reserve, *asked), known, settings.resection, report_progress)
        options, without_room = (*reserve, *options), (*without_room, *still_without)
        standing = {(plan.family, plan.side) for plan in plans}
        rejected = tuple(r for r in rejected if (r.family, r.side) not in standing)
    plans = rebuild(plans, seen.scene, case.clinical, settings.reconstruction)
    at_dura = ask_at_dura(plans, seen.sheet, indication.en_bloc)
    what_if = (*ask_what_if(seen.extent, case.clinical), *at_dura)
    indication = attrs.evolve(indication, because=(*indication.because, *say_what_if(what_if)))
    rejected = (*rejected, *without_room)
    seen = attrs.evolve(seen, problems=(*seen.problems, *list_refused(plans)))
    return attrs.evolve(seen, options=options, rejected=rejected, indication=indication, plans=plans, what_if=what_if)


def look(case: Case, settings: Settings, report_progress: Callable[[str], None] = lambda _: None) -> Record:
    """The first three steps: checks, anatomy, classifications. `extent` is None when a check stopped the case.

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
    extent, contradictions = find_extent(case, scene, settings)
    sheet = classify(extent, case.clinical, find_on_scene(scene, extent), case.stated_findings)
    doubts = tuple(Problem("doubt", "classification", says, CHECK_BOTH) for says in sheet.problems)
    problems = (*problems, *(scene.problems if scene else ()), *contradictions, *doubts)
    neighbours = measure_neighbours(scene, extent) if scene is not None else ()
    held = measure_held_parts(scene) if scene is not None else ()
    return Record(case, settings, problems, scene, extent, sheet, neighbours, held)


def sense(record: Record, report_progress: Callable[[str], None] = lambda _: None) -> Record:
    """The same record with every answer for a tumour that is grown and shrunken, and for other programs' labels.

    Without images nothing is added.
    """
    if record.scene is None or record.extent is None:
        return record
    report_progress("moving the tumour's border")
    case = record.case
    known = KnownScene(record.scene, record.settings.anatomy, case.clinical, case.typed_extent, case.stated_findings)
    others = tuple(_with_labels(record, files) for files in case.alternatives)
    return attrs.evolve(record, sensitivity=(*measure_sensitivity(known, record.extent), *others))


def _with_labels(record: Record, files: tuple[LabelFile, ...]) -> Variant:
    """The answers with another program's labels."""
    words = f"labels of {files[0].name}" if files else "empty labels"
    try:
        seen = look(with_labels(record.case, files), record.settings)
    except InputError as error:
        return Variant(words, None, 0.0, {}, error.says)
    if seen.sheet is None or seen.scene is None:
        return Variant(words, None, 0.0, {}, next(p.says for p in seen.problems if p.grade == "stop"))
    volume = float(seen.scene.tumour.sum()) * seen.scene.grid.voxel_ml
    return Variant(words, None, volume, seen.sheet.answers)


def find_extent(case: Case, scene: Scene | None, settings: Settings) -> tuple[Extent, tuple[Problem, ...]]:
    """The Extent, and where a reading typed on top of the images contradicts them.

    Without images it is as typed; with images it is measured, but for the levels that the surgeon typed.
    """
    if scene is None:
        return extent_from_typed(case.typed_extent), ()
    measured = measure_extent(scene, settings.anatomy, case.clinical.dura_infiltrated)
    measured = attrs.evolve(measured, touched=measure_contacts(scene, settings.anatomy.reach_mm))
    contradictions = tuple(
        Problem("doubt", "case.toml", f"{says}.", "Check which of the two is right.")
        for says in differences(measured, case.typed_extent)
    )
    return overrule(measured, case.typed_extent), contradictions
