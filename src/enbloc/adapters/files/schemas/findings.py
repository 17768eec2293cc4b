"""What was found: the anatomy and the classifications."""

from __future__ import annotations

from typing import get_args

from enbloc.adapters.files.json_files import Json
from enbloc.adapters.files.schemas.pieces import (
    GRID,
    LAYER,
    MEASURED,
    NUMBER,
    POINT,
    PROBLEM,
    SECTOR,
    STATUS,
    TEXT,
    VERDICT,
    WHOLE,
    YES_NO,
    an_object,
    list_of,
    map_of,
    one_of,
    or_null,
    or_unknown,
)
from enbloc.anatomy.scene import ModelledKind
from enbloc.anatomy.subparts.names import SUBPARTS

_FRAME = an_object(
    {
        "origin_mm": POINT,
        "left": POINT,
        "dorsal": POINT,
        "cranial": POINT,
        "tilt_error_deg": NUMBER,
        "turn_error_deg": NUMBER,
    }
)
_VERTEBRA: Json = {
    "type": "object",
    "properties": {
        "frame": _FRAME,
        "body_centre_mm": or_unknown(POINT),
        "whole": YES_NO,
        "modelled": list_of(TEXT),
        "labelled": list_of(TEXT),
        "neck_mm": list_of(or_unknown(NUMBER), minItems=2, maxItems=2),
    },
    "required": ["frame", "body_centre_mm", "body_height_mm", "body_depth_mm", "body_width_mm", "whole", "modelled"],
    "additionalProperties": or_unknown(NUMBER),
}
_MEASURED_CELL = an_object({"verdict": VERDICT, "fraction": MEASURED, "volume_ml": MEASURED, "depth_mm": MEASURED})
_EXTENT = an_object(
    {
        "source": one_of("measured", "typed", "overruled"),
        "numbering": one_of("sosg"),
        "levels": map_of(
            an_object({"sectors": map_of(VERDICT), "layers": map_of(VERDICT), "cells": map_of(map_of(_MEASURED_CELL))})
        ),
        "touched": list_of(an_object({"structure": TEXT, "distance_mm": MEASURED, "at_mm": POINT})),
        "skipped": VERDICT,
    }
)
_MODELLED = an_object(
    {
        "structure": TEXT,
        "name": TEXT,
        "kind": one_of(*get_args(ModelledKind)),
        "level": TEXT,
        "side": or_null(one_of("left", "right")),
        "points_mm": list_of(POINT),
        "width_mm": NUMBER,
        "because": TEXT,
    }
)
_SCENE = an_object(
    {
        "grid": GRID,
        "label_error_mm": NUMBER,
        "tumour_ml": NUMBER,
        "canal_ml": NUMBER,
        "vertebrae": map_of(_VERTEBRA),
        "parts": list_of(TEXT),
        "structures_ml": map_of(NUMBER),
        "modelled": list_of(_MODELLED),
        "problems": list_of(PROBLEM),
    }
)
_NEIGHBOUR = an_object(
    {
        "structure": TEXT,
        "kind": TEXT,
        "modelled": YES_NO,
        "distance_mm": MEASURED,
        "at_mm": POINT,
        "contact_length_mm": MEASURED,
        "encasement_deg": MEASURED,
        "fat_plane_fraction": MEASURED,
    }
)
_HELD_PART = an_object(
    {
        "level": TEXT,
        "part": one_of(*SUBPARTS[1:]),
        "tumour_ml": MEASURED,
        "fraction": MEASURED,
        "found_by": one_of("geometry", "labels"),
        "status": one_of("ours"),
    }
)
ANATOMY = an_object(
    {
        "scene": or_unknown(_SCENE),
        "extent": or_unknown(_EXTENT),
        "neighbours": list_of(_NEIGHBOUR),
        "held_parts": list_of(_HELD_PART),
    }
)
_FINDING = an_object(
    {
        "criterion": TEXT,
        "verdict": VERDICT,
        "measured": MEASURED,
        "says": TEXT,
        "status": STATUS,
        "cites": list_of(TEXT),
        "rule": TEXT,
    },
    {"overrules": an_object({"verdict": VERDICT, "measured": MEASURED, "says": TEXT})},
)
ANSWER: Json = {
    "type": "object",
    "properties": {
        "system": TEXT,
        "applies": YES_NO,
        "possible": list_of(TEXT),
        "settled": YES_NO,
        "because": list_of(_FINDING),
        "would_settle": list_of(TEXT),
        "score": an_object({"low": WHOLE, "high": WHOLE}),
        "items": {"type": "object"},
        "sensitivity": list_of(
            an_object(
                {"label": TEXT, "by_mm": or_null(NUMBER), "tumour_ml": NUMBER, "possible": or_unknown(list_of(TEXT))}
            )
        ),
        "numbering": one_of("sosg"),
        "mirror": one_of("original"),
        "levels": map_of(
            {
                "type": "object",
                "properties": {
                    "sectors": list_of(SECTOR),
                    "layers": list_of(LAYER),
                    "cells": map_of(map_of({"type": "object"})),
                },
                "required": ["sectors", "layers", "cells"],
            }
        ),
    },
    "required": ["system", "applies", "possible", "settled", "because", "would_settle"],
}
