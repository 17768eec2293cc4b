"""Levels of fixation, shortening and failure, one rule at a time."""

from __future__ import annotations

import attrs
import pytest

from enbloc.foundation.evidence.bibliography import read_bibliography
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.intake.clinical import Clinical
from enbloc.reconstruction.build import NO_IMAGES, Resected, plan_implant, rebuild_column, rebuild_pelvis
from enbloc.reconstruction.design import Fixation, Implant, Reconstruction
from enbloc.reconstruction.fixation import list_failure, plan_fixation
from enbloc.reconstruction.settings import ReconstructionSettings
from enbloc.reconstruction.tables import EVERY
from enbloc.resection.plans import Family, Plan
from enbloc.strategy.rebuild import rebuild


@pytest.mark.parametrize(
    ("levels", "above", "below", "rods", "pelvic"),
    [
        (("T7",), ("T5", "T6"), ("T8", "T9"), None, "none"),
        (("C5",), ("C3", "C4"), ("C6", "C7"), None, "none"),
        (("T7", "T8"), ("T4", "T5", "T6"), ("T9", "T10", "T11"), 4, "none"),
        (("L2",), ("T11", "T12", "L1"), ("L3", "L4", "L5"), 4, "none"),
        (("L4",), ("L1", "L2", "L3"), ("L5", "S1"), 4, "S1 or iliac"),
        (("L5",), ("L2", "L3", "L4"), ("S1",), 4, "S1 or iliac"),
        (("C2",), ("C1",), ("C3", "C4"), None, "none"),
    ],
)
def test_levels_above_and_below_by_the_rules(levels, above, below, rods, pelvic) -> None:
    fixation, because = plan_fixation(levels, None)
    assert (fixation.above, fixation.below, fixation.pelvic) == (above, below, pelvic)
    assert isinstance(fixation.rods_n, Unknown) if rods is None else fixation.rods_n == rods
    assert {"RECO-1", "RECO-2"} & {reason.rule for reason in because}


def test_a_thirteenth_thoracic_vertebra_is_counted_where_it_is_present() -> None:
    fixation, _ = plan_fixation(("L1",), ("T11", "T12", "T13", "L1", "L2"))
    assert fixation.above == ("T11", "T12", "T13")
    assert fixation.below == ("L2", "L3", "L4")


def test_what_fails_is_said_with_what_is_present() -> None:
    lumbar = {reason.says for reason in list_failure(("L2", "L3"), True, True)}
    assert any(says.startswith("Present: a lumbar") for says in lumbar)
    assert any(says.startswith("Present: radiotherapy") for says in lumbar)
    assert any("42.9%" in says for says in lumbar)
    assert any("0 of 11" in says for says in lumbar)
    thoracic = {reason.says for reason in list_failure(("T7",), False, None)}
    assert not any("Present" in says or "Not stated" in says for says in thoracic)
    assert any(reason.says.startswith("Not stated: radio") for reason in list_failure(("T7",), None, None))


@pytest.mark.parametrize(("levels", "rate"), [(("T7", "T8"), "5.9%"), (("T12", "L1"), "25%"), (("C7", "T1"), ": 0%")])
def test_several_levels_fail_by_their_stretch(levels, rate) -> None:
    assert any(rate in reason.says for reason in list_failure(levels, False, None) if "several" in reason.says)


def test_without_images_levels_are_planned_and_nothing_is_measured() -> None:
    found = rebuild_column(Resected(("T7",), (), 0.0, None), None, ReconstructionSettings())
    assert found.defect.height == Unknown(NO_IMAGES)
    assert found.implant == Unknown(NO_IMAGES)
    assert found.screws == ()
    assert found.without_screws == ("T5", "T6", "T8", "T9")


def test_a_cut_through_the_first_sacral_level_is_held_at_the_pelvis() -> None:
    found = rebuild_pelvis(Resected(("S1", "S2"), (), 0.0, None), None)
    assert isinstance(found.fixation, Fixation)
    assert found.fixation.pelvic == "iliac"
    assert "REG-10" in {reason.rule for reason in found.because}


def test_every_source_is_in_the_bibliography() -> None:
    known = read_bibliography()
    assert not [key for reason in EVERY for key in reason.cites if key not in known]


def plan(family: Family, levels: tuple[str, ...]) -> Plan:
    unknown = Unknown("not asked")
    return Plan(
        id="p1",
        rank=1,
        family=family,
        side=None,
        approach=("posterior",),
        sessions=1,
        levels=levels,
        cuts=(),
        sacrifices=(),
        margins=(),
        margin=None,
        enneking_appropriate=None,
        geometry=None,
        margin_negative_probability=unknown,
        delivery=unknown,
        reconstruction=unknown,
        risks=(),
        trade_offs={},
        because=(),
    )


@pytest.mark.parametrize(
    ("family", "levels", "rebuilt"),
    [
        ("vertebrectomy", ("T7",), True),
        ("sagittal_resection", ("L2",), True),
        ("sacrectomy_total", ("S1", "S2"), True),
        ("sacrectomy_partial", ("S1", "S2"), True),
        ("sacrectomy_partial", ("S3", "S4"), False),
        ("posterior_arch_resection", ("L2",), False),
        ("intralesional", ("L2",), False),
        ("none", (), False),
    ],
)
def test_each_family_is_rebuilt_or_says_why_not(family, levels, rebuilt) -> None:
    (found,) = rebuild((plan(family, levels),), None, Clinical(), ReconstructionSettings())
    assert isinstance(found.reconstruction, Reconstruction) is rebuilt
    if not rebuilt:
        assert isinstance(found.reconstruction, Unknown)
        assert found.reconstruction.because


def test_the_implant_is_the_height_less_the_shortening_and_the_shortening_has_its_limits() -> None:
    for height, planned in {40.0: 5.0, 12.0: 4.0, 9.0: 3.0}.items():
        found = implant_for(height)
        assert isinstance(found.length, Estimate)
        assert isinstance(found.shortening, Estimate)
        assert found.shortening.value == pytest.approx(planned)
        assert found.length.value == pytest.approx(height - planned)
    most = implant_for(60.0, planned_shortening_mm=20.0).shortening
    assert isinstance(most, Estimate)
    assert most.value == pytest.approx(10.0)


def implant_for(height_mm: float, **settings: float) -> Implant:
    exact = Estimate(height_mm, height_mm, height_mm, "mm")
    found = plan_implant(exact, attrs.evolve(ReconstructionSettings(), **settings))
    assert isinstance(found, Implant)
    return found
