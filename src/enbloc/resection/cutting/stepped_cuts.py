"""End cuts in the shape of a step: a corner of the neighbour goes with the specimen, the rest of its end plate stays.

Strategy. Where tumour crosses a disc on one side only, a plain cut takes the neighbour's body from side to side. A step
takes three planes instead: the disc on the far side, a riser along the neighbour's axis beside the tumour, and a deep
plane across what goes. The specimen lies inside of the deep plane, and inside of either the disc's or the riser. Tumour
that keeps away from the disc as OST-2 asks does not bind the riser; all other tumour keeps the margin from it and from
the deep plane, as unbounded planes, which is safe for their bounded faces. So a turn of the riser and two tilts of the
deep plane say all, and what is lost follows from columns of bone: a coarse grid over the three, then finer ones.
"""

from __future__ import annotations

import attrs
import numpy as np

from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.space.hulls import corners
from enbloc.foundation.terms.levels import Level
from enbloc.resection.cutting.bone_columns import BoneColumns, volumes_inside
from enbloc.resection.cutting.placement import Plane, Step, height_above
from enbloc.resection.cutting.plane_search import (
    AROUND_N,
    BEST_N,
    SAME_ML,
    Allowed,
    Axes,
    Clearance,
    Found,
    offsets,
    tilted,
)
from enbloc.resection.settings import ResectionSettings

STEPS_DEG = ((15.0, 3.0), (5.0, 1.0), (1.5, 0.3), (0.5, 0.1))
"""Steps of the grids: of the riser's turn, and of the deep plane's tilts."""

LATERAL_COSINE = float(np.cos(np.radians(45.0))) - 1e-9
"""A lateral riser's normal lies no more than 45 degrees from the dorsal axis: a blade comes from the side (ours)."""

LEAST_REST_RIM_MM = 3.0
"""Where a step cuts deep, so much of the neighbour is left before its far end plate: a thinner slice would break. The
implant stands on the other side of the riser (ours)."""


@attrs.frozen(eq=False)
class Room:
    """What a step is cut from.

    Parameters
    ----------
    bone : BoneColumns
        The neighbour's body.
    axes : Axes
        Of the deep plane; the riser turns from `axes.second` (left) towards `axes.first` (dorsal).
    disc : Plane
        Cut on the far side of the riser.
    end_plate : Plane
        Of the level with tumour, facing the disc.
    middle_mm : (3,) float, LPS
        The middle of the neighbour's body: the riser leaves it, so that about half of the end plate stays at least.
    first_mm : (n, 3) float, LPS
        Points that the deep plane leaves on its inner side: a thinner slice of the neighbour would break.
    far : Plane
        The neighbour's end plate on the other side, where the deep plane must not come.
    allowed : callable
        Of deep planes, as for `cheapest_plane`.
    """

    bone: BoneColumns
    axes: Axes
    disc: Plane
    end_plate: Plane
    middle_mm: Floats
    first_mm: Floats
    far: Plane
    allowed: Allowed


@attrs.frozen(eq=False)
class FoundStep:
    """The best step: its planes, the bone it costs (ml), the riser's turn and the deep plane's tilts (degrees)."""

    deep: Plane
    riser: Plane
    cost_ml: float
    turn_deg: float
    tilts_deg: tuple[float, float]


@attrs.frozen(eq=False)
class Instead:
    """A step made instead of a plain cut: its margin (mm), and what a plain cut costs (ml), None where none fits."""

    step: FoundStep
    margin_mm: float
    plain_ml: float | None

    def in_words(self, disc: Plane, name: str) -> Step:
        """The step of an end cut, with its reason."""
        why = f"beside the tumour by {self.margin_mm:g} mm, along the vertebra; on its far side the disc is cut"
        return Step(disc, name, self.step.riser, (why,))

    def worth(self, beyond: Level) -> str:
        """Why the cut through a neighbour is a step."""
        if self.plain_ml is None:
            return f"in the shape of a step: {beyond} leaves no room for a plain cut"
        spared = self.plain_ml - self.step.cost_ml
        return f"in the shape of a step, which spares {spared:.1f} ml of {beyond} against a plain cut"


def step_instead(
    room: Room, tumour_mm: Floats, plain: tuple[Found, float] | None, settings: ResectionSettings
) -> Instead | None:
    """A step where no plain cut fits, or none with the wanted margin, or where it spares enough bone at no less margin.

    Plans are ordered likewise: wanted distances that are missed first, then bone.
    """
    wanted = settings.bone_margin_mm
    for margin in settings.margins_tried_mm():
        if plain is not None and margin < plain[1]:
            return None
        found = cheapest_step(room, tumour_mm, margin, settings)
        if found is None:
            continue
        if plain is None or plain[1] < wanted <= margin or plain[0].cost_ml - found.cost_ml >= settings.step_saves_ml:
            return Instead(found, margin, plain[0].cost_ml if plain is not None else None)
    return None


def binds_riser(room: Room, tumour_mm: Floats, margin_mm: float, settings: ResectionSettings) -> Bools:
    """Which points (n,) of a tumour come too near to the disc for it to be cut there."""
    to_plate = height_above(room.end_plate, tumour_mm) > -settings.disc_margin_mm
    bound: Bools = to_plate & (height_above(room.disc, tumour_mm) > -margin_mm)
    return bound


def cheapest_step(room: Room, tumour_mm: Floats, margin_mm: float, settings: ResectionSettings) -> FoundStep | None:
    """The step that keeps a margin with least of the neighbour's body; None where none fits.

    Parameters
    ----------
    room : Room
    tumour_mm : (n, 3) float, LPS
    margin_mm : float
    settings : ResectionSettings
    """
    near = tumour_mm[binds_riser(room, tumour_mm, margin_mm, settings)]
    if not len(near):
        return None
    clear = (Clearance(corners(tumour_mm), margin_mm), Clearance(room.first_mm, 0.0))
    beside = (Clearance(corners(near), margin_mm),)
    most, lateral = settings.end_tilt_deg, settings.steps == "lateral"
    turn, tilt = STEPS_DEG[0]
    turns = np.arange(0.0, 360.0, turn)
    turns = turns[_leaves_middle(room, turns, beside) >= 0.0]
    tilts = np.arange(-most, most + tilt / 2, tilt)
    best = _costs(room, clear, beside, _all_of(turns, tilts, tilts), lateral)
    for turn, tilt in STEPS_DEG[1:]:
        around: Floats = np.arange(-AROUND_N, AROUND_N + 1).astype(np.float64)
        finer = (best[:BEST_N, None, :3] + _all_of(around * turn, around * tilt, around * tilt)).reshape(-1, 3)
        finer[:, 1:] = np.clip(finer[:, 1:], -most, most)
        finer = np.unique(np.round(np.vstack([best[:BEST_N, :3], finer]), 6), axis=0)
        best = _costs(room, clear, beside, finer, lateral)
    if not len(best):
        return None
    deep, riser = _normals(room, best[:1])
    at, aside = float(offsets(deep, clear)[0]), float(offsets(riser, beside)[0])
    row = [float(value) for value in best[0]]
    return FoundStep(
        Plane(at * deep[0], deep[0]), Plane(aside * riser[0], riser[0]), row[3], row[0] % 360.0, (row[1], row[2])
    )


def _all_of(turns: Floats, first: Floats, second: Floats) -> Floats:
    return np.stack(np.meshgrid(turns, first, second, indexing="ij"), axis=-1).reshape(-1, 3)


def _normals(room: Room, rows: Floats) -> tuple[Floats, Floats]:
    """Normals (c, 3) of the deep planes and of the risers, for rows of a turn and two tilts."""
    return tilted(room.axes, rows[:, 1:3]), _across(room, rows[:, 0])


def _across(room: Room, turns_deg: Floats) -> Floats:
    turn = np.radians(turns_deg)
    found: Floats = np.cos(turn)[:, None] * room.axes.second + np.sin(turn)[:, None] * room.axes.first
    return found


def _leaves_middle(room: Room, turns_deg: Floats, beside: tuple[Clearance, ...]) -> Floats:
    """How far beyond each riser (c,) the middle of the neighbour's body lies, mm."""
    riser = _across(room, turns_deg)
    left: Floats = riser @ room.middle_mm - offsets(riser, beside)
    return left


def _costs(
    room: Room, clear: tuple[Clearance, ...], beside: tuple[Clearance, ...], rows: Floats, lateral: bool
) -> Floats:
    """Rows of a turn, two tilts, and the bone that they cost (n, 4), the cheapest first; what does not fit is left out.

    Of equal costs the riser nearest to the sagittal or coronal plane and the straightest deep plane come first.
    """
    deep, riser = _normals(room, rows)
    at, aside = offsets(deep, clear), offsets(riser, beside)
    fit = (room.allowed(deep, at) >= 0.0) & (riser @ room.middle_mm >= aside)
    if lateral:
        fit &= np.abs(riser @ room.axes.first) >= LATERAL_COSINE
    deep, riser, at, aside, rows = deep[fit], riser[fit], at[fit], aside[fit], np.round(rows[fit], 6)
    away = np.broadcast_to(-room.disc.normal, deep.shape)
    beyond = np.full(len(at), -float(room.disc.origin_mm @ room.disc.normal))
    stays = volumes_inside(room.bone, np.stack([deep, away, -riser], axis=1), np.stack([at, beyond, -aside], axis=1))
    cost = volumes_inside(room.bone, deep[:, None], at[:, None]) - stays
    askew = np.round(np.abs((rows[:, 0] + 45.0) % 90.0 - 45.0), 6)
    keys = (rows[:, 0], rows[:, 2], rows[:, 1], (rows[:, 1:] ** 2).sum(axis=1), askew, np.rint(cost / SAME_ML))
    found: Floats = np.column_stack([rows[:, :3], cost])[np.lexsort(keys)]
    return found
