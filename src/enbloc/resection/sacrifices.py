"""What a resection gives up: roots, segmental vessels, ribs, and the dura where it bounds tumour.

Roots and segmental vessels are labelled by nobody; they are *modelled* from the level. The table of roots is the one of
the knowledge base (ROOT-1 .. ROOT-12), row by row with its status.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs

from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.levels import LEVELS, Level, order, region
from enbloc.resection.plans import Family, Sacrifice, Side

Action = Literal["cut", "keep", "skeletonise", "resect"]


@attrs.frozen
class RootRule:
    """What cutting one root costs, and what is done with it where it leaves through the resected level."""

    levels: tuple[Level, ...]
    action: Action
    consequence: str
    status: str
    cites: tuple[str, ...]
    rule: str


def _span(first: Level, last: Level) -> tuple[Level, ...]:
    return LEVELS[order(first) : order(last) + 1]


ROOTS: tuple[RootRule, ...] = (
    RootRule(_span("C1", "C3"), "cut", "sensory loss only; may be cut", "unverified/high", (), "ROOT-1"),
    RootRule(("C4",), "keep", "part of the phrenic nerve; one side only may be cut", "unverified/medium", (), "ROOT-2"),
    RootRule(("C5",), "keep", "shoulder", "unverified/high", (), "ROOT-3"),
    RootRule(("C6",), "keep", "wrist and elbow", "unverified/high", (), "ROOT-3"),
    RootRule(("C7",), "keep", "triceps", "unverified/high", (), "ROOT-3"),
    RootRule(("T1",), "keep", "T1 and T2 dissected: arm deficit in 3 of 7, mild, recovered",
        "verified", ("yokogawa2014t2",), "ROOT-4"),
    RootRule(("T2",), "cut", "no arm deficit when cut alone (0 of 3)", "verified", ("yokogawa2014t2",), "ROOT-5"),
    RootRule(_span("T3", "T11"), "cut", "no neurological loss in 79 thoracic cases; a numb band is to be expected",
        "verified", ("tes_neuro79",), "ROOT-6"),
    RootRule(("T12", "T13", "L1"), "cut", "numbness of the groin",
        "verified", ("l2root2019", "kato2025lumbar"), "ROOT-7"),
    RootRule(("L2",), "cut", "both cut: most weak at first, 12 of 13 walk unaided later",
        "verified", ("l2root2019",), "ROOT-8"),
    RootRule(("L3",), "keep", "quadriceps; one side may be cut if the margin needs it",
        "verified", ("l2root2019",), "ROOT-9"),
    RootRule(("L4",), "keep", "weakness of the knee; perhaps of the ankle", "verified", ("kato2025lumbar",), "ROOT-10"),
    RootRule(("L5", "L6"), "keep", "cutting it left a lasting foot drop (1 case)",
        "verified", ("kong2018cs",), "ROOT-11"),
    RootRule(("S1",), "keep", "push-off and walking", "verified", (), "ROOT-12"),
)  # fmt: skip
"""The root that leaves below the pedicle of each level; in the neck above it (C8 has no level of its own)."""

SEGMENTAL_ROUTINE_LEVELS = 3
"""Consecutive levels at which both segmental arteries are tied as a routine (VES-5)."""


def list_sacrifices(
    family: Family, levels: tuple[Level, ...], side: Side | None, epidural: Verdict
) -> tuple[Sacrifice, ...]:
    """What is given up or worked on, per structure and side.

    Parameters
    ----------
    family : Family
    levels : tuple of level
    side : Side or None
        Of a sagittal resection the tumour's side, the only one whose roots and vessels are touched.
    epidural : Verdict
        Is there tumour in layer D?
    """
    if family not in ("vertebrectomy", "sagittal_resection"):
        return tuple(_dura(epidural))
    sides: tuple[Side, ...] = (side,) if family == "sagittal_resection" and side else ("left", "right")
    return (*_roots(levels, sides), *_vessels(levels, sides), *_ribs(levels, sides), *_dura(epidural))


def _roots(levels: tuple[Level, ...], sides: tuple[Side, ...]) -> Iterator[Sacrifice]:
    for level in levels:
        rule = next((rule for rule in ROOTS if level in rule.levels), None)
        if rule is None:
            continue
        for side in sides:
            name = f"nerve_root_{level}_{side}"
            yield Sacrifice(name, rule.action, rule.consequence, rule.status, rule.cites, modelled=True, rule=rule.rule)


def _vessels(levels: tuple[Level, ...], sides: tuple[Side, ...]) -> Iterator[Sacrifice]:
    for level in levels:
        if region(level) not in ("thoracic", "lumbar"):
            continue
        for side in sides:
            routine = len(levels) <= SEGMENTAL_ROUTINE_LEVELS
            says = (
                f"tied at {len(levels)} consecutive level{'s' if len(levels) > 1 else ''}; "
                + ("within" if routine else "beyond")
                + f" the routine limit of {SEGMENTAL_ROUTINE_LEVELS}"
            )
            yield Sacrifice(
                f"segmental_artery_{level}_{side}", "cut", says, "verified", ("nambu2004",), modelled=True, rule="VES-5"
            )


def _ribs(levels: tuple[Level, ...], sides: tuple[Side, ...]) -> Iterator[Sacrifice]:
    for level in levels:
        if region(level) != "thoracic":
            continue
        for side in sides:
            says = "cut 3-4 cm lateral to the costotransverse joint"
            yield Sacrifice(f"rib_{side}_{level[1:]}", "resect", says, "verified", ("tes_hid2018",), rule="OST-5")


def _dura(epidural: Verdict) -> Iterator[Sacrifice]:
    if epidural is Verdict.UNMET:
        return
    says = "freed from tumour: the margin there is intralesional unless dura goes with the specimen"
    if epidural is Verdict.UNDECIDED:
        says = f"if tumour lies in the epidural space: {says}"
    yield Sacrifice("dura", "skeletonise", says, "ours", ("boriani2018",), modelled=True, rule="F5b")
