"""The sweep over levels and spacings: nothing is ever wrong and sure, and what is clear is decided."""

from __future__ import annotations

from collections import Counter

import pytest
import sweep

PER_SPACING = (3, 5, 6)
"""Tumours at each level for 0.7, 1.5 and 3 mm; with one more at 1.5 mm 360 in all; the slow test runs 13 of them."""

ONCE_WRONG = (91, 178, 208, 248, 273, 198, 21, 33)
"""Tumours whose cells were once wrong and sure: pedicles that narrow ventrally, thin tumour in the canal, thin laminae
at 3 mm, and the corners between body and pedicle."""


def answers(numbers: set[int]) -> tuple[Counter[str], list[str]]:
    results = [sweep.run(trial) for trial in sweep.trials(PER_SPACING) if trial.number in numbers]
    counts = sum((result.counts for result in results if result), Counter[str]())
    return counts, [miss for result in results if result for miss in result.misses]


def test_tumours_that_were_once_wrong_are_not() -> None:
    counts, misses = answers(set(ONCE_WRONG))
    assert counts["clear right"]
    assert not [miss for miss in misses if " wrong: " in miss]


@pytest.mark.slow
def test_cells_and_classes_across_levels_and_spacings() -> None:
    counts, misses = answers(set(range(66, 360, 23)))
    assert not [miss for miss in misses if " wrong: " in miss]
    assert counts["clear right"] >= 0.99 * (counts["clear right"] + counts["clear open"])
