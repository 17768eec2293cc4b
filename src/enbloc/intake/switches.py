"""What a surgeon changes after seeing a plan: the five switches of PLAN-1, and what they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import attrs

from enbloc.errors import TermError
from enbloc.foundation.terms.levels import parse_level
from enbloc.foundation.terms.structures import parse_structure

Stage = Literal["anterior", "posterior"]
Side = Literal["left", "right"]
RingPart = Literal["pedicle", "lamina"]
MovableCut = Literal["cranial", "caudal", "sagittal", "coronal", "sacral", "left_sacroiliac", "right_sacroiliac"]

_PROCESS = re.compile(
    r"(inferior_articular_process|facet_joint)_([a-z]+\d+)(?:_[a-z]+\d+)?_(left|right)", re.IGNORECASE
)
_SACROILIAC = re.compile(r"(?:(left|right)_)?(?:sacroiliac|si)_joint(?:_(left|right))?", re.IGNORECASE)


@attrs.frozen
class Switches:
    """Changes asked for; an empty value changes nothing.

    Parameters
    ----------
    cut : tuple of structure
        Roots to cut beyond those that the plan cuts, such as ``"nerve_root_L3_left"``.
    spare : tuple of structure
        Structures that the plan gives up and that are to be kept: a root, a vessel, a rib, a joint
        (``"sacroiliac_joint_left"``, ``"inferior_articular_process_L2_left"``).
    move_mm : mapping of cut to mm
        How far a cut is moved away from the specimen's middle; negative towards the tumour.
    order : tuple of stage
        The order of the stages; empty leaves the plan's own.
    ring : mapping of side to part
        Through what the ring is cut on a side.
    """

    cut: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    move_mm: Mapping[MovableCut, float] = attrs.field(factory=dict)
    order: tuple[Stage, ...] = ()
    ring: Mapping[Side, RingPart] = attrs.field(factory=dict)

    @property
    def any(self) -> bool:
        """True when something is asked for."""
        return bool(self.cut or self.spare or self.move_mm or self.order or self.ring)


def parse_switched(text: str) -> str:
    """The word of a structure that can be switched: any structure, or a joint.

    A facet joint is kept by keeping the process that would be taken off it: ``"facet joint L2 L3 left"`` is
    ``"inferior_articular_process_L2_left"``.

    Raises
    ------
    TermError
        If there is no such structure.
    """
    word = re.sub(r"[\s/-]+", "_", text.strip())
    if found := _SACROILIAC.fullmatch(word):
        side = (found[1] or found[2] or "").lower()
        if not side:
            raise TermError(f"'{text}' has no side", remedy="Write sacroiliac_joint_left or sacroiliac_joint_right.")
        return f"sacroiliac_joint_{side}"
    if found := _PROCESS.fullmatch(word):
        return f"inferior_articular_process_{parse_level(found[2])}_{found[3].lower()}"
    return parse_structure(text)
