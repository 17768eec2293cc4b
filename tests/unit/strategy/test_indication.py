"""Is en bloc right: one row of the histology tables at a time."""

from __future__ import annotations

import pytest

from enbloc.classification.extent import Extent, extent_from_typed
from enbloc.classification.sheet import classify
from enbloc.foundation.terms.histology import HISTOLOGIES
from enbloc.intake.case import TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.strategy.advice import Indication
from enbloc.strategy.indication.indication import judge_indication
from enbloc.strategy.indication.rivals import INTRALESIONAL, SEPARATION


def typed(sectors: set[int] = frozenset({4, 5}), layers: str = "BC", level: str = "L3") -> Extent:
    return extent_from_typed({level: TypedLevel(frozenset(sectors), frozenset(layers))})


def judge(extent: Extent | None = None, **facts: object) -> Indication:
    clinical = Clinical(**{"biopsy_confirmed": True, "metastases": "none", **facts})
    extent = extent or typed()
    return judge_indication(clinical, classify(extent, clinical), extent)


def rules(indication: Indication) -> set[str]:
    return {reason.rule for reason in indication.because}


@pytest.mark.parametrize(
    ("facts", "expected", "rule"),
    [
        ({"histology": "chordoma"}, "yes", "IH-01"),
        ({"histology": "chordoma", "prior_surgery": True}, "conditional", "IH-02"),
        ({"histology": "chordoma", "metastases": "solitary"}, "conditional", "EN-A7"),
        ({"histology": "chordoma", "metastases": "multiple"}, "no", "TES-1"),
        ({"histology": "chondrosarcoma"}, "yes", "IH-03"),
        ({"histology": "osteosarcoma"}, "yes", "IH-04"),
        ({"histology": "ewing_sarcoma"}, "conditional", "IH-06"),
        ({"histology": "angiosarcoma"}, "yes", "EN-A5"),
        ({"histology": "giant_cell_tumour", "activity": "aggressive"}, "yes", "IH-08"),
        ({"histology": "giant_cell_tumour", "activity": "active"}, "no", "IH-11"),
        ({"histology": "osteoblastoma", "activity": "aggressive"}, "yes", "IH-14"),
        ({"histology": "osteoblastoma", "activity": "active"}, "no", "IH-15"),
        ({"histology": "osteoblastoma"}, "conditional", "IH-14"),
        ({"histology": "chondroblastoma", "activity": "aggressive"}, "yes", "EN-A3"),
        ({"histology": "aneurysmal_bone_cyst"}, "no", "IH-16"),
        ({"histology": "osteoid_osteoma"}, "no", "IH-17"),
        ({"histology": "plasmacytoma"}, "no", "IH-18"),
        ({"histology": "lymphoma"}, "no", "IH-18"),
        ({"histology": "haemangioma"}, "no", "IH-19"),
        ({"histology": "renal_cell_carcinoma", "metastases": "solitary"}, "conditional", "MET-4"),
        ({"histology": "renal_cell_carcinoma", "metastases": "multiple"}, "no", "MET-1"),
        ({"histology": "melanoma", "metastases": "solitary"}, "conditional", "MET-7"),
    ],
)
def test_each_histology_by_its_rule(facts, expected, rule) -> None:
    indication = judge(**facts)
    assert indication.en_bloc == expected
    assert rule in rules(indication)


def test_what_is_missing_is_said_once_with_what_it_decides() -> None:
    said = [r.says for r in judge(histology="chordoma", metastases=None).because if r.says.startswith("Not stated:")]
    assert len(said) == 1
    assert "metastases (the stage" in said[0]
    assert "age years" in said[0]
    whole = {"age_years": 50, "prior_surgery": False, "prior_radiotherapy": False, "neurology": "E"}
    assert not [r for r in judge(histology="chordoma", **whole).because if r.says.startswith("Not stated:")]


def test_a_giant_cell_tumour_names_what_comes_first() -> None:
    assert {"IH-10", "IH-12", "IH-13"} <= rules(judge(histology="giant_cell_tumour", activity="aggressive"))


def test_a_metastasis_is_shown_the_competing_frame() -> None:
    facts = {"histology": "renal_cell_carcinoma", "metastases": "solitary"}
    rival = next(r for r in judge(typed(level="T8"), **facts).rivals if r.name.startswith("NOMS"))
    assert "separation surgery" not in rival.because[0].says
    assert "or stereotactic" in rival.because[0].says
    assert all(reason.status == "verified (2nd)" for reason in rival.because)
    assert not [r for r in judge(histology="chordoma").rivals if r.name.startswith("NOMS")]


def test_a_malignant_tumour_that_nothing_takes_is_conditional() -> None:
    assert judge(typed(set(range(1, 13))), histology="chordoma").en_bloc == "conditional"


def test_chemotherapy_comes_first_for_osteosarcoma_and_ewing() -> None:
    assert "IH-05" in rules(judge(histology="osteosarcoma"))
    assert "IH-07" in rules(judge(histology="ewing_sarcoma"))


def test_without_histology_nothing_is_said() -> None:
    indication = judge(histology=None)
    assert indication.en_bloc == "unknown"
    assert indication.would_settle


@pytest.mark.parametrize("confirmed", [None, False])
def test_without_biopsy_nothing_is_recommended(confirmed) -> None:
    indication = judge(histology="chordoma", biopsy_confirmed=confirmed)
    assert indication.en_bloc == "conditional"
    assert indication.because[0].says.startswith("No recommendation before biopsy")
    assert any("biopsy" in text for text in indication.would_settle)


def test_unknown_staging_is_not_taken_as_none() -> None:
    indication = judge(histology="chordoma", metastases=None)
    assert indication.en_bloc == "conditional"
    assert "Staging of the whole body" in indication.would_settle


def test_an_aggressive_benign_tumour_that_no_family_takes_is_not_for_en_bloc() -> None:
    everywhere = typed(set(range(1, 13)))
    assert judge(everywhere, histology="osteoblastoma", activity="aggressive").en_bloc == "no"
    sacrum = typed({5, 8}, "BC", "S2")
    assert judge(sacrum, histology="giant_cell_tumour", activity="aggressive").en_bloc == "conditional"


def test_every_condition_of_a_metastasis_is_met_not_met_or_undecided() -> None:
    indication = judge(histology="renal_cell_carcinoma", metastases="solitary", primary_controlled=True)
    said = [reason.says for reason in indication.because]
    assert any("oligometastases that can be controlled? Yes." in text for text in said)
    assert any("controlled or controllable? Yes." in text for text in said)
    assert any("technically possible? Yes." in text for text in said)
    assert any("status 70 or more? Open." in text for text in said)
    assert any("Karnofsky" in text for text in indication.would_settle)


def test_survival_follows_the_tokuhashi_bands() -> None:
    def said(**facts: object) -> str:
        indication = judge(metastases="solitary", **facts)
        return next(reason.says for reason in indication.because if reason.says.startswith("Is the expected survival"))

    assert "? Open." in said(histology="renal_cell_carcinoma", neurology="E")
    assert "? Yes." in said(histology="thyroid_carcinoma", neurology="E")
    assert "? No." in said(histology="lung_carcinoma", neurology="A")


def test_a_primary_that_is_not_controlled_may_still_be_controllable() -> None:
    indication = judge(histology="renal_cell_carcinoma", metastases="solitary", primary_controlled=False)
    assert indication.en_bloc == "conditional"
    assert any("controlled or controllable? Open." in reason.says for reason in indication.because)


@pytest.mark.parametrize("histology", HISTOLOGIES)
def test_removal_in_pieces_is_always_a_rival(histology) -> None:
    assert INTRALESIONAL in {rival.name for rival in judge(histology=histology).rivals}


def test_rivals_carry_published_figures_with_their_source() -> None:
    indication = judge(histology="chordoma")
    published = {reason.rule: reason for rival in indication.rivals for reason in rival.because}
    assert "57/77" in published["OUT-01"].says
    assert published["OUT-01"].cites == ("fisher2011",)
    metastasis = judge(histology="thyroid_carcinoma", metastases="solitary")
    assert metastasis.rivals[0].name == SEPARATION
    assert "MET-10" in {reason.rule for reason in metastasis.rivals[0].because}


def test_earlier_treatment_is_said() -> None:
    assert "MAR-5" in rules(judge(histology="chordoma", prior_surgery=True))
    irradiated = judge(histology="renal_cell_carcinoma", metastases="solitary", prior_radiotherapy=True)
    assert "MET-9" in rules(irradiated)


def test_a_fact_that_was_stated_is_not_dressed_as_verified() -> None:
    for reason in judge(histology="chordoma").because:
        if reason.says.startswith("Metastases stated"):
            assert reason.status == "stated"
