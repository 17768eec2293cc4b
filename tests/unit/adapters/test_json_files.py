"""JSON: the same bytes for the same values, and no number that is none."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enbloc.adapters.files.json_files import DECIMALS, json_text, to_plain
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict


def test_values_of_the_program_have_their_form() -> None:
    assert to_plain(Estimate(2.0, 1.0, 3.0, "mm")) == {"value": 2.0, "low": 1.0, "high": 3.0, "unit": "mm"}
    assert to_plain(Unknown("not labelled")) == {"unknown": "not labelled"}
    assert to_plain(Verdict.UNDECIDED) == "undecided"
    assert to_plain(np.eye(2)) == [[1.0, 0.0], [0.0, 1.0]]
    assert to_plain({3: Verdict.MET, "a": (np.float32(0.5), np.int64(4))}) == {"3": "met", "a": [0.5, 4]}
    assert to_plain(frozenset({"b", "a"})) == ["a", "b"]
    reason = {"says": "x", "status": "ours", "cites": ["k"], "rule": ""}
    assert to_plain({"because": (Reason("x", "ours", ("k",)),)}) == {"because": [reason]}


def test_no_negative_zero_and_no_false_precision() -> None:
    assert json_text({"a": -0.0, "b": 0.1 + 0.2, "c": -1e-12}) == '{\n  "a": 0.0,\n  "b": 0.3,\n  "c": 0.0\n}\n'


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, np.float64("nan"), np.array([1.0, np.inf])])
def test_what_is_no_number_is_refused(number: object) -> None:
    with pytest.raises(ValueError, match="Unknown"):
        to_plain({"a": [number]})


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError):
        to_plain({"a": object()})


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(-1e6, 1e6),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(plain)
def test_the_text_reads_back_to_the_value(value: object) -> None:
    assert json.loads(json_text(value)) == to_plain(value)


@given(st.floats(-1e6, 1e6))
def test_rounding_stays_within_its_decimals(number: float) -> None:
    assert abs(to_plain(number) - number) <= 0.5 * 10**-DECIMALS + 1e-9


def test_deep_values_take_no_longer_than_their_size() -> None:
    deep: object = 1.0
    for _ in range(40):
        deep = {"a": [deep]}
    assert json_text(deep).count("a") == 40
