"""The reference pages that are made from the code: `make docs` writes them, and a test fails when one is stale."""

from __future__ import annotations

import ast
import csv
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import typer.main
import yaml

import enbloc
from enbloc.adapters.cli import app
from enbloc.adapters.files.json_files import json_text
from enbloc.adapters.files.schemas.catalogue import SCHEMAS
from enbloc.adapters.term_listing import LISTS
from enbloc.classification.extent import extent_from_typed
from enbloc.foundation.evidence.bibtex import bibliography_rows
from enbloc.intake.case import TypedLevel
from enbloc.report.drawing.wbb_chart import draw_wbb
from enbloc.settings import Settings
from enbloc.strategy.rules_page import rules_page

DOCS = Path(__file__).resolve().parent
SOURCE = Path(enbloc.__file__).resolve().parent

UNITS: Mapping[str, str] = {
    "MM2": "mm²",
    "MM": "mm",
    "ML": "ml",
    "DEG": "degrees",
    "HU": "HU",
    "FRACTION": "share",
    "SHARE": "share",
    "LEVELS": "levels",
}
"""What the end of a name says about its unit."""

STEPS: tuple[str, ...] = (
    "foundation/space",
    "intake",
    "anatomy",
    "classification",
    "reconstruction",
    "resection",
    "strategy",
)
"""The folders whose fixed figures can change an answer."""

MADE = "This page is made from the code by `make docs`; a test fails when it is stale."


def settings_page() -> str:
    """Every knob of every step."""
    parts = ["# Settings", "", MADE, "", "Every knob of a walk: `enbloc.settings.Settings`, composed of one value per "]
    parts[-1] += "step. The values used stand in `record.json` of every run, with their digest."
    for field in attrs.fields(Settings):
        knobs = type(getattr(Settings(), field.name))
        rows = [(f"`{name}`", _default(knobs, name), _unit(name), says) for name, says in _documented(knobs).items()]
        parts += ["", f"## `{field.name}`", "", *_grid(("knob", "default", "unit", "what it is, and why"), rows)]
    return "\n".join([*parts, ""])


def figures_page() -> str:
    """Every figure that is fixed in the code of a step: tolerances, limits, plausible ranges."""
    parts = ["# Fixed figures", "", MADE, "", "Figures that are no knobs but stand in the code of a step, each with "]
    parts[-1] += "its reason. A figure without a source is a choice of the project (`ours`)."
    for step in STEPS:
        rows = [row for path in sorted((SOURCE / step).glob("*.py")) for row in _figures(path)]
        if rows:
            parts += ["", f"## {step}", "", *_grid(("module", "name", "value", "unit", "reason"), rows)]
    return "\n".join([*parts, ""])


def commands_page() -> str:
    """Every command with its arguments and options."""
    group = typer.main.get_command(app)
    parts = ["# Commands", "", MADE, "", f"{group.help} `enbloc --help` and `enbloc COMMAND --help` say the same.", ""]
    parts += ["Exit codes: 0 done · 1 the program or a file failed · 2 wrong call · 3 a check stopped the case."]
    for name, command in _commands(group):
        words = [_usage(parameter) for parameter in command.params]
        parts += ["", f"## enbloc {name}", "", f"`{' '.join(('enbloc', name, *words))}`", "", str(command.help), ""]
        parts += _grid(("word", "what it is", "default"), map(_parameter, command.params))
    return "\n".join([*parts, ""])


def terms_page() -> str:
    """Every controlled list of words."""
    parts = ["# Terms", "", MADE, "", "The words that `case.toml` may use and that the answers are written in; "]
    parts[-1] += "`enbloc terms KIND` prints one list."
    for kind, entries in LISTS.items():
        rows = [(f"`{entry['word']}`", str(entry["says"])) for entry in entries()]
        parts += ["", f"## {kind}", "", *_grid(("word", "what it is"), rows)]
    return "\n".join([*parts, ""])


def schemas_page() -> str:
    """The files that go in and come out, with their keys."""
    parts = [
        "# Files",
        "",
        MADE,
        "",
        "Every file that goes in or comes out, with its JSON schema; `enbloc schema NAME` ",
    ]
    parts[-1] += "prints one."
    for name, schema in SCHEMAS.items():
        parts += ["", f"## {name}", "", f"{schema['title']}. Schema: [{name}.json](schemas/{name}.json)."]
        if keys := schema.get("properties"):
            parts += ["", f"Keys: {', '.join(f'`{key}`' for key in keys)}."]
    return "\n".join([*parts, ""])


def clock_picture() -> str:
    """The WBB clock with an example: tumour in sectors 4-6, layer C."""
    typed = {"L3": TypedLevel(frozenset({4, 5, 6}), frozenset("C"))}
    chart = draw_wbb("L3", extent_from_typed(typed).levels["L3"])
    paper = re.sub(r"(<svg [^>]*>)", r'\1<rect width="100%" height="100%" fill="#ffffff"/>', chart, count=1)
    return paper + "\n"


def knowledge_page() -> str:
    """Every rule of the knowledge tables with its status, and the modules that carry it."""
    lines = ["# Where each rule stands", "", MADE, ""]
    lines += [
        "Every rule of the knowledge tables by its id, with its status there and the modules that carry it: as a row "
        "of a table, as a sentence of an explanation, or as the reason of a figure. The rules in words are on the "
        "[page of the rules](rules.md) and in `enbloc rules`.",
        "",
    ]
    carried = carried_rules()
    rows = [(f"`{rule}`", status, ", ".join(carried.get(rule, ())) or "-") for rule, status in known_rules().items()]
    return "\n".join([*lines, *_grid(("rule", "status in the tables", "modules"), rows), ""])


def known_rules() -> dict[str, str]:
    """Status by rule id, in the order of the knowledge tables."""
    with (DOCS.parent / "tests" / "published" / "rule_statuses.csv").open(encoding="utf-8") as rows:
        return {row["rule"]: row["status"] for row in csv.DictReader(rows)}


def carried_rules() -> dict[str, tuple[str, ...]]:
    """The modules that name each rule, by rule id."""
    found: dict[str, list[str]] = {}
    known = set(known_rules())
    for path in sorted(SOURCE.rglob("*.py")):
        named = set(re.findall(r"(?<![\w-])[A-Z][A-Z0-9]*(?:-\w+)?(?![\w-])", path.read_text("utf-8")))
        named |= set(re.findall(r"(?<![\w-])F\d+b?(?![\w-])", path.read_text("utf-8")))
        for rule in named & known:
            found.setdefault(rule, []).append(f"`{path.relative_to(SOURCE).with_suffix('')}`")
    return {rule: tuple(modules) for rule, modules in found.items()}


def bibliography_file() -> str:
    """The sources as the program reads them."""
    return json_text(bibliography_rows())


def evidence_file() -> str:
    """The evidence items as the program reads them."""
    return json_text(yaml.safe_load((SOURCE / "foundation/evidence/evidence.yaml").read_text("utf-8")))


EVIDENCE = "../src/enbloc/foundation/evidence"
PAGES: Mapping[str, Callable[[], str]] = {
    f"{EVIDENCE}/bibliography.json": bibliography_file,
    f"{EVIDENCE}/evidence.json": evidence_file,
    "reference/rules.md": rules_page,
    "reference/knowledge.md": knowledge_page,
    "reference/settings.md": settings_page,
    "reference/figures.md": figures_page,
    "reference/commands.md": commands_page,
    "reference/terms.md": terms_page,
    "reference/schemas.md": schemas_page,
    "pictures/clock.svg": clock_picture,
    **{f"reference/schemas/{name}.json": partial(json_text, schema) for name, schema in SCHEMAS.items()},
}
"""Every generated file, by its path from `docs/`; what the others are made of comes first."""


def _documented(knobs: type) -> dict[str, str]:
    """Name and description of every parameter in a numpydoc docstring."""
    section = inspect.cleandoc(knobs.__doc__ or "").partition("Parameters\n----------\n")[2]
    found: dict[str, str] = {}
    for name, says in re.findall(r"^(\w+) : [^\n]*\n((?:    [^\n]*\n?)+)", section, flags=re.MULTILINE):
        found[name] = " ".join(says.split())
    fields = {field.name for field in attrs.fields(knobs)}
    assert set(found) == fields, f"{knobs.__name__}: documented {set(found)}, there are {fields}"
    return found


def _default(knobs: type, name: str) -> str:
    value = getattr(knobs(), name)
    return value if isinstance(value, str) else f"{value:g}"


def _unit(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if name.upper().endswith(f"_{end}")), "")


def _figures(path: Path) -> Iterator[tuple[str, ...]]:
    """Constants in capitals that hold numbers only and have a unit or a reason (the string below them)."""
    body = ast.parse(path.read_text("utf-8")).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        reason = _text_of(after)
        for name, value in _assigned(node):
            if _is_figure(value) and (reason or _unit(name)):
                yield (f"`{path.stem}`", f"`{name}`", ast.unparse(value), _unit(name), reason)


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """The names in capitals that a statement assigns, each with its value; ``A, B = 1, 2`` gives two."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    pairs = [(target, node.value)]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        pairs = list(zip(target.elts, node.value.elts, strict=True))
    for name, value in pairs:
        if isinstance(name, ast.Name) and re.fullmatch(r"[A-Z][A-Z0-9_]*", name.id):
            yield name.id, value


def _is_figure(value: ast.expr) -> bool:
    """Numbers, and tuples or simple sums of numbers."""
    inner = [n for n in ast.walk(value) if isinstance(n, ast.Constant)]
    allowed = (ast.Constant, ast.Tuple, ast.UnaryOp, ast.USub, ast.BinOp, ast.Div, ast.Mult, ast.Pow, ast.Load)
    only = all(isinstance(n, allowed) for n in ast.walk(value))
    return only and bool(inner) and all(type(n.value) in (int, float) for n in inner)


def _text_of(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its words; those of a group follow it."""
    for name, command in getattr(group, "commands", {}).items():
        yield before + name, command
        yield from _commands(command, f"{before}{name} ")


def _usage(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    return f"[{_word(parameter)}]"


def _word(parameter: Any) -> str:
    """A parameter as it is typed: ``CASE``, ``--out RUN``, ``--force``."""
    metavar = parameter.metavar or str(parameter.name).upper()
    if parameter.param_type_name == "argument":
        return str(metavar)
    return str(parameter.opts[0]) + ("" if parameter.is_flag else f" {metavar}")


def _parameter(parameter: Any) -> tuple[str, str, str]:
    shown = parameter.default is not None and not getattr(parameter, "is_flag", False)
    return f"`{_word(parameter)}`", str(parameter.help or ""), f"`{parameter.default}`" if shown else ""


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def main() -> None:
    """Write every generated file."""
    for name, make in PAGES.items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), "utf-8")


if __name__ == "__main__":
    main()
