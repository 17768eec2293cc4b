"""How far the anatomy, the Extent and the margins are from the truth of the phantoms, as figures.

The tests say that an error stays below its limit; this prints the errors themselves, for `docs/validation.md`. The
sweeps, tumours and poses are those of `tests/phantom`, read from there so that both measure the same.
"""

from __future__ import annotations

import runpy
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom
from enbloc.phantoms.truth import level_truth, plane_clearance_mm, sphere_to_canal_mm, sphere_to_tube_mm
from enbloc.phantoms.tumours import sphere
from enbloc.settings import Settings
from enbloc.walk import walk

PHANTOM_TESTS = Path(__file__).resolve().parents[1] / "tests" / "phantom"
REGIONS = ("LUMBAR", "THORACIC", "CERVICAL")
SPACINGS_MM = ((1.0, 1.0, 1.0), (1.5, 1.5, 1.5), (0.8, 0.8, 2.0))
BENDS = (Bends(2.0, 2.0, 2.0), Bends(-2.0, 0.0, 0.0), Bends(0.0, 5.0, 4.0))
EXTENT_SEEDS = range(4)
EXTENT_TUMOURS = 16
MARGIN_SPACINGS_MM = (1.0, 1.5)

Errors = dict[str, list[float]]
Module = Mapping[str, Any]


def main() -> None:
    """Print the groups of figures that are asked for by name, or all."""
    groups = {"frames": frames, "canal": canals, "extent": extents, "margins": margins}
    for name in sys.argv[1:] or groups:
        groups[name]()


def frames() -> None:
    """Straight and bent spines."""
    anatomy = runpy.run_path(str(PHANTOM_TESTS / "test_anatomy.py"))
    for name in REGIONS:
        say(f"frames, {name.lower()}, straight", frame_errors(anatomy, straight(anatomy, anatomy[name])))
    for name in REGIONS[:2]:
        bent = ((SpinePhantom(anatomy[name], bends), (1.5, 1.5, 1.5)) for bends in BENDS)
        say(f"frames, {name.lower()}, bent, 1.5 mm", frame_errors(anatomy, bent))


def canals() -> None:
    """The canal with and without a cord label."""
    anatomy = runpy.run_path(str(PHANTOM_TESTS / "test_anatomy.py"))
    for name in REGIONS:
        say(f"canal, {name.lower()}", canal_errors(anatomy, anatomy[name]))


def extents() -> None:
    """Cells that are clear by one voxel."""
    sys.path.insert(0, str(PHANTOM_TESTS))  # before this folder, which has a module of the same name
    extent_counts(runpy.run_path(str(PHANTOM_TESTS / "test_extent.py"))["compare"])


def margins() -> None:
    """Least margins of spheres."""
    say("margins", margin_errors(runpy.run_path(str(PHANTOM_TESTS / "test_margins.py"))))


def straight(anatomy: Module, levels: tuple[str, ...]) -> Iterable[tuple[SpinePhantom, tuple[float, float, float]]]:
    """Every spacing, upright and askew."""
    for pose in (anatomy["UPRIGHT"], anatomy["LYING_ASKEW"]):
        for spacing in SPACINGS_MM:
            yield SpinePhantom(levels, Bends(), pose), spacing


def frame_errors(
    anatomy: Module, phantoms: Iterable[tuple[SpinePhantom, tuple[float, float, float]]]
) -> Mapping[str, list[float]]:
    """Errors of body centre, canal centre and axes at the inner levels."""
    errors: Errors = {"body centre mm": [], "canal centre mm": [], "cranial deg": [], "dorsal deg": []}
    for phantom, spacing in phantoms:
        scene: Scene = anatomy["scene_of"](phantom, Scan(spacing_mm=spacing))
        for level in anatomy["inner"](phantom):
            truth, found = level_truth(phantom, level), scene.vertebrae[level]
            axes = truth.frame.axes
            across = (found.frame.origin_mm - truth.frame.origin_mm) @ axes[:, :2]
            errors["body centre mm"].append(float(np.linalg.norm(found.body_centre_mm - truth.body_centre_mm)))
            errors["canal centre mm"].append(float(np.linalg.norm(across)))
            errors["cranial deg"].append(anatomy["angle_deg"](found.frame.cranial, axes[:, 2]))
            errors["dorsal deg"].append(anatomy["angle_deg"](found.frame.dorsal, axes[:, 1]))
    return errors


def canal_errors(anatomy: Module, levels: tuple[str, ...]) -> Mapping[str, list[float]]:
    """Shift of the canal's centre without a cord label at 1.5 mm, and Dice against the true canal at 1 mm."""
    phantom = SpinePhantom(levels)
    with_cord = anatomy["scene_of"](phantom, Scan())
    without = anatomy["scene_of"](phantom, Scan(leave_out=("spinal_cord",)))
    shifts = [
        float(np.linalg.norm(with_cord.vertebrae[at].frame.origin_mm - without.vertebrae[at].frame.origin_mm))
        for at in anatomy["inner"](phantom)
    ]
    scene: Scene = anatomy["scene_of"](phantom, Scan(spacing_mm=(1.0, 1.0, 1.0), with_canal=True))
    true = scene.structures.mask("spinal_canal") | scene.structures.mask("spinal_cord")
    middle = [level_truth(phantom, level).frame.origin_mm[2] for level in anatomy["inner"](phantom)]
    either = np.argwhere(true | scene.canal)
    heights = scene.grid.to_patient(either)[:, 2]
    there = tuple(either[(heights > min(middle)) & (heights < max(middle))].T)
    found, wanted = scene.canal[there], true[there]
    dice = 2.0 * float((found & wanted).sum()) / float(found.sum() + wanted.sum())
    return {"shift without cord mm": shifts, "Dice": [dice]}


def extent_counts(compare: Callable[..., tuple[Counter[str], list[str]]]) -> None:
    """Print the answers on cells that are clear by one voxel, over several sweeps."""
    total: Counter[str] = Counter()
    for seed in EXTENT_SEEDS:
        counts, misses = compare(seed=seed, count=EXTENT_TUMOURS, clear_voxels=1.0)
        total += counts
        for miss in misses:
            if "undecided" not in miss:
                print(f"  wrong: {miss}")
    words = ", ".join(f"{word} {total[word]}" for word in ("right", "open", "wrong"))
    print(f"extent: {len(EXTENT_SEEDS) * EXTENT_TUMOURS} tumours, {total.total()} clear cells: {words}", flush=True)


def margin_errors(tests: Module) -> Mapping[str, list[float]]:
    """Found least margin less the formula's, by kind of interface."""
    errors: Errors = {"end cuts mm": [], "dura mm": [], "vessels mm": []}
    held: list[float] = []
    for levels, level, centre, radius in tests["SPHERES"]:
        for spacing in MARGIN_SPACINGS_MM:
            for pose in (Pose(), tests["ASKEW"]):
                phantom, tumour = SpinePhantom(levels, Bends(), pose), sphere(level, centre, radius)
                case = sample(phantom, Scan(spacing_mm=(spacing,) * 3), tumour, tests["CHORDOMA"])
                plan = next(plan for plan in walk(case, Settings()).plans if plan.family == "vertebrectomy")
                cuts = {f"{cut.id} cut": cut for cut in plan.cuts}
                for margin in plan.margins:
                    name, least = margin.interface, margin.least
                    if name in ("cranial cut", "caudal cut"):
                        true = plane_clearance_mm(phantom, tumour, cuts[name].origin_mm, cuts[name].normal)
                        kind = "end cuts mm"
                    elif name == "dura":
                        true, kind = sphere_to_canal_mm(phantom, level, centre, radius), "dura mm"
                    elif name in ("aorta", "inferior_vena_cava"):
                        true, kind = sphere_to_tube_mm(phantom, level, name, centre, radius), "vessels mm"
                    else:
                        continue
                    if isinstance(least, Estimate):
                        errors[kind].append(least.value - true)
                        held.append(float(least.low <= true <= least.high))
    return {**errors, "truth inside the interval, share": held}


def say(title: str, errors: Mapping[str, list[float]]) -> None:
    """Print one group: how many, median and largest absolute error, mean where it is a share."""
    print(f"{title}:")
    for name, values in errors.items():
        if not values:
            print(f"  {name}: none")
        elif name.endswith("share") or name == "Dice":
            print(f"  {name}: n {len(values)}, mean {np.mean(values):.3f}")
        else:
            size = np.abs(values)
            print(f"  {name}: n {len(values)}, median {np.median(size):.2f}, largest {size.max():.2f}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
