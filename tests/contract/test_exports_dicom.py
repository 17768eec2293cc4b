"""DICOM out: accepted by Debian's checkers, and read back equal by other libraries than wrote it."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Iterable
from pathlib import Path

import attrs
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
import trimesh
from export_runs import KINDS, case_of, exported, files_of, run_of, said_by, source_of
from pydicom.dataset import Dataset
from rt_utils import RTStructBuilder
from scipy import ndimage
from skimage.draw import polygon2mask
from test_exports import HOSTILE, hostile_source

from enbloc.adapters.exports.codes import PRIVATE_SCHEME
from enbloc.adapters.exports.dicom.burnt_in import CUT_HU, LETTER_HU, SPECIMEN_HU, TUMOUR_HU, burnt_in_files
from enbloc.adapters.exports.dicom.contours import outlines_2d, outlines_of, rtstruct_files
from enbloc.adapters.exports.dicom.encapsulated import stl_files
from enbloc.adapters.exports.dicom.findings_report import sr_files
from enbloc.adapters.exports.dicom.segmentations import seg_files
from enbloc.adapters.exports.dicom.series import ct_files, find_series
from enbloc.adapters.exports.dicom.stamp import uid_of
from enbloc.adapters.exports.export import Order, export_run
from enbloc.adapters.exports.formats import FORMATS, choose_formats
from enbloc.adapters.exports.run_source import RunSource, read_run
from enbloc.adapters.exports.segments import segments_of
from enbloc.adapters.exports.solids import solids_of
from enbloc.errors import InputError
from enbloc.foundation.space.grids import Grid

DICOM = tuple(name for name in FORMATS if name.startswith("dicom"))
UNKNOWN_TO_DEBIAN = {
    "Error - Information Object Not found",
    "Error - SegmentNumber not monotonically increasing from one by one - have SegmentSequence item number 1 "
    "(from one) with SegmentNumber of 0",
}
"""What Debian's dciodvfy says of every Label Map Segmentation: it is older than that object (DICOM Supplement 243)."""
FINE = re.compile(r"Warning - Unrecognized defined term <99ENBLOC>")
"""The one warning: a private coding scheme is private."""


def few(paths: tuple[Path, ...]) -> list[Path]:
    """All files of a format, of a series or of many models the first, the middle and the last."""
    return list(paths) if len(paths) <= 4 else [paths[0], paths[len(paths) // 2], paths[-1]]


def complaints(path: Path) -> set[str]:
    """What dciodvfy says, without what is as it should be."""
    said = said_by("dciodvfy", path)
    return {
        line
        for line in (said.stdout + said.stderr).splitlines()
        if line.startswith(("Error", "Warning")) and not FINE.match(line)
    }


def check_file(path: Path) -> None:
    is_label_map = pydicom.dcmread(path, stop_before_pixels=True).get("SegmentationType") == "LABELMAP"
    assert complaints(path) == (UNKNOWN_TO_DEBIAN if is_label_map else set())
    dumped = said_by("dcmdump", "-q", path)
    assert (dumped.returncode, dumped.stderr) == (0, "")
    assert said_by("dcmftest", path).stdout.startswith("yes")


# Accepted by Debian's programs


@pytest.mark.parametrize("name", DICOM)
@pytest.mark.parametrize("kind", ["askew", "without-ct"])
def test_every_file_passes_dciodvfy_and_dcmtk(kind: str, name: str) -> None:
    if kind == "without-ct" and name in ("dicom-ct", "dicom-plan-ct"):
        assert "no CT" in exported(kind).failed[name]
        return
    for path in few(files_of(kind, name)):
        check_file(path)


def test_dcmtk_reads_the_report_as_a_tree() -> None:
    (path,) = files_of("askew", "dicom-sr")
    told = said_by("dsrdump", path)
    assert told.returncode == 0
    assert "Comprehensive 3D SR Document" in told.stdout
    assert '"Volume")=' in told.stdout


def test_dcmtk_takes_the_pdf_out_again(tmp_path: Path) -> None:
    (path,) = files_of("askew", "dicom-pdf")
    assert said_by("dcm2pdf", path, tmp_path / "report.pdf").returncode == 0
    assert (tmp_path / "report.pdf").read_bytes().rstrip(b"\0") == (run_of("askew") / "6-report.pdf").read_bytes()


# The CT


def itk_series(paths: tuple[Path, ...]) -> tuple[np.ndarray, Grid]:
    """A series as ITK reads it: values by column, row and slice, and its grid."""
    reader = sitk.ImageSeriesReader()
    names = reader.GetGDCMSeriesFileNames(str(paths[0].parent))
    assert len(names) == len(paths)
    reader.SetFileNames(names)
    image = reader.Execute()
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return sitk.GetArrayFromImage(image).transpose(2, 1, 0), Grid(image.GetSize(), affine)


@pytest.mark.parametrize("kind", KINDS)
def test_the_derived_ct_is_the_cases_own_to_itk(kind: str) -> None:
    values, grid = itk_series(files_of(kind, "dicom-ct"))
    case = case_of(kind)
    assert grid.same_as(case.ct.grid, tolerance_mm=0.01)
    assert np.array_equal(values, case.ct.values)
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in files_of(kind, "dicom-ct")]
    assert {header.ImageType[0] for header in headers} == {"DERIVED"}
    assert len({header.SOPInstanceUID for header in headers}) == len(headers)
    assert {header.PatientID for header in headers} == {f"phantom-{kind}"}


def test_all_files_of_a_plan_lie_in_one_study_and_one_space() -> None:
    paths = [path for name in DICOM for path in few(files_of("askew", name))]
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
    assert len({header.StudyInstanceUID for header in headers}) == 1
    assert len({header.FrameOfReferenceUID for header in headers if "FrameOfReferenceUID" in header}) == 1
    assert len({header.SOPInstanceUID for header in headers}) == len(headers)
    for header in headers:
        uids = [str(e.value) for e in header.iterall() if e.VR == "UI" and isinstance(e.value, str)]
        assert [uid for uid in uids if not uid.startswith(("2.25.", "1.2.840.10008."))] == []


def test_uids_follow_from_the_run_and_its_date() -> None:
    assert uid_of("a") == uid_of("a") != uid_of("b")
    assert len(uid_of("a")) <= 64
    source = source_of("askew")
    later = attrs.evolve(source, moment=source.moment.replace(year=source.moment.year + 1))
    assert find_series(later).series_uid != find_series(source).series_uid
    assert find_series(later).frame_of_reference_uid == find_series(source).frame_of_reference_uid
    assert find_series(later).study_uid == find_series(source).study_uid


# Segmentations


def frames_of(path: Path) -> tuple[Dataset, dict[str, set[tuple[int, ...]]]]:
    """A SEG as pydicom reads it: for each segment's label, the rounded places (0.1 mm) of its voxels."""
    found = pydicom.dcmread(path)
    frames = found.pixel_array.reshape(-1, found.Rows, found.Columns)
    shared = found.SharedFunctionalGroupsSequence[0]
    spacing = np.array(shared.PixelMeasuresSequence[0].PixelSpacing, dtype=float)
    along = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
    labels = {int(item.SegmentNumber): str(item.SegmentLabel) for item in found.SegmentSequence}
    places: dict[str, set[tuple[int, ...]]] = {}
    for frame, group in zip(frames, found.PerFrameFunctionalGroupsSequence, strict=True):
        origin = np.array(group.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        one = group.get("SegmentIdentificationSequence")
        for number in [int(one[0].ReferencedSegmentNumber)] if one else [int(n) for n in np.unique(frame) if n]:
            rows, columns = np.nonzero(frame == (1 if one else number))
            points = origin + columns[:, None] * spacing[1] * along[0] + rows[:, None] * spacing[0] * along[1]
            places.setdefault(labels[number], set()).update(map(tuple, np.rint(points * 10).astype(int).tolist()))
    return found, places


def places_of(mask: np.ndarray, grid: Grid) -> set[tuple[int, ...]]:
    return set(map(tuple, np.rint(grid.to_patient(np.argwhere(mask)) * 10).astype(int).tolist()))


def nearly_same(one: set[tuple[int, ...]], other: set[tuple[int, ...]]) -> bool:
    """The same places but for the last digit of rounding, 0.1 mm."""
    return len(one) == len(other) and nearly_within(one, other)


def nearly_within(one: set[tuple[int, ...]], other: set[tuple[int, ...]]) -> bool:
    """Every place of one is one of the other, but for the last digit."""
    steps = list(itertools.product((-1, 0, 1), repeat=3))
    return all(any(tuple(a + b for a, b in zip(p, step, strict=True)) in other for step in steps) for p in one - other)


@pytest.mark.parametrize("kind", [*KINDS, "without-ct"])
def test_the_binary_segmentation_has_every_voxel_in_place(kind: str) -> None:
    source = source_of(kind)
    path = next(path for path in files_of(kind, "dicom-seg") if path.name.endswith("-binary.dcm"))
    found, places = frames_of(path)
    assert found.SegmentationType == "BINARY"
    segments = {segment.name: segment for segment in segments_of(source)}
    assert [str(item.SegmentLabel) for item in found.SegmentSequence] == list(segments)
    for name, segment in segments.items():
        assert nearly_same(places[name], places_of(segment.mask, source.pieces.grid)), name
    side = np.mean([place[0] for place in places["tumour"]])
    assert side < -50 if kind == "mirrored" else side > 50


@pytest.mark.parametrize("kind", ["askew"])
def test_label_maps_hold_what_does_not_overlap(kind: str) -> None:
    source = source_of(kind)
    segments = {segment.name: segment for segment in segments_of(source)}
    upper = np.logical_or.reduce([s.mask for s in segments.values() if s.layer == 1])
    for path in (path for path in files_of(kind, "dicom-seg") if "labelmap" in path.name):
        found, places = frames_of(path)
        assert found.SegmentationType == "LABELMAP"
        for name, segment in segments.items():
            if (segment.layer == 2) == ("plan" in path.name):
                mask = segment.mask & ~upper if segment.layer == 0 else segment.mask
                assert nearly_same(places.get(name, set()), places_of(mask, source.pieces.grid)), name


def test_segments_are_coded_with_side_and_refer_to_the_ct() -> None:
    path = next(path for path in files_of("askew", "dicom-seg") if path.name.endswith("-binary.dcm"))
    found = pydicom.dcmread(path)
    types = {str(item.SegmentLabel): item.SegmentedPropertyTypeCodeSequence[0] for item in found.SegmentSequence}
    assert types["L3 vertebra"].CodeValue == "36470004"
    assert types["specimen (planned)"].CodingSchemeDesignator == PRIVATE_SCHEME
    sides = {
        name: code.SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning
        for name, code in types.items()
        if "SegmentedPropertyTypeModifierCodeSequence" in code
    }
    assert sides["left deep back muscles"] == "Left"
    assert sides["right deep back muscles"] == "Right"
    assert "aorta" not in sides
    ct = {str(pydicom.dcmread(p, stop_before_pixels=True).SOPInstanceUID) for p in files_of("askew", "dicom-ct")}
    (series,) = found.ReferencedSeriesSequence
    assert {str(item.ReferencedSOPInstanceUID) for item in series.ReferencedInstanceSequence} <= ct
    assert found.PatientIdentityRemoved == "YES"


def test_without_a_ct_nothing_is_referred_to_and_the_file_says_so() -> None:
    for path in files_of("without-ct", "dicom-seg"):
        found = pydicom.dcmread(path)
        assert "ReferencedSeriesSequence" not in found
        assert not [e for e in found.iterall() if e.keyword in ("SourceImageSequence", "DerivationImageSequence")]
        assert "own" in found.ImageComments
    (path,) = files_of("without-ct", "dicom-rtstruct")
    found = pydicom.dcmread(path)
    assert "RTReferencedStudySequence" not in found.ReferencedFrameOfReferenceSequence[0]
    assert "No image" in found.StructureSetDescription


# Contours


@pytest.mark.parametrize("kind", KINDS)
def test_rt_utils_reads_the_contours_within_a_voxel(kind: str) -> None:
    (path,) = files_of(kind, "dicom-rtstruct")
    folder = files_of(kind, "dicom-ct")[0].parent
    builder = RTStructBuilder.create_from(dicom_series_path=str(folder), rt_struct_path=str(path))
    segments = {segment.name: segment for segment in segments_of(source_of(kind))}
    assert builder.get_roi_names() == list(segments)
    grid, ct_grid = source_of(kind).pieces.grid, case_of(kind).ct.grid
    start = np.rint(ct_grid.to_index(grid.to_patient([[0, 0, 0]]))[0]).astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(start, grid.shape, strict=True))
    for name in ("tumour", "specimen (planned)", "L3 vertebra", "spinal canal (found)", "aorta"):
        read = np.zeros(ct_grid.shape, bool)
        theirs = builder.get_roi_mask_by_name(name).transpose(1, 0, 2)  # rows and columns exchanged when not square
        columns, rows = np.minimum(theirs.shape, ct_grid.shape)[:2]
        read[:columns, :rows] = theirs[:columns, :rows]
        expected = np.zeros(ct_grid.shape, bool)
        expected[box] = segments[name].mask
        ball = ndimage.generate_binary_structure(3, 3)
        assert not (read & ~ndimage.binary_dilation(expected, ball)).any(), name
        assert not (ndimage.binary_erosion(expected, ball) & ~read).any(), name
        shift = np.argwhere(read).mean(axis=0) - np.argwhere(expected).mean(axis=0)
        assert np.abs(shift).max() < 1.0, name


def filled(outlines: Iterable[tuple[int, np.ndarray]], planes: Grid) -> np.ndarray:
    """The voxels inside outlines, by the even-odd rule of another library."""
    found = np.zeros(planes.shape, bool)
    for place, corners in outlines:
        indices = planes.to_index(corners)
        assert np.abs(indices[:, 2] - place).max() < 0.01
        found[:, :, place] ^= polygon2mask(planes.shape[:2], indices[:, :2])
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_contours_filled_again_are_the_segments(kind: str) -> None:
    (path,) = files_of(kind, "dicom-rtstruct")
    source, series = source_of(kind), find_series(source_of(kind))
    grid = source.pieces.grid
    segments = segments_of(source)
    rois = pydicom.dcmread(path).ROIContourSequence
    start = np.rint(series.grid.to_index(grid.to_patient([[0, 0, 0]]))[0]).astype(int)
    box = tuple(slice(a, a + n) for a, n in zip(start, grid.shape, strict=True))
    for roi, segment in zip(rois, segments, strict=True):
        outlines = [
            (
                series.instance_uids.index(contour.ContourImageSequence[0].ReferencedSOPInstanceUID),
                np.array(contour.ContourData, dtype=float).reshape(-1, 3),
            )
            for contour in roi.get("ContourSequence", ())
        ]
        wrong = filled(outlines, series.grid)[box] ^ segment.mask
        assert wrong.sum() <= 0.01 * segment.mask.sum() + 2, segment.id


def test_contours_stay_true_on_oblong_pixels_and_slices_from_the_head_down() -> None:
    grid = Grid((24, 20, 16), np.array([[2.0, 0, 0, -7], [0, 2.0, 0, 3], [0, 0, 2.0, 50], [0, 0, 0, 1.0]]))
    mask = np.hypot(*(np.mgrid[:24, :20, :16] - np.array([12, 9, 8])[:, None, None, None])[:2]) <= 6
    mask &= (np.mgrid[:24, :20, :16][2] > 4) & (np.mgrid[:24, :20, :16][2] < 12)
    planes = Grid((40, 18, 20), np.array([[1.25, 0, 0, -8], [0, 2.5, 0, 0], [0, 0, -1.5, 80], [0, 0, 0, 1.0]]))
    expected = np.zeros(planes.shape, bool)
    nearest = np.rint(grid.to_index(planes.to_patient(np.argwhere(~expected)))).astype(int)
    inside = ((nearest >= 0) & (nearest < grid.shape)).all(axis=1)
    expected[tuple(np.argwhere(~expected)[inside].T)] = mask[tuple(nearest[inside].T)]
    assert expected.sum() > 500
    assert np.array_equal(filled(outlines_of(mask, grid, planes), planes), expected)


def test_the_canal_stays_open_in_a_ring() -> None:
    disc = np.hypot(*np.mgrid[-20:21, -20:21]) <= 17
    hole = np.hypot(*np.mgrid[-20:21, -20:21]) <= 8
    outlines = list(outlines_2d(disc & ~hole))
    assert len(outlines) == 1
    inside = polygon2mask(disc.shape, outlines[0])
    assert (inside ^ (disc & ~hole)).sum() <= 0.02 * disc.sum()


def test_contours_lie_on_the_slices_that_they_name() -> None:
    (path,) = files_of("askew", "dicom-rtstruct")
    slices = {}
    for ct in files_of("askew", "dicom-ct"):
        header = pydicom.dcmread(ct, stop_before_pixels=True)
        along = np.array(header.ImageOrientationPatient, dtype=float).reshape(2, 3)
        slices[header.SOPInstanceUID] = (np.cross(*along), np.array(header.ImagePositionPatient, dtype=float))
    contours = [c for roi in pydicom.dcmread(path).ROIContourSequence for c in roi.get("ContourSequence", ())]
    assert len(contours) > 100
    for contour in contours[::7]:
        normal, origin = slices[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
        points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
        assert len(points) == contour.NumberOfContourPoints
        assert np.abs((points - origin) @ normal).max() < 0.01


# The report


def meaning(item: Dataset) -> str:
    return str(item.ConceptNameCodeSequence[0].CodeMeaning)


def groups_of(path: Path) -> dict[str, Dataset]:
    """The measurement groups of a report by their tracking identifier."""
    found = pydicom.dcmread(path)
    (measurements,) = (
        i for i in found.ContentSequence if i.get("ConceptNameCodeSequence") and meaning(i) == "Imaging Measurements"
    )
    groups = {}
    for group in measurements.ContentSequence:
        (name,) = (i.TextValue for i in group.ContentSequence if meaning(i) == "Tracking Identifier")
        assert name not in groups
        groups[str(name)] = group
    return groups


@pytest.mark.parametrize("kind", ["askew", "mirrored", "without-ct"])
def test_the_report_holds_margins_classes_cuts_and_the_digest(kind: str) -> None:
    source = source_of(kind)
    (path,) = files_of(kind, "dicom-sr")
    groups = groups_of(path)
    assert f"plan p1, sha256 {source.digest}" in groups
    for margin in source.plan["margins"]:
        group = groups[f"margin: {margin['interface']}"]
        numbers = [item for item in group.ContentSequence if item.ValueType == "NUM"]
        if "unknown" in margin["least_mm"]:
            assert numbers == []
            continue
        (number,) = numbers
        (value,) = number.MeasuredValueSequence
        assert float(value.NumericValue) == pytest.approx(margin["least_mm"]["value"], abs=1e-6)
        assert value.MeasurementUnitsCodeSequence[0].CodeValue == "mm"
        (at,) = (item.GraphicData for item in number.ContentSequence if item.ValueType == "SCOORD3D")
        assert np.allclose(at, margin["at_mm"], atol=1e-3)
        words = [
            i.ConceptCodeSequence[0].CodeMeaning for i in group.ContentSequence if meaning(i).startswith("Margin in")
        ]
        assert words == [margin["enneking"] or "not known"]
    for system, answer in source.forms["3-classification"].items():
        said = [
            item.ConceptCodeSequence[0].CodeMeaning
            for item in groups[f"classification: {system}"].ContentSequence
            if item.ValueType == "CODE" and meaning(item).startswith(system)
        ]
        assert said == (answer["possible"] if answer["applies"] else ["does not apply"])
    for cut in source.cuts:
        (group,) = (group for name, group in groups.items() if name.startswith(f"cut: {cut.id};"))
        (number,) = (item for item in group.ContentSequence if item.ValueType == "NUM")
        (face,) = (np.reshape(i.GraphicData, (-1, 3)) for i in number.ContentSequence if i.ValueType == "SCOORD3D")
        assert np.allclose(face[:-1], cut.face_mm, atol=1e-3)
    (volume,) = (i for i in groups["volume of the tumour"].ContentSequence if i.ValueType == "NUM")
    voxels_ml = source.pieces.tumour.sum() * source.pieces.grid.voxel_ml
    assert float(volume.MeasuredValueSequence[0].NumericValue) == pytest.approx(voxels_ml, abs=1e-4)


def test_the_report_declares_its_private_codes_and_refers_to_the_segments() -> None:
    (path,) = files_of("askew", "dicom-sr")
    found = pydicom.dcmread(path)
    declared = {item.CodingSchemeDesignator for item in found.CodingSchemeIdentificationSequence}
    used = {e.value for e in found.iterall() if e.keyword == "CodingSchemeDesignator"}
    assert {name for name in used if name.startswith("99")} <= declared
    segmentation = next(p for p in files_of("askew", "dicom-seg") if p.name.endswith("-binary.dcm"))
    seg = pydicom.dcmread(segmentation, stop_before_pixels=True)
    labels = {int(item.SegmentNumber): item.SegmentLabel for item in seg.SegmentSequence}
    for name in ("tumour", "specimen (planned)"):
        group = groups_of(path)[f"volume of the {name}"]
        (image,) = (item.ReferencedSOPSequence[0] for item in group.ContentSequence if item.ValueType == "IMAGE")
        assert image.ReferencedSOPInstanceUID == seg.SOPInstanceUID
        assert labels[int(image.ReferencedSegmentNumber)] == name
    assert (found.VerificationFlag, found.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")


# Models and the burnt-in CT


def test_encapsulated_models_are_closed_and_in_place() -> None:
    paths = files_of("askew", "dicom-stl")
    solids = solids_of(source_of("askew"))
    assert len(paths) == len(solids)
    for path, solid in zip(paths, solids, strict=True):
        found = pydicom.dcmread(path)
        assert found.MIMETypeOfEncapsulatedDocument == "model/stl"
        assert found.MeasurementUnitsCodeSequence[0].CodeValue == "mm"
        content = found.EncapsulatedDocument[: found.EncapsulatedDocumentLength]
        mesh = trimesh.load(io.BytesIO(content), file_type="stl")
        assert mesh.is_watertight
        assert np.allclose(mesh.bounds, [solid.vertices_mm.min(axis=0), solid.vertices_mm.max(axis=0)], atol=1e-3)


@pytest.mark.parametrize("kind", ["askew", "mirrored"])
def test_the_burnt_in_ct_shows_the_plan_and_changes_nothing_else(kind: str) -> None:
    source, case = source_of(kind), case_of(kind)
    values, grid = itk_series(files_of(kind, "dicom-plan-ct"))
    assert grid.same_as(case.ct.grid, tolerance_mm=0.01)
    changed = values != case.ct.values
    assert set(np.unique(values[changed])) <= {TUMOUR_HU, SPECIMEN_HU, CUT_HU, LETTER_HU}
    tumour = places_of(source.pieces.tumour, source.pieces.grid)
    assert nearly_within(places_of(values == TUMOUR_HU, grid), tumour)
    assert (values == TUMOUR_HU).sum() > 0.2 * len(tumour)
    side = grid.to_patient(np.argwhere(values == TUMOUR_HU))[:, 0].mean()
    assert side < -5 if kind == "mirrored" else side > 5
    bright = grid.to_patient(np.argwhere(values == CUT_HU))
    thick = float(grid.spacing_mm.max())
    for cut in source.cuts:
        heights = (bright - cut.origin_mm) @ cut.normal
        on_face = bright[(heights > 0) & (heights < thick)]
        assert len(on_face) > 5, cut.id
    for path in few(files_of(kind, "dicom-plan-ct")):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        assert header.ImageType[0] == "DERIVED"
        assert "NOT FOR DIAGNOSIS" in header.SeriesDescription
        assert "not for diagnosis" in header.ImageComments
        texts = [str(e.value) for e in header.iterall() if e.VR in ("LO", "SH", "PN", "LT", "ST", "CS")]
        assert all(text.isascii() for text in texts)


# A case that came from DICOM


def from_dicom(kind: str) -> RunSource:
    """The run as if its CT had come from a scanner: slices from the head down, as many scanners store them."""
    source = source_of(kind)
    intake = json.loads(json.dumps(source.forms["1-intake"]))
    grid = case_of(kind).ct.grid
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_patient([[0, 0, grid.shape[2] - 1]])[0]
    affine[:3, 2] *= -1.0
    intake["images"][0]["dicom"] = {
        "modality": "CT",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "study_uid": "1.2.3.4.1",
        "series_uid": "1.2.3.4.2",
        "frame_of_reference_uid": "1.2.3.4.3",
        "patient_position": "HFS",
        "instance_uids": [f"1.2.3.4.5.{n}" for n in range(grid.shape[2])],
        "frame_numbers": [1] * grid.shape[2],
        "shape": list(grid.shape),
        "affine_lps": affine.tolist(),
        "repairs": [],
    }
    return attrs.evolve(source, forms={**source.forms, "1-intake": intake})


def test_results_of_a_dicom_case_refer_to_its_own_series(tmp_path: Path) -> None:
    source = from_dicom("askew")
    assert list(ct_files(source)) == []
    written = {}
    for writer in (seg_files, sr_files, rtstruct_files):
        for name, content in itertools.islice(writer(source), 1):
            (tmp_path / name).write_bytes(content)
            check_file(tmp_path / name)
            written[name] = pydicom.dcmread(tmp_path / name)
    for found in written.values():
        assert found.StudyInstanceUID == "1.2.3.4.1"
        spaces = {
            e.value for e in found.iterall() if e.keyword in ("FrameOfReferenceUID", "ReferencedFrameOfReferenceUID")
        }
        assert spaces == {"1.2.3.4.3"}
        series = {e.value for e in found.iterall() if e.keyword == "SeriesInstanceUID"}
        assert "1.2.3.4.2" in series
    rtstruct = next(found for name, found in written.items() if "rtstruct" in name)
    series = find_series(source)
    for roi in rtstruct.ROIContourSequence:
        for contour in roi.get("ContourSequence", ()):
            place = series.instance_uids.index(contour.ContourImageSequence[0].ReferencedSOPInstanceUID)
            points = np.array(contour.ContourData[:3], dtype=float)
            assert series.grid.to_index(points[None])[0, 2] == pytest.approx(place, abs=0.02)


def classes_of(item: Dataset, uid: str) -> set[str]:
    """The SOP classes by which an object is referred to, anywhere below."""
    here = {str(item.ReferencedSOPClassUID)} if item.get("ReferencedSOPInstanceUID") == uid else set()
    below = [inner for element in item if element.VR == "SQ" for inner in element.value]
    return here.union(*(classes_of(inner, uid) for inner in below))


def test_an_object_of_many_frames_is_referred_to_once(tmp_path: Path) -> None:
    source = from_dicom("askew")
    intake = json.loads(json.dumps(source.forms["1-intake"]))
    stated = intake["images"][0]["dicom"]
    count = len(stated["instance_uids"])
    stated |= {"instance_uids": ["1.2.3.4.5"] * count, "frame_numbers": list(range(1, count + 1))}
    stated["sop_class_uid"] = "1.2.840.10008.5.1.4.1.1.2.1"
    enhanced = attrs.evolve(source, forms={**source.forms, "1-intake": intake})
    (name, content), *_ = rtstruct_files(enhanced)
    (tmp_path / name).write_bytes(content)
    check_file(tmp_path / name)
    found = pydicom.dcmread(tmp_path / name)
    images = [c.ContourImageSequence[0] for roi in found.ROIContourSequence for c in roi.get("ContourSequence", ())]
    assert {image.ReferencedSOPInstanceUID for image in images} == {"1.2.3.4.5"}
    assert len({int(image.ReferencedFrameNumber) for image in images}) > 10
    for name, content in (next(seg_files(enhanced)), next(sr_files(enhanced))):
        (tmp_path / name).write_bytes(content)
        check_file(tmp_path / name)
        found = pydicom.dcmread(tmp_path / name)
        classes = classes_of(found, "1.2.3.4.5")
        assert classes == {"1.2.840.10008.5.1.4.1.1.2.1"}


def test_a_picture_that_is_no_ct_is_not_burnt_into_one() -> None:
    source = from_dicom("askew")
    intake = json.loads(json.dumps(source.forms["1-intake"]))
    intake["images"][0]["dicom"]["modality"] = "MR"
    with pytest.raises(InputError, match="no CT"):
        list(burnt_in_files(attrs.evolve(source, forms={**source.forms, "1-intake": intake})))


def test_a_series_with_blank_uids_is_not_referred_to() -> None:
    source = from_dicom("askew")
    intake = json.loads(json.dumps(source.forms["1-intake"]))
    intake["images"][0]["dicom"]["instance_uids"][3] = None
    assert find_series(attrs.evolve(source, forms={**source.forms, "1-intake": intake})).origin == "derived"


def test_another_ct_than_the_planned_one_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "case"
    other.mkdir()
    for path in run_of("askew").with_name("askew").iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    (other / "ct.nii.gz").write_bytes((other / "labels.nii.gz").read_bytes())
    source = read_run(run_of("askew"), None, other, None)
    with pytest.raises(InputError, match="not the CT that was planned on"):
        list(ct_files(source))


def test_a_report_brings_the_segmentation_that_it_refers_to(tmp_path: Path) -> None:
    order = Order(run_of("askew"), choose_formats(["dicom-sr"]), out=tmp_path / "out")
    assert set(export_run(order, lambda _: None).files) == {"dicom-ct", "dicom-seg", "dicom-sr"}


# Hostile names


QUICK_TO_TRY = ("control characters", "five hundred letters", "Chinese")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name, marks=() if name in QUICK_TO_TRY else pytest.mark.slow)
        for name, text in HOSTILE.items()
    ],
)
def test_hostile_names_come_out_safe_in_dicom(text: str, tmp_path: Path) -> None:
    source = hostile_source(text)
    for writer in (seg_files, sr_files, rtstruct_files, stl_files, burnt_in_files):
        for name, content in itertools.islice(writer(source), 3):
            assert Path(name).name == name
            path = tmp_path / "file.dcm"
            path.write_bytes(content)
            check_file(path)
