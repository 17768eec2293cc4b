"""Tumours as analytic pieces, each placed in a vertebra's own frame.

A piece is any solid (sphere, ellipsoid, box), a `Wedge`, which is cut out of the bone of its level by angle, radial
share and height, or a `Fill`, which fills chosen WBB cells. A tumour is the union of its pieces.
"""

from __future__ import annotations

import attrs

from enbloc.errors import InputError
from enbloc.foundation.space.grids import Bools, Grid
from enbloc.foundation.terms.levels import Level
from enbloc.phantoms.cells import in_parts, polar, radial_share
from enbloc.phantoms.fills import Fill, fill_bounds, in_fill
from enbloc.phantoms.painting import (
    Patch,
    bone_mask,
    box_of,
    canal_mask,
    frame_coordinates,
    patch_of,
    slab_index,
    union,
    whole,
)
from enbloc.phantoms.solids import Bounds, Ellipsoid, Range, SkewBox, Solid
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.vertebra import endplates_mm


@attrs.frozen
class Wedge:
    """A part of a vertebra's bone, with an optional part outside it.

    Parameters
    ----------
    theta_deg : tuple of float
        From and to, 0 = dorsal, growing to the patient's left; ``(330, 30)`` goes through the midline.
    share : tuple of float
        Radial range in the bone: 0 = canal side, 1 = outer cortex; layer C is below 0.5, B above.
    heights_mm : tuple of float
        w in the frame.
    parts : frozenset of str
        Restricts the bone to ``body``, ``pedicle_left``, ``pedicle_right``, ``arch_left``, ``arch_right``; empty = all.
    beyond_mm : float
        Soft-tissue part (layer A): how far past the outer cortex, on the same rays.
    canal_mm : float
        Epidural part (layer D): how far into the canal from the first bone, on the same rays.

    `share` and `parts` restrict the bone alone; the parts outside it follow the angle and the heights.
    """

    theta_deg: Range
    share: Range = (0.0, 1.0)
    heights_mm: Range = (-100.0, 100.0)
    parts: frozenset[str] = frozenset()
    beyond_mm: float = 0.0
    canal_mm: float = 0.0


Shape = Solid | Wedge | Fill


@attrs.frozen
class Piece:
    """A shape in the frame of `level`."""

    level: Level
    shape: Shape


@attrs.frozen
class Tumour:
    """The union of its pieces."""

    pieces: tuple[Piece, ...]

    def __attrs_post_init__(self) -> None:
        if not self.pieces:
            raise InputError("a tumour needs at least one piece")


def sphere(level: Level, centre_mm: tuple[float, float, float], radius_mm: float) -> Tumour:
    """A sphere; the centre is (left, dorsal, cranial) in the level's frame."""
    return Tumour((Piece(level, Ellipsoid(centre_mm, (radius_mm, radius_mm, radius_mm))),))


def ellipsoid(level: Level, centre_mm: tuple[float, float, float], half_mm: tuple[float, float, float]) -> Tumour:
    """An ellipsoid with axes along the level's axes."""
    return Tumour((Piece(level, Ellipsoid(centre_mm, half_mm)),))


def box(level: Level, us: Range, vs: Range, ws: Range) -> Tumour:
    """A box along the level's axes: ranges to the left, dorsal and cranial."""
    return Tumour((Piece(level, SkewBox(us, vs, ws)),))


def wedge(level: Level, shape: Wedge) -> Tumour:
    """A tumour of one wedge."""
    return Tumour((Piece(level, shape),))


def fill(level: Level, shape: Fill) -> Tumour:
    """A tumour that fills chosen cells of one level and stays clear of all others."""
    return Tumour((Piece(level, shape),))


def together(*tumours: Tumour) -> Tumour:
    """The union of several tumours; they may lie on several levels."""
    return Tumour(tuple(piece for tumour in tumours for piece in tumour.pieces))


def mirrored(tumour: Tumour) -> Tumour:
    """The tumour on the other side of the mid-sagittal plane of each piece's level."""
    return Tumour(tuple(attrs.evolve(piece, shape=_mirrored_shape(piece.shape)) for piece in tumour.pieces))


def _mirrored_shape(shape: Shape) -> Shape:
    if isinstance(shape, Fill):
        return attrs.evolve(shape, sectors=[13 - sector for sector in shape.sectors])
    if isinstance(shape, Wedge):
        start, stop = shape.theta_deg
        return attrs.evolve(
            shape,
            theta_deg=((360.0 - stop) % 360.0, (360.0 - start) % 360.0 or 360.0),
            parts=frozenset(_OTHER_SIDE[part] for part in shape.parts),
        )
    if isinstance(shape, Ellipsoid):
        u, v, w = shape.centre
        return attrs.evolve(shape, centre=(-u, v, w))
    if isinstance(shape, SkewBox):
        return attrs.evolve(shape, us=(-shape.us[1], -shape.us[0]), u_per_v=-shape.u_per_v)
    raise InputError(f"no mirror image is known of a {type(shape).__name__}")


_OTHER_SIDE = {
    "body": "body",
    "pedicle_left": "pedicle_right",
    "pedicle_right": "pedicle_left",
    "arch_left": "arch_right",
    "arch_right": "arch_left",
}


def tumour_mask(phantom: SpinePhantom, tumour: Tumour, grid: Grid) -> Bools:
    """Where the tumour lies on a grid, evaluated at the voxel centres."""
    return union(grid, (_piece_patch(phantom, piece, grid) for piece in tumour.pieces))


def piece_bounds(phantom: SpinePhantom, piece: Piece) -> Bounds:
    """Bounds of a piece in its level's frame; for a wedge those of its rays."""
    if isinstance(piece.shape, Fill):
        return fill_bounds(phantom, piece.level, piece.shape)
    if not isinstance(piece.shape, Wedge):
        return piece.shape.bounds
    rays = polar(phantom, piece.level)
    far = rays.reach_mm + piece.shape.beyond_mm
    low, high = piece.shape.heights_mm
    return (-far, far), (-far, far), (max(low, rays.heights_mm[0]), min(high, rays.heights_mm[1]))


def body_heights_mm(phantom: SpinePhantom, level: Level, inset_mm: float = 0.0) -> Range:
    """Heights between the endplates of a level, `inset_mm` inside them."""
    caudal, cranial = endplates_mm(phantom.sizes[level])
    return caudal + inset_mm, cranial - inset_mm


def _piece_patch(phantom: SpinePhantom, piece: Piece, grid: Grid) -> Patch:
    frame = phantom.frames[piece.level]
    if not isinstance(piece.shape, Wedge | Fill):
        return patch_of(grid, frame, piece.shape)
    found = box_of(grid, frame, piece_bounds(phantom, piece))
    if isinstance(piece.shape, Fill):
        return Patch(found, in_fill(phantom, piece.level, piece.shape, *frame_coordinates(grid, frame, found)))
    if any(s.stop <= s.start for s in found):
        return Patch(found, frame_coordinates(grid, frame, found)[0] > 0.0)
    return Patch(found, _in_wedge(phantom, piece.level, piece.shape, grid.crop(found)))


def _in_wedge(phantom: SpinePhantom, level: Level, shape: Wedge, grid: Grid) -> Bools:
    u, v, w = frame_coordinates(grid, phantom.frames[level], whole(grid))
    canal = canal_mask(phantom, grid, slab_index(phantom, grid))
    bone = bone_mask(phantom, level, grid, canal)
    rays = radial_share(polar(phantom, level), u, v, w)
    start, width = shape.theta_deg[0], (shape.theta_deg[1] - shape.theta_deg[0]) % 360.0 or 360.0
    aimed = ((rays.theta_deg - start) % 360.0 <= width) & (w >= shape.heights_mm[0]) & (w <= shape.heights_mm[1])
    within = bone & (rays.share >= shape.share[0]) & (rays.share <= shape.share[1])
    if shape.parts:
        within &= in_parts(phantom.sizes[level], shape.parts, u, v)
    beyond = ~bone & ~canal & (rays.r_mm > rays.cortex_mm) & (rays.r_mm <= rays.cortex_mm + shape.beyond_mm)
    inside = canal & (rays.r_mm >= rays.canal_mm - shape.canal_mm)
    found: Bools = aimed & (within | (beyond & (shape.beyond_mm > 0)) | (inside & (shape.canal_mm > 0)))
    return found
