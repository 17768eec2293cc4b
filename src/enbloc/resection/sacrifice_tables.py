"""What each structure costs when it is given up: the rows ROOT-1 to ROOT-15 and VES-1 to VES-10, with their status."""

from __future__ import annotations

from typing import Literal

import attrs

from enbloc.foundation.evidence.reasons import Reason, Status
from enbloc.foundation.terms.levels import LEVELS, Level, order

Action = Literal["cut", "keep", "skeletonise", "resect"]


@attrs.frozen
class RootRule:
    """What one root does, what cutting it costs, and what is done with it where it leaves through a resected level.

    `levels` are those through which the root leaves; C8 leaves below C7. `both` is what is published of cutting the
    pair, empty where that is not told apart.
    """

    levels: tuple[Level, ...]
    action: Action
    consequence: str
    status: Status
    cites: tuple[str, ...]
    rule: str
    both: str = ""


def _span(first: Level, last: Level) -> tuple[Level, ...]:
    return LEVELS[order(first) : order(last) + 1]


_AVOID = "kept, for the arm and hand: "
ROOTS: tuple[RootRule, ...] = (
    RootRule(_span("C1", "C3"), "cut", "sensory loss only; may be cut", "unverified/high", (), "ROOT-1"),
    RootRule(("C4",), "keep", "part of the phrenic nerve; one side only may be cut", "unverified/medium", (), "ROOT-2"),
    RootRule(("C5",), "keep", f"{_AVOID}shoulder", "unverified/high", (), "ROOT-3"),
    RootRule(("C6",), "keep", f"{_AVOID}wrist and elbow", "unverified/high", (), "ROOT-3"),
    RootRule(("C7",), "keep", f"{_AVOID}triceps", "unverified/high", (), "ROOT-3"),
    RootRule(("C8",), "keep", f"{_AVOID}hand; it costs more than T1", "unverified/high", (), "ROOT-3"),
    RootRule(("T1",), "keep", "T1 and T2 dissected: arm deficit in 3 of 7, mild, recovered; from the neck to T2: 6 of "
        "6, severe, not recovered", "verified", ("yokogawa2014t2",), "ROOT-4"),
    RootRule(("T2",), "cut", "no arm deficit when cut alone (0 of 3)", "verified", ("yokogawa2014t2",), "ROOT-5"),
    RootRule(_span("T3", "T11"), "cut", "no neurological loss in 79 thoracic cases; a numb band is to be expected",
        "verified", ("tes_neuro79",), "ROOT-6"),
    RootRule(("T12", "T13", "L1"), "cut", "numbness of the groin",
        "verified", ("l2root2019", "kato2025lumbar"), "ROOT-7"),
    RootRule(("L2",), "cut", "iliopsoas and quadriceps", "verified", ("l2root2019", "l2root2021"), "ROOT-8",
        "both cut: more than 60% weak at first, 12 of 13 walk unaided later, 11 of 13 keep pain or numbness of groin "
        "or thigh"),
    RootRule(("L3",), "keep", "quadriceps; one side may be cut if the margin needs it",
        "verified", ("l2root2019",), "ROOT-9", "the one patient with both cut needs a cane"),
    RootRule(("L4",), "keep", "weakness of the knee, most after L4 resections that dissect L3 and L4 widely; perhaps "
        "of the ankle", "verified", ("kato2025lumbar",), "ROOT-10"),
    RootRule(("L5", "L6"), "keep", "cutting it left a lasting foot drop (1 case); only with consent, if encased",
        "verified", ("kong2018cs",), "ROOT-11"),
    RootRule(("S1",), "keep", "push-off and walking; the pair is kept", "verified", (), "ROOT-12"),
)  # fmt: skip
"""The root that leaves below the pedicle of each level; in the neck above it (C8 has no level of its own)."""


@attrs.frozen
class SacralRule:
    """What is published when every sacral root from `first` down is cut on both sides; percentages are of normal."""

    first: Level
    consequence: str
    cites: tuple[str, ...]
    rule: str


SACRAL_BOTH: tuple[SacralRule, ...] = (
    SacralRule("S1", "both S1 to S5 cut: push-off and walking are lost with the S1 pair; with both S2 cut the bladder "
        "is normal in 0%", ("zoccali2016",), "ROOT-13"),
    SacralRule("S2", "both S2 to S5 cut: bladder normal in 0%, bowel and bladder 0 and 0%",
        ("zoccali2016", "todd2002"), "ROOT-13"),
    SacralRule("S3", "both S2 kept, S3 to S5 cut: bladder normal in 39.9%, walking in 56.2%; in another series bowel "
        "and bladder 40 and 25%", ("zoccali2016", "todd2002"), "ROOT-14"),
    SacralRule("S4", "both S3 kept, S4 and S5 cut: bladder normal in 83.3%, walking in 94.1%; in another series bowel "
        "and bladder 100 and 69%", ("zoccali2016", "todd2002"), "ROOT-14"),
    SacralRule("S5", "below S4: walking normal in 100%", ("zoccali2016",), "ROOT-14"),
)  # fmt: skip
SACRAL_ONE_SIDE = SacralRule(
    "S1", "cut on one side only: bowel and bladder normal in 87 and 89%", ("todd2002",), "ROOT-15"
)
SACRAL_KEEP = Reason(
    "At least one S3 is kept where the margin allows: bladder normal in 72.7% with one, 25% with one S2.", "verified",
    ("zoccali2016",), "ROOT-13",
)  # fmt: skip


def root_reason(rule: RootRule) -> Reason:
    """A row of the roots as it is shown."""
    levels = rule.levels[0] if len(rule.levels) == 1 else f"{rule.levels[0]}-{rule.levels[-1]}"
    both = f"; {rule.both}" if rule.both else ""
    return Reason(f"{levels}, {rule.action}: {rule.consequence}{both}.", rule.status, rule.cites, rule.rule)


def sacral_reason(rule: SacralRule) -> Reason:
    """A row of the sacral roots as it is shown."""
    return Reason(f"{rule.consequence[:1].upper()}{rule.consequence[1:]}.", "verified", rule.cites, rule.rule)


SEGMENTAL_ROUTINE_LEVELS = 3
"""Consecutive levels at which both segmental arteries are tied as a routine (VES-5)."""

SEGMENTAL_WARNING_LEVELS = 5
"""From so many consecutive bilateral levels on the dog's cord is at risk (VES-6)."""

SEGMENTAL_ADAMKIEWICZ_LEVELS = 4
"""From so many on, when the level of the Adamkiewicz artery is among them: a warning, no ban (VES-6)."""

SEGMENTAL_BEYOND = Reason(
    "Five or more consecutive bilateral levels: cord ischaemia in the dog (none at 3 or 4).", "verified",
    ("fujimaki2006", "ueda2005"), "VES-6",
)  # fmt: skip
SEGMENTAL_ADAMKIEWICZ = Reason(
    "Four levels or more with the Adamkiewicz level among them: a warning, no ban.", "unverified/medium",
    ("kato2008", "murakami2010"), "VES-6",
)  # fmt: skip
SEGMENTAL_MAN = Reason(
    "Cord ischaemia after anterior surgery in man: 0-0.75%.", "verified", ("cord_isch2020",), "VES-7"
)
SEGMENTAL_EMBOLISATION = Reason(
    "The Adamkiewicz pair is kept out of the embolisation.", "verified", ("sugita2015",), "VES-5"
)

ARTERY_KEEP = Reason(
    "Kept where the other side is poor, the arteries do not join, a medullary artery leaves at that level, or the "
    "tumour is a metastasis.", "verified", ("westbroek2020",), "VES-2",
)  # fmt: skip
ARTERY_TEST = Reason(
    "Before one is closed: angiography; no stroke in 58-59 without a balloon test where both are open and join.",
    "verified", ("va_occlusion2014",), "VES-3",
)  # fmt: skip
ARTERY_WHEN = Reason(
    "Taken only for a primary tumour with more than 180 degrees of contact: 0 below, 6 of 10 at 180-359, 6 of 29 at "
    "360; 11 of 30 primaries, 1 of 37 metastases.", "verified", ("westbroek2020",), "VES-1",
)  # fmt: skip
ARTERY_BOTH = Reason("Both vertebral arteries are never taken.", "ours", (), "VES-4")

VEINS = Reason(
    "Azygos, hemiazygos, lumbar, iliolumbar and median sacral vessels may be tied.", "unverified/high", (), "VES-8"
)
INTERNAL_ILIAC = Reason("One internal iliac artery or vein may be tied.", "unverified/high", (), "VES-9")
GREAT = Reason(
    "Aorta, cava, common or external iliac vessels: a graft, or en bloc is given up.", "unverified/high", (), "VES-10"
)
FREED = Reason(
    "A great vessel without a fat plane is released first, with a vascular surgeon and a balloon ready.", "ours", (),
    "MOD-9",
)  # fmt: skip
ENCASED = Reason("An encased great vessel: en bloc only with a graft, else not.", "ours", (), "MOD-10")
EVERY: tuple[Reason, ...] = (
    SEGMENTAL_BEYOND, SEGMENTAL_ADAMKIEWICZ, SEGMENTAL_MAN, SEGMENTAL_EMBOLISATION, ARTERY_KEEP, ARTERY_TEST,
    ARTERY_WHEN, ARTERY_BOTH, VEINS, INTERNAL_ILIAC, GREAT, FREED, ENCASED, SACRAL_KEEP,
)  # fmt: skip
"""Every rule of this table that is no root, for the page of rules."""
