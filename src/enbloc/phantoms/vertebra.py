"""One vertebra as analytic solids in its own frame.

The sizes are ours: round, plausible numbers for an adult at a few levels, linear in between. They are no statistics
and support no claim about patients. C2 carries the dens; C1 is a ring whose anterior arch, in place of a body, stands
in front of the dens. The sacrum is ordinary-shaped.

The frame: origin = canal centre at mid-pedicle height, u to the patient's left, v dorsal, w cranial.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level, order
from enbloc.phantoms.solids import Bars, Column, HalfRing, SkewBox, Solid, segment_centroid_v_mm

WIDEST = 0.7
"""The body's outline is an ellipse whose widest place lies at this share of the depth from its front (ours)."""
ENDPLATE_ABOVE_PEDICLE_MM = 2.0
"""The cranial endplate lies this far above the pedicle, which so stands in the upper half of the body (ours)."""
JOINT_GAP_MM = 2.0
"""Joint space between the articular processes of neighbours (ours; wide enough to keep labels apart at 1.5 mm)."""


@attrs.frozen
class Front:
    """Body, disc below it, canal and pedicles, mm.

    `pedicle_slant` is how far the pedicle's outer border nears the midline per mm that it goes ventrally. A dens of
    `dens_height_mm` stands on the body's cranial end plate; `dens_room_mm` is how far in front of the canal the body
    begins, to leave room for the dens of the level below.
    """

    body_width_mm: float
    body_depth_mm: float
    body_height_mm: float
    disc_height_mm: float
    canal_width_mm: float
    canal_depth_mm: float
    pedicle_width_mm: float
    pedicle_height_mm: float
    pedicle_slant: float
    dens_height_mm: float = 0.0
    dens_room_mm: float = 0.0


@attrs.frozen
class Arch:
    """Laminae and articular processes.

    Tops, bottoms and reaches are w coordinates, mm; the laminae sink by `lamina_slope` per mm that they go dorsally.
    """

    lamina_thickness_mm: float
    lamina_top_mm: float
    lamina_bottom_mm: float
    lamina_slope: float
    joint_width_mm: float
    joint_depth_mm: float
    superior_reach_mm: float
    inferior_reach_mm: float


@attrs.frozen
class Processes:
    """Spinous and transverse processes; lengths from the lamina's and the pedicle's outer border, mm."""

    spinous_length_mm: float
    spinous_height_mm: float
    spinous_width_mm: float
    spinous_slope: float
    transverse_length_mm: float
    transverse_depth_mm: float
    transverse_height_mm: float
    transverse_dorsal_mm: float
    transverse_slope: float


@attrs.frozen
class Sizes:
    """All sizes of one vertebra."""

    front: Front
    arch: Arch
    processes: Processes


ANCHORS: tuple[Level, ...] = ("C4", "C7", "T6", "T12", "L3", "L5", "S1")
FRONT: Mapping[str, tuple[float, ...]] = {
    "body_width_mm": (22, 28, 28, 38, 44, 48, 50),
    "body_depth_mm": (15, 17, 26, 29, 33, 34, 32),
    "body_height_mm": (13, 15, 20, 25, 28, 28, 30),
    "disc_height_mm": (5, 5, 5, 7, 10, 10, 3),
    "canal_width_mm": (23, 22, 17, 20, 24, 28, 30),
    "canal_depth_mm": (14, 14, 16, 17, 18, 18, 18),
    "pedicle_width_mm": (6, 7, 6, 8, 10, 14, 16),
    "pedicle_height_mm": (8, 9, 12, 15, 15, 14, 18),
    "pedicle_slant": (0.9, 0.7, 0.15, 0.2, 0.2, 0.4, 0.4),
}
ARCH: Mapping[str, tuple[float, ...]] = {
    "lamina_thickness_mm": (4, 5, 6, 6, 7, 7, 6),
    "lamina_top_mm": (4, 4, 5, 6, 7, 6, 8),
    "lamina_bottom_mm": (-7, -8, -11, -14, -15, -13, -14),
    "lamina_slope": (0.3, 0.3, 0.3, 0.2, 0.2, 0.2, 0.2),
    "joint_width_mm": (10, 9, 8, 8, 9, 9, 9),
    "joint_depth_mm": (4, 4.5, 4.5, 5, 6, 6, 6),
    "superior_reach_mm": (7, 8, 10, 13, 16, 16, 14),
    "inferior_reach_mm": (-13, -14, -19, -24, -30, -30, -30),
}
PROCESSES: Mapping[str, tuple[float, ...]] = {
    "spinous_length_mm": (14, 22, 28, 22, 28, 22, 12),
    "spinous_height_mm": (6, 8, 10, 15, 18, 14, 10),
    "spinous_width_mm": (5, 5, 5, 6, 7, 7, 6),
    "spinous_slope": (0.3, 0.4, 0.8, 0.2, 0.1, 0.1, 0.2),
    "transverse_length_mm": (8, 14, 14, 6, 20, 18, 24),
    "transverse_depth_mm": (6, 8, 10, 10, 7, 8, 26),
    "transverse_height_mm": (6, 8, 8, 8, 12, 12, 26),
    "transverse_dorsal_mm": (-2, 2, 4, 4, 1, 0, -8),
    "transverse_slope": (0, 0.3, 0.75, 0.5, 0.15, 0.1, 0),
}
DENS_HALF_MM = (5.0, 5.0)
"""Half width and half depth of the dens (ours)."""

DENS_GAP_MM = 3.0
"""From the dens to the anterior arch of C1 in front of it, and to the lateral masses beside it (ours)."""

LIGAMENT_MM = 1.0
"""From the dens to the canal behind it (ours); the transverse ligament runs there."""

ATLAS = Sizes(
    Front(26, 6, 12, 4, 28, 16, 12, 12, 0.0, dens_room_mm=LIGAMENT_MM + 2 * DENS_HALF_MM[1] + DENS_GAP_MM),
    Arch(5, 4, -4, 0.0, 10, 4, 7, -7),
    Processes(4, 6, 5, 0.0, 10, 8, 8, -2, 0.0),
)
AXIS = Sizes(
    Front(20, 15, 18, 4, 24, 16, 7, 9, 0.5, dens_height_mm=17.0),
    Arch(5, 4, -7, 0.3, 10, 4, 7, -13),
    Processes(20, 9, 7, 0.3, 8, 6, 6, -2, 0.0),
)


def sizes_of(level: Level) -> Sizes:
    """Our plausible sizes of a level, linear between the `ANCHORS` and constant beyond them; C1 and C2 apart."""
    if level in ("C1", "C2"):
        return ATLAS if level == "C1" else AXIS
    at, known = order(level), [order(anchor) for anchor in ANCHORS]
    read = [
        {name: float(np.interp(at, known, row)) for name, row in table.items()} for table in (FRONT, ARCH, PROCESSES)
    ]
    return Sizes(Front(**read[0]), Arch(**read[1]), Processes(**read[2]))


def canal_half_mm(sizes: Sizes) -> tuple[float, float]:
    """Half width and half depth of the canal's ellipse; its ventral wall touches the body's posterior wall."""
    return sizes.front.canal_width_mm / 2.0, sizes.front.canal_depth_mm / 2.0


def endplates_mm(sizes: Sizes) -> tuple[float, float]:
    """Heights of the caudal and the cranial endplate."""
    cranial = sizes.front.pedicle_height_mm / 2.0 + ENDPLATE_ABOVE_PEDICLE_MM
    return cranial - sizes.front.body_height_mm, cranial


def front_mm(sizes: Sizes) -> float:
    """Dorsal coordinate of the body's most ventral point (negative)."""
    return back_mm(sizes) - sizes.front.body_depth_mm


def back_mm(sizes: Sizes) -> float:
    """Dorsal coordinate of the body's posterior wall (negative): the canal's ventral wall, or before the dens."""
    return -canal_half_mm(sizes)[1] - sizes.front.dens_room_mm


def body_column(sizes: Sizes) -> Column:
    """The body: an ellipse cut straight at its posterior wall, between two flat endplates."""
    half_v = WIDEST * sizes.front.body_depth_mm
    return Column(
        centre=(0.0, front_mm(sizes) + half_v),
        half=(sizes.front.body_width_mm / 2.0, half_v),
        heights=endplates_mm(sizes),
        v_max=back_mm(sizes),
    )


def dens_column(sizes: Sizes) -> Column | None:
    """The dens, on the body's cranial end plate and right in front of the canal; None where there is none."""
    if sizes.front.dens_height_mm == 0.0:
        return None
    top = endplates_mm(sizes)[1]
    centre_v = -canal_half_mm(sizes)[1] - LIGAMENT_MM - DENS_HALF_MM[1]
    return Column((0.0, centre_v), DENS_HALF_MM, (top - 1.0, top + sizes.front.dens_height_mm), v_max=0.0)


def body_centroid_mm(sizes: Sizes) -> Floats:
    """(3,) float: centroid of the body in its frame, by formula."""
    body = body_column(sizes)
    v = body.centre[1] + segment_centroid_v_mm(*body.half, body.v_max - body.centre[1])
    return np.array([0.0, v, sum(body.heights) / 2.0])


def pedicle_border_mm(sizes: Sizes, v: Floats) -> Floats:
    """Lateral border of the pedicle at dorsal coordinate v (v between the posterior wall and 0)."""
    border: Floats = canal_half_mm(sizes)[0] + sizes.front.pedicle_width_mm + sizes.front.pedicle_slant * v
    return border


def bone_solids(sizes: Sizes) -> dict[str, Solid]:
    """The solids whose union, without the canal, is the bone."""
    half_u, half_v = canal_half_mm(sizes)
    front, arch, processes = sizes.front, sizes.arch, sizes.processes
    outer_u, tall = half_u + front.pedicle_width_mm, front.pedicle_height_mm / 2.0
    thick, deep, wide = arch.lamina_thickness_mm, arch.joint_depth_mm, arch.joint_width_mm
    root_v = half_v + thick / 2.0
    spine_top = arch.lamina_bottom_mm - arch.lamina_slope * root_v + 0.8 * processes.spinous_height_mm
    beside_dens = DENS_HALF_MM[0] + DENS_GAP_MM if front.dens_room_mm else 0.0
    dens = dens_column(sizes)
    return ({"dens": dens} if dens else {}) | {
        "body": body_column(sizes),
        "pedicles": SkewBox(
            (beside_dens, outer_u),
            (-half_v - front.dens_room_mm, 0.0),
            (-tall, tall),
            u_per_v=front.pedicle_slant,
            paired=True,
        ),
        "laminae": HalfRing(
            (half_u + thick, half_v + thick), (arch.lamina_bottom_mm, arch.lamina_top_mm), arch.lamina_slope
        ),
        "superior": SkewBox(
            (half_u + 2.0, half_u + 2.0 + wide), (0.0, deep), (-2.0, arch.superior_reach_mm), paired=True
        ),
        "inferior": SkewBox(
            (half_u - 3.0, half_u - 3.0 + wide),
            (deep + JOINT_GAP_MM, 2.0 * deep + JOINT_GAP_MM),
            (arch.inferior_reach_mm, arch.lamina_bottom_mm + 6.0),
            paired=True,
        ),
        "spinous": SkewBox(
            (-processes.spinous_width_mm / 2.0, processes.spinous_width_mm / 2.0),
            (root_v, half_v + thick + processes.spinous_length_mm),
            (spine_top - processes.spinous_height_mm, spine_top),
            w_per_v=processes.spinous_slope,
            pivot=root_v,
        ),
        "transverse": Bars(
            (outer_u - 2.0, outer_u + processes.transverse_length_mm),
            processes.transverse_dorsal_mm,
            (processes.transverse_depth_mm / 2.0, processes.transverse_height_mm / 2.0),
            processes.transverse_slope,
        ),
    }
