"""Every rule table of the classifications by name, for reading, checking and printing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from enbloc.classification import enneking, escc, mclain, prognosis, sacral, sins, tnm, tomita
from enbloc.foundation.evidence.rules import RuleTable
from enbloc.foundation.evidence.scores import ScoreTable

SCORES: Mapping[str, ScoreTable] = MappingProxyType(
    {score.system: score for score in (sins.TABLE, prognosis.TOKUHASHI, prognosis.TOMITA)}
)
"""Point scores by system id."""

TABLES: Mapping[str, RuleTable] = MappingProxyType(
    {
        "enneking": enneking.TABLE,
        "tnm": tnm.TABLE,
        "tomita": tomita.TABLE,
        "mclain_weinstein/zones": mclain.ZONE_TABLE,
        "mclain_weinstein/letter": mclain.SPREAD_TABLE,
        "escc": escc.TABLE,
        "sacral": sacral.TABLE,
        **{f"{system}/{item}": table for system, score in SCORES.items() for item, table in score.items.items()},
    }
)
"""Rule tables by ``system`` or ``system/part``."""
