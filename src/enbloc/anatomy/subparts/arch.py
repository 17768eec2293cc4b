"""The named parts of one vertebra by geometry, in its own frame, from the canal's walls and the pedicles.

Strategy, one idea for each part (ours). *Pedicle*: the side of the canal in front of its middle. *Transverse process*:
what stands out sideways beyond the pedicle; in the neck what lies in front of the joints' pillar. *Superior articular
process*: beside the canal, above a plane from the pedicle's upper edge down to its mid height at the canal's dorsal
wall. *Inferior articular process*: off the midline and below the pedicle, in the trunk by a quarter of its height.
*Spinous process*: further behind the canal's roof, as the midline shows it, than a lamina is thick. *Lamina*: all other
bone of the arch. Where labels name a part, they win (`subregions`).

In C1 what lies in front of the canal's middle is the anterior arch between the lateral masses and these outside; in C2
the dens is what stands on the body, the lateral masses the shoulders beside it. In S1 what stands out sideways is the
ala.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.foramina import HALF, PROFILE_STEP_MM
from enbloc.anatomy.parts import BODY, PEDICLE_LEFT, PEDICLE_RIGHT, Borders
from enbloc.anatomy.scene import Vertebra
from enbloc.anatomy.subparts.names import NUMBER, sided
from enbloc.anatomy.vertebrae import ATLAS, AXIS
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.levels import region

LAMINA_MM: Mapping[str, float] = {"cervical": 4.0, "thoracic": 6.0, "lumbar": 7.0, "sacral": 6.0}
"""Thickness of the laminae where they meet, across them; the spinous process begins behind it (ours)."""

SPINOUS_SHARE = 0.75
"""The spinous process lies within this share of the way from the midline to the canal's side walls (ours)."""

MIDLINE_MM = 2.5
"""Half the strip in which the canal's roof is read."""

ROOF_REACH_MM = 8.0
"""Bone of the midline further behind the canal's dorsal wall than this is no roof of it."""

MOST_SLOPE = 1.2
"""The roof falls back, downwards, by no more than this for each mm of height."""

SUPERIOR_SHARE, INFERIOR_SHARE = 0.6, 0.4
"""The articular processes begin so far from the midline, as shares of the way to the canal's lateral wall (ours)."""

BELOW_SHARE: Mapping[str, float] = {"cervical": 0.0, "thoracic": 0.25, "lumbar": 0.25, "sacral": 0.25}
"""The inferior articular process begins below the pedicle by this share of the pedicle's height (ours)."""

JOINT_BEYOND_MM = 5.0
"""Above the pedicle's upper edge a superior articular process may reach this far beyond the pedicle (ours)."""

BESIDE_SHARE = 0.5
"""In front of the canal's middle, bone nearer to the midline than this share of the way to its wall is body that slopes
back above or below the canal's place, as in S1."""

PILLAR_MM = 12.0
"""In the neck the pillar of the joints reaches this far beyond the canal's lateral wall (ours)."""

PILLAR_FRONT_SHARE = 0.25
"""… and begins this far in front of the canal's middle, as a share of the way to the canal's ventral wall (ours)."""

DENS_HALF_MM = 8.0
"""The dens lies within this of the midline (ours)."""

LEAST_PEDICLE_VOXELS = 12
"""Fewer voxels show no upper and lower edge of a pedicle; joints and laminae are then not told apart."""


@attrs.frozen
class Edges:
    """Height of the upper and of the lower edge of the pedicles, mm in the frame; infinite where none is seen."""

    top_mm: float
    bottom_mm: float


@attrs.frozen(eq=False)
class _Places:
    """Bone in a vertebra's frame: side, distance from the midline, dorsal and cranial mm; and its borders."""

    on_left: Bools
    lateral: Floats
    dorsal: Floats
    cranial: Floats
    wall: Floats
    outer: Floats


def find_subparts(
    vertebra: Vertebra, borders: Borders, parts: NDArray[np.uint8], local_mm: Floats, voxel_mm: float
) -> NDArray[np.uint8]:
    """The named part (index into `SUBPARTS`) of every voxel of one vertebra.

    Parameters
    ----------
    vertebra : Vertebra
    borders : Borders
    parts : (n,) uint8
        Index into `scene.PARTS`.
    local_mm : (n, 3) float
        The voxels' centres in the vertebra's frame.
    voxel_mm : float
        The largest voxel edge.
    """
    on_left = local_mm[:, 0] >= 0.0
    at = _Places(
        on_left=on_left,
        lateral=np.abs(local_mm[:, 0]),
        dorsal=local_mm[:, 1],
        cranial=local_mm[:, 2],
        wall=np.where(on_left, vertebra.canal_radius_left_mm, vertebra.canal_radius_right_mm),
        outer=np.where(on_left, *borders.pedicle_mm) - voxel_mm,
    )
    if vertebra.level == ATLAS:
        return _atlas(vertebra, at, voxel_mm)
    found = _behind(vertebra, borders, parts, at, voxel_mm)
    if vertebra.level == AXIS:
        found = _axis(vertebra, parts, at, found)
    return found


def _behind(
    vertebra: Vertebra, borders: Borders, parts: NDArray[np.uint8], at: _Places, voxel_mm: float
) -> NDArray[np.uint8]:
    """All parts by the rules of the trunk and of the neck."""
    where = region(vertebra.level)
    edges = _edges(parts, at, voxel_mm)
    in_front = at.dorsal < 0.0
    beside = np.isin(parts, (PEDICLE_LEFT, PEDICLE_RIGHT))
    pedicle = in_front & beside
    sloping = pedicle & (at.lateral < BESIDE_SHARE * at.wall)
    beyond = at.lateral > at.outer
    if where == "cervical":
        front_of_pillar = at.dorsal < PILLAR_FRONT_SHARE * vertebra.canal_ventral_mm
        beyond = (beyond & front_of_pillar) | (at.lateral > at.wall + PILLAR_MM)
    beyond |= in_front & ~pedicle
    falling = np.clip(1.0 - at.dorsal / max(borders.behind_mm, 1.0), 0.0, 1.0)
    seen = np.isfinite(edges.top_mm)
    superior = (at.lateral > SUPERIOR_SHARE * at.wall) & (at.cranial > (edges.top_mm * falling if seen else np.inf))
    # Above the pedicle stands a joint even a little beside it: a transverse process leaves lower.
    rises = (at.cranial > edges.top_mm) & (at.lateral < at.outer + JOINT_BEYOND_MM) & ~in_front
    below_mm = edges.bottom_mm - BELOW_SHARE[where] * (edges.top_mm - edges.bottom_mm)
    inferior = (at.lateral > INFERIOR_SHARE * at.wall) & (at.cranial < below_mm)
    spinous = _behind_roof(vertebra, at, LAMINA_MM[where], voxel_mm)
    found = _by_side(
        at,
        (
            (pedicle, "pedicle"),
            (spinous, ""),
            (rises, "superior_articular_process"),
            (beyond, "ala" if where == "sacral" else "transverse_process"),
            (superior, "superior_articular_process"),
            (inferior, "inferior_articular_process"),
        ),
        "lamina",
    )
    found[sloping | (parts == BODY)] = NUMBER["body"]
    return found


def _by_side(at: _Places, rules: tuple[tuple[Bools, str], ...], rest: str) -> NDArray[np.uint8]:
    """The first rule that holds names the part; ``""`` is the spinous process, which has no side."""
    found = np.where(at.on_left, *sided(rest)).astype(np.uint8)
    for holds, name in reversed(rules):
        number = np.where(at.on_left, *sided(name)) if name else NUMBER["spinous_process"]
        found = np.where(holds, number, found).astype(np.uint8)
    return found


def _edges(parts: NDArray[np.uint8], at: _Places, voxel_mm: float) -> Edges:
    """The pedicles' upper and lower edge, where their section falls to half of its largest; both sides together."""
    heights = np.sort(at.cranial[np.isin(parts, (PEDICLE_LEFT, PEDICLE_RIGHT)) & (at.dorsal < 0.0)])
    if len(heights) < LEAST_PEDICLE_VOXELS:
        return Edges(np.inf, -np.inf)
    places = np.arange(heights[0] - voxel_mm, heights[-1] + voxel_mm, PROFILE_STEP_MM)
    areas = np.searchsorted(heights, places + voxel_mm) - np.searchsorted(heights, places - voxel_mm)
    thick = np.flatnonzero(areas >= HALF * areas.max())
    return Edges(float(places[thick[-1]]), float(places[thick[0]]))


def _behind_roof(vertebra: Vertebra, at: _Places, lamina_mm: float, voxel_mm: float) -> Bools:
    """What lies further behind the canal's roof than a lamina is thick, near the midline.

    The roof falls back downwards: a line through the foremost bone of the midline, height by height.
    """
    wall = vertebra.canal_dorsal_mm
    strip = (at.lateral < max(MIDLINE_MM, voxel_mm)) & (at.dorsal > wall / 2)
    rows = np.floor(at.cranial[strip] / voxel_mm).astype(np.intp)
    slope, at_middle, middle = 0.0, wall, 0.0
    if len(rows):
        first = np.full(int(np.ptp(rows)) + 1, np.inf)
        np.minimum.at(first, rows - rows.min(), at.dorsal[strip])
        heights = (np.arange(len(first)) + rows.min() + 0.5) * voxel_mm
        roof = first < wall + ROOF_REACH_MM
        if roof.sum() >= 3:
            middle, at_middle = float(heights[roof].mean()), float(first[roof].mean())
            off = heights[roof] - middle
            slope = float(np.clip((off * first[roof]).sum() / (off**2).sum(), -MOST_SLOPE, 0.0))
    roof_mm = at_middle + slope * (at.cranial - middle)
    thick_mm = lamina_mm * float(np.hypot(1.0, slope))
    near = at.lateral < SPINOUS_SHARE * at.wall
    return np.asarray((at.dorsal > np.maximum(roof_mm, wall) + thick_mm) & near, dtype=bool)


def _atlas(vertebra: Vertebra, at: _Places, voxel_mm: float) -> NDArray[np.uint8]:
    """C1: the anterior arch between the lateral masses, these, the posterior arch and the transverse processes."""
    room = (at.dorsal < vertebra.canal_ventral_mm) & (at.dorsal > 2.0 * vertebra.canal_ventral_mm)
    beside = at.lateral[room]
    inner = float(np.percentile(beside, 2.0)) if len(beside) else DENS_HALF_MM
    in_front = at.dorsal < 0.0
    found = _by_side(
        at,
        (
            (_behind_roof(vertebra, at, LAMINA_MM["cervical"], voxel_mm), ""),
            (at.lateral > at.outer, "transverse_process"),
            (in_front, "lateral_mass"),
        ),
        "lamina",
    )
    found[in_front & (at.lateral < max(inner, DENS_HALF_MM))] = NUMBER["anterior_arch"]
    return found


def _axis(vertebra: Vertebra, parts: NDArray[np.uint8], at: _Places, found: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """C2: the dens on the body, and the lateral masses beside it."""
    above = at.cranial > vertebra.endplate_cranial_mm
    dens = (parts == BODY) & above & (at.lateral < DENS_HALF_MM)
    shoulder = (at.dorsal < 0.0) & (at.lateral >= DENS_HALF_MM) & (at.lateral <= at.outer) & (at.cranial > 0.0)
    found = np.where(shoulder, np.where(at.on_left, *sided("lateral_mass")), found)
    return np.where(dens, NUMBER["dens"], found).astype(np.uint8)
