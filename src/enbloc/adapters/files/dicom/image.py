"""A DICOM series as an image of the case: canonical values, where it came from, and what was found doubtful."""

from __future__ import annotations

from pathlib import Path

import attrs

from enbloc.adapters.files.dicom.frames import ImageFile
from enbloc.adapters.files.dicom.geometry import Refused, Stack, stored_affine
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.pixels import read_pixels, repaired
from enbloc.adapters.files.dicom.scan import opened
from enbloc.adapters.files.dicom.series import Series, list_series
from enbloc.adapters.files.images.canonical import RawImage, canonical
from enbloc.errors import FileError
from enbloc.intake.case import DicomSource, Problem


def read_dicom_image(place: Path, name: str, limits: Limits, modality: str = "CT") -> tuple[RawImage, DicomSource]:
    """The one volume of a folder, or of a multi-frame file, that a case names as its image.

    Raises
    ------
    FileError
        If it holds no volume of that modality, or several.
    """
    with opened(place, limits) as found:
        listing = list_series(found.files, found.root, limits)
        fit = [one for one in listing.series if one.texts["Modality"] in (modality, "")]
        volumes = [one for one in fit if isinstance(one.found, Stack)]
        if not volumes:
            reasons = [f"series {one.number}: {one.found.says}" for one in fit if isinstance(one.found, Refused)]
            damaged = [f"{p.where}: {p.says}" for p in listing.problems]
            why = "; ".join((*reasons[:3], *damaged[:3])) or f"no {modality} image is in it"
            raise FileError(f"it holds no volume ({why})", where=name, remedy="Run `enbloc import` on it to see why.")
        if len(volumes) > 1:
            raise FileError(
                f"it holds {len(volumes)} volumes",
                where=name,
                remedy="Run `enbloc import` on it, which lists them and proposes one.",
            )
        image, source = read_series(volumes[0], name, limits)
        lost = tuple(attrs.evolve(problem, where=name) for problem in listing.problems if problem.grade != "note")
        return attrs.evolve(image, problems=(*image.problems, *lost)), source


def read_series(series: Series, name: str, limits: Limits) -> tuple[RawImage, DicomSource]:
    """One listed series, read and mended.

    Raises
    ------
    FileError
        If it is no volume, or its pixels are damaged.
    """
    stack = series.found
    if isinstance(stack, Refused):
        raise FileError(stack.says, where=name, remedy=stack.remedy)
    values, padded_n = read_pixels(stack, name, limits)
    mended, affine = repaired(stack, values)
    image = canonical(name, mended, affine)
    problems = [
        Problem("doubt", name, says, "Name a series that needs no mending if there is one.") for says in stack.repairs
    ]
    problems += [Problem("note", name, says, _LOOK) for says in series.notes if says not in stack.repairs]
    if padded_n:
        says = f"{padded_n} voxels were padding of the scanner and became air."
        problems.append(Problem("note", name, says, "Nothing to do."))
    return attrs.evolve(image, problems=tuple(problems)), source_of(series, stack)


def source_of(series: Series, stack: Stack) -> DicomSource:
    """The DICOM objects behind a series, slice by slice as stored."""
    first: ImageFile = series.files[0]
    texts = series.texts
    return DicomSource(
        modality=texts["Modality"] or "CT",
        sop_class_uid=texts["SOPClassUID"] or None,
        study_uid=texts["StudyInstanceUID"] or None,
        series_uid=texts["SeriesInstanceUID"] or None,
        frame_of_reference_uid=texts["FrameOfReferenceUID"] or None,
        patient_position=texts["PatientPosition"] or None,
        instance_uids=tuple(frame.instance_uid for frame in stack.frames),
        frame_numbers=tuple(frame.number for frame in stack.frames),
        shape=(first.columns, first.rows, len(stack.frames)),
        affine_lps=tuple(tuple(float(round(x, 6)) + 0.0 for x in row) for row in stored_affine(stack)),
        repairs=stack.repairs,
    )


_LOOK = "Check that this is the series you mean."
