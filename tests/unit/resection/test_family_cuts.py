"""Cuts of the families beyond the three printed ones: what each keeps, takes and leaves."""

from __future__ import annotations

from functools import lru_cache

import attrs
import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.parts import BODY, local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.foundation.space.distances import surface_points
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import Tumour, ellipsoid, sphere
from enbloc.resection.cutting.chest_wall import BEYOND_TUMOUR_MM, FROM_JOINT_MM, place_rib_cuts
from enbloc.resection.cutting.lengthwise_cuts import LEAST_WALL_MM
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.placement import Placement, Plane, Wall, height_above, in_bodies, moved
from enbloc.resection.plans import Family, Option, Side
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.specimen import cut_out

SETTINGS = ResectionSettings()
LUMBAR = ("L2", "L3", "L4")
THORACIC = ("T7", "T8", "T9")
NECK = ("C4", "C5", "C6")


@lru_cache(maxsize=8)
def scene_with(levels: tuple[str, ...], tumour: Tumour, reach_mm: float = 15.0) -> Scene:
    case = sample(SpinePhantom(levels), Scan((1.5,) * 3, margin_mm=reach_mm), tumour)
    scene = build_scene(case, AnatomySettings(reach_mm=reach_mm))
    assert scene is not None
    return scene


def placed(scene: Scene, family: Family, level: str, side: Side | None = None, base: Family | None = None) -> Placement:
    found = place(scene, Option(family, (level,), side, (), base), SETTINGS)
    assert found is not None
    return found


def test_removal_from_the_front_leaves_the_posterior_wall_and_the_ring() -> None:
    scene = scene_with(LUMBAR, sphere("L3", (4.0, -34.0, -4.0), 6.0))
    found = placed(scene, "anterior_corpectomy", "L3")
    assert found.coronal is not None
    assert found.shortfalls == ()
    tumour = surface_points(scene.grid, scene.tumour)
    assert height_above(found.coronal.plane, tumour).max() == pytest.approx(-SETTINGS.bone_margin_mm, abs=1e-6)
    canal = scene.grid.to_patient(np.argwhere(scene.canal & (scene.bone == 0)))
    vertebra = scene.vertebrae["L3"]
    beside = np.abs(local_coordinates(vertebra.frame, canal)[:, 2]) < vertebra.body_height_mm / 2
    assert height_above(found.coronal.plane, canal[beside]).min() > LEAST_WALL_MM - 1.5
    out = cut_out(scene, found, SETTINGS)
    assert not (out.geometry.specimen & (scene.bone > 0) & (scene.parts != BODY)).any()
    assert not (scene.tumour & ~out.geometry.specimen).any()
    assert {cut.id for cut in out.cuts} == {"cranial", "caudal", "coronal"}


def test_removal_from_the_front_is_refused_where_tumour_lies_at_the_posterior_wall() -> None:
    scene = scene_with(LUMBAR, sphere("L3", (4.0, -18.0, -4.0), 6.0))
    assert place(scene, Option("anterior_corpectomy", ("L3",), None, ()), SETTINGS) is None


def test_a_sagittal_and_a_coronal_cut_together_hold_what_lies_inside_of_either() -> None:
    x, y = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    across = Wall("coronal", Plane(0 * y, y), (), ())
    corner = Placement("sagittal_resection", ("L3",), (), {}, Plane(0 * x, x), "left", (), coronal=across)
    points = np.array([[-1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0]])
    assert in_bodies(corner, points).tolist() == [True, True, True, False]
    assert in_bodies(attrs.evolve(corner, coronal=None), points).tolist() == [True, True, False, False]


@pytest.mark.parametrize("cut", ["cranial", "caudal", "coronal"])
def test_a_cut_is_moved_along_its_normal_and_no_other(cut: str) -> None:
    scene = scene_with(LUMBAR, sphere("L3", (4.0, -34.0, -4.0), 6.0))
    before = cut_out(scene, placed(scene, "anterior_corpectomy", "L3"), SETTINGS)
    after = cut_out(scene, moved(placed(scene, "anterior_corpectomy", "L3"), cut, -3.0), SETTINGS)
    for one, other in zip(before.cuts, after.cuts, strict=True):
        shift = float((other.origin_mm - one.origin_mm) @ one.normal)
        assert shift == pytest.approx(-3.0 if one.id == cut else 0.0, abs=1e-6)
    assert after.geometry.specimen_ml < before.geometry.specimen_ml
    with pytest.raises(KeyError):
        moved(placed(scene, "anterior_corpectomy", "L3"), "sagittal", 1.0)


def test_a_body_of_the_neck_leaves_between_the_vertebral_arteries() -> None:
    scene = scene_with(NECK, sphere("C5", (0.0, -14.0, 0.0), 2.5))
    found = placed(scene, "vertebrectomy", "C5", "left")
    assert {wall.id for wall in found.beside} == {"left beside the artery", "right beside the artery"}
    specimen = cut_out(scene, found, SETTINGS).geometry.specimen
    vertebra = scene.vertebrae["C5"]
    local = local_coordinates(vertebra.frame, scene.grid.to_patient(np.argwhere(specimen & (scene.bone > 0))))
    middle = float((vertebra.body_centre_mm - vertebra.frame.origin_mm) @ vertebra.frame.left)
    assert np.abs(local[:, 0] - middle).max() <= vertebra.body_width_mm / 2
    assert not placed(scene_with(LUMBAR, sphere("L3", (4.0, -34.0, -4.0), 6.0)), "vertebrectomy", "L3", "left").beside


def test_ribs_go_with_tumour_of_the_chest_wall_and_are_cut_beyond_it() -> None:
    scene = scene_with(THORACIC, ellipsoid("T8", (34.0, -8.0, 2.0), (14.0, 10.0, 9.0)), 60.0)
    ribs, short = place_rib_cuts(scene, "left", SETTINGS)
    assert ribs
    assert short == ()
    tumour = surface_points(scene.grid, scene.tumour)
    for rib in ribs:
        assert rib.structure.startswith("rib_left_")
        assert rib.along_mm >= FROM_JOINT_MM
        assert rib.along_mm >= BEYOND_TUMOUR_MM
        whole = scene.structures.mask(rib.structure)
        assert rib.taken.sum() < whole.sum()
        assert not (rib.taken & ~whole).any()
        stays = scene.grid.to_patient(np.argwhere(whole & ~rib.taken))
        nearest = np.linalg.norm(stays[:, None] - tumour[None, ::5], axis=2).min()
        assert nearest > SETTINGS.soft_cuff_mm
        assert height_above(rib.plane, stays).min() > -10.0
    assert place_rib_cuts(scene, "right", SETTINGS) == ((), ())


def test_the_chest_wall_adds_ribs_and_a_cuff_of_lung_to_the_resection_of_the_body() -> None:
    scene = scene_with(THORACIC, ellipsoid("T8", (34.0, -8.0, 2.0), (14.0, 10.0, 9.0)), 60.0)
    alone = cut_out(scene, placed(scene, "vertebrectomy", "T8", "right"), SETTINGS)
    combined = cut_out(scene, placed(scene, "chest_wall_combined", "T8", "left", "vertebrectomy"), SETTINGS)
    more = combined.geometry.specimen & ~alone.geometry.specimen
    names = {scene.structures.names.get(int(n), "") for n in np.unique(scene.structures.values[more])}
    assert any(name.startswith("rib_left_") for name in names)
    assert not (alone.geometry.specimen & ~combined.geometry.specimen).any()
    assert {cut.id for cut in combined.cuts} > {cut.id for cut in alone.cuts}
    assert combined.geometry.bone_lost_ml > alone.geometry.bone_lost_ml
