"""A FHIR bundle (R4): patient by pseudonym, classifications, SINS as a common data element set, ECOG, volumes, margins.

SINS carries the id of the ACR/RSNA set, RDES21, under ``https://radelement.org``. The ids of its elements could not be
verified, so that the elements carry only this program's own codes. ECOG follows the mCODE profile. No other mCODE
profile is claimed: each asks for codes of the diagnosis or for a size that this program does not have.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from enbloc import __version__
from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import one_line
from enbloc.adapters.files.json_files import Json, json_text

File = tuple[str, bytes]
OWN_SYSTEM = "urn:enbloc:words"
"""The system of this program's own codes; a name, no address."""
RADELEMENT = "https://radelement.org"
SINS_SET = "RDES21"
LOINC = "http://loinc.org"
ECOG_CODE = "89247-1"
ECOG_PROFILE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-ecog-performance-status"
UCUM = "http://unitsofmeasure.org"
_CATEGORY_SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT_SYSTEM = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_SEX = {"F": "female", "M": "male", "X": "other"}
NOTE = "Decision support, not for diagnosis: a surgeon decides."


def fhir_files(source: RunSource) -> Iterator[File]:
    """One bundle of the type *collection*, as JSON."""
    yield f"{source.stem}-fhir.json", json_text(bundle(source)).encode()


def bundle(source: RunSource) -> Json:
    """The bundle of a run."""
    resources = [*_who(source), *_observations(source)]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": f"{OWN_SYSTEM}:plan", "value": f"{source.plan_id} sha256 {source.digest}"},
        "timestamp": _instant(source),
        "entry": [{"fullUrl": _urn(source, resource["id"]), "resource": resource} for resource in resources],
    }


def _who(source: RunSource) -> Iterator[Json]:
    clinical = source.forms["1-intake"]["clinical"]
    yield {
        "resourceType": "Patient",
        "id": "patient",
        "identifier": [{"system": f"{OWN_SYSTEM}:case", "value": _text(source.case_id)}],
        "gender": _SEX.get(str(clinical.get("sex")), "unknown"),
    }
    yield {
        "resourceType": "Device",
        "id": "program",
        "deviceName": [{"name": "enbloc", "type": "model-name"}],
        "version": [{"value": __version__}],
        "note": [{"text": NOTE}],
    }
    histology = clinical.get("histology")
    if histology:
        known = f"Biopsy confirmed: {clinical.get('biopsy_confirmed')}; grade: {clinical.get('grade')}."
        yield {
            "resourceType": "Condition",
            "id": "diagnosis",
            "subject": {"reference": _urn(source, "patient")},
            "code": {"coding": [_own(str(histology))], "text": _text(str(histology).replace("_", " "))},
            "note": [{"text": known}],
        }


def _observations(source: RunSource) -> Iterator[Json]:
    for system, answer in source.forms["3-classification"].items():
        yield _classification(source, system, answer)
    ecog = source.forms["1-intake"]["clinical"].get("ecog")
    if ecog is not None:
        code = {"coding": [{"system": LOINC, "code": ECOG_CODE, "display": "ECOG Performance Status score"}]}
        yield {**_observation(source, "ecog", code), "meta": {"profile": [ECOG_PROFILE]}, "valueInteger": int(ecog)}
    scene = source.forms["2-anatomy"]["scene"]
    if "unknown" not in scene:
        yield _volume(source, "tumour", scene["tumour_ml"])
    plan = source.plan
    if plan is None:
        return
    if plan["specimen_ml"] is not None:
        yield _volume(source, "specimen", plan["specimen_ml"])
    yield {
        **_observation(source, "plan", _code("plan", "Planned resection")),
        "valueCodeableConcept": _code(plan["family"], plan["family"].replace("_", " ")),
        "component": [
            {"code": _code("rank", "Rank of the plan"), "valueInteger": int(plan["rank"])},
            _word_component("levels", "Levels", ", ".join(plan["levels"])),
            _word_component("side", "Side", plan["side"]),
            _word_component("margin", "Margin in Enneking's words", plan["margin"]),
        ],
    }
    for number, margin in enumerate(plan["margins"], start=1):
        yield _margin(source, margin, number)


def _classification(source: RunSource, system: str, answer: Json) -> Json:
    found = _observation(source, f"class-{system.replace('_', '-')}", _code(system, system.replace("_", " ")))
    if system == "sins":
        found["code"]["coding"].insert(
            0, {"system": RADELEMENT, "code": SINS_SET, "display": "Spine Instability Neoplastic Score"}
        )
    if not answer["applies"]:
        return {**found, "dataAbsentReason": _absent("not-applicable")}
    if answer["settled"]:
        found["valueCodeableConcept"] = _code(f"{system}:{answer['possible'][0]}", answer["possible"][0])
    else:
        found["dataAbsentReason"] = _absent("unknown")
        found["note"] = [
            {"text": _text(f"Still possible: {', '.join(answer['possible'])}. {NOTE}")},
            *({"text": _text(f"Would settle it: {text}")} for text in answer["would_settle"]),
        ]
    components = [_range_component(system, "score", answer["score"])] if "score" in answer else []
    components += [_range_component(system, item, points) for item, points in answer.get("items", {}).items()]
    return {**found, "component": components} if components else found


def _margin(source: RunSource, margin: Json, number: int) -> Json:
    least = margin["least_mm"]
    found = _observation(source, f"margin-{number}", _code("margin", f"Margin: {margin['interface']}"))
    words = [_word_component("enneking", "Margin in Enneking's words", margin["enneking"])]
    words += [_word_component("tissue", "Tissue at the least place", margin["tissue"])]
    if "unknown" in least:
        note = [{"text": _text(least["unknown"])}]
        return {**found, "dataAbsentReason": _absent("unknown"), "note": note, "component": words}
    interval = {"low": _quantity(least["low"], "mm"), "high": _quantity(least["high"], "mm")}
    words += [{"code": _code("interval", "Interval"), "valueRange": interval}]
    return {**found, "valueQuantity": _quantity(least["value"], "mm"), "component": words}


def _volume(source: RunSource, name: str, volume_ml: float) -> Json:
    found = _observation(source, f"volume-{name}", _code(f"volume_{name}", f"Volume of the {name}"))
    return {**found, "valueQuantity": _quantity(volume_ml, "mL")}


def _observation(source: RunSource, name: str, code: Json) -> Json:
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "preliminary",
        "category": [{"coding": [{"system": _CATEGORY_SYSTEM, "code": "imaging"}]}],
        "code": code,
        "subject": {"reference": _urn(source, "patient")},
        "effectiveDateTime": _instant(source),
        "device": {"reference": _urn(source, "program")},
    }


def _range_component(system: str, item: str, points: Json) -> Json:
    component: Json = {"code": _code(f"{system}.{item}", f"{system}: {item}")}
    low, high = points["low"], points["high"]
    if low == high:
        return {**component, "valueInteger": int(low)}
    return {**component, "valueRange": {"low": _quantity(low, "{score}"), "high": _quantity(high, "{score}")}}


def _word_component(name: str, meaning: str, word: Any) -> Json:
    component: Json = {"code": _code(name, meaning)}
    return {**component, **({"valueString": _text(str(word))} if word else {"dataAbsentReason": _absent("unknown")})}


def _code(word: str, text: str) -> Json:
    return {"coding": [_own(word)], "text": _text(text)}


def _own(word: str) -> Json:
    """A code has no space at either end and none doubled; another alphabet is kept."""
    return {"system": OWN_SYSTEM, "code": _text(word)}


def _absent(word: str) -> Json:
    return {"coding": [{"system": _ABSENT_SYSTEM, "code": word}]}


def _quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def _text(text: str) -> str:
    return one_line(text, 500) or "unnamed"


def _instant(source: RunSource) -> str:
    text = source.moment.isoformat(timespec="seconds")
    return text if source.moment.tzinfo is not None else f"{text}+00:00"


def _urn(source: RunSource, name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{OWN_SYSTEM}/{source.digest}/{name}')}"
