"""What ``1-intake.json`` holds."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from enbloc.adapters.files.case.case_switches import switches_form
from enbloc.adapters.files.json_files import Json, to_plain
from enbloc.foundation.space.grids import Grid
from enbloc.intake.case import Case, DicomSource, Problem


def intake_form(case: Case, problems: Iterable[Problem]) -> Json:
    """``1-intake.json``: what arrived, and the problems found in it. Facts that are not known are null."""
    problems = tuple(problems)
    images = [_image("ct", case.ct.grid, case.sources.get("ct"))] if case.ct is not None else []
    labels = [
        {
            "file": file.name,
            "grid": grid_form(file.labels.grid),
            "structures": sorted(set(file.labels.names.values())),
        }
        for file in case.label_files
    ]
    typed = {
        level: {"sectors": sorted(typed.sectors), "layers": sorted(typed.layers)}
        for level, typed in case.typed_extent.items()
    }
    return {
        "case": case.id,
        "side_convention": "patient",
        "clinical": attrs.asdict(case.clinical),
        "images": images,
        "labels": labels,
        "typed_extent": {"numbering": "sosg", "levels": typed} if typed else None,
        "stated_findings": to_plain(dict(case.stated_findings)),
        "switches": switches_form(case.switches),
        "problems": to_plain(problems),
        "stopped": any(problem.grade == "stop" for problem in problems),
    }


def _image(name: str, grid: Grid, source: DicomSource | None) -> Json:
    form: Json = {"file": name, "grid": grid_form(grid)}
    return form | ({"dicom": source_form(source)} if source is not None else {})


def source_form(source: DicomSource) -> Json:
    """The DICOM objects behind an image; null where they state nothing."""
    form: Json = to_plain(attrs.asdict(source))
    return form


def grid_form(grid: Grid) -> Json:
    """Shape, spacing in mm and the affine (index to LPS mm) of a grid."""
    return {"shape": list(grid.shape), "spacing_mm": to_plain(grid.spacing_mm), "affine_lps": to_plain(grid.affine)}
