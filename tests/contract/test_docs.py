"""The documentation tells the truth: generated pages are fresh, links lead somewhere, and the walk runs."""

from __future__ import annotations

import doctest
import re
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from enbloc import __version__
from enbloc.adapters.cli import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
IDS = [str(path.relative_to(ROOT)) for path in PAGES]
GENERATOR = runpy.run_path(str(DOCS / "generate.py"))
MADE: Mapping[str, Callable[[], str]] = GENERATOR["PAGES"]
ELSEWHERE = "reference/rules.md"
"""Compared in tests/published."""
MOST_PICTURE_BYTES = 300_000
MOST_CONCEPT_LINES = 120


def headings(page: Path) -> set[str]:
    """The anchors of a page, made as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in found}


def prose(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("name", [name for name in MADE if name != ELSEWHERE])
def test_a_page_made_from_the_code_is_fresh(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == MADE[name](), "run `make docs`"


def test_no_generated_page_is_left_over() -> None:
    there = {str(path.relative_to(DOCS)) for path in (DOCS / "reference").rglob("*") if path.is_file()}
    assert there == {name for name in MADE if name.startswith("reference/")}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        inside = path.is_relative_to(ROOT) and path.exists()
        if not inside or (anchor and anchor not in headings(path)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_no_page_names_a_place_on_one_machine(page: Path) -> None:
    homes = "|".join(("work", "home", "root", "tmp", "Users", "mnt", "opt", "usr"))
    assert re.findall(rf"(?<![\w.\])/])/(?:{homes})/|[A-Z]:\\|file://", page.read_text("utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_command_and_target_that_a_page_names_exists(page: Path) -> None:
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", page.read_text("utf-8"), flags=re.DOTALL))
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {group.name for group in app.registered_groups if group.name}
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = re.findall(r"^`?(enbloc|make) ([a-z][a-z-]*)", code, flags=re.MULTILINE)
    assert {word for program, word in named if program == "enbloc"} <= commands
    assert {word for program, word in named if program == "make"} <= targets


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_file_and_module_that_a_page_names_exists(page: Path) -> None:
    files = set(re.findall(r"`((?:src|tests|docs|benchmarks)/[\w./-]+\.\w+)", prose(page)))
    assert [name for name in sorted(files) if not (ROOT / name).exists()] == []


def test_the_walk_runs_as_it_is_printed() -> None:
    found = doctest.testfile(str(DOCS / "walk.md"), module_relative=False)
    assert found.attempted > 30
    assert found.failed == 0


def test_every_concept_fits_in_one_reading() -> None:
    pages = sorted((DOCS / "concepts").glob("*.md"))
    assert pages
    assert [page.name for page in pages if len(page.read_text("utf-8").splitlines()) >= MOST_CONCEPT_LINES] == []


def test_every_decision_is_listed_and_has_the_four_parts() -> None:
    index = (DOCS / "decisions" / "README.md").read_text("utf-8")
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text("utf-8")
        assert f"]({page.name})" in index
        assert text.startswith(f"# {page.name[:4]} ")
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == [
            "Context", "Choice", "Alternatives", "Consequence",
        ]  # fmt: skip


def test_every_page_can_be_reached_from_the_first() -> None:
    seen, open_ = set(), [ROOT / "README.md"]
    while open_:
        page = open_.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        targets = re.findall(r"\]\(([^)\s#]+)[^)\s]*\)", prose(page))
        linked = [(page.parent / target).resolve() for target in targets if not target.startswith("http")]
        open_ += [path / "README.md" if path.is_dir() and (path / "README.md").exists() else path for path in linked]
    assert set(PAGES) - seen == set()


def test_pictures_are_small_and_used() -> None:
    words = "".join(page.read_text("utf-8") for page in PAGES)
    for picture in (DOCS / "pictures").iterdir():
        assert picture.stat().st_size < MOST_PICTURE_BYTES
        assert picture.name in words


def test_the_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == __version__
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "### Changed clinical behaviour" in (ROOT / "CHANGELOG.md").read_text("utf-8")
