"""The rules as a page that a surgeon can read and correct; generated from the tables that the program runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from enbloc.classification.systems import tables
from enbloc.classification.systems.definitions import DEFINITIONS, LEFT_OUT
from enbloc.classification.systems.enneking import ADVICE
from enbloc.classification.systems.wbb_answer import write_sectors
from enbloc.foundation.evidence.bibliography import read_bibliography, supports
from enbloc.foundation.evidence.items import item
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.rules import Answers, Row, RuleTable
from enbloc.foundation.evidence.scores import Band, ScoreTable
from enbloc.reconstruction.tables import EVERY as EVERY_REBUILDING
from enbloc.resection.families import LIMITS
from enbloc.resection.sacrifice_tables import EVERY as EVERY_VESSEL
from enbloc.resection.sacrifice_tables import ROOTS, SACRAL_BOTH, SACRAL_ONE_SIDE, root_reason, sacral_reason
from enbloc.strategy.indication.indication_tables import BESIDE, BY_HISTOLOGY, BY_KIND, BY_KIND_BESIDE, EMBOLISE
from enbloc.strategy.indication.noms import TABLE as NOMS
from enbloc.strategy.outcome.background import BACKGROUND
from enbloc.strategy.outcome.risk_tables import (
    AFTER_EARLIER_SURGERY,
    BALLOON,
    BLOOD_AND_TIME,
    FAILURE_POOLED,
    FAILURES,
    MANY_LEVELS_TIME,
    OUTCOMES,
    PREDICTORS,
    RANGES,
    RATES,
    RECURRENCE,
    Predictor,
    Rate,
    Recurrence,
    Statement,
)
from enbloc.strategy.reaching.approach import REGIONS
from enbloc.strategy.reaching.boriani import TYPES
from enbloc.strategy.reaching.modifiers import MODIFIERS

TABLES: Mapping[str, RuleTable] = MappingProxyType(
    {
        **tables.TABLES,
        **{f"indication/{histology}": table for histology, table in BY_HISTOLOGY.items()},
        **{f"indication/{kind}": table for kind, table in BY_KIND.items()},
        "noms": NOMS,
    }
)
"""Every rule table by ``system`` or ``system/part``, as `enbloc rules [SYSTEM]` names them."""

_HEAD = """# The rules

This page is generated from the tables that the program runs; a test fails when it is stale. To correct a rule, correct
its table. How firm a rule is stands in its status: `verified` was read in the named source, `verified (2nd)` in a
secondary one, `unverified/…` is general knowledge with a confidence, `ours` is a default of the project that a surgeon
must confirm. A rule whose only sources have no confirmed identity is marked *to be confirmed*. A criterion that a row
does not name may have any answer. Where a criterion is open, every category that is still possible is given.
"""


_MORE: Mapping[str, tuple[Reason, ...]] = {
    "Beside every answer of a kind": (*(r for reasons in BY_KIND_BESIDE.values() for r in reasons), EMBOLISE),
    "Findings that change a plan": tuple(modifier.reason for modifier in MODIFIERS),
    "Roots": tuple(root_reason(rule) for rule in ROOTS),
    "Sacral roots": tuple(sacral_reason(rule) for rule in (*SACRAL_BOTH, SACRAL_ONE_SIDE)),
    "Arteries and veins": EVERY_VESSEL,
    "Boriani's types": tuple(
        Reason(f"Type {one.name}: {one.family.replace('_', ' ')}, {', '.join(one.steps)}; {one.condition}.", one.status,
            ("boriani2018",), one.rule)
        for one in TYPES
    ),
    "Reconstruction": EVERY_REBUILDING,
    **BACKGROUND,
}  # fmt: skip
"""What is shown beside the tables, by title."""


def every_rule_id() -> frozenset[str]:
    """Every rule and evidence id that some row, reason or rate of the program carries."""
    return frozenset(re.findall(r"\b[A-Z][A-Z0-9]*-\w+\b|\bF\d+b?\b", rules_page()))


def tables_of(system: str) -> tuple[RuleTable, ...]:
    """The tables of a system (``"sins"``) or one of its parts (``"sins/pain"``); none when there is no such system."""
    return tuple(table for name, table in TABLES.items() if name == system or name.startswith(f"{system}/"))


def rules_page() -> str:
    """Every table in Markdown, with the sources that they cite."""
    blocks = [_HEAD, *(_one(name, table) for name, table in TABLES.items()), *map(_bands, tables.SCORES.values())]
    blocks += [
        _reasons(f"{name.replace('_', ' ').capitalize()}: definitions", reasons)
        for name, reasons in DEFINITIONS.items()
    ]
    blocks.append(_left_out())
    blocks += [_families(), _approaches(), _reasons("Advised margin, Enneking", (advice.reason for advice in ADVICE))]
    blocks.append(_reasons("Beside the indication", dict.fromkeys(r for reasons in BESIDE.values() for r in reasons)))
    blocks += [_reasons(title, reasons) for title, reasons in _MORE.items()]
    blocks += _risks()
    blocks.append(_sources("\n".join(blocks)))
    return "\n".join(blocks)


def table_page(table: RuleTable) -> str:
    """One table in Markdown."""
    rows = [(row.category, _when(row.when), row.says, *_basis(row)) for row in table.rows]
    questions = [f"- `{criterion.id}`: {criterion.question}" for criterion in table.criteria]
    impossible = [f"- {_when(combination.when)}: {combination.why}." for combination in table.impossible]
    parts = [f"## {table.title}", "", *questions, *([""] if questions else [])]
    parts += _grid(("category", "when", "rule in words", "status", "rule", "sources"), rows)
    if impossible:
        parts += ["", "Cannot be:", "", *impossible]
    return "\n".join([*parts, ""])


def _one(name: str, table: RuleTable) -> str:
    return table_page(table).replace("\n", f"\n\n`enbloc rules {name}`\n", 1)


def _bands(score: ScoreTable) -> str:
    rows = [(band.category, f"{band.low}-{band.high}", band.says, *_basis(band)) for band in score.bands]
    grid = _grid(("category", "sum", "meaning", "status", "rule", "sources"), rows)
    return "\n".join([f"## {score.title}, bands", "", *grid, ""])


def _left_out() -> str:
    grid = _grid(("rule", "why it is no part of a classification"), LEFT_OUT.items())
    return "\n".join(["## Rules left out", "", *grid, ""])


def _families() -> str:
    rows = [
        (limits.family, limits.side or "", write_sectors(limits.sectors), limits.reason.says, *_basis(limits.reason))
        for limits in LIMITS
    ]
    grid = _grid(("family", "side", "sectors", "rule in words", "status", "rule", "sources"), rows)
    return "\n".join(["## Families of resection", "", *grid, ""])


def _approaches() -> str:
    rows = [
        (f"{region.levels[0]}-{region.levels[-1]}", ", ".join(region.steps), reason.says, *_basis(reason))
        for region in REGIONS
        for reason in region.because
    ]
    grid = _grid(("levels", "approach", "rule in words", "status", "rule", "sources"), rows)
    return "\n".join(["## Approach by region", "", *grid, ""])


def _risks() -> Iterator[str]:
    """Rates, recurrence and factors, with n and population."""
    rates = [
        (
            r.outcome,
            f"{r.percent:g}%",
            str(r.n),
            item(r.item).population,
            r.says,
            item(r.item).status,
            r.rule,
            _cites(r),
        )
        for r in (*RATES, *FAILURES)
    ]
    head = ("outcome", "rate", "n", "population", "remark", "status", "rule", "sources")
    yield "\n".join(["## Published rates", "", *_grid(head, rates), ""])
    compared = [
        (row.better, _of(row.better_n), row.worse, _of(row.worse_n), row.says, row.status or item(row.item).status,
            row.rule, _cites(row))
        for row in RECURRENCE
    ]  # fmt: skip
    head = ("with", "recurred", "with", "recurred", "remark", "status", "rule", "sources")
    yield "\n".join(["## Local recurrence by margin", "", *_grid(head, compared), ""])
    told: tuple[Statement | Predictor, ...] = (
        *RANGES, *BLOOD_AND_TIME, FAILURE_POOLED, MANY_LEVELS_TIME, BALLOON, *AFTER_EARLIER_SURGERY, *OUTCOMES,
        *PREDICTORS,
    )  # fmt: skip
    says = [(one.says, one.status or item(one.item).status, one.rule or one.item, _cites(one)) for one in told]
    yield "\n".join(
        ["## Factors, blood, time and survival", "", *_grid(("in words", "status", "rule", "sources"), says), ""]
    )


def _of(count: tuple[int, int] | None) -> str:
    return f"{count[0]} of {count[1]}" if count else ""


def _cites(row: Rate | Recurrence | Statement | Predictor) -> str:
    return ", ".join(item(row.item).cites)


def _reasons(title: str, reasons: Iterable[Reason]) -> str:
    grid = _grid(("rule in words", "status", "rule", "sources"), [(reason.says, *_basis(reason)) for reason in reasons])
    return "\n".join([f"## {title}", "", *grid, ""])


def _basis(rule: Row | Band | Reason) -> tuple[str, str, str]:
    unsure = " (to be confirmed)" if rule.cites and not supports(rule.cites) else ""
    return rule.status, rule.rule, ", ".join(rule.cites) + unsure


def _when(when: Answers) -> str:
    return ", ".join(f"`{name}` {'YES' if answer else 'NO'}" for name, answer in when.items()) or "always"


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _sources(page: str) -> str:
    cited = set(re.findall(r"\w+", page))
    entries = [source for key, source in read_bibliography().items() if key in cited]
    lines = [f"- `{entry.key}`: {entry.text}" + (f" doi:{entry.doi}" if entry.doi else "") for entry in entries]
    return "\n".join(["## Sources", "", *lines, ""])
