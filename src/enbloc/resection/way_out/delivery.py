"""Can the specimen be brought out past the cord?

Strategy. A specimen that closes round the sac is locked: *no*. Otherwise a way is sought (`ways`): shifted, turned
about the cord, moved freely; one that holds on the labels' own grid without touching anything kept is *yes*. One that
touches, within the error of the labels, is *unknown*: it is shown, with what it touches. One that is proved to be held
wherever it moves (`cage`) is *no* as well. All else is *unknown*, since a search is no proof. What, given up, would
open a way is then proposed with its cost (`giving_up`), and what holds the specimen is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from enbloc.anatomy.scene import Frame, Scene
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import lies_within
from enbloc.foundation.space.grids import Bools
from enbloc.resection.cuts import Cut
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.plans import Delivery, Geometry, Proposal, Sacrifice
from enbloc.resection.way_out.cage import find_cage
from enbloc.resection.way_out.giving_up import (
    Choice,
    find_shifted,
    find_touched,
    find_turned,
    is_hopeless,
    measure_lack,
)
from enbloc.resection.way_out.kept import CORD_GUARD_MM, FIRST_PIECE, SAC, VESSEL_GUARD_MM, Kept, find_kept, narrowed
from enbloc.resection.way_out.motion import to_matrices
from enbloc.resection.way_out.passage import build_box, is_open, least_of
from enbloc.resection.way_out.ring import closes_round
from enbloc.resection.way_out.roots import ROOT
from enbloc.resection.way_out.routes import describe
from enbloc.resection.way_out.ways import (
    LET_GO_MM,
    Surroundings,
    Way,
    find_clear_way,
    find_ways,
    look_around,
    look_narrower,
)

NARROW = (
    f"if the sac is no wider than the labelled cord and {CORD_GUARD_MM:g} mm round it, which MRI shows (here the whole "
    "canal stands for it), "
)
RING = Reason(
    "The bone of the specimen closes round the sac: without another cut through the ring it cannot leave.",
    "measured",
    (),
    "RING-1",
)
NOT_FOUND = (
    "No way out was found, neither shifted nor turned about the cord nor moved freely; that none exists is not proved."
)
NO_CANAL = Reason("The canal is not known: whether the specimen passes the cord cannot be said.", "measured")
TOO_NARROW = "A way is open within the error of the labels, but it could not be proved."
CUFF_MM = 5.0
"""Soft tissue of the specimen this near to tumour is its margin and does not give way (ours)."""

PIECES = "the neighbours' joints and arches"
KEPT_ROOTS = "the nerve roots that stay"
KINDS = {
    "shifted": "A way was found without turning the specimen",
    "swept": "A way was found that turns the specimen about the axis of the cord",
    "turned": "A way was found that shifts the specimen and turns it about the axis of the cord",
    "planned": "A way was found that moves and turns the specimen freely",
}


def judge_delivery(
    scene: Scene,
    placement: Placement,
    geometry: Geometry,
    approach: Sequence[str],
    sacrifices: Sequence[Sacrifice],
    cuts: Sequence[Cut] = (),
) -> Delivery:
    """Whether the specimen can leave, and on which way.

    Parameters
    ----------
    scene : Scene
    placement : Placement
    geometry : Geometry
        Specimen and remainder on the scene's grid.
    approach : sequence of str
        ``"posterior"``, ``"anterior left"`` …: the specimen leaves through one of them.
    sacrifices : sequence of Sacrifice
        What is given up is no obstacle.
    cuts : sequence of Cut
        What the tool takes is gone.
    """
    kept = find_kept(scene, placement, geometry, sacrifices, cuts, approach)
    if not (kept.codes == SAC).any():
        return _unknown((NO_CANAL, *kept.because))
    frame = scene.vertebrae[placement.levels[len(placement.levels) // 2]].frame
    solid = geometry.specimen & ((scene.bone > 0) | scene.tumour)
    if closes_round(scene, _beside_sac(scene, solid, kept, frame), kept.codes == SAC, frame):
        return Delivery("no", None, (RING, *kept.because), Unknown("there is no way out"), ())
    ways = tuple(way for way, word in (("dorsal", "posterior"), ("ventral", "anterior")) if _opens(approach, word))
    if not ways:
        return _unknown((Reason("No approach is given through which it could leave.", "measured"), *kept.because))
    hard = hard_part(scene, geometry.specimen)
    box = build_box(scene, hard, kept, frame, ways)
    around = look_around(scene, hard, kept, frame, box, ways)
    way = find_ways(around)
    if way is not None and way.touches:
        way = find_clear_way(around) or way
    if way is not None:
        path, route, least = to_matrices(around.body, way.poses), describe(way, box.axes, frame), _least(scene, way)
        if not way.touches:
            return Delivery("yes", route, (*_found(way), *kept.because), least, path)
        because = (_touching(around, way), *_found(way)[1:], *kept.because)
        return Delivery("unknown", route, because, least, path)
    caged = find_cage(scene, solid, kept)
    proposals = _propose(around)
    said = tuple(Reason(proposal.says, "measured", (), "DEL-2") for proposal in proposals)
    if caged is not None:
        none = Unknown("there is no way out")
        return Delivery("no", None, (_locked(caged), *said, *kept.because), none, (), proposals)
    held = () if proposals else (*_hindrance(around), *_lack(around))
    reasons = (Reason(NOT_FOUND, "ours", (), "DEL-2"), *said, *held, *kept.because)
    return Delivery("unknown", None, reasons, Unknown("no way was found to measure it on"), (), proposals)


def _beside_sac(scene: Scene, solid: Bools, kept: Kept, frame: Frame) -> Bools:
    """What of the specimen lies as high as the sac runs; all of it where the sac is not tied."""
    if not kept.tied.any():
        return solid
    ends = float((scene.grid.to_patient(voxels_of(kept.tied)) @ frame.cranial).max())
    where = voxels_of(solid)
    beside = np.zeros_like(solid)
    beside[tuple(where[scene.grid.to_patient(where) @ frame.cranial > ends].T)] = True
    return beside


def hard_part(scene: Scene, specimen: Bools) -> Bools:
    """Bone, tumour and the cuff around it: the disc that hangs on the specimen gives way."""
    hard: Bools = specimen & ((scene.bone > 0) | lies_within(scene.grid, scene.tumour, CUFF_MM))
    return hard


def _locked(bound_mm: float) -> Reason:
    says = (
        "Locked: however it is shifted or turned, the specimen runs into bone that stays, the labelled cord or the "
        f"labelled dura, deeper than the labels' error, before any of it has moved {bound_mm:.0f} mm. Neighbouring "
        "vertebrae are taken to stay where they are."
    )
    return Reason(says, "measured", (), "DEL-2")


def _opens(approach: Sequence[str], word: str) -> bool:
    return any(step.startswith((word, "simultaneous")) for step in approach)


def _least(scene: Scene, way: Way) -> Estimate:
    error = scene.label_error_mm * float(np.sqrt(2.0))
    return Estimate(way.least_mm, way.least_mm - error, way.least_mm + error, "mm", f"label borders, +-{error:.2f} mm")


def _propose(around: Surroundings) -> tuple[Proposal, ...]:
    """Ways that are open with pieces given up; if none, those with a sac that is not as wide as the canal."""
    choices = find_shifted(around)
    kept = narrowed(around.scene, around.kept)
    room = look_narrower(around, kept) if kept and not choices else None
    if choices or is_hopeless(room or around):
        return tuple(_proposal(around, choice, "") for choice in choices)
    choices = find_turned(around)
    if choices or room is None:
        return tuple(_proposal(around, choice, "") for choice in choices)
    way = find_ways(room, guarded=False)
    return tuple(_proposal(room, choice, NARROW) for choice in ((Choice((), way),) if way else find_turned(room)))


def _proposal(around: Surroundings, choice: Choice, provided: str) -> Proposal:
    pieces = [around.kept.pieces[code] for code in choice.gone]
    costs = "; ".join(dict.fromkeys(piece.cost for piece in pieces))
    without = f"without {' and '.join(piece.words for piece in pieces)} " if pieces else ""
    opens = "may be" if choice.way.touches else "is"
    least = f"from {LET_GO_MM:g} mm on it {_least_words(choice.way)}"
    cost = f"; the cost: {costs}" if costs else ""
    says = f"{provided}{without}a way {opens} open; {least}{cost}."
    says = says[0].upper() + says[1:]
    return Proposal(
        without=tuple(piece.structure for piece in pieces),
        says=says,
        route=describe(choice.way, around.box.axes, around.frame),
        least_clearance=_least(around.scene, choice.way),
        path=to_matrices(around.body, choice.way.poses),
    )


def _lack(around: Surroundings) -> tuple[Reason, ...]:
    deep = measure_lack(around)
    if not deep:
        return ()
    into = ", ".join(f"{depth:.1f} mm of {name}" for name, depth in deep)
    says = (
        f"The way that was found to lack least would need {into}; of the sac, as far as it is narrower than the canal."
    )
    return (Reason(says if around.kept.names[SAC] in into else f"{says.split(';')[0]}.", "measured", (), "DEL-2"),)


def _hindrance(around: Surroundings) -> tuple[Reason, ...]:
    """The fewest kinds of things that hold a specimen that is not turned, together or each on its own."""
    box, kept = around.box, around.kept
    groups = {name: [code] for code, name in kept.names.items() if code < FIRST_PIECE}
    for code, piece in kept.pieces.items():
        groups.setdefault(KEPT_ROOTS if piece.structure.startswith(ROOT) else PIECES, []).append(code)
    each = around.shifts_mm
    fields = {name: least_of(box, each, codes) for name, codes in groups.items() if any(code in each for code in codes)}
    for count in range(len(fields)):
        for gone in combinations(fields, count):
            least = np.minimum.reduce([field for name, field in fields.items() if name not in gone])
            if is_open(box, least, around.ways):
                says = f"Not turned, it is held by {' and '.join(gone)}." if gone else TOO_NARROW
                return (Reason(says, "measured", (), "DEL-2"),)
    return ()


def _unknown(because: tuple[Reason, ...]) -> Delivery:
    return Delivery("unknown", None, because, Unknown("no way was found to measure it on"), ())


def _least_words(way: Way) -> str:
    if way.least_mm < 0.0 and not way.touches:
        return f"runs along the canal's wall, which stands for the dura, {-way.least_mm:.1f} mm within it at most"
    if way.least_mm < 0.0:
        return f"touches what is kept, by {-way.least_mm:.1f} mm, which is within the error of the labels"
    return f"keeps {way.least_mm:.1f} mm from everything kept"


def _touching(around: Surroundings, way: Way) -> Reason:
    """What a way touches within the error of the labels: whether it is open cannot be said."""
    touched = [around.kept.names[code] for code in find_touched(around, way)] or ["what is kept"]
    says = (
        f"Whether a way is open cannot be said: the best that was found touches {' and '.join(touched)} by "
        f"{-way.least_mm:.1f} mm, which is within the error of the labels. Finer labels there settle it."
    )
    return Reason(says, "measured", (), "DEL-2")


def _found(way: Way) -> tuple[Reason, ...]:
    says = f"{KINDS[way.kind]}; from {LET_GO_MM:g} mm on it {_least_words(way)}."
    found = Reason(says, "measured", (), "DEL-2")
    if way.vessels_mm >= VESSEL_GUARD_MM:
        return (found,)
    near = f"It comes as near as {max(way.vessels_mm, 0.0):.1f} mm to a vessel, which must be freed and held away."
    return (found, Reason(near, "measured", (), "DEL-2"))
