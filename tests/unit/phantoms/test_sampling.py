"""A sampled phantom: names, volumes, connectedness, sides, grids."""

import attrs
import edt
import numpy as np
import pytest
from scipy import ndimage

from enbloc.foundation.space.grids import Grid
from enbloc.phantoms.demo import demo_case, demo_phantom, demo_tumour
from enbloc.phantoms.painting import canal_mask, slab_index
from enbloc.phantoms.sampling import HU, Scan, sample, sample_labels, scan_grid
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom, body_centre_mm, turn_matrix
from enbloc.phantoms.tumours import sphere, tumour_mask
from enbloc.phantoms.vertebra import body_column, canal_half_mm, sizes_of

LUMBAR = SpinePhantom(("L2", "L3", "L4"))
THORACIC = SpinePhantom(("T7", "T8", "T9"))
RUNS = [
    ("C3", "C4", "C5", "C6"),
    ("C7", "T1", "T2"),
    ("T6", "T7", "T8"),
    ("T11", "T12", "L1"),
    ("L3", "L4", "L5", "S1"),
]
NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)


def labels_of(phantom, spacing, margin=4.0, directions=None):
    turned = np.eye(3) if directions is None else directions
    return sample_labels(phantom, scan_grid(phantom, Scan((spacing,) * 3, turned, margin)))


def vertebrae(labels):
    return {name: labels.mask(name) for name in labels.names.values() if name.startswith(("vertebra", "sacrum"))}


def test_lumbar_words():
    names = set(labels_of(LUMBAR, 2.0, 20.0).names.values())
    assert names >= {"vertebra_L2", "vertebra_L3", "vertebra_L4", "disc_L2_L3", "disc_L3_L4", "spinal_cord", "aorta"}
    assert names >= {"inferior_vena_cava", "iliopsoas_left", "iliopsoas_right", "autochthon_left", "autochthon_right"}
    assert not any(name.startswith(("rib", "lung")) for name in names)


def test_thoracic_words():
    names = set(labels_of(THORACIC, 2.0, 20.0).names.values())
    assert names >= {"rib_left_7", "rib_right_9", "lung_left", "lung_right", "aorta", "oesophagus", "vertebra_T8"}


@pytest.mark.parametrize("levels", RUNS)
def test_every_vertebra_is_one_piece_and_apart_from_its_neighbours(levels):
    labels = labels_of(SpinePhantom(levels), 1.5)
    found = vertebrae(labels)
    assert len(found) == len(levels)
    for name, mask in found.items():
        assert ndimage.label(mask, NEIGHBOURS)[1] == 1, name
        grown = ndimage.binary_dilation(mask, NEIGHBOURS)
        touching = [other for other, theirs in found.items() if other != name and (grown & theirs).any()]
        assert touching == [], name


@pytest.mark.parametrize("levels", RUNS)
def test_the_ring_closes_for_some_millimetres_at_clinical_spacing(levels):
    phantom = SpinePhantom(levels)
    labels = labels_of(phantom, 1.5)
    for level in levels:
        bone = labels.mask("sacrum" if level[0] == "S" else f"vertebra_{level}")
        centre = np.rint(labels.grid.to_index(phantom.frames[level].origin_mm[None])[0]).astype(int)
        closed = 0
        for k in range(bone.shape[2]):
            holes = ndimage.binary_fill_holes(bone[:, :, k]) & ~bone[:, :, k]
            closed += bool(holes[centre[0], centre[1]])
        assert 4.0 <= closed * 1.5 <= 16.0, level


@pytest.mark.parametrize("level", ["C5", "T8", "L3"])
def test_body_and_canal_have_the_sizes_of_the_formula_at_one_millimetre(level):
    run = {"C5": ("C4", "C5", "C6"), "T8": ("T7", "T8", "T9"), "L3": ("L2", "L3", "L4")}[level]
    phantom = SpinePhantom(run, pose=Pose(turn_matrix(7.0, -4.0, 11.0), np.array([3.3, -8.1, 40.4])))
    labels, sizes = labels_of(phantom, 1.0), sizes_of(level)
    points = labels.grid.to_patient(np.argwhere(labels.mask(f"vertebra_{level}")))
    local = phantom.frames[level].to_frame(points)
    half_u, half_v = canal_half_mm(sizes)
    in_body = np.count_nonzero(local[:, 1] < -half_v) * labels.grid.voxel_ml * 1000.0
    assert in_body == pytest.approx(body_column(sizes).volume_mm3, rel=0.02)
    centroid = points[local[:, 1] < -half_v].mean(axis=0)
    np.testing.assert_allclose(centroid, body_centre_mm(phantom, level), atol=0.15)
    canal = canal_mask(phantom, labels.grid, slab_index(phantom, labels.grid))
    inside = phantom.frames[level].to_frame(labels.grid.to_patient(np.argwhere(canal)))
    tall = 12.0
    area = np.count_nonzero(np.abs(inside[:, 2]) < tall / 2) / tall
    assert area == pytest.approx(np.pi * half_u * half_v, rel=0.02)
    cord = phantom.frames[level].to_frame(labels.grid.to_patient(np.argwhere(labels.mask("spinal_cord"))))
    assert 0.45 < np.count_nonzero(np.abs(cord[:, 2]) < tall / 2) / tall / area < 0.70


def test_discs_fill_the_gap_between_straight_endplates():
    labels, sizes = labels_of(LUMBAR, 1.0), sizes_of("L2")
    disc = labels.mask("disc_L2_L3")
    high = np.flatnonzero(disc.any(axis=(0, 1)))
    assert (high[-1] - high[0] + 1) == pytest.approx(sizes.front.disc_height_mm, abs=1.0)
    body = body_column(sizes)
    outline = body.volume_mm3 / (body.heights[1] - body.heights[0])
    assert 0.85 * outline < disc.sum() / sizes.front.disc_height_mm < 1.02 * body_column(sizes_of("L3")).volume_mm3


def test_left_is_left_and_ventral_is_ventral():
    labels = labels_of(THORACIC, 2.0, 20.0)
    middle = {
        name: labels.grid.to_patient(np.argwhere(labels.mask(name))).mean(axis=0) for name in labels.names.values()
    }
    for name, centre in middle.items():
        if "left" in name or "right" in name:
            assert (centre[0] > 0) == ("left" in name), name
    assert middle["aorta"][0] > 0
    assert middle["aorta"][1] < middle["vertebra_T8"][1] < middle["autochthon_left"][1]
    lumbar = labels_of(LUMBAR, 2.0, 20.0)
    assert lumbar.grid.to_patient(np.argwhere(lumbar.mask("inferior_vena_cava"))).mean(axis=0)[0] < 0
    assert middle["vertebra_T7"][2] > middle["vertebra_T8"][2]


def test_bone_is_symmetrical_on_a_symmetrical_grid():
    shape, affine = (141, 121, 101), np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = (-70.0, -60.0, -50.0)
    labels = sample_labels(LUMBAR, Grid(shape, affine))
    for mask in vertebrae(labels).values():
        assert np.array_equal(mask, mask[::-1])


def test_foramina_stay_open():
    grid = Grid((70, 1, 1), np.diag([0.5, 1.0, 1.0, 1.0]))
    sizes = sizes_of("L3")
    affine = grid.affine.copy()
    affine[:3, 3] = (10.0, -3.0, -sizes.front.pedicle_height_mm / 2 - 5.0)
    labels = sample_labels(LUMBAR, Grid(grid.shape, affine))
    assert not any(mask.any() for mask in vertebrae(labels).values())


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, -1, 1), (-1, 1, -1)])
def test_an_oblique_flipped_permuted_grid_shows_the_same_patient(signs):
    directions = turn_matrix(20.0, -10.0, 5.0)[:, [2, 0, 1]] * np.array(signs)
    phantom = SpinePhantom(("L3", "L4"))
    oblique, plain = (labels_of(phantom, 1.5, directions=axes) for axes in (directions, turn_matrix(3.0, 5.0, 7.0)))
    assert oblique.grid.directions == pytest.approx(directions)
    for name in ("vertebra_L3", "vertebra_L4"):
        masks = [labels.mask(name) for labels in (oblique, plain)]
        volumes = [mask.sum() * 1.5**3 for mask in masks]
        assert volumes[0] == pytest.approx(volumes[1], rel=0.02)
        centres = [g.to_patient(np.argwhere(m)).mean(0) for g, m in zip((oblique.grid, plain.grid), masks, strict=True)]
        np.testing.assert_allclose(centres[0], centres[1], atol=0.3)


def test_moving_patient_and_scanner_together_changes_no_voxel():
    pose = Pose(turn_matrix(17.0, 33.0, -48.0), np.array([11.0, -22.0, 333.0]))
    still = SpinePhantom(("L2", "L3", "L4"), Bends(-1.0, 1.0, 0.5))
    grid = scan_grid(still, Scan((1.7, 1.3, 2.1), margin_mm=5.0))
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = pose.turn, pose.shift_mm
    here = sample_labels(still, grid)
    there = sample_labels(attrs.evolve(still, pose=pose), Grid(grid.shape, motion @ grid.affine))
    assert here.names == there.names
    assert np.mean(here.values != there.values) < 1e-4


def test_what_is_left_out_is_not_labelled_but_on_the_ct():
    everything, less = sample(THORACIC), sample(THORACIC, Scan(leave_out=("rib", "spinal_cord", "aorta")))
    names = set(less.label_files[0].labels.names.values())
    assert not any(name.startswith("rib") for name in names)
    assert not {"spinal_cord", "spinal_canal", "aorta"} & names
    assert everything.ct is not None and less.ct is not None
    assert np.array_equal(everything.ct.values, less.ct.values)


def test_the_canal_is_labelled_only_on_request():
    assert "spinal_canal" not in sample(LUMBAR).label_files[0].labels.names.values()
    assert "spinal_canal" in sample(LUMBAR, Scan(with_canal=True)).label_files[0].labels.names.values()


def test_ct_looks_like_a_ct():
    case = sample(LUMBAR, Scan((1.0, 1.0, 1.0), margin_mm=5.0), sphere("L3", (8.0, -25.0, -4.0), 7.0))
    assert case.ct is not None
    labels, tumour = (file.labels for file in case.label_files)
    body = labels.mask("vertebra_L3") & (tumour.values == 0)
    deep = edt.edt(np.ascontiguousarray(labels.mask("vertebra_L3")), anisotropy=(1.0,) * 3, black_border=False)
    assert set(case.ct.values[body & (deep <= 1.0)]) == {int(HU["cortex"])}
    assert set(case.ct.values[body & (deep > 2.5)]) == {int(HU["cancellous"])}
    assert set(case.ct.values[tumour.values == 1]) == {int(HU["tumour"])}
    assert labels.mask("vertebra_L3")[tumour.values == 1].all()


def test_noise_comes_from_the_generator_that_is_given():
    scan = Scan((3.0, 3.0, 3.0), margin_mm=5.0)
    first, second = (sample(LUMBAR, scan, noise_hu=20.0, rng=np.random.default_rng(4)).ct for _ in range(2))
    plain = sample(LUMBAR, scan).ct
    assert first is not None and second is not None and plain is not None
    assert np.array_equal(first.values, second.values)
    assert np.std(first.values - plain.values) == pytest.approx(20.0, rel=0.05)


def test_demo_case_is_complete():
    case = demo_case()
    assert case.ct is not None
    assert case.clinical.histology == "chordoma"
    labels, tumour = (file.labels for file in case.label_files)
    assert labels.grid.same_as(tumour.grid)
    assert {"spinal_cord", "aorta", "inferior_vena_cava", "iliopsoas_left"} <= set(labels.names.values())
    assert ndimage.label(tumour.mask("tumour"))[1] == 1
    inside = labels.mask("vertebra_L3")[tumour.mask("tumour")]
    assert inside.all()
    assert tumour_mask(demo_phantom(), demo_tumour(), labels.grid).sum() == tumour.mask("tumour").sum()
