"""The neighbours of the tumour as a table: how near, over which length, how far around, with fat in between or not."""

from __future__ import annotations

from enbloc.classification.measured.neighbours import FAT_HU, NO_TUBE, PLANE_MM, Neighbour
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.terms.structures import structure_words
from enbloc.report.document import Note, ReportInput, Section, Table
from enbloc.report.notes import Citations
from enbloc.report.phrases import measured_words, place_words

MOST_ROWS = 14
"""Further away than these, a neighbour is in `2-anatomy.json` only."""

_COLUMNS = ("Structure", "Least distance", "Where", "Contact along the spine", "Around it", "Parted by fat")


def neighbour_section(walked: ReportInput, _: Citations) -> Section | None:
    """Every neighbour within reach, the nearest first; None without images."""
    if not walked.neighbours:
        return None
    left_out = len(walked.neighbours) - MOST_ROWS
    notes = [
        Note(
            "Distances and contact lie between the labels of tumour and structure; contact is not invasion. Around it: "
            f"the part of a tube's circumference within a voxel of the tumour. Parted by fat: {FAT_HU[0]:g} to "
            f"{FAT_HU[1]:g} HU in the gap, as a share of the tumour's surface within {PLANE_MM:g} mm.",
            "measured",
        )
    ]
    if any(neighbour.modelled for neighbour in walked.neighbours):
        notes.append(Note("The canal stands for the sac, which is not labelled.", "modelled"))
    if left_out > 0:
        notes.append(Note(f"{left_out} more lie further away; 2-anatomy.json holds them."))
    shown = walked.neighbours[:MOST_ROWS]
    columns: tuple[str, ...] = _COLUMNS
    rows = tuple(_row(neighbour) for neighbour in shown)
    reasons = {one.fat_plane.because if isinstance(one.fat_plane, Unknown) else "" for one in shown}
    if len(reasons) == 1 and "" not in reasons:
        notes.append(Note(f"Whether fat parts them is not known: {reasons.pop()}."))
        columns, rows = columns[:-1], tuple(row[:-1] for row in rows)
    return Section("Neighbours of the tumour", tuple(notes), table=Table(columns, rows))


def neighbour_words(neighbour: Neighbour) -> str:
    """One neighbour in one line: ``"aorta: 0.0 mm (0.0 to 1.1); contact over 10.5 mm, 75° around; fat: …"``."""
    words = f"{_name(neighbour)}: {measured_words(neighbour.distance)}"
    if _is_held(neighbour.contact_length):
        words += f"; contact over {measured_words(neighbour.contact_length)}"
        if _is_held(neighbour.encasement):
            words += f", {measured_words(neighbour.encasement)} around"
    if isinstance(neighbour.fat_plane, Estimate):
        words += f"; fat parts {measured_words(neighbour.fat_plane)}"
    return words


def _row(neighbour: Neighbour) -> tuple[str, ...]:
    return (
        _name(neighbour),
        measured_words(neighbour.distance),
        place_words(neighbour.at_mm),
        _or_none(neighbour.contact_length),
        _or_none(neighbour.encasement),
        measured_words(neighbour.fat_plane),
    )


def _name(neighbour: Neighbour) -> str:
    return structure_words(neighbour.structure) + (" (modelled)" if neighbour.modelled else "")


def _is_held(measured: Measured) -> bool:
    return isinstance(measured, Estimate) and measured.high > 0.0


def _or_none(measured: Measured) -> str:
    if isinstance(measured, Estimate) and measured.high <= 0.0:
        return "none"
    if isinstance(measured, Unknown) and measured.because == NO_TUBE:
        return ""
    return measured_words(measured)
