"""The Pareto set: what dominates what, and that another option never worsens it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from enbloc.strategy.choice import OBJECTIVES, dominates

NAMES = [objective.name for objective in OBJECTIVES]
figure = st.one_of(st.none(), st.integers(0, 3).map(float))
plan = st.fixed_dictionaries(dict.fromkeys(NAMES, figure))


def pareto(plans: list[dict[str, float | None]]) -> list[dict[str, float | None]]:
    return [one for one in plans if not any(dominates(other, one) for other in plans)]


@given(plan, plan, plan)
def test_to_dominate_is_a_strict_order(a, b, c) -> None:
    assert not dominates(a, a)
    assert not (dominates(a, b) and dominates(b, a))
    if dominates(a, b) and dominates(b, c):
        assert dominates(a, c)


@given(st.lists(plan, max_size=8), plan)
def test_another_option_never_worsens_the_pareto_set(plans, added) -> None:
    """What stood on it stands on it still, or is beaten by the new one, which is nowhere worse."""
    before, after = pareto(plans), pareto([*plans, added])
    for one in before:
        assert one in after or dominates(added, one)
    assert after or not [*plans, added]


def test_what_is_not_known_of_one_alone_cannot_be_compared() -> None:
    good = dict.fromkeys(NAMES, 0.0)
    poor = dict.fromkeys(NAMES, 1.0)
    assert dominates(good, poor)
    assert not dominates({**good, NAMES[3]: None}, poor)
    assert dominates({**good, NAMES[3]: None}, {**poor, NAMES[3]: None})
