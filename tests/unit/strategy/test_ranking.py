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
