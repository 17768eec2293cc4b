"""What stays in the patient while the specimen leaves: the sac, bone, vessels, roots, and the cord within the sac.

The sac is the labelled dura and cord where the dura is labelled; otherwise the whole canal stands for it, which is too
large and so errs to the safe side. Where all roots of the sacrum below a cut are given up on both sides, the sac is
tied and divided there, and its rest leaves with the specimen. Lungs, muscles and organs
are held away or kept closed, as the approach opens them (`corridor`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.anatomy.sacrum import SACRAL_LEVELS, top_of_sacrum
from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import lies_within
from enbloc.foundation.space.grids import Bools
from enbloc.foundation.terms.structures import DURA, SACRUM, SIDES, STRUCTURES, level_of
from enbloc.resection.cuts import Cut
from enbloc.resection.cutting.column import arch_taken_off
from enbloc.resection.cutting.placement import Placement, in_bodies
from enbloc.resection.plans import Geometry, Sacrifice
from enbloc.resection.specimen.solids import in_kerf
from enbloc.resection.way_out.corridor import find_corridor
from enbloc.resection.way_out.pieces import Piece, find_pieces, rib_head, rib_piece
from enbloc.resection.way_out.roots import ROOT, find_roots, say_roots

VESSEL_GUARD_MM = 5.0
"""The specimen passes vessels at this distance, or no nearer than it lies to them at the start (DEL-2, ours)."""

CORD_GUARD_MM = 2.0
"""It passes the labelled cord at this distance, or no nearer than at the start; the canal around it is kept whole where
no dura is labelled, so that this binds only where the dura is (ours)."""

SAC, BONE, OTHER_BONE, VESSELS, CLOSED, FIRST_PIECE = 1, 2, 3, 4, 5, 6
"""Codes of what is kept. Bone: all that is no piece of its own. Other bone: ribs, sacrum, vertebrae further away.
Pieces that could go are counted from `FIRST_PIECE`."""

_NAMES: Mapping[int, str] = {
    SAC: "the sac",
    BONE: "the bone that stays beside it",
    OTHER_BONE: "the ribs that stay",
    VESSELS: "the vessels",
    CLOSED: "soft tissue that the approach does not open",
}


@attrs.frozen(eq=False)
class Kept:
    """What the specimen must not run into.

    Parameters
    ----------
    codes : uint8 array on the scene's grid
        0 where nothing stops the specimen, else `SAC`, `BONE`, `OTHER_BONE`, `VESSELS`, `CLOSED` or a piece.
    names : mapping of int to str
        What each code is, in words.
    pieces : mapping of int to Piece
        What could be given up.
    cord : bool array
        The labelled cord, passed at its own guard.
    tied : bool array on the scene's grid
        Where the sac is no longer, because it is tied above.
    because : tuple of Reason
        What was taken to be kept, and what was not looked at.
    """

    codes: NDArray[np.uint8]
    names: Mapping[int, str]
    pieces: Mapping[int, Piece]
    cord: Bools
    tied: Bools
    because: tuple[Reason, ...]


def find_kept(
    scene: Scene,
    placement: Placement,
    geometry: Geometry,
    sacrifices: Sequence[Sacrifice],
    cuts: Sequence[Cut] = (),
    approach: Sequence[str] = (),
) -> Kept:
    """What stays when a placement has been cut out.

    Parameters
    ----------
    scene : Scene
    placement : Placement
    geometry : Geometry
        On the scene's grid.
    sacrifices : sequence of Sacrifice
        What is cut or resected is no obstacle.
    cuts : sequence of Cut
        What the tool has taken along them is gone.
    approach : sequence of str
        Keeps closed what it does not open.
    """
    given_up = {s.structure for s in sacrifices if s.action in ("cut", "resect")}
    codes = np.zeros(scene.grid.shape, dtype=np.uint8)
    ribs = []
    corridor = find_corridor(scene, approach)
    codes[corridor.closed] = CLOSED
    for number, name in scene.structures.names.items():
        kind = STRUCTURES[name].kind if name in STRUCTURES else None
        if kind == "vessel" and name not in given_up:
            codes[scene.structures.values == number] = VESSELS
        elif kind == "bone" and level_of(name) not in scene.vertebrae:
            there = scene.structures.values == number
            head = rib_head(scene, name)
            codes[there & ~head if name in given_up else there] = OTHER_BONE
            if name.startswith("rib_") and name not in given_up and not head.all():
                ribs.append(rib_piece(name, there & head))
    bone = _bone(scene, placement, geometry)
    codes[bone] = BONE
    others = {name for name in scene.structures.names.values() if name.startswith(("hip_", SACRUM))}
    names = {**_NAMES, OTHER_BONE: "other bone that stays"} if others else dict(_NAMES)
    pieces: dict[int, Piece] = {}
    for piece in (*_once(find_pieces(scene, placement, bone)), *ribs):
        if piece.structure in given_up:
            codes[piece.where] = 0
            continue
        code = FIRST_PIECE + len(pieces)
        names[code], pieces[code] = piece.words, piece
        codes[piece.where] = code
    for root in find_roots(scene, given_up):
        code = FIRST_PIECE + len(pieces)
        names[code], pieces[code] = root.words, root
        codes[root.where & (codes == 0)] = code
    dura = scene.structures.mask(DURA)
    tied = _tied_sac(scene, placement, given_up)
    codes[_sac(scene, dura) & ~scene.tumour & ~tied] = SAC
    soft = [SAC, VESSELS, CLOSED, *(code for code, piece in pieces.items() if piece.structure.startswith(ROOT))]
    bony = (codes > 0) & ~np.isin(codes, soft)
    for cut in cuts:
        codes[bony & in_kerf(scene.grid, bony, cut)] = 0
    codes[geometry.specimen] = 0
    because = (
        *_because(bool(dura.any()), bool(approach)),
        *corridor.because,
        *((TIED,) if tied.any() else ()),
        *say_roots(scene, geometry.specimen, given_up),
    )
    return Kept(codes, names, pieces, scene.structures.mask("spinal_cord"), tied, because)


def narrowed(scene: Scene, kept: Kept) -> Kept | None:
    """The same with a sac that fills the canal no further than `CORD_GUARD_MM` round the labelled cord.

    None where the dura is labelled, which says how wide the sac is, or the cord is not.
    """
    if scene.structures.mask(DURA).any() or not kept.cord.any():
        return None
    codes = kept.codes.copy()
    codes[(codes == SAC) & ~lies_within(scene.grid, kept.cord, CORD_GUARD_MM)] = 0
    return attrs.evolve(kept, codes=codes)


def _once(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Each voxel to the first piece that holds it; what then is empty is left out."""
    taken: Bools | None = None
    for piece in pieces:
        where = piece.where if taken is None else piece.where & ~taken
        taken = where if taken is None else taken | where
        if where.any():
            yield attrs.evolve(piece, where=where)


def _bone(scene: Scene, placement: Placement, geometry: Geometry) -> Bools:
    """The remainder, without what is taken off with the arch to free the cord."""
    kept: Bools = geometry.remainder & ~arch_taken_off(scene, placement)
    return kept


def _sac(scene: Scene, dura: Bools) -> Bools:
    if not dura.any():
        return scene.canal
    return dura | scene.structures.mask("spinal_cord") | scene.structures.mask("cauda_equina")


TIED = Reason(
    "The roots that the sacrum holds below the cut are given up on both sides: the sac is tied and divided above them, "
    "and its rest leaves with the specimen.",
    "ours",
    (),
    "DEL-2",
)


def _tied_sac(scene: Scene, placement: Placement, given_up: Set[str]) -> Bools:
    """The part of the canal below a cut across the sacrum whose roots are all given up; nothing else is divided."""
    tied = np.zeros(scene.grid.shape, dtype=bool)
    last = all(f"nerve_root_{SACRAL_LEVELS[-1]}_{side}" in given_up for side in SIDES)
    if not placement.family.startswith("sacrectomy") or not last:
        return tied
    where = voxels_of(scene.canal)
    points = scene.grid.to_patient(where)
    below = in_bodies(placement, points)
    if any(end.tissue == "bone" for end in placement.end_cuts):  # through L5, whose roots leave the sac above S1
        lowest = list(scene.vertebrae.values())[-1]
        below &= (points - top_of_sacrum(lowest)) @ lowest.frame.cranial < 0.0
    tied[tuple(where[below].T)] = True
    return tied


def _because(dura_labelled: bool, with_corridor: bool) -> tuple[Reason, ...]:
    sac = "the labelled dura" if dura_labelled else "the whole canal, which stands for the dura"
    rest = "A rod is not" if with_corridor else "Lungs, muscles and organs are held away; a rod is not"
    says = f"Tested against {sac}, the bone that stays with its ribs, and the vessels. {rest} part of the test."
    return (Reason(says, "ours", (), "DEL-2"),)
