"""NRRD, MHA and 3D Slicer segmentations agree with NIfTI, and refuse what is damaged or lies elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from enbloc.adapters.files.case.labels import LabelEntry, read_labels
from enbloc.adapters.files.images.canonical import as_labels
from enbloc.adapters.files.images.itk_images import read_itk
from enbloc.adapters.files.images.nifti import nifti_bytes, read_nifti
from enbloc.errors import FileError, TermError
from enbloc.foundation.space.grids import Grid

VALUES = np.random.default_rng(4).integers(0, 3, (5, 6, 7)).astype(np.uint8)
GRID = Grid((5, 6, 7), np.array([[0.8, 0, 0, -20], [0, 0.8, 0, 13], [0, 0, 2.0, -300], [0, 0, 0, 1]]))


def as_itk(values: np.ndarray, grid: Grid) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(values.T)
    image.SetSpacing(grid.spacing_mm.tolist())
    image.SetDirection(grid.directions.ravel().tolist())
    image.SetOrigin(grid.affine[:3, 3].tolist())
    return image


def segment(image: SimpleITK.Image, number: int, name: str, value: int, layer: int = 0, tags: str = "") -> None:
    for key, text in {"Name": name, "LabelValue": str(value), "Layer": str(layer), "Tags": tags}.items():
        image.SetMetaData(f"Segment{number}_{key}", text)


@pytest.mark.parametrize("ending", [".nrrd", ".mha", ".mhd"])
def test_the_same_image_reads_the_same_in_every_format(tmp_path: Path, ending: str) -> None:
    (tmp_path / "a.nii.gz").write_bytes(nifti_bytes(VALUES, GRID))
    SimpleITK.WriteImage(as_itk(VALUES, GRID), str(tmp_path / f"a{ending}"))
    expected = read_nifti(tmp_path / "a.nii.gz", "a")
    (found,) = read_itk(tmp_path / f"a{ending}", "a")
    assert np.array_equal(found.values, expected.values)
    assert found.grid.same_as(expected.grid)
    assert not found.problems


@pytest.mark.parametrize("ending", [".nrrd", ".mha"])
def test_flipped_axes_read_to_the_same_array(tmp_path: Path, ending: str) -> None:
    flipped = SimpleITK.Flip(as_itk(VALUES, GRID), [True, False, True])
    turned = SimpleITK.PermuteAxes(flipped, [2, 0, 1])
    SimpleITK.WriteImage(turned, str(tmp_path / f"t{ending}"))
    (found,) = read_itk(tmp_path / f"t{ending}", "t")
    assert np.array_equal(found.values, VALUES)
    assert found.grid.same_as(GRID)


def test_segments_are_read_by_name_and_by_their_standard_name(tmp_path: Path) -> None:
    image = as_itk(VALUES, GRID)
    tags = "TerminologyEntry:Segmentation category~SCT^1^Structure~SCT^64033007^Kidney~SCT^7771000^Left~x~^^~^^|"
    segment(image, 0, "L3 vertebra", 2)
    segment(image, 1, "Segment_1", 1, tags=tags)
    SimpleITK.WriteImage(image, str(tmp_path / "s.seg.nrrd"))
    ((file,), _) = read_labels(tmp_path / "s.seg.nrrd", LabelEntry("s.seg.nrrd", scheme="slicer"))
    assert file.labels.names == {1: "kidney_left", 2: "vertebra_L3"}


def test_a_segment_without_meaning_is_refused_with_the_nearest_words(tmp_path: Path) -> None:
    image = as_itk(VALUES, GRID)
    segment(image, 0, "vertebra L33", 2)
    segment(image, 1, "tumour", 1)
    SimpleITK.WriteImage(image, str(tmp_path / "s.seg.nrrd"))
    with pytest.raises(TermError, match="L33") as refused:
        read_labels(tmp_path / "s.seg.nrrd", LabelEntry("s.seg.nrrd"))
    assert "vertebra_L3" in refused.value.remedy
    ignored = LabelEntry("s.seg.nrrd", stated={2: "ignore"})
    ((file,), _) = read_labels(tmp_path / "s.seg.nrrd", ignored)
    assert file.labels.names == {1: "tumour"}


def test_overlapping_segments_come_as_layers(tmp_path: Path) -> None:
    one, two = (VALUES == 1).astype(np.uint8), (VALUES > 0).astype(np.uint8)
    image = SimpleITK.Compose(as_itk(one, GRID), as_itk(two, GRID))
    segment(image, 0, "tumour", 1, layer=0)
    segment(image, 1, "L4 vertebra", 1, layer=1)
    SimpleITK.WriteImage(image, str(tmp_path / "s.seg.nrrd"))
    files, _ = read_labels(tmp_path / "s.seg.nrrd", LabelEntry("s.seg.nrrd", scheme="slicer"))
    assert [set(file.labels.names.values()) for file in files] == [{"tumour"}, {"vertebra_L4"}]
    assert np.array_equal(files[0].labels.mask("tumour"), one > 0)
    assert np.array_equal(files[1].labels.mask("vertebra_L4"), two > 0)


@pytest.mark.parametrize("ending", [".nrrd", ".mha"])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("lost", [20, 60, 150])
def test_truncated_files_are_refused(tmp_path: Path, ending: str, packed: bool, lost: int) -> None:
    path = tmp_path / f"a{ending}"
    SimpleITK.WriteImage(as_itk(VALUES, GRID), str(path), packed)
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(FileError):
        read_itk(path, path.name)


def test_an_absurd_header_is_refused_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    SimpleITK.WriteImage(as_itk(VALUES, GRID), str(path))
    path.write_bytes(path.read_bytes().replace(b"sizes: 5 6 7", b"sizes: 50000 60000 7000"))
    with pytest.raises(FileError, match="claims"):
        read_itk(path, "a.nrrd")


@pytest.mark.parametrize("elsewhere", ["../secret.raw", "/etc/hostname", "LIST"])
def test_voxels_in_another_place_are_refused(tmp_path: Path, elsewhere: str) -> None:
    header = f"ObjectType = Image\nNDims = 3\nDimSize = 2 2 2\nElementType = MET_UCHAR\nElementDataFile = {elsewhere}\n"
    (tmp_path / "a.mhd").write_text(header)
    nrrd = f"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\nencoding: raw\ndata file: {elsewhere}\n\n"
    (tmp_path / "a.nrrd").write_text(nrrd)
    for name in ("a.mhd", "a.nrrd"):
        with pytest.raises(FileError, match="another place"):
            read_itk(tmp_path / name, name)


def test_an_nrrd_without_space_is_a_doubt(tmp_path: Path) -> None:
    header = b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 2 2 2\nspacings: 1 1 1\nencoding: raw\n\n"
    (tmp_path / "a.nrrd").write_bytes(header + bytes(8))
    (found,) = read_itk(tmp_path / "a.nrrd", "a.nrrd")
    assert [problem.grade for problem in found.problems] == ["doubt"]


@pytest.mark.real
def test_the_real_slicer_segmentation_agrees_with_the_label_map(real_data: Callable[[str], Path]) -> None:
    (image,) = read_itk(real_data("s0328/s0328_slicer.seg.nrrd"), "s")
    ((file,), _) = read_labels(
        real_data("s0328/s0328_slicer.seg.nrrd"), LabelEntry("s0328_slicer.seg.nrrd", scheme="slicer")
    )
    ((map_file,), _) = read_labels(
        real_data("s0328/s0328_labels.nii.gz"), LabelEntry("s0328_labels.nii.gz", scheme="totalsegmentator")
    )
    assert image.grid.same_as(map_file.labels.grid)
    assert as_labels(image).max() == max(image.names)
    for structure in ("vertebra_L3", "aorta", "kidney_left", "spinal_cord"):
        one, two = file.labels.mask(structure), map_file.labels.mask(structure)
        assert 2 * (one & two).sum() > 0.93 * (one.sum() + two.sum())  # how far segmentations of one patient agree


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"NDims = 3", b"NDims = 9999"),
        (b"NDims = 3", b"NDims = 3333"),
        (b"DimSize = 5 6 7", b"DimSize = 5 6"),
        (b"DimSize = 5 6 7", b"DimSize = -5 6 7"),
        (b"ElementDataFile", b"ElementDataFle"),
        (b"ObjectType", b"Object\xffType"),
        (b"ElementType = MET_UCHAR", b"ElementType = " + b"A" * 5000),
    ],
)
def test_headers_that_would_break_the_library_never_reach_it(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = tmp_path / "a.mha"
    SimpleITK.WriteImage(as_itk(VALUES, GRID), str(path))
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(FileError):
        read_itk(path, "a.mha")
