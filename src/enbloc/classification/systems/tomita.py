"""Tomita's surgical classification: seven types by the sites that the tumour holds."""

from __future__ import annotations

import attrs

from enbloc.classification.findings import Facts
from enbloc.foundation.evidence.classifications import Because, Classification
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Impossible, Row, RuleTable, classify
from enbloc.foundation.evidence.verdicts import Verdict

_INSIDE = {"canal": NO, "paravertebral": NO, "adjacent": NO, "skip": NO}
_NOTES = ("neurosurgerynotes_class", "tomita1997")
_CLASS = ("tomita1997", "tomita2006")

TABLE = RuleTable(
    system="tomita",
    title="Tomita surgical classification",
    criteria=(
        Criterion("body", "Is the body involved (site 1)?"),
        Criterion("pedicle", "Is a pedicle involved (site 2)?"),
        Criterion("arch", "Is the lamina, transverse or spinous process involved (site 3)?"),
        Criterion("canal", "Has it reached the epidural canal (site 4)?"),
        Criterion("paravertebral", "Has it reached the paravertebral area (site 5)?"),
        Criterion("adjacent", "Has it reached a neighbouring vertebra?"),
        Criterion("skip", "Are there multiple or skip lesions?"),
    ),
    rows=(
        Row("1", {**_INSIDE, "body": YES, "pedicle": NO, "arch": NO}, "verified (2nd)", _NOTES, "TOM-1",
            "The body only."),
        Row("1", {**_INSIDE, "body": NO, "pedicle": NO, "arch": YES}, "ours", (), "TOM-9",
            "The lamina or a process only: type 1 (lamina), ambiguous."),
        Row("1", {**_INSIDE, "body": NO, "pedicle": YES, "arch": NO}, "unverified/medium", ("tomita1997",), "TOM-1b",
            "A pedicle only: a single site in situ."),
        Row("2", {**_INSIDE, "body": YES, "pedicle": YES, "arch": NO}, "verified (2nd)", _NOTES, "TOM-2",
            "It extends to the pedicle."),
        Row("2", {**_INSIDE, "body": NO, "pedicle": YES, "arch": YES}, "verified (2nd)", _NOTES, "TOM-2",
            "It extends to the pedicle, here from the arch."),
        Row("3", {**_INSIDE, "body": YES, "arch": YES}, "verified (2nd)", _NOTES, "TOM-3",
            "It extends from the body to the lamina."),
        Row("4", {"canal": YES, "paravertebral": NO, "adjacent": NO, "skip": NO}, "unverified/high", _CLASS, "TOM-4",
            "Any of 1-3 with epidural extension."),
        Row("5", {"paravertebral": YES, "adjacent": NO, "skip": NO}, "unverified/high", _CLASS, "TOM-5",
            "Any of 1-3 with paravertebral extension; of 4, 5 and 6 the highest is given (TOM-8)."),
        Row("6", {"adjacent": YES, "skip": NO}, "unverified/high", _CLASS, "TOM-6",
            "It reaches a neighbouring vertebra; of 4, 5 and 6 the highest is given (TOM-8)."),
        Row("7", {"skip": YES}, "verified (2nd)", _NOTES, "TOM-7", "Multiple or skip lesions."),
    ),
    impossible=(
        Impossible({**_INSIDE, "body": NO, "pedicle": NO, "arch": NO}, "there is tumour somewhere"),
    ),
)  # fmt: skip

_AMBIGUOUS = Because(
    criterion="arch",
    verdict=Verdict.MET,
    measured=Unknown("stated: a rule of the project"),
    says="Type 1 (lamina), ambiguous: sources define type 1 by the body; a tumour of the arch alone is given it too.",
    status="ours",
    rule="TOM-9",
)


def answer(facts: Facts) -> Classification:
    """The types still possible."""
    found = classify(TABLE, facts.findings)
    if found.possible == ("1",) and facts.findings["arch"].verdict is Verdict.MET:
        return attrs.evolve(found, because=(*found.because, _AMBIGUOUS))
    return found
