"""Findings measured on the real anatomy: what they narrow, and what they must leave open. The tumours are synthetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import attrs
import pytest

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.classification.measured.collapse import measure_height_loss
from enbloc.classification.measured.scene_findings import find_on_scene
from enbloc.classification.sheet import classify
from enbloc.foundation.evidence.classifications import Finding, Sheet
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.settings import Settings
from enbloc.walk import find_extent

pytestmark = pytest.mark.real

CASES = ("L3-body-left-pedicle", "T8-left-paravertebral", "L2-posterior-arch", "T11-epidural")


@attrs.frozen(eq=False)
class Seen:
    """One case without and with what was found on its scene."""

    scene: Scene
    extent: Extent
    found: Mapping[str, Finding]
    before: Sheet
    after: Sheet


@cache
def seen_in(folder: Path) -> Seen:
    case, _ = read_case(folder, lambda _: None)
    scene = build_scene(case, Settings().anatomy)
    assert scene is not None
    extent, _ = find_extent(case, scene, Settings())
    found = find_on_scene(scene, extent)
    return Seen(scene, extent, found, classify(extent, case.clinical), classify(extent, case.clinical, found))


@pytest.mark.parametrize("name", CASES)
def test_the_findings_only_narrow(name: str, real_data: Callable[[str], Path]) -> None:
    seen = seen_in(real_data(f"cases/{name}"))
    assert set(seen.after.problems) <= set(seen.before.problems)
    for system, answer in seen.after.answers.items():
        assert set(answer.possible) <= set(seen.before.answers[system].possible), system
        assert bool(answer.possible) is bool(seen.before.answers[system].possible), system


@pytest.mark.parametrize("name", CASES)
def test_healthy_anatomy_neither_slips_nor_collapses(name: str, real_data: Callable[[str], Path]) -> None:
    found = seen_in(real_data(f"cases/{name}")).found
    for criterion in ("collapse", "collapse_over_half", "translation", "new_deformity"):
        assert found[criterion].verdict is Verdict.UNMET, found[criterion].says


@pytest.mark.parametrize("name", CASES)
def test_no_lesion_is_read_without_a_ct_of_soft_tissue(name: str, real_data: Callable[[str], Path]) -> None:
    """Two cases have no CT, two have one of bone only."""
    found = seen_in(real_data(f"cases/{name}")).found
    for criterion in ("lytic", "blastic"):
        assert found[criterion].verdict is Verdict.UNDECIDED
        assert isinstance(found[criterion].measured, Unknown)


@pytest.mark.parametrize("name", CASES)
def test_the_range_of_sins_narrows(name: str, real_data: Callable[[str], Path]) -> None:
    seen = seen_in(real_data(f"cases/{name}"))
    before, after = seen.before.answers["sins"].score, seen.after.answers["sins"].score
    assert before is not None
    assert after is not None
    assert before.low <= after.low <= after.high <= before.high
    assert (before.high - before.low) - (after.high - after.low) >= 6  # alignment 4, collapse at least 2
    items = seen.after.answers["sins"].details["items"]
    assert isinstance(items, Mapping)
    assert items["alignment"] == {"low": 0, "high": 0}
    assert items["collapse"]["high"] <= 1


def test_every_whole_level_of_a_case_is_as_high_as_its_neighbours(real_data: Callable[[str], Path]) -> None:
    scene = seen_in(real_data("cases/T8-left-paravertebral")).scene
    levels = list(scene.vertebrae)
    for level in levels[1:-1]:
        lost = measure_height_loss(scene, level, [name for name in levels if name != level])
        assert isinstance(lost, Estimate), level
        assert abs(lost.value) < 0.1, level
