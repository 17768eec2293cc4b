"""Real segmentations and structure sets, judged by label maps that dcmqi wrote, by highdicom and by rt-utils."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import rt_utils
import SimpleITK
from scipy import ndimage

from enbloc.adapters.files.dicom.image import read_series
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.rtstruct import read_structure_set
from enbloc.adapters.files.dicom.scan import opened
from enbloc.adapters.files.dicom.segments import Drawn, read_segmentation
from enbloc.adapters.files.dicom.series import list_series
from enbloc.adapters.files.images.canonical import RawImage
from enbloc.errors import FileError
from enbloc.foundation.space.grids import Grid

pytestmark = pytest.mark.real
Find = Callable[[str], Path]
SEGS = "dicom/dcmqi/segmentations"


def filled(drawn: Drawn, number: int) -> set[tuple[float, ...]]:
    """The places, to a hundredth of a millimetre, of all voxels of a segment."""
    points = [image.grid.to_patient(np.argwhere(image.values == number)) for image in drawn.images]
    return {tuple(point) for point in np.round(np.concatenate(points), 2) + 0.0}


def filled_in(path: Path, number: int) -> set[tuple[float, ...]]:
    image = SimpleITK.ReadImage(str(path))
    values = SimpleITK.GetArrayFromImage(image)
    values = values if values.ndim == 3 else values[..., 0]
    indices = np.argwhere(values.transpose(2, 1, 0) == number)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    points = indices * np.array(image.GetSpacing()) @ direction.T + np.array(image.GetOrigin())
    return {tuple(point) for point in np.round(points, 2) + 0.0}


DCMQI = {
    "liver.dcm": [(1, "liver_seg.nrrd", 1)],
    "23x38x3/seg/label.seg": [(1, "23x38x3/nrrd/label.nrrd", 1)],
    "24x38x3/seg/label.seg": [(1, "24x38x3/nrrd/label.nrrd", 1)],
    "sparse-labelmap-noppv.dcm": [(1, "sparse_labelmap_noppv_seg.nrrd", 1)],
    "sparse-labelmap-ppv5.dcm": [(1, "sparse_labelmap_ppv5_seg.nrrd", 1)],
}


@pytest.mark.parametrize("name", DCMQI)
def test_a_segmentation_fills_the_voxels_that_dcmqi_fills(real_data: Find, name: str) -> None:
    drawn = read_segmentation(real_data(SEGS) / name, name, Limits())
    for number, nrrd, value in DCMQI[name]:
        expected = filled_in(real_data(SEGS) / nrrd, value)
        assert expected
        assert close(filled(drawn, number), expected)


HIGHDICOM = {
    "dicom/dcmqi/segmentations/liver.dcm": 1,
    "dicom/dcmqi/segmentations/partial_overlaps.dcm": 5,
    "dicom/dcmqi/sr-example/seg.dcm": 1,
    "dicom/highdicom/test_files/seg_image_ct_binary.dcm": 1,
    "dicom/highdicom/test_files/seg_image_ct_binary_fractional.dcm": 1,
    "dicom/highdicom/test_files/seg_image_ct_binary_overlap.dcm": 2,
    "dicom/highdicom/test_files/seg_image_ct_true_fractional.dcm": 1,
    "dicom/highdicom/test_files/seg_image_ct_binary_single_frame.dcm": 1,
}


@pytest.mark.parametrize("name", HIGHDICOM)
def test_every_voxel_of_every_segment_is_that_of_highdicom(real_data: Find, name: str) -> None:
    """highdicom reads each frame by itself; its place follows from the frame's own header."""
    path = real_data(name)
    drawn = read_segmentation(path, name, Limits())
    ds = pydicom.dcmread(path)
    seg = highdicom.seg.Segmentation.from_dataset(ds)
    shared = ds.SharedFunctionalGroupsSequence[0]
    axes = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float).reshape(2, 3)
    steps = np.array(shared.PixelMeasuresSequence[0].PixelSpacing, float)
    frames = seg.pixel_array.reshape(-1, ds.Rows, ds.Columns)
    most = float(ds.get("MaximumFractionalValue", 1))
    expected: dict[int, set[tuple[float, ...]]] = {}
    for plane, group in zip(frames, ds.PerFrameFunctionalGroupsSequence, strict=True):
        rows, columns = np.nonzero(plane / most >= 0.5)
        first = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        points = first + columns[:, None] * steps[1] * axes[0] + rows[:, None] * steps[0] * axes[1]
        number = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        expected.setdefault(number, set()).update(map(tuple, np.round(points, 2) + 0.0))
    assert len(ds.SegmentSequence) == HIGHDICOM[name]
    for number, places in expected.items():
        assert close(filled(drawn, number), places)


def close(ours: set[tuple[float, ...]], theirs: set[tuple[float, ...]]) -> bool:
    """The same places within 0.02 mm: two hundredths apart after rounding is the same voxel."""
    if len(ours) != len(theirs):
        return False
    if not ours:
        return True
    one, other = np.array(sorted(ours)), np.array(sorted(theirs))
    gaps = [np.abs(other - point).max(axis=1).min() for point in one[:: max(1, len(one) // 200)]]
    return bool(max(gaps) <= 0.02)


def ct_of(folder: Path, file: str) -> tuple[RawImage, Grid]:
    with opened(folder, Limits()) as found:
        series = next(
            one for one in list_series(found.files, found.root, Limits()).series if one.files[0].path.name == file
        )
        image, _ = read_series(series, file, Limits())
    return image, image.grid


def test_contours_fill_what_rt_utils_fills(real_data: Find, tmp_path: Path) -> None:
    folder = real_data("dicom/rt-utils/tests/mock_data")
    _, grid = ct_of(folder, "ct_1.dcm")
    drawn = read_structure_set(folder / "rt.dcm", "rt.dcm", Limits(), grid)
    for name in ("ct_1.dcm", "ct_2.dcm"):
        (tmp_path / name).symlink_to(folder / name)
    theirs = rt_utils.RTStructBuilder.create_from(str(tmp_path), str(folder / "rt.dcm")).get_roi_mask_by_name("ROI-1")
    (ours,) = drawn.images
    on_image = np.zeros(grid.shape, bool)
    indices = np.rint(grid.to_index(ours.grid.to_patient(np.argwhere(ours.values == 1)))).astype(int)
    on_image[tuple(indices.T)] = True
    mask = theirs.transpose(1, 0, 2)
    assert on_image.sum() > 1000
    assert not (on_image & ~mask).any()
    grown = ndimage.binary_dilation(on_image, np.ones((3, 3, 1)))
    assert not (mask & ~grown).any()  # rt-utils counts the voxels on a contour in; ours have their centre inside
    contours = pydicom.dcmread(folder / "rt.dcm").ROIContourSequence[0].ContourSequence
    outer, hole = (shoelace(contour.ContourData) for contour in contours)
    area = outer - hole
    assert on_image.sum() == pytest.approx(area / np.prod(grid.spacing_mm[:2]), rel=0.03)


def shoelace(data: list[float]) -> float:
    x, y, _ = np.array(data, float).reshape(-1, 3).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


SETS = {
    "dicom/rt-utils/tests/mock_data/invalid_reference_rt.dcm": 4,
    "dicom/rt-utils/tests/mock_data/non_existent_reference_rt.dcm": 4,
    "dicom/rt-utils/tests/empty/dummy_rt.dcm": 4,
    "dicom/pydicom/rtstruct.dcm": 1,
    "dicom/pydicom/rtplan.dcm": 0,
    "dicom/pydicom/rtdose.dcm": 0,
    "dicom/dcmqi/segmentations/liver.dcm": 0,
}
"""How many regions with closed contours each holds; what holds none is refused."""


@pytest.mark.parametrize("name", SETS)
def test_a_structure_set_reads_without_an_image_or_is_refused(real_data: Find, name: str) -> None:
    if SETS[name]:
        assert len(read_structure_set(real_data(name), name, Limits(), None).images) == SETS[name]
        return
    with pytest.raises(FileError, match="makes no sense"):
        read_structure_set(real_data(name), name, Limits(), None)
