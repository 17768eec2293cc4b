"""From an option to a placement: the textbook cuts of its family, set where the tumour allows."""

from __future__ import annotations

from enbloc.anatomy.parts import PEDICLE_LEFT, PEDICLE_RIGHT, local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level
from enbloc.resection.arch_cuts import PEDICLE_DEG, cut_lamina, cut_pedicle, measure_choices
from enbloc.resection.end_cuts import place_ends
from enbloc.resection.placement import ArchCut, Placement, Plane
from enbloc.resection.plans import Option, Side
from enbloc.resection.settings import ResectionSettings

PLACED_FAMILIES = ("vertebrectomy", "sagittal_resection", "posterior_arch_resection")
"""The families whose cuts this version places."""

LAMINA_DEG = (12.0, 76.0)
"""A lamina is cut beside the spinous process and behind the pedicle."""

ACROSS_DEG = (-60.0, 76.0)
"""In a sagittal resection the ring may also be opened in the far lamina."""

CORD_GUARD_MM = 2.0
"""A sagittal cut passes this far beside the canal's wall on the healthy side (OST-4 names the side; figure ours)."""

LEAST_SIDE_MM = 4.0
"""What a sagittal cut leaves of a body must be at least this wide; less is a vertebrectomy (ours)."""


def place(scene: Scene, option: Option, settings: ResectionSettings) -> Placement | None:
    """The cuts of an option; None when the family has none here or its cuts find no room.

    Parameters
    ----------
    scene : Scene
    option : Option
        Of one of `PLACED_FAMILIES`; its levels must be in the scene.
    settings : ResectionSettings
    """
    if option.family not in PLACED_FAMILIES or not all(level in scene.vertebrae for level in option.levels):
        return None
    tumour = surface_points(scene.grid, scene.tumour)
    if option.family == "posterior_arch_resection":
        return _arch(scene, option, tumour, settings)
    if option.family == "sagittal_resection":
        return _sagittal(scene, option, tumour, settings)
    return _vertebrectomy(scene, option, tumour, settings)


def _vertebrectomy(scene: Scene, option: Option, tumour: Floats, settings: ResectionSettings) -> Placement:
    """Whole bodies; the ring is opened through the pedicle of the option's side, and wherever it is free opposite.

    A pedicle with tumour in it goes with the specimen, cut behind it in the lamina (MOD-1), whatever the distance.
    """
    arch_cuts: dict[tuple[Level, Side], ArchCut] = {}
    ends = place_ends(scene, option.levels, tumour, settings)
    for level in ends.levels:
        for side in ("left", "right"):
            choices = measure_choices(scene, tumour, level, side, "ventral")
            pedicle = cut_pedicle(choices, settings)
            lamina = cut_lamina(choices, settings, *LAMINA_DEG)
            opening = side == option.side
            if _pedicle_holds_tumour(scene, level, side) and not opening:
                arch_cuts[level, side] = lamina
            elif pedicle.margin_mm >= settings.least_bone_margin_mm or (opening and pedicle.margin_mm > 0.0):
                arch_cuts[level, side] = pedicle
            else:
                arch_cuts[level, side] = max((lamina, pedicle), key=lambda cut: cut.margin_mm)
    return Placement(
        family=option.family,
        levels=ends.levels,
        end_cuts=(ends.cranial, ends.caudal),
        arch_cuts=arch_cuts,
        sagittal=None,
        side=option.side,
        removes_arch=True,
        shortfalls=(*ends.shortfalls, *_arch_shortfalls(arch_cuts, settings)),
    )


def _pedicle_holds_tumour(scene: Scene, level: Level, side: Side) -> bool:
    number = list(scene.vertebrae).index(level) + 1
    part = PEDICLE_LEFT if side == "left" else PEDICLE_RIGHT
    return bool((scene.tumour & (scene.bone == number) & (scene.parts == part)).any())


def _sagittal(scene: Scene, option: Option, tumour: Floats, settings: ResectionSettings) -> Placement | None:
    """One side of the bodies and of the ring; None when the healthy side has no room for the cut.

    The sagittal cut passes beside the canal, so the inner edge of the healthy pedicle stands on the specimen's side of
    it; that pedicle is cut where it is narrowest.
    """
    if option.side is None:
        return None
    ends = place_ends(scene, option.levels, tumour, settings)
    found = _sagittal_plane(scene, ends.levels, option.side, tumour, settings)
    if found is None:
        return None
    plane, short = found
    healthy: Side = "right" if option.side == "left" else "left"
    arch_cuts: dict[tuple[Level, Side], ArchCut] = {}
    for level in ends.levels:
        lamina = measure_choices(scene, tumour, level, option.side, "ventral")
        arch_cuts[level, option.side] = cut_lamina(lamina, settings, *ACROSS_DEG)
        pedicle = measure_choices(scene, tumour, level, healthy, "ventral")
        arch_cuts[level, healthy] = cut_pedicle(pedicle, settings)
    return Placement(
        family=option.family,
        levels=ends.levels,
        end_cuts=(ends.cranial, ends.caudal),
        arch_cuts=arch_cuts,
        sagittal=plane,
        side=option.side,
        removes_arch=False,
        shortfalls=(*short, *ends.shortfalls, *_arch_shortfalls(arch_cuts, settings)),
    )


def _arch(scene: Scene, option: Option, tumour: Floats, settings: ResectionSettings) -> Placement:
    """The arch between two cuts, each as far behind as the margin allows, at most through the pedicle."""
    arch_cuts: dict[tuple[Level, Side], ArchCut] = {}
    for level in option.levels:
        for side in ("left", "right"):
            choices = measure_choices(scene, tumour, level, side, "dorsal")
            arch_cuts[level, side] = cut_lamina(choices, settings, LAMINA_DEG[0], PEDICLE_DEG[1])
    return Placement(
        family=option.family,
        levels=option.levels,
        end_cuts=(),
        arch_cuts=arch_cuts,
        sagittal=None,
        side=None,
        removes_arch=False,
        shortfalls=_arch_shortfalls(arch_cuts, settings),
    )


def _sagittal_plane(
    scene: Scene, levels: tuple[Level, ...], side: Side, tumour: Floats, settings: ResectionSettings
) -> tuple[Plane, tuple[str, ...]] | None:
    """Parallel to the midline, outside the canal on the healthy side, and beyond the margin (OST-4)."""
    sign = 1.0 if side == "left" else -1.0
    vertebra = scene.vertebrae[levels[len(levels) // 2]]
    frame = vertebra.frame
    lateral = sign * local_coordinates(frame, tumour)[:, 0]
    radius = vertebra.canal_radius_right_mm if side == "left" else vertebra.canal_radius_left_mm
    centre = sign * float((vertebra.body_centre_mm - frame.origin_mm) @ frame.left)
    edge = centre - vertebra.body_width_mm / 2
    beside_canal = -(radius + CORD_GUARD_MM)
    for margin in settings.margins_tried_mm():
        place_mm = min(float(lateral.min()) - margin, beside_canal)
        if place_mm >= edge + LEAST_SIDE_MM:
            origin = vertebra.body_centre_mm + (sign * place_mm - sign * centre) * frame.left
            wanted = margin >= settings.bone_margin_mm
            short = () if wanted else (f"sagittal cut: only {margin:g} mm of bone instead of 10",)
            return Plane(origin, -sign * frame.left), short
    return None


def _arch_shortfalls(cuts: dict[tuple[Level, Side], ArchCut], settings: ResectionSettings) -> tuple[str, ...]:
    return tuple(
        f"{cut.side} arch cut of {cut.level}: {cut.margin_mm:.1f} mm instead of {settings.bone_margin_mm:g}"
        for cut in cuts.values()
        if cut.margin_mm < settings.bone_margin_mm
    )
