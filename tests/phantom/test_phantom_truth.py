"""The phantom's own truth against formulas and against itself."""

import math

import attrs
import numpy as np
import pytest
from scipy.spatial import cKDTree

from enbloc.errors import InputError
from enbloc.phantoms.cells import frame_grid
from enbloc.phantoms.demo import demo_phantom, demo_tumour
from enbloc.phantoms.fills import Fill
from enbloc.phantoms.sampling import Scan, scan_grid, structure_masks
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom, turn_matrix
from enbloc.phantoms.truth import (
    LOOK_MM,
    CellTruth,
    bone_volume_ml,
    cell_truth,
    clear_cells,
    judge,
    level_truth,
    plane_clearance_mm,
    sphere_to_canal_mm,
    sphere_to_lung_mm,
    sphere_to_tube_mm,
    support_mm,
    tumour_grid,
    tumour_volume_ml,
)
from enbloc.phantoms.tumours import Tumour, Wedge, box, ellipsoid, fill, mirrored, sphere, together, tumour_mask, wedge

LUMBAR = SpinePhantom(("L2", "L3", "L4"))
BENT = SpinePhantom(("T7", "T8", "T9"), Bends(3.0, 1.0, -1.0))
POSE = Pose(turn_matrix(31.0, -12.0, 55.0), np.array([40.0, -9.0, 210.0]))


def involved(cells, voxel=1.0):
    found = {}
    for level, sector, layer in cells:
        if judge(cells[level, sector, layer], voxel) == "involved" and layer != "disc":
            found.setdefault(level, set()).add((sector, layer))
    return found


def test_demo_tumour_is_in_the_left_body_and_the_left_pedicle():
    cells = cell_truth(demo_phantom(), demo_tumour())
    assert {sector for sector, _ in involved(cells)["L3"]} == {4, 5, 6}
    clear = clear_cells(cells, "L3", voxel_mm=1.5)
    assert all(clear[sector, layer] is False for sector in (1, 2, 7, 8, 9, 10, 11, 12) for layer in "BC")
    assert all(not cell.volume_ml for (_, _, layer), cell in cells.items() if layer in "AD")


@pytest.mark.parametrize(
    ("phantom", "tumour"),
    [
        (LUMBAR, sphere("L3", (6.0, -20.0, -5.0), 12.0)),
        (LUMBAR, sphere("L3", (0.0, -25.0, -19.0), 13.0)),
        (LUMBAR, together(box("L2", (-5, 10), (-30, -5), (-18, 2)), ellipsoid("L3", (0, 8, 0), (25, 12, 9)))),
        (BENT, sphere("T8", (8.0, -4.0, -10.0), 11.0)),
        (BENT, wedge("T8", Wedge((60.0, 200.0), beyond_mm=5.0, canal_mm=3.0))),
    ],
)
def test_cells_add_up_to_the_tumour(phantom, tumour):
    cells = cell_truth(phantom, tumour)
    assert sum(cell.volume_ml for cell in cells.values()) == pytest.approx(tumour_volume_ml(phantom, tumour), rel=0.01)
    assert all(0.0 <= cell.fraction <= 1.0 for cell in cells.values())
    assert all((cell.volume_ml > 0.0) == (cell.reach_mm > 0.0) for cell in cells.values())


def test_a_small_sphere_reaches_by_formula():
    """Centre 6 mm to the left of the midline in the body's front half: reach into 7 = radius - 6."""
    for radius in (3.0, 5.0, 8.0):
        cells = cell_truth(LUMBAR, sphere("L3", (6.0, -34.0, -5.0), radius), step_mm=0.4)
        assert cells["L3", 7, "B"].reach_mm == pytest.approx(radius - 6.0, abs=0.45)
    inside = cell_truth(LUMBAR, sphere("L3", (6.0, -34.0, -5.0), 3.0), step_mm=0.4)
    assert inside["L3", 6, "B"].volume_ml == pytest.approx(4 / 3 * math.pi * 27 / 1000, rel=0.03)


def test_a_tumour_across_a_disc_is_on_both_levels_and_in_the_disc():
    cells = cell_truth(LUMBAR, sphere("L3", (0.0, -25.0, -23.0), 12.0))
    assert set(involved(cells)) == {"L3", "L4"}
    assert cells["L3", 0, "disc"].volume_ml + cells["L4", 0, "disc"].volume_ml > 1.0


def test_mirror_swaps_sides_and_nothing_else():
    tumour = together(
        ellipsoid("L3", (12.0, -15.0, -2.0), (9.0, 14.0, 8.0)), wedge("L3", Wedge((10.0, 70.0), (0.2, 0.9)))
    )
    here, there = cell_truth(LUMBAR, tumour), cell_truth(LUMBAR, mirrored(tumour))
    for (level, sector, layer), cell in here.items():
        other = there.get((level, 13 - sector if sector else 0, layer))
        if other is None:
            assert cell.reach_mm < -LOOK_MM + 1.5
            continue
        assert cell.volume_ml == pytest.approx(other.volume_ml, rel=0.05, abs=0.02)
        assert cell.reach_mm == pytest.approx(other.reach_mm, abs=0.8)


def test_mirroring_twice_changes_nothing():
    tumour = together(
        box("L3", (1, 9), (-30, -12), (-9, 3)), fill("L3", Fill({2, 3}, "BC")), wedge("L2", Wedge((350, 45)))
    )
    assert mirrored(mirrored(tumour)) == tumour


def test_pose_moves_the_truth_rigidly():
    tumour = sphere("T8", (9.0, -6.0, -2.0), 9.0)
    moved = attrs.evolve(BENT, pose=POSE)
    here, there = cell_truth(BENT, tumour), cell_truth(moved, tumour)
    assert here.keys() == there.keys()
    for key, cell in here.items():
        assert there[key].volume_ml == pytest.approx(cell.volume_ml, abs=1e-3)
        assert there[key].reach_mm == pytest.approx(cell.reach_mm, abs=0.01)
    centre = level_truth(BENT, "T8").body_centre_mm
    np.testing.assert_allclose(level_truth(moved, "T8").body_centre_mm, POSE.turn @ centre + POSE.shift_mm, atol=1e-9)
    direction = turn_matrix(5, 6, 7)[:, 2]
    far = support_mm(BENT, tumour, direction) + POSE.turn @ direction @ POSE.shift_mm
    assert support_mm(moved, tumour, POSE.turn @ direction) == pytest.approx(far)


LUMBAR_RUN, THORACIC_RUN, CERVICAL_RUN = ("L2", "L3", "L4"), ("T7", "T8", "T9"), ("C4", "C5", "C6")


@pytest.mark.parametrize(
    ("run", "sectors", "layers"),
    [
        (LUMBAR_RUN, {4, 5, 6, 7, 8}, "BC"),
        (CERVICAL_RUN, {2, 3, 4, 5}, "ABC"),
        (THORACIC_RUN, {10, 11, 12, 1, 2, 3}, "BC"),
        (THORACIC_RUN, {8, 9}, "BCD"),
        (CERVICAL_RUN, {5, 6, 7, 8}, "B"),
        (CERVICAL_RUN, {4, 5}, "BC"),
    ],
)
def test_a_filling_tumour_is_in_no_other_cell(run, sectors, layers):
    phantom = SpinePhantom(run, Bends(1.0, 1.0, 0.0))
    cells = cell_truth(phantom, fill(run[1], Fill(sectors, layers, inset_mm=1.25)))
    wanted = {(sector, layer) for sector in sectors for layer in layers}
    holding = {key[1:] for key, cell in cells.items() if cell.volume_ml > 0 and key[0] == run[1]}
    assert holding <= wanted
    assert {sector for sector, _ in holding} == sectors
    assert {layer for _, layer in holding} == set(layers)
    assert not any(cell.volume_ml for key, cell in cells.items() if key[0] != run[1])
    others = [cell.reach_mm for key, cell in cells.items() if key[1:] not in wanted or key[0] != run[1]]
    assert max(others) < -0.6


@pytest.mark.parametrize(
    "tumour",
    [
        sphere("T8", (9.0, -6.0, -2.0), 9.0),
        ellipsoid("T8", (-4.0, -20.0, 1.0), (5.0, 9.0, 7.0)),
        box("T8", (-9.0, 3.0), (-25.0, -12.0), (-8.0, 2.0)),
        wedge("T8", Wedge((150.0, 230.0), (0.2, 0.7))),
    ],
)
def test_support_is_the_farthest_point(tumour):
    phantom = attrs.evolve(BENT, pose=POSE)
    grid = tumour_grid(phantom, tumour, step_mm=0.4)
    points = grid.to_patient(np.argwhere(tumour_mask(phantom, tumour, grid)))
    for direction in turn_matrix(12.0, 34.0, 56.0).T:
        assert support_mm(phantom, tumour, direction) == pytest.approx(float((points @ direction).max()), abs=0.55)


def test_plane_clearance_of_a_sphere():
    frame = LUMBAR.frames["L3"]
    plane = frame.to_patient(np.array([[0.0, 0.0, 9.5]]))[0]
    tumour = sphere("L3", (5.0, -20.0, -2.0), 6.0)
    assert plane_clearance_mm(LUMBAR, tumour, plane, frame.axes[:, 2]) == pytest.approx(9.5 + 2.0 - 6.0)
    assert plane_clearance_mm(LUMBAR, tumour, frame.origin_mm, frame.axes[:, 2]) == pytest.approx(2.0 - 6.0)


def test_distances_of_spheres_by_hand():
    straight_front = (0.0, -20.0, 0.0)
    assert sphere_to_canal_mm(LUMBAR, "L3", straight_front, 5.0) == pytest.approx(20.0 - 9.0 - 5.0, abs=1e-6)
    assert sphere_to_canal_mm(LUMBAR, "L3", (20.0, 0.0, 0.0), 5.0) == pytest.approx(20.0 - 12.0 - 5.0, abs=1e-6)
    assert sphere_to_canal_mm(LUMBAR, "L3", (0.0, 0.0, 0.0), 5.0) == pytest.approx(-9.0 - 5.0, abs=1e-6)
    front = -9.0 - 33.0
    assert sphere_to_tube_mm(LUMBAR, "L3", "aorta", (9.0, front + 8.0, 0.0), 3.0) == pytest.approx(
        8.0 + 11.5 - 9.0 - 3.0
    )
    width = BENT.sizes["T8"].front.body_width_mm
    assert sphere_to_lung_mm(BENT, "T8", (6.0, -20.0, 0.0), 4.0) == pytest.approx(width / 2 + 3.0 - 6.0 - 4.0)
    with pytest.raises(InputError, match="slab"):
        sphere_to_canal_mm(LUMBAR, "L3", (0.0, 0.0, 60.0), 5.0)


@pytest.mark.parametrize("centre", [(15.0, -22.0, -3.0), (-17.0, 6.0, 2.0), (3.0, -30.0, 4.0)])
def test_distances_of_spheres_are_what_counting_finds(centre):
    radius, step = 4.0, 0.4
    room = tuple((c - r, c + r) for c, r in zip(centre, (28.0, 28.0, 6.0), strict=True))
    grid = frame_grid(LUMBAR, "L3", room, step)
    sphere_points = np.argwhere(tumour_mask(LUMBAR, sphere("L3", centre, radius), grid))
    structures = dict(structure_masks(LUMBAR, grid))
    by_formula = {
        "spinal_canal": sphere_to_canal_mm(LUMBAR, "L3", centre, radius),
        "aorta": sphere_to_tube_mm(LUMBAR, "L3", "aorta", centre, radius),
    }
    for name, expected in by_formula.items():
        if structures[name].any():
            gaps, _ = cKDTree(np.argwhere(structures[name]) * step).query(sphere_points * step)
            assert gaps.min() == pytest.approx(expected, abs=1.5 * step), name


def test_judging_a_cell():
    assert judge(None, 1.0) == "free"
    assert judge(CellTruth(0.0, -1.2, 0.0, 0.0, 0.5, 0.4), 1.0) == "free"
    assert judge(CellTruth(0.0, -1.2, 0.0, 0.0, 0.5, 0.4), 1.5) == "border"
    assert judge(CellTruth(0.3, 1.2, 0.1, 0.0, 0.5, 0.4), 1.0) == "involved"
    assert judge(CellTruth(0.3, 1.2, 0.1, 0.0, 0.5, 0.4), 1.5) == "border"
    assert judge(CellTruth(0.05, 1.2, 0.1, 0.0, 0.5, 0.4), 1.0) == "border"


def test_sampled_volumes_are_the_true_ones_at_one_millimetre():
    tumour = together(sphere("L3", (8.0, -25.0, -4.0), 8.0), box("L3", (12.0, 21.0), (-8.0, -1.0), (-6.0, 6.0)))
    grid = scan_grid(LUMBAR, Scan((1.0, 1.0, 1.0), turn_matrix(3.0, 5.0, 7.0), 5.0))
    sampled = tumour_mask(LUMBAR, tumour, grid).sum() * grid.voxel_ml
    assert sampled == pytest.approx(4 / 3 * math.pi * 0.512 + 0.756, rel=0.02)
    assert bone_volume_ml(LUMBAR, "L3") == pytest.approx(bone_volume_ml(LUMBAR, "L3", 0.8), rel=0.02)


def test_impossible_tumours_are_refused():
    with pytest.raises(InputError, match="no such cells"):
        Fill({0, 3}, "BC")
    with pytest.raises(InputError, match="layer of bone"):
        Fill({3}, "A")
    with pytest.raises(InputError, match="at least one piece"):
        Tumour(())
