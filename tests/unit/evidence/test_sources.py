"""The bibliography and the evidence items as they are shown."""

from __future__ import annotations

import pytest

from enbloc.foundation.evidence.bibliography import TO_BE_CONFIRMED, read_bibliography, source, supports
from enbloc.foundation.evidence.bibtex import parse_bibliography
from enbloc.foundation.evidence.items import item, read_items, reason_from


def test_a_source_is_one_line() -> None:
    assert source("boriani2018").text == (
        "Boriani S. En bloc resection in the spine: a procedure of surgical oncology. J Spine Surg 2018;4(3):668-676."
    )
    assert source("boriani2018").doi == "10.21037/jss.2018.09.02"


def test_a_source_of_unknown_identity_is_never_printed_as_a_reference() -> None:
    unconfirmed = [entry for entry in read_bibliography().values() if entry.checked == "no"]
    assert unconfirmed
    assert {entry.text for entry in unconfirmed} == {TO_BE_CONFIRMED}


def test_such_a_source_supports_nothing_alone() -> None:
    assert not supports(("tomita2001",))
    assert supports(("tomita2001", "boriani2018"))


def test_no_latex_is_left_in_any_reference() -> None:
    assert not [entry.key for entry in read_bibliography().values() if set(entry.text) & set("{}\\")]
    assert "Aydınlı U" in source("melek_lungvertebra").text


def test_the_sources_that_are_read_are_those_of_the_bibtex_file() -> None:
    assert dict(read_bibliography()) == dict(parse_bibliography())


def test_every_item_cites_sources_that_exist() -> None:
    known = read_bibliography()
    assert not [(i.id, key) for i in read_items().values() for key in i.cites if key not in known]


def test_an_item_carries_its_status_and_figures() -> None:
    assert item("OUT-01").status == "verified"
    assert item("OUT-01").numbers["LR_EI"] == "57/77"
    assert item("RCL-02").status.startswith("unverified/")


def test_a_sentence_is_filled_with_the_figures_of_its_item() -> None:
    reason = reason_from("OUT-01", "{LR_EI} against {LR_EA} (n {n})")
    assert reason.says == "57/77 against 14/70 (n 147)"
    assert (reason.status, reason.cites, reason.rule) == ("verified", ("fisher2011",), "OUT-01")


def test_a_figure_that_the_item_does_not_have_is_refused() -> None:
    with pytest.raises(KeyError):
        reason_from("OUT-01", "{survival}")
