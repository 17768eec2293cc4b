"""A cord that is not labelled beside the tumour is said, with what then stays open."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from enbloc.foundation.space.grids import Grid, LabelMap
from enbloc.intake.case import LabelFile, Problem
from enbloc.intake.cord_check import check_cord

GRID = Grid((20, 20, 60), np.diag([2.0, 2.0, 2.0, 1.0]))
TUMOUR = GRID.to_patient(np.argwhere(np.ones((4, 4, 12)))) + np.array([0.0, 0.0, 40.0])


def found(levels: tuple[str, ...], **structures: slice) -> list[Problem]:
    values = np.zeros(GRID.shape, np.uint8)
    for number, where in enumerate(structures.values(), start=1):
        values[8:10, 8 + 2 * number : 10 + 2 * number, where] = number
    labels = LabelMap(GRID, values, dict(enumerate(structures, start=1)))
    return list(check_cord(LabelFile("labels.nii.gz", labels), TUMOUR, levels))


def test_above_the_conus_a_missing_cord_is_a_doubt_and_names_what_stays_open() -> None:
    (problem,) = found(("T8",))
    assert problem.grade == "doubt"
    assert "(ESCC) cannot be measured" in problem.says
    assert "whole canal taken for the sac" in problem.says


def test_below_the_conus_it_is_a_note() -> None:
    (problem,) = found(("L3", "L4"))
    assert problem.grade == "note"
    assert "ESCC" not in problem.says


def test_a_labelled_sac_gives_back_the_way_out_and_no_more() -> None:
    (problem,) = found(("T8",), dura=slice(0, 60))
    assert "sac" not in problem.says
    assert not found(("L3",), dura=slice(0, 60))


@pytest.mark.parametrize("level", ["C5", "T8", "L1", "L4"])
def test_a_cord_beside_the_tumour_leaves_nothing_to_say(level: str) -> None:
    assert not found((level,), spinal_cord=slice(0, 60))


@pytest.mark.parametrize("part", [slice(0, 18), slice(30, 60), slice(18, 24)], ids=["below", "above", "half"])
def test_a_cord_that_ends_before_the_tumour_is_as_good_as_none_there(part: slice) -> None:
    (problem,) = found(("T8",), spinal_cord=part)
    assert "not labelled beside the tumour" in problem.says


def test_the_sacrum_has_no_cord_to_miss() -> None:
    assert not found(("S1",))
    assert not list(check_cord(LabelFile("x", LabelMap(GRID, np.zeros(GRID.shape, np.uint8), {})), TUMOUR[:0], ("T8",)))


def test_problems_are_sentences_with_a_cure() -> None:
    for problem in (*found(("T8",)), *found(("L3",))):
        assert all(text.endswith(".") for text in attrs.astuple(problem)[2:])
