"""A whole `enbloc plan` beside one signed distance map by SimpleITK, and beside the reading of its files.

Usage: ``python benchmarks/whole.py [CASE …]``. Every case folder named is planned, then a phantom sampled on
512 x 512 x 600 voxels of 0.7 mm with an image and label maps. Each plan runs in a process of its own, whose processor
time and peak memory the system counts. SimpleITK makes one signed Maurer map of the tumour on the whole volume. The
ratios are of processor seconds, which a busy machine disturbs less than those of the clock.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TypeVar

import attrs
import nibabel
import numpy as np
import SimpleITK
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from enbloc.adapters.files.case.case_writer import write_case
from enbloc.foundation.space.grids import Grid, LabelMap, Volume
from enbloc.intake.case import Case
from enbloc.phantoms.demo import demo_clinical, demo_tumour
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom

ROUNDS = 3
LARGE = (512, 512, 600)
LARGE_MM = 0.7
COARSE = 2
"""The phantom is sampled on voxels so many times as wide, each of which then stands for as many in every direction."""

LEVELS = ("T11", "T12", "L1", "L2", "L3", "L4", "L5")
MIB = 1024.0

T = TypeVar("T", bound=np.generic)


@attrs.frozen
class Run:
    """One case: seconds and peak MiB of its plan, and processor seconds of one map and of reading its files."""

    name: str
    shape: tuple[int, ...]
    wall_s: float
    cpu_s: float
    peak_mib: float
    map_s: float
    read_s: float


def main() -> None:
    """Plan each case and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        # The system counts what this process holds when it starts a plan: the large case is made last.
        runs = [measure(Path(name), Path(folder)) for name in sys.argv[1:]]
        large = Path(folder) / "large"
        write_case(large_case(), large)
        runs.append(measure(large, Path(folder)))
    shown = Table(title=f"Whole plans, medians of {ROUNDS} rounds", box=None)
    for word in ("case", "voxels", "plan, s", "processor", "peak MiB", "one map", "read", "maps", "reads"):
        shown.add_column(word, justify="left" if word == "case" else "right")
    for run in runs:
        figures = (run.wall_s, run.cpu_s, run.peak_mib, run.map_s, run.read_s)
        ratios = (run.cpu_s / run.map_s, run.cpu_s / run.read_s)
        shown.add_row(run.name, " x ".join(map(str, run.shape)), *(f"{value:.1f}" for value in (*figures, *ratios)))
    Console(width=130).print(shown)


def measure(case: Path, folder: Path) -> Run:
    """All rounds of one case, its three jobs in turns."""
    files = sorted(case.glob("*.nii.gz"))
    plans, maps, reads = [], [], []
    shape: tuple[int, ...] = ()
    for _ in range(ROUNDS):
        plans.append(plan(case, folder / f"{case.name}-run"))
        start = time.process_time()
        volumes = [np.asarray(nibabel.load(file).dataobj) for file in files]
        reads.append(time.process_time() - start)
        shape = volumes[0].shape
        maps.append(one_map(case / "tumour.nii.gz"))
    wall, cpu, peak = (statistics.median(values) for values in zip(*plans, strict=True))
    return Run(case.name, shape, wall, cpu, peak, statistics.median(maps), statistics.median(reads))


def plan(case: Path, out: Path) -> tuple[float, float, float]:
    """Wall and processor seconds and peak MiB of one `enbloc plan`."""
    start = time.perf_counter()
    command = [sys.executable, "-c", "from enbloc.adapters.cli import app; app()", "plan", str(case)]
    child = subprocess.Popen([*command, "--out", str(out), "--force"], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{case}: enbloc plan ended with {child.returncode}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / MIB


def one_map(tumour: Path) -> float:
    """Processor seconds of one signed distance map of the tumour on its whole volume."""
    image = SimpleITK.ReadImage(str(tumour)) > 0
    start = time.process_time()
    SimpleITK.SignedMaurerDistanceMap(image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    return time.process_time() - start


def large_case() -> Case:
    """A phantom on the large grid, with an image."""
    step = LARGE_MM * COARSE
    scan = Scan((step,) * 3, margin_mm=100.0)
    case = sample(SpinePhantom(LEVELS), scan, demo_tumour(), demo_clinical())
    labels = tuple(
        attrs.evolve(file, labels=LabelMap(_finer(file.labels.grid), _large(file.labels.values), file.labels.names))
        for file in case.label_files
    )
    if case.ct is None:
        raise SystemExit("the phantom has no image")
    ct = Volume(_finer(case.ct.grid), _large(case.ct.values))
    return attrs.evolve(case, label_files=labels, ct=ct)


def _large(values: NDArray[T]) -> NDArray[T]:
    """The middle of a volume, padded where it is too small, each voxel as `COARSE` in every direction."""
    for axis, wanted in enumerate(LARGE):
        need = wanted // COARSE
        less = max(values.shape[axis] - need, 0) // 2
        values = np.take(values, np.arange(less, less + min(need, values.shape[axis])), axis=axis)
        before = (need - values.shape[axis]) // 2
        pad = [(0, 0)] * 3
        pad[axis] = (before, need - values.shape[axis] - before)
        values = np.repeat(np.pad(values, pad, mode="edge"), COARSE, axis=axis)
    return values


def _finer(grid: Grid) -> Grid:
    """The grid of `_large` of a volume on this one."""
    start = [
        (max(n - wanted // COARSE, 0) // 2) - max(wanted // COARSE - n, 0) // 2
        for n, wanted in zip(grid.shape, LARGE, strict=True)
    ]
    affine = grid.affine.copy()
    affine[:3, :3] /= COARSE
    shift = (COARSE - 1) / (2.0 * COARSE)
    affine[:3, 3] = grid.to_patient(np.array([start], dtype=float) - shift)[0]
    return Grid(LARGE, affine)


if __name__ == "__main__":
    main()
