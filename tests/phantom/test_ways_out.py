"""Delivery of phantoms whose way out is known by construction, and laws of every plan."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import attrs
import numpy as np
import pytest
from scipy.ndimage import binary_erosion
from scipy.spatial import cKDTree

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.parts import local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.grids import Floats
from enbloc.phantoms.fills import Fill
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom, turn_matrix
from enbloc.phantoms.tumours import Tumour, ellipsoid, fill, together
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.plans import Delivery, Geometry, Option, Side
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.specimen import cut_out
from enbloc.resection.way_out.delivery import judge_delivery
from enbloc.resection.way_out.kept import VESSELS, find_kept
from enbloc.resection.way_out.ways import LET_GO_MM
from walked_paths import walk_path

VOXEL_MM = 1.5
FAR_MM = 20.0
"""Further apart the gap between two voxels is not looked up."""
ARCH = fill("L3", Fill({11, 12, 1, 2}, "BC", inset_mm=1.25))
LEFT = together(ellipsoid("L3", (18, -16, -3), (5, 8, 6)), ellipsoid("L3", (17, 4, 2), (5, 11, 6)))
POSES = {"upright": Pose(), "askew": Pose(turn_matrix(10.0, 8.0, 12.0), np.array([30.0, -20.0, 700.0]))}
Resected = tuple[Scene, Placement, Geometry]


@lru_cache(maxsize=8)
def resected(tumour: Tumour, family: str, side: Side | None, pose: str = "upright") -> Resected:
    """L3 alone: no neighbour's joint process holds what is cut from it."""
    phantom = SpinePhantom(("L3",), Bends(), POSES[pose])
    scene = build_scene(sample(phantom, Scan((VOXEL_MM,) * 3, margin_mm=12.0), tumour), AnatomySettings(reach_mm=25.0))
    assert scene is not None
    placement = place(scene, Option(family, ("L3",), side, ()), ResectionSettings())
    assert placement is not None
    return scene, placement, cut_out(scene, placement, ResectionSettings()).geometry


def deliver(case: Resected) -> Delivery:
    return judge_delivery(*case, ("posterior",), ())


def shifts_of(delivery: Delivery) -> Floats:
    np.testing.assert_array_equal(delivery.path[0], np.eye(4))
    return np.array([pose[:3, 3] for pose in delivery.path])


def gaps_along(case: Resected, delivery: Delivery) -> tuple[Floats, Floats]:
    """Length travelled and gap between voxels of the specimen and of what is kept, mm, found pair by pair."""
    scene, placement, geometry = case
    codes = find_kept(scene, placement, geometry, ()).codes
    tree = cKDTree(scene.grid.to_patient(np.argwhere((codes > 0) & (codes != VESSELS))))
    vessels = cKDTree(scene.grid.to_patient(np.argwhere(codes == VESSELS)))
    points = scene.grid.to_patient(np.argwhere(geometry.specimen & ~binary_erosion(geometry.specimen)))
    poses = walk_path(delivery.path, points, VOXEL_MM / 2)
    moved = [points @ pose[:3, :3].T + pose[:3, 3] for pose in poses]
    gaps = [
        min(t.query(there, distance_upper_bound=FAR_MM)[0].min() for t in (tree, vessels)) - VOXEL_MM for there in moved
    ]
    return np.array([np.linalg.norm(there - points, axis=1).max() for there in moved]), np.array(gaps)


@pytest.mark.parametrize("pose", POSES)
def test_a_free_arch_lifts_off_dorsally(pose: str) -> None:
    case = resected(ARCH, "posterior_arch_resection", None, pose)
    delivery = deliver(case)
    assert delivery.possible == "yes"
    way = shifts_of(delivery)
    dorsal = case[0].vertebrae["L3"].frame.dorsal
    assert (np.diff(way @ dorsal) > 0.0).all()
    assert way[-1] @ dorsal == pytest.approx(np.linalg.norm(way[-1]), rel=0.05)


def half_of(side: Side, pose: str = "upright") -> Resected:
    """Half a vertebra, sawn along the midline: nothing of it lies on the other side of the sac."""
    scene, placement, geometry = resected(LEFT, "sagittal_resection", "left", pose)
    frame = scene.vertebrae["L3"].frame
    left = local_coordinates(frame, scene.grid.to_patient(np.argwhere(scene.bone > 0)))[:, 0]
    specimen = np.zeros(scene.grid.shape, dtype=bool)
    specimen[scene.bone > 0] = left > 0.0 if side == "left" else left < 0.0
    return scene, placement, attrs.evolve(geometry, specimen=specimen, remainder=(scene.bone > 0) & ~specimen)


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("side", ["left", "right"])
def test_half_a_vertebra_leaves_to_its_own_side_first(side: Side, pose: str) -> None:
    delivery = deliver(half_of(side, pose))
    assert delivery.possible == "yes", delivery.because
    assert delivery.route is not None
    assert f"to the {side}" in delivery.route.split(", then ")[0]
    assert delivery.route.endswith("dorsally")


def test_both_halves_go_mirrored_ways() -> None:
    left, right = (shifts_of(deliver(half_of(side))) for side in ("left", "right"))
    length = [np.linalg.norm(np.diff(way, axis=0), axis=1).sum() for way in (left, right)]
    assert length[0] == pytest.approx(length[1], rel=0.1)
    np.testing.assert_allclose(left[-1], right[-1] * [-1, 1, 1], atol=10.0)


@pytest.mark.parametrize(
    "case", [lambda: resected(ARCH, "posterior_arch_resection", None), lambda: half_of("left")], ids=["arch", "half"]
)
def test_the_way_and_its_clearance_are_what_pairs_of_voxels_find(case: Callable[[], Resected]) -> None:
    delivery = deliver(case())
    assert isinstance(delivery.least_clearance, Estimate)
    travelled, gaps = gaps_along(case(), delivery)
    assert gaps.min() >= -VOXEL_MM - 1e-6
    assert delivery.least_clearance.value == pytest.approx(gaps[travelled >= LET_GO_MM].min(), abs=VOXEL_MM)


def test_a_specimen_that_reaches_round_the_sac_needs_room() -> None:
    """The sagittal cut beside the canal leaves a corner on the far side, and the lamina hooks behind the sac."""
    delivery = deliver(resected(LEFT, "sagittal_resection", "left"))
    assert delivery.possible == "unknown"
    (proposal,) = delivery.proposals
    assert proposal.says.startswith("If the sac is no wider than the labelled cord")
    assert delivery.because[1].says == proposal.says


@pytest.mark.parametrize("pose", POSES)
def test_a_whole_vertebra_is_locked_round_the_sac(pose: str) -> None:
    scene, placement, geometry = resected(ARCH, "posterior_arch_resection", None, pose)
    whole = scene.bone > 0
    delivery = deliver((scene, placement, attrs.evolve(geometry, specimen=whole, remainder=~whole & scene.tumour)))
    assert delivery.possible == "no"
    assert delivery.path == ()


def test_an_arch_between_its_neighbours_joints_is_turned_out_from_under_them() -> None:
    case = sample(SpinePhantom(("L2", "L3", "L4")), Scan((VOXEL_MM,) * 3, margin_mm=12.0), ARCH)
    scene = build_scene(case, AnatomySettings(reach_mm=25.0))
    assert scene is not None
    placement = place(scene, Option("posterior_arch_resection", ("L3",), None, ()), ResectionSettings())
    assert placement is not None
    case = (scene, placement, cut_out(scene, placement, ResectionSettings()).geometry)
    delivery = deliver(case)
    assert delivery.possible == "unknown", "the joints of the phantom have no gap: its way out slides along them"
    assert "touches" in delivery.because[0].says and "within the error of the labels" in delivery.because[0].says
    turns = [np.trace(pose[:3, :3]) for pose in delivery.path]
    assert min(turns) < 1.0 + 2.0 * np.cos(np.radians(20.0)), "it cannot be lifted off without turning it"
    gaps = gaps_along(case, delivery)[1]
    assert gaps.min() >= -VOXEL_MM - 0.1
