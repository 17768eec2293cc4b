"""Two programs' label maps of one patient give the same classes for every tumour that lies on them.

The tumours are synthetic; the anatomy is real, labelled once by a reference and once in 3D Slicer.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.settings import Settings
from enbloc.walk import look, sense

pytestmark = pytest.mark.real

RealData = Callable[[str], Path]
ALTERNATIVE = '\n[[labels]]\nfile = "s0328_slicer.seg.nrrd"\nscheme = "slicer"\nalternative = true\n'


@pytest.mark.parametrize("name", ["L3-body-left-pedicle", "L2-posterior-arch"])
def test_the_labels_of_3d_slicer_change_no_class(name: str, real_data: RealData, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(real_data(f"cases/{name}"), folder)
    shutil.copy(real_data("s0328/s0328_slicer.seg.nrrd"), folder)
    with (folder / "case.toml").open("a", encoding="utf-8") as toml:
        toml.write(ALTERNATIVE)
    case, _ = read_case(folder, lambda _: None)
    assert len(case.alternatives) == 1
    record = sense(look(case, Settings()))
    assert record.sheet is not None
    other = next(variant for variant in record.sensitivity if variant.by_mm is None)
    assert "s0328_slicer" in other.words
    for system, answer in record.sheet.answers.items():
        assert other.answers[system].possible == answer.possible, system
