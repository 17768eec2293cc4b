"""The plans that compete with en bloc, always shown, with what is published about them."""

from __future__ import annotations

from collections.abc import Mapping

from enbloc.foundation.evidence.items import reason_from
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.terms.histology import Histology
from enbloc.strategy.advice import Rival

INTRALESIONAL = "intralesional resection with radiotherapy"
SEPARATION = "separation surgery with stereotactic radiotherapy"

_PRIMARY: tuple[tuple[str, str], ...] = (
    ("OUT-01", "Local recurrence {LR_EI} with a margin below what Enneking asks for, {LR_EA} with it "
        "({population}, n {n})."),
    ("OUT-02", "En bloc against debulking, pooled: odds ratio of recurrence {recurrence_OR} (n {n}; {population})."),
)  # fmt: skip
_BY_HISTOLOGY: Mapping[str, tuple[tuple[str, str], ...]] = {
    "chordoma": (
        ("OUT-27", "Chordoma of the mobile spine: free of local recurrence at ten years {LRFS_10y_pct[0]}% after "
            "en bloc with a clear margin, {LRFS_10y_pct[1]}% otherwise; hazard ratio of death after debulking "
            "{HR_death_debulking} (n {n})."),
        ("IND-04", "Where en bloc is too morbid, {if_morbid_intralesional_RT_pct}% of {n} experts choose a planned "
            "intralesional resection with radiotherapy."),
    ),
    "chondrosarcoma": (
        ("OUT-13", "Chondrosarcoma of the spine, all margins: local recurrence {LR}, after it {deaths_after_LR} died "
            "(n {n})."),
    ),
    "osteosarcoma": (
        ("OUT-14", "Osteosarcoma of the spine, all margins: local recurrence {LR}, after it {deaths_after_LR} died "
            "(n {n})."),
    ),
    "giant_cell_tumour": (
        ("OUT-07", "Giant cell tumour: recurrence {curettage_LR} after curettage, {extracapsular_piecemeal_LR} after "
            "extracapsular piecemeal spondylectomy, {TES_LR} after total en bloc spondylectomy."),
        ("IND-14", "Denosumab before curettage raises recurrence (p {recurrence_p}, {cases} cases; population differs: "
            "{population})."),
    ),
    "osteoblastoma": (
        ("OUT-08", "Osteoblastoma: recurrence of S2 {st2_intralesional} after intralesional removal; of S3 "
            "{st3_intralesional} after it, {st3_en_bloc} after en bloc."),
        ("OUT-09", "Osteoblastoma, gross-total intralesional marginal resection: recurrence {intralesional_marginal}, "
            "curettage {curettage}."),
    ),
}  # fmt: skip
_METASTASIS: tuple[tuple[str, str], ...] = (
    ("OUT-22", "Matched ({population}): two-year survival {TES_2y_OS_pct}% after total en bloc spondylectomy, "
        "{SABR_2y_OS_pct}% after stereotactic radiotherapy; no progression {TES_2y_PFS_pct}% and {SABR_2y_PFS_pct}%."),
    ("OUT-19", "After total en bloc spondylectomy for a metastasis: local recurrence {LR_pct}%, implant failure "
        "{instrument_failure_pct}%, five-year survival {OS_5y_pct}% (n {n})."),
)  # fmt: skip

_OTHER: Mapping[str, Rival] = {
    "aneurysmal_bone_cyst": Rival(
        "embolisation",
        (Reason("Embolisation may come first or alone.", "verified", ("charestmorin2019",), "IH-16"),),
    ),
    "osteoid_osteoma": Rival(
        "ablation",
        (Reason("Ablation, 5 mm or more from nerve tissue.", "verified", ("charestmorin2019",), "IH-17"),),
    ),
    "haemangioma": Rival(
        "embolisation, decompression, vertebroplasty or radiotherapy",
        (Reason("En bloc is not the rule for an aggressive haemangioma.", "unverified/high", (), "IH-19"),),
    ),
}
_BLOOD = Rival(
    "radiotherapy and systemic treatment",
    (Reason("Surgery is for instability or compression.", "unverified/high", (), "IH-18"),),
)


def list_rivals(histology: Histology) -> tuple[Rival, ...]:
    """The plans that compete with en bloc for a histology; removal in pieces is always among them (PLAN-6, MET-10)."""
    always = Reason("Always shown beside en bloc.", "ours", (), "PLAN-6")
    if histology.kind == "haematological":
        return (_BLOOD, Rival(INTRALESIONAL, (always,)))
    if histology.kind == "metastasis":
        shown = Reason("Always shown beside en bloc for a metastasis.", "ours", (), "MET-10")
        palliative = reason_from(
            "OUT-23",
            "Matched against palliative surgery (n {n}): recurrence {LR_TES} after total en bloc spondylectomy.",
        )
        published = tuple(reason_from(item_id, sentence) for item_id, sentence in _METASTASIS)
        return (Rival(SEPARATION, (shown, *published)), Rival(INTRALESIONAL, (always, palliative)))
    published = tuple(
        reason_from(item_id, sentence) for item_id, sentence in (*_BY_HISTOLOGY.get(histology.word, ()), *_PRIMARY)
    )
    other = (_OTHER[histology.word],) if histology.word in _OTHER else ()
    return (*other, Rival(INTRALESIONAL, (always, *published)))
