"""A reading typed on top of the images stands, and what it contradicts is said."""

from __future__ import annotations

import pytest

from enbloc.classification.extent import differences, extent_from_typed, involved, overrule
from enbloc.intake.case import TypedLevel

MEASURED = extent_from_typed({"L3": TypedLevel(frozenset({4, 5}), frozenset("BC"))})


def reading(sectors: set[int], layers: str) -> dict[str, TypedLevel]:
    return {"L3": TypedLevel(frozenset(sectors), frozenset(layers))}


def test_what_is_typed_stands_at_its_levels_only() -> None:
    both = overrule(MEASURED, {"L2": TypedLevel(frozenset({5}), frozenset("B"))})
    assert both.source == "overruled"
    assert list(both.levels) == ["L2", "L3"]
    assert involved(both.levels["L2"].sectors) == (5,)
    assert involved(both.levels["L3"].sectors) == (4, 5)


def test_nothing_typed_changes_nothing() -> None:
    assert overrule(MEASURED, {}) is MEASURED


@pytest.mark.parametrize(
    ("sectors", "layers", "said"),
    [({4, 5}, "BC", ()), ({4, 5, 6}, "BC", ("sector 6",)), ({5}, "BCD", ("sector 4", "layer D"))],
)
def test_every_contradiction_is_named(sectors, layers, said) -> None:
    found = " ".join(differences(MEASURED, reading(sectors, layers)))
    assert all(word in found for word in said)
    assert bool(found) == bool(said)


def test_a_typed_level_without_tumour_on_the_images_is_named() -> None:
    assert "L1" in differences(MEASURED, {"L1": TypedLevel(frozenset({5}), frozenset("B"))})[0]
