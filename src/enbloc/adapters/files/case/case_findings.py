"""The table [findings] of case.toml: what the surgeon states of single findings."""

from __future__ import annotations

import difflib

from enbloc.classification.overruling import VALUED
from enbloc.classification.systems.tables import FINDINGS
from enbloc.foundation.evidence.verdicts import Verdict

_MOST_NEAR = 3


def read_findings(table: object, wrongs: list[str]) -> dict[str, Verdict | float]:
    """Statements by finding id; what is wrong is added to `wrongs`, with its path."""
    if not isinstance(table, dict):
        wrongs.append("findings: it must be a table, [findings]")
        return {}
    found: dict[str, Verdict | float] = {}
    for name, value in table.items():
        if name not in FINDINGS:
            wrongs.append(f"findings.{name}: there is no such finding; {_nearest(name)}")
        elif (statement := _read(name, value)) is None:
            wrongs.append(f"findings.{name}: {_wanted(name)}, not {value!r}")
        else:
            found[name] = statement
    return found


def _read(name: str, value: object) -> Verdict | float | None:
    if isinstance(value, bool):
        return Verdict.MET if value else Verdict.UNMET
    if isinstance(value, int | float) and name in VALUED and 0.0 <= value <= VALUED[name].most:
        return float(value)
    return next((verdict for verdict in Verdict if verdict.value == value), None)


def _wanted(name: str) -> str:
    wanted = 'it must be "met", "unmet" or "undecided"'
    if name in VALUED:
        wanted += f", or a number from 0 to {VALUED[name].most:g} ({VALUED[name].unit})"
    return wanted


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(str(name), FINDINGS, n=_MOST_NEAR, cutoff=0.5)
    meant = f"did you mean {' or '.join(repr(word) for word in near)}? " if near else ""
    return f"{meant}`enbloc terms findings` lists them all"
