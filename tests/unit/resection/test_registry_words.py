"""The registry's words for margins of every kind."""

from __future__ import annotations

import pytest

from enbloc.foundation.evidence.estimates import Estimate
from enbloc.resection.plans import Margin
from enbloc.resection.specimen.registry_words import registry_word


def margins(**words: str) -> tuple[Margin, ...]:
    least = Estimate(1.0, 0.0, 2.0, "mm")
    return tuple(Margin(n.replace("_", " "), "bone", least, None, None, "", w) for n, w in words.items())


@pytest.mark.parametrize(
    ("words", "declared", "expected"),
    [
        ({"cranial_cut": "wide", "dura": "wide"}, (), "wide"),
        ({"cranial_cut": "wide", "dura": "marginal"}, (), "wide with marginal at dura"),
        ({"cranial_cut": "marginal", "dura": "marginal"}, (), "marginal"),
        ({"aorta": "marginal", "dura": "wide"}, (), "marginal"),
        ({"cranial_cut": "intralesional", "dura": "marginal"}, (), "intralesional"),
        ({"cranial_cut": "wide", "dura": "intralesional"}, ("dura",), "intralesional with planned focal transgression"),
        ({"cranial_cut": "intralesional", "dura": "intralesional"}, ("dura",), "intralesional"),
    ],
)
def test_words(words: dict[str, str], declared: tuple[str, ...], expected: str) -> None:
    found = registry_word(margins(**words), frozenset(declared))
    assert found is not None
    assert found[0] == expected
    assert found[1].status == "ours"


def test_no_word_where_a_margin_has_none() -> None:
    assert registry_word((), frozenset()) is None
    one = margins(dura="wide")[0]
    unknown = Margin("aorta", "soft_tissue", one.least, None, None, "", None)
    assert registry_word((one, unknown), frozenset()) is None
