"""The sacrum of the phantoms, and tumours drawn in it: nothing is wrong and sure."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import sacral_sweep

from enbloc.phantoms.sacrum import SACRAL, SacrumPhantom, depths_mm, sacral_bone, sacral_grid, sample_sacrum

PER_SPACING = (12, 36, 36)
"""Tumours for 0.7, 1.5 and 3 mm; `benchmarks/sweep.py` runs all of them."""

ONCE_WRONG = (15, 20)
"""A tumour beside the canal, whose level was once taken from the way round it, and one far from the hips."""


def answers(numbers: set[int]) -> tuple[Counter[str], list[str]]:
    results = [sacral_sweep.run(trial) for trial in sacral_sweep.trials(PER_SPACING) if trial.number in numbers]
    counts = sum((result.counts for result in results if result), Counter[str]())
    return counts, [miss for result in results if result for miss in result.misses]


def test_every_level_of_the_sacrum_is_as_high_as_its_body() -> None:
    phantom = SacrumPhantom()
    for n, (level, segment) in enumerate(zip(SACRAL, phantom.segments, strict=True)):
        upper = np.array([[0.0, 0.0, segment.height_mm / 2.0 - 0.1]])
        (deep,) = depths_mm(phantom, phantom.frames[level].to_patient(upper))
        assert deep[n] == pytest.approx(0.1, abs=0.01)
        assert (np.delete(deep, n) < 0.0).all()


def test_the_sacrum_is_even_and_s1_is_a_part_of_it() -> None:
    phantom = SacrumPhantom()
    grid = sacral_grid(phantom, 3.0)
    bone = sacral_bone(phantom, grid)
    points = grid.to_patient(np.argwhere(bone > 0))
    assert abs(points[:, 0].mean()) < grid.spacing_mm[0] / 2.0
    together, apart = (sample_sacrum(phantom, grid, first) for first in (False, True))
    np.testing.assert_array_equal(together.mask("sacrum"), apart.mask("sacrum") | apart.mask("vertebra_S1"))
    assert set(np.unique(bone[apart.mask("vertebra_S1")])) == {1}


def test_tumours_that_were_once_wrong_are_not() -> None:
    counts, misses = answers(set(ONCE_WRONG))
    assert counts["levels right"]
    assert not misses


@pytest.mark.slow
def test_levels_and_types_across_the_sacrum() -> None:
    counts, misses = answers(set(range(12, 84, 7)))
    assert not misses
    assert counts["levels right"] > counts["levels open"]
    assert counts["sacral right"] > counts["sacral open"]
