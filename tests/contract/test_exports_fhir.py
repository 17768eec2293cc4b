"""The FHIR bundle: valid to fhir.resources, true to the run, and honest about codes."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from export_runs import files_of, source_of
from fhir.resources.R4B.bundle import Bundle
from test_exports import HOSTILE, hostile_source

from enbloc.adapters.exports.fhir import ECOG_PROFILE, LOINC, OWN_SYSTEM, RADELEMENT, SINS_SET, bundle
from enbloc.adapters.files.json_files import json_text


def read(kind: str) -> dict[str, Any]:
    """The bundle that was written, validated, as its resources by id."""
    (path,) = files_of(kind, "fhir")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = json.loads(Bundle.model_validate_json(path.read_text()).model_dump_json())
    assert found["type"] == "collection"
    return {entry["resource"]["id"]: entry["resource"] for entry in found["entry"]}


def codes_of(resource: dict[str, Any]) -> dict[str, str]:
    return {coding["system"]: coding["code"] for coding in resource["code"]["coding"]}


@pytest.mark.parametrize("kind", ["askew", "mirrored", "without-ct"])
def test_the_bundle_is_valid_and_refers_only_to_itself(kind: str) -> None:
    resources = read(kind)
    (path,) = files_of(kind, "fhir")
    urls = {entry["fullUrl"] for entry in json.loads(path.read_text())["entry"]}
    assert len(urls) == len(resources)
    for resource in resources.values():
        for key in ("subject", "device"):
            if key in resource:
                assert resource[key]["reference"] in urls
    assert resources["patient"]["identifier"][0]["value"] == f"phantom-{kind}"
    assert "name" not in resources["patient"]


@pytest.mark.parametrize("kind", ["askew", "without-ct"])
def test_sins_is_the_radelement_set_with_its_items(kind: str) -> None:
    sins = read(kind)["class-sins"]
    assert codes_of(sins)[RADELEMENT] == SINS_SET == "RDES21"
    answer = source_of(kind).forms["3-classification"]["sins"]
    components = {component["code"]["coding"][0]["code"]: component for component in sins["component"]}
    for item, points in {"score": answer["score"], **answer["items"]}.items():
        component = components[f"sins.{item}"]
        if points["low"] == points["high"]:
            assert component["valueInteger"] == points["low"]
        else:
            ends = component["valueRange"]
            assert (ends["low"]["value"], ends["high"]["value"]) == (points["low"], points["high"])
    assert ("valueCodeableConcept" in sins) == answer["settled"]
    assert ("dataAbsentReason" in sins) != answer["settled"]


def test_only_known_systems_are_used() -> None:
    systems: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            if "code" in value and isinstance(value.get("system"), str):
                systems.add(value["system"])
            for item in value.values():
                collect(item)
        if isinstance(value, list):
            for item in value:
                collect(item)

    collect(read("askew"))
    standard = {system for system in systems if system.startswith("http://terminology.hl7.org/")}
    assert systems - standard <= {OWN_SYSTEM, RADELEMENT, LOINC, "http://unitsofmeasure.org"}


def test_ecog_follows_mcode() -> None:
    source = source_of("askew")
    ecog = read("askew")["ecog"]
    assert ecog["meta"]["profile"] == [ECOG_PROFILE]
    assert codes_of(ecog) == {LOINC: "89247-1"}
    assert ecog["valueInteger"] == source.forms["1-intake"]["clinical"]["ecog"]


def test_margins_stand_with_their_interval_or_as_unknown() -> None:
    source = source_of("mirrored")
    resources = read("mirrored")
    for number, margin in enumerate(source.plan["margins"], start=1):
        found, least = resources[f"margin-{number}"], margin["least_mm"]
        assert margin["interface"] in found["code"]["text"]
        if "unknown" in least:
            assert "valueQuantity" not in found
            assert found["dataAbsentReason"]["coding"][0]["code"] == "unknown"
        else:
            assert found["valueQuantity"] == {
                "value": pytest.approx(least["value"]),
                "unit": "mm",
                "system": "http://unitsofmeasure.org",
                "code": "mm",
            }


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_come_out_safe_in_fhir(text: str) -> None:
    said = json_text(bundle(hostile_source(text)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = json.loads(Bundle.model_validate_json(said).model_dump_json())
    kinds = [entry["resource"]["resourceType"] for entry in found["entry"]]
    plain = json.loads(json_text(bundle(source_of("askew"))))
    assert kinds == [entry["resource"]["resourceType"] for entry in plain["entry"]]
    assert not re.search(r"[\x00-\x1f\u202e]", "".join(texts(found)))


def texts(value: object) -> Iterator[str]:
    """Every text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


def test_a_system_that_does_not_apply_has_no_value() -> None:
    source = source_of("askew")
    answers = source.forms["3-classification"]
    beside = [system for system, answer in answers.items() if not answer["applies"]]
    assert beside
    resources = read("askew")
    for system in beside:
        found = resources[f"class-{system.replace('_', '-')}"]
        assert found["dataAbsentReason"]["coding"][0]["code"] == "not-applicable"
        assert "valueCodeableConcept" not in found


def test_an_open_class_is_no_value_but_a_note() -> None:
    source = source_of("askew")
    answers = json.loads(json.dumps(source.forms["3-classification"]))
    answers["tomita"] |= {"possible": ["1", "2"], "settled": False, "would_settle": ["MRI"]}
    changed = attrs.evolve(source, forms={**source.forms, "3-classification": answers})
    (tomita,) = (e["resource"] for e in bundle(changed)["entry"] if e["resource"]["id"] == "class-tomita")
    assert "valueCodeableConcept" not in tomita
    assert "1, 2" in tomita["note"][0]["text"]
