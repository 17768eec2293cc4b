"""Each system on Extents whose answer follows from its definition."""

from __future__ import annotations

import pytest

from enbloc.classification.sheet import SYSTEMS, classify
from enbloc.foundation.evidence.classifications import Score
from enbloc.intake.clinical import Clinical

BODY = {5, 6, 7, 8}
CHORDOMA = Clinical(histology="chordoma", grade="low", metastases="none")
RENAL = Clinical(histology="renal_cell_carcinoma", grade="high", metastases="solitary", neurology="E")


def test_the_sheet_holds_every_system_of_the_contract_in_its_order(typed) -> None:
    words = "enneking tnm wbb tomita mclain_weinstein escc sins sacral tokuhashi tomita_score"
    assert list(SYSTEMS)[:10] == words.split()
    assert list(SYSTEMS)[10:] == ["pelvic_sacral", "thoracic_dumbbell", "paravertebral", "pancoast", "lung_vertebra"]
    sheet = classify(typed(L3=({4, 5}, "BC")), CHORDOMA)
    assert all(answer.system == system for system, answer in sheet.answers.items())


def test_a_system_that_does_not_apply_says_why(typed) -> None:
    for answer in classify(typed(L3=({4, 5}, "BC")), CHORDOMA).answers.values():
        assert answer.because
        assert answer.applies or answer.possible == ()


@pytest.mark.parametrize(
    ("level", "sectors", "layers", "clinical", "stage", "tomita"),
    [
        ("L3", {4, 5}, "BC", CHORDOMA, ("IA",), ("2",)),
        ("T8", {4, 5, 6}, "ABC", Clinical(histology="osteosarcoma", grade="high", metastases="none"), ("IIB",), ("5",)),
        ("T11", {4, 5, 6, 7, 8}, "BCD", RENAL, (), ("4",)),
        ("C4", BODY, "BC", CHORDOMA, ("IA",), ("1",)),
    ],
)
def test_patients_of_the_brief(typed, level, sectors, layers, clinical, stage, tomita) -> None:
    sheet = classify(typed(**{level: (sectors, layers)}), clinical)
    assert sheet.answers["enneking"].possible == stage
    assert sheet.answers["tomita"].possible == tomita
    assert sheet.problems == ()


def test_metastases_and_tumours_of_the_blood_lie_outside_enneking(typed) -> None:
    extent = typed(T11=(BODY, "BCD"))
    renal = classify(extent, RENAL).answers["enneking"]
    assert not renal.applies
    assert "EN-A8" in renal.because[0].says
    assert not classify(extent, Clinical(histology="lymphoma")).answers["enneking"].applies


def test_a_benign_tumour_of_unknown_activity_keeps_every_stage_that_fits(typed) -> None:
    benign = Clinical(histology="osteoblastoma")
    inside = classify(typed(L3=({2}, "B")), benign).answers["enneking"]
    outside = classify(typed(L3=({2}, "AB")), benign).answers["enneking"]
    assert inside.possible == ("S1", "S2", "S3")
    assert outside.possible == ("S2", "S3")
    assert any("activity" in text.lower() for text in inside.would_settle)


def test_a_latent_tumour_outside_the_bone_is_a_contradiction(typed) -> None:
    latent = Clinical(histology="osteoblastoma", activity="latent")
    sheet = classify(typed(L3=({2}, "AB")), latent)
    assert sheet.answers["enneking"].possible == ()
    assert any(problem.startswith("enneking:") for problem in sheet.problems)


@pytest.mark.parametrize(
    ("sectors", "layers", "expected"),
    [
        ({6}, "B", "T1"),
        ({5, 7}, "B", "T1"),
        ({4, 5, 7}, "B", "T2"),
        ({4, 9}, "B", "T3"),
        ({4, 5, 7, 9}, "B", "T3"),
        ({3, 4, 9}, "B", "T2"),
        ({6}, "BD", "T4a"),
    ],
)
def test_tnm_counts_segments_in_their_ring(typed, sectors, layers, expected) -> None:
    assert classify(typed(L3=(sectors, layers)), CHORDOMA).answers["tnm"].possible == (expected,)


def test_tnm_joins_segments_of_neighbouring_levels(typed) -> None:
    cell = ({6}, "B")
    assert classify(typed(L2=cell, L3=cell), CHORDOMA).answers["tnm"].possible == ("T1",)
    assert classify(typed(L2=cell, L3=({7}, "B")), CHORDOMA).answers["tnm"].possible == ("T3",)


def test_soft_tissue_leaves_the_great_vessels_open_until_their_plane_is_stated(typed) -> None:
    extent = typed(L3=({6}, "A"))
    assert "T4b" in classify(extent, CHORDOMA).answers["tnm"].possible
    kept = Clinical(histology="chordoma", grade="low", metastases="none", anterior_vessel_plane_lost=False)
    assert "T4b" not in classify(extent, kept).answers["tnm"].possible


def test_mclain_zones_three_and_four_need_a_finding(typed, known) -> None:
    extent = typed(L3=(BODY, "BC"))
    assert classify(extent, CHORDOMA).answers["mclain_weinstein"].possible == ("III+IV-A", "III-A", "IV-A")
    told = classify(extent, CHORDOMA, known(zone_III=True, zone_IV=False)).answers["mclain_weinstein"]
    assert told.possible == ("III-A",)


def test_mclain_spinous_process_pedicle_and_letters(typed) -> None:
    assert classify(typed(L3=({1, 12}, "B")), CHORDOMA).answers["mclain_weinstein"].possible == ("I-A",)
    assert classify(typed(L3=({4}, "BA")), CHORDOMA).answers["mclain_weinstein"].possible == ("II-B",)
    spread = Clinical(histology="chordoma", metastases="solitary")
    assert classify(typed(L3=({4}, "B")), spread).answers["mclain_weinstein"].possible == ("II-C",)


def test_escc_is_zero_without_epidural_tumour_and_a_range_with_it(typed) -> None:
    assert classify(typed(T8=({6}, "BC")), CHORDOMA).answers["escc"].possible == ("0",)
    assert classify(typed(T8=({6}, "BCD")), CHORDOMA).answers["escc"].possible == ("1a", "1b", "1c", "2", "3")


@pytest.mark.parametrize(
    ("facts", "grade"),
    [
        ({"sac_deformed": False}, "1a"),
        ({"sac_deformed": True, "cord_touched": False}, "1b"),
        ({"cord_touched": True, "cord_compressed": False}, "1c"),
        ({"cord_compressed": True, "csf_seen": True}, "2"),
        ({"cord_compressed": True, "csf_seen": False}, "3"),
    ],
)
def test_escc_grades_from_what_mri_shows(typed, known, facts, grade) -> None:
    assert classify(typed(T8=({6}, "BCD")), CHORDOMA, known(**facts)).answers["escc"].possible == (grade,)


def test_escc_has_no_grade_below_the_conus(typed) -> None:
    answer = classify(typed(L2=({6}, "BCD")), CHORDOMA).answers["escc"]
    assert not answer.applies
    assert "conus" in answer.because[0].says


def test_sins_from_location_pain_and_images(typed, known) -> None:
    painful = Clinical(histology="chordoma", pain="mechanical")
    facts = known(
        lytic=True, blastic=False, translation=False, new_deformity=False, collapse=True, collapse_over_half=False
    )
    answer = classify(typed(L1=({4, 5}, "BC")), painful, facts).answers["sins"]
    assert answer.score == Score(3 + 3 + 2 + 0 + 2 + 1, 3 + 3 + 2 + 0 + 2 + 1)
    assert answer.possible == ("indeterminate",)


@pytest.mark.parametrize(
    ("level", "points"), [("C2", 3), ("C4", 2), ("C7", 3), ("T5", 1), ("L1", 3), ("L3", 2), ("S3", 0)]
)
def test_sins_location(typed, level, points) -> None:
    items = classify(typed(**{level: ({6}, "B")}), CHORDOMA).answers["sins"].details["items"]
    assert items["location"] == {"low": points, "high": points}


def test_sins_never_assumes_what_nobody_said(typed) -> None:
    answer = classify(typed(T5=({6}, "B")), Clinical()).answers["sins"]
    assert answer.score == Score(1, 1 + 3 + 2 + 4 + 3)
    assert answer.possible == ("stable", "indeterminate", "unstable")


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"S1": ({5, 8}, "B")}, ("I",)),
        ({"S2": ({5, 8}, "B"), "S3": ({5, 8}, "B")}, ("II",)),
        ({"S3": ({5, 8}, "B"), "S4": ({5, 8}, "B")}, ("III",)),
        ({"L5": ({5, 8}, "B"), "S1": ({5, 8}, "B")}, ("V",)),
        ({"S2": ({5}, "B")}, ("IV", "II")),
    ],
)
def test_sacral_types(typed, levels, expected) -> None:
    assert classify(typed(**levels), CHORDOMA).answers["sacral"].possible == expected


def test_the_scores_are_for_metastases(typed) -> None:
    sheet = classify(typed(L3=({5}, "B")), CHORDOMA)
    assert not sheet.answers["tokuhashi"].applies
    assert not sheet.answers["tomita_score"].applies


def test_a_solitary_renal_metastasis_scores_what_its_facts_give(typed, known) -> None:
    answers = classify(typed(T11=({5}, "B")), RENAL).answers
    assert answers["tomita_score"].score == Score(2 + 0 + 1, 3)
    assert answers["tomita_score"].possible == ("2-3",)
    assert answers["tokuhashi"].score == Score(0 + 2 + 2 + 2 + 3 + 2, 2 + 2 + 2 + 2 + 3 + 2)
    fit = classify(typed(T11=({5}, "B")), RENAL, known(kps_50=True, kps_80=True)).answers["tokuhashi"]
    assert fit.possible == ("12-15",)


def test_contradictions_are_said(typed, known) -> None:
    cell = ({5}, "B")
    apart = classify(typed(T12=cell, S1=cell), CHORDOMA)
    assert any("not continuous" in problem for problem in apart.problems)
    stated = classify(typed(T11=cell), Clinical(histology="chordoma", dura_infiltrated=True))
    assert any("no tumour lies in the canal" in problem for problem in stated.problems)
    many = classify(typed(T11=cell), Clinical(histology="breast_carcinoma", metastases="multiple"))
    assert any("Tomita's type is 7" in problem for problem in many.problems)
    supplied = classify(typed(T11=cell), CHORDOMA, known(epidural=True))
    assert any("contradicts" in problem for problem in supplied.problems)
    assert classify(typed(L3=({5}, "BF")), CHORDOMA).problems
    assert classify(typed(L3=(set(), "B")), CHORDOMA).problems
