"""Is en bloc resection right for this histology? The tables, one per group, with what is said beside the answer."""

from __future__ import annotations

from collections.abc import Mapping

from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Impossible, Row, RuleTable

SYSTEM = "indication"

_NO_MULTIPLE = ("tes_chapter", "jss_editorial_4559")
_EA = ("clarke2014", "ahmed2019lumbar")

_SPREAD = (
    Criterion("spread", "Is there any metastasis?", "Staging of the whole body"),
    Criterion("multiple", "Are there multiple metastases?", "Staging of the whole body"),
)
_MULTIPLE_SPREADS = Impossible({"multiple": YES, "spread": NO}, "multiple metastases are metastases")
_WITH_SPREAD = (
    Row("no", {"multiple": YES}, "verified", _NO_MULTIPLE, "TES-1", "Multiple metastases: en bloc does not fit."),
    Row("conditional", {"multiple": NO, "spread": YES}, "unverified/medium", (), "EN-A7",
        "Stage III: palliation; en bloc only in chosen cases."),
)  # fmt: skip


def _malignant(title: str, *rows: Row, recurrence: bool = False) -> RuleTable:
    asked = (Criterion("recurrent", "Is it stated that the tumour was operated on before?"),) if recurrence else ()
    return RuleTable(SYSTEM, title, (*_SPREAD, *asked), (*_WITH_SPREAD, *rows), (_MULTIPLE_SPREADS,))


def _benign(title: str, aggressive: Row, unfeasible: Row, otherwise: Row) -> RuleTable:
    criteria = (
        Criterion("stage_3", "Is it Enneking S3?", "Enneking's activity: latent, active or aggressive"),
        Criterion("feasible", "Does the anatomy allow an en bloc resection?", "The sectors and layers of the tumour"),
    )
    return RuleTable(SYSTEM, title, criteria, (aggressive, unfeasible, otherwise))


def _never(title: str, row: Row) -> RuleTable:
    return RuleTable(SYSTEM, title, (), (row,))


_S3 = {"stage_3": YES, "feasible": YES}
_S3_NOT = {"stage_3": YES, "feasible": NO}
_LESS = {"stage_3": NO}

CHORDOMA = _malignant(
    "En bloc for chordoma",
    Row("yes", {"spread": NO, "recurrent": NO}, "verified", ("dea2018",), "IH-01",
        "Chordoma: wide or marginal en bloc resection when the morbidity is acceptable."),
    Row("conditional", {"spread": NO, "recurrent": YES}, "verified", ("ailon2016", "kolz2023"), "IH-02",
        "Recurrent chordoma without spread: a wide margin still helps; the evidence is low."),
    recurrence=True,
)  # fmt: skip
CHONDROSARCOMA = _malignant(
    "En bloc for chondrosarcoma",
    Row("yes", {"spread": NO}, "verified", ("fisher2016cs", "mukherjee2013"), "IH-03",
        "Chondrosarcoma: en bloc resection with the margin that Enneking asks for."),
)  # fmt: skip
OSTEOSARCOMA = _malignant(
    "En bloc for osteosarcoma",
    Row("yes", {"spread": NO}, "verified", ("dekutoski2016",), "IH-04",
        "Osteosarcoma: en bloc resection with the margin that Enneking asks for."),
)  # fmt: skip
EWING = _malignant(
    "En bloc for Ewing sarcoma",
    Row("conditional", {"spread": NO}, "verified", ("mukherjee2013",), "IH-06",
        "Ewing sarcoma: surgery goes with longer survival; en bloc depends on the response to chemotherapy."),
)  # fmt: skip
OTHER_MALIGNANT = _malignant(
    "En bloc for another malignant primary",
    Row("yes", {"spread": NO}, "verified", _EA, "EN-A5",
        "Malignant primary, Enneking I or II: wide en bloc resection; high grade within a protocol."),
)  # fmt: skip
GIANT_CELL = _benign(
    "En bloc for giant cell tumour",
    Row("yes", _S3, "verified", ("charestmorin2019",), "IH-08",
        "Giant cell tumour S3: en bloc where feasible with acceptable morbidity, never at the cost of sacral nerves."),
    Row("no", _S3_NOT, "verified", ("ouyang2017",), "IH-09",
        "Giant cell tumour S3 that no family takes: extracapsular piecemeal total spondylectomy is the fallback."),
    Row("no", _LESS, "unverified/high", (), "IH-11", "Giant cell tumour below S3: intralesional."),
)  # fmt: skip
OSTEOBLASTOMA = _benign(
    "En bloc for osteoblastoma",
    Row("yes", _S3, "verified", ("charestmorin2019", "boriani2012obl"), "IH-14",
        "Osteoblastoma S3: en bloc when feasible."),
    Row("no", _S3_NOT, "verified", ("puth_obl2022",), "IH-14",
        "Osteoblastoma S3 that no family takes: gross-total intralesional marginal resection is accepted."),
    Row("no", _LESS, "verified", ("boriani2012obl",), "IH-15", "Osteoblastoma below S3: intralesional."),
)  # fmt: skip
OTHER_BENIGN = _benign(
    "En bloc for another benign primary",
    Row("yes", _S3, "verified", _EA, "EN-A3", "Benign S3: marginal en bloc resection."),
    Row("no", _S3_NOT, "ours", (), "", "Benign S3 that no family takes: en bloc is not feasible."),
    Row("no", _LESS, "verified", ("clarke2014", "boriani_cerv2016"), "EN-A2", "Benign below S3: intralesional."),
)  # fmt: skip
BONE_CYST = _never(
    "En bloc for aneurysmal bone cyst",
    Row("no", {}, "verified", ("charestmorin2019",), "IH-16",
        "Aneurysmal bone cyst: intralesional gross total removal; embolisation may come first or alone."),
)  # fmt: skip
OSTEOID_OSTEOMA = _never(
    "En bloc for osteoid osteoma",
    Row("no", {}, "verified", ("charestmorin2019",), "IH-17",
        "Osteoid osteoma: ablation, where it lies 5 mm or more from nerve tissue and the cortex is intact."),
)  # fmt: skip
BLOOD = _never(
    "En bloc for plasmacytoma, myeloma and lymphoma",
    Row("no", {}, "unverified/high", (), "IH-18",
        "Tumours of the blood: radiotherapy and systemic treatment; surgery for instability or compression."),
)  # fmt: skip
HAEMANGIOMA = _never(
    "En bloc for haemangioma",
    Row("no", {}, "unverified/high", (), "IH-19",
        "Aggressive haemangioma: embolisation, decompression, vertebroplasty or radiotherapy; en bloc not as a rule."),
)  # fmt: skip

_MET_CRITERIA = (
    Criterion("one_site", "One spinal site, or oligometastases that can be controlled?", "Staging of the whole body"),
    Criterion("primary_controlled", "Is the primary controlled or controllable?", "Whether the primary is controlled"),
    Criterion("no_visceral", "No untreatable visceral disease?", "Staging of the organs"),
    Criterion("survival", "Is the expected survival long enough (section 3)?", "The facts of the prognostic scores"),
    Criterion("performance", "Is the Karnofsky performance status 70 or more?", "The Karnofsky performance status"),
    Criterion("feasible", "Is a marginal or wide margin technically possible?", "The sectors and layers of the tumour"),
    Criterion("radiotherapy_weighed", "Was stereotactic radiotherapy weighed and found not enough?",
        "The judgement of the radiation oncologist"),
)  # fmt: skip

METASTASIS = RuleTable(
    SYSTEM,
    "En bloc for a spine metastasis",
    _MET_CRITERIA,
    (
        Row("conditional", {criterion.id: YES for criterion in _MET_CRITERIA}, "ours",
            ("kato2022", "ohashi2019", "ptashnikov2020", "scores_review2021"), "MET-1",
            "En bloc is an option only when all of the conditions hold."),
        *(Row("no", {criterion.id: NO}, "ours", (), "MET-1", f"Not fulfilled: {criterion.question}")
            for criterion in _MET_CRITERIA),
    ),
)  # fmt: skip

BY_HISTOLOGY: Mapping[str, RuleTable] = {
    "chordoma": CHORDOMA,
    "chondrosarcoma": CHONDROSARCOMA,
    "osteosarcoma": OSTEOSARCOMA,
    "ewing_sarcoma": EWING,
    "giant_cell_tumour": GIANT_CELL,
    "osteoblastoma": OSTEOBLASTOMA,
    "aneurysmal_bone_cyst": BONE_CYST,
    "osteoid_osteoma": OSTEOID_OSTEOMA,
    "haemangioma": HAEMANGIOMA,
}
BY_KIND: Mapping[str, RuleTable] = {
    "primary_malignant": OTHER_MALIGNANT,
    "primary_benign": OTHER_BENIGN,
    "haematological": BLOOD,
    "metastasis": METASTASIS,
}

_RARELY = Reason("This primary: en bloc for a metastasis is rarely right.", "unverified/medium", (), "MET-7")
_SYSTEMIC_FIRST = Reason(
    "Systemic treatment and stereotactic radiotherapy come first.", "unverified/medium", (), "MET-6"
)

_SCORES_SAY = Reason(
    "Survival: a review of 17 scores prefers the SORG nomogram; its coefficients are not known here, so it is not "
    "computed.",
    "verified", ("scores_review2021", "nice2023"), "SC-2",
)  # fmt: skip
BY_KIND_BESIDE: Mapping[str, tuple[Reason, ...]] = {
    "metastasis": (
        _SCORES_SAY,
        Reason(
            "A solitary metastasis lies outside Enneking: intralesional is the rule, en bloc for single ones that "
            "resist "
            "treatment, without loss of function.", "verified", ("boriani_cerv2016", "ahmed2019lumbar"), "EN-A8",
        ),
    ),
}  # fmt: skip
"""What is said beside the answer, by kind."""

EMBOLISE = Reason(
    "Hypervascular on angiography: embolisation first, the Adamkiewicz pair kept out of it, surgery within 24 hours "
    "of a "
    "complete one.", "verified", ("embol_meta2020", "embol_timing2023"), "PRE-13",
)  # fmt: skip
"""Said beside every answer that leaves surgery open."""

BESIDE: Mapping[str, tuple[Reason, ...]] = {
    "giant_cell_tumour": (
        Reason("Before en bloc: 3-5 doses of denosumab (10 patients): no adhesion, rupture or recurrence.", "verified",
            ("denosumab2023",), "IH-12"),
        Reason("Denosumab before a curettage raises recurrence (meta-analysis p 0.02; 42.8% in limbs).", "verified",
            ("chen2020deno", "limb_denosumab"), "IH-13"),
        Reason("A planned cut through tumour at the pedicle is tolerated: no recurrence in 13, 12 of them cut there.",
            "verified", ("yokogawa2018gct",), "IH-10"),
    ),
    "aneurysmal_bone_cyst": (
        Reason("Embolisation may come first or alone.", "verified", ("charestmorin2019",), "IH-16"),
    ),
    "osteosarcoma": (Reason("Chemotherapy before and after the resection.", "unverified/high", (), "IH-05"),),
    "ewing_sarcoma": (
        Reason("Chemotherapy first; en bloc, radiotherapy or both by the response.", "unverified/high", (), "IH-07"),
    ),
    "thyroid_carcinoma": (Reason("Thyroid: the best survival of the series.", "verified", ("kato2022",), "MET-3"),),
    "renal_cell_carcinoma": (
        Reason(
            "Renal cell: favoured if solitary; it betters local control, not survival, which targeted drugs drive.",
            "verified", ("ptashnikov2020",), "MET-4",
        ),
    ),
    "sarcoma_metastasis": (
        Reason("Sarcoma of low grade: conditional to favoured.", "ours", ("kato2022",), "MET-5"),
    ),
    "breast_carcinoma": (_SYSTEMIC_FIRST,),
    "lung_carcinoma": (
        _SYSTEMIC_FIRST,
        Reason(
            "A lung cancer that grows into the spine (T4) is another question: resection after induction in N0-1.",
            "unverified/medium", ("collaud2013",), "IH-20",
        ),
    ),
    "hepatocellular_carcinoma": (_RARELY,),
    "gastric_carcinoma": (_RARELY,),
    "colon_carcinoma": (_RARELY,),
    "rectal_carcinoma": (_RARELY,),
    "unknown_primary": (_RARELY,),
    "melanoma": (_RARELY,),
}  # fmt: skip
"""What is said beside the answer, by histology."""
