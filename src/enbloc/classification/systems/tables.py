"""Every rule table of the classifications by name, for reading, checking and printing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from enbloc.classification.findings import PLACES
from enbloc.classification.systems import (
    enneking,
    escc,
    lung,
    mclain,
    paravertebral,
    pelvis,
    prognosis,
    sacral,
    sins,
    tnm,
    tomita,
)
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
        "pelvic_sacral": pelvis.TABLE,
        "thoracic_dumbbell": paravertebral.DUMBBELL,
        "paravertebral": paravertebral.PARAVERTEBRAL,
        "pancoast": lung.PANCOAST,
        "lung_vertebra": lung.LUNG_VERTEBRA,
        **{f"{system}/{item}": table for system, score in SCORES.items() for item, table in score.items.items()},
    }
)
"""Rule tables by ``system`` or ``system/part``."""


@attrs.frozen
class Askable:
    """A finding that can be stated: the question, and the systems that ask it (none: others are derived from it)."""

    question: str
    systems: tuple[str, ...]


def _askable() -> dict[str, Askable]:
    """Every criterion of every table, and every place that other findings are derived from."""
    found: dict[str, Askable] = {}
    for table in TABLES.values():
        for criterion in table.criteria:
            known = found.get(criterion.id, Askable(criterion.question, ()))
            systems = tuple(dict.fromkeys((*known.systems, table.system)))
            found[criterion.id] = attrs.evolve(known, systems=systems)
    for place in PLACES:
        found.setdefault(place.criterion, Askable(f"Is there tumour in {place.words}?", ()))
    return found


FINDINGS: Mapping[str, Askable] = MappingProxyType(_askable())
"""Every finding that the surgeon can state, by id."""
