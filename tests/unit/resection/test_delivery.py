"""Delivery among boxes: what is locked, what leaves, and by which way."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from scipy.ndimage import rotate
from scipy.spatial import cKDTree

from enbloc.anatomy.parts import ARCH_LEFT, BODY
from enbloc.anatomy.scene import Frame, Scene, Vertebra
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.space.grids import Bools, Floats, Grid, LabelMap
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.plans import Delivery, Geometry, Sacrifice
from enbloc.resection.way_out import delivery as delivery_module
from enbloc.resection.way_out.delivery import judge_delivery
from enbloc.resection.way_out.kept import CLOSED, SAC, find_kept
from enbloc.resection.way_out.motion import Ground, build_body, shifted
from enbloc.resection.way_out.passage import straighten
from enbloc.resection.way_out.pieces import RIB_TAKEN_MM
from enbloc.resection.way_out.ring import closes_round
from enbloc.resection.way_out.ways import LET_GO_MM, Fields, Way, prove
from walked_paths import walk_path

VOXEL_MM = 2.0
GRID = Grid((50, 60, 40), np.array([[2.0, 0, 0, -49], [0, 2.0, 0, -59], [0, 0, 2.0, -39], [0, 0, 0, 1]]))
X, Y, Z = np.moveaxis(GRID.to_patient(np.indices(GRID.shape).reshape(3, -1).T).reshape(*GRID.shape, 3), 3, 0)
FRAME = Frame(np.zeros(3), *np.eye(3), 1.0, 1.0)
CANAL = (np.abs(X) < 8) & (np.abs(Y) < 8)
RING = (np.abs(X) < 16) & (np.abs(Y) < 16) & (np.abs(Z) < 6) & ~CANAL
NOWHERE = np.zeros(GRID.shape, dtype=bool)
NAMES = {1: "aorta", 2: "rib_left_12", 3: "dura", 4: "lung_left", 5: "kidney_left", 6: "autochthon_left"}


def vertebra(level: str) -> Vertebra:
    return Vertebra(level, FRAME, np.array([0.0, -20, 0]), 24, 24, 30, 12, -12, 8, 8, -8, 8, True)


def box(x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> Bools:
    return np.logical_and.reduce([(at > low) & (at < high) for at, (low, high) in ((X, x), (Y, y), (Z, z))])


def scene_of(specimen: Bools, bone: Bools = NOWHERE, labels: dict[int, Bools] | None = None, canal: Bools = CANAL):
    """A scene whose one vertebra is the specimen and the bone that stays, and its placement and geometry."""
    values = np.zeros(GRID.shape, dtype=np.uint8)
    for number, where in (labels or {}).items():
        values[where] = number
    own = specimen | bone
    parts = np.where(own, np.where(Y < -8, BODY, ARCH_LEFT), 0).astype(np.uint8)
    structures = LabelMap(GRID, values, NAMES)
    tumour = specimen & (np.cumsum(specimen.ravel()).reshape(GRID.shape) <= 4)
    levels = {"T12": vertebra("T12")}
    scene = Scene(GRID, structures, tumour, levels, own.astype(np.uint8), parts, canal, None, VOXEL_MM / 2)
    placement = Placement("sagittal_resection", ("T12",), (), {}, None, None, ())
    return scene, placement, Geometry(specimen, bone, 1.0, 1.0)


def deliver(specimen: Bools, bone: Bools = NOWHERE, approach: str = "posterior", **more) -> Delivery:
    return judge_delivery(*scene_of(specimen, bone, **more), (approach,), ())


def mirrored(mask: Bools) -> Bools:
    return mask[::-1].copy()


BEHIND = box((-12, 12), (8, 20), (-10, 10))
BESIDE = box((8, 24), (-16, 16), (-10, 10))
LID = box((-60, 60), (20, 26), (-40, 40))
"""A wall of bone behind everything."""


def shifts_of(delivery: Delivery) -> Floats:
    for pose in delivery.path:
        np.testing.assert_array_equal(pose[:3, :3], np.eye(3))
        np.testing.assert_array_equal(pose[3], [0, 0, 0, 1])
    return np.array([pose[:3, 3] for pose in delivery.path])


def test_what_lies_free_behind_the_canal_lifts_off_straight() -> None:
    delivery = deliver(BEHIND)
    assert delivery.possible == "yes"
    np.testing.assert_array_equal(delivery.path[0], np.eye(4))
    assert delivery.route is not None and delivery.route.endswith("mm dorsally") and "then" not in delivery.route
    assert isinstance(delivery.least_clearance, Estimate)
    assert delivery.least_clearance.value == pytest.approx(LET_GO_MM, abs=VOXEL_MM)
    assert any("roots" in reason.says for reason in delivery.because)


@pytest.mark.parametrize("tilt", [0.0, 20.0, -35.0])
def test_a_closed_ring_is_locked_however_it_is_tilted(tilt: float) -> None:
    ring = rotate(RING.astype(float), tilt, axes=(1, 2), reshape=False, order=1) > 0.5
    ring &= ~CANAL
    scene, _, _ = scene_of(ring)
    assert closes_round(scene, ring, CANAL, FRAME)
    assert deliver(ring).possible == "no"


@pytest.mark.parametrize("gap", [box((0, 2), (0, 30), (-9, 9)), box((0, 30), (2, 4), (-9, 9))], ids=["back", "side"])
def test_a_ring_with_a_gap_of_a_voxel_is_not_closed(gap: Bools) -> None:
    scene, _, _ = scene_of(RING & ~gap)
    assert not closes_round(scene, RING & ~gap, CANAL, FRAME)
    assert deliver(RING & ~gap).possible != "no"


def test_a_ring_beside_the_sac_locks_nothing() -> None:
    ring = np.roll(RING, 16, axis=0)
    scene, _, _ = scene_of(ring)
    assert not closes_round(scene, ring, CANAL, FRAME)


def test_what_is_walled_in_is_unknown_and_the_wall_is_named() -> None:
    shell = box((-18, 18), (8, 26), (-16, 16)) & ~BEHIND
    delivery = deliver(BEHIND, shell)
    assert delivery.possible == "unknown"
    assert delivery.path == () and delivery.route is None and isinstance(delivery.least_clearance, Unknown)
    assert "that none exists is not proved" in delivery.because[0].says
    (proposal,) = delivery.proposals
    assert proposal.without == ("arch_T12",) and proposal.says == delivery.because[1].says
    np.testing.assert_array_equal(proposal.path[0], np.eye(4))
    without = deliver(BEHIND, shell & (Y < -8))
    assert without.possible == "yes"


def test_a_wall_behind_is_gone_round() -> None:
    wall = box((-60, 14), (22, 26), (-40, 40))
    delivery = deliver(BEHIND, wall)
    assert delivery.possible == "yes"
    assert delivery.route is not None and "to the left" in delivery.route


@pytest.mark.parametrize("bone", [NOWHERE, box((-60, 14), (22, 26), (-40, 40)), box((8, 24), (18, 22), (-40, 40))])
@pytest.mark.parametrize("specimen", [box((-8, 12), (8, 20), (-10, 10)), BESIDE], ids=["behind", "beside"])
def test_the_mirrored_patient_gets_the_mirrored_way(specimen: Bools, bone: Bools) -> None:
    here, there = deliver(specimen, bone), deliver(mirrored(specimen), mirrored(bone))
    assert here.possible == there.possible == "yes"
    np.testing.assert_allclose(shifts_of(there), shifts_of(here) * [-1, 1, 1], atol=1e-9)
    swapped = (here.route or "").replace("left", "*").replace("right", "left").replace("*", "right")
    assert there.route == swapped


def test_the_approach_says_where_it_leaves() -> None:
    front = box((-20, 20), (-40, -8), (-10, 10))
    assert deliver(front, approach="anterior left").route is not None
    assert shifts_of(deliver(front, approach="anterior left"))[-1][1] < -90
    assert shifts_of(deliver(front, approach="posterior"))[-1][1] > 90
    assert deliver(BEHIND, LID, approach="posterior").possible == "unknown"
    assert deliver(BEHIND, approach="").possible == "unknown"


def test_more_that_stays_never_makes_it_possible() -> None:
    rank = {"no": 0, "unknown": 1, "yes": 2}
    for specimen in (BEHIND, BESIDE, RING & ~box((-4, 4), (0, 30), (-9, 9)), RING):
        walls = [NOWHERE, box((-60, 14), (22, 26), (-40, 40)), LID]
        found = []
        for n in range(len(walls)):
            bone = np.logical_or.reduce(walls[: n + 1]) & ~specimen
            found.append(rank[deliver(specimen, bone).possible])
        assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("specimen", [BEHIND, BESIDE], ids=["behind", "beside"])
def test_the_clearance_is_what_brute_force_finds(specimen: Bools) -> None:
    wall = box((-60, 14), (24, 28), (-40, 40)) & ~specimen
    scene, placement, geometry = scene_of(specimen, wall)
    delivery = judge_delivery(scene, placement, geometry, ("posterior",), ())
    assert delivery.possible == "yes" and isinstance(delivery.least_clearance, Estimate)
    kept = cKDTree(GRID.to_patient(np.argwhere((CANAL | wall) & ~specimen)))
    points = GRID.to_patient(np.argwhere(specimen))
    poses = walk_path(delivery.path, points, VOXEL_MM / 2)
    gaps = np.array([kept.query(points @ pose[:3, :3].T + pose[:3, 3])[0].min() - VOXEL_MM for pose in poses])
    moved = np.linalg.norm(poses[:, :3, 3], axis=1)
    assert (gaps >= -VOXEL_MM).all()
    assert delivery.least_clearance.value == pytest.approx(gaps[moved >= LET_GO_MM].min(), abs=VOXEL_MM)


def test_lungs_give_way_and_bone_does_not() -> None:
    assert deliver(BEHIND, labels={4: LID}).possible == "yes"
    assert deliver(BEHIND, labels={2: LID}).possible == "unknown"


def test_a_vessel_beside_the_way_is_passed_at_its_guard_or_named() -> None:
    wide = deliver(BEHIND, labels={1: box((20, 24), (8, 60), (-40, 40))})
    assert wide.possible == "yes" and not any("vessel, which" in reason.says for reason in wide.because)
    shaft = box((14, 18), (8, 60), (-40, 40)) | box((-18, -14), (8, 60), (-40, 40))
    close = deliver(box((-12, 12), (30, 40), (-10, 10)), labels={1: shaft | box((-14, 14), (18, 24), (-40, 40))})
    assert close.possible == "yes"
    assert any("vessel, which must be freed" in reason.says for reason in close.because)


def test_without_a_canal_nothing_is_said() -> None:
    delivery = deliver(BEHIND, canal=NOWHERE)
    assert delivery.possible == "unknown"
    assert "canal is not known" in delivery.because[0].says


def test_a_labelled_dura_stands_for_the_sac() -> None:
    dura = (np.abs(X) < 4) & (np.abs(Y) < 4)
    scene, placement, geometry = scene_of(BEHIND, labels={3: dura})
    np.testing.assert_array_equal(find_kept(scene, placement, geometry, ()).codes == SAC, dura)


def test_a_resected_rib_is_taken_near_its_vertebra_only() -> None:
    rib = box((26, 50), (0, 6), (-4, 4)) | box((44, 50), (-58, 6), (-4, 4))
    scene, placement, geometry = scene_of(BESIDE, labels={2: rib})
    resected = (Sacrifice("rib_left_12", "resect", "", "verified"),)
    kept = find_kept(scene, placement, geometry, resected).codes > SAC
    assert kept.any() and not (kept & ~rib).any()
    gaps = cKDTree(GRID.to_patient(np.argwhere(BESIDE))).query(GRID.to_patient(np.argwhere(rib)))[0]
    np.testing.assert_allclose(gaps[kept[rib]].min(), RIB_TAKEN_MM, atol=2 * VOXEL_MM)
    assert (find_kept(scene, placement, geometry, ()).codes[rib] > SAC).all()


def test_the_arch_that_is_taken_off_stops_nothing() -> None:
    scene, placement, geometry = scene_of(box((-12, 12), (8, 14), (-10, 10)), box((-20, 20), (14, 20), (-10, 10)))
    freed = attrs.evolve(placement, arch_off=placement.levels)
    assert (find_kept(scene, placement, geometry, ()).codes > SAC).sum() == geometry.remainder.sum()
    assert not (find_kept(scene, freed, geometry, ()).codes > SAC).any()


def test_a_way_is_reduced_to_its_corners() -> None:
    way = np.array([[0, 0, 0], [0, 2, 0], [0, 4, 0], [0, 6, 0], [4, 6, 0], [8, 6, 0], [12, 6, 0]], dtype=float)
    np.testing.assert_array_equal(straighten(way), way[[0, 3, 6]])


def field_of(value_mm: float) -> Ground:
    return Ground(GRID, np.full(GRID.shape, value_mm))


@pytest.mark.parametrize(("clearance_mm", "touches"), [(0.3, False), (0.0, False), (-0.3, True)])
def test_a_way_touches_where_its_clearance_is_negative(clearance_mm: float, touches: bool) -> None:
    body = build_body(GRID, BEHIND, np.eye(3))
    far = field_of(50.0)
    fields = Fields(field_of(1.0 + clearance_mm), far, far, 0.0, 0.0, 2.0, 1.0, 1.0)
    way = prove(body, fields, shifted(np.array([[0.0, 0, 0], [0, 40, 0]])), "shifted")[1]
    assert way is not None
    assert way.least_mm == pytest.approx(clearance_mm)
    assert way.touches is touches


def test_a_touching_way_is_unknown_and_names_what_it_touches(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way through the wall of bone behind, taken to be the best that there is."""
    straight = shifted(np.array([[0.0, 0, 0], [0, 40, 0]]))
    monkeypatch.setattr(delivery_module, "find_ways", lambda _: Way(straight, "shifted", -0.4, 9.0, True))
    found = deliver(BEHIND, LID)
    assert found.possible == "unknown"
    assert found.route is not None and len(found.path) == 2
    assert isinstance(found.least_clearance, Estimate) and found.least_clearance.value == -0.4
    assert "touches the rest of the arch of T12 by 0.4 mm" in found.because[0].says
    monkeypatch.setattr(delivery_module, "find_ways", lambda _: Way(straight, "shifted", -0.4, 9.0, False))
    along = deliver(BEHIND, LID)
    assert along.possible == "yes"
    assert "runs along the canal's wall" in along.because[0].says


THICK = box((-60, 60), (24, 58), (-40, 40))
"""A wall of soft tissue behind everything, 34 mm thick."""


@pytest.mark.parametrize(
    ("label", "approach", "closed"),
    [
        (5, "posterior", True),
        (6, "posterior", False),
        (4, "posterior", False),
        (6, "anterior", True),
        (5, "anterior", False),
    ],
)
def test_what_an_approach_does_not_open_is_kept_out_of_the_way(label: int, approach: str, closed: bool) -> None:
    scene, placement, geometry = scene_of(BEHIND, labels={label: THICK})
    codes = find_kept(scene, placement, geometry, (), approach=(approach,)).codes
    deep = box((-30, 30), (35, 57), (-20, 20))
    assert bool((codes[deep & THICK] == CLOSED).any()) is closed
    assert not (codes[box((-60, 60), (24, 32), (-40, 40))] == CLOSED).any(), "the outer 10 mm give way"
    both = find_kept(scene, placement, geometry, (), approach=("posterior", "anterior left")).codes
    assert not (both == CLOSED).any()


def test_the_answer_names_its_corridor() -> None:
    barred = deliver(BEHIND, labels={5: THICK})
    assert barred.possible == "unknown"
    assert any("gives way by 10 mm at most: left kidney" in reason.says for reason in barred.because)
    free = deliver(BEHIND, labels={6: THICK})
    assert free.possible == "yes"
    assert any("no organs are labelled, and whether they bar it is not known" in reason.says for reason in free.because)
