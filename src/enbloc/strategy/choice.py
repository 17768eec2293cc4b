"""Which plans are beaten in everything, and what would make the next one win.

Strategy. Each plan has one figure per objective. A plan is dominated by another that is nowhere worse and somewhere
better; what is not dominated is the Pareto set, and a preference only orders it. What is unknown of one plan and known
of the other cannot be compared, so it dominates nothing. Between neighbours in the order the first criterion in which
they differ is named, with how far the later plan falls short in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.terms.levels import LEVELS, Level, order
from enbloc.foundation.terms.structures import structure_words
from enbloc.resection.plans import Delivery, Margin, MarginWord, Plan
from enbloc.resection.specimen.margins import ORDER

LIMB_ROOTS: tuple[Level, ...] = (
    *LEVELS[order("C4") : order("T1") + 1],
    *LEVELS[order("L2") : order("S5") + 1],
)
"""Roots whose loss is felt as weakness or in bladder and bowel (ROOT-2 to ROOT-4, ROOT-8 to ROOT-15)."""


@attrs.frozen
class Objective:
    """One figure of a plan, less being better; None where it is not known."""

    name: str
    unit: str
    of: Callable[[Plan], float | None]


def _traded(name: str) -> Callable[[Plan], float | None]:
    def value(plan: Plan) -> float | None:
        found = plan.trade_offs.get(name)
        return found.value if isinstance(found, Estimate) else None

    return value


def _word(plan: Plan) -> float | None:
    return float(-ORDER.index(plan.margin)) if plan.margin else None


def _roots(plan: Plan) -> float | None:
    return float(
        sum(
            s.structure.startswith("nerve_root_") and s.action == "cut" and s.structure.split("_")[2] in LIMB_ROOTS
            for s in plan.sacrifices
        )
    )


def _way_out(plan: Plan) -> float | None:
    if not isinstance(plan.delivery, Delivery):
        return None
    return {"yes": 0.0, "unknown": 1.0, "no": 2.0}[plan.delivery.possible]


RANKED: tuple[Objective, ...] = (
    Objective("cuts that no straight blade reaches", "", _traded("cuts_out_of_reach")),
    Objective("wanted margins missed", "", _traded("wanted_margins_missed")),
    Objective("bone lost", "ml", _traded("bone_lost")),
)
"""What the preference asks of plans whose margin has the same word, in its order."""

OBJECTIVES: tuple[Objective, ...] = (
    Objective("the worst margin's word", "", _word),
    *RANKED,
    Objective("roots of arm, leg, bladder or bowel cut", "", _roots),
    Objective("levels", "", lambda plan: float(len(plan.levels))),
    Objective("sessions", "", lambda plan: float(plan.sessions)),
    Objective("approaches", "", lambda plan: float(len(plan.approach))),
    Objective("the way out (yes, not known, no)", "", _way_out),
)
"""Margin, neurological loss, bone and levels, sessions, what predicts complications (PRE-1), and delivery."""

TOLERANCE = 1e-9


def figures(plan: Plan) -> Mapping[str, float | None]:
    """A plan's figure for each objective."""
    return {objective.name: objective.of(plan) for objective in OBJECTIVES}


def dominates(one: Mapping[str, float | None], other: Mapping[str, float | None]) -> bool:
    """True when `one` is nowhere worse and somewhere better, and both know the same things."""
    better = False
    for name, mine in one.items():
        theirs = other[name]
        if (mine is None) != (theirs is None):
            return False
        if mine is None or theirs is None:
            continue
        if mine > theirs + TOLERANCE:
            return False
        better |= mine < theirs - TOLERANCE
    return better


def with_reasons(plans: tuple[Plan, ...]) -> tuple[Plan, ...]:
    """Ranked plans, each with those that dominate it and with what would make the next one win.

    Parameters
    ----------
    plans : tuple of Plan
        In the order of the preference, with their ids.
    """
    known = [figures(plan) for plan in plans]
    found = []
    for n, plan in enumerate(plans):
        beaten_by = tuple(
            other.id
            for m, other in enumerate(plans)
            if m != n and other.family not in _PIECEMEAL and dominates(known[m], known[n])
        )
        because = list(_why_dominated(plan, plans, beaten_by))
        if n + 1 < len(plans):
            because += _next_would_win(plan, plans[n + 1])
        found.append(attrs.evolve(plan, dominated_by=beaten_by, because=(*plan.because, *because)))
    return tuple(found)


_PIECEMEAL = ("intralesional", "none")


def _why_dominated(plan: Plan, plans: tuple[Plan, ...], by: tuple[str, ...]) -> Iterator[Reason]:
    for other in plans:
        if other.id in by:
            mine, theirs = figures(plan), figures(other)
            worse = [
                f"{o.name} ({_say(a, o)} against {_say(b, o)})"
                for o in OBJECTIVES
                if (a := mine[o.name]) is not None and (b := theirs[o.name]) is not None and a > b + TOLERANCE
            ]
            yield Reason(f"{other.id} is nowhere worse and better in: {', '.join(worse)}.", "measured")


def _next_would_win(plan: Plan, later: Plan) -> Iterator[Reason]:
    """What the next plan lacks in the first criterion of the preference in which the two differ."""
    if later.family in _PIECEMEAL or plan.family in _PIECEMEAL:
        return
    start = f"{later.id} would stand before {plan.id}"
    if plan.margin != later.margin and plan.margin and later.margin:
        lacking = [_lacks(margin, plan.margin) for margin in later.margins if _is_worse(margin, plan.margin)]
        if lacking:
            yield Reason(f"{start} if its margin were {plan.margin} as well: {'; '.join(lacking)}.", "measured")
        return
    mine, theirs = figures(plan), figures(later)
    for objective in RANKED:
        a, b = mine[objective.name], theirs[objective.name]
        if a is not None and b is not None and abs(a - b) > TOLERANCE:
            yield Reason(
                f"{start} with {_say(b - a, objective)} less in {objective.name} "
                f"({_say(b, objective)} against {_say(a, objective)}).", "measured",
            )  # fmt: skip
            return
    parted = sorted(_worst_at(plan) ^ _worst_at(later))
    says = f"No criterion of the preference parts {plan.id} and {later.id}"
    yield Reason(says + (f"; one of them alone is {plan.margin} at: {_list(parted)}." if parted else "."), "measured")


def _worst_at(plan: Plan) -> set[str]:
    return {margin.interface for margin in plan.margins if margin.enneking == plan.margin}


def _list(interfaces: list[str]) -> str:
    return ", ".join(structure_words(name) for name in interfaces)


def _is_worse(margin: Margin, word: MarginWord) -> bool:
    return margin.enneking is not None and ORDER.index(margin.enneking) < ORDER.index(word)


def _lacks(margin: Margin, word: MarginWord) -> str:
    """How far an interface is from a word: wide needs the low end above zero, marginal the distance."""
    if not isinstance(margin.least, Estimate):
        return f"{_list([margin.interface])} is not known"
    short = -margin.least.low if word == "wide" else -margin.least.value
    if short < 0.0:
        return f"{_list([margin.interface])} is called {margin.enneking} for another reason than its distance"
    return f"{_list([margin.interface])} lacks {max(short, 0.1):.1f} mm"


def _say(value: float, objective: Objective) -> str:
    shown = f"{value:.1f}" if objective.unit else f"{value:g}"
    return f"{shown} {objective.unit}".strip()
