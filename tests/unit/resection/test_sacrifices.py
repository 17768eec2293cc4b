"""What a resection gives up: the table of roots covers every level once, with a status, and sides follow the plan."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest

from enbloc.foundation.evidence.bibliography import read_bibliography
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.levels import LEVELS, region
from enbloc.foundation.terms.structures import STRUCTURES
from enbloc.resection.sacrifices import ROOTS, SEGMENTAL_ROUTINE_LEVELS, list_sacrifices

WITHOUT_RULE = {"S2", "S3", "S4", "S5"}
"""Roots of which this table says nothing: no family that is placed reaches them."""


def test_every_level_has_one_root_rule_or_is_known_to_have_none() -> None:
    named = Counter(level for rule in ROOTS for level in rule.levels)
    assert set(named) == set(LEVELS) - WITHOUT_RULE
    assert set(named.values()) == {1}


def test_every_rule_has_a_status_and_known_sources() -> None:
    known = read_bibliography()
    for rule in ROOTS:
        assert rule.status in get_args(Status), rule.rule
        assert rule.consequence
        assert rule.rule.startswith("ROOT-")
        assert all(key in known for key in rule.cites), rule.cites


@pytest.mark.parametrize("level", [level for level in LEVELS if level not in WITHOUT_RULE])
def test_a_vertebrectomy_names_both_roots(level: str) -> None:
    found = [s for s in list_sacrifices("vertebrectomy", (level,), "right", Verdict.UNMET) if "root" in s.structure]
    assert {s.structure for s in found} == {f"nerve_root_{level}_left", f"nerve_root_{level}_right"}
    assert all(s.modelled for s in found)
    assert all(s.structure in STRUCTURES for s in found)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_sagittal_resection_touches_its_own_side_only(side: str) -> None:
    found = list_sacrifices("sagittal_resection", ("T8", "T9"), side, Verdict.UNMET)
    other = {"left": "right", "right": "left"}[side]
    assert found
    assert all(side in s.structure.split("_") and other not in s.structure.split("_") for s in found)


def test_arteries_and_ribs_follow_the_region() -> None:
    for level, vessels, ribs in (("C5", 0, 0), ("T8", 2, 2), ("L3", 2, 0)):
        kinds = [s.structure.split("_")[0] for s in list_sacrifices("vertebrectomy", (level,), "left", Verdict.UNMET)]
        assert kinds.count("segmental") == vessels, region(level)
        assert kinds.count("rib") == ribs, region(level)
    for count in (SEGMENTAL_ROUTINE_LEVELS, SEGMENTAL_ROUTINE_LEVELS + 1):
        levels = tuple(f"T{n}" for n in range(5, 5 + count))
        words = [
            s.consequence
            for s in list_sacrifices("vertebrectomy", levels, "left", Verdict.UNMET)
            if s.structure.startswith("segmental")
        ]
        assert all(("beyond" in w) == (count > SEGMENTAL_ROUTINE_LEVELS) for w in words)


@pytest.mark.parametrize("family", ["posterior_arch_resection", "intralesional", "vertebrectomy"])
def test_the_dura_is_worked_on_only_where_tumour_is_or_may_be(family: str) -> None:
    for verdict, count in ((Verdict.UNMET, 0), (Verdict.MET, 1), (Verdict.UNDECIDED, 1)):
        dura = [s for s in list_sacrifices(family, ("L3",), None, verdict) if s.structure == "dura"]
        assert len(dura) == count
        assert all(("if tumour" in s.consequence) == (verdict is Verdict.UNDECIDED) for s in dura)
    assert not [
        s for s in list_sacrifices("posterior_arch_resection", ("L3",), None, Verdict.MET) if "root" in s.structure
    ]
