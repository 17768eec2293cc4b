"""The cuts across the column, above and below the tumour.

Strategy. A disc is cut where its end plate keeps the wanted distance from the tumour (OST-2). Otherwise the saw goes
through the neighbour: over a grid of tilts, the plane of each tilt is set just as far from the tumour as wanted (its
distance from the tumour is the support function of the tumour's surface, exact for a plane), and the tilt that takes
least of the neighbour's body wins. The margin wanted is tried first, then the least one accepted.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from enbloc.anatomy.scene import Scene, Vertebra
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level, next_caudal, next_cranial
from enbloc.resection.placement import EndCut, Plane, height_above
from enbloc.resection.settings import ResectionSettings

TILTS_DEG = np.arange(-12.0, 12.1, 3.0)
"""Tilts of a cut through bone against the body's own axis, about both horizontal axes."""

LEAST_SLICE_MM = 3.0
"""A cut through the neighbour keeps this distance from its end plate; a thinner slice of body would break (ours)."""

LEAST_REST_MM = 8.0
"""What is left of the neighbour's body must hold a cage: this height at least (ours)."""


def place_end_cut(
    scene: Scene,
    tumour_mm: Floats,
    level: Level,
    end: Literal["cranial", "caudal"],
    settings: ResectionSettings,
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
    if neighbour is not None and beyond is not None:
        for margin in settings.margins_tried_mm():
            plane = _plane_through(scene, tumour_mm, neighbour, beyond, end, margin)
            if plane is not None:
                why = f"{_how_near(to_endplate)}, so the cut goes through {beyond} (OST-2)"
                cut = EndCut(end, plane, "bone", f"body of {beyond}", beyond, (why,))
                wanted = margin >= settings.bone_margin_mm
                return cut, () if wanted else (f"{end} cut: only {margin:g} mm of bone instead of 10",)
    reason = "its neighbour is not labelled" if neighbour is None else f"{beyond} leaves no room for a cut"
    short = f"{end} cut: {_how_near(to_endplate)}, and {reason}"
    return EndCut(end, disc, "disc", name, beyond, (short,)), (short,)


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


def _plane_through(
    scene: Scene, tumour_mm: Floats, neighbour: Vertebra, name: Level, end: str, margin: float
) -> Plane | None:
    """The plane `margin` beyond the tumour that takes least of the neighbour's body; None where it does not fit.

    Of planes that take the same, the straightest is meant, and then the one further from the tumour.
    """
    number = list(scene.vertebrae).index(name) + 1
    body = scene.grid.to_patient(np.argwhere((scene.bone == number) & (scene.parts == 1)))
    near = _endplate(neighbour, "caudal" if end == "cranial" else "cranial")
    far = _endplate(neighbour, end)
    f = neighbour.frame
    best: tuple[tuple[float, float, float], Plane] | None = None
    for about_left in np.radians(TILTS_DEG):
        for about_dorsal in np.radians(TILTS_DEG):
            normal = f.cranial + np.tan(about_left) * f.dorsal + np.tan(about_dorsal) * f.left
            normal = _sign(end) * normal / np.linalg.norm(normal)
            past_tumour = float((tumour_mm @ normal).max()) + margin
            past_endplate = float((near.origin_mm + LEAST_SLICE_MM * -near.normal) @ normal)
            offset = max(past_tumour, past_endplate)
            rest = float(far.origin_mm @ normal) - offset
            tilt = round(float(about_left**2 + about_dorsal**2), 6)
            cost = (float((body @ normal < offset).sum()), tilt, past_tumour - offset)
            if rest >= LEAST_REST_MM and (best is None or cost < best[0]):
                centre = neighbour.body_centre_mm
                best = (cost, Plane(centre + (offset - centre @ normal) * normal, normal))
    return best[1] if best else None


def _disc_name(level: Level, beyond: Level | None, end: str) -> str:
    upper, lower = (beyond, level) if end == "cranial" else (level, beyond)
    return f"disc {upper or '?'}/{lower or '?'}"
