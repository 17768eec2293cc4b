"""Real DICOM: which series read rightly, judged by SimpleITK and pydicom, and which are refused for which reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import pydicom
import pytest
import SimpleITK

from enbloc.adapters.files.dicom.geometry import Refused, Stack
from enbloc.adapters.files.dicom.image import read_series
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.scan import opened
from enbloc.adapters.files.dicom.series import Listing, Series, list_series

pytestmark = pytest.mark.real
Find = Callable[[str], Path]


@attrs.frozen
class Expected:
    """One series of the real data: a file of it, how many slices, and the refusal (empty when it reads)."""

    folder: str
    file: str
    slices: int
    refused: str = ""


TABLE = {
    "real CT, JPEG 2000, blank UIDs": Expected("example_ct/example_ct_dicom", "CT.1.3.12", 20),
    "dcmqi, overlapping slices, padding": Expected("dicom/dcmqi", "01.dcm", 3),
    "dcmqi 23x38x3": Expected("dicom/dcmqi/segmentations/23x38x3/image", "IMG0001.dcm", 3),
    "dcmqi 24x38x3": Expected("dicom/dcmqi/segmentations/24x38x3/image", "IMG0001.dcm", 3),
    "dcmqi 23x38x3, enhanced": Expected("dicom/dcmqi/segmentations/23x38x3/multiframe", "mf.dcm", 3),
    "dcmqi 24x38x3, enhanced": Expected("dicom/dcmqi/segmentations/24x38x3/multiframe", "mf.dcm", 3),
    "rt-utils, two slices": Expected("dicom/rt-utils/tests/mock_data", "ct_1.dcm", 2),
    "rt-utils, oblique": Expected("dicom/rt-utils/tests/oriented_data", "0.dcm", 3),
    "pydicom, a gap of 202 mm": Expected("dicom/pydicom", "17106", 4, "202.5 mm without a slice"),
    "pydicom CT_small": Expected("dicom/pydicom", "CT_small.dcm", 1, "single slice"),
    "highdicom ct_image": Expected("dicom/highdicom", "ct_image.dcm", 1, "single slice"),
    "rt-utils, one slice": Expected("dicom/rt-utils/tests/one_slice_data", "0.dcm", 1, "single slice"),
}
NO_IMAGES = {"rwvm.dcm", "sr.dcm", "reportsi.dcm", "rtdose.dcm", "rtplan.dcm", "test-SR.dcm", "sr_document.dcm"}
NO_IMAGES |= {"sr_document_with_multiple_groups.dcm"}
"""Reports, doses, plans and value maps: told from images by what they say, and left out of the list."""


def listed(folder: Path) -> Listing:
    with opened(folder, Limits()) as found:
        return list_series(found.files, found.root, Limits())


def the_series(folder: Path, file: str) -> Series:
    return next(one for one in listed(folder).series if any(f.path.name.startswith(file) for f in one.files))


@pytest.mark.parametrize("name", TABLE)
def test_a_series_reads_as_other_programs_read_it_or_is_refused(real_data: Find, name: str) -> None:
    expected = TABLE[name]
    series = the_series(real_data(expected.folder), expected.file)
    if expected.refused:
        assert isinstance(series.found, Refused)
        assert expected.refused in series.found.says
        return
    assert isinstance(series.found, Stack)
    assert len(series.found.frames) == expected.slices
    image, _ = read_series(series, name, Limits())
    assert image.values.size == expected.slices * series.files[0].rows * series.files[0].columns
    for file in series.files:
        compare_with_simpleitk(image.grid, image.values, file.path)
        compare_with_pydicom(image.grid, image.values, file.path)


def compare_with_simpleitk(grid, values, path: Path) -> None:
    """Every voxel of a file lies, in SimpleITK's space too, on a voxel of ours within 0.01 mm, with the same value."""
    other = SimpleITK.ReadImage(str(path))
    direction = np.array(other.GetDirection()).reshape(3, 3)
    if len(pydicom.dcmread(path, stop_before_pixels=True).get("PerFrameFunctionalGroupsSequence", ())) > 1:
        return  # SimpleITK's spacing between frames is a guess; pydicom judges these
    theirs = SimpleITK.GetArrayFromImage(other).transpose(2, 1, 0)
    indices = np.argwhere(np.ones(theirs.shape, bool))
    points = indices * np.array(other.GetSpacing()) @ direction.T + np.array(other.GetOrigin())
    compare(grid, values, points, theirs[tuple(indices.T)], path)


def compare_with_pydicom(grid, values, path: Path) -> None:
    """The same from the header alone, by the equation of PS3.3 C.7.6.2.1-1."""
    ds = pydicom.dcmread(path)
    if "TransferSyntaxUID" not in ds.file_meta:
        return
    stored = ds.pixel_array.reshape(-1, ds.Rows, ds.Columns).astype(float)
    groups = ds.get("PerFrameFunctionalGroupsSequence", [None] * len(stored))
    for plane, group in zip(stored, groups, strict=True):
        place, cosines, spacing, slope, intercept = ds, ds, ds, 1.0, 0.0
        if group is not None:
            shared = ds.SharedFunctionalGroupsSequence[0]
            place = group.PlanePositionSequence[0]
            cosines = (group if "PlaneOrientationSequence" in group else shared).PlaneOrientationSequence[0]
            spacing = (group if "PixelMeasuresSequence" in group else shared).PixelMeasuresSequence[0]
            holder = group if "PixelValueTransformationSequence" in group else shared
            if "PixelValueTransformationSequence" in holder:
                slope = float(holder.PixelValueTransformationSequence[0].RescaleSlope)
                intercept = float(holder.PixelValueTransformationSequence[0].RescaleIntercept)
        else:
            slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
        axes = np.array(cosines.ImageOrientationPatient, float).reshape(2, 3)
        rows, columns = np.indices(plane.shape)
        steps = np.array(spacing.PixelSpacing, float)
        first = np.array(place.ImagePositionPatient, float)
        points = first + columns[..., None] * steps[1] * axes[0] + rows[..., None] * steps[0] * axes[1]
        compare(grid, values, points.reshape(-1, 3), (plane * slope + intercept).ravel(), path)


def compare(grid, values, points_mm: np.ndarray, theirs: np.ndarray, path: Path) -> None:
    some = slice(None, None, max(1, len(points_mm) // 50_021))  # evenly taken, in step with no row
    points_mm, theirs = points_mm[some], theirs[some]
    indices = grid.to_index(points_mm)
    nearest = np.rint(indices).astype(int)
    assert np.abs((indices - nearest) * grid.spacing_mm).max() < 0.01
    ours = values[tuple(nearest.T)]
    padding = pydicom.dcmread(path, stop_before_pixels=True).get("PixelPaddingValue")
    usual = np.ones(len(theirs), bool) if padding is None else theirs > -1025
    assert usual.mean() > 0.2
    assert np.abs(ours[usual] - theirs[usual]).max() <= 0.5
    assert (ours[~usual] == -1024).all()


def test_every_file_of_the_real_data_is_accounted_for(real_data: Find) -> None:
    found = listed(real_data("dicom"))
    there = {path.name for path in real_data("dicom").rglob("*") if path.is_file()}
    images = {file.path.name for one in found.series for file in one.files}
    objects = {other.path.name for other in found.others}
    told = {name for problem in found.problems for name in problem.where.replace("/", " ").replace(",", " ").split()}
    rest = {n for n in there - images - objects - NO_IMAGES if not n.endswith((".nrrd", ".txt", ".md"))}
    assert rest <= told | {"CT_small.dcm"}  # the same slice as highdicom's ct_image.dcm
    assert found.proposed == next(o.number for o in found.series if o.files[0].path.parent.name == "ct-3slice")
    assert sum(isinstance(one.found, Refused) for one in found.series) == 2
