"""NOMS, the competing frame for a metastasis: neurology, oncology, mechanics, systemic disease (SC-4).

En bloc resection is not part of it. Whether a histology answers to conventional radiotherapy is for the radiation
oncologist: the knowledge holds no list, so that it stays open.
"""

from __future__ import annotations

from enbloc.foundation.evidence.classifications import Finding, Sheet
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Row, RuleTable, classify
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.strategy.advice import Rival

_CITES = ("noms_page", "laufer2013")
_HIGH = ("2", "3")
NAME = "NOMS: radiotherapy, with separation surgery or stabilisation where needed"

TABLE = RuleTable(
    "noms",
    "NOMS, the competing frame for metastases",
    (
        Criterion("sensitive", "Does the tumour answer to conventional radiotherapy?", "The radiation oncologist"),
        Criterion("high_compression", "Is the epidural compression high (ESCC 2 or 3)?", "An axial T2 MRI"),
    ),
    (
        Row("conventional radiotherapy", {"sensitive": YES}, "verified (2nd)", _CITES, "SC-4",
            "Sensitive: conventional radiotherapy."),
        Row("stereotactic radiotherapy", {"sensitive": NO, "high_compression": NO}, "verified (2nd)", _CITES, "SC-4",
            "Resistant with low compression: stereotactic radiotherapy."),
        Row("separation surgery and stereotactic radiotherapy", {"sensitive": NO, "high_compression": YES},
            "verified (2nd)", _CITES, "SC-4", "Resistant with high compression: separation surgery, then stereotactic "
            "radiotherapy."),
    ),
)  # fmt: skip
"""ESCC 1c is left out of "high": sources differ, and a surgeon must choose (ESCC-5)."""


def judge_noms(sheet: Sheet) -> Rival:
    """What NOMS leaves, with stabilisation where the spine is or may be unstable."""
    answer = classify(TABLE, {"high_compression": _compression(sheet)})
    because = [
        Reason(
            f"NOMS leaves: {' or '.join(answer.possible)}; en bloc is not part of it.", "verified (2nd)", _CITES, "SC-4"
        )
    ]
    sins = sheet.answers["sins"].possible
    if "unstable" in sins:
        may = "is" if sins == ("unstable",) else "may be"
        because.append(
            Reason(f"By SINS the spine {may} unstable: then it is stabilised.", "verified (2nd)", _CITES, "SC-4")
        )
    because.append(Reason("Unfit for surgery: no surgery.", "verified (2nd)", _CITES, "SC-4"))
    return Rival(NAME, tuple(because))


def _compression(sheet: Sheet) -> Finding:
    possible = sheet.answers["escc"].possible
    high = [grade in _HIGH for grade in possible]
    verdict = Verdict.UNDECIDED
    if high and (all(high) or not any(high)):
        verdict = Verdict.MET if all(high) else Verdict.UNMET
    return Finding("high_compression", verdict, Unknown("see the classification"), f"ESCC {' or '.join(possible)}.")
