"""What stays in the patient while the specimen leaves: the sac, bone, and vessels.

The sac is the labelled dura and cord where the dura is labelled; otherwise the whole canal stands for it, which is too
large and so errs to the safe side. Lungs, muscles and organs are held away and stop nothing. Nerve roots are labelled
by nobody and are not part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.parts import BODY
from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Bools
from enbloc.foundation.terms.structures import DURA, STRUCTURES, level_of
from enbloc.resection.placement import Placement
from enbloc.resection.plans import Geometry, Sacrifice

VESSEL_GUARD_MM = 5.0
"""The specimen passes vessels at this distance, or no nearer than it lies to them at the start (DEL-2, ours)."""

RIB_TAKEN_MM = 30.0
"""Of a rib that is resected, what lies this near to its vertebra: the low end of 3-4 cm beyond the joint (OST-5)."""

SAC, BONE, OTHER_BONE, VESSELS, FIRST_ARCH = 1, 2, 3, 4, 5
"""Codes of what is kept. Bone: bodies, and what stays of the levels resected. Other bone: ribs, sacrum, vertebrae
further away. Arches (with pedicles) of the neighbours are counted from `FIRST_ARCH`, in the scene's order."""


_NAMES: Mapping[int, str] = {
    SAC: "the sac",
    BONE: "the bone that stays beside it",
    OTHER_BONE: "the ribs that stay",
    VESSELS: "the vessels",
}


@attrs.frozen(eq=False)
class Kept:
    """What the specimen must not run into.

    Parameters
    ----------
    codes : uint8 array on the scene's grid
        0 where nothing stops the specimen, else `SAC`, `BONE`, `OTHER_BONE`, `VESSELS` or an arch.
    names : mapping of int to str
        What each code is, in words.
    because : tuple of Reason
        What was taken to be kept, and what was not looked at.
    """

    codes: NDArray[np.uint8]
    names: Mapping[int, str]
    because: tuple[Reason, ...]


def find_kept(scene: Scene, placement: Placement, geometry: Geometry, sacrifices: Sequence[Sacrifice]) -> Kept:
    """What stays when a placement has been cut out.

    Parameters
    ----------
    scene : Scene
    placement : Placement
    geometry : Geometry
        On the scene's grid.
    sacrifices : sequence of Sacrifice
        What is cut or resected is no obstacle.
    """
    given_up = {s.structure for s in sacrifices if s.action in ("cut", "resect")}
    codes = np.zeros(scene.grid.shape, dtype=np.uint8)
    names = dict(_NAMES)
    for number, name in scene.structures.names.items():
        kind = STRUCTURES[name].kind if name in STRUCTURES else None
        if kind == "vessel" and name not in given_up:
            codes[scene.structures.values == number] = VESSELS
        elif kind == "bone" and level_of(name) not in scene.vertebrae:
            there = scene.structures.values == number
            codes[there & ~_taken(scene, name) if name in given_up else there] = OTHER_BONE
    bone = _bone(scene, placement, geometry)
    codes[bone] = BONE
    for n, level in enumerate(scene.vertebrae):
        if level not in placement.levels:
            names[FIRST_ARCH + n] = f"the arch of {level} with its joint processes"
            codes[bone & (scene.bone == n + 1) & (scene.parts != BODY)] = FIRST_ARCH + n
    dura = scene.structures.mask(DURA)
    codes[_sac(scene, dura) & ~scene.tumour] = SAC
    codes[geometry.specimen] = 0
    return Kept(codes, names, _because(bool(dura.any())))


def _bone(scene: Scene, placement: Placement, geometry: Geometry) -> Bools:
    """The remainder, without what is taken off with the arch to free the cord."""
    if not placement.removes_arch:
        return geometry.remainder
    resected = [list(scene.vertebrae).index(level) + 1 for level in placement.levels]
    kept: Bools = geometry.remainder & ~(np.isin(scene.bone, resected) & (scene.parts != BODY))
    return kept


def _sac(scene: Scene, dura: Bools) -> Bools:
    if not dura.any():
        return scene.canal
    return dura | scene.structures.mask("spinal_cord") | scene.structures.mask("cauda_equina")


def _taken(scene: Scene, rib: str) -> Bools:
    """Where a resected rib is taken: near the bone of the vertebra of its number; all of any other structure."""
    level = f"T{rib.rsplit('_', 1)[-1]}"
    if not rib.startswith("rib_") or level not in scene.vertebrae:
        return np.ones(scene.grid.shape, dtype=bool)
    own = scene.bone == list(scene.vertebrae).index(level) + 1
    taken: Bools = distance_to(scene.grid, own) <= RIB_TAKEN_MM
    return taken


def _because(dura_labelled: bool) -> tuple[Reason, ...]:
    sac = "the labelled dura" if dura_labelled else "the whole canal, which stands for the dura"
    return (
        Reason(
            f"Tested against {sac}, the bone that stays with its ribs, and the vessels. Lungs, muscles and organs are "
            "held away.",
            "ours",
            (),
            "DEL-2",
        ),
        Reason("Nerve roots are not labelled: they were not part of the test.", "modelled", (), "DEL-1"),
    )
