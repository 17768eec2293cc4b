"""A real label map taken apart into one file for each structure gives the same answers, from memory and from disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
import pytest
from typer.testing import CliRunner

from enbloc.adapters.cli import app
from enbloc.adapters.files.case.case_folder import read_case
from enbloc.adapters.files.case.labels import LabelEntry, read_labels
from enbloc.adapters.files.images.nifti import nifti_bytes
from enbloc.adapters.files.json_files import json_text
from enbloc.adapters.files.run.record_forms import anatomy_form, classification_form
from enbloc.foundation.space.grids import Grid, LabelMap
from enbloc.intake.case import LabelFile
from enbloc.settings import Settings
from enbloc.walk import look

pytestmark = pytest.mark.real

RealData = Callable[[str], Path]
FACTS = '[clinical]\nhistology = "chordoma"\nbiopsy_confirmed = true\n'
TUMOUR = '\n[[labels]]\nfile = "tumour.nii.gz"\nstructure = "tumour"\n'


@pytest.mark.slow
def test_a_real_map_taken_apart_gives_the_same_bytes(real_data: RealData) -> None:
    case, _ = read_case(real_data("cases/L3-body-left-pedicle"), lambda _: None)
    labels = case.label_files[0].labels
    singles = [
        LabelFile(f"{name}.nii.gz", LabelMap(labels.grid, (labels.values == number).astype(np.uint8), {1: name}))
        for number, name in labels.names.items()
    ]
    one = look(case, Settings())
    many = look(attrs.evolve(case, label_files=(*singles, *case.label_files[1:])), Settings())
    assert json_text(classification_form(many)) == json_text(classification_form(one))
    assert json_text(anatomy_form(many)) == json_text(anatomy_form(one))
    assert many.problems == one.problems


@pytest.fixture(scope="module")
def small_map(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], tuple[LabelMap, np.ndarray]]:
    """The crop of s0328 around L2 to L4, and a synthetic tumour in the body of L3."""

    def cut(path: Path) -> tuple[LabelMap, np.ndarray]:
        (file,), _ = read_labels(path, LabelEntry(path.name, scheme="totalsegmentator"))
        labels = file.labels
        held = np.argwhere(np.isin(labels.values, [n for n, v in labels.names.items() if v in LEVELS]))
        box = tuple(slice(int(a), int(b) + 1) for a, b in zip(held.min(axis=0), held.max(axis=0), strict=True))
        small = LabelMap(labels.grid.crop(box), labels.values[box], labels.names)
        middle = np.array([np.argwhere(small.mask("vertebra_L3")).mean(axis=0)])
        points = small.grid.to_patient(np.argwhere(small.values >= 0))
        near = np.linalg.norm(points - (small.grid.to_patient(middle) + np.array([6.0, -18.0, 0.0])), axis=1) < 7.0
        return small, near.reshape(small.values.shape)

    return cut


LEVELS = ("vertebra_L2", "vertebra_L3", "vertebra_L4")


def written(folder: Path, entries: str, files: dict[str, np.ndarray], grid: Grid) -> Path:
    for name, values in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(nifti_bytes(values.astype(np.uint8), grid))
    (folder / "case.toml").write_text(f'[case]\nid = "apart"\n{entries}{TUMOUR}{FACTS}', "utf-8")
    return folder


def test_a_folder_of_single_files_and_one_entry_for_each_work_like_the_map(
    real_data: RealData, small_map: Callable[[Path], tuple[LabelMap, np.ndarray]], tmp_path: Path
) -> None:
    labels, tumour = small_map(real_data("crops/s0328.nii.gz"))
    present = {n: name for n, name in labels.names.items() if (labels.values == n).any()}
    numbers = ", ".join(f'{n} = "{name}"' for n, name in present.items())
    masks = {name.replace("vertebra_", "vertebrae_"): labels.values == n for n, name in present.items()}
    cases = {
        "map": (
            f'[[labels]]\nfile = "map.nii.gz"\nscheme = "custom"\nmap = {{ {numbers} }}\n',
            {"map.nii.gz": labels.values},
        ),
        "folder": (
            '[[labels]]\nfile = "segmentations"\nscheme = "totalsegmentator"\n',
            {f"segmentations/{name}.nii.gz": mask for name, mask in masks.items()}
            | {"segmentations/vertebrae_C1.nii.gz": np.zeros(tumour.shape)},
        ),
        "entries": (
            "".join(f'[[labels]]\nfile = "{name}.nii.gz"\nstructure = "{name}"\n' for name in masks),
            {f"{name}.nii.gz": mask for name, mask in masks.items()},
        ),
    }
    answers = {}
    for name, (entries, files) in cases.items():
        folder = written(tmp_path / name, entries, {**files, "tumour.nii.gz": tumour}, labels.grid)
        result = CliRunner().invoke(app, ["classify", str(folder), "--json"])
        assert result.exit_code == 0, result.output
        answers[name] = json.loads(result.stdout)
        checked = CliRunner().invoke(app, ["check", str(folder), "--json"])
        assert checked.exit_code == 0, checked.output
    assert answers["folder"] == answers["map"]
    assert answers["entries"] == answers["map"]
    assert answers["map"]["wbb"]["levels"]["L3"]["sectors"]
