"""One case from its folder to its run folder: read, walk, tell, write."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import attrs

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.adapters.files.case.case_switches import joined
from enbloc.adapters.files.run.report_files import DOCUMENT_FILE, Manner, Told, document_file, report_files
from enbloc.adapters.files.run.run_folder import REPORT_FILE, check_is_run_or_free, settings_form, write_run
from enbloc.errors import InputError
from enbloc.foundation.evidence.bibliography import read_bibliography
from enbloc.intake.case import Case, Problem
from enbloc.intake.checks import check
from enbloc.intake.switches import Switches
from enbloc.report.compose import compose
from enbloc.report.document import Document, ReportInput
from enbloc.report.drawing.pictures import draw_pictures
from enbloc.settings import Settings
from enbloc.walk import Record, look, sense, walk

Progress = Callable[[str], None]
Steps = Callable[[Case, Settings, Progress], Record]


@attrs.frozen(eq=False)
class Journey:
    """A walked case: what was found, what to tell, where it was written (None when nowhere), and what was left out."""

    record: Record
    document: Document
    out: Path | None = None
    left_out: str = ""

    @property
    def report(self) -> Path | None:
        """Where the report lies."""
        return self.out / REPORT_FILE if self.out is not None else None


def classify_case(folder: Path, report_progress: Progress, sensitivity: bool = False) -> Record:
    """Read a case folder and walk it as far as its classifications, without writing.

    With `sensitivity` every answer is found again for a tumour that is grown and shrunken.

    Raises
    ------
    EnblocError
        If the folder cannot be read.
    """
    record = _walk_folder(folder, look, report_progress)
    return sense(record, report_progress) if sensitivity else record


def plan_case(
    folder: Path,
    out: Path | None,
    force: bool,
    report_progress: Progress,
    manner: Manner | None = None,
    switches: Switches | None = None,
) -> Journey:
    """Read, walk and write a case.

    Parameters
    ----------
    folder : Path
    out : Path or None
        The run folder; None puts it beside the case.
    force : bool
        Also replace the run of another case.
    report_progress : callable
    manner : Manner, optional
        Language and paper of the report.
    switches : Switches, optional
        Changes asked for beside those of case.toml; they stand over them.

    Raises
    ------
    EnblocError
        If the case cannot be read or the run not written.
    """
    if out is not None:
        check_is_run_or_free(out)
    record = sense(_walk_folder(folder, walk, report_progress, switches), report_progress)
    target = out if out is not None else default_out(folder, record.case.id)
    document = compose_document(record)
    report_progress("drawing the report")
    best = min(record.plans, key=lambda plan: plan.rank, default=None)
    told = Told(document, draw_pictures(record.scene, record.extent, best), manner or Manner())
    files, left_out = report_files(told)
    report_progress("writing the run folder")
    write_run(record, target, {**files, DOCUMENT_FILE: document_file(told)}, force, case_folder=folder)
    return Journey(record, document, target.resolve(), left_out)


def _walk_folder(folder: Path, steps: Steps, report_progress: Progress, switches: Switches | None = None) -> Record:
    """Read a case and walk it. Labels that cannot be read as anatomy stop the case like any check does."""
    case, doubts = read_case(folder, report_progress)
    if switches is not None:
        case = attrs.evolve(case, switches=joined(case.switches, switches))
    settings = Settings()
    try:
        found = steps(case, settings, report_progress)
    except InputError as error:
        stop = Problem("stop", error.where or "labels", f"{error.says[:1].upper()}{error.says[1:]}.", error.remedy)
        found = Record(case, settings, (stop, *check(case)))
    return attrs.evolve(found, problems=(*doubts, *found.problems))


def default_out(folder: Path, case_id: str) -> Path:
    """``CASE-run`` beside the case, or ``ID-run`` in the current folder when nothing may be written beside it."""
    case = folder.resolve()
    mode = case.parent.stat().st_mode
    may_write = os.access(case.parent, os.W_OK) and mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    return case.with_name(f"{case.name}-run") if may_write else Path(f"{case_id}-run")


def compose_document(record: Record) -> Document:
    """What to tell about a record. Its provenance is the digest of the settings, the same for the same settings."""
    walked = ReportInput(
        case=record.case,
        problems=record.problems,
        extent=record.extent,
        sheet=record.sheet,
        indication=record.indication,
        plans=record.plans,
        rejected=record.rejected,
        neighbours=record.neighbours,
        sensitivity=record.sensitivity,
        held_parts=record.held_parts,
        modelled=record.scene.modelled if record.scene is not None else (),
        levels=tuple(record.scene.vertebrae) if record.scene is not None else (),
        provenance={"settings sha256": settings_form(record.settings)["sha256"]},
    )
    return compose(walked, read_bibliography())
