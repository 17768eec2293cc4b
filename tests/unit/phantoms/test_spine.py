"""Frames, joints and pose of a phantom."""

import attrs
import numpy as np
import pytest

from enbloc.errors import InputError
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom, body_centre_mm, down_mm, turn_matrix, up_mm
from enbloc.phantoms.vertebra import body_column, canal_half_mm, dens_column, endplates_mm, front_mm, sizes_of

RUNS = [("C3", "C4", "C5"), ("C7", "T1", "T2"), ("T11", "T12", "L1"), ("L4", "L5", "S1", "S2")]
BENDS = Bends(kyphosis_deg=2.0, scoliosis_deg=-1.5, twist_deg=1.0)


@pytest.mark.parametrize("levels", RUNS)
def test_frames_are_right_handed_and_meet_on_the_canal_axis(levels):
    phantom = SpinePhantom(levels, BENDS, Pose(turn_matrix(10, 20, 30), np.array([5.0, -7.0, 100.0])))
    for frame in phantom.frames.values():
        left, dorsal, cranial = frame.axes.T
        np.testing.assert_allclose(frame.axes.T @ frame.axes, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(np.cross(left, dorsal), cranial, atol=1e-12)
    for upper, lower, (point, normal) in zip(levels, levels[1:], phantom.joints, strict=False):
        from_above = phantom.frames[upper].to_patient(np.array([[0, 0, -down_mm(phantom, upper)]]))[0]
        from_below = phantom.frames[lower].to_patient(np.array([[0, 0, up_mm(phantom, lower)]]))[0]
        np.testing.assert_allclose(from_above, from_below, atol=1e-9)
        np.testing.assert_allclose(point, from_above, atol=1e-9)
        tilts = [float(normal @ phantom.frames[level].axes[:, 2]) for level in (upper, lower)]
        assert tilts[0] == pytest.approx(tilts[1])


def test_straight_spine_stands_upright_in_lps():
    phantom = SpinePhantom(("L1", "L2", "L3"))
    heights = [frame.origin_mm[2] for frame in phantom.frames.values()]
    assert heights == sorted(heights, reverse=True)
    sizes = phantom.sizes["L2"]
    centre = body_centre_mm(phantom, "L2")
    assert centre[0] == pytest.approx(0.0)
    assert front_mm(sizes) < centre[1] < -canal_half_mm(sizes)[1]
    assert centre[2] == pytest.approx(sum(endplates_mm(sizes)) / 2)


@pytest.mark.parametrize(
    ("bends", "axis", "sign"),
    [(Bends(kyphosis_deg=3.0), 1, -1), (Bends(kyphosis_deg=-3.0), 1, 1), (Bends(scoliosis_deg=3.0), 0, 1)],
)
def test_bends_go_where_their_names_say(bends, axis, sign):
    frames = SpinePhantom(("L1", "L2", "L3"), bends).frames
    turned = frames["L2"].axes.T @ frames["L1"].axes[:, 2]
    assert turned[axis] == pytest.approx(sign * np.sin(np.radians(3.0)))


def test_twist_turns_the_upper_spinous_process_to_the_right():
    frames = SpinePhantom(("L1", "L2", "L3"), Bends(twist_deg=5.0)).frames
    assert (frames["L2"].axes.T @ frames["L1"].axes[:, 1])[0] == pytest.approx(-np.sin(np.radians(5.0)))


def test_pose_moves_all_frames_rigidly():
    still = SpinePhantom(("T6", "T7", "T8"), BENDS)
    pose = Pose(turn_matrix(-25, 15, 40), np.array([12.0, -30.0, 55.0]))
    moved = attrs.evolve(still, pose=pose)
    for level in still.levels:
        origin = pose.turn @ still.frames[level].origin_mm + pose.shift_mm
        np.testing.assert_allclose(moved.frames[level].origin_mm, origin, atol=1e-9)
        np.testing.assert_allclose(moved.frames[level].axes, pose.turn @ still.frames[level].axes, atol=1e-12)


@pytest.mark.parametrize("levels", [(), ("L1", "L3"), ("L3", "L2"), ("L2", "L2")])
def test_levels_must_be_a_run_from_the_top(levels):
    with pytest.raises(InputError, match="contiguous"):
        SpinePhantom(levels)


def test_bends_that_close_a_disc_are_refused():
    with pytest.raises(InputError, match="disc below"):
        SpinePhantom(("L2", "L3"), Bends(kyphosis_deg=15.0))


@pytest.mark.parametrize("level", ["C2", "C5", "T1", "T6", "T13", "L1", "L5", "L6", "S2"])
def test_sizes_hold_together(level):
    sizes = sizes_of(level)
    caudal, cranial = endplates_mm(sizes)
    assert caudal < -sizes.front.pedicle_height_mm / 2 < sizes.front.pedicle_height_mm / 2 < cranial
    assert cranial + caudal < 0, "the pedicle stands in the upper half of the body"
    closed = min(sizes.front.pedicle_height_mm / 2, sizes.arch.lamina_top_mm) + sizes.front.pedicle_height_mm / 2
    assert closed > 5.0


def test_the_dens_stands_in_the_ring_of_c1_before_the_canal():
    phantom = SpinePhantom(("C1", "C2", "C3"))
    atlas, axis = phantom.sizes["C1"], phantom.sizes["C2"]
    dens = dens_column(axis)
    (_, (front, back), (_, top)) = dens.bounds
    assert back < -canal_half_mm(axis)[1]
    assert body_column(atlas).bounds[1][1] < front
    rise = up_mm(phantom, "C2") + down_mm(phantom, "C1")
    assert rise + endplates_mm(atlas)[0] < top
    assert dens_column(atlas) is None
