"""What a surgeon changes after seeing a plan: the five switches of PLAN-1, and what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

Stage = Literal["anterior", "posterior"]
MovableCut = Literal["cranial", "caudal", "sagittal"]


@attrs.frozen
class Switches:
    """Changes asked for; an empty value changes nothing.

    Parameters
    ----------
    cut : tuple of structure
        Roots to cut beyond those that the plan cuts, such as ``"nerve_root_L3_left"``.
    spare : tuple of structure
        Structures that the plan gives up and that are to be kept: a root, a vessel, a rib, ``"sacroiliac_joint_left"``.
    move_mm : mapping of cut to mm
        How far a cut is moved away from the specimen's middle; negative towards the tumour.
    order : tuple of stage
        The order of the stages; empty leaves the plan's own.
    """

    cut: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    move_mm: Mapping[MovableCut, float] = attrs.field(factory=dict)
    order: tuple[Stage, ...] = ()

    @property
    def any(self) -> bool:
        """True when something is asked for."""
        return bool(self.cut or self.spare or self.move_mm or self.order)
