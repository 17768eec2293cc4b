"""case.toml as plain values: strict keys, strict types, every mistake at once with its path.

Each table of the file is a mapping of key to a *reader*: a function that takes the TOML value and returns ours, or
raises `WrongValueError` with what was wrong. `read_form` walks the tables, collects what the readers say, and raises
one error.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import attrs

from enbloc.adapters.files.case.case_findings import read_findings
from enbloc.adapters.files.case.case_switches import read_switches
from enbloc.adapters.files.case.case_values import (
    SECTOR_N,
    Reader,
    WrongValueError,
    number,
    or_unknown,
    read_id,
    read_layers,
    read_levels,
    read_map,
    read_sectors,
    read_text,
    term,
    whole,
    word,
    yes_no,
)
from enbloc.adapters.files.case.labels import LabelEntry
from enbloc.adapters.files.schemes.catalogue import SCHEMES
from enbloc.errors import CaseError, TermError
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.histology import parse_histology
from enbloc.foundation.terms.levels import Level, parse_level
from enbloc.foundation.terms.structures import parse_structure
from enbloc.intake.case import TypedLevel
from enbloc.intake.clinical import Clinical, Grade, Metastases, Pain
from enbloc.intake.switches import Switches


@attrs.frozen
class CaseForm:
    """What case.toml states, before any file is opened.

    `ct` and `mr` are paths relative to the case folder, or None; `registration` is the method asked for, or None.
    """

    id: str
    ct: str | None
    labels: tuple[LabelEntry, ...]
    clinical: Clinical
    typed_extent: Mapping[Level, TypedLevel]
    stated_findings: Mapping[str, Verdict | float] = attrs.field(factory=dict)
    mr: str | None = None
    registration: str | None = None
    switches: Switches = attrs.field(factory=Switches)


def read_form(content: Mapping[str, object]) -> CaseForm:
    """The form in a parsed case.toml.

    Raises
    ------
    CaseError
        Listing everything that is wrong, each with its path.
    """
    wrongs: list[str] = []
    _check_keys("", content, _TOP, wrongs)
    case = _read_table("case", content.get("case", {}), _CASE, wrongs)
    if "id" not in case and not any(wrong.startswith("case") for wrong in wrongs):
        wrongs.append('case.id: it is missing; write id = "a-pseudonym"')
    images = _read_table("images", content.get("images", {}), _IMAGES, wrongs)
    clinical = _read_table("clinical", content.get("clinical", {}), _CLINICAL, wrongs)
    labels = _read_labels(content.get("labels", []), wrongs)
    typed = _read_extent(content.get("extent", {}), wrongs)
    findings = read_findings(content.get("findings", {}), wrongs)
    registration = _read_table("registration", content.get("registration", {}), _REGISTRATION, wrongs)
    if any(entry.on == "mr" for entry in labels) and "mr" not in images:
        wrongs.append('images.mr: it is missing, and labels were drawn on it; write mr = "mr.nii.gz"')
    switches = read_switches(content.get("switches", {}), wrongs)
    if not wrongs and not labels and not typed:
        wrongs.append(
            "case: it has neither labels nor an extent, so that there is nothing to plan; add [[labels]] with the "
            'vertebrae and the tumour, or type the tumour: [extent.levels.L3] sectors = "4-8" layers = "BC"'
        )
    if wrongs:
        many = f"{len(wrongs)} things are wrong: " if len(wrongs) > 1 else ""
        raise CaseError(
            many + "; ".join(wrongs), where="case.toml", remedy="Mend it; every key is in the guide to cases."
        )
    asked = images.get("mr"), registration.get("method")
    facts = Clinical(**clinical)
    return CaseForm(case["id"], images.get("ct"), labels, facts, typed, findings, *asked, switches)


def _read_table(path: str, table: object, readers: Mapping[str, Reader], wrongs: list[str]) -> dict[str, Any]:
    if not isinstance(table, dict):
        wrongs.append(f"{path}: it must be a table, [{path}]")
        return {}
    _check_keys(f"{path}.", table, readers, wrongs)
    found = {}
    for key, reader in readers.items():
        if key in table:
            try:
                found[key] = reader(table[key])
            except WrongValueError as wrong:
                wrongs.append(f"{path}.{key}: {wrong}")
    return found


def _check_keys(prefix: str, table: Mapping[str, object], known: Iterable[str], wrongs: list[str]) -> None:
    known = tuple(known)
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            meant = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
            wrongs.append(f"{prefix}{key}: there is no such key; {meant}")


def _read_labels(entries: object, wrongs: list[str]) -> tuple[LabelEntry, ...]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        wrongs.append("labels: write one [[labels]] table (double brackets) for each file")
        return ()
    found = []
    for place, entry in enumerate(entries, start=1):
        path = f"labels[{place}]"
        before = len(wrongs)
        table = _read_table(path, entry, _LABELS, wrongs)
        if len(wrongs) == before:
            wrongs += [f"{path}{wrong}" for wrong in _label_wrongs(table)]
        if len(wrongs) == before:
            ways = (table.get("scheme"), table.get("structure"), table.get("map", {}), table.get("on", "ct"))
            found.append(LabelEntry(table["file"], *ways, alternative=table.get("alternative", False)))
    return tuple(found)


def _label_wrongs(table: Mapping[str, Any]) -> list[str]:
    if "file" not in table:
        return [".file: it is missing"]
    if "structure" in table and ("scheme" in table or "map" in table):
        return [": 'structure' says that the file holds one thing; leave out 'scheme' and 'map'"]
    if table.get("alternative") and table.get("on") == "mr":
        return [".alternative: labels to compare with lie on the CT; leave out 'on'"]
    if table.get("scheme") == "custom" and not table.get("map"):
        return ['.map: scheme "custom" needs it, for example map = { 1 = "tumour" }']
    named = {"structure", "scheme", "map"} & set(table) or table["file"].lower().endswith(".seg.nrrd")
    return (
        [] if named else [f': say what the file holds: structure = "tumour", or scheme = one of {", ".join(SCHEMES)}']
    )


def _read_extent(extent: object, wrongs: list[str]) -> dict[Level, TypedLevel]:
    before = len(wrongs)
    table = _read_table("extent", extent, _EXTENT, wrongs)
    original = table.get("numbering", "sosg") == "original"
    found: dict[Level, TypedLevel] = {}
    for name, content in table.get("levels", {}).items():
        path = f"extent.levels.{name}"
        try:
            level = parse_level(name)
        except TermError as error:
            wrongs.append(f"{path}: {error.says}. {error.remedy}")
            continue
        if level in found:
            wrongs.append(f"{path}: this level is there twice")
        values = _read_table(path, content, _TYPED, wrongs)
        wrongs += [f"{path}.{key}: it is missing" for key in _TYPED if isinstance(content, dict) and key not in content]
        if set(values) == set(_TYPED):
            sectors = {SECTOR_N + 1 - s for s in values["sectors"]} if original else values["sectors"]
            found[level] = TypedLevel(frozenset(sectors), frozenset(values["layers"]))
    if len(wrongs) == before and isinstance(extent, dict) and extent and not found:
        wrongs.append('extent: it names no level; write [extent.levels.L3] sectors = "4-8" layers = "BC"')
    return found


_TOP = ("case", "images", "labels", "clinical", "extent", "findings", "registration", "switches")
_CASE: dict[str, Reader] = {"id": read_id, "side_convention": word("patient")}
_IMAGES: dict[str, Reader] = {"ct": read_text, "mr": read_text}
_REGISTRATION: dict[str, Reader] = {"method": word("rigid")}
_LABELS: dict[str, Reader] = {
    "file": read_text,
    "scheme": word(*SCHEMES),
    "structure": term(parse_structure),
    "map": read_map,
    "on": word("ct", "mr"),
    "alternative": yes_no,
}
_EXTENT: dict[str, Reader] = {"numbering": word("sosg", "original"), "levels": read_levels}
_TYPED: dict[str, Reader] = {"sectors": read_sectors, "layers": read_layers}
_CLINICAL: dict[str, Reader] = {
    key: or_unknown(reader)
    for key, reader in {
        "age_years": number,
        "sex": word("F", "M", "X"),
        "histology": term(parse_histology),
        "biopsy_confirmed": yes_no,
        "grade": word(*get_args(Grade)),
        "activity": word("latent", "active", "aggressive"),
        "metastases": word(*get_args(Metastases)),
        "primary_controlled": yes_no,
        "prior_surgery": yes_no,
        "prior_radiotherapy": yes_no,
        "neurology": word("A", "B", "C", "D", "E"),
        "pain": word(*get_args(Pain)),
        "ecog": whole,
        "symptoms_months": number,
        "anterior_vessel_plane_lost": yes_no,
        "dura_infiltrated": yes_no,
    }.items()
}
