"""What arrives: case.toml, and the intake that reports it."""

from __future__ import annotations

from typing import get_args

from enbloc.adapters.files.json_files import Json
from enbloc.adapters.files.schemas.pieces import (
    GRID,
    LAYER,
    NUMBER,
    PROBLEM,
    SECTOR,
    TEXT,
    VERDICT,
    WHOLE,
    YES_NO,
    an_object,
    list_of,
    map_of,
    one_of,
    or_null,
)
from enbloc.adapters.files.schemes.catalogue import SCHEMES as LABEL_SCHEMES
from enbloc.classification.overruling import VALUED
from enbloc.classification.systems.tables import FINDINGS
from enbloc.foundation.terms.histology import HISTOLOGIES
from enbloc.intake.clinical import Grade, Metastases, Pain

CLINICAL: dict[str, Json] = {
    "age_years": NUMBER,
    "sex": one_of("F", "M", "X"),
    "histology": one_of(*HISTOLOGIES),
    "biopsy_confirmed": YES_NO,
    "grade": one_of(*get_args(Grade)),
    "activity": one_of("latent", "active", "aggressive"),
    "metastases": one_of(*get_args(Metastases)),
    "primary_controlled": YES_NO,
    "prior_surgery": YES_NO,
    "prior_radiotherapy": YES_NO,
    "neurology": one_of("A", "B", "C", "D", "E"),
    "pain": one_of(*get_args(Pain)),
    "ecog": WHOLE,
    "symptoms_months": NUMBER,
    "anterior_vessel_plane_lost": YES_NO,
    "dura_infiltrated": YES_NO,
}

_AS_WRITTEN = CLINICAL | {"histology": TEXT}
_SECTORS_AS_WRITTEN: Json = {"type": ["string", "array", "integer"]}
_LAYERS_AS_WRITTEN: Json = {"type": ["string", "array"]}


def _or_stated_unknown(schema: Json) -> Json:
    return {"anyOf": [schema, {"const": "unknown"}]}


_STATEMENT: Json = {"anyOf": [VERDICT, YES_NO]}
_STATEMENTS: Json = {
    "type": "object",
    "properties": {name: {"anyOf": [VERDICT, YES_NO, NUMBER]} if name in VALUED else _STATEMENT for name in FINDINGS},
    "additionalProperties": False,
}
_SWITCHES = an_object(
    {},
    {
        "cut": list_of(TEXT),
        "spare": list_of(TEXT),
        "move_mm": map_of(NUMBER),
        "ring": map_of(one_of("pedicle", "lamina")),
        "order": list_of(one_of("anterior", "posterior")),
    },
)
CASE = an_object(
    {"case": an_object({"id": TEXT}, {"side_convention": one_of("patient")})},
    {
        "images": an_object({}, {"ct": TEXT, "mr": TEXT}),
        "registration": an_object({"method": one_of("rigid")}),
        "labels": list_of(
            an_object(
                {"file": TEXT},
                {
                    "scheme": one_of(*LABEL_SCHEMES),
                    "structure": TEXT,
                    "map": map_of(TEXT),
                    "on": one_of("ct", "mr"),
                    "alternative": YES_NO,
                },
            )
        ),
        "clinical": an_object({}, {key: _or_stated_unknown(value) for key, value in _AS_WRITTEN.items()}),
        "extent": an_object(
            {"levels": map_of(an_object({"sectors": _SECTORS_AS_WRITTEN, "layers": _LAYERS_AS_WRITTEN}))},
            {"numbering": one_of("sosg", "original")},
        ),
        "findings": _STATEMENTS,
        "switches": _SWITCHES,
    },
)
DICOM_SOURCE = an_object(
    {
        "modality": TEXT,
        **{
            key: or_null(TEXT)
            for key in ("sop_class_uid", "study_uid", "series_uid", "frame_of_reference_uid", "patient_position")
        },
        "instance_uids": list_of(or_null(TEXT)),
        "frame_numbers": list_of(WHOLE),
        "shape": list_of(WHOLE),
        "affine_lps": list_of(list_of(NUMBER)),
        "repairs": list_of(TEXT),
    }
)
INTAKE = an_object(
    {
        "case": TEXT,
        "side_convention": one_of("patient"),
        "clinical": an_object({key: or_null(value) for key, value in CLINICAL.items()}),
        "images": list_of(an_object({"file": TEXT, "grid": GRID}, {"dicom": DICOM_SOURCE})),
        "labels": list_of(an_object({"file": TEXT, "grid": GRID, "structures": list_of(TEXT)})),
        "typed_extent": or_null(
            an_object(
                {
                    "numbering": one_of("sosg"),
                    "levels": map_of(an_object({"sectors": list_of(SECTOR), "layers": list_of(LAYER)})),
                }
            )
        ),
        "stated_findings": map_of({"anyOf": [VERDICT, NUMBER]}),
        "switches": _SWITCHES,
        "problems": list_of(PROBLEM),
        "stopped": YES_NO,
    }
)
