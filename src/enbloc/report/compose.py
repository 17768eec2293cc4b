"""From the pieces of one walk to the document: what is said, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized

from enbloc.classification.extent import Extent, LevelExtent, involved, involved_levels, undecided
from enbloc.foundation.evidence.classifications import Because, Classification
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.terms.levels import Level
from enbloc.intake.case import Case, Problem
from enbloc.report.document import (
    Certainty,
    ClassificationLine,
    Document,
    Fact,
    FindingLine,
    Headline,
    Note,
    PlanPage,
    ProblemLine,
    ReportInput,
)
from enbloc.report.notes import UNCONFIRMED_NAME, Citations, is_source_open, note_reasons, number_sources, weighed
from enbloc.report.phrases import FAMILY_WORDS, joined, level_words, measured_words, sector_words, sentence
from enbloc.report.plan_pages import compare_plans, compose_plan, list_dangers
from enbloc.resection.plans import Rejected

SYSTEM_NAMES: dict[str, str] = {
    "wbb": "WBB",
    "enneking": "Enneking stage",
    "tomita": "Tomita type",
    "tnm": "TNM",
    "mclain_weinstein": "McLain–Weinstein",
    "escc": "Epidural compression (ESCC)",
    "sins": "SINS",
    "sacral": "Sacral type",
    "boriani": "Boriani type",
    "tokuhashi": "Tokuhashi, revised",
    "tomita_score": "Tomita score",
}
_ANSWER_WORDS: dict[str, str] = {
    "yes": "En bloc resection is right for this tumour",
    "conditional": "En bloc resection is right under conditions",
    "no": "En bloc resection is not advised",
    "unknown": "Whether en bloc resection is right cannot be said yet",
    "stopped": "Stopped: what arrived does not allow a plan",
}
_GRADES: tuple[str, ...] = ("stop", "doubt", "note")
_METASTASES: dict[str, str] = {"none": "no metastases", "solitary": "solitary metastasis"}
_SHOWN_REASONS = 3
_SHOWN_DANGERS = 5
_SHOWN_UNKNOWN = 6


def compose(walked: ReportInput, citations: Citations) -> Document:
    """The whole report of one walk.

    Parameters
    ----------
    walked : ReportInput
    citations : mapping of bibliography key to Source
        A key that is missing is printed as a source to be confirmed.
    """
    plans = tuple(sorted(walked.plans, key=lambda plan: plan.rank))
    pages = tuple(compose_plan(plan, citations) for plan in plans)
    lines = _classification_lines(walked, citations)
    indication = walked.indication
    reasons = note_reasons(indication.because, citations) if indication else ()
    rivals = tuple(weighed(r.name, r.because, citations) for r in indication.rivals) if indication else ()
    rejected = tuple(weighed(_rejected_name(r), r.because, citations) for r in walked.rejected)
    headline = _headline(walked, pages, lines, reasons, list_dangers(plans[0], citations) if plans else ())
    return Document(
        case_id=walked.case.id,
        headline=headline,
        classifications=lines,
        sheet_problems=tuple(sentence(p) for p in walked.sheet.problems) if walked.sheet else (),
        plans=pages,
        comparison=compare_plans(pages),
        reasons=reasons,
        rejected=rejected,
        rivals=rivals,
        problems=_problem_lines(walked.problems),
        sources=number_sources((headline, pages, lines, reasons, rejected, rivals), citations),
        inputs=tuple(Fact(name, digest) for name, digest in sorted(walked.case.digests.items())),
        provenance=tuple(Fact(name, value) for name, value in walked.provenance.items()),
    )


def _headline(
    walked: ReportInput,
    pages: tuple[PlanPage, ...],
    lines: tuple[ClassificationLine, ...],
    reasons: tuple[Note, ...],
    dangers: tuple[Note, ...],
) -> Headline:
    stopped = any(p.grade == "stop" for p in walked.problems)
    answer = "stopped" if stopped else walked.indication.en_bloc if walked.indication else "unknown"
    firm = tuple(note for note in reasons if note.status != "unverified/low" and not note.source_open)
    return Headline(
        who=_who(walked.case, walked.extent),
        answer=answer,
        answer_words=_ANSWER_WORDS[answer],
        reasons=(firm or reasons)[:_SHOWN_REASONS],
        plan_label="What the anatomy would allow" if answer == "no" else "Best plan",
        plan_sentence=pages[0].sentence if pages else "No plan was made.",
        plan_outcome=pages[0].outcome if pages else "",
        dangers=dangers[:_SHOWN_DANGERS],
        dangers_left_out_n=max(0, len(dangers) - _SHOWN_DANGERS),
        unknown=_shortened(_unknown(walked, pages, lines), _SHOWN_UNKNOWN),
    )


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
        f"{line.name} ({line.answer}) would be settled by: {joined(line.would_settle)}"
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
        Fact("Neurology", f"ASIA/Frankel {clinical.neurology}" if clinical.neurology else "not stated"),
        Fact("Patient", person or "age and sex not stated"),
    )


def _classification_lines(walked: ReportInput, citations: Citations) -> tuple[ClassificationLine, ...]:
    if walked.sheet is None:
        return ()
    return tuple(_line(answer, walked.extent, citations) for answer in walked.sheet.answers.values())


def _line(answer: Classification, extent: Extent | None, citations: Citations) -> ClassificationLine:
    words = wbb_words(extent) if answer.system == "wbb" and extent and answer.applies else _answer_words(answer)
    certainty = _certainty(answer, extent)
    if certainty == "unconfirmed":
        words = f"{words} ({UNCONFIRMED_NAME.lower()})"
    return ClassificationLine(
        system=answer.system,
        name=SYSTEM_NAMES.get(answer.system, answer.system.replace("_", " ")),
        answer=words,
        certainty=certainty,
        certainty_words=_certainty_words(answer, certainty),
        findings=tuple(_finding(because, citations) for because in answer.because),
        items=_items(answer),
        would_settle=answer.would_settle,
    )


def _answer_words(answer: Classification) -> str:
    if not answer.applies:
        return "does not apply"
    categories = joined(answer.possible, "or")
    if answer.score is None:
        return categories or "none fits"
    low, high = answer.score.low, answer.score.high
    points = f"{low} points" if low == high else f"{low} to {high} points"
    return f"{points}: {categories}" if categories else points


def _certainty(answer: Classification, extent: Extent | None) -> Certainty:
    if not answer.applies:
        return "not applicable"
    if any(because.status == "unverified/low" for because in answer.because):
        return "unconfirmed"
    if answer.system == "wbb" and extent is not None:
        unsure = any(undecided(e.sectors) or undecided(e.layers) for e in extent.levels.values())
        return "open" if unsure else "settled"
    spread = answer.score is not None and answer.score.low != answer.score.high
    return "open" if spread or len(answer.possible) != 1 else "settled"


def _certainty_words(answer: Classification, certainty: Certainty) -> str:
    if certainty == "open" and len(answer.possible) > 1:
        return f"{len(answer.possible)} still possible"
    return {"settled": "settled", "open": "open", "unconfirmed": "not confirmed"}.get(certainty, certainty)


def _items(answer: Classification) -> tuple[Fact, ...]:
    """The points of a score's items, from the common form of `foundation.evidence.scores`."""
    items = answer.details.get("items")
    if not isinstance(items, Mapping):
        return ()
    ends = ((name, points["low"], points["high"]) for name, points in items.items() if isinstance(points, Mapping))
    return tuple(
        Fact(str(name).replace("_", " "), f"{low}" if low == high else f"{low} to {high}") for name, low, high in ends
    )


def _finding(because: Because, citations: Citations) -> FindingLine:
    measured = measured_words(because.measured) if isinstance(because.measured, Estimate) else because.measured.because
    lone = is_source_open(because.cites, citations)
    note = Note(sentence(because.says), because.status, because.cites, because.rule, lone)
    return FindingLine(because.verdict.value, measured, note)


def wbb_words(extent: Extent) -> str:
    """``"L3 sectors 4–8, layers A, B, C (SOSG numbering)"``, level by level; free levels are left out."""
    words = [w for w in (_level_words(name, level) for name, level in extent.levels.items()) if w]
    return f"{'; '.join(words)} (SOSG numbering)" if words else "no sector involved"


def _level_words(name: Level, level: LevelExtent) -> str:
    sectors, layers = involved(level.sectors), involved(level.layers)
    open_sectors, open_layers = undecided(level.sectors), undecided(level.layers)
    doubtful = [f"{_many('sector', open_sectors)} {sector_words(open_sectors)}"] if open_sectors else []
    doubtful += [f"{_many('layer', open_layers)} {', '.join(open_layers)}"] if open_layers else []
    if not sectors and not layers:
        return f"{name} undecided: {' and '.join(doubtful)}" if doubtful else ""
    sure = f"{name} {_many('sector', sectors)} {sector_words(sectors) or 'none'}"
    sure += f", {_many('layer', layers)} {', '.join(layers) or 'none'}"
    return f"{sure}, undecided: {' and '.join(doubtful)}" if doubtful else sure


def _many(word: str, items: Sized) -> str:
    return word if len(items) == 1 else f"{word}s"


def _rejected_name(rejected: Rejected) -> str:
    words = FAMILY_WORDS[rejected.family]
    return f"{words}, {rejected.side}" if rejected.side else words


def _problem_lines(problems: Iterable[Problem]) -> tuple[ProblemLine, ...]:
    ranked = sorted(problems, key=lambda p: _GRADES.index(p.grade))
    return tuple(ProblemLine(p.grade, p.where, sentence(p.says), sentence(p.remedy)) for p in ranked)
