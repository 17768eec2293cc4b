"""Neighbours against formulas: a slab of tumour beside a straight tube, with fat in a part of the gap."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from enbloc.anatomy.scene import Frame, Scene, Vertebra
from enbloc.classification.extent import Extent, extent_from_typed
from enbloc.classification.measured.contacts import measure_contacts
from enbloc.classification.measured.neighbours import Neighbour, measure_neighbours
from enbloc.classification.measured.size import find_size, measure_diameter
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.space.grids import Bools, Floats, Grid, LabelMap, Volume
from enbloc.intake.case import TypedLevel

GRID = Grid((60, 60, 60), np.eye(4))
INDEX: Floats = np.moveaxis(np.indices(GRID.shape).astype(np.float64), 0, -1)
RADIUS, AXIS = 8.0, (40.5, 20.0)
"""A tube along z, whose wall nearest to the tumour lies at x = 32.5, between two voxels."""

EXTENT = extent_from_typed({"T8": TypedLevel(frozenset({5}), frozenset("AB"))})


def tube(radius: float = RADIUS) -> Bools:
    return np.hypot(INDEX[..., 0] - AXIS[0], INDEX[..., 1] - AXIS[1]) < radius


def slab(front_mm: float, low: int, high: int) -> Bools:
    """Tumour from x = 10 to a flat face, over the heights low to high."""
    x, _, z = np.moveaxis(INDEX, -1, 0)
    return (x >= 10) & (x <= front_mm - 0.5) & (z >= low) & (z < high)


def scene_of(tumour: Bools, ct: Floats | None = None, structure: str = "aorta") -> Scene:
    tumour = tumour & ~tube()
    labels = LabelMap(GRID, tube().astype(np.uint8), {1: structure})
    axes = np.eye(3)
    frame = Frame(np.array([30.0, 40.0, 30.0]), axes[0], axes[1], axes[2], 1.0, 1.0)
    vertebra = Vertebra(
        "T8", frame, np.array([30.0, 20.0, 30.0]), 20.0, 30.0, 30.0, 10.0, -10.0, 8.0, 8.0, -8.0, 8.0, True
    )
    nothing = np.zeros(GRID.shape, dtype=np.uint8)
    bone = nothing.copy()
    bone[20:40, 40:50, 20:40] = 1
    volume = None if ct is None else Volume(GRID, ct.astype(np.float32))
    return Scene(GRID, labels, tumour, {"T8": vertebra}, bone, nothing, nothing > 0, volume, 0.5)


def aorta(scene: Scene) -> Neighbour:
    extent: Extent = attrs.evolve(EXTENT, touched=measure_contacts(scene, 60.0))
    (found,) = measure_neighbours(scene, extent)
    return found


def known(measured: object) -> Estimate:
    assert isinstance(measured, Estimate), measured
    return measured


@pytest.mark.parametrize("gap", [3.0, 6.0, 12.0])
def test_the_least_distance_and_where_it_is(gap: float) -> None:
    front = AXIS[0] - RADIUS - gap
    found = aorta(scene_of(slab(front, 20, 40)))
    distance = known(found.distance)
    assert distance.low <= gap <= distance.high
    assert distance.value == pytest.approx(gap, abs=0.5)
    assert found.at_mm[0] == pytest.approx(front, abs=0.5)
    assert found.at_mm[1] == pytest.approx(AXIS[1], abs=3.5)
    assert known(found.contact_length).high == 0.0
    assert known(found.encasement).value == 0.0


@pytest.mark.parametrize("height", [8, 17, 30])
def test_the_length_of_contact(height: int) -> None:
    length = known(aorta(scene_of(slab(AXIS[0] - RADIUS + 1.0, 15, 15 + height))).contact_length)
    assert length.low <= height <= length.high
    assert length.value == pytest.approx(height, abs=2.0)


@pytest.mark.parametrize("held_deg", [90.0, 180.0, 270.0])
def test_the_degrees_around_it(held_deg: float) -> None:
    angle = np.degrees(np.arctan2(INDEX[..., 0] - AXIS[0], INDEX[..., 1] - AXIS[1])) % 360.0
    shell = (angle < held_deg) & tube(RADIUS + 6.0) & (INDEX[..., 2] >= 20) & (INDEX[..., 2] < 40)
    degrees = known(aorta(scene_of(shell)).encasement)
    assert degrees.low <= held_deg <= degrees.high + 1e-9
    assert degrees.value == pytest.approx(held_deg, abs=20.0)


def grey(fat_below: float) -> Floats:
    """Muscle everywhere, with fat (-100 HU) between the tumour's face and the tube below a height."""
    values = np.full(GRID.shape, 50.0)
    x, _, z = np.moveaxis(INDEX, -1, 0)
    values[(x >= 29) & (z < fat_below) & ~tube()] = -100.0
    return values


@pytest.mark.parametrize(("fat_below", "share"), [(60.0, 1.0), (30.0, 0.5), (0.0, 0.0)])
def test_fat_in_the_gap_is_a_plane(fat_below: float, share: float) -> None:
    scene = scene_of(slab(28.5, 20, 40), grey(fat_below))
    plane = known(aorta(scene).fat_plane)
    assert plane.value == pytest.approx(share, abs=0.08)
    assert plane.low <= plane.value <= plane.high


def test_where_they_touch_no_plane_can_be_seen() -> None:
    touching = aorta(scene_of(slab(AXIS[0] - RADIUS + 1.0, 20, 40), grey(60.0))).fat_plane
    assert isinstance(touching, Estimate)
    assert touching.low < 0.9 < touching.high


def test_without_a_ct_and_on_a_ct_of_bone_alone_it_is_unknown() -> None:
    assert isinstance(aorta(scene_of(slab(28.5, 20, 40))).fat_plane, Unknown)
    bone_only = aorta(scene_of(slab(28.5, 20, 40), np.zeros(GRID.shape))).fat_plane
    assert isinstance(bone_only, Unknown)


@pytest.mark.parametrize("half", [9, 24, 27])
def test_the_greatest_diameter_of_a_ball(half: int) -> None:
    x, y, z = np.moveaxis(INDEX - 29.5, -1, 0)
    scene = scene_of(np.sqrt(x**2 + y**2 + z**2) < half)
    diameter = known(measure_diameter(attrs.evolve(scene, tumour=np.sqrt(x**2 + y**2 + z**2) < half)))
    assert diameter.low <= 2 * half <= diameter.high
    verdicts = {finding.criterion: finding.verdict.value for finding in find_size(scene, EXTENT)}
    assert set(verdicts) == {"over_50mm"}


def test_a_tumour_cut_by_the_field_of_view_has_no_diameter() -> None:
    assert isinstance(measure_diameter(scene_of(INDEX[..., 2] > 40)), Unknown)


def test_what_is_no_tube_has_no_degrees() -> None:
    scene = scene_of(slab(AXIS[0] - RADIUS + 1.0, 20, 40), structure="lung_left")
    found = aorta(scene)
    assert isinstance(found.encasement, Unknown)
    assert known(found.contact_length).value > 0.0
