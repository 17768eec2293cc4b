"""Boriani's types of en bloc resection: two are verified, the others are shown as possible names only."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from enbloc.foundation.evidence.reasons import Reason, Status
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.resection.plans import Option

_SOURCE = ("boriani2018",)


@attrs.frozen
class BorianiType:
    """One type: `family`, the order of the approaches, and the condition in words."""

    name: str
    family: str
    steps: tuple[str, ...]
    condition: str
    status: Status
    rule: str


_BACK = ("posterior",)
_FRONT_BACK = ("anterior", "posterior")
_BACK_FRONT = ("posterior", "anterior")
_LOW: Status = "unverified/low"

TYPES: tuple[BorianiType, ...] = (
    BorianiType("1", "anterior_corpectomy", ("anterior",), "sectors 5-8, layers A and B only", "verified", "BOR-1"),
    BorianiType("2a", "posterior_arch_resection", _BACK, "the arch, sectors 4 and 9 free", "verified", "BOR-2a"),
    BorianiType("2b", "vertebrectomy", _BACK, "4-8 or 5-9, one pedicle free, nothing to be seen in front; mostly "
        "thoracic",        _LOW, "BOR-2b"),
    BorianiType("2c", "sagittal_resection", _BACK, "2-5 or 8-11, lateral layer A at most", _LOW, "BOR-2c"),
    BorianiType("3a", "vertebrectomy", _FRONT_BACK, "body with layer A in front", _LOW, "BOR-3a"),
    BorianiType("3b", "sagittal_resection", _FRONT_BACK, "eccentric with layer A", _LOW, "BOR-3b"),
    BorianiType("4", "vertebrectomy", _BACK_FRONT, "body, lumbar or with a large layer A; out in front", _LOW, "BOR-4"),
    BorianiType("5", "sagittal_resection", ("posterior", "simultaneous"), "eccentric with a large layer A", _LOW,
        "BOR-5"),
    BorianiType("6", "vertebrectomy", ("anterior", "posterior", "anterior"), "very large layer A on both sides, "
        "several levels", _LOW, "BOR-6"),
    BorianiType("7", "vertebrectomy", ("several",), "L5 against the iliac vessels, in several stages", _LOW, "BOR-7"),
)  # fmt: skip
"""Every type as far as it was read; the names from 2b on rest on no figure that was seen."""

_ILIAC_LEVEL = "L5"


def name_type(option: Option, steps: tuple[str, ...], vessel: Verdict) -> tuple[Reason, ...]:
    """The type that an option may have, by its family and the order of its approaches; none where none fits."""
    return tuple(_names(option.base or option.family, option.levels, steps, vessel))


def _names(family: str, levels: tuple[str, ...], steps: tuple[str, ...], vessel: Verdict) -> Iterator[Reason]:
    for one in TYPES:
        iliac = one.name == "7" and _ILIAC_LEVEL in levels and vessel is Verdict.MET and len(steps) > 1
        if one.family == family and (one.steps == steps or iliac):
            yield Reason(f"Boriani type {one.name}: {one.condition}.", one.status, _SOURCE, one.rule)
