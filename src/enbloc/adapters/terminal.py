"""What the terminal says: the same words as the report, short enough to read in half a minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from enbloc.adapters.printing import Line, problem_lines
from enbloc.classification.measured.held_parts import HeldPart
from enbloc.classification.measured.neighbours import Neighbour
from enbloc.classification.sensitivity import Variant
from enbloc.classification.sheet import SHOWN_WHERE_THEY_APPLY
from enbloc.foundation.evidence.classifications import Sheet
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.report.document import ClassificationLine, Document, PlanPage, Weighed
from enbloc.report.neighbour_page import neighbour_words
from enbloc.report.parts_page import held_words
from enbloc.report.sensitivity_page import changed_words, possible_words, step_words
from enbloc.report.system_names import SYSTEM_NAMES

_MOST_REASONS = 2
_MOST_UNKNOWN = 5
_MOST_NEIGHBOURS = 6
_MOST_SETTLING = 3
_NEAR_MM = 20.0


def answer_lines(document: Document, report: Path | None) -> Iterator[Line]:
    """The answer to `enbloc plan`: problems, classes, is en bloc right, plans, what was rejected, what is unknown."""
    headline = document.headline
    yield "bold", document.case_id
    yield "", "; ".join(fact.value for fact in headline.who)
    yield from problem_lines((p.grade, p.where, p.says, p.remedy) for p in document.problems)
    yield from classification_lines(document.classifications)
    yield from _heading(headline.answer_words + ".")
    for note in headline.reasons[:_MOST_REASONS]:
        yield "", f"  {note.says}{_source(note.status, note.cites)}"
    if document.plans:
        yield from _heading("Plans")
        for page in document.plans:
            yield from _plan_lines(page)
    if document.rejected:
        yield from _heading("Rejected")
        for rejected in document.rejected:
            yield "", f"  {rejected.name}: {_first_reason(rejected)}"
    if headline.unknown:
        yield from _heading("Not known")
        for text in headline.unknown[:_MOST_UNKNOWN]:
            yield "", f"  {text}"
    if report is not None:
        yield from _heading(f"Report: {report}")


def sheet_lines(
    document: Document, neighbours: Sequence[Neighbour] = (), held_parts: Sequence[HeldPart] = ()
) -> Iterator[Line]:
    """The answer to `enbloc classify`: problems, classes, what would settle them, bone held, near neighbours."""
    yield "bold", document.case_id
    yield "", "; ".join(fact.value for fact in document.headline.who)
    yield from problem_lines((p.grade, p.where, p.says, p.remedy) for p in document.problems)
    yield from classification_lines(document.classifications)
    yield from _open_lines(document.classifications)
    if held_parts:
        yield from _heading("Parts of bone that hold tumour")
        yield from (("", f"  {words}") for words in held_words(held_parts))
    near = [one for one in neighbours if isinstance(one.distance, Estimate) and one.distance.value <= _NEAR_MM]
    if near:
        yield from _heading(f"Within {_NEAR_MM:g} mm of the tumour")
        yield from (("", f"  {neighbour_words(one)}") for one in near[:_MOST_NEIGHBOURS])
    if document.classifications:
        yield "", ""
        yield "dim", "Every finding with its status and sources: --reasons. How near the border: --sensitivity."


def sensitivity_lines(sheet: Sheet | None, variants: Sequence[Variant]) -> Iterator[Line]:
    """Each system with the labels that change its answer; those that none changes in one line."""
    if sheet is None or not variants:
        return
    yield from _heading("If the tumour's border lay elsewhere")
    same = []
    for system, answer in sheet.answers.items():
        name = SYSTEM_NAMES.get(system, system)
        steps: dict[str, list[str]] = {}
        for one in variants:
            if (words := changed_words(system, answer, one)) is not None:
                steps.setdefault("another record" if system == "wbb" else words, []).append(step_words(one))
        if steps:
            yield "", f"  {name}: {possible_words(answer)}"
            yield from (("", f"      {', '.join(where)}: {words}") for words, where in steps.items())
        elif answer.applies:
            same.append(name)
    if same:
        yield "dim", f"  stays the same: {', '.join(same)}"


def _open_lines(lines: Sequence[ClassificationLine]) -> Iterator[Line]:
    """What would settle each system that is open."""
    unsettled = [line for line in lines if line.certainty == "open" and line.would_settle]
    if unsettled:
        yield from _heading("Would settle what is open")
    for line in unsettled:
        more = len(line.would_settle) - _MOST_SETTLING
        texts = [*line.would_settle[:_MOST_SETTLING], *([f"{more} more"] if more > 0 else [])]
        yield "", f"  {line.name}: {'; '.join(texts)}"


def classification_lines(lines: Sequence[ClassificationLine]) -> Iterator[Line]:
    """One line for each system that applies, and one that names the others."""
    shown = [line for line in lines if line.certainty != "not applicable"]
    if not lines:
        return
    yield from _heading("Classification")
    width = max((len(line.name) for line in shown), default=0)
    for line in shown:
        yield "", f"  {line.name:<{width}}  {line.answer}  [{line.certainty_words}]"
    others = [line.name for line in lines if line.certainty == "not applicable"]
    if others:
        yield "dim", f"  does not apply: {', '.join(others)}"


def reason_lines(sheet: Sheet | None) -> Iterator[Line]:
    """Why each system answers so: every criterion with its verdict, its finding, status and sources."""
    answers = sheet.answers.values() if sheet is not None else ()
    for answer in (one for one in answers if one.applies or one.system not in SHOWN_WHERE_THEY_APPLY):
        yield from _heading(f"{SYSTEM_NAMES.get(answer.system, answer.system)}: {' or '.join(answer.possible)}")
        for because in answer.because:
            what = f"{because.criterion.replace('_', ' ')}: {because.verdict.value}."
            yield "", f"  {what} {because.says}{_source(because.status, because.cites)}"
        for text in answer.would_settle:
            yield "dim", f"  would settle it: {text}"


def _heading(text: str) -> tuple[Line, Line]:
    return ("", ""), ("bold", text)


def _plan_lines(page: PlanPage) -> Iterator[Line]:
    yield "", f"  {page.rank}  [{page.id}] {page.sentence}"
    yield "", f"       {page.outcome}"


def _first_reason(weighed: Weighed) -> str:
    return weighed.because[0].says if weighed.because else "no reason was recorded."


def _source(status: str, cites: Sequence[str]) -> str:
    parts = [part for part in (status, ", ".join(cites)) if part]
    return f" [{'; '.join(parts)}]" if parts else ""
