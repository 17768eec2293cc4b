"""What can go wrong and how often: published figures for this plan, and how this patient differs from each series.

Strategy: every row of the tables whose conditions fit is turned into a `Risk`: a rate with its count and the interval
that the count allows (Wilson, 95 %; arithmetic of ours), the population, and the points in which the patient is not
like it. Factors that are present are listed beside the rates; nothing is multiplied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import sqrt
from typing import cast

import attrs

from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.items import item
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.verdicts import Verdict, judge_fact
from enbloc.foundation.terms.histology import HISTOLOGIES, Histology
from enbloc.foundation.terms.levels import region
from enbloc.intake.clinical import Clinical
from enbloc.resection.plans import Plan, Risk
from enbloc.strategy.outcome.risk_tables import (
    AFTER_EARLIER_SURGERY,
    BALLOON,
    BLOOD_AND_TIME,
    FAILURE_POOLED,
    FAILURES,
    MANY_LEVELS_TIME,
    NOT_COMBINED,
    OUTCOMES,
    PREDICTORS,
    RANGES,
    RATES,
    RECURRENCE,
    Fits,
    Predictor,
    Rate,
    Recurrence,
    Statement,
)

_Z = 1.96
_LONG_RESECTION_LEVELS = 4
_MIXED = "a mixed series"
_SEVERAL = "several histologies together"
_ADJUVANT_FIRST = ("osteosarcoma", "ewing_sarcoma")


@attrs.frozen
class _Patient:
    """What the tables ask of a patient and a plan."""

    histology: Histology | None
    regions: frozenset[str]
    family: str
    clinical: Clinical


def list_risks(plan: Plan, clinical: Clinical) -> tuple[Risk, ...]:
    """Everything published that speaks for this plan, by kind: complications, factors, blood, recurrence, survival.

    A plan without a resection has none; removal in pieces has recurrence and survival only, because the series of
    complications are of en bloc resections.
    """
    if plan.family == "none":
        return ()
    patient = _Patient(
        HISTOLOGIES.get(clinical.histology or ""), frozenset(map(region, plan.levels)), plan.family, clinical
    )
    outcome = (*_recurrence(plan, patient), *_told(OUTCOMES, patient))
    if clinical.prior_surgery:
        outcome = (*outcome, *_told(AFTER_EARLIER_SURGERY, patient))
    if plan.family == "intralesional":
        return (*outcome, _no_rate())
    complications = (*(_rate(rate, patient) for rate in RATES if _fits(rate.fits, patient)), *_told(RANGES, patient))
    long = (MANY_LEVELS_TIME,) if len(plan.levels) >= _LONG_RESECTION_LEVELS else ()
    return (
        *complications,
        *_factors(plan, patient),
        *_told((*BLOOD_AND_TIME, *long, BALLOON), patient),
        *outcome,
    )


def list_failures(plan: Plan, clinical: Clinical) -> tuple[Risk, ...]:
    """How often the instruments failed after resections of vertebral bodies; for a plan that is rebuilt."""
    patient = _Patient(
        HISTOLOGIES.get(clinical.histology or ""), frozenset(map(region, plan.levels)), plan.family, clinical
    )
    return (*(_rate(rate, patient) for rate in FAILURES), *_told((FAILURE_POOLED,), patient))


def wilson(events: int, n: int) -> Estimate:
    """A share with its 95 % interval after Wilson, from a count."""
    share = events / n
    middle = (share + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
    half = _Z / (1 + _Z * _Z / n) * sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Estimate(share, min(low, share), max(high, share), "fraction", f"{events} of {n}; Wilson interval, 95 %")


def _fits(fits: Fits, patient: _Patient) -> bool:
    """Does a row speak for this patient? What is not known of the patient rules a row out."""
    histology = patient.histology
    age = patient.clinical.age_years
    return (
        (not fits.histologies or (histology is not None and histology.word in fits.histologies))
        and (not fits.kinds or (histology is not None and histology.kind in fits.kinds))
        and (not fits.regions or bool(patient.regions & set(fits.regions)))
        and (not fits.families or patient.family in fits.families)
        and (fits.least_age_years is None or (age is not None and age > fits.least_age_years))
    )


def _differs(series: Fits, patient: _Patient) -> tuple[str, ...]:
    """In which points the patient is not like the series."""
    said = [_MIXED] if series == Fits() else [_SEVERAL] if not series.histologies else []
    if series.regions and not patient.regions <= set(series.regions):
        said.append(f"the series is {_or(series.regions)}, this tumour {_or(sorted(patient.regions))}")
    if series.families and patient.family not in series.families:
        said.append(f"the series is of {_or(series.families)}, this plan of {patient.family.replace('_', ' ')}")
    histology = patient.histology
    if series.histologies and histology is not None and histology.word not in series.histologies:
        said.append(f"the series is of {_or(series.histologies)}, this tumour is {histology.word.replace('_', ' ')}")
    if series.kinds and histology is not None and histology.kind not in series.kinds:
        said.append(f"the series is of {_or(series.kinds)}, this tumour is {histology.kind.replace('_', ' ')}")
    return (*said, *_treated(patient))


def _treated(patient: _Patient) -> tuple[str, ...]:
    """Earlier treatment, which sets a patient apart from any series."""
    operated = ("this patient was operated on before (most of a series were not)",)
    irradiated = ("this patient was irradiated before",)
    return (operated if patient.clinical.prior_surgery else ()) + (
        irradiated if patient.clinical.prior_radiotherapy else ()
    )


def _or(words: Iterable[str]) -> str:
    return " or ".join(word.replace("_", " ") for word in words)


def _rate(rate: Rate, patient: _Patient) -> Risk:
    known = item(rate.item)
    events = rate.events if rate.events is not None else round(rate.percent * rate.n / 100.0)
    counted = f"{events} of {rate.n}" if rate.events is not None else f"{rate.percent:g}% of {rate.n}"
    more = f" ({rate.says})" if rate.says else ""
    says = f"{rate.outcome.capitalize()}: {counted}, {known.population}{more}."
    risk = _risk(rate.rule, rate.item, rate.outcome, says)
    risk = attrs.evolve(risk, counted=counted, beside=rate.says)
    return risk.with_figures(wilson(events, rate.n), rate.n, _differs(rate.series, patient))


def _risk(rule: str, item_id: str, about: str, says: str, status: str = "") -> Risk:
    known = item(item_id)
    return Risk(
        says=says,
        status=cast(Status, status) if status else known.status,
        cites=known.cites,
        rule=rule or item_id,
        about=about,
        n=known.n,
        population=known.population,
    )


def _told(statements: Iterable[Statement], patient: _Patient) -> Iterator[Risk]:
    for one in statements:
        if _fits(one.fits, patient):
            risk = _risk(one.rule, one.item, one.about, one.says, one.status)
            yield attrs.evolve(risk, differs=_treated(patient))


def _recurrence(plan: Plan, patient: _Patient) -> Iterator[Risk]:
    for row in RECURRENCE:
        if _fits(row.fits, patient):
            yield from _one_recurrence(row, plan, patient)


def _one_recurrence(row: Recurrence, plan: Plan, patient: _Patient) -> Iterator[Risk]:
    """One row; the rate given is that of the margin which this plan promises, none while that is open."""
    shown = [f"{events} of {n} with {what}" for what, (events, n) in _counts(row)]
    says = f"Local recurrence: {', '.join(shown) or f'{row.better} against {row.worse}'}"
    risk = _risk(row.rule, row.item, "local recurrence", says + (f"; {row.says}." if row.says else "."), row.status)
    arms = tuple((what, wilson(*count)) for what, count in _counts(row))
    risk = attrs.evolve(risk, arms=arms, beside=row.says, differs=_differs(row.fits, patient))
    promised = row.better_n if plan.enneking_appropriate else row.worse_n
    if promised is None or plan.enneking_appropriate is None:
        yield risk
        return
    yield risk.with_figures(wilson(*promised), promised[1], risk.differs)


def _counts(row: Recurrence) -> Iterator[tuple[str, tuple[int, int]]]:
    for what, count in ((row.better, row.better_n), (row.worse, row.worse_n)):
        if count is not None:
            yield what, count


def _no_rate() -> Risk:
    says = "Complications of removal in pieces: no rate is in the evidence; the series are of en bloc resections."
    return Risk(says=says, status="ours", about="any complication")


def _factors(plan: Plan, patient: _Patient) -> Iterator[Risk]:
    """The published factors: those present, and those that nobody stated; the absent ones are left out."""
    present = _present(plan, patient)
    for predictor in PREDICTORS:
        verdict = present[predictor.asks]
        if verdict is not Verdict.UNMET:
            yield _factor(predictor, "Present" if verdict is Verdict.MET else "Not stated")
    yield Risk(says=NOT_COMBINED, status="ours", about="factor")


def _factor(predictor: Predictor, word: str) -> Risk:
    return _risk(predictor.rule, predictor.item, "factor", f"{word}: {predictor.says}.", predictor.status)


def _present(plan: Plan, patient: _Patient) -> Mapping[str, Verdict]:
    clinical = patient.clinical
    metastasis = None if patient.histology is None else patient.histology.kind == "metastasis"
    lumbar = "lumbar" in patient.regions
    first = None if patient.histology is None else patient.histology.word in _ADJUVANT_FIRST
    return {
        "combined_approach": judge_fact(len(plan.approach) > 1),
        "chemotherapy_first": judge_fact(first),
        "irradiated": judge_fact(clinical.prior_radiotherapy),
        "many_levels": judge_fact(len(plan.levels) > 1),
        "frailty": Verdict.UNDECIDED,
        "age": judge_fact(True if clinical.age_years is not None else None) if lumbar else Verdict.UNMET,
        "lumbar_metastasis": judge_fact(metastasis) if lumbar else Verdict.UNMET,
        "earlier_surgery": judge_fact(clinical.prior_surgery),
        "lumbar": judge_fact(lumbar),
        "staged": judge_fact(plan.sessions > 1),
        "blood_loss": Verdict.UNDECIDED,
        "reoperation_hypervascular": judge_fact(False) if clinical.prior_surgery is False else Verdict.UNDECIDED,
        "lung": Verdict.UNDECIDED,
        "severe_frailty": Verdict.UNDECIDED,
    }
