"""Every rule has no gap, cites sources that exist, and carries the status of the knowledge tables."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from enbloc.classification.extent import Contact, extent_from_typed
from enbloc.classification.sheet import classify
from enbloc.classification.systems.definitions import DEFINITIONS, LEFT_OUT
from enbloc.classification.systems.enneking import ADVICE
from enbloc.classification.systems.tables import SCORES
from enbloc.foundation.evidence.bibliography import read_bibliography
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.items import read_items
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.rules import check_table
from enbloc.foundation.evidence.scores import Band, check_score
from enbloc.foundation.terms.histology import HISTOLOGIES
from enbloc.intake.case import TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.resection.families import LIMITS, enumerate_options
from enbloc.strategy.indication.indication import judge_indication
from enbloc.strategy.indication.indication_tables import BESIDE
from enbloc.strategy.reaching.approach import REGIONS, choose_approach
from enbloc.strategy.rules_page import TABLES, rules_page, tables_of

ROOT = Path(__file__).parents[2]

LOOSER = {
    "F5": "verified",
    "F6": "ours",
    "F8": "ours",
    "MOD-2": "ours",
    "TOM-3": "verified (2nd)",
    "TOM-4": "unverified/high",
    "TOM-5": "unverified/high",
    "TOM-6": "unverified/high",
    "IH-20": "unverified/medium",
    "REG-6": ("verified (2nd)", "ours"),
    "REG-9": "ours",
    "ORD-7": "verified",
    "BOR-2a": "verified",
    "BOR-2b": "unverified/low",
    "BOR-3a": "unverified/low",
    "BOR-4": "unverified/low",
    "WBB-6": "unverified/high",
    "WBB-7": "verified",
    "WBB-9": "ours",
    "GEO-8": "verified",
}
"""Rules whose printed status has a part for each half of the rule, or a remark: what may be said of our half."""


def printed() -> dict[str, str]:
    with (ROOT / "tests" / "published" / "rule_statuses.csv").open(encoding="utf-8") as lines:
        return {row["rule"]: row["status"] for row in csv.DictReader(lines)}


def every_reason() -> Iterator[Reason]:
    """Reasons of the tables, and those that a sweep over tumours, places and histologies brings out."""
    yield from (advice.reason for advice in ADVICE)
    yield from (limits.reason for limits in LIMITS)
    yield from (reason for region in REGIONS for reason in region.because)
    yield from (reason for reasons in BESIDE.values() for reason in reasons)
    touching = (Contact("aorta", Estimate(0.0, 0.0, 1.0, "mm"), (0.0, 0.0, 0.0)),)
    sectors = ({5, 6}, {4, 5}, {1, 2, 12}, {4, 9}, {2, 3, 4, 5}, {2, 6, 11}, set(range(1, 13)))
    for level in ("C1", "C4", "C7", "T8", "L3", "L5", "S1", "S4"):
        for held in sectors:
            for layers in ("AB", "BC", "ABCDE", "BF"):
                extent = extent_from_typed({level: TypedLevel(frozenset(held), frozenset(layers))})
                clinical = Clinical(prior_surgery=True, prior_radiotherapy=True, dura_infiltrated=True)
                options, rejected = enumerate_options(extent, classify(extent, clinical), clinical)
                yield from (reason for one in (*options, *rejected) for reason in one.because)
                for option in options:
                    yield from choose_approach(extent, clinical, option, ()).because
                    yield from choose_approach(extent, Clinical(), option, touching).because
    extent = extent_from_typed({"T8": TypedLevel(frozenset({5}), frozenset("BC"))})
    for histology in HISTOLOGIES:
        clinical = Clinical(histology=histology, prior_surgery=True, prior_radiotherapy=True)
        indication = judge_indication(clinical, classify(extent, clinical), extent)
        yield from indication.because
        yield from (reason for rival in indication.rivals for reason in rival.because)


def every_rule() -> list[tuple[str, str, tuple[str, ...]]]:
    rows = [(row.rule, row.status, row.cites) for table in TABLES.values() for row in table.rows]
    bands: list[Band] = [band for score in SCORES.values() for band in score.bands]
    rows += [(band.rule, band.status, band.cites) for band in bands]
    rows += [(reason.rule, reason.status, reason.cites) for reason in every_reason()]
    defined = [reason for reasons in DEFINITIONS.values() for reason in reasons]
    rows += [(reason.rule, reason.status, reason.cites) for reason in defined]
    return sorted(set(rows))


@pytest.mark.parametrize("name", TABLES)
def test_no_table_has_a_gap_or_an_overlap(name: str) -> None:
    check_table(TABLES[name])


@pytest.mark.parametrize("system", SCORES)
def test_the_bands_of_every_score_cover_every_sum(system: str) -> None:
    check_score(SCORES[system])


def test_every_source_cited_is_in_the_bibliography() -> None:
    known = read_bibliography()
    assert not [(rule, key) for rule, _, cites in every_rule() for key in cites if key not in known]


def test_every_status_is_the_printed_one() -> None:
    statuses, items = printed(), read_items()
    wrong = []
    for rule, status, _ in every_rule():
        for one in rule.split(", "):
            if not one or one == "4.4" or status in ("stated", "measured"):
                continue
            if one in items:
                expected: str | tuple[str, ...] = items[one].status
            elif one in LOOSER:
                expected = LOOSER[one]
            else:
                expected = statuses[one]
            if status not in (expected if isinstance(expected, tuple) else (expected,)) and ", " not in rule:
                wrong.append((one, status, expected))
    assert not wrong


ELSEWHERE = {
    "FAM-2b": "resection/families.py",
    "F8": "resection/families.py",
}
"""Rules of the classifications that stand in no table because a measurement applies them: where they are."""


def of_the_classifications() -> list[str]:
    """Ids of the knowledge page on classifications; the pages on strategy begin with IH-01."""
    ids = list(printed())
    return ids[: ids.index("IH-01")]


def test_no_rule_of_the_classifications_is_forgotten() -> None:
    """Every printed rule is in a table, defined, applied by a named module, or left out for a reason; none is two."""
    tabled = {one for rule, _, _ in every_rule() for one in rule.split(", ")}
    remainder = [rule for rule in of_the_classifications() if rule not in tabled | set(LEFT_OUT) | set(ELSEWHERE)]
    assert remainder == []
    assert not set(LEFT_OUT) & tabled
    assert set(LEFT_OUT) <= set(of_the_classifications())
    for rule, place in ELSEWHERE.items():
        assert rule in (ROOT / "src" / "enbloc" / place).read_text("utf-8"), rule


def test_what_is_left_out_is_used_nowhere() -> None:
    sources = [path for path in (ROOT / "src" / "enbloc" / "classification").glob("*.py") if path.stem != "definitions"]
    text = "\n".join(path.read_text("utf-8") for path in sources)
    assert not [rule for rule in LEFT_OUT if f'"{rule}"' in text]
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())


def test_what_is_said_to_be_verified_names_its_source() -> None:
    assert not [(rule, status) for rule, status, cites in every_rule() if status.startswith("verified") and not cites]


def test_a_system_and_its_parts_are_found_by_name() -> None:
    assert [table.system for table in tables_of("tomita")] == ["tomita"]
    assert len(tables_of("sins")) == 6
    assert len(tables_of("sins/pain")) == 1
    assert tables_of("no_such_system") == ()


def test_the_page_of_rules_is_fresh() -> None:
    written = (ROOT / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
    assert written == rules_page(), "write it anew from enbloc.strategy.rules_page.rules_page()"
