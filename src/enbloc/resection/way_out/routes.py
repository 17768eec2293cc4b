"""Ways in words, such as ``"6 mm ventrally, then turned by 120 degrees with its left side to the back"``."""

from __future__ import annotations

import numpy as np
import scipy

from enbloc.anatomy.scene import Frame
from enbloc.foundation.space.grids import Floats
from enbloc.resection.way_out.ways import Way

TURN_DEG = 1.0
"""A leg that turns by less than this is a shift."""


def describe(way: Way, axes: Floats, frame: Frame) -> str:
    """The legs of a way, alike ones joined; of a way that turns freely only the sum.

    Parameters
    ----------
    way : Way
    axes : (3, 3) float
        Of the search; the first points outwards to the specimen's side.
    frame : Frame
    """
    if way.kind in ("turned", "planned"):
        return _in_sum(way, axes, frame)
    outer = "left" if float(axes[0] @ frame.left) > 0.0 else "right"
    words: list[tuple[str, float]] = []
    for here, there in zip(way.poses[:-1], way.poses[1:], strict=True):
        turn = (
            scipy.spatial.transform.Rotation.from_quat(there[3:])
            * scipy.spatial.transform.Rotation.from_quat(here[3:]).inv()
        ).as_rotvec(degrees=True)
        leg = there[:3] - here[:3]
        if np.linalg.norm(turn) >= TURN_DEG:
            says, size = f"turned with its {outer} side to the {'back' if turn[2] > 0.0 else 'front'}", abs(turn[2])
        else:
            says, size = _direction(leg @ axes, frame), float(np.linalg.norm(leg))
        if words and words[-1][0] == says:
            size += words.pop()[1]
        words.append((says, size))
    return ", then ".join(_leg(says, size) for says, size in words)


def _leg(says: str, size: float) -> str:
    if says.startswith("turned"):
        return says.replace("turned", f"turned by {size:.0f} degrees", 1)
    return f"{size:.0f} mm {says}"


def _in_sum(way: Way, axes: Floats, frame: Frame) -> str:
    turns = np.degrees(scipy.spatial.transform.Rotation.from_quat(way.poses[:, 3:]).magnitude())
    out = _direction((way.poses[-1, :3] - way.poses[0, :3]) @ axes, frame)
    return f"moved and turned in {len(way.poses)} poses, by up to {turns.max():.0f} degrees, and out {out}"


def _direction(leg_mm: Floats, frame: Frame) -> str:
    """The axes along which a leg mainly runs, the first one first."""
    axes = (("dorsally", "ventrally", frame.dorsal), ("to the left", "to the right", frame.left),
            ("cranially", "caudally", frame.cranial))  # fmt: skip
    unit = leg_mm / max(float(np.linalg.norm(leg_mm)), 1e-9)
    parts = sorted(((float(unit @ axis), ahead, back) for ahead, back, axis in axes), key=lambda p: -abs(p[0]))
    named = [ahead if part > 0.0 else back for part, ahead, back in parts if abs(part) >= 0.5]
    return " and ".join(named)
