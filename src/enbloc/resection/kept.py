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
from enbloc.foundation.space.distances import distance_to, outward
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.terms.structures import DURA, STRUCTURES, level_of
from enbloc.resection.placement import Placement
from enbloc.resection.plans import Geometry, Sacrifice

VESSEL_GUARD_MM = 5.0
"""The specimen passes a vessel at this distance; a vessel that it is nearer to from the start, no nearer (DEL-2, ours)."""

RIB_TAKEN_MM = 30.0
"""Of a rib that is resected, what lies this near to its vertebra: the low end of 3-4 cm beyond the joint (OST-5)."""

SAC, BONE, OTHER_BONE, FIRST_VESSEL = 1, 2, 3, 4
"""Codes of what is kept. Other bone: ribs, sacrum and vertebrae further away."""


@attrs.frozen(eq=False)
class Kept:
    """What the specimen must not run into.

    Parameters
    ----------
    codes : uint8 array on the scene's grid
        0 where nothing stops the specimen, else `SAC`, `BONE`, `OTHER_BONE`, or a vessel from `FIRST_VESSEL` on.
    names : mapping of int to str
        What each code is, in words.
    because : tuple of Reason
        What was taken to be kept, and what was not looked at.
    """

    codes: NDArray[np.uint8]
    names: Mapping[int, str]
    because: tuple[Reason, ...]


@attrs.frozen(eq=False)
class Fields:
    """Distances on one grid, mm, from voxel centres to the surface of what is kept.

    `real` is the plain distance. In `allowed` each vessel is as much nearer as it has to be passed at, so that zero is
    the limit for everything.
    """

    real: Floats
    allowed: Floats


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
    names = {SAC: "the sac", BONE: "the bone that stays", OTHER_BONE: "ribs and further bone"}
    for number, name in scene.structures.names.items():
        kind = STRUCTURES[name].kind if name in STRUCTURES else None
        if kind == "vessel" and name not in given_up:
            code = max(names) + 1
            names[code] = STRUCTURES[name].name
            codes[scene.structures.values == number] = code
        elif kind == "bone" and level_of(name) not in scene.vertebrae:
            there = scene.structures.values == number
            codes[there & ~_taken(scene, name) if name in given_up else there] = OTHER_BONE
    codes[_bone(scene, placement, geometry)] = BONE
    dura = scene.structures.mask(DURA)
    codes[_sac(scene, dura) & ~scene.tumour] = SAC
    codes[geometry.specimen] = 0
    return Kept(codes, names, _because(bool(dura.any())))


def measure_fields(grid: Grid, codes: NDArray[np.uint8], specimen: Bools) -> Fields:
    """Distance fields of what is kept, on any grid.

    Parameters
    ----------
    grid : Grid
    codes : uint8 array
        As in `Kept`.
    specimen : bool array
        Where the specimen lies; gives the distance of each vessel at the start.
    """
    solid = distance_to(grid, (codes > 0) & (codes < FIRST_VESSEL))
    real, allowed = solid, solid
    from_specimen = outward(grid, specimen)
    near: dict[int, float] = {}
    for code in np.unique(codes[codes >= FIRST_VESSEL]):
        gap = float(from_specimen[codes == code].min())
        if gap < VESSEL_GUARD_MM:
            near[int(code)] = max(gap - float(grid.spacing_mm.min()) / 2, 0.0)
    far = (codes >= FIRST_VESSEL) & ~np.isin(codes, list(near))
    for vessel, guard in ((far, VESSEL_GUARD_MM), *((codes == code, gap) for code, gap in near.items())):
        if vessel.any():
            distance = distance_to(grid, vessel)
            real, allowed = np.minimum(real, distance), np.minimum(allowed, distance - guard)
    return Fields(real, allowed)


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
            f"Kept clear of: {sac}; the bone that stays, ribs included; vessels, by {VESSEL_GUARD_MM:g} mm or no less "
            "than at the start. Lungs, muscles and organs are held away.",
            "ours",
            (),
            "DEL-2",
        ),
        Reason("Nerve roots are not labelled: they were not part of the test.", "modelled", (), "DEL-1"),
    )
