"""Switches: read with every mistake named, applied to the plans, and said."""

from __future__ import annotations

from functools import cache

import attrs
import numpy as np
import pytest

from enbloc.adapters.files.case.case_switches import joined, parse_switches, read_switches, switches_form
from enbloc.anatomy.build import build_scene
from enbloc.anatomy.parts import PEDICLE_LEFT
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.classification.extent import extent_from_typed
from enbloc.errors import CallError
from enbloc.intake.case import Case, TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.intake.switches import Switches, parse_switched
from enbloc.phantoms.demo import demo_case
from enbloc.resection.cutting.arch_cuts import PEDICLE_DEG
from enbloc.resection.cutting.place import LAMINA_DEG, place
from enbloc.resection.cutting.placement import EndCut, Placement, Plane
from enbloc.resection.plans import Option
from enbloc.resection.settings import ResectionSettings
from enbloc.settings import Settings
from enbloc.strategy.switched_cuts import switch_cuts
from enbloc.walk import Record, walk

L5 = {"L5": TypedLevel(frozenset({5, 6, 7, 8}), frozenset("BC"))}


SETTINGS = ResectionSettings()


@cache
def demo_scene() -> Scene:
    """L3 with tumour in the left of its body and its left pedicle."""
    scene = build_scene(demo_case(), AnatomySettings())
    assert scene is not None
    return scene


def typed(level: str, **switches: object) -> Case:
    extent = {level: TypedLevel(frozenset({5, 6, 7, 8}), frozenset("BC"))}
    return Case("switched", Clinical(histology="chordoma"), typed_extent=extent, switches=Switches(**switches))


def planned(**switches: object) -> Record:
    case = Case("switched", Clinical(histology="chordoma"), typed_extent=L5, switches=Switches(**switches))
    return walk(case, Settings())


def test_switches_are_read_from_the_command_line() -> None:
    found = parse_switches(
        ["cut=nerve_root_L3_left", "spare=left L4 nerve root", "move_mm.cranial=-2.5", "order=anterior,posterior"]
    )
    assert found == Switches(
        ("nerve_root_L3_left",), ("nerve_root_L4_left",), {"cranial": -2.5}, ("anterior", "posterior")
    )
    assert read_switches(switches_form(found), []) == found


@pytest.mark.parametrize(
    "text",
    ["cut=elbow", "order=sideways", "move_mm.lid=3", "move_mm.cranial=far", "move_mm.cranial=900", "lid=1", "cut"],
)
def test_a_wrong_switch_is_refused(text) -> None:
    with pytest.raises(CallError):
        parse_switches([text])


def test_the_later_switch_stands() -> None:
    one = Switches(("nerve_root_L3_left",), (), {"cranial": 1.0}, ("anterior", "posterior"))
    other = Switches((), ("nerve_root_L3_left",), {"cranial": 2.0, "caudal": 1.0})
    both = joined(one, other)
    assert both.cut == ()
    assert both.spare == ("nerve_root_L3_left",)
    assert both.move_mm == {"cranial": 2.0, "caudal": 1.0}
    assert both.order == one.order


def test_a_switched_plan_says_so_and_an_unswitched_one_does_not() -> None:
    plain, switched = planned(), planned(order=("anterior", "posterior"), cut=("nerve_root_L5_left",))
    assert [step.split()[0] for step in plain.plans[0].approach] == ["posterior", "anterior"]
    assert [step.split()[0] for step in switched.plans[0].approach] == ["anterior", "posterior"]
    actions = {s.structure: s.action for s in switched.plans[0].sacrifices}
    assert actions["nerve_root_L5_left"] == "cut"
    assert actions["nerve_root_L5_right"] == "keep"
    assert any(r.says.startswith("Switched") for r in switched.plans[0].because)
    assert not any(r.says.startswith("Switched") for r in plain.plans[0].because)


def test_a_cut_moves_along_its_normal_and_no_other_does() -> None:
    up, down = np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, -1.0])
    ends = (
        EndCut("cranial", Plane(np.zeros(3), up), "bone", "L2", "L2", ()),
        EndCut("caudal", Plane(np.array([0.0, 0.0, -40.0]), down), "disc", "L3/L4", "L4", ()),
    )
    placement = Placement("vertebrectomy", ("L3",), ends, {}, None, None, ("L3",))
    switched = switch_cuts(demo_scene(), placement, Switches(move_mm={"caudal": 3.0, "sacral": 2.0}), SETTINGS)
    moved = switched.placement
    assert moved.end_cuts[0] is ends[0]
    assert moved.end_cuts[1].plane.origin_mm[2] == pytest.approx(-43.0)
    assert "moved by +3 mm" in moved.end_cuts[1].because[-1]
    assert switched.refused == {"move_mm.sacral": "this plan has no such cut"}
    assert switch_cuts(demo_scene(), placement, Switches(), SETTINGS).placement is placement


def test_the_ring_is_opened_through_the_part_that_is_switched_where_it_is_free() -> None:
    option = Option("vertebrectomy", ("L3",), "right", ())
    own = place(demo_scene(), option, SETTINGS)
    assert own is not None and own.arch_cuts["L3", "right"].angle_deg > PEDICLE_DEG[0]
    switched = switch_cuts(demo_scene(), own, Switches(ring={"right": "lamina"}), SETTINGS)
    assert switched.refused == {}
    cut = switched.placement.arch_cuts["L3", "right"]
    assert LAMINA_DEG[0] <= cut.angle_deg <= LAMINA_DEG[1]
    assert "through the lamina as switched" in cut.because
    assert switched.placement.arch_cuts["L3", "left"] is own.arch_cuts["L3", "left"]
    back = switch_cuts(demo_scene(), switched.placement, Switches(ring={"right": "pedicle"}), SETTINGS).placement
    assert back.arch_cuts["L3", "right"].angle_deg == own.arch_cuts["L3", "right"].angle_deg


def test_a_ring_is_never_opened_through_tumour() -> None:
    filled = attrs.evolve(demo_scene(), tumour=demo_scene().tumour | (demo_scene().parts == PEDICLE_LEFT))
    own = place(filled, Option("vertebrectomy", ("L3",), "right", ()), SETTINGS)
    assert own is not None
    switched = switch_cuts(filled, own, Switches(ring={"left": "pedicle"}), SETTINGS)
    assert switched.refused == {"ring.left": "the cut through the left pedicle of L3 would enter tumour"}
    assert switched.placement.arch_cuts == own.arch_cuts


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("left sacroiliac joint", "sacroiliac_joint_left"),
        ("SI joint right", "sacroiliac_joint_right"),
        ("facet joint L2/L3 left", "inferior_articular_process_L2_left"),
        ("inferior_articular_process_T7_right", "inferior_articular_process_T7_right"),
        ("nerve root L3 left", "nerve_root_L3_left"),
    ],
)
def test_joints_can_be_named(text: str, word: str) -> None:
    assert parse_switched(text) == word


def test_a_joint_without_a_side_is_refused() -> None:
    with pytest.raises(CallError, match="no side"):
        parse_switches(["spare=sacroiliac joint"])


@pytest.mark.parametrize(
    ("levels", "switches", "says"),
    [
        ("L5", {"cut": ("aorta",)}, "aorta is cut; it is grafted, or en bloc is given up (VES-10)"),
        ("L5", {"cut": ("spinal_cord",)}, "spinal cord is cut; the cord is never cut"),
        ("C4", {"cut": ("vertebral_artery_left", "vertebral_artery_right")}, "both are never taken (VES-4)"),
        ("L5", {"spare": ("sacroiliac_joint_left",)}, "this plan does not give it up"),
        ("L5", {"move_mm": {"cranial": 2.0}}, "without images there is no cut to move"),
        ("L5", {"ring": {"left": "lamina"}}, "without images there is no cut to move"),
        ("T8", {"order": ("anterior", "posterior")}, "this plan has one approach"),
    ],
)
def test_what_is_impossible_is_refused_in_a_sentence_and_stands_among_the_doubts(levels, switches, says) -> None:
    record = walk(typed(levels, **switches), Settings())
    doubts = [problem.says for problem in record.problems if problem.where == "switches"]
    assert doubts and all(doubt.startswith("Not switched: ") for doubt in doubts)
    assert any(says in doubt for doubt in doubts)
    plain = walk(typed(levels), Settings())
    assert [plan.sacrifices for plan in record.plans] == [plan.sacrifices for plan in plain.plans]


@pytest.mark.parametrize(
    ("levels", "spared"), [("S1", "sacroiliac_joint_left"), ("L3", "inferior_articular_process_L2_left")]
)
def test_a_joint_that_is_spared_is_kept_and_comes_back_when_the_switch_is_left_out(levels, spared) -> None:
    plain, switched = (walk(typed(levels, **told), Settings()).plans[0] for told in ({}, {"spare": (spared,)}))
    before, after = ({s.structure: s.action for s in plan.sacrifices} for plan in (plain, switched))
    assert before[spared] == "resect" and after == {**before, spared: "keep"}
    kind, side = spared.replace("_", " ").rsplit(" ", 1)
    assert f"Switched: {side} {kind} is spared." in [reason.says for reason in switched.because]


def test_the_extent_is_not_touched_by_a_switch() -> None:
    assert planned(cut=("nerve_root_L5_left",)).extent is not None
    assert extent_from_typed(L5).levels["L5"].sectors == planned().extent.levels["L5"].sectors
