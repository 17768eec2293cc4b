"""The whole sweep of tumours over levels and voxels, and the two tables of `docs/validation.md` that it fills.

    python benchmarks/sweep.py RESULTS

Trials that stand in the file RESULTS are not run again, so that a run may be stopped and gone on with.
"""

from __future__ import annotations

import importlib
import json
import runpy
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
CLASSES = ("tomita", "enneking", "tnm", "mclain_weinstein")
SACRAL_CLASSES = ("sacral", "pelvic_sacral", "tnm", "enneking")
SACRAL_PER_SPACING = (12, 36, 36)
"""Tumours of the sacrum for 0.7, 1.5 and 3 mm."""


def main() -> None:
    """Run what is missing, then write the tables."""
    results = Path(sys.argv[1])
    run_missing(results)
    lines = read(results)
    spine = [line for line in lines if not line.get("sacral")]
    write("sweep", table(spine))
    write("sacral sweep", sacral_table([line for line in lines if line.get("sacral")]))


def write(name: str, text: str) -> None:
    """Put a table between its marks on the page."""
    page = PAGE.read_text(encoding="utf-8")
    start, end = f"<!-- {name}: from benchmarks/sweep.py -->", f"<!-- {name}: end -->"
    before, after = page.split(start)[0], page.split(end)[1]
    PAGE.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def run_missing(results: Path) -> None:
    """Run the trials that have no line in `results`, and add a line for each."""
    sys.path.insert(0, str(ROOT / "tests" / "phantom"))
    spine = runpy.run_path(str(ROOT / "tests" / "phantom" / "test_sweep.py"))
    sacrum = importlib.import_module("sacral_sweep")
    done = {(bool(line.get("sacral")), line["number"]) for line in read(results)}
    runs = [(False, spine["sweep"], trial) for trial in spine["sweep"].trials(spine["PER_SPACING"])]
    runs += [(True, sacrum, trial) for trial in sacrum.trials(SACRAL_PER_SPACING)]
    with results.open("a", encoding="utf-8") as out:
        for sacral, module, trial in sorted(runs, key=lambda one: -one[2].spacing_mm):
            if (sacral, trial.number) in done:
                continue
            found = module.run(trial)
            line = {"number": trial.number, "mm": trial.spacing_mm}
            line |= {"sacral": True} if sacral else {"level": trial.level}
            line |= {"counts": dict(found.counts), "misses": found.misses} if found else {"counts": {}, "misses": ()}
            out.write(json.dumps(line) + "\n")
            out.flush()


def read(results: Path) -> list[dict[str, Any]]:
    """The lines of a file of results; none where it does not exist."""
    return [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []


def table(lines: list[dict[str, Any]]) -> str:
    """The table by voxel, and every answer that was wrong."""
    rows = [
        "| voxel | tumours | clear: right, open, wrong | near a border: the same | classes: the same |",
        "|---|---|---|---|---|",
    ]
    return filled(rows, lines, (("clear",), ("near",), CLASSES))


def sacral_table(lines: list[dict[str, Any]]) -> str:
    """The same for the sacrum: its levels, and each of its classes."""
    rows = [
        "| voxel | tumours | levels: right, open, wrong | type I-V | IVa-IVd | TNM | Enneking T |",
        "|---|---|---|---|---|---|---|",
    ]
    return filled(rows, lines, (("levels",), *((name,) for name in SACRAL_CLASSES)))


def filled(rows: list[str], lines: list[dict[str, Any]], columns: tuple[tuple[str, ...], ...]) -> str:
    """Rows by voxel and for all, and a sentence about what was wrong."""
    groups = {f"{mm:g} mm": [line for line in lines if line["mm"] == mm] for mm in sorted({ln["mm"] for ln in lines})}
    for name, group in {**groups, "all": lines}.items():
        shown = [line for line in group if line["counts"]]
        rows.append(f"| {name} | {len(shown)} | " + " | ".join(cells(shown, columns)) + " |")
    wrong = [miss for line in lines for miss in line["misses"] if " wrong: " in miss]
    return "\n".join([*rows, "", "Wrong: " + ("; ".join(wrong) or "none") + "."])


def cells(lines: list[dict[str, Any]], columns: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """The groups of counts of one row."""
    total: Counter[str] = sum((Counter(line["counts"]) for line in lines), Counter())
    for zones in columns:
        yield ", ".join(str(sum(total[f"{zone} {word}"] for zone in zones)) for word in ("right", "open", "wrong"))


if __name__ == "__main__":
    main()
