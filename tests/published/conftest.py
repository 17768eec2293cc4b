"""Extents as papers print them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from enbloc.classification.extent import Extent, extent_from_typed
from enbloc.intake.case import TypedLevel

Typed = Callable[..., Extent]


@pytest.fixture
def typed() -> Typed:
    """``typed(L3=({4, 5}, "BC"))``."""

    def build(**levels: tuple[set[int], str]) -> Extent:
        return extent_from_typed({name: TypedLevel(frozenset(s), frozenset(k)) for name, (s, k) in levels.items()})

    return build
