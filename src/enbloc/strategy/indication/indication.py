"""Is en bloc resection right at all? Judged by the table of the histology, before any cut is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from enbloc.classification.extent import Extent, involved_levels
from enbloc.foundation.evidence.classifications import Because, Classification, Finding, Sheet
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.rules import RuleTable, classify
from enbloc.foundation.evidence.verdicts import Verdict, judge_fact
from enbloc.foundation.terms.histology import HISTOLOGIES, Histology
from enbloc.foundation.terms.levels import region
from enbloc.intake.clinical import Clinical
from enbloc.resection.families import enumerate_options
from enbloc.resection.plans import Family
from enbloc.strategy.advice import Indication
from enbloc.strategy.indication.indication_tables import BESIDE, BY_HISTOLOGY, BY_KIND, BY_KIND_BESIDE, EMBOLISE
from enbloc.strategy.indication.noms import judge_noms
from enbloc.strategy.indication.rivals import list_rivals

Answer = Literal["yes", "conditional", "no"]

_BIOPSY = "A biopsy that confirms the histology"


def judge_indication(clinical: Clinical, sheet: Sheet, extent: Extent) -> Indication:
    """Yes, conditional or no, with every reason and the rivals; unknown when no histology is stated.

    Without a confirmed biopsy nothing is recommended: a yes becomes conditional.
    """
    histology = HISTOLOGIES.get(clinical.histology or "")
    if histology is None:
        says = "No histology is stated: whether en bloc is right cannot be said."
        return Indication("unknown", (Reason(says, "ours"),), (), ("The histology", _BIOPSY))
    table = BY_HISTOLOGY.get(histology.word) or BY_KIND[histology.kind]
    findings = {finding.criterion: finding for finding in _find(clinical, sheet, extent)}
    answer = classify(table, findings)
    en_bloc = _one_word(answer.possible)
    because = [*_rows(table, answer), *(_reason(table, b) for b in answer.because), *BESIDE.get(histology.word, ())]
    settle = list(answer.would_settle)
    if clinical.biopsy_confirmed is not True:
        en_bloc = "no" if en_bloc == "no" else "conditional"
        because.insert(0, Reason("No recommendation before biopsy: none is stated to confirm the histology.", "ours"))
        settle.insert(0, _BIOPSY)
    if en_bloc != "no" and findings["feasible"].verdict is Verdict.UNMET:
        en_bloc = "conditional"
        says = "No en bloc family takes this tumour as it lies (see why each was rejected): conditional at most."
        because.append(Reason(says, "ours", (), "PLAN-4"))
    because += BY_KIND_BESIDE.get(histology.kind, ())
    because += [EMBOLISE] if en_bloc != "no" else []
    because += _after(clinical, histology)
    because += _missing(clinical)
    rivals = list_rivals(histology)
    if histology.kind == "metastasis":
        rivals = (*rivals, judge_noms(sheet))
    return Indication(en_bloc, tuple(because), rivals, tuple(settle))


def _one_word(possible: tuple[str, ...]) -> Answer:
    """Conditional when the answers still possible differ."""
    words: Mapping[tuple[str, ...], Answer] = {("yes",): "yes", ("no",): "no"}
    return words.get(possible, "conditional")


def _rows(table: RuleTable, answer: Classification) -> Iterator[Reason]:
    """The rows that are still possible and agree with nothing more than they must: those of a settled answer."""
    verdicts = {because.criterion: because.verdict for because in answer.because}
    for row in table.rows:
        wanted = {name: Verdict.MET if yes else Verdict.UNMET for name, yes in row.when.items()}
        if row.category not in answer.possible or any(_denied(verdicts.get(n), v) for n, v in wanted.items()):
            continue
        sure = all(verdicts.get(name) is verdict for name, verdict in wanted.items())
        if sure or (answer.possible == (row.category,)):
            yield Reason(row.says, row.status, row.cites, row.rule)
        elif row.category != "no":
            yield Reason(f"Still open: {row.says}", row.status, row.cites, row.rule)


def _denied(verdict: Verdict | None, wanted: Verdict) -> bool:
    return verdict not in (None, Verdict.UNDECIDED, wanted)


def _reason(table: RuleTable, because: Because) -> Reason:
    """A condition as asked, its answer, and what it rests on."""
    word = {Verdict.MET: "Yes", Verdict.UNMET: "No", Verdict.UNDECIDED: "Open"}[because.verdict]
    asked = next(criterion.question for criterion in table.criteria if criterion.id == because.criterion)
    from_user = isinstance(because.measured, Unknown) and because.measured.because.startswith("stated")
    status = "stated" if from_user else because.status
    return Reason(f"{asked} {word}. {because.says}", status, () if from_user else because.cites, because.rule)


def _find(clinical: Clinical, sheet: Sheet, extent: Extent) -> Iterator[Finding]:
    spread = clinical.metastases
    said = f"Metastases stated: {spread}." if spread else "Metastases are not stated."
    yield _stated("spread", None if spread is None else spread != "none", said)
    yield _stated("multiple", None if spread is None else spread == "multiple", said)
    yield _stated("one_site", {"solitary": True, "multiple": False}.get(spread or ""), said)
    yield _stated("no_visceral", True if spread == "solitary" else None, said)
    controlled = {
        True: "The primary is stated as controlled.",
        None: "Whether the primary is controlled is not stated.",
    }
    says = controlled.get(
        clinical.primary_controlled, "The primary is not controlled; whether it can be is not stated."
    )
    yield _stated("primary_controlled", clinical.primary_controlled or None, says)
    yield _stated("recurrent", clinical.prior_surgery is True, _prior(clinical))
    yield _stated("performance", None, _performance(clinical))
    yield _stated("radiotherapy_weighed", None, "Whether stereotactic radiotherapy was weighed is not stated.")
    yield _survival(sheet)
    yield _stage_3(sheet)
    yield _feasible(extent, sheet, clinical)


def _stated(criterion: str, fact: bool | None, says: str) -> Finding:
    verdict = judge_fact(fact)
    return Finding(criterion, verdict, Unknown("not stated" if fact is None else f"stated: {says}"), says)


def _prior(clinical: Clinical) -> str:
    said = {True: "Earlier surgery is stated.", False: "No earlier surgery."}
    return (
        said.get(bool(clinical.prior_surgery), "")
        if clinical.prior_surgery is not None
        else "No earlier surgery stated."
    )


def _performance(clinical: Clinical) -> str:
    ecog = f" (ECOG {clinical.ecog} is stated; it is not converted)" if clinical.ecog is not None else ""
    return f"The Karnofsky performance status is not stated{ecog}."


def _survival(sheet: Sheet) -> Finding:
    """By the revised Tokuhashi score; the source of the Tomita bands is not confirmed, so they decide nothing."""
    bands = sheet.answers["tokuhashi"].possible
    decides: Mapping[tuple[str, ...], Verdict] = {("0-8",): Verdict.UNMET, ("12-15",): Verdict.MET}
    verdict = decides.get(bands, Verdict.UNDECIDED)
    tomita = sheet.answers["tomita_score"].possible
    says = f"Revised Tokuhashi score {_or(bands)}, Tomita score {_or(tomita)}."
    return Finding("survival", verdict, Unknown("see the classification"), says)


def _or(bands: tuple[str, ...]) -> str:
    return " or ".join(bands) or "unknown"


def _stage_3(sheet: Sheet) -> Finding:
    possible = sheet.answers["enneking"].possible
    verdict = Verdict.UNDECIDED if "S3" in possible else Verdict.UNMET
    if possible == ("S3",):
        verdict = Verdict.MET
    says = f"Enneking stages possible: {', '.join(possible) or 'none'}."
    return Finding("stage_3", verdict, Unknown("see the classification"), says)


def _feasible(extent: Extent, sheet: Sheet, clinical: Clinical) -> Finding:
    """Does any en bloc family take the tumour? Open for the sacrum, whose resection costs sacral nerves."""
    options, _ = enumerate_options(extent, sheet, clinical)
    families = sorted({option.family for option in options} - {"intralesional"})
    if families and any(region(level) == "sacral" for level in involved_levels(extent)):
        says = f"The anatomy leaves {_words(families)}; whether its cost in sacral nerves is acceptable is open."
        return Finding("feasible", Verdict.UNDECIDED, Unknown("a judgement of surgeon and patient"), says)
    if families:
        return Finding("feasible", Verdict.MET, Unknown("see the options"), f"The anatomy leaves: {_words(families)}.")
    return Finding("feasible", Verdict.UNMET, Unknown("see the options"), "No en bloc family takes this tumour.")


def _after(clinical: Clinical, histology: Histology) -> Iterator[Reason]:
    """What else bears on the decision."""
    if clinical.prior_surgery:
        yield Reason(
            "After earlier surgery local control falls from 90.7% to 54.8%.", "verified",
            ("boriani_oncapprop", "boriani2017"), "MAR-5",
        )  # fmt: skip
    if clinical.prior_radiotherapy and histology.kind == "metastasis":
        yield Reason(
            "In an irradiated field complications rise from 36 to 57%, five-year recurrence from 7 to 24% (matched).",
            "verified", ("yokogawa2023rt",), "MET-9",
        )  # fmt: skip


_NEEDED: tuple[tuple[str, str], ...] = (
    ("metastases", "the stage, and whether en bloc is indicated"),
    ("biopsy_confirmed", "whether anything is recommended"),
    ("prior_surgery", "the approach, and the recurrence to expect"),
    ("prior_radiotherapy", "complications, and failure of the instruments"),
    ("neurology", "the prognostic scores"),
    ("age_years", "which series speak for the patient"),
)
"""Facts that rules ask for, and what each decides."""


def _missing(clinical: Clinical) -> Iterator[Reason]:
    """One sentence of all that is not stated."""
    names = [f"{key.replace('_', ' ')} ({what})" for key, what in _NEEDED if getattr(clinical, key) is None]
    if names:
        yield Reason(f"Not stated: {'; '.join(names)}.", "stated")


def _words(families: list[Family]) -> str:
    return ", ".join(family.replace("_", " ") for family in families)
