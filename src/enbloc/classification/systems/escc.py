"""Epidural spinal cord compression (Bilsky): six grades, read on axial T2 MRI at the worst level.

Layers alone say whether epidural tumour is there; how far it presses on sac and cord must be supplied as findings
(``sac_deformed``, ``cord_touched``, ``cord_compressed``, ``csf_seen``), else a range is given.
"""

from __future__ import annotations

import attrs

from enbloc.classification.findings import Facts, levels_that_may, outside
from enbloc.foundation.evidence.classifications import Classification
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Impossible, Row, RuleTable, classify
from enbloc.foundation.terms.levels import FIRST_LEVEL_BELOW_CONUS, order

_TWO = ("uei2018", "bilsky2010")
_MRI = "Axial T2 MRI of the canal"

TABLE = RuleTable(
    system="escc",
    title="Epidural spinal cord compression",
    criteria=(
        Criterion("epidural", "Is there epidural tumour?", _MRI),
        Criterion("sac_deformed", "Is the dural sac deformed?", _MRI),
        Criterion("cord_touched", "Does tumour touch the cord?", _MRI),
        Criterion("cord_compressed", "Is the cord compressed?", _MRI),
        Criterion("csf_seen", "Is cerebrospinal fluid still seen around the cord?", _MRI),
    ),
    rows=(
        Row("0", {"epidural": NO}, "verified", (*_TWO, "radiopaedia_escc"), "ESCC-0", "Bone only."),
        Row("1a", {"epidural": YES, "sac_deformed": NO}, "verified", _TWO, "ESCC-1a", "Epidural, sac not deformed."),
        Row("1b", {"sac_deformed": YES, "cord_touched": NO}, "verified", _TWO, "ESCC-1b",
            "Sac deformed, cord not touched."),
        Row("1c", {"cord_touched": YES, "cord_compressed": NO}, "verified", _TWO, "ESCC-1c",
            "Cord touched, not compressed."),
        Row("2", {"cord_compressed": YES, "csf_seen": YES}, "verified", _TWO, "ESCC-2",
            "Cord compressed, fluid still seen."),
        Row("3", {"cord_compressed": YES, "csf_seen": NO}, "verified", _TWO, "ESCC-3",
            "Cord compressed, no fluid seen."),
    ),
    impossible=(
        Impossible({"sac_deformed": YES, "epidural": NO}, "only epidural tumour deforms the sac here"),
        Impossible({"cord_touched": YES, "sac_deformed": NO}, "tumour that touches the cord deforms the sac"),
        Impossible({"cord_compressed": YES, "cord_touched": NO}, "tumour that compresses the cord touches it"),
    ),
)  # fmt: skip

SPLIT = {
    "0": "low",
    "1a": "low",
    "1b": "low",
    "1c": "borderline",
    "2": "high",
    "3": "high",
}
"""Low and high grades (ESCC-4, verified); 1c is disputed and shown as borderline (ESCC-5c, ours)."""


def answer(facts: Facts) -> Classification:
    """The grades still possible, as strings; none below the conus."""
    levels = levels_that_may(facts.extent)
    if levels and all(order(name) >= order(FIRST_LEVEL_BELOW_CONUS) for name in levels):
        says = f"Below the conus ({FIRST_LEVEL_BELOW_CONUS} and caudal) there is no cord to grade."
        return outside("escc", f"{says} {facts.findings['epidural'].says}", "ours", (), "ESCC-7")
    found = classify(TABLE, facts.findings)
    return attrs.evolve(found, details={"split": {grade: SPLIT[grade] for grade in found.possible}})
