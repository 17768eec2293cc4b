"""Published figures: each is in its evidence item, speaks for whom it fits, and its interval follows from its count."""

from __future__ import annotations

import attrs
import pytest
from statsmodels.stats.proportion import proportion_confint

from enbloc.classification.extent import extent_from_typed
from enbloc.classification.sheet import classify
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.items import read_items
from enbloc.intake.case import TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.resection.families import enumerate_options
from enbloc.resection.plans import Plan, Risk
from enbloc.resection.settings import ResectionSettings
from enbloc.strategy.indication.indication import judge_indication
from enbloc.strategy.outcome import risk_tables
from enbloc.strategy.outcome.risk import list_risks, wilson
from enbloc.strategy.search import Known, search


def plans(level: str = "T8", sectors: frozenset[int] = frozenset({5, 6}), **facts: object) -> tuple[Plan, ...]:
    clinical = Clinical(**{"biopsy_confirmed": True, "metastases": "none", **facts})
    extent = extent_from_typed({level: TypedLevel(sectors, frozenset("BC"))})
    sheet = classify(extent, clinical)
    options, _ = enumerate_options(extent, sheet, clinical)
    known = Known(None, extent, sheet, clinical, judge_indication(clinical, sheet, extent))
    return search(options, known, ResectionSettings(), lambda _: None)[0]


def risks(level: str = "T8", family: str = "vertebrectomy", **facts: object) -> tuple[Risk, ...]:
    plan = next(plan for plan in plans(level, **facts) if plan.family == family)
    return tuple(risk for risk in plan.risks if isinstance(risk, Risk))


def rules(found: tuple[Risk, ...]) -> set[str]:
    return {risk.rule for risk in found}


@pytest.mark.parametrize(
    "rate", (*risk_tables.RATES, *risk_tables.FAILURES), ids=lambda rate: f"{rate.rule} {rate.item} {rate.outcome}"
)
def test_every_rate_is_printed_in_its_item(rate: risk_tables.Rate) -> None:
    item = read_items()[rate.item]
    text = f"{dict(item.numbers)} {item.note} {item.claim}"
    counted = rate.events is not None and any(str(rate.events) == figure for figure in text.replace("/", " ").split())
    assert counted or f"{rate.percent:g}" in text or str(rate.events) in text
    assert item.n == rate.n


@pytest.mark.parametrize("row", risk_tables.RECURRENCE, ids=lambda row: row.rule)
def test_every_recurrence_is_printed_in_its_item(row: risk_tables.Recurrence) -> None:
    item = read_items()[row.item]
    text = str(dict(item.numbers))
    if row.rule == "MAR-12":  # types I and II added up: 4/14 + 6/26 and 15/21 + 7/9
        assert row.better_n == (4 + 6, 14 + 26)
        assert row.worse_n == (15 + 7, 21 + 9)
        return
    for count in (row.better_n, row.worse_n):
        assert count is None or f"{count[0]}/{count[1]}" in text


@pytest.mark.parametrize(("events", "n"), [(0, 9), (1, 51), (7, 216), (24, 30), (5, 5)])
def test_the_interval_is_that_of_another_program(events: int, n: int) -> None:
    low, high = proportion_confint(events, n, method="wilson")
    found = wilson(events, n)
    assert found.value == pytest.approx(events / n)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_a_series_is_shown_to_those_whom_it_fits() -> None:
    assert {"RAT-4", "RAT-14"} <= rules(risks("T8"))
    assert not {"RAT-4", "RAT-9", "RAT-12"} & rules(risks("C4"))
    assert "RAT-9" in rules(risks("L2"))
    assert "RAT-10" in rules(risks(age_years=70))
    assert "RAT-10" not in rules(risks(age_years=40))
    assert "RAT-10" not in rules(risks())


def test_the_rate_of_recurrence_is_that_of_the_margin_promised() -> None:
    piecemeal = next(r for r in risks(family="intralesional", histology="chordoma", grade="low") if r.rule == "MAR-1")
    assert isinstance(piecemeal.rate, Estimate)
    assert piecemeal.rate.value == pytest.approx(57 / 77)
    open_margin = next(r for r in risks(histology="chordoma", grade="low") if r.rule == "MAR-1")
    assert isinstance(open_margin.rate, Unknown)


def test_how_the_patient_differs_is_said() -> None:
    primary = next(r for r in risks("L2", histology="renal_cell_carcinoma") if r.rule == "RAT-1")
    assert primary.differs
    again = risks(prior_surgery=True, prior_radiotherapy=True)
    assert all(any("operated on before" in says for says in r.differs) for r in again if isinstance(r.rate, Estimate))


def test_factors_present_are_named_and_never_combined() -> None:
    present = {r.rule for r in risks("L2", prior_radiotherapy=True, prior_surgery=True) if r.says.startswith("Present")}
    assert {"PRE-3", "PRE-8", "PRE-9"} <= present
    absent = {r.rule for r in risks("T8", prior_radiotherapy=False, prior_surgery=False) if r.about == "factor"}
    assert not {"PRE-3", "PRE-8", "PRE-10"} & absent
    assert any("not combined" in r.says for r in risks())


def test_a_plan_without_resection_has_no_risk_of_one() -> None:
    plan = attrs.evolve(plans()[0], family="none")
    assert list_risks(plan, Clinical()) == ()
