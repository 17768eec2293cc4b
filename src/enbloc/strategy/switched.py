"""A plan as a surgeon switched it: which switches it takes, which it refuses and why, and the order of its stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from enbloc.classification.extent import LEFT_PEDICLE, RIGHT_PEDICLE, Extent
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.terms.structures import STRUCTURES
from enbloc.intake.case import Problem
from enbloc.intake.switches import Switches
from enbloc.resection.plans import Plan, Sacrifice
from enbloc.strategy.advice import Approach

NOT_SWITCHED = "Not switched: "
NO_IMAGES = "without images there is no cut to move"
_GIVEN_UP = ("cut", "resect")
_NEVER: tuple[tuple[str, str], ...] = (
    ("spinal_cord", "the cord is never cut"),
    ("aorta", "it is grafted, or en bloc is given up (VES-10)"),
    ("vena_cava", "it is grafted, or en bloc is given up (VES-10)"),
    ("common_iliac", "it is grafted, or en bloc is given up (VES-10)"),
    ("external_iliac", "it is grafted, or en bloc is given up (VES-10)"),
)
"""Parts of names of what no switch cuts, with the reason."""


def refuse_structures(sacrifices: Sequence[Sacrifice], switches: Switches) -> Mapping[str, str]:
    """Which structures cannot be switched in a plan, by the switch's name, and why."""
    actions = {one.structure: one.action for one in sacrifices}
    refused = {}
    for name in switches.cut:
        why = next((why for part, why in _NEVER if part in name), "")
        if name.startswith("vertebral_artery_"):
            other = name.replace("left", "*").replace("right", "left").replace("*", "right")
            gone = actions.get(other) in _GIVEN_UP and other not in switches.spare
            why = (
                "the other one goes already, and both are never taken (VES-4)" if gone or other in switches.cut else ""
            )
        if why:
            refused[f"cut.{name}"] = why
    for name in switches.spare:
        if actions.get(name) not in _GIVEN_UP:
            refused[f"spare.{name}"] = "this plan does not give it up"
    return refused


def refuse_without_images(extent: Extent, switches: Switches) -> Mapping[str, str]:
    """What cannot be switched where nothing was placed: cuts; and a pedicle that holds tumour is named."""
    refused = {f"move_mm.{cut}": NO_IMAGES for cut in switches.move_mm}
    for side, part in switches.ring.items():
        sector = LEFT_PEDICLE if side == "left" else RIGHT_PEDICLE
        held = any_of(level.sectors[sector] for level in extent.levels.values()) is Verdict.MET
        refused[f"ring.{side}"] = "tumour lies in that pedicle" if part == "pedicle" and held else NO_IMAGES
    return refused


def without(switches: Switches, refused: Mapping[str, str]) -> Switches:
    """The switches of structures that are not refused."""
    return attrs.evolve(
        switches,
        cut=tuple(name for name in switches.cut if f"cut.{name}" not in refused),
        spare=tuple(name for name in switches.spare if f"spare.{name}" not in refused),
    )


def switch_order(approach: Approach, switches: Switches) -> Approach:
    """The approach with its stages in the order asked for; one approach alone has no order."""
    if not switches.order or len(approach.steps) < 2:
        return approach
    place: dict[str, int] = {stage: n for n, stage in enumerate(switches.order)}
    steps = tuple(sorted(approach.steps, key=lambda step: place.get(step.split()[0], len(place))))
    return attrs.evolve(approach, steps=steps)


def say_switches(switches: Switches, approach: Approach, refused: Mapping[str, str]) -> tuple[Reason, ...]:
    """What was switched, and what could not be, with the reason."""
    if switches.order and len(approach.steps) < 2:
        refused = {**refused, "order": "this plan has one approach"}
    return tuple(Reason(_say(name, words, refused), "stated", (), "PLAN-1") for name, words in _asked(switches))


def list_refused(plans: Iterable[Plan]) -> tuple[Problem, ...]:
    """Switches that no en bloc plan takes."""
    said = [
        {r.says.split(";")[0]: r.says for r in plan.because if r.rule == "PLAN-1" and r.says.startswith(NOT_SWITCHED)}
        for plan in plans
        if plan.family not in ("intralesional", "none")
    ]
    common = [key for key in said[0] if all(key in other for other in said[1:])] if said else []
    remedy = "Leave the switch out, or change what stands against it."
    return tuple(Problem("doubt", "switches", said[0][key], remedy) for key in common)


def _say(name: str, words: str, refused: Mapping[str, str]) -> str:
    if name in refused:
        return f"{NOT_SWITCHED}{words}; {refused[name]}."
    return f"Switched: {words}."


def _named(structure: str) -> str:
    """A structure in words, a joint's side first."""
    if structure in STRUCTURES:
        return STRUCTURES[structure].name
    kind, _, side = structure.rpartition("_")
    return f"{side} {kind.replace('_', ' ')}"


def _asked(switches: Switches) -> Iterator[tuple[str, str]]:
    """Every switch by its name, in words."""
    for name in switches.cut:
        yield f"cut.{name}", f"{_named(name)} is cut"
    for name in switches.spare:
        yield f"spare.{name}", f"{_named(name)} is spared"
    for side, part in switches.ring.items():
        yield f"ring.{side}", f"the ring is cut through the {side} {part}"
    for cut, by_mm in switches.move_mm.items():
        where = "outwards" if by_mm > 0 else "towards the tumour"
        words = f"the {cut.replace('_', ' ')} cut lies {abs(by_mm):g} mm further {where}"
        yield f"move_mm.{cut}", words
    if switches.order:
        yield "order", ", then ".join(switches.order)
