"""From which sides, in which order, in how many sessions.

Strategy: what must be reached gives the exposures (`reach`); the region gives the order and the sessions (REG); some
facts put a release in front first: a vessel without a plane, tumour or lung in front, many levels, earlier surgery
(ORD-3). What is open stays as a condition among the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from enbloc.classification.extent import Contact, Extent
from enbloc.classification.findings import PLACES, find_place, measure_volume, touches_great_vessel
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict, judge_fact
from enbloc.foundation.terms.levels import LEVELS, Level, order, region
from enbloc.intake.clinical import Clinical
from enbloc.resection.plans import Option
from enbloc.resection.reading import sector_verdict
from enbloc.strategy.advice import Approach
from enbloc.strategy.reaching.boriani import name_type
from enbloc.strategy.reaching.reach import LOW_LUMBAR, Exposure, least_exposures, list_tasks, say_reach

MANY_LEVELS = 3
"""From so many levels on an anterior release comes first in the thoracic spine (REG-6, ours)."""

_ANTERIOR_MASS = next(place for place in PLACES if place.criterion == "anterior_mass")
_PARAVERTEBRAL = next(place for place in PLACES if place.criterion == "paravertebral")


@attrs.frozen
class Region:
    """What a stretch of the spine asks of a resection of its body.

    `turned_by` names the facts of a `Situation` that put an anterior release before the posterior approach.
    """

    levels: tuple[Level, ...]
    steps: tuple[str, ...]
    sessions: int
    because: tuple[Reason, ...]
    turned_by: tuple[str, ...] = ()


def _span(first: Level, last: Level) -> tuple[Level, ...]:
    return LEVELS[order(first) : order(last) + 1]


_BACK = ("posterior",)
_BACK_THEN_FRONT = ("posterior", "anterior")
_FRONT_THEN_BACK = ("anterior", "posterior")
_SACRUM = ("chordoma_review_fr", "ruggieri2010")
_CERVICAL_ORDER = Reason(
    "The arch comes off first, from behind; the body leaves in front.", "verified", ("cerv_chordoma_chapter",), "CER-1"
)

REGIONS: tuple[Region, ...] = (
    Region(_span("S1", "S2"), _FRONT_THEN_BACK, 1, (
        Reason("Sacrum above S3: anterior and posterior.", "verified", _SACRUM, "REG-10"),)),
    Region(_span("S3", "S5"), _BACK, 1, (
        Reason("Sacrum not above S3: posterior.", "verified", _SACRUM, "REG-10"),)),
    Region(LOW_LUMBAR, _BACK_THEN_FRONT, 1, (
        Reason("L4-L5: the roots are freed from behind, the body leaves in front; posterior-only is published at L4.",
            "verified", ("kawahara2011", "huang2018l4"), "REG-8"),
        Reason("L5 from behind alone only if its body is small enough and the delivery is proved; a warning.", "ours",
            ("l5_autopsy",), "REG-9"),)),
    Region(_span("C1", "C2"), _BACK_THEN_FRONT, 2, (
        Reason("C1-C2: two stages, posterior and anterior; a wide margin is rare.", "verified", ("molina2014",),
            "REG-1"),)),
    Region(_span("C3", "C6"), _BACK_THEN_FRONT, 1, (
        Reason("C3-C6: combined in every published en bloc resection.", "verified", ("molina2014",), "REG-2"),
        _CERVICAL_ORDER,)),
    Region(_span("C7", "T2"), _BACK, 1, (
        Reason("C7-T2: posterolateral or combined; ribs 1-2, the T1 root and a window in the sternum decide; chest "
            "wall is for a thoracic team.", "unverified/medium", (), "REG-5"),),
        ("vessel", "anterior_mass", "chest_wall")),
    Region(_span("L2", "L3"), _BACK, 1, (
        Reason("L1-L3: posterior-only is published.", "verified", ("xu2024tes",), "REG-7"),
        Reason("Alternative: an anterior release of segmental vessels and crura often comes first.", "verified",
            ("kato2025lumbar",), "REG-7"),), ("vessel", "anterior_mass")),
    Region(_span("T3", "L1"), _BACK, 1, (
        Reason("T3-L1: posterior-only total en bloc spondylectomy.", "verified (2nd)", ("neurosurgerynotes_tes",),
            "REG-6"),),
        ("vessel", "many_levels", "earlier_surgery", "chest_wall")),
)  # fmt: skip
"""Regions in the order in which they rule a tumour that holds several."""

_TURNS: dict[str, Reason] = {
    "vessel": Reason(
        "The plane to a great vessel is lost: anterior release first, with a vascular surgeon.", "ours", (), "MOD-9"
    ),
    "anterior_mass": Reason("Tumour in front of the body: it is released under sight first.", "ours", (), "F6"),
    "many_levels": Reason(f"{MANY_LEVELS} levels or more: anterior release first.", "ours", (), "REG-6"),
    "earlier_surgery": Reason("Earlier surgery: anterior release first.", "ours", (), "REG-6"),
}
_TURNS["chest_wall"] = Reason(
    "Ribs, chest wall or lung are held: they are released in front first.", "ours", (), "REG-6"
)
_SEEN: dict[str, str] = {
    "vessel": "a great vessel without a plane",
    "anterior_mass": "tumour in front of the body",
    "chest_wall": "chest wall or lung",
    "many_levels": "the front of several levels",
    "earlier_surgery": "scar of the earlier operation",
}
_VASCULAR = Reason("The plane to a great vessel is lost: a vascular surgeon, and a balloon ready.", "ours", (), "MOD-9")
_IF_OPEN: dict[str, Reason] = {
    "vessel": Reason(
        "Open: if the plane to a great vessel is lost, an anterior release comes first.", "ours", (), "MOD-9"
    ),
    "anterior_mass": Reason(
        "Open: if tumour lies in front of the body, it is released under sight first.", "ours", (), "F6"
    ),
}


_ECCENTRIC = Reason("One side of the vertebra, the ring opened in free bone: from behind.", "ours", (), "4.4")
_BY_FAMILY: dict[str, Region] = {
    "posterior_arch_resection": Region((), _BACK, 1, (
        Reason("The arch, both pedicles being free: from behind.", "verified", ("boriani2018",), "BOR-2a"),)),
    "anterior_corpectomy": Region((), ("anterior",), 1, (
        Reason("Sectors 5-8, layers A, B: from the front.", "verified", ("boriani2018",), "BOR-1"),)),
    "intralesional": Region((), _BACK, 1, (
        Reason("Removal in pieces: each part from the side nearest to it.", "ours"),)),
}  # fmt: skip


@attrs.frozen
class Situation:
    """The facts that turn an approach: each is a verdict."""

    vessel: Verdict
    anterior_mass: Verdict
    many_levels: Verdict
    earlier_surgery: Verdict
    chest_wall: Verdict


def choose_approach(extent: Extent, clinical: Clinical, option: Option, contacts: Sequence[Contact]) -> Approach:
    """The approach of one option.

    Parameters
    ----------
    extent : Extent
    clinical : Clinical
    option : Option
    contacts : sequence of Contact
        What the tumour lies against; empty for a typed Extent.
    """
    if option.family == "none":
        return Approach((), 0, (Reason("No resection, no approach.", "ours"),))
    situation = _situation(extent, clinical, option, contacts)
    ruling, turned = _rule(option, situation)
    tasks = list_tasks(option, extent, [_SEEN[name] for name in turned])
    exposures = least_exposures(tasks)
    steps = _in_order(exposures, ruling.steps, bool(turned))
    because = [*ruling.because, *(_TURNS[name] for name in turned), *_still_open(ruling, situation, turned)]
    because += say_reach(tasks)
    named = name_type(option, steps, situation.vessel)
    if "anterior" in steps and region(option.levels[0]) != "cervical":
        side, why = choose_side(extent, option.levels)
        steps = tuple(f"anterior {side}" if step == "anterior" else step for step in steps)
        because.append(why)
    sessions = ruling.sessions if len(steps) > 1 else 1
    en_bloc = option.family != "intralesional"
    because += (*_canal(extent), *_sessions(steps, sessions)) if en_bloc else ()
    return Approach(steps, sessions, (*because, *named))


def _in_order(exposures: frozenset[Exposure], default: tuple[str, ...], released_first: bool) -> tuple[str, ...]:
    """The exposures in the order of the region, or the front first where something is released there (ORD-3)."""
    if len(exposures) == 1:
        return tuple(exposures)
    if released_first:
        return _FRONT_THEN_BACK
    return default if len(default) > 1 else _BACK_THEN_FRONT


def judge_vessel(clinical: Clinical, contacts: Iterable[Contact], paravertebral: Verdict) -> Verdict:
    """Has the tumour lost its plane to a great vessel?

    A stated fact decides. Otherwise a tumour inside the bone has not; one that touches a vessel on the images is taken
    to have (MOD-9, ours); one that nobody looked at stays undecided.
    """
    if clinical.anterior_vessel_plane_lost is not None:
        return judge_fact(clinical.anterior_vessel_plane_lost)
    if paravertebral is Verdict.UNMET:
        return Verdict.UNMET
    return touches_great_vessel(contacts)


def choose_side(extent: Extent, levels: Iterable[Level]) -> tuple[str, Reason]:
    """The side of an anterior access: that of the larger mass outside the bone, else by the vessels of the level."""
    left = measure_volume(extent, range(1, 7), ("A",))
    right = measure_volume(extent, range(7, 13), ("A",))
    if isinstance(left, Estimate) and isinstance(right, Estimate):
        side = "left" if left.low > right.high else "right" if right.low > left.high else ""
    else:
        outside = find_place(extent, _PARAVERTEBRAL).verdict is not Verdict.UNMET
        held = {s <= 6 for s in range(1, 13) if outside and sector_verdict(extent, s) is Verdict.MET}
        side = {frozenset({True}): "left", frozenset({False}): "right"}.get(frozenset(held), "")
    if side:
        return side, Reason(f"From the {side}, the side of the larger mass.", "unverified/high", (), "ORD-1")
    upper = all(order("T2") <= order(level) <= order("T8") for level in levels)
    side = "right" if upper else "left"
    why = "the arch of the aorta lies left" if upper else "the aorta is safer than the cava"
    return side, Reason(f"From the {side}: neither side holds more, and {why}.", "unverified/medium", (), "ORD-2")


def _situation(extent: Extent, clinical: Clinical, option: Option, contacts: Sequence[Contact]) -> Situation:
    paravertebral = find_place(extent, _PARAVERTEBRAL).verdict
    return Situation(
        vessel=judge_vessel(clinical, contacts, paravertebral),
        anterior_mass=find_place(extent, _ANTERIOR_MASS).verdict,
        many_levels=judge_fact(len(option.levels) >= MANY_LEVELS),
        earlier_surgery=judge_fact(clinical.prior_surgery),
        chest_wall=judge_fact(option.family == "chest_wall_combined"),
    )


def _rule(option: Option, situation: Situation) -> tuple[Region, tuple[str, ...]]:
    """What the region or the family rules, and which facts put a release in front first."""
    if option.family in _BY_FAMILY:
        return _BY_FAMILY[option.family], ()
    ruling = next(r for r in REGIONS if set(r.levels) & set(option.levels))
    if (option.base or option.family) == "sagittal_resection" and region(option.levels[0]) != "cervical":
        turned_by = ("vessel", "anterior_mass", "chest_wall")
        ruling = attrs.evolve(ruling, steps=_BACK, because=(_ECCENTRIC,), turned_by=turned_by)
    if set(ruling.levels) == set(LOW_LUMBAR) and situation.vessel is Verdict.MET:
        ruling = attrs.evolve(ruling, because=(*ruling.because, _VASCULAR))
    return ruling, tuple(name for name in ruling.turned_by if getattr(situation, name) is Verdict.MET)


def _still_open(ruling: Region, situation: Situation, turned: tuple[str, ...]) -> Iterator[Reason]:
    if turned:
        return
    for name in ruling.turned_by:
        if name in _IF_OPEN and getattr(situation, name) is Verdict.UNDECIDED:
            yield _IF_OPEN[name]


def _canal(extent: Extent) -> Iterator[Reason]:
    if any(level.layers["D"] is Verdict.MET for level in extent.levels.values()):
        yield Reason("Layer D: the canal must be exposed from behind.", "ours", (), "MOD-3")


def _sessions(steps: tuple[str, ...], sessions: int) -> Iterator[Reason]:
    """Why so many sessions."""
    if len(steps) == 1:
        yield Reason(
            "One approach, one session; a combined approach is an independent risk of complication.", "verified",
            ("boriani2016",), "ORD-7",
        )  # fmt: skip
        return
    if sessions == 1:
        yield Reason(
            "One session: staged surgery carries more major complications.", "verified", ("puth2024",), "ORD-4"
        )
        yield Reason(
            "Two sessions if more than 12 h, more than 5 l of blood or instability is expected.", "ours", (), "ORD-5"
        )
    if all("anterior" not in step or " " in step for step in steps):
        yield Reason(
            "Alternative: front and back at once, in lateral position (18 thoracolumbar and lumbar cases).", "verified",
            ("hu2010",), "REG-12",
        )  # fmt: skip
