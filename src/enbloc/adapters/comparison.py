"""Two plans side by side, in numbers: of one run, or of two runs of one or two cases.

Strategy: both are read from their run folders as written, flattened to named quantities, and compared name by name. A
number with an interval differs *beyond error* when the two intervals do not meet. Cuts of one name are compared by the
distance of their planes at the first's middle and by the angle between them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from enbloc.adapters.files.json_files import Json
from enbloc.errors import CallError, FileError
from enbloc.foundation.terms.structures import structure_words

PLANS_FILE = "5-plans.json"
CLASSES_FILE = "3-classification.json"
INTAKE_FILE = "1-intake.json"
_PLAN_ID = re.compile(r"(?P<run>.+):(?P<plan>[A-Za-z]\w*)")
_GIVEN_UP = ("cut", "resect")
_COUNTED = ("levels", "sessions")
"""Trade-offs that a plan also holds in full."""


@attrs.frozen
class Difference:
    """One quantity that differs: `by` is b - a where both are numbers; `beyond_error` None where there is no "
    "interval."""

    what: str
    a: Any
    b: Any
    unit: str = ""
    by: float | None = None
    beyond_error: bool | None = None


@attrs.frozen
class Comparison:
    """Two plans: how each is named, what differs and which quantities are the same."""

    a: Json
    b: Json
    differences: tuple[Difference, ...]
    same: tuple[str, ...]


def compare_runs(a: str, b: str) -> Comparison:
    """Compare two plans, each named as ``RUN`` (its first plan) or ``RUN:PLAN``.

    Raises
    ------
    FileError
        If a folder is no run, or its plans cannot be read.
    CallError
        If a run has no plan of that id.
    """
    (name_a, one), (name_b, other) = _read(a), _read(b)
    names = dict.fromkeys((*one, *other))
    found = [_differ(name, one.get(name), other.get(name)) for name in names]
    found += _cuts(one, other)
    differences = tuple(difference for difference in found if difference is not None)
    same = tuple(name for name in names if name in one and name in other and one[name] == other[name])
    return Comparison(name_a, name_b, differences, tuple(name for name in same if not name.startswith("cut ")))


def comparison_form(comparison: Comparison) -> Json:
    """The comparison as JSON."""
    differences = [attrs.asdict(difference) for difference in comparison.differences]
    return {"a": comparison.a, "b": comparison.b, "differences": differences, "same": list(comparison.same)}


def comparison_lines(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """The comparison as lines for a terminal."""
    for letter, named in (("A", comparison.a), ("B", comparison.b)):
        yield "bold", f"{letter}  {named['run']}  plan {named['plan']}, rank {named['rank']}, case {named['case']}"
    if not comparison.differences:
        yield "green", "No difference."
    for one in comparison.differences:
        by = f"  ({one.by:+.4g} {one.unit})".replace(" )", ")") if one.by is not None else ""
        word = {True: "  beyond error", False: "  within error", None: ""}[one.beyond_error]
        yield "", f"  {one.what}: {_words(one.a)} -> {_words(one.b)}{by}{word}"
    yield "dim", f"  The same: {len(comparison.same)} quantities."


def _words(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping) and not {"unknown", "value"} & set(value):
        return ", ".join(f"{name} {_words(part)}" for name, part in value.items())
    if isinstance(value, Mapping):
        return f"not known ({value['unknown']})" if "unknown" in value else f"{value['value']:.4g}"
    if isinstance(value, list):
        return ", ".join(structure_words(str(one)) for one in value) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _read(text: str) -> tuple[Json, Json]:
    """How a plan is named, and its quantities by name."""
    match = None if Path(text).is_dir() else _PLAN_ID.fullmatch(text)
    folder, wanted = (Path(match["run"]), match["plan"]) if match else (Path(text), None)
    content = _load(folder, PLANS_FILE)
    plans = content["plans"]
    chosen = next((plan for plan in plans if wanted in (None, plan["id"])), None)
    if chosen is None:
        known = ", ".join(plan["id"] for plan in plans) or "none"
        raise CallError(f"it has no plan '{wanted or 1}'", where=str(folder), remedy=f"Its plans: {known}.")
    named = {
        "run": str(folder),
        "plan": chosen["id"],
        "rank": chosen["rank"],
        "case": _load(folder, "record.json")["case"],
    }
    classes = _load(folder, CLASSES_FILE)
    quantities = {f"{system}": answer["possible"] for system, answer in classes.items()}
    switched = _load(folder, INTAKE_FILE).get("switches", {}) if (folder / INTAKE_FILE).exists() else {}
    quantities |= {f"switch {name.replace('_', ' ')}": value for name, value in switched.items()}
    return named, {"en bloc": content["indication"]["en_bloc"], **quantities, **dict(_quantities(chosen))}


def _load(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FileError(
            f"it has no {name} that can be read", where=str(folder), remedy="Name a run folder of `enbloc plan`."
        ) from error


def _quantities(plan: Json) -> Iterator[tuple[str, Any]]:
    for key in ("family", "side", "approach", "sessions", "levels", "margin", "enneking_appropriate"):
        yield key.replace("_", " "), plan[key]
    for key in ("specimen_ml", "bone_lost_ml"):
        yield key.replace("_", " "), plan[key]
    for name, value in plan["trade_offs"].items():
        if name not in _COUNTED:
            yield name.replace("_", " "), value
    for margin in plan["margins"]:
        yield f"margin at {margin['interface']}", {"unit": "mm", **margin["least_mm"]}
    chances = plan["margin_negative_probability"]
    for method, share in chances.items() if "unknown" not in chances else ():
        yield f"every cut clear, {method.replace('_', ' ')}", share
    yield "delivery", plan["delivery"]["possible"]
    yield "least clearance mm", plan["delivery"]["least_clearance_mm"]
    yield "given up", sorted(s["structure"] for s in plan["sacrifices"] if s["action"] in _GIVEN_UP)
    rebuilt = plan["reconstruction"]
    if "unknown" not in rebuilt:
        implant = rebuilt["implant"]
        yield "implant length", implant.get("length", implant)
        yield "defect height", rebuilt["defect"]["height"]
        if "unknown" not in rebuilt["fixation"]:
            yield "fixation above", rebuilt["fixation"]["above"]
            yield "fixation below", rebuilt["fixation"]["below"]
    for cut in plan["cuts"]:
        yield f"cut {cut['id']}", {"origin": cut["origin_mm"], "normal": cut["normal"], "kind": cut["kind"]}


def _differ(name: str, a: Any, b: Any) -> Difference | None:
    """How two values of one name differ; None when they do not."""
    if a == b or (name.startswith("cut ") and a is not None and b is not None):
        return None
    if name.startswith("cut "):
        return Difference(name, a and a["kind"], b and b["kind"])
    values = [_number(a), _number(b)]
    if values[0] is None or values[1] is None:
        return Difference(name, a, b)
    by = values[1] - values[0]
    unit = (
        a.get("unit", "")
        if isinstance(a, Mapping)
        else name.rsplit(" ", 1)[-1]
        if name.endswith((" ml", " mm"))
        else ""
    )
    beyond = None
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        beyond = a["high"] < b["low"] or b["high"] < a["low"]
    return Difference(name, a, b, unit, round(by, 6), beyond)


def _number(value: Any) -> float | None:
    if isinstance(value, Mapping):
        return value.get("value")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _cuts(one: Json, other: Json) -> Iterator[Difference]:
    """How far cuts of one name lie apart, and the angle between them."""
    for name in one:
        if not name.startswith("cut ") or name not in other or one[name] == other[name]:
            continue
        a, b = one[name], other[name]
        apart = sum((y - x) * n for x, y, n in zip(a["origin"], b["origin"], a["normal"], strict=True))
        cosine = sum(x * y for x, y in zip(a["normal"], b["normal"], strict=True))
        angle = math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
        yield Difference(f"{name}, outwards", 0.0, round(apart, 6), "mm", round(apart, 6))
        yield Difference(f"{name}, angle", 0.0, round(angle, 6), "deg", round(angle, 6))
        if a["kind"] != b["kind"]:
            yield Difference(f"{name}, kind", a["kind"], b["kind"])
