"""What a resection gives up, keeps or frees: roots, arteries, ribs, pleura, muscle, dura and great vessels.

Roots and segmental vessels are labelled by nobody; they are *modelled* from the level. Every action carries its
consequence, and what a surgeon switched is said with what it costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from enbloc.classification.extent import Extent
from enbloc.classification.findings import GREAT_VESSELS, part_verdict
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.terms.levels import Level, next_cranial, region
from enbloc.intake.clinical import Clinical
from enbloc.resection.plans import Family, Sacrifice, Side
from enbloc.resection.sacrifice_tables import (
    ARTERY_KEEP,
    ARTERY_TEST,
    FREED,
    GREAT,
    INTERNAL_ILIAC,
    ROOTS,
    SACRAL_BOTH,
    SACRAL_ONE_SIDE,
    SEGMENTAL_ADAMKIEWICZ_LEVELS,
    SEGMENTAL_ROUTINE_LEVELS,
    SEGMENTAL_WARNING_LEVELS,
    VEINS,
    RootRule,
)

_COLUMN = ("vertebrectomy", "sagittal_resection", "anterior_corpectomy")
_ALL_ROUND = ("vertebrectomy", "sagittal_resection")
_SACRECTOMIES = ("sacrectomy_total", "sacrectomy_partial")
_SACRAL: tuple[Level, ...] = ("S1", "S2", "S3", "S4", "S5")
_LATERAL: dict[Side, tuple[int, ...]] = {"left": (2, 3, 4, 5), "right": (8, 9, 10, 11)}
_FIXATION = ("chordoma_review_fr", "ruggieri2010")
_ARTERY_LEVELS = ("C1", "C2", "C3", "C4", "C5", "C6")


@attrs.frozen(eq=False)
class Resection:
    """What is resected, and what is known of the tumour around it.

    Parameters
    ----------
    family : Family
        With the chest wall: the resection of the body that goes with it.
    levels : tuple of level
    side : Side or None
        Of a sagittal resection or hemisacrectomy the tumour's side, the only one whose roots and vessels are touched.
    extent : Extent
    clinical : Clinical
    chest_wall : Side or None
        The side on which ribs and pleura go with the specimen.
    gives_up : tuple of structure
        Vertebral arteries that are taken although they could be kept.
    """

    family: Family
    levels: tuple[Level, ...]
    side: Side | None
    extent: Extent
    clinical: Clinical
    chest_wall: Side | None = None
    gives_up: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides on which roots and vessels are worked on."""
        one = self.side if self.family in ("sagittal_resection", "sacrectomy_partial") else None
        return (one,) if one else ("left", "right")


def list_sacrifices(resection: Resection) -> tuple[Sacrifice, ...]:
    """What is given up, kept or freed, per structure and side."""
    found: list[Sacrifice] = []
    if resection.family in _ALL_ROUND:
        found += (*_roots(resection), *_ribs(resection))
    if resection.family in (*_ALL_ROUND, "posterior_arch_resection"):
        found += _joints(resection)
    if resection.family in _COLUMN:
        found += (*_segmental(resection), *_vertebral(resection), *_soft(resection), *_great(resection))
    if resection.family in _SACRECTOMIES:
        found += (*_sacral_roots(resection), *_sacroiliac(resection), *_great(resection))
    return (*found, *_dura(resection))


def switch_structures(
    sacrifices: tuple[Sacrifice, ...], cut: Iterable[str], spare: Iterable[str]
) -> tuple[Sacrifice, ...]:
    """The sacrifices with roots cut or structures spared as a surgeon switched them.

    A root that the plan does not touch is added; what is spared keeps its rule, because that is what speaks for it.
    """
    actions = dict.fromkeys(cut, "cut") | dict.fromkeys(spare, "keep")
    changed = [_switched(one, actions[one.structure]) if one.structure in actions else one for one in sacrifices]
    known = {one.structure for one in sacrifices}
    return (*changed, *(_added(name) for name, action in actions.items() if name not in known and action == "cut"))


def _switched(sacrifice: Sacrifice, action: str) -> Sacrifice:
    if sacrifice.action == action:
        return sacrifice
    if action == "cut":
        return attrs.evolve(sacrifice, action="cut", consequence=f"switched to be cut: {sacrifice.consequence}")
    says = "switched to be kept: whether the cuts leave it room and the margin holds is to be seen in the margins"
    return attrs.evolve(sacrifice, action="keep", consequence=says, status="stated", cites=())


def _added(structure: str) -> Sacrifice:
    level = structure.split("_")[2] if structure.startswith("nerve_root_") else ""
    rule = next((rule for rule in ROOTS if level in rule.levels), None)
    if rule is None:
        says = "switched to be cut: the tables state no consequence"
        return Sacrifice(structure, "cut", says, "stated", modelled=True)
    says = f"switched to be cut: {rule.consequence}"
    return Sacrifice(structure, "cut", says, rule.status, rule.cites, modelled=True, rule=rule.rule)


def _roots(resection: Resection) -> Iterator[Sacrifice]:
    through = [*resection.levels, *(["C8"] if "C7" in resection.levels else [])]
    for level in through:
        rule = next((rule for rule in ROOTS if level in rule.levels), None)
        if rule is None:
            continue
        both = len(resection.sides) > 1 and rule.action == "cut" and bool(rule.both)
        for side in resection.sides:
            yield _root(rule, f"nerve_root_{level}_{side}", both)


def _root(rule: RootRule, name: str, both: bool) -> Sacrifice:
    says = f"{rule.consequence}; {rule.both}" if both or (rule.action == "keep" and rule.both) else rule.consequence
    return Sacrifice(name, rule.action, says, rule.status, rule.cites, modelled=True, rule=rule.rule)


def _sacral_roots(resection: Resection) -> Iterator[Sacrifice]:
    """From the highest level that is resected down; what is published holds for the pairs or for one side."""
    first = next((level for level in _SACRAL if level in resection.levels), None)
    if first is None:
        return
    both = len(resection.sides) > 1
    rule = next(rule for rule in SACRAL_BOTH if rule.first == first) if both else SACRAL_ONE_SIDE
    for level in _SACRAL:
        for side in resection.sides:
            name = f"nerve_root_{level}_{side}"
            if _SACRAL.index(level) >= _SACRAL.index(first):
                yield Sacrifice(name, "cut", rule.consequence, "verified", rule.cites, modelled=True, rule=rule.rule)
            else:
                yield Sacrifice(name, "keep", "leaves above the cut", "modelled", modelled=True)


def _sacroiliac(resection: Resection) -> Iterator[Sacrifice]:
    """The joints that a total resection goes through, or that of one half."""
    if "S1" not in resection.levels or (resection.family == "sacrectomy_partial" and resection.side is None):
        return
    says = "cut through, or the ilium beside it where tumour comes too near: spinopelvic fixation"
    for side in resection.sides:
        yield Sacrifice(f"sacroiliac_joint_{side}", "resect", says, "ours", _FIXATION, True, "REG-10")


def _joints(resection: Resection) -> Iterator[Sacrifice]:
    """What is taken off the neighbour above to lift an arch of the trunk: a step of the technique as published."""
    above = next_cranial(resection.levels[0])
    if above is None or region(resection.levels[0]) not in ("thoracic", "lumbar"):
        return
    says = "taken off to bare the joint below it and lift the arch; that joint is lost within the instrumented segment"
    for side in resection.sides:
        name = f"inferior_articular_process_{above}_{side}"
        yield Sacrifice(name, "resect", says, "unverified/high", ("tomita1997",))
    if len(resection.sides) > 1:
        says = "taken off with the lower lamina and the ligaments to lift the arch below it"
        yield Sacrifice(f"spinous_process_{above}", "resect", says, "unverified/high", ("tomita1997",))


def _segmental(resection: Resection) -> Iterator[Sacrifice]:
    trunk = [level for level in resection.levels if region(level) in ("thoracic", "lumbar")]
    count = len(trunk)
    bilateral = len(resection.sides) > 1
    says = f"tied at {count} consecutive level{'s' if count > 1 else ''}" + ("" if bilateral else " on one side")
    says += "; within" if count <= SEGMENTAL_ROUTINE_LEVELS else "; beyond"
    says += f" the routine limit of {SEGMENTAL_ROUTINE_LEVELS}"
    if bilateral and count >= SEGMENTAL_WARNING_LEVELS:
        says += f"; from {SEGMENTAL_WARNING_LEVELS} on the dog's cord is at risk (VES-6)"
    elif bilateral and count >= SEGMENTAL_ADAMKIEWICZ_LEVELS:
        says += "; where the Adamkiewicz artery lies among them, a warning (VES-6, unverified/medium)"
    for level in trunk:
        for side in resection.sides:
            yield Sacrifice(
                f"segmental_artery_{level}_{side}", "cut", says, "verified", ("nambu2004",), modelled=True, rule="VES-5"
            )


def _vertebral(resection: Resection) -> Iterator[Sacrifice]:
    """The arteries of the neck: freed where their canals are opened, or given up, with the tests they need."""
    if resection.family == "anterior_corpectomy" or not set(resection.levels) & set(_ARTERY_LEVELS):
        return
    for side in ("left", "right"):
        name = f"vertebral_artery_{side}"
        if name in resection.gives_up:
            says = f"closed beforehand where angiography allows; the other artery stays. {ARTERY_TEST.says}"
            cites = ("westbroek2020", *ARTERY_TEST.cites)
            yield Sacrifice(name, "cut", says, "verified", cites, modelled=True, rule="VES-1")
        else:
            worked_on = side in resection.sides
            rule = ARTERY_KEEP if worked_on else ARTERY_TEST
            yield Sacrifice(
                name, "skeletonise" if worked_on else "keep", rule.says, rule.status, rule.cites, True, rule.rule
            )


def _ribs(resection: Resection) -> Iterator[Sacrifice]:
    for level in resection.levels:
        if region(level) != "thoracic":
            continue
        for side in resection.sides:
            name = f"rib_{side}_{level[1:]}"
            if side == resection.chest_wall:
                yield Sacrifice(
                    name, "resect", "cut at least 2-3 cm beyond the tumour", "unverified/medium", rule="OST-6"
                )
            else:
                says = "cut 3-4 cm lateral to the costotransverse joint"
                yield Sacrifice(name, "resect", says, "verified", ("tes_hid2018",), rule="OST-5")


def _soft(resection: Resection) -> Iterator[Sacrifice]:
    """Pleura in the chest, psoas in the loin, where tumour lies beside the bone."""
    for side, sectors in _LATERAL.items():
        chest = _beside(resection, sectors, "thoracic")
        if side == resection.chest_wall:
            says = "goes with ribs and chest wall; lung that is held goes in the same sitting"
            yield Sacrifice(f"pleura_{side}", "resect", says, "verified", ("vats2022",), modelled=True, rule="MOD-6")
        elif chest is not Verdict.UNMET:
            says = _if(chest, "stays on the specimen as a cuff where tumour lies against it")
            yield Sacrifice(f"pleura_{side}", "resect", says, "ours", modelled=True, rule="BAR-3")
        loin = _beside(resection, sectors, "lumbar")
        if loin is not Verdict.UNMET:
            says = _if(loin, "a cuff goes with the specimen; released behind the peritoneum on that side")
            yield Sacrifice(f"iliopsoas_{side}", "resect", says, "unverified/medium", rule="MOD-8")


def _beside(resection: Resection, sectors: tuple[int, ...], where: str) -> Verdict:
    levels = [name for name in resection.levels if name in resection.extent.levels and region(name) == where]
    return any_of(part_verdict(resection.extent.levels[name], sectors, ("A",)) for name in levels)


def _if(verdict: Verdict, says: str) -> str:
    return says if verdict is Verdict.MET else f"if tumour lies beside the bone there: {says}"


def _great(resection: Resection) -> Iterator[Sacrifice]:
    """Vessels that the images show in contact: freed, or tied where they may be."""
    for contact in resection.extent.touched:
        touching = isinstance(contact.distance, Estimate) and contact.distance.low <= 0.0
        if not touching or not any(name in contact.structure for name in GREAT_VESSELS):
            continue
        rule = _vessel_rule(contact.structure)
        tied = rule in (VEINS, INTERNAL_ILIAC)
        says = rule.says if tied else f"{FREED.says} {GREAT.says}"
        yield Sacrifice(contact.structure, "cut" if tied else "skeletonise", says, rule.status, (), rule=rule.rule)


def _vessel_rule(structure: str) -> Reason:
    if "azygos" in structure:
        return VEINS
    return INTERNAL_ILIAC if structure.startswith("internal_iliac") else FREED


def _dura(resection: Resection) -> Iterator[Sacrifice]:
    inside = any_of(level.layers["E"] for level in resection.extent.levels.values())
    en_bloc = resection.family not in ("intralesional", "none")
    if en_bloc and (resection.clinical.dura_infiltrated or inside is Verdict.MET):
        why = "stated as infiltrated" if resection.clinical.dura_infiltrated else "tumour inside it (layer E)"
        says = f"{why}: taken with the specimen; of 6 such patients 1 had a recurrence, 4 a leak of fluid"
        yield Sacrifice("dura", "resect", says, "verified", ("du2024dura",), modelled=True, rule="MOD-4")
        return
    epidural = any_of(level.layers["D"] for level in resection.extent.levels.values())
    if epidural is Verdict.UNMET:
        return
    says = "freed from tumour: the margin there is intralesional unless dura goes with the specimen"
    if epidural is Verdict.UNDECIDED:
        says = f"if tumour lies in the epidural space: {says}"
    yield Sacrifice("dura", "skeletonise", says, "ours", ("boriani2018",), modelled=True, rule="F5b")
