"""Sectors, parts and layers of a phantom against hand arithmetic."""

import numpy as np
import pytest

from enbloc.phantoms.cells import (
    PARTS,
    RAY_STEP_MM,
    bone_cells_ml,
    in_parts,
    part_index,
    polar,
    radial_share,
    sector_by_angle,
    sector_of_bone,
)
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.truth import bone_volume_ml
from enbloc.phantoms.vertebra import canal_half_mm, front_mm, sizes_of

L3 = sizes_of("L3")


def at(*places):
    return tuple(np.array(axis, dtype=float) for axis in zip(*places, strict=True))


def test_angle_grows_from_dorsal_to_the_left():
    turns = np.radians(np.arange(15.0, 360.0, 30.0))
    assert sector_by_angle(np.sin(turns), np.cos(turns)).tolist() == list(range(1, 13))


@pytest.mark.parametrize(
    ("place", "part", "sector"),
    [
        ((5.0, -30.0), "body", 6),
        ((-5.0, -30.0), "body", 7),
        ((20.0, -9.5), "body", 5),
        ((-20.0, -9.5), "body", 8),
        ((18.0, -4.0), "pedicle_left", 4),
        ((13.0, -8.5), "pedicle_left", 4),
        ((-18.0, -1.0), "pedicle_right", 9),
        ((35.0, -1.0), "arch_left", 3),
        ((-35.0, -1.0), "arch_right", 10),
        ((1.0, 20.0), "arch_left", 1),
        ((-1.0, 20.0), "arch_right", 12),
        ((10.0, 10.0), "arch_left", 2),
    ],
)
def test_parts_overrule_angles(place, part, sector):
    u, v = at(place)
    assert PARTS[int(part_index(L3, u, v)[0])] == part
    assert sector_of_bone(L3, u, v).tolist() == [sector]
    assert in_parts(L3, frozenset({part}), u, v).all()


def test_share_on_the_ventral_ray_is_by_formula():
    phantom = SpinePhantom(("L2", "L3", "L4"))
    wall, front = canal_half_mm(L3)[1], -front_mm(L3)
    depth = np.linspace(wall + 1.0, front - 1.0, 7)
    rays = radial_share(polar(phantom, "L3"), np.zeros(7), -depth, np.full(7, -3.0))
    np.testing.assert_allclose(rays.share, (depth - wall) / (front - wall), atol=2 * RAY_STEP_MM / (front - wall))
    np.testing.assert_allclose(rays.theta_deg, 180.0)


def test_a_ray_without_bone_has_no_share():
    phantom = SpinePhantom(("L2", "L3", "L4"))
    foramen = radial_share(polar(phantom, "L3"), np.array([40.0]), np.array([-6.0]), np.array([-12.0]))
    assert foramen.share[0] == -1.0
    assert not np.isfinite(foramen.canal_mm[0])


@pytest.mark.parametrize("level", ["C5", "T8", "L3"])
def test_cells_add_up_to_the_bone_and_mirror(level):
    run = {"C5": ("C4", "C5", "C6"), "T8": ("T7", "T8", "T9"), "L3": ("L2", "L3", "L4")}[level]
    phantom = SpinePhantom(run)
    cells = bone_cells_ml(phantom, level)
    assert sum(cells.values()) == pytest.approx(bone_volume_ml(phantom, level), rel=1e-9)
    for (sector, layer), volume in cells.items():
        assert volume > 0
        assert volume == pytest.approx(cells[13 - sector, layer], rel=0.06, abs=0.01)
