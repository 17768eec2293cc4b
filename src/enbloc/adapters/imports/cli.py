"""The command `enbloc import`. What it needs is imported when it runs: the image libraries take seconds to load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer
from rich.console import Console

from enbloc.intake.case import Problem


def run_import(
    place: Path,
    wish: tuple[Path | None, int | None, bool, Path | None],
    as_json: bool,
    tell: Callable[[str], None],
) -> None:
    """List the series of a place, and make a case folder of one when asked to."""
    from enbloc.adapters.files.dicom.limits import read_limits
    from enbloc.adapters.files.dicom.scan import opened
    from enbloc.adapters.files.dicom.series import list_series
    from enbloc.adapters.files.json_files import json_text, to_plain
    from enbloc.adapters.imports.listing import listing_form, listing_lines
    from enbloc.adapters.imports.make_case import Wish, make_case
    from enbloc.adapters.imports.single_files import find_single_files, make_case_of_files, single_lines
    from enbloc.adapters.printing import print_lines, problem_lines

    limits = read_limits()
    out, series, deidentify, keys = wish
    with opened(place, limits) as found:
        listing = list_series(found.files, found.root, limits, tell)
        problems = (*found.problems, *listing.problems)
        made: tuple[Problem, ...] = ()
        singles = find_single_files(found.root) if place.is_dir() and not (listing.series or deidentify) else None
        if out is not None and singles is not None:
            made = make_case_of_files(singles, out)
        elif out is not None:
            made = make_case(listing, Wish(out, series, deidentify, keys), limits, tell)
    if as_json:
        case = {"case": str(out.resolve())} if out is not None else {}
        masks = {"masks": sorted(singles.masks)} if singles is not None else {}
        print(json_text({**listing_form(listing), **masks, **case, "problems": to_plain((*problems, *made))}), end="")
        return
    print_lines(Console(), listing_lines(listing) if singles is None else single_lines(singles))
    if out is None:
        typer.echo("Nothing was written. To make a case: add --out CASE (and --series N for another series).")
        return
    print_lines(Console(), problem_lines((p.grade, p.where, p.says, p.remedy) for p in made))
    typer.echo(f"Case folder: {out}. Fill in case.toml, then `enbloc check {out}`.")
