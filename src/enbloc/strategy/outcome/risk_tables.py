"""Published rates of what can go wrong: series, predictors, blood and time, recurrence by margin, survival.

Every figure is one that a source prints; the evidence item that holds it is named, and a test finds it there. Which
rows speak for a patient stands beside them; nothing is combined into a score, because no coefficients are published.
"""

from __future__ import annotations

from typing import Literal

import attrs

Outcome = Literal[
    "any complication",
    "major complication",
    "death from surgery",
    "new neurological deficit",
    "failure of the instruments",
    "fracture of a rod",
]


@attrs.frozen
class Fits:
    """For whom a row speaks; an empty field means everybody.

    Parameters
    ----------
    histologies, kinds : tuple of str
        Words and kinds of ``foundation.terms.histology``.
    regions : tuple of str
        Of the resected levels.
    families : tuple of str
    least_age_years : float or None
    """

    histologies: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    least_age_years: float | None = None


@attrs.frozen
class Rate:
    """The rate of one outcome in one series.

    Parameters
    ----------
    rule, item : str
        Row of the knowledge tables, and evidence item that holds the figure.
    outcome : Outcome
    events : int or None
        None when only a percentage is printed.
    percent : float
    n : int
    fits : Fits
        Who the row is shown for.
    series : Fits
        Who the series held; where this patient differs, it is said.
    says : str
        What must be known of the figure.
    """

    rule: str
    item: str
    outcome: Outcome
    events: int | None
    percent: float
    n: int
    fits: Fits = Fits()
    series: Fits = Fits()
    says: str = ""


_MOBILE = ("cervical", "thoracic", "lumbar")
_TRUNK = ("thoracic", "lumbar")
_BODY = ("vertebrectomy",)
_PRIMARY = ("primary_malignant", "primary_benign")
_TES = Fits(families=_BODY, regions=_TRUNK)

RATES: tuple[Rate, ...] = (
    Rate("RAT-1", "RISK-01", "any complication", 100, 46.2, 216),
    Rate("RAT-1", "RISK-01", "death from surgery", 7, 3.2, 216, says="the paper prints 4.6%, which 7 of 216 is not"),
    Rate("RAT-2", "RISK-02", "any complication", 47, 34.3, 134,
        says="45.7% of 35 operated on before, 31.3% of 99 untouched"),
    Rate("RAT-2", "RISK-02", "death from surgery", 3, 2.2, 134),
    Rate("RAT-3", "RISK-03", "any complication", 149, 50.0, 298, says="54% of them of grade 3"),
    Rate("RAT-4", "RISK-04", "major complication", None, 39.7, 307, _TES, _TES,
        says="more than 2 l of blood 19.5%, hardware 26.7%, respiratory 16.9%, leak of fluid 14.7%, infection 7.5%"),
    Rate("RAT-4", "RISK-04", "death from surgery", None, 1.3, 307, _TES, _TES, says="within two months"),
    Rate("RAT-4", "RISK-04", "new neurological deficit", None, 15.0, 307, _TES, _TES),
    Rate("RAT-5", "RISK-06", "any complication", 86, 51.0, 169, _TES, Fits(families=_BODY)),
    Rate("RAT-6", "RISK-05", "any complication", None, 72.1, 86, Fits(regions=_TRUNK), Fits(regions=_TRUNK)),
    Rate("RAT-6", "RISK-05", "major complication", None, 20.9, 86, Fits(regions=_TRUNK), Fits(regions=_TRUNK)),
    Rate("RAT-6", "RISK-05", "death from surgery", None, 1.2, 86, Fits(regions=_TRUNK), Fits(regions=_TRUNK)),
    Rate("RAT-7", "RISK-11", "any complication", None, 42.5, 374, Fits(kinds=_PRIMARY), Fits(kinds=_PRIMARY),
        says="during surgery 17.9%, within three months after it 31.3%"),
    Rate("RAT-8", "RISK-31", "any complication", None, 79.0, 113,
        says="recorded prospectively; reoperation 19%, intensive care 28%"),
    Rate("RAT-9", "RISK-10", "any complication", None, 50.0, 145, Fits(regions=("lumbar",)), Fits(regions=("lumbar",))),
    Rate("RAT-10", "RISK-13", "any complication", None, 64.0, 37, Fits(least_age_years=60.0),
        Fits(least_age_years=60.0),
        says="early ones; 3 of 37 died within a week; only 14 of 37 had not been treated before"),
    Rate("RAT-11", "RISK-29", "major complication", None, 32.3, 31, Fits(families=("chest_wall_combined",)),
        Fits(families=("chest_wall_combined",)), says="delayed ones 35.5%"),
    Rate("RAT-12", "OUT-17", "any complication", None, 80.9, 71, Fits(regions=("sacral",)),
        Fits(regions=("sacral",), histologies=("chordoma",)), says="infection 41.2%"),
    Rate("RAT-14", "RISK-34", "new neurological deficit", 26, 37.0, 71, _TES, Fits(families=_BODY),
        says="14 of 40 intact patients lost function, all regained it within three months; 22 of 31 weak improved"),
)  # fmt: skip
"""Section 12.1; RAT-13 is a range of rates and stands in `RANGES`."""

FAILURES: tuple[Rate, ...] = (
    Rate("RECO-9", "REC-01", "failure of the instruments", None, 32.4, 136, Fits(), Fits(families=_BODY),
        says="free of it 75.8% at five years, 56.9% at ten"),
    Rate("RECO-9", "REC-11", "failure of the instruments", 26, 42.6, 61, Fits(), Fits(families=_BODY)),
    Rate("RECO-9", "REC-03", "fracture of a rod", 12, 37.5, 32, Fits(), Fits(families=_BODY),
        says="after 29 months on average"),
)  # fmt: skip
"""Shown for every plan that is rebuilt."""


@attrs.frozen
class Statement:
    """Something published that is no single rate, in words, for those whom it fits."""

    rule: str
    item: str
    about: str
    says: str
    fits: Fits = Fits()
    status: str = ""
    """Empty: that of the evidence item."""


_SACRUM = Fits(regions=("sacral",))
_LUMBAR = Fits(regions=("lumbar",))
_CHORDOMA = Fits(histologies=("chordoma",), regions=_MOBILE)
_METASTASIS = Fits(kinds=("metastasis",))

RANGES: tuple[Statement, ...] = (
    Statement("RAT-13", "RISK-12", "any complication",
        "Published series range from 13 to 73.7% complications in the mobile spine.", Fits(regions=_MOBILE)),
    Statement("RAT-13", "RISK-12", "death from surgery",
        "Published series range from 0 to 7.7% deaths in the mobile spine.", Fits(regions=_MOBILE)),
    Statement("RAT-13", "RISK-12", "any complication",
        "Published series reach 100% complications and 0 to 27% deaths in the sacrum.", _SACRUM),
)  # fmt: skip

FAILURE_POOLED = Statement(
    "RECO-9",
    "REC-05",
    "failure of the instruments",
    "All resections of spine tumours together: 10% failed (38 studies).",
)
BLOOD_AND_TIME: tuple[Statement, ...] = (
    Statement("EBL-1", "RISK-19", "blood and time",
        "Posterior total en bloc spondylectomy under sight (n 71): 305 min, 1000 ml (400-4000).", _TES),
    Statement("EBL-2", "RISK-05", "blood and time",
        "En bloc resection with a printed body (n 86): 559 min, 1528 ml.", Fits(regions=_TRUNK)),
    Statement("EBL-3", "APP-02", "blood and time", "Posterior at L4 (n 9): 282 min, 2421 ml.", _LUMBAR),
    Statement("EBL-4", "APP-03", "blood and time",
        "L3-L5, posterior then anterior (n 7): 3570 ml (941-6413).", _LUMBAR),
    Statement("EBL-5", "ANA-08", "blood and time", "Lumbar chondrosarcoma (n 29): 265 min, 2150 ml.",
        Fits(histologies=("chondrosarcoma",), regions=("lumbar",))),
    Statement("EBL-7", "RISK-23", "blood and time",
        "Sacrum (n 215): 2963 ml in all with an aortic balloon, 4337 ml without.", _SACRUM),
    Statement("EBL-8", "RISK-20", "blood and time",
        "Embolisation saves 324 ml when pooled (interval as printed 89-1641), yet the same paper calls 1716 and "
        "1786 ml similar; it is for tumours that are hypervascular on angiography.", Fits(), "verified"),
    Statement("PRE-13", "RISK-22", "blood and time",
        "Operating within 24 hours of a complete embolisation saves 233 ml (n 390; 95% 76-391)."),
)  # fmt: skip
MANY_LEVELS_TIME = Statement("EBL-6", "RISK-26", "blood and time", "Four or five levels (n 9): 713 min on average.")
BALLOON = Statement(
    "EBL-9", "RISK-24", "blood and time",
    "An aortic balloon is left out with dissection or aneurysm, a renal artery below the disc L2-L3, an age above 70 "
    "or below 12, hypertension of stage 2, an earlier balloon or an unstable plaque.",
    _SACRUM,
)  # fmt: skip


@attrs.frozen
class Recurrence:
    """Local recurrence by margin: how many of how many, with the margin asked for and without it.

    `better` and `worse` name what is compared; counts are None where only an effect is printed.
    """

    rule: str
    item: str
    better: str
    better_n: tuple[int, int] | None
    worse: str
    worse_n: tuple[int, int] | None
    fits: Fits
    says: str = ""
    status: str = ""


_EA, _EI = "the margin that Enneking asks for", "less than it"
RECURRENCE: tuple[Recurrence, ...] = (
    Recurrence("MAR-1", "OUT-01", _EA, (14, 70), _EI, (57, 77), Fits(kinds=_PRIMARY),
        "mortality hazard ratio 3.10 without it; odds of death after a recurrence 4.69"),
    Recurrence("MAR-2", "OUT-03", _EA, (1, 51), _EI, (7, 35), Fits(kinds=_PRIMARY, regions=_MOBILE)),
    Recurrence("MAR-3", "OUT-03", _EA, (5, 28), _EI, (4, 5), Fits(kinds=_PRIMARY, regions=("sacral",))),
    Recurrence("MAR-4", "OUT-02", "en bloc", None, "debulking", None, Fits(),
        "odds ratio of recurrence 0.19 (95% 0.13-0.28), hazard ratio of death 0.45 (0.32-0.62), of recurrence or death "
        "0.37 (0.17-0.8)"),
    Recurrence("MAR-6", "OUT-06", _EA, (6, 39), _EI, (11, 38), Fits(histologies=("giant_cell_tumour",)), "p 0.151"),
    Recurrence("MAR-7", "OUT-07", "total en bloc spondylectomy", (0, 9), "curettage", (24, 30),
        Fits(histologies=("giant_cell_tumour",))),
    Recurrence("MAR-8", "OUT-08", "en bloc", (2, 13), "intralesional", (5, 27), Fits(histologies=("osteoblastoma",)),
        "stage S3; earlier surgery decides more than the margin"),
    Recurrence("MAR-9", "OUT-27", "en bloc with a clear margin", None, "otherwise", None, _CHORDOMA,
        "free of local recurrence at ten years 83% against 35%"),
    Recurrence("MAR-10", "OUT-10", _EA, None, _EI, None, _CHORDOMA,
        "hazard ratio of recurrence about 7 without it", "unverified/medium"),
    Recurrence("MAR-12", "APP-10", "an intact specimen (types I, II)", (10, 40), "a broken one", (22, 30),
        Fits(regions=("sacral",), kinds=("primary_malignant",))),
)  # fmt: skip
"""Section 13. MAR-5 (treated before), MAR-11 (recurrent chordoma), MAR-13 and MAR-14 are statements."""

AFTER_EARLIER_SURGERY: tuple[Statement, ...] = (
    Statement("MAR-5", "OUT-28", "local recurrence",
        "After earlier treatment local control falls from 90.7 to 54.8% (n 125)."),
    Statement("MAR-11", "OUT-11", "local recurrence",
        "Recurrent chordoma: hazard ratio of a further recurrence 7.92 with a positive margin (95% 1.02-61.5; n 30).",
        Fits(histologies=("chordoma",))),
)  # fmt: skip
OUTCOMES: tuple[Statement, ...] = (
    Statement("MAR-13", "OUT-20", "local recurrence",
        "Of 5 local recurrences among 18 metastases taken out en bloc, 4 had a positive margin.", _METASTASIS),
    Statement("MET-8", "OUT-20", "local recurrence",
        "A positive margin explains the local recurrences, not the distant relapses (13 of 18).", _METASTASIS),
    Statement("MAR-14", "OUT-13", "survival", "Chondrosarcoma: 23 of 37 with a local recurrence died.",
        Fits(histologies=("chondrosarcoma",))),
    Statement("MAR-14", "OUT-14", "survival", "Osteosarcoma: 10 of 17 with a local recurrence died.",
        Fits(histologies=("osteosarcoma",))),
    Statement("IH-03", "OUT-13", "survival",
        "Chondrosarcoma: median survival 8.4 years, local recurrence 35% over all margins (n 111).",
        Fits(histologies=("chondrosarcoma",))),
    Statement("IH-04", "OUT-14", "survival",
        "Osteosarcoma: median survival 6.7 years, local recurrence 30% over all margins (n 58).",
        Fits(histologies=("osteosarcoma",))),
    Statement("IH-06", "OUT-15", "survival",
        "Ewing sarcoma: hazard ratio of death with surgery 0.494 (95% 0.26-0.96), median survival 90 months.",
        Fits(histologies=("ewing_sarcoma",))),
    Statement("IH-03", "OUT-15", "survival",
        "Chondrosarcoma: hazard ratio of death with surgery 0.153 (95% 0.07-0.36), median survival 88 months.",
        Fits(histologies=("chondrosarcoma",))),
    Statement("IH-04", "OUT-15", "survival",
        "Osteosarcoma: hazard ratio of death with surgery 0.382 (95% 0.21-0.69), median survival 18 months.",
        Fits(histologies=("osteosarcoma",))),
    Statement("IH-01", "OUT-15", "survival",
        "Chordoma: hazard ratio of death with surgery 0.617 (95% 0.25-0.98), median survival 96 months.",
        Fits(histologies=("chordoma",))),
    Statement("", "OUT-16", "survival",
        "Sacral chordoma (n 56): alive at 5, 10 and 15 years 97, 71 and 47%; free of recurrence 65% at 5, 52% at 10.",
        Fits(histologies=("chordoma",), regions=("sacral",))),
    Statement("RAT-3", "RISK-03", "survival",
        "All en bloc resections of one centre (n 298): alive at ten years 67% (95% 59-74)."),
    Statement("MET-2", "OUT-19", "survival",
        "Metastases taken out en bloc (n 124): alive at 3 years 70%, at 5 years 60%; local recurrence 10%, implant "
        "failure 22%.", _METASTASIS),
    Statement("MET-3", "OUT-19", "survival", "Thyroid metastases survive best of that series.",
        Fits(histologies=("thyroid_carcinoma",))),
    Statement("MET-4", "OUT-21", "survival",
        "Renal cell: removal betters local control (p 0.043), not survival (p 0.75); targeted drugs do (p 0.012).",
        Fits(histologies=("renal_cell_carcinoma",))),
    Statement("BAR-6", "BAR-02", "local recurrence",
        "Chondrosarcoma with an intact barrier: free of local recurrence at ten years 89% (standard error or spread "
        "10.5; 68 patients, 22 of them axial).", Fits(histologies=("chondrosarcoma",))),
)  # fmt: skip


@attrs.frozen
class Predictor:
    """A published factor of complications. `asks` names the fact of the patient or the plan that makes it present."""

    rule: str
    item: str
    asks: str
    says: str
    status: str = ""


PREDICTORS: tuple[Predictor, ...] = (
    Predictor("PRE-1", "RISK-01", "combined_approach",
        "a combined approach: an independent factor of one series, p 0.052 in a second"),
    Predictor("PRE-2", "RISK-01", "chemotherapy_first", "chemotherapy before the resection: an independent factor"),
    Predictor("PRE-3", "RISK-08", "irradiated",
        "earlier radiotherapy: 57 against 36% complications when matched, 78 against 19% in the thoracic spine"),
    Predictor("PRE-4", "RISK-06", "many_levels",
        "more vertebrae resected: odds ratio 1.87 (its unit was not read); 1.01 events with one level, 1.56 with more "
        "than two"),
    Predictor("PRE-5", "RISK-06", "frailty",
        "a high five-item frailty index: odds ratio 2.99 (its cut-off was not read)"),
    Predictor("PRE-6", "RISK-10", "age", "age: odds ratio 1.04 per year in the lumbar spine"),
    Predictor("PRE-7", "RISK-10", "lumbar_metastasis",
        "a metastasis: odds ratio 5.61; adjuvant treatment 20.3 (lumbar)"),
    Predictor("PRE-8", "DER-03", "earlier_surgery", "earlier surgery: crude odds ratios 1.87 and 1.85"),
    Predictor("PRE-9", "RISK-05", "lumbar", "a lumbar level: p 0.012 for a major complication"),
    Predictor("PRE-9", "RISK-05", "staged", "staged surgery: p 0.004 for a major complication"),
    Predictor("PRE-9", "RISK-05", "blood_loss", "blood loss: p 0.003 for a major complication"),
    Predictor("PRE-10", "RISK-15", "reoperation_hypervascular",
        "reoperation of a hypervascular tumour, and the invasiveness of surgery: independent for a major complication"),
    Predictor("PRE-11", "RISK-16", "lung",
        "body mass index, site, transfusion and blood loss: they predict lung complications (corrected C 0.733)"),
    Predictor("PRE-12", "RISK-14", "severe_frailty",
        "severe frailty: odds ratio of death within 30 days 16.4, over all surgery of spine tumours"),
)  # fmt: skip

NOT_COMBINED = "The factors are listed one by one and not combined: no coefficients are published that would allow it."
