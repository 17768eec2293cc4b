"""Published risks are said once, each with count, interval, series and how the patient differs, in both languages."""

from __future__ import annotations

from functools import lru_cache

import pytest

from enbloc.foundation.evidence.bibliography import read_bibliography
from enbloc.intake.case import Case, TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.report.catalogue import Catalogue, read_messages
from enbloc.report.compose import compose
from enbloc.report.document import Document, ReportInput, Section
from enbloc.report.language import Language, in_language
from enbloc.report.risk_page import RATES_TITLE
from enbloc.resection.plans import Risk
from enbloc.settings import Settings
from enbloc.walk import Record, walk

MIDDLE = frozenset({5, 6, 7, 8})


@lru_cache
def walked(
    levels: tuple[str, ...], histology: str, before: bool = False, left: bool = False
) -> tuple[Record, Document]:
    told = {"prior_surgery": True, "prior_radiotherapy": True, "age_years": 70.0} if before else {}
    clinical = Clinical(histology=histology, metastases="none", **told)
    sectors, layers = (frozenset({4, 5, 6}), "ABC") if left else (MIDDLE, "BC")
    typed = {level: TypedLevel(sectors, frozenset(layers)) for level in levels}
    record = walk(Case("x", clinical, typed_extent=typed), Settings())
    shown = ReportInput(
        record.case, record.problems, record.extent, record.sheet, record.indication, record.plans, record.rejected
    )
    return record, compose(shown, read_bibliography())


def section(document: Document, title: str) -> Section:
    return next(section for section in document.sections if section.title == title)


def test_every_rate_stands_once_with_all_that_belongs_to_it() -> None:
    record, document = walked(("C4",), "chordoma")
    table = section(document, RATES_TITLE).table
    assert table is not None and len(table.rows) == len(set(table.rows)) == len(table.notes)
    rates = {r.says for p in record.plans for r in p.risks if isinstance(r, Risk) and r.counted}
    assert len(table.rows) == len(rates)
    for (_, share, patients, series, differs), note in zip(table.rows, table.notes, strict=True):
        assert "(" in share and ("/" in patients or "% of " in patients) and series and differs
        assert note.status and note.cites


def test_a_plan_repeats_nothing_that_is_said_for_all() -> None:
    _, document = walked(("C4",), "chordoma")
    elsewhere = {note.says for one in document.sections for note in one.notes}
    elsewhere |= {row[0] for one in document.sections if one.table for row in one.table.rows}
    assert not [n.says for page in document.plans for n in (*page.risks, *page.because) if n.says in elsewhere]
    assert len({page.id for page in document.plans if any("published" in f.name for f in page.facts)}) == 3


def test_both_sides_of_the_margin_have_their_interval_and_stand_once() -> None:
    _, document = walked(("C4",), "chordoma")
    table = section(document, "Local recurrence by margin, as published").table
    assert table is not None
    assert [(row[1], row[3]) for row in table.rows] == [
        ("14 of 70: 20\N{NO-BREAK SPACE}% (12 to 31)", "57 of 77: 74\N{NO-BREAK SPACE}% (63 to 83)"),
        ("1 of 51: 2\N{NO-BREAK SPACE}% (0 to 10)", "7 of 35: 20\N{NO-BREAK SPACE}% (10 to 36)"),
    ]


def test_what_speaks_for_one_plan_alone_names_it() -> None:
    record, document = walked(("T7", "T8"), "lung_carcinoma")
    table = section(document, RATES_TITLE).table
    assert table is not None
    only = {p.id for p in record.plans if any(isinstance(r, Risk) and r.rule == "RAT-11" for r in p.risks)}
    named = {row[0] for row in table.rows if "for p" in row[0]}
    assert bool(only) == any("Major complication (for" in name for name in named)


def test_a_series_that_differs_from_one_plan_alone_stands_once_and_names_that_plan() -> None:
    record, document = walked(("T8",), "chordoma", left=True)
    assert len({plan.family for plan in record.plans}) > 2
    table = section(document, RATES_TITLE).table
    assert table is not None
    counts = [(row[2], row[3]) for row in table.rows if row[0].startswith(("Failure", "Fracture"))]
    assert len(counts) == len(set(counts)) == 3
    failed = next(row for row in table.rows if row[0] == "Failure of the instruments")
    other = next(plan for plan in record.plans if plan.family == "chest_wall_combined")
    assert other.id in failed[-1] and "the series is of vertebrectomy, this plan of" in failed[-1]


def test_earlier_treatment_sets_the_patient_apart_from_every_series() -> None:
    _, document = walked(("L2", "L3"), "chordoma", before=True)
    table = section(document, RATES_TITLE).table
    assert table is not None
    assert all("operated on before" in row[-1] and "irradiated" in row[-1] for row in table.rows)


@pytest.mark.parametrize("levels", [("C4",), ("T8",), ("L2", "L3"), ("S2", "S3")])
@pytest.mark.parametrize("histology", ["chordoma", "giant_cell_tumour", "renal_cell_carcinoma"])
def test_the_sections_are_said_in_chinese(levels: tuple[str, ...], histology: str) -> None:
    catalogue = Catalogue(read_messages("zh.po"))
    _, document = walked(levels, histology, before=True)
    for one in document.sections:
        in_language(one, Language("zh", "zh-Hans", catalogue.say))
    assert list(catalogue.missing) == []
