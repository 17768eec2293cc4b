"""Solids: volume and bounds by formula against counting."""

import math

import numpy as np
import pytest

from enbloc.phantoms.solids import (
    ArcTube,
    Bars,
    Column,
    Ellipsoid,
    HalfRing,
    SkewBox,
    segment_area_mm2,
    segment_centroid_v_mm,
)

STEP = 0.25
SOLIDS = {
    "whole column": Column((3.0, -2.0), (9.0, 6.0), (-4.0, 7.0)),
    "column cut dorsally": Column((3.0, -2.0), (9.0, 6.0), (-4.0, 7.0), v_max=1.0),
    "column cut medially": Column((10.0, -2.0), (9.0, 6.0), (-4.0, 7.0), u_min=5.0, side=-1),
    "box": SkewBox((-3.0, 8.0), (1.0, 6.0), (-2.0, 9.0)),
    "pair of skew boxes": SkewBox((4.0, 12.0), (-6.0, 0.0), (-5.0, 5.0), u_per_v=0.4, w_per_v=0.7, paired=True),
    "skew box about a pivot": SkewBox((-2.0, 2.0), (10.0, 22.0), (-5.0, 5.0), w_per_v=0.8, pivot=10.0),
    "half ring": HalfRing((12.0, 9.0), (-7.0, 4.0), 0.3),
    "bars": Bars((8.0, 20.0), 1.0, (4.0, 5.0), 0.5),
    "ellipsoid": Ellipsoid((1.0, 2.0, 3.0), (6.0, 8.0, 5.0)),
    "arc": ArcTube((40.0, -10.0), 30.0, 4.0, (30.0, 170.0), 2.0, 0.35, 1),
    "right arc": ArcTube((40.0, -10.0), 30.0, 4.0, (30.0, 170.0), 2.0, 0.35, -1),
}


def count(solid, pad):
    axes = [np.arange(np.floor(low) - pad + STEP / 2, high + pad, STEP) for low, high in solid.bounds]
    u, v, w = np.ix_(*axes)
    return solid.inside(u, v, w)


@pytest.mark.parametrize("name", SOLIDS)
def test_volume_by_formula_is_what_counting_finds(name):
    solid = SOLIDS[name]
    assert count(solid, 1.0).sum() * STEP**3 == pytest.approx(solid.volume_mm3, rel=0.02)


@pytest.mark.parametrize("name", SOLIDS)
def test_nothing_lies_outside_the_bounds(name):
    solid = SOLIDS[name]
    inside = count(solid, 6.0)
    for axis, (low, high) in enumerate(solid.bounds):
        places = np.arange(np.floor(low) - 6.0 + STEP / 2, high + 6.0, STEP)
        found = places[inside.any(axis=tuple({0, 1, 2} - {axis}))]
        assert low - 1e-9 <= found.min()
        assert found.max() <= high + 1e-9


def test_a_segment_of_the_whole_ellipse_is_the_ellipse():
    assert segment_area_mm2(4.0, 3.0, 3.0) == pytest.approx(math.pi * 12.0)
    assert segment_area_mm2(4.0, 3.0, 0.0) == pytest.approx(math.pi * 6.0)
    assert segment_centroid_v_mm(4.0, 3.0, 3.0) == pytest.approx(0.0, abs=1e-12)
    assert segment_centroid_v_mm(4.0, 3.0, 0.0) == pytest.approx(-4.0 / math.pi)


def test_left_and_right_of_a_side():
    left, right = Column((10.0, 0.0), (3.0, 3.0)), Column((10.0, 0.0), (3.0, 3.0), side=-1)
    at = (np.array([10.0, -10.0]), np.zeros(2), np.zeros(2))
    assert left.inside(*at).tolist() == [True, False]
    assert right.inside(*at).tolist() == [False, True]
