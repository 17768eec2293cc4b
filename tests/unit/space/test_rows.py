"""Cells told apart, beside NumPy's own answer."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.foundation.space.rows import MOST_CELLS, unique_rows


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("reach", [3, 40, 2 * MOST_CELLS])
def test_the_answer_is_that_of_numpy(seed: int, reach: int) -> None:
    cells = np.random.default_rng(seed).integers(-reach, reach, (200, 2 + seed % 2))
    rows, which = unique_rows(cells)
    wanted, inverse = np.unique(cells, axis=0, return_inverse=True)
    np.testing.assert_array_equal(rows, wanted)
    np.testing.assert_array_equal(which, inverse.ravel())
    np.testing.assert_array_equal(rows[which], cells)


def test_no_cells() -> None:
    rows, which = unique_rows(np.empty((0, 3), dtype=np.intp))
    assert rows.shape == (0, 3)
    assert which.shape == (0,)
