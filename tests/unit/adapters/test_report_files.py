"""The report's files: pages with their fonts inside, the same bytes twice, told again without planning."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import typst
from pypdf import PdfReader

from enbloc.adapters.files.run import pdf
from enbloc.adapters.files.run.report_files import Manner, Told, document_file, parse_manner, report_files, tell_again
from enbloc.adapters.files.run.run_folder import write_run
from enbloc.errors import CallError, FileError
from enbloc.intake.case import Case
from enbloc.report.compose import compose
from enbloc.report.document import ReportInput
from enbloc.report.drawing.pictures import Pictures
from enbloc.settings import Settings
from enbloc.walk import Record


@pytest.fixture
def told(small_case: Case) -> Told:
    return Told(compose(ReportInput(small_case), {}), Pictures(), Manner())


def pages_of(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def test_the_pages_hold_the_words_and_their_fonts(told: Told) -> None:
    files, left_out = report_files(told)
    assert list(files) == ["6-report.html", "6-report.pdf"] and left_out == ""
    pages = pages_of(files["6-report.pdf"])
    text = pages.pages[0].extract_text()
    assert "small" in text and "chordoma, low grade (biopsy confirmed)" in text
    assert pages.metadata is not None and pages.metadata.title == "small: en bloc resection report"
    for page in pages.pages:
        for font in page["/Resources"]["/Font"].values():
            (inner,) = font.get_object()["/DescendantFonts"]
            described = inner.get_object()["/FontDescriptor"].get_object()
            assert any(key.startswith("/FontFile") for key in described), "the font is embedded"


@pytest.mark.parametrize(("paper", "width_mm", "height_mm"), [("a4", 210.0, 297.0), ("letter", 215.9, 279.4)])
def test_the_paper_is_the_one_asked_for(told: Told, paper: str, width_mm: float, height_mm: float) -> None:
    files, _ = report_files(attrs.evolve(told, manner=parse_manner(None, paper)))
    for page in pages_of(files["6-report.pdf"]).pages:
        found = [float(x) * 25.4 / 72.0 for x in page.mediabox[2:]]
        assert found == pytest.approx([width_mm, height_mm], abs=0.1)


def test_the_same_document_gives_the_same_bytes(told: Told) -> None:
    assert report_files(told) == report_files(told)


def test_without_a_chinese_font_the_page_is_written_and_the_remedy_said(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "CHINESE_FONTS", ("No Such Font",))
    named = attrs.evolve(told, document=attrs.evolve(told.document, case_id="病例"))
    files, left_out = report_files(named)
    assert list(files) == ["6-report.html"]
    assert "apt-get install" in left_out


@pytest.fixture
def chinese_font() -> None:
    """Skips where no font has Chinese characters, unless ENBLOC_REQUIRE_ALL=1 demands one."""
    if not set(pdf.CHINESE_FONTS) & set(typst.Fonts().families()):
        if os.environ.get("ENBLOC_REQUIRE_ALL") == "1":
            pytest.fail("no font has Chinese characters, and ENBLOC_REQUIRE_ALL=1 demands one")
        pytest.skip("no font has Chinese characters")


@pytest.mark.usefixtures("chinese_font")
def test_chinese_prints_and_its_font_is_embedded(told: Told) -> None:
    files, left_out = report_files(attrs.evolve(told, manner=parse_manner("zh", None)))
    assert left_out == ""
    pages = pages_of(files["6-report.pdf"])
    text = "".join(page.extract_text() for page in pages.pages)
    assert "整块切除报告" in text and "脊索瘤" in text and "chordoma" not in text
    assert files == report_files(attrs.evolve(told, manner=parse_manner("zh", None)))[0]


@pytest.fixture
def run(told: Told, small_case: Case, tmp_path: Path) -> Path:
    files, _ = report_files(told)
    write_run(Record(small_case, Settings(), ()), tmp_path / "run", {**files, "6-report.json": document_file(told)})
    return tmp_path / "run"


def test_told_again_on_other_paper_stands_beside_the_first(run: Path, enbloc: Callable[..., Any]) -> None:
    before = {path: path.read_bytes() for path in run.iterdir()}
    answer = enbloc("report", run, "--paper", "letter")
    assert answer.code == 0 and answer.out.strip().endswith("6-report-letter.pdf")
    assert {path: path.read_bytes() for path in run.iterdir() if path in before} == before
    assert Path(answer.out.strip()).read_bytes()[:5] == b"%PDF-"


def test_asked_for_what_it_is_the_report_is_only_found(run: Path) -> None:
    names = sorted(run.iterdir())
    assert tell_again(run, None, None) == (run / "6-report.html", "")
    assert tell_again(run, "en", "a4") == (run / "6-report.html", "")
    assert sorted(run.iterdir()) == names


def test_pages_that_are_missing_are_made(run: Path) -> None:
    before = (run / "6-report.pdf").read_bytes()
    (run / "6-report.pdf").unlink()
    tell_again(run, None, None)
    assert (run / "6-report.pdf").read_bytes() == before


def test_what_is_not_there_is_refused(run: Path) -> None:
    with pytest.raises(CallError, match="no paper"):
        tell_again(run, None, "b5")
    with pytest.raises(CallError, match="no language"):
        tell_again(run, "klingon", None)
    content = json.loads((run / "6-report.json").read_text())
    del content["document"]["plans"]
    (run / "6-report.json").write_text(json.dumps(content))
    with pytest.raises(FileError, match="cannot be read"):
        tell_again(run, None, "letter")
