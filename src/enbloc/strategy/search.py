"""From options to ranked plans: each is placed, cut out, measured and explained, then ordered by a stated preference.

The preference (`PREFERENCE`, ours) is lexicographic: first what is indicated, then the margin's word, then the cuts
that no blade reaches, then how far wanted distances fall short, then bone lost. It is recorded with the plans, and
every plan says where it is beaten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

import attrs

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.classification.findings import levels_that_may
from enbloc.classification.systems.enneking import judge_appropriate
from enbloc.foundation.evidence.classifications import Sheet
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.terms.levels import Level, are_contiguous, sort_levels
from enbloc.intake.clinical import Clinical
from enbloc.intake.switches import Switches
from enbloc.resection.cuts import Cut
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.reach import find_reach, is_reached_by, say_hard_to_reach, unreached
from enbloc.resection.cutting.spared_levels import spare_levels
from enbloc.resection.plans import Margin, MarginWord, Option, Plan, Rejected
from enbloc.resection.sacrifices import Resection, list_sacrifices, switch_structures
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.margins import ORDER, measure_margins, worst_word
from enbloc.resection.specimen.registry_words import registry_word
from enbloc.resection.specimen.specimen import CutOut, cut_out
from enbloc.resection.specimen.window import judge_window, measure_window
from enbloc.resection.way_out.delivery import judge_delivery
from enbloc.strategy.advice import Indication
from enbloc.strategy.choice import with_reasons
from enbloc.strategy.outcome.risk import list_risks
from enbloc.strategy.outcome.robustness import Robustness, draw, sample_execution
from enbloc.strategy.reaching.approach import choose_approach
from enbloc.strategy.reaching.modifiers import list_modifiers
from enbloc.strategy.switched import refuse_structures, refuse_without_images, say_switches, switch_order, without
from enbloc.strategy.switched_cuts import Switched, switch_cuts

PREFERENCE = Reason(
    "Plans are ordered by: what is indicated; the worst margin's word; cuts that no straight blade reaches; wanted "
    "distances that could not be kept; bone lost. Another preference may order them otherwise.",
    "ours",
    (),
    "PLAN-5",
)

NO_IMAGES = "needs images: the case has none"
NOT_DESIGNED = "reconstruction has not been worked out"


@attrs.frozen(eq=False)
class Known:
    """What the search reads: everything found before it."""

    scene: Scene | None
    extent: Extent
    sheet: Sheet
    clinical: Clinical
    indication: Indication
    switches: Switches = attrs.field(factory=Switches)


def search(
    options: tuple[Option, ...], known: Known, settings: ResectionSettings, report_progress: Callable[[str], None]
) -> tuple[tuple[Plan, ...], tuple[Rejected, ...]]:
    """The plans of all options, ranked, and the options whose cuts found no room.

    Parameters
    ----------
    options : tuple of Option
    known : Known
    settings : ResectionSettings
    report_progress : callable
        Told in a few words what is being done.
    """
    plans: list[Plan] = []
    rejected: list[Rejected] = []
    spared = spare_levels(known.scene, options, settings) if known.scene is not None else ()
    for option in (*options, *spared):
        report_progress(f"placing {option.family.replace('_', ' ')}" + (f" ({option.side})" if option.side else ""))
        found = _tried(option, known, settings, option in spared)
        left = _left_behind(found, known) if isinstance(found, Plan) else {}
        wider = _with_open_levels(option, left)
        taken = _tried(wider, known, settings) if wider is not None else None
        if isinstance(taken, Plan) and not _left_behind(taken, known):
            rejected.append(Rejected(option.family, _leaves(left), option.side))
            found = taken
        if isinstance(found, Plan):
            plans.append(found)
        elif found is not None:
            rejected.append(found)
    return rank_plans(tuple(plans), known.indication), tuple(rejected)


def _tried(option: Option, known: Known, settings: ResectionSettings, spared: bool = False) -> Plan | Rejected | None:
    """The plan of an option, or why it is none; nothing for a spared level that its cuts do not spare."""
    if known.scene is None or option.family == "intralesional":
        return _without_cuts(option, known)
    found = _reached(option, known.scene, known, settings)
    if found is None:
        return Rejected(option.family, (NO_ROOM,), option.side)
    switched, out = found
    if spared and switched.placement.levels != option.levels:
        return None
    if not out.cuts or not out.geometry.specimen.any():
        return Rejected(option.family, (NO_SPECIMEN,), option.side)
    plan = _placed(option, switched, out, known.scene, known, settings)
    if entered := _entered(plan, _declared(option, known)):
        asked = tuple(reason for reason in plan.because if reason.rule == "PLAN-1")
        return Rejected(option.family, (*asked, *entered), option.side)
    return plan


def _left_behind(plan: Plan, known: Known) -> dict[Level, float]:
    """The kept vertebrae, open in the Extent, whose bone holds tumour by more than the labels' error: how deep, mm."""
    unsure = {f"vertebra_{level}": level for level in levels_that_may(known.extent) if level not in plan.levels}
    return {
        unsure[m.interface]: -m.least.value
        for m in plan.margins
        if m.interface in unsure and isinstance(m.least, Estimate) and m.least.high < 0.0
    }


def _with_open_levels(option: Option, left: Mapping[Level, float]) -> Option | None:
    """The same resection with the levels that it would leave tumour in; None where that cannot be."""
    levels = sort_levels((*option.levels, *left))
    if not left or option.family.startswith("sacrectomy") or not are_contiguous(levels):
        return None
    says = f"Taken with {', '.join(sort_levels(left))}: whether tumour lies there is open, and its label holds some."
    return attrs.evolve(option, levels=levels, because=(*option.because, Reason(says, "measured", (), "EN-M1")))


def _leaves(left: Mapping[Level, float]) -> tuple[Reason, ...]:
    says = ", ".join(f"{level}, {depth:.1f} mm deep" for level, depth in left.items())
    return (Reason(f"It would leave tumour in {says}.", "measured", (), "EN-M1"),)


def _reached(option: Option, scene: Scene, known: Known, settings: ResectionSettings) -> tuple[Switched, CutOut] | None:
    """The option placed and cut out, its cuts with their reach; None where it finds no room.

    A step whose riser the approach does not reach is placed again with one that is reached from the side, then plain.
    """
    approach = choose_approach(known.extent, known.clinical, option, known.extent.touched)
    steps = switch_order(approach, known.switches).steps
    for risers in dict.fromkeys((settings.steps, "lateral", "none")):
        placement = place(scene, option, attrs.evolve(settings, steps=risers))
        if placement is None:
            return None
        switched = switch_cuts(scene, placement, known.switches, settings)
        out = cut_out(scene, switched.placement, settings)
        out = attrs.evolve(out, cuts=find_reach(scene, switched.placement, out.geometry, out.cuts))
        risen = [cut for cut in out.cuts if cut.id.endswith(" step")]
        if all(is_reached_by(cut, steps) for cut in risen):
            break
    return switched, out


NO_SPECIMEN = Reason("The cuts of this kind enclose no piece with tumour in it.", "measured")
NO_ROOM = Reason(
    "No cut of this kind keeps the least accepted distance from the tumour in the bone there is.", "measured"
)


def _entered(plan: Plan, declared: frozenset[str]) -> tuple[Reason, ...]:
    """Where a cut would enter the tumour without having said so beforehand: such a plan is none."""
    return tuple(
        Reason(f"The {m.interface} would enter the tumour by {-m.least.value:.1f} mm.", "measured", (), "EN-M1")
        for m in plan.margins
        if m.interface.endswith(" cut")
        and m.interface not in declared
        and isinstance(m.least, Estimate)
        and m.least.value < 0.0
    )


def _without_cuts(option: Option, known: Known) -> Plan:
    """A plan of a case without images, or of a family without cuts."""
    intralesional = option.family == "intralesional"
    unknown = Unknown("this family has no cuts" if intralesional else NO_IMAGES)
    refused = refuse_without_images(known.extent, known.switches)
    plan = _explained(option, known, "intralesional" if intralesional else None, (), refused)
    return attrs.evolve(plan, margin_negative_probability=unknown, delivery=unknown)


def _placed(
    option: Option, switched: Switched, out: CutOut, scene: Scene, known: Known, settings: ResectionSettings
) -> Plan:
    """A plan with cuts, specimen, margins, the way out, and what execution error leaves of the margins."""
    placement = switched.placement
    margins = measure_margins(scene, known.extent, out.geometry, out.cuts)
    short = tuple(Reason(f"Not kept: {what}.", "measured") for what in placement.shortfalls)
    window = judge_window(scene, placement, out.geometry)
    option = attrs.evolve(option, levels=placement.resects or placement.levels)
    in_registry = registry_word(margins, _declared(option, known))
    said = (in_registry[1],) if in_registry else ()
    found = (*window, *short, *say_hard_to_reach(out.cuts), *said)
    plan = _explained(option, known, worst_word(margins), found, switched.refused)
    robust = _robustness(out.cuts, scene, settings)
    return attrs.evolve(
        plan,
        cuts=out.cuts,
        margins=margins,
        margin_in_registry=in_registry[0] if in_registry else None,
        geometry=out.geometry,
        margin_negative_probability=robust.probability,
        delivery=judge_delivery(scene, placement, out.geometry, plan.approach, plan.sacrifices, out.cuts),
        risks=(*robust.because, *plan.risks),
        trade_offs={
            **_measured_trade_offs(out, margins, scene),
            **measure_window(scene, placement, out.geometry),
            "cuts_out_of_reach": _count(sum(map(unreached, out.cuts))),
            "wanted_margins_missed": _count(len(short)),
            **plan.trade_offs,
            **_margins_to_plan(robust),
        },
    )


def _declared(option: Option, known: Known) -> frozenset[str]:
    """Interfaces where the plan says beforehand that tumour is entered: dura over tumour (F5b), pedicles (MOD-2)."""
    beneath = any_of(level.layers["D"] for level in known.extent.levels.values())
    dura = {"dura"} if beneath is Verdict.MET else set()
    consent = any(reason.rule == "MOD-2" for reason in option.because)
    pedicles = {
        f"{side} pedicle{of} cut" for side in ("left", "right") for of in ("", *(f" {n}" for n in option.levels))
    }
    return frozenset(dura | (pedicles if consent else set()))


def _explained(
    option: Option, known: Known, word: MarginWord | None, found: tuple[Reason, ...], refused: Mapping[str, str]
) -> Plan:
    """What every plan has, with or without geometry; `found` are reasons that its geometry gave.

    `refused` are the switches that its cuts did not take, by name, with the reason.
    """
    approach = choose_approach(known.extent, known.clinical, option, known.extent.touched)
    approach = switch_order(approach, known.switches)
    given_up = list_sacrifices(_resection(option, known))
    refused = {**refused, **refuse_structures(given_up, known.switches)}
    taken = without(known.switches, refused)
    appropriate, advice = _appropriate(known.sheet, word)
    unknown = Unknown(NO_IMAGES)
    plan = Plan(
        id="",
        rank=0,
        family=option.family,
        side=option.side,
        approach=approach.steps,
        sessions=approach.sessions,
        levels=option.levels,
        cuts=(),
        sacrifices=switch_structures(given_up, taken.cut, taken.spare),
        margins=(),
        margin=word,
        enneking_appropriate=appropriate,
        geometry=None,
        margin_negative_probability=unknown,
        delivery=unknown,
        reconstruction=Unknown(NOT_DESIGNED),
        risks=(),
        trade_offs={"levels": _count(len(option.levels)), "sessions": _count(approach.sessions)},
        because=(
            *say_switches(known.switches, approach, refused),
            *option.because,
            *found,
            *list_modifiers(option, known.extent),
            *approach.because,
            *advice,
        ),
    )
    return attrs.evolve(plan, risks=list_risks(plan, known.clinical))


def _resection(option: Option, known: Known) -> Resection:
    chest_wall = option.side if option.family == "chest_wall_combined" else None
    base = option.base or option.family
    return Resection(base, option.levels, option.side, known.extent, known.clinical, chest_wall, option.gives_up)


def _robustness(cuts: tuple[Cut, ...], scene: Scene, settings: ResectionSettings) -> Robustness:
    draws = draw(settings.error_seed, settings.error_samples_n, len(cuts))
    discs = [cut.kind == "discectomy" for cut in cuts]
    wanted = tuple(settings.disc_margin_mm if disc else settings.bone_margin_mm for disc in discs)
    rows = (wanted, (settings.least_bone_margin_mm,) * len(cuts))
    return sample_execution(cuts, surface_points(scene.grid, scene.tumour), scene.label_error_mm, draws, wanted_mm=rows)


def _margins_to_plan(robust: Robustness) -> dict[str, Measured]:
    kept: dict[str, Measured] = {}
    for method, (wanted, least) in robust.kept.items():
        kept[f"wanted_margins_kept_{method}"] = _fraction(wanted)
        kept[f"least_margins_kept_{method}"] = _fraction(least)
    return {**{f"margin_to_plan_{method}": margin for method, margin in robust.margin_to_plan.items()}, **kept}


def _fraction(value: float) -> Estimate:
    return Estimate(value, value, value, "fraction", "share of the draws of execution and label error")


def _measured_trade_offs(out: CutOut, margins: tuple[Margin, ...], scene: Scene) -> dict[str, Measured]:
    at_cuts = [m.least for m in margins if m.interface.endswith(" cut") and isinstance(m.least, Estimate)]
    least: Measured = min(at_cuts, key=lambda e: e.value) if at_cuts else Unknown("the specimen ends on no cut")
    share = scene.label_error_mm / 20.0
    return {
        "least_margin_at_cuts": least,
        "bone_lost": _share(out.geometry.bone_lost_ml, share),
        "specimen": _share(out.geometry.specimen_ml, share),
    }


def _share(value_ml: float, share: float) -> Estimate:
    """A volume with the error of its label's border: about this share of it for a piece the size of a vertebra."""
    return Estimate(value_ml, value_ml * (1 - share), value_ml * (1 + share), "ml", "label border")


def _count(value: int) -> Estimate:
    return Estimate(float(value), float(value), float(value), "n", "counted")


def _appropriate(sheet: Sheet, word: MarginWord | None) -> tuple[bool | None, tuple[Reason, ...]]:
    """Does this margin equal what Enneking's stage asks for? None when it cannot be said."""
    stages = sheet.answers["enneking"].possible
    if word is None or not stages:
        return None, ()
    verdict, reasons = judge_appropriate(stages, word)
    return {Verdict.MET: True, Verdict.UNMET: False}.get(verdict), reasons


def rank_plans(plans: tuple[Plan, ...], indication: Indication) -> tuple[Plan, ...]:
    """Plans in the order of `PREFERENCE`, with their ids; what is not known comes after all that is."""
    en_bloc_first = indication.en_bloc != "no"

    def counted(plan: Plan, name: str) -> float:
        measured = plan.trade_offs.get(name)
        return measured.value if isinstance(measured, Estimate) else inf

    def key(plan: Plan) -> tuple[bool, int, float, float, float]:
        piecemeal = plan.family in ("intralesional", "none")
        word = ORDER.index(plan.margin) if plan.margin else -1
        return (
            piecemeal == en_bloc_first,
            -word,
            counted(plan, "cuts_out_of_reach"),
            counted(plan, "wanted_margins_missed"),
            counted(plan, "bone_lost"),
        )

    ordered = sorted(plans, key=key)
    return with_reasons(tuple(attrs.evolve(plan, id=f"p{n}", rank=n) for n, plan in enumerate(ordered, start=1)))
