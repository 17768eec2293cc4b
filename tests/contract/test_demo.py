"""`enbloc demo` on a bare machine: it builds a case, plans it, and what it writes holds together."""

from __future__ import annotations

import bisect
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import trimesh
from pypdf import PdfReader

from enbloc.adapters.files.images.nifti import read_nifti
from enbloc.adapters.files.schemas.catalogue import SCHEMAS
from enbloc.foundation.evidence.bibliography import read_bibliography

PROGRAM = Path(sys.executable).with_name("enbloc")


def run(folder: Path, *words: str, seed: str = "0") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the demonstration ran."""
    folder = tmp_path_factory.mktemp("demo")
    found = run(folder, "demo")
    assert found.returncode == 0, found.stderr
    (folder / "printed.txt").write_text(found.stdout)
    return folder


def test_the_demonstration_prints_the_answer_and_where_the_report_lies(demo: Path) -> None:
    printed = (demo / "printed.txt").read_text()
    assert "L3" in printed
    assert "Tomita" in printed
    assert printed.rstrip().endswith("6-report.html")
    assert (demo / "enbloc-demo-run" / "6-report.html").stat().st_size > 10_000
    assert (demo / "enbloc-demo-run" / "6-report.pdf").read_bytes().startswith(b"%PDF-")
    assert sorted(path.name for path in demo.iterdir()) == ["enbloc-demo", "enbloc-demo-run", "printed.txt"]


def test_every_file_follows_its_schema(demo: Path) -> None:
    files = sorted((demo / "enbloc-demo-run").rglob("*.json"))
    assert len(files) >= 7
    for path in files:
        jsonschema.validate(json.loads(path.read_text()), SCHEMAS[path.stem])


def test_specimen_and_remainder_hold_together(demo: Path) -> None:
    folder = demo / "enbloc-demo-run"
    plan = json.loads((folder / "5-plans.json").read_text())["plans"][0]
    specimen, remainder = (
        read_nifti(folder / "plan" / plan["id"] / f"{name}.nii.gz", name).values > 0
        for name in ("specimen", "remainder")
    )
    tumour = read_nifti(folder / "scene" / "tumour.nii.gz", "tumour")
    assert not (specimen & remainder).any()
    assert not ((tumour.values > 0) & ~specimen).any()
    assert specimen.sum() * tumour.grid.voxel_ml == pytest.approx(plan["specimen_ml"], abs=1e-4)
    mesh = trimesh.load(folder / "plan" / plan["id"] / "specimen.stl")
    assert mesh.is_watertight
    assert mesh.volume / 1000.0 == pytest.approx(plan["specimen_ml"], rel=0.01)


def test_cut_normals_point_out_of_the_specimen(demo: Path) -> None:
    folder = demo / "enbloc-demo-run"
    plan = json.loads((folder / "5-plans.json").read_text())["plans"][0]
    tumour = read_nifti(folder / "scene" / "tumour.nii.gz", "tumour")
    points = tumour.grid.to_patient(np.argwhere(tumour.values > 0))
    assert plan["cuts"]
    for cut in plan["cuts"]:
        normal = np.array(cut["normal"])
        assert np.linalg.norm(normal) == pytest.approx(1.0, abs=1e-5)
        assert ((points - np.array(cut["origin_mm"])) @ normal).max() < 0.0


def test_every_source_is_in_the_bibliography(demo: Path) -> None:
    text = "".join(path.read_text() for path in (demo / "enbloc-demo-run").glob("*-*.json"))
    cited = {key for line in text.splitlines() if '"cites": [' in line for key in line.split('"')[3::2]}
    assert cited
    assert cited <= set(read_bibliography())


def test_planning_again_with_another_hash_seed_gives_the_same_bytes(demo: Path, tmp_path: Path) -> None:
    again = run(demo, "plan", "enbloc-demo", "--out", str(tmp_path / "again"), seed="4711")
    assert again.returncode == 0, again.stderr
    one, two = demo / "enbloc-demo-run", tmp_path / "again"
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    assert [str(n) for n in names if (one / n).read_bytes() != (two / n).read_bytes()] in ([], ["record.json"])


def test_the_demonstration_leaves_other_folders_alone(tmp_path: Path) -> None:
    (tmp_path / "enbloc-demo").mkdir()
    (tmp_path / "enbloc-demo" / "mine.txt").write_text("x")
    found = run(tmp_path, "demo")
    assert found.returncode == 1
    assert "--folder" in found.stderr
    assert [path.name for path in tmp_path.rglob("*.*")] == ["mine.txt"]


def words_of(page: Path) -> str:
    """What a page says, without styles, scripts and drawings' coordinates."""
    text = page.read_text("utf-8")
    text = re.sub(r"<(style|script)[^>]*>.*?</\1>", " ", text, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", text))


def test_told_in_chinese_the_report_holds_the_same_numbers_and_levels(demo: Path) -> None:
    found = run(demo, "report", "enbloc-demo-run", "--language", "zh")
    assert found.returncode == 0, found.stderr
    english, chinese = (demo / "enbloc-demo-run" / name for name in ("6-report.html", "6-report-zh.html"))
    assert found.stdout.strip() == str(chinese.resolve())
    for what in (r"[−-]?\d+(?:\.\d+)?", r"(?<![A-Za-z\d])[CTLS]\d{1,2}(?![A-Za-z\d])"):
        one, other = (Counter(re.findall(what, words_of(page))) for page in (english, chinese))
        assert one == other
    page = chinese.read_text("utf-8")
    assert '<html lang="zh-Hans">' in page
    assert set(re.findall(r'class="foreign">([^<]+)<', page)) == set()
    said = re.sub(r'<(style|script|ol class="sources)[^>]*>.*?</(style|script|ol)>', " ", page, flags=re.DOTALL)
    said = " ".join(re.findall(r">([^<>]+)<", said))
    assert re.findall(r"(?:(?<![A-Za-z`/.])[a-z]+ ){3,}", said) == []
    pages = demo / "enbloc-demo-run" / "6-report-zh.pdf"
    if pages.exists():
        assert numbers_of_pages(pages) - numbers_told(demo / "enbloc-demo-run") == set()
    (demo / "enbloc-demo-run" / "6-report-zh.html").unlink()
    (demo / "enbloc-demo-run" / "6-report-zh.pdf").unlink(missing_ok=True)


PLAIN = re.compile(r"\d+(?:\.\d+)?")
SHOWN = re.compile(r"(?<![\w.])[−-]?\d+(?:\.\d+)?(?!\w)")


def recorded(folder: Path) -> list[float]:
    """Every number of the run's JSON files but the report's own, as they are, negated and as per cent, sorted."""

    def numbers(value: object) -> Iterator[float]:
        if isinstance(value, dict):
            for key, item in value.items():
                yield from numbers(key)
                yield from numbers(item)
        elif isinstance(value, list):
            for item in value:
                yield from numbers(item)
        elif isinstance(value, str):
            yield from (float(found.replace("−", "-")) for found in re.findall(r"[−-]?\d+(?:\.\d+)?", value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield float(value)

    files = [path for path in folder.rglob("*.json") if path.name != "6-report.json"]
    plain = {number for path in files for number in numbers(json.loads(path.read_text()))}
    return sorted({sign * scale * number for number in plain for sign in (1, -1) for scale in (1, 100)})


def stands(shown: str, known: list[float]) -> bool:
    """Whether a number, as printed, is a recorded one rounded to its decimals."""
    value = float(shown.replace("−", "-"))
    half = 0.5 * 10.0 ** -len(shown.partition(".")[2]) + 1e-6
    at = bisect.bisect_left(known, value - half)
    return at < len(known) and known[at] <= value + half


def said_in(document: dict[str, object]) -> Iterator[str]:
    """Every sentence of the document but references, digests, keys and rules."""
    for key, value in document.items():
        if key in ("sources", "inputs", "provenance", "cites", "rule"):
            continue
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, dict):
                yield from said_in(item)
            elif isinstance(item, str):
                yield item
            elif isinstance(item, list):
                yield from (text for text in item if isinstance(text, str))


def test_every_number_shown_stands_in_the_record(demo: Path) -> None:
    folder = demo / "enbloc-demo-run"
    known = recorded(folder)
    document = json.loads((folder / "6-report.json").read_text())["document"]
    shown = {number: text for text in said_in(document) for number in SHOWN.findall(text)}
    assert len(shown) > 150
    assert {number: text for number, text in shown.items() if not stands(number, known)} == {}
    assert not stands("987.65", known) and not stands("0.123456", known), "the test can fail"


def numbers_told(folder: Path) -> set[str]:
    """Every number of the document and of the words in its drawings."""
    content = json.loads((folder / "6-report.json").read_text())
    drawn = " ".join(re.findall(r">([^<>]+)<", json.dumps(content["pictures"])))
    return set(PLAIN.findall(json.dumps(content["document"], ensure_ascii=False))) | set(PLAIN.findall(drawn))


def numbers_of_pages(path: Path) -> set[str]:
    """Every number on the pages but digests, references, their numbers and the numbers of the pages."""
    pages = PdfReader(path).pages
    text = " ".join(page.extract_text() for page in pages)
    for head, end in (
        ("Provenance|来源与校验", "How well each statement is known|各陈述的可靠程度"),
        ("\nSources\n|\n文献\n", "$"),
    ):
        text = re.sub(f"({head}).*?({end})", " ", text, flags=re.DOTALL)
    counted = {str(n) for n in range(1, len(pages) + 1)} | set(re.findall(r"\[(\d+)\]", text))
    return set(PLAIN.findall(text)) - counted


def test_the_pages_show_no_number_that_the_document_does_not_hold(demo: Path) -> None:
    folder = demo / "enbloc-demo-run"
    found = numbers_of_pages(folder / "6-report.pdf")
    assert len(found) > 100
    assert found - numbers_told(folder) == set()


def test_the_page_shows_no_number_that_the_document_does_not_hold(demo: Path) -> None:
    folder = demo / "enbloc-demo-run"
    page = (folder / "6-report.html").read_text("utf-8")
    body = re.sub(r'<h2 id="legend">.*?<h2 id="sources">', " ", page, flags=re.DOTALL)
    body = re.sub(r"<(style|script|svg|ol)[^>]*>.*?</\1>", " ", body, flags=re.DOTALL)
    text = unescape(re.sub(r"<[^>]+>", " ", body))
    cited = set(re.findall(r"\[(\d+)\]", text))
    assert set(PLAIN.findall(text)) - cited - numbers_told(folder) == set()
