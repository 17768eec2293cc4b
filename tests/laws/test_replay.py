"""Law: the same case walked twice gives the same bytes; only record.json knows the time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from law_cases import QUICK, case_of

from enbloc.adapters.files.run.run_folder import RECORD_FILE, write_run
from enbloc.walk import walk


@pytest.mark.parametrize("name", ["body and pedicle", "paravertebral"])
def test_replay(name: str, tmp_path: Path) -> None:
    runs = []
    for n in range(2):
        out = tmp_path / f"run-{n}"
        write_run(walk(case_of(name), QUICK), out, {})
        runs.append({str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()})
    records = [json.loads(run.pop(RECORD_FILE)) for run in runs]
    assert runs[0].keys() == runs[1].keys()
    assert len(runs[0]) >= 12
    for file, content in runs[0].items():
        assert runs[1][file] == content, file
    for record in records:
        assert record.pop("written")
    assert records[0] == records[1]
