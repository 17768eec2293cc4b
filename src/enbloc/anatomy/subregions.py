"""Parts of a vertebra that a program labelled: body, arch and processes, as SPINEPS and TPTBox name them.

Strategy. Labels win over geometry voxel by voxel. The body is what is labelled body or dens; spinous and transverse
processes are arch. No scheme labels a pedicle, which is the side of the canal (GEO-6): what is labelled arch or
articular process is pedicle where geometry finds one, and where geometry saw body, because there it can be nothing
else. The neck, where the body ends before a pedicle, is the dorsal coordinate that parts the two labels best, so that
cells, cuts and parts agree. The named parts, which are finer, take each label's own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.parts import (
    ARCH_LEFT,
    ARCH_RIGHT,
    BODY,
    LEAST_PEDICLE_MM,
    PEDICLE_LEFT,
    PEDICLE_RIGHT,
    PROFILE_STEP_MM,
)
from enbloc.anatomy.scene import Vertebra
from enbloc.anatomy.subparts.names import NUMBER, sided
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.space.grids import Floats, Grid
from enbloc.foundation.space.sampling import centres_mm, reached_box, sample_nearest
from enbloc.intake.case import LabelFile

NONE, OF_BODY, OF_ARCH, OF_PROCESS = range(4)
"""What a voxel's own label says of it."""

KINDS: Mapping[str, int] = {
    "subregion_body": OF_BODY,
    "subregion_dens": OF_BODY,
    "subregion_endplate": OF_BODY,
    "subregion_arch": OF_ARCH,
    "subregion_superior_articular_process_left": OF_ARCH,
    "subregion_superior_articular_process_right": OF_ARCH,
    "subregion_inferior_articular_process_left": OF_ARCH,
    "subregion_inferior_articular_process_right": OF_ARCH,
    "subregion_spinous_process": OF_PROCESS,
    "subregion_transverse_process_left": OF_PROCESS,
    "subregion_transverse_process_right": OF_PROCESS,
}
"""Structure to what it says."""

LEAST_SHARE = 0.5
"""A vertebra of which less than this share has such labels is read by geometry alone (ours)."""

LEAST_VOXELS = 12
"""Fewer voxels of a label beside the canal show no border."""

LABELLED_PARTS = "body, arch and processes"
"""Word of `Vertebra.labelled`."""


def told_on(grid: Grid, files: Iterable[LabelFile]) -> NDArray[np.uint8] | None:
    """Which subregion each voxel of a grid is labelled as: 1 + position in `KINDS`, else 0.

    None without any such label. Of two files the first stands.
    """
    told: NDArray[np.uint8] | None = None
    order = list(KINDS)
    for file in files:
        wanted = {number: order.index(name) + 1 for number, name in file.labels.names.items() if name in KINDS}
        if not wanted:
            continue
        table = np.zeros(max(wanted) + 1, dtype=np.uint8)
        table[list(wanted)] = list(wanted.values())
        here = np.zeros(grid.shape, dtype=np.uint8)
        near = reached_box(file.labels.grid, grid)
        if near is not None:
            values = file.labels.values[near]
            known = table[np.where(values < len(table), values, 0).astype(np.intp)]
            here = _nearest_on(grid, file.labels.grid.crop(near), known)
        told = here if told is None else np.where(told == 0, here, told)
    return told


def _nearest_on(grid: Grid, source: Grid, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Values on another grid, of the nearest voxel; zero outside."""
    if grid.same_as(source):
        return values
    found = np.zeros(grid.shape, dtype=np.uint8)
    if (reached := reached_box(grid, source)) is not None:
        found[reached] = sample_nearest(source, values, centres_mm(grid, reached))
    return found


def kinds_of(told: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What labels, given as `told_on` gives them, say of the border between body and arch."""
    kinds: NDArray[np.uint8] = np.array([NONE, *KINDS.values()], dtype=np.uint8)[told]
    return kinds


def is_told(kinds: NDArray[np.uint8]) -> bool:
    """Do labels say enough of a vertebra's bone, (n,) numbers of which 0 says nothing?"""
    return bool((kinds != NONE).mean() >= LEAST_SHARE)


def with_neck(vertebra: Vertebra, local_mm: Floats, kinds: NDArray[np.uint8]) -> Vertebra:
    """The vertebra with the necks that its labels show, or as it was where they are too few on both sides.

    A side that the labels do not show stays Unknown here and is found by geometry; it is never taken from the other.

    Parameters
    ----------
    vertebra : Vertebra
    local_mm : (n, 3) float
        Its bone in its own frame.
    kinds : (n,) uint8
        What the labels say of it.
    """
    if vertebra.body_height_mm <= 0.0 or not is_told(kinds):
        return vertebra
    left, right = (_neck_mm(vertebra, local_mm, kinds, sign) for sign in (+1, -1))
    if isinstance(left, Unknown) and isinstance(right, Unknown):
        return vertebra
    return attrs.evolve(vertebra, neck_mm=(left, right), labelled=(*vertebra.labelled, LABELLED_PARTS))


def mended(parts: NDArray[np.uint8], kinds: NDArray[np.uint8], left_mm: Floats) -> NDArray[np.uint8]:
    """The parts (n,) of one vertebra that geometry found, with what its labels say; `left_mm` (n,) in its frame."""
    pedicle = np.where(left_mm >= 0.0, PEDICLE_LEFT, PEDICLE_RIGHT)
    arch = np.where(left_mm >= 0.0, ARCH_LEFT, ARCH_RIGHT)
    found = np.where(kinds == OF_BODY, BODY, parts)
    found = np.where((kinds == OF_ARCH) & (parts == BODY), pedicle, found)
    return np.where(kinds == OF_PROCESS, arch, found).astype(np.uint8)


def named(subparts: NDArray[np.uint8], told: NDArray[np.uint8], left_mm: Floats) -> NDArray[np.uint8]:
    """The named parts (n,) that geometry found, with what labels, given as `told_on` gives them, say instead.

    A scheme's arch is whatever geometry finds of pedicle, lamina and lateral mass there, and lamina where geometry saw
    a process or the body; its body is body where geometry saw no more of it than that.
    """
    lamina = np.where(left_mm >= 0.0, *sided("lamina"))
    of_arch = np.isin(subparts, [*sided("pedicle"), *sided("lamina"), *sided("lateral_mass")])
    of_body = np.isin(subparts, [NUMBER["body"], NUMBER["dens"], NUMBER["anterior_arch"]])
    found = subparts.copy()
    for number, name in enumerate(KINDS, start=1):
        here = told == number
        if name == "subregion_arch":
            found = np.where(here & ~of_arch, lamina, found)
        elif name in ("subregion_body", "subregion_endplate"):
            found = np.where(here & ~of_body, NUMBER["body"], found)
        else:
            found = np.where(here, NUMBER[name.removeprefix("subregion_")], found)
    return found.astype(np.uint8)


def _neck_mm(vertebra: Vertebra, local_mm: Floats, kinds: NDArray[np.uint8], sign: int) -> float | Unknown:
    """The dorsal coordinate that parts body from arch best, beside the canal on one side; Unknown without both."""
    radius = vertebra.canal_radius_left_mm if sign > 0 else vertebra.canal_radius_right_mm
    lateral = sign * local_mm[:, 0]
    beside = (lateral > radius / 2) & (lateral < max(vertebra.body_width_mm / 2, radius + LEAST_PEDICLE_MM))
    body = np.sort(local_mm[beside & (kinds == OF_BODY), 1])
    arch = np.sort(local_mm[beside & (kinds == OF_ARCH) & (local_mm[:, 1] < vertebra.canal_dorsal_mm), 1])
    if min(len(body), len(arch)) < LEAST_VOXELS:
        return Unknown(
            f"no border of body and arch is labelled beside the canal on the {'left' if sign > 0 else 'right'}"
        )
    places = np.arange(body[0], arch[-1], PROFILE_STEP_MM)
    wrong = len(body) - np.searchsorted(body, places) + np.searchsorted(arch, places)
    best = np.flatnonzero(wrong == wrong.min())
    return float((places[best[0]] + places[best[-1]]) / 2)
