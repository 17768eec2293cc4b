"""One phantom, written as each program would write it, gives one answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.adapters.files.images.nifti import nifti_bytes
from enbloc.anatomy.settings import AnatomySettings
from enbloc.intake.case import Case
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import ellipsoid
from enbloc.settings import Settings
from enbloc.walk import Record, look

QUICK = Settings(anatomy=AnatomySettings(reach_mm=15.0))
NUMBERS: Mapping[str, Mapping[str, int]] = {
    "totalsegmentator": {"vertebra_L2": 30, "vertebra_L3": 29, "vertebra_L4": 28, "spinal_cord": 79, "aorta": 52},
    "verse": {"vertebra_L2": 21, "vertebra_L3": 22, "vertebra_L4": 23, "disc_L2_L3": 121, "disc_L3_L4": 122},
    "spineps": {"vertebra_L2": 21, "vertebra_L3": 22, "vertebra_L4": 23, "spinal_cord": 60, "spinal_canal": 61},
    "totalspineseg": {
        "vertebra_L2": 42,
        "vertebra_L3": 43,
        "vertebra_L4": 44,
        "spinal_cord": 1,
        "spinal_canal": 2,
        "disc_L2_L3": 93,
        "disc_L3_L4": 94,
    },
}
"""As each program's own documentation numbers them."""


@lru_cache(maxsize=1)
def phantom_case() -> Case:
    tumour = ellipsoid("L3", (11.0, -22.0, -3.0), (7.0, 8.0, 8.0))
    return sample(SpinePhantom(("L2", "L3", "L4")), Scan((1.5, 1.5, 1.5), margin_mm=10.0, with_canal=True), tumour)


def record_of(scheme: str, folder: Path) -> Record:
    labels, tumour = (file.labels for file in phantom_case().label_files)
    table = np.zeros(int(labels.values.max()) + 1, np.uint8)
    for number, name in labels.names.items():
        table[number] = NUMBERS[scheme].get(name, 0)
    (folder / "labels.nii.gz").write_bytes(nifti_bytes(table[labels.values], labels.grid))
    (folder / "tumour.nii.gz").write_bytes(nifti_bytes(tumour.values, tumour.grid))
    entries = f'[[labels]]\nfile = "labels.nii.gz"\nscheme = "{scheme}"\n'
    entries += '[[labels]]\nfile = "tumour.nii.gz"\nstructure = "tumour"\n'
    (folder / "case.toml").write_text(f'[case]\nid = "x"\n{entries}[clinical]\nhistology = "chordoma"\n', "utf-8")
    case, problems = read_case(folder, lambda _: None)
    assert not problems
    return look(case, QUICK)


@pytest.mark.parametrize("scheme", NUMBERS)
def test_each_scheme_reads_the_same_spine(scheme: str, tmp_path: Path) -> None:
    record = record_of(scheme, tmp_path)
    assert not record.stopped
    assert record.scene is not None
    assert record.sheet is not None
    assert record.sheet.answers["wbb"].possible == ("L3; 5-6 (SOSG); B,C",)
    assert record.sheet.answers["enneking"].possible
    frame = record.scene.vertebrae["L3"].frame
    truth = SpinePhantom(("L2", "L3", "L4")).frames["L3"]
    assert np.linalg.norm((frame.origin_mm - truth.origin_mm)[:2]) < 1.0
    has_canal = "spinal_canal" in NUMBERS[scheme]
    assert record.scene.vertebrae["L3"].labelled == (("canal wall",) if has_canal else ())
    discs = {name for name in record.scene.structures.names.values() if name.startswith("disc")}
    assert discs == {name for name in NUMBERS[scheme] if name.startswith("disc")}
    modelled = {part.structure for part in record.scene.modelled if part.kind == "disc"}
    assert modelled == {"disc_L2_L3", "disc_L3_L4"} - discs
