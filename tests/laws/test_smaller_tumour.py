"""Law: a smaller tumour loses no kind of en bloc resection that a larger one, which holds it, still has.

Exceptions are listed with the rule that makes them; any other loss fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enbloc.classification.extent import ARCH, SECTORS, extent_from_typed
from enbloc.classification.sheet import classify
from enbloc.intake.case import TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.resection.families import enumerate_options, options_in_reserve

NOBODY = Clinical()
LEVELS = ("C1", "C4", "C7", "T1", "T8", "L3", "L5", "S1", "S3")
NECK = ("C1", "C4")
LESSER = {"sagittal_resection", "posterior_arch_resection"}


@attrs.frozen
class Tumour:
    """A tumour of one level as typed."""

    level: str
    sectors: frozenset[int]
    layers: frozenset[str]


@cache
def families(tumour: Tumour) -> dict[str, set[str]]:
    """The kinds of en bloc resection, each with the rules of its reasons."""
    extent = extent_from_typed({tumour.level: TypedLevel(tumour.sectors, tumour.layers)})
    options, _ = enumerate_options(extent, classify(extent, NOBODY), NOBODY)
    found: dict[str, set[str]] = {}
    for option in options:
        if option.family != "intralesional":
            found.setdefault(option.family, set()).update(reason.rule for reason in option.because)
    return found


def _has_lesser(small: Tumour, large: Tumour) -> bool:
    """Widened beyond print (F8, MOD-2) only for the larger: the smaller fits FAM-2 or FAM-3, which take less bone."""
    return bool(families(large)["vertebrectomy"] & {"F8", "MOD-2"}) and bool(LESSER & set(families(small)))


def _tells_no_side(small: Tumour, large: Tumour) -> bool:
    """The chest wall is taken on one side (LUNG-1): without tumour outside the bone, or a side, none is."""
    beside = [bool(small.sectors & side) for side in ({2, 3, 4}, {9, 10, 11})]
    return "A" not in small.layers or not any(beside)


EXCEPTIONS: Mapping[str, tuple[str, Callable[[Tumour, Tumour], bool]]] = {
    "vertebrectomy": ("FAM-2, FAM-3", _has_lesser),
    "chest_wall_combined": ("LUNG-1", _tells_no_side),
}
"""By the family that may be lost: the rule, and when it applies to the smaller and the larger tumour."""


def lost(small: Tumour, large: Tumour) -> set[str]:
    """Families that the larger tumour has, the smaller one not, and no listed rule explains."""
    gone = set(families(large)) - set(families(small))
    return {family for family in gone if family not in EXCEPTIONS or not EXCEPTIONS[family][1](small, large)}


def _arc(first: int, length: int) -> frozenset[int]:
    return frozenset((first + n - 1) % 12 + 1 for n in range(length))


arcs = st.builds(_arc, st.integers(1, 12), st.integers(1, 11))


@st.composite
def nested(draw: st.DrawFn) -> tuple[Tumour, Tumour]:
    """A tumour less one of its sectors or layers, and the tumour."""
    level = draw(st.sampled_from(LEVELS))
    sectors = draw(arcs) | draw(st.one_of(st.just(frozenset[int]()), arcs))
    layers = draw(st.sets(st.sampled_from("ABCDEF" if level in NECK else "ABCDE"), min_size=1).map(frozenset))
    large = Tumour(level, sectors, layers)
    smaller = [attrs.evolve(large, sectors=sectors - {s}) for s in sorted(sectors) if len(sectors) > 1]
    smaller += [attrs.evolve(large, layers=layers - {k}) for k in sorted(layers) if len(layers) > 1]
    return draw(st.sampled_from(smaller or [large])), large


@settings(max_examples=500, deadline=None, derandomize=True)
@given(pair=nested())
def test_a_smaller_tumour_loses_no_kind_of_resection(pair: tuple[Tumour, Tumour]) -> None:
    assert lost(*pair) == set()


def with_reserve(tumour: Tumour) -> set[str]:
    """The kinds of en bloc resection, with those that stand in where printed cuts find no room."""
    extent = extent_from_typed({tumour.level: TypedLevel(tumour.sectors, tumour.layers)})
    sheet = classify(extent, NOBODY)
    options, _ = enumerate_options(extent, sheet, NOBODY)
    reserve = options_in_reserve(extent, sheet, NOBODY, options)
    assert not reserve or "vertebrectomy" not in families(tumour)
    return {option.family for option in (*options, *reserve)}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pair=nested())
def test_with_what_is_held_in_reserve_a_smaller_tumour_loses_no_vertebrectomy_at_all(
    pair: tuple[Tumour, Tumour],
) -> None:
    """Without exception: where a lesser printed family finds no room, the vertebrectomy of the larger stands in."""
    small, large = pair
    assert "vertebrectomy" not in with_reserve(large) or "vertebrectomy" in with_reserve(small)


@pytest.mark.parametrize("freed", [3, 4, 9])
def test_freeing_a_sector_of_3_to_9_keeps_the_vertebrectomy(freed: int) -> None:
    large = Tumour("T8", frozenset(range(3, 10)), frozenset("BC"))
    assert "vertebrectomy" in families(large)
    assert "vertebrectomy" in families(attrs.evolve(large, sectors=large.sectors - {freed}))


@pytest.mark.parametrize("arch", [ARCH, ARCH[1:], (2, 11)])
def test_a_body_with_the_arch_held_has_no_resection_left(arch: tuple[int, ...]) -> None:
    """The law alone would hold if everything were kept: tumour in body and arch still ends the vertebrectomy (F1)."""
    assert families(Tumour("T8", frozenset({5, 6, 7, 8, *arch}), frozenset("BC"))) == {}
    assert families(Tumour("T8", frozenset(SECTORS), frozenset("BC"))) == {}
