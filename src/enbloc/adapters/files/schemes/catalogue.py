"""Every label scheme by its word, and the one function that turns a file's numbers into structures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from enbloc.adapters.files.schemes.totalsegmentator import TOTAL_V2
from enbloc.adapters.files.schemes.totalspineseg import TOTALSPINESEG
from enbloc.adapters.files.schemes.verse import SPINEPS, TRANSITIONAL_DISCS
from enbloc.errors import TermError
from enbloc.foundation.terms.structures import is_plan_result, parse_structure
from enbloc.intake.case import Problem

Stated = Mapping[int | str, str]
"""The `map` of case.toml: numbers, or names that the file gives its segments, to words."""
IGNORE = "ignore"
"""The word that drops a number of a file."""
_BACKGROUND = frozenset({"background", "clear label", "exterior", ""})


@attrs.frozen
class Scheme:
    """What the numbers in a program's label files mean.

    Parameters
    ----------
    id : str
    says : str
        One line for people.
    numbers : mapping of int to name
        Used where the file itself gives no names.
    when_present : mapping of int to mapping of int to name
        Changes to `numbers` when that number occurs in the file.
    """

    id: str
    says: str
    numbers: Mapping[int, str] = attrs.field(factory=dict)
    when_present: Mapping[int, Mapping[int, str]] = attrs.field(factory=dict)


SCHEMES: dict[str, Scheme] = {
    scheme.id: scheme
    for scheme in (
        Scheme("totalsegmentator", 'TotalSegmentator, task "total", version 2', TOTAL_V2),
        Scheme("verse", "VerSe vertebra instances, with or without discs", SPINEPS, TRANSITIONAL_DISCS),
        Scheme("spineps", "SPINEPS and TPTBox: instance map or subregion map", SPINEPS, TRANSITIONAL_DISCS),
        Scheme("totalspineseg", "TotalSpineSeg", TOTALSPINESEG),
        Scheme("slicer", "3D Slicer segmentation, by the names of its segments"),
        Scheme("custom", 'the numbers that `map = { 1 = "tumour" }` names'),
        Scheme("dicom-seg", "DICOM segmentation, by the names and codes of its segments"),
        Scheme("rtstruct", "DICOM RT structure set, by the names of its regions"),
    )
}
"""Every scheme by its word."""
DICOM_SCHEMES = frozenset({"dicom-seg", "rtstruct"})
"""What was drawn, as DICOM: it is read together with the image that it was drawn on."""


def name_numbers(
    scheme: Scheme, present: Iterable[int], named: Mapping[int, str], stated: Mapping[int, str], where: str
) -> dict[int, str]:
    """Structure of every number that occurs in a file.

    What the case states wins over the names that the file carries, and those over the scheme's table.

    Parameters
    ----------
    scheme : Scheme
    present : numbers that occur in the file
    named : number to name, as the file says; a second choice of name may follow a ``|``
    stated : number to word, as case.toml says
    where : str
        The file, for messages.

    Raises
    ------
    TermError
        If a number has no name, or a name is no structure.
    """
    numbers = sorted(set(present) - {0})
    table = dict({} if named else scheme.numbers)
    for number in numbers:
        table |= scheme.when_present.get(number, {}) if not named else {}
    known = {**table, **named, **stated}
    nameless = [number for number in numbers if number not in known]
    if nameless:
        listed = ", ".join(str(number) for number in nameless[:8]) + (" …" if len(nameless) > 8 else "")
        raise TermError(
            f"scheme '{scheme.id}' has no structure for label {listed}",
            where=where,
            remedy=f'Name the right scheme, or state it: map = {{ {nameless[0]} = "ignore" }} (or a structure).',
        )
    words = {number: _structure(known[number], number, where) for number in numbers}
    return {number: word for number, word in words.items() if word != IGNORE}


def stated_numbers(stated: Stated, named: Iterable[Mapping[int, str]], file: str) -> dict[int, str]:
    """What case.toml states, with the names in it turned into the numbers that the file gives them.

    Raises
    ------
    TermError
        If a name is nowhere in the file.
    """
    by_name: dict[str, list[int]] = {}
    for names in named:
        for number, name in names.items():
            by_name.setdefault(name.split("|")[0].strip().lower(), []).append(number)
    found: dict[int, str] = {}
    for key, word in stated.items():
        if isinstance(key, int):
            found[key] = word
        elif key.strip().lower() in by_name:
            found |= dict.fromkeys(by_name[key.strip().lower()], word)
        else:
            there = ", ".join(sorted(by_name)[:12])
            raise TermError(f"it has no segment named '{key}'", where=file, remedy=f"Its names: {there}.")
    return found


def left_out(named: Iterable[Mapping[int, str]], stated: Mapping[int, str], where: str) -> Iterator[Problem]:
    """A note on what an earlier plan added to a file, unless case.toml states what it is."""
    names = {name.split("|")[0] for layer in named for number, name in layer.items() if number not in stated}
    found = sorted(filter(is_plan_result, names))
    if found:
        says = f"It holds results of an earlier plan, which are left out: {', '.join(found)}."
        yield Problem("note", where, says, "Nothing to do: they are no anatomy of the patient.")


def _structure(name: str, number: int, where: str) -> str:
    choices = name.split("|")
    if choices[0].strip().lower() in _BACKGROUND or choices[0] == IGNORE or is_plan_result(choices[0]):
        return IGNORE
    refusals = []
    for choice in choices:
        try:
            return parse_structure(choice)
        except TermError as error:
            refusals.append(error)
    cure = f'{refusals[0].remedy} Or state it: map = {{ {number} = "ignore" }}.'
    raise TermError(f"label {number}: {refusals[0].says}", where=where, remedy=cure)
