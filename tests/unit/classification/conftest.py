"""Extents as a surgeon would type them, and facts, in one line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from enbloc.classification.extent import Extent, extent_from_typed
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.case import TypedLevel

Typed = Callable[..., Extent]
Known = Callable[..., dict[str, Finding]]


@pytest.fixture
def typed() -> Typed:
    """``typed(L3=({4, 5}, "BC"))``."""

    def build(**levels: tuple[set[int], str]) -> Extent:
        return extent_from_typed({name: TypedLevel(frozenset(s), frozenset(k)) for name, (s, k) in levels.items()})

    return build


@pytest.fixture
def known() -> Known:
    """``known(csf_seen=True)``: findings that somebody supplies."""

    def build(**facts: bool) -> dict[str, Finding]:
        return {
            name: Finding(name, Verdict.MET if fact else Verdict.UNMET, Unknown("stated: MRI"), f"{name}: {fact}.")
            for name, fact in facts.items()
        }

    return build
