"""What a resection must reach, from where it can be reached past what is kept, and the least set of exposures.

Strategy: every cut and every dissection is a task with the exposures that reach it. Roots that are kept close the way
round the cord (L4-L5, the neck); a vessel, a mass or lung that must be seen asks for the front; the ring and the dura
ask for the back. The exposures needed are the smallest set that reaches every task; posterior alone wins a tie (ORD-7).
The directions are a reading of the rules that are named with them (status ours where a rule does not print them).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import attrs

from enbloc.classification.extent import ARCH, BODY, LEFT_PEDICLE, RIGHT_PEDICLE, Extent, any_cell
from enbloc.classification.extent import involved_levels as levels_held
from enbloc.foundation.evidence.reasons import Reason, Status
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.terms.levels import Level, order, region
from enbloc.resection.plans import Option

Exposure = Literal["posterior", "anterior"]
EITHER: frozenset[Exposure] = frozenset({"posterior", "anterior"})
BACK: frozenset[Exposure] = frozenset({"posterior"})
FRONT: frozenset[Exposure] = frozenset({"anterior"})

LOW_LUMBAR: tuple[Level, ...] = ("L4", "L5", "L6")
"""Where roots and iliac vessels ask for a posterior, then an anterior approach (REG-8, REG-9)."""

_WIDEST_FIRST: tuple[frozenset[Exposure], ...] = (BACK, FRONT, EITHER)
_HIGH_SACRUM = ("S1", "S2")


@attrs.frozen
class Task:
    """A cut or a dissection, and the exposures from which it is reached past what is kept."""

    name: str
    reached_from: frozenset[Exposure]
    status: Status
    rule: str


def least_exposures(tasks: Iterable[Task]) -> frozenset[Exposure]:
    """The smallest set of exposures that reaches every task; the back alone before the front alone."""
    tasks = tuple(tasks)
    return next(s for s in _WIDEST_FIRST if all(s & task.reached_from for task in tasks))


def say_reach(tasks: Iterable[Task]) -> Iterator[Reason]:
    """One sentence for each kind of way: what can be reached from behind only, from the front only, from both."""
    words = ((BACK, "Only from behind"), (FRONT, "Only from the front"), (EITHER, "From behind or from the front"))
    tasks = tuple(tasks)
    for way, says in words:
        mine = [task for task in tasks if task.reached_from == way]
        if mine:
            names = ", ".join(dict.fromkeys(task.name for task in mine))
            yield Reason(f"{says}: {names}.", "ours", (), "4.4")


def list_tasks(option: Option, extent: Extent, seen_first: Iterable[str]) -> tuple[Task, ...]:
    """Every cut and dissection of an option.

    Parameters
    ----------
    option : Option
    extent : Extent
    seen_first : iterable of str
        What must be released under sight from the front, in words: a mass, a vessel, lung.
    """
    if option.family == "posterior_arch_resection":
        return tuple(_arch())
    if option.family == "anterior_corpectomy":
        return tuple(_front())
    if option.family in ("sacrectomy_total", "sacrectomy_partial"):
        return tuple(_sacrum(option.levels))
    if option.family == "intralesional":
        return tuple(_in_pieces(extent, option.levels))
    released = (Task(f"{what}, released under sight", FRONT, "ours", "MOD-9, F6") for what in seen_first)
    lateral = (option.base or option.family) == "sagittal_resection"
    return (*_ring(extent), *_column(option.levels, lateral), *released)


def _arch() -> Iterator[Task]:
    yield Task("the soft tissue over the arch", BACK, "verified", "BOR-2a")
    yield Task("both pedicles", BACK, "verified", "BOR-2a")
    yield Task("the way out of the specimen", BACK, "verified", "BOR-2a")


def _front() -> Iterator[Task]:
    yield Task("the margin over the mass in front", FRONT, "verified", "BOR-1")
    yield Task("the cut between tumour and posterior wall", FRONT, "verified", "BOR-1")


def _ring(extent: Extent) -> Iterator[Task]:
    yield Task("the cuts through the ring", BACK, "verified", "F1")
    wall = any_of(level.layers[layer] for level in extent.levels.values() for layer in ("C", "D", "E"))
    if wall is not Verdict.UNMET:
        yield Task("the dura behind the posterior wall", BACK, "verified", "F4")


def _column(levels: tuple[Level, ...], lateral: bool) -> Iterator[Task]:
    """The cuts across the column, the dissection in front of it, and the way out."""
    if any(region(level) == "cervical" and level != "C7" for level in levels):
        yield Task("the cuts across the column between the roots and arteries that stay", FRONT, "verified", "REG-2")
        yield Task("the way out of the specimen", FRONT, "verified", "CER-1")
    elif set(levels) & set(LOW_LUMBAR) and not lateral:
        yield Task("the roots that stay and the back half of the column", BACK, "verified", "L5-1")
        yield Task("the iliac vessels, the front half of the column and the way out", FRONT, "verified", "L5-1")
    else:
        yield Task("the cuts across the column, round the cord where roots are cut", EITHER, "ours", "4.4")
        yield Task("the blunt dissection in front of the body", EITHER, "ours", "4.4")
        yield Task("the way out of the specimen", EITHER, "ours", "DEL-1")


def _sacrum(levels: tuple[Level, ...]) -> Iterator[Task]:
    yield Task("the cut through the sacrum and the roots above it", BACK, "verified", "REG-10")
    if set(levels) & set(_HIGH_SACRUM) or any(order(level) < order("S1") for level in levels):
        yield Task("the vessels and the rectum in front of the upper sacrum", FRONT, "verified", "REG-10")


def _in_pieces(extent: Extent, levels: tuple[Level, ...]) -> Iterator[Task]:
    """Of a removal in pieces: the parts that hold tumour, each from the nearest side (ours)."""
    held = [extent.levels[level] for level in levels or levels_held(extent) if level in extent.levels]
    neck = any(region(level) == "cervical" for level in levels)
    behind = (*ARCH, LEFT_PEDICLE, RIGHT_PEDICLE)
    if any_of(any_cell(level, behind, ("B", "C", "D", "E")) for level in held) is not Verdict.UNMET:
        yield Task("tumour in the arch or a pedicle", BACK, "ours", "")
    if any_of(any_cell(level, BODY, ("A", "B", "C", "D", "E")) for level in held) is not Verdict.UNMET:
        front = "tumour in the body"
        yield Task(front, FRONT if neck else EITHER, "ours", "")
