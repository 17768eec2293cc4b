"""The foramina transversaria of C1 to C6: the holes in a vertebra's own bone beside its pedicles.

Strategy. In planes across the vertebra's own axis, holes of its bone are looked for; the one with the canal's middle in
it is the canal. A hole of plausible size beside the canal's side wall is the foramen, if planes that neighbour each
other show it at the same place. Where the label closes it, or leaves it open outwards, nothing is put there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.anatomy.foramina import SIGNS
from enbloc.anatomy.parts import to_patient
from enbloc.anatomy.scene import ModelledPart, Vertebra
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.space.sampling import sample_nearest
from enbloc.foundation.terms.levels import Level

LEVELS: tuple[Level, ...] = ("C1", "C2", "C3", "C4", "C5", "C6")
"""Where a foramen transversarium is looked for (ours)."""

HEIGHTS_MM = tuple(float(height) for height in range(-7, 8))
"""Where the planes lie along the vertebra's axis."""

HALF_WIDTH_MM, VENTRAL_MM, DORSAL_MM, PIXEL_MM = 42.0, -32.0, 20.0, 0.5

AREA_MM2 = (5.0, 90.0)
"""Plausible area of a foramen transversarium: from 2.5 mm across to the oblique cuts of C1 and C2 (ours)."""

BESIDE_MM = (-2.0, 20.0)
"""Where its middle lies, from the canal's side wall outwards."""

STRAY_MM = 4.0
"""Its middle moves by no more than this about the middle of all planes that show it."""

LEAST_PLANES = 2


def find_neck_foramina(
    grid: Grid, bone: NDArray[np.uint8], vertebrae: Mapping[Level, Vertebra]
) -> Iterator[ModelledPart]:
    """The foramina transversaria that labels show, cranio-caudally.

    Parameters
    ----------
    grid : Grid
    bone : uint8 array
        1 + position in `vertebrae`.
    vertebrae : mapping of level to Vertebra
    """
    across = np.arange(-HALF_WIDTH_MM, HALF_WIDTH_MM, PIXEL_MM) + PIXEL_MM / 2
    back = np.arange(VENTRAL_MM, DORSAL_MM, PIXEL_MM) + PIXEL_MM / 2
    for number, (level, vertebra) in enumerate(vertebrae.items(), start=1):
        if level not in LEVELS:
            continue
        seen: dict[str, list[tuple[float, float, float, float]]] = {side: [] for side in SIGNS}
        for height in HEIGHTS_MM:
            u, v = np.meshgrid(across, back)
            points = to_patient(vertebra.frame, np.stack([u, v, np.full(u.shape, height)], axis=-1).reshape(-1, 3))
            plane: Bools = (sample_nearest(grid, bone, points) == number).reshape(u.shape)
            for side, sign in SIGNS.items():
                hole = _hole_beside(vertebra, plane, sign, across, back)
                if hole is not None:
                    seen[side].append((hole[0], hole[1], height, hole[2]))
        for side, places in seen.items():
            yield from _as_part(vertebra, side, np.array(places))


def _hole_beside(
    vertebra: Vertebra, plane: Bools, sign: int, across: Floats, back: Floats
) -> tuple[float, float, float] | None:
    """Left and dorsal mm of the middle of the largest hole beside the canal, and its area, mm²; None without one."""
    wall = vertebra.canal_radius_left_mm if sign > 0 else vertebra.canal_radius_right_mm
    holes, count = scipy.ndimage.label(scipy.ndimage.binary_fill_holes(plane) & ~plane)
    best: tuple[float, float, float] | None = None
    for number in range(1, count + 1):
        rows, columns = np.nonzero(holes == number)
        left, dorsal = float(across[columns].mean()), float(back[rows].mean())
        area = len(rows) * PIXEL_MM**2
        beside = BESIDE_MM[0] <= sign * left - wall <= BESIDE_MM[1] and dorsal < vertebra.canal_dorsal_mm
        if beside and AREA_MM2[0] <= area <= AREA_MM2[1] and (best is None or area > best[2]):
            best = left, dorsal, area
    return best


def _as_part(vertebra: Vertebra, side: str, places: Floats) -> Iterator[ModelledPart]:
    """From places (n, 4): left, dorsal, cranial mm and area; nothing where planes do not agree."""
    if len(places) < LEAST_PLANES:
        return
    steady = places[np.linalg.norm(places[:, :2] - np.median(places[:, :2], axis=0), axis=1) <= STRAY_MM]
    if len(steady) < LEAST_PLANES:
        return
    yield ModelledPart(
        structure=f"foramen_transversarium_{vertebra.level}_{side}",
        name=f"{side} foramen transversarium of {vertebra.level}",
        kind="foramen_transversarium",
        level=vertebra.level,
        side=side,
        points_mm=to_patient(vertebra.frame, steady[::-1, :3]),
        width_mm=float(2.0 * np.sqrt(np.median(steady[:, 3]) / np.pi)),
        because=f"the hole in the bone of {vertebra.level} beside its {side} pedicle",
    )
