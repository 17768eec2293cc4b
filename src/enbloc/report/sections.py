"""Parts of the report in their simplest form: one function each, listed here in the order in which they are shown.

Whatever a step adds to the record gets its place on the page by a function in one of the two lists: from a plan (shown
within that plan) or from the whole walk (shown after the classifications). A function that has nothing to show returns
None. Its notes carry status and sources, which the report numbers with all others.
"""

from __future__ import annotations

from collections.abc import Callable

from enbloc.report.document import ReportInput, Section
from enbloc.report.neighbour_page import neighbour_section
from enbloc.report.notes import Citations
from enbloc.report.parts_page import held_parts_section, modelled_section
from enbloc.report.risk_page import outcome_section, rates_section, reconstruction_section, recurrence_section
from enbloc.report.sensitivity_page import sensitivity_section
from enbloc.resection.plans import Plan

PLAN_SECTIONS: tuple[Callable[[Plan, Citations], Section | None], ...] = ()
"""From a plan, after its trade-offs and before its risks."""

CASE_SECTIONS: tuple[Callable[[ReportInput, Citations], Section | None], ...] = (
    held_parts_section,
    neighbour_section,
    modelled_section,
    sensitivity_section,
    rates_section,
    recurrence_section,
    outcome_section,
    reconstruction_section,
)
"""From the whole walk, after the classifications."""


def plan_sections(plan: Plan, citations: Citations) -> tuple[Section, ...]:
    """Every section that a plan has something to show in."""
    return tuple(section for compose in PLAN_SECTIONS if (section := compose(plan, citations)) is not None)


def case_sections(walked: ReportInput, citations: Citations) -> tuple[Section, ...]:
    """Every section that a walk has something to show in."""
    return tuple(section for compose in CASE_SECTIONS if (section := compose(walked, citations)) is not None)
