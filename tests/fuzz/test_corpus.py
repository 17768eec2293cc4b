"""Bytes that once broke a parser or reach deep into one, and readers fed with files that were damaged at random."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import parsers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dicom_phantom import block, code, enhanced, segmentation, structure_set
from enbloc.adapters.files.case.source_files import read_source
from enbloc.adapters.files.dicom.image import read_dicom_image
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.rtstruct import read_structure_set
from enbloc.adapters.files.dicom.segments import read_segmentation
from enbloc.adapters.files.images.itk_images import read_itk
from enbloc.adapters.files.images.nifti import nifti_bytes, read_nifti
from enbloc.errors import EnblocError
from enbloc.foundation.space.grids import Grid

CORPUS = Path(__file__).parent / "corpus"
GRID = Grid((6, 5, 4), np.diag([1.0, 1.0, 2.0, 1.0]))
LIMITS = Limits(most_elements=20_000)
NRRD = b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 3 3 3\nspace: left-posterior-superior\nencoding: raw\n\n"


REFUSED = {
    "address_climbs": "no address of a PACS",
    "deep": "not a DICOM file",
    "enhanced_cut": "damaged or cut short",
    "fragments": "not a DICOM file",
    "items": "not a DICOM file",
    "name": "'<script>' is not a structure",
}
"""What refuses a file of the corpus; every other one is taken."""


@pytest.mark.parametrize("path", sorted(CORPUS.iterdir()), ids=lambda path: path.name)
def test_the_corpus_is_answered(path: Path) -> None:
    assert REFUSED.get(path.name, "taken") in parsers.one_input(path.read_bytes())


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.binary(max_size=300))
def test_any_bytes_are_answered(data: bytes) -> None:
    assert parsers.one_input(data).strip()


def enhanced_file(path: Path) -> None:
    enhanced(block(4), [1.0, 3.0, 5.0, 7.0]).save_as(path, enforce_file_format=True)


def seg_file(path: Path) -> None:
    names = {1: ("L3", code("36470004", "SCT", "L3"))}
    segmentation([(1, 10.0), (1, 12.0)], np.ones((2, 7, 9), bool), names).save_as(path, enforce_file_format=True)


def rt_file(path: Path) -> None:
    corners = np.array([[0.0, 0, 1], [4, 0, 1], [4, 4, 1], [0, 4, 1]])
    structure_set({"GTV": [corners, corners + np.array([0, 0, 2])]}).save_as(path, enforce_file_format=True)


FILES: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
    "enhanced.dcm": (enhanced_file, lambda path: read_dicom_image(path, "x", LIMITS)),
    "seg.dcm": (seg_file, lambda path: read_segmentation(path, "x", LIMITS)),
    "rt.dcm": (rt_file, lambda path: read_structure_set(path, "x", LIMITS, GRID)),
    "x.nii": (
        lambda path: path.write_bytes(gzip.decompress(nifti_bytes(np.ones(GRID.shape, np.int16), GRID))),
        lambda path: read_nifti(path, "x.nii"),
    ),
    "x.nii.gz": (
        lambda path: path.write_bytes(nifti_bytes(np.ones(GRID.shape, np.int16), GRID)),
        lambda path: read_nifti(path, "x.nii.gz"),
    ),
    "x.nrrd": (lambda path: path.write_bytes(NRRD + b"\1" * 27), lambda path: read_itk(path, "x.nrrd")),
    "x.dicom.json": (lambda path: path.write_bytes(b'{"modality": "CT", "shape": [1, 2, 3]}'), read_source),
}
HURTS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6)


@pytest.mark.parametrize("name", FILES)
def test_a_file_damaged_at_random_is_read_or_refused(name: str, tmp_path: Path) -> None:
    write, read = FILES[name]
    write(tmp_path / name)
    sound = (tmp_path / name).read_bytes()

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(HURTS, st.one_of(st.none(), st.integers(0, len(sound))))
    def damaged(hurts: list[tuple[int, int]], cut: int | None) -> None:
        content = bytearray(sound)
        for place, byte in hurts:
            content[place % len(content)] = byte
        (tmp_path / name).write_bytes(bytes(content[:cut]))
        try:
            read(tmp_path / name)
        except EnblocError as refused:
            assert str(refused)

    damaged()


@pytest.mark.slow
def test_a_guided_search_of_twenty_seconds_breaks_nothing(tmp_path: Path) -> None:
    words = [str(Path(parsers.__file__)), str(tmp_path), str(CORPUS), "-max_total_time=20", "-max_len=2000", "-seed=1"]
    found = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert found.returncode == 0, found.stderr[-3000:]
