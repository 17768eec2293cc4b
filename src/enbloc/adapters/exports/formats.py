"""The formats by name, with what each holds. Light: the libraries that write them load only when one is written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import attrs

from enbloc.errors import CallError

ALL = "all"


@attrs.frozen
class Format:
    """A format: its name in ``--to``, what it holds, for whom, and whether it needs shapes."""

    name: str
    holds: str
    meant_for: str
    needs_shapes: bool = True


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("stl", "one closed surface per file: tumour, specimen, remainder, structures, cut slabs", "3D printers"),
        Format("3mf", "the same as one file in millimetres, with names and colours", "3D printers"),
        Format("obj", "the same as one file with named objects", "modelling programs"),
        Format("glb", "the same as one scene in metres, y up", "viewers"),
        Format(
            "slicer",
            "segmentation (.seg.nrrd), cut planes, points and modelled roots (.mrk.json), scene (.mrml)",
            "3D Slicer",
        ),
        Format("dicom-ct", "the CT as a derived series, which the other DICOM files refer to", "PACS"),
        Format("dicom-seg", "segmentations: binary with every segment; label maps of anatomy and plan", "PACS"),
        Format("dicom-sr", "structured report (TID 1500): measures, classes, margins, cuts, digest", "PACS"),
        Format("dicom-rtstruct", "contours of every segment on the slices", "navigation, radiotherapy"),
        Format("dicom-stl", "the surfaces as encapsulated STL", "PACS, 3D printing"),
        Format("dicom-pdf", "the report as encapsulated PDF", "PACS", False),
        Format("dicom-plan-ct", "the CT with the plan burnt in, marked not for diagnosis", "navigation"),
        Format("fhir", "a FHIR R4 bundle: classes, SINS (RDES21), ECOG (mCODE), volumes, margins", "registries", False),
        Format("csv", "every class, criterion, score, margin, cut and volume as rows", "spreadsheets", False),
        Format("json", "everything that was found, and the plan", "programs", False),
    )
}
"""Every format, in the order in which ``--to all`` writes them."""


def list_lines() -> Iterable[tuple[str, str]]:
    """The formats as lines for the terminal."""
    width = max(len(name) for name in FORMATS)
    for form in FORMATS.values():
        yield "", f"{form.name:<{width}}  {form.holds} (for {form.meant_for})"
    yield "", f"{ALL:<{width}}  all of them"


def list_form() -> list[dict[str, object]]:
    """The formats as JSON."""
    return [attrs.asdict(form) for form in FORMATS.values()]


def choose_formats(names: Iterable[str]) -> tuple[Format, ...]:
    """The formats that were asked for, each once, in the order of `FORMATS`.

    Raises
    ------
    CallError
        If none was named, or a name is not known; the remedy names the nearest.
    """
    wanted = tuple(names)
    if not wanted:
        raise CallError("no format was named", where="--to", remedy=f"Formats: {', '.join(FORMATS)}, {ALL}.")
    for name in wanted:
        if name not in FORMATS and name != ALL:
            near = difflib.get_close_matches(name, (*FORMATS, ALL), n=1, cutoff=0.4)
            meant = f"Did you mean '{near[0]}'? " if near else ""
            raise CallError(
                f"there is no format '{name}'", where="--to", remedy=f"{meant}Formats: {', '.join(FORMATS)}, {ALL}."
            )
    return tuple(form for form in FORMATS.values() if ALL in wanted or form.name in wanted)
