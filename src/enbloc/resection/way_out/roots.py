"""The nerve roots that stay: labelled or, as a rule, modelled, and in the way of the specimen like everything kept.

Strategy. A root is a tube of its own width round its middle line. It is taken as rigid, which errs to the safe side: a
root that is freed and held aside leaves more room than this. What is cut according to the plan is no obstacle; of every
other root giving it up is weighed like a piece of bone, by what it costs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

import numpy as np

from enbloc.anatomy.scene import ModelledPart, Scene
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.terms.structures import STRUCTURES, structure_words
from enbloc.resection.sacrifice_tables import ROOTS, RootRule
from enbloc.resection.way_out.pieces import Piece

ROOT = "nerve_root_"

RANKS = {"cut": 5, "keep": 9}
"""Order of cost among the pieces: a root that may be cut goes before the rest of an arch, one that is kept for
a limb goes last (ours)."""

NO_RULE = "the tables state no consequence"

STEP_MM = 0.5
"""Places on a middle line lie so near to each other."""


def find_roots(scene: Scene, given_up: Collection[str]) -> Iterator[Piece]:
    """The roots that stay, each as a piece.

    Parameters
    ----------
    scene : Scene
    given_up : collection of str
        Structures that the plan cuts or resects.
    """
    for number, name in scene.structures.names.items():
        if name.startswith(ROOT) and name not in given_up:
            yield _piece(name, f"the {STRUCTURES[name].name}", scene.structures.values == number)
    for part in _kept(scene, given_up):
        yield _piece(part.structure, f"the {part.name} (modelled, taken as rigid)", _tube(scene, part))


def say_roots(scene: Scene, specimen: Bools, given_up: Collection[str]) -> tuple[Reason, ...]:
    """What is to be said of the roots that stay: how they were taken, and which run through the specimen."""
    kept = tuple(_kept(scene, given_up))
    labelled = any(name.startswith(ROOT) for name in scene.structures.names.values())
    if not kept:
        says = "Nerve roots that are labelled were part of the test." if labelled else (
            "Nerve roots are neither labelled nor modelled here: they were not part of the test.")  # fmt: skip
        return (Reason(says, "measured" if labelled else "modelled", (), "DEL-1"),)
    says = "Kept nerve roots are modelled and taken as rigid; freed and held aside they leave more room than this."
    through = [part.name for part in kept if _runs_through(scene, part, specimen)]
    if not through:
        return (Reason(says, "modelled", (), "DEL-1"),)
    freed = f"Through the specimen run, as modelled: {', '.join(through)}; each is freed from it or given up."
    return (Reason(says, "modelled", (), "DEL-1"), Reason(freed, "modelled", (), "DEL-1"))


def _kept(scene: Scene, given_up: Collection[str]) -> Iterator[ModelledPart]:
    return (part for part in scene.modelled if part.kind == "nerve_root" and part.structure not in given_up)


def _piece(structure: str, words: str, where: Bools) -> Piece:
    level = structure.removeprefix(ROOT).split("_")[0]
    rule = next((rule for rule in ROOTS if level in rule.levels), None)
    cost = f"{structure_words(structure)} cut: {_cost(rule)}" if rule else NO_RULE
    return Piece(structure, words, cost, RANKS["cut" if rule and rule.action == "cut" else "keep"], where)


def _cost(rule: RootRule) -> str:
    return f"{rule.consequence} ({rule.rule}, {rule.status})"


def _tube(scene: Scene, part: ModelledPart) -> Bools:
    """Voxels whose centre lies in the tube."""
    grid, radius = scene.grid, part.width_mm / 2
    index = grid.to_index(part.points_mm)
    more = np.ceil(radius / grid.spacing_mm) + 1
    low = np.clip(np.floor(index.min(axis=0) - more), 0, grid.shape).astype(np.intp)
    high = np.clip(np.ceil(index.max(axis=0) + more) + 1, 0, grid.shape).astype(np.intp)
    tube = np.zeros(grid.shape, dtype=bool)
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    if tube[box].size:
        where = np.indices(tube[box].shape).reshape(3, -1).T + low
        near = _off_line(grid.to_patient(where), part.points_mm) <= radius
        tube[box] = near.reshape(tube[box].shape)
    return tube


def _off_line(points_mm: Floats, line_mm: Floats) -> Floats:
    """Distance (n,) mm of points (n, 3) from a line of straight legs (m, 3)."""
    least = np.full(len(points_mm), np.inf)
    for start, end in pairwise(line_mm):
        leg = end - start
        share = np.clip((points_mm - start) @ leg / max(float(leg @ leg), 1e-12), 0.0, 1.0)
        least = np.minimum(least, np.linalg.norm(points_mm - start - share[:, None] * leg, axis=1))
    return least


def _runs_through(scene: Scene, part: ModelledPart, specimen: Bools) -> bool:
    """Does its middle line pass through voxels of the specimen?"""
    legs = []
    for start, end in pairwise(part.points_mm):
        count = max(int(np.ceil(float(np.linalg.norm(end - start)) / STEP_MM)), 1)
        legs.append(start + np.linspace(0.0, 1.0, count + 1)[:, None] * (end - start))
    at = np.rint(scene.grid.to_index(np.concatenate(legs))).astype(np.intp)
    inside = ((at >= 0) & (at < specimen.shape)).all(axis=1)
    return bool(specimen[tuple(at[inside].T)].any())
