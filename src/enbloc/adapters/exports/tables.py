"""Findings and measures as CSV, and everything that was found as one JSON file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import cell_text
from enbloc.adapters.files.json_files import Json, json_text

File = tuple[str, bytes]
COLUMNS = ("what", "name", "value", "low", "high", "unit", "says", "status", "sources")
Row = tuple[str, str, Any, Any, Any, str, str, str, str]


def json_files(source: RunSource) -> Iterator[File]:
    """One JSON file: the five steps, the chosen plan, the digests that name them."""
    content = {
        "case": source.case_id,
        "plan": source.plan,
        "digest": source.digest,
        "exported": source.moment.isoformat(timespec="seconds"),
        "frame": "patient LPS, mm",
        **source.forms,
        "record": source.record,
    }
    yield f"{source.stem}.json", json_text(content).encode()


def csv_files(source: RunSource) -> Iterator[File]:
    """One table: a row for each class, criterion, score, margin, cut, sacrifice and volume."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(source):
        writer.writerow([_cell(value) for value in row])
    yield f"{source.stem}.csv", b"\xef\xbb\xbf" + text.getvalue().encode()


def rows(source: RunSource) -> Iterator[Row]:
    """The rows of the table; what is not known says why in `says` and has no number."""
    yield ("case", "id", source.case_id, None, None, "", "", "", "")
    yield ("case", "digest", source.digest, None, None, "", "sha256 of everything that was found", "", "")
    for system, answer in source.forms["3-classification"].items():
        yield from _answer_rows(system, answer)
    yield from _volume_rows(source)
    if source.plan is not None:
        yield from _plan_rows(source.plan)


def _answer_rows(system: str, answer: Json) -> Iterator[Row]:
    says = "" if answer["applies"] else "does not apply"
    if answer["applies"]:
        says = "settled" if answer["settled"] else f"open; would settle it: {', '.join(answer['would_settle'])}"
    yield ("class", system, " or ".join(answer["possible"]), None, None, "", says, "", "")
    if "score" in answer and answer["applies"]:
        low, high = answer["score"]["low"], answer["score"]["high"]
        yield ("score", system, low if low == high else None, low, high, "points", "", "", "")
        for item, points in answer.get("items", {}).items():
            same = points["low"] if points["low"] == points["high"] else None
            yield ("score item", f"{system}.{item}", same, points["low"], points["high"], "points", "", "", "")
    for because in answer["because"]:
        value, low, high, unit = _measured(because["measured"])
        name = f"{system}.{because['criterion']}"
        sources = "; ".join(because["cites"])
        status = f"{because['verdict']}; {because['status']}"
        yield ("criterion", name, value, low, high, unit, because["says"], status, sources)


def _volume_rows(source: RunSource) -> Iterator[Row]:
    scene = source.forms["2-anatomy"]["scene"]
    if "unknown" in scene:
        yield ("volume", "tumour", None, None, None, "ml", scene["unknown"], "", "")
        return
    for name in ("tumour", "canal"):
        yield ("volume", name, scene[f"{name}_ml"], None, None, "ml", "", "measured", "")
    for name, volume in scene["structures_ml"].items():
        yield ("volume", name, volume, None, None, "ml", "on the grid of the scene", "measured", "")


def _plan_rows(plan: Json) -> Iterator[Row]:
    levels = ", ".join(plan["levels"])
    yield ("plan", plan["id"], plan["family"], None, None, "", f"levels {levels}; side {plan['side']}", "", "")
    for name in ("specimen_ml", "bone_lost_ml"):
        yield ("volume", name.removesuffix("_ml"), plan[name], None, None, "ml", "", "measured", "")
    for margin in plan["margins"]:
        value, low, high, _ = _measured(margin["least_mm"])
        says = f"{margin['enneking'] or 'not known'}; {margin['tissue']}"
        says += f"; barrier: {margin['barrier']}" if margin["barrier"] else ""
        says += f"; {margin['least_mm']['unknown']}" if "unknown" in margin["least_mm"] else ""
        yield ("margin", margin["interface"], value, low, high, "mm", says, "measured", "")
    for cut in plan["cuts"]:
        where = " ".join(f"{mm:.3f}" for mm in cut["origin_mm"])
        points = " ".join(f"{part:.6f}" for part in cut["normal"])
        says = f"{cut['kind']}; origin {where} mm LPS; normal {points}; crosses {', '.join(cut['crosses'])}"
        yield ("cut", cut["id"], cut["tool_width_mm"], None, None, "mm kerf", says, "", "")
    for sacrifice in plan["sacrifices"]:
        says = f"{sacrifice['action']}: {sacrifice['consequence']}"
        status = f"{sacrifice['status']}{'; modelled' if sacrifice['modelled'] else ''}"
        yield ("sacrifice", sacrifice["structure"], None, None, None, "", says, status, "; ".join(sacrifice["cites"]))
    chances = plan["margin_negative_probability"]
    if "unknown" in chances:
        yield ("chance that every cut stays clear", "", None, None, None, "fraction", chances["unknown"], "", "")
    else:
        for method, chance in chances.items():
            yield ("chance that every cut stays clear", method, chance, None, None, "fraction", "", "", "")


def _measured(measured: object) -> tuple[Any, Any, Any, str]:
    if not isinstance(measured, Mapping) or "value" not in measured:
        return None, None, None, ""
    return measured["value"], measured["low"], measured["high"], str(measured.get("unit", ""))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return cell_text(value) if isinstance(value, str) else str(value)
