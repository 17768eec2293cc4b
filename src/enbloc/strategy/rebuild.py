"""The reconstruction of every plan: which kind of rebuilding its family asks for, and the ends of its column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs

from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.space.grids import Floats
from enbloc.intake.clinical import Clinical
from enbloc.reconstruction.build import Resected, rebuild_column, rebuild_pelvis
from enbloc.reconstruction.design import End, Point, Reconstruction
from enbloc.reconstruction.settings import ReconstructionSettings
from enbloc.resection.plans import Plan
from enbloc.strategy.outcome.risk import list_failures

_OF_THE_COLUMN = ("vertebrectomy", "sagittal_resection", "anterior_corpectomy", "chest_wall_combined")
_NOT_REBUILT: dict[str, str] = {
    "posterior_arch_resection": "no body is resected, and no rule of the tables says what an arch resection needs: "
    "judge the facets that are left",
    "sacrectomy_partial": "the rules ask for spinopelvic fixation when the cut goes through S1 (REG-10), not below it",
    "intralesional": "removal in pieces is not designed here",
    "none": "nothing is resected",
}
_FIRST_SACRAL = "S1"


def rebuild(
    plans: tuple[Plan, ...], scene: Scene | None, clinical: Clinical, settings: ReconstructionSettings
) -> tuple[Plan, ...]:
    """The plans with their reconstruction; Unknown where nothing is rebuilt, or no rule says how."""
    return tuple(
        _with_failures(attrs.evolve(plan, reconstruction=_rebuild(plan, scene, clinical, settings)), clinical)
        for plan in plans
    )


def _with_failures(plan: Plan, clinical: Clinical) -> Plan:
    if isinstance(plan.reconstruction, Unknown):
        return plan
    return attrs.evolve(plan, risks=(*plan.risks, *list_failures(plan, clinical)))


def _rebuild(
    plan: Plan, scene: Scene | None, clinical: Clinical, settings: ReconstructionSettings
) -> Reconstruction | Unknown:
    kerf = max((cut.tool_width_mm for cut in plan.cuts), default=0.0)
    resected = Resected(plan.levels, tuple(_ends(plan)), kerf, clinical.prior_radiotherapy)
    if plan.family in _OF_THE_COLUMN:
        return rebuild_column(resected, scene, settings)
    if plan.family == "sacrectomy_total" or (plan.family == "sacrectomy_partial" and _FIRST_SACRAL in plan.levels):
        return rebuild_pelvis(resected, scene)
    return Unknown(_NOT_REBUILT[plan.family])


def _ends(plan: Plan) -> Iterator[End]:
    """The cuts across the column, by their ids; of a step the disc, on whose far side the neighbour stays whole."""
    cuts = {cut.id: cut for cut in plan.cuts}
    names: tuple[Literal["cranial", "caudal"], ...] = ("cranial", "caudal")
    for end in names:
        riser, disc = cuts.get(f"{end} step"), cuts.get(f"{end} disc")
        cut = disc or cuts.get(end)
        if cut is not None:
            beside = (_point(riser.origin_mm), _point(riser.normal)) if riser is not None and disc is not None else None
            yield End(end, _point(cut.origin_mm), _point(cut.normal), cut.kind == "discectomy", beside)


def _point(place: Floats) -> Point:
    x, y, z = (float(value) for value in place)
    return (x, y, z)
