"""From the pieces of one walk to the document: what is said, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized

import attrs

from enbloc.classification.extent import Extent, LevelExtent, involved, undecided
from enbloc.classification.sheet import SHOWN_WHERE_THEY_APPLY
from enbloc.foundation.evidence.classifications import Because, Classification
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.terms.levels import Level
from enbloc.intake.case import Problem
from enbloc.report.document import (
    Certainty,
    ClassificationLine,
    Document,
    Fact,
    FindingLine,
    Note,
    ProblemLine,
    ReportInput,
)
from enbloc.report.headline import compose_headline
from enbloc.report.notes import (
    UNCONFIRMED_NAME,
    Citations,
    is_source_open,
    note_reasons,
    number_sources,
    tidy_rule,
    weighed,
)
from enbloc.report.phrases import joined, measured_words, sector_words, sentence
from enbloc.report.plan_pages import compare_plans, compose_plan, rejected_name
from enbloc.report.risk_page import said_once
from enbloc.report.sections import case_sections
from enbloc.report.system_names import SYSTEM_NAMES

_GRADES: tuple[str, ...] = ("stop", "doubt", "note")
_MOST_IN_BRIEF = 40


def compose(walked: ReportInput, citations: Citations) -> Document:
    """The whole report of one walk.

    Parameters
    ----------
    walked : ReportInput
    citations : mapping of bibliography key to Source
        A key that is missing is printed as a source to be confirmed.
    """
    plans = tuple(sorted(walked.plans, key=lambda plan: plan.rank))
    elsewhere = said_once(plans)
    pages = tuple(compose_plan(plan, citations, elsewhere) for plan in plans)
    lines = _classification_lines(walked, citations)
    indication = walked.indication
    reasons = note_reasons(indication.because, citations) if indication else ()
    rivals = tuple(weighed(r.name, r.because, citations) for r in indication.rivals) if indication else ()
    rejected = tuple(weighed(rejected_name(r), r.because, citations) for r in walked.rejected)
    sections = case_sections(walked, citations)
    headline = compose_headline(walked, pages, lines, reasons, citations)
    return Document(
        case_id=walked.case.id,
        headline=headline,
        classifications=lines,
        sheet_problems=_sheet_problems(walked),
        plans=pages,
        comparison=compare_plans(pages),
        reasons=reasons,
        rejected=rejected,
        rivals=rivals,
        problems=_problem_lines(walked.problems),
        sections=sections,
        sources=number_sources((headline, pages, lines, sections, reasons, rejected, rivals), citations),
        inputs=tuple(Fact(name, digest) for name, digest in sorted(walked.case.digests.items())),
        provenance=tuple(Fact(name, value) for name, value in walked.provenance.items()),
    )


def _sheet_problems(walked: ReportInput) -> tuple[str, ...]:
    """Contradictions of the sheet that do not stand among the problems already."""
    said = {problem.says for problem in walked.problems}
    return tuple(sentence(says) for says in walked.sheet.problems if says not in said) if walked.sheet else ()


def _classification_lines(walked: ReportInput, citations: Citations) -> tuple[ClassificationLine, ...]:
    if walked.sheet is None:
        return ()
    shown = [a for a in walked.sheet.answers.values() if a.applies or a.system not in SHOWN_WHERE_THEY_APPLY]
    return tuple(_line(answer, walked.extent, citations) for answer in shown)


def _line(answer: Classification, extent: Extent | None, citations: Citations) -> ClassificationLine:
    words = wbb_words(extent) if answer.system == "wbb" and extent and answer.applies else _answer_words(answer)
    certainty = _certainty(answer, extent)
    if certainty == "unconfirmed":
        words = f"{words} ({UNCONFIRMED_NAME.lower()})"
    return ClassificationLine(
        system=answer.system,
        name=SYSTEM_NAMES.get(answer.system, answer.system.replace("_", " ")),
        answer=words,
        brief="open" if _is_long(answer) else words,
        certainty=certainty,
        certainty_words=_certainty_words(answer, certainty),
        findings=_merge(_finding(because, citations) for because in answer.because),
        items=_items(answer),
        would_settle=answer.would_settle,
    )


def _is_long(answer: Classification) -> bool:
    categories = joined(answer.possible, "or")
    return answer.system != "wbb" and answer.score is None and len(categories) > _MOST_IN_BRIEF


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


def _merge(findings: Iterable[FindingLine]) -> tuple[FindingLine, ...]:
    """Findings that say the same of several criteria as one, with the sources and rules of all."""
    groups: dict[tuple[str, str, str, str], list[FindingLine]] = {}
    for finding in findings:
        key = (finding.note.says, finding.verdict, finding.measured, finding.note.status)
        groups.setdefault(key, []).append(finding)
    return tuple(_joint(group) for group in groups.values())


def _joint(group: list[FindingLine]) -> FindingLine:
    notes = [finding.note for finding in group]
    cites = tuple(dict.fromkeys(key for note in notes for key in note.cites))
    rule = tidy_rule(", ".join(note.rule for note in notes if note.rule))
    lone = all(note.source_open for note in notes)
    return attrs.evolve(group[0], note=attrs.evolve(notes[0], cites=cites, rule=rule, source_open=lone))


def _finding(because: Because, citations: Citations) -> FindingLine:
    measured = measured_words(because.measured) if isinstance(because.measured, Estimate) else because.measured.because
    lone = is_source_open(because.cites, citations)
    note = Note(sentence(because.says), because.status, because.cites, tidy_rule(because.rule), lone)
    if because.says and because.says in measured:
        measured = measured.split(":")[0]
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


def _problem_lines(problems: Iterable[Problem]) -> tuple[ProblemLine, ...]:
    ranked = sorted(problems, key=lambda p: _GRADES.index(p.grade))
    return tuple(ProblemLine(p.grade, p.where, sentence(p.says), sentence(p.remedy)) for p in ranked)
