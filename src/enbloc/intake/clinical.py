"""The clinical facts of a case. Every one may be missing; what is missing is unknown, never assumed."""

from __future__ import annotations

from typing import Literal

import attrs

Grade = Literal["benign", "low", "high"]
Metastases = Literal["none", "solitary", "oligo", "multiple"]
Pain = Literal["mechanical", "occasional", "none"]


@attrs.frozen
class Clinical:
    """What the surgeon states; ``None`` means *not stated* (or stated as "unknown").

    `histology` is a word of ``foundation.terms.histology``; `neurology` is the ASIA/Frankel letter A-E;
    `activity` is Enneking's latent, active or aggressive for a benign tumour.
    """

    age_years: float | None = None
    sex: Literal["F", "M", "X"] | None = None
    histology: str | None = None
    biopsy_confirmed: bool | None = None
    grade: Grade | None = None
    activity: Literal["latent", "active", "aggressive"] | None = None
    metastases: Metastases | None = None
    primary_controlled: bool | None = None
    prior_surgery: bool | None = None
    prior_radiotherapy: bool | None = None
    neurology: Literal["A", "B", "C", "D", "E"] | None = None
    pain: Pain | None = None
    ecog: int | None = None
    symptoms_months: float | None = None
    anterior_vessel_plane_lost: bool | None = None
    dura_infiltrated: bool | None = None
