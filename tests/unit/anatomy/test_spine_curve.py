"""The curve of the spine and coordinates along it."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.anatomy.spine_curve import OVERHANG_MM, fit_spine_curve, to_curve

STRAIGHT = np.array([[3.0, -5.0, z] for z in (0.0, 36.0, 72.0)])
BENT = np.array([[0.0, 0.0, 0.0], [5.0, -8.0, 34.0], [14.0, -11.0, 66.0], [18.0, -9.0, 99.0], [19.0, -2.0, 131.0]])


@pytest.mark.parametrize("knots", [STRAIGHT, BENT, BENT[::-1], BENT[2:3]])
def test_axes_are_orthonormal_and_right_handed(knots: np.ndarray) -> None:
    curve = fit_spine_curve(knots, 1.0)
    axes = np.stack([curve.left, curve.dorsal, curve.cranial], axis=-1)
    np.testing.assert_allclose(axes.transpose(0, 2, 1) @ axes, np.broadcast_to(np.eye(3), axes.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(axes), 1.0, atol=1e-9)
    assert (curve.cranial[:, 2] > 0.0).all()
    assert (curve.dorsal[:, 1] > 0.0).all()
    assert (curve.left[:, 0] > 0.0).all()


@pytest.mark.parametrize("knots", [STRAIGHT, BENT])
def test_the_curve_meets_every_vertebra_and_runs_on(knots: np.ndarray) -> None:
    curve = fit_spine_curve(knots, 1.0)
    for knot in knots:
        assert np.linalg.norm(curve.points_mm - knot, axis=1).min() <= 0.51
    low, high = curve.points_mm[:, 2].min(), curve.points_mm[:, 2].max()
    assert low <= knots[:, 2].min() - OVERHANG_MM * 0.8
    assert high >= knots[:, 2].max() + OVERHANG_MM * 0.8


@pytest.mark.parametrize("knots", [STRAIGHT, BENT])
def test_coordinates_lead_back_to_the_point(knots: np.ndarray) -> None:
    curve = fit_spine_curve(knots, 1.0)
    rng = np.random.default_rng(3)
    which = rng.integers(40, len(curve.points_mm) - 40, 300)
    across = rng.uniform(-20.0, 20.0, (300, 2))
    points = curve.points_mm[which] + across[:, :1] * curve.left[which] + across[:, 1:] * curve.dorsal[which]
    found = to_curve(curve, points)
    sample = np.rint(found[:, 2]).astype(int)
    rest = (found[:, 2] - sample) * curve.step_mm
    back = (
        curve.points_mm[sample]
        + found[:, :1] * curve.left[sample]
        + found[:, 1:2] * curve.dorsal[sample]
        + rest[:, None] * curve.cranial[sample]
    )
    limit = 1e-6 if knots is STRAIGHT else 1.0
    assert np.linalg.norm(back - points, axis=1).max() <= limit
    assert np.abs(found[:, :2] - across).max() <= limit


def test_the_order_of_the_vertebrae_does_not_matter() -> None:
    shuffled = fit_spine_curve(BENT[[3, 0, 4, 1, 2]], 1.0)
    np.testing.assert_allclose(shuffled.points_mm, fit_spine_curve(BENT, 1.0).points_mm)
