"""Cells of a lattice, told apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_CELLS = 2_000_000
"""A lattice with more cells is sorted instead of counted."""


def unique_rows(cells: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The different cells (m, k) among (n, k), in their order, and which of them each is (n,).

    The answer of `numpy.unique` along the first axis; the cells are looked up on their lattice instead of sorted.
    """
    if not len(cells):
        return cells, np.empty(0, dtype=np.intp)
    low = cells.min(axis=0)
    spans = tuple(int(n) for n in cells.max(axis=0) - low + 1)
    size = int(np.prod([float(n) for n in spans]))
    if size > MOST_CELLS:
        rows, which = np.unique(cells, axis=0, return_inverse=True)
        return rows, which.ravel()
    keys = np.ravel_multi_index(tuple((cells - low).T), spans)
    rank = np.zeros(size, dtype=np.intp)
    rank[keys] = 1
    found = np.flatnonzero(rank)
    rank[found] = np.arange(len(found))
    return np.stack(np.unravel_index(found, spans), axis=1) + low, rank[keys]
