"""What is true of a phantom with a tumour, by formula or by dense evaluation of its implicit functions.

Nothing here reads a label map or runs a step that is under test.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

import attrs
import edt
import numpy as np

from enbloc.errors import InputError
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.terms.levels import Level
from enbloc.phantoms.cells import LAYERS, bone_cells_ml, cell_map, frame_grid, lattice_start
from enbloc.phantoms.fills import Fill
from enbloc.phantoms.painting import bone_bounds, bone_mask, box_of, canal_mask, slab_index
from enbloc.phantoms.solids import ENDLESS_MM, Bounds, Ellipsoid, SkewBox
from enbloc.phantoms.spine import SpinePhantom, TrueFrame, body_centre_mm, down_mm, up_mm
from enbloc.phantoms.torso import column_solids, lung_border_mm
from enbloc.phantoms.tumours import Piece, Tumour, Wedge, piece_bounds, tumour_mask
from enbloc.phantoms.vertebra import canal_half_mm, endplates_mm

STEP_MM = 0.5
"""Default edge of the dense evaluation; borders are right to about half of it."""
COARSE_MM = 1.0
"""Edge of the first look at a shape whose box is wide."""
TILT_MM = 10.0
"""How far a slab's border may rise or sink across the tumour when the spine is bent."""
LOOK_MM = 6.0
"""How far around the tumour cells are looked at; a cell further away is reported free by this much."""


@attrs.frozen(eq=False)
class LevelTruth:
    """Exact frame, body centre (centroid, LPS mm) and measures of a level; heights are w in the frame."""

    frame: TrueFrame
    body_centre_mm: Floats
    endplate_caudal_mm: float
    endplate_cranial_mm: float
    body_width_mm: float
    body_depth_mm: float
    canal_half_width_mm: float
    canal_half_depth_mm: float


@attrs.frozen
class CellTruth:
    """Tumour in one cell.

    Parameters
    ----------
    volume_ml : float
        Tumour in the cell.
    reach_mm : float
        Positive: how deep inside the cell the tumour's deepest point lies, from the cell's border. Negative: how far
        the tumour's nearest point stays away from the cell; never below ``-LOOK_MM``.
    core_ml : float
        Volume in the cell of what is left of the tumour when its surface is taken in by `shrink_mm`.
    depth_mm : float
        In the layers A and D, how deep the tumour goes beyond the wall of bone or canal; 0 in all others.
    fraction : float
        Share of the cell's own bone that is tumour; 0 for the layers A, D and disc, which have no size of their own.
    core_fraction : float
        The same share for `core_ml`.
    """

    volume_ml: float
    reach_mm: float
    core_ml: float
    depth_mm: float
    fraction: float
    core_fraction: float


OUTSIDE = ("A", "D")
"""Layers outside the bone, whose rule asks for a depth."""

Cells = dict[tuple[Level, int, str], CellTruth]


def level_truth(phantom: SpinePhantom, level: Level) -> LevelTruth:
    """What is exactly known of a level."""
    sizes = phantom.sizes[level]
    caudal, cranial = endplates_mm(sizes)
    half_u, half_v = canal_half_mm(sizes)
    return LevelTruth(
        frame=phantom.frames[level],
        body_centre_mm=body_centre_mm(phantom, level),
        endplate_caudal_mm=caudal,
        endplate_cranial_mm=cranial,
        body_width_mm=sizes.front.body_width_mm,
        body_depth_mm=sizes.front.body_depth_mm,
        canal_half_width_mm=half_u,
        canal_half_depth_mm=half_v,
    )


def cell_truth(phantom: SpinePhantom, tumour: Tumour, step_mm: float = STEP_MM, shrink_mm: float = 0.0) -> Cells:
    """Every cell that the tumour is in or within `LOOK_MM` of, by level, sector (Spine Oncology Study Group) and layer.

    Cells that are not listed are free by at least `LOOK_MM`. The layer "disc" is tumour in a disc, which is neither
    bone nor soft tissue; it has the sector 0. `shrink_mm` is how far `core_ml` stays away from the tumour's surface.
    """
    grid = tumour_grid(phantom, tumour, step_mm, LOOK_MM)
    inside = tumour_mask(phantom, tumour, grid)
    depth = edt.edt(np.ascontiguousarray(inside), anisotropy=(step_mm,) * 3, black_border=False) - step_mm / 2.0
    found: Cells = {}
    for level in phantom.levels:
        near = box_of(grid, phantom.frames[level], _holding_bounds(phantom, level))
        if all(side.stop > side.start for side in near) and inside[near].any():
            seen = _Seen(inside[near], inside[near] & (depth[near] > shrink_mm))
            found.update(_cells_of_level(phantom, level, grid.crop(near), seen))
    return found


@attrs.frozen
class Rule:
    """From where on a cell counts as involved: GEO-7 for bone, EN-C5 for what lies outside it."""

    least_fraction: float
    least_ml: float
    least_depth_mm: float

    def holds(self, layer: str, fraction: float, volume_ml: float, depth_mm: float) -> bool:
        """Is a cell with these measures involved?"""
        if layer in OUTSIDE:
            return volume_ml >= self.least_ml and depth_mm >= self.least_depth_mm
        return volume_ml >= self.least_ml or fraction >= self.least_fraction


def by_the_rule(cell: CellTruth | None, layer: str, rule: Rule) -> bool:
    """Is a cell involved as the rule has it, however near to its border?"""
    return cell is not None and rule.holds(layer, cell.fraction, cell.volume_ml, cell.depth_mm)


def judge_by(cell: CellTruth | None, layer: str, rule: Rule, voxel_mm: float) -> Literal["involved", "free", "border"]:
    """Does a cell's answer stay the same when every border is moved by a voxel?

    Involved: the tumour reaches more than a voxel into the cell, and what is left of it when it is taken in by a voxel
    is still enough. Free: it stays more than a voxel away, or lies that much less deep outside the wall than counts.
    `cell` must have been evaluated with ``shrink_mm = voxel_mm``.
    """
    if cell is None or cell.reach_mm < -voxel_mm:
        return "free"
    if layer in OUTSIDE and 0.0 < cell.depth_mm < rule.least_depth_mm - voxel_mm:
        return "free"
    deep = cell.depth_mm - voxel_mm
    stays = rule.holds(layer, cell.core_fraction, cell.core_ml, deep)
    return "involved" if cell.reach_mm > voxel_mm and stays else "border"


def judge(cell: CellTruth | None, voxel_mm: float, least_ml: float = 0.1) -> Literal["involved", "free", "border"]:
    """Is a cell clearly involved, clearly free, or too near to the border to ask of a sampled phantom?

    Clearly involved: the tumour reaches more than a voxel into the cell and fills `least_ml` of it. Clearly free: it
    stays more than a voxel away.
    """
    if cell is None or cell.reach_mm < -voxel_mm:
        return "free"
    return "involved" if cell.reach_mm > voxel_mm and cell.volume_ml >= least_ml else "border"


def clear_cells(cells: Cells, level: Level, voxel_mm: float, least_ml: float = 0.1) -> dict[tuple[int, str], bool]:
    """The cells (sector, layer A-D) of a level whose answer is beyond doubt: True involved, False free."""
    wanted = [(sector, layer) for sector in range(1, 13) for layer in LAYERS[:4]]
    words = {key: judge(cells.get((level, *key)), voxel_mm, least_ml) for key in wanted}
    return {key: word == "involved" for key, word in words.items() if word != "border"}


def tumour_volume_ml(phantom: SpinePhantom, tumour: Tumour, step_mm: float = STEP_MM) -> float:
    """By formula for one solid piece, else by dense evaluation."""
    if len(tumour.pieces) == 1 and not isinstance(tumour.pieces[0].shape, Wedge | Fill):
        return tumour.pieces[0].shape.volume_mm3 / 1000.0
    grid = tumour_grid(phantom, tumour, step_mm)
    return float(np.count_nonzero(tumour_mask(phantom, tumour, grid))) * grid.voxel_ml


def bone_volume_ml(phantom: SpinePhantom, level: Level, step_mm: float = STEP_MM) -> float:
    """Volume of a vertebra by dense evaluation (its solids overlap, so no short formula exists)."""
    grid = frame_grid(phantom, level, bone_bounds(phantom, level), step_mm)
    canal = canal_mask(phantom, grid, slab_index(phantom, grid))
    return float(np.count_nonzero(bone_mask(phantom, level, grid, canal))) * grid.voxel_ml


def tumour_grid(phantom: SpinePhantom, tumour: Tumour, step_mm: float = STEP_MM, margin_mm: float = 1.0) -> Grid:
    """A dense grid around the whole tumour, along the axes of its first piece's level."""
    level = tumour.pieces[0].level
    bounds = _hull_in_frame(phantom, tumour.pieces, level)
    u, v, w = ((low - margin_mm, high + margin_mm) for low, high in bounds)
    return frame_grid(phantom, level, (u, v, w), step_mm)


def support_mm(phantom: SpinePhantom, tumour: Tumour, direction: Floats) -> float:
    """Greatest ``x . direction`` over the tumour, LPS mm; `direction` (3,) is a unit vector.

    Exact for spheres, ellipsoids and boxes; for a wedge or fill the greatest of a dense evaluation, a step short at
    most.
    """
    return max(_support_of(phantom, piece, np.asarray(direction, dtype=np.float64)) for piece in tumour.pieces)


def plane_clearance_mm(phantom: SpinePhantom, tumour: Tumour, point_mm: Floats, normal: Floats) -> float:
    """How far the tumour stays behind a plane whose normal points away from it; negative when it crosses."""
    return float(np.dot(point_mm, normal)) - support_mm(phantom, tumour, normal)


def sphere_to_canal_mm(phantom: SpinePhantom, level: Level, centre: tuple[float, float, float], radius: float) -> float:
    """From a sphere outside the canal to the canal's wall, negative when it enters; centre in the level's frame.

    Exact while the nearest wall lies in the level's own slab: the least distance from a point to an ellipse.
    """
    _in_slab(phantom, level, centre[2])
    half_u, half_v = canal_half_mm(phantom.sizes[level])
    t = np.linspace(0.0, 2.0 * np.pi, 200_001)
    outside = (centre[0] / half_u) ** 2 + (centre[1] / half_v) ** 2 > 1.0
    gap = float(np.hypot(half_u * np.cos(t) - centre[0], half_v * np.sin(t) - centre[1]).min())
    return (gap if outside else -gap) - radius


def sphere_to_tube_mm(
    phantom: SpinePhantom, level: Level, name: str, centre: tuple[float, float, float], radius: float
) -> float:
    """From a sphere to the aorta, cava or oesophagus of its level, a cylinder: negative when it enters."""
    _in_slab(phantom, level, centre[2])
    tube = column_solids(level, phantom.sizes[level])[name]
    return float(np.hypot(centre[0] - tube.centre[0], centre[1] - tube.centre[1])) - tube.half[0] - radius


def sphere_to_lung_mm(phantom: SpinePhantom, level: Level, centre: tuple[float, float, float], radius: float) -> float:
    """From a sphere medial of the left or right lung (the nearer) to its flat medial border."""
    _in_slab(phantom, level, centre[2])
    return lung_border_mm(phantom.sizes[level]) - abs(centre[0]) - radius


def _in_slab(phantom: SpinePhantom, level: Level, height: float) -> None:
    if not -down_mm(phantom, level) <= height <= up_mm(phantom, level):
        raise InputError(f"a centre {height:.1f} mm above the origin of {level} lies outside its slab")


def _support_of(phantom: SpinePhantom, piece: Piece, direction: Floats) -> float:
    frame = phantom.frames[piece.level]
    local = frame.axes.T @ direction
    base = float(frame.origin_mm @ direction)
    if isinstance(piece.shape, Ellipsoid):
        return base + float(np.dot(piece.shape.centre, local) + np.linalg.norm(np.multiply(piece.shape.half, local)))
    if (
        isinstance(piece.shape, SkewBox)
        and piece.shape.u_per_v == piece.shape.w_per_v == 0.0
        and not piece.shape.paired
    ):
        return base + float(
            sum(max(low * d, high * d) for (low, high), d in zip(piece.shape.bounds, local, strict=True))
        )
    grid = tumour_grid(phantom, Tumour((piece,)))
    points = grid.to_patient(np.argwhere(tumour_mask(phantom, Tumour((piece,)), grid)))
    return float((points @ direction).max())


def _hull_in_frame(phantom: SpinePhantom, pieces: Iterable[Piece], level: Level) -> Bounds:
    """Bounds of pieces, each of its own level, in the frame of `level`."""
    corners = []
    for piece in pieces:
        box = np.array(np.meshgrid(*_tight_bounds(phantom, piece), indexing="ij")).reshape(3, -1).T
        corners.append(phantom.frames[level].to_frame(phantom.frames[piece.level].to_patient(box)))
    low, high = np.concatenate(corners).min(axis=0), np.concatenate(corners).max(axis=0)
    u, v, w = ((float(a), float(b)) for a, b in zip(low, high, strict=True))
    return u, v, w


@lru_cache(maxsize=256)
def _tight_bounds(phantom: SpinePhantom, piece: Piece) -> Bounds:
    """Bounds of a solid by formula; those of a wedge or fill, whose box is wide, by a coarse look."""
    bounds = piece_bounds(phantom, piece)
    if not isinstance(piece.shape, Wedge | Fill):
        return bounds
    grid = frame_grid(phantom, piece.level, bounds, COARSE_MM)
    found = np.argwhere(tumour_mask(phantom, Tumour((piece,)), grid))
    if not len(found):
        return bounds
    start = lattice_start(bounds, COARSE_MM)
    low, high = start + (found.min(axis=0) - 1) * COARSE_MM, start + (found.max(axis=0) + 1) * COARSE_MM
    u, v, w = ((float(a), float(b)) for a, b in zip(low, high, strict=True))
    return u, v, w


def _holding_bounds(phantom: SpinePhantom, level: Level) -> Bounds:
    """Where cells of a level can lie, in its frame, with room to look around; endless beyond the outer levels."""
    bone = bone_bounds(phantom, level)[2]
    room = LOOK_MM + TILT_MM
    low = -ENDLESS_MM if level == phantom.levels[-1] else min(bone[0], -down_mm(phantom, level)) - room
    high = ENDLESS_MM if level == phantom.levels[0] else max(bone[1], up_mm(phantom, level)) + room
    return (-ENDLESS_MM, ENDLESS_MM), (-ENDLESS_MM, ENDLESS_MM), (low, high)


@attrs.frozen(eq=False)
class _Seen:
    """The tumour on a grid, and what is left of it when its surface is taken in."""

    inside: Bools
    core: Bools


def _cells_of_level(phantom: SpinePhantom, level: Level, grid: Grid, seen: _Seen) -> Cells:
    cells = cell_map(phantom, level, grid)
    own = bone_cells_ml(phantom, level)
    found: Cells = {}
    for layer, letter in enumerate(LAYERS):
        sectors = np.unique(cells.sector[(cells.layer == layer) & (cells.sector > 0)])
        groups = [(0, cells.sector > 0)] if letter == "disc" else [(int(s), cells.sector == s) for s in sectors]
        tissue = cells.soft if letter == "A" else cells.layer == layer
        for sector, chosen in groups:
            cell = chosen & (cells.layer == layer)
            if cell.any():
                truth = _measure(cell, seen, grid, own.get((sector, letter), 0.0))
                if letter in OUTSIDE and truth.volume_ml > 0.0:
                    truth = attrs.evolve(truth, depth_mm=_depth_mm(cell & seen.inside, tissue, grid))
                found.update({(level, sector, letter): truth} if truth.reach_mm > -LOOK_MM else {})
    return found


def _depth_mm(held: Bools, tissue: Bools, grid: Grid) -> float:
    """How deep the deepest point of tumour lies in soft tissue or canal, from the wall."""
    step = tuple(float(edge) for edge in grid.spacing_mm)
    box = _padded_box(held, round(3.0 * LOOK_MM / step[0]))
    gaps = edt.edt(np.ascontiguousarray(tissue[box]), anisotropy=step, black_border=False)
    return float(gaps[held[box]].max())


def _padded_box(mask: Bools, pad: int) -> tuple[slice, slice, slice]:
    """The box of a mask that is not empty, with `pad` voxels around it."""
    hit = [np.flatnonzero(mask.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    i, j, k = (slice(max(int(h[0]) - pad, 0), int(h[-1]) + 1 + pad) for h in hit)
    return i, j, k


def _measure(cell: Bools, seen: _Seen, grid: Grid, own_ml: float) -> CellTruth:
    """Volume, reach, core and fractions.

    Distances between lattice points are shortened, by half a step inside the cell (its border) and by a step outside
    (its border and the tumour's), so that what looks clear is clear.
    """
    step = tuple(float(edge) for edge in grid.spacing_mm)
    found = _padded_box(cell, round(LOOK_MM / step[0]) + 1)
    cell, inside, core = cell[found], seen.inside[found], seen.core[found]
    if not inside.any():
        return CellTruth(0.0, -LOOK_MM, 0.0, 0.0, 0.0, 0.0)
    shared = cell & inside
    deep = bool(shared.any())
    gaps = edt.edt(np.ascontiguousarray(cell if deep else ~cell), anisotropy=step, black_border=False)
    reach = float(gaps[shared].max()) - step[0] / 2.0 if deep else step[0] - float(gaps[inside].min())
    volume, core_ml = (float(np.count_nonzero(mask)) * grid.voxel_ml for mask in (shared, cell & core))
    shares = [min(1.0, ml / own_ml) if own_ml > 0 else 0.0 for ml in (volume, core_ml)]
    return CellTruth(volume, min(max(reach, -LOOK_MM), 1e3), core_ml, 0.0, *shares)
