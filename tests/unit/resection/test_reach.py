"""From which sides a saw reaches a cut, where that is known beforehand."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from enbloc.resection.cuts import Cut, Reach
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.reach import find_reach, is_reached_by, say_hard_to_reach, unreached
from enbloc.resection.plans import Option
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.specimen import cut_out

SETTINGS = ResectionSettings()


def reaches(scene: Any, family: Any, side: Any) -> dict[str, dict[str, Any]]:
    placement = place(scene, Option(family, ("L3",), side, ()), SETTINGS)
    assert placement is not None
    out = cut_out(scene, placement, SETTINGS)
    cuts = find_reach(scene, placement, out.geometry, out.cuts)
    return {cut.id: {reach.side: reach for reach in cut.reach} for cut in cuts}


def test_a_vertebrectomy_is_cut_from_behind_beside_the_dura(scene_of: Any) -> None:
    found = reaches(scene_of((10.0, -26.0, -4.5), 6.0), "vertebrectomy", "right")
    disc = found["cranial"]
    assert "the dura" in disc["posterior"].blocked_by
    assert 0.5 < disc["posterior"].share < 1.0
    assert disc["anterior"].share > 0.5
    pedicle = found["right pedicle"]
    assert pedicle["right"].share > 0.5
    assert "the dura" in pedicle["left"].blocked_by
    assert pedicle["left"].share < pedicle["right"].share


def test_an_approach_reaches_what_its_sides_reach() -> None:
    cut = Cut("x", "osteotomy", np.zeros(3), np.eye(3)[2], np.eye(3), 1.0, ())

    def reached(side: Any, share: float) -> Cut:
        return attrs.evolve(cut, reach=(Reach(side, share, (), "because"),))

    assert is_reached_by(reached("left", 0.9), ("posterior",))
    assert not is_reached_by(reached("anterior", 0.9), ("posterior",))
    assert is_reached_by(reached("anterior", 0.9), ("anterior left", "posterior"))
    assert is_reached_by(reached("left", 0.5), ("anterior left",))
    assert not is_reached_by(reached("right", 0.9), ("anterior left",))
    assert is_reached_by(reached("posterior", 0.9), ("simultaneous",))
    assert not is_reached_by(reached("posterior", 0.4), ("posterior",))


def test_sides_mirror(scene_of: Any) -> None:
    left = reaches(scene_of((10.0, -26.0, -4.5), 6.0), "vertebrectomy", "right")
    right = reaches(scene_of((-10.0, -26.0, -4.5), 6.0), "vertebrectomy", "left")
    for one, other in (("left", "right"), ("right", "left"), ("posterior", "posterior")):
        assert left["cranial"][one].share == pytest.approx(right["cranial"][other].share, abs=0.1)


def test_an_arch_is_cut_from_behind(scene_of: Any) -> None:
    found = reaches(scene_of((0.0, 30.0, -8.0), 6.0), "posterior_arch_resection", None)
    for sides in found.values():
        assert max(sides[side].share for side in ("posterior", "left", "right")) > 0.5
        assert "the dura" in {name for side in sides.values() for name in side.blocked_by}


def test_shares_are_shares_and_every_side_says_why(scene_of: Any) -> None:
    placement = place(scene_of((10.0, -26.0, -4.5), 6.0), Option("vertebrectomy", ("L3",), "right", ()), SETTINGS)
    assert placement is not None
    out = cut_out(scene_of((10.0, -26.0, -4.5), 6.0), placement, SETTINGS)
    for cut in find_reach(scene_of((10.0, -26.0, -4.5), 6.0), placement, out.geometry, out.cuts):
        assert [reach.side for reach in cut.reach] == ["posterior", "anterior", "left", "right"]
        assert all(0.0 <= reach.share <= 1.0 and reach.because for reach in cut.reach)
        assert not unreached(cut)
        assert np.isfinite([reach.share for reach in cut.reach]).all()


@pytest.mark.parametrize("height_mm", [10.0, -10.0], ids=["cranial", "caudal"])
def test_bone_that_a_cut_parts_is_not_in_its_way(scene_of: Any, height_mm: float) -> None:
    """A cut through the neighbour's body is as free from both sides as one through the disc: nothing lies beside it."""
    found = reaches(scene_of((6.0, -26.0, height_mm), 7.0), "vertebrectomy", "right")
    end = found["cranial" if height_mm > 0.0 else "caudal"]
    assert end["left"].share >= 0.95
    assert end["right"].share >= 0.95
    assert end["posterior"].share > 0.8


def test_a_sagittal_cut_is_reached_from_behind_past_the_dura(scene_of: Any) -> None:
    found = reaches(scene_of((16.0, -22.0, 0.0), 5.0), "sagittal_resection", "left")["sagittal"]
    assert found["posterior"].share > 0.4
    assert found["left"].share == found["right"].share == 0.0


def cut_reached(shares: dict[str, float]) -> Cut:
    sides = tuple(Reach(side, share, (), "set") for side, share in shares.items())
    return Cut("sagittal", "osteotomy", np.zeros(3), np.eye(3)[0], np.zeros((3, 3)), 1.0, (), (), sides)


def test_what_a_blade_does_not_reach_is_told_with_the_best_side() -> None:
    assert [r.says for r in say_hard_to_reach((cut_reached({"posterior": 0.0, "left": 0.0}),))] == [
        "No straight blade reaches the sagittal cut from any side; a thread saw is not tested."
    ]
    assert [r.says for r in say_hard_to_reach((cut_reached({"posterior": 0.31, "left": 0.2}),))] == [
        "A straight blade reaches 31 % of the sagittal cut at most, from posterior."
    ]
    assert not list(say_hard_to_reach((cut_reached({"posterior": 0.6, "left": 0.0}), cut_reached({}))))
    assert not unreached(cut_reached({}))
