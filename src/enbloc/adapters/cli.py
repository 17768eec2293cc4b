"""The commands. Each reads its words, calls one function, and prints what that found.

What a command needs is imported when it runs: the image libraries take seconds to load, and `enbloc --help` should not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from enbloc import __version__
from enbloc.adapters.pacs.cli import pacs_app
from enbloc.errors import CallError, EnblocError

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy loads: on these small products threads only wait

STOPPED = 3
"""Exit code of a case that a check stopped."""

app = typer.Typer(
    name="enbloc",
    help="Plans the en bloc resection of spine tumours. Decision support: a surgeon decides.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(pacs_app, name="pacs")

CaseFolder = Annotated[Path, typer.Argument(metavar="CASE", help="The case folder: case.toml and the files it names.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of text.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="RUN", help="The run folder. [default: CASE-run]")]
Force = Annotated[bool, typer.Option("--force", help="Replace a run of another case too.")]

In = Annotated[str | None, typer.Option("--language", help="The report's language.  [default: en]")]
Paper = Annotated[str | None, typer.Option("--paper", help="The pages' paper: a4 or letter.  [default: a4]")]


def main() -> None:
    """Entry point: run a command; whatever is refused becomes one sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except EnblocError as error:
        from enbloc.adapters.printing import error_lines, print_lines

        print_lines(Console(stderr=True), error_lines(error))
        sys.exit(error.exit_code)
    except MemoryError:
        print("The images are too large for the memory of this machine. Crop them to the spine.", file=sys.stderr)
        sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"enbloc {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that belong to no command."""


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--folder", help="Where the case is written.")] = Path("enbloc-demo"),
    language: In = None,
    paper: Paper = None,
    as_json: AsJson = False,
) -> None:
    """Build a phantom case, plan it, and say where the report lies. Needs nothing."""
    from enbloc.adapters.demo import write_demo

    with _progress() as report_progress:
        report_progress("building the phantom")
        write_demo(folder)
    _plan(folder, None, False, (language, paper), as_json)


@app.command(name="plan")
def _plan_command(  # its words are options of one command, not arguments of a function
    case: CaseFolder,
    out: Out = None,
    force: Force = False,
    language: In = None,
    paper: Paper = None,
    switch: Annotated[
        list[str] | None,
        typer.Option(
            "--switch", metavar="KEY=VALUE", help="Change it: cut=, spare=, ring.SIDE=, move_mm.CUT=, order=."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Plan a case: classify it, place the cuts, measure the margins, write the run folder and the report."""
    _plan(case, out, force, (language, paper), as_json, switch or [])


def _plan(
    case: Path,
    out: Path | None,
    force: bool,
    told: tuple[str | None, str | None],
    as_json: bool,
    switches: Sequence[str] = (),
) -> None:
    from enbloc.adapters.files.case.case_switches import parse_switches
    from enbloc.adapters.files.json_files import json_text, to_plain
    from enbloc.adapters.files.run.record_forms import plans_form
    from enbloc.adapters.files.run.report_files import parse_manner
    from enbloc.adapters.journey import plan_case
    from enbloc.adapters.printing import print_lines
    from enbloc.adapters.terminal import answer_lines

    manner = parse_manner(*told)
    with _progress() as report_progress:
        journey = plan_case(case, out, force, report_progress, manner, parse_switches(switches))
    if as_json:
        problems = to_plain(journey.record.problems)
        found = {"case": journey.record.case.id, "run": str(journey.out), "report": str(journey.report)}
        print(json_text({**found, "problems": problems, **plans_form(journey.record)}), end="")
    else:
        print_lines(Console(), answer_lines(journey.document, journey.report))
    _say_left_out(journey.left_out)
    _exit_if(journey.record.stopped)


@app.command()
def check(case: CaseFolder, as_json: AsJson = False) -> None:
    """Read a case and check it, without planning; nothing is written."""
    from enbloc.adapters.arrival import check_case
    from enbloc.adapters.files.case.intake_forms import intake_form
    from enbloc.adapters.files.json_files import json_text
    from enbloc.adapters.printing import intake_lines, print_lines

    with _progress() as report_progress:
        found, problems = check_case(case, report_progress)
    if as_json:
        print(json_text(intake_form(found, problems)), end="")
    else:
        print_lines(Console(), intake_lines(found, problems))
    _exit_if(any(problem.grade == "stop" for problem in problems))


@app.command()
def classify(
    case: CaseFolder,
    reasons: Annotated[bool, typer.Option("--reasons", help="Also every finding with its status and sources.")] = False,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Also each answer with the tumour grown and shrunken by 1 to 3 mm.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give the answer of every classification, and what would settle it; nothing is written."""
    from enbloc.adapters.files.json_files import json_text
    from enbloc.adapters.files.run.record_forms import classification_form
    from enbloc.adapters.journey import classify_case, compose_document
    from enbloc.adapters.printing import print_lines
    from enbloc.adapters.terminal import reason_lines, sensitivity_lines, sheet_lines

    with _progress() as report_progress:
        record = classify_case(case, report_progress, sensitivity)
    if as_json:
        print(json_text(classification_form(record)), end="")
    else:
        print_lines(Console(), sheet_lines(compose_document(record), record.neighbours, record.held_parts))
        print_lines(Console(), sensitivity_lines(record.sheet, record.sensitivity))
        print_lines(Console(), reason_lines(record.sheet) if reasons else ())
    _exit_if(record.stopped)


@app.command(name="import")
def import_(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder, zip, DICOMDIR or file of DICOM, or a folder of masks.")
    ],
    out: Annotated[Path | None, typer.Option("--out", metavar="CASE", help="Make this case folder.")] = None,
    series: Annotated[int | None, typer.Option("--series", help="Its number in the list. [default: proposed]")] = None,
    deidentify: Annotated[bool, typer.Option("--deidentify", help="Remove the identity (DICOM PS3.15).")] = False,
    keys: Annotated[Path | None, typer.Option("--keys", help="Your key file, which alone knows who it is.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the series of a folder as a person would, and make a case folder of one with --out."""
    from enbloc.adapters.imports.cli import run_import

    with _progress() as report_progress:
        run_import(folder, (out, series, deidentify, keys), as_json, report_progress)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder that `enbloc plan` wrote.")],
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    language: In = None,
    paper: Paper = None,
    as_json: AsJson = False,
) -> None:
    """Say where the report of a run lies, and open it with --open; in another language or on other paper if asked."""
    from enbloc.adapters.files.json_files import json_text
    from enbloc.adapters.files.run.report_files import tell_again

    path, left_out = tell_again(run, language, paper)
    _say_left_out(left_out)
    print(json_text({"report": str(path)}) if as_json else path, end="" if as_json else "\n")
    if show:
        typer.launch(path.as_uri())


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A run folder, or RUN:PLAN for one of its plans.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    as_json: AsJson = False,
) -> None:
    """Say in numbers what differs between two plans, of one run or of two."""
    from enbloc.adapters.comparison import compare_runs, comparison_form, comparison_lines
    from enbloc.adapters.files.json_files import json_text
    from enbloc.adapters.printing import print_lines

    found = compare_runs(a, b)
    if as_json:
        print(json_text(comparison_form(found)), end="")
    else:
        print_lines(Console(), comparison_lines(found))


@app.command(name="export")
def _export(  # its words are options of one command, not arguments of a function
    run: Annotated[Path | None, typer.Argument(metavar="RUN", help="A run folder that `enbloc plan` wrote.")] = None,
    to: Annotated[list[str] | None, typer.Option("--to", metavar="FORMAT", help="A format, or all; repeat it.")] = None,
    plan: Annotated[str | None, typer.Option("--plan", metavar="ID", help="The plan. [default: the first]")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="[default: RUN-export]")] = None,
    case: Annotated[
        Path | None, typer.Option("--case", metavar="CASE", help="The case folder, when it is not where it was.")
    ] = None,
    date: Annotated[
        datetime | None, typer.Option("--date", help="The date of every file. [default: that of the run]")
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the formats.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a plan as files that printers, navigation, 3D Slicer, a PACS or a registry read."""
    from enbloc.adapters.exports.formats import choose_formats, list_form, list_lines
    from enbloc.adapters.files.json_files import json_text
    from enbloc.adapters.printing import print_lines

    if show_list:
        _print_listing({"formats": list_form()}, iter(list_lines()), as_json)
        return
    if run is None:
        raise CallError("no run was named", where="enbloc export", remedy="Say `enbloc export RUN --to FORMAT`.")
    formats = choose_formats(to or ())
    from enbloc.adapters.exports.export import Order, export_run, exported_form, exported_lines

    with _progress() as report_progress:
        found = export_run(Order(run, formats, plan, case, date, out), report_progress)
    if as_json:
        print(json_text(exported_form(found)), end="")
    else:
        print_lines(Console(), exported_lines(found))
    if found.failed:
        raise typer.Exit(1)


@app.command()
def rules(
    system: Annotated[str | None, typer.Argument(metavar="[SYSTEM]", help="One system, such as tomita.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the rule tables with their status and sources; without SYSTEM, the list of systems."""
    from enbloc.adapters.rule_listing import rules_form, rules_lines

    _print_listing(rules_form(system), rules_lines(system), as_json)


@app.command()
def terms(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="One list, such as histology.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a controlled list of words; without KIND, the lists there are."""
    from enbloc.adapters.term_listing import terms_form, terms_lines

    _print_listing(terms_form(kind), terms_lines(kind), as_json)


@app.command()
def schema(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One file, such as 5-plans.")] = None,
) -> None:
    """Print the JSON schema of a file; without NAME, the files there are."""
    from enbloc.adapters.files.json_files import json_text
    from enbloc.adapters.files.schemas.catalogue import SCHEMAS, find_schema

    if name is None:
        print("\n".join(SCHEMAS))
        return
    print(json_text(find_schema(name)), end="")


def _print_listing(form: object, lines: Iterator[tuple[str, str]], as_json: bool) -> None:
    from enbloc.adapters.files.json_files import json_text
    from enbloc.adapters.printing import print_lines

    if as_json:
        print(json_text(form), end="")
    else:
        print_lines(Console(), lines)


def _say_left_out(left_out: str) -> None:
    if left_out:
        print(left_out, file=sys.stderr)


def _exit_if(stopped: bool) -> None:
    if stopped:
        raise typer.Exit(STOPPED)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Tell on stderr what is being done: a moving line on a terminal, one line per step elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: print(f"… {step}", file=sys.stderr)
        return
    with console.status("starting") as status:
        yield lambda step: status.update(escape(step))
