"""What can be done: options, plans and their cuts."""

from __future__ import annotations

from typing import get_args

from enbloc.adapters.files.schemas.pieces import (
    LEAST_MM,
    MEASURED,
    NUMBER,
    POINT,
    REASON,
    SIDE,
    STATUS,
    TEXT,
    WHOLE,
    YES_NO,
    an_object,
    list_of,
    map_of,
    one_of,
    or_null,
    or_unknown,
)
from enbloc.resection.cuts import CutKind, SawSide
from enbloc.resection.plans import Family, MarginWord, RegistryWord, Tissue

_REJECTED = an_object({"family": one_of(*get_args(Family)), "side": SIDE, "because": list_of(REASON)})
OPTIONS = an_object(
    {
        "options": list_of(
            an_object(
                {
                    "family": one_of(*get_args(Family)),
                    "levels": list_of(TEXT),
                    "side": SIDE,
                    "base": or_null(one_of(*get_args(Family))),
                    "gives_up": list_of(TEXT),
                    "because": list_of(REASON),
                }
            )
        ),
        "rejected": list_of(_REJECTED),
    }
)
CUT = an_object(
    {
        "id": TEXT,
        "kind": one_of(*get_args(CutKind)),
        "origin_mm": POINT,
        "normal": POINT,
        "face_mm": list_of(POINT),
        "tool_width_mm": NUMBER,
        "crosses": list_of(TEXT),
        "reach": list_of(
            an_object(
                {
                    "from": one_of(*get_args(SawSide)),
                    "share": {"type": "number", "minimum": 0, "maximum": 1},
                    "blocked_by": list_of(TEXT),
                    "because": TEXT,
                }
            )
        ),
        "because": list_of(TEXT),
    }
)
_SACRIFICE = an_object(
    {
        "structure": TEXT,
        "action": one_of("cut", "keep", "skeletonise", "resect"),
        "consequence": TEXT,
        "status": TEXT,
        "cites": list_of(TEXT),
        "modelled": YES_NO,
        "rule": TEXT,
    }
)
_MARGIN = an_object(
    {
        "interface": TEXT,
        "tissue": one_of(*get_args(Tissue)),
        "least_mm": LEAST_MM,
        "at_mm": or_null(POINT),
        "barrier": or_null(TEXT),
        "barrier_status": TEXT,
        "enneking": or_null(one_of(*get_args(MarginWord))),
        "near_mm2": map_of(NUMBER),
        "because": list_of(REASON),
    }
)
_PATH = list_of(list_of(list_of(NUMBER, minItems=4, maxItems=4), minItems=4, maxItems=4))
_PROPOSAL = an_object(
    {"without": list_of(TEXT), "says": TEXT, "route": TEXT, "least_clearance_mm": NUMBER, "path": _PATH}
)
_DELIVERY = an_object(
    {
        "possible": one_of("yes", "no", "unknown"),
        "route": or_null(TEXT),
        "because": list_of(REASON),
        "least_clearance_mm": or_null(NUMBER),
        "path": _PATH,
        "proposals": list_of(_PROPOSAL),
    }
)
_END = one_of("cranial", "caudal")
_DEFECT = an_object(
    {
        "height": MEASURED,
        "height_ventral": MEASURED,
        "height_dorsal": MEASURED,
        "footprints": list_of(
            an_object(
                {
                    "end": _END,
                    "level": or_null(TEXT),
                    "width": MEASURED,
                    "depth": MEASURED,
                    "area": MEASURED,
                    "outline_mm": list_of(POINT),
                }
            )
        ),
    }
)
_SCREW = an_object(
    {
        "level": TEXT,
        "side": one_of("left", "right"),
        "entry_mm": POINT,
        "axis": POINT,
        "corridor": MEASURED,
        "chord": MEASURED,
        "convergence": MEASURED,
        "tilt": MEASURED,
        "artery": MEASURED,
    }
)
RECONSTRUCTION = an_object(
    {
        "defect": _DEFECT,
        "implant": or_unknown(an_object({"length": MEASURED, "shortening": MEASURED, "most_shortening": MEASURED})),
        "fixation": or_unknown(
            an_object({"above": list_of(TEXT), "below": list_of(TEXT), "rods_n": or_unknown(WHOLE), "pelvic": TEXT})
        ),
        "screws": list_of(_SCREW),
        "without_screws": list_of(TEXT),
        "why_without": map_of(TEXT),
        "because": list_of(REASON),
        "failure": list_of(REASON),
    }
)
_RISK = an_object(
    {"says": TEXT, "status": STATUS, "cites": list_of(TEXT)},
    {
        "rule": TEXT,
        "about": TEXT,
        "rate": MEASURED,
        "n": or_null(WHOLE),
        "population": TEXT,
        "differs": list_of(TEXT),
    },
)
_PLAN = an_object(
    {
        "id": TEXT,
        "rank": WHOLE,
        "family": one_of(*get_args(Family)),
        "side": SIDE,
        "approach": list_of(TEXT),
        "sessions": WHOLE,
        "levels": list_of(TEXT),
        "cuts": list_of(CUT),
        "sacrifices": list_of(_SACRIFICE),
        "margins": list_of(_MARGIN),
        "margin": or_null(one_of(*get_args(MarginWord))),
        "margin_in_registry": or_null(one_of(*get_args(RegistryWord))),
        "enneking_appropriate": or_null(YES_NO),
        "specimen_ml": or_null(NUMBER),
        "bone_lost_ml": or_null(NUMBER),
        "margin_negative_probability": or_unknown(
            {
                "type": "object",
                "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
                "not": {"required": ["unknown"]},
            }
        ),
        "delivery": _DELIVERY,
        "reconstruction": or_unknown(RECONSTRUCTION),
        "risks": list_of(_RISK),
        "trade_offs": map_of(MEASURED),
        "dominated_by": list_of(TEXT),
        "because": list_of(REASON),
    }
)
_INDICATION = an_object(
    {
        "en_bloc": one_of("yes", "conditional", "no", "unknown"),
        "because": list_of(REASON),
        "rivals": list_of(an_object({"name": TEXT, "because": list_of(REASON)})),
        "would_settle": list_of(TEXT),
    }
)
_WOULD_CHANGE = an_object(
    {"fact": TEXT, "en_bloc": TEXT, "families": list_of(one_of(*get_args(Family))), "changes": list_of(TEXT)}
)
PLANS = an_object(
    {
        "indication": _INDICATION,
        "plans": list_of(_PLAN),
        "rejected": list_of(_REJECTED),
        "would_change": list_of(_WOULD_CHANGE),
    }
)
CUTS = an_object({"plan": TEXT, "frame": TEXT, "cuts": list_of(CUT), "left_out": map_of(TEXT)})
