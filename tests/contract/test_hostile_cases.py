"""Case folders that mean harm: a sentence and an exit code, in time and memory, nothing written outside the run."""

from __future__ import annotations

import gzip
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import test_hostile_dicom

pytestmark = pytest.mark.usefixtures("in_time_and_memory")

Command = Callable[..., Any]
TUMOUR = "tumour.nii.gz"


def toml(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "case.toml").write_text(text) and None


def put(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def instead(name: str, text: str) -> Callable[[Path], None]:
    """Another file in the tumour's place, with another ending."""

    def spoil(folder: Path) -> None:
        (folder / TUMOUR).unlink()
        (folder / name).write_bytes(text.encode("latin-1"))
        path = folder / "case.toml"
        path.write_text(path.read_text().replace(TUMOUR, name))

    return spoil


def pipe(name: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return spoil


def link(name: str, target: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return spoil


def nifti_header(shape: tuple[int, int, int], spacing: float = 1.0, kind: int = 2) -> bytes:
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into("<2h", head, 70, kind, {2: 8, 4: 16, 64: 64}[kind])
    struct.pack_into("<8f", head, 76, 1, spacing, spacing, spacing, 0, 0, 0, 0)
    struct.pack_into("<f", head, 108, 352.0)
    struct.pack_into("<2h", head, 252, 0, 1)
    struct.pack_into("<4f", head, 280, spacing, 0, 0, 0)
    struct.pack_into("<4f", head, 296, 0, spacing, 0, 0)
    struct.pack_into("<4f", head, 312, 0, 0, spacing, 0)
    head[344:348] = b"n+1\0"
    return bytes(head)


def endless_nifti(folder: Path) -> None:
    """A small volume, and 128 megabytes of zeros behind it that pack into a hundred kilobytes."""
    with gzip.open(folder / TUMOUR, "wb", compresslevel=9) as stream:
        stream.write(nifti_header((4, 4, 4)) + b"\0" * 64)
        for _ in range(32):
            stream.write(b"\0" * 2**22)


def claims(shape: tuple[int, int, int], spacing: float = 1.0, kind: int = 2) -> Callable[[Path], None]:
    return put(TUMOUR, gzip.compress(nifti_header(shape, spacing, kind) + b"\0" * 4096))


def many_links(folder: Path) -> None:
    (folder / "labels.nii.gz").unlink()
    (folder / "labels.nii.gz").symlink_to("loop")
    (folder / "loop").symlink_to("labels.nii.gz")


NRRD = "NRRD0004\n{more}type: uchar\ndimension: 3\nsizes: {sizes}\nencoding: {encoding}\n\n"
MHA = "ObjectType = Image\nNDims = 3\nDimSize = {sizes}\nElementType = MET_UCHAR\n{more}ElementDataFile = {data}\n"
EXTENT = '[extent]\n[extent.levels.L3]\nsectors = "4"\nlayers = "C"\n'


@attrs.frozen
class Hostile:
    """What is done to a sound case, and what must be said."""

    spoil: Callable[[Path], None]
    says: str


TABLE: dict[str, Hostile] = {
    "TOML nested without end": Hostile(toml("a = " + "[" * 100_000), "not valid TOML"),
    "tables nested without end": Hostile(toml("[" + ".".join("a" * 5000) + "]"), "case"),
    "TOML of two megabytes": Hostile(toml("#" * 2**21), "no ordinary file"),
    "TOML of no encoding": Hostile(put("case.toml", b"\xff\xfe\x00" * 30), "not valid TOML"),
    "a number of a million digits": Hostile(toml("[case]\nid = " + "9" * 900_000), "case.toml"),
    "a pipe for case.toml": Hostile(pipe("case.toml"), "no ordinary file"),
    "a device for case.toml": Hostile(link("case.toml", "/dev/zero"), "outside the case folder"),
    "a pipe for labels": Hostile(pipe(TUMOUR), "no ordinary file"),
    "a device for labels": Hostile(link(TUMOUR, "/dev/urandom"), "outside the case folder"),
    "links in a circle": Hostile(many_links, "labels.nii.gz"),
    "script for an id": Hostile(toml(f'[case]\nid = "<script>alert(1)</script>"\n{EXTENT}'), "will not do"),
    "a path for an id": Hostile(toml(f'[case]\nid = "../../evil"\n{EXTENT}'), "will not do"),
    "a line break for an id": Hostile(toml(f'[case]\nid = "a\\nb"\n{EXTENT}'), "will not do"),
    "a file name with a null": Hostile(
        toml('[case]\nid = "a"\n[[labels]]\nfile = "a\\u0000.nii"\nstructure = "tumour"\n'), "no usable path"
    ),
    "a file name of a megabyte": Hostile(
        toml(f'[case]\nid = "a"\n[[labels]]\nfile = "{"a" * 900_000}"\nstructure = "tumour"\n'), "no usable path"
    ),
    "an age without end": Hostile(toml(f'[case]\nid = "a"\n{EXTENT}[clinical]\nage_years = inf\n'), "age_years"),
    "names nested without end": Hostile(put("labels.json", b"[" * 200_000), "not valid JSON"),
    "names of five megabytes": Hostile(put("labels.json", b" " * 5 * 2**20), "far too long"),
    "a DICOM source of noise": Hostile(put("labels.dicom.json", b"{}"), ""),
    "a NIfTI of 32767 cubed": Hostile(claims((32767, 32767, 32767)), "voxels"),
    "a NIfTI of three gigabytes": Hostile(claims((800, 800, 700), kind=64), "cut short"),
    "a NIfTI without end": Hostile(endless_nifti, "far longer"),
    "a NIfTI of negative size": Hostile(claims((-5, 4, 4)), "empty axis"),
    "voxels of no size": Hostile(claims((4, 4, 4), 0.0), TUMOUR),
    "voxels of a kilometre": Hostile(claims((4, 4, 4), 1e6), "outside"),
    "voxels of no number": Hostile(claims((4, 4, 4), float("nan")), TUMOUR),
    "a NRRD that reads elsewhere": Hostile(
        instead("t.nrrd", NRRD.format(sizes="4 4 4", encoding="raw", more="data file: /etc/passwd\n")), "another place"
    ),
    "a NRRD that climbs": Hostile(
        instead("t.nrrd", NRRD.format(sizes="4 4 4", encoding="raw", more="data file: ../../x.raw\n")), "another place"
    ),
    "a NRRD of many files": Hostile(
        instead("t.nrrd", NRRD.format(sizes="4 4 4", encoding="raw", more="data file: %d.raw 1 9 1\n")), "another place"
    ),
    "a NRRD without end": Hostile(
        instead("t.nrrd", NRRD.format(sizes="99999 99999 99999", encoding="raw", more="")), "voxels"
    ),
    "a NRRD of sizes beyond counting": Hostile(
        instead("t.nrrd", NRRD.format(sizes="9" * 30 + " 4 4", encoding="raw", more="")), "t.nrrd"
    ),
    "a NRRD of noise": Hostile(
        instead("t.nrrd", NRRD.format(sizes="40 40 40", encoding="gzip", more="") + "\n\x1f\x8b" + "x" * 500), "t.nrrd"
    ),
    "a MHA that reads elsewhere": Hostile(
        instead("t.mha", MHA.format(sizes="4 4 4", more="", data="/etc/passwd")), "another place"
    ),
    "a MHA of a list": Hostile(instead("t.mha", MHA.format(sizes="4 4 4", more="", data="LIST 2")), "another place"),
    "a MHA without end": Hostile(
        instead("t.mha", MHA.format(sizes="99999 99999 99999", more="", data="LOCAL")), "voxels"
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_hostile_case_is_answered_in_a_sentence(enbloc: Command, small_folder: Path, name: str) -> None:
    TABLE[name].spoil(small_folder)
    answer = enbloc("plan", small_folder, "--out", small_folder.parent / "run")
    told = answer.err.replace("\n", " ") + answer.out.replace("\n", " ")
    assert answer.code in (1, 2, 3), answer.out
    assert TABLE[name].says in told
    assert "Traceback" not in told
    assert {path.name for path in small_folder.parent.iterdir()} <= {"small", "run"}


def test_more_than_sixty_ways_to_do_harm_are_tried() -> None:
    assert len(TABLE) + len(test_hostile_dicom.TABLE) + len(test_hostile_dicom.DRAWN) >= 100
