"""Measuring the Extent on a scene: Weinstein-Boriani-Biagini sectors and layers, each cell with its evidence.

Strategy. Every tumour voxel gets a level, a sector and a layer. Bone keeps the level of its label; tumour outside bone
goes to the nearest level whose bone is involved. The sector is the angle around the canal's centre in the vertebra's
own transverse plane, overruled by the part: body is 5-8, pedicle 4 or 9, arch 1-3 or 10-12 (GEO-2..6). Bone is
deep (C) in the inner half of its radial depth and superficial (B) in the outer (LAY-1), read off a polar map of the
vertebra. Outside bone it is A, inside the canal D.

The doubt is measured, not guessed: the tumour's border is moved in and out by the label error, the border between two
levels up and down, and the whole tumour is moved and turned against the frame by the errors of both. The least and the
greatest volume over all of these are the interval of a cell.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.anatomy.parts import (
    ARCH_LEFT,
    ARCH_RIGHT,
    BODY,
    PEDICLE_LEFT,
    PEDICLE_RIGHT,
    RESOLVED_VOXELS,
    find_parts,
    labelled_necks,
    local_coordinates,
)
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.anatomy.settings import AnatomySettings
from enbloc.anatomy.vertebrae import ATLAS
from enbloc.classification.artery_canal import judge_artery_canal
from enbloc.classification.chart import DEEP_FRACTION, Chart, build_chart, radial_fraction
from enbloc.classification.depth import measure_depths
from enbloc.classification.extent import (
    LAYERS,
    LEFT_PEDICLE,
    RIGHT_PEDICLE,
    SECTORS,
    Cell,
    Extent,
    LevelExtent,
    involved_levels,
)
from enbloc.classification.judged import border_mm, tumour_shares
from enbloc.classification.sacral_extent import is_sacral, sacral_levels
from enbloc.classification.whose_level import level_of, levels_beside
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.verdicts import Verdict, all_of, any_of, judge_above, judge_fact
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Floats, Grid
from enbloc.foundation.terms.levels import Level, are_contiguous

Ints = NDArray[np.intp]

A, B, C, D = (LAYERS.index(name) for name in "ABCD")
NOWHERE = -1

NO_DISC_MM = 4.0
"""No disc parts C1 from C2: in a scene with C1, soft tissue this near to half way between two levels may be of either
(ours).
"""

SECTOR_DEG = 360.0 / len(SECTORS)
OUTSIDE_LAYERS = ("A", "D")


@attrs.frozen(eq=False)
class _Sample:
    """Voxels in and around the tumour, at one level: coordinates, tissue, and how much tumour each holds.

    `inward_mm` leads from the centre of a voxel outside the label to the middle of what tumour could hold of it, when
    the border is moved out: half way to the label. `border_mm` is the distance to the tumour's surface.
    """

    local_mm: Floats
    bone: NDArray[np.bool_]
    in_canal: NDArray[np.bool_]
    in_disc: NDArray[np.bool_]
    depth_mm: Floats
    weights: Mapping[str, Floats]
    inward_mm: Floats
    border_mm: Floats


UNMEASURED = LevelExtent(
    sectors=dict.fromkeys(SECTORS, Verdict.UNDECIDED), layers=dict.fromkeys(LAYERS, Verdict.UNDECIDED)
)
"""A level with tumour in it whose body could not be measured: everything about it is open, nothing is free."""


def measure_extent(
    scene: Scene,
    settings: AnatomySettings,
    dura_infiltrated: bool | None = None,
    charts: Mapping[Level, Chart] | None = None,
) -> Extent:
    """The Extent of the scene's tumour.

    Parameters
    ----------
    scene : Scene
    settings : AnatomySettings
        Thresholds of a cell.
    dura_infiltrated : bool or None
        Stated by the surgeon; no CT shows it. Decides layer E.
    charts : mapping of level to Chart, optional
        Charts of this scene's bone that are there already; missing ones are made.
    """
    box = _box_around_tumour(scene)
    grid = scene.grid.crop(box)
    tumour, canal, bone = scene.tumour[box], scene.canal[box], scene.bone[box]
    border = border_mm(scene, box)
    near = voxels_of(border < 2.0 * float(grid.spacing_mm.max()))
    where = tuple(near.T)
    points = grid.to_patient(near)
    error_mm = max(scene.label_error_mm, NO_DISC_MM if ATLAS in scene.vertebrae else 0.0)
    depth = measure_depths(scene, box)[where]
    inward = _inward(grid, border, near)
    whose, above, below = (
        level_of(scene, bone[where], points, tumour[where], shift) for shift in (0.0, error_mm, -error_mm)
    )
    sacral = is_sacral(scene, box, where, bone[where])
    for there in (whose, above, below):
        there[sacral] = 0
    shares = tumour_shares(scene, tumour[where], border[where])
    levels: dict[Level, LevelExtent] = {}
    for number, (level, vertebra) in enumerate(scene.vertebrae.items(), start=1):
        if not tumour[where][whose == number].any():
            continue
        mine = (whose == number) | (above == number) | (below == number)
        sure = (whose == number) & (above == number) & (below == number)
        held = dict(zip(("value", "low", "high"), (whose == number, sure, mine), strict=True))
        if vertebra.body_height_mm <= 0.0:
            levels[level] = UNMEASURED
            continue
        local = local_coordinates(vertebra.frame, points[mine])
        sample = _Sample(
            local_mm=local,
            bone=bone[where][mine] == number,
            in_canal=canal[where][mine],
            in_disc=_in_disc(vertebra, local) & (bone[where][mine] == 0),
            depth_mm=depth[mine],
            weights={name: (share * held[name])[mine] for name, share in zip(held, shares, strict=True)},
            inward_mm=inward[mine] @ _axes_of(vertebra),
            border_mm=border[where][mine],
        )
        chart = (charts or {}).get(level) or build_chart(scene, level)
        levels[level] = _measure_level(scene, chart, sample, settings, dura_infiltrated)
    in_sacrum = sacral & tumour[where]
    if scene.sacrum is not None and in_sacrum.any():
        levels |= sacral_levels(scene, scene.sacrum, points[in_sacrum], levels)
    outside = points[tumour[where] & (bone[where] == 0) & ~sacral]
    extent = Extent(source="measured", levels=levels, beside=levels_beside(scene, outside, levels, error_mm))
    return attrs.evolve(extent, skipped=judge_fact(not are_contiguous(involved_levels(extent))))


def _box_around_tumour(scene: Scene) -> tuple[slice, slice, slice]:
    found = scipy.ndimage.find_objects(scene.tumour.astype(np.uint8))[0]
    by = np.ceil(10.0 / scene.grid.spacing_mm).astype(int)
    grown = [
        slice(max(s.start - n, 0), min(s.stop + n, size))
        for s, n, size in zip(found, by, scene.grid.shape, strict=True)
    ]
    return grown[0], grown[1], grown[2]


def _inward(grid: Grid, border: Floats, near: Ints) -> Floats:
    """From voxels (n, 3) outside the tumour half the way to it, LPS mm (n, 3); zero inside."""
    edges = grid.spacing_mm
    slopes = np.stack([np.gradient(border, float(edges[a]), axis=a)[tuple(near.T)] for a in range(3)], axis=-1)
    steepness = np.linalg.norm(slopes @ grid.directions.T, axis=1, keepdims=True)
    away = slopes @ grid.directions.T / np.maximum(steepness, 1e-6)
    inward: Floats = -away * np.maximum(border[tuple(near.T)], 0.0)[:, None] / 2.0
    return inward


def _axes_of(vertebra: Vertebra) -> Floats:
    return np.stack([vertebra.frame.left, vertebra.frame.dorsal, vertebra.frame.cranial], axis=1)


def _in_disc(vertebra: Vertebra, local: Floats) -> NDArray[np.bool_]:
    """Above or below the body and within its outline: the disc space, which is neither layer A nor bone."""
    centre = local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0]
    half = np.array([vertebra.body_width_mm, vertebra.body_depth_mm]) / 2
    within = (((local[:, :2] - centre[:2]) / half) ** 2).sum(axis=1) < 1.0
    beyond = (local[:, 2] > vertebra.endplate_cranial_mm) | (local[:, 2] < vertebra.endplate_caudal_mm)
    inside: NDArray[np.bool_] = within & beyond
    return inside


def _measure_level(
    scene: Scene, chart: Chart, sample: _Sample, settings: AnatomySettings, dura: bool | None
) -> LevelExtent:
    level, vertebra = chart.level, scene.vertebrae[chart.level]
    voxel_ml = scene.grid.voxel_ml
    nominal = _cells_of(sample, sample.local_mm, chart)
    volumes: dict[str, Floats] = {"value": _volumes(nominal, sample.weights["value"], voxel_ml)}
    whole = _bone_volumes(scene, chart)
    others = [_with_pedicles(chart, vertebra, scene.label_error_mm, sign) for sign in (-1, 1)]
    if any(isinstance(neck, Unknown) for neck in labelled_necks(vertebra)):
        others.append(_without_corners(chart, vertebra))
    places = {"low": sample.local_mm, "high": sample.local_mm + sample.inward_mm}
    for bound, pick in (("low", np.minimum), ("high", np.maximum)):
        there = (places[bound], *_displaced(places[bound], vertebra, scene.label_error_mm))
        assigned = [_cells_of(sample, local, chart) for local in there]
        assigned += [_cells_of(sample, places[bound], other) for other in others]
        moves = [_volumes(cells, sample.weights[bound], voxel_ml) for cells in assigned]
        volumes[bound] = np.asarray(pick.reduce([*moves, volumes["value"]]), dtype=np.float64)
        if bound == "low":
            moved = [_depths(cells, sample) for cells in assigned]
            grazed = _grazed([nominal, *assigned], sample, whole, scene.label_error_mm)
    depths = _depths(nominal, sample)
    reached = np.maximum.reduce([depths, *moved])
    # Tumour that no voxel of a cell shows may lie as deep there as anywhere in the layer.
    deepest = np.where(reached > 0.0, reached, reached.max(axis=1, keepdims=True))
    # A scan whose voxels are thicker than the depth asked for does not show it: there the doubt is a whole voxel.
    coarse = 2 * scene.label_error_mm > settings.outside_depth_mm
    deepest += (2 if coarse else 1) * scene.label_error_mm
    limit = max(settings.outside_depth_mm, 2 * scene.label_error_mm)
    because = f"label border +-{scene.label_error_mm:.2f} mm, frame +-{vertebra.frame.turn_error_deg:.1f} deg"
    cells: dict[tuple[int, str], Cell] = {}
    for layer in ("A", "B", "C", "D"):
        for sector in SECTORS:
            at = (LAYERS.index(layer), sector - 1)
            volume = Estimate(
                float(volumes["value"][at]), float(volumes["low"][at]), float(volumes["high"][at]), "ml", because
            )
            if layer in OUTSIDE_LAYERS:
                found = float(depths[at])
                depth = Estimate(found, max(found - scene.label_error_mm, 0.0), float(deepest[at]), "mm", because)
                cells[sector, layer] = _outside_cell(volume, depth, limit, settings)
            else:
                cell = _bone_cell(volume, float(whole[at]), settings)
                # A share of a cell that is smaller than a voxel cannot be seen in it.
                unseen = grazed[at] and settings.cell_fraction * float(whole[at]) < voxel_ml
                open_if = Verdict.UNDECIDED if unseen and cell.verdict is Verdict.UNMET else cell.verdict
                cells[sector, layer] = attrs.evolve(cell, verdict=open_if)
    layers = {layer: any_of(cells[s, layer].verdict for s in SECTORS) for layer in ("A", "B", "C", "D")}
    layers["E"] = all_of((layers["D"], judge_fact(dura)))
    layers["F"] = judge_artery_canal(scene, level, cells)
    sectors = {s: any_of(cells[s, layer].verdict for layer in ("A", "B", "C", "D")) for s in SECTORS}
    return LevelExtent(sectors=sectors, layers=layers, cells=cells)


def _grazed(assigned: list[tuple[Ints, Ints]], sample: _Sample, whole_ml: Floats, reach_mm: float) -> NDArray[np.bool_]:
    """(layers, sectors): cells of bone that the tumour comes near, wherever the doubt puts their borders.

    Bone that is thinner than a voxel is labelled in one layer only; the other one of its sector counts as grazed too.
    """
    near = (sample.border_mm <= reach_mm) & sample.bone
    found = np.zeros(whole_ml.shape, dtype=bool)
    for layer, sector in assigned:
        found[layer[near], sector[near]] = True
    thin = (whole_ml[B] > 0.0) != (whole_ml[C] > 0.0)
    found[[B, C]] |= found[[B, C]].any(axis=0) & thin
    return found


def _with_pedicles(chart: Chart, vertebra: Vertebra, error_mm: float, sign: int) -> Chart:
    """The chart with both pedicles wider or narrower by the doubt of their outer border (GEO-6).

    It is half a voxel; one and a half where the pedicle is less than `RESOLVED_VOXELS` wide, as in the neck and on
    coarse scans: there bone beside the neck is taken for its border.
    """
    moved = []
    radii = (vertebra.canal_radius_left_mm, vertebra.canal_radius_right_mm)
    for border, radius in zip(chart.borders.pedicle_mm, radii, strict=True):
        resolved = border - radius >= RESOLVED_VOXELS * 2 * error_mm
        moved.append(border + sign * (1 if resolved else 3) * error_mm)
    return attrs.evolve(chart, borders=attrs.evolve(chart.borders, pedicle_mm=(moved[0], moved[1])))


def _without_corners(chart: Chart, vertebra: Vertebra) -> Chart:
    """The chart with both pedicles from the canal's ventral wall on: whether the body's corners behind it are body or
    pedicle, no publication says (GEO-6). A side whose own labels show where the body ends stays.
    """
    wall = vertebra.canal_ventral_mm
    left, right = (wall if isinstance(neck, Unknown) else neck for neck in labelled_necks(vertebra))
    return attrs.evolve(chart, borders=attrs.evolve(chart.borders, neck_mm=(left, right)))


def _displaced(local: Floats, vertebra: Vertebra, by_mm: float) -> list[Floats]:
    """The same points with the tumour moved to each side, forth and back, and turned both ways."""
    turn = np.radians(vertebra.frame.turn_error_deg)
    shifts: list[Floats] = [local + np.array([x, y, 0.0]) * by_mm for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    turns = []
    for angle in (turn, -turn):
        cos, sin = np.cos(angle), np.sin(angle)
        turns.append(
            np.stack(
                [cos * local[:, 0] - sin * local[:, 1], sin * local[:, 0] + cos * local[:, 1], local[:, 2]], axis=1
            )
        )
    return shifts + turns


def _cells_of(sample: _Sample, local: Floats, chart: Chart) -> tuple[Ints, Ints]:
    """Layer index and sector index (from 0) of each point; layer `NOWHERE` in the disc space."""
    angle = np.degrees(np.arctan2(local[:, 0], local[:, 1])) % 360.0
    sector = np.minimum((angle // SECTOR_DEG).astype(np.intp), len(SECTORS) - 1)
    part = np.where(sample.bone, find_parts(chart.borders, local), 0)
    sector = np.where(part == BODY, np.clip(sector, 4, 7), sector)
    arch = (part == ARCH_LEFT) | (part == ARCH_RIGHT)
    sector = np.where(arch & (sector >= 3) & (sector <= 8), np.where(angle < 180.0, 2, 9), sector)
    sector = np.where(part == PEDICLE_LEFT, LEFT_PEDICLE - 1, sector)
    sector = np.where(part == PEDICLE_RIGHT, RIGHT_PEDICLE - 1, sector)
    layer = np.where(sample.in_canal, D, np.where(sample.in_disc, NOWHERE, A)).astype(np.intp)
    bone = sample.bone
    layer[bone] = np.where(radial_fraction(local[bone], chart.polar) < DEEP_FRACTION, C, B)
    return layer, sector


def _volumes(cells: tuple[Ints, Ints], weights: Floats, voxel_ml: float) -> Floats:
    """(layers, sectors) ml."""
    layer, sector = cells
    kept = layer != NOWHERE
    flat = layer[kept] * len(SECTORS) + sector[kept]
    total = np.bincount(flat, weights=weights[kept] * voxel_ml, minlength=len(LAYERS) * len(SECTORS))
    return np.asarray(total, dtype=np.float64).reshape(len(LAYERS), len(SECTORS))


def _depths(cells: tuple[Ints, Ints], sample: _Sample) -> Floats:
    """(layers, sectors) mm: the greatest depth of labelled tumour beyond the wall of bone or canal; 0 without any."""
    layer, sector = cells
    table = np.zeros((len(LAYERS), len(SECTORS)))
    tumour = (sample.weights["value"] > 0) & (layer != NOWHERE)
    np.maximum.at(table, (layer[tumour], sector[tumour]), sample.depth_mm[tumour])
    return table


def _bone_volumes(scene: Scene, chart: Chart) -> Floats:
    """(layers, sectors) ml of the vertebra's own bone."""
    local, n = chart.bone_mm, len(chart.bone_mm)
    nothing = np.zeros(n, dtype=bool)
    sample = _Sample(local, np.ones(n, dtype=bool), nothing, nothing, np.zeros(n), {}, np.zeros((n, 3)), np.zeros(n))
    return _volumes(_cells_of(sample, local, chart), np.ones(n), scene.grid.voxel_ml)


def _outside_cell(volume: Estimate, depth: Estimate, limit: float, settings: AnatomySettings) -> Cell:
    verdict = all_of((judge_above(depth, limit), judge_above(volume, settings.cell_volume_ml)))
    return Cell(verdict, Unknown("soft tissue has no border to be a share of"), volume, depth)


def _bone_cell(volume: Estimate, whole_ml: float, settings: AnatomySettings) -> Cell:
    depth = Unknown("measured outside bone only")
    enough = judge_above(volume, settings.cell_volume_ml)
    if whole_ml <= 0.0:
        return Cell(enough, Unknown("the vertebra has no bone in this cell"), volume, depth)
    share = [min(x / whole_ml, 1.0) for x in (volume.value, volume.low, volume.high)]
    fraction: Measured = Estimate(share[0], share[1], share[2], "fraction", volume.because)
    return Cell(any_of((judge_above(fraction, settings.cell_fraction), enough)), fraction, volume, depth)
