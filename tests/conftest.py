"""What every test may ask for: the real anatomy, a small case, and the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import pytest

from enbloc.adapters.cli import main
from enbloc.adapters.files.case.case_writer import write_case
from enbloc.foundation.space.grids import Grid, LabelMap
from enbloc.intake.case import Case, LabelFile
from enbloc.intake.clinical import Clinical

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
REQUIRE_ALL = "ENBLOC_REQUIRE_ALL"


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Path of something in the real data; skips where it is absent, unless ENBLOC_REQUIRE_ALL=1 demands it."""

    def find(name: str) -> Path:
        path = DATA / name
        if not path.exists():
            reason = f"the real data is not here: {path}"
            if os.environ.get(REQUIRE_ALL) == "1":
                pytest.fail(f"{reason}, and {REQUIRE_ALL}=1 demands it")
            pytest.skip(reason)
        return path

    return find


@attrs.frozen
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture
def enbloc(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line as a shell would: ``enbloc("plan", folder)``."""

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["enbloc", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


SMALL_GRID = Grid((30, 40, 60), np.diag([2.0, 2.0, 2.0, 1.0]))
_BOXES = {1: ("vertebra_L2", 42), 2: ("vertebra_L3", 24), 3: ("vertebra_L4", 6)}
CORD = 20


@pytest.fixture
def small_case() -> Case:
    """Three boxes for vertebrae with a small tumour in the middle one: enough to read and check, not to plan."""
    labels = np.zeros(SMALL_GRID.shape, np.uint8)
    tumour = np.zeros(SMALL_GRID.shape, np.uint8)
    for number, (_, low) in _BOXES.items():
        labels[8:22, 8:24, low : low + 12] = number
    labels[13:17, 26:29, :] = CORD
    names = {number: name for number, (name, _) in _BOXES.items()}
    tumour[9:14, 9:15, 26:32] = 1
    return Case(
        id="small",
        clinical=Clinical(age_years=50.0, histology="chordoma", biopsy_confirmed=True, grade="low", metastases="none"),
        label_files=(
            LabelFile("labels.nii.gz", LabelMap(SMALL_GRID, labels, names | {CORD: "spinal_cord"})),
            LabelFile("tumour.nii.gz", LabelMap(SMALL_GRID, tumour, {1: "tumour"})),
        ),
    )


@pytest.fixture
def small_folder(small_case: Case, tmp_path: Path) -> Path:
    """The small case as a case folder."""
    folder = tmp_path / "small"
    write_case(small_case, folder)
    return folder
