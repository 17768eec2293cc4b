"""What the knowledge holds that decides no plan by itself: kept with its status, and shown on the page of the rules."""

from __future__ import annotations

from enbloc.foundation.evidence.reasons import Reason

SCORES: tuple[Reason, ...] = (
    Reason("Revised Tomita score: primary, visceral and bone disease are its three inputs.", "verified",
        ("tomita217_2007",), "TOS-4"),
    Reason("Mean survival by its bands: 49.9, 23.5, 15 and 5.9 months (61 patients).", "unverified/high",
        ("tomita2001",), "TOS-5b"),
    Reason("SORG nomogram: AUC 0.74 at 3 months, 0.78 at 12, 0.65 at one month, which is not reliable.", "verified",
        ("pereira2017",), "SC-1"),
    Reason("A review of 17 scores (5130 patients) prefers the SORG nomogram; a guideline covers it too.", "verified",
        ("scores_review2021", "nice2023"), "SC-2"),
    Reason("SORG asks for age, ECOG, primary, number of spine metastases, lung, liver and brain, earlier systemic "
        "treatment, haemoglobin and white cells; its coefficients are not known here, so it is not computed.",
        "unverified/medium", ("pereira2017",), "SC-3"),
    Reason("LMNOP: location, mechanics (SINS), neurology, oncology, patient.", "unverified/medium",
        ("paton2011",), "SC-5"),
    Reason("SINS is computed: see the classification.", "verified", ("fisher2010sins",), "SC-6"),
)  # fmt: skip
"""Prognostic scores beside the two that are computed."""

OPERATION: tuple[Reason, ...] = (
    Reason("The spine asks of the cord's width: C5 13.3 x 7.4 mm, T8 8.3 x 6.3 mm, L3 9.4 mm; the sac is wider, so "
        "that "
        "the patient's own images are used.", "verified", ("frostell2016",), "RING-3"),
    Reason("Tumour escapes under the longitudinal ligaments at the edge of the body and through muscle to the next "
        "lamina; "
        "in a second series along the lateral posterior ligament in 20 of 20, its centre 14, lateral periosteum 7, "
        "anterior ligament 6, end plate 3.", "verified", ("fujita1997", "pll_route2011"), "BAR-2"),
    Reason("Weights (ours): disc strong; dura strong if tumour only touches it; anterior ligament, fascia, pleura and "
        "periosteum medium, with a cuff; posterior ligament none.", "ours", (), "BAR-3"),
    Reason("Barriers in limb surgery count as 2, 3 or 5 cm; not validated for the spine, and not used.", "verified",
        ("kawaguchi1995",), "BAR-4"),
    Reason("Thread saw: 0.54 mm.", "unverified/high", ("tomita1996",), "OST-8"),
    Reason("Achieved margin: 2 mm off with a guide, 5 mm without (12).", "verified", ("guide2021",), "ERR-4"),
    Reason("Augmented reality is feasible (1); no figure is printed.", "verified", ("molina2021",), "ERR-5"),
)  # fmt: skip

PLANNING: tuple[Reason, ...] = (
    Reason("Seeing a model changed 4 of 10 expert plans: these five changes are switches.", "verified", ("models2024",),
        "PLAN-1"),
    Reason("A broken cortex needs CT and MRI together: the fused mesh with its registration error is to be handed "
        "over.",
        "verified", ("models2018",), "PLAN-2"),
    Reason("Planes for navigation and models for printing are exported; a landmark for freehand work stays.",
        "verified", ("sacral_rcc_print", "muenster2021", "farfalli2017"), "PLAN-3"),
)  # fmt: skip

ENNEKING: tuple[Reason, ...] = (
    Reason("S1: observation.", "verified", ("clarke2014",), "EN-A1"),
    Reason("Appropriate: the margin equals or exceeds the advice; recurrence 14 of 70, else 57 of 77.", "verified",
        ("fisher2011",), "EN-A9"),
    Reason("In the largest cohort of osteoblastoma recurrence did not differ with the margin (13 of 73).", "verified",
        ("versteeg2017",), "EN-A10"),
)  # fmt: skip

FAMILIES: tuple[Reason, ...] = (
    Reason("Limits 2-5 or 7-11 are also printed for the eccentric resection: no mirror pair, taken as a misprint.",
        "unverified/low", ("boriani1997",), "FAM-2c"),
    Reason("Other authors name the same three families.", "verified", ("wuisman_chapter", "ames_chapter"), "FAM-4"),
    Reason("Tomita types: 2-5 recommended, 1 and 6 relative; only that type 7 is not resected is a rule here.",
        "unverified/medium", ("tomita2006",), "TES-2"),
    Reason("From behind alone above L3-L4 without a great vessel: most of types 1-4, some of 5 and 6.",
        "verified (2nd)", ("neurosurgerynotes_tes",), "TES-3"),
    Reason("Saw cuts at the pedicles: tumour in the cut pedicle makes the margin intralesional there (8 of 10, L4-L5).",
        "verified", ("kawahara2011",), "TES-4"),
    Reason("Posterior series (21): types 1, 2, 3, 5, 6 = 5, 10, 1, 2, 3; mean 4500 ml; 3 recurrences.", "verified",
        ("li2014tes",), "TES-5"),
    Reason("Lung into the spine (48): total 21%, half 64%, partial 15%; complete 42 of 48.", "verified",
        ("collaud2013",), "LUNG-2"),
    Reason("L4 from behind alone: 9 metastases, 282 min, 2421 ml.", "verified", ("huang2018l4",), "L5-3"),
    Reason("The limits of L5 from behind are a warning, never a permission.", "ours", (), "L5-4"),
    Reason("Primaries of C2 in one series: removed in pieces by plan (9; posterior, then anterior).", "verified",
        ("c2_3dp_2020",), "CER-2"),
    Reason("No type system of cervical resections with definitions that could be read is known.", "ours", (), "CER-3"),
)  # fmt: skip

BACKGROUND = {
    "Prognostic scores that are not computed": SCORES,
    "Barriers, instruments and errors": OPERATION,
    "Needs of planning": PLANNING,
    "Enneking, beside the advice": ENNEKING,
    "Families and types, beside the limits": FAMILIES,
}
"""Every statement by the title under which it is shown."""
