"""Which parts of bone hold tumour, as a table; and what of the anatomy was modelled, not seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from enbloc.anatomy.scene import ModelledPart
from enbloc.anatomy.subparts.names import subpart_words
from enbloc.classification.measured.held_parts import HeldPart
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.report.document import Note, ReportInput, Section, Table
from enbloc.report.notes import Citations
from enbloc.report.phrases import level_words, measured_words, number_words

MODELLED_RULES: dict[str, tuple[str, str]] = {
    "nerve_root": ("Nerve roots", "From the sac through the foramen, close under the pedicle; in the neck low in it."),
    "segmental_artery": ("Segmental arteries", "Around the waist of the body to the foramen."),
    "dura": ("Dura (thecal sac)", "As wide as the canal, which it nowhere exceeds."),
    "disc": ("Discs", "Between the end plates of two bodies."),
    "foramen": ("Foramina", "Between the pedicles of two neighbours, where no bone is."),
    "foramen_transversarium": (
        "Foramina transversaria",
        "The hole in the bone beside the pedicle, where the label shows it.",
    ),
    "sacral_foramen": ("Sacral foramina", "Where the sacrum is thin beside its midline, counted from above."),
    "rib_head": ("Heads of ribs", "From the back corner of the body to where the rib's label begins."),
}
"""Each kind of modelled anatomy: its name in the table, and its rule."""

_PARTS_RULE = "Laminae, processes and joints by planes in each vertebra's own frame; labels of the same names win."


def held_parts_section(walked: ReportInput, _: Citations) -> Section | None:
    """Every named part that holds tumour, level by level; None without images."""
    if not walked.held_parts:
        return None
    rows = tuple(
        (
            held.level,
            subpart_words(held.part),
            _volume_words(held.volume),
            _fraction_words(held.fraction),
            held.found_by,
        )
        for held in walked.held_parts
    )
    note = Note(
        "The share is of that part's bone. Where no program labels a part, its borders are found by geometry.",
        "ours",
        (),
        "GEO-6",
    )
    head = ("Level", "Part of bone", "Tumour in it", "Share of the part", "Part found by")
    return Section("Parts of bone that hold tumour", (note,), table=Table(head, rows, widths=(1, 3, 2, 2, 2)))


def held_words(held_parts: Sequence[HeldPart]) -> list[str]:
    """One line for each level: ``"L3: body 12 %, left pedicle 83 %"``."""
    levels = dict.fromkeys(held.level for held in held_parts)
    return [
        f"{level}: " + ", ".join(_share_words(held) for held in held_parts if held.level == level) for level in levels
    ]


def modelled_section(walked: ReportInput, _: Citations) -> Section | None:
    """What was modelled and not seen, by kind, with its rule; None without images."""
    if not walked.modelled:
        return None
    rows = [
        (name, _places(kind, (part for part in walked.modelled if part.kind == kind)), rule, "ours")
        for kind, (name, rule) in MODELLED_RULES.items()
        if any(part.kind == kind for part in walked.modelled)
    ]
    rows.append(("Parts of bone", level_words(walked.levels), _PARTS_RULE, "ours"))
    note = Note("No image shows these: they are put where labelled bone says that they must run.", "modelled")
    table = Table(("Structure", "Where", "Rule", "Status"), tuple(rows), widths=(2, 3, 5, 1.5))
    return Section("Modelled anatomy", (note,), table=table)


def _share_words(held: HeldPart) -> str:
    return f"{subpart_words(held.part)} {_percent_words(held.fraction.value)}"


def _percent_words(share: float) -> str:
    return "under 1 %" if share < 0.01 else f"{number_words(100.0 * share, 0)} %"


def _fraction_words(fraction: Estimate) -> str:
    return measured_words(fraction) if fraction.value >= 0.01 else _percent_words(fraction.value)


def _volume_words(volume: Estimate) -> str:
    """In ml, below one with three decimals, so that a little tumour in a small part is not written as none."""
    if volume.value >= 1.0:
        return measured_words(volume)
    value, low, high = (number_words(x, 3) for x in (volume.value, volume.low, volume.high))
    return f"{value} ml ({low} to {high})"


def _places(kind: str, parts: Iterable[ModelledPart]) -> str:
    """``"L1–L4"``; a disc or a foramen by its two levels."""
    found = list(parts)
    if kind in ("disc", "foramen"):
        return ", ".join(dict.fromkeys("/".join(part.structure.split("_")[1:3]) for part in found))
    if kind == "dura":
        return ""
    return ", ".join(dict.fromkeys(part.level for part in found))
