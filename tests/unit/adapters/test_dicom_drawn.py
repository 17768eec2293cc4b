"""Segmentations and structure sets of our own making: every voxel, every hole, every name, every frame of reference."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_phantom import SEG, code, segmentation, structure_set, write_series
from enbloc.adapters.files.case.case_folder import read_case
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.rtstruct import fill_even_odd, read_structure_set
from enbloc.adapters.files.dicom.segments import Drawn, read_segmentation, segment_name
from enbloc.errors import FileError, TermError
from enbloc.foundation.space.grids import Grid
from enbloc.intake.case import Case

BONE, TUMOUR, L3 = code("272673000", "SCT", "Bone"), code("108369006", "SCT", "Neoplasm"), code("36470004", "SCT", "L3")
HEIGHTS = [10.0 + 2.0 * n for n in range(8)]


def saved(ds: Dataset, path: Path) -> Path:
    ds.save_as(path, enforce_file_format=True)
    return path


def boxes() -> tuple[list[tuple[int, float]], np.ndarray]:
    """Two boxes that overlap in one plane; 7 x 9 pixels, so that no frame ends on a byte."""
    frames, planes = [], []
    for number, heights, rows in ((1, (10.0, 12.0, 16.0), (1, 4)), (2, (16.0, 18.0), (3, 6))):
        for height in heights:
            plane = np.zeros((7, 9), bool)
            plane[rows[0] : rows[1], 2:7] = True
            frames.append((number, height))
            planes.append(plane)
    return frames, np.stack(planes)


def places(drawn: Drawn, number: int) -> set[tuple[float, ...]]:
    points = [image.grid.to_patient(np.argwhere(image.values == number)) for image in drawn.images]
    return {tuple(p) for p in np.round(np.concatenate(points), 2) + 0.0}


def truth(number: int) -> set[tuple[float, ...]]:
    frames, planes = boxes()
    found: set[tuple[float, ...]] = set()
    for (segment, height), plane in zip(frames, planes, strict=True):
        if segment == number:
            rows, columns = np.nonzero(plane)
            spots = np.stack([-30 + 0.7 * columns, 20 + 0.8 * rows, np.full(len(rows), height)], axis=1)
            found |= {tuple(p) for p in np.round(spots, 2) + 0.0}
    return found


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_overlapping_segments_keep_every_voxel(tmp_path: Path, kind: str) -> None:
    frames, planes = boxes()
    values = planes if kind == "BINARY" else np.where(planes, 100, 99)  # of 200: from half on
    ds = segmentation(frames, values, {1: ("L3", L3), 2: ("Tumor", TUMOUR)}, kind)
    drawn = read_segmentation(saved(ds, tmp_path / "seg.dcm"), "seg.dcm", Limits())
    assert [set(np.unique(image.values)) - {0} for image in drawn.images] == [{1}, {2}]
    assert places(drawn, 1) == truth(1)
    assert places(drawn, 2) == truth(2)
    assert drawn.images[0].values.size > drawn.images[1].values.size


def test_the_levels_of_the_spine_come_in_one_image_whatever_else_overlaps_them(tmp_path: Path) -> None:
    """The tumour is drawn first and holds a part of L3: L2 and L3 still stand in one image, the tumour in its own."""
    planes = np.zeros((3, 7, 9), bool)
    planes[0, 2:5, 2:7] = planes[1, 1:6, 1:8] = planes[2, 1:6, 1:8] = True
    names = {1: ("Tumor", TUMOUR), 2: ("L2", BONE), 3: ("L3", BONE)}
    ds = segmentation([(1, 14.0), (2, 18.0), (3, 14.0)], planes, names)
    drawn = read_segmentation(saved(ds, tmp_path / "seg.dcm"), "seg.dcm", Limits())
    assert [set(np.unique(image.values)) - {0} for image in drawn.images] == [{2, 3}, {1}]


def test_a_label_map_is_its_numbers(tmp_path: Path) -> None:
    planes = np.zeros((2, 7, 9), np.uint8)
    planes[0, 1, 1], planes[1, 2, 2] = 1, 2
    names = {1: ("L3", L3), 2: ("Tumor", TUMOUR)}
    ds = segmentation([(0, 10.0), (0, 14.0)], planes, names, "LABELMAP")
    for group in ds.PerFrameFunctionalGroupsSequence:
        del group.SegmentIdentificationSequence
    (image,) = read_segmentation(saved(ds, tmp_path / "s.dcm"), "s.dcm", Limits()).images
    assert image.values.shape == (9, 7, 3)
    assert (image.values[1, 1, 0], image.values[2, 2, 2], int(image.values.sum())) == (1, 2, 3)


@pytest.mark.parametrize(
    ("label", "kind", "name"),
    [
        ("L3", BONE, "L3|Bone"),
        ("Läsion 1", TUMOUR, "Läsion 1|tumour|Neoplasm"),
        ("x", L3, "x|vertebra_L3|L3"),
        ("L3", TUMOUR, "L3, coded as Neoplasm,"),
    ],
)
def test_a_segment_is_named_by_label_and_code_or_neither(label: str, kind: Dataset, name: str) -> None:
    item = Dataset()
    item.SegmentLabel, item.SegmentedPropertyTypeCodeSequence = label, [kind]
    assert segment_name(item) == name


CASE = """
[case]
id = "a"
[images]
ct = "ct"
[[labels]]
file = "{file}"
scheme = "{scheme}"
{more}
"""


def case_with(folder: Path, ds: Dataset, scheme: str = "dicom-seg", more: str = "") -> Case:
    write_series(folder / "ct", HEIGHTS)
    saved(ds, folder / "drawn.dcm")
    (folder / "case.toml").write_text(CASE.format(file="drawn.dcm", scheme=scheme, more=more))
    return read_case(folder, lambda _: None)[0]


def named_boxes(one: str, other: str) -> Dataset:
    frames, planes = boxes()
    return segmentation(frames, planes, {1: (one, BONE), 2: (other, BONE)})


def test_a_case_names_a_series_and_what_was_drawn_on_it(tmp_path: Path) -> None:
    case = case_with(tmp_path, named_boxes("L3", "tumor"))
    assert case.ct is not None
    assert case.ct.values.shape == (10, 12, 8)
    assert case.sources["ct"].frame_of_reference_uid == "1.2.3.9"
    assert [set(file.labels.names.values()) for file in case.label_files] == [{"vertebra_L3"}, {"tumour"}]
    assert {"ct/0000_0.dcm", "drawn.dcm", "case.toml"} <= set(case.digests)


def test_the_user_names_what_the_program_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(TermError, match="Ding"):
        case_with(tmp_path / "a", named_boxes("L3", "Ding"))
    mapped = case_with(tmp_path / "b", named_boxes("L3", "Ding"), more='map = { "ding" = "tumour", 1 = "ignore" }')
    assert [dict(file.labels.names) for file in mapped.label_files] == [{}, {2: "tumour"}]
    with pytest.raises(TermError, match="no segment named 'Dong'"):
        case_with(tmp_path / "c", named_boxes("L3", "Ding"), more='map = { "Dong" = "tumour" }')


def test_another_frame_of_reference_is_refused_in_millimetres(tmp_path: Path) -> None:
    ds = named_boxes("L3", "tumor")
    ds.FrameOfReferenceUID = "1.2.3.10"
    with pytest.raises(FileError, match=r"another frame of reference.*\d\.\d mm apart"):
        case_with(tmp_path, ds)


def test_another_series_in_the_same_frame_is_placed_and_said(tmp_path: Path) -> None:
    ds = named_boxes("L3", "tumor")
    ds.ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.77"
    case_with(tmp_path, ds)
    problems = read_case(tmp_path, lambda _: None)[1]
    assert any("another series" in problem.says for problem in problems)


GRID = Grid((40, 30, 10), np.array([[0.7, 0, 0, -30], [0, 0.8, 0, 20], [0, 0, 2.0, 10], [0, 0, 0, 1.0]]))


def circle(x: float, y: float, z: float, radius: float, n: int = 200) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles), np.full(n, z)], axis=1)


def rings() -> dict[str, list[np.ndarray]]:
    """A ring (a hole by a second contour) and a disc beside it, on four slices."""
    contours = []
    for z in (12.0, 14.0, 16.0, 18.0):
        contours += [circle(-20, 30, z, 5), circle(-20, 30, z, 2), circle(-8, 38, z, 2)]
    return {"GTV": contours}


@pytest.mark.parametrize("grid", [GRID, None], ids=["on an image", "alone"])
def test_holes_and_parts_are_filled_by_the_even_odd_rule(tmp_path: Path, grid: Grid | None) -> None:
    (image,) = read_structure_set(saved(structure_set(rings()), tmp_path / "r.dcm"), "r", Limits(), grid).images
    points = image.grid.to_patient(np.argwhere(np.ones(image.values.shape, bool)))
    inside = image.values.ravel() > 0
    ring, disc = np.hypot(points[:, 0] + 20, points[:, 1] - 30), np.hypot(points[:, 0] + 8, points[:, 1] - 38)
    true = ((ring < 5) & (ring > 2)) | (disc < 2)
    clear = (np.abs(ring - 5) > 0.01) & (np.abs(ring - 2) > 0.01) & (np.abs(disc - 2) > 0.01)
    assert (inside == true)[clear].all()
    assert sorted(set(np.round(points[:, 2], 3))) == [12, 14, 16, 18]
    if grid is not None:
        steps = grid.to_index(points)
        assert np.abs(steps - np.rint(steps)).max() < 1e-6


def test_a_keyhole_is_a_hole(tmp_path: Path) -> None:
    """One contour that runs round the outside, along a slit, and back round the inside."""
    keyhole = [
        np.concatenate([circle(-20, 30, z, 5), circle(-20, 30, z, 5)[:1], circle(-20, 30, z, 2)[::-1]])
        for z in (12, 14)
    ]
    apart = [c for z in (12.0, 14.0) for c in (circle(-20, 30, z, 5), circle(-20, 30, z, 2))]
    ds = structure_set({"GTV": keyhole, "L3": apart})
    one, other = read_structure_set(saved(ds, tmp_path / "r.dcm"), "r", Limits(), GRID).images
    assert np.abs((one.values > 0).sum() - (other.values > 0).sum()) <= 4  # voxels on the slit


def test_oblique_contours_keep_their_volume(tmp_path: Path) -> None:
    turn = np.array([[0.8, 0.0, 0.6], [0.0, 1.0, 0.0], [-0.6, 0.0, 0.8]])
    contours = [circle(0, 0, z, 6) @ turn.T for z in np.arange(0, 12, 2.0)]
    (image,) = read_structure_set(
        saved(structure_set({"GTV": contours}), tmp_path / "r.dcm"), "r", Limits(), GRID
    ).images
    volume = float((image.values > 0).sum()) * image.grid.voxel_ml * 1000
    assert volume == pytest.approx(np.pi * 36 * 12, rel=0.01)


def test_contours_on_every_second_slice_are_thick_and_said_so(tmp_path: Path) -> None:
    contours = [circle(-20, 30, z, 5) for z in (12.0, 16.0, 20.0)]
    (image,) = read_structure_set(
        saved(structure_set({"GTV": contours}), tmp_path / "r.dcm"), "r", Limits(), GRID
    ).images
    assert image.grid.spacing_mm[2] == pytest.approx(4.0)
    assert any("every 4.0 mm" in problem.says for problem in image.problems)


def test_contours_elsewhere_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="another frame of reference"):
        case_with(tmp_path / "a", structure_set(rings(), "1.9.9"), "rtstruct")
    assert case_with(tmp_path / "b", structure_set(rings()), "rtstruct").label_files[0].labels.names == {1: "tumour"}


def test_filling_counts_cells_as_by_hand() -> None:
    square = np.array([[1.0, 1.0], [4.0, 1.0], [4.0, 3.0], [1.0, 3.0]])
    filled = fill_even_odd((5, 6), [square - 0.5])
    assert {tuple(cell) for cell in np.argwhere(filled)} == {(r, c) for r in (1, 2) for c in (1, 2, 3)}


def test_segments_on_tilted_slices_are_moved_with_them(tmp_path: Path) -> None:
    """The rows of a slice start further back the higher it lies; every voxel keeps its place within half a voxel."""
    frames, planes = [(1, 10.0 + 2.0 * n) for n in range(6)], np.zeros((6, 7, 9), bool)
    planes[:, 2:5, 3:6] = True
    ds = segmentation(frames, planes, {1: ("L3", L3)})
    starts = [20.0 + 0.6 * n for n in range(6)]
    for group, (_, height), start in zip(ds.PerFrameFunctionalGroupsSequence, frames, starts, strict=True):
        group.PlanePositionSequence[0].ImagePositionPatient = [-30.0, start, height]
    (image,) = read_segmentation(saved(ds, tmp_path / "s.dcm"), "s", Limits()).images
    assert any("tilted gantry" in problem.says for problem in image.problems)
    points = image.grid.to_patient(np.argwhere(image.values == 1))
    assert len(points) == planes.sum()
    for (_, height), start in zip(frames, starts, strict=True):
        rows = points[np.isclose(points[:, 2], height)]
        assert len(rows) == 9
        assert np.allclose(sorted(set(np.round(rows[:, 0], 3))), [-27.9, -27.2, -26.5])
        assert abs(rows[:, 1].mean() - (start + 3 * 0.8)) <= 0.4 + 1e-6


def big_segmentation(path: Path, segments_n: int, slices_n: int, size: int) -> None:
    """A binary segmentation whose every segment fills a block of its own on 40 slices; written by hand, in seconds."""
    names = {n: (f"segment {n}", BONE) for n in range(1, segments_n + 1)}
    small = segmentation([(1, 0.0)], np.zeros((1, 8, 8), bool), names)
    del small.PixelData
    del small.PerFrameFunctionalGroupsSequence
    frames = [(n, (n * 7 + k) % slices_n) for n in range(1, segments_n + 1) for k in range(slices_n)]
    small.Rows = small.Columns = size
    small.NumberOfFrames = len(frames)
    small.save_as(path, enforce_file_format=True)

    def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
        value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
        if vr in (b"SQ", b"OB"):
            return struct.pack("<HH2sHI", group, number, vr, 0, len(value)) + value
        return struct.pack("<HH2sH", group, number, vr, len(value)) + value

    def item(value: bytes) -> bytes:
        return struct.pack("<HHI", 0xFFFE, 0xE000, len(value)) + value

    with path.open("ab") as stream:
        groups = []
        for number, place in frames:
            content = element(0x20, 0x9157, b"UL", struct.pack("<2I", number, place + 1))
            position = element(0x20, 0x32, b"DS", f"-30.0\\20.0\\{2.0 * place:.1f}".encode())
            segment = element(0x62, 0x0B, b"US", struct.pack("<H", number))
            source = element(0x08, 0x1150, b"UI", SEG.encode()) + element(0x08, 0x1155, b"UI", b"1.2.3.4.5.678")
            group = element(0x08, 0x9124, b"SQ", item(element(0x08, 0x2112, b"SQ", item(source))))
            group += element(0x20, 0x9111, b"SQ", item(content)) + element(0x20, 0x9113, b"SQ", item(position))
            groups.append(item(group + element(0x62, 0x0A, b"SQ", item(segment))))
        stream.write(element(0x5200, 0x9230, b"SQ", b"".join(groups)))
        stream.write(struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OB", 0, len(frames) * size * size // 8))
        for number, _ in frames:
            plane = np.zeros((size, size), bool)
            row, column = divmod(number - 1, 10)
            plane[row * 50 : row * 50 + 45, column * 50 : column * 50 + 45] = True
            stream.write(np.packbits(plane.ravel(), bitorder="little").tobytes())


PROBE = """
import resource, sys, time
from pathlib import Path
import numpy as np
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.segments import read_segmentation
start, wall = time.process_time(), time.perf_counter()
(image,) = read_segmentation(Path(sys.argv[1]), "big.dcm", Limits()).images
seconds, wall = time.process_time() - start, time.perf_counter() - wall
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
assert image.values.shape == (512, 512, 400)
assert len(np.unique(image.values[:, :, 7])) == 99
assert (image.values == 55).sum() == 45 * 45 * 400
print(f"{seconds:.2f} {wall:.2f} {peak:.2f}")
"""


@pytest.mark.slow
def test_a_large_segmentation_is_read_in_seconds(tmp_path: Path) -> None:
    """98 segments of 512 x 512 x 400, every one on every slice: 39 200 frames, 1.3 GB."""
    big_segmentation(tmp_path / "big.dcm", 98, 400, 512)
    found = subprocess.run(
        [sys.executable, "-c", PROBE, tmp_path / "big.dcm"], capture_output=True, text=True, check=True
    )
    seconds, wall, peak_gib = map(float, found.stdout.split())
    print(f"{seconds:.1f} s of one core, {wall:.1f} s on the clock, {peak_gib:.2f} GiB with the mapped file")
    assert peak_gib < 4
    assert seconds < 10
