"""What an import found, as lines for a person and as JSON for a machine."""

from __future__ import annotations

from collections.abc import Iterator

from enbloc.adapters.files.dicom.geometry import Refused, Stack
from enbloc.adapters.files.dicom.series import Listing, Series, length_mm
from enbloc.adapters.files.json_files import Json, to_plain
from enbloc.adapters.printing import Line, problem_lines


def listing_form(listing: Listing) -> Json:
    """Every series with what tells it apart, and which one is proposed."""
    return {
        "series": [_series_form(one) for one in listing.series],
        "proposed": listing.proposed,
        "objects": [
            {"file": other.path.name, "scheme": other.scheme, "names": list(other.names)} for other in listing.others
        ],
        "problems": to_plain(listing.problems),
    }


def listing_lines(listing: Listing) -> Iterator[Line]:
    """One block per series, as a person would list them."""
    for one in listing.series:
        chosen = "  <- proposed" if one.number == listing.proposed else ""
        yield "bold" if chosen else "", f"{one.number:3d}  {_title(one)}{chosen}"
        yield ("red" if isinstance(one.found, Refused) else ""), f"     {_shape(one)}"
        for note in one.notes:
            yield "dim", f"     {note}"
    for other in listing.others:
        names = ", ".join(other.names[:5]) + (f" and {len(other.names) - 5} more" if len(other.names) > 5 else "")
        yield "", f"  +  {other.scheme} {other.path.name}: {names}"
    yield from problem_lines((p.grade, p.where, p.says, p.remedy) for p in listing.problems)
    if not listing.series:
        yield "yellow", "No CT or MR image was found."
    elif listing.proposed is None:
        yield "yellow", "No series here can be planned on."


def _title(one: Series) -> str:
    texts = one.texts
    date = texts["SeriesDate"] or texts["StudyDate"]
    day = f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 and date.isdecimal() else "no date"
    kernel = f"kernel {texts['ConvolutionKernel']}" if texts["ConvolutionKernel"] else ""
    words = (texts["Modality"] or "no modality", day, texts["SeriesDescription"] or "no description", kernel, one.part)
    return " · ".join(word for word in words if word)


def _shape(one: Series) -> str:
    count = sum(len(file.frames) for file in one.files)
    if isinstance(one.found, Refused):
        return f"{count} slices; cannot be used: {one.found.says}. {one.found.remedy}"
    spacing = one.found.frames[0].spacing_mm or (0.0, 0.0)
    size = f"{one.files[0].columns} x {one.files[0].rows}"
    return (
        f"{len(one.found.frames)} slices of {size}, {spacing[1]:.3g} x {spacing[0]:.3g} x {one.found.step_mm:.3g} mm, "
        f"{length_mm(one.found):.0f} mm long"
    )


def _series_form(one: Series) -> Json:
    texts, found = one.texts, one.found
    form: Json = {
        "number": one.number,
        "modality": texts["Modality"],
        "date": texts["SeriesDate"] or texts["StudyDate"],
        "description": texts["SeriesDescription"],
        "kernel": texts["ConvolutionKernel"],
        "part": one.part,
        "series_uid": texts["SeriesInstanceUID"],
        "slices": sum(len(file.frames) for file in one.files),
        "usable": isinstance(found, Stack),
        "notes": list(one.notes),
    }
    if isinstance(found, Refused):
        return form | {"refused": found.says, "remedy": found.remedy}
    spacing = found.frames[0].spacing_mm or (0.0, 0.0)
    return form | {
        "spacing_mm": to_plain([spacing[1], spacing[0], found.step_mm]),
        "size": [one.files[0].columns, one.files[0].rows, len(found.frames)],
        "repairs": list(found.repairs),
    }
