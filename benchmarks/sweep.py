"""The whole sweep of tumours over levels and voxels, and the table of `docs/validation.md` that it fills.

    python benchmarks/sweep.py RESULTS

Trials that stand in the file RESULTS are not run again, so that a run may be stopped and gone on with.
"""

from __future__ import annotations

import json
import runpy
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "validation.md"
START, END = "<!-- sweep: from benchmarks/sweep.py -->", "<!-- sweep: end -->"
CLASSES = ("tomita", "enneking", "tnm", "mclain_weinstein")


def main() -> None:
    """Run what is missing, then write the table."""
    results = Path(sys.argv[1])
    run_missing(results)
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(START)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{START}\n\n{table(read(results))}\n\n{END}{after}", encoding="utf-8")


def run_missing(results: Path) -> None:
    """Run the trials that have no line in `results`, and add a line for each."""
    sys.path.insert(0, str(ROOT / "tests" / "phantom"))
    tests = runpy.run_path(str(ROOT / "tests" / "phantom" / "test_sweep.py"))
    done = {line["number"] for line in read(results)}
    wanted = [trial for trial in tests["sweep"].trials(tests["PER_SPACING"]) if trial.number not in done]
    with results.open("a", encoding="utf-8") as out:
        for trial in sorted(wanted, key=lambda trial: -trial.spacing_mm):
            found = tests["sweep"].run(trial)
            line = {"number": trial.number, "level": trial.level, "mm": trial.spacing_mm}
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
    groups = {f"{mm:g} mm": [line for line in lines if line["mm"] == mm] for mm in sorted({ln["mm"] for ln in lines})}
    for name, group in {**groups, "all": lines}.items():
        shown = [line for line in group if line["counts"]]
        rows.append(f"| {name} | {len(shown)} | " + " | ".join(cells(shown)) + " |")
    wrong = [miss for line in lines for miss in line["misses"] if " wrong: " in miss]
    return "\n".join([*rows, "", "Wrong: " + ("; ".join(wrong) or "none") + "."])


def cells(lines: list[dict[str, Any]]) -> Iterator[str]:
    """The three groups of counts of one row."""
    total: Counter[str] = sum((Counter(line["counts"]) for line in lines), Counter())
    for zones in (("clear",), ("near",), CLASSES):
        yield ", ".join(str(sum(total[f"{zone} {word}"] for zone in zones)) for word in ("right", "open", "wrong"))


if __name__ == "__main__":
    main()
