"""Contradictory, absurd and missing facts are found and said; sound ones are left alone."""

from __future__ import annotations

import attrs
import pytest

from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.case import Case, TypedLevel
from enbloc.intake.checks import check
from enbloc.intake.clinical import Clinical
from enbloc.intake.fact_checks import check_facts

BONE = TypedLevel(frozenset({5, 6}), frozenset("BC"))
SOUND = Case(
    "sound",
    Clinical(
        age_years=54,
        sex="F",
        histology="chordoma",
        biopsy_confirmed=True,
        grade="low",
        metastases="none",
        prior_surgery=False,
        prior_radiotherapy=False,
        neurology="E",
        ecog=1,
    ),
    typed_extent={"L3": BONE},
)


def said(case: Case, grade: str = "doubt") -> list[str]:
    return [problem.says for problem in check_facts(case) if problem.grade == grade]


def changed(**facts: object) -> Case:
    return attrs.evolve(SOUND, clinical=attrs.evolve(SOUND.clinical, **facts))


def test_sound_facts_are_left_alone() -> None:
    assert check_facts(SOUND) == ()


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"histology": "prostate_carcinoma", "metastases": "solitary"}, "female"),
        ({"histology": "uterine_carcinoma", "metastases": "solitary", "sex": "M"}, "male"),
        ({"histology": "giant_cell_tumour", "grade": "benign", "metastases": "multiple"}, "benign"),
        ({"neurology": "A", "ecog": 0}, "ECOG 0"),
        ({"anterior_vessel_plane_lost": True}, "layer A"),
        ({"dura_infiltrated": True}, "canal"),
    ],
)
def test_a_contradiction_is_a_doubt(facts, word) -> None:
    assert [text for text in said(changed(**facts)) if word in text]


@pytest.mark.parametrize(("spread", "stated"), [("none", Verdict.MET), ("multiple", Verdict.UNMET)])
def test_spread_and_stage_that_contradict_are_said(spread, stated) -> None:
    case = attrs.evolve(changed(metastases=spread), stated_findings={"metastasis": stated})
    assert any("finding" in text for text in said(case))
    assert not any("finding" in text for text in said(changed(metastases=spread)))


@pytest.mark.parametrize(
    ("levels", "doubted"),
    [(("T12", "S2"), True), (("C4", "L3"), True), (("T12", "L1"), False), (("T5", "T7"), False)],
)
def test_levels_far_apart_are_no_one_tumour(levels, doubted) -> None:
    case = attrs.evolve(SOUND, typed_extent=dict.fromkeys(levels, BONE))
    assert any("at once" in text for text in said(case)) is doubted


def test_a_level_with_half_its_reading_is_said() -> None:
    for half in (TypedLevel(frozenset({5}), frozenset()), TypedLevel(frozenset(), frozenset("B"))):
        assert any("tumour has both" in text for text in said(attrs.evolve(SOUND, typed_extent={"L3": half})))
    inside = attrs.evolve(SOUND, typed_extent={"L3": TypedLevel(frozenset({5}), frozenset("BCE"))})
    assert any("inside the dura" in text for text in said(inside))


def test_an_impossible_age_stops_and_the_rest_is_still_said() -> None:
    case = attrs.evolve(changed(age_years=400, dura_infiltrated=True), typed_extent={"T12": BONE, "S2": BONE})
    grades = {problem.grade for problem in check(case)}
    assert grades == {"stop", "doubt"}
