"""Many candidate plans at once: margins at their planes and the bone they lose, without cutting anything out.

Strategy. For one placement the bone that its planes can take stands ready as columns, and the tumour as the corners of
its hull. A candidate is then a handful of planes: the margin at each is a support function, exact for an unbounded
plane and a safe lower bound for a bounded one, and the bone on the inner side of all of them is a look-up per column.
The same evaluation answers a surgeon who drags a cut. A winner is cut out and measured exactly (`specimen`, `margins`).
"""

from __future__ import annotations

import attrs
import numpy as np

from enbloc.anatomy.parts import BODY
from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.space.hulls import corners
from enbloc.resection.cutting.bone_columns import BoneColumns, gather_columns, volumes_inside
from enbloc.resection.cutting.column import arch_taken_off, bone_levels
from enbloc.resection.cutting.end_cuts import near_column
from enbloc.resection.cutting.placement import Placement, Plane, beyond_step
from enbloc.resection.settings import ResectionSettings


@attrs.frozen(eq=False)
class Prepared:
    """What does not change while planes move.

    Parameters
    ----------
    ids : tuple of str
        The planes, in the order of the candidates' arrays.
    tumours_mm : tuple of (n, 3) float, LPS
        For each plane the corners of the tumour that it must clear.
    bodies : BoneColumns
        Bone of the bodies that the planes divide.
    besides_ml : float
        Bone lost whatever the planes: the ring of the resected levels where it is taken off.
    """

    ids: tuple[str, ...]
    tumours_mm: tuple[Floats, ...]
    bodies: BoneColumns
    besides_ml: float


@attrs.frozen(eq=False)
class Evaluation:
    """Of c candidates with p planes: `margins_mm` (c, p), negative where tumour is entered; `bone_lost_ml` (c,)."""

    margins_mm: Floats
    bone_lost_ml: Floats


def planes_of(placement: Placement) -> tuple[tuple[str, Plane], ...]:
    """The planes through the bodies, by the id of their cut: ends first, then what runs along the column."""
    found: list[tuple[str, Plane]] = [(end.end, end.plane) for end in placement.end_cuts]
    if placement.sagittal is not None:
        found.append(("sagittal", placement.sagittal))
    if placement.coronal is not None:
        found.append((placement.coronal.id, placement.coronal.plane))
    return (*found, *((wall.id, wall.plane) for wall in placement.beside))


def prepare(scene: Scene, placement: Placement, settings: ResectionSettings) -> Prepared:
    """Make a scene ready for candidates with the planes of a placement.

    Parameters
    ----------
    scene : Scene
    placement : Placement
        Of a family whose specimen lies inside of all its planes (no cut in the shape of an L).
    settings : ResectionSettings
    """
    names = list(scene.vertebrae)
    levels = [names.index(level) + 1 for level in bone_levels(placement)]
    frame = scene.vertebrae[placement.levels[len(placement.levels) // 2]].frame
    tumour = surface_points(scene.grid, scene.tumour)
    whole = corners(tumour)
    near = {
        "cranial": corners(near_column(scene, placement.levels[0], tumour, settings.bone_margin_mm)),
        "caudal": corners(near_column(scene, placement.levels[-1], tumour, settings.bone_margin_mm)),
    }
    ids = tuple(name for name, _ in planes_of(placement))
    bodies = np.isin(scene.bone, levels) & (scene.parts == BODY)
    for end in placement.end_cuts:
        if end.step is not None:
            where = np.argwhere(bodies)
            left = where[beyond_step(end.step, scene.grid.to_patient(where))]
            bodies[tuple(left.T)] = False
    return Prepared(
        ids=ids,
        tumours_mm=tuple(near.get(name, whole) for name in ids),
        bodies=gather_columns(scene.grid, bodies, frame.cranial),
        besides_ml=float(arch_taken_off(scene, placement).sum()) * scene.grid.voxel_ml,
    )


def poses_of(placement: Placement) -> tuple[Floats, Floats]:
    """Normals (1, p, 3) and offsets (1, p) of a placement's planes, as one candidate."""
    planes = [plane for _, plane in planes_of(placement)]
    normals = np.stack([plane.normal for plane in planes])
    offsets = np.array([float(plane.origin_mm @ plane.normal) for plane in planes])
    return normals[None], offsets[None]


def evaluate(prepared: Prepared, normals: Floats, offsets_mm: Floats) -> Evaluation:
    """Margins and bone of many candidates.

    Parameters
    ----------
    prepared : Prepared
    normals : (c, p, 3) float, LPS unit vectors
        Pointing out of the specimen, the planes in the order of `Prepared.ids`.
    offsets_mm : (c, p) float
        Of each plane along its normal.
    """
    margins = np.empty(offsets_mm.shape)
    for n, tumour in enumerate(prepared.tumours_mm):
        furthest = (normals[:, n] @ tumour.T).max(axis=1) if len(tumour) else np.full(len(normals), -np.inf)
        margins[:, n] = offsets_mm[:, n] - furthest
    return Evaluation(margins, volumes_inside(prepared.bodies, normals, offsets_mm) + prepared.besides_ml)
