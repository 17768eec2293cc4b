"""How near the border the case lies: every answer with the tumour's label grown and shrunken, as a small table."""

from __future__ import annotations

from enbloc.classification.sensitivity import Variant
from enbloc.foundation.evidence.classifications import Classification
from enbloc.report.document import Note, ReportInput, Section, Table
from enbloc.report.notes import Citations
from enbloc.report.phrases import joined, number_words
from enbloc.report.system_names import SYSTEM_NAMES

SAME = "same"
_SAYS = (
    "Every answer again, with the tumour's surface moved outwards (+) or inwards (−) and everything else as it is. "
    "An answer that changes within the error of the outline is near its border."
)


def sensitivity_section(walked: ReportInput, _: Citations) -> Section | None:
    """One row for each system that applies to any of the labels; None where nothing was tried."""
    if walked.sheet is None or not walked.sensitivity:
        return None
    head = ("System", "As outlined", *(step_words(variant) for variant in walked.sensitivity))
    rows = [("Tumour", "", *(f"{number_words(variant.tumour_ml, 1)} ml" for variant in walked.sensitivity))]
    for system, answer in walked.sheet.answers.items():
        others = [changed_words(system, answer, variant) for variant in walked.sensitivity]
        if answer.applies or any(words is not None for words in others):
            words = (SAME if other is None else other for other in others)
            rows.append((SYSTEM_NAMES.get(system, system), possible_words(answer), *words))
    return Section("How near the border", (Note(_SAYS, "measured"),), table=Table(head, tuple(rows)))


def step_words(variant: Variant) -> str:
    """``"+2 mm"``, or the name of another program's label."""
    if variant.by_mm is None:
        return variant.words
    sign = "+" if variant.by_mm > 0 else "\N{MINUS SIGN}"
    return f"{sign}{abs(variant.by_mm):g} mm"


def changed_words(system: str, answer: Classification, variant: Variant) -> str | None:
    """What a system says of another label, or None when it says the same."""
    other = variant.answers.get(system)
    if other is None:
        return variant.why_none
    if (other.applies, other.possible, other.score) == (answer.applies, answer.possible, answer.score):
        return None
    return possible_words(other)


def possible_words(answer: Classification) -> str:
    """``"IA or IB"``, ``"6 to 8 points"``; of WBB's two records the least and the most."""
    if not answer.applies:
        return "does not apply"
    if answer.score is not None:
        low, high = answer.score.low, answer.score.high
        return f"{low} points" if low == high else f"{low} to {high} points"
    last = "up to" if answer.system == "wbb" else "or"
    return joined(answer.possible, last).replace(" (SOSG)", "") or "none fits"
