"""Checks on what was typed: facts that contradict each other, and that cannot be together.

A contradiction is a doubt, never mended: both facts are used as stated. The limits are ours: they part the impossible
from the unusual. What is missing is said with the indication, which knows what it would decide.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.histology import HISTOLOGIES
from enbloc.foundation.terms.levels import LEVELS, TRANSITIONAL, Level, order, region
from enbloc.intake.case import Case, Problem

FAR_APART_LEVELS = 3
"""From so many levels left out between two typed ones on, one of the two is taken for a slip of the pen (ours)."""

_ONE_SEX: dict[str, str] = {
    "prostate_carcinoma": "M",
    "testicular_carcinoma": "M",
    "uterine_carcinoma": "F",
}
_SEX_WORDS = {"M": "male", "F": "female"}
_PARALYSED = ("A", "B")
_FIT_ECOG = 1


def check_facts(case: Case) -> tuple[Problem, ...]:
    """Every contradiction and absurdity among the facts and the typed extent."""
    return tuple(problem for one in _CHECKS for problem in one(case))


def _sex(case: Case) -> Iterator[Problem]:
    facts = case.clinical
    wanted = _ONE_SEX.get(facts.histology or "")
    if wanted and facts.sex in _SEX_WORDS and facts.sex != wanted:
        name = str(facts.histology).replace("_", " ")
        says = f"{name.capitalize()} does not go with a {_SEX_WORDS[facts.sex]} patient."
        yield _doubt("clinical.sex", says, "Mend the sex or the histology.")


def _spread(case: Case) -> Iterator[Problem]:
    facts = case.clinical
    if facts.metastases == "none" and case.stated_findings.get("metastasis") is Verdict.MET:
        says = "Metastases are stated as none, and a finding states a metastasis (Enneking III)."
        yield _doubt("clinical.metastases", says, "Mend one of the two.")
    if (
        facts.metastases in ("solitary", "oligo", "multiple")
        and case.stated_findings.get("metastasis") is Verdict.UNMET
    ):
        says = f"Metastases are stated as {facts.metastases}, and a finding states that there is none."
        yield _doubt("clinical.metastases", says, "Mend one of the two.")
    entry = HISTOLOGIES.get(facts.histology or "")
    benign = facts.grade == "benign" or (entry is not None and entry.kind == "primary_benign")
    if benign and facts.metastases in ("solitary", "oligo", "multiple"):
        says = f"A benign tumour with metastases ({facts.metastases})."
        yield _doubt("clinical.metastases", says, "Check histology, grade and staging.")
    if facts.metastases == "multiple" and facts.primary_controlled and entry is not None and entry.kind != "metastasis":
        yield _doubt(
            "clinical.primary_controlled", "A controlled primary with multiple metastases of it.", "Check both."
        )


def _fitness(case: Case) -> Iterator[Problem]:
    facts = case.clinical
    if facts.neurology in _PARALYSED and facts.ecog is not None and facts.ecog <= _FIT_ECOG:
        says = f"Neurology {facts.neurology} (no useful movement) does not go with ECOG {facts.ecog}."
        yield _doubt("clinical.ecog", says, "Check both; the scores use them as stated.")


def _plane_and_dura(case: Case) -> Iterator[Problem]:
    """Facts about tissue outside the bone that the typed extent leaves free."""
    if not case.typed_extent or case.label_files:
        return
    layers = {layer for typed in case.typed_extent.values() for layer in typed.layers}
    if case.clinical.anterior_vessel_plane_lost and "A" not in layers:
        says = "The plane to a great vessel is stated as lost, and no tumour is typed in layer A, outside the bone."
        yield _doubt("clinical.anterior_vessel_plane_lost", says, "Add layer A, or mend the fact.")
    if case.clinical.dura_infiltrated and not layers & {"D", "E"}:
        says = "The dura is stated as infiltrated, and no tumour is typed in the canal (layers D, E)."
        yield _doubt("clinical.dura_infiltrated", says, "Add layer D, or mend the fact.")


def _far_levels(case: Case) -> Iterator[Problem]:
    ranked = sorted(case.typed_extent, key=order)
    for upper, lower in itertools.pairwise(ranked):
        between = _between(upper, lower)
        if len(between) >= FAR_APART_LEVELS:
            says = f"{upper} ({region(upper)}) and {lower} ({region(lower)}) are typed at once, with {len(between)} "
            says += "levels free between them: no single resection holds both."
            yield _doubt("extent", says, "Mend the level that is wrong, or plan two tumours as two cases.")


def _between(upper: Level, lower: Level) -> list[Level]:
    between = LEVELS[order(upper) + 1 : order(lower)]
    return [level for level in between if level not in TRANSITIONAL]


def _empty_cells(case: Case) -> Iterator[Problem]:
    for level, typed in case.typed_extent.items():
        if bool(typed.sectors) != bool(typed.layers):
            held, lacking = ("sectors", "layers") if typed.sectors else ("layers", "sectors")
            says = f"{level} has {held} and no {lacking}: tumour has both."
            yield _doubt("extent", says, f"Type the {lacking}, or leave {level} out.")
        if "E" in typed.layers and "D" not in typed.layers:
            says = f"{level}: tumour inside the dura (E) with none outside it (D)."
            yield _doubt("extent", says, "Add D, or check whether it is a tumour of bone at all.")


def _doubt(key: str, says: str, remedy: str) -> Problem:
    return Problem("doubt", f"case.toml: {key}", says, remedy)


_CHECKS: tuple[Callable[[Case], Iterable[Problem]], ...] = (
    _sex,
    _spread,
    _fitness,
    _plane_and_dura,
    _far_levels,
    _empty_cells,
)
