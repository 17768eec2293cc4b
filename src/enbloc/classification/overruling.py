"""What the surgeon states about single findings, against or beside what was measured.

A statement stands over every finding of its name, in every system that asks it; what had been found is kept with it.
Some findings are parts of others (tumour in the epidural space is tumour in the canal), so that a statement about the
one says something about the other: that is followed, and marked. A statement changes the classes and nothing else:
where the tumour lies is corrected in the extent, from which families and cuts are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from enbloc.foundation.evidence.classifications import Because, Finding
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.verdicts import Verdict, any_of

COLLAPSE_FRACTION = 0.2
"""A body that lost this share of its height has collapsed (ours). Healthy real bodies stray by up to a tenth."""

HALF = 0.5
"""The limit of SINS-5, for the height and for the body; exactly half is not over half (SINS-8, ours)."""

TRANSLATION_MM = 3.0
"""A step between neighbouring back walls from this size on is a translation (ours). In healthy real spines: up to 2."""

LARGE_MM = 50.0
"""A paravertebral tumour larger than this is marked b (PVT-1)."""

WHOLES: Mapping[str, tuple[str, ...]] = {
    "outside_bone": ("canal", "paravertebral", "artery_canal"),
    "canal": ("epidural", "intradural"),
    "spine_bone": ("body", "pedicle", "arch"),
    "arch": ("spinous_process", "lateral_arch"),
}
"""Findings that hold exactly where one of their parts does; the larger first."""

WITHIN: Mapping[str, str] = {"anterior_mass": "paravertebral"}
"""Findings that can hold only where another does."""

_BY_THE_SURGEON = "stated by the surgeon"
_REST = dict.fromkeys(
    {name for whole, parts in WHOLES.items() for name in (whole, *parts)} | set(WITHIN),
    " for the classes; the extent, the families and the cuts keep what was found",
)


@attrs.frozen
class Valued:
    """A finding that may be stated as a number: its unit and range, and what the number decides.

    `decides` gives for each finding the test that the number meets.
    """

    unit: str
    most: float
    decides: Mapping[str, Callable[[float], bool]]


VALUED: Mapping[str, Valued] = {
    "collapse": Valued(
        "fraction",
        1.0,
        {"collapse": lambda lost: lost >= COLLAPSE_FRACTION, "collapse_over_half": lambda lost: lost > HALF},
    ),
    "body_over_half": Valued("fraction", 1.0, {"body_over_half": lambda share: share > HALF}),
    "translation": Valued("mm", 100.0, {"translation": lambda step: step >= TRANSLATION_MM}),
    "over_50mm": Valued("mm", 1000.0, {"over_50mm": lambda size: size > LARGE_MM}),
}
"""Findings that may be stated as a number."""


def stated_findings(statements: Mapping[str, Verdict | float]) -> dict[str, Finding]:
    """Statements as findings; a number may decide several, none of which it takes from a statement of its own."""
    found: dict[str, Finding] = {}
    for name, statement in statements.items():
        if isinstance(statement, Verdict):
            says = f"Stated by the surgeon: {name.replace('_', ' ')} {statement.value}."
            found[name] = Finding(name, statement, Unknown(_BY_THE_SURGEON), says)
    for name, statement in statements.items():
        if not isinstance(statement, Verdict):
            for decided, test in VALUED[name].decides.items():
                found.setdefault(decided, _from_number(decided, name, float(statement), test))
    return found


def overrule(found: Mapping[str, Finding], stated: Mapping[str, Finding]) -> dict[str, Finding]:
    """The findings, with what is stated in place of what was found, and what follows from it among their parts."""
    if not stated:
        return dict(found)
    firm = {name: _over(stated[name], found.get(name)) for name in stated}
    return _followed({**found, **firm}, frozenset(stated))


def contradictions(findings: Mapping[str, Finding | Because], stated: Mapping[str, Finding]) -> Iterator[str]:
    """Where a statement and what was found are both decided, and differ; where two statements cannot both hold.

    Parameters
    ----------
    findings : mapping of criterion to Finding or Because
        As the systems read them, with what was overruled.
    stated : mapping of criterion to Finding
    """
    for name in stated:
        finding = findings[name]
        before = finding.overrules
        verdicts = {finding.verdict} if before is None else {before.verdict, finding.verdict}
        if before is not None and len(verdicts) == 2 and Verdict.UNDECIDED not in verdicts:
            yield (
                f"'{name.replace('_', ' ')}' is stated as {finding.verdict.value}, but was found "
                f"{before.verdict.value} ({before.says.rstrip('.')}); the statement was used{_REST.get(name, '')}"
            )
    for whole, parts in (*WHOLES.items(), *((whole, (part,)) for part, whole in WITHIN.items())):
        held = [part for part in parts if part in findings and findings[part].verdict is Verdict.MET]
        if whole in findings and findings[whole].verdict is Verdict.UNMET and held:
            names = f"'{whole.replace('_', ' ')}' as unmet and '{held[0].replace('_', ' ')}' as met"
            yield f"Statements that cannot both hold: {names}"


def without_statements(findings: Mapping[str, Finding], stated: Mapping[str, Finding]) -> dict[str, Finding]:
    """The findings as they were before the statements; what was only stated is left out."""
    before = {name: finding.overrules if name in stated else finding for name, finding in findings.items()}
    return {name: finding for name, finding in before.items() if finding is not None}


def _from_number(name: str, source: str, number: float, test: Callable[[float], bool]) -> Finding:
    unit = VALUED[source].unit
    words = f"{100 * number:g} %" if unit == "fraction" else f"{number:g} {unit}"
    verdict = Verdict.MET if test(number) else Verdict.UNMET
    measured = Estimate(number, number, number, unit, _BY_THE_SURGEON)
    says = f"Stated by the surgeon: {source.replace('_', ' ')} {words}, hence {name.replace('_', ' ')} {verdict.value}."
    return Finding(name, verdict, measured, says)


def _over(statement: Finding, before: Finding | None) -> Finding:
    """A statement that keeps what had been found; a statement that already stands is left as it is."""
    if before is None or before.says.startswith(statement.says):
        return before or statement
    says = f"{statement.says} Found: {before.verdict.value}. {before.says}"
    return attrs.evolve(statement, says=says, settle=before.settle, overrules=before)


def _followed(found: dict[str, Finding], stated: frozenset[str]) -> dict[str, Finding]:
    """What a statement says of its parts, and what a statement about a part says of the whole.

    Downwards: no whole, no part; an open whole has no certain part; a whole without a part left has open ones. Upwards:
    a whole is as its parts are, and a finding within another takes it along.
    """
    moved = set(stated)
    for whole, parts in (*WHOLES.items(), *((whole, (part,)) for part, whole in WITHIN.items())):
        if whole in moved and whole in found:
            moved |= _downwards(found, whole, tuple(part for part in parts if part in found and part not in stated))
    for part, whole in WITHIN.items():
        takes_along = part in moved and found[part].verdict is not Verdict.UNMET
        if takes_along and whole not in stated and found[whole].verdict is not Verdict.MET:
            moved |= _follow(found, whole, found[part].verdict, part)
    for whole, parts in reversed(list(WHOLES.items())):
        changed = [part for part in parts if part in moved]
        if changed and whole in found and whole not in moved:
            moved |= _follow(found, whole, any_of(found[part].verdict for part in parts), changed[0])
    return found


def _downwards(found: dict[str, Finding], whole: str, parts: tuple[str, ...]) -> set[str]:
    verdict = found[whole].verdict
    none_left = all(found[part].verdict is Verdict.UNMET for part in parts) and whole in WHOLES
    moved: set[str] = set()
    for part in parts:
        certain = found[part].verdict is Verdict.MET
        if verdict is Verdict.UNMET:
            moved |= _follow(found, part, Verdict.UNMET, whole)
        elif none_left or (verdict is Verdict.UNDECIDED and certain):
            moved |= _follow(found, part, Verdict.UNDECIDED, whole)
    return moved


def _follow(found: dict[str, Finding], name: str, verdict: Verdict, source: str) -> set[str]:
    """Set a finding as its neighbour's statement wants it; the names that changed."""
    before = found.get(name)
    if before is None or before.verdict is verdict:
        return set()
    reason = f"{source.replace('_', ' ')} {found[source].verdict.value}"
    says = f"Follows from the surgeon's statement ({reason}): {name.replace('_', ' ')} {verdict.value}."
    found[name] = attrs.evolve(
        before, verdict=verdict, says=f"{says} Found: {before.verdict.value}. {before.says}", overrules=before
    )
    return {name}
