"""The reconstruction of one resection, from its levels alone or from its geometry too."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.terms.levels import Level
from enbloc.reconstruction.defect import measure_defect, unmeasured
from enbloc.reconstruction.design import End, Fixation, Implant, Reconstruction
from enbloc.reconstruction.fixation import list_failure, plan_fixation
from enbloc.reconstruction.screws import PELVIS, measure_screws
from enbloc.reconstruction.settings import ReconstructionSettings
from enbloc.reconstruction.tables import COLUMN, SACRAL, SHORTENING

NO_IMAGES = "needs images: the case has none"
_SACRAL_ABOVE: tuple[Level, ...] = ("L3", "L4", "L5")


@attrs.frozen
class Resected:
    """What the cuts leave to rebuild.

    Parameters
    ----------
    levels : tuple of level
        Whose bodies are resected, cranio-caudal.
    ends : tuple of End
        Where the column is cut across; empty for a case without images.
    kerf_mm : float
    irradiated : bool or None
        Earlier radiotherapy; None when it is not stated.
    """

    levels: tuple[Level, ...]
    ends: tuple[End, ...]
    kerf_mm: float
    irradiated: bool | None


def rebuild_column(resected: Resected, scene: Scene | None, settings: ReconstructionSettings) -> Reconstruction:
    """Defect, implant, fixation and screws after a resection of vertebral bodies."""
    present = tuple(scene.vertebrae) if scene is not None else None
    fixation, why = plan_fixation(resected.levels, present)
    if scene is None:
        defect = unmeasured(NO_IMAGES)
    else:
        defect = measure_defect(scene, resected.levels, resected.ends, resected.kerf_mm)
    holding = (*fixation.above, *fixation.below)
    screws, without = measure_screws(scene, holding) if scene is not None else ((), dict.fromkeys(holding, NO_IMAGES))
    through_discs = all(end.through_disc for end in resected.ends) if resected.ends else None
    return Reconstruction(
        defect,
        plan_implant(defect.height, settings),
        fixation,
        screws,
        tuple(without),
        (*COLUMN, *SHORTENING, *why),
        list_failure(resected.levels, resected.irradiated, through_discs),
        _with_pelvis(without, fixation),
    )


def rebuild_pelvis(resected: Resected, scene: Scene | None) -> Reconstruction:
    """Spinopelvic fixation after a resection through or above S1; no implant is designed for the sacrum."""
    fixation = Fixation(_SACRAL_ABOVE, (), Unknown("the tables name no number of rods here"), "iliac")
    nothing: dict[Level, str] = dict.fromkeys(_SACRAL_ABOVE, NO_IMAGES)
    screws, without = measure_screws(scene, _SACRAL_ABOVE) if scene is not None else ((), nothing)
    beyond = Reason("Three lumbar levels above, as for any resection of T11-S1.", "ours", (), "RECO-2")
    return Reconstruction(
        unmeasured("the gap of a sacrectomy is not measured"),
        Unknown("no body for the sacrum is designed"),
        fixation,
        screws,
        tuple(without),
        (SACRAL, beyond),
        list_failure(resected.levels, resected.irradiated, None),
        _with_pelvis(without, fixation),
    )


def _with_pelvis(without: Mapping[Level, str], fixation: Fixation) -> Mapping[str, str]:
    """Why there is no corridor, for the iliac bones too where they may hold the rods."""
    return without if fixation.pelvic == "none" else {**without, "iliac bones": PELVIS}


def plan_implant(height: Measured, settings: ReconstructionSettings) -> Implant | Unknown:
    """Length = height - planned shortening, which never goes beyond its limits (CORD-3, RECO-11)."""
    if isinstance(height, Unknown):
        return Unknown(height.because)
    most = _most_shortening(height, settings)
    planned = min(settings.planned_shortening_mm, most.low)
    shortening = Estimate(planned, planned, planned, "mm", "planned")
    length = Estimate(
        height.value - planned, max(0.0, height.low - planned), height.high - planned, "mm", "height of the defect"
    )
    return Implant(length, shortening, most)


def _most_shortening(height: Estimate, settings: ReconstructionSettings) -> Estimate:
    third = (settings.most_shortening_share * part for part in (height.value, height.low, height.high))
    value, low, high = (min(settings.most_shortening_mm, part) for part in third)
    return Estimate(value, low, high, "mm", "a third of the defect's height, at most 10 mm")
