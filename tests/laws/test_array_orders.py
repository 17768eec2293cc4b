"""Law: the same patient in another array order is the same patient, byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from law_cases import ORDERS, QUICK, answers_text, case_laid_out, case_of, laid_out

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.adapters.files.case.case_writer import write_case
from enbloc.adapters.files.images.nifti import nifti_bytes, read_nifti
from enbloc.intake.case import Case
from enbloc.walk import walk

FEW = (((0, 1, 2), (-1, -1, 1)), ((2, 0, 1), (1, -1, 1)), ((1, 0, 2), (1, 1, 1)), ((2, 1, 0), (-1, 1, -1)))
Kept = dict[str, tuple[str, str]]


def read(folder: Path) -> Case:
    return read_case(folder, lambda _: None)[0]


def answers(folder: Path) -> tuple[str, str]:
    """What ``3-classification.json`` and ``5-plans.json`` of a case folder say."""
    return answers_text(walk(read(folder), QUICK))


@pytest.fixture(scope="module")
def kept() -> Kept:
    """Answers of folders as they are, found once."""
    return {}


@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_the_reader_brings_every_order_to_one(
    order: tuple[int, ...], signs: tuple[int, ...], small_case: Case, tmp_path: Path
) -> None:
    write_case(small_case, tmp_path / "as-is")
    write_case(case_laid_out(small_case, order, signs), tmp_path / "turned")
    here, there = read(tmp_path / "as-is"), read(tmp_path / "turned")
    for one, other in zip(here.label_files, there.label_files, strict=True):
        assert one.labels.grid.shape == other.labels.grid.shape
        np.testing.assert_array_equal(one.labels.grid.affine, other.labels.grid.affine)
        np.testing.assert_array_equal(one.labels.values, other.labels.values)
        assert one.labels.names == other.labels.names


def check_phantom(order: tuple[int, ...], signs: tuple[int, ...], folder: Path, kept: Kept) -> None:
    case = case_of("body and pedicle")
    if case.id not in kept:
        write_case(case, folder / "as-is")
        kept[case.id] = answers(folder / "as-is")
    write_case(case_laid_out(case, order, signs), folder / "turned")
    assert answers(folder / "turned") == kept[case.id]


@pytest.mark.parametrize(("order", "signs"), FEW)
def test_a_phantom_in_a_few_orders(order: tuple[int, ...], signs: tuple[int, ...], tmp_path: Path, kept: Kept) -> None:
    check_phantom(order, signs, tmp_path, kept)


@pytest.mark.slow
@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_a_phantom_in_all_orders(order: tuple[int, ...], signs: tuple[int, ...], tmp_path: Path, kept: Kept) -> None:
    check_phantom(order, signs, tmp_path, kept)


def turn_folder(source: Path, target: Path, order: tuple[int, ...], signs: tuple[int, ...]) -> None:
    """A copy of a case folder with every NIfTI file laid out anew."""
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    target.chmod(0o755)
    for path in target.glob("*.nii.gz"):
        image = read_nifti(path, path.name)
        path.write_bytes(nifti_bytes(*laid_out(image.values, image.grid, order, signs)))


def check_real(source: Path, order: tuple[int, ...], signs: tuple[int, ...], folder: Path, kept: Kept) -> None:
    if source.name not in kept:
        kept[source.name] = answers(source)
    turn_folder(source, folder / "turned", order, signs)
    assert answers(folder / "turned") == kept[source.name]


@pytest.mark.real
@pytest.mark.parametrize(("order", "signs"), FEW[:2])
def test_a_real_case_in_two_orders(
    order: tuple[int, ...], signs: tuple[int, ...], real_data: Callable[[str], Path], tmp_path: Path, kept: Kept
) -> None:
    check_real(real_data("cases/T11-epidural"), order, signs, tmp_path, kept)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(("order", "signs"), ORDERS)
def test_a_real_case_in_all_orders(
    order: tuple[int, ...], signs: tuple[int, ...], real_data: Callable[[str], Path], tmp_path: Path, kept: Kept
) -> None:
    check_real(real_data("cases/T11-epidural"), order, signs, tmp_path, kept)
