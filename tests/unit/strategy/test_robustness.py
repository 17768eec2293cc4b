"""Execution error: closed forms, laws of the draws, and the tables beside the evidence."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma

from enbloc.foundation.evidence.bibliography import read_bibliography
from enbloc.foundation.evidence.items import item
from enbloc.foundation.space.grids import Floats
from enbloc.resection.cuts import Cut
from enbloc.strategy.outcome.execution_tables import METHODS, SD_OF_RANGE, Method, Series, Spread
from enbloc.strategy.outcome.robustness import Robustness, draw, sample_execution, signed_error

SAMPLES = 2000
RADIUS = 8.0
SEED = 7
CLOSE = 3.5 * 0.5 / SAMPLES**0.5
"""Three and a half standard errors of a share, at its widest."""


def sphere(radius: float = RADIUS, n: int = 4000) -> Floats:
    """A sphere about the origin, evenly, its poles included."""
    heights = np.linspace(-1.0, 1.0, n)
    turns = np.arange(n) * np.pi * (3.0 - 5.0**0.5)
    level = np.sqrt(1.0 - heights**2)
    points: Floats = radius * np.stack([level * np.cos(turns), level * np.sin(turns), heights], axis=1)
    return points


def face(margin: float, half: float = 30.0, normal: tuple[float, float, float] = (0.0, 0.0, 1.0)) -> Cut:
    """A face that keeps `margin` from the sphere; a rectangle, so that its long axis is plain."""
    out = np.array(normal)
    first = np.cross(out, [0.0, 1.0, 0.0] if abs(out[1]) < 0.9 else [1.0, 0.0, 0.0])
    first /= np.linalg.norm(first)
    second = np.cross(out, first)
    middle = (RADIUS + margin) * out
    corners = np.array([middle + 1.1 * a * half * first + b * half * second for a, b in ((-1, -1), (1, -1), (1, 1))])
    corners = np.vstack([corners, middle - 1.1 * half * first + half * second])
    return Cut("cut", "osteotomy", middle, out, corners, 1.0, ())


def series(mean: float, sd: float, *tilts: Spread) -> Series:
    return Series("ACC-02", "test", Spread(mean, sd), tilts, ("ritacco2013",))


def sampled(cuts: tuple[Cut, ...], one: Series, label: float = 0.0, points: Floats | None = None) -> Robustness:
    methods: dict[Method, tuple[Series, ...]] = {"navigated": (one,)}
    tumour = sphere() if points is None else points
    return sample_execution(cuts, tumour, label, draw(SEED, SAMPLES, len(cuts)), methods)


def chance(cuts: tuple[Cut, ...], one: Series, label: float = 0.0) -> float:
    return sampled(cuts, one, label).probability["navigated"]


def inwards(one: Spread, margin: float) -> float:
    """Chance of a slip inwards by more than `margin`, by the formula."""
    return 0.5 * float(gamma.sf(margin, (one.mean / one.sd) ** 2, scale=one.sd**2 / one.mean))


SPREADS = [one.position_mm for of_method in METHODS.values() for one in of_method]


@pytest.mark.parametrize("spread", SPREADS, ids=str)
def test_the_errors_drawn_have_the_printed_mean_and_spread(spread: Spread) -> None:
    uniform = (np.arange(400_000) + 0.5) / 400_000
    errors = signed_error(spread, uniform)
    assert np.abs(errors).mean() == pytest.approx(spread.mean, rel=2e-3)
    assert np.abs(errors).std() == pytest.approx(spread.sd, rel=5e-3)
    assert errors.mean() == pytest.approx(0.0, abs=1e-6)
    assert (np.diff(errors) >= 0.0).all()


@pytest.mark.parametrize("spread", SPREADS, ids=str)
@pytest.mark.parametrize("margin", [0.5, 2.0, 5.0, 10.0])
def test_one_plane_over_a_sphere_is_the_formula(spread: Spread, margin: float) -> None:
    found = chance((face(margin),), Series("ACC-02", "test", spread, (), ()))
    assert found == pytest.approx(1.0 - inwards(spread, margin), abs=CLOSE)


def test_cuts_err_independently() -> None:
    spread = Spread(2.52, 2.32)
    cuts = (face(2.0), face(2.0, normal=(1.0, 0.0, 0.0)), face(4.0, normal=(0.0, -1.0, 0.0)))
    wanted = (1.0 - inwards(spread, 2.0)) ** 2 * (1.0 - inwards(spread, 4.0))
    assert chance(cuts, series(2.52, 2.32)) == pytest.approx(wanted, abs=CLOSE)


def test_the_label_errs_once_for_all_cuts() -> None:
    cuts = tuple(face(0.5, normal=normal) for normal in ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, -1.0, 0.0)))
    assert chance(cuts, series(0.0, 0.0), label=1.0) == pytest.approx(0.75, abs=CLOSE)


def test_a_tilt_alone_is_the_formula() -> None:
    """A plane through a point m + r over the middle of a sphere enters it from a tilt of acos(r / (m + r))."""
    tilt, margin = Spread(3.2, 2.5), 0.01
    limit = np.degrees(np.arccos(RADIUS / (RADIUS + margin)))
    wanted = float(gamma.cdf(limit, (tilt.mean / tilt.sd) ** 2, scale=tilt.sd**2 / tilt.mean))
    assert 0.2 < wanted < 0.8
    assert chance((face(margin),), series(0.0, 0.0, tilt)) == pytest.approx(wanted, abs=CLOSE)


@pytest.mark.parametrize(("margin", "wanted"), [(0.1, 1.0), (4.0, 1.0), (-0.1, 0.0), (-5.0, 0.0)])
def test_without_error_the_margin_decides(margin: float, wanted: float) -> None:
    assert chance((face(margin), face(9.0, normal=(1.0, 0.0, 0.0))), series(0.0, 0.0)) == wanted


TILTED = series(2.0, 1.5, Spread(3.5, 2.8), Spread(3.7, 3.2))


@settings(max_examples=25, deadline=None)
@given(margin=st.floats(-3.0, 12.0), more=st.floats(0.0, 6.0), half=st.floats(3.0, 30.0))
def test_a_larger_margin_is_never_less_likely(margin: float, more: float, half: float) -> None:
    others = (face(3.0, normal=(1.0, 0.0, 0.0)),)
    assert chance((face(margin + more, half), *others), TILTED, 0.75) >= chance(
        (face(margin, half), *others), TILTED, 0.75
    )


@settings(max_examples=25, deadline=None)
@given(margin=st.floats(0.8, 12.0), mean=st.floats(0.5, 6.0), share=st.floats(0.0, 1.0))
def test_a_smaller_error_is_never_less_likely(margin: float, mean: float, share: float) -> None:
    cuts = (face(margin), face(2.0, normal=(1.0, 0.0, 0.0)))
    worse, better = series(mean, 0.9 * mean), series(share * mean, 0.9 * share * mean)
    assert chance(cuts, better, label=0.75) >= chance(cuts, worse, label=0.75)


@settings(max_examples=15, deadline=None)
@given(radius=st.floats(4.0, RADIUS))
def test_a_larger_tumour_is_never_less_entered(radius: float) -> None:
    cuts = (face(1.0, 10.0), face(3.0, normal=(1.0, 0.0, 0.0)))
    small, large = sphere(radius), np.vstack([sphere(radius), sphere()])
    assert (
        sampled(cuts, TILTED, 0.5, large).probability["navigated"]
        <= (sampled(cuts, TILTED, 0.5, small).probability["navigated"])
    )


def test_one_more_cut_is_never_safer_and_leaves_the_draws_of_the_others() -> None:
    assert np.array_equal(draw(SEED, 50, 5)[:3], draw(SEED, 50, 2))
    cuts = (face(3.0), face(3.0, normal=(1.0, 0.0, 0.0)), face(1.0, normal=(0.0, -1.0, 0.0)))
    chances = [chance(cuts[:n], TILTED) for n in (1, 2, 3)]
    assert chances == sorted(chances, reverse=True)
    assert chances[2] < chances[0]


def test_the_margin_to_plan_for_holds_in_95_percent() -> None:
    normals = ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    wanted = sampled(tuple(face(2.0, normal=normal) for normal in normals), TILTED, 0.75).margin_to_plan["navigated"]
    assert wanted.low == wanted.high == wanted.value

    def at(margin: float) -> float:
        return chance(tuple(face(margin, normal=normal) for normal in normals), TILTED, 0.75)

    assert at(wanted.value + 0.3) >= 0.95 > at(wanted.value - 0.3)


def test_beside_the_face_a_slip_reaches_as_far_sideways_as_it_is_deep() -> None:
    gap, spread = 3.0, Spread(2.52, 2.32)
    beside = np.array([[33.0 + gap, 0.0, RADIUS + 1.0]]) + sphere(0.5) * 1e-3
    cut = face(1.0)
    found = sampled((cut,), series(2.52, 2.32), 0.0, beside).probability["navigated"]
    assert found == pytest.approx(1.0 - inwards(spread, gap), abs=CLOSE)


def test_no_point_left_out_would_have_been_entered_first() -> None:
    """The same figures by brute force over all points."""
    cut, points = face(1.0, 6.0), sphere() * np.array([1.3, 0.8, 1.0])
    one = series(1.0, 0.8, Spread(8.0, 6.0), Spread(8.0, 6.0))
    draws = draw(SEED, SAMPLES, 1)
    found = sample_execution((cut,), points, 0.0, draws, {"navigated": (one,)}).probability["navigated"]
    slopes = np.stack([np.tan(np.radians(signed_error(Spread(8.0, 6.0), draws[1, n]))) for n in (1, 2)])
    slopes *= np.minimum(1.0, 0.577 / np.hypot(*slopes))
    beside = np.linalg.norm(np.maximum(np.abs(points[:, :2]) - np.array([6.0, 6.6]), 0.0), axis=1)
    if np.ptp(cut.face_mm[:, 0]) > np.ptp(cut.face_mm[:, 1]):
        beside = np.linalg.norm(np.maximum(np.abs(points[:, :2]) - np.array([6.6, 6.0]), 0.0), axis=1)
    height = points[:, 2] - cut.face_mm[0, 2]
    height = np.where(beside > 0.0, np.minimum(height, -beside), height)
    long_first = points[:, :2] if np.ptp(cut.face_mm[:, 0]) > np.ptp(cut.face_mm[:, 1]) else points[:, 1::-1]
    entered = (height[:, None] - long_first @ slopes).max(axis=0) - signed_error(Spread(1.0, 0.8), draws[1, 0]) > 0.0
    assert found == pytest.approx(1.0 - entered.mean(), abs=2e-3)


def test_published_methods_answer_alike_twice() -> None:
    cuts = tuple(face(4.0, 15.0, normal) for normal in ((0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0)))
    draws = draw(SEED, SAMPLES, len(cuts))
    first = sample_execution(cuts, sphere(), 0.75, draws)
    assert attrs.asdict(first) == attrs.asdict(sample_execution(cuts, sphere(), 0.75, draw(SEED, SAMPLES, len(cuts))))
    assert list(first.probability) == ["freehand", "navigated", "printed_guide"]
    assert all(0.0 <= p <= 1.0 for p in first.probability.values())
    assert first.probability["freehand"] < min(first.probability["navigated"], first.probability["printed_guide"])
    assert all(margin.low <= margin.value <= margin.high for margin in first.margin_to_plan.values())


def test_the_clearance_of_one_cut_lies_below_the_conservative_rule() -> None:
    """Signed errors need less than the rule that adds 1.645 sd to a mean of absolute ones (7.2 and 3.8 to 8.4 mm)."""
    found = sample_execution((face(5.0),), sphere(), 0.0, draw(SEED, SAMPLES, 1))
    best, worst = 0.74 + 1.645 * 0.96, 3.60 + 1.645 * 2.46
    assert found.margin_to_plan["navigated"].value < 2.52 + 1.645 * 2.32 + 1.0
    assert found.margin_to_plan["printed_guide"].low < best + 0.5
    assert found.margin_to_plan["printed_guide"].high < worst + 3.0


def numbers(name: str) -> Any:
    return item(name).numbers


def test_the_tables_hold_the_figures_of_the_evidence() -> None:
    acc = {n: numbers(f"ACC-{n:02d}") for n in (1, 2, 3, 4, 5, 6, 9, 15)}

    def ranged(mean: float, ends: list[float]) -> Spread:
        return Spread(mean, (ends[1] - ends[0]) * SD_OF_RANGE)

    wanted = {
        "freehand": [(ranged(acc[1]["freehand_mm"], acc[9]["range_mm"]), ())],
        "navigated": [
            (Spread(acc[2]["mean_mm"], acc[2]["sd"]), ()),
            (Spread(acc[3]["mean_mm"], acc[3]["sd"]), ()),
            (
                Spread(acc[4]["nav_entry_mm"], acc[4]["nav_sd"]),
                tuple(Spread(*acc[4][k]) for k in ("pitch_deg", "roll_deg")),
            ),
        ],
        "printed_guide": [
            (Spread(*acc[5]["best_mm"]), ()),
            (Spread(*acc[5]["worst_mm"]), ()),
            (Spread(*acc[6]["with_mm"]), (Spread(*acc[6]["angle_deg"]),)),
            (ranged(acc[15]["mm"], acc[15]["mm_range"]), (ranged(acc[15]["deg"], acc[15]["deg_range"]),)),
        ],
    }
    assert {method: [(one.position_mm, one.tilts_deg) for one in of] for method, of in METHODS.items()} == wanted
    for one in (one for of_method in METHODS.values() for one in of_method):
        assert item(one.item).status == "verified"
        assert set(item(one.item).cites) <= set(one.cites) <= set(read_bibliography())


def test_the_plan_is_told_whence_the_figures_come() -> None:
    found = sample_execution((face(5.0),), sphere(), 0.5, draw(SEED, SAMPLES, 1))
    words = " ".join(reason.says for reason in found.because)
    for figure in (
        "9 ± 2.5 mm",
        "its spread is ours",
        "2.52 ± 2.32 mm",
        "3.5 ± 2.8°",
        "0.74 ± 0.96 mm",
        "none for cuts of the mobile spine",
    ):
        assert figure in words
    assert [reason.status for reason in found.because] == ["ours", "ours", "ours", "verified", "ours"]
    assert {"khan2013", "ritacco2013", "psi2019"} <= {key for reason in found.because for key in reason.cites}


def test_without_tumour_nothing_is_entered_and_no_margin_is_named() -> None:
    found = sample_execution((face(1.0),), np.empty((0, 3)), 0.5, draw(SEED, SAMPLES, 1))
    assert set(found.probability.values()) == {1.0}
    assert found.margin_to_plan == {}
