"""Switches: read with every mistake named, applied to the plans, and said."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.adapters.files.case.case_switches import joined, parse_switches, read_switches, switches_form
from enbloc.classification.extent import extent_from_typed
from enbloc.errors import CallError
from enbloc.intake.case import Case, TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.intake.switches import Switches
from enbloc.resection.cutting.placement import EndCut, Placement, Plane
from enbloc.settings import Settings
from enbloc.strategy.switched import move_planes
from enbloc.walk import Record, walk

L5 = {"L5": TypedLevel(frozenset({5, 6, 7, 8}), frozenset("BC"))}


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
    placement = Placement("vertebrectomy", ("L3",), ends, {}, None, None, True)
    moved = move_planes(placement, Switches(move_mm={"caudal": 3.0}))
    assert moved.end_cuts[0] is ends[0]
    assert moved.end_cuts[1].plane.origin_mm[2] == pytest.approx(-43.0)
    assert "moved by +3 mm" in moved.end_cuts[1].because[-1]
    assert move_planes(placement, Switches()) is placement


def test_the_extent_is_not_touched_by_a_switch() -> None:
    assert planned(cut=("nerve_root_L5_left",)).extent is not None
    assert extent_from_typed(L5).levels["L5"].sectors == planned().extent.levels["L5"].sectors
