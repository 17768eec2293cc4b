"""What the families ask of the Extent, over all its levels, and how they say it."""

from __future__ import annotations

from collections.abc import Sequence

from enbloc.classification.extent import SECTORS, Extent
from enbloc.classification.systems.wbb_answer import write_sectors
from enbloc.foundation.evidence.verdicts import Verdict, any_of


def sector_verdict(extent: Extent, sector: int) -> Verdict:
    """Is a sector involved at any level?"""
    return any_of(level.sectors[sector] for level in extent.levels.values())


def layer_verdict(extent: Extent, layer: str) -> Verdict:
    """Is a layer involved at any level?"""
    return any_of(level.layers[layer] for level in extent.levels.values())


def sectors_that_are(extent: Extent, verdict: Verdict, within: tuple[int, ...] = SECTORS) -> tuple[int, ...]:
    """The sectors with this verdict, in the order of `within`."""
    return tuple(s for s in within if sector_verdict(extent, s) is verdict)


def say_sectors(sectors: tuple[int, ...]) -> str:
    """Such as ``"sectors 4-8"``."""
    return f"sector{'s' if len(sectors) > 1 else ''} {write_sectors(sectors)}"


def say_layers(layers: Sequence[str]) -> str:
    """Such as ``"layers C, D"``."""
    return f"layer{'s' if len(layers) > 1 else ''} {', '.join(layers)}"
