"""No rule of strategy is left out silently: every id of the knowledge tables stands somewhere in the program."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from enbloc.foundation.terms.histology import HISTOLOGIES
from enbloc.strategy.indication.indication_tables import BY_HISTOLOGY, BY_KIND
from enbloc.strategy.rules_page import every_rule_id

ROOT = Path(__file__).parents[2]

STRATEGY = re.compile(
    r"(IH|MET|TOS|TOK|SC|REG|MOD|ORD|ROOT|VES|RING|BAR|DEL|CORD|OST|ERR|RECO|RAT|PRE|EBL|MAR|PLAN)-"
    r"|(FAM|BOR|TES|L5|CER|LUNG)-|EN-A|F\d"
)
"""The ids of strategy.md, and those of classification.md from which an operation follows."""


def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_rule_of_strategy_is_without_a_place() -> None:
    generate = pages()
    known, carried = generate.known_rules(), generate.carried_rules()
    assert sum(bool(STRATEGY.match(rule)) for rule in known) >= 240
    assert [rule for rule in known if STRATEGY.match(rule) and rule not in carried] == []


def test_every_figure_of_risk_reconstruction_and_sacrifice_is_on_the_page_of_the_rules() -> None:
    shown = every_rule_id()
    wanted = re.compile(r"(IH|RECO|RAT|PRE|EBL|MAR|ROOT|VES|CORD|SC|BOR|TES|FAM-[1-4]$)")
    known = pages().known_rules()
    assert [rule for rule in known if wanted.match(rule) and rule not in shown] == []


def test_every_histology_has_a_table() -> None:
    assert [h.word for h in HISTOLOGIES.values() if h.word not in BY_HISTOLOGY and h.kind not in BY_KIND] == []


@pytest.mark.real
def test_the_list_of_ids_is_that_of_the_knowledge(real_data: Callable[[str], Path]) -> None:
    text = real_data("../knowledge/strategy.md").read_text(encoding="utf-8")
    ids = re.findall(r"^\| ([A-Z0-9]+-[0-9A-Za-z]+) \|", text, re.MULTILINE)
    assert len(ids) > 200
    assert [rule for rule in ids if rule not in pages().known_rules()] == []
    assert [rule for rule in ids if not STRATEGY.match(rule)] == []
