"""The words of surgery are those of the plan."""

from __future__ import annotations

from typing import get_args

from enbloc.foundation.terms.surgery import ACTIONS, CUT_KINDS, FAMILIES, MARGINS, SURGERY
from enbloc.resection.cuts import CutKind
from enbloc.resection.plans import Family, MarginWord


def test_families_cuts_and_margins_have_the_words_of_the_plan() -> None:
    assert [term.word for term in FAMILIES] == list(get_args(Family))
    assert [term.word for term in CUT_KINDS] == list(get_args(CutKind))
    assert [term.word for term in MARGINS] == list(get_args(MarginWord))
    assert [term.word for term in ACTIONS] == ["cut", "keep", "skeletonise", "resect"]


def test_every_word_has_a_sentence() -> None:
    assert all(term.says.endswith(".") for terms in SURGERY.values() for term in terms)
