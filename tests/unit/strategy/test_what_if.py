"""What would change the decision: the changed case, decided by itself, must give the same answer."""

from __future__ import annotations

import re

import attrs
import pytest

from enbloc.classification.extent import extent_from_typed
from enbloc.classification.sheet import classify
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.intake.case import Case, TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.resection.plans import Margin, MarginWord, Plan
from enbloc.settings import Settings
from enbloc.strategy.at_the_dura import ask_at_dura
from enbloc.strategy.what_if import ask_what_if
from enbloc.walk import Record, walk

CHORDOMA = Clinical(histology="chordoma", metastases="none", prior_surgery=False)


def typed(sectors: set[int], layers: str, level: str = "L3") -> dict[str, TypedLevel]:
    return {level: TypedLevel(frozenset(sectors), frozenset(layers))}


def planned(extent: dict[str, TypedLevel], clinical: Clinical) -> Record:
    return walk(Case("case", clinical, typed_extent=extent), Settings())


def by_fact(record: Record) -> dict[str, tuple[str, ...]]:
    return {one.fact: one.changes for one in record.what_if}


def families(record: Record) -> set[str]:
    return {plan.family for plan in record.plans} - {"intralesional"}


def test_a_biopsy_turns_a_condition_into_a_yes() -> None:
    record = planned(typed({4, 5}, "BC"), CHORDOMA)
    assert by_fact(record)["a biopsy that confirms the histology"] == ("en bloc: yes instead of conditional",)
    confirmed = planned(typed({4, 5}, "BC"), attrs.evolve(CHORDOMA, biopsy_confirmed=True))
    assert confirmed.indication is not None
    assert confirmed.indication.en_bloc == "yes"
    assert "a biopsy that confirms the histology" not in by_fact(confirmed)


def test_each_answer_is_that_of_the_changed_case_itself() -> None:
    extent = typed({5, 6, 7, 8}, "BC", "C4")
    record = planned(extent, CHORDOMA)
    asked = {one.fact: one for one in record.what_if}
    turned = planned(typed({4, 5, 6, 7, 8}, "BC", "C4"), CHORDOMA)
    assert set(asked["tumour in the left pedicle"].families) == families(turned)
    assert families(turned) != families(record)
    below = planned(typed({5, 6, 7, 8}, "BCD", "C4"), CHORDOMA)
    assert set(asked["tumour in the epidural space"].families) == families(below)


def test_freeing_a_pedicle_takes_no_vertebrectomy_away() -> None:
    for sectors in (set(range(3, 10)), set(range(4, 10))):
        for one in planned(typed(sectors, "BC", "T8"), CHORDOMA).what_if:
            if one.fact.endswith("pedicle free of tumour"):
                assert "vertebrectomy" in one.families


def test_a_vertebrectomy_is_no_longer_needed_where_a_lesser_family_fits() -> None:
    asked = by_fact(planned(typed({2, 3, 4, 9}, "BC", "T8"), CHORDOMA))
    changes = asked["the right pedicle free of tumour"]
    assert "no longer needed: vertebrectomy" in changes
    assert (
        "no longer possible: vertebrectomy"
        in by_fact(planned(typed({5}, "BC", "C4"), CHORDOMA))["tumour in the left pedicle"]
    )


def test_a_fact_that_changes_nothing_is_not_told() -> None:
    facts = attrs.evolve(CHORDOMA, biopsy_confirmed=True)
    for one in ask_what_if(extent_from_typed(typed({4, 5}, "BC")), facts):
        assert one.changes
    assert "earlier surgery" in by_fact(planned(typed({5}, "BC", "T8"), facts))
    assert "earlier surgery" not in by_fact(planned(typed({5}, "BC", "T8"), attrs.evolve(facts, prior_surgery=True)))


def test_the_indication_says_it() -> None:
    record = planned(typed({4, 5}, "BC"), CHORDOMA)
    assert record.indication is not None
    said = [reason.says for reason in record.indication.because if reason.says.startswith("With ")]
    assert len(said) == len(record.what_if) > 0


def test_freeing_a_held_pedicle_opens_the_other_way_in() -> None:
    asked = by_fact(planned(typed({4, 5, 6}, "BC"), attrs.evolve(CHORDOMA, biopsy_confirmed=True)))
    assert asked["the left pedicle free of tumour"] == (
        "also possible then: vertebrectomy through the left pedicle",
    )  # fmt: skip
    assert "no longer possible: vertebrectomy through the right pedicle" in asked["tumour in the right pedicle"]


def test_each_result_of_an_open_biopsy_is_decided_as_the_case_that_it_makes() -> None:
    extent = typed({5, 6, 7, 8}, "BC", "T8")
    asked = [one for one in planned(extent, CHORDOMA).what_if if one.fact.startswith("a biopsy that shows")]
    assert asked
    for one in asked:
        for name in re.split(", | or ", one.fact.removeprefix("a biopsy that shows ")):
            clinical = attrs.evolve(CHORDOMA, histology=name.replace(" ", "_"), biopsy_confirmed=True)
            turned = planned(extent, clinical)
            assert turned.indication is not None and turned.indication.en_bloc == one.en_bloc
    confirmed = planned(extent, attrs.evolve(CHORDOMA, biopsy_confirmed=True))
    assert not [one for one in confirmed.what_if if "biopsy" in one.fact]


def plan_at(value: float, error: float, word: MarginWord, barrier: str = "posterior longitudinal ligament") -> Plan:
    plain = planned(typed({5, 6}, "BC", "T8"), CHORDOMA).plans[0]
    least = Estimate(value, value - error, value + error, "mm")
    far = Margin("cranial cut", "bone", Estimate(9.0, 8.0, 10.0, "mm"), None, None, "", "wide", ())
    dura = Margin("dura", "dura", least, None, barrier, "", word, ())
    return attrs.evolve(plain, margins=(far, dura), margin=word, enneking_appropriate=word == "wide")


@pytest.mark.parametrize(
    ("value", "word", "turns"),
    [
        (2.0, "wide", {"1.0 mm less at the dura": "marginal"}),
        (0.4, "marginal", {"0.4 mm less at the dura": "intralesional", "0.6 mm more at the dura": "wide"}),
        (-0.3, "intralesional", {"0.3 mm more at the dura": "marginal", "1.3 mm more at the dura": "wide"}),
        (9.0, "wide", {}),
    ],
)
def test_a_millimetre_at_the_dura_turns_the_word_where_the_definition_says(value, word, turns) -> None:
    sheet = classify(extent_from_typed(typed({5, 6}, "BC", "T8")), attrs.evolve(CHORDOMA, grade="low"))
    plan = plan_at(value, 1.0, word)
    found = ask_at_dura((plan,), sheet, "yes")
    assert {one.fact: one.changes[0].split()[5] for one in found} == turns
    for one in found:
        assert f"the margin of {plan.id}: {turns[one.fact]} instead of {word}" in one.changes
        appropriate = any(change.endswith("Enneking appropriate") for change in one.changes)
        assert appropriate == ("wide" in (word, turns[one.fact]))


def test_no_millimetre_helps_where_the_dura_is_freed_from_tumour() -> None:
    sheet = classify(extent_from_typed(typed({5, 6}, "BC", "T8")), CHORDOMA)
    assert ask_at_dura((plan_at(0.5, 1.0, "intralesional", "dura"),), sheet, "yes") == ()
