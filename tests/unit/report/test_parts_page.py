"""The tables of parts that hold tumour and of modelled anatomy, in both languages."""

from __future__ import annotations

from typing import Literal, get_args, get_type_hints

import numpy as np

from enbloc.anatomy.scene import ModelledPart
from enbloc.anatomy.subparts.names import SUBPARTS, subpart_words
from enbloc.classification.measured.held_parts import HeldPart
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.intake.case import Case
from enbloc.intake.clinical import Clinical
from enbloc.report.catalogue import Catalogue, read_messages
from enbloc.report.document import ReportInput, Section
from enbloc.report.parts_page import MODELLED_RULES, held_parts_section, held_words, modelled_section

Kind = Literal["nerve_root", "segmental_artery", "dura", "disc", "foramen"]
CASE = Case("x", Clinical())


def held(level: str, part: str, share: float) -> HeldPart:
    fraction = Estimate(share, share / 2, min(2 * share, 1.0), "fraction")
    return HeldPart(level, part, Estimate(10 * share, 5 * share, 20 * share, "ml"), fraction, "geometry")


HELD = (held("L3", "body", 0.17), held("L3", "pedicle_left", 0.94), held("L4", "lamina_right", 0.004))


def modelled(kind: Kind, structure: str, level: str) -> ModelledPart:
    return ModelledPart(structure, "", kind, level, None, np.zeros((2, 3)), 1.0, "")


PARTS = (
    modelled("nerve_root", "nerve_root_C7_left", "C7"),
    modelled("nerve_root", "nerve_root_C8_left", "C8"),
    modelled("nerve_root", "nerve_root_C8_right", "C8"),
    modelled("disc", "disc_C7_T1", "C7"),
    modelled("foramen", "foramen_C7_T1_left", "C7"),
    modelled("dura", "dura", "C6"),
)


def test_one_line_for_each_level() -> None:
    assert held_words(HELD) == ["L3: body 17 %, left pedicle 94 %", "L4: right lamina under 1 %"]
    assert held_words(()) == []


def test_the_table_holds_each_part_with_its_interval_and_who_found_it() -> None:
    section = held_parts_section(ReportInput(CASE, held_parts=HELD), {})
    assert section is not None and section.table is not None
    assert section.table.rows[0][:2] == ("L3", "body")
    assert section.table.rows[0][3].startswith("17")
    assert section.table.rows[2][2:4] == ("0.040 ml (0.020 to 0.080)", "under 1 %")
    assert {row[4] for row in section.table.rows} == {"geometry"}
    assert [note.status for note in section.notes] == ["ours"]
    assert held_parts_section(ReportInput(CASE), {}) is None


def test_modelled_anatomy_names_each_kind_once_with_rule_and_status() -> None:
    section = modelled_section(ReportInput(CASE, modelled=PARTS, levels=("C6", "C7", "T1")), {})
    assert section is not None and section.table is not None
    where = {row[0]: row[1] for row in section.table.rows}
    assert where["Nerve roots"] == "C7, C8"
    assert where["Discs"] == where["Foramina"] == "C7/T1"
    assert where["Parts of bone"] == "C6–T1"
    assert {row[3] for row in section.table.rows} == {"ours"}
    assert modelled_section(ReportInput(CASE), {}) is None


def test_every_kind_of_modelled_anatomy_has_a_rule() -> None:
    assert set(get_args(get_type_hints(ModelledPart)["kind"])) == set(MODELLED_RULES)


def said(section: Section) -> set[str]:
    assert section.table is not None
    cells = {cell for row in (section.table.head, *section.table.rows) for cell in row}
    return {section.title, *(note.says for note in section.notes), *cells}


def test_both_tables_are_said_in_chinese() -> None:
    catalogue = Catalogue(read_messages("zh.po"))
    walked = ReportInput(CASE, held_parts=HELD, modelled=PARTS, levels=("C6", "C7"))
    for section in (held_parts_section(walked, {}), modelled_section(walked, {})):
        assert section is not None
        for text in said(section):
            catalogue.say(text)
    for part in SUBPARTS[1:]:
        assert catalogue.say(subpart_words(part)) != subpart_words(part)
    assert not catalogue.missing
