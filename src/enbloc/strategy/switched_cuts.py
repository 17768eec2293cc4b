"""Cuts as a surgeon switched them: moved by millimetres, the ring opened elsewhere, a sacroiliac joint spared.

Strategy. Each switch is tried alone on the placement. What is impossible (the plan has no such cut, the new one would
enter tumour) leaves the plan's own cut and is said, with the reason. Whether margins hold is measured afterwards, as
for any placement; a cut moved into tumour is refused there.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import distance_to_voxels, surface_points
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import region
from enbloc.intake.switches import RingPart, Side, Switches
from enbloc.resection.cutting.arch_cuts import cut_lamina, cut_pedicle, measure_choices
from enbloc.resection.cutting.place import LAMINA_DEG
from enbloc.resection.cutting.placement import ArchCut, Placement, Plane, Wall, height_above, moved
from enbloc.resection.cutting.sacrum_cuts import JOINT_MM, SACRUM
from enbloc.resection.settings import ResectionSettings

JOINT = "sacroiliac_joint_"


@attrs.frozen(eq=False)
class Switched:
    """A placement after the switches, and those that were refused: by name, with the reason."""

    placement: Placement
    refused: Mapping[str, str]


def switch_cuts(scene: Scene, placement: Placement, switches: Switches, settings: ResectionSettings) -> Switched:
    """The placement as switched.

    Parameters
    ----------
    scene : Scene
    placement : Placement
    switches : Switches
    settings : ResectionSettings
        The least distance from the tumour that a cut beside a spared joint keeps.
    """
    refused: dict[str, str] = {}
    for side, part in switches.ring.items():
        placement, why = _open_ring(scene, placement, side, part, settings)
        refused |= {f"ring.{side}": why} if why else {}
    for structure in switches.spare:
        if structure.startswith(JOINT):
            side = "left" if structure.endswith("left") else "right"
            placement, why = _spare_joint(scene, placement, side, settings)
            refused |= {f"spare.{structure}": why} if why else {}
    for cut, by_mm in switches.move_mm.items():
        plane = cut.replace("_", " ")
        try:
            placement = _noted(moved(placement, plane, by_mm), plane, by_mm)
        except KeyError:
            refused[f"move_mm.{cut}"] = "this plan has no such cut"
    return Switched(placement, refused)


def _noted(placement: Placement, cut: str, by_mm: float) -> Placement:
    """The placement whose moved cut says by how much it was moved."""
    says = f"moved by {by_mm:+g} mm as switched"
    ends = tuple(
        attrs.evolve(end, because=(*end.because, says)) if end.end == cut else end for end in placement.end_cuts
    )
    walls = tuple(
        attrs.evolve(wall, because=(*wall.because, says)) if wall.id == cut else wall for wall in placement.beside
    )
    coronal = placement.coronal
    if coronal is not None and coronal.id == cut:
        coronal = attrs.evolve(coronal, because=(*coronal.because, says))
    return attrs.evolve(placement, end_cuts=ends, beside=walls, coronal=coronal)


def _open_ring(
    scene: Scene, placement: Placement, side: Side, part: RingPart, settings: ResectionSettings
) -> tuple[Placement, str]:
    """The ring cut through another part on one side at every level; unchanged, with the reason, where tumour is met."""
    mine = {at: cut for at, cut in placement.arch_cuts.items() if at[1] == side}
    if not mine:
        return placement, f"this plan does not cut the ring on the {side}"
    tumour = surface_points(scene.grid, scene.tumour)
    cuts: dict[tuple[str, Side], ArchCut] = {}
    for (level, _), old in mine.items():
        choices = measure_choices(scene, tumour, level, side, old.keeps)
        new = cut_pedicle(choices, settings) if part == "pedicle" else cut_lamina(choices, settings, *LAMINA_DEG)
        if new.margin_mm < 0.0:
            return placement, f"the cut through the {side} {part} of {level} would enter tumour"
        cuts[level, side] = attrs.evolve(new, because=(*new.because, f"through the {part} as switched"))
    words = tuple(f"{side} arch cut of {level}:" for level, _ in mine)
    short = tuple(says for says in placement.shortfalls if not says.startswith(words))
    short += tuple(
        f"{side} arch cut of {level}: {cut.margin_mm:.1f} mm instead of {settings.bone_margin_mm:g}"
        for (level, _), cut in cuts.items()
        if cut.margin_mm < settings.bone_margin_mm
    )
    return attrs.evolve(placement, arch_cuts={**placement.arch_cuts, **cuts}, shortfalls=short), ""


def _spare_joint(scene: Scene, placement: Placement, side: Side, settings: ResectionSettings) -> tuple[Placement, str]:
    """The cut beside a sacroiliac joint instead of through it, in the ala; unchanged where tumour comes too near."""
    wall = next((wall for wall in placement.beside if wall.id == f"{side} sacroiliac"), None)
    if wall is None:
        return placement, "this plan does not cut through it"
    joint = _joint_points(scene, side)
    if not len(joint):
        return placement, "it cannot be found on the images"
    voxel = float(scene.grid.spacing_mm.max())
    plane = Plane(wall.plane.origin_mm, wall.plane.normal)
    by_mm = float(height_above(plane, joint).min()) - voxel
    plane = Plane(plane.origin_mm + by_mm * plane.normal, plane.normal)
    nearest = -float(height_above(plane, surface_points(scene.grid, scene.tumour)).max())
    if nearest < settings.least_bone_margin_mm:
        least = settings.least_bone_margin_mm
        met = f"a cut beside it would enter tumour by {-nearest:.1f} mm"
        near = f"a cut beside it would lie {nearest:.1f} mm from tumour, and {least:g} mm are asked for"
        return placement, met if nearest < 0.0 else near
    spared = Wall(wall.id, plane, (f"{side} ala of the sacrum",), ("beside the joint, which is spared as switched",))
    walls = tuple(spared if one is wall else one for one in placement.beside)
    bones = tuple(bone for bone in placement.bones if bone != f"hip_{side}")
    return attrs.evolve(placement, beside=walls, bones=bones), ""


def _joint_points(scene: Scene, side: Side) -> Floats:
    """The sacrum's bone along one hip bone, (n, 3) LPS mm."""
    hip = scene.structures.mask(f"hip_{side}")
    if not hip.any():
        return np.empty((0, 3))
    numbers = [n for n, level in enumerate(scene.vertebrae, start=1) if region(level) == "sacral"]
    sacrum = scene.structures.mask(SACRUM) | np.isin(scene.bone, numbers)
    reach_mm = JOINT_MM + float(scene.grid.spacing_mm.max())
    points: Floats = scene.grid.to_patient(voxels_of(sacrum & (distance_to_voxels(scene.grid, hip) <= reach_mm)))
    return points
