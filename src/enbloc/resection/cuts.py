"""Cuts: bounded planes with tool width."""

from __future__ import annotations

from typing import Literal

import attrs

from enbloc.foundation.space.grids import Floats

CutKind = Literal["osteotomy", "discectomy", "soft_tissue"]
SawSide = Literal["posterior", "anterior", "left", "right"]


@attrs.frozen
class Reach:
    """How far a straight blade reaches a cut from one side: the share of its face, what is in the way, and why."""

    side: SawSide
    share: float
    blocked_by: tuple[str, ...]
    because: str


@attrs.frozen(eq=False)
class Cut:
    """A bounded plane where the specimen ends.

    Parameters
    ----------
    id : str
        Such as ``"cranial"`` or ``"right pedicle"``; unique in its plan.
    kind : CutKind
    origin_mm : (3,) float, LPS
        A point on the plane, inside the face.
    normal : (3,) float, LPS unit vector
        Points out of the specimen.
    face_mm : (n, 3) float, LPS
        Corners of the convex polygon that the tool must sweep, in order.
    tool_width_mm : float
        Kerf; it lies outside the specimen.
    crosses : tuple of str
        What the tool goes through, such as ``"disc L2/L3"`` or ``"pedicle_right of L3"``.
    because : tuple of str
        Why the cut lies here.
    reach : tuple of Reach
        From each side; empty where it was not looked at.
    """

    id: str
    kind: CutKind
    origin_mm: Floats
    normal: Floats
    face_mm: Floats
    tool_width_mm: float
    crosses: tuple[str, ...]
    because: tuple[str, ...] = ()
    reach: tuple[Reach, ...] = ()
