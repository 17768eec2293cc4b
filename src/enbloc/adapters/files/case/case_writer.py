"""Writes a case as a case folder that `read_case` reads back to the same values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from enbloc.adapters.files.case.case_folder import CASE_FILE
from enbloc.adapters.files.case.case_switches import switches_form
from enbloc.adapters.files.case.labels import ending_of, present_numbers
from enbloc.adapters.files.images.nifti import nifti_bytes
from enbloc.adapters.files.schemes.catalogue import IGNORE
from enbloc.errors import FileError
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.case import Case, LabelFile

CT_FILE = "ct.nii.gz"


def write_case(case: Case, folder: Path) -> tuple[Path, ...]:
    """Write case.toml, the CT and the label files.

    Parameters
    ----------
    case : Case
    folder : Path
        Made when it is missing; files of the same names are replaced.

    Returns
    -------
    paths : of the files written

    Raises
    ------
    FileError
        If the folder cannot be written.
    """
    contents: dict[str, bytes] = {}
    if case.ct is not None:
        contents[CT_FILE] = nifti_bytes(case.ct.values, case.ct.grid)
    names = [_file_name(file, number) for number, file in enumerate(case.label_files, start=1)]
    for name, file in zip(names, case.label_files, strict=True):
        contents[name] = nifti_bytes(file.labels.values, file.labels.grid)
    contents[CASE_FILE] = "\n".join(_toml(case, names)).encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise FileError(
            f"it cannot be written ({error})", where=str(folder), remedy="Choose another folder."
        ) from error
    return tuple(folder / name for name in contents)


def _file_name(file: LabelFile, number: int) -> str:
    stem = file.name[: len(file.name) - len(ending_of(file.name))] if ending_of(file.name) else file.name
    plain = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in stem)
    return f"{plain or f'labels_{number}'}.nii.gz"


def _toml(case: Case, label_names: list[str]) -> Iterator[str]:
    yield "[case]"
    yield f"id = {_value(case.id)}"
    yield 'side_convention = "patient"'
    if case.ct is not None:
        yield from ("", "[images]", f"ct = {_value(CT_FILE)}")
    for name, file in zip(label_names, case.label_files, strict=True):
        yield from ("", "[[labels]]", f"file = {_value(name)}")
        unnamed = set(present_numbers(file.labels.values)) - set(file.labels.names)
        if len(file.labels.names) == 1 and not unnamed:
            yield f"structure = {_value(next(iter(file.labels.names.values())))}"
        else:
            yield 'scheme = "custom"'
            yield f"map = {_value({**file.labels.names, **dict.fromkeys(sorted(unnamed), IGNORE)})}"
    facts = {key: value for key, value in attrs.asdict(case.clinical).items() if value is not None}
    if facts:
        yield from ("", "[clinical]", *(f"{key} = {_value(value)}" for key, value in facts.items()))
    if case.typed_extent:
        yield from ("", "[extent]", 'numbering = "sosg"')
    for level, typed in case.typed_extent.items():
        yield f"[extent.levels.{level}]"
        yield f"sectors = {_value(sorted(typed.sectors))}"
        yield f"layers = {_value(''.join(sorted(typed.layers)))}"
    if case.stated_findings:
        yield from ("", "[findings]")
    for name, statement in case.stated_findings.items():
        yield f"{name} = {_value(statement.value if isinstance(statement, Verdict) else statement)}"
    if written := switches_form(case.switches):
        yield from ("", "[switches]", *(f"{key} = {_value(value)}" for key, value in written.items()))
    yield ""


def _value(value: object) -> str:
    """A TOML value; JSON's strings, numbers, booleans and lists are TOML's."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
