"""What the surgeon states stands over what was found; both are kept, and what differs is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enbloc.classification.extent import extent_from_typed
from enbloc.classification.overruling import VALUED, WHOLES
from enbloc.classification.sheet import classify
from enbloc.classification.systems.tables import FINDINGS, TABLES
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.case import TypedLevel
from enbloc.intake.clinical import Clinical

MET, UNMET, UNDECIDED = Verdict.MET, Verdict.UNMET, Verdict.UNDECIDED
CHORDOMA = Clinical(histology="chordoma", grade="low", metastases="none", pain="none")


def reason(sheet, system, criterion):
    return next(because for because in sheet.answers[system].because if because.criterion == criterion)


def test_a_statement_stands_in_every_system_that_asks(typed) -> None:
    extent = typed(T8=({5, 6}, "BCD"))
    before, after = classify(extent, CHORDOMA), classify(extent, CHORDOMA, None, {"canal": UNMET})
    assert (before.answers["tnm"].possible, before.answers["tomita"].possible) == (("T4a",), ("4",))
    assert (after.answers["tnm"].possible, after.answers["tomita"].possible) == (("T1",), ("1",))
    assert after.answers["enneking"].possible == ("IA",)
    assert after.answers["escc"].possible == ("0",)


def test_both_are_kept_and_the_difference_is_said(typed) -> None:
    sheet = classify(typed(T8=({5, 6}, "BCD")), CHORDOMA, None, {"canal": UNMET})
    because = reason(sheet, "tnm", "canal")
    assert because.verdict is UNMET
    assert because.overrules is not None
    assert because.overrules.verdict is MET
    assert "Stated by the surgeon" in because.says
    assert because.overrules.says in because.says
    assert any("'canal' is stated as unmet, but was found met" in said for said in sheet.problems)


def test_what_a_system_found_by_itself_is_kept_too(typed) -> None:
    sheet = classify(typed(T8=({5, 6}, "BC")), CHORDOMA, None, {"great_vessels": MET, "junctional": MET})
    assert sheet.answers["tnm"].possible == ("T4b",)
    assert reason(sheet, "tnm", "great_vessels").overrules.verdict is UNMET
    assert reason(sheet, "sins", "junctional").overrules.verdict is UNMET
    assert any("'great vessels' is stated as met, but was found unmet" in said for said in sheet.problems)


def test_a_statement_that_agrees_is_no_contradiction(typed) -> None:
    sheet = classify(typed(T8=({5, 6}, "BC")), CHORDOMA, None, {"canal": UNMET})
    assert not [said for said in sheet.problems if "stated as" in said]


def test_undecided_opens_what_was_settled(typed) -> None:
    sheet = classify(typed(T8=({5, 6}, "BC")), CHORDOMA, None, {"canal": UNDECIDED})
    assert set(sheet.answers["tnm"].possible) == {"T1", "T4a"}
    assert reason(sheet, "tnm", "canal").overrules.verdict is UNMET


def test_the_whole_stays_met_for_another_part(typed) -> None:
    extent = typed(T8=({5, 6}, "ABCD"))
    assert classify(extent, CHORDOMA, None, {"canal": UNMET}).answers["enneking"].possible == ("IB",)


def test_statements_that_cannot_both_hold_are_said(typed) -> None:
    statements = {"canal": UNMET, "epidural": MET}
    sheet = classify(typed(T8=({5, 6}, "BC")), CHORDOMA, None, statements)
    assert any("cannot both hold" in said for said in sheet.problems)


def test_a_number_decides_every_finding_that_it_can(typed) -> None:
    def points(lost: float) -> object:
        sheet = classify(typed(L3=({5, 6}, "BC")), CHORDOMA, None, {"collapse": lost})
        return sheet.answers["sins"].details["items"]["collapse"]

    assert points(0.6) == {"low": 3, "high": 3}
    assert points(0.5) == {"low": 2, "high": 2}
    assert points(0.3) == {"low": 2, "high": 2}
    assert points(0.1) == {"low": 0, "high": 1}
    sheet = classify(typed(L3=({5, 6}, "BC")), CHORDOMA, None, {"collapse": 0.6})
    assert isinstance(reason(sheet, "sins", "collapse_over_half").measured, Estimate)


def test_two_systems_that_contradict_each_other_are_said(typed) -> None:
    sheet = classify(typed(T8=({5, 6}, "BCD")), CHORDOMA, None, {"extracompartmental": UNMET})
    assert sheet.answers["enneking"].possible == ("IA",)
    assert any(said.startswith("Two systems contradict each other, Enneking IA and TNM T4a") for said in sheet.problems)
    assert any("Enneking IA and Tomita 4" in said for said in sheet.problems)


def test_systems_do_not_contradict_each_other_by_themselves() -> None:
    for layers in ("B", "C", "BC", "ABC", "BCD", "ABCD", "ABCDE"):
        for sectors in ({5}, {4, 5}, {1, 2, 12}, {4, 9, 5, 6, 7, 8}):
            extent = extent_from_typed({"T8": TypedLevel(frozenset(sectors), frozenset(layers))})
            assert not [said for said in classify(extent, CHORDOMA).problems if "Two systems" in said]


@pytest.mark.parametrize("name", sorted(FINDINGS))
def test_every_finding_can_be_stated(name: str, typed) -> None:
    """Whatever is stated is what the systems that ask it give as the verdict."""
    renal = Clinical(histology="renal_cell_carcinoma")
    for clinical, extent in ((CHORDOMA, typed(T8=({4, 5}, "ABCD"))), (renal, typed(L5=({4, 5}, "BC"), S1=({5}, "BC")))):
        for verdict in (MET, UNMET):
            sheet = classify(extent, clinical, None, {name: verdict})
            asked = [b for answer in sheet.answers.values() for b in answer.because if b.criterion == name]
            assert all(because.verdict is verdict for because in asked)


def test_every_criterion_of_every_table_is_listed() -> None:
    asked = {criterion.id for table in TABLES.values() for criterion in table.criteria}
    assert asked <= set(FINDINGS)
    assert set(VALUED) <= set(FINDINGS)
    assert {name for whole, parts in WHOLES.items() for name in (whole, *parts)} <= set(FINDINGS)


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(sorted(FINDINGS)),
    verdict=st.sampled_from((MET, UNMET)),
    layers=st.sampled_from(("BC", "ABC", "BCD", "ABCD")),
    sectors=st.sampled_from((frozenset({5}), frozenset({4, 5}), frozenset({1, 2, 12}))),
)
def test_a_decided_statement_adds_nothing_to_an_undecided_one(name, verdict, layers, sectors) -> None:
    """Law: stating a finding as undecided leaves every answer that stating it met or unmet would give."""
    extent = extent_from_typed({"T8": TypedLevel(sectors, frozenset(layers))})
    clinical = Clinical(histology="chordoma")
    opened = classify(extent, clinical, None, {name: UNDECIDED}).answers
    decided = classify(extent, clinical, None, {name: verdict}).answers
    for system in set(opened) - {"wbb"}:
        assert set(decided[system].possible) <= set(opened[system].possible), system
