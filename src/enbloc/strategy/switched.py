"""A plan as a surgeon switched it: roots, structures, the order of the stages, and cuts moved by millimetres."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from enbloc.foundation.evidence.reasons import Reason
from enbloc.intake.switches import Switches
from enbloc.resection.cutting.placement import EndCut, Placement, Plane
from enbloc.strategy.advice import Approach


def switch_order(approach: Approach, switches: Switches) -> Approach:
    """The approach with its stages in the order asked for; one approach alone has no order."""
    if not switches.order or len(approach.steps) < 2:
        return approach
    place: dict[str, int] = {stage: n for n, stage in enumerate(switches.order)}
    steps = tuple(sorted(approach.steps, key=lambda step: place.get(step.split()[0], len(place))))
    return attrs.evolve(approach, steps=steps)


def move_planes(placement: Placement, switches: Switches) -> Placement:
    """The placement with its end cuts and sagittal cut moved along their normals; outwards is positive."""
    if not switches.move_mm:
        return placement
    sagittal = placement.sagittal
    if sagittal is not None and (by_mm := switches.move_mm.get("sagittal")):
        sagittal = _moved(sagittal, by_mm)
    ends = tuple(_end(end, switches.move_mm.get(end.end, 0.0)) for end in placement.end_cuts)
    return attrs.evolve(placement, end_cuts=ends, sagittal=sagittal)


def say_switches(switches: Switches, approach: Approach, placed: bool) -> tuple[Reason, ...]:
    """What was switched, and what a switch could not change here."""
    return tuple(Reason(says, "stated", (), "PLAN-1") for says in _said(switches, approach, placed))


def _said(switches: Switches, approach: Approach, placed: bool) -> Iterator[str]:
    for name in switches.cut:
        yield f"Switched: {name.replace('_', ' ')} is cut."
    for name in switches.spare:
        yield f"Switched: {name.replace('_', ' ')} is spared."
    for cut, by_mm in switches.move_mm.items():
        where = "outwards" if by_mm > 0 else "towards the tumour"
        tail = "" if placed else "; without images there is no cut to move"
        yield f"Switched: the {cut} cut, where the plan has one, lies {abs(by_mm):g} mm further {where}{tail}."
    if switches.order:
        words = ", then ".join(switches.order)
        tail = "" if len(approach.steps) > 1 else "; this plan has one approach"
        yield f"Switched: {words}{tail}."


def _moved(plane: Plane, by_mm: float) -> Plane:
    return attrs.evolve(plane, origin_mm=plane.origin_mm + by_mm * plane.normal)


def _end(end: EndCut, by_mm: float) -> EndCut:
    if not by_mm:
        return end
    because = (*end.because, f"moved by {by_mm:+g} mm as switched")
    return attrs.evolve(end, plane=_moved(end.plane, by_mm), because=because)
