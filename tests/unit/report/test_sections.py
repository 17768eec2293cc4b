"""Sections in their simplest form: shown in order, cited, escaped."""

from __future__ import annotations

import attrs
import pytest

from enbloc.foundation.evidence.bibliography import Source
from enbloc.report import sections
from enbloc.report.compose import compose
from enbloc.report.document import Fact, Note, ReportInput, Section, Table
from enbloc.report.drawing.pictures import Pictures
from enbloc.report.html import render_report

FULL = Section(
    "Sensitivity",
    (Note("It <b>moves</b>.", "ours", ("fisher2011",)),),
    (Fact("drawn", "200"),),
    Table(("what", "how far"), (("cranial cut", "3.1 mm"),)),
)


def test_a_section_is_shown_cited_and_escaped(
    walked: ReportInput, citations: dict[str, Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "CASE_SECTIONS", (lambda *_: None, lambda *_: FULL))
    monkeypatch.setattr(sections, "PLAN_SECTIONS", (lambda *_: attrs.evolve(FULL, title="Within the plan"),))
    bare = attrs.evolve(walked, indication=None)
    document = compose(bare, citations)
    assert document.sections == (FULL,)
    assert "fisher2011" in {source.key for source in document.sources}
    page = render_report(document, Pictures())
    assert "It &lt;b&gt;moves&lt;/b&gt;." in page and "<b>moves" not in page
    within, after = page.index("Within the plan"), page.rindex(">Sensitivity<")
    order = [page.index(words, after) for words in (">drawn<", "how far", "3.1 mm")]
    assert within < after < order[0] and order == sorted(order)
