"""Registration judged by truth: an MR-like image of the same phantom, moved by a known amount."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.adapters.files.images.nifti import nifti_bytes
from enbloc.adapters.files.images.registration import register_rigidly
from enbloc.anatomy.build import build_scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.errors import CaseError, GridError
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.grids import Floats, Grid, Volume
from enbloc.phantoms.demo import demo_case

CT_GRID = Grid((64, 56, 60), np.array([[2.0, 0, 0, -64], [0, 2, 0, -56], [0, 0, 2.0, -60], [0, 0, 0, 1]]))
MR_GRID = Grid((50, 24, 44), np.array([[2.2, 0, 0, -54], [0, 3.5, 0, -42], [0, 0, 2.2, -48], [0, 0, 0, 1]]))
TUMOUR_MM = np.array([[8.0, -12, 0], [14, -12, 4], [8, -4, -6], [20, -8, 2]])


def tissue(points_mm: Floats) -> np.ndarray:
    """0 air, 1 fat, 2 muscle, 3 bone, 4 fluid: a trunk with five vertebrae, their discs, and a canal."""
    x, y, z = points_mm.T
    kinds = np.zeros(len(points_mm), int)
    kinds[(x / 58) ** 2 + (y / 50) ** 2 < 1] = 1
    kinds[(x / 50) ** 2 + ((y - 2) / 42) ** 2 < 1] = 2
    kinds[((x - 25) / 14) ** 2 + ((y - 20) / 9) ** 2 < 1] = 1
    kinds[((x + 30) / 9) ** 2 + ((y + 18) / 7) ** 2 < 1] = 4
    step = np.mod(z + 5 + 0.15 * y, 26)
    kinds[((x / 20) ** 2 + ((y + 8) / 14) ** 2 < 1) & (step < 19)] = 3
    kinds[(np.abs(x) < 4) & (np.abs(y - 24) < 12) & (step < 11)] = 3
    kinds[(np.abs(x) < 22) & (np.abs(y - 13) < 4) & (step < 8)] = 3
    kinds[(x / 7) ** 2 + ((y - 12) / 6) ** 2 < 1] = 4
    return kinds


HU, SIGNAL = np.array([-1000, -90, 50, 450, 10]), np.array([5, 500, 180, 260, 800])


def image(grid: Grid, values: np.ndarray, motion: Floats) -> Volume:
    """What a scanner sees of the phantom when the patient lies as `motion` moved it; three by three samples a voxel."""
    indices = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1).reshape(-1, 3)
    total = np.zeros(len(indices))
    back = np.linalg.inv(motion)
    for shift in (-1 / 3, 0.0, 1 / 3):
        for axis in range(3):
            points = grid.to_patient(indices + np.eye(3)[axis] * shift)
            total += values[tissue(points @ back[:3, :3].T + back[:3, 3])]
    noise = np.random.default_rng(4).normal(0, 0.02 * np.ptp(values), len(total))
    return Volume(grid, (total / 9 + noise).reshape(grid.shape).astype(np.float32))


def motion(shift_mm: tuple[float, float, float], turn_deg: tuple[float, float, float]) -> Floats:
    matrix = np.eye(4)
    for axis, degrees in enumerate(turn_deg):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        one, two = [n for n in range(3) if n != axis]
        turn = np.eye(4)
        turn[one, one], turn[one, two], turn[two, one], turn[two, two] = c, -s, s, c
        matrix = turn @ matrix
    matrix[:3, 3] = shift_mm
    return matrix


MOTIONS = [((0, 0, 0), (0, 0, 0)), ((5.0, -3.0, 4.0), (3.0, -2.0, 4.0)), ((-6.0, 4.0, -5.0), (-4.0, 3.0, -2.0))]


@pytest.mark.slow
@pytest.mark.parametrize(("shift", "turn"), MOTIONS)
def test_a_known_motion_is_found_within_the_error_that_is_stated(
    shift: tuple[float, float, float], turn: tuple[float, float, float]
) -> None:
    truth = motion(shift, turn)  # from the CT's patient to the MR's
    ct, mr = image(CT_GRID, HU, np.eye(4)), image(MR_GRID, SIGNAL, truth)
    on_mr = TUMOUR_MM @ truth[:3, :3].T + truth[:3, 3]
    found = register_rigidly(ct, mr, on_mr)
    back = on_mr @ found.matrix[:3, :3].T + found.matrix[:3, 3]
    error = float(np.linalg.norm(back - TUMOUR_MM, axis=1).max())
    print(f"true error {error:.2f} mm, stated up to {found.error.high:.2f} mm")
    assert error <= found.error.high
    assert error < 1.5
    if shift == MOTIONS[1][0]:
        assert np.array_equal(register_rigidly(ct, mr, on_mr).matrix, found.matrix)


def test_images_that_do_not_meet_are_refused() -> None:
    ct = image(CT_GRID, HU, np.eye(4))
    far = Grid(MR_GRID.shape, motion((500, 0, 0), (0, 0, 0)) @ MR_GRID.affine)
    with pytest.raises(GridError, match="too little to register"):
        register_rigidly(ct, Volume(far, np.ones(far.shape, np.float32)), TUMOUR_MM)


@pytest.mark.slow
def test_noise_is_refused_and_not_guessed() -> None:
    ct = image(CT_GRID, HU, np.eye(4))
    noise = Volume(MR_GRID, np.random.default_rng(0).normal(size=MR_GRID.shape).astype(np.float32))
    with pytest.raises(GridError, match=r"apart at the tumour|cannot be registered"):
        register_rigidly(ct, noise, TUMOUR_MM)


CASE = """
[case]
id = "two"
[images]
ct = "ct.nii.gz"
mr = "mr.nii.gz"
[[labels]]
file = "tumour.nii.gz"
structure = "tumour"
on = "mr"
{more}
"""


def test_it_is_done_only_when_asked_for_and_widens_the_error(tmp_path: Path) -> None:
    truth = motion(*MOTIONS[1])
    ct, mr = image(CT_GRID, HU, np.eye(4)), image(MR_GRID, SIGNAL, truth)
    label = np.zeros(MR_GRID.shape, np.uint8)
    label[25:30, 8:11, 20:24] = 1
    for name, values, grid in (
        ("ct", ct.values.astype(np.int16), CT_GRID),
        ("mr", mr.values.astype(np.int16), MR_GRID),
        ("tumour", label, MR_GRID),
    ):
        (tmp_path / f"{name}.nii.gz").write_bytes(nifti_bytes(values, grid))
    (tmp_path / "case.toml").write_text(CASE.format(more=""))
    with pytest.raises(CaseError, match="frame of reference") as refused:
        read_case(tmp_path, lambda _: None)
    assert "rigid" in refused.value.remedy
    (tmp_path / "case.toml").write_text(CASE.format(more='[registration]\nmethod = "rigid"'))
    case, problems = read_case(tmp_path, lambda _: None)
    assert case.placement_error is not None
    assert any("placed on the CT by rigid registration" in problem.says for problem in problems)
    moved = case.label_files[0].labels
    assert int((moved.values > 0).sum()) == int(label.sum())
    places = moved.grid.to_patient(np.argwhere(moved.values > 0))
    before = MR_GRID.to_patient(np.argwhere(label > 0))
    home = (before - truth[:3, 3]) @ truth[:3, :3]
    assert np.abs(places.mean(axis=0) - home.mean(axis=0)).max() < case.placement_error.high


def test_the_error_widens_the_scene() -> None:
    case = demo_case()
    plain = build_scene(case, AnatomySettings())
    moved = build_scene(attrs.evolve(case, placement_error=Estimate(0.5, 0.0, 1.25, "mm")), AnatomySettings())
    assert plain is not None
    assert moved is not None
    assert moved.label_error_mm == pytest.approx(plain.label_error_mm + 1.25)
