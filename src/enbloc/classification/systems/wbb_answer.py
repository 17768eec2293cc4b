"""The Extent as the answer of Weinstein, Boriani and Biagini (WBB), in the contract's form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import TypeVar

from enbloc.classification.extent import Cell, Extent, LevelExtent, involved, undecided
from enbloc.classification.findings import Facts, levels_that_may, outside
from enbloc.foundation.evidence.classifications import Because, Classification
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.verdicts import Verdict

T = TypeVar("T", int, str)

NUMBERING = "sosg"
_CITES = ("boriani_cerv2016", "smith2022")


def answer(facts: Facts) -> Classification:
    """Levels, sectors and layers as one record, such as ``"L3; 4-5 (SOSG); B,C"``.

    Settled when no sector and no layer of an involved level is open. Otherwise two records are possible at most: the
    least that the tumour holds and the most that it may hold.
    """
    extent = facts.extent
    levels = levels_that_may(extent)
    if not levels:
        return outside("wbb", "No tumour in the vertebrae described.", "ours")
    least, most = record(extent, with_undecided=False), record(extent, with_undecided=True)
    possible = (least, most) if least else (most,)
    return Classification(
        system="wbb",
        possible=tuple(dict.fromkeys(possible)),
        because=tuple(_because(name, extent) for name in levels),
        would_settle=tuple(
            _would_settle(name, extent.levels[name]) for name in levels if _is_open(extent.levels[name])
        ),
        details={
            "numbering": NUMBERING,
            "levels": {name: _level(extent.levels[name]) for name in levels},
            "mirror": "original",
        },
    )


def record(extent: Extent, *, with_undecided: bool) -> str:
    """The record in words; levels that say the same are joined (``"T11, T12; 5-8 (SOSG); B,C"``)."""
    groups: dict[str, list[str]] = {}
    for name, level in extent.levels.items():
        sectors = _those(level.sectors, with_undecided)
        layers = _those(level.layers, with_undecided)
        if layers or sectors:
            groups.setdefault(f"{write_sectors(sectors)} (SOSG); {','.join(layers)}", []).append(name)
    return " | ".join(f"{', '.join(names)}; {what}" for what, names in groups.items())


def write_sectors(sectors: Iterable[int]) -> str:
    """Sectors as runs, ``"4-6,10"``; a run across the spinous process is written ``"10-3"``."""
    held = sorted(set(sectors))
    starts = [s for s in held if (s - 2) % 12 + 1 not in held]
    if len(held) == 12:
        return "1-12"
    runs = []
    for start in starts:
        end = start
        while end % 12 + 1 in held:
            end = end % 12 + 1
        runs.append(str(start) if start == end else f"{start}-{end}")
    return ",".join(runs)


def mirror(sector: int) -> int:
    """A sector in the other numbering: ``13 - s`` (WBB-9)."""
    return 13 - sector


def _those(verdicts: Mapping[T, Verdict], with_undecided: bool) -> tuple[T, ...]:
    wanted = {Verdict.MET, Verdict.UNDECIDED} if with_undecided else {Verdict.MET}
    return tuple(key for key, verdict in verdicts.items() if verdict in wanted)


def _level(level: LevelExtent) -> dict[str, object]:
    cells: dict[str, dict[str, object]] = {}
    for (sector, layer), cell in level.cells.items():
        if cell.verdict is not Verdict.UNMET:
            cells.setdefault(str(sector), {})[layer] = _cell(cell)
    return {
        "sectors": list(involved(level.sectors)),
        "layers": list(involved(level.layers)),
        "cells": cells,
        "undecided_sectors": list(undecided(level.sectors)),
        "undecided_layers": list(undecided(level.layers)),
    }


def _cell(cell: Cell) -> dict[str, object]:
    """What was measured in a cell; a value that was not is left out."""
    measured = {"fraction": cell.fraction, "volume_ml": cell.volume, "depth_mm": cell.depth}
    values = {name: value.value for name, value in measured.items() if isinstance(value, Estimate)}
    return {"verdict": cell.verdict.value, **values}


def _is_open(level: LevelExtent) -> bool:
    return bool(undecided(level.sectors) or undecided(level.layers))


def _because(name: str, extent: Extent) -> Because:
    level = extent.levels[name]
    status: Status = "stated" if extent.source == "typed" else "measured"
    verb = "Typed by the surgeon" if extent.source == "typed" else "Measured on the images"
    sectors, layers = involved(level.sectors), involved(level.layers)
    says = f"{verb}: {name}, {_many('sector', sectors)} {write_sectors(sectors) or 'none certain'}"
    says += f", {_many('layer', layers)} {','.join(layers) or 'none certain'}"
    if _is_open(level):
        says += f"; open: {_open(level)}"
    measured = Unknown("stated by the surgeon" if extent.source == "typed" else "see the cells")
    verdict = Verdict.UNDECIDED if _is_open(level) else Verdict.MET
    return Because(f"extent_{name}", verdict, measured, f"{says}.", status, _CITES, "WBB-1")


def _open(level: LevelExtent) -> str:
    sectors, layers = undecided(level.sectors), undecided(level.layers)
    parts = [f"{_many('sector', sectors)} {write_sectors(sectors)}"] if sectors else []
    parts += [f"{_many('layer', layers)} {','.join(layers)}"] if layers else []
    return " and ".join(parts)


def _many(word: str, items: Sized) -> str:
    return word if len(items) == 1 else f"{word}s"


def _would_settle(name: str, level: LevelExtent) -> str:
    return f"The tumour's outline at {name}: {_open(level)}"
