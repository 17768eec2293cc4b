"""The document: everything that the report shows, in words and numbers, as frozen plain data.

A page, a print or another language is a rendering of it; none of them decides what is said. `compose` in
`report.compose` makes it from a `ReportInput`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from enbloc.anatomy.scene import ModelledPart
from enbloc.classification.extent import Extent
from enbloc.classification.measured.held_parts import HeldPart
from enbloc.classification.measured.neighbours import Neighbour
from enbloc.classification.sensitivity import Variant
from enbloc.foundation.evidence.bibliography import Checked
from enbloc.foundation.evidence.classifications import Sheet
from enbloc.foundation.terms.levels import Level
from enbloc.intake.case import Case, Problem
from enbloc.resection.plans import Plan, Rejected
from enbloc.strategy.advice import Indication

Certainty = Literal["settled", "open", "unconfirmed", "not applicable"]
Answer = Literal["yes", "conditional", "no", "unknown", "stopped"]


@attrs.frozen
class Picture:
    """One picture of the report: an ``<svg>`` element made by us, its words, and which groups it outlines."""

    title: str
    caption: str
    alt: str
    svg: str
    outlined: tuple[str, ...] = ()


@attrs.frozen(eq=False)
class ReportInput:
    """What one walk hands to the report.

    `sheet`, `extent` and `indication` are None when a check stopped the case. `modelled` is what the scene models and
    no image shows, `levels` are those that were read. `provenance` holds whatever the caller
    wants printed besides the digests of the inputs (digest of the settings, versions); empty by default, so that the
    same case gives the same bytes.
    """

    case: Case
    problems: tuple[Problem, ...] = ()
    extent: Extent | None = None
    sheet: Sheet | None = None
    indication: Indication | None = None
    plans: tuple[Plan, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    sensitivity: tuple[Variant, ...] = ()
    held_parts: tuple[HeldPart, ...] = ()
    modelled: tuple[ModelledPart, ...] = ()
    levels: tuple[Level, ...] = ()
    provenance: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Note:
    """One sentence with the status of what it says and the keys of its sources.

    `status` is one of `foundation.evidence.reasons.Status` (or empty: nothing is claimed); `source_open` is True when
    the sentence has sources and the identity of none is confirmed; `modelled` when it speaks of a structure that
    was not seen on the images.
    """

    says: str
    status: str = ""
    cites: tuple[str, ...] = ()
    rule: str = ""
    source_open: bool = False
    modelled: bool = False


@attrs.frozen
class Fact:
    """A name and its value, both in words."""

    name: str
    value: str


@attrs.frozen
class Table:
    """Rows of words under a head; the first column names the row.

    `notes` are empty, or hold one for each row: it fills the last column, with its status and sources. `widths` are the
    shares of the columns on paper; empty leaves them equal.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[Note, ...] = ()
    widths: tuple[float, ...] = ()


@attrs.frozen
class Section:
    """A part of the report in its simplest form, for whatever has no page of its own.

    Shown under its title in this order: notes, facts, table, picture. What is empty or None is left out.
    """

    title: str
    notes: tuple[Note, ...] = ()
    facts: tuple[Fact, ...] = ()
    table: Table | None = None
    picture: Picture | None = None


@attrs.frozen
class FindingLine:
    """One criterion as judged: the verdict's word, what was measured, and the note that says it."""

    verdict: str
    measured: str
    note: Note


@attrs.frozen
class ClassificationLine:
    """The answer of one system, with how sure it is, why, and what would settle it.

    `brief` is the answer for page one, `items` are the points of a score.
    """

    system: str
    name: str
    answer: str
    brief: str
    certainty: Certainty
    certainty_words: str
    findings: tuple[FindingLine, ...]
    items: tuple[Fact, ...]
    would_settle: tuple[str, ...]


@attrs.frozen
class CutLine:
    """One cut: what the tool goes through and where its plane lies (LPS mm)."""

    id: str
    kind: str
    crosses: str
    tool_width: str
    origin: str
    normal: str
    because: tuple[str, ...]


@attrs.frozen
class MarginLine:
    """The margin at one interface; `is_least` marks the least of the plan."""

    interface: str
    tissue: str
    least: str
    where: str
    barrier: str
    barrier_status: str
    enneking: str
    is_least: bool
    notes: tuple[Note, ...]


@attrs.frozen
class SacrificeLine:
    """A structure given up or worked on; `modelled` structures were not seen on the images."""

    structure: str
    action: str
    modelled: bool
    consequence: Note


@attrs.frozen
class Weighed:
    """A name with what speaks of it: a rejected kind of resection, a rival treatment, interfaces."""

    name: str
    because: tuple[Note, ...]


@attrs.frozen
class PlanPage:
    """One plan as shown.

    Parameters
    ----------
    title, sentence, outcome : str
        Kind and levels; the plan in one sentence; the margin it promises.
    facts : tuple of Fact
        Approach, sessions, margin, Enneking, least margin, delivery … in reading order.
    unknown : tuple of str
        What this plan leaves open.
    margin_notes : tuple of Weighed
        What holds at several interfaces, named by them.
    """

    id: str
    rank: int
    title: str
    sentence: str
    outcome: str
    facts: tuple[Fact, ...]
    cuts: tuple[CutLine, ...]
    margins: tuple[MarginLine, ...]
    sacrifices: tuple[SacrificeLine, ...]
    trade_offs: tuple[Fact, ...]
    risks: tuple[Note, ...]
    because: tuple[Note, ...]
    unknown: tuple[str, ...]
    sections: tuple[Section, ...] = ()
    margin_notes: tuple[Weighed, ...] = ()


@attrs.frozen
class ComparedRow:
    """One quantity of all plans side by side, in the plans' order."""

    name: str
    values: tuple[str, ...]


@attrs.frozen
class ProblemLine:
    """Something found wrong or doubtful in what arrived."""

    grade: str
    where: str
    says: str
    remedy: str


@attrs.frozen
class SourceLine:
    """A numbered source; `checked` is ``"no"`` also for a key that the bibliography does not hold."""

    number: int
    key: str
    text: str
    checked: Checked
    doi: str = ""
    pmid: str = ""


@attrs.frozen
class Headline:
    """Page one: who, is en bloc right, the best plan in a sentence, its dangers, and what is not known.

    `why_not` says why no en bloc resection fits, when none does. `margins` are the narrowest of the best plan,
    `chances` those that every cut stays out of tumour, by method; `rival` is the plan ranked second.
    """

    who: tuple[Fact, ...]
    answer: Answer
    answer_words: str
    reasons: tuple[Note, ...]
    plan_label: str
    plan_sentence: str
    plan_outcome: str
    why_not: tuple[Note, ...]
    dangers: tuple[Note, ...]
    dangers_left_out_n: int
    unknown: tuple[str, ...]
    margins: tuple[MarginLine, ...] = ()
    margins_left_out_n: int = 0
    chances: tuple[Fact, ...] = ()
    rival: str = ""
    rival_outcome: str = ""
    competing: tuple[str, ...] = ()


@attrs.frozen
class Document:
    """Everything one report shows, in reading order."""

    case_id: str
    headline: Headline
    classifications: tuple[ClassificationLine, ...]
    sheet_problems: tuple[str, ...]
    plans: tuple[PlanPage, ...]
    comparison: tuple[ComparedRow, ...]
    reasons: tuple[Note, ...]
    rejected: tuple[Weighed, ...]
    rivals: tuple[Weighed, ...]
    problems: tuple[ProblemLine, ...]
    sources: tuple[SourceLine, ...]
    inputs: tuple[Fact, ...]
    provenance: tuple[Fact, ...]
    sections: tuple[Section, ...] = ()
