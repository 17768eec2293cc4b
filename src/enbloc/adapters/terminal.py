"""What the terminal says: the same words as the report, short enough to read in half a minute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from enbloc.errors import EnblocError
from enbloc.foundation.space.grids import Grid
from enbloc.intake.case import Case, Problem
from enbloc.report.document import ClassificationLine, Document, PlanPage, ProblemLine, Weighed

Line = tuple[str, str]
"""A style of rich (may be empty) and a text."""

GRADE_STYLES = {"stop": "bold red", "doubt": "yellow", "note": "dim"}
_MOST_REASONS = 2
_MOST_UNKNOWN = 5


def print_lines(console: Console, lines: Iterable[Line]) -> None:
    """Print lines as they are: no markup is read in them, and none is broken when piped."""
    for style, text in lines:
        console.print(Text(text, style=style), soft_wrap=not console.is_terminal)


def answer_lines(document: Document, report: Path | None) -> Iterator[Line]:
    """The answer to `enbloc plan`: problems, classes, is en bloc right, plans, what was rejected, what is unknown."""
    headline = document.headline
    yield "bold", document.case_id
    yield "", "; ".join(fact.value for fact in headline.who)
    yield from problem_lines(document.problems)
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


def problem_lines(problems: Iterable[ProblemLine]) -> Iterator[Line]:
    """One line for each problem, with its cure."""
    for problem in problems:
        yield GRADE_STYLES[problem.grade], f"{problem.grade}: {problem.where}: {problem.says} {problem.remedy}"


def intake_lines(case: Case, problems: Iterable[Problem]) -> Iterator[Line]:
    """The answer to `enbloc check`: what arrived, and what is wrong or doubtful in it."""
    yield "bold", case.id
    if case.ct is not None:
        yield "", f"  CT: {_grid_words(case.ct.grid)}"
    for file in case.label_files:
        names = sorted(set(file.labels.names.values()))
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        yield "", f"  {file.name}: {shown or 'nothing'}; {_grid_words(file.labels.grid)}"
    for level, typed in case.typed_extent.items():
        sectors, layers = ", ".join(map(str, sorted(typed.sectors))), "".join(sorted(typed.layers))
        yield "", f"  typed: {level} sectors {sectors} (SOSG), layers {layers}"
    ranked = sorted(problems, key=lambda problem: list(GRADE_STYLES).index(problem.grade))
    yield from problem_lines(ProblemLine(p.grade, p.where, p.says, p.remedy) for p in ranked)
    if not ranked:
        yield "green", "  No problem was found."


def reason_lines(lines: Sequence[ClassificationLine]) -> Iterator[Line]:
    """Why each system answers so: every finding with its verdict, status and sources."""
    for line in lines:
        if line.certainty != "not applicable":
            yield from _heading(f"{line.name}: {line.answer}")
            for finding in line.findings:
                yield "", f"  {finding.verdict}: {finding.note.says}{_source(finding.note.status, finding.note.cites)}"
            for text in line.would_settle:
                yield "dim", f"  would settle it: {text}"


def _grid_words(grid: Grid) -> str:
    voxels = " x ".join(str(n) for n in grid.shape)
    return f"{voxels} voxels of {' x '.join(f'{mm:.2f}' for mm in grid.spacing_mm)} mm"


def error_lines(error: EnblocError) -> Iterator[Line]:
    """An error in one sentence: where, what, and the cure."""
    where = f"{error.where}: " if error.where else ""
    says = error.says if error.says.endswith((".", "!", "?")) else f"{error.says}."
    yield "red", f"{where}{says} {error.remedy}".rstrip()


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
