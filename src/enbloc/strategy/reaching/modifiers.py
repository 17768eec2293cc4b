"""Findings that change a plan whatever its region (MOD), and what is published of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from enbloc.classification.extent import Extent
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict, any_of, judge_fact
from enbloc.foundation.terms.levels import region
from enbloc.resection.plans import Option


@attrs.frozen
class Modifier:
    """A finding, named by `asks`, and what follows from it."""

    asks: str
    reason: Reason


MODIFIERS: tuple[Modifier, ...] = (
    Modifier("inside_the_dura", Reason(
        "Canal contents that are encircled: cutting them was followed by 2 early deaths of 8, control in 4 of 6; a "
        "last "
        "option only.", "verified", ("girolami2020",), "MOD-5")),
    Modifier("chest_wall", Reason(
        "A very large part inside the chest: complications in 96%, 674 min.", "verified", ("liuf2025",), "MOD-7")),
    Modifier("chest_wall_and_canal", Reason(
        "A huge tumour with an epidural part, removed by rotation and reversion (11): negative margin 91%, "
        "complications "
        "91%, 849 min, 6973 ml.", "verified", ("rotation2022",), "MOD-7b")),
    Modifier("beyond_print", Reason(
        "A tumour that grows in several directions can need cuts that are not standard, such as L-shaped ones, to save "
        "the canal (1 case).", "verified", ("lshape2025",), "MOD-11")),
    Modifier("sacrum", Reason("A high sacrectomy: colostomy and a flap are planned.", "unverified/high", (), "REG-11")),
    Modifier("lumbar", Reason(
        "Lumbar spine: the approach changed neither survival (p 0.874) nor recurrence (p 0.525).", "verified",
        ("lumbar_tes2021",), "ORD-6")),
    Modifier("low_lumbar", Reason(
        "L5 from behind alone: its body must be less than 34.96 mm deep (12 cadavers), corridor 0.6673 x depth + "
        "11.28 mm; "
        "a warning, never a permission.", "verified", ("l5_autopsy",), "L5-2")),
    Modifier("column", Reason("Exposure: three levels each way.", "verified", ("tes_hid2018",), "OST-7")),
    Modifier("column", Reason(
        "Margins that are part of the specimen: roots, dura, arteries and veins on it may be given up.", "verified",
        ("ahmed2019lumbar",), "F7")),
    Modifier("neck", Reason(
        "C3-C6: a vertebrectomy by two approaches needs layers B-C and sectors 5-8.", "verified", ("leitner2007",),
        "REG-4")),
    Modifier("open_pedicle", Reason(
        "MRI reads pedicles with a sensitivity of 95.5% and a specificity of 91.3%.", "verified", ("liu2016mri",),
        "MOD-1")),
)  # fmt: skip

_COLUMN = ("vertebrectomy", "sagittal_resection", "chest_wall_combined")


def list_modifiers(option: Option, extent: Extent) -> tuple[Reason, ...]:
    """What is said beside an option because of what was found."""
    present = _present(option, extent)
    return tuple(m.reason for m in MODIFIERS if present[m.asks] is not Verdict.UNMET)


def _present(option: Option, extent: Extent) -> Mapping[str, Verdict]:
    """Each question of the table; what is open counts, so that nothing is left unsaid."""
    if option.family in ("intralesional", "none"):
        return {m.asks: Verdict.UNMET for m in MODIFIERS}
    regions = {region(level) for level in option.levels}
    chest = option.family == "chest_wall_combined"
    epidural = any_of(level.layers["D"] for level in extent.levels.values())
    pedicles = any_of(v for v in _pedicles(extent) if v is Verdict.UNDECIDED)
    return {
        "inside_the_dura": judge_fact(any_of(level.layers["E"] for level in extent.levels.values()) is Verdict.MET),
        "chest_wall": judge_fact(chest),
        "chest_wall_and_canal": judge_fact(chest and epidural is Verdict.MET),
        "beyond_print": judge_fact(any(reason.rule in ("F8", "MOD-2") for reason in option.because)),
        "sacrum": judge_fact("sacral" in regions),
        "lumbar": judge_fact("lumbar" in regions),
        "low_lumbar": judge_fact(bool({"L5", "L6"} & set(option.levels)) and option.family == "vertebrectomy"),
        "column": judge_fact(option.family in _COLUMN),
        "neck": judge_fact("cervical" in regions and option.family == "vertebrectomy"),
        "open_pedicle": judge_fact(pedicles is Verdict.UNDECIDED),
    }


def _pedicles(extent: Extent) -> Iterator[Verdict]:
    for level in extent.levels.values():
        yield level.sectors[4]
        yield level.sectors[9]
