"""The table of neighbours says what is known, and once what is not."""

from __future__ import annotations

import attrs

from enbloc.classification.measured.neighbours import NO_TUBE, Neighbour
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.intake.case import Case
from enbloc.intake.clinical import Clinical
from enbloc.report.document import ReportInput
from enbloc.report.neighbour_page import MOST_ROWS, neighbour_section, neighbour_words

NO_CT = Unknown("the case has no CT")
AORTA = Neighbour(
    "aorta",
    "vessel",
    False,
    Estimate(0.0, 0.0, 1.1, "mm"),
    (1.0, 2.0, 3.0),
    Estimate(10.5, 6.0, 16.5, "mm"),
    Estimate(75.0, 28.0, 90.0, "deg"),
    NO_CT,
)
LUNG = attrs.evolve(AORTA, structure="lung_left", kind="lung", encasement=Unknown(NO_TUBE))


def section(*neighbours: Neighbour):
    return neighbour_section(ReportInput(Case("x", Clinical()), neighbours=neighbours), {})


def test_a_column_that_nobody_can_fill_is_said_once() -> None:
    found = section(AORTA, LUNG)
    assert len(found.table.head) == 5
    assert all(len(row) == 5 for row in found.table.rows)
    assert any("the case has no CT" in note.says for note in found.notes)


def test_fat_that_was_seen_has_its_column() -> None:
    found = section(attrs.evolve(AORTA, fat_plane=Estimate(0.4, 0.4, 0.9, "fraction")), LUNG)
    assert len(found.table.head) == 6
    assert found.table.rows[0][-1].startswith("40")
    assert found.table.rows[1][4] == ""


def test_what_lies_further_away_is_counted() -> None:
    found = section(*(attrs.evolve(LUNG, structure="lung_left") for _ in range(MOST_ROWS + 3)))
    assert len(found.table.rows) == MOST_ROWS
    assert any(note.says.startswith("3 more") for note in found.notes)


def test_one_line_says_distance_contact_and_degrees() -> None:
    words = neighbour_words(AORTA)
    assert words.startswith("aorta: 0.0")
    assert "75° (28 to 90) around" in words
    assert section() is None
