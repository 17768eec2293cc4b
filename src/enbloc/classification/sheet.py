"""The sheet: every classification of a case, and the contradictions found on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from enbloc.classification.contradictions import find_contradictions
from enbloc.classification.extent import Extent
from enbloc.classification.findings import Facts, find, with_supplied
from enbloc.classification.overruling import overrule, stated_findings
from enbloc.classification.systems import (
    enneking,
    escc,
    lung,
    mclain,
    paravertebral,
    pelvis,
    prognosis,
    sacral,
    sins,
    tnm,
    tomita,
    wbb_answer,
)
from enbloc.foundation.evidence.classifications import Classification, Finding, Sheet
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.clinical import Clinical

SYSTEMS: Mapping[str, Callable[[Facts], Classification]] = {
    "enneking": enneking.answer,
    "tnm": tnm.answer,
    "wbb": wbb_answer.answer,
    "tomita": tomita.answer,
    "mclain_weinstein": mclain.answer,
    "escc": escc.answer,
    "sins": sins.answer,
    "sacral": sacral.answer,
    "tokuhashi": prognosis.tokuhashi,
    "tomita_score": prognosis.tomita_score,
    "pelvic_sacral": pelvis.answer,
    "thoracic_dumbbell": paravertebral.dumbbell,
    "paravertebral": paravertebral.paravertebral,
    "pancoast": lung.pancoast,
    "lung_vertebra": lung.lung_vertebra,
}
"""Every system in the order in which it is shown."""

SHOWN_WHERE_THEY_APPLY: frozenset[str] = frozenset(list(SYSTEMS)[10:])
"""Systems for few tumours: a sheet says nothing of them where they do not apply."""


def classify(
    extent: Extent,
    clinical: Clinical,
    findings: Mapping[str, Finding] | None = None,
    statements: Mapping[str, Verdict | float] | None = None,
) -> Sheet:
    """Every classification of a case.

    Parameters
    ----------
    extent : Extent
    clinical : Clinical
    findings : mapping of criterion to Finding, optional
        What else is known, for example from MRI; a decided one takes the place of ours.
    statements : mapping of criterion to Verdict or float, optional
        What the surgeon states; it stands over everything that was found.
    """
    supplied, stated = findings or {}, stated_findings(statements or {})
    found = find(extent, clinical, stated)
    facts = Facts(extent, clinical, overrule(with_supplied(found, supplied), stated), stated)
    answers = {system: answer(facts) for system, answer in SYSTEMS.items()}
    return Sheet(answers, find_contradictions(facts, found, supplied, answers))
