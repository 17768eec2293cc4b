"""Speed and memory beside peers, in one run on a phantom: `make bench`.

Candidates of one question are timed in turns, round after round, so that a busy moment of the machine hits all alike;
the median of the rounds is printed. Peers answer the same question, and how far their answers differ stands beside the
time. Memory is the peak of the whole process, as the system counts it.
"""

from __future__ import annotations

import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np
import SimpleITK
from rich.console import Console
from rich.table import Table
from scipy import ndimage
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkImplicitPolyDataDistance

from enbloc import __version__
from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import Scene
from enbloc.classification.measured.scene_findings import find_on_scene
from enbloc.classification.sheet import classify
from enbloc.errors import InputError
from enbloc.foundation.space.distances import distance_to_voxels, surface_points
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.foundation.space.polygons import least_to_face
from enbloc.intake.case import Case
from enbloc.intake.checks import check
from enbloc.phantoms.demo import demo_clinical, demo_tumour
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import sphere, together
from enbloc.report.drawing.pictures import draw_pictures
from enbloc.resection.cuts import Cut
from enbloc.resection.cutting.candidates import Prepared, evaluate, poses_of, prepare
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.placement import Placement, moved
from enbloc.resection.families import enumerate_options
from enbloc.resection.specimen.specimen import cut_out
from enbloc.settings import Settings
from enbloc.strategy.indication.indication import judge_indication
from enbloc.strategy.search import Known, search
from enbloc.walk import find_extent

ROUNDS = 5
AT_ONCE_N = 20
"""A margin is asked so many times in a row."""

FIELD_MM = 70.0
"""Field of view around the vertebrae: about that of a CT of the abdomen."""

LEVELS = ("T11", "T12", "L1", "L2", "L3", "L4", "L5")
TUMOUR = "tumour"
MIB = 1024.0**2

T = TypeVar("T")
Job = Callable[[], object]
Row = tuple[str, ...]


def main() -> None:
    """Measure everything and print the tables."""
    console = Console(width=100)
    console.print(f"enbloc {__version__}, Python {platform.python_version()}, {ROUNDS} rounds, medians")
    case, seconds = timed(
        lambda: sample(SpinePhantom(LEVELS), Scan(margin_mm=FIELD_MM), demo_tumour(), demo_clinical())
    )
    grid = case.label_files[0].labels.grid
    console.print(f"phantom {LEVELS[0]}-{LEVELS[-1]}, {voxels(grid)}, built in {seconds:.1f} s\n")
    distances(console, case)
    cuts(console, case)
    steps(console, case)
    growth(console)
    console.print(f"Peak memory of the process: {peak_mib():.0f} MiB")


def distances(console: Console, case: Case) -> None:
    """The distance field of the tumour, on its neighbourhood and on the whole scan."""
    labels = next(file.labels for file in case.label_files if TUMOUR in file.labels.names.values())
    whole = labels.mask(TUMOUR)
    crop = around(whole, 40)
    rows: list[Row] = []
    for name, grid, region in (
        ("around the tumour", labels.grid.crop(crop), whole[crop]),
        ("whole scan", labels.grid, whole),
    ):
        rows += compare(f"{name}, {size(grid)}", fields(grid, region))
    table(
        console, "Distance to the tumour's voxels", ("volume", "by", "median ms", "times ours", "differs by mm"), rows
    )


def around(mask: Bools, by_n: int) -> tuple[slice, slice, slice]:
    """The box of a mask with `by_n` voxels more on each side, where there are some."""
    found = np.argwhere(mask)
    low = np.maximum(found.min(axis=0) - by_n, 0)
    high = np.minimum(found.max(axis=0) + 1 + by_n, mask.shape)
    x, y, z = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return x, y, z


def fields(grid: Grid, region: Bools) -> Mapping[str, Callable[[], Floats]]:
    """The same field by each candidate; ours first."""
    spacing = [float(s) for s in grid.spacing_mm]
    image = SimpleITK.GetImageFromArray(region.astype(np.uint8).transpose(2, 1, 0))
    image.SetSpacing(spacing)

    def by_itk() -> Floats:
        found = SimpleITK.SignedMaurerDistanceMap(
            image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True
        )
        field: Floats = np.maximum(SimpleITK.GetArrayViewFromImage(found).transpose(2, 1, 0), 0.0)
        return field

    return {
        "enbloc (edt)": lambda: distance_to_voxels(grid, region),
        "SciPy": lambda: np.asarray(ndimage.distance_transform_edt(~region, sampling=spacing)),
        "SimpleITK": by_itk,
    }


def compare(name: str, candidates: Mapping[str, Callable[[], Floats]], at_once_n: int = 1) -> Iterable[Row]:
    """One row for each candidate: time, and the largest difference from the first.

    What takes less than a tick of a busy machine is asked `at_once_n` times in a row, and a row gives the time of one.
    """
    answers = {by: make() for by, make in candidates.items()}
    found = medians({by: partial(_again, make, at_once_n) for by, make in candidates.items()})
    times = {by: seconds / at_once_n for by, seconds in found.items()}
    first = next(iter(candidates))
    for by, seconds in times.items():
        gap = float(np.abs(answers[by] - answers[first]).max())
        yield name, by, f"{1000 * seconds:.3g}", f"{seconds / times[first]:.1f}", f"{gap:.1e}"
        name = ""


def _again(job: Job, times_n: int) -> None:
    for _ in range(times_n):
        job()


def steps(console: Console, case: Case) -> None:
    """The steps of the walk, one by one."""
    settings = Settings()
    scene = build_scene(case, settings.anatomy)
    if scene is None:
        raise InputError("the phantom has no tumour")
    extent, _ = find_extent(case, scene, settings)
    sheet = classify(extent, case.clinical, find_on_scene(scene, extent))
    options, _ = enumerate_options(extent, sheet, case.clinical)
    known = Known(scene, extent, sheet, case.clinical, judge_indication(case.clinical, sheet, extent))
    plans, _ = search(options, known, settings.resection, lambda _: None)
    jobs: dict[str, Job] = {
        "checks": lambda: check(case),
        "anatomy": lambda: build_scene(case, settings.anatomy),
        "extent": lambda: find_extent(case, scene, settings),
        "classifications": lambda: classify(extent, case.clinical, find_on_scene(scene, extent)),
        "options and indication": lambda: (
            enumerate_options(extent, sheet, case.clinical),
            judge_indication(case.clinical, sheet, extent),
        ),
        f"plans ({len(plans)})": lambda: search(options, known, settings.resection, lambda _: None),
        "pictures": lambda: draw_pictures(scene, extent, plans[0]),
    }
    times = medians(jobs)
    rows = [(name, f"{1000 * seconds:.0f}") for name, seconds in times.items()]
    rows.append(("together", f"{1000 * sum(times.values()):.0f}"))
    table(console, f"Steps of the walk, scene of {voxels(scene.grid)}", ("step", "median ms"), rows)


def cuts(console: Console, case: Case) -> None:
    """One cut's margin beside VTK, candidates per second, and a plan that is dragged."""
    settings = Settings()
    scene, placement = first_placement(case)
    out = cut_out(scene, placement, settings.resection)
    tumour = surface_points(scene.grid, scene.tumour)
    rows: list[Row] = []
    for cut in out.cuts:
        candidates = {
            "enbloc": partial(by_us, cut, tumour),
            "VTK implicit distance": partial(by_vtk_least, cut, tumour),
        }
        rows += compare(f"{cut.id}, {len(tumour)} points", candidates, AT_ONCE_N)
    table(console, "Margin at one cut", ("cut", "by", "median ms", "times ours", "differs by mm"), rows)
    prepared = prepare(scene, placement, settings.resection)
    bone = round(float(prepared.bodies.sums[:, -1].sum()))
    normals, offsets = poses_of(placement)
    rows = []
    for candidates_n in (100, 1000, 5000):
        many, at = spread(normals, offsets, candidates_n)
        for threads in (1, 2):
            seconds = medians({"": partial(in_threads, prepared, many, at, threads)})[""]
            rows.append((str(candidates_n), str(threads), f"{1000 * seconds:.0f}", f"{candidates_n / seconds:.0f}"))
    title = (
        f"Candidate plans: {len(prepared.ids)} planes, {bone} voxels of bodies, {int((scene.bone > 0).sum())} of bone"
    )
    table(console, title, ("candidates", "threads", "median ms", "per second"), rows)
    cranial = placement.end_cuts[0].end
    dragged = moved(placement, cranial, 1.0)
    times = medians(
        {
            "margins and bone at once": lambda: evaluate(prepared, *poses_of(moved(placement, cranial, 1.0))),
            "cut out and measured exactly": lambda: cut_out(scene, dragged, settings.resection),
        }
    )
    table(console, "After a cut is dragged", ("what", "median ms"), [(n, f"{1000 * t:.1f}") for n, t in times.items()])


def first_placement(case: Case) -> tuple[Scene, Placement]:
    """The scene of a case and the placement of its first option that finds room."""
    settings = Settings()
    scene = build_scene(case, settings.anatomy)
    if scene is None:
        raise InputError("the phantom has no tumour")
    extent, _ = find_extent(case, scene, settings)
    sheet = classify(extent, case.clinical, find_on_scene(scene, extent))
    for option in enumerate_options(extent, sheet, case.clinical)[0]:
        placement = place(scene, option, settings.resection)
        if placement is not None:
            return scene, placement
    raise InputError("no option of the phantom finds room")


def by_us(cut: Cut, tumour_mm: Floats) -> Floats:
    """The least distance of the tumour from a cut's face, (1,)."""
    return np.array([abs(least_to_face(tumour_mm, cut.face_mm, cut.normal)[0])])


def by_vtk_least(cut: Cut, tumour_mm: Floats) -> Floats:
    """The same by VTK, (1,)."""
    return np.array([by_vtk(cut.face_mm, tumour_mm).min()])


def by_vtk(face_mm: Floats, points_mm: Floats) -> Floats:
    """Unsigned distances of points from a polygon, by VTK's implicit distance to its triangles."""
    corners = vtkPoints()
    for corner in face_mm:
        corners.InsertNextPoint(*corner)
    triangles = vtkCellArray()
    for n in range(1, len(face_mm) - 1):
        triangles.InsertNextCell(3)
        for corner_n in (0, n, n + 1):
            triangles.InsertCellPoint(corner_n)
    polygon = vtkPolyData()
    polygon.SetPoints(corners)
    polygon.SetPolys(triangles)
    implicit = vtkImplicitPolyDataDistance()
    implicit.SetInput(polygon)
    asked, answered = numpy_to_vtk(points_mm), vtkDoubleArray()
    implicit.FunctionValue(asked, answered)
    found: Floats = np.abs(vtk_to_numpy(answered))
    return found


def spread(normals: Floats, offsets: Floats, candidates_n: int) -> tuple[Floats, Floats]:
    """Candidates around one placement: tilts up to 10 degrees and shifts up to 5 mm, with a fixed seed."""
    rng = np.random.default_rng(7)
    leaning = normals + rng.uniform(-0.17, 0.17, (candidates_n, *normals.shape[1:]))
    return leaning / np.linalg.norm(leaning, axis=2, keepdims=True), offsets + rng.uniform(
        -5.0, 5.0, (candidates_n, offsets.shape[1])
    )


def in_threads(prepared: Prepared, normals: Floats, offsets: Floats, threads: int) -> None:
    """Evaluate candidates in so many threads."""
    if threads == 1:
        evaluate(prepared, normals, offsets)
        return
    with ThreadPoolExecutor(threads) as pool:
        parts = [np.array_split(values, threads) for values in (normals, offsets)]
        list(pool.map(lambda part: evaluate(prepared, *part), zip(*parts, strict=True)))


def growth(console: Console) -> None:
    """Processor time with voxels, with levels and with candidates, and the power by which it grows."""
    settings = Settings()
    fine, tall = [], []
    for spacing, levels in ((2.0, 1), (1.5, 1), (1.0, 1), (1.5, 2), (1.5, 3)):
        inner = LEVELS[2 : 2 + levels]
        tumour = together(*(sphere(level, (0.0, -24.0, 0.0), 7.0) for level in inner))
        case = sample(SpinePhantom(LEVELS[1 : 3 + levels]), Scan((spacing,) * 3, margin_mm=15.0), tumour)
        scene, placement = first_placement(case)
        jobs: dict[str, Job] = {
            "scene to placement": partial(first_placement, case),
            "cut out": partial(cut_out, scene, placement, settings.resection),
        }
        found = medians(jobs, time.process_time)
        fine += [(scene.grid.shape[0] * scene.grid.shape[1] * scene.grid.shape[2], found)] if levels == 1 else []
        tall += [(levels, found)] if spacing == 1.5 else []
    prepared = prepare(scene, placement, settings.resection)
    many = []
    for candidates_n in (250, 1000, 4000):
        normals, offsets = spread(*poses_of(placement), candidates_n)
        many.append((candidates_n, medians({"evaluate": partial(evaluate, prepared, normals, offsets)})))
    rows = [*_powers("voxels of the scene", fine), *_powers("levels", tall), *_powers("candidates", many)]
    table(console, "Growth", ("with", "what", "from", "to", "ms", "ms", "power"), rows)


def _powers(name: str, measured: list[tuple[int, dict[str, float]]]) -> Iterable[Row]:
    """The power of each job's time in a size: the slope of a straight line through their logarithms."""
    sizes = np.log([size for size, _ in measured])
    for job in measured[0][1]:
        seconds = [found[job] for _, found in measured]
        power = float(np.polyfit(sizes, np.log(seconds), 1)[0])
        times = (f"{1000 * seconds[0]:.1f}", f"{1000 * seconds[-1]:.1f}")
        yield name, job, str(measured[0][0]), str(measured[-1][0]), *times, f"{power:.2f}"
        name = ""


def medians(jobs: Mapping[str, Job], clock: Callable[[], float] = time.perf_counter) -> dict[str, float]:
    """Median seconds of each job; the jobs take turns in every round, after one round that does not count."""
    for job in jobs.values():
        job()
    rounds = [{name: timed(job, clock)[1] for name, job in jobs.items()} for _ in range(ROUNDS)]
    return {name: statistics.median(one[name] for one in rounds) for name in jobs}


def timed(job: Callable[[], T], clock: Callable[[], float] = time.perf_counter) -> tuple[T, float]:
    """What a job gives, and its seconds by the clock given."""
    start = clock()
    found = job()
    return found, clock() - start


def size(grid: Grid) -> str:
    """The shape of a grid in words."""
    return " x ".join(str(n) for n in grid.shape)


def voxels(grid: Grid) -> str:
    """A grid in words."""
    return f"{size(grid)} voxels of {float(grid.spacing_mm.max()):g} mm"


def peak_mib() -> float:
    """Largest memory that this process ever held, MiB."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / MIB if sys.platform == "darwin" else held / 1024.0


def table(console: Console, title: str, head: Row, rows: Iterable[Row]) -> None:
    """Print rows; all columns but the words are numbers."""
    console.print(title, style="bold")
    shown = Table(box=None, pad_edge=False)
    for n, word in enumerate(head):
        shown.add_column(word, justify="left" if n == 0 or word == "by" else "right")
    for row in rows:
        shown.add_row(*row)
    console.print(shown)
    console.print()


if __name__ == "__main__":
    main()
