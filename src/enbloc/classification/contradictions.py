"""Contradictions: between facts, between a statement and what was found, and between the answers of two systems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from enbloc.classification.extent import involved
from enbloc.classification.findings import Facts, levels_that_may
from enbloc.classification.overruling import contradictions as of_statements
from enbloc.foundation.evidence.classifications import Because, Classification, Finding
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.levels import are_contiguous

MET, UNMET, UNDECIDED = Verdict.MET, Verdict.UNMET, Verdict.UNDECIDED


@attrs.frozen
class Mismatch:
    """Two answers that cannot both be right: every category still possible in each lies among these."""

    one: str
    in_one: frozenset[str]
    other: str
    in_other: frozenset[str]
    says: str


_INSIDE = frozenset({"IA", "IIA", "IIIA"})
_OUTSIDE = frozenset({"IB", "IIB", "IIIB"})
_EPIDURAL = frozenset({"1a", "1b", "1c", "2", "3"})

_CALLED = {"enneking": "Enneking", "tnm": "TNM", "tomita": "Tomita", "escc": "ESCC"}

MISMATCHES: tuple[Mismatch, ...] = (
    Mismatch("enneking", _INSIDE, "tnm", frozenset({"T4a", "T4b"}), "one keeps the tumour inside the vertebra"),
    Mismatch("enneking", _INSIDE, "tomita", frozenset({"4", "5", "6"}), "one keeps the tumour inside the vertebra"),
    Mismatch("enneking", _OUTSIDE, "tomita", frozenset({"1", "2", "3"}), "only one lets the tumour leave the vertebra"),
    Mismatch("escc", frozenset({"0"}), "tnm", frozenset({"T4a"}), "only one sees tumour in the canal"),
    Mismatch("escc", _EPIDURAL, "tnm", frozenset({"T1", "T2", "T3"}), "only one sees tumour in the canal"),
    Mismatch("escc", frozenset({"0"}), "tomita", frozenset({"4"}), "only one sees tumour in the canal"),
)


def find_contradictions(
    facts: Facts,
    found: Mapping[str, Finding],
    supplied: Mapping[str, Finding],
    answers: Mapping[str, Classification],
) -> tuple[str, ...]:
    """Every contradiction, in words.

    Parameters
    ----------
    facts : Facts
        With the findings that every system read.
    found : mapping
        Findings of the Extent and the clinical facts alone.
    supplied : mapping
        Findings of the scene, or of anybody else.
    answers : mapping of system to Classification
    """
    read: dict[str, Finding | Because] = {**facts.findings, **_overruled(answers)}
    said = (
        *_of_facts(facts),
        *of_statements(read, facts.stated),
        *_of_supplied(found, supplied, facts.stated),
    )
    if levels_that_may(facts.extent):
        said = (*said, *_of_clinic(facts), *_of_answers(answers), *_of_systems(facts, answers))
    return tuple(dict.fromkeys(f"{text.rstrip('.')}." for text in said))


def _overruled(answers: Mapping[str, Classification]) -> dict[str, Because]:
    """What a system found by itself before it was overruled."""
    reasons = (because for answer in answers.values() for because in answer.because)
    return {because.criterion: because for because in reasons if because.overrules is not None}


def _of_facts(facts: Facts) -> Iterator[str]:
    """Facts that cannot hold together; what `intake.checks` says of the clinical facts is not repeated."""
    clinical, extent = facts.clinical, facts.extent
    levels = levels_that_may(extent)
    if not levels:
        yield "No level has tumour: nothing can be classified"
    if not are_contiguous(levels):
        names = ", ".join(levels)
        yield f"The levels {names} are not continuous; is a level between them missing, or are there two tumours?"
    if clinical.activity and clinical.grade in {"low", "high"} and facts.histology is None:
        yield f"Activity ({clinical.activity}) is for benign tumours, but the grade is stated as {clinical.grade}"
    for name in levels:
        level = extent.levels[name]
        if not involved(level.sectors) and involved(level.layers):
            yield f"{name} has involved layers ({','.join(involved(level.layers))}) but no involved sector"
        if "F" in involved(level.layers) and not name.startswith("C"):
            yield f"{name} has layer F, which is the vertebral artery canal of the cervical spine"


def _of_clinic(facts: Facts) -> Iterator[str]:
    """Clinical facts against what was found."""
    clinical = facts.clinical
    verdicts = {name: finding.verdict for name, finding in facts.findings.items()}
    if clinical.metastases == "none" and verdicts["skip"] is MET:
        yield "Metastases are stated as none, but a skip lesion counts as one, and there are separate tumours (EN-3s)"
    if clinical.metastases == "multiple" and verdicts["skip"] is UNMET:
        yield "Multiple metastases are stated; if another vertebra holds one of them, Tomita's type is 7"
    if clinical.activity in {"latent", "active"} and verdicts["metastasis"] is MET:
        yield f"The tumour is stated as {clinical.activity}, but among benign tumours only S3 may have spread (EN-S3b)"
    if clinical.dura_infiltrated and verdicts["canal"] is UNMET:
        yield "The dura is stated as infiltrated, but no tumour lies in the canal"
    if clinical.anterior_vessel_plane_lost and verdicts["paravertebral"] is UNMET:
        yield "The plane to the great vessels is stated as lost, but no tumour lies outside the bone (layer A)"
    if clinical.neurology in {"A", "B", "C"} and verdicts["canal"] is UNMET:
        yield f"A palsy is stated ({clinical.neurology}), but no tumour lies in the canal; is there another cause?"


def _of_supplied(
    found: Mapping[str, Finding], supplied: Mapping[str, Finding], stated: Mapping[str, Finding]
) -> Iterator[str]:
    """Findings supplied against what the Extent and the clinical facts say; a statement stands over both."""
    for name, finding in supplied.items():
        ours = found[name].verdict if name in found else UNDECIDED
        if name not in stated and UNDECIDED not in (ours, finding.verdict) and ours is not finding.verdict:
            yield f"'{finding.says}' contradicts '{found[name].says}'; the supplied one was used"


def _of_answers(answers: Mapping[str, Classification]) -> Iterator[str]:
    """Systems in which the findings leave no category."""
    for system, answer in answers.items():
        if answer.applies and not answer.possible:
            yield f"{system}: the findings contradict each other; no category fits them"


def _of_systems(facts: Facts, answers: Mapping[str, Classification]) -> Iterator[str]:
    """Pairs of answers that cannot both be right. Tumour in the artery's canal has no site in Tomita's types."""
    in_artery_canal = facts.findings["artery_canal"].verdict is not UNMET
    for pair in MISMATCHES:
        one, other = (set(answers[name].possible) for name in (pair.one, pair.other))
        explained = in_artery_canal and (pair.one, pair.other) == ("enneking", "tomita")
        if one and other and one <= pair.in_one and other <= pair.in_other and not explained:
            sides = ((pair.one, one), (pair.other, other))
            words = " and ".join(f"{_CALLED[name]} {'/'.join(sorted(answer))}" for name, answer in sides)
            yield f"Two systems contradict each other, {words}: {pair.says}"
