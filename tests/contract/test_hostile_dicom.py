"""Damaged and malicious DICOM: a sentence and an exit code, in time and memory, and nothing written."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, RLELossless

from dicom_phantom import NAME, code, segmentation, set_pixels, slice_header, structure_set, write_series

pytestmark = pytest.mark.usefixtures("in_time_and_memory")

Command = Callable[..., Any]
HEIGHTS = [10.0 + 2.0 * n for n in range(6)]
HEADER = b"\0" * 128 + b"DICM"
EXPLICIT, DEFLATED = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"


def element(group: int, number: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    size = len(value) if length is None else length
    if vr in (b"SQ", b"OB", b"OW", b"UN", b"UT"):
        return struct.pack("<HH2sHI", group, number, vr, 0, size) + value
    return struct.pack("<HH2sH", group, number, vr, size) + value


def raw_file(body: bytes, syntax: bytes = EXPLICIT) -> bytes:
    meta = element(2, 0x10, b"UI", syntax)
    return HEADER + element(2, 0, b"UL", struct.pack("<I", len(meta))) + meta + body


def put(content: bytes) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        (folder / "x.dcm").write_bytes(content)
        return folder

    return build


def deep_undefined() -> bytes:
    one = element(0x40, 0xA730, b"SQ", b"", 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return raw_file(one * 20_000)


def deep_defined() -> bytes:
    inner = b""
    for _ in range(2000):
        inner = element(0x40, 0xA730, b"SQ", struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner)
    return raw_file(inner)


def items(count: int) -> bytes:
    return raw_file(element(0x40, 0xA730, b"SQ", struct.pack("<HHI", 0xFFFE, 0xE000, 0) * count))


def hidden_items() -> bytes:
    """A sequence in disguise: UN of a tag that the dictionary knows as SQ."""
    return raw_file(element(0x5200, 0x9230, b"UN", struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 2_200_000))


def inflating(packed: bytes) -> bytes:
    return raw_file(packed, DEFLATED)


def bomb() -> bytes:
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = element(0x10, 0x4000, b"UT", b"", 600 * 2**20)
    return engine.compress(start) + b"".join(engine.compress(b"\0" * 2**20) for _ in range(600)) + engine.flush()


def changed(change: Callable[[Dataset], object]) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        write_series(folder, HEIGHTS, lambda ds, _number: change(ds))
        return folder

    return build


def with_(**values: object) -> Callable[[Path], Path]:
    return changed(lambda ds: [setattr(ds, key, value) for key, value in values.items()])


def raw_decimal(keyword: str, text: str) -> Callable[[Path], Path]:
    """A decimal string that no writer would accept, put in by the back door."""

    def build(folder: Path) -> Path:
        write_series(folder, HEIGHTS)
        for path in folder.glob("*.dcm"):
            ds = Dataset()
            setattr(ds, keyword, [1] * text.count("\\") + [1] if "\\" in text else 1)
            tag = ds[keyword].tag
            content = path.read_bytes()
            start = content.index(struct.pack("<HH2s", tag.group, tag.element, b"DS"))
            (length,) = struct.unpack_from("<H", content, start + 6)
            value = text.encode() + b" " * (len(text) % 2)
            new = struct.pack("<HH2sH", tag.group, tag.element, b"DS", len(value)) + value
            path.write_bytes(content[:start] + new + content[start + 8 + length :])
        return folder

    return build


def packed(syntax: str, stream: bytes) -> Callable[[Path], Path]:
    def change(ds: Dataset) -> None:
        ds.file_meta.TransferSyntaxUID = syntax
        ds.PixelData = encapsulate([stream])
        ds["PixelData"].is_undefined_length = True
        ds["PixelData"].VR = "OB"

    return changed(change)


def j2k(width: int, height: int) -> bytes:
    size = struct.pack(">HHIIIIIIIIH", 41, 0, width, height, 0, 0, width, height, 0, 0, 1) + b"\x0f\x01\x01"
    return b"\xff\x4f\xff\x51" + size + b"\xff\x52" + b"\0" * 200


def jpeg(width: int, height: int) -> bytes:
    return b"\xff\xd8\xff\xc3" + struct.pack(">HBHHB", 11, 16, height, width, 1) + b"\x01\x11\0" + b"\0" * 200


def truncated(share: float) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        write_series(folder, HEIGHTS)
        for path in folder.glob("*.dcm"):
            content = path.read_bytes()
            path.write_bytes(content[: int(len(content) * share)])
        return folder

    return build


def pipe_in_folder(folder: Path) -> Path:
    os.mkfifo(folder / "endless.dcm")
    return folder


def device_in_folder(folder: Path) -> Path:
    (folder / "zero.dcm").symlink_to("/dev/zero")
    (folder / "loop").symlink_to(folder)
    return folder


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def zip_of(*members: tuple[str, bytes], level: int = 9) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return folder / "x.zip"

    return build


def zip_with_link(folder: Path) -> Path:
    member = zipfile.ZipInfo("link.dcm")
    member.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "x.zip", "w") as archive:
        archive.writestr(member, "/etc/passwd")
    return folder / "x.zip"


def locked_zip(folder: Path) -> Path:
    path = zip_of(("a.dcm", b"x" * 100))(folder)
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(bytes(content))
    return path


def cut_zip(folder: Path) -> Path:
    path = zip_of(("a.dcm", os.urandom(5000)), ("b.dcm", os.urandom(5000)))(folder)
    content = bytearray(path.read_bytes())
    content[100:3000] = b"\0" * 2900
    path.write_bytes(bytes(content))
    return path


def zip_in_zip(folder: Path) -> Path:
    inner = zip_of(("a.dcm", b"\0" * 2**20))(folder).read_bytes()
    return zip_of(*((f"{n}.zip", inner) for n in range(50)))(folder)


def wicked_dicomdir(folder: Path) -> Path:
    (folder / "DICOMDIR").write_bytes(raw_file(element(4, 0x1500, b"CS", b"..\\..\\etc\\passwd ")))
    return folder / "DICOMDIR"


@attrs.frozen
class Hostile:
    """What is built, what must be said, and which limits are stated."""

    build: Callable[[Path], Path]
    says: str
    limits: dict[str, str] = attrs.field(factory=dict)


LARGE = dict.fromkeys(("Rows", "Columns"), 65535)
TABLE: dict[str, Hostile] = {
    "an empty file": Hostile(put(b""), "empty or no ordinary file"),
    "text": Hostile(put(b"#!/bin/sh\nrm -rf ~\n" * 40), "not a DICOM file"),
    "a prefix and no more": Hostile(put(HEADER), "not a DICOM file"),
    "noise after the prefix": Hostile(put(HEADER + bytes(range(256)) * 40), "not a DICOM file"),
    "noise after the meta": Hostile(put(raw_file(bytes(range(1, 256)) * 40)), "damaged or cut short"),
    "cut in the header": Hostile(truncated(0.3), "cut short"),
    "cut in the pixels": Hostile(truncated(0.9), "cut short"),
    "a value of 4 GiB": Hostile(put(raw_file(element(0x10, 0x10, b"UN", b"x", 0xFFFFFFF0))), "cut short"),
    "a meta value of 4 GiB": Hostile(put(HEADER + element(2, 1, b"OB", b"", 0xFFFFFFFE) + b"\0" * 8), "cut short"),
    "20 000 open sequences": Hostile(put(deep_undefined()), "nested"),
    "2 000 closed sequences": Hostile(put(deep_defined()), "nested"),
    "two million items": Hostile(put(items(2_100_000)), "elements"),
    "items in disguise": Hostile(put(hidden_items()), "elements"),
    "a few items too many": Hostile(put(items(2000)), "elements", {"ENBLOC_MOST_ELEMENTS": "1000"}),
    "a file too large": Hostile(put(items(2000)), "bytes", {"ENBLOC_MOST_FILE_BYTES": "1000"}),
    "a deflation bomb": Hostile(put(inflating(bomb())), "unpacks to more"),
    "damaged deflation": Hostile(put(inflating(b"\xde\xad\xbe\xef" * 50)), "damaged"),
    "cut deflation": Hostile(put(inflating(zlib.compress(os.urandom(4000))[2:600])), "cut short"),
    "65535 x 65535 pixels": Hostile(with_(**LARGE), "voxels"),
    "four pixels too many": Hostile(with_(Rows=14), "cannot be decoded"),
    "no pixels": Hostile(changed(lambda ds: ds.__delattr__("PixelData")), "no pixels"),
    "no rows": Hostile(with_(Rows=0), "no CT image"),
    "bits that cannot be": Hostile(with_(BitsAllocated=13), "cannot be decoded"),
    "three samples": Hostile(with_(SamplesPerPixel=3), "colour"),
    "two thousand million frames": Hostile(with_(NumberOfFrames=2**31 - 1), "frames"),
    "a JPEG 2000 bomb": Hostile(packed(JPEG2000Lossless, j2k(60000, 60000)), "claims 60000 x 60000"),
    "a JPEG bomb": Hostile(packed(JPEGLosslessSV1, jpeg(65000, 65000)), "claims 65000 x 65000"),
    "JPEG 2000 noise": Hostile(packed(JPEG2000Lossless, j2k(10, 12)), "cannot be decoded"),
    "RLE noise": Hostile(packed(RLELossless, bytes(range(64)) * 4), "cannot be decoded"),
    "an unknown transfer syntax": Hostile(packed("1.2.840.10008.1.2.4.100", b"\0" * 64), "cannot be decoded"),
    "a place that is no number": Hostile(raw_decimal("ImagePositionPatient", "nan\\1\\1"), "where it lies"),
    "a place at infinity": Hostile(raw_decimal("ImagePositionPatient", "1e999\\1\\1"), "where it lies"),
    "words for a place": Hostile(raw_decimal("ImagePositionPatient", "a\\b\\c"), "where it lies"),
    "all slices in one place": Hostile(with_(ImagePositionPatient=[0, 0, 0]), "same place"),
    "pixels of no size": Hostile(with_(PixelSpacing=[0, 0]), "how large its pixels"),
    "pixels of negative size": Hostile(with_(PixelSpacing=[-1, 1]), "how large its pixels"),
    "pixels of a kilometre": Hostile(with_(PixelSpacing=[1e6, 1e6]), "outside"),
    "pixels of no number": Hostile(raw_decimal("PixelSpacing", "nan\\nan"), "how large its pixels"),
    "axes of no length": Hostile(with_(ImageOrientationPatient=[0] * 6), "unit vectors"),
    "axes of infinite length": Hostile(with_(ImageOrientationPatient=[1e200] * 6), "where it lies"),
    "a slope of no number": Hostile(raw_decimal("RescaleSlope", "nan"), "RescaleSlope cannot be"),
    "a slope of nothing": Hostile(with_(RescaleSlope=0), "RescaleSlope cannot be"),
    "a slope of 1e300": Hostile(with_(RescaleSlope="1e300"), "RescaleSlope cannot be"),
    "a pipe in the folder": Hostile(pipe_in_folder, "no CT image"),
    "a device in the folder": Hostile(device_in_folder, "no CT image"),
    "a pipe": Hostile(pipe, "device or a pipe"),
    "a device": Hostile(lambda _: Path("/dev/zero"), "device or a pipe"),
    "nothing": Hostile(lambda folder: folder / "nowhere", "no such folder"),
    "a name with a null": Hostile(lambda folder: folder / "a\0b", "null byte"),
    "a zip that climbs": Hostile(
        zip_of(("../../../../evil.dcm", b"x" * 200), ("/abs.dcm", b"y" * 200)), "not a DICOM file"
    ),
    "a zip bomb": Hostile(zip_of(("a.dcm", b"\0" * 2**27)), "unpacks to"),
    "a zip of many files": Hostile(zip_of(*((f"{n}", b"") for n in range(200))), "200", {"ENBLOC_MOST_FILES": "100"}),
    "a zip too large": Hostile(
        zip_of(("a", os.urandom(9000)), level=0), "unpacks", {"ENBLOC_MOST_INFLATED_BYTES": "8000"}
    ),
    "a zip with a link": Hostile(zip_with_link, "not a DICOM file"),
    "a zip in a zip": Hostile(zip_in_zip, "not a DICOM file"),
    "a locked zip": Hostile(locked_zip, "password"),
    "a damaged zip": Hostile(cut_zip, "zip"),
    "a DICOMDIR that climbs": Hostile(wicked_dicomdir, "no CT image"),
    "a folder of many files": Hostile(with_(), "more than 3 files", {"ENBLOC_MOST_FILES": "3"}),
    "a limit that is none": Hostile(with_(), "whole number", {"ENBLOC_MOST_FILES": "-1"}),
}


@pytest.mark.parametrize("name", TABLE)
def test_hostile_dicom_is_answered_in_a_sentence(
    enbloc: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    hostile = TABLE[name]
    (tmp_path / "in").mkdir()
    place = hostile.build(tmp_path / "in")
    for key, value in hostile.limits.items():
        monkeypatch.setenv(key, value)
    before = sorted(path for path in tmp_path.rglob("*"))
    answer = enbloc("import", place, "--out", tmp_path / "case")
    assert answer.code in (1, 2), answer.out
    assert hostile.says in answer.err.replace("\n", " ")
    assert "Traceback" not in answer.out + answer.err
    assert sorted(path for path in tmp_path.rglob("*")) == before


BONE = code("272673000", "SCT", "Bone")
PLANES = np.ones((2, 7, 9), bool)


def seg(change: Callable[[Dataset], object] = lambda _ds: None, **values: object) -> Callable[[], Dataset]:
    def build() -> Dataset:
        ds = segmentation([(1, 10.0), (1, 12.0)], PLANES, {1: ("tumor", BONE)})
        change(ds)
        for key, value in values.items():
            setattr(ds, key, value)
        return ds

    return build


def contours(*points: object) -> Callable[[], Dataset]:
    def build() -> Dataset:
        ds = structure_set({"GTV": [np.zeros((4, 3))]})
        ds.ROIContourSequence[0].ContourSequence[0].ContourData = [str(point) for point in points]
        return ds

    return build


def no_places(ds: Dataset) -> None:
    for group in ds.PerFrameFunctionalGroupsSequence:
        del group.PlanePositionSequence


def far_apart(ds: Dataset) -> None:
    ds.PerFrameFunctionalGroupsSequence[1].PlanePositionSequence[0].ImagePositionPatient = [-30, 20, 1e9]


def unknown_segment(ds: Dataset) -> None:
    ds.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 9


def script(ds: Dataset) -> None:
    ds.SegmentSequence[0].SegmentLabel = "<script>alert(1)</script>"


def a_slice() -> Dataset:
    return set_pixels(slice_header((0, 0, 0)), np.ones((7, 9), np.int16))


SQUARE = (0, 0, 10, 5, 0, 10, 5, 5, 10, 0, 5, 10)
DRAWN: dict[str, tuple[str, Callable[[], Dataset], str]] = {
    "a segment that nobody describes": ("dicom-seg", seg(unknown_segment), "does not describe"),
    "segments nowhere": ("dicom-seg", seg(no_places), "where it lies"),
    "planes a thousand kilometres apart": ("dicom-seg", seg(far_apart), "where it lies|outside"),
    "segments without pixels": ("dicom-seg", seg(PixelData=b"\0\0"), "cut short"),
    "segments of 65535 x 65535": ("dicom-seg", seg(Rows=65535, Columns=65535), "voxels"),
    "a segmentation of no type": ("dicom-seg", seg(SegmentationType="X"), "not known"),
    "script for a name": ("dicom-seg", seg(script), "not a structure"),
    "a CT for a segmentation": ("dicom-seg", a_slice, "no segmentation"),
    "a contour at infinity": ("rtstruct", contours("1e999", *SQUARE[1:]), "makes no sense|whole points"),
    "a contour of a million kilometres": ("rtstruct", contours("1e9", *SQUARE[1:]), "voxels"),
    "a contour with half a point": ("rtstruct", contours(*SQUARE[:-1]), "whole points"),
    "a contour of no area": ("rtstruct", contours(*[1] * 12), "no area"),
    "a contour that is not flat": ("rtstruct", contours(*SQUARE[:-1], 17), "not flat"),
    "no contours": ("rtstruct", lambda: structure_set({"GTV": []}), "no closed contours"),
    "a segmentation for contours": ("rtstruct", seg(), "makes no sense"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_hostile_drawings_are_answered_in_a_sentence(enbloc: Command, tmp_path: Path, name: str) -> None:
    scheme, build, says = DRAWN[name]
    case = tmp_path / "case"
    write_series(case / "ct", HEIGHTS)
    build().save_as(case / "drawn.dcm", enforce_file_format=True)
    (case / "case.toml").write_text(
        f'[case]\nid = "a"\n[images]\nct = "ct"\n[[labels]]\nfile = "drawn.dcm"\nscheme = "{scheme}"\n'
    )
    answer = enbloc("plan", case, "--out", tmp_path / "run")
    assert answer.code == 1
    assert any(one in answer.err.replace("\n", " ") for one in says.split("|")), answer.err
    assert "Traceback" not in answer.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case"]


def test_what_a_header_says_cannot_move_the_cursor_or_reach_the_case(enbloc: Command, tmp_path: Path) -> None:
    """Control characters and script in a description: shown as plain text, and never written."""
    wicked = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>"
    build = with_(SeriesDescription=wicked, ConvolutionKernel="[red]x[/]")
    answer = enbloc("import", build(tmp_path / "in"), "--out", tmp_path / "case")
    assert answer.code == 0
    assert "\x1b" not in answer.out + answer.err
    assert "[red]x[/]" in answer.out
    kept = b"".join(path.read_bytes() for path in (tmp_path / "case").iterdir())
    assert b"script" not in kept
    assert NAME.encode() not in kept
