"""The families beyond the printed sectors: from the front alone, with the chest wall, and of the sacrum.

Strategy: removal from the front takes what BOR-1 prints. With the chest wall goes a resection of the body that fits by
itself; which one follows from how much of the body is held (LUNG-1). The sacrum is cut above the highest level that
holds tumour, beside it where tumour keeps to one side, and goes as a whole when S1 is held.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from enbloc.classification.extent import BODY, SECTORS, Extent
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.terms.levels import LEVELS, Level, order, region
from enbloc.resection.plans import Family, Option, Rejected, Side
from enbloc.resection.reading import layer_verdict, say_layers, say_sectors, sectors_that_are

SIDES: tuple[tuple[Side, tuple[int, ...]], ...] = (("left", (2, 3, 4, 5)), ("right", (8, 9, 10, 11)))
"""The sectors of each side but for those at the midline."""

BESIDE_BODY: tuple[tuple[Side, tuple[int, ...]], ...] = (("left", (2, 3, 4)), ("right", (9, 10, 11)))
"""The sectors beside the body: they name the side of the chest wall even where the whole body is held (LUNG-1)."""

HALVES: tuple[tuple[Side, tuple[int, ...]], ...] = (("left", tuple(range(1, 7))), ("right", tuple(range(7, 13))))
"""The sectors of each side up to the midline."""

CHEST_WALL_MM = 5.0
"""A rib or lung this near to tumour beside the bone may have to go with it: the soft cuff (ours)."""

ARTERY_LEVELS: tuple[Level, ...] = LEVELS[order("C1") : order("C6") + 1]
"""Levels whose transverse processes hold the vertebral artery."""

_FRONT = ("boriani2018",)
_SACRUM = ("li2011sacrum",)


def enumerate_others(
    extent: Extent, levels: tuple[Level, ...], mobile: tuple[Option, ...], general: tuple[Reason, ...]
) -> tuple[tuple[Option, ...], tuple[Rejected, ...]]:
    """Options and rejections of the families that `families.LIMITS` does not print.

    Parameters
    ----------
    extent : Extent
    levels : tuple of level
        That hold tumour, cranio-caudal.
    mobile : tuple of Option
        Of the three printed families.
    general : tuple of Reason
        What ends every en bloc resection here; empty when nothing does.
    """
    if not levels:
        return (), ()
    if any(region(level) == "sacral" for level in levels):
        return _sacrum(extent, levels, general)
    options: list[Option] = []
    rejected: list[Rejected] = []
    against = general or tuple(_against_front(extent))
    if against:
        rejected.append(Rejected("anterior_corpectomy", against))
    else:
        options.append(Option("anterior_corpectomy", levels, None, tuple(_for_front(extent))))
    if any(region(level) == "thoracic" for level in levels) and layer_verdict(extent, "A") is not Verdict.UNMET:
        for found in _chest_wall(extent, levels, mobile, general):
            if isinstance(found, Option):
                options.append(found)
            else:
                rejected.append(found)
    return tuple(options), tuple(rejected)


def with_arteries(extent: Extent, options: tuple[Option, ...]) -> tuple[Option, ...]:
    """Options in the neck as one for each vertebral artery that may be kept or given up; never both (VES-4)."""
    return tuple(variant for option in options for variant in _artery_variants(extent, option))


def _artery_variants(extent: Extent, option: Option) -> Iterator[Option]:
    if option.family not in ("vertebrectomy", "sagittal_resection") or not set(option.levels) & set(ARTERY_LEVELS):
        yield option
        return
    held = layer_verdict(extent, "F")
    side = option.side if option.family == "sagittal_resection" else None
    if side is None or held is not Verdict.MET:
        says = "Both vertebral arteries stay: they are freed from their canals beside the specimen"
        if held is not Verdict.UNMET:
            says += ", if they prove free (layer F is open)"
        yield attrs.evolve(option, because=(*option.because, Reason(f"{says}.", "ours")))
    if side is not None and held is not Verdict.UNMET:
        given = f"vertebral_artery_{side}"
        yield attrs.evolve(option, gives_up=(given,), because=(*option.because, *_given_up(side)))


def _given_up(side: Side) -> tuple[Reason, ...]:
    return (
        Reason(
            "A lateralised tumour of the neck: a parasagittal cut keeps the other vertebral artery.", "verified",
            ("twostage_cerv",), "REG-2",
        ),
        Reason(
            f"The {side} vertebral artery goes with the specimen: considered for a primary tumour in contact with more "
            "than 180 degrees of it; none was taken below.", "verified", ("westbroek2020",), "VES-1",
        ),
        Reason(
            "Kept instead where the other artery is poor or ends before the basilar artery, where it feeds the cord at "
            "that level, or for a metastasis.", "verified", ("westbroek2020",), "VES-2",
        ),
        Reason(
            "Angiography first: no stroke after closing one artery where both are open and join.", "verified",
            ("va_occlusion2014",), "VES-3",
        ),
        Reason("Both vertebral arteries are never taken.", "ours", (), "VES-4"),
    )  # fmt: skip


def _against_front(extent: Extent) -> Iterator[Reason]:
    beyond = sectors_that_are(extent, Verdict.MET, tuple(s for s in SECTORS if s not in BODY))
    layers = [k for k in ("C", "D", "E") if layer_verdict(extent, k) is Verdict.MET]
    held = ([say_sectors(beyond)] if beyond else []) + ([say_layers(layers)] if layers else [])
    if held:
        yield Reason(
            f"Removal from the front takes sectors 5-8 and layers A, B only; this tumour holds {' and '.join(held)}.",
            "verified", _FRONT, "BOR-1",
        )  # fmt: skip


def _for_front(extent: Extent) -> Iterator[Reason]:
    yield Reason(
        "Sectors 5-8 with layers A, B only: cut between tumour and posterior wall, removed from the front alone.",
        "verified", _FRONT, "BOR-1",
    )  # fmt: skip
    open_sectors = sectors_that_are(extent, Verdict.UNDECIDED, tuple(s for s in SECTORS if s not in BODY))
    layers = [k for k in ("C", "D", "E") if layer_verdict(extent, k) is Verdict.UNDECIDED]
    if held := ([say_sectors(open_sectors)] if open_sectors else []) + ([say_layers(layers)] if layers else []):
        yield Reason(
            f"On condition that {' and '.join(held)} can be shown free; this is open.", "verified", _FRONT, "BOR-1"
        )


def _chest_wall(
    extent: Extent, levels: tuple[Level, ...], mobile: tuple[Option, ...], general: tuple[Reason, ...]
) -> Iterator[Option | Rejected]:
    """On the tumour's side, with the resection of the body that fits."""
    family: Family = "chest_wall_combined"
    beside = [side for side, sectors in BESIDE_BODY if sectors_that_are(extent, Verdict.MET, sectors)]
    sides = beside or [side for side, sectors in SIDES if sectors_that_are(extent, Verdict.MET, sectors)]
    if general:
        yield Rejected(family, general)
    elif len(sides) != 1:
        where = "on both sides" if sides else "on neither side of the midline"
        yield Rejected(family, (Reason(f"Tumour lies {where}; the chest wall is taken on one.", "ours"),))
    elif (near := _near_chest_wall(extent, sides[0])) is not None and not near:
        says = f"No rib and no lung on the {sides[0]} lies within {CHEST_WALL_MM:g} mm of the tumour."
        yield Rejected(family, (Reason(says, "measured"),), sides[0])
    elif (base := _base(mobile, sides[0])) is None:
        says = "No resection of the body fits beside the chest wall: see why each was rejected."
        yield Rejected(family, (Reason(says, "ours"),), sides[0])
    else:
        yield Option(family, levels, sides[0], tuple(_for_chest_wall(sides[0], base, near)), base.family)


def _near_chest_wall(extent: Extent, side: Side) -> tuple[str, ...] | None:
    """Ribs and lungs of a side that tumour may reach; None when nothing was measured."""
    if extent.source == "typed":
        return None
    words = (f"rib_{side}", f"lung_{side}", f"lung_upper_lobe_{side}", f"lung_lower_lobe_{side}")
    return tuple(
        contact.structure
        for contact in extent.touched
        if contact.structure.startswith(words)
        and isinstance(contact.distance, Estimate)
        and contact.distance.low <= CHEST_WALL_MM
    )


def _base(mobile: tuple[Option, ...], side: Side) -> Option | None:
    """The resection of the vertebra: half of it where that fits, else all of it, opened on the other side.

    Ribs or a transverse process alone ask for no cut through the body (LUNG-1): then the arch goes with them.
    """
    other: Side = "right" if side == "left" else "left"
    wanted: tuple[tuple[Family, Side | None], ...] = (
        ("sagittal_resection", side),
        ("vertebrectomy", other),
        ("vertebrectomy", None),
        ("posterior_arch_resection", None),
    )
    found = (option for family, of in wanted for option in mobile if (option.family, option.side) == (family, of))
    return next(found, None)


def _for_chest_wall(side: Side, base: Option, near: tuple[str, ...] | None) -> Iterator[Reason]:
    if near is None:
        yield Reason(f"On condition that ribs or chest wall on the {side} are held; this was not measured.", "ours")
    else:
        yield Reason(f"Within {CHEST_WALL_MM:g} mm of the tumour: {', '.join(near)}.", "measured")
    half = base.family == "sagittal_resection"
    held = "one side of the body is held, so half of it goes" if half else "more of the body is held, so all of it goes"
    if base.family == "posterior_arch_resection":
        held = "ribs or the transverse process alone are held, so that the body is not cut"
    yield Reason(f"With ribs and pleura: {held}.", "verified", ("melek_lungvertebra",), "LUNG-1")
    yield Reason(
        "Ribs are cut outside the tumour; lung that is held goes in the same sitting.", "verified", ("vats2022",),
        "MOD-6",
    )  # fmt: skip
    yield from base.because


def _sacrum(
    extent: Extent, levels: tuple[Level, ...], general: tuple[Reason, ...]
) -> tuple[tuple[Option, ...], tuple[Rejected, ...]]:
    """Total where S1 is held, else below it; one half where tumour keeps to one side."""
    options: list[Option] = []
    rejected: list[Rejected] = []
    first = _held(extent, "S1")
    if general:
        return (), (Rejected("sacrectomy_total", general), Rejected("sacrectomy_partial", general))
    if first is Verdict.UNMET:
        rejected.append(Rejected("sacrectomy_total", (Reason("S1 is free, so it can stay.", "ours"),)))
    else:
        options.append(Option("sacrectomy_total", levels, None, tuple(_for_total(levels, first))))
    if first is Verdict.MET:
        rejected.append(
            Rejected("sacrectomy_partial", (Reason("S1 is involved, so no sacrum stays above the cut.", "ours"),))
        )
    else:
        options.append(Option("sacrectomy_partial", levels, None, tuple(_for_partial(levels, first))))
    for side, sectors in HALVES:
        if half := _half(extent, levels, side, sectors):
            options.append(Option("sacrectomy_partial", levels, side, half))
        else:
            says = f"Tumour lies beyond the {side} half: a cut along the midline would pass through it."
            rejected.append(Rejected("sacrectomy_partial", (Reason(says, "ours", (), "PEL-e"),), side))
    return tuple(options), tuple(rejected)


def _held(extent: Extent, level: Level) -> Verdict:
    """Does tumour hold a level? Open for S1 where images show no other sacral level: it stands for the whole sacrum."""
    found = extent.levels.get(level)
    lower = any(region(other) == "sacral" and other != level for other in extent.levels)
    if level == "S1" and extent.source == "measured" and found is not None and not lower:
        return Verdict.UNDECIDED
    return any_of(found.sectors.values()) if found else Verdict.UNMET


def _for_total(levels: tuple[Level, ...], first: Verdict) -> Iterator[Reason]:
    with_lumbar = [level for level in levels if region(level) != "sacral"]
    if with_lumbar:
        yield Reason(
            f"Sacrum with {', '.join(with_lumbar)}: type V, a single patient in 117.", "verified", _SACRUM, "SAC-5"
        )
    else:
        yield Reason("Above the junction of S1 and S2: type I.", "verified", _SACRUM, "SAC-1")
    if first is Verdict.UNDECIDED:
        yield Reason("Needed only if tumour holds S1; this is open.", "ours")


def _for_partial(levels: tuple[Level, ...], first: Verdict) -> Iterator[Reason]:
    if "S2" in levels:
        yield Reason("Below the junction of S1 and S2, above that of S2 and S3: type II.", "verified", _SACRUM, "SAC-2")
        yield Reason(
            "A cut through S1 asks for spinopelvic fixation.", "verified", ("chordoma_review_fr", "ruggieri2010"),
            "REG-10",
        )  # fmt: skip
    else:
        yield Reason("Below the junction of S2 and S3: type III.", "verified", _SACRUM, "SAC-3")
    if first is Verdict.UNDECIDED:
        yield Reason("On condition that S1 can be shown free; this is open.", "ours")


def _half(extent: Extent, levels: tuple[Level, ...], side: Side, sectors: tuple[int, ...]) -> tuple[Reason, ...]:
    """Why one half of the sacrum can go by itself; empty where it cannot."""
    beyond = tuple(s for s in SECTORS if s not in sectors)
    if not sectors_that_are(extent, Verdict.MET, sectors) or sectors_that_are(extent, Verdict.MET, beyond):
        return ()
    if any(region(level) != "sacral" for level in levels):
        return ()
    open_ = sectors_that_are(extent, Verdict.UNDECIDED, beyond)
    says = f"Tumour keeps to the {side} half: hemisacrectomy (29 of 196 in one series)."
    condition = (Reason(f"On condition that {say_sectors(open_)} can be shown free; this is open.", "ours"),)
    return (
        Reason(says, "verified", ("houdek2020",), "MAY-2"),
        Reason("With part of the ilium this is type IV.", "verified", _SACRUM, "SAC-4"),
        *(condition if open_ else ()),
    )
