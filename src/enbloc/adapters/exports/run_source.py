"""A run folder, read for export: its JSON, the volumes on one grid, one plan.

Every file is compared with the digest that ``record.json`` keeps of it. A specimen that was changed by hand after the
planning no longer belongs to the margins beside it, so that such a run is refused, not exported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import attrs
import numpy as np

from enbloc.adapters.exports.safe_text import file_stem
from enbloc.adapters.files.images.nifti import read_nifti
from enbloc.adapters.files.json_files import Json, json_text
from enbloc.adapters.files.run.run_folder import RECORD_FILE, read_record
from enbloc.errors import CallError, FileError
from enbloc.foundation.space.grids import Array, Bools, Grid, LabelMap
from enbloc.resection.cuts import Cut

STEPS = ("1-intake", "2-anatomy", "3-classification", "4-options", "5-plans")
_REPORTS = "6-report"


@attrs.frozen(eq=False)
class Pieces:
    """The volumes of a run, all on one grid (LPS mm).

    `specimen` and `remainder` are None for a plan without cuts.
    """

    grid: Grid
    structures: LabelMap
    tumour: Bools
    canal: Bools
    specimen: Bools | None
    remainder: Bools | None


@attrs.frozen(eq=False)
class RunSource:
    """One plan of a run, with everything that an export may say about it.

    Parameters
    ----------
    folder : Path
        The run folder.
    case_id : str
        Pseudonym, as it stands in the record.
    record : Json
        ``record.json``.
    forms : mapping of step to Json
        ``"1-intake"`` … ``"5-plans"``.
    plan : Json or None
        The plan in ``5-plans.json``; None when the run has none.
    cuts : tuple of Cut
    pieces : Pieces or None
        None for a case without images.
    digest : str
        sha256 of everything that was found, the report apart, and of the plan's id: the same run, the same digest.
    moment : datetime
        What every file gives as its date.
    case_folder : Path or None
        Where the images are; None when the run does not know.
    """

    folder: Path
    case_id: str
    record: Json
    forms: Mapping[str, Json]
    plan: Json | None
    cuts: tuple[Cut, ...]
    pieces: Pieces | None
    digest: str
    moment: datetime
    case_folder: Path | None

    @property
    def plan_id(self) -> str:
        """The plan's id, ``"no-plan"`` when there is none."""
        return str(self.plan["id"]) if self.plan is not None else "no-plan"

    @property
    def stem(self) -> str:
        """What every exported file's name begins with: case and plan."""
        return file_stem(f"{self.case_id}-{self.plan_id}")


def read_run(folder: Path, plan_id: str | None, case_folder: Path | None, moment: datetime | None) -> RunSource:
    """Read a run folder.

    Parameters
    ----------
    folder : Path
    plan_id : str or None
        None takes the plan of the first rank.
    case_folder : Path or None
        None takes the one that the record names.
    moment : datetime or None
        None takes the time at which the run was written.

    Raises
    ------
    FileError
        If it is no run folder, a check stopped the case, or a file is missing or was changed.
    CallError
        If there is no such plan.
    """
    record = read_record(folder)
    if record is None:
        raise FileError("it is not a run folder", where=str(folder), remedy="Make one: `enbloc plan CASE --out RUN`.")
    if record["stopped"]:
        remedy = "Mend what 1-intake.json names, and plan the case again."
        raise FileError(
            "a check stopped the case, so that there is nothing to export", where=str(folder), remedy=remedy
        )
    forms = {step: _read_json(folder, record, f"{step}.json") for step in STEPS}
    plan = _choose(forms["5-plans"]["plans"], plan_id)
    return RunSource(
        folder=folder,
        case_id=str(record["case"]),
        record=record,
        forms=forms,
        plan=plan,
        cuts=tuple(_cut(form) for form in plan["cuts"]) if plan is not None else (),
        pieces=_read_pieces(folder, record, plan),
        digest=_digest(record, plan),
        moment=moment or datetime.fromisoformat(record["written"]),
        case_folder=case_folder or _case_folder(folder, record),
    )


def checked_bytes(folder: Path, record: Json, name: str) -> bytes:
    """The content of a file of the run, proven to be what was written.

    Raises
    ------
    FileError
        If it is missing or was changed.
    """
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise FileError("it cannot be read", where=str(folder / name), remedy="Plan the case again.") from error
    if hashlib.sha256(content).hexdigest() != record["outputs"].get(name):
        raise FileError(
            f"it is not what was planned: its digest is not the one in {RECORD_FILE}",
            where=str(folder / name),
            remedy="Plan the case again; what was changed by hand has no margins.",
        )
    return content


def _read_json(folder: Path, record: Json, name: str) -> Json:
    content: Json = json.loads(checked_bytes(folder, record, name))
    return content


def _choose(plans: list[Json], plan_id: str | None) -> Json | None:
    ids = [str(plan["id"]) for plan in plans]
    if plan_id is not None and plan_id not in ids:
        remedy = f"Plans: {', '.join(ids)}." if ids else "This run has none."
        raise CallError(f"there is no plan '{plan_id}'", where="--plan", remedy=remedy)
    chosen = min(plans, key=lambda plan: int(plan["rank"]), default=None)
    if plan_id is not None:
        chosen = plans[ids.index(plan_id)]
    if chosen is not None and file_stem(str(chosen["id"])) != chosen["id"]:
        raise FileError("the plan's id cannot name a file", where="5-plans.json", remedy="Plan the case again.")
    return chosen


def _cut(form: Json) -> Cut:
    return Cut(
        id=str(form["id"]),
        kind=form["kind"],
        origin_mm=np.array(form["origin_mm"], dtype=np.float64),
        normal=np.array(form["normal"], dtype=np.float64),
        face_mm=np.array(form["face_mm"], dtype=np.float64).reshape(-1, 3),
        tool_width_mm=float(form["tool_width_mm"]),
        crosses=tuple(form["crosses"]),
        because=tuple(form["because"]),
    )


def _read_pieces(folder: Path, record: Json, plan: Json | None) -> Pieces | None:
    if "scene/tumour.nii.gz" not in record["outputs"]:
        return None
    names = _read_json(folder, record, "scene/names.json")["structures.nii.gz"]
    grid, structures = _read_volume(folder, record, "scene/structures.nii.gz")

    def mask(name: str) -> Bools:
        other, values = _read_volume(folder, record, name)
        if not other.same_as(grid):
            raise FileError("it lies on another grid than the scene", where=name, remedy="Plan the case again.")
        found: Bools = np.asarray(values != 0)
        return found

    plan_folder = f"plan/{plan['id']}" if plan is not None else "plan/none"
    has_cuts = f"{plan_folder}/specimen.nii.gz" in record["outputs"]
    return Pieces(
        grid=grid,
        structures=LabelMap(grid, structures.astype(np.uint16), {int(n): str(name) for n, name in names.items()}),
        tumour=mask("scene/tumour.nii.gz"),
        canal=mask("scene/canal.nii.gz"),
        specimen=mask(f"{plan_folder}/specimen.nii.gz") if has_cuts else None,
        remainder=mask(f"{plan_folder}/remainder.nii.gz") if has_cuts else None,
    )


def _read_volume(folder: Path, record: Json, name: str) -> tuple[Grid, Array]:
    checked_bytes(folder, record, name)
    image = read_nifti(folder / name, name)
    return image.grid, image.values


def _digest(record: Json, plan: Json | None) -> str:
    found = {name: digest for name, digest in record["outputs"].items() if not name.startswith(_REPORTS)}
    named = {"outputs": found, "inputs": record["inputs"], "plan": plan["id"] if plan is not None else None}
    return hashlib.sha256(json_text(named).encode()).hexdigest()


def _case_folder(folder: Path, record: Json) -> Path | None:
    stated = record.get("case_folder")
    if not isinstance(stated, str):
        return None
    found = (folder.resolve() / stated).resolve()
    return found if found.is_dir() else None
