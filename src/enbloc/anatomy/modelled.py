"""Roots, segmental arteries, sac, discs and foramina where they must run: modelled, because no program labels them.

Strategy. A root leaves the sac, passes its foramen and goes on a short way outwards: in the trunk close under the upper
pedicle, in the neck low in the foramen. A segmental artery follows the waist of its body from the front to the foramen
under its own pedicle. The sac is taken as wide as the canal, which it nowhere exceeds. A disc stands between two end
plates. What is labelled is not modelled, and what cannot be placed is left out. Ways and widths are the project's own
(ours): round figures to keep clear of, no measurements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.foramina import SIGNS, Foramen, find_foramina
from enbloc.anatomy.parts import BODY, local_coordinates, to_patient
from enbloc.anatomy.scene import ModelledPart, Vertebra
from enbloc.anatomy.vertebrae import ATLAS
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Floats, Grid
from enbloc.foundation.terms.levels import Level, are_contiguous, region
from enbloc.foundation.terms.structures import DURA

ROOT_SHARE: Mapping[str, float] = {"cervical": 0.65, "thoracic": 0.35, "lumbar": 0.35}
"""How far down from its roof a root passes the foramen, by the region of the vertebra below in the neck and of the one
above elsewhere (ours): in the neck low on the next pedicle, in the trunk close under its own."""

ROOT_MM: Mapping[str, float] = {"cervical": 4.0, "thoracic": 3.0, "lumbar": 5.0}
"""Width of a root with its sheath (ours)."""

AXILLA_SHARE = 0.75
"""Where it leaves the sac, as a share of the way from the canal's middle to its lateral wall (ours)."""

LEAVES: Mapping[str, tuple[float, float, float]] = {
    "cervical": (0.8, -0.5, -0.3),
    "thoracic": (0.95, 0.15, -0.25),
    "lumbar": (0.7, -0.4, -0.6),
}
"""Outwards, dorsal and cranial share of a root's way beyond the foramen (ours)."""

BEYOND_MM = 12.0
"""How far beyond the pedicle's outer border a root is followed (ours)."""

VESSEL_MM = 2.0
"""Width of a segmental artery (ours)."""

VESSEL_OFF_MM = 1.0
"""Between the bone of the body and the vessel that runs around it (ours)."""

WAIST_SHARE = 0.15
"""Half the slab at mid height in which the body's waist is read, as a share of its height."""

VESSEL_ANGLES_DEG = tuple(float(angle) for angle in range(0, 101, 10))
"""Places around the body, 0 in front, in its frame."""

SECTOR_DEG = 8.0
LEAST_WAIST_VOXELS = 60


def model_parts(
    grid: Grid,
    bone: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    vertebrae: Mapping[Level, Vertebra],
    labelled: Collection[str],
) -> tuple[ModelledPart, ...]:
    """Everything that can be modelled, in cranio-caudal order by kind.

    Parameters
    ----------
    grid : Grid
    bone : uint8 array
        1 + position in `vertebrae`.
    parts : uint8 array
        Index into `PARTS`.
    vertebrae : mapping of level to Vertebra, cranio-caudal order
    labelled : collection of str
        Structures that have a label, which are not modelled again.
    """
    foramina = find_foramina(grid, bone, parts, vertebrae)
    made = [
        *(_root(foramen, vertebrae) for foramen in foramina),
        *_arteries(grid, bone, parts, vertebrae, foramina),
        *_discs(vertebrae),
        *(_foramen(foramen) for foramen in foramina),
        *_dura(vertebrae),
    ]
    return tuple(part for part in made if part.structure not in labelled)


def root_of(upper: Level, lower: Level) -> Level:
    """The root that leaves between two neighbours: in the neck that of the lower one, C8 above T1, else the upper."""
    if region(lower) == "cervical":
        return lower
    return "C8" if region(upper) == "cervical" else upper


def _root(foramen: Foramen, vertebrae: Mapping[Level, Vertebra]) -> ModelledPart:
    upper, sign = vertebrae[foramen.upper], SIGNS[foramen.side]
    where = region(foramen.upper)
    share = ROOT_SHARE[where]
    gates = np.stack([(1 - share) * pair[0] + share * pair[1] for pair in (foramen.inner_mm, foramen.outer_mm)])
    frame = upper.frame
    inner = local_coordinates(frame, gates[:1])[0]
    # In the trunk the root leaves the sac beside the pedicle, higher than its foramen; in the neck level with it.
    height = inner[2] if where == "cervical" else 0.0
    # It keeps off the canal's wall, which is rounded, until it is below the pedicle.
    inside = [[AXILLA_SHARE * inner[0], inner[1], at] for at in (height, inner[2])]
    start = to_patient(frame, np.array(inside[: 1 if where == "cervical" else 2]))
    outwards = np.array(LEAVES[where]) * (sign, 1, 1)
    away = outwards @ np.stack([frame.left, frame.dorsal, frame.cranial])
    end = gates[1] + BEYOND_MM * away / np.linalg.norm(away)
    name = root_of(foramen.upper, foramen.lower)
    mirrored = "; a pedicle was taken from the other side" if foramen.mirrored else ""
    opening = float(np.linalg.norm(foramen.middle_mm[0] - foramen.middle_mm[1]))
    return ModelledPart(
        structure=f"nerve_root_{name}_{foramen.side}",
        name=f"{foramen.side} {name} nerve root",
        kind="nerve_root",
        level=name,
        side=foramen.side,
        points_mm=np.concatenate([start, gates, end[None]]),
        width_mm=min(ROOT_MM[where], opening / 2),
        because=f"modelled from the pedicles of {foramen.upper} and {foramen.lower}{mirrored}",
    )


def _arteries(
    grid: Grid,
    bone: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    vertebrae: Mapping[Level, Vertebra],
    foramina: tuple[Foramen, ...],
) -> Iterator[ModelledPart]:
    """Around the waist of each thoracic and lumbar body, to the foramen under its pedicle."""
    ends = {(foramen.upper, foramen.side): foramen for foramen in foramina}
    for number, (level, vertebra) in enumerate(vertebrae.items(), start=1):
        if region(level) not in ("thoracic", "lumbar") or not _is_measured(vertebra):
            continue
        points = grid.to_patient(voxels_of((bone == number) & (parts == BODY)))
        local = local_coordinates(vertebra.frame, points) - _centre(vertebra)
        waist = local[np.abs(local[:, 2]) < max(WAIST_SHARE * vertebra.body_height_mm, float(grid.spacing_mm.max()))]
        if len(waist) < LEAST_WAIST_VOXELS:
            continue
        for side, sign in SIGNS.items():
            line = _around(vertebra, waist, sign)
            foramen = ends.get((level, side))
            if foramen is not None:
                share = ROOT_SHARE[region(level)]
                line = np.concatenate([line, [(1 - share) * foramen.outer_mm[0] + share * foramen.outer_mm[1]]])
            yield ModelledPart(
                structure=f"segmental_artery_{level}_{side}",
                name=f"{side} segmental artery of {level}",
                kind="segmental_artery",
                level=level,
                side=side,
                points_mm=line,
                width_mm=VESSEL_MM,
                because=f"modelled around the waist of the body of {level}",
            )


def _around(vertebra: Vertebra, waist: Floats, sign: int) -> Floats:
    """A line (n, 3) LPS mm around one side of a body, from its front; `waist` (n, 3) is its bone from its centre."""
    angle = np.degrees(np.arctan2(sign * waist[:, 0], -waist[:, 1]))
    reach = np.hypot(waist[:, 0], waist[:, 1])
    off = VESSEL_OFF_MM + VESSEL_MM / 2
    places = []
    for wanted in VESSEL_ANGLES_DEG:
        near = np.abs(angle - wanted) < SECTOR_DEG
        if near.any():
            radius = float(reach[near].max()) + off
            turn = np.radians(wanted)
            places.append([sign * radius * np.sin(turn), -radius * np.cos(turn), 0.0])
    line: Floats = to_patient(vertebra.frame, np.array(places) + _centre(vertebra))
    return line


def _is_measured(vertebra: Vertebra) -> bool:
    """Has it a body whose ends were seen?"""
    return vertebra.whole and vertebra.body_height_mm > 0.0


def _centre(vertebra: Vertebra) -> Floats:
    centre: Floats = local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0]
    return centre


def _discs(vertebrae: Mapping[Level, Vertebra]) -> Iterator[ModelledPart]:
    measured = [vertebra for vertebra in vertebrae.values() if _is_measured(vertebra)]
    for upper, lower in pairwise(measured):
        if upper.level == ATLAS or not are_contiguous((upper.level, lower.level)):
            continue
        ends = np.stack([_plate(upper, upper.endplate_caudal_mm), _plate(lower, lower.endplate_cranial_mm)])
        yield ModelledPart(
            structure=f"disc_{upper.level}_{lower.level}",
            name=f"disc {upper.level}/{lower.level}",
            kind="disc",
            level=upper.level,
            side=None,
            points_mm=ends,
            width_mm=(upper.body_width_mm + lower.body_width_mm) / 2,
            because=f"modelled between the end plates of {upper.level} and {lower.level}",
        )


def _plate(vertebra: Vertebra, height_mm: float) -> Floats:
    """Middle of an end plate, LPS mm."""
    place = np.array([*_centre(vertebra)[:2], height_mm])
    plate: Floats = to_patient(vertebra.frame, place[None])[0]
    return plate


def _foramen(foramen: Foramen) -> ModelledPart:
    return ModelledPart(
        structure=f"foramen_{foramen.upper}_{foramen.lower}_{foramen.side}",
        name=f"{foramen.side} foramen {foramen.upper}/{foramen.lower}",
        kind="foramen",
        level=foramen.upper,
        side=foramen.side,
        points_mm=foramen.middle_mm,
        width_mm=float(np.linalg.norm(foramen.outer_mm - foramen.inner_mm, axis=1).mean()),
        because=f"modelled between the pedicles of {foramen.upper} and {foramen.lower}",
    )


def _dura(vertebrae: Mapping[Level, Vertebra]) -> Iterator[ModelledPart]:
    if len(vertebrae) < 2:
        return
    known = list(vertebrae.values())
    yield ModelledPart(
        structure=DURA,
        name="dura (thecal sac)",
        kind="dura",
        level=known[0].level,
        side=None,
        points_mm=np.stack([vertebra.frame.origin_mm for vertebra in known]),
        width_mm=float(np.median([v.canal_radius_left_mm + v.canal_radius_right_mm for v in known])),
        because="modelled as wide as the canal, which it nowhere exceeds",
    )
