"""What each JSON file of a run folder holds: one function from the record to its plain form.

The keys are the contract with whoever reads a run; `schemas` says the same in JSON Schema, and tests hold both as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from enbloc.adapters.files.case.intake_forms import grid_form
from enbloc.adapters.files.json_files import Json, to_plain
from enbloc.anatomy.scene import PARTS, Scene, Vertebra
from enbloc.classification.extent import Extent
from enbloc.classification.measured.held_parts import HeldPart
from enbloc.classification.measured.neighbours import Neighbour
from enbloc.classification.sensitivity import Variant
from enbloc.foundation.evidence.classifications import Because, Classification
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Delivery, Margin, Option, Plan, Rejected, Risk
from enbloc.strategy.advice import Indication
from enbloc.walk import Record

_NO_IMAGES = "the case has no images with vertebrae and a tumour"


def anatomy_form(record: Record) -> Json:
    """``2-anatomy.json``: frames, volumes and the measured extent."""
    scene, extent = record.scene, record.extent
    return {
        "scene": scene_form(scene) if scene is not None else {"unknown": _NO_IMAGES},
        "extent": extent_form(extent) if extent is not None else {"unknown": "the case was stopped"},
        "neighbours": [_neighbour(neighbour) for neighbour in record.neighbours],
        "held_parts": [_held_part(held) for held in record.held_parts],
    }


def classification_form(record: Record) -> Json:
    """``3-classification.json``: system id to its answer."""
    answers = record.sheet.answers if record.sheet is not None else {}
    forms: dict[str, Json] = {system: answer_form(answer) for system, answer in answers.items()}
    for system, form in forms.items() if record.sensitivity else ():
        form["sensitivity"] = [_variant(variant, system) for variant in record.sensitivity]
    return forms


def options_form(record: Record) -> Json:
    """``4-options.json``: the families that the extent leaves possible, and those rejected with their reasons."""
    return {
        "options": [_option(option) for option in record.options],
        "rejected": [_rejected(rejected) for rejected in record.rejected],
    }


def plans_form(record: Record) -> Json:
    """``5-plans.json``: the indication, the ranked plans, and what was rejected."""
    return {
        "indication": _indication(record.indication),
        "plans": [plan_form(plan) for plan in sorted(record.plans, key=lambda plan: plan.rank)],
        "rejected": [_rejected(rejected) for rejected in record.rejected],
        "would_change": to_plain(record.what_if),
    }


STEP_FORMS: Mapping[str, Callable[[Record], Json]] = {
    "2-anatomy.json": anatomy_form,
    "3-classification.json": classification_form,
    "4-options.json": options_form,
    "5-plans.json": plans_form,
}
"""The files that a case which no check stopped adds to ``1-intake.json``."""


def scene_form(scene: Scene) -> Json:
    """Vertebrae with their frames (LPS mm), and the volume of everything labelled."""
    voxels = np.bincount(scene.structures.values.ravel())
    volumes: dict[str, float] = {}
    for number, name in scene.structures.names.items():
        if number < len(voxels) and voxels[number]:
            volumes[name] = volumes.get(name, 0.0) + float(voxels[number]) * scene.grid.voxel_ml
    return {
        "grid": grid_form(scene.grid),
        "label_error_mm": scene.label_error_mm,
        "tumour_ml": to_plain(float(np.count_nonzero(scene.tumour)) * scene.grid.voxel_ml),
        "canal_ml": to_plain(float(np.count_nonzero(scene.canal)) * scene.grid.voxel_ml),
        "vertebrae": {level: _vertebra(vertebra) for level, vertebra in scene.vertebrae.items()},
        "parts": list(PARTS),
        "structures_ml": to_plain(volumes),
        "modelled": to_plain(scene.modelled),
        "problems": to_plain(scene.problems),
    }


def extent_form(extent: Extent) -> Json:
    """Levels, sectors and layers, each with its verdict, and the structures touched."""
    levels = {}
    for name, level in extent.levels.items():
        cells: dict[str, Json] = {}
        for (sector, layer), cell in level.cells.items():
            cells.setdefault(str(sector), {})[layer] = {
                "verdict": cell.verdict.value,
                "fraction": to_plain(cell.fraction),
                "volume_ml": to_plain(cell.volume),
                "depth_mm": to_plain(cell.depth),
            }
        levels[name] = {"sectors": to_plain(level.sectors), "layers": to_plain(level.layers), "cells": cells}
    touched = [
        {"structure": contact.structure, "distance_mm": to_plain(contact.distance), "at_mm": to_plain(contact.at_mm)}
        for contact in extent.touched
    ]
    return {
        "source": extent.source,
        "numbering": "sosg",
        "levels": levels,
        "touched": touched,
        "skipped": extent.skipped.value,
    }


def _variant(variant: Variant, system: str) -> Json:
    answer = variant.answers.get(system)
    found = {"unknown": variant.why_none} if answer is None else list(answer.possible)
    return {"label": variant.words, "by_mm": variant.by_mm, "tumour_ml": to_plain(variant.tumour_ml), "possible": found}


def _neighbour(neighbour: Neighbour) -> Json:
    return {
        "structure": neighbour.structure,
        "kind": neighbour.kind,
        "modelled": neighbour.modelled,
        "distance_mm": to_plain(neighbour.distance),
        "at_mm": to_plain(neighbour.at_mm),
        "contact_length_mm": to_plain(neighbour.contact_length),
        "encasement_deg": to_plain(neighbour.encasement),
        "fat_plane_fraction": to_plain(neighbour.fat_plane),
    }


def _held_part(held: HeldPart) -> Json:
    return {
        "level": held.level,
        "part": held.part,
        "tumour_ml": to_plain(held.volume),
        "fraction": to_plain(held.fraction),
        "found_by": held.found_by,
        "status": "ours",
    }


def answer_form(answer: Classification) -> Json:
    """The one form of every classification's answer, with what the system adds to it."""
    score = {"score": to_plain(answer.score)} if answer.score is not None else {}
    return {
        "system": answer.system,
        "applies": answer.applies,
        "possible": list(answer.possible),
        "settled": answer.applies and len(answer.possible) == 1,
        "because": [_finding(because) for because in answer.because],
        "would_settle": list(answer.would_settle),
        **score,
        **to_plain(answer.details),
    }


def plan_form(plan: Plan) -> Json:
    """One plan with every key of the contract."""
    geometry = plan.geometry
    return {
        "id": plan.id,
        "rank": plan.rank,
        "family": plan.family,
        "side": plan.side,
        "approach": list(plan.approach),
        "sessions": plan.sessions,
        "levels": list(plan.levels),
        "cuts": [cut_form(cut) for cut in plan.cuts],
        "sacrifices": to_plain(plan.sacrifices),
        "margins": [_margin(margin) for margin in plan.margins],
        "margin": plan.margin,
        "margin_in_registry": plan.margin_in_registry,
        "enneking_appropriate": plan.enneking_appropriate,
        "specimen_ml": to_plain(geometry.specimen_ml) if geometry is not None else None,
        "bone_lost_ml": to_plain(geometry.bone_lost_ml) if geometry is not None else None,
        "margin_negative_probability": to_plain(plan.margin_negative_probability),
        "delivery": _delivery(plan.delivery),
        "reconstruction": to_plain(plan.reconstruction),
        "risks": [_risk(risk) for risk in plan.risks],
        "trade_offs": to_plain(plan.trade_offs),
        "dominated_by": list(plan.dominated_by),
        "because": _reasons(plan.because),
    }


def cut_form(cut: Cut) -> Json:
    """A cut: plane, face and tool, LPS mm."""
    return {
        "id": cut.id,
        "kind": cut.kind,
        "origin_mm": to_plain(cut.origin_mm),
        "normal": to_plain(cut.normal),
        "face_mm": to_plain(cut.face_mm),
        "tool_width_mm": to_plain(cut.tool_width_mm),
        "crosses": list(cut.crosses),
        "reach": [
            {
                "from": reach.side,
                "share": to_plain(reach.share),
                "blocked_by": list(reach.blocked_by),
                "because": reach.because,
            }
            for reach in cut.reach
        ],
        "because": list(cut.because),
    }


_BODY_MEASURES = (
    "body_centre_mm",
    "body_height_mm",
    "body_depth_mm",
    "body_width_mm",
    "endplate_cranial_mm",
    "endplate_caudal_mm",
)


def _vertebra(vertebra: Vertebra) -> Json:
    plain: Json = to_plain(vertebra)
    if vertebra.body_height_mm <= 0.0:
        because = "too little bone in front of the canal to measure a body"
        plain |= {measure: {"unknown": because} for measure in _BODY_MEASURES}
    plain.pop("level")
    if vertebra.neck_mm is None:
        plain.pop("neck_mm")
    return plain


def _option(option: Option) -> Json:
    return {
        "family": option.family,
        "levels": list(option.levels),
        "side": option.side,
        "base": option.base,
        "gives_up": list(option.gives_up),
        "because": _reasons(option.because),
    }


def _rejected(rejected: Rejected) -> Json:
    return {"family": rejected.family, "side": rejected.side, "because": _reasons(rejected.because)}


def _indication(indication: Indication | None) -> Json:
    if indication is None:
        return {"en_bloc": "unknown", "because": [], "rivals": [], "would_settle": []}
    return {
        "en_bloc": indication.en_bloc,
        "because": _reasons(indication.because),
        "rivals": [{"name": rival.name, "because": _reasons(rival.because)} for rival in indication.rivals],
        "would_settle": list(indication.would_settle),
    }


def _margin(margin: Margin) -> Json:
    return {
        "interface": margin.interface,
        "tissue": margin.tissue,
        "least_mm": _without_unit(margin.least),
        "at_mm": to_plain(margin.at_mm),
        "barrier": margin.barrier,
        "barrier_status": margin.barrier_status,
        "enneking": margin.enneking,
        "near_mm2": to_plain(margin.near_mm2),
        "because": _reasons(margin.because),
    }


def _delivery(delivery: Delivery | Unknown) -> Json:
    if isinstance(delivery, Unknown):
        because = [{"says": delivery.because, "status": "ours", "cites": []}]
        unknown = {"possible": "unknown", "route": None, "because": because}
        return {**unknown, "least_clearance_mm": None, "path": [], "proposals": []}
    least = delivery.least_clearance
    return {
        "possible": delivery.possible,
        "route": delivery.route,
        "because": _reasons(delivery.because),
        "least_clearance_mm": to_plain(least.value) if isinstance(least, Estimate) else None,
        "path": to_plain(delivery.path),
        "proposals": [
            {
                "without": list(one.without),
                "says": one.says,
                "route": one.route,
                "least_clearance_mm": to_plain(one.least_clearance.value),
                "path": to_plain(one.path),
            }
            for one in delivery.proposals
        ],
    }


def _without_unit(measured: Measured) -> Json:
    plain: Json = to_plain(measured)
    return {key: value for key, value in plain.items() if key != "unit"}


def _finding(because: Because) -> Json:
    before = because.overrules
    overrules = (
        {"verdict": before.verdict.value, "measured": to_plain(before.measured), "says": before.says} if before else {}
    )
    return {
        "criterion": because.criterion,
        "verdict": because.verdict.value,
        "measured": to_plain(because.measured),
        "says": because.says,
        "status": because.status,
        "cites": list(because.cites),
        "rule": because.rule,
        **({"overrules": overrules} if overrules else {}),
    }


def _risk(risk: Reason) -> Json:
    """A reason; a risk adds what it is about, its rate, the series and how the patient differs from it."""
    plain: Json = _reasons((risk,))[0]
    if not isinstance(risk, Risk):
        return plain
    figures = {key: to_plain(getattr(risk, key)) for key in ("about", "rate", "n", "population", "differs")}
    return plain | figures


def _reasons(reasons: Iterable[Reason]) -> list[Json]:
    return [
        {"says": reason.says, "status": reason.status, "cites": list(reason.cites), "rule": reason.rule}
        for reason in reasons
    ]
