"""The phantom: a run of vertebrae, each an exact rigid frame, standing in the patient.

The chain starts at the middle level and goes up and down. Neighbours meet at a joint in the middle of the disc, on the
canal's axis; there the upper vertebra is turned against the lower one. So the canal is a tube of straight pieces that
meet on mitre planes, and every structure along the spine follows it. The *slab* of a level lies between its two mitre
planes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import attrs
import numpy as np

from enbloc.errors import InputError
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level, are_contiguous, parse_level, sort_levels
from enbloc.phantoms.vertebra import Sizes, body_centroid_mm, endplates_mm, front_mm, sizes_of

AXES: Floats = np.eye(3)
LEAST_DISC_MM = 1.0


@attrs.frozen(eq=False)
class Pose:
    """A rigid motion of the whole patient: ``x -> turn @ x + shift_mm``, LPS mm."""

    turn: Floats = attrs.field(factory=lambda: np.eye(3))
    shift_mm: Floats = attrs.field(factory=lambda: np.zeros(3))


@attrs.frozen
class Bends:
    """How each vertebra is turned against the one below it, degrees per joint.

    `kyphosis_deg` bends ventrally (negative = lordosis), `scoliosis_deg` to the patient's left, `twist_deg` turns the
    spinous process to the patient's right.
    """

    kyphosis_deg: float = 0.0
    scoliosis_deg: float = 0.0
    twist_deg: float = 0.0


@attrs.frozen(eq=False)
class TrueFrame:
    """The exact frame of a level.

    `origin_mm` is the canal centre at mid-pedicle height, LPS; the columns of `axes` are left, dorsal and cranial.
    """

    origin_mm: Floats
    axes: Floats

    @property
    def matrix(self) -> Floats:
        """(4, 4) float: from frame coordinates to LPS mm."""
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.axes, self.origin_mm
        return matrix

    def to_patient(self, points_mm: Floats) -> Floats:
        """Frame coordinates (n, 3) to LPS mm (n, 3)."""
        moved: Floats = np.asarray(points_mm, dtype=np.float64) @ self.axes.T + self.origin_mm
        return moved

    def to_frame(self, points_mm: Floats) -> Floats:
        """LPS mm (n, 3) to frame coordinates (n, 3)."""
        moved: Floats = (np.asarray(points_mm, dtype=np.float64) - self.origin_mm) @ self.axes
        return moved


def _parsed(levels: Iterable[str]) -> tuple[Level, ...]:
    return tuple(parse_level(level) for level in levels)


@attrs.frozen(eq=False)
class SpinePhantom:
    """A patient whose truth is known by formula.

    Parameters
    ----------
    levels : tuple of str
        A contiguous run in cranio-caudal order.
    bends : Bends
    pose : Pose
    sizes : mapping of level to Sizes

    Raises
    ------
    TermError
        If a word is no level.
    InputError
        If the levels are not a contiguous run, or the bends close a disc.
    """

    levels: tuple[Level, ...] = attrs.field(converter=_parsed)
    bends: Bends = Bends()
    pose: Pose = attrs.field(factory=Pose)
    sizes: Mapping[Level, Sizes] = attrs.field()

    @sizes.default
    def _plausible(self) -> dict[Level, Sizes]:
        return {level: sizes_of(level) for level in self.levels}

    def __attrs_post_init__(self) -> None:
        levels = self.levels
        if not levels or levels != sort_levels(levels) or not are_contiguous(levels):
            raise InputError(f"a phantom needs a contiguous run of levels from the top, not {self.levels}")
        for level in levels[:-1]:
            if level[0] == "S":
                continue
            left = _least_disc_mm(self.sizes[level], self.bends)
            if left < LEAST_DISC_MM:
                raise InputError(
                    f"the disc below {level} would keep {left:.1f} mm of its height", remedy="Bend the phantom less."
                )

    @cached_property
    def frames(self) -> dict[Level, TrueFrame]:
        """The exact frame of every level, in the patient."""
        return _frames(self)

    @cached_property
    def joints(self) -> tuple[tuple[Floats, Floats], ...]:
        """Mitre planes between neighbours from the top: (point, normal towards cranial), LPS mm."""
        planes = []
        for upper, lower in zip(self.levels, self.levels[1:], strict=False):
            above, below = self.frames[upper], self.frames[lower]
            normal = above.axes[:, 2] + below.axes[:, 2]
            point = above.to_patient(np.array([[0.0, 0.0, -down_mm(self, upper)]]))[0]
            planes.append((point, normal / np.linalg.norm(normal)))
        return tuple(planes)


def up_mm(phantom: SpinePhantom, level: Level) -> float:
    """From a level's origin up to its joint with the level above."""
    at = phantom.levels.index(level)
    above = phantom.levels[max(at - 1, 0)]
    return endplates_mm(phantom.sizes[level])[1] + phantom.sizes[above].front.disc_height_mm / 2.0


def down_mm(phantom: SpinePhantom, level: Level) -> float:
    """From a level's origin down to its joint with the level below."""
    sizes = phantom.sizes[level]
    return -endplates_mm(sizes)[0] + sizes.front.disc_height_mm / 2.0


def body_centre_mm(phantom: SpinePhantom, level: Level) -> Floats:
    """(3,) float, LPS: centroid of the body."""
    centre: Floats = phantom.frames[level].to_patient(body_centroid_mm(phantom.sizes[level])[None])[0]
    return centre


def turn_matrix(left_deg: float, dorsal_deg: float, cranial_deg: float) -> Floats:
    """Rotations about the left, then the dorsal, then the cranial axis, right-handed."""
    a, b, c = np.radians((left_deg, dorsal_deg, cranial_deg))
    about_left = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_dorsal = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_cranial = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_cranial @ about_dorsal @ about_left, dtype=np.float64)


def _frames(phantom: SpinePhantom) -> dict[Level, TrueFrame]:
    levels, bend = phantom.levels, phantom.bends
    step = turn_matrix(bend.kyphosis_deg, bend.scoliosis_deg, bend.twist_deg)
    middle = len(levels) // 2
    frames = {levels[middle]: TrueFrame(phantom.pose.shift_mm, phantom.pose.turn)}
    for n in range(middle - 1, -1, -1):
        below = frames[levels[n + 1]]
        axes = below.axes @ step
        joint = below.origin_mm + up_mm(phantom, levels[n + 1]) * below.axes[:, 2]
        frames[levels[n]] = TrueFrame(joint + down_mm(phantom, levels[n]) * axes[:, 2], axes)
    for n in range(middle + 1, len(levels)):
        above = frames[levels[n - 1]]
        axes = above.axes @ step.T
        joint = above.origin_mm - down_mm(phantom, levels[n - 1]) * above.axes[:, 2]
        frames[levels[n]] = TrueFrame(joint - up_mm(phantom, levels[n]) * axes[:, 2], axes)
    return {level: frames[level] for level in levels}


def _least_disc_mm(sizes: Sizes, bends: Bends) -> float:
    reach_v = -front_mm(sizes)
    closing = max(bends.kyphosis_deg, 0.0)
    lost = reach_v * np.tan(np.radians(closing)) + sizes.front.body_width_mm / 2.0 * np.tan(
        np.radians(abs(bends.scoliosis_deg))
    )
    return float(sizes.front.disc_height_mm - lost)
