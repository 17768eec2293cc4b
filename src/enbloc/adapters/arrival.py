"""One case read and checked, and no more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.intake.case import Case, Problem
from enbloc.intake.checks import check

Progress = Callable[[str], None]


def check_case(folder: Path, report_progress: Progress) -> tuple[Case, tuple[Problem, ...]]:
    """Read a case folder and check it, without planning.

    Raises
    ------
    EnblocError
        If the folder cannot be read.
    """
    case, doubts = read_case(folder, report_progress)
    report_progress("checking the case")
    return case, (*doubts, *check(case))
