"""Published risks and outcomes, and rules of the reconstruction, said once for all plans.

What every plan shares stands in sections of the case; a plan's own list holds what is said of it alone. A rate is shown
with its count, the interval that the count allows, who was in the series and how this patient differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import attrs

from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.report.document import Fact, Note, ReportInput, Section, Table
from enbloc.report.notes import Citations, is_source_open, make_note, note_reasons
from enbloc.report.phrases import measured_words, number_words
from enbloc.report.rebuilding import failure_reasons, rebuilding_reasons
from enbloc.resection.plans import Plan, Risk

RATES_TITLE = "How often it goes wrong, as published"
_FACTOR, _RECURRENCE, _ANY = "factor", "local recurrence", "any complication"
_NONE_KNOWN = "no difference known"
_ALL = "all"


def rates_section(walked: ReportInput, citations: Citations) -> Section | None:
    """Rates of complications, death and failure, and the factors that hold for every plan."""
    rows = _gathered(walked.plans, lambda risk: isinstance(risk.rate, Estimate) and not risk.arms)
    factors = _common(_lists(walked.plans, _factors))
    if not rows and not factors:
        return None
    cells = tuple(
        (_outcome(row), measured_words(row.risk.rate), _counted(row.risk), _series(row.risk), row.differs)
        for row in rows
    )
    head = ("Outcome", "Share (95 %)", "Patients", "Series", "How this patient differs", "Source")
    table = Table(head, cells, _sources(rows, citations), (1.7, 1.3, 1.1, 3.0, 1.8, 1.0))
    return Section(RATES_TITLE, note_reasons(factors, citations), (), table if rows else None)


def recurrence_section(walked: ReportInput, citations: Citations) -> Section | None:
    """Local recurrence with and without the margin asked for, both sides with their intervals."""
    rows = _gathered(walked.plans, lambda risk: bool(risk.arms), whose=False)
    if not rows:
        return None
    cells = tuple(
        (
            _capital(row.risk.arms[0][0]),
            _arm(row.risk.arms[0][1]),
            "; ".join(what for what, _ in row.risk.arms[1:]),
            "; ".join(_arm(share) for _, share in row.risk.arms[1:]),
            _series(row.risk),
            row.differs,
        )
        for row in rows
    )
    head = ("With", "Recurred", "Against", "Recurred", "Series", "How this patient differs", "Source")
    table = Table(head, cells, _sources(rows, citations), (1.5, 1.3, 1.2, 1.3, 2.4, 1.4, 1.0))
    return Section("Local recurrence by margin, as published", table=table)


def outcome_section(walked: ReportInput, citations: Citations) -> Section | None:
    """Whatever is printed as a sentence: ranges, blood and time, survival."""
    rows = _gathered(walked.plans, lambda risk: _is_sentence(risk) and risk.about != _FACTOR)
    if not rows:
        return None
    cells = tuple((r.risk.says, _size(r.risk), r.risk.population or "–", r.differs) for r in rows)
    head = ("As published", "Patients", "Series", "How this patient differs", "Source")
    table = Table(head, cells, _sources(rows, citations), (4.2, 0.8, 2.2, 1.6, 1.0))
    return Section("Blood, time and outcome, as published", table=table)


def reconstruction_section(walked: ReportInput, citations: Citations) -> Section | None:
    """Rules of the reconstruction and its failure that hold for every plan that is rebuilt."""
    shared = _common(_lists(walked.plans, _rebuilding))
    return Section("Reconstruction of every plan", note_reasons(shared, citations)) if shared else None


def said_once(plans: Sequence[Plan]) -> frozenset[Reason]:
    """The reasons of plans that the sections say, so that no plan repeats them."""
    told = (risk for plan in plans for risk in plan.risks if isinstance(risk, Risk))
    rows = (risk for risk in told if risk.about != _FACTOR and (risk.population or risk.arms))
    return frozenset((*rows, *_common(_lists(plans, _factors)), *_common(_lists(plans, _rebuilding))))


def risk_facts(plan: Plan) -> tuple[Fact, ...]:
    """What the published series say for one plan, in a line each."""
    risks = tuple(risk for risk in plan.risks if isinstance(risk, Risk))
    rates = [risk.rate for risk in risks if risk.about == _ANY and isinstance(risk.rate, Estimate)]
    facts = []
    if rates:
        low, high = (number_words(100.0 * end(r.value for r in rates), 0) for end in (min, max))
        facts.append(Fact("Any complication, as published", f"{low} to {high} % ({len(rates)} series)"))
    compared = next((risk for risk in risks if risk.about == _RECURRENCE and risk.arms), None)
    if compared is not None:
        known = isinstance(compared.rate, Estimate)
        both = "; ".join(f"{measured_words(share)} with {what}" for what, share in compared.arms)
        words = measured_words(compared.rate) if known else both
        facts.append(Fact("Local recurrence, as published", words))
    return tuple(facts)


@attrs.frozen
class _Row:
    """A risk, the plans that it speaks for (`_ALL` or their ids), and how the patient differs in each of them."""

    risk: Risk
    plans: str
    differs: str


def _gathered(plans: Sequence[Plan], wanted: Callable[[Risk], bool], whose: bool = True) -> tuple[_Row, ...]:
    """Risks that are wanted, each once, those about one outcome together."""
    found: dict[Risk, dict[str, tuple[str, ...]]] = {}
    asked = [plan.id for plan in plans if any(isinstance(r, Risk) and wanted(r) for r in plan.risks)]
    for plan in plans:
        for risk in plan.risks:
            if isinstance(risk, Risk) and wanted(risk):
                key = attrs.evolve(risk, differs=())
                key = key if whose else attrs.evolve(key, rate=Unknown("by margin"), n=None)
                found.setdefault(key, {})[plan.id] = risk.differs
    outcomes = list(dict.fromkeys(risk.about for risk in found))
    rows = (_Row(r, _ALL if list(by) == asked else ", ".join(by), _say_differs(by)) for r, by in found.items())
    return tuple(sorted(rows, key=lambda row: outcomes.index(row.risk.about)))


def _say_differs(by_plan: Mapping[str, tuple[str, ...]]) -> str:
    """What holds for every plan, then what holds for some alone; that nothing is known where nothing is."""
    each = tuple(by_plan.values())
    parts = [says for says in each[0] if all(says in other for other in each[1:])]
    alone: dict[str, list[str]] = {}
    for plan, differs in by_plan.items():
        for says in differs:
            if says not in parts:
                alone.setdefault(says, []).append(plan)
    parts += [f"for {', '.join(ids)}: {says}" for says, ids in alone.items()]
    return "; ".join(parts) or _NONE_KNOWN


def _lists(plans: Iterable[Plan], of: Callable[[Plan], tuple[Reason, ...]]) -> Iterator[tuple[Reason, ...]]:
    """What a function finds in each plan in which it finds something."""
    yield from (reasons for plan in plans if (reasons := of(plan)))


def _common(lists: Iterable[tuple[Reason, ...]]) -> tuple[Reason, ...]:
    """Reasons that stand in every list, in the order of the first."""
    lists = tuple(lists)
    return tuple(reason for reason in lists[0] if all(reason in other for other in lists[1:])) if lists else ()


def _factors(plan: Plan) -> tuple[Reason, ...]:
    return tuple(risk for risk in plan.risks if isinstance(risk, Risk) and risk.about == _FACTOR)


def _rebuilding(plan: Plan) -> tuple[Reason, ...]:
    return (*rebuilding_reasons(plan.reconstruction), *failure_reasons(plan.reconstruction))


def _is_sentence(risk: Risk) -> bool:
    return bool(risk.population) and isinstance(risk.rate, Unknown) and not risk.arms


def _outcome(row: _Row) -> str:
    words = _capital(row.risk.about)
    return words if row.plans == _ALL else f"{words} (for {row.plans})"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _counted(risk: Risk) -> str:
    """``"100/216"``, or ``"79% of 113"`` where only the share is printed."""
    return risk.counted if "%" in risk.counted else risk.counted.replace(" of ", "/")


def _series(risk: Risk) -> str:
    return f"{risk.population} ({risk.beside})" if risk.beside else risk.population


def _size(risk: Risk) -> str:
    return str(risk.n) if risk.n is not None else "not read"


def _arm(share: Estimate) -> str:
    """``"14 of 70: 20 % (12 to 31)"``."""
    return f"{share.because.split(';')[0]}: {measured_words(share)}"


def _sources(rows: Iterable[_Row], citations: Citations) -> tuple[Note, ...]:
    """The status, rule and sources of each row, without words."""
    notes = (make_note(row.risk, citations) for row in rows)
    return tuple(Note("", note.status, note.cites, note.rule, is_source_open(note.cites, citations)) for note in notes)
