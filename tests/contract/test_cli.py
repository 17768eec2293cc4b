"""The commands: their help, their exit codes, and JSON wherever a machine may read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.main import get_command

from enbloc import __version__
from enbloc.adapters.cli import app
from enbloc.adapters.files.schemas.catalogue import SCHEMAS
from enbloc.foundation.evidence.bibliography import read_bibliography

Command = Callable[..., Any]

COMMANDS = (
    "demo",
    "plan",
    "check",
    "classify",
    "import",
    "report",
    "compare",
    "export",
    "rules",
    "terms",
    "schema",
    "pacs",
)
TYPED = """
[case]
id = "typed"
[clinical]
age_years = 47
histology = "chordoma"
biopsy_confirmed = true
grade = "low"
metastases = "none"
[extent]
numbering = "original"
[extent.levels.L3]
sectors = "5-9"
layers = "BC"
"""


@pytest.fixture
def typed_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "typed"
    folder.mkdir()
    (folder / "case.toml").write_text(TYPED)
    return folder


def test_exactly_the_commands_that_work_are_shown(enbloc: Command) -> None:
    assert tuple(get_command(app).commands) == COMMANDS
    answer = enbloc("--help")
    assert answer.code == 0
    for command in COMMANDS:
        assert command in answer.out
    assert "serve" not in answer.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(enbloc: Command, command: str) -> None:
    answer = enbloc(command, "--help")
    assert answer.code == 0
    assert "Usage" in answer.out
    assert answer.err == ""


def test_the_version_is_told(enbloc: Command) -> None:
    answer = enbloc("--version")
    assert (answer.code, answer.out) == (0, f"enbloc {__version__}\n")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("plam",),
        ("plan",),
        ("plan", "a", "b"),
        ("plan", "--what"),
        ("terms", "histologie"),
        ("schema", "plns"),
        ("rules", "tomito"),
    ],
)
def test_a_wrong_call_is_2(enbloc: Command, words: tuple[str, ...]) -> None:
    answer = enbloc(*words)
    assert answer.code == 2
    assert "Traceback" not in answer.out + answer.err


@pytest.mark.parametrize(("words", "meant"), [(("terms", "histologie"), "histology"), (("schema", "plns"), "plans")])
def test_a_wrong_word_names_the_nearest(enbloc: Command, words: tuple[str, ...], meant: str) -> None:
    assert f"'{meant}'" in enbloc(*words).err


@pytest.mark.parametrize("kind", ["histology", "structures", "levels", "surgery", "schemes", "findings"])
def test_terms_are_listed_as_text_and_as_json(enbloc: Command, kind: str) -> None:
    words = [term["word"] for term in json.loads(enbloc("terms", kind, "--json").out)["terms"]]
    assert words
    text = enbloc("terms", kind).out
    assert [line.split()[0] for line in text.splitlines()] == words


def test_the_lists_are_named(enbloc: Command) -> None:
    assert "histology" in json.loads(enbloc("terms", "--json").out)["kinds"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_printed_and_is_one(enbloc: Command, name: str) -> None:
    schema = json.loads(enbloc("schema", name).out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema == SCHEMAS[name]
    assert json.loads(enbloc("schema", f"{name}.json").out) == schema


def test_the_rules_of_each_system_stand_with_status_and_known_sources(enbloc: Command) -> None:
    systems = json.loads(enbloc("rules", "--json").out)["systems"]
    assert {"enneking", "tnm", "tomita", "mclain_weinstein", "escc", "sins", "sacral", "tokuhashi"} <= set(systems)
    known = set(read_bibliography())
    for system in systems:
        rules = json.loads(enbloc("rules", system, "--json").out)
        rows = [row for table in rules["tables"] for row in table["rows"]]
        assert rows
        for row in rows:
            assert row["status"]
            assert set(row["cites"]) <= known
        assert enbloc("rules", system).out.strip()


def test_check_says_what_arrived(enbloc: Command, small_folder: Path) -> None:
    answer = enbloc("check", small_folder)
    assert answer.code == 0
    assert "vertebra_L2" in answer.out
    intake = json.loads(enbloc("check", small_folder, "--json").out)
    jsonschema.validate(intake, SCHEMAS["1-intake"])
    assert intake["problems"] == []
    assert sorted(path.name for path in small_folder.parent.iterdir()) == ["small"]


def test_check_of_a_stopped_case_is_3(enbloc: Command, small_folder: Path) -> None:
    text = (small_folder / "case.toml").read_text().replace("age_years = 50.0", "age_years = 400")
    (small_folder / "case.toml").write_text(text)
    answer = enbloc("check", small_folder)
    assert answer.code == 3
    assert "400" in answer.out
    assert json.loads(enbloc("check", small_folder, "--json").out)["stopped"] is True


def test_classify_answers_for_every_system_of_the_contract(enbloc: Command, typed_folder: Path) -> None:
    answers = json.loads(enbloc("classify", typed_folder, "--json").out)
    jsonschema.validate(answers, SCHEMAS["3-classification"])
    contract = "enneking tnm wbb tomita mclain_weinstein escc sins sacral tokuhashi tomita_score"
    assert set(contract.split()) <= set(answers)
    assert answers["wbb"]["levels"]["L3"]["sectors"] == [4, 5, 6, 7, 8]
    assert answers["wbb"]["numbering"] == "sosg"
    assert answers["tomita_score"]["applies"] is False
    assert enbloc("classify", typed_folder).code == 0


def test_plan_writes_beside_the_case_and_prints_the_answer(enbloc: Command, typed_folder: Path) -> None:
    answer = enbloc("plan", typed_folder)
    assert answer.code == 0
    run = typed_folder.with_name("typed-run")
    assert str(run / "6-report.html") in answer.out
    for word in ("Classification", "En bloc", "Plans", "Rejected", "Not known"):
        assert word in answer.out
    report = enbloc("report", run)
    assert (report.code, report.out.strip()) == (0, str(run / "6-report.html"))
    assert json.loads(enbloc("report", run, "--json").out) == {"report": str(run / "6-report.html")}


def test_plan_twice_gives_the_same_bytes(enbloc: Command, typed_folder: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert enbloc("plan", typed_folder, "--out", tmp_path / name).code == 0
    one, two = tmp_path / "one", tmp_path / "two"
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    differing = [str(name) for name in names if (one / name).read_bytes() != (two / name).read_bytes()]
    assert set(differing) <= {"record.json"}


def test_plan_for_a_machine_is_json_alone(enbloc: Command, typed_folder: Path, tmp_path: Path) -> None:
    answer = enbloc("plan", typed_folder, "--out", tmp_path / "run", "--json")
    printed = json.loads(answer.out)
    written = json.loads((tmp_path / "run" / "5-plans.json").read_text())
    assert {key: printed[key] for key in written} == written
    assert printed["run"] == str(tmp_path / "run")


def test_every_source_that_is_cited_is_in_the_bibliography(enbloc: Command, typed_folder: Path, tmp_path: Path) -> None:
    enbloc("plan", typed_folder, "--out", tmp_path / "run")
    known = set(read_bibliography())
    cited: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            cited.update(value.get("cites", ()))
            for item in value.values():
                collect(item)
        if isinstance(value, list):
            for item in value:
                collect(item)

    for path in (tmp_path / "run").glob("*.json"):
        collect(json.loads(path.read_text()))
    assert cited
    assert cited <= known


def test_the_program_starts_as_one(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("enbloc")
    found = subprocess.run([program, "check", tmp_path / "no"], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "there is no such case folder" in found.stderr
    assert "Traceback" not in found.stderr
