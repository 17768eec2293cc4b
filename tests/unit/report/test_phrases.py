"""Numbers and names in words."""

from __future__ import annotations

import pytest

from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.terms.structures import structure_words
from enbloc.report.phrases import joined, level_words, measured_words, number_words, sector_words, sentence


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate(4.21, 3.4, 5.0, "mm"), "4.2\N{NO-BREAK SPACE}mm (3.4 to 5.0)"),
        (Estimate(0.314, 0.28, 0.35, "fraction"), "31\N{NO-BREAK SPACE}% (28 to 35)"),
        (Estimate(2, 2, 2, "n"), "2"),
        (Estimate(-3.2, -3.2, -3.2, "deg"), "\N{MINUS SIGN}3°"),
    ],
)
def test_an_estimate_keeps_value_interval_and_unit(estimate: Estimate, words: str) -> None:
    assert measured_words(estimate) == words


def test_unknown_is_said_and_never_a_number() -> None:
    words = measured_words(Unknown("no CT"))
    assert words == "not measured: no CT"
    assert not any(c.isdigit() for c in words)


def test_no_negative_zero() -> None:
    assert number_words(-0.04, 1) == "0.0"


@pytest.mark.parametrize(
    ("sectors", "words"),
    [
        ([4, 5, 6, 7, 8], "4–8"),
        ([10, 11, 12, 1, 2, 3], "10–3"),
        ([1, 2, 7], "1–2, 7"),
        (range(1, 13), "1–12"),
        ([], ""),
    ],
)
def test_sectors_run_round_the_clock(sectors: list[int], words: str) -> None:
    assert sector_words(sectors) == words


def test_levels_side_and_lists() -> None:
    assert level_words(["L4", "L2", "L3"]) == "L2–L4"
    assert level_words(["T5", "T8"]) == "T5, T8"
    assert structure_words("nerve_root_L3_left") == "left L3 nerve root"
    assert structure_words("pedicle_right of L3") == "right pedicle of L3"
    assert structure_words("inferior_articular_process_L2_left") == "left inferior articular process of L2"
    assert structure_words("spinous_process_T10") == "spinous process of T10"
    assert structure_words("right pedicle cut") == "right pedicle cut"
    assert joined(["a", "b", "c"]) == "a, b and c"


def test_ids_in_a_sentence_are_said_in_words_and_files_are_left_alone() -> None:
    assert sentence("within 5 mm: lung_left") == "Within 5 mm: left lung."
    assert sentence("renal_cell_carcinoma is a metastasis") == "Renal cell carcinoma is a metastasis."
    assert sentence("to what is labelled spinal_cord.") == "To what is labelled spinal cord."
    assert sentence("state `prior_surgery` in case.toml") == "State `prior_surgery` in case.toml."
    assert sentence("lung_left.nii.gz lies elsewhere") == "Lung_left.nii.gz lies elsewhere."
    assert sentence("posterior_arch_resection: no") == "Posterior arch resection: no."
