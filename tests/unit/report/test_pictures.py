"""Which pictures a report shows, and where cuts lie on the clock."""

from __future__ import annotations

import attrs
import pytest

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.report.drawing.pictures import draw_pictures, find_cut_angles
from enbloc.resection.plans import Plan


def test_cuts_through_the_ring_lie_on_their_side(scene: Scene, plan: Plan) -> None:
    angles = find_cut_angles(scene, "L3", plan.cuts)
    assert set(angles) == {"right pedicle", "left lamina"}
    (right,), (left,) = angles["right pedicle"], angles["left lamina"]
    assert 180.0 < right < 270.0, "in front of the canal on the patient's right"
    assert 0.0 < left < 90.0, "behind the canal on the patient's left"


def test_cuts_miss_the_neighbour(scene: Scene, plan: Plan) -> None:
    assert find_cut_angles(scene, "L2", plan.cuts) == {}
    assert find_cut_angles(scene, "T1", plan.cuts) == {}


def test_a_full_case_has_chart_and_two_sets_of_slices(scene: Scene, extent: Extent, plan: Plan) -> None:
    pictures = draw_pictures(scene, extent, plan)
    assert [len(group) for group in (pictures.charts, pictures.centre, pictures.least)] == [1, 3, 3]
    assert pictures.outlined == {"tumour", "specimen", "canal", "cord", "vessel"}
    assert all(p.alt and p.caption and p.svg.startswith("<svg") for p in (*pictures.charts, *pictures.centre))


def test_typed_case_has_charts_only(typed_extent: Extent) -> None:
    pictures = draw_pictures(None, typed_extent, None)
    assert len(pictures.charts) == 1 and not pictures.centre and not pictures.least
    assert "As typed" in pictures.charts[0].caption


@pytest.mark.parametrize("what", ["tumour", "plan"])
def test_nothing_to_show_is_no_error(scene: Scene, extent: Extent, what: str, plan: Plan) -> None:
    empty = attrs.evolve(scene, tumour=scene.tumour & False) if what == "tumour" else scene
    pictures = draw_pictures(empty, extent, plan if what == "tumour" else None)
    assert bool(pictures.centre) is (what == "plan")
    assert pictures.least == ()
