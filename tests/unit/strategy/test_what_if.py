"""What would change the decision: the changed case, decided by itself, must give the same answer."""

from __future__ import annotations

import attrs

from enbloc.classification.extent import extent_from_typed
from enbloc.intake.case import Case, TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.settings import Settings
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
