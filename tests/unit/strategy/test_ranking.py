"""The recorded preference: what is not known ranks after everything that is."""

from __future__ import annotations

from itertools import permutations

import attrs
import pytest

from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.resection.plans import MarginWord, Plan
from enbloc.strategy.advice import Indication
from enbloc.strategy.search import rank_plans

NOT_KNOWN = Unknown("not measured")
EN_BLOC = Indication("yes", ())
BARE = Plan(
    id="",
    rank=0,
    family="vertebrectomy",
    side=None,
    approach=("posterior",),
    sessions=1,
    levels=("L3",),
    cuts=(),
    sacrifices=(),
    margins=(),
    margin="wide",
    enneking_appropriate=None,
    geometry=None,
    margin_negative_probability=NOT_KNOWN,
    delivery=NOT_KNOWN,
    reconstruction=NOT_KNOWN,
    risks=(),
    trade_offs={},
    because=(),
)


def plan(word: MarginWord | None, missed: float | None, bone_ml: float | None) -> Plan:
    """A plan with these figures; None is not known."""
    figures: dict[str, Measured] = {
        name: NOT_KNOWN if value is None else Estimate(value, value, value, unit, "set")
        for name, value, unit in (("wanted_margins_missed", missed, "n"), ("bone_lost", bone_ml, "ml"))
    }
    return attrs.evolve(BARE, margin=word, trade_offs=figures)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (plan("wide", 0.0, 90.0), plan("wide", 0.0, None)),
        (plan("wide", 3.0, 90.0), plan("wide", None, 10.0)),
        (plan("intralesional", 3.0, 90.0), plan(None, 0.0, 10.0)),
    ],
    ids=["bone lost", "wanted margins missed", "margin"],
)
def test_what_is_not_known_ranks_after_the_worst_that_is_known(first: Plan, second: Plan) -> None:
    for order in permutations((first, second)):
        ranked = rank_plans(order, EN_BLOC)
        assert [(p.margin, p.trade_offs) for p in ranked] == [(p.margin, p.trade_offs) for p in (first, second)]
        assert [p.rank for p in ranked] == [1, 2]


def test_of_equal_margins_the_plan_whose_cuts_a_blade_reaches_comes_first() -> None:
    """Before wanted distances and bone: a cut that cannot be made is worth nothing."""
    blind = attrs.evolve(
        (one := plan("wide", 0.0, 10.0)),
        trade_offs={**one.trade_offs, "cuts_out_of_reach": Estimate(1.0, 1.0, 1.0, "n", "set")},
    )
    open_to_saws = attrs.evolve(
        (other := plan("wide", 2.0, 60.0)),
        trade_offs={**other.trade_offs, "cuts_out_of_reach": Estimate(0.0, 0.0, 0.0, "n", "set")},
    )
    for order in permutations((blind, open_to_saws)):
        ranked = rank_plans(order, EN_BLOC)
        assert [p.trade_offs["bone_lost"].value for p in ranked] == [60.0, 10.0]
        assert any("1 less in cuts that no straight blade reaches (1 against 0)" in r.says for r in ranked[0].because)
