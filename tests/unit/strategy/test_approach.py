"""The approach by region, family and what turns it."""

from __future__ import annotations

import pytest

from enbloc.classification.extent import Contact, Extent, extent_from_typed
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.case import TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.resection.plans import Option
from enbloc.strategy.advice import Approach
from enbloc.strategy.reaching.approach import choose_approach, choose_side, judge_vessel
from enbloc.strategy.reaching.reach import least_exposures, list_tasks

BODY = {5, 6, 7, 8}


def typed(layers: str, sectors: set[int], *levels: str) -> Extent:
    return extent_from_typed({name: TypedLevel(frozenset(sectors), frozenset(layers)) for name in levels})


def choose(extent: Extent, family: str = "vertebrectomy", contacts: tuple[Contact, ...] = (), **facts) -> Approach:
    option = Option(family, tuple(extent.levels), "right", ())
    return choose_approach(extent, Clinical(**facts), option, contacts)


def rules(approach: Approach) -> set[str]:
    return {reason.rule for reason in approach.because}


def contact(structure: str, low: float) -> Contact:
    return Contact(structure, Estimate(low, low, low + 1.0, "mm"), (0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("levels", "steps", "sessions", "rule"),
    [
        (("C2",), ("posterior", "anterior"), 2, "REG-1"),
        (("C4",), ("posterior", "anterior"), 1, "REG-2"),
        (("T1",), ("posterior",), 1, "REG-5"),
        (("T8",), ("posterior",), 1, "REG-6"),
        (("L1",), ("posterior",), 1, "REG-6"),
        (("L3",), ("posterior",), 1, "REG-7"),
        (("L4",), ("posterior", "anterior left"), 1, "REG-8"),
        (("L5",), ("posterior", "anterior left"), 1, "REG-9"),
        (("L3", "L4"), ("posterior", "anterior left"), 1, "REG-8"),
        (("C6", "C7"), ("posterior", "anterior"), 1, "REG-2"),
    ],
)
def test_a_body_by_region(levels, steps, sessions, rule) -> None:
    approach = choose(typed("BC", BODY, *levels))
    assert (approach.steps, approach.sessions) == (steps, sessions)
    assert rule in rules(approach)


def test_an_arch_needs_one_approach_from_behind() -> None:
    approach = choose(typed("B", {1, 2, 12}, "L2"), "posterior_arch_resection")
    assert approach.steps == ("posterior",)
    assert "ORD-7" in rules(approach)


def test_a_lumbar_body_names_the_anterior_release_as_alternative() -> None:
    said = [reason.says for reason in choose(typed("BC", {4, 5}, "L3")).because]
    assert any(text.startswith("Alternative: an anterior release") for text in said)


@pytest.mark.parametrize(
    ("facts", "contacts"),
    [({"anterior_vessel_plane_lost": True}, ()), ({}, (contact("aorta", 0.0),))],
)
def test_a_lost_vessel_plane_puts_an_anterior_release_first(facts, contacts) -> None:
    approach = choose(typed("ABC", {4, 5, 6}, "T8"), contacts=contacts, **facts)
    assert approach.steps == ("anterior left", "posterior")
    assert "MOD-9" in rules(approach)


def test_a_stated_plane_goes_before_a_contact_on_the_images() -> None:
    extent = typed("ABC", {4, 5, 6}, "T8")
    approach = choose(extent, contacts=(contact("aorta", 0.0),), anterior_vessel_plane_lost=False)
    assert approach.steps == ("posterior",)


def test_a_vessel_that_nobody_looked_at_stays_a_condition() -> None:
    approach = choose(typed("ABC", {4, 5, 6}, "T8"))
    assert approach.steps == ("posterior",)
    assert any(reason.says.startswith("Open: if the plane") for reason in approach.because)
    away = choose(typed("ABC", {4, 5, 6}, "T8"), contacts=(contact("aorta", 4.0),))
    assert not any(reason.says.startswith("Open") for reason in away.because)


def test_tumour_inside_the_bone_loses_no_plane() -> None:
    assert judge_vessel(Clinical(), (contact("aorta", 0.0),), Verdict.UNMET) is Verdict.UNMET


def test_tumour_in_front_of_a_lumbar_body_is_released_first() -> None:
    approach = choose(typed("ABC", BODY, "L2"))
    assert approach.steps == ("anterior left", "posterior")
    assert "F6" in rules(approach)


def test_three_thoracic_levels_or_earlier_surgery_turn_the_thoracic_default() -> None:
    assert choose(typed("BC", BODY, "T5", "T6", "T7")).steps == ("anterior right", "posterior")
    assert choose(typed("BC", BODY, "T10"), prior_surgery=True).steps == ("anterior left", "posterior")


def test_one_side_of_a_vertebra_leaves_from_behind_even_at_l5() -> None:
    assert choose(typed("BC", {3, 4, 5}, "L5"), "sagittal_resection").steps == ("posterior",)
    cervical = choose(typed("BC", {3, 4, 5}, "C5"), "sagittal_resection")
    assert cervical.steps == ("posterior", "anterior")


def test_the_side_is_that_of_the_mass_else_by_the_vessels() -> None:
    assert choose_side(typed("A", {4, 5}, "L4"), ("L4",))[0] == "left"
    assert choose_side(typed("A", {8, 9}, "L4"), ("L4",))[0] == "right"
    assert choose_side(typed("BC", {8, 9}, "L4"), ("L4",))[0] == "left"
    assert choose_side(typed("A", BODY, "T5"), ("T5",))[0] == "right"
    assert choose_side(typed("A", BODY, "T11"), ("T11",))[0] == "left"


def test_epidural_tumour_is_exposed_from_behind() -> None:
    assert "MOD-3" in rules(choose(typed("BCD", BODY, "T8")))


def test_no_resection_has_no_steps() -> None:
    assert choose(typed("BC", BODY, "T8"), "none").steps == ()


@pytest.mark.parametrize(
    ("level", "sectors", "layers", "steps"),
    [
        ("C5", BODY, "BC", ("anterior",)),
        ("C5", {1, 2, 12}, "BC", ("posterior",)),
        ("C5", set(range(1, 13)), "BC", ("posterior", "anterior")),
        ("T8", BODY, "BCD", ("posterior",)),
        ("L3", set(range(1, 13)), "BCD", ("posterior",)),
    ],
)
def test_a_removal_in_pieces_goes_from_the_nearest_side(level, sectors, layers, steps) -> None:
    assert choose(typed(layers, sectors, level), "intralesional").steps == steps


@pytest.mark.parametrize(("level", "steps"), [("S3", ("posterior",)), ("S1", ("anterior left", "posterior"))])
def test_a_sacrectomy_above_the_third_level_needs_the_front(level, steps) -> None:
    assert choose(typed("BC", BODY, level), "sacrectomy_partial").steps == steps


def test_a_chest_wall_that_goes_with_the_specimen_is_released_first() -> None:
    option = Option("chest_wall_combined", ("T6",), "right", (), "sagittal_resection")
    found = choose_approach(typed("ABC", {9, 10}, "T6"), Clinical(), option, ())
    assert found.steps == ("anterior right", "posterior")


@pytest.mark.parametrize("levels", [("C4",), ("T8",), ("L2",), ("L5",), ("S1",), ("T6", "T7", "T8")])
@pytest.mark.parametrize("family", ["vertebrectomy", "sagittal_resection"])
def test_the_exposures_reach_every_task_and_none_is_spare(levels, family) -> None:
    extent, option = typed("ABCD", {4, 5, 6}, *levels), Option(family, levels, "left", ())
    for seen in ((), ("a great vessel",)):
        tasks = list_tasks(option, extent, seen)
        exposures = least_exposures(tasks)
        assert all(exposures & task.reached_from for task in tasks)
        for one in exposures:
            assert not all((exposures - {one}) & task.reached_from for task in tasks)


@pytest.mark.parametrize(
    ("family", "level", "sectors", "name", "status"),
    [
        ("posterior_arch_resection", "L2", {1, 12}, "2a", "verified"),
        ("anterior_corpectomy", "L2", BODY, "1", "verified"),
        ("vertebrectomy", "T8", BODY, "2b", "unverified/low"),
        ("sagittal_resection", "T8", {4, 5}, "2c", "unverified/low"),
        ("vertebrectomy", "L4", BODY, "4", "unverified/low"),
    ],
)
def test_the_types_of_boriani_are_possible_names_but_for_two(family, level, sectors, name, status) -> None:
    found = [r for r in choose(typed("BC", sectors, level), family).because if r.says.startswith("Boriani")]
    assert [(r.says.split()[2].rstrip(":"), r.status) for r in found] == [(name, status)]


def test_the_front_alone_for_a_corpectomy() -> None:
    assert choose(typed("AB", BODY, "L2"), "anterior_corpectomy").steps == ("anterior left",)
