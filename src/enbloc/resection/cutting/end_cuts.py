"""The cuts across the column, above and below the tumour.

Strategy. A disc is cut where its end plate keeps the wanted distance from the tumour (OST-2), or where tumour lies only
beside the body and the cut through the disc itself keeps the distance that is wanted in bone. Otherwise the saw goes
through the neighbour: every tilt has its plane just as far from the tumour as wanted, and the one that takes
least of the neighbour's body wins (`plane_search`). The margin wanted is tried first, then less, down to the least one
accepted. Where it may be, the cut is made in the shape of a step (`stepped_cuts`) if that keeps more of the margin, or
spares bone that is worth two more cuts. Where the neighbour leaves no room for a cut it is taken whole and the next
disc is cut, as long as the resection does not grow beyond the levels that are published.
"""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np

from enbloc.anatomy.parts import BODY, local_coordinates
from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.space.hulls import corners
from enbloc.foundation.space.polygons import distance_to_face
from enbloc.foundation.terms.levels import Level, next_caudal, next_cranial
from enbloc.resection.cutting.bone_columns import gather_columns
from enbloc.resection.cutting.placement import EndCut, Plane, height_above
from enbloc.resection.cutting.plane_search import Axes, Clearance, Found, cheapest_plane
from enbloc.resection.cutting.stepped_cuts import LEAST_REST_RIM_MM, Instead, Room, step_instead
from enbloc.resection.families import MOST_LEVELS
from enbloc.resection.settings import ResectionSettings

OUTLINE_N = 36
"""Corners of the polygon that stands for a body's outline."""

LEAST_SLICE_MM = 3.0
"""A cut through the neighbour keeps this distance from its end plate; a thinner slice of body would break (ours)."""

LEAST_REST_MM = 8.0
"""What is left of the neighbour's body must hold a cage: this height at least (ours)."""


End = Literal["cranial", "caudal"]


@attrs.frozen(eq=False)
class Ends:
    """Both end cuts, the levels between them, and what could not be kept, in words."""

    cranial: EndCut
    caudal: EndCut
    levels: tuple[Level, ...]
    shortfalls: tuple[str, ...]


def place_ends(
    scene: Scene, levels: tuple[Level, ...], tumour_mm: Floats, settings: ResectionSettings, stepped: bool = False
) -> Ends:
    """Both end cuts; the levels grow where a neighbour leaves no room for a cut.

    Parameters
    ----------
    scene : Scene
    levels : tuple of level
        That hold tumour, cranio-caudal.
    tumour_mm : (n, 3) float, LPS
        The tumour's surface.
    settings : ResectionSettings
    stepped : bool
        Cuts may be made in the shape of a step.
    """
    cranial, above, taken_above = _widened(scene, levels, "cranial", tumour_mm, (settings, stepped))
    caudal, below, taken_below = _widened(scene, (*taken_above, *levels), "caudal", tumour_mm, (settings, stepped))
    return Ends(cranial, caudal, (*taken_above, *levels, *taken_below), (*above, *below))


def _widened(
    scene: Scene, levels: tuple[Level, ...], end: End, tumour_mm: Floats, how: tuple[ResectionSettings, bool]
) -> tuple[EndCut, tuple[str, ...], tuple[Level, ...]]:
    """An end cut, what it could not keep, and the neighbour that is taken whole for it."""
    settings, stepped = how
    outer = levels[0] if end == "cranial" else levels[-1]
    near = near_column(scene, outer, tumour_mm, settings.bone_margin_mm)
    cut, short = place_end_cut(scene, near, outer, end, settings, stepped)
    beyond = cut.neighbour
    grows = cut.tissue == "disc" and short and beyond is not None and scene.vertebrae[beyond].whole
    if not grows or beyond is None or len(levels) >= MOST_LEVELS or scene.vertebrae[beyond].body_height_mm <= 0.0:
        return cut, short, ()
    near = near_column(scene, beyond, tumour_mm, settings.bone_margin_mm)
    wider, still_short = place_end_cut(scene, near, beyond, end, settings, stepped)
    if still_short:
        return cut, short, ()
    why = f"{beyond} leaves no room for a cut through it, so it goes as a whole"
    return attrs.evolve(wider, because=(why, *wider.because)), (), (beyond,)


def near_column(scene: Scene, level: Level, tumour_mm: Floats, within_mm: float) -> Floats:
    """The tumour's points that lie over or under the body's outline, or beside it no further than `within_mm`.

    An end cut is bounded by the column; tumour further beside it keeps its distance whatever the cut's height.
    """
    vertebra = scene.vertebrae[level]
    local = local_coordinates(vertebra.frame, tumour_mm)
    centre = local_coordinates(vertebra.frame, vertebra.body_centre_mm[None])[0]
    half = np.array([vertebra.body_width_mm, vertebra.body_depth_mm]) / 2 + within_mm
    near: Floats = tumour_mm[(((local[:, :2] - centre[:2]) / half) ** 2).sum(axis=1) < 1.0]
    return near


def place_end_cut(
    scene: Scene,
    tumour_mm: Floats,
    level: Level,
    end: End,
    settings: ResectionSettings,
    stepped: bool = False,
) -> tuple[EndCut, tuple[str, ...]]:
    """Place the cut beyond `level`; the second value names what could not be kept.

    Parameters
    ----------
    scene : Scene
    tumour_mm : (n, 3) float, LPS
        The tumour's surface.
    level : str
        The outermost level that holds tumour at this end.
    end : "cranial" or "caudal"
    settings : ResectionSettings
    stepped : bool
        The cut may be made in the shape of a step.
    """
    vertebra = scene.vertebrae[level]
    beyond = (next_cranial if end == "cranial" else next_caudal)(level, scene.vertebrae)
    neighbour = scene.vertebrae[beyond] if beyond and scene.vertebrae[beyond].body_height_mm > 0 else None
    disc = _disc_plane(vertebra, neighbour, end)
    name = _disc_name(level, beyond, end)
    if not len(tumour_mm):
        return EndCut(end, disc, "disc", name, beyond, ("no tumour lies near the column at this end",)), ()
    to_endplate = -float(height_above(_endplate(vertebra, end), tumour_mm).max())
    if to_endplate >= settings.disc_margin_mm:
        why = f"the end plate is {to_endplate:.1f} mm from the tumour, at least {settings.disc_margin_mm:g} mm (OST-2)"
        return EndCut(end, disc, "disc", name, beyond, (why,)), ()
    clear = _clear_of_disc(vertebra, disc, tumour_mm)
    if clear >= settings.bone_margin_mm:
        why = f"{_how_near(to_endplate)} only beside the body; the disc's own cut keeps {clear:.1f} mm"
        return EndCut(end, disc, "disc", name, beyond, (why,)), ()
    if neighbour is not None and beyond is not None:
        why = f"{_how_near(to_endplate)}, so the cut goes through {beyond} (OST-2)"
        found = _through_bone(_room(scene, vertebra, neighbour, disc, end), tumour_mm, settings, stepped)
        if isinstance(found, Instead):
            plane, step = _under(found.step.deep, neighbour), found.in_words(disc, name)
            cut = EndCut(end, plane, "bone", f"body of {beyond}", beyond, (why, found.worth(beyond)), step)
            return cut, settings.shortfall(end, found.margin_mm)
        if found is not None:
            plane = _under(found[0].plane, neighbour)
            cut = EndCut(end, plane, "bone", f"body of {beyond}", beyond, (why,))
            return cut, settings.shortfall(end, found[1])
    reason = "its neighbour is not labelled" if neighbour is None else f"{beyond} leaves no room for a cut"
    short = f"{end} cut: {_how_near(to_endplate)}, and {reason}"
    if neighbour is None and to_endplate < settings.least_bone_margin_mm:
        away = settings.least_bone_margin_mm - to_endplate
        disc = Plane(disc.origin_mm + away * disc.normal, disc.normal)
        short += f"; the cut is set {settings.least_bone_margin_mm:g} mm beyond the tumour, where nothing is labelled"
    return EndCut(end, disc, "disc", name, beyond, (short,)), (short,)


def _clear_of_disc(vertebra: Vertebra, disc: Plane, tumour_mm: Floats) -> float:
    """Distance of the tumour from the disc within the body's outline, mm; negative where it lies beyond the disc."""
    outline = _rim(vertebra, disc)
    distance, height = distance_to_face(tumour_mm, outline, disc.normal)
    beyond = (height > 0.0) & (distance <= height + 1e-6)
    return -float(height[beyond].max()) if beyond.any() else float(distance.min())


def _rim(vertebra: Vertebra, plane: Plane) -> Floats:
    """The outline (n, 3) LPS mm of a body where it meets a plane across."""
    half = np.array([vertebra.body_width_mm, vertebra.body_depth_mm]) / 2
    turn = np.linspace(0.0, 2.0 * np.pi, OUTLINE_N, endpoint=False)
    f = vertebra.frame
    rim = (
        vertebra.body_centre_mm + half[0] * np.cos(turn)[:, None] * f.left + half[1] * np.sin(turn)[:, None] * f.dorsal
    )
    along = (plane.origin_mm - rim) @ plane.normal / float(f.cranial @ plane.normal)
    outline: Floats = rim + along[:, None] * f.cranial
    return outline


def _how_near(to_endplate: float) -> str:
    if to_endplate < 0.0:
        return f"tumour reaches {-to_endplate:.1f} mm past the end plate's plane"
    return f"the end plate is only {to_endplate:.1f} mm from the tumour"


def _sign(end: str) -> float:
    return 1.0 if end == "cranial" else -1.0


def _endplate(vertebra: Vertebra, end: str) -> Plane:
    """The end plate of a vertebra as a plane at its body's centre, normal away from the body."""
    f = vertebra.frame
    height = vertebra.endplate_cranial_mm if end == "cranial" else vertebra.endplate_caudal_mm
    in_plane = vertebra.body_centre_mm - ((vertebra.body_centre_mm - f.origin_mm) @ f.cranial) * f.cranial
    return Plane(in_plane + height * f.cranial, _sign(end) * f.cranial)


def _disc_plane(vertebra: Vertebra, neighbour: Vertebra | None, end: str) -> Plane:
    """The middle of the disc: half-way between the two end plates, or at the end plate without a neighbour."""
    own = _endplate(vertebra, end)
    if neighbour is None:
        return own
    other = _endplate(neighbour, "caudal" if end == "cranial" else "cranial")
    normal = own.normal - other.normal
    return Plane((own.origin_mm + other.origin_mm) / 2, normal / np.linalg.norm(normal))


def _room(scene: Scene, vertebra: Vertebra, neighbour: Vertebra, disc: Plane, end: End) -> Room:
    """The neighbour that a cut goes through, and what the cut leaves of it where it is a step."""
    number = list(scene.vertebrae).index(neighbour.level) + 1
    f = neighbour.frame
    near = _endplate(neighbour, "caudal" if end == "cranial" else "cranial")
    far = _endplate(neighbour, end)
    rim = _rim(neighbour, far)

    def rest(normals: Floats, offsets_mm: Floats) -> Floats:
        at_rim: Floats = (normals @ rim.T).min(axis=1) - offsets_mm - LEAST_REST_RIM_MM
        return np.maximum(at_rim, _rest(far, normals, offsets_mm))

    return Room(
        bone=gather_columns(scene.grid, (scene.bone == number) & (scene.parts == BODY), f.cranial),
        axes=Axes(_sign(end) * f.cranial, f.dorsal, f.left),
        disc=disc,
        end_plate=_endplate(vertebra, end),
        middle_mm=neighbour.body_centre_mm,
        first_mm=(near.origin_mm - LEAST_SLICE_MM * near.normal)[None],
        far=far,
        allowed=rest,
    )


def _rest(far: Plane, normals: Floats, offsets_mm: Floats) -> Floats:
    """How much more than a cage needs the neighbour keeps beyond planes that run from side to side, mm (c,)."""
    left: Floats = normals @ far.origin_mm - offsets_mm - LEAST_REST_MM
    return left


def _through_bone(
    room: Room, tumour_mm: Floats, settings: ResectionSettings, stepped: bool
) -> tuple[Found, float] | Instead | None:
    """The plane with the most of the wanted margin that takes least of the neighbour's body, or a step instead."""
    plain = _plane_through(room, tumour_mm, settings)
    better = step_instead(room, tumour_mm, plain, settings) if stepped else None
    return better or plain


def _under(plane: Plane, neighbour: Vertebra) -> Plane:
    """The same plane with its origin over or under the middle of the neighbour's body."""
    centre, normal = neighbour.body_centre_mm, plane.normal
    return Plane(centre + ((plane.origin_mm - centre) @ normal) * normal, normal)


def _plane_through(room: Room, tumour_mm: Floats, settings: ResectionSettings) -> tuple[Found, float] | None:
    tumour = corners(tumour_mm)

    def rest(normals: Floats, offsets_mm: Floats) -> Floats:
        return _rest(room.far, normals, offsets_mm)

    for margin in settings.margins_tried_mm():
        clear = (Clearance(tumour, margin), Clearance(room.first_mm, 0.0))
        found = cheapest_plane(room.axes, clear, rest, room.bone, settings.end_tilt_deg)
        if found is not None:
            return found, margin
    return None


def _disc_name(level: Level, beyond: Level | None, end: str) -> str:
    upper, lower = (beyond, level) if end == "cranial" else (level, beyond)
    return f"disc {upper or '?'}/{lower or '?'}"
