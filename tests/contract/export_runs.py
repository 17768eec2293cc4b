"""Runs to export: the demonstration's tumour in a patient who lies askew, and mirrored; each planned once."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import attrs
import numpy as np
import pytest
from pypdf import PdfWriter

from enbloc.adapters.exports.export import Exported, Order, export_run
from enbloc.adapters.exports.formats import choose_formats
from enbloc.adapters.exports.run_source import RunSource, read_run
from enbloc.adapters.files.case.case_folder import read_case
from enbloc.adapters.files.case.case_writer import write_case
from enbloc.adapters.files.run.run_folder import write_run
from enbloc.anatomy.settings import AnatomySettings
from enbloc.intake.case import Case
from enbloc.phantoms.demo import demo_clinical, demo_tumour
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom, turn_matrix
from enbloc.phantoms.tumours import mirrored
from enbloc.settings import Settings
from enbloc.walk import walk

QUICK = Settings(anatomy=AnatomySettings(reach_mm=25.0))
KINDS = ("askew", "mirrored")
"""Of each all formats are written; `without-ct` has labels alone."""
_KEPT = tempfile.TemporaryDirectory(prefix="enbloc-exports-")


@lru_cache(maxsize=8)
def case_of(kind: str) -> Case:
    """Askew: the scan's axes are turned by 14, -9 and 11 degrees against the patient, with voxels of unequal edges."""
    askew = kind == "askew"
    scan = Scan(
        spacing_mm=(2.0, 2.0, 2.6) if askew else (2.4, 2.4, 2.4),
        directions=turn_matrix(14.0, -9.0, 11.0) if askew else np.eye(3),
        margin_mm=6.0,
    )
    tumour = mirrored(demo_tumour()) if kind == "mirrored" else demo_tumour()
    case = sample(SpinePhantom(("L2", "L3", "L4")), scan, tumour, demo_clinical())
    return attrs.evolve(case, id=f"phantom-{kind}", ct=None if kind == "without-ct" else case.ct)


def small_pdf() -> bytes:
    """One empty page."""
    writer, packed = PdfWriter(), io.BytesIO()
    writer.add_blank_page(210, 297)
    writer.write(packed)
    return packed.getvalue()


@lru_cache(maxsize=8)
def run_of(kind: str) -> Path:
    """The run folder of a kind; its case folder lies beside it."""
    folder = Path(_KEPT.name) / kind
    write_case(case_of(kind), folder)
    run = folder.with_name(f"{kind}-run")
    case, _ = read_case(folder, lambda _: None)
    write_run(walk(case, QUICK), run, {"6-report.pdf": small_pdf()}, case_folder=folder)
    return run


@lru_cache(maxsize=8)
def source_of(kind: str) -> RunSource:
    """The run, read for export."""
    return read_run(run_of(kind), None, None, None)


@lru_cache(maxsize=8)
def exported(kind: str) -> Exported:
    """The run, exported in every format."""
    out = Path(_KEPT.name) / f"{kind}-export"
    return export_run(Order(run_of(kind), choose_formats(["all"]), out=out), lambda _: None)


def files_of(kind: str, name: str) -> tuple[Path, ...]:
    """The files of one format, which must have been written."""
    found = exported(kind)
    assert name not in found.failed, found.failed
    return found.files[name]


def program(name: str) -> str:
    """A Debian program; skips where it is absent, unless ENBLOC_REQUIRE_ALL=1 demands it."""
    path = shutil.which(name)
    if path is None:
        if os.environ.get("ENBLOC_REQUIRE_ALL") == "1":
            pytest.fail(f"{name} is not installed, and ENBLOC_REQUIRE_ALL=1 demands it")
        pytest.skip(f"{name} is not installed")
    return path


def said_by(name: str, *words: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a Debian program."""
    command = [program(name), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, errors="replace", cwd=folder)
