"""A sacrum below two lumbar vertebrae: five fused segments that taper and bend, with alae, canal, foramina and hips.

Each segment is a rigid frame like a vertebra's (origin on the canal's axis at half its height; u left, v dorsal, w
cranial), turned against the one above; neighbours meet on the mitre plane through their joint on the canal's axis. So
the level of any place is known by formula. The sizes are ours: round and plausible, no statistics.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.foundation.space.grids import Bools, Floats, Grid, LabelMap
from enbloc.foundation.terms.levels import Level
from enbloc.phantoms.painting import bone_bounds, bone_mask, canal_mask, disc_mask, frame_coordinates, slab_index, whole
from enbloc.phantoms.solids import Column, HalfRing, SkewBox, Solid
from enbloc.phantoms.spine import SpinePhantom, TrueFrame, down_mm, turn_matrix
from enbloc.phantoms.vertebra import WIDEST

SACRAL: tuple[Level, ...] = ("S1", "S2", "S3", "S4", "S5")
BENDS_DEG: tuple[float, ...] = (-14.0, 4.0, 10.0, 14.0, 8.0)
"""How far each segment is bent ventrally against the one above it; S1 dorsally against L5 (ours)."""

DISC_MM = 8.0
HIP_GAP_MM = 2.5
HIP_MM = 30.0
LAMINA_MM = 5.0
CREST_HALF_MM = 3.0
ALA_DEPTH_SHARE = 0.65
"""How far in front of the canal the ala begins, as a share of the body's depth (ours)."""

FURTHEST_MM = 400.0


@attrs.frozen
class Segment:
    """Sizes of one sacral level, mm: `half_u` of its body, `ala_u` from the midline to its outer border, and so on.

    `foramen_u` and `foramen_mm` are place and radius of the foramina at its lower end; radius 0 where there are none.
    """

    height_mm: float
    half_u: float
    depth_mm: float
    canal_half: tuple[float, float]
    ala_u: float
    foramen_u: float
    foramen_mm: float
    crest_mm: float


SEGMENTS: tuple[Segment, ...] = (
    Segment(32.0, 25.0, 30.0, (15.0, 9.0), 52.0, 20.0, 6.0, 12.0),
    Segment(28.0, 20.0, 22.0, (13.0, 7.0), 52.0, 18.0, 5.5, 10.0),
    Segment(24.0, 16.0, 17.0, (11.0, 6.0), 38.0, 16.0, 5.0, 8.0),
    Segment(21.0, 13.0, 13.0, (8.0, 5.0), 28.0, 14.0, 4.0, 5.0),
    Segment(18.0, 11.0, 10.0, (6.0, 4.0), 19.0, 0.0, 0.0, 0.0),
)
WITH_HIPS = 2
"""So many segments from the top lie between the hip bones (ours)."""


@attrs.frozen(eq=False)
class SacrumPhantom:
    """L4 and L5 of an ordinary phantom, and the sacrum that hangs below them.

    Parameters
    ----------
    upper : SpinePhantom
        Ends at L5.
    segments : tuple of Segment
        S1 to S5.
    """

    upper: SpinePhantom = attrs.field(factory=lambda: SpinePhantom(("L4", "L5")))
    segments: tuple[Segment, ...] = SEGMENTS

    @cached_property
    def frames(self) -> dict[Level, TrueFrame]:
        """The exact frame of every sacral level, in the patient."""
        above = self.upper.frames["L5"]
        down = down_mm(self.upper, "L5") - self.upper.sizes["L5"].front.disc_height_mm / 2.0 + DISC_MM
        found: dict[Level, TrueFrame] = {}
        for level, segment, bend in zip(SACRAL, self.segments, BENDS_DEG, strict=True):
            joint = above.origin_mm - down * above.axes[:, 2]
            axes = above.axes @ turn_matrix(bend, 0.0, 0.0).T
            down = segment.height_mm / 2.0
            above = found[level] = TrueFrame(joint - down * axes[:, 2], axes)
        return found

    @cached_property
    def joints(self) -> tuple[tuple[Floats, Floats], ...]:
        """Five planes (point, normal towards cranial), LPS mm: the upper end of S1, then where neighbours meet."""
        planes = []
        for n, level in enumerate(SACRAL):
            frame = self.frames[level]
            point = frame.origin_mm + self.segments[n].height_mm / 2.0 * frame.axes[:, 2]
            normal = frame.axes[:, 2] if n == 0 else frame.axes[:, 2] + self.frames[SACRAL[n - 1]].axes[:, 2]
            planes.append((point, normal / np.linalg.norm(normal)))
        return tuple(planes)


def with_heights(shares: Floats) -> SacrumPhantom:
    """A sacrum whose five bodies have these shares of the ordinary heights."""
    pairs = zip(SEGMENTS, shares, strict=True)
    return SacrumPhantom(
        segments=tuple(attrs.evolve(one, height_mm=one.height_mm * float(share)) for one, share in pairs)
    )


def depths_mm(phantom: SacrumPhantom, points_mm: Floats) -> Floats:
    """(n, 5) float: how deep points (n, 3) LPS lie in the slab of each level; negative outside, the last is endless."""
    below = np.stack([(point - points_mm) @ normal for point, normal in phantom.joints], axis=1)
    above = np.concatenate([-below[:, 1:], np.full((len(points_mm), 1), np.inf)], axis=1)
    deep: Floats = np.minimum(below, above)
    return deep


def segment_index(phantom: SacrumPhantom, grid: Grid) -> NDArray[np.int8]:
    """1 to 5: the slab of S1 to S5 that holds each voxel centre; 0 above the sacrum."""
    found = np.zeros(grid.shape, dtype=np.int8)
    i, j, k = np.ogrid[whole(grid)]
    for point, normal in phantom.joints:
        step, offset = normal @ grid.affine[:3, :3], float(normal @ (grid.affine[:3, 3] - point))
        found += (step[0] * i + step[1] * j + step[2] * k + offset < 0.0).astype(np.int8)
    return found


def sacral_bone(phantom: SacrumPhantom, grid: Grid) -> NDArray[np.int8]:
    """1 to 5 where the bone of S1 to S5 lies, else 0."""
    slabs = segment_index(phantom, grid)
    found = np.zeros(grid.shape, dtype=np.int8)
    hollow = np.zeros(grid.shape, dtype=bool)
    for n, level in enumerate(SACRAL):
        segment = phantom.segments[n]
        at = frame_coordinates(grid, phantom.frames[level], whole(grid))
        mine = slabs == n + 1
        if n == len(SACRAL) - 1:
            mine &= at[2] > -segment.height_mm / 2.0
        bone = np.logical_or.reduce([solid.inside(*at) for solid in segment_solids(segment)])
        found[mine & bone] = n + 1
        hollow |= mine & Column((0.0, 0.0), segment.canal_half).inside(*at)
        hollow |= _foramina(segment, at)
    found[hollow] = 0
    return found


def segment_solids(segment: Segment) -> Iterator[Solid]:
    """Body, alae, dorsal wall and median crest, endless along the axis; the canal is taken away by the caller."""
    half_u, half_v = segment.canal_half
    half_depth = WIDEST * segment.depth_mm
    yield Column((0.0, half_depth - half_v - segment.depth_mm), (segment.half_u, half_depth), v_max=-half_v)
    along = (-FURTHEST_MM, FURTHEST_MM)
    front = -half_v - ALA_DEPTH_SHARE * segment.depth_mm
    yield SkewBox((segment.half_u / 2.0, segment.ala_u), (front, half_v), along, paired=True)
    if segment.crest_mm > 0.0:
        top = segment.height_mm / 2.0 - 4.0
        yield HalfRing((half_u + LAMINA_MM, half_v + LAMINA_MM), (-FURTHEST_MM, top), 0.0)
        back = half_v + segment.crest_mm
        yield SkewBox((-CREST_HALF_MM, CREST_HALF_MM), (half_v, back), (-FURTHEST_MM, top))


def _foramina(segment: Segment, at: tuple[Floats, Floats, Floats]) -> Bools:
    """The pair of holes from front to back at the lower end of a segment, and their ways to the canal."""
    u, v, w = np.abs(at[0]), at[1], at[2] + segment.height_mm / 2.0
    if segment.foramen_mm <= 0.0:
        return np.zeros(np.broadcast_shapes(u.shape, v.shape, w.shape), dtype=bool)
    hole = (u - segment.foramen_u) ** 2 + w**2 <= segment.foramen_mm**2
    way = (u <= segment.foramen_u) & (np.abs(v) <= segment.canal_half[1] / 2.0) & (np.abs(w) <= segment.foramen_mm)
    found: Bools = hole | way
    return found


def hip_mask(phantom: SacrumPhantom, grid: Grid, side: int) -> Bools:
    """The hip bone of the patient's left (1) or right (-1): a plate beside the upper segments."""
    slabs = segment_index(phantom, grid)
    found = np.zeros(grid.shape, dtype=bool)
    for n, level in enumerate(SACRAL[:WITH_HIPS]):
        segment = phantom.segments[n]
        u, v, _w = frame_coordinates(grid, phantom.frames[level], whole(grid))
        near = segment.ala_u + HIP_GAP_MM
        front = -segment.canal_half[1] - segment.depth_mm
        found |= (slabs == n + 1) & (side * u >= near) & (side * u <= near + HIP_MM) & (v >= front) & (v <= 14.0)
    return found


def sacral_grid(phantom: SacrumPhantom, spacing_mm: float, margin_mm: float = 12.0) -> Grid:
    """An upright grid around the two vertebrae, the sacrum and a part of the hips."""
    upper = phantom.upper
    corners = [upper.frames[level].to_patient(_corners(*bone_bounds(upper, level))) for level in upper.levels]
    for level, segment in zip(SACRAL, phantom.segments, strict=True):
        reach = segment.ala_u + HIP_GAP_MM
        vs = (-segment.canal_half[1] - segment.depth_mm, segment.canal_half[1] + segment.crest_mm)
        ws = (-segment.height_mm / 2.0, segment.height_mm / 2.0)
        corners.append(phantom.frames[level].to_patient(_corners((-reach, reach), vs, ws)))
    held = np.concatenate(corners)
    low = np.floor((held.min(axis=0) - margin_mm) / spacing_mm) * spacing_mm + np.array([0.5, 0.51, 0.505]) * spacing_mm
    shape = np.ceil((held.max(axis=0) + margin_mm - low) / spacing_mm).astype(int) + 1
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    affine[:3, 3] = low
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def sample_sacrum(phantom: SacrumPhantom, grid: Grid, first_apart: bool) -> LabelMap:
    """Label map of L4, L5, their discs, the sacrum and the hips; with `first_apart` S1 has a label of its own."""
    names = ("vertebra_L4", "vertebra_L5", "disc_L4_L5", "sacrum", "vertebra_S1", "hip_left", "hip_right")
    number = {name: n for n, name in enumerate(names, start=1)}
    values = np.zeros(grid.shape, dtype=np.uint8)
    slabs = slab_index(phantom.upper, grid)
    over = segment_index(phantom, grid) == 0
    canal = canal_mask(phantom.upper, grid, slabs)
    values[disc_mask(phantom.upper, "L4", grid, slabs)] = number["disc_L4_L5"]
    for name, side in (("hip_left", 1), ("hip_right", -1)):
        values[hip_mask(phantom, grid, side)] = number[name]
    bone = sacral_bone(phantom, grid)
    values[bone > 0] = number["sacrum"]
    values[(bone == 1) & first_apart] = number["vertebra_S1"]
    for level in phantom.upper.levels:
        values[bone_mask(phantom.upper, level, grid, canal) & over] = number[f"vertebra_{level}"]
    return LabelMap(grid, values, {n: name for name, n in number.items() if (values == n).any()})


def _corners(*ranges: tuple[float, float]) -> Floats:
    return np.array(np.meshgrid(*ranges, indexing="ij")).reshape(3, -1).T
