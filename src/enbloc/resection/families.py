"""Which kinds of resection the Extent leaves possible.

Strategy: each family of the mobile spine has the sectors that its specimen may hold (FAM-1, FAM-2, FAM-3); tumour in
any other sector means that some cut would pass through tumour (F1). Where no family takes the tumour as printed, a
vertebrectomy is kept if the ring can still be opened in free bone (F8, MOD-2), whether none, one or both pedicles are
held: a tumour never has fewer kinds than a larger one that contains it, but where a printed family takes less bone
(FAM-2, FAM-3). A sector that is open keeps the option and becomes its condition. What no family takes is rejected with
the failed rule; piecemeal removal always stays as the rival.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from enbloc.classification.extent import (
    BODY,
    LEFT_ARCH,
    LEFT_PEDICLE,
    RIGHT_ARCH,
    RIGHT_PEDICLE,
    SECTORS,
    Extent,
    involved_levels,
)
from enbloc.classification.findings import levels_that_may
from enbloc.classification.systems.wbb_answer import write_sectors
from enbloc.foundation.evidence.classifications import Sheet
from enbloc.foundation.evidence.items import reason_from
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.levels import Level, are_contiguous, region
from enbloc.intake.clinical import Clinical
from enbloc.resection.other_families import ARTERY_LEVELS, enumerate_others, with_arteries
from enbloc.resection.plans import Family, Option, Rejected, Side
from enbloc.resection.reading import layer_verdict, say_layers, say_sectors, sector_verdict, sectors_that_are

MOST_LEVELS = 5
"""En bloc resections of four and five levels are published (RISK-26); more are rejected (ours)."""

RELATIVE_LIMIT_LEVELS = 3
"""More neighbouring vertebrae than this are a relative contraindication (TES-1)."""

_FAM = ("boriani1998",)


@attrs.frozen
class Limits:
    """What the specimen of one family may hold.

    Parameters
    ----------
    family : Family
    side : Side or None
        Of a vertebrectomy the free side, through which the ring is opened; of a sagittal resection the tumour's.
    sectors : tuple of int
        Sectors that tumour may hold, Spine Oncology Study Group numbering.
    warn : tuple of int
        Sectors that are taken, but lie outside the narrower limits that are also printed (FAM-2b, FAM-5).
    reason : Reason
    """

    family: Family
    side: Side | None
    sectors: tuple[int, ...]
    warn: tuple[int, ...]
    reason: Reason


def _limit(family: Family, side: Side | None, sectors: tuple[int, ...], says: str, rule: str) -> Limits:
    warn = tuple(s for s in sectors if s in (2, 11)) if family == "sagittal_resection" else ()
    return Limits(family, side, sectors, warn, Reason(says, "verified", _FAM, rule))


LIMITS: tuple[Limits, ...] = (
    _limit("vertebrectomy", "right", (4, 5, 6, 7, 8),
        "Sectors 4-8 fit a vertebrectomy whose ring is opened through the right pedicle.", "FAM-1"),
    _limit("vertebrectomy", "left", (5, 6, 7, 8, 9),
        "Sectors 5-9 fit a vertebrectomy whose ring is opened through the left pedicle.", "FAM-1"),
    _limit("sagittal_resection", "left", (2, 3, 4, 5),
        "Sectors 2-5 fit a sagittal resection of the left side.", "FAM-2"),
    _limit("sagittal_resection", "right", (8, 9, 10, 11),
        "Sectors 8-11 fit a sagittal resection of the right side.", "FAM-2"),
    _limit("posterior_arch_resection", None, (10, 11, 12, 1, 2, 3),
        "Sectors 10-3 fit a resection of the arch, both pedicles being free (F3).", "FAM-3"),
)  # fmt: skip
"""The three families of surgery on the mobile spine; sectors are the limits that FAM-5 takes as hard."""


NO_PRINTED_ROOM = Reason(
    "The cuts of no kind that is printed for these sectors find room in the bone there is; this one goes beyond them.",
    "ours", (), "F8",
)  # fmt: skip


def enumerate_options(
    extent: Extent, sheet: Sheet, clinical: Clinical
) -> tuple[tuple[Option, ...], tuple[Rejected, ...]]:
    """Every kind of resection, as an option with its conditions or as rejected with its reasons.

    Parameters
    ----------
    extent : Extent
    sheet : Sheet
        The classifications; Tomita 7 ends en bloc resection (MOD-12).
    clinical : Clinical
    """
    levels = involved_levels(extent) or levels_that_may(extent)
    options: list[Option] = []
    rejected: list[Rejected] = []
    general = tuple(_against_all(extent, sheet, levels))
    mobile = (*_sacral(levels), *general)
    for limits in LIMITS:
        against = (*mobile, *_against(extent, limits, levels))
        if against:
            rejected.append(Rejected(limits.family, against, limits.side))
        else:
            options.append(Option(limits.family, levels, limits.side, tuple(_for(extent, limits, levels, clinical))))
    if not options and not mobile:
        options += _beyond_print(extent, levels, clinical)
        taken = {(option.family, option.side) for option in options}
        laminar = ("vertebrectomy", None) in taken
        rejected = [
            r for r in rejected if (r.family, r.side) not in taken and not (laminar and r.family == "vertebrectomy")
        ]
    others, unfit = enumerate_others(extent, levels, tuple(options), general)
    return (*with_arteries(extent, tuple(options)), *others, _intralesional(levels)), (*rejected, *unfit)


def options_in_reserve(
    extent: Extent, sheet: Sheet, clinical: Clinical, options: tuple[Option, ...]
) -> tuple[Option, ...]:
    """Vertebrectomies beyond the printed sectors, for when the cuts of no printed kind find room in the bone there is.

    With the chest wall where tumour reaches it. Empty where `options` hold a vertebrectomy already, or where no kind
    may be asked for.

    Parameters
    ----------
    extent : Extent
    sheet : Sheet
    clinical : Clinical
    options : tuple of Option
        What `enumerate_options` found.
    """
    levels = involved_levels(extent) or levels_that_may(extent)
    printed = any(option.family == "vertebrectomy" for option in options)
    if printed or tuple(_sacral(levels)) or tuple(_against_all(extent, sheet, levels)):
        return ()
    reserve = _beyond_print(extent, levels, clinical)
    walls = (o for o in enumerate_others(extent, levels, reserve, ())[0] if o.base == "vertebrectomy")
    return tuple(attrs.evolve(option, because=(NO_PRINTED_ROOM, *option.because)) for option in (*reserve, *walls))


def _sacral(levels: tuple[Level, ...]) -> Iterator[Reason]:
    if any(region(level) == "sacral" for level in levels):
        yield Reason("The tumour holds the sacrum; the families of the mobile spine do not fit it.", "ours")


def _against_all(extent: Extent, sheet: Sheet, levels: tuple[Level, ...]) -> Iterator[Reason]:
    """What ends every en bloc family."""
    if not levels:
        yield Reason("There is no tumour to take out.", "stated" if extent.source == "typed" else "measured")
        return
    if not are_contiguous(levels) or extent.skipped is Verdict.MET:
        yield Reason(
            "There are separate tumours: a multiple or skip lesion (Tomita 7) is not resected en bloc.",
            "verified (2nd)", ("tes_chapter", "jss_editorial_4559"), "MOD-12",
        )  # fmt: skip
    elif sheet.answers["tomita"].possible == ("7",):
        yield Reason(
            "Tomita 7 is not resected en bloc.", "verified (2nd)", ("tes_chapter", "jss_editorial_4559"), "MOD-12"
        )
    if sum(region(level) != "sacral" for level in levels) > MOST_LEVELS:
        yield Reason(
            f"{len(levels)} levels: en bloc resections of up to {MOST_LEVELS} are published.", "ours",
            ("luzzati2014five",), "RISK-26",
        )  # fmt: skip


def _against(extent: Extent, limits: Limits, levels: tuple[Level, ...]) -> Iterator[Reason]:
    """What ends one family."""
    beyond = sectors_that_are(extent, Verdict.MET, tuple(s for s in SECTORS if s not in limits.sectors))
    if not sectors_that_are(extent, Verdict.MET) and not sectors_that_are(extent, Verdict.UNDECIDED):
        yield Reason("No sector is involved.", "ours")
    if beyond:
        yield Reason(
            f"Tumour in {say_sectors(beyond)} lies outside {write_sectors(limits.sectors)}: a cut would pass "
            "through tumour.", "verified", _FAM, limits.reason.rule,
        )  # fmt: skip
    yield from _ring(extent, limits, beyond)
    yield from _cervical(extent, limits, levels)


def _ring(extent: Extent, limits: Limits, beyond: tuple[int, ...]) -> Iterator[Reason]:
    """Why the ring cannot be opened in free bone."""
    both = {LEFT_PEDICLE, RIGHT_PEDICLE} <= set(sectors_that_are(extent, Verdict.MET))
    if limits.family == "posterior_arch_resection":
        if set(beyond) & {LEFT_PEDICLE, RIGHT_PEDICLE}:
            yield Reason("An arch resection needs both pedicles free.", "verified", ("boriani2018",), "F3")
    elif both:
        yield Reason(
            "Both pedicles are involved: the ring cannot be opened in free bone without a planned intralesional cut, "
            "which is tolerated for giant cell tumour only.", "ours", ("yokogawa2018gct",), "F10",
        )  # fmt: skip
    if limits.family == "vertebrectomy" and all(
        sectors_that_are(extent, Verdict.MET, p) for p in (LEFT_ARCH, BODY, RIGHT_ARCH)
    ):
        says = "Tumour in the body and in the arch on both sides: some cut through the ring would meet tumour."
        yield Reason(says, "verified", ("lmu_vertebrectomy",), "F1")


def _beyond_print(extent: Extent, levels: tuple[Level, ...], clinical: Clinical) -> tuple[Option, ...]:
    """Vertebrectomies beyond the printed sectors, where the ring can still be opened; asked when no family fits.

    On the side of a free pedicle with its half of the arch, or else between two laminae.
    """
    beside = tuple(
        Option("vertebrectomy", levels, limits.side, wider)
        for limits in LIMITS
        if limits.family == "vertebrectomy" and (wider := _wider(extent, limits, levels, clinical))
    )
    if beside or not (laminar := _between_laminae(extent, levels, clinical)):
        return beside
    return (Option("vertebrectomy", levels, None, laminar),)


def _wider(extent: Extent, limits: Limits, levels: tuple[Level, ...], clinical: Clinical) -> tuple[Reason, ...]:
    """Why a vertebrectomy stands beyond its printed sectors: the free pedicle and the arch beside it give room (F8).

    Empty where it does not. Tumour may then also hold the arch of its own side; the cut goes through the free lamina.
    """
    free_side = (RIGHT_PEDICLE, *RIGHT_ARCH) if limits.side == "right" else (LEFT_PEDICLE, *LEFT_ARCH)
    held = sectors_that_are(extent, Verdict.MET)
    if not held or tuple(_cervical(extent, limits, levels)) or set(held) & set(free_side):
        return ()
    beyond = tuple(s for s in held if s not in limits.sectors)
    says = (
        f"Tumour in {say_sectors(beyond)} lies outside the printed {write_sectors(limits.sectors)}; kept because the "
        f"{limits.side} pedicle and the three sectors of the arch beside it are not involved."
    )
    return (Reason(says, "ours", _FAM, "F8"), *_for(extent, limits, levels, clinical))


def _between_laminae(extent: Extent, levels: tuple[Level, ...], clinical: Clinical) -> tuple[Reason, ...]:
    """Why a vertebrectomy stands that is opened between two laminae, whether or not a pedicle is free (F8, MOD-2).

    Empty where it does not: in the neck, or where no three neighbouring sectors of the arch are free.
    """
    free = _free_stretch(extent)
    if not free or not sectors_that_are(extent, Verdict.MET) or set(levels) & set(ARTERY_LEVELS):
        return ()
    taken = tuple(s for s in SECTORS if s not in free)
    opened = Reason(f"The ring is opened in the arch, in {say_sectors(free)}.", "ours", (), "F8")
    limits = Limits("vertebrectomy", None, taken, (), opened)
    return (*_for_laminae(extent), *_for(extent, limits, levels, clinical))


def _free_stretch(extent: Extent) -> tuple[int, ...]:
    """The longest row of three or more neighbouring sectors of the arch without tumour; empty where there is none.

    Of sectors shown free where these suffice, else of free and open ones. Six sectors hold one such row at most.
    """
    ring = (*RIGHT_ARCH, *LEFT_ARCH)
    rows = [ring[n : n + k] for k in range(len(ring), 2, -1) for n in range(len(ring) - k + 1)]
    for against in ((Verdict.MET, Verdict.UNDECIDED), (Verdict.MET,)):
        for row in rows:
            if not any(sectors_that_are(extent, verdict, row) for verdict in against):
                return row
    return ()


def _for_laminae(extent: Extent) -> Iterator[Reason]:
    """Why the ring is opened in the arch, and what that costs where no pedicle is free."""
    if {LEFT_PEDICLE, RIGHT_PEDICLE} <= set(sectors_that_are(extent, Verdict.MET)):
        yield Reason(
            "Both pedicles are involved: laminar cuts where the window lets the sac out, or else a planned "
            "intralesional cut through a pedicle, with consent.", "ours", (), "MOD-2",
        )  # fmt: skip
        yield reason_from(
            "IMG-03", "Expect more local recurrence than with a free pedicle (metastases: 23 against 9 %)."
        )
        return
    yield Reason(
        "On neither side are the pedicle and the arch beside it free together: laminar cuts where the window lets the "
        "sac out.", "ours", (), "F8",
    )  # fmt: skip


def _cervical(extent: Extent, limits: Limits, levels: tuple[Level, ...]) -> Iterator[Reason]:
    """What the neck adds above C7: the vertebral arteries, and the narrower limits of a midcervical vertebrectomy."""
    if not set(levels) & set(ARTERY_LEVELS):
        return
    if layer_verdict(extent, "F") is Verdict.MET and not _one_sided(extent):
        yield Reason("Tumour at both vertebral artery canals: both arteries are never taken.", "ours", (), "REG-3")
    if limits.family != "vertebrectomy":
        return
    beyond = sectors_that_are(extent, Verdict.MET, tuple(s for s in SECTORS if s not in BODY))
    layers = [k for k in ("A", "D", "E", "F") if layer_verdict(extent, k) is Verdict.MET]
    if beyond or layers:
        says = say_sectors(beyond) if beyond else say_layers(layers)
        yield Reason(
            f"A cervical vertebrectomy takes sectors 5-8 and layers B, C at most; this tumour holds {says}.",
            "verified", ("leitner2007",), "F9",
        )  # fmt: skip


def _one_sided(extent: Extent) -> bool:
    held = set(sectors_that_are(extent, Verdict.MET))
    return held <= set(range(1, 7)) or held <= set(range(7, 13))


def _for(extent: Extent, limits: Limits, levels: tuple[Level, ...], clinical: Clinical) -> Iterator[Reason]:
    """Why an option stands, on which conditions, and what it costs."""
    yield limits.reason
    yield from _conditions(extent, limits, levels)
    if used := sectors_that_are(extent, Verdict.MET, limits.warn):
        yield Reason(f"Tumour in {say_sectors(used)} lies outside the narrower limits 3-5 / 8-10.", "ours", (), "FAM-5")
    if limits.family == "vertebrectomy":
        yield from _room(extent, limits)
        if layer_verdict(extent, "C") is Verdict.MET:
            yield Reason(
                "Layer C: the posterior wall goes with the specimen, so the canal is entered and the dura released.",
                "verified", ("boriani2018",), "F4",
            )  # fmt: skip
    if limits.family == "sagittal_resection":
        yield Reason(
            "The free half of the arch is opened and taken off on its own; the sagittal cut in free body is made past "
            "the dura.", "unverified/low", ("boriani2018",), "BOR-2c",
        )  # fmt: skip
    yield from _canal(extent, limits, clinical)
    if len(levels) > RELATIVE_LIMIT_LEVELS:
        yield Reason(
            f"{len(levels)} neighbouring levels: more than {RELATIVE_LIMIT_LEVELS} are a relative contraindication.",
            "verified", ("tes_chapter", "jss_editorial_4559"), "TES-1",
        )  # fmt: skip


def _room(extent: Extent, limits: Limits) -> Iterator[Reason]:
    """The free pedicle, with the three free sectors of the arch beside it that the limits imply (F8)."""
    if limits.side is None:
        return
    pedicle = LEFT_PEDICLE if limits.side == "left" else RIGHT_PEDICLE
    if sector_verdict(extent, pedicle) is Verdict.UNMET:
        says = f"The {limits.side} pedicle and the arch beside it are free, which gives room to release the sac."
        yield Reason(says, "verified", ("ahmed2019lumbar",), "F2")


def _conditions(extent: Extent, limits: Limits, levels: tuple[Level, ...]) -> Iterator[Reason]:
    """What must still prove free."""
    beyond = sectors_that_are(extent, Verdict.UNDECIDED, tuple(s for s in SECTORS if s not in limits.sectors))
    if beyond:
        yield Reason(
            f"On condition that {say_sectors(beyond)} can be shown free; this is open.",
            "ours",
            (),
            limits.reason.rule,
        )
    if unsure := [level for level in levels_that_may(extent) if level not in levels]:
        yield Reason(f"On condition that {', '.join(unsure)} can be shown free; this is open.", "ours")
    cervical_body = limits.family == "vertebrectomy" and bool(set(levels) & set(ARTERY_LEVELS))
    layers = [k for k in ("A", "D", "E", "F") if layer_verdict(extent, k) is Verdict.UNDECIDED]
    if cervical_body and layers:
        yield Reason(f"On condition that {say_layers(layers)} can be shown free.", "verified", ("leitner2007",), "F9")


def _canal(extent: Extent, limits: Limits, clinical: Clinical) -> Iterator[Reason]:
    """What tumour in the canal means for the margin."""
    epidural = layer_verdict(extent, "D")
    if epidural is not Verdict.UNMET:
        arch = limits.family == "posterior_arch_resection"
        word = "makes" if epidural is Verdict.MET else "would make (layer D is open)"
        yield Reason(
            f"Layer D: releasing the dura {word} the margin intralesional there, unless the dura is resected.",
            "verified" if arch else "ours", ("boriani2018",) if arch else (), "F5" if arch else "F5b",
        )  # fmt: skip
    if layer_verdict(extent, "E") is not Verdict.UNMET:
        yield Reason("Layer E: the dura leaves with the specimen, or the margin is violated.", "ours")
    if clinical.dura_infiltrated:
        yield Reason(
            "The dura is stated as infiltrated: dural resection is published in 6 patients, 4 with a leak.", "verified",
            ("du2024dura",), "MOD-4",
        )  # fmt: skip


def _intralesional(levels: tuple[Level, ...]) -> Option:
    says = "Always weighed beside en bloc: removal in pieces with radiotherapy, with its published recurrence."
    return Option("intralesional", levels, None, (Reason(says, "ours", (), "PLAN-6"),))
