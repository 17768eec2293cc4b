"""The Extent in the contract's form."""

from __future__ import annotations

import pytest

from enbloc.classification.extent import Cell, Extent, LevelExtent
from enbloc.classification.sheet import classify
from enbloc.classification.systems.wbb_answer import mirror, write_sectors
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.clinical import Clinical


@pytest.mark.parametrize(
    ("sectors", "text"),
    [
        ((4, 5), "4-5"),
        ((5, 7), "5,7"),
        ((10, 11, 12, 1, 2, 3), "10-3"),
        ((12, 1), "12-1"),
        (range(1, 13), "1-12"),
        ((), ""),
    ],
)
def test_sectors_are_written_as_runs_round_the_ring(sectors, text) -> None:
    assert write_sectors(sectors) == text


def test_mirroring_twice_changes_nothing_and_swaps_the_pedicles() -> None:
    assert [mirror(mirror(s)) for s in range(1, 13)] == list(range(1, 13))
    assert mirror(4) == 9


def test_a_typed_level_is_settled(typed) -> None:
    answer = classify(typed(L3=({4, 5}, "BC")), Clinical()).answers["wbb"]
    assert answer.possible == ("L3; 4-5 (SOSG); B,C",)
    assert answer.details["numbering"] == "sosg"
    assert answer.details["mirror"] == "original"
    assert answer.details["levels"]["L3"] == {
        "sectors": [4, 5], "layers": ["B", "C"], "cells": {}, "undecided_sectors": [], "undecided_layers": [],
    }  # fmt: skip


def test_an_open_sector_gives_the_least_and_the_most(typed) -> None:
    settled = typed(L3=({4, 5}, "BC")).levels["L3"]
    level = LevelExtent({**settled.sectors, 6: Verdict.UNDECIDED}, settled.layers)
    answer = classify(Extent("measured", {"L3": level}), Clinical()).answers["wbb"]
    assert answer.possible == ("L3; 4-5 (SOSG); B,C", "L3; 4-6 (SOSG); B,C")
    assert answer.details["levels"]["L3"]["undecided_sectors"] == [6]
    assert "sector 6" in answer.would_settle[0]


def test_cells_show_what_was_measured_and_leave_out_what_was_not(typed) -> None:
    settled = typed(L3=({4}, "B")).levels["L3"]
    cell = Cell(Verdict.MET, Estimate(0.31, 0.3, 0.4, "fraction"), Estimate(0.8, 0.7, 0.9, "ml"), Unknown("bone"))
    level = LevelExtent(settled.sectors, settled.layers, {(4, "B"): cell})
    answer = classify(Extent("measured", {"L3": level}), Clinical()).answers["wbb"]
    assert answer.details["levels"]["L3"]["cells"] == {
        "4": {"B": {"verdict": "met", "fraction": 0.31, "volume_ml": 0.8}}
    }


def test_free_levels_are_left_out(typed) -> None:
    answer = classify(typed(L3=({4}, "B"), L4=(set(), "")), Clinical()).answers["wbb"]
    assert list(answer.details["levels"]) == ["L3"]
    assert not classify(typed(L3=(set(), "")), Clinical()).answers["wbb"].applies
