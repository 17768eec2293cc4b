"""Tumours drawn in real anatomy: what must hold of every plan, and that no finer grid finds a cheaper cut.

The tumours are synthetic ellipsoids with fixed seeds; the anatomy is real.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import attrs
import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.anatomy.levels_read import levels_of
from enbloc.anatomy.parts import BODY
from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.space.grids import Bools, Floats, LabelMap
from enbloc.intake.case import Case, LabelFile
from enbloc.resection.cuts import Cut
from enbloc.resection.cutting.end_cuts import near_column
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.placement import EndCut, Placement, beyond_step, height_above
from enbloc.resection.families import enumerate_options
from enbloc.resection.plans import Geometry, Margin
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.margins import measure_margins
from enbloc.resection.specimen.specimen import cut_out
from enbloc.settings import Settings
from enbloc.walk import Record, look
from sampled_cuts import sampled_face

pytestmark = pytest.mark.real

RealData = Callable[[str], Path]
SETTINGS = ResectionSettings()
CASES = ("T8-left-paravertebral", "L3-body-left-pedicle", "L2-posterior-arch", "T11-epidural")
SUBJECTS = ("T8-left-paravertebral", "L3-body-left-pedicle")
"""Cases of s0327 and s0328, whose labels the drawn tumours stand in."""


@cache
def case_in(folder: Path) -> Case:
    return read_case(folder, lambda _: None)[0]


def drawn_tumour(labels: LabelMap, seed: int) -> Bools:
    """An ellipsoid of 4 to 14 mm half axes in any pose, about a voxel of bone of one of the inner levels."""
    rng = np.random.default_rng(seed)
    inner = [level for level in levels_of(labels) if level != "S1"][1:-1]
    bone = np.argwhere(labels.mask(f"vertebra_{inner[rng.integers(len(inner))]}"))
    centre = labels.grid.to_patient(bone[rng.integers(len(bone))][None])[0]
    half = rng.uniform(4.0, 14.0, 3)
    turn = Rotation.from_euler("xyz", rng.uniform(0.0, 360.0, 3), degrees=True).as_matrix()
    at = labels.grid.to_index(centre[None])[0]
    reach = np.ceil((half.max() + 2.0) / labels.grid.spacing_mm).astype(int)
    low = np.maximum(np.floor(at).astype(int) - reach, 0)
    high = np.minimum(np.floor(at).astype(int) + reach + 2, labels.grid.shape)
    box = np.stack(np.meshgrid(*[np.arange(a, b) for a, b in zip(low, high, strict=True)], indexing="ij"), axis=-1)
    box = box.reshape(-1, 3)
    inside = ((((labels.grid.to_patient(box) - centre) @ turn / half) ** 2).sum(axis=1)) < 1.0
    tumour = np.zeros(labels.grid.shape, dtype=bool)
    tumour[tuple(box[inside].T)] = True
    return tumour


def with_tumour(case: Case, seed: int) -> Case:
    base = max(case.label_files, key=lambda file: len(file.labels.names)).labels
    drawn = LabelMap(base.grid, drawn_tumour(base, seed).astype(np.uint8), {1: "tumour"})
    kept = tuple(file for file in case.label_files if "tumour" not in file.labels.names.values())
    return attrs.evolve(case, label_files=(*kept, LabelFile("tumour.nii.gz", drawn)))


def outer_faces(scene: Scene, specimen: Bools) -> Floats:
    padded = np.pad(specimen, 1)
    found = []
    for axis in range(3):
        ends = np.argwhere(np.diff(padded.astype(np.int8), axis=axis)) - 1.0
        ends[:, axis] += 0.5
        found.append(ends)
    return scene.grid.to_patient(np.concatenate(found))


def check_plan(scene: Scene, geometry: Geometry, cuts: tuple[Cut, ...], margins: tuple[Margin, ...]) -> None:
    """All tumour inside, one piece, nothing twice, no face in tumour or cord, and distances as by brute force."""
    voxel = float(scene.grid.spacing_mm.max())
    value: Mapping[str, float] = {m.interface: m.least.value for m in margins if isinstance(m.least, Estimate)}
    assert not (geometry.specimen & geometry.remainder).any()
    assert not (((scene.bone > 0) | scene.tumour) & ~(geometry.specimen | geometry.remainder)).any()
    assert ndimage.label(geometry.specimen, np.ones((3, 3, 3)))[1] == 1
    assert not (scene.tumour & ~geometry.specimen).any()
    assert not (geometry.specimen & scene.canal & ~scene.tumour).any()
    tumour = scene.grid.to_patient(np.argwhere(scene.tumour))
    cord = scene.structures.mask("spinal_cord") & ~scene.tumour
    for cut in cuts:
        face = sampled_face(cut, voxel / 3)
        nearest = float(cKDTree(tumour).query(face)[0].min())
        assert nearest - voxel <= value[f"{cut.id} cut"] <= nearest + 0.3, cut.id
        at = np.rint(scene.grid.to_index(face)).astype(int)
        seen = ((at >= 0) & (at < scene.grid.shape)).all(axis=1)
        assert not cord[tuple(at[seen].T)].any(), cut.id
    nearest = float(cKDTree(tumour).query(outer_faces(scene, geometry.specimen))[0].min())
    assert min(value.values()) == pytest.approx(nearest - voxel / 2, abs=voxel)


def brute_force_ml(scene: Scene, placement: Placement, end: EndCut, step_deg: float) -> tuple[float, float]:
    """Bone of the neighbour that the best plane of a grid of tilts takes at the same margin, and what the cut takes.

    Both leave a slice of 3 mm beside the near end plate and 8 mm of the body. Of a step the best of a grid of turns of
    its riser too, with the cut's own deep plane: it leaves the body's middle, and what it spares is on its far side.
    """
    assert end.neighbour is not None
    vertebra = scene.vertebrae[end.neighbour]
    number = list(scene.vertebrae).index(end.neighbour) + 1
    body = scene.grid.to_patient(np.argwhere((scene.bone == number) & (scene.parts == BODY)))
    outer = placement.levels[0] if end.end == "cranial" else placement.levels[-1]
    tumour = near_column(scene, outer, surface_points(scene.grid, scene.tumour), SETTINGS.bone_margin_mm)
    margin = -float(height_above(end.plane, tumour).max())
    sign = 1.0 if end.end == "cranial" else -1.0
    near = vertebra.endplate_caudal_mm if end.end == "cranial" else vertebra.endplate_cranial_mm
    far = vertebra.endplate_cranial_mm if end.end == "cranial" else vertebra.endplate_caudal_mm
    f = vertebra.frame
    middle = vertebra.body_centre_mm - ((vertebra.body_centre_mm - f.origin_mm) @ f.cranial) * f.cranial
    slice_mm, rest_mm = (middle + (height + by) * f.cranial for height, by in ((near, 3.0 * sign), (far, -8.0 * sign)))
    tilts = np.tan(np.radians(np.arange(-SETTINGS.end_tilt_deg, SETTINGS.end_tilt_deg + 1e-9, step_deg)))
    best = np.inf
    for first in tilts:
        leaning = sign * f.cranial + first * f.dorsal + tilts[:, None] * f.left
        normals = leaning / np.linalg.norm(leaning, axis=1, keepdims=True)
        offsets = np.maximum((tumour @ normals.T).max(axis=0) + margin, normals @ slice_mm)
        taken = np.where(offsets <= normals @ rest_mm, (body @ normals.T < offsets).sum(axis=0), np.inf)
        best = min(best, float(taken.min()))
    goes = height_above(end.plane, body) < 0.0
    if end.step is None:
        return best * scene.grid.voxel_ml, float(goes.sum()) * scene.grid.voxel_ml
    own = scene.vertebrae[outer]
    plate = own.frame.origin_mm + (own.endplate_cranial_mm if sign > 0 else own.endplate_caudal_mm) * own.frame.cranial
    far_disc = height_above(end.step.disc, body) >= 0.0
    binds = (tumour - plate) @ (sign * own.frame.cranial) > -SETTINGS.disc_margin_mm
    bound = tumour[binds & (height_above(end.step.disc, tumour) > -margin)]
    for turn in np.radians(np.arange(0.0, 360.0, 4 * step_deg)):
        riser = np.cos(turn) * f.left + np.sin(turn) * f.dorsal
        offset = float((bound @ riser).max()) + margin
        if offset <= riser @ vertebra.body_centre_mm:
            best = min(best, float((goes & ~(far_disc & (body @ riser >= offset))).sum()))
    mine = float((goes & ~beyond_step(end.step, body)).sum())
    return best * scene.grid.voxel_ml, mine * scene.grid.voxel_ml


def check_all(record: Record, step_deg: float) -> int:
    """Every option that finds room; returns how many did."""
    assert record.scene is not None
    assert record.extent is not None
    assert record.sheet is not None
    options, _ = enumerate_options(record.extent, record.sheet, record.case.clinical)
    placed = 0
    for option in options:
        placement = None if option.family == "intralesional" else place(record.scene, option, SETTINGS)
        if placement is None:
            continue
        out = cut_out(record.scene, placement, SETTINGS)
        margins = measure_margins(record.scene, record.extent, out.geometry, out.cuts)
        at_cuts = [m.least.value for m in margins if m.interface.endswith(" cut") and isinstance(m.least, Estimate)]
        if min(at_cuts) < 0.0:
            continue  # the search rejects it, see test_search
        placed += 1
        check_plan(record.scene, out.geometry, out.cuts, margins)
        for end in placement.end_cuts:
            if end.tissue == "bone":
                brute, mine = brute_force_ml(record.scene, placement, end, step_deg)
                assert mine - brute <= 0.01 * out.geometry.bone_lost_ml, (option.family, option.side, end.end)
    return placed


@pytest.mark.parametrize("name", CASES[:1])
def test_the_search_is_not_beaten_on_a_real_case(name: str, real_data: RealData) -> None:
    assert check_all(look(case_in(real_data(f"cases/{name}")), Settings()), 1.0) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_search_is_not_beaten_by_a_fine_grid(name: str, real_data: RealData) -> None:
    assert check_all(look(case_in(real_data(f"cases/{name}")), Settings()), 0.25) > 0


@pytest.mark.slow
@pytest.mark.parametrize("subject", SUBJECTS)
def test_drawn_tumours(subject: str, real_data: RealData) -> None:
    case = case_in(real_data(f"cases/{subject}"))
    placed = sum(check_all(look(with_tumour(case, seed), Settings()), 1.0) for seed in range(100, 110))
    assert placed >= 8
