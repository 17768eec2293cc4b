"""The pieces of which the schemas are made.

Objects of the contract accept no other key, so that a test which checks real output against its schema fails when
either moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from enbloc.adapters.files.json_files import Json
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.verdicts import Verdict

TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
WHOLE: Json = {"type": "integer"}
YES_NO: Json = {"type": "boolean"}
UNKNOWN: Json = {
    "type": "object",
    "properties": {"unknown": {"type": "string", "minLength": 1}},
    "required": ["unknown"],
    "additionalProperties": False,
}


def one_of(*words: str) -> Json:
    """One of some words."""
    return {"enum": list(words)}


def list_of(items: Json, **more: int) -> Json:
    """A list; `more` may hold ``minItems`` and ``maxItems``."""
    return {"type": "array", "items": items, **more}


def map_of(values: Json) -> Json:
    """An object of any keys with one kind of value."""
    return {"type": "object", "additionalProperties": values}


def an_object(required: Mapping[str, Json], optional: Mapping[str, Json] | None = None) -> Json:
    """An object with these keys and no other."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def or_null(schema: Json) -> Json:
    """Or null, where there is none."""
    return {"anyOf": [schema, {"type": "null"}]}


def or_unknown(schema: Json) -> Json:
    """Or ``{"unknown": "why"}``."""
    return {"anyOf": [schema, UNKNOWN]}


POINT = list_of(NUMBER, minItems=3, maxItems=3)
SECTOR: Json = {"type": "integer", "minimum": 1, "maximum": 12}
LAYER = one_of("A", "B", "C", "D", "E", "F")
VERDICT = one_of(*(verdict.value for verdict in Verdict))
STATUS = one_of(*get_args(Status))
SIDE = or_null(one_of("left", "right"))
ESTIMATE = an_object({"value": NUMBER, "low": NUMBER, "high": NUMBER, "unit": TEXT}, {"because": TEXT})
MEASURED = or_unknown(ESTIMATE)
LEAST_MM = or_unknown(an_object({"value": NUMBER, "low": NUMBER, "high": NUMBER}, {"because": TEXT}))
PROBLEM = an_object({"grade": one_of("note", "doubt", "stop"), "where": TEXT, "says": TEXT, "remedy": TEXT})
REASON = an_object({"says": TEXT, "status": STATUS, "cites": list_of(TEXT)}, {"rule": TEXT})
GRID = an_object(
    {
        "shape": list_of(WHOLE, minItems=3, maxItems=3),
        "spacing_mm": POINT,
        "affine_lps": list_of(list_of(NUMBER, minItems=4, maxItems=4), minItems=4, maxItems=4),
    }
)
