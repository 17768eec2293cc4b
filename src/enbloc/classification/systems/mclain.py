"""McLain and Weinstein: zones I to IV of a vertebra, with a letter for how far the tumour has spread.

The border between zone III and IV (three quarters of the body's depth) cannot be read from sectors and layers; without
a finding of its own a tumour of the body may lie in either, or in both.
"""

from __future__ import annotations

from itertools import product

from enbloc.classification.findings import Facts, findings_for, stated
from enbloc.foundation.evidence.classifications import Classification, Finding
from enbloc.foundation.evidence.rules import NO, YES, Answers, Criterion, Impossible, Row, RuleTable, classify
from enbloc.foundation.evidence.verdicts import Verdict, any_of

_NOTES = ("neurosurgerynotes_class",)
_FIRST = ("neurosurgerynotes_class", "weinstein1987", "mclain1990")
_ZONES = ("I", "II", "III", "IV")
_ZONE_RULES = {"I": "MCW-1", "II": "MCW-2", "III": "MCW-3", "IV": "MCW-4"}


def _zone_row(held: tuple[bool, ...]) -> Row:
    zones = [zone for zone, yes in zip(_ZONES, held, strict=True) if yes]
    when: Answers = {f"zone_{zone}": yes for zone, yes in zip(_ZONES, held, strict=True)}
    rules = ", ".join(_ZONE_RULES[zone] for zone in zones)
    cites = _FIRST if "I" in zones else _NOTES
    says = f"Zone {zones[0]} alone." if len(zones) == 1 else f"Zones {', '.join(zones)} together."
    return Row("+".join(zones), when, "verified (2nd)", cites, rules, says)


ZONE_TABLE = RuleTable(
    system="mclain_weinstein",
    title="McLain-Weinstein, zones",
    criteria=(
        Criterion("zone_I", "Spinous process, lamina, pars or inferior facet?"),
        Criterion("zone_II", "Superior facet, transverse process or pedicle?"),
        Criterion("zone_III", "Front three quarters of the body?"),
        Criterion("zone_IV", "Back quarter of the body?"),
        Criterion("body", "Is the body involved?"),
        Criterion("lateral_arch", "Is the lateral arch involved?"),
    ),
    rows=tuple(_zone_row(held) for held in product((YES, NO), repeat=len(_ZONES)) if any(held)),
    impossible=(
        Impossible(dict.fromkeys(("zone_I", "zone_II", "zone_III", "zone_IV"), NO), "there is tumour somewhere"),
        Impossible({"body": YES, "zone_III": NO, "zone_IV": NO}, "tumour of the body lies in zone III or IV"),
        Impossible({"lateral_arch": YES, "zone_I": NO, "zone_II": NO}, "tumour of the arch lies in zone I or II"),
    ),
)
SPREAD_TABLE = RuleTable(
    system="mclain_weinstein",
    title="McLain-Weinstein, letter",
    criteria=(
        Criterion("metastasis", "Has it spread to a distant place?"),
        Criterion("outside_bone", "Has it left the bone?"),
    ),
    rows=(
        Row("A", {"metastasis": NO, "outside_bone": NO}, "verified (2nd)", _NOTES, "MCW-5", "Inside the bone."),
        Row("B", {"metastasis": NO, "outside_bone": YES}, "verified (2nd)", _NOTES, "MCW-5", "Outside the bone."),
        Row("C", {"metastasis": YES}, "verified (2nd)", _NOTES, "MCW-5", "Distant spread."),
    ),
)


def answer(facts: Facts) -> Classification:
    """Zones and letter still possible, such as ``"II+III-A"``."""
    findings = findings_for(facts, _zones(facts))
    zones, letter = classify(ZONE_TABLE, findings), classify(SPREAD_TABLE, findings)
    return Classification(
        system="mclain_weinstein",
        possible=tuple(f"{zone}-{spread}" for zone in zones.possible for spread in letter.possible),
        because=(*zones.because, *letter.because),
        would_settle=(*zones.would_settle, *letter.would_settle),
    )


def _zones(facts: Facts) -> tuple[Finding, ...]:
    found = facts.findings
    lateral = Verdict.UNMET if found["lateral_arch"].verdict is Verdict.UNMET else Verdict.UNDECIDED
    body = Verdict.UNMET if found["body"].verdict is Verdict.UNMET else Verdict.UNDECIDED
    arch = " The lateral arch holds zone I and II; sectors do not part them." if lateral is Verdict.UNDECIDED else ""
    front = found["body"].says
    if body is Verdict.UNDECIDED:
        front += " Sectors and layers do not part zone III from IV."
    depth = "How deep in the body the tumour lies: the border is at three quarters of its depth (MCW-7, ours)"
    part = "Which part of the arch the tumour holds"
    settle = {
        name: part if lateral is Verdict.UNDECIDED else found[name].settle for name in ("spinous_process", "pedicle")
    }
    return (
        stated(
            "zone_I",
            any_of((found["spinous_process"].verdict, lateral)),
            f"{found['spinous_process'].says}{arch}",
            part,
        ),
        stated(
            "zone_II",
            any_of((found["pedicle"].verdict, lateral)),
            f"{found['pedicle'].says}{arch}",
            settle["spinous_process"],
        ),
        stated("zone_III", body, front, depth),
        stated("zone_IV", body, front, depth),
    )
