"""What a few millimetres at the dura would change: the distance is moved to where its word turns, and judged again.

Only the dura's own distance is moved; every other margin stays as measured. Where tumour lies in the epidural space no
millimetre helps (F5b), and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from enbloc.classification.systems.enneking import judge_appropriate
from enbloc.foundation.evidence.classifications import Sheet
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.resection.plans import Margin, MarginWord, Plan
from enbloc.resection.specimen.margins import worst_word
from enbloc.strategy.what_if import WhatIf

FAR_MM = 5.0
"""Changes further away than this are not told (ours)."""
_DURA = "dura"
_APPROPRIATE = {Verdict.MET: "Enneking appropriate", Verdict.UNMET: "not Enneking appropriate"}


def ask_at_dura(plans: tuple[Plan, ...], sheet: Sheet, en_bloc: str) -> tuple[WhatIf, ...]:
    """Of the first plan with a measured dura: how many millimetres more or less turn its word, and what changes."""
    for plan in plans:
        margin = next((m for m in plan.margins if m.interface == _DURA and m.barrier != _DURA), None)
        if margin is not None and isinstance(margin.least, Estimate):
            families = tuple(dict.fromkeys(p.family for p in plans if p.family != "intralesional"))
            return tuple(
                WhatIf(f"{abs(by_mm):.1f} mm {'more' if by_mm > 0 else 'less'} at the dura", en_bloc, families, changes)
                for by_mm, word in _turns(margin.least)
                if abs(by_mm) <= FAR_MM and (changes := tuple(_changes(plan, margin, word, sheet)))
            )
    return ()


def _turns(least: Estimate) -> Iterator[tuple[float, MarginWord]]:
    """The shifts at which the word of a distance turns, with the word beyond: wide needs the low end above zero."""
    if least.value < 0.0:
        yield -least.value, "marginal"
    elif least.low <= 0.0:
        yield -least.value, "intralesional"
    else:
        yield -least.low, "marginal"
    if least.low <= 0.0:
        yield -least.low, "wide"


def _changes(plan: Plan, margin: Margin, word: MarginWord, sheet: Sheet) -> Iterator[str]:
    yield f"the margin at the dura: {word} instead of {margin.enneking}"
    turned = tuple(attrs.evolve(m, enneking=word) if m is margin else m for m in plan.margins)
    worst = worst_word(turned)
    if worst is None or worst == plan.margin:
        return
    yield f"the margin of {plan.id}: {worst} instead of {plan.margin}"
    verdict, _ = judge_appropriate(sheet.answers["enneking"].possible, worst)
    if verdict in _APPROPRIATE and (verdict is Verdict.MET) != plan.enneking_appropriate:
        yield f"{plan.id} {_APPROPRIATE[verdict]}"
