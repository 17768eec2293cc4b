"""Clearances of shifts, against every cell of the specimen looked up at every shift."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Grid
from enbloc.resection.way_out.passage import (
    CELL_MM,
    Box,
    _rows_of,
    least_of,
    measure_all_shifts,
)

SHIFTS = (7, 6, 5)
BODY_CELLS = (9, 8, 7)
SHAPE = tuple(body + shift - 1 for body, shift in zip(BODY_CELLS, SHIFTS, strict=True))
START = (3, 2, 1)


def box_of(seed: int) -> tuple[Box, Bools]:
    """A ragged body, some rows of it broken, among ragged things of three kinds."""
    draws = np.random.default_rng(seed)
    body = np.zeros(SHAPE, dtype=bool)
    body[tuple(slice(start, start + size) for start, size in zip(START, BODY_CELLS, strict=True))] = (
        draws.random(BODY_CELLS) < 0.7
    )
    codes = (draws.integers(1, 4, SHAPE) * (draws.random(SHAPE) < 0.02)).astype(np.uint8)
    codes[body] = 0
    grid = Grid(SHAPE, np.diag([CELL_MM] * 3 + [1.0]))
    return Box(np.eye(3), grid, codes, _rows_of(body, np.array(START)), START, SHIFTS), body


@pytest.mark.parametrize("seed", range(4))
def test_the_clearance_of_a_shift_is_the_least_over_all_cells(seed: int) -> None:
    box, body = box_of(seed)
    each = measure_all_shifts(box)
    cells = np.argwhere(body) - START
    for codes in ([1], [2, 3], [1, 2, 3]):
        field = np.minimum.reduce([distance_to(box.grid, box.codes == code) for code in codes])
        found = least_of(box, each, codes)
        for shift in np.ndindex(SHIFTS):
            there = field[tuple((cells + shift).T)].min() - CELL_MM / 2
            assert found[shift] == pytest.approx(there, abs=0.011)


def test_nothing_kept_leaves_more_room_than_anything() -> None:
    box, _ = box_of(0)
    assert least_of(box, measure_all_shifts(box), []).min() > 300.0
