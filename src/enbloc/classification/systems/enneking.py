"""Enneking's surgical stage of a primary tumour of bone, and what margin it advises."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from enbloc.classification.findings import Facts, outside
from enbloc.foundation.evidence.classifications import Classification
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Impossible, Row, RuleTable, classify
from enbloc.foundation.evidence.verdicts import Verdict

_STAGES = ("mehlman2020", "wheeless_enneking", "enneking1980")

TABLE = RuleTable(
    system="enneking",
    title="Enneking stage",
    criteria=(
        Criterion("malignant", "Is the tumour malignant?"),
        Criterion("high_grade", "Is it of high grade (G2)?"),
        Criterion("extracompartmental", "Has it left the vertebra (T2)?"),
        Criterion("metastasis", "Is there a regional or distant metastasis (M1)?"),
        Criterion("active", "If benign: does it grow or hurt?"),
        Criterion("aggressive", "If benign: does it grow fast and break its bounds?"),
    ),
    rows=(
        Row("S1", {"malignant": NO, "active": NO, "aggressive": NO, "extracompartmental": NO}, "verified",
            ("clarke2014",), "EN-S1", "Benign, latent: no symptoms, no growth, inside the bone."),
        Row("S2", {"malignant": NO, "active": YES, "aggressive": NO}, "verified",
            ("clarke2014",), "EN-S2", "Benign, active: slow growth, mild symptoms; inside the bone or bulging."),
        Row("S3", {"malignant": NO, "active": YES, "aggressive": YES}, "verified",
            ("clarke2014",), "EN-S3", "Benign, aggressive: fast growth; it may have left the bone (EN-S3b)."),
        Row("IA", {"malignant": YES, "metastasis": NO, "high_grade": NO, "extracompartmental": NO}, "verified (2nd)",
            ("epomedicine_staging", *_STAGES), "EN-1A", "Low grade, inside the vertebra, no metastasis."),
        Row("IB", {"malignant": YES, "metastasis": NO, "high_grade": NO, "extracompartmental": YES}, "verified (2nd)",
            _STAGES, "EN-1B", "Low grade, outside the vertebra, no metastasis."),
        Row("IIA", {"malignant": YES, "metastasis": NO, "high_grade": YES, "extracompartmental": NO}, "verified (2nd)",
            _STAGES, "EN-2A", "High grade, inside the vertebra, no metastasis."),
        Row("IIB", {"malignant": YES, "metastasis": NO, "high_grade": YES, "extracompartmental": YES}, "verified (2nd)",
            _STAGES, "EN-2B", "High grade, outside the vertebra, no metastasis."),
        Row("IIIA", {"malignant": YES, "metastasis": YES, "extracompartmental": NO}, "verified (2nd)",
            _STAGES, "EN-3", "Any grade, inside the vertebra, with metastasis."),
        Row("IIIB", {"malignant": YES, "metastasis": YES, "extracompartmental": YES}, "verified (2nd)",
            _STAGES, "EN-3", "Any grade, outside the vertebra, with metastasis."),
    ),
    impossible=(
        Impossible({"malignant": NO, "high_grade": YES}, "a benign tumour has no high grade"),
        Impossible({"aggressive": YES, "active": NO}, "an aggressive tumour is active too"),
        Impossible(
            {"malignant": NO, "active": NO, "aggressive": NO, "extracompartmental": YES},
            "a latent tumour lies inside the bone (EN-S1)",
        ),
    ),
)  # fmt: skip


@attrs.frozen
class Advice:
    """What one stage asks for: each margin word with whether it is appropriate, and the rule that says so."""

    stages: tuple[str, ...]
    appropriate: tuple[str, ...]
    inappropriate: tuple[str, ...]
    reason: Reason


ADVICE: tuple[Advice, ...] = (
    Advice(("S1",), ("wide", "marginal", "intralesional"), (),
        Reason("S1: observe; if it is operated, intralesional removal is enough.", "unverified/high", (), "EN-A1b")),
    Advice(("S2",), ("wide", "marginal", "intralesional"), (),
        Reason("S2: intralesional removal; marginal en bloc where it is cheap.", "verified",
            ("clarke2014", "boriani_cerv2016"), "EN-A2")),
    Advice(("S3",), ("marginal",), (),
        Reason("S3: marginal en bloc resection.", "verified", ("clarke2014", "ahmed2019lumbar"), "EN-A3")),
    Advice(("S3",), ("wide",), ("intralesional",),
        Reason("S3: a wide margin counts as appropriate too, an intralesional one does not.", "unverified/high", (),
            "EN-A3b")),
    Advice(("IA", "IB"), ("wide",), ("intralesional",),
        Reason("IA, IB: wide en bloc resection.", "verified", ("clarke2014", "ahmed2019lumbar"), "EN-A4")),
    Advice(("IIA", "IIB"), ("wide",), ("intralesional",),
        Reason("IIA, IIB: wide en bloc resection within a protocol of chemotherapy or radiotherapy.", "verified",
            ("clarke2014", "ahmed2019lumbar"), "EN-A5")),
    Advice(("IA", "IB", "IIA", "IIB"), (), ("marginal",),
        Reason("IA to IIB: a marginal result counts as inappropriate.", "unverified/medium", (), "EN-A6")),
    Advice(("IIIA", "IIIB"), (), (),
        Reason("III: palliation; en bloc only in chosen cases.", "unverified/medium", (), "EN-A7")),
)  # fmt: skip
"""Advised margins. Spine texts are followed where limb texts ask for more in S2 and S3 (ours)."""


def judge_appropriate(stages: Iterable[str], margin: str) -> tuple[Verdict, tuple[Reason, ...]]:
    """Does a margin equal or exceed what every stage still possible advises?

    Parameters
    ----------
    stages : iterable of str
        Stages still possible; none when Enneking does not apply.
    margin : str
        ``"wide"``, ``"marginal"`` or ``"intralesional"``.

    Returns
    -------
    verdict : Verdict
        Undecided when the stages disagree, or give no advice for this margin.
    reasons : tuple of Reason
        The advice that was read.
    """
    stages = tuple(stages)
    used = [advice for advice in ADVICE if set(advice.stages) & set(stages)]
    verdicts = {_appropriate(stage, margin) for stage in stages}
    verdict = verdicts.pop() if len(verdicts) == 1 else Verdict.UNDECIDED
    said = [a for a in used if margin in (*a.appropriate, *a.inappropriate)] or used
    return verdict, tuple(advice.reason for advice in said)


def _appropriate(stage: str, margin: str) -> Verdict:
    mine = [advice for advice in ADVICE if stage in advice.stages]
    if any(margin in advice.appropriate for advice in mine):
        return Verdict.MET
    return Verdict.UNMET if any(margin in advice.inappropriate for advice in mine) else Verdict.UNDECIDED


def answer(facts: Facts) -> Classification:
    """The stages still possible; metastases and tumours of the blood lie outside Enneking."""
    histology = facts.histology
    if histology and histology.kind == "metastasis":
        return outside(
            "enneking",
            f"{histology.word} is a metastasis; metastases lie outside Enneking (EN-A8).",
            "verified",
            ("boriani_cerv2016", "ahmed2019lumbar"),
            "EN-A8",
        )
    if histology and histology.kind == "haematological":
        return outside(
            "enneking", f"{histology.word} is a tumour of the blood; Enneking stages tumours of bone.", "ours"
        )
    return classify(TABLE, facts.findings)
