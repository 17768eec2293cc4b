"""Where a mask lies, beside NumPy's and SciPy's own answers."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from enbloc.foundation.space.boxes import box_of, joined, meet, moved, voxels_of, widened
from enbloc.foundation.space.distances import distance_to, lies_within
from enbloc.foundation.space.grids import Bools, Floats, Grid

SKEWED = np.array([[1.0, 0.6, 0.0, 3.0], [0.0, 1.2, 0.3, 1.0], [0.0, 0.0, 1.5, 2.0], [0.0, 0.0, 0.0, 1.0]])


def drawn(seed: int) -> Bools:
    rng = np.random.default_rng(seed)
    mask = np.zeros((14, 11, 9), dtype=bool)
    low = rng.integers(0, 6, 3)
    box = tuple(slice(a, a + 3) for a in low)
    mask[box] = rng.random((3, 3, 3)) > 0.6
    return mask


@pytest.mark.parametrize("seed", range(8))
def test_box_and_voxels_are_those_of_the_libraries(seed: int) -> None:
    for mask in (drawn(seed), np.asfortranarray(drawn(seed)), drawn(seed)[::-1, :, ::-1]):
        np.testing.assert_array_equal(voxels_of(mask), np.argwhere(mask))
        found = scipy.ndimage.find_objects(mask.astype(np.uint8))
        assert box_of(mask) == (found[0] if found else None)


def test_an_empty_mask_has_no_box() -> None:
    nothing = np.zeros((3, 4, 5), dtype=bool)
    assert box_of(nothing) is None
    assert voxels_of(nothing).shape == (0, 3)


def test_boxes_together() -> None:
    a, b = (slice(1, 3), slice(2, 4), slice(0, 2)), (slice(3, 5), slice(0, 3), slice(1, 6))
    assert joined(a, b) == (slice(1, 5), slice(0, 4), slice(0, 6))
    assert not meet(a, b)
    assert meet(a, widened(b, 1, (9, 9, 9)))
    assert widened(a, 2, (4, 9, 3)) == (slice(0, 4), slice(0, 6), slice(0, 3))
    assert moved(a, b) == (slice(4, 6), slice(2, 4), slice(1, 3))


@pytest.mark.parametrize("affine", [np.diag([1.5, 1.5, 1.5, 1.0]), SKEWED], ids=["straight", "skewed"])
@pytest.mark.parametrize("reach_mm", [0.0, 1.5, 4.0])
def test_what_lies_near_is_what_the_whole_field_says(affine: Floats, reach_mm: float) -> None:
    for seed in range(4):
        mask = drawn(seed)
        grid = Grid(mask.shape, affine)
        np.testing.assert_array_equal(lies_within(grid, mask, reach_mm), distance_to(grid, mask) <= reach_mm)
