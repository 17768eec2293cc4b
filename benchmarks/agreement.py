"""Agreement of the program with itself, as kappa, beside that of surgeons: `python benchmarks/agreement.py [DATA]`.

One patient is read twice: once as it is, once with another program's label map, another spacing, another orientation of
the scan, or a tumour outlined by another hand (its border moved by smooth noise of 1 mm). An answer that is open counts
as a category of its own, so that doubt on one side alone is disagreement; `against` counts where both readings are
certain and differ. Phantom tumours are those of `tests/phantom/test_extent.py`; DATA is a folder with the real cases.
"""

from __future__ import annotations

import runpy
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.ndimage import gaussian_filter
from statsmodels.stats.inter_rater import cohens_kappa

from enbloc.adapters.files.case.case_folder import read_case
from enbloc.adapters.files.case.labels import LabelEntry, read_labels
from enbloc.errors import InputError
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.distances import distance_to
from enbloc.foundation.space.grids import Floats, Grid, LabelMap
from enbloc.foundation.space.sampling import sample_nearest
from enbloc.foundation.terms.structures import TUMOUR
from enbloc.intake.alternatives import with_labels
from enbloc.intake.case import Case, LabelFile
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.resection.families import enumerate_options
from enbloc.settings import Settings
from enbloc.walk import Record, look

PHANTOM_TESTS = Path(__file__).resolve().parents[1] / "tests" / "phantom"
TUMOURS = 8
SPACING_MM = 1.5
NOISE_MM, NOISE_SMOOTH_MM = 1.0, 4.0
TURN_DEG = 20.0
REAL = ("L3-body-left-pedicle", "L2-posterior-arch", "T11-epidural", "T8-left-paravertebral")
SLICER = "s0328/s0328_slicer.seg.nrrd"
OPEN = "open"

HUMAN: Mapping[str, str] = {
    "Enneking T": "0.22 (HB-02)",
    "Enneking stage": "0.57 (HB-04)",
    "WBB sectors": "0.31 (HB-06)",
    "WBB layers": "0.58 (HB-07)",
    "procedure": "0.54 (HB-08)",
    "SINS band": "0.76 (HB-16)",
    "Tomita type": "no study known (HB-29)",
}
"""Inter-rater kappa of surgeons, from the knowledge table of human agreement."""

CLINICAL = Clinical(histology="chondrosarcoma", grade="low", metastases="none", pain="occasional", neurology="E")

Reading = Mapping[str, tuple[str, ...]]
"""What one reading answers: for each task the answers to its items, in a fixed order."""

Pairs = dict[tuple[str, str], list[tuple[str, str]]]
"""By variation and task: the answers of both readings, item by item."""


def main() -> None:
    """Read every patient twice and print the kappas."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    pairs: Pairs = defaultdict(list)
    for number, (first, others) in enumerate(chain(phantoms(), real(data) if data else ())):
        before = reading(look(first, Settings()))
        for name, case in others:
            try:
                after = reading(look(case, Settings()))
            except InputError as error:
                print(f"case {number}, {name}: {error.says}", file=sys.stderr)
                continue
            for task, answers in before.items():
                pairs[name, task] += list(zip(answers, after[task], strict=True))
        print(f"… case {number}", file=sys.stderr, flush=True)
    Console(width=140).print(table(pairs))


def phantoms() -> Iterator[tuple[Case, list[tuple[str, Case]]]]:
    """Random tumours; each scanned as it is, coarser, askew, and outlined by another hand."""
    sys.path.insert(0, str(PHANTOM_TESTS))  # before this folder, which has a module of the same name
    module: Mapping[str, Any] = runpy.run_path(str(PHANTOM_TESTS / "test_extent.py"))
    rng = np.random.default_rng(7)
    for n in range(TUMOURS):
        levels = module["RUNS"][n % len(module["RUNS"])]
        phantom = SpinePhantom(levels)
        tumour = module["draw"](phantom, levels[2], rng)

        def scan(mm: float = SPACING_MM, directions: Floats | None = None, _: Any = (phantom, tumour)) -> Case:
            turned = np.eye(3) if directions is None else directions
            return sample(_[0], Scan((mm, mm, mm), turned), _[1], CLINICAL)

        first = scan()
        if tumour_of(first).labels.mask(TUMOUR).sum() < 40:
            continue
        yield (
            first,
            [
                ("spacing 1.0 mm", scan(1.0)),
                ("spacing 2.0 mm", scan(2.0)),
                ("spacing 3.0 mm", scan(3.0)),
                ("scan turned 20°", scan(directions=turn())),
                ("outline ±1 mm", noisy(first, n)),
            ],
        )


def real(data: Path) -> Iterator[tuple[Case, list[tuple[str, Case]]]]:
    """The cases with images; those of one patient also with the label map of another program."""
    slicer = read_labels(data / SLICER, LabelEntry(Path(SLICER).name, "slicer"))[0]
    for name in REAL:
        case, _ = read_case(data / "cases" / name, lambda _: None)
        others = [
            ("spacing 3.0 mm", regridded(case, 3.0, np.eye(3))),
            ("scan turned 20°", regridded(case, SPACING_MM, turn())),
            ("outline ±1 mm", noisy(case, 99)),
        ]
        if case.ct is not None:
            others.append(("labels of 3D Slicer", with_labels(case, tuple(slicer))))
        yield case, others


def tumour_of(case: Case) -> LabelFile:
    """The file that holds the tumour."""
    return next(file for file in case.label_files if TUMOUR in file.labels.names.values())


def noisy(case: Case, seed: int) -> Case:
    """The same case with the tumour's border moved by smooth noise of `NOISE_MM` (standard deviation)."""
    file = tumour_of(case)
    mask, grid = file.labels.mask(TUMOUR), file.labels.grid
    noise = np.random.default_rng(seed).standard_normal(mask.shape)
    noise = gaussian_filter(noise, NOISE_SMOOTH_MM / grid.spacing_mm)
    moved = distance_to(grid, mask) + noise * (NOISE_MM / noise.std()) <= 0.0
    number = next(number for number, name in file.labels.names.items() if name == TUMOUR)
    values = np.where(file.labels.values == number, 0, file.labels.values)
    values = np.where(moved, number, values).astype(file.labels.values.dtype)
    outlined = attrs.evolve(file, labels=attrs.evolve(file.labels, values=values))
    return attrs.evolve(case, label_files=tuple(outlined if one is file else one for one in case.label_files))


def turn() -> Floats:
    """A grid turned about all three axes."""
    angle = np.radians(TURN_DEG)
    cos, sin = np.cos(angle), np.sin(angle)
    about_x = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    about_z = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    return np.asarray(about_x @ about_z, dtype=np.float64)


def regridded(case: Case, spacing_mm: float, directions: Floats) -> Case:
    """The case with every label map sampled anew (nearest voxel) on another grid over the same place; its CT stays."""
    files = []
    for file in case.label_files:
        old = file.labels.grid
        ends = np.array(np.meshgrid(*((0, n - 1) for n in old.shape))).reshape(3, -1).T
        local = old.to_patient(ends.astype(np.float64)) @ directions
        low, high = local.min(axis=0), local.max(axis=0)
        affine = np.eye(4)
        affine[:3, :3], affine[:3, 3] = directions * spacing_mm, directions @ low
        shape = tuple(int(n) for n in np.ceil((high - low) / spacing_mm).astype(int) + 1)
        grid = Grid((shape[0], shape[1], shape[2]), affine)
        slabs = [sample_nearest(old, file.labels.values, grid.to_patient(plane(grid, k))) for k in range(grid.shape[2])]
        files.append(LabelFile(file.name, LabelMap(grid, np.stack(slabs, axis=2), file.labels.names)))
    return attrs.evolve(case, label_files=tuple(files))


def plane(grid: Grid, k: int) -> Floats:
    """Indices (n, m, 3) of one plane of a grid."""
    i, j = np.meshgrid(np.arange(grid.shape[0]), np.arange(grid.shape[1]), indexing="ij")
    return np.stack([i, j, np.full_like(i, k)], axis=-1).reshape(-1, 3).astype(np.float64).reshape(*i.shape, 3)


def reading(record: Record) -> Reading:
    """The answers of one reading; sectors and layers of the level that holds most tumour in its bone."""
    if record.extent is None or record.sheet is None:
        return defaultdict(tuple)
    extent, answers = record.extent, record.sheet.answers
    level = max(extent.levels.values(), key=lambda one: sum(v is Verdict.MET for v in one.sectors.values()))
    outside = next((b.verdict for b in answers["enneking"].because if b.criterion == "extracompartmental"), None)
    options, _ = enumerate_options(extent, record.sheet, record.case.clinical)
    families = [f"{one.family} {one.side or ''}" for one in options if one.family != "intralesional"]
    return {
        "Enneking T": (word(outside),) if outside else (),
        "Enneking stage": (one_of(answers["enneking"].possible),),
        "WBB sectors": tuple(word(verdict) for verdict in level.sectors.values()),
        "WBB layers": tuple(word(level.layers[k]) for k in "ABCD"),
        "procedure": (families[0] if families else "none",),
        "Tomita type": (one_of(answers["tomita"].possible),),
        "TNM": (one_of(answers["tnm"].possible),),
        "McLain zones": (one_of(answers["mclain_weinstein"].possible),),
        "SINS band": (one_of(answers["sins"].possible),),
    }


def word(verdict: Verdict) -> str:
    """A verdict as a category; what is open is one of its own."""
    return OPEN if verdict is Verdict.UNDECIDED else verdict.value


def one_of(possible: tuple[str, ...]) -> str:
    """The category, when only one is possible."""
    return possible[0] if len(possible) == 1 else OPEN if possible else "does not apply"


def kappa(pairs: Iterable[tuple[str, str]]) -> str:
    """Cohen's kappa with its 95 % interval; a dash where a reading gives one category only, so that it says nothing."""
    both = list(pairs)
    names = sorted({answer for pair in both for answer in pair})
    if len({one for one, _ in both}) < 2 or len({other for _, other in both}) < 2:
        return "— (one category)"
    counts = np.zeros((len(names), len(names)))
    for one, other in both:
        counts[names.index(one), names.index(other)] += 1
    with np.errstate(invalid="ignore", divide="ignore"):
        found = cohens_kappa(counts)
    low, high = float(found.kappa_low), float(found.kappa_upp)
    interval = f" ({max(low, -1.0):.2f} to {min(high, 1.0):.2f})" if np.isfinite([low, high]).all() else ""
    return f"{found.kappa:.2f}{interval}"


def table(pairs: Pairs) -> Table:
    """One row for each variation and task."""
    found = Table("variation", "task", "items", "met or settled", "same", "against", "kappa (95 %)", "surgeons")
    for (variation, task), both in sorted(pairs.items()):
        same = sum(one == other for one, other in both) / len(both)
        against = sum(one != other and OPEN not in (one, other) for one, other in both)
        decided = sum(one not in (OPEN, Verdict.UNMET.value) for one, _ in both) / len(both)
        figures = (str(len(both)), f"{decided:.0%}", f"{same:.0%}", str(against), kappa(both))
        found.add_row(variation, task, *figures, HUMAN.get(task, ""))
    return found


if __name__ == "__main__":
    main()
