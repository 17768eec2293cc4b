"""Cuts along the column: beside the canal, in front of it, and beside the vertebral arteries.

A half is cut off outside the canal on the healthy side, beyond the margin, with least bone (OST-4). Removal from the
front alone ends on a cut between tumour and posterior wall (BOR-1): the plane that keeps the margin with least bone, no
nearer to the canal than a wall that still holds. In the neck a body is taken out between the vertebral arteries; they
are labelled by nobody as a rule and are modelled beside the body's edge.
"""

from __future__ import annotations

import numpy as np

from enbloc.anatomy.parts import BODY, to_patient
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.space.hulls import corners
from enbloc.foundation.terms.levels import Level
from enbloc.resection.cutting.bone_columns import gather_columns
from enbloc.resection.cutting.placement import Plane, Wall, height_above
from enbloc.resection.cutting.plane_search import Axes, Clearance, cheapest_plane
from enbloc.resection.other_families import ARTERY_LEVELS
from enbloc.resection.plans import Side
from enbloc.resection.settings import ResectionSettings

CORD_GUARD_MM = 2.0
"""A sagittal cut passes this far beside the canal's wall on the healthy side (OST-4 names the side; figure ours)."""

LEAST_SIDE_MM = 4.0
"""What a sagittal cut leaves of a body must be at least this wide; less is a vertebrectomy (ours)."""

LEAST_WALL_MM = 3.0
"""What a cut in front of the canal leaves of the posterior wall; less would break into the canal (ours)."""

ARTERY_GUARD_MM = 1.0
"""A cut beside a body stays this far inside its edge, where the modelled vertebral artery begins (ours)."""


def place_coronal(
    scene: Scene, levels: tuple[Level, ...], tumour_mm: Floats, settings: ResectionSettings
) -> tuple[Wall, tuple[str, ...]] | None:
    """The cut behind the tumour, and what it could not keep; None where no wall would be left in front of the canal.

    Parameters
    ----------
    scene : Scene
    levels : tuple of level
        That are resected.
    tumour_mm : (n, 3) float, LPS
    settings : ResectionSettings
    """
    vertebrae = [scene.vertebrae[level] for level in levels]
    f = vertebrae[len(vertebrae) // 2].frame
    numbers = [list(scene.vertebrae).index(level) + 1 for level in levels]
    bone = gather_columns(scene.grid, np.isin(scene.bone, numbers) & (scene.parts == BODY), f.dorsal)
    back = np.concatenate([_posterior_wall(vertebra) for vertebra in vertebrae])
    tumour = corners(tumour_mm)

    def wall_left(normals: Floats, offsets_mm: Floats) -> Floats:
        left: Floats = (normals @ back.T).min(axis=1) - offsets_mm - LEAST_WALL_MM
        return left

    for margin in settings.margins_tried_mm():
        clear = (Clearance(tumour, margin),)
        found = cheapest_plane(Axes(f.dorsal, f.cranial, f.left), clear, wall_left, bone, settings.end_tilt_deg)
        if found is not None:
            crossed = tuple(f"body of {level}" for level in levels)
            why = ("between tumour and posterior wall, which stays (BOR-1)",)
            short = (
                () if margin >= settings.bone_margin_mm else (f"coronal cut: only {margin:g} mm of bone instead of 10",)
            )
            return Wall("coronal", found.plane, crossed, why), short
    return None


def _posterior_wall(vertebra: Vertebra) -> Floats:
    """Points (n, 3) LPS mm on the wall between body and canal: its corners at both end plates."""
    sides = (-vertebra.canal_radius_right_mm, vertebra.canal_radius_left_mm)
    heights = (vertebra.endplate_caudal_mm, vertebra.endplate_cranial_mm)
    local = np.array([[side, vertebra.canal_ventral_mm, height] for side in sides for height in heights])
    return to_patient(vertebra.frame, local)


def walls_beside_arteries(
    scene: Scene, levels: tuple[Level, ...], tumour_mm: Floats, settings: ResectionSettings
) -> tuple[tuple[Wall, ...], tuple[str, ...]]:
    """Cuts beside the bodies of the neck, inside both vertebral arteries, and what they cannot keep; none below C6."""
    necks = [level for level in levels if level in ARTERY_LEVELS]
    sides: tuple[Side, ...] = ("left", "right")
    walls = tuple(_beside(scene, necks, side) for side in sides if necks)
    gaps = [-float(height_above(wall.plane, tumour_mm).max()) for wall in walls]
    short = tuple(
        f"{wall.id} cut: {gap:.1f} mm to the tumour; the artery leaves no more room"
        for wall, gap in zip(walls, gaps, strict=True)
        if gap < settings.least_bone_margin_mm
    )
    return walls, short


def _beside(scene: Scene, levels: list[Level], side: Side) -> Wall:
    sign = 1.0 if side == "left" else -1.0
    f = scene.vertebrae[levels[len(levels) // 2]].frame
    edges = []
    for level in levels:
        vertebra = scene.vertebrae[level]
        half = vertebra.body_width_mm / 2 - ARTERY_GUARD_MM
        edges.append(float((vertebra.body_centre_mm + sign * half * vertebra.frame.left) @ f.left) * sign)
    normal = sign * f.left
    middle = scene.vertebrae[levels[len(levels) // 2]].body_centre_mm
    origin = middle + (min(edges) - float(middle @ normal)) * normal
    why = (f"inside the modelled {side} vertebral artery, which stays (VES-4)",)
    crossed = tuple(f"{side} edge of {level}" for level in levels)
    return Wall(f"{side} beside the artery", Plane(origin, normal), crossed, why)


def place_sagittal(
    scene: Scene, levels: tuple[Level, ...], side: Side, tumour: Floats, settings: ResectionSettings
) -> tuple[Plane, tuple[str, ...]] | None:
    """Along the midline, outside the canal on the healthy side, and beyond the margin (OST-4), with least bone."""
    sign = 1.0 if side == "left" else -1.0
    middle = scene.vertebrae[levels[len(levels) // 2]]
    f = middle.frame
    numbers = [list(scene.vertebrae).index(level) + 1 for level in levels]
    bone = gather_columns(scene.grid, np.isin(scene.bone, numbers), f.left)
    edge = middle.body_centre_mm - sign * (middle.body_width_mm / 2) * f.left
    canal = np.concatenate([_canal_wall(scene.vertebrae[level], -sign) for level in levels])

    def rest(normals: Floats, offsets_mm: Floats) -> Floats:
        left: Floats = normals @ edge - offsets_mm - LEAST_SIDE_MM
        return left

    axes = Axes(-sign * f.left, f.cranial, f.dorsal)
    for margin in settings.margins_tried_mm():
        clear = (Clearance(corners(tumour), margin), Clearance(canal, CORD_GUARD_MM))
        found = cheapest_plane(axes, clear, rest, bone, settings.sagittal_tilt_deg)
        if found is not None:
            normal, centre = found.plane.normal, middle.body_centre_mm
            origin = centre + ((found.plane.origin_mm - centre) @ normal) * normal
            return Plane(origin, normal), settings.shortfall("sagittal", margin)
    return None


def _canal_wall(vertebra: Vertebra, sign: float) -> Floats:
    """Corners (4, 3) LPS mm of the canal's wall on one side (+1 left): front and back, at both end plates."""
    radius = vertebra.canal_radius_left_mm if sign > 0 else vertebra.canal_radius_right_mm
    depths = (vertebra.canal_ventral_mm, vertebra.canal_dorsal_mm)
    heights = (vertebra.endplate_caudal_mm, vertebra.endplate_cranial_mm)
    local = np.array([[sign * radius, depth, height] for depth in depths for height in heights])
    return to_patient(vertebra.frame, local)
