"""What a resection gives up: the tables cover every level once, with a status, and sides follow the plan."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import attrs
import pytest

from enbloc.classification.extent import Contact, Extent, extent_from_typed
from enbloc.foundation.evidence.bibliography import read_bibliography
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.levels import LEVELS, region
from enbloc.foundation.terms.structures import STRUCTURES
from enbloc.intake.case import TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.resection.plans import Sacrifice
from enbloc.resection.sacrifice_tables import EVERY, ROOTS, SACRAL_BOTH, SEGMENTAL_ROUTINE_LEVELS
from enbloc.resection.sacrifices import Resection, list_sacrifices, switch_structures

BODY = (5, 6, 7, 8)
BELOW_THE_SPINE = {"S2", "S3", "S4", "S5"}
"""Levels whose roots the table of the sacrum holds."""


def extent_of(levels: tuple[str, ...], layers: str = "BC", sectors: tuple[int, ...] = BODY) -> Extent:
    return extent_from_typed({name: TypedLevel(frozenset(sectors), frozenset(layers)) for name in levels})


def given_up(family: str, levels: tuple[str, ...], side: str | None = None, **more) -> tuple[Sacrifice, ...]:
    extent = more.pop("extent", None) or extent_of(levels, more.pop("layers", "BC"), more.pop("sectors", BODY))
    clinical = Clinical(**more.pop("facts", {}))
    return list_sacrifices(Resection(family, levels, side, extent, clinical, **more))


def by_name(found: tuple[Sacrifice, ...]) -> dict[str, Sacrifice]:
    assert len({one.structure for one in found}) == len(found)
    return {one.structure: one for one in found}


def test_every_level_has_one_root_rule() -> None:
    named = Counter(level for rule in ROOTS for level in rule.levels)
    assert set(named) == (set(LEVELS) - BELOW_THE_SPINE) | {"C8"}
    assert set(named.values()) == {1}
    assert [rule.first for rule in SACRAL_BOTH] == ["S1", *sorted(BELOW_THE_SPINE)]


def test_every_rule_has_a_status_and_known_sources() -> None:
    known = read_bibliography()
    for rule in ROOTS:
        assert rule.status in get_args(Status), rule.rule
        assert rule.consequence
    cites = [key for rule in (*ROOTS, *SACRAL_BOTH, *EVERY) for key in rule.cites]
    assert all(key in known for key in cites)


@pytest.mark.parametrize("level", [level for level in LEVELS if region(level) != "sacral"])
def test_a_vertebrectomy_names_both_roots(level: str) -> None:
    found = [s for s in given_up("vertebrectomy", (level,), "right") if "root" in s.structure]
    assert {f"nerve_root_{level}_left", f"nerve_root_{level}_right"} <= {s.structure for s in found}
    assert len(found) == (4 if level == "C7" else 2)
    assert all(s.modelled for s in found)
    assert all(s.structure in STRUCTURES for s in found)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_sagittal_resection_touches_its_own_side_only(side: str) -> None:
    found = given_up("sagittal_resection", ("T8", "T9"), side)
    other = {"left": "right", "right": "left"}[side]
    assert found
    assert all(side in s.structure.split("_") and other not in s.structure.split("_") for s in found)


def test_what_both_roots_cost_is_said_when_both_are_cut() -> None:
    both = by_name(given_up("vertebrectomy", ("L2",), "left"))["nerve_root_L2_left"]
    one = by_name(given_up("sagittal_resection", ("L2",), "left"))["nerve_root_L2_left"]
    assert "12 of 13 walk" in both.consequence
    assert "12 of 13" not in one.consequence
    assert by_name(given_up("vertebrectomy", ("L3",), "left"))["nerve_root_L3_left"].action == "keep"


def test_arteries_and_ribs_follow_the_region() -> None:
    for level, vessels, ribs, vertebral in (("C5", 0, 0, 2), ("T8", 2, 2, 0), ("L3", 2, 0, 0)):
        kinds = [s.structure.split("_")[0] for s in given_up("vertebrectomy", (level,), "left")]
        assert (kinds.count("segmental"), kinds.count("rib"), kinds.count("vertebral")) == (vessels, ribs, vertebral)


@pytest.mark.parametrize(
    ("count", "says", "silent"),
    [(3, "within the routine", "beyond"), (4, "Adamkiewicz", "dog"), (5, "dog", "Adamkiewicz")],
)
def test_segmental_arteries_are_counted_over_consecutive_levels(count, says, silent) -> None:
    levels = tuple(f"T{n}" for n in range(5, 5 + count))
    words = {s.consequence for s in given_up("vertebrectomy", levels, "left") if s.structure.startswith("segmental")}
    assert len(words) == 1
    assert says in min(words)
    assert silent not in min(words)
    assert ("beyond" in min(words)) == (count > SEGMENTAL_ROUTINE_LEVELS)
    one_side = {s.consequence for s in given_up("sagittal_resection", levels, "left") if "segmental" in s.structure}
    assert all("dog" not in text and "Adamkiewicz" not in text for text in one_side)


@pytest.mark.parametrize(
    ("first", "cut", "says"),
    [("S1", 10, "0%"), ("S2", 8, "0%"), ("S3", 6, "39.9%"), ("S4", 4, "83.3%"), ("S5", 2, "100%")],
)
def test_sacral_roots_are_cut_from_the_highest_level_down(first, cut, says) -> None:
    levels = tuple(level for level in LEVELS if level >= first and level[0] == "S")
    found = [s for s in given_up("sacrectomy_partial", levels) if "root" in s.structure]
    assert len(found) == 10
    assert sum(s.action == "cut" for s in found) == cut
    assert all(says in s.consequence for s in found if s.action == "cut")


def test_one_half_of_the_sacrum_costs_one_side() -> None:
    found = [s for s in given_up("sacrectomy_partial", ("S2", "S3"), "left") if "root" in s.structure]
    assert {s.structure.rsplit("_")[-1] for s in found} == {"left"}
    assert all("87" in s.consequence for s in found if s.action == "cut")


def test_the_vertebral_arteries_stay_unless_one_is_given_up() -> None:
    found = by_name(given_up("vertebrectomy", ("C4",), "left"))
    assert found["vertebral_artery_left"].action == found["vertebral_artery_right"].action == "skeletonise"
    one = by_name(given_up("sagittal_resection", ("C4",), "left", gives_up=("vertebral_artery_left",)))
    assert (one["vertebral_artery_left"].action, one["vertebral_artery_left"].rule) == ("cut", "VES-1")
    assert one["vertebral_artery_right"].action == "keep"
    assert "angiography" in one["vertebral_artery_right"].consequence


def test_psoas_and_pleura_go_as_a_cuff_on_the_side_of_the_mass() -> None:
    loin = by_name(given_up("vertebrectomy", ("L3",), "right", layers="ABC", sectors=(4, 5)))
    assert loin["iliopsoas_left"].rule == "MOD-8"
    assert "iliopsoas_right" not in loin
    chest = by_name(given_up("vertebrectomy", ("T8",), "right", layers="ABC", sectors=(4, 5)))
    assert "pleura_left" in chest
    assert "pleura_right" not in chest
    assert not {"pleura_left", "iliopsoas_left"} & set(by_name(given_up("vertebrectomy", ("T8",), "right")))


def test_the_chest_wall_goes_wider_on_its_side() -> None:
    found = by_name(given_up("vertebrectomy", ("T8",), None, layers="ABC", sectors=(3, 4, 5), chest_wall="left"))
    assert found["rib_left_8"].rule == "OST-6"
    assert found["rib_right_8"].rule == "OST-5"
    assert found["pleura_left"].rule == "MOD-6"


@pytest.mark.parametrize(
    ("structure", "action", "rule"),
    [
        ("aorta", "skeletonise", "MOD-9"),
        ("azygos_vein", "cut", "VES-8"),
        ("internal_iliac_artery_left", "cut", "VES-9"),
        ("iliac_vein_right", "skeletonise", "MOD-9"),
    ],
)
def test_a_vessel_in_contact_is_freed_or_tied(structure, action, rule) -> None:
    touching = Contact(structure, Estimate(0.0, 0.0, 1.0, "mm"), (0.0, 0.0, 0.0))
    extent = attrs.evolve(extent_of(("L4",), "ABC"), touched=(touching,))
    found = by_name(given_up("vertebrectomy", ("L4",), "left", extent=extent))[structure]
    assert (found.action, found.rule) == (action, rule)
    away = attrs.evolve(extent, touched=(attrs.evolve(touching, distance=Estimate(9.0, 8.0, 10.0, "mm")),))
    assert structure not in by_name(given_up("vertebrectomy", ("L4",), "left", extent=away))


@pytest.mark.parametrize("family", ["posterior_arch_resection", "intralesional", "vertebrectomy"])
def test_the_dura_is_worked_on_only_where_tumour_is_or_may_be(family: str) -> None:
    extent = extent_of(("L3",), "BCD")
    level = extent.levels["L3"]
    for verdict, count in ((Verdict.UNMET, 0), (Verdict.MET, 1), (Verdict.UNDECIDED, 1)):
        opened = attrs.evolve(extent, levels={"L3": attrs.evolve(level, layers={**level.layers, "D": verdict})})
        dura = [s for s in given_up(family, ("L3",), None, extent=opened) if s.structure == "dura"]
        assert len(dura) == count
        assert all(("if tumour" in s.consequence) == (verdict is Verdict.UNDECIDED) for s in dura)


@pytest.mark.parametrize("more", [{"facts": {"dura_infiltrated": True}}, {"layers": "BCDE"}])
def test_a_dura_that_is_infiltrated_goes_with_the_specimen(more) -> None:
    found = by_name(given_up("vertebrectomy", ("L3",), "left", **more))["dura"]
    assert (found.action, found.rule) == ("resect", "MOD-4")
    assert all(s.action != "resect" for s in given_up("intralesional", ("L3",), None, **more) if s.structure == "dura")


def test_a_switched_root_is_cut_or_spared_and_keeps_saying_what_it_costs() -> None:
    before = given_up("vertebrectomy", ("L2",), "left")
    after = by_name(switch_structures(before, ("nerve_root_L3_left",), ("nerve_root_L2_right",)))
    assert after["nerve_root_L3_left"].action == "cut"
    assert "quadriceps" in after["nerve_root_L3_left"].consequence
    assert after["nerve_root_L2_right"].action == "keep"
    assert after["nerve_root_L2_left"] == by_name(before)["nerve_root_L2_left"]
    assert switch_structures(before, (), ()) == before
