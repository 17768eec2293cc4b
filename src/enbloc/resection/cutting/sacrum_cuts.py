"""The cuts of a sacrectomy.

The sacrum is one label, or a first level and the rest. Its own axes follow from its label: the long axis from the
middles of its upper and lower part, the left axis from the lowest vertebra that has a frame. Its five levels are the
ones that anatomy models along the bone, so that tumour and cut are counted alike; only where no body above could be
measured are they fifths of its length. A partial resection is cut across above the tumour, with the plane that keeps
the margin with least bone; a half also along it, beside the midline; a total one through the disc above and both
sacroiliac joints, or further out in the ilium where tumour comes too near.
"""

from __future__ import annotations

import attrs
import numpy as np

from enbloc.anatomy.parts import BODY, to_patient
from enbloc.anatomy.sacrum import PIXEL_MM, SACRAL_LEVELS
from enbloc.anatomy.scene import Sacrum, Scene
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import distance_to_voxels
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.space.hulls import corners
from enbloc.foundation.terms.levels import Level, region
from enbloc.resection.cutting.bone_columns import gather_columns
from enbloc.resection.cutting.end_cuts import place_end_cut
from enbloc.resection.cutting.placement import EndCut, Placement, Plane, Wall, height_above
from enbloc.resection.cutting.plane_search import Axes, Clearance, cheapest_plane
from enbloc.resection.plans import Option, Side
from enbloc.resection.settings import ResectionSettings

SACRUM = "sacrum"

LEAST_S1_MM = 12.0
"""A cut across the sacrum leaves so much of it above; less carries nothing, and the resection is total (ours)."""

JOINT_MM = 4.0
"""Sacrum within this distance of the hip bone is the sacroiliac joint."""

LEAST_JOINT_VOXELS = 30


@attrs.frozen(eq=False)
class _Sacrum:
    """The bone, its axes (LPS, unit) and its ends along the cranial axis (mm from the patient's origin)."""

    bone: Bools
    cranial: Floats
    left: Floats
    top_mm: float
    bottom_mm: float
    middle_mm: Floats


def place_sacrectomy(scene: Scene, option: Option, tumour_mm: Floats, settings: ResectionSettings) -> Placement | None:
    """The cuts of a sacrectomy; None where the sacrum is not labelled or its cuts find no room.

    Parameters
    ----------
    scene : Scene
    option : Option
        Of a family of the sacrum; with a side it is one half.
    tumour_mm : (n, 3) float, LPS
    settings : ResectionSettings
    """
    sacrum = _measure(scene)
    if sacrum is None:
        return None
    walls: list[Wall] = []
    short: list[str] = []
    above = None if option.family == "sacrectomy_total" else _across(scene, sacrum, tumour_mm, settings)
    ends: tuple[EndCut, ...] = ()
    if above is not None:
        walls.append(above[0])
        short += above[1]
    elif option.family == "sacrectomy_total" or option.side is not None:
        first = next((level for level in scene.vertebrae if region(level) == "sacral"), None)
        if first is None:
            return None
        end, end_short = place_end_cut(scene, tumour_mm, first, "cranial", settings)
        ends, short = (end,), [*short, *end_short]
        joints: tuple[Side, ...] = (option.side,) if option.side else ("left", "right")
        for side in joints:
            joint = _joint(scene, sacrum, side, tumour_mm, settings)
            if joint is not None:
                walls.append(joint)
            else:
                short.append(f"{side} sacroiliac joint: the hip bone is not labelled")
    else:
        return None
    if option.side is not None:
        along = _along(scene, sacrum, option.side, tumour_mm, settings)
        if along is None:
            return None
        walls.append(along[0])
        short += along[1]
    hips = [f"hip_{wall.id.split()[0]}" for wall in walls if wall.crosses[0].endswith("ilium")]
    first_out = walls[0].crosses[0].split()[2] if above is not None else "S1"
    lumbar = tuple(level for level in option.levels if region(level) != "sacral")
    taken = [level for level in scene.vertebrae if region(level) == "sacral"]
    return Placement(
        family=option.family,
        levels=tuple(taken),
        end_cuts=ends,
        arch_cuts={},
        sagittal=None,
        side=option.side,
        arch_off=_free_arch(scene, ends),
        shortfalls=tuple(short),
        beside=tuple(walls),
        bones=(SACRUM, "coccyx", *hips),
        resects=(*lumbar, *(f"S{n}" for n in range(int(first_out[1]), len(SACRAL_LEVELS) + 1))),
        cuff_from=("gluteus", "piriformis"),
    )


def _free_arch(scene: Scene, ends: tuple[EndCut, ...]) -> tuple[Level, ...]:
    """The lumbar vertebra that an end cut goes through, if its arch is free: taken off, its ring locks no sac."""
    through = [end.neighbour for end in ends if end.tissue == "bone" and end.neighbour is not None]
    held = np.unique(scene.bone[scene.tumour & (scene.parts != BODY)])
    return tuple(level for level in through if list(scene.vertebrae).index(level) + 1 not in held)


def _measure(scene: Scene) -> _Sacrum | None:
    numbers = [n for n, level in enumerate(scene.vertebrae, start=1) if region(level) == "sacral"]
    bone = scene.structures.mask(SACRUM) | np.isin(scene.bone, numbers)
    points = scene.grid.to_patient(voxels_of(bone))
    if len(points) < LEAST_JOINT_VOXELS or not scene.vertebrae:
        return None
    frame = scene.vertebrae[list(scene.vertebrae)[-1]].frame
    height = points @ frame.cranial
    upper, lower = height > np.quantile(height, 0.75), height < np.quantile(height, 0.25)
    cranial = points[upper].mean(axis=0) - points[lower].mean(axis=0)
    cranial /= np.linalg.norm(cranial)
    left = frame.left - (frame.left @ cranial) * cranial
    left /= np.linalg.norm(left)
    along = points @ cranial
    return _Sacrum(bone, cranial, left, float(along.max()), float(along.min()), points.mean(axis=0))


def _across(
    scene: Scene, sacrum: _Sacrum, tumour_mm: Floats, settings: ResectionSettings
) -> tuple[Wall, tuple[str, ...]] | None:
    """The cut across, above the tumour; None where too little of S1 would be left."""
    bone = gather_columns(scene.grid, sacrum.bone, sacrum.cranial)
    dorsal = np.cross(sacrum.cranial, sacrum.left)
    tumour = corners(tumour_mm)
    top = sacrum.middle_mm + (sacrum.top_mm - float(sacrum.middle_mm @ sacrum.cranial)) * sacrum.cranial

    def rest(normals: Floats, offsets_mm: Floats) -> Floats:
        left: Floats = normals @ top - offsets_mm - LEAST_S1_MM
        return left

    axes = Axes(sacrum.cranial, dorsal, sacrum.left)
    for margin in settings.margins_tried_mm():
        found = cheapest_plane(axes, (Clearance(tumour, margin),), rest, bone, settings.end_tilt_deg)
        if found is not None:
            middle = sacrum.middle_mm
            normal = found.plane.normal
            origin = middle + ((found.plane.origin_mm - middle) @ normal) * normal
            plane = Plane(origin, normal)
            name, how = _level_at(scene.sacrum, plane) if scene.sacrum else _fifth_at(sacrum, plane)
            why = (f"across {name} ({how}), {margin:g} mm above the tumour",)
            short = (
                () if margin >= settings.bone_margin_mm else (f"sacral cut: only {margin:g} mm of bone instead of 10",)
            )
            return Wall("sacral", plane, (f"sacrum at {name} (modelled)",), why), short
    return None


def _level_at(sacrum: Sacrum, plane: Plane) -> tuple[Level, str]:
    """The sacral level that a plane crosses in the midline, and how well that is known."""
    f = sacrum.frame
    local = np.column_stack([np.full(len(sacrum.places_mm), sacrum.middle_mm), sacrum.places_mm])
    off = np.abs(height_above(plane, to_patient(f, local)))
    down = float(np.median(sacrum.along_mm[off <= max(PIXEL_MM, float(off.min()))]))
    n = int(np.searchsorted(sacrum.junctions_mm[:-1], down, side="right"))
    near = np.flatnonzero(np.abs(down - sacrum.junctions_mm[:-1]) < sacrum.errors_mm[:-1])
    how = "levels modelled along the bone"
    if len(near):
        above = int(near[np.argmin(np.abs(down - sacrum.junctions_mm[near]))])
        how += f"; {SACRAL_LEVELS[above]} and {SACRAL_LEVELS[above + 1]} meet there, within the error"
    return SACRAL_LEVELS[n], how


def _fifth_at(sacrum: _Sacrum, plane: Plane) -> tuple[Level, str]:
    """The fifth of the sacrum that a plane crosses."""
    share = (sacrum.top_mm - float(plane.origin_mm @ sacrum.cranial)) / max(sacrum.top_mm - sacrum.bottom_mm, 1e-6)
    fifth = min(max(int(share * len(SACRAL_LEVELS)), 0), len(SACRAL_LEVELS) - 1)
    return SACRAL_LEVELS[fifth], "levels modelled as fifths"


def _along(
    scene: Scene, sacrum: _Sacrum, side: Side, tumour_mm: Floats, settings: ResectionSettings
) -> tuple[Wall, tuple[str, ...]] | None:
    """The cut along the sacrum beside the midline, on the healthy side where tumour asks for it."""
    sign = 1.0 if side == "left" else -1.0
    bone = gather_columns(scene.grid, sacrum.bone, sacrum.left)
    dorsal = np.cross(sacrum.cranial, sacrum.left)
    points = scene.grid.to_patient(voxels_of(sacrum.bone))
    edge = points[int(np.argmin(sign * (points @ sacrum.left)))]
    midline = scene.vertebrae[list(scene.vertebrae)[-1]].frame.origin_mm[None]

    def rest(normals: Floats, offsets_mm: Floats) -> Floats:
        left: Floats = normals @ edge - offsets_mm - LEAST_S1_MM
        return left

    axes = Axes(-sign * sacrum.left, sacrum.cranial, dorsal)
    for margin in settings.margins_tried_mm():
        clear = (Clearance(corners(tumour_mm), margin), Clearance(midline, 0.0))
        found = cheapest_plane(axes, clear, rest, bone, settings.end_tilt_deg)
        if found is not None:
            why = (f"along the sacrum, beside the midline and {margin:g} mm beyond the tumour (MAY-2)",)
            short = (
                ()
                if margin >= settings.bone_margin_mm
                else (f"sagittal cut: only {margin:g} mm of bone instead of 10",)
            )
            return Wall("sagittal", found.plane, ("sacrum, lengthwise",), why), short
    return None


def _joint(scene: Scene, sacrum: _Sacrum, side: Side, tumour_mm: Floats, settings: ResectionSettings) -> Wall | None:
    """The plane of a sacroiliac joint, moved out into the ilium where tumour comes too near; None without a joint."""
    hip = scene.structures.mask(f"hip_{side}")
    if not hip.any():
        return None
    near = sacrum.bone & (distance_to_voxels(scene.grid, hip) <= JOINT_MM + float(scene.grid.spacing_mm.max()))
    points = scene.grid.to_patient(voxels_of(near))
    if len(points) < LEAST_JOINT_VOXELS:
        return None
    middle = points.mean(axis=0)
    normal = np.linalg.svd(points - middle, full_matrices=False)[2][2]
    sign = 1.0 if side == "left" else -1.0
    normal = normal * np.sign(sign * float(normal @ sacrum.left) or 1.0)
    out = max(
        float(((points - middle) @ normal).max()),
        float(((tumour_mm - middle) @ normal).max()) + settings.bone_margin_mm,
    )
    through = out > float(((points - middle) @ normal).max()) + 1e-9
    crossed = f"{side} ilium" if through else f"{side} sacroiliac joint"
    why = (
        "through the ilium, as far out as the margin asks"
        if through
        else "through the joint, which is far enough away",
    )
    return Wall(f"{side} sacroiliac", Plane(middle + out * normal, normal), (crossed,), why)
