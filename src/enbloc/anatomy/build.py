"""From the case's label files to the scene.

Strategy. All label files are gathered on one grid (`intake.gathered`). The levels that the tumour touches are found,
and the grid is cropped to them, their neighbours and the reach around the tumour. Along the curve through the vertebrae
the canal is found (`canal`), then each vertebra is measured (`vertebrae`) and divided (`parts`). Whatever was not seen
but modelled becomes a problem of grade *doubt*.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import attrs
import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.anatomy.canal import LABELLED_CANAL, MOST_STRAY_MM, CanalStack, Inside, canal_mask, find_canal
from enbloc.anatomy.levels_read import ReadLevels, bone_on, choose_levels, grown_box
from enbloc.anatomy.modelled import model_parts
from enbloc.anatomy.parts import find_parts, local_coordinates, measure_borders
from enbloc.anatomy.restore import is_cut_out, restore_bone
from enbloc.anatomy.sacrum import find_sacrum
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.anatomy.settings import AnatomySettings
from enbloc.anatomy.spine_curve import SpineCurve, fit_spine_curve
from enbloc.anatomy.subparts.arch import find_subparts
from enbloc.anatomy.subparts.neck_foramina import find_neck_foramina
from enbloc.anatomy.subparts.ribs import model_rib_heads
from enbloc.anatomy.subparts.sacral import find_sacral_foramina, find_sacral_parts
from enbloc.anatomy.subregions import is_told, kinds_of, mended, named, told_on, with_neck
from enbloc.anatomy.vertebrae import ATLAS, AXIS, Bone, build_vertebra, ring_normal
from enbloc.errors import InputError
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Bools, Floats, Grid, LabelMap, Volume
from enbloc.foundation.space.sampling import place_on
from enbloc.foundation.terms.levels import Level, order
from enbloc.foundation.terms.structures import DURA, SACRUM, SPINAL_CANAL, SPINAL_CORD
from enbloc.intake.case import Case, LabelFile, Problem
from enbloc.intake.gathered import Gathered, gather
from enbloc.intake.level_survey import VERTEBRA

TUMOUR = "tumour"
IN_CANAL = (SPINAL_CANAL, SPINAL_CORD, DURA, "cauda_equina")
"""A canal that is labelled leaves out what has a label of its own inside it."""

OUTSIDE_HU = -1024.0
"""What lies outside the CT's field of view: air."""

CURVE_STEP_MM = 1.0
"""Distance of the planes across the curve."""


def build_scene(case: Case, settings: AnatomySettings) -> Scene | None:
    """All anatomy of a case around its tumour; None for a case without a tumour image.

    Raises
    ------
    InputError
        If the tumour cannot be related to any vertebra. The checks of intake find the usual causes before.
    """
    if not any(TUMOUR in file.labels.names.values() for file in case.label_files):
        return None
    gathered = gather(case.label_files)
    if gathered is None:
        raise InputError("no label file holds a vertebra", remedy="Name the output of a vertebra segmentation.")
    base = gathered.file
    full = base.labels.grid
    tumour = _tumour_on(full, case.label_files)
    read = choose_levels(base.labels, tumour, gathered.cut)
    wanted = {*(VERTEBRA + level for level in read.surveyed), *((SACRUM,) if read.sacrum_touched else ())}
    box = _box_around(base.labels, wanted, tumour, settings.reach_mm)
    grid = full.crop(box)
    bone, names, whole = bone_on(base.labels, box, read, tumour)
    structures = _structures_on(grid, box, base.labels)
    curve = _curve(grid, bone, whole)
    stack = find_canal(curve, grid, bone, _inside(structures), names)
    if stack is None:
        raise InputError(
            "no vertebra shows a closed ring, so the spinal canal cannot be found",
            where=base.name,
            remedy="Check that the vertebra labels include the arches, at a slice thickness of 3 mm or less.",
        )
    voxels = {level: _voxel_mm(gathered, VERTEBRA + level) for level in names}
    vertebrae = _vertebrae(_bones(grid, bone, whole, voxels), stack, curve)
    sacral = structures.mask(SACRUM) if read.sacrum_touched else np.zeros(grid.shape, dtype=bool)
    cut_out = is_cut_out(bone + sacral, tumour[box])
    if cut_out:
        bone = restore_bone(grid, bone, tumour[box], canal_mask(stack, curve, grid, bone), vertebrae)
        vertebrae = _vertebrae(_bones(grid, bone, whole, voxels), stack, curve)
    told = told_on(grid, case.label_files)
    vertebrae, parts, subparts = _divided(grid, bone, told, vertebrae, voxels)
    first = _first_sacral(bone, names)
    sacrum = find_sacrum(grid, sacral, vertebrae, first)
    sacral_foramina = find_sacral_foramina(grid, sacral | first, sacrum) if sacrum is not None else ()
    if sacrum is not None:
        named_there = np.zeros(grid.shape, dtype=np.uint8)
        named_there[sacral | first] = find_sacral_parts(grid, sacral | first, sacrum, sacral_foramina)
        subparts = np.where(bone == 0, named_there, subparts)
    return Scene(
        grid=grid,
        structures=structures,
        tumour=tumour[box],
        vertebrae=vertebrae,
        bone=bone,
        parts=parts,
        canal=canal_mask(stack, curve, grid, bone),
        ct=_ct_on(grid, case.ct, full, box),
        label_error_mm=_label_error_mm(case, gathered, voxels.values()),
        problems=(
            *_problems(vertebrae, read.touched, stack, base, case.label_files),
            *_restored(cut_out, base),
            *_from_labels(vertebrae, stack, base),
            *_necks_missing(vertebrae, read.touched, base),
            *_sacral(read, base),
        ),
        sacrum=sacrum,
        modelled=(
            *model_parts(grid, bone, parts, vertebrae, set(structures.names.values())),
            *find_neck_foramina(grid, bone, vertebrae),
            *model_rib_heads(structures, bone, vertebrae),
            *sacral_foramina,
        ),
        subparts=subparts,
    )


def _first_sacral(bone: NDArray[np.uint8], names: tuple[Level, ...]) -> Bools:
    """The bone of S1, where it has a label of its own."""
    return np.asarray(bone == names.index("S1") + 1 if "S1" in names else np.zeros(bone.shape), dtype=bool)


def _sacral(read: ReadLevels, base: LabelFile) -> tuple[Problem, ...]:
    if not read.sacrum_touched:
        return ()
    says = "the sacrum is labelled as a whole: its levels are modelled along it, and its sectors are not known"
    return (Problem("doubt", base.name, says, "Read level, sectors and layers by eye, and type the extent."),)


def _tumour_on(grid: Grid, files: tuple[LabelFile, ...]) -> Bools:
    tumour = np.zeros(grid.shape, dtype=bool)
    for file in files:
        if TUMOUR in file.labels.names.values():
            tumour |= place_on(grid, file.labels.grid, file.labels.mask(TUMOUR))
    return tumour


def _box_around(
    labels: LabelMap, wanted: Collection[str], tumour: Bools, reach_mm: float
) -> tuple[slice, slice, slice]:
    held = np.isin(labels.values, [n for n, name in labels.names.items() if name in wanted])
    spines = grown_box(held, np.array([2, 2, 2]))
    reach = grown_box(tumour, np.ceil(reach_mm / labels.grid.spacing_mm).astype(int))
    joined = [slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(spines, reach, strict=True)]
    return joined[0], joined[1], joined[2]


def _structures_on(grid: Grid, box: tuple[slice, slice, slice], labels: LabelMap) -> LabelMap:
    """Every structure but the tumour on the scene's grid, numbered by name."""
    names = sorted({*labels.names.values()} - {TUMOUR})
    numbers = {name: n for n, name in enumerate(names, start=1)}
    table = np.zeros(int(max(labels.names, default=0)) + 1, dtype=np.uint16)
    for number, name in labels.names.items():
        if name != TUMOUR:
            table[number] = numbers[name]
    values = labels.values[box]
    known = table[np.where(values < len(table), values, 0).astype(np.intp)]
    return LabelMap(grid, known, {n: name for name, n in numbers.items()})


def _curve(grid: Grid, bone: NDArray[np.uint8], whole: Mapping[Level, bool]) -> SpineCurve:
    """The curve through the whole vertebrae, or through all when fewer than two are whole.

    C1 has no body: its centroid lies in the canal and would bend the curve. Where it is needed, a point above its
    neighbour stands in, along the normal of its ring.
    """
    centroids = np.array(
        [grid.to_patient(voxels_of(bone == n).mean(axis=0)[None])[0] for n in range(1, len(whole) + 1)]
    )
    complete = np.array(list(whole.values()))
    levels = list(whole)
    if levels[:2] == [ATLAS, AXIS]:
        if complete[1:].sum() > 1:
            complete[0] = False
        else:
            apart = centroids[0] - centroids[1]
            normal = ring_normal(grid.to_patient(voxels_of(bone == 1)), apart / np.linalg.norm(apart))
            centroids[0] = centroids[1] + normal * (apart @ normal)
    return fit_spine_curve(centroids[complete] if complete.sum() > 1 else centroids, CURVE_STEP_MM)


def _bones(
    grid: Grid, bone: NDArray[np.uint8], whole: Mapping[Level, bool], voxels: Mapping[Level, float]
) -> list[Bone]:
    """The bone of each vertebra, with the largest voxel edge of the file that it came from."""
    return [
        Bone(level, n, grid.to_patient(voxels_of(bone == n)), voxels[level], whole[level])
        for n, level in enumerate(whole, start=1)
    ]


def _voxel_mm(gathered: Gathered, structure: str) -> float:
    return gathered.voxel_mm.get(structure, float(gathered.file.labels.grid.spacing_mm.max()))


def _label_error_mm(case: Case, gathered: Gathered, voxels: Iterable[float]) -> float:
    """Half the largest voxel edge among the tumour and the levels that are read, and the error of a registration."""
    tumours = [file.labels.grid for file in case.label_files if TUMOUR in file.labels.names.values()]
    edges = [*voxels, *(float(grid.spacing_mm.max()) for grid in tumours), _voxel_mm(gathered, TUMOUR)]
    return max(edges) / 2 + (case.placement_error.high if case.placement_error else 0.0)


def _vertebrae(bones: list[Bone], stack: CanalStack, curve: SpineCurve) -> dict[Level, Vertebra]:
    alone = [build_vertebra(b, stack, curve) for b in bones]
    lines = [_line(alone, n) for n in range(len(alone))]
    built = [build_vertebra(b, stack, curve, line) for b, line in zip(bones, lines, strict=True)]
    return {v.level: attrs.evolve(v, labelled=(LABELLED_CANAL,) * (v.level in stack.labelled)) for v in built}


def _line(vertebrae: list[Vertebra], n: int) -> Floats | None:
    """The direction of the canal between the neighbours of the n-th vertebra, cranially; None where one is missing.

    The canal and not the bodies, which swing sideways when the spine is twisted.
    """
    if not 0 < n < len(vertebrae) - 1:
        return None
    above, below = vertebrae[n - 1], vertebrae[n + 1]
    if not (above.whole and below.whole):
        return None
    between = above.frame.origin_mm - below.frame.origin_mm
    line: Floats = between / np.linalg.norm(between)
    return line


def _inside(structures: LabelMap) -> Inside:
    """What is labelled in the canal; the whole canal only where it has a label of its own."""
    names = {*structures.names.values()}
    held = [structures.mask(name) for name in IN_CANAL if name in names]
    return Inside(
        cord=structures.mask(SPINAL_CORD) if SPINAL_CORD in names else None,
        canal=np.logical_or.reduce(held) if SPINAL_CANAL in names and structures.mask(SPINAL_CANAL).any() else None,
    )


def _divided(
    grid: Grid,
    bone: NDArray[np.uint8],
    told: NDArray[np.uint8] | None,
    vertebrae: Mapping[Level, Vertebra],
    voxels: Mapping[Level, float],
) -> tuple[dict[Level, Vertebra], NDArray[np.uint8], NDArray[np.uint8]]:
    """The vertebrae with the necks that labelled parts show, the parts and the named parts.

    `told` is what labels name, if any do.
    """
    parts, subparts = np.zeros(grid.shape, dtype=np.uint8), np.zeros(grid.shape, dtype=np.uint8)
    found: dict[Level, Vertebra] = {}
    for number, (level, vertebra) in enumerate(vertebrae.items(), start=1):
        mask = bone == number
        local = local_coordinates(vertebra.frame, grid.to_patient(voxels_of(mask)))
        names = told[mask] if told is not None else np.zeros(len(local), dtype=np.uint8)
        kinds = kinds_of(names)
        found[level] = with_neck(vertebra, local, kinds)
        borders = measure_borders(found[level], local, voxels[level])
        mine = find_parts(borders, local)
        if found[level].neck_mm is not None:
            mine = mended(mine, kinds, local[:, 0])
        finer = find_subparts(found[level], borders, mine, local, voxels[level])
        parts[mask] = mine
        subparts[mask] = named(finer, names, local[:, 0]) if is_told(kinds) else finer
    return found, parts, subparts


def _ct_on(grid: Grid, ct: Volume | None, full: Grid, box: tuple[slice, slice, slice]) -> Volume | None:
    """The CT on the scene's grid: cut out where it lies on the labels' grid already, else read between its voxels."""
    if ct is None:
        return None
    if ct.grid.same_as(full):
        return Volume(grid, ct.values[box].astype(np.float32))
    to_ct = np.linalg.inv(ct.grid.affine) @ grid.affine
    values = scipy.ndimage.affine_transform(
        ct.values, to_ct[:3, :3], to_ct[:3, 3], grid.shape, np.float32, order=1, cval=OUTSIDE_HU
    )
    return Volume(grid, values)


def _restored(cut_out: bool, base: LabelFile) -> tuple[Problem, ...]:
    if not cut_out:
        return ()
    says = "the tumour lies in no labelled bone; where bone must have been, it was modelled from the other side"
    return (Problem("doubt", base.name, says, "Give the vertebrae whole, with the tumour in a file of its own."),)


def _from_labels(vertebrae: Mapping[Level, Vertebra], stack: CanalStack, base: LabelFile) -> Iterator[Problem]:
    """What labels gave that geometry finds otherwise, and where the two disagree."""
    for words in dict.fromkeys(words for vertebra in vertebrae.values() for words in vertebra.labelled):
        held = ", ".join(level for level, vertebra in vertebrae.items() if words in vertebra.labelled)
        yield Problem("note", base.name, f"{held}: taken from labels: {words}", "None needed.")
    if stack.stray_mm is not None and stack.stray_mm > MOST_STRAY_MM:
        says = f"The labelled canal lies {stack.stray_mm:.0f} mm beside the bony rings, and was not used."
        yield Problem("doubt", base.name, says, "Look at the label of the canal, or leave it out.")


def _necks_missing(
    vertebrae: Mapping[Level, Vertebra], touched: Collection[Level], base: LabelFile
) -> Iterator[Problem]:
    """Levels where labelled parts show the neck of one pedicle only: the other one is found by geometry."""
    for level, vertebra in vertebrae.items():
        for side, neck in zip(("left", "right"), vertebra.neck_mm or (), strict=False):
            if isinstance(neck, Unknown):
                says = f"{level}: {neck.because}; where the body ends there was found by geometry"
                remedy = f"Check the labels of body and arch on the {side}."
                yield Problem("doubt" if level in touched else "note", base.name, says, remedy)


def _problems(
    vertebrae: Mapping[Level, Vertebra],
    touched: tuple[Level, ...],
    stack: CanalStack,
    base: LabelFile,
    files: tuple[LabelFile, ...],
) -> tuple[Problem, ...]:
    problems = [
        Problem(
            "doubt" if level in touched else "note", base.name, f"{level}: modelled: {what}", "Check this level by eye."
        )
        for level, vertebra in vertebrae.items()
        for what in vertebra.modelled
        if not touched or abs(order(level) - order(touched[0])) <= len(touched) + 1
    ]
    problems += [
        Problem(
            "doubt",
            base.name,
            f"{level} is cut by the field of view or ends flat",
            "Its measures are not those of a whole level.",
        )
        for level in touched
        if level in vertebrae and not vertebrae[level].whole
    ]
    problems += [
        Problem("note", base.name, f"the ring of {level} was closed over a small gap", "Check the arch's label.")
        for level in stack.patched
        if level in touched
    ]
    problems += [
        Problem("note", file.name, "lies on another grid and was read at the nearest voxels", "None needed.")
        for file in files
        if not file.labels.grid.same_as(base.labels.grid)
    ]
    return tuple(problems)
