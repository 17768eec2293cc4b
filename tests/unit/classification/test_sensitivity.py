"""The tumour grown and shrunken on its distance field, against a sphere whose volume is a formula."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import attrs
import numpy as np
import pytest

from enbloc.adapters.files.run.record_forms import classification_form
from enbloc.adapters.files.schemas.findings import ANSWER
from enbloc.anatomy.settings import AnatomySettings
from enbloc.classification.sensitivity import STEPS_MM, Known, Variant, changed, measure_sensitivity
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import sphere
from enbloc.phantoms.vertebra import canal_half_mm, sizes_of
from enbloc.settings import Settings
from enbloc.walk import Record, look, sense

RADIUS, VOXEL_MM = 8.0, 1.5
CHORDOMA = Clinical(histology="chordoma", grade="low", metastases="none", pain="none")


@lru_cache
def seen(at: tuple[float, float, float] = (0.0, -24.0, 0.0), radius: float = RADIUS) -> Record:
    case = sample(
        SpinePhantom(("L2", "L3", "L4")), Scan((VOXEL_MM,) * 3, margin_mm=12.0), sphere("L3", at, radius), CHORDOMA
    )
    return look(case, Settings())


@lru_cache
def sensed(at: tuple[float, float, float] = (0.0, -24.0, 0.0), radius: float = RADIUS) -> Record:
    return sense(seen(at, radius))


def by_step(record: Record) -> dict[float, Variant]:
    return {variant.by_mm: variant for variant in record.sensitivity if variant.by_mm is not None}


def test_every_step_is_there_once_and_the_volume_is_that_of_the_moved_sphere() -> None:
    variants = by_step(sensed())
    assert tuple(variants) == STEPS_MM
    for step, variant in variants.items():
        radius = float(np.cbrt(variant.tumour_ml * 1000.0 * 3.0 / (4.0 * np.pi)))
        assert radius == pytest.approx(RADIUS + step, abs=VOXEL_MM / 2), step
    assert list(variants.values()) == sorted(variants.values(), key=lambda variant: variant.tumour_ml)


def test_no_step_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    record = seen()
    assert record.scene is not None
    assert record.extent is not None
    assert record.sheet is not None
    monkeypatch.setattr("enbloc.classification.sensitivity.STEPS_MM", (0.0,))
    known = Known(record.scene, AnatomySettings(), CHORDOMA, {}, {})
    (same,) = measure_sensitivity(known, record.extent)
    assert changed(record.sheet, same) == ()
    assert {name: answer.score for name, answer in same.answers.items()} == {
        name: answer.score for name, answer in record.sheet.answers.items()
    }


def test_a_sphere_near_the_canal_reaches_it_when_it_grows() -> None:
    """Its surface lies half a millimetre in front of the canal; from 2 mm deep in it on it counts as in the canal."""
    front = canal_half_mm(sizes_of("L3"))[1]
    variants = by_step(sensed((0.0, -(front + 0.5 + 6.0), 0.0), 6.0))
    assert "T4a" not in variants[-3.0].answers["tnm"].possible
    assert "T4a" in variants[3.0].answers["tnm"].possible


def test_a_larger_tumour_never_holds_fewer_certain_sectors() -> None:
    variants = [by_step(sensed())[step] for step in STEPS_MM]
    held = [set(variant.answers["wbb"].details["levels"]["L3"]["sectors"]) for variant in variants]
    assert all(smaller <= larger for smaller, larger in pairwise(held))


def test_a_tumour_that_vanishes_is_said() -> None:
    variants = by_step(sensed((0.0, -24.0, 0.0), 2.5))
    assert variants[-3.0].answers == {}
    record = sensed((0.0, -24.0, 0.0), 2.5)
    form = classification_form(record)
    assert form["tomita"]["sensitivity"][0]["possible"] == {"unknown": "no tumour is left"}
    assert "sensitivity" in ANSWER["properties"]


def test_a_typed_case_has_none() -> None:
    record = attrs.evolve(seen(), scene=None)
    assert sense(record).sensitivity == ()
