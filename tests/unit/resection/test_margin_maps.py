"""Margin maps: a ball behind a plane has a round map whose areas are known by formula."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from enbloc.anatomy.scene import Frame, Scene, Vertebra
from enbloc.foundation.space.distances import FAR_MM
from enbloc.foundation.space.grids import Bools, Floats, Grid, LabelMap
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Geometry
from enbloc.resection.specimen.margin_maps import STEP_MM, MarginMap, measure_margin_map

RADIUS_MM = 8.0
HULL_MM = 1.0
"""Faces are hulls of voxel centres, half a voxel short on each side; a map counts that rim too."""
TILTED = Frame(np.zeros(3), np.array([0.96, 0.28, 0.0]), np.array([-0.28, 0.96, 0.0]), np.eye(3)[2], 1.0, 1.0)
UPRIGHT = Frame(np.zeros(3), *np.eye(3), 1.0, 1.0)
GRID = Grid((64, 64, 64), np.array([[1.0, 0, 0, -31.5], [0, 1.0, 0, -31.5], [0, 0, 1.0, -31.5], [0, 0, 0, 1]]))
POINTS = GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T)
BALL = (np.linalg.norm(POINTS, axis=1) <= RADIUS_MM).reshape(GRID.shape)


def scene_of(tumour: Bools, frame: Frame = UPRIGHT) -> Scene:
    vertebra = Vertebra("L3", frame, np.array([0.0, -20, 0]), 24, 24, 30, 12, -12, 8, 8, -8, 8, True)
    nothing = np.zeros(GRID.shape, dtype=np.uint8)
    labels = LabelMap(GRID, nothing, {})
    return Scene(GRID, labels, tumour, {"L3": vertebra}, nothing, nothing, nothing > 0, None, 0.5)


def cut_at(height: float, normal: Floats, half: float) -> Cut:
    """A square of 2 `half` mm, `height` mm from the ball's centre."""
    normal = normal / np.linalg.norm(normal)
    first = np.cross(normal, [0.3, 0.9, -0.2])
    first /= np.linalg.norm(first)
    second = np.cross(normal, first)
    corners = [height * normal + half * (a * first + b * second) for a, b in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    return Cut("lid", "osteotomy", height * normal, normal, np.array(corners), 1.0, ())


def map_of(height: float, normal: tuple[float, float, float], half: float = 20.0, frame: Frame = UPRIGHT) -> MarginMap:
    cut = cut_at(height, np.array(normal, dtype=float), half)
    behind = ((POINTS - cut.origin_mm) @ cut.normal <= 0.0).reshape(GRID.shape)
    return measure_margin_map(scene_of(BALL, frame), Geometry(behind, ~behind, 1.0, 1.0), cut)


def within(limit: float, height: float) -> float:
    """Area of the plane nearer than `limit` to the ball, by Pythagoras."""
    return float(np.pi * max((RADIUS_MM + limit) ** 2 - height**2, 0.0))


@pytest.mark.parametrize("normal", [(0, 0, 1), (0, -1, 0), (1, 0, 0), (0.3, 0.5, 0.8)])
@pytest.mark.parametrize("height", [9.0, 12.0, 16.0])
def test_areas_near_a_ball_are_those_of_circles(height: float, normal: tuple[float, float, float]) -> None:
    found = map_of(height, normal)
    assert found.area_mm2.value == pytest.approx((40.0 + HULL_MM) ** 2, rel=0.03)
    for limit, area in found.within_mm2.items():
        assert area.low <= within(limit, height) <= area.high
        assert area.value == pytest.approx(within(limit, height), rel=0.06, abs=12.0)
    assert found.nearest_mm[found.on_face].min() == pytest.approx(height - RADIUS_MM, abs=0.5)


def test_straight_through_a_place_lies_the_ball_or_nothing() -> None:
    found = map_of(14.0, (0, 0, 1))
    u, v = np.indices(found.on_face.shape) * STEP_MM
    places = found.origin_mm + u[..., None] * found.across + v[..., None] * found.along
    aside = np.linalg.norm(places[..., :2], axis=-1)
    over = found.on_face & (aside < RADIUS_MM - 1.0)
    expected = 14.0 - np.sqrt(RADIUS_MM**2 - aside[over] ** 2)
    np.testing.assert_allclose(found.through_mm[over], expected, atol=1.0)
    assert (found.through_mm[found.on_face & (aside > RADIUS_MM + 1.0)] == FAR_MM).all()


def test_a_plane_through_the_ball_is_negative_there() -> None:
    found = map_of(4.0, (0, 0, 1))
    inside = found.on_face & (found.nearest_mm < 0.0)
    assert inside.sum() * STEP_MM**2 == pytest.approx(np.pi * (RADIUS_MM**2 - 16.0), rel=0.05)
    assert found.nearest_mm[found.on_face].min() == pytest.approx(-RADIUS_MM + 4.0, abs=0.6)


@pytest.mark.parametrize(
    ("normal", "across", "along"),
    [
        ((0, 0, 1), ("right", "left"), ("ventral", "dorsal")),
        ((0, 0, -1), ("right", "left"), ("ventral", "dorsal")),
        ((0, 1, 0), ("right", "left"), ("caudal", "cranial")),
        ((1, 0, 0), ("ventral", "dorsal"), ("caudal", "cranial")),
        ((-1, 0.2, 0.1), ("ventral", "dorsal"), ("caudal", "cranial")),
    ],
)
@pytest.mark.parametrize("frame", [UPRIGHT, TILTED], ids=["upright", "turned"])
def test_the_axes_are_named_by_the_anatomy(
    normal: tuple[float, float, float], across: tuple[str, str], along: tuple[str, str], frame: Frame
) -> None:
    turned = np.stack([frame.left, frame.dorsal, frame.cranial], axis=1) @ np.array(normal, dtype=float)
    found = map_of(12.0, (float(turned[0]), float(turned[1]), float(turned[2])), frame=frame)
    assert (found.across_words, found.along_words) == (across, along)
    assert abs(found.across @ found.along) < 1e-9 and abs(found.across @ turned) < 1e-9


def test_only_where_the_specimen_ends_is_face() -> None:
    """Half of the specimen is missing under the face: half of the area is left."""
    cut = cut_at(12.0, np.array([0.0, 0.0, 1.0]), 20.0)
    behind = (POINTS[:, 2] <= 12.0).reshape(GRID.shape) & (POINTS[:, 0] > 0.0).reshape(GRID.shape)
    found = measure_margin_map(scene_of(BALL), Geometry(behind, ~behind, 1.0, 1.0), cut)
    expected = (40.0 + HULL_MM) * (20.0 + HULL_MM / 2)
    assert found.area_mm2.value == pytest.approx(expected, rel=0.05)
    assert found.area_mm2.low <= expected <= found.area_mm2.high


def test_without_tumour_nothing_is_near() -> None:
    cut = cut_at(12.0, np.array([0.0, 0.0, 1.0]), 20.0)
    behind = (POINTS[:, 2] <= 12.0).reshape(GRID.shape)
    scene = attrs.evolve(scene_of(BALL), tumour=np.zeros(GRID.shape, dtype=bool))
    found = measure_margin_map(scene, Geometry(behind, ~behind, 1.0, 1.0), cut)
    assert all(area.high == 0.0 for area in found.within_mm2.values())
    assert (found.nearest_mm == FAR_MM).all()
