"""The list of histologies and how people write them."""

from __future__ import annotations

import pytest

from enbloc.errors import TermError
from enbloc.foundation.terms.histology import HISTOLOGIES, parse_histology

CONTRACT = """chordoma chondrosarcoma osteosarcoma ewing_sarcoma giant_cell_tumour osteoblastoma osteoid_osteoma
aneurysmal_bone_cyst haemangioma plasmacytoma lymphoma renal_cell_carcinoma thyroid_carcinoma breast_carcinoma
lung_carcinoma prostate_carcinoma unknown_primary"""


@pytest.mark.parametrize("word", CONTRACT.split())
def test_the_words_of_the_contract_are_in_the_list(word: str) -> None:
    assert parse_histology(word) == word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Giant cell tumor", "giant_cell_tumour"),
        ("GCT", "giant_cell_tumour"),
        ("giant-cell tumour", "giant_cell_tumour"),
        (" RCC ", "renal_cell_carcinoma"),
        ("Ewing's sarcoma", "ewing_sarcoma"),
        ("hemangioma", "haemangioma"),
    ],
)
def test_other_spellings_are_read(text: str, word: str) -> None:
    assert parse_histology(text) == word


def test_an_unknown_word_is_refused_with_the_nearest() -> None:
    with pytest.raises(TermError) as caught:
        parse_histology("chordomma")
    assert "chordoma" in caught.value.remedy


def test_every_word_and_synonym_reads_as_itself_only() -> None:
    for histology in HISTOLOGIES.values():
        for text in (histology.word, *histology.synonyms):
            assert parse_histology(text) == histology.word


def test_a_benign_tumour_is_never_of_high_grade() -> None:
    assert {h.grades for h in HISTOLOGIES.values() if h.kind == "primary_benign"} == {("benign",)}
    assert not any("benign" in h.grades for h in HISTOLOGIES.values() if h.kind != "primary_benign")
