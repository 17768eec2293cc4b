"""Every schema by the name of its file; `enbloc schema NAME` prints one."""

from __future__ import annotations

import difflib

from enbloc.adapters.files.json_files import Json
from enbloc.adapters.files.schemas.arriving import CASE, DICOM_SOURCE, INTAKE
from enbloc.adapters.files.schemas.findings import ANATOMY, ANSWER
from enbloc.adapters.files.schemas.pieces import (
    TEXT,
    WHOLE,
    YES_NO,
    an_object,
    list_of,
    map_of,
    one_of,
    or_null,
)
from enbloc.adapters.files.schemas.planning import CUTS, OPTIONS, PLANS
from enbloc.errors import CallError
from enbloc.report.language import LANGUAGES
from enbloc.report.printed import PAPERS

DIALECT = "https://json-schema.org/draft/2020-12/schema"

RECORD = an_object(
    {
        "program": an_object({"name": one_of("enbloc"), "version": TEXT}),
        "written": TEXT,
        "versions": map_of(TEXT),
        "case": TEXT,
        "case_folder": or_null(TEXT),
        "stopped": YES_NO,
        "inputs": map_of(TEXT),
        "settings": an_object({"values": {"type": "object"}, "sha256": TEXT}),
        "seed": or_null(WHOLE),
        "outputs": map_of(TEXT),
    }
)

_NAMED_PLAN = an_object({"run": TEXT, "plan": TEXT, "rank": WHOLE, "case": TEXT})

SCHEMAS: dict[str, Json] = {
    name: {"$schema": DIALECT, "title": title, **content}
    for name, title, content in (
        ("case", "case.toml, as the object that TOML makes of it", CASE),
        ("1-intake", "1-intake.json: what arrived, and the problems found in it", INTAKE),
        ("2-anatomy", "2-anatomy.json: vertebrae, volumes and the extent", ANATOMY),
        ("3-classification", "3-classification.json: the answer of every system", map_of(ANSWER)),
        ("4-options", "4-options.json: what can be cut", OPTIONS),
        (
            "5-plans",
            "5-plans.json: the indication, the ranked plans and what was rejected",
            PLANS,
        ),
        (
            "6-report",
            "6-report.json: the report as composed, in English, and its pictures",
            an_object(
                {
                    "document": {"type": "object", "required": ["case_id", "headline", "classifications", "plans"]},
                    "pictures": map_of({}),
                    "manner": an_object({"language": one_of(*LANGUAGES), "paper": one_of(*PAPERS)}),
                }
            ),
        ),
        ("record", "record.json: digests, settings, versions and time", RECORD),
        (
            "cuts",
            "plan/ID/cuts.json: the cuts of one plan",
            CUTS,
        ),
        ("dicom", "ct.dicom.json: the DICOM objects that ct.nii.gz was made from", DICOM_SOURCE),
        (
            "compare",
            "what `enbloc compare A B --json` prints: two plans and what differs, b against a",
            an_object(
                {
                    "a": _NAMED_PLAN,
                    "b": _NAMED_PLAN,
                    "differences": list_of(
                        an_object(
                            {
                                "what": TEXT,
                                "a": {},
                                "b": {},
                                "unit": TEXT,
                                "by": or_null({"type": "number"}),
                                "beyond_error": or_null(YES_NO),
                            }
                        )
                    ),
                    "same": list_of(TEXT),
                }
            ),
        ),
        ("names", "scene/names.json: what the numbers in scene/*.nii.gz mean", map_of(map_of(TEXT))),
    )
}
"""Every schema by the name of its file, without ``.json``."""


def find_schema(name: str) -> Json:
    """The schema of a file: ``"5-plans"``, ``"5-plans.json"`` or ``"plans"``.

    Raises
    ------
    CallError
        If there is none of that name.
    """
    plain = name.removesuffix(".json").removesuffix(".toml")
    short = {full.split("-", 1)[-1]: full for full in SCHEMAS}
    if plain in SCHEMAS or plain in short:
        return SCHEMAS[short.get(plain, plain)]
    near = difflib.get_close_matches(plain, (*SCHEMAS, *short), n=1)
    meant = f"Did you mean '{near[0]}'? " if near else ""
    raise CallError(
        f"there is no schema '{name}'", where="enbloc schema", remedy=f"{meant}Schemas: {', '.join(SCHEMAS)}."
    )
