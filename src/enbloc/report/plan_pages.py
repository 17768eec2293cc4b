"""Plans in words: one page per plan."""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs

from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.terms.structures import structure_words
from enbloc.report.document import ComparedRow, CutLine, Fact, MarginLine, Note, PlanPage, SacrificeLine
from enbloc.report.margin_notes import share_margin_notes
from enbloc.report.notes import Citations, is_source_open, note_reasons
from enbloc.report.phrases import (
    FAMILY_WORDS,
    chance_words,
    joined,
    level_words,
    measured_words,
    number_words,
    place_words,
    quantity_words,
    sentence,
)
from enbloc.report.rebuilding import failure_reasons, rebuilding_facts, rebuilding_reasons
from enbloc.report.risk_page import risk_facts
from enbloc.report.sections import plan_sections
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Delivery, Margin, Plan, Rejected, Sacrifice

_COUNT_WORDS: dict[int, str] = {1: "one session", 2: "two sessions", 3: "three sessions"}
_KIND_WORDS: dict[str, str] = {"osteotomy": "bone cut", "discectomy": "disc cut", "soft_tissue": "soft-tissue cut"}
_ACTION_WORDS: dict[str, str] = {"cut": "cut", "keep": "kept", "skeletonise": "dissected free", "resect": "resected"}
_EXECUTION_WORDS: dict[str, str] = {
    "freehand": "freehand",
    "navigated": "navigated",
    "printed_guide": "printed guide",
}
_TRADE_OFF_WORDS: dict[str, str] = {
    f"margin_to_plan_{how}": f"Margin to plan for at every cut, {words} (95 % clear)"
    for how, words in _EXECUTION_WORDS.items()
} | {
    f"{kind}_margins_kept_{how}": f"Every cut keeps the {meant} margin, {words}"
    for kind, meant in (("wanted", "wanted"), ("least", "least accepted"))
    for how, words in _EXECUTION_WORDS.items()
}
_APPROPRIATE: dict[bool | None, str] = {
    True: "Enneking appropriate",
    False: "not Enneking appropriate",
    None: "Enneking appropriateness cannot be said",
}
_SAID_BY_THE_TITLE = ("sessions", "levels", "sessions_n", "levels_n")
DELIVERY_QUESTION = "Can the specimen be brought out past the cord"
CANNOT_BE_SAID = "cannot be said"


def compose_plan(plan: Plan, citations: Citations, elsewhere: frozenset[Reason] = frozenset()) -> PlanPage:
    """One plan as shown; what is said `elsewhere` for all plans is left out of its lists."""
    least = least_margin(plan)
    margins, margin_notes = share_margin_notes(
        tuple(_margin_line(margin, margin is least, citations) for margin in plan.margins)
    )
    return PlanPage(
        id=plan.id,
        rank=plan.rank,
        title=plan_title(plan),
        sentence=plan_sentence(plan),
        outcome=plan_outcome(plan),
        facts=_facts(plan),
        cuts=tuple(_cut_line(cut) for cut in plan.cuts),
        margins=margins,
        margin_notes=margin_notes,
        sacrifices=tuple(_sacrifice_line(sacrifice, citations) for sacrifice in plan.sacrifices),
        trade_offs=tuple(
            Fact(_TRADE_OFF_WORDS.get(name) or sentence(quantity_words(name))[:-1], measured_words(value))
            for name, value in plan.trade_offs.items()
            if name not in _SAID_BY_THE_TITLE
        ),
        risks=note_reasons(_without(elsewhere, *plan.risks, *failure_reasons(plan.reconstruction)), citations),
        because=note_reasons(
            (*plan.because, *_delivery_reasons(plan), *_without(elsewhere, *rebuilding_reasons(plan.reconstruction))),
            citations,
        ),
        unknown=_unknown(plan),
        sections=plan_sections(plan, citations),
    )


def _without(elsewhere: frozenset[Reason], *reasons: Reason) -> tuple[Reason, ...]:
    return tuple(reason for reason in reasons if reason not in elsewhere)


def compare_plans(pages: tuple[PlanPage, ...]) -> tuple[ComparedRow, ...]:
    """Facts and trade-offs of all plans side by side; a dash where a plan has none."""
    columns = [{fact.name: fact.value for fact in (*page.facts, *page.trade_offs)} for page in pages]
    names = dict.fromkeys(name for column in columns for name in column)
    return tuple(ComparedRow(name, tuple(column.get(name, "–") for column in columns)) for name in names)


def least_margin(plan: Plan) -> Margin | None:
    """The interface with the least measured margin; None when none was measured."""
    known = [(m.least.value, m.least.low, n) for n, m in enumerate(plan.margins) if isinstance(m.least, Estimate)]
    return plan.margins[min(known)[2]] if known else None


def list_narrowest(plan: Plan, most: int, citations: Citations) -> tuple[MarginLine, ...]:
    """The narrowest margins, least first; those that were not measured come first of all."""
    least = least_margin(plan)
    ranked = sorted(plan.margins, key=lambda m: m.least.value if isinstance(m.least, Estimate) else -math.inf)
    return tuple(_margin_line(margin, margin is least, citations) for margin in ranked[:most])


def list_chances(plan: Plan) -> tuple[Fact, ...]:
    """The chance that every cut stays out of tumour, by method; empty where it was not drawn."""
    return tuple(Fact(_EXECUTION_WORDS.get(how, how), chance_words(p)) for how, p in _by_method(plan))


def plan_title(plan: Plan) -> str:
    """``"Left sagittal resection of L3"``, ``"Vertebrectomy of L3 through the right pedicle"``."""
    words = FAMILY_WORDS[plan.family]
    if plan.side and plan.family in ("sagittal_resection", "sacrectomy_partial", "chest_wall_combined"):
        words = f"{plan.side.capitalize()} {words.lower()}"
    title = f"{words} of {level_words(plan.levels)}" if plan.levels else words
    through = plan.family == "vertebrectomy" and plan.side
    return f"{title} through the {plan.side} pedicle" if through else title


def rejected_name(rejected: Rejected) -> str:
    """``"Sagittal resection, left"``."""
    words = FAMILY_WORDS[rejected.family]
    return f"{words}, {rejected.side}" if rejected.side else words


def plan_sentence(plan: Plan) -> str:
    """The plan in one sentence: what, by which way and through where."""
    way = []
    if plan.approach:
        way.append(f"{approach_words(plan)} approach")
    if plan.sessions:
        way.append(session_words(plan.sessions))
    return sentence(f"{plan_title(plan)}: {', '.join(way)}" if way else plan_title(plan))


def plan_outcome(plan: Plan) -> str:
    """The margin that the plan promises, and whether it is what Enneking asks for."""
    least = least_margin(plan)
    if least is None and plan.margin is None and plan.enneking_appropriate is None:
        return "The margin cannot be said."
    parts = [] if least is None else [f"Least margin {measured_words(least.least)} at {_interface(least)}."]
    word = f"Margin in Enneking's words: {plan.margin or CANNOT_BE_SAID}"
    return " ".join((*parts, f"{word}; {_APPROPRIATE[plan.enneking_appropriate]}."))


def chance_sentence(plan: Plan) -> str:
    """The chances by method in one sentence; empty where none was drawn."""
    chances = [f"{_EXECUTION_WORDS.get(how, how)} {chance_words(p)}" for how, p in _by_method(plan)]
    says = "Every cut stays out of tumour, by errors published for other bones"
    return f"{says}: {', '.join(chances)}." if chances else ""


def approach_words(plan: Plan) -> str:
    """``"posterior, then anterior left"``."""
    return ", then ".join(step.replace("_", " ") for step in plan.approach)


def session_words(sessions: int) -> str:
    """``"two sessions"``."""
    return _COUNT_WORDS.get(sessions, f"{sessions} sessions")


def list_dangers(plan: Plan, citations: Citations) -> tuple[Note, ...]:
    """What a plan costs or risks, worst first: interfaces in or along tumour, then what is cut or resected.

    Interfaces with one word, and structures with one consequence, share a line.
    """
    margins = tuple(_narrow(word, plan.margins) for word in ("intralesional", "marginal"))
    alike: dict[tuple[str, str], list[Sacrifice]] = {}
    for sacrifice in plan.sacrifices:
        if sacrifice.action in ("cut", "resect"):
            alike.setdefault((sacrifice.action, sacrifice.consequence), []).append(sacrifice)
    return (*(note for note in margins if note), *(_given_up(group, citations) for group in alike.values()))


def _narrow(word: str, margins: tuple[Margin, ...]) -> Note | None:
    places = [f"{_interface(m)} ({_least_words(m)})" for m in margins if m.enneking == word]
    return Note(sentence(f"{word} at {joined(places)}"), "measured") if places else None


def _least_words(margin: Margin) -> str:
    return f"{number_words(margin.least.value, 1)} mm" if isinstance(margin.least, Estimate) else "not measured"


def _given_up(group: list[Sacrifice], citations: Citations) -> Note:
    what = f"{joined([structure_words(s.structure) for s in group])} {_ACTION_WORDS[group[0].action]}"
    note = _consequence(group[0], citations)
    says = f"{what}: {note.says[0].lower()}{note.says[1:]}" if group[0].consequence else what
    return attrs.evolve(note, says=sentence(says), modelled=any(s.modelled for s in group))


def _interface(margin: Margin) -> str:
    return f"the {_interface_name(margin)}"


def _interface_name(margin: Margin) -> str:
    return "dura" if margin.interface == "dura" else structure_words(margin.interface)


def _facts(plan: Plan) -> tuple[Fact, ...]:
    facts = [Fact("Approach", approach_words(plan) or "not worked out")]
    if plan.sessions:
        facts.append(Fact("Sessions", session_words(plan.sessions)))
    if plan.margins or plan.margin is not None:
        least = least_margin(plan)
        where = "not measured" if least is None else f"{measured_words(least.least)} at {_interface(least)}"
        facts += [
            Fact("Margin", plan.margin or CANNOT_BE_SAID),
            Fact("Least margin", where),
        ]
    if plan.margin_in_registry is not None:
        facts.append(Fact("Margin in the registry's words", plan.margin_in_registry))
    if plan.dominated_by:
        facts.append(Fact("Nowhere better than", joined(list(plan.dominated_by))))
    facts.append(Fact("Enneking", _APPROPRIATE[plan.enneking_appropriate]))
    if plan.geometry is not None and "specimen" not in plan.trade_offs:
        facts.append(Fact("Specimen", f"{number_words(plan.geometry.specimen_ml, 1)} ml"))
    if plan.geometry is not None and "bone_lost" not in plan.trade_offs:
        facts.append(Fact("Bone lost", f"{number_words(plan.geometry.bone_lost_ml, 1)} ml"))
    if isinstance(plan.delivery, Delivery):
        facts.append(Fact("Way out past the cord", _way_out(plan.delivery)))
    facts += rebuilding_facts(plan.reconstruction)
    facts += risk_facts(plan)
    facts += [
        Fact(f"Every cut stays out of tumour, {_EXECUTION_WORDS.get(how, how)}", chance_words(p))
        for how, p in _by_method(plan)
    ]
    return tuple(facts)


def _delivery_reasons(plan: Plan) -> tuple[Reason, ...]:
    return plan.delivery.because if isinstance(plan.delivery, Delivery) else ()


def _way_out(delivery: Delivery) -> str:
    """``"4 mm ventrally, then 90 mm dorsally; least clearance 1.2 mm …"``, ``"none"`` or that it is not known."""
    if delivery.possible != "yes":
        return {"no": "none", "unknown": "not known"}[delivery.possible]
    return f"{delivery.route}; least clearance {measured_words(delivery.least_clearance)}"


def _by_method(plan: Plan) -> tuple[tuple[str, float], ...]:
    chances = plan.margin_negative_probability
    return tuple(chances.items()) if isinstance(chances, Mapping) else ()


def _unknown(plan: Plan) -> tuple[str, ...]:
    open_questions = [
        (DELIVERY_QUESTION, plan.delivery),
        ("Reconstruction", plan.reconstruction),
        ("Chance that every cut stays out of tumour", plan.margin_negative_probability),
    ]
    asked = [f"{name}: {x.because}" for name, x in open_questions if isinstance(x, Unknown)]
    if isinstance(plan.delivery, Delivery) and plan.delivery.possible == "unknown":
        asked.insert(0, " ".join([f"{DELIVERY_QUESTION}:", *(reason.says for reason in plan.delivery.because[:2])]))
    blind = [m for m in plan.margins if isinstance(m.least, Unknown)]
    if blind:
        names = joined([_interface(m) for m in blind])
        asked.insert(0, f"The margin at {names} was not measured: {blind[0].least.because}")
    return tuple(sentence(x) for x in asked)


def _cut_line(cut: Cut) -> CutLine:
    return CutLine(
        id=cut.id,
        kind=_KIND_WORDS[cut.kind],
        crosses=joined([structure_words(x) for x in cut.crosses]),
        tool_width=f"{number_words(cut.tool_width_mm, 1)} mm",
        origin=place_words([float(x) for x in cut.origin_mm]),
        normal="(" + ", ".join(number_words(float(x), 2) for x in cut.normal) + ")",
        because=tuple(sentence(x) for x in (*cut.because, *_reach_words(cut))),
    )


def _reach_words(cut: Cut) -> tuple[str, ...]:
    """From where a straight blade reaches a cut, the best side first; what is in the way where none reaches all."""
    if not cut.reach:
        return ()
    best = sorted(cut.reach, key=lambda reach: -reach.share)
    sides = joined([f"{reach.side} ({100 * reach.share:.0f} %)" for reach in best if reach.share > 0.0])
    return (f"a straight blade reaches it from {sides}" if sides else "no straight blade reaches it from any side",)


def _margin_line(margin: Margin, is_least: bool, citations: Citations) -> MarginLine:
    return MarginLine(
        interface=_interface_name(margin),
        tissue=margin.tissue.replace("_", " "),
        least=measured_words(margin.least),
        where=place_words(margin.at_mm),
        barrier=margin.barrier.replace("_", " ") if margin.barrier else "none",
        barrier_status=margin.barrier_status if margin.barrier else "",
        enneking=margin.enneking or CANNOT_BE_SAID,
        is_least=is_least,
        notes=note_reasons(margin.because, citations),
    )


def _sacrifice_line(sacrifice: Sacrifice, citations: Citations) -> SacrificeLine:
    return SacrificeLine(
        structure=structure_words(sacrifice.structure),
        action="divided" if sacrifice.action == "cut" else _ACTION_WORDS[sacrifice.action],
        modelled=sacrifice.modelled,
        consequence=_consequence(sacrifice, citations),
    )


def _consequence(sacrifice: Sacrifice, citations: Citations) -> Note:
    says = sacrifice.consequence or "No consequence is stated"
    if sacrifice.status == "unverified/low":
        says = f"not confirmed: {says}"
    return Note(
        sentence(says), sacrifice.status, sacrifice.cites, sacrifice.rule, is_source_open(sacrifice.cites, citations)
    )
