"""Lines on the terminal, and the few that need no more than the case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.text import Text

from enbloc.errors import EnblocError
from enbloc.foundation.space.grids import Grid
from enbloc.intake.case import Case, Problem

Line = tuple[str, str]
"""A style of rich (may be empty) and a text."""

GRADE_STYLES = {"stop": "bold red", "doubt": "yellow", "note": "dim"}


def print_lines(console: Console, lines: Iterable[Line]) -> None:
    """Print lines as they are: no markup is read in them, and none is broken when piped."""
    for style, text in lines:
        console.print(Text(text, style=style), soft_wrap=not console.is_terminal)


def problem_lines(problems: Iterable[tuple[str, str, str, str]]) -> Iterator[Line]:
    """One line for each problem (grade, where, says, remedy), the gravest first."""
    for grade, where, says, remedy in sorted(problems, key=lambda problem: list(GRADE_STYLES).index(problem[0])):
        yield GRADE_STYLES[grade], f"{grade}: {where}: {says} {remedy}"


def error_lines(error: EnblocError) -> Iterator[Line]:
    """An error in one sentence: where, what, and the cure."""
    where = f"{error.where}: " if error.where else ""
    says = error.says if error.says.endswith((".", "!", "?")) else f"{error.says}."
    yield "red", f"{where}{says} {error.remedy}".rstrip()


def intake_lines(case: Case, problems: Sequence[Problem]) -> Iterator[Line]:
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
        words = ["sector" if len(typed.sectors) == 1 else "sectors", "layer" if len(typed.layers) == 1 else "layers"]
        yield "", f"  typed: {level} {words[0]} {sectors} (SOSG), {words[1]} {layers}"
    yield from problem_lines((p.grade, p.where, p.says, p.remedy) for p in problems)
    if not problems:
        yield "green", "  No problem was found."


def _grid_words(grid: Grid) -> str:
    voxels = " x ".join(str(n) for n in grid.shape)
    return f"{voxels} voxels of {' x '.join(f'{mm:.2f}' for mm in grid.spacing_mm)} mm"
