"""The largest straight corridor through each pedicle of the levels that hold the rods.

Strategy: depth below the bone's surface is known everywhere from a distance field. Lines cross the pedicle half-way
between the canal's ventral wall and its centre, about the deepest bone there, over a grid of places, convergence and
tilt. Each is judged by the least depth along it from the canal's centre, past its ventral wall, into the body: that is
the radius of the cylinder that fits through the pedicle. Of the lines nearly as wide as the widest, the one most
parallel with the end plates is taken. No size of a screw is chosen: the corridor is what there is.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.scene import PARTS, Frame, Scene, Vertebra
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.space.sampling import sample_linear
from enbloc.foundation.terms.levels import LEVELS, Level, order, region
from enbloc.reconstruction.design import Point, Screw, Side

_ANGLE_STEP_DEG = 2.5
_CONVERGENCES_DEG = np.arange(0.0, 55.1, _ANGLE_STEP_DEG)
_TILTS_DEG = np.arange(-20.0, 20.1, _ANGLE_STEP_DEG)
_OFFSETS_MM = (-3.0, -1.5, 0.0, 1.5, 3.0)
_INTO_BODY_MM = 6.0
_STEP_MM = 1.0
_AS_WIDE_MM = 0.25
_LONGEST_MM = 90.0
_FINE_MM = 0.5
_LEAST_VOXELS = 20
PELVIS = "a screw of the sacrum or the pelvis runs through ala and ilium, whose corridors are not measured"
_JUDGED: tuple[Level, ...] = LEVELS[order("C3") : order("S1")]
"""C3 to the last lumbar level: where the corridors were judged against a truth (phantoms)."""
_NOT_JUDGED: dict[str, str] = {
    "cervical": "C1 and C2 are unlike all others, and their corridors were not judged against a truth",
    "sacral": PELVIS,
}
_BEYOND = "it lies outside the labels, or of the scene around the tumour"
_UNRESOLVED = "its pedicles hold tumour, or are too few voxels"
NO_ARTERY = Unknown("no vertebral artery runs beside it")
ARTERY_UNLABELLED = Unknown("the vertebral artery is not labelled; it runs beside the pedicle's outer wall")
_SIDES: tuple[Side, ...] = ("left", "right")


def measure_screws(scene: Scene, levels: Iterable[Level]) -> tuple[tuple[Screw, ...], dict[Level, str]]:
    """Corridors of these levels, and those of which no pedicle could be measured, with the reason."""
    found: list[Screw] = []
    without: dict[Level, str] = {}
    for level in levels:
        mine = _of_level(scene, level)
        found += mine
        if not mine:
            without[level] = say_without(scene, level)
    return tuple(found), without


def say_without(scene: Scene, level: Level) -> str:
    """Why a level has no corridor."""
    if level not in _JUDGED:
        return _NOT_JUDGED[region(level)]
    return _UNRESOLVED if level in scene.vertebrae else _BEYOND


@attrs.frozen(eq=False)
class _Bone:
    """Depth below the surface of one vertebra's bone on a grid of its own, mm; negative outside.

    `wall_mm` is the depth below the walls of the pedicle and the back of the body alone.
    """

    grid: Grid
    depth_mm: Floats
    wall_mm: Floats


def _of_level(scene: Scene, level: Level) -> list[Screw]:
    """The corridors of both sides of a level, as far as its pedicles can be measured."""
    if level not in scene.vertebrae or level not in _JUDGED:
        return []
    number = list(scene.vertebrae).index(level) + 1
    bone = (scene.bone == number) & ~scene.tumour
    pedicles = {side: bone & (scene.parts == PARTS.index(f"pedicle_{side}")) for side in _SIDES}
    seen = {side: voxels_of(pedicle) for side, pedicle in pedicles.items()}
    seen = {side: voxels for side, voxels in seen.items() if len(voxels) >= _LEAST_VOXELS}
    if not seen:
        return []
    here = _crop(scene, bone, scene.vertebrae[level])
    found = (_measure(scene, here, (level, side), scene.grid.to_patient(voxels)) for side, voxels in seen.items())
    return [screw for screw in found if screw is not None]


def _measure(scene: Scene, here: _Bone, where: tuple[Level, Side], pedicle_mm: Floats) -> Screw | None:
    vertebra, side = scene.vertebrae[where[0]], where[1]
    frame = vertebra.frame
    centre = _middle(here, vertebra, pedicle_mm)
    lines = _Lines.through(centre, frame, side)
    half = abs(vertebra.canal_ventral_mm) / 2.0
    along = np.arange(-half, half + _INTO_BODY_MM + _STEP_MM / 2, _STEP_MM)
    radii = np.round(_depths(here.grid, here.wall_mm, lines, along).min(axis=1), 3)
    if radii.max() <= 0.0:
        return None
    wide = np.flatnonzero((radii >= radii.max() - _AS_WIDE_MM) & (radii > 0.0))
    parallel = np.lexsort((lines.convergence_deg[wide], -radii[wide], np.abs(lines.tilt_deg[wide])))
    best = int(parallel[0])
    behind, ahead = _inside(here, lines, wide)
    ways = (int(wide[best]), float(radii[wide[best]]), float(behind[best]), float(ahead[best]))
    return _screw(scene, frame, lines, ways, where)


@attrs.frozen(eq=False)
class _Lines:
    """Candidate axes: points (n, 3) and directions (n, 3) in LPS, and their two angles (n,) in degrees."""

    points_mm: Floats
    axes: Floats
    convergence_deg: Floats
    tilt_deg: Floats

    @classmethod
    def through(cls, centre_mm: Floats, frame: Frame, side: Side) -> _Lines:
        """Every line through points about a centre, over the grid of angles."""
        grid = np.meshgrid(_OFFSETS_MM, _OFFSETS_MM, _CONVERGENCES_DEG, _TILTS_DEG, indexing="ij")
        sideways, up, convergence, tilt = (values.ravel() for values in grid)
        medial = -frame.left if side == "left" else frame.left
        level = np.cos(np.radians(tilt))
        axes = (
            -(np.cos(np.radians(convergence)) * level)[:, None] * frame.dorsal
            + (np.sin(np.radians(convergence)) * level)[:, None] * medial
            + np.sin(np.radians(tilt))[:, None] * frame.cranial
        )
        points = centre_mm + sideways[:, None] * medial + up[:, None] * frame.cranial
        return cls(points, axes, convergence, tilt)


def _crop(scene: Scene, bone: Bools, vertebra: Vertebra) -> _Bone:
    """Depth in the bone, and depth below the walls of the pedicle and the back of the body alone.

    Behind the canal's centre and beyond the stretch in the body everything counts as bone for the latter: a screw
    enters behind and ends in front, and neither face narrows its way.
    """
    places = voxels_of(bone)
    low = np.maximum(places.min(axis=0) - 2, 0)
    high = np.minimum(places.max(axis=0) + 3, scene.grid.shape)
    inside = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    grid = scene.grid.crop(inside)
    box = np.ascontiguousarray(bone[inside])
    centres = grid.to_patient(np.indices(box.shape).reshape(3, -1).T)
    dorsal_mm = ((centres - vertebra.frame.origin_mm) @ vertebra.frame.dorsal).reshape(box.shape)
    open_ends = (dorsal_mm > 0.0) | (dorsal_mm < vertebra.canal_ventral_mm - _INTO_BODY_MM)
    return _Bone(grid, -distance_to(grid, box), -distance_to(grid, box | open_ends))


def _middle(here: _Bone, vertebra: Vertebra, pedicle_mm: Floats) -> Floats:
    """The deepest bone of the pedicle half-way between the canal's ventral wall and its centre, (3,) LPS mm."""
    dorsal_mm = (pedicle_mm - vertebra.frame.origin_mm) @ vertebra.frame.dorsal
    off = np.abs(dorsal_mm - vertebra.canal_ventral_mm / 2.0)
    slab_mm = float(here.grid.spacing_mm.max())
    near = pedicle_mm[off <= max(slab_mm, float(off.min()) + slab_mm / 2.0)]
    depth = np.round(sample_linear(here.grid, here.wall_mm, near), 3)
    centre: Floats = near[depth >= depth.max() - slab_mm / 4.0].mean(axis=0)
    return centre


def _depths(grid: Grid, depth_mm: Floats, lines: _Lines, along_mm: Floats) -> Floats:
    """Depths (n, m) of n lines at m distances along them, mm; well outside beyond the grid."""
    points = lines.points_mm[:, None, :] + along_mm[None, :, None] * lines.axes[:, None, :]
    return sample_linear(grid, depth_mm, points, outside=-10.0)


def _inside(here: _Bone, lines: _Lines, chosen: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """How far each chosen line stays inside the bone, behind and ahead of its point, mm (n,)."""
    picked = attrs.evolve(
        lines,
        points_mm=lines.points_mm[chosen],
        axes=lines.axes[chosen],
        convergence_deg=lines.convergence_deg[chosen],
        tilt_deg=lines.tilt_deg[chosen],
    )
    along = np.arange(0.0, _LONGEST_MM, _FINE_MM)
    ways = [
        (_depths(here.grid, here.depth_mm, picked, sign * along) <= 0.0).argmax(axis=1) * _FINE_MM
        for sign in (-1.0, 1.0)
    ]
    return ways[0], ways[1]


def _screw(
    scene: Scene, frame: Frame, lines: _Lines, best: tuple[int, float, float, float], where: tuple[Level, Side]
) -> Screw:
    n, radius, behind, ahead = best
    doubt = 2.0 * scene.label_error_mm
    entry = lines.points_mm[n] - behind * lines.axes[n]
    artery = _to_artery(scene, where, (lines.points_mm[n], lines.axes[n]), (behind, ahead, radius))
    return Screw(
        where[0],
        where[1],
        _point(entry),
        _point(lines.axes[n]),
        Estimate(2.0 * radius, max(0.0, 2.0 * radius - doubt), 2.0 * radius + doubt, "mm", "label border"),
        Estimate(behind + ahead, max(0.0, behind + ahead - doubt), behind + ahead + doubt, "mm", "label border"),
        _angle(float(lines.convergence_deg[n]), frame.turn_error_deg),
        _angle(float(lines.tilt_deg[n]), frame.tilt_error_deg),
        artery,
    )


def _to_artery(
    scene: Scene, where: tuple[Level, Side], line: tuple[Floats, Floats], ways: tuple[float, float, float]
) -> Measured:
    """From the wall of a corridor of the neck to the vertebral artery of its side, mm; below zero they overlap."""
    if region(where[0]) != "cervical":
        return NO_ARTERY
    voxels = voxels_of(scene.structures.mask(f"vertebral_artery_{where[1]}"))
    if not len(voxels):
        return ARTERY_UNLABELLED
    (middle, axis), (behind, ahead, radius) = line, ways
    apart = scene.grid.to_patient(voxels) - middle
    along = np.clip(apart @ axis, -behind, ahead)
    to_axis = np.linalg.norm(apart - along[:, None] * axis, axis=1)
    gap, doubt = float(to_axis.min()) - radius - float(scene.grid.spacing_mm.max()) / 2.0, 2.0 * scene.label_error_mm
    return Estimate(gap, gap - doubt, gap + doubt, "mm", "label borders of bone and artery")


def _angle(value_deg: float, frame_error_deg: float) -> Estimate:
    doubt = frame_error_deg + _ANGLE_STEP_DEG / 2.0
    return Estimate(
        value_deg, value_deg - doubt, value_deg + doubt, "deg", "the vertebra's frame and the grid of angles"
    )


def _point(vector: Floats) -> Point:
    return (float(vector[0]), float(vector[1]), float(vector[2]))
