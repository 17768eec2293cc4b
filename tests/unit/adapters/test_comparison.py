"""Two plans compared: nothing differs from itself, numbers differ by their difference, and the order turns the sign."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from enbloc.adapters.comparison import Comparison, compare_runs, comparison_form, comparison_lines
from enbloc.adapters.files.schemas.catalogue import SCHEMAS
from enbloc.adapters.journey import plan_case
from enbloc.errors import CallError, FileError
from enbloc.intake.switches import Switches

TOML = """
[case]
id = "compared"
[clinical]
histology = "chordoma"
biopsy_confirmed = true
[extent.levels.{level}]
sectors = "5-8"
layers = "BC"
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    made = []
    for level in ("T8", "L4"):
        case = tmp_path_factory.mktemp(level)
        (case / "case.toml").write_text(TOML.format(level=level), encoding="utf-8")
        plan_case(case, case / "run", False, lambda _: None)
        made.append(str(case / "run"))
    return made[0], made[1]


def by_name(comparison: Comparison) -> dict[str, tuple[object, object]]:
    return {one.what: (one.a, one.b) for one in comparison.differences}


def test_a_plan_does_not_differ_from_itself(runs) -> None:
    found = compare_runs(runs[0], f"{runs[0]}:p1")
    assert found.differences == ()
    assert "family" in found.same
    assert any("No difference" in text for _, text in comparison_lines(found))


def test_two_runs_differ_where_their_levels_make_them(runs) -> None:
    found = compare_runs(*runs)
    differences = by_name(found)
    assert differences["levels"] == (["T8"], ["L4"])
    assert differences["approach"] == (["posterior"], ["posterior", "anterior left"])
    assert differences["fixation above"] == (["T6", "T7"], ["L1", "L2", "L3"])
    assert "tomita" in found.same
    jsonschema.validate(comparison_form(found), SCHEMAS["compare"])
    assert by_name(compare_runs(runs[1], runs[0]))["levels"] == (["L4"], ["T8"])


def test_numbers_differ_by_their_difference_and_beyond_error_where_intervals_part(runs, tmp_path) -> None:
    def changed(name: str, low: float, value: float, high: float) -> str:
        run = tmp_path / name
        run.mkdir()
        for file in ("record.json", "3-classification.json"):
            (run / file).write_bytes((Path(runs[0]) / file).read_bytes())
        content = json.loads((Path(runs[0]) / "5-plans.json").read_text("utf-8"))
        content["plans"][0]["trade_offs"] = {"bone_lost": {"value": value, "low": low, "high": high, "unit": "ml"}}
        cut = {"id": "cranial", "kind": "osteotomy", "origin_mm": [0, 0, value], "normal": [0, 0, 1]}
        content["plans"][0]["cuts"] = [cut]
        (run / "5-plans.json").write_text(json.dumps(content), encoding="utf-8")
        return str(run)

    small, near, large = changed("a", 9.0, 10.0, 11.0), changed("b", 10.5, 12.0, 13.0), changed("c", 14.0, 15.0, 16.0)
    for other, by, beyond in ((near, 2.0, False), (large, 5.0, True)):
        found = {one.what: one for one in compare_runs(small, other).differences}
        assert (found["bone lost"].by, found["bone lost"].beyond_error, found["bone lost"].unit) == (by, beyond, "ml")
        assert found["cut cranial, outwards"].by == by
        assert found["cut cranial, angle"].by == 0.0
    back = {one.what: one for one in compare_runs(large, small).differences}
    assert back["bone lost"].by == -5.0


def test_what_is_no_run_or_no_plan_is_refused(runs, tmp_path) -> None:
    with pytest.raises(CallError, match="p99"):
        compare_runs(f"{runs[0]}:p99", runs[1])
    with pytest.raises(FileError):
        compare_runs(str(tmp_path), runs[1])


def test_the_switches_that_made_the_difference_are_named(runs, tmp_path) -> None:
    case = tmp_path / "switched"
    case.mkdir()
    (case / "case.toml").write_text(TOML.format(level="L4"), encoding="utf-8")
    switches = Switches(cut=("nerve_root_L4_left",), move_mm={"cranial": 2.0})
    plan_case(case, case / "run", False, lambda _: None, switches=switches)
    found = compare_runs(runs[1], str(case / "run"))
    assert by_name(found)["switch cut"] == (None, ["nerve_root_L4_left"])
    assert any("switch move mm: - -> cranial 2" in text for _, text in comparison_lines(found))
    jsonschema.validate(comparison_form(found), SCHEMAS["compare"])
