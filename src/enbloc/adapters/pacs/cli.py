"""The commands `enbloc pacs find | fetch | store`. What they need is imported when they run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from enbloc.adapters.pacs.archive import Archive

pacs_app = typer.Typer(
    help="Find a study in a PACS, fetch it, store results there. ADDRESS: https://host/dicom-web, or "
    "dicom://AETITLE@host:port. Credentials come from the environment or the keyring.",
    no_args_is_help=True,
    add_completion=False,
)

At = Annotated[str, typer.Argument(metavar="ADDRESS", help="Where the PACS is.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine instead of text.")]


@pacs_app.command()
def find(
    address: At,
    patient: Annotated[str | None, typer.Option("--patient", help="Patient ID.")] = None,
    accession: Annotated[str | None, typer.Option("--accession", help="Accession number.")] = None,
    study: Annotated[str | None, typer.Option("--study", help="Study UID.")] = None,
    date: Annotated[str | None, typer.Option("--date", help="Study date or range, 20260101-20260131.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the series of the studies that match; names of patients are not shown."""
    import attrs

    from enbloc.adapters.files.json_files import json_text
    from enbloc.adapters.pacs.transfers import Patience, find_all
    from enbloc.errors import CallError

    stated = {"PatientID": patient, "AccessionNumber": accession, "StudyInstanceUID": study, "StudyDate": date}
    filters = {key: value for key, value in stated.items() if value}
    if not filters:
        raise CallError("say what to look for", remedy="Give --patient, --accession, --study or --date.")
    found = find_all(_archive(address), filters, Patience())
    if as_json:
        print(json_text({"series": [attrs.asdict(one) for one in found]}), end="")
        return
    for one in found:
        count = f"{one.instances_n} objects" if one.instances_n is not None else ""
        words = " · ".join(word for word in (one.modality, one.date, one.description, count) if word)
        Console().print(Text(f"{words}\n    study {one.study_uid}\n    series {one.series_uid}"), soft_wrap=True)
    if not found:
        print("Nothing was found.")


@pacs_app.command()
def fetch(
    address: At,
    study: Annotated[str, typer.Argument(metavar="STUDY", help="Study UID.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the files go.")],
    series: Annotated[str | None, typer.Option("--series", help="Only this series UID.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a study into a folder; after a break, run it again and it goes on. Then `enbloc import FOLDER`."""
    from enbloc.adapters.files.json_files import json_text
    from enbloc.adapters.pacs.transfers import Patience, fetch_study

    moved = fetch_study(_archive(address), (study, series), out, Patience(), _tell)
    if as_json:
        print(json_text({"folder": str(out.resolve()), "fetched": moved.moved_n, "there": moved.there_n}), end="")
    else:
        print(f"{moved.moved_n} objects fetched, {moved.there_n} were there. Next: enbloc import {out}")


@pacs_app.command()
def store(
    address: At,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="DICOM files, or folders of them.")],
    as_json: AsJson = False,
) -> None:
    """Store DICOM files in a PACS, each once; after a break, run it again and it goes on."""
    from enbloc.adapters.files.dicom.limits import read_limits
    from enbloc.adapters.files.dicom.scan import scan
    from enbloc.adapters.files.json_files import json_text
    from enbloc.adapters.pacs.transfers import Patience, store_files

    paths = [path for place in files for path in (scan(place, read_limits()).files if place.is_dir() else (place,))]
    moved = store_files(_archive(address), paths, Patience(), _tell)
    if as_json:
        print(json_text({"stored": moved.moved_n, "there": moved.there_n}), end="")
    else:
        print(f"{moved.moved_n} objects stored, {moved.there_n} were there.")


def _archive(url: str) -> Archive:
    from enbloc.adapters.pacs.address import parse_address, read_identity
    from enbloc.adapters.pacs.classic import ClassicArchive
    from enbloc.adapters.pacs.web import open_web

    address = parse_address(url)
    identity = read_identity(address)
    return open_web(address, identity) if address.web else ClassicArchive(address, identity)


def _tell(step: str) -> None:
    print(f"… {step}", file=sys.stderr)
