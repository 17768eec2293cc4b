"""Page one: who, is en bloc right, the best plan, its price, and what is not known."""

from __future__ import annotations

import attrs

from enbloc.classification.extent import Extent, involved_levels
from enbloc.intake.case import Case
from enbloc.report.document import Answer, ClassificationLine, Fact, Headline, Note, PlanPage, ReportInput
from enbloc.report.notes import Citations, make_note
from enbloc.report.phrases import level_words, sentence
from enbloc.report.plan_pages import (
    chance_sentence,
    list_chances,
    list_dangers,
    list_narrowest,
    plan_outcome,
    rejected_name,
)
from enbloc.resection.plans import Plan, Rejected

_ANSWER_WORDS: dict[str, str] = {
    "yes": "En bloc resection is right for this tumour",
    "conditional": "En bloc resection is right under conditions",
    "no": "En bloc resection is not advised",
    "unknown": "Whether en bloc resection is right cannot be said yet",
    "stopped": "Stopped: what arrived does not allow a plan",
}
_METASTASES: dict[str, str] = {"none": "no metastases", "solitary": "solitary metastasis"}
_SHOWN_REASONS = 3
_SHOWN_DANGERS = 5
_SHOWN_UNKNOWN = 6
_SHOWN_WHY_NOT = 4
_SHOWN_MARGINS = 6
_NOT_EN_BLOC = ("intralesional", "none")


def compose_headline(
    walked: ReportInput,
    pages: tuple[PlanPage, ...],
    lines: tuple[ClassificationLine, ...],
    reasons: tuple[Note, ...],
    citations: Citations,
) -> Headline:
    """Page one, from the walk and from the pages already composed."""
    answer = _answer(walked)
    best = min(walked.plans, key=lambda plan: plan.rank) if walked.plans else None
    dangers = list_dangers(best, citations) if best else ()
    firm = tuple(note for note in reasons if note.status != "unverified/low" and not note.source_open)
    en_bloc = best is not None and best.family not in _NOT_EN_BLOC
    possible = any(plan.family not in _NOT_EN_BLOC for plan in walked.plans)
    rival = next((plan for plan in walked.plans if len(pages) > 1 and plan.id == pages[1].id), None)
    return Headline(
        who=_who(walked.case, walked.extent),
        answer=answer,
        answer_words=_ANSWER_WORDS[answer],
        reasons=(firm or reasons)[:_SHOWN_REASONS],
        plan_label=_plan_label(answer, best, en_bloc=en_bloc),
        plan_sentence=pages[0].sentence if pages else "No plan was made.",
        plan_outcome=plan_outcome(best) if best else "",
        why_not=() if possible else _why_not(walked.rejected, citations),
        dangers=dangers[:_SHOWN_DANGERS],
        dangers_left_out_n=max(0, len(dangers) - _SHOWN_DANGERS),
        unknown=_shortened(_unknown(walked, pages, lines), _SHOWN_UNKNOWN),
        margins=list_narrowest(best, _SHOWN_MARGINS, citations) if best else (),
        margins_left_out_n=max(0, len(best.margins) - _SHOWN_MARGINS) if best else 0,
        chances=list_chances(best) if best else (),
        rival=pages[1].sentence if len(pages) > 1 else "",
        rival_outcome=" ".join(filter(None, (pages[1].outcome, chance_sentence(rival)))) if rival else "",
        competing=tuple(rival.name for rival in walked.indication.rivals) if walked.indication else (),
    )


def _answer(walked: ReportInput) -> Answer:
    if any(problem.grade == "stop" for problem in walked.problems):
        return "stopped"
    return walked.indication.en_bloc if walked.indication else "unknown"


def _plan_label(answer: Answer, best: Plan | None, *, en_bloc: bool) -> str:
    if best is not None and not en_bloc:
        return "Best plan" if answer == "no" else "No en bloc resection was found to fit; what remains"
    return "What the anatomy would allow" if answer == "no" else "Best plan"


def _why_not(rejected: tuple[Rejected, ...], citations: Citations) -> tuple[Note, ...]:
    """The first reason against each kind of resection."""
    first = ((r, make_note(r.because[0], citations)) for r in rejected if r.because)
    notes = (attrs.evolve(note, says=f"{rejected_name(r)}: {note.says}") for r, note in first)
    return tuple(notes)[:_SHOWN_WHY_NOT]


def _shortened(items: tuple[str, ...], most: int) -> tuple[str, ...]:
    if len(items) <= most:
        return items
    return (*items[:most], f"… and {len(items) - most} more, listed below.")


def _unknown(
    walked: ReportInput, pages: tuple[PlanPage, ...], lines: tuple[ClassificationLine, ...]
) -> tuple[str, ...]:
    indication = walked.indication.would_settle if walked.indication else ()
    settle = (f"To settle whether en bloc is right: {what}" for what in indication)
    systems = (
        f"{line.name} ({line.brief}) would be settled by: {'; '.join(line.would_settle)}"
        for line in lines
        if line.would_settle and line.certainty != "not applicable"
    )
    return tuple(dict.fromkeys(sentence(x) for x in (*settle, *(pages[0].unknown if pages else ()), *systems)))


def _who(case: Case, extent: Extent | None) -> tuple[Fact, ...]:
    clinical = case.clinical
    age = None if clinical.age_years is None else f"{clinical.age_years:g} years"
    biopsy = {True: "biopsy confirmed", False: "not confirmed by biopsy", None: "biopsy not stated"}
    histology = clinical.histology.replace("_", " ") if clinical.histology else "not stated"
    words = {"F": "female", "M": "male", "X": "sex X"}
    person = ", ".join(x for x in (age, words.get(clinical.sex or "")) if x)
    grade = {"benign": "benign", "low": "low grade", "high": "high grade"}.get(clinical.grade or "", "grade not stated")
    spread = _METASTASES.get(clinical.metastases or "", f"{clinical.metastases or 'not stated:'} metastases")
    levels = level_words(involved_levels(extent)) if extent else ""
    return (
        Fact("Levels", levels or "not known"),
        Fact("Histology", f"{histology}, {grade} ({biopsy[clinical.biopsy_confirmed]})"),
        Fact("Spread", spread if clinical.metastases else "metastases not stated"),
        Fact("Neurology", f"ASIA/Frankel {clinical.neurology}" if clinical.neurology else "neurology not stated"),
        Fact("Patient", person or "age and sex not stated"),
    )
