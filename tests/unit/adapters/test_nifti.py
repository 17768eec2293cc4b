"""NIfTI in: one array for all 48 ways to store it, and no damaged file passes."""

from __future__ import annotations

import gzip
from itertools import permutations, product
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from nibabel.orientations import apply_orientation, inv_ornt_aff

from enbloc.adapters.files.images.canonical import as_labels
from enbloc.adapters.files.images.nifti import RAS_LPS, nifti_bytes, read_nifti
from enbloc.errors import FileError
from enbloc.foundation.space.grids import Grid

ORIENTATIONS = [
    np.array([[axis, sign] for axis, sign in zip(order, signs, strict=True)])
    for order in permutations(range(3))
    for signs in product((1, -1), repeat=3)
]


def oblique(tilt_deg: float = 7.0) -> np.ndarray:
    """A RAS affine with unequal spacing, turned about two axes."""
    t = np.radians(tilt_deg)
    about_x = np.array([[1, 0, 0], [0, np.cos(t), -np.sin(t)], [0, np.sin(t), np.cos(t)]])
    about_z = np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = about_x @ about_z @ np.diag([0.7, 0.9, 2.5])
    affine[:3, 3] = [-91.3, 40.7, -312.2]
    return affine


def save(path: Path, values: np.ndarray, affine: np.ndarray) -> Path:
    nib.save(nib.Nifti1Image(values, affine), path)
    return path


@pytest.mark.parametrize("tilt_deg", [0.0, 7.0, 44.0])
def test_all_48_orientations_read_to_the_same_array_and_affine(tmp_path: Path, tilt_deg: float) -> None:
    values = np.random.default_rng(1).integers(0, 200, (5, 6, 7)).astype(np.int16)
    affine = oblique(tilt_deg)
    first = read_nifti(save(tmp_path / "0.nii.gz", values, affine), "0")
    assert len(ORIENTATIONS) == 48
    for n, orientation in enumerate(ORIENTATIONS):
        turned = apply_orientation(values, orientation)
        stored = save(tmp_path / f"{n}.nii", turned, affine @ inv_ornt_aff(orientation, values.shape))
        found = read_nifti(stored, str(n))
        assert np.array_equal(found.values, first.values)
        assert np.array_equal(found.grid.affine, first.grid.affine)


def test_every_voxel_keeps_its_place_in_the_patient(tmp_path: Path) -> None:
    values = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
    affine = oblique(20.0)
    found = read_nifti(save(tmp_path / "a.nii", values[::-1, :, ::-1].copy(), affine), "a")
    stored = values[::-1, :, ::-1]
    for index in [(0, 0, 0), (4, 5, 6), (2, 1, 3)]:
        lps_mm = (RAS_LPS @ affine @ [*index, 1])[:3]
        here = np.rint(found.grid.to_index(lps_mm[None])[0]).astype(int)
        assert found.values[tuple(here)] == stored[index]
        assert np.abs(found.grid.to_patient(here[None])[0] - lps_mm).max() < 2e-3


def test_axes_run_to_left_posterior_superior(tmp_path: Path) -> None:
    found = read_nifti(save(tmp_path / "a.nii.gz", np.zeros((3, 4, 5), np.uint8), oblique()), "a")
    assert (np.diag(found.grid.affine)[:3] > 0).all()
    assert np.linalg.det(found.grid.affine[:3, :3]) > 0


def test_written_files_read_back_and_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    values = np.random.default_rng(2).integers(0, 9, (5, 6, 7)).astype(np.uint8)
    grid = Grid((5, 6, 7), np.diag([1.5, 1.5, 2.0, 1.0]))
    content = nifti_bytes(values, grid)
    assert content == nifti_bytes(values.copy(), grid)
    (tmp_path / "a.nii.gz").write_bytes(content)
    found = read_nifti(tmp_path / "a.nii.gz", "a")
    assert np.array_equal(found.values, values)
    assert found.grid.same_as(grid)
    assert not found.problems


def test_big_endian_and_nifti_2_and_a_trailing_time_point(tmp_path: Path) -> None:
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    big = nib.Nifti1Image(values, np.eye(4), nib.Nifti1Header(endianness=">"))
    nib.save(big, tmp_path / "big.nii")
    nib.save(nib.Nifti2Image(values[..., None], np.eye(4)), tmp_path / "two.nii.gz")
    one, two = (read_nifti(tmp_path / name, name).values for name in ("big.nii", "two.nii.gz"))
    assert one.dtype.isnative
    assert np.array_equal(one, two)


def test_names_in_the_header_are_read(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.ones((2, 2, 2), np.uint8), np.eye(4))
    table = (
        b'<LabelTable><Label Key="27" Red="0"><![CDATA[vertebrae_L5]]></Label><Label Key="3">liver</Label></LabelTable>'
    )
    image.header.extensions.append(nib.nifti1.Nifti1Extension(0, table))
    nib.save(image, tmp_path / "a.nii.gz")
    assert read_nifti(tmp_path / "a.nii.gz", "a").names == {27: "vertebrae_L5", 3: "liver"}


def header_of(path: Path) -> bytearray:
    return bytearray(path.read_bytes())


def test_no_orientation_is_a_doubt_and_so_are_two_that_differ(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", np.zeros((4, 4, 4), np.uint8), np.eye(4))
    content = header_of(path)
    content[252:256] = b"\0\0\0\0"  # qform_code, sform_code
    path.write_bytes(content)
    (doubt,) = read_nifti(path, "a.nii").problems
    assert doubt.grade == "doubt"
    assert "left" in doubt.says
    image = nib.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4))
    image.set_qform(np.diag([1, 1, 1, 1]), 1)
    image.set_sform(np.diag([-1, 1, 1, 1]), 1)
    nib.save(image, path)
    (doubt,) = read_nifti(path, "a.nii").problems
    assert "differ" in doubt.says


def floats(*, holding: float) -> np.ndarray:
    values = np.zeros((8, 8, 8), np.float32)
    values[1, 2, 3] = holding
    return values


PLAIN = np.zeros((8, 8, 8), np.int16)
SHEARED = np.array([[1, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
WRONG_IMAGES: dict[str, tuple[np.ndarray, np.ndarray, str]] = {
    "nan": (floats(holding=np.nan), np.eye(4), "finite"),
    "infinite": (floats(holding=np.inf), np.eye(4), "finite"),
    "four-dimensional": (np.zeros((4, 4, 4, 3), np.int16), np.eye(4), "4-D"),
    "two-dimensional": (np.zeros((4, 4), np.int16), np.eye(4), "2-D"),
    "sheared": (PLAIN, SHEARED, "sheared"),
    "huge voxels": (PLAIN, np.diag([1000.0, 1000.0, 1000.0, 1.0]), "voxels are"),
    "coloured": (np.zeros((4, 4, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")]), np.eye(4), "numbers"),
    "complex": (np.zeros((4, 4, 4), np.complex64), np.eye(4), "numbers"),
}
WRONG_BYTES: dict[str, tuple[int, bytes, str]] = {
    "zero spacing": (280, bytes(16), "voxels are"),
    "affine not finite": (280, np.float32(np.nan).tobytes(), "affine"),
    "header bomb": (42, np.array([32767, 32767, 32767], "<i2").tobytes(), "claims"),
    "empty axis": (42, bytes(2), "empty axis"),
    "negative axis": (42, np.array([-5], "<i2").tobytes(), ""),
    "wrong magic": (344, b"oops", ""),
    "unknown type": (70, np.array([999], "<i2").tobytes(), ""),
    "no header": (0, b"\1\2\3\4", "not a NIfTI"),
}


def refusal(path: Path) -> FileError:
    with pytest.raises(FileError) as refused:
        read_nifti(path, path.name)
    return refused.value


@pytest.mark.parametrize("kind", WRONG_IMAGES)
def test_impossible_images_are_refused_with_a_cure(tmp_path: Path, kind: str) -> None:
    values, affine, word = WRONG_IMAGES[kind]
    refused = refusal(save(tmp_path / "x.nii.gz", values, affine))
    assert word in refused.says
    assert refused.where == "x.nii.gz" and refused.remedy


@pytest.mark.parametrize("kind", WRONG_BYTES)
def test_impossible_headers_are_refused_with_a_cure(tmp_path: Path, kind: str) -> None:
    at, wrong, word = WRONG_BYTES[kind]
    content = bytearray(gzip.decompress(save(tmp_path / "x.nii.gz", PLAIN, np.eye(4)).read_bytes()))
    content[at : at + len(wrong)] = wrong
    (tmp_path / "x.nii.gz").write_bytes(gzip.compress(bytes(content)))
    refused = refusal(tmp_path / "x.nii.gz")
    assert word in refused.says
    assert refused.where == "x.nii.gz" and refused.remedy


@pytest.mark.parametrize("kept", [0, 1, 5, 60, 400, -200, -9, -8, -4, -1])
def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path: Path, kept: int) -> None:
    values = np.random.default_rng(3).integers(0, 2000, (12, 12, 12)).astype(np.int16)
    path = save(tmp_path / "whole.nii.gz", values, np.eye(4))
    (tmp_path / "cut.nii.gz").write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FileError):
        read_nifti(tmp_path / "cut.nii.gz", "cut.nii.gz")


def test_a_truncated_plain_file_and_a_bad_checksum_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", np.ones((6, 6, 6), np.int16), np.eye(4))
    (tmp_path / "cut.nii").write_bytes(path.read_bytes()[:-10])
    packed = bytearray(gzip.compress(path.read_bytes()))
    packed[-6] ^= 0xFF
    (tmp_path / "crc.nii.gz").write_bytes(packed)
    for name in ("cut.nii", "crc.nii.gz"):
        with pytest.raises(FileError):
            read_nifti(tmp_path / name, name)


@pytest.mark.parametrize(("value", "fine"), [(3.0, True), (1.00001, False), (-1.0, False), (70000.0, False)])
def test_labels_are_whole_numbers(tmp_path: Path, value: float, fine: bool) -> None:
    values = np.zeros((3, 3, 3), np.float64)
    values[1, 1, 1] = value
    image = read_nifti(save(tmp_path / "a.nii.gz", values, np.eye(4)), "a.nii.gz")
    if fine:
        assert as_labels(image).max() == value
        assert as_labels(image).dtype == np.uint8
    else:
        with pytest.raises(FileError):
            as_labels(image)


@pytest.mark.parametrize("seed", range(4))
def test_random_damage_to_a_header_is_read_or_refused_and_nothing_else(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = save(tmp_path / "a.nii", np.zeros((6, 6, 6), np.int16), np.eye(4)).read_bytes()
    read = refused = 0
    for _ in range(150):
        content = bytearray(whole)
        for at in rng.integers(0, 352, rng.integers(1, 4)):
            content[at] = rng.integers(0, 256)
        (tmp_path / "b.nii").write_bytes(content)
        try:
            read_nifti(tmp_path / "b.nii", "b.nii")
            read += 1
        except FileError:
            refused += 1
    assert read > 0
    assert refused > 0
