"""The sheet: every classification of a case, and the contradictions found on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from enbloc.classification import enneking, escc, mclain, prognosis, sacral, sins, tnm, tomita, wbb_answer
from enbloc.classification.extent import Extent, involved
from enbloc.classification.findings import Facts, find, levels_that_may, with_supplied
from enbloc.foundation.evidence.classifications import Classification, Finding, Sheet
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.levels import are_contiguous
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
}
"""Every system in the order in which it is shown."""


def classify(extent: Extent, clinical: Clinical, findings: Mapping[str, Finding] | None = None) -> Sheet:
    """Every classification of a case.

    Parameters
    ----------
    extent : Extent
    clinical : Clinical
    findings : mapping of criterion to Finding, optional
        What else is known, for example from MRI; a decided one takes the place of ours.
    """
    supplied = findings or {}
    found = find(extent, clinical)
    facts = Facts(extent, clinical, with_supplied(found, supplied))
    answers = {system: answer(facts) for system, answer in SYSTEMS.items()}
    problems = (*_of_facts(facts), *_of_supplied(found, supplied))
    if levels_that_may(extent):
        problems = (*problems, *_of_answers(answers))
    return Sheet(answers, problems)


def _of_facts(facts: Facts) -> Iterator[str]:
    """Facts that cannot hold together."""
    clinical, histology, extent = facts.clinical, facts.histology, facts.extent
    levels = levels_that_may(extent)
    if not levels:
        yield "No level has tumour: nothing can be classified."
    if not are_contiguous(levels):
        names = ", ".join(levels)
        yield f"The levels {names} are not continuous; is a level between them missing, or are there two tumours?"
    if histology and histology.kind == "metastasis" and clinical.metastases == "none":
        yield f"{histology.word} in the spine is a metastasis, but metastases are stated as none."
    if histology and clinical.grade == "benign" and histology.kind != "primary_benign":
        yield f"{histology.word} is stated as benign, which it never is."
    if clinical.activity and clinical.grade in {"low", "high"}:
        yield f"Activity ({clinical.activity}) is for benign tumours, but the grade is stated as {clinical.grade}."
    if clinical.metastases == "none" and facts.findings["skip"].verdict is Verdict.MET:
        yield "Metastases are stated as none, but a skip lesion counts as one, and there are separate tumours (EN-3s)."
    if clinical.metastases == "multiple" and facts.findings["skip"].verdict is Verdict.UNMET:
        yield "Multiple metastases are stated; if another vertebra holds one of them, Tomita's type is 7."
    if clinical.dura_infiltrated and facts.findings["canal"].verdict is Verdict.UNMET:
        yield "The dura is stated as infiltrated, but no tumour lies in the canal."
    for name in levels:
        level = extent.levels[name]
        if not involved(level.sectors) and involved(level.layers):
            yield f"{name} has involved layers ({','.join(involved(level.layers))}) but no involved sector."
        if "F" in involved(level.layers) and not name.startswith("C"):
            yield f"{name} has layer F, which is the vertebral artery canal of the cervical spine."


def _of_supplied(found: Mapping[str, Finding], supplied: Mapping[str, Finding]) -> Iterator[str]:
    """Findings supplied against what the Extent and the clinical facts say."""
    for name, finding in supplied.items():
        ours = found[name].verdict if name in found else Verdict.UNDECIDED
        if Verdict.UNDECIDED not in (ours, finding.verdict) and ours is not finding.verdict:
            yield f"'{finding.says}' contradicts '{found[name].says}'; the supplied one was used."


def _of_answers(answers: Mapping[str, Classification]) -> Iterator[str]:
    """Systems in which the findings leave no category."""
    for system, answer in answers.items():
        if answer.applies and not answer.possible:
            yield f"{system}: the findings contradict each other; no category fits them."
