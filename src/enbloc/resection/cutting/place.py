"""From an option to a placement: the textbook cuts of its family, set where the tumour allows."""

from __future__ import annotations

import attrs

from enbloc.anatomy.parts import PEDICLE_LEFT, PEDICLE_RIGHT
from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.distances import surface_points
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level
from enbloc.resection.cutting.arch_cuts import PEDICLE_DEG, ArchChoices, cut_lamina, cut_pedicle, measure_choices
from enbloc.resection.cutting.chest_wall import place_rib_cuts
from enbloc.resection.cutting.end_cuts import place_ends
from enbloc.resection.cutting.lengthwise_cuts import place_coronal, place_sagittal, walls_beside_arteries
from enbloc.resection.cutting.placement import ArchCut, Placement, side_cut
from enbloc.resection.cutting.sacrum_cuts import place_sacrectomy
from enbloc.resection.plans import Family, Option, Side
from enbloc.resection.settings import ResectionSettings

PLACED_FAMILIES: tuple[Family, ...] = (
    "vertebrectomy",
    "sagittal_resection",
    "posterior_arch_resection",
    "anterior_corpectomy",
    "chest_wall_combined",
    "sacrectomy_total",
    "sacrectomy_partial",
)
"""The families that have cuts."""

LAMINA_DEG = (12.0, 76.0)
"""A lamina is cut beside the spinous process and behind the pedicle."""

ACROSS_DEG = (-60.0, 76.0)
"""The ring may also be opened in the far lamina, where that goes or is free."""


def place(scene: Scene, option: Option, settings: ResectionSettings) -> Placement | None:
    """The cuts of an option; None when the family has none here or its cuts find no room.

    Parameters
    ----------
    scene : Scene
    option : Option
        Of one of `PLACED_FAMILIES`; its levels must be in the scene.
    settings : ResectionSettings
    """
    tumour = surface_points(scene.grid, scene.tumour)
    if option.family in ("sacrectomy_total", "sacrectomy_partial"):
        return place_sacrectomy(scene, option, tumour, settings)
    by_family = {
        "vertebrectomy": _vertebrectomy,
        "sagittal_resection": _sagittal,
        "posterior_arch_resection": _arch,
        "anterior_corpectomy": _front,
        "chest_wall_combined": _with_chest_wall,
    }
    if option.family not in by_family or not all(level in scene.vertebrae for level in option.levels):
        return None
    return by_family[option.family](scene, option, tumour, settings)


def _vertebrectomy(scene: Scene, option: Option, tumour: Floats, settings: ResectionSettings) -> Placement:
    """Whole bodies; the ring is opened through the pedicle of the option's side, and wherever it is free opposite.

    A pedicle with tumour in it goes with the specimen, cut behind it in the lamina (MOD-1), whatever the distance;
    where tumour leaves no room there, in the far lamina, free beside a ring that opens through its pedicle (F8).
    """
    arch_cuts: dict[tuple[Level, Side], ArchCut] = {}
    ends = place_ends(scene, option.levels, tumour, settings, stepped=settings.steps != "none")
    for level in ends.levels:
        for side in ("left", "right"):
            choices = measure_choices(scene, tumour, level, side, "ventral")
            pedicle = cut_pedicle(choices, settings)
            opening = side == option.side
            lamina = _lamina(choices, settings, across=option.side is not None and not opening)
            if _pedicle_holds_tumour(scene, level, side) and not opening:
                arch_cuts[level, side] = lamina
            elif pedicle.margin_mm >= settings.least_bone_margin_mm or (opening and pedicle.margin_mm > 0.0):
                arch_cuts[level, side] = pedicle
            else:
                arch_cuts[level, side] = max((lamina, pedicle), key=lambda cut: cut.margin_mm)
    walls, beside_short = walls_beside_arteries(scene, ends.levels, tumour, settings)
    return Placement(
        family=option.family,
        levels=ends.levels,
        end_cuts=(ends.cranial, ends.caudal),
        arch_cuts=arch_cuts,
        sagittal=None,
        side=option.side,
        arch_off=ends.levels,
        beside=walls,
        shortfalls=(*beside_short, *ends.shortfalls, *_arch_shortfalls(arch_cuts, settings)),
    )


def _lamina(choices: ArchChoices, settings: ResectionSettings, across: bool) -> ArchCut:
    """The cut in the lamina of its own side, or beyond the spinous process where it would enter the tumour there.

    The far lamina is the second choice even where its margin is wider: the cut there narrows the window for the sac.
    """
    own = cut_lamina(choices, settings, *LAMINA_DEG)
    if not across or own.margin_mm > 0.0:
        return own
    return max((own, cut_lamina(choices, settings, *ACROSS_DEG)), key=lambda cut: cut.margin_mm)


def _pedicle_holds_tumour(scene: Scene, level: Level, side: Side) -> bool:
    number = list(scene.vertebrae).index(level) + 1
    part = PEDICLE_LEFT if side == "left" else PEDICLE_RIGHT
    return bool((scene.tumour & (scene.bone == number) & (scene.parts == part)).any())


def _sagittal(scene: Scene, option: Option, tumour: Floats, settings: ResectionSettings) -> Placement | None:
    """One side of the bodies and of the ring; None when the healthy side has no room for the cut.

    The sagittal cut passes beside the canal, so the inner edge of the healthy pedicle stands on the specimen's side of
    it; that pedicle is cut where it is narrowest. The free half of the arch is taken off on its own: only then is the
    cut reached from behind (BOR-2c).
    """
    if option.side is None:
        return None
    ends = place_ends(scene, option.levels, tumour, settings)
    found = place_sagittal(scene, ends.levels, option.side, tumour, settings)
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
        arch_off=ends.levels,
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
        arch_off=(),
        shortfalls=_arch_shortfalls(arch_cuts, settings),
    )


def _front(scene: Scene, option: Option, tumour: Floats, settings: ResectionSettings) -> Placement | None:
    """The front of the bodies; the posterior wall and the whole ring stay."""
    ends = place_ends(scene, option.levels, tumour, settings)
    found = place_coronal(scene, ends.levels, tumour, settings)
    if found is None:
        return None
    walls, beside_short = walls_beside_arteries(scene, ends.levels, tumour, settings)
    return Placement(
        family=option.family,
        levels=ends.levels,
        end_cuts=(ends.cranial, ends.caudal),
        arch_cuts={},
        sagittal=None,
        side=None,
        arch_off=(),
        coronal=found[0],
        beside=walls,
        shortfalls=(*found[1], *beside_short, *ends.shortfalls),
    )


def _with_chest_wall(scene: Scene, option: Option, _: Floats, settings: ResectionSettings) -> Placement | None:
    """The resection of the body that the option names, with the ribs of its side and a cuff of the lung."""
    if option.side is None or option.base is None:
        return None
    healthy: Side = "right" if option.side == "left" else "left"
    opened = healthy if option.base == "vertebrectomy" else option.side
    inner = place(scene, attrs.evolve(option, family=option.base, side=opened, base=None), settings)
    if inner is None:
        return None
    ribs, short = place_rib_cuts(scene, option.side, settings)
    return attrs.evolve(
        inner,
        family=option.family,
        side=option.side,
        rib_cuts=ribs,
        cuff_from=("lung",),
        shortfalls=(*inner.shortfalls, *short),
    )


def _arch_shortfalls(cuts: dict[tuple[Level, Side], ArchCut], settings: ResectionSettings) -> tuple[str, ...]:
    return tuple(
        f"{side_cut(cut)} arch cut of {cut.level}: {cut.margin_mm:.1f} mm instead of {settings.bone_margin_mm:g}"
        for cut in cuts.values()
        if cut.margin_mm < settings.bone_margin_mm
    )
