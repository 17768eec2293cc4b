"""Law: a finer scan of the same patient agrees with the coarse one within both their intervals."""

from __future__ import annotations

import pytest
from law_cases import TUMOURS, contradictions, margin_intervals_mm, plan_keys, possible, walk_of

from enbloc.foundation.evidence.estimates import Estimate

FINE_MM, COARSE_MM = 1.0, 2.0
QUICK_ONES = ("body", "epidural")
EACH = [name if name in QUICK_ONES else pytest.param(name, marks=pytest.mark.slow) for name in sorted(TUMOURS)]


def overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[1] + 1e-9 and other[0] <= one[1] + 1e-9


@pytest.mark.parametrize("name", EACH)
def test_fine_and_coarse_agree(name: str) -> None:
    fine, coarse = walk_of(name, FINE_MM), walk_of(name, COARSE_MM)
    assert fine.extent is not None
    assert coarse.extent is not None
    assert contradictions(fine.extent, coarse.extent) == []
    for system, categories in possible(fine).items():
        if system != "wbb":
            assert not categories or set(categories) & set(possible(coarse)[system]), system

    for level in fine.extent.levels.keys() & coarse.extent.levels.keys():
        for key, cell in fine.extent.levels[level].cells.items():
            one, other = cell.volume, coarse.extent.levels[level].cells[key].volume
            assert isinstance(one, Estimate)
            assert isinstance(other, Estimate)
            assert overlap((one.low, one.high), (other.low, other.high)), (level, key, one, other)


@pytest.mark.parametrize("name", [one for one in EACH if "arch" not in getattr(one, "values", ())])
def test_distances_to_what_lies_around_agree(name: str) -> None:
    """For solid tumours; the one in the arch has edges thinner than a coarse voxel, which no sampling carries."""
    fine, coarse = walk_of(name, FINE_MM), walk_of(name, COARSE_MM)
    assert fine.extent is not None
    assert coarse.extent is not None
    contacts = [
        {c.structure: (c.distance.low, c.distance.high) for c in r.extent.touched if isinstance(c.distance, Estimate)}
        for r in (fine, coarse)
    ]
    for structure in contacts[0].keys() & contacts[1].keys():
        assert overlap(contacts[0][structure], contacts[1][structure]), (structure, contacts[0][structure])


@pytest.mark.parametrize("name", EACH)
def test_interfaces_that_no_cut_makes_agree(name: str) -> None:
    """Dura, vessels, lungs and muscle stay where they are, however the cuts fall."""
    fine, coarse = plan_keys(walk_of(name, FINE_MM)), plan_keys(walk_of(name, COARSE_MM))
    for key in fine.keys() & coarse.keys():
        here, there = margin_intervals_mm(fine[key]), margin_intervals_mm(coarse[key])
        kept = [i for i in here if not i.endswith(" cut") and not i.startswith(("vertebra_", "disc_"))]
        for interface in kept:
            if interface in there:
                assert overlap(here[interface], there[interface]), (key, interface, here[interface], there[interface])
