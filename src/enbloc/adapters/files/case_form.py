"""case.toml as plain values: strict keys, strict types, every mistake at once with its path.

Each table of the file is a mapping of key to a *reader*: a function that takes the TOML value and returns ours, or
raises `WrongValueError` with what was wrong. `read_form` walks the tables, collects what the readers say, and raises
one error.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import attrs

from enbloc.adapters.files.labels import LabelEntry
from enbloc.adapters.files.schemes.catalogue import IGNORE, SCHEMES
from enbloc.errors import CaseError, TermError
from enbloc.foundation.terms.histology import parse_histology
from enbloc.foundation.terms.levels import Level, parse_level
from enbloc.foundation.terms.structures import parse_structure
from enbloc.intake.case import TypedLevel
from enbloc.intake.clinical import Clinical, Grade, Metastases, Pain

Reader = Callable[[object], Any]
SECTOR_N = 12
LAYERS = "ABCDEF"
_UNKNOWN = "unknown"
_ID = re.compile(r"\w[\w .-]{0,63}")


class WrongValueError(ValueError):
    """One value of case.toml is wrong; the text says what, and what to write instead."""


@attrs.frozen
class CaseForm:
    """What case.toml states, before any file is opened.

    `ct` is a path relative to the case folder, or None.
    """

    id: str
    ct: str | None
    labels: tuple[LabelEntry, ...]
    clinical: Clinical
    typed_extent: Mapping[Level, TypedLevel]


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
    return CaseForm(case["id"], images.get("ct"), labels, Clinical(**clinical), typed)


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
    for number, entry in enumerate(entries, start=1):
        path = f"labels[{number}]"
        before = len(wrongs)
        table = _read_table(path, entry, _LABELS, wrongs)
        if len(wrongs) == before:
            wrongs += [f"{path}{wrong}" for wrong in _label_wrongs(table)]
        if len(wrongs) == before:
            found.append(LabelEntry(table["file"], table.get("scheme"), table.get("structure"), table.get("map", {})))
    return tuple(found)


def _label_wrongs(table: Mapping[str, Any]) -> list[str]:
    if "file" not in table:
        return [".file: it is missing"]
    if "structure" in table and ("scheme" in table or "map" in table):
        return [": 'structure' says that the file holds one thing; leave out 'scheme' and 'map'"]
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


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise WrongValueError(f"it must be text in quotes, not {value!r}")
    return value


def _id(value: object) -> str:
    if not _ID.fullmatch(_text(value)):
        raise WrongValueError(f"{value!r} will not do: up to 64 letters, digits, spaces, dots, dashes or underscores")
    return str(value)


def _word(*words: str) -> Reader:
    def read(value: object) -> str:
        if value not in words:
            near = difflib.get_close_matches(str(value), words, n=1)
            meant = f"; did you mean '{near[0]}'?" if near else ""
            raise WrongValueError(f"{value!r} is not one of {', '.join(words)}{meant}")
        return str(value)

    return read


def _or_unknown(reader: Reader) -> Reader:
    def read(value: object) -> Any:
        return None if value == _UNKNOWN else reader(value)

    return read


def _yes_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise WrongValueError(f'it must be true, false or "unknown", not {value!r}')
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise WrongValueError(f'it must be a number or "unknown", not {value!r}')
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongValueError(f'it must be a whole number or "unknown", not {value!r}')
    return value


def _term(parse: Callable[[str], str]) -> Reader:
    def read(value: object) -> str:
        try:
            return parse(_text(value))
        except TermError as error:
            raise WrongValueError(f"{error.says}. {error.remedy}") from error

    return read


def _structure_or_ignore(value: object) -> str:
    return IGNORE if value == IGNORE else str(_term(parse_structure)(value))


def _map(value: object) -> dict[int, str]:
    if not isinstance(value, dict) or not value or not all(key.isdecimal() for key in value):
        raise WrongValueError('it must map label numbers to structures, for example { 1 = "tumour" }')
    return {int(key): _structure_or_ignore(word) for key, word in value.items()}


def read_sectors(value: object) -> frozenset[int]:
    """Sectors as people write them: ``"4-8"``, ``"10-3"`` (round past 12), ``"1,4-6"``, ``[4, 5]`` or ``4``.

    Raises
    ------
    WrongValueError
        If it names no sectors from 1 to 12.
    """
    parts = value if isinstance(value, list) else str(value).split(",") if isinstance(value, int | str) else ()
    found: set[int] = set()
    for part in parts:
        match = re.fullmatch(r"\s*(\d{1,2})\s*(?:[-–]\s*(\d{1,2})\s*)?", str(part))
        if match is None or isinstance(part, bool):
            raise WrongValueError(f'{value!r} names no sectors; write "4-8", "10-3" or [4, 5]')
        first, last = int(match[1]), int(match[2] or match[1])
        if not (1 <= first <= SECTOR_N and 1 <= last <= SECTOR_N):
            raise WrongValueError(f"{value!r} leaves the sectors 1 to {SECTOR_N}")
        found |= {(first - 1 + step) % SECTOR_N + 1 for step in range((last - first) % SECTOR_N + 1)}
    if not found:
        raise WrongValueError(f'{value!r} names no sectors; write "4-8", "10-3" or [4, 5]')
    return frozenset(found)


def read_layers(value: object) -> frozenset[str]:
    """Layers as people write them: ``"BC"``, ``"B-D"``, ``"B, C"`` or ``["B", "C"]``.

    Raises
    ------
    WrongValueError
        If it names anything but the layers A to F.
    """
    text = "".join(map(str, value)) if isinstance(value, list) else value if isinstance(value, str) else ""
    text = re.sub(r"[\s,]", "", text).upper()
    for first, last in re.findall(r"([A-F])[-–]([A-F])", text):
        span = LAYERS[LAYERS.index(first) : LAYERS.index(last) + 1]
        text = re.sub(f"{first}[-–]{last}", span or "?", text)
    if not text or set(text) - set(LAYERS):
        raise WrongValueError(f'{value!r} names no layers; write letters from A to F, for example "BC"')
    return frozenset(text)


def _levels(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise WrongValueError("it must hold one table for each level, [extent.levels.L3]")
    return value


_TOP = ("case", "images", "labels", "clinical", "extent")
_CASE: dict[str, Reader] = {"id": _id, "side_convention": _word("patient")}
_IMAGES: dict[str, Reader] = {"ct": _text}
_LABELS: dict[str, Reader] = {
    "file": _text,
    "scheme": _word(*SCHEMES),
    "structure": _term(parse_structure),
    "map": _map,
}
_EXTENT: dict[str, Reader] = {"numbering": _word("sosg", "original"), "levels": _levels}
_TYPED: dict[str, Reader] = {"sectors": read_sectors, "layers": read_layers}
_CLINICAL: dict[str, Reader] = {
    key: _or_unknown(reader)
    for key, reader in {
        "age_years": _number,
        "sex": _word("F", "M", "X"),
        "histology": _term(parse_histology),
        "biopsy_confirmed": _yes_no,
        "grade": _word(*get_args(Grade)),
        "activity": _word("latent", "active", "aggressive"),
        "metastases": _word(*get_args(Metastases)),
        "primary_controlled": _yes_no,
        "prior_surgery": _yes_no,
        "prior_radiotherapy": _yes_no,
        "neurology": _word("A", "B", "C", "D", "E"),
        "pain": _word(*get_args(Pain)),
        "ecog": _whole,
        "symptoms_months": _number,
        "anterior_vessel_plane_lost": _yes_no,
        "dura_infiltrated": _yes_no,
    }.items()
}
