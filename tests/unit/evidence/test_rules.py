"""The rule engine: gaps and overlaps are found, and a sharper finding never adds a category."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enbloc.errors import RuleError
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.evidence.rules import NO, YES, Criterion, Impossible, Row, RuleTable, check_table, classify
from enbloc.foundation.evidence.verdicts import Verdict

ROWS = (
    Row("both", {"a": YES, "b": YES}, "verified", ("fisher2011",), "R-1"),
    Row("one", {"a": YES, "b": NO}, "ours", (), "R-2"),
    Row("none", {"a": NO}, "unverified/high", (), "R-3"),
)
CRITERIA = (Criterion("a", "Is a so?", "Look at a"), Criterion("b", "Is b so?"))
TABLE = RuleTable("example", "Example", CRITERIA, ROWS)


def finding(name: str, verdict: Verdict, settle: str = "") -> Finding:
    return Finding(name, verdict, Unknown("stated: test"), f"{name} is {verdict.value}.", settle)


def found(**verdicts: Verdict) -> dict[str, Finding]:
    return {name: finding(name, verdict) for name, verdict in verdicts.items()}


def test_a_whole_table_passes() -> None:
    check_table(TABLE)


def test_a_gap_is_found() -> None:
    with pytest.raises(RuleError, match="a gap at a yes, b no"):
        check_table(RuleTable("example", "Example", CRITERIA, (ROWS[0], ROWS[2])))


def test_an_overlap_is_found() -> None:
    rows = (*ROWS, Row("other", {"b": YES}, "ours"))
    with pytest.raises(RuleError, match="an overlap"):
        check_table(RuleTable("example", "Example", CRITERIA, rows))


def test_a_row_that_asks_what_is_no_criterion_is_found() -> None:
    with pytest.raises(RuleError, match="no criterion"):
        check_table(RuleTable("example", "Example", CRITERIA, (*ROWS, Row("x", {"c": YES}, "ours"))))


def test_an_impossible_combination_closes_a_gap() -> None:
    impossible = (Impossible({"a": YES, "b": NO}, "b follows a"),)
    check_table(RuleTable("example", "Example", CRITERIA, (ROWS[0], ROWS[2]), impossible))


def test_decided_findings_settle_with_the_basis_of_the_row() -> None:
    answer = classify(TABLE, found(a=Verdict.MET, b=Verdict.MET))
    assert answer.possible == ("both",)
    assert answer.would_settle == ()
    assert {because.criterion: because.status for because in answer.because} == {"a": "verified", "b": "verified"}
    assert answer.because[0].cites == ("fisher2011",)
    assert answer.because[0].rule == "R-1"


def test_a_criterion_that_no_longer_matters_is_not_given_as_a_reason() -> None:
    answer = classify(TABLE, found(a=Verdict.UNMET))
    assert answer.possible == ("none",)
    assert [because.criterion for because in answer.because] == ["a"]


def test_undecided_findings_leave_every_category_that_fits() -> None:
    answer = classify(TABLE, found(b=Verdict.UNMET))
    assert answer.possible == ("one", "none")
    assert answer.would_settle == ("Look at a",)


def test_the_status_of_an_open_criterion_is_the_weakest_of_its_rows() -> None:
    answer = classify(TABLE, found(a=Verdict.MET))
    assert answer.possible == ("both", "one")
    assert {because.status for because in answer.because} == {"ours"}


def test_contradicting_findings_leave_nothing_but_still_apply() -> None:
    table = RuleTable("example", "Example", CRITERIA, ROWS, (Impossible({"a": NO, "b": YES}, "b needs a"),))
    answer = classify(table, found(a=Verdict.UNMET, b=Verdict.MET))
    assert answer.possible == ()
    assert answer.applies


def test_the_settle_text_of_a_finding_goes_before_that_of_the_criterion() -> None:
    answer = classify(TABLE, {"a": finding("a", Verdict.UNDECIDED, "Ask about a")})
    assert answer.would_settle[0] == "Ask about a"


@given(
    verdicts=st.fixed_dictionaries({name: st.sampled_from(Verdict) for name in ("a", "b")}),
    name=st.sampled_from(("a", "b")),
    sharper=st.sampled_from((Verdict.MET, Verdict.UNMET)),
)
def test_sharpening_never_adds(verdicts: dict[str, Verdict], name: str, sharper: Verdict) -> None:
    before = classify(TABLE, found(**verdicts))
    after = classify(TABLE, found(**{**verdicts, name: sharper}))
    if verdicts[name] is Verdict.UNDECIDED:
        assert set(after.possible) <= set(before.possible)
