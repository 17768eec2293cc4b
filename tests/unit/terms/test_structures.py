"""The words for structures: one thing, one word, however it is written."""

from __future__ import annotations

import pytest

from enbloc.errors import TermError
from enbloc.foundation.terms.structures import (
    STRUCTURES,
    is_vertebra,
    level_of,
    mirror,
    parse_structure,
    side_of,
)


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("vertebrae_L3", "vertebra_L3"),
        ("L3 vertebra", "vertebra_L3"),
        ("L3", "vertebra_L3"),
        ("vertebra Th8", "vertebra_T8"),
        ("esophagus", "oesophagus"),
        ("superior lobe of left lung", "lung_left"),
        ("lung_middle_lobe_right", "lung_right"),
        ("left rib 7", "rib_left_7"),
        ("7th rib, left", "rib_left_7"),
        ("Tumor", "tumour"),
        ("thecal sac", "dura"),
        ("Dural sac", "dura"),
        ("disc L3/L4", "disc_L3_L4"),
        ("disc_T12_L1", "disc_T12_L1"),
        ("right deep back muscle", "autochthon_right"),
        ("left common iliac vein", "iliac_vein_left"),
        ("iliac_vena_left", "iliac_vein_left"),
        ("inferior vena cava", "inferior_vena_cava"),
        ("nerve_root_L3_left", "nerve_root_L3_left"),
        ("spinal canal", "spinal_canal"),
    ],
)
def test_one_thing_has_one_word(written: str, word: str) -> None:
    assert parse_structure(written) == word


@pytest.mark.parametrize("word", STRUCTURES)
def test_every_word_and_every_name_reads_back(word: str) -> None:
    assert parse_structure(word) == word
    assert parse_structure(STRUCTURES[word].name) == word


@pytest.mark.parametrize(
    ("written", "nearest"),
    [("aorte", "aorta"), ("vertebra_L7", "vertebra_L"), ("tumuor", "tumour"), ("rib_left_77", "rib_left_7")],
)
def test_an_unknown_word_is_refused_with_the_nearest(written: str, nearest: str) -> None:
    with pytest.raises(TermError) as refused:
        parse_structure(written)
    assert nearest in refused.value.remedy


def test_left_is_never_read_as_right() -> None:
    for word in STRUCTURES:
        if side_of(word):
            other = mirror(word)
            assert other in STRUCTURES
            assert other != word
            assert mirror(other) == word
            assert parse_structure(other.replace("_", " ")) == other


def test_levels_of_vertebrae() -> None:
    assert level_of("vertebra_T13") == "T13"
    assert level_of("sacrum") == "S1"
    assert level_of("aorta") is None
    assert is_vertebra("sacrum")
    assert not is_vertebra("disc_L3_L4")
