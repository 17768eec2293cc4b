"""Series as hospitals send them: the same box of values comes out, or a sentence says why not."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from dicom_phantom import enhanced, set_pixels, slice_header, write_series
from enbloc.adapters.files.dicom.geometry import Refused, Stack
from enbloc.adapters.files.dicom.image import read_dicom_image, read_series
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.scan import opened
from enbloc.adapters.files.dicom.series import Listing, list_series
from enbloc.adapters.files.images.canonical import RawImage
from enbloc.errors import FileError

HEIGHTS = [10.0 + 2.0 * n for n in range(8)]
Change = Callable[[Dataset, int], None]


def listed(place: Path) -> Listing:
    with opened(place, Limits()) as found:
        return list_series(found.files, found.root, Limits())


def only(place: Path) -> RawImage:
    return read_dicom_image(place, "ct", Limits())[0]


def assert_is_box(image: RawImage, values: np.ndarray) -> None:
    """The image holds `values` (slices, rows, columns) at 0.7 x 0.8 x 2 mm, in Hounsfield units."""
    np.testing.assert_array_equal(image.values, values.transpose(2, 1, 0) - 1024)
    assert np.allclose(image.grid.affine[:3, 3], (-30.0, 20.0, 10.0), atol=0.01)
    assert np.allclose(image.grid.affine[:3, :3], np.diag([0.7, 0.8, 2.0]), atol=1e-4)


def test_slices_in_any_order_become_the_volume(tmp_path: Path) -> None:
    values = write_series(tmp_path / "s", HEIGHTS)
    image, source = read_dicom_image(tmp_path / "s", "ct", Limits())
    assert_is_box(image, values)
    assert source.series_uid == "1.2.3.4.5"
    assert source.instance_uids == tuple(f"1.2.3.4.5.{n + 1}" for n in range(8))
    assert np.allclose(np.array(source.affine_lps)[:3, 3], [-30, 20, 10])
    assert source.repairs == ()


def test_feet_first_from_below_is_the_same_patient(tmp_path: Path) -> None:
    """Rows and columns that count the other way describe the same points."""

    def turned(ds: Dataset, number: int) -> None:
        ds.PatientPosition = "FFS"
        ds.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]
        ds.ImagePositionPatient = [-30 + 9 * 0.7, 20 + 11 * 0.8, HEIGHTS[number]]
        ds.PixelData = np.frombuffer(ds.PixelData, "<i2").reshape(12, 10)[::-1, ::-1].tobytes()

    values = write_series(tmp_path / "s", HEIGHTS, turned)
    assert_is_box(only(tmp_path / "s"), values)


@pytest.mark.parametrize("syntax", ["JPEG2000Lossless", "JPEGLSLossless", "JPEGLosslessProcess14_1", "RLELossless"])
def test_compressed_slices_are_the_same_values(tmp_path: Path, syntax: str) -> None:
    values = write_series(tmp_path / "s", HEIGHTS)
    for path in (tmp_path / "s").iterdir():
        reader, packer, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(str(path))
        assert reader.Read()
        packer.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
        packer.SetInput(reader.GetImage())
        assert packer.Change()
        writer.SetFile(reader.GetFile())
        writer.SetFileName(str(path))
        writer.SetImage(packer.GetOutput())
        assert writer.Write()
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID.is_compressed
    assert_is_box(only(tmp_path / "s"), values)


def test_an_enhanced_file_is_the_same_volume(tmp_path: Path) -> None:
    values = write_series(tmp_path / "s", HEIGHTS)
    order = [3, 0, 7, 5, 1, 2, 6, 4]
    path = tmp_path / "enhanced.dcm"
    enhanced(values[order], [HEIGHTS[n] for n in order]).save_as(path, enforce_file_format=True)
    image, source = read_dicom_image(path, "ct", Limits())
    assert_is_box(image, values)
    assert source.frame_numbers == tuple(order.index(n) + 1 for n in range(8))


def test_a_zip_with_two_studies_lists_both(tmp_path: Path) -> None:
    write_series(tmp_path / "a", HEIGHTS)
    write_series(tmp_path / "b", HEIGHTS, uid="1.2.3.4.6")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in sorted(tmp_path.rglob("*.dcm")):
            archive.write(path, f"../../{path.parent.name}{path.name}")
    found = listed(tmp_path / "all.zip")
    assert [one.texts["SeriesInstanceUID"] for one in found.series] == ["1.2.3.4.5", "1.2.3.4.6"]
    assert found.proposed == 1


def test_blank_uids_are_told_and_the_slices_still_hang_together(tmp_path: Path) -> None:
    def blank(ds: Dataset, _number: int) -> None:
        ds.StudyInstanceUID = ds.SeriesInstanceUID = ""
        del ds.SOPInstanceUID

    values = write_series(tmp_path / "s", HEIGHTS, blank)
    assert_is_box(only(tmp_path / "s"), values)
    notes = listed(tmp_path / "s").series[0].notes
    assert any("StudyInstanceUID, SeriesInstanceUID" in note for note in notes)


def test_a_slice_that_is_there_twice_is_taken_once(tmp_path: Path) -> None:
    values = write_series(tmp_path / "s", HEIGHTS)
    ds = set_pixels(slice_header((-30.0, 20.0, HEIGHTS[2]), number=99), values[2])
    ds.save_as(tmp_path / "s" / "again.dcm", enforce_file_format=True)
    assert_is_box(only(tmp_path / "s"), values)
    assert "1 slices are there twice." in listed(tmp_path / "s").series[0].notes


def test_two_phases_in_one_series_are_two_volumes(tmp_path: Path) -> None:
    for phase in (1, 2):

        def phased(ds: Dataset, number: int, phase: int = phase) -> None:
            ds.AcquisitionNumber, ds.SOPInstanceUID = phase, f"1.2.3.{phase}.{number}"
            ds.PixelData = (np.frombuffer(ds.PixelData, "<i2") + phase).tobytes()

        values = write_series(tmp_path / "s" / str(phase), HEIGHTS, phased)
    found = listed(tmp_path / "s")
    assert [one.part for one in found.series] == ["AcquisitionNumber 1", "AcquisitionNumber 2"]
    assert_is_box(read_series(found.series[1], "ct", Limits())[0], values + 2)
    with pytest.raises(FileError, match="2 volumes"):
        only(tmp_path / "s")


def test_a_tilted_gantry_is_put_upright_and_said_so(tmp_path: Path) -> None:
    """A ramp along y keeps its value at every place of the patient when the slices are shifted back."""
    rise = np.tan(np.radians(12.0))

    def tilted(ds: Dataset, number: int) -> None:
        first_y = 20.0 + rise * (HEIGHTS[number] - HEIGHTS[0])
        ds.ImagePositionPatient = [-30.0, f"{first_y:.4f}", HEIGHTS[number]]
        ramp = np.rint(10 * (first_y + 0.8 * np.arange(12)))[:, None] * np.ones(10)
        ds.PixelData = (ramp + 1024).astype("<i2").tobytes()

    write_series(tmp_path / "s", HEIGHTS, tilted)
    image, source = read_dicom_image(tmp_path / "s", "ct", Limits())
    assert "tilted by 12.0 degrees" in source.repairs[0]
    assert [problem.grade for problem in image.problems if "tilted" in problem.says] == ["doubt"]
    inside = image.values > -1024 + 300
    points = image.grid.to_patient(np.argwhere(inside))
    assert inside.sum() > 500
    assert np.abs(image.values[inside] - 10 * points[:, 1]).max() <= 1.01  # of two roundings


def test_a_small_gap_is_bridged_and_said_so(tmp_path: Path) -> None:
    heights = [h for h in HEIGHTS if h != 16.0]
    values = write_series(tmp_path / "s", heights)
    image, source = read_dicom_image(tmp_path / "s", "ct", Limits())
    assert "interpolated to 2.00 mm" in source.repairs[0]
    between = (values[2].astype(float) + values[3]) / 2 - 1024
    assert np.abs(image.values[:, :, 3] - between.T).max() <= 0.51
    np.testing.assert_array_equal(image.values[:, :, 4], values[3].T - 1024)


def set_to(**values: object) -> Change:
    def change(ds: Dataset, number: int) -> None:
        for key, value in values.items():
            setattr(ds, key, value)

    return change


def one_of_another_patient(ds: Dataset, number: int) -> None:
    ds.PatientID = "other" if number == 4 else "one"


def shuffled_sideways(ds: Dataset, number: int) -> None:
    ds.ImagePositionPatient = [-30.0 + (number % 2), 20.0, HEIGHTS[number]]


def without_place(ds: Dataset, number: int) -> None:
    if number == 5:
        del ds.ImagePositionPatient


REFUSED: dict[str, tuple[list[float], Change, str]] = {
    "a wide gap": ([10, 12, 14, 26, 28, 30], set_to(), "12.0 mm without a slice"),
    "one slice": ([10], set_to(), "single slice"),
    "two pictures in one place": ([10, 12, 14, 14, 16], set_to(), "same place"),
    "slices beside each other": (HEIGHTS, shuffled_sideways, "different scans"),
    "two patients": (HEIGHTS, one_of_another_patient, "different patients"),
    "no place": (HEIGHTS, without_place, "where it lies"),
    "no pixel size": (HEIGHTS, set_to(PixelSpacing=None), "how large its pixels"),
    "axes that are none": (HEIGHTS, set_to(ImageOrientationPatient=[1, 0, 0, 1, 0, 0]), "right angle"),
    "a localizer": (HEIGHTS, set_to(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "localizer"),
    "colours": (HEIGHTS, set_to(PhotometricInterpretation="RGB"), "colour"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_volume_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    heights, change, says = REFUSED[name]
    write_series(tmp_path / "s", heights, change)
    found = listed(tmp_path / "s")
    assert found.proposed is None
    refused = [one.found for one in found.series if isinstance(one.found, Refused)]
    assert any(says in one.says for one in refused)
    with pytest.raises(FileError, match=says):
        only(tmp_path / "s")


def test_padding_becomes_air(tmp_path: Path) -> None:
    def padded(ds: Dataset, _number: int) -> None:
        ds.PixelPaddingValue = -2000
        plane = np.frombuffer(ds.PixelData, "<i2").copy()
        plane[:7] = -2000
        ds.PixelData = plane.tobytes()

    write_series(tmp_path / "s", HEIGHTS, padded)
    image = only(tmp_path / "s")
    assert image.values.min() == -1024
    assert any("56 voxels were padding" in problem.says for problem in image.problems)


def test_the_thin_original_is_proposed_over_thick_derived_and_mr(tmp_path: Path) -> None:
    write_series(tmp_path / "thick", [10.0 + 5 * n for n in range(9)], set_to(SeriesNumber=1), "1.2.1")
    write_series(tmp_path / "thin", [10.0 + n for n in range(40)], set_to(SeriesNumber=2), "1.2.2")
    derived = set_to(SeriesNumber=3, ImageType=["DERIVED", "SECONDARY", "MIP"])
    write_series(tmp_path / "mip", [10.0 + n for n in range(60)], derived, "1.2.3")
    write_series(tmp_path / "mr", [10.0 + n for n in range(60)], set_to(SeriesNumber=4, Modality="MR"), "1.2.4")
    found = listed(tmp_path)
    assert [isinstance(one.found, Stack) for one in found.series] == [True] * 4
    assert found.proposed == 2
