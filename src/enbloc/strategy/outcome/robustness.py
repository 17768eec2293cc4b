"""How likely do all cuts stay out of the tumour, and which margin would make that 95 %?

Strategy. A published error is the mean and standard deviation of an absolute distance. It is drawn as a gamma
distribution with just these two (a folded normal cannot be as wide as most series are) and goes in or out with equal
chance (ours). Each cut draws its own error; where a series prints tilts, the plane tilts about the middle of its face.
The tumour's border draws one error of the label, uniform, for all cuts. A method's probability is the plain mean over
its series, and the series' own values are its interval.

A point of the tumour is entered when it lies beyond the moved plane. Beside the face it is reached only when the cut
slips inwards by as much as the point lies beside it, since bone may widen below a cut (45 degrees, ours): so such a
point counts with the lesser of its height and minus its distance beside the face. All plans and methods use the same
draws.

Cuts only: freeing the dura, the soft tissue and the vessels is not in these figures, nor is what imaging did not show
(ERR-6).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import attrs
import numpy as np
import scipy

from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.space.hulls import corners
from enbloc.foundation.space.polygons import distance_to_face
from enbloc.resection.cuts import Cut
from enbloc.strategy.outcome.execution_tables import METHODS, RULES, Method, Series, Spread

HELD_SHARE = 0.95
"""The margin to plan for keeps every cut out of the tumour in this share of the draws (ours)."""

STEEPEST_SLOPE = 0.577
"""Tilts are drawn no steeper than this slope (30 degrees): a cut that far off would be seen (ours)."""

CHUNK = 256
"""Points of the tumour that are laid against all draws at a time; bounds memory."""

CAUTION = Reason(
    "The errors were published for other bones, for sacrum and pelvis, for cadavers and models; none for cuts of the "
    "mobile spine in patients. Only cuts are drawn: freeing dura, vessels and soft tissue is not in these figures, nor "
    "is tumour that imaging does not show.",
    "ours",
    (),
    "ERR-1, ERR-2, ERR-3, ERR-6, ERR-7",
)

COMPARED = Reason(
    "The methods' figures come from different bones and cannot be set against each other: in four cadavers guides were "
    "closer to the plan than navigation alone, under 2 mm on average.",
    "verified",
    ("bosma2018",),
    "ACC-07",
)


@attrs.frozen
class Robustness:
    """What execution error leaves of a plan.

    Parameters
    ----------
    probability : mapping of method to float
        Share of the draws in which every cut stays out of the tumour.
    margin_to_plan : mapping of method to Estimate, mm
        The distance that each cut would need for `HELD_SHARE`; low and high are the least and the greatest of the
        method's series. Empty when no cut can reach the tumour.
    kept : mapping of method to tuple of float
        For every row of wanted margins, the share of the draws in which every cut keeps at least its own.
    because : tuple of Reason
    """

    probability: Mapping[str, float]
    margin_to_plan: Mapping[str, Estimate]
    kept: Mapping[str, tuple[float, ...]]
    because: tuple[Reason, ...]


@attrs.frozen(eq=False)
class _Reach:
    """A cut seen from the tumour: in the face's own axes, how far each point that can matter lies beyond the plane.

    `places_mm` : (n, 2), from the face's middle; `heights_mm` : (n,), negative inside the specimen.
    """

    places_mm: Floats
    heights_mm: Floats


@attrs.frozen(eq=False)
class _Outcome:
    """Of one series, per draw, mm: how far the tumour is entered (negative: clear), and the margin that it needed.

    `short_mm` (rows, n) is by how much a wanted margin is missed at worst, for every row of wanted margins.
    """

    entered_mm: Floats
    needed_mm: Floats
    short_mm: Floats


def draw(seed: int, samples_n: int, cuts_n: int) -> Floats:
    """Uniform draws (1 + cuts_n, 3, samples_n) in [0, 1): the label, then offset and two tilts of each cut.

    The draws of the first cuts do not depend on how many there are, so that plans are compared by the same draws.
    """
    drawn: Floats = np.random.Generator(np.random.PCG64(seed)).random((1 + cuts_n, 3, samples_n))
    return drawn


def sample_execution(
    cuts: tuple[Cut, ...],
    tumour_mm: Floats,
    label_error_mm: float,
    draws: Floats,
    methods: Mapping[Method, tuple[Series, ...]] = METHODS,
    wanted_mm: tuple[tuple[float, ...], ...] = (),
) -> Robustness:
    """Move all cuts as published errors would, and count how often every one stays out of the tumour.

    Parameters
    ----------
    cuts : tuple of Cut
    tumour_mm : (n, 3) float, LPS
        The tumour's surface.
    label_error_mm : float
        How far the tumour's border may lie from its label, either way.
    draws : (1 + cuts, 3, samples) float in [0, 1)
        From `draw`.
    methods : mapping of method to its series
    wanted_mm : tuple of rows
        Each row has one wanted margin per cut.
    """
    reaches = tuple(_reach(cut, tumour_mm) for cut in cuts)
    label = (2.0 * draws[0, 0] - 1.0) * label_error_mm
    found = {
        method: tuple(_outcome(series, reaches, label, draws[1:], wanted_mm) for series in of_method)
        for method, of_method in methods.items()
    }
    margins: dict[str, Estimate] = {}
    if len(tumour_mm):
        margins = {method: _margin_to_plan(outcomes) for method, outcomes in found.items()}
    held = {method: tuple(_held(outcome) for outcome in outcomes) for method, outcomes in found.items()}
    return Robustness(
        probability={method: float(np.mean(shares)) for method, shares in held.items()},
        margin_to_plan=margins,
        kept={
            method: tuple(
                float(np.mean([np.mean(o.short_mm[row] <= 0.0) for o in outcomes])) for row in range(len(wanted_mm))
            )
            for method, outcomes in found.items()
        },
        because=(
            *(_reason(method, methods[method], shares, margins) for method, shares in held.items()),
            COMPARED,
            CAUTION,
        ),
    )


def signed_error(spread: Spread, uniform: Floats) -> Floats:
    """Errors of either sign whose absolute value has this mean and standard deviation, by quantile of `uniform`."""
    if spread.mean <= 0.0:
        return np.zeros_like(uniform)
    both = 2.0 * uniform - 1.0
    if spread.sd <= 0.0:
        return np.copysign(spread.mean, both)
    roots, sizes = _quantiles((spread.mean / spread.sd) ** 2)
    size = np.interp(np.sqrt(-np.log1p(-np.abs(both))), roots, sizes) * spread.sd**2 / spread.mean
    return np.copysign(size, both)


@lru_cache(maxsize=64)
def _quantiles(shape: float) -> tuple[Floats, Floats]:
    """Quantiles of the gamma distribution of unit scale, over the root of minus the log of what lies beyond.

    In this measure they are smooth up to one draw in 10^11; the draws lie between them by straight lines.
    """
    roots = np.linspace(0.0, 5.0, 1001)
    sizes: Floats = scipy.special.gammaincinv(shape, -np.expm1(-(roots**2)))
    return roots, sizes


def _reach(cut: Cut, tumour_mm: Floats) -> _Reach:
    """The points that can be the first to be entered, whichever way the plane tilts."""
    if not len(tumour_mm):
        return _Reach(np.empty((0, 2)), np.empty(0))
    distance, height = distance_to_face(tumour_mm, cut.face_mm, cut.normal)
    beside = np.sqrt(np.maximum(distance**2 - height**2, 0.0))
    places = (tumour_mm - cut.face_mm.mean(axis=0)) @ _axes(cut).T
    return _first_entered(_Reach(places, np.where(beside > 0.0, np.minimum(height, -beside), height)))


def _axes(cut: Cut) -> Floats:
    """The face's long and short axis (2, 3), LPS; they turn with the patient."""
    corners = cut.face_mm - cut.face_mm.mean(axis=0)
    axes: Floats = np.linalg.svd(corners, full_matrices=False)[2][:2]
    lean = ((corners @ axes.T) ** 3).sum(axis=0)
    return axes * np.where(lean < 0.0, -1.0, 1.0)[:, None]


def _first_entered(reach: _Reach) -> _Reach:
    """Without the points that another is entered before, at every slope up to the steepest. No answer changes."""
    turns = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1) * STEEPEST_SLOPE
    left = reach
    for slope in np.vstack([np.zeros((1, 2)), ring / 2, ring]):
        first = int(np.argmax(left.heights_mm - left.places_mm @ slope))
        away = np.hypot(*(left.places_mm - left.places_mm[first]).T)
        may = left.heights_mm + STEEPEST_SLOPE * away >= left.heights_mm[first]
        left = _Reach(left.places_mm[may], left.heights_mm[may])
    kept = corners(np.column_stack([left.places_mm, left.heights_mm]))
    return _Reach(kept[:, :2], kept[:, 2])


def _outcome(
    series: Series,
    reaches: tuple[_Reach, ...],
    label: Floats,
    draws: Floats,
    wanted_mm: tuple[tuple[float, ...], ...],
) -> _Outcome:
    """The worst cut of every draw."""
    entered = np.full(draws.shape[2], -np.inf)
    needed = np.full(draws.shape[2], -np.inf)
    short = np.full((len(wanted_mm), draws.shape[2]), -np.inf)
    for n, (reach, (offset, *tilts)) in enumerate(zip(reaches, draws, strict=True)):
        if not len(reach.heights_mm):
            continue
        nearest = float(reach.heights_mm.max())
        at_cut = _highest(reach, _slopes(series.tilts_deg, tilts)) - signed_error(series.position_mm, offset) + label
        entered = np.maximum(entered, at_cut)
        needed = np.maximum(needed, at_cut - nearest)
        for row, wanted in enumerate(wanted_mm):
            short[row] = np.maximum(short[row], at_cut + wanted[n])
    return _Outcome(entered, needed, short)


def _slopes(tilts_deg: tuple[Spread, ...], uniform: list[Floats]) -> Floats | None:
    """Slopes (2, samples) of the tilted plane along the face's axes; None without tilts."""
    if not tilts_deg:
        return None
    first = np.tan(np.radians(np.clip(signed_error(tilts_deg[0], uniform[0]), -60.0, 60.0)))
    if len(tilts_deg) == 1:
        slopes = first * np.stack([np.cos(np.pi * uniform[1]), np.sin(np.pi * uniform[1])])
    else:
        slopes = np.stack([first, np.tan(np.radians(np.clip(signed_error(tilts_deg[1], uniform[1]), -60.0, 60.0)))])
    steep = np.hypot(*slopes)
    held: Floats = slopes * np.minimum(1.0, STEEPEST_SLOPE / np.maximum(steep, 1e-12))
    return held


def _highest(reach: _Reach, slopes: Floats | None) -> Floats | float:
    """How far the highest point of the tumour lies beyond the tilted plane, mm, for every draw."""
    if slopes is None:
        return float(reach.heights_mm.max())
    highest = np.full(slopes.shape[1], -np.inf)
    for start in range(0, len(reach.heights_mm), CHUNK):
        part = slice(start, start + CHUNK)
        beyond = reach.heights_mm[part, None] - reach.places_mm[part] @ slopes
        highest = np.maximum(highest, beyond.max(axis=0))
    return highest


def _held(outcome: _Outcome) -> float:
    return float(np.mean(outcome.entered_mm <= 0.0))


def _margin_to_plan(outcomes: tuple[_Outcome, ...]) -> Estimate:
    """The margin that holds in `HELD_SHARE` of all draws, with those of the single series as its interval."""
    each = [_quantile(outcome.needed_mm) for outcome in outcomes]
    value = _quantile(np.concatenate([outcome.needed_mm for outcome in outcomes]))
    because = "one published series" if len(each) == 1 else "from the best to the worst published series"
    return Estimate(value, min(*each, value), max(*each, value), "mm", because)


def _quantile(needed_mm: Floats) -> float:
    return float(max(np.quantile(needed_mm, HELD_SHARE, method="higher"), 0.0))


def _reason(
    method: Method, of_method: tuple[Series, ...], shares: tuple[float, ...], margins: Mapping[str, Estimate]
) -> Reason:
    """What the draws of one method say, and from which figures."""
    says = f"{method.replace('_', ' ').capitalize()}: every cut stays out of the tumour in {_percent(shares)}"
    if method in margins:
        says += f"; {math.ceil(margins[method].value)} mm at every cut would make it {100 * HELD_SHARE:.0f} %"
    figures = "; ".join(_figures(series) for series in of_method)
    cites = tuple(dict.fromkeys(key for series in of_method for key in series.cites))
    return Reason(f"{says}. Drawn from {figures}.", "ours", cites, RULES[method])


def _percent(shares: tuple[float, ...]) -> str:
    mean, least, most = (100.0 * x for x in (float(np.mean(shares)), min(shares), max(shares)))
    return f"{mean:.0f} % of the draws" + (f" ({least:.0f} to {most:.0f} by series)" if len(shares) > 1 else "")


def _figures(series: Series) -> str:
    tilts = "".join(f", {tilt.mean:g} ± {tilt.sd:g}°" for tilt in series.tilts_deg)
    return f"{series.position_mm.mean:g} ± {series.position_mm.sd:g} mm{tilts} ({series.says})"
