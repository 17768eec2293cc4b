"""Systems for few tumours: pelvis, lung, and what grows beside the spine."""

from __future__ import annotations

import attrs
import pytest

from enbloc.classification.extent import Contact
from enbloc.classification.sheet import SHOWN_WHERE_THEY_APPLY, classify
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.clinical import Clinical

MET, UNMET = Verdict.MET, Verdict.UNMET
LUNG = Clinical(histology="lung_carcinoma", metastases="solitary")
SCHWANNOMA = Clinical(histology="schwannoma")
SARCOMA = Clinical(histology="chondrosarcoma", grade="low", metastases="none")
BODY = {5, 6, 7, 8}


def possible(extent, clinical, system, **statements):
    answer = classify(extent, clinical, None, statements).answers[system]
    return answer.possible if answer.applies else "outside"


def hip(distance: float) -> tuple[Contact, ...]:
    return (Contact("hip_left", Estimate(distance, max(distance - 1, 0), distance + 1, "mm"), (0.0, 0.0, 0.0)),)


def test_ordinary_tumours_ask_none_of_them(typed) -> None:
    for extent in (typed(L3=({4, 5}, "BC")), typed(T8=(BODY, "ABCD")), typed(C4=(BODY, "BC"))):
        answers = classify(extent, SARCOMA).answers
        assert not [system for system in SHOWN_WHERE_THEY_APPLY if answers[system].applies]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"S1": ({4}, "B")}, ("IVa", "IVb")),
        ({"S1": ({4, 5}, "BC"), "S2": ({5}, "BC")}, ("IVb",)),
        ({"S1": ({4, 5, 8}, "BC")}, ("IVc",)),
        ({f"S{n}": ({4, 5, 8, 9}, "BC") for n in range(1, 6)}, ("IVd",)),
    ],
)
def test_a_tumour_of_the_pelvis_passes_the_sacrum_step_by_step(typed, levels, expected) -> None:
    held = attrs.evolve(typed(**levels), touched=hip(0.0))
    assert possible(held, SARCOMA, "pelvic_sacral") == expected
    away = attrs.evolve(typed(**levels), touched=hip(8.0))
    assert possible(away, SARCOMA, "pelvic_sacral") == "outside"


def test_the_ilium_parts_type_iv_of_the_sacrum_from_the_others(typed) -> None:
    extent = typed(S1=({4, 5}, "BC"))
    assert set(possible(extent, SARCOMA, "sacral")) == {"I", "IV"}
    assert possible(attrs.evolve(extent, touched=hip(0.0)), SARCOMA, "sacral") == ("IV",)
    assert possible(attrs.evolve(extent, touched=hip(8.0)), SARCOMA, "sacral") == ("I",)


@pytest.mark.parametrize(
    ("sectors", "layers", "statements", "expected"),
    [
        ({5}, "A", {"far_foramen": UNMET}, ("A",)),
        ({5}, "A", {"far_foramen": MET}, ("B",)),
        ({5}, "A", {}, ("A", "B")),
        ({4, 5}, "AD", {}, ("C",)),
        ({4, 5}, "AB", {}, ("D",)),
        ({4, 5}, "ABD", {}, ("D",)),
        ({5}, "B", {}, "outside"),
    ],
)
def test_pancoast_classes_as_printed(typed, sectors, layers, statements, expected) -> None:
    assert possible(typed(T2=(sectors, layers)), LUNG, "pancoast", **statements) == expected


def test_pancoast_is_for_the_apex_and_for_the_lung(typed) -> None:
    assert possible(typed(T8=({4, 5}, "AB")), LUNG, "pancoast") == "outside"
    assert possible(typed(T2=({4, 5}, "AB")), SARCOMA, "pancoast") == "outside"


@pytest.mark.parametrize(
    ("sectors", "statements", "expected"),
    [
        ({3}, {}, ("no cut in the body",)),
        ({5, 6}, {"body_over_half": UNMET}, ("hemivertebrectomy",)),
        (BODY, {"body_over_half": 0.7}, ("total vertebrectomy",)),
    ],
)
def test_how_much_of_a_body_goes_with_a_lung_tumour(typed, sectors, statements, expected) -> None:
    assert possible(typed(T5=(sectors, "AB")), LUNG, "lung_vertebra", **statements) == expected


@pytest.mark.parametrize(
    ("layers", "statements", "expected"),
    [
        ("D", {}, ("I",)),
        ("A", {"area_A": UNMET}, ("II",)),
        ("AD", {"area_C": MET, "intradural": MET}, ("IIIA",)),
        ("AD", {"area_C": MET, "intradural": UNMET}, ("IIIB",)),
        ("AD", {"area_C": UNMET}, ("I",)),
        ("AB", {}, "outside"),
    ],
)
def test_thoracic_dumbbells_as_printed(typed, layers, statements, expected) -> None:
    assert possible(typed(T6=({4}, layers)), SCHWANNOMA, "thoracic_dumbbell", **statements) == expected
    assert possible(typed(L3=({4}, layers)), SCHWANNOMA, "thoracic_dumbbell", **statements) == "outside"


@pytest.mark.parametrize(
    ("sectors", "statements", "expected"),
    [
        ({5, 6}, {"over_50mm": 42.0}, ("Ia",)),
        ({5, 6}, {"over_50mm": 50.0}, ("Ia",)),
        ({4}, {"over_50mm": 60.0, "beside_body": UNMET}, ("IIb",)),
        ({2, 3}, {"over_50mm": MET}, ("IIIb",)),
        ({2, 3}, {}, ("IIIa", "IIIb")),
    ],
)
def test_paravertebral_types_as_printed(typed, sectors, statements, expected) -> None:
    assert possible(typed(L2=(sectors, "A")), SCHWANNOMA, "paravertebral", **statements) == expected
    assert possible(typed(L2=(sectors, "AD")), SCHWANNOMA, "paravertebral", **statements) == "outside"
