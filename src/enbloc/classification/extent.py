"""The Extent: which levels, sectors and layers the tumour holds, and which structures it touches.

This is the hinge of the program. Images measure it (`classification.wbb`), a surgeon may type it
(`extent_from_typed`); everything after it reads the Extent, and geometry only where there is some.

Sectors are numbered as the Spine Oncology Study Group does (1 = left half of the spinous process, 1-6 are the
patient's left); the original numbering is ``13 - s``. Layers are A soft tissue, B superficial bone, C deep bone,
D extradural, E intradural, F vertebral artery canal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar

import attrs

from enbloc.foundation.evidence.estimates import Measured
from enbloc.foundation.evidence.verdicts import Verdict, all_of, any_of, negate
from enbloc.foundation.terms.levels import Level, sort_levels
from enbloc.intake.case import TypedLevel

OPEN = Verdict.UNDECIDED
T = TypeVar("T", int, str)

SECTORS: tuple[int, ...] = tuple(range(1, 13))
LAYERS: tuple[str, ...] = ("A", "B", "C", "D", "E", "F")
BONE_LAYERS: tuple[str, ...] = ("B", "C")

LEFT_ARCH: tuple[int, ...] = (1, 2, 3)
RIGHT_ARCH: tuple[int, ...] = (10, 11, 12)
ARCH: tuple[int, ...] = (*LEFT_ARCH, *RIGHT_ARCH)
BODY: tuple[int, ...] = (5, 6, 7, 8)
LEFT_PEDICLE = 4
RIGHT_PEDICLE = 9


@attrs.frozen
class Cell:
    """Tumour in one sector of one layer.

    Parameters
    ----------
    verdict : Verdict
        Met = involved, unmet = free.
    fraction : Measured
        Share of the cell's own tissue that is tumour; Unknown for soft tissue, which has no border.
    volume : Measured
        Tumour in the cell, ml.
    depth : Measured
        For layers outside bone: the greatest depth of tumour beyond the bone or canal wall, mm.
    """

    verdict: Verdict
    fraction: Measured
    volume: Measured
    depth: Measured


@attrs.frozen(eq=False)
class LevelExtent:
    """The tumour at one level.

    `sectors` and `layers` say for each whether it is involved; `cells` says it for each pair, where images measured
    it (empty for a typed level, whose pairs are not known one by one).
    """

    sectors: Mapping[int, Verdict]
    layers: Mapping[str, Verdict]
    cells: Mapping[tuple[int, str], Cell] = attrs.field(factory=dict)


@attrs.frozen
class Contact:
    """The tumour against one structure outside the vertebrae.

    `distance` is the least distance between the two surfaces in mm (0 = touching or overlapping), `at_mm` the LPS
    place on the tumour where it is found.
    """

    structure: str
    distance: Measured
    at_mm: tuple[float, float, float]


@attrs.frozen(eq=False)
class Extent:
    """Levels x sectors x layers, and structures touched.

    `levels` holds every level that was examined, in cranio-caudal order; a level may turn out free.
    `source` is "overruled" when the surgeon's reading stands in for the measured one at some levels.
    `touched` are the structures outside the vertebrae, the nearest first; empty for a typed extent.
    `skipped` says whether there are separate tumours with a free level between them.
    `beside` are levels that are not listed, their bone being free, at whose height most tumour outside bone lies.
    """

    source: Literal["measured", "typed", "overruled"]
    levels: Mapping[Level, LevelExtent]
    touched: tuple[Contact, ...] = ()
    skipped: Verdict = Verdict.UNDECIDED
    beside: tuple[Level, ...] = ()


def extent_from_typed(typed: Mapping[Level, TypedLevel]) -> Extent:
    """The Extent as a surgeon typed it: what is listed is involved, what is not listed is free."""
    from_sets = {
        level: LevelExtent(
            sectors={s: _listed(s, typed[level].sectors) for s in SECTORS},
            layers={k: _listed(k, typed[level].layers) for k in LAYERS},
        )
        for level in sort_levels(typed)
    }
    return Extent(source="typed", levels=from_sets)


def overrule(measured: Extent, typed: Mapping[Level, TypedLevel]) -> Extent:
    """The measured Extent with the levels that a surgeon typed on top of the images taken as typed."""
    if not typed:
        return measured
    levels = {**measured.levels, **extent_from_typed(typed).levels}
    beside = tuple(level for level in measured.beside if level not in typed)
    in_order = {name: levels[name] for name in sort_levels(levels)}
    return attrs.evolve(measured, source="overruled", levels=in_order, beside=beside)


def differences(measured: Extent, typed: Mapping[Level, TypedLevel]) -> tuple[str, ...]:
    """Where the surgeon's reading and the measured one contradict each other, level by level, in words."""
    said = []
    for level, reading in extent_from_typed(typed).levels.items():
        seen = measured.levels.get(level)
        if seen is None:
            said.append(f"{level} is typed, but the images show no tumour there")
            continue
        apart = [f"sector {s}" for s in SECTORS if negate(seen.sectors[s]) is reading.sectors[s] is not OPEN]
        apart += [f"layer {k}" for k in LAYERS if negate(seen.layers[k]) is reading.layers[k] is not OPEN]
        if apart:
            said.append(f"{level}: the typed reading and the images differ in {', '.join(apart)}; the typed one stands")
    return tuple(said)


def _listed(item: object, listed: Iterable[object]) -> Verdict:
    return Verdict.MET if item in set(listed) else Verdict.UNMET


def cell_verdict(level: LevelExtent, sector: int, layer: str) -> Verdict:
    """Is this sector involved in this layer?

    Where the pair was not measured (typed extent): unmet if the sector or the layer is free, met if both are involved
    and either is the only one of its kind, else undecided.
    """
    if (sector, layer) in level.cells:
        return level.cells[sector, layer].verdict
    both = all_of((level.sectors[sector], level.layers[layer]))
    if both is not Verdict.MET:
        return both
    alone = 1 in (len(involved(level.sectors)), len(involved(level.layers)))
    return Verdict.MET if alone else Verdict.UNDECIDED


def any_cell(level: LevelExtent, sectors: Iterable[int], layers: Iterable[str]) -> Verdict:
    """Is any of these sectors involved in any of these layers?

    For a typed level the pairs are not known one by one: if only one group of sectors can carry a layer that is
    involved, the layer is there.
    """
    sectors, layers = tuple(sectors), tuple(layers)
    return any_of(cell_verdict(level, s, k) for s in sectors for k in layers)


def involved(verdicts: Mapping[T, Verdict]) -> tuple[T, ...]:
    """The keys whose verdict is met."""
    return tuple(key for key, verdict in verdicts.items() if verdict is Verdict.MET)


def undecided(verdicts: Mapping[T, Verdict]) -> tuple[T, ...]:
    """The keys whose verdict is undecided."""
    return tuple(key for key, verdict in verdicts.items() if verdict is Verdict.UNDECIDED)


def involved_levels(extent: Extent) -> tuple[Level, ...]:
    """Levels with at least one involved layer."""
    return tuple(name for name, level in extent.levels.items() if any_of(level.layers.values()) is Verdict.MET)
