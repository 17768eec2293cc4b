"""Small phantoms, their walks (each walked once), and what the laws compare."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import permutations, product

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.adapters.files.json_files import json_text
from enbloc.adapters.files.run.record_forms import classification_form, plans_form
from enbloc.anatomy.settings import AnatomySettings
from enbloc.classification.extent import Extent
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.grids import Grid, LabelMap, Volume
from enbloc.intake.case import Case, LabelFile
from enbloc.intake.clinical import Clinical
from enbloc.phantoms.demo import demo_tumour
from enbloc.phantoms.fills import Fill
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import Tumour, Wedge, ellipsoid, fill, sphere, together, wedge
from enbloc.resection.plans import Plan
from enbloc.settings import Settings
from enbloc.walk import Record, walk

QUICK = Settings(anatomy=AnatomySettings(reach_mm=25.0))
"""Everything as usual, but vessels and organs are looked at no further than 25 mm from the tumour."""

CHORDOMA = Clinical(
    age_years=54.0,
    sex="F",
    histology="chordoma",
    biopsy_confirmed=True,
    grade="low",
    metastases="none",
    neurology="E",
    pain="mechanical",
)
LUMBAR = SpinePhantom(("L2", "L3", "L4"))
THORACIC = SpinePhantom(("T7", "T8", "T9"))

TUMOURS: Mapping[str, tuple[SpinePhantom, Tumour]] = {
    "body": (LUMBAR, sphere("L3", (10.0, -26.0, -4.5), 6.0)),
    "body and pedicle": (LUMBAR, demo_tumour()),
    "arch": (LUMBAR, fill("L3", Fill({11, 12, 1, 2}, "BC", inset_mm=1.25))),
    "left side": (
        LUMBAR,
        together(ellipsoid("L3", (18.0, -16.0, -3.0), (5.0, 8.0, 6.0)), ellipsoid("L3", (17.0, 4.0, 2.0), (5, 11, 6))),
    ),
    "epidural": (THORACIC, wedge("T8", Wedge((150.0, 200.0), (0.0, 0.6), (-9.0, 4.0), canal_mm=4.5))),
    "paravertebral": (THORACIC, sphere("T8", (20.0, -16.0, -4.0), 11.0)),
}


@lru_cache(maxsize=64)
def case_of(name: str, spacing_mm: float = 2.0) -> Case:
    """A palette case, sampled with cubes of `spacing_mm`."""
    phantom, tumour = TUMOURS[name]
    return sample(phantom, Scan((spacing_mm,) * 3, margin_mm=12.0), tumour, CHORDOMA)


@lru_cache(maxsize=64)
def walk_of(name: str, spacing_mm: float = 2.0) -> Record:
    """A palette case, walked."""
    return walk(case_of(name, spacing_mm), QUICK)


def answers_text(record: Record) -> tuple[str, str]:
    """What ``3-classification.json`` and ``5-plans.json`` hold."""
    return json_text(classification_form(record)), json_text(plans_form(record))


def possible(record: Record) -> dict[str, tuple[str, ...]]:
    """System id to the categories still possible."""
    assert record.sheet is not None
    return {system: answer.possible for system, answer in record.sheet.answers.items()}


def verdicts(extent: Extent) -> dict[tuple[str, int | str], Verdict]:
    """The verdict of every level with every sector and every layer."""
    return {
        (name, key): verdict
        for name, level in extent.levels.items()
        for key, verdict in (*level.sectors.items(), *level.layers.items())
    }


def contradictions(one: Extent, other: Extent) -> list[tuple[str, int | str]]:
    """Sectors and layers that one calls involved and the other free; a level that is missing is free."""
    here, there = verdicts(one), verdicts(other)
    decided = {Verdict.MET, Verdict.UNMET}
    return [
        key
        for key in here.keys() | there.keys()
        if {here.get(key, Verdict.UNMET), there.get(key, Verdict.UNMET)} == decided
    ]


def plan_keys(record: Record) -> dict[tuple[str, str | None], Plan]:
    """The plans by family and side."""
    return {(plan.family, plan.side): plan for plan in record.plans}


def margins_mm(plan: Plan) -> dict[str, float]:
    """Interface to least margin."""
    return {m.interface: m.least.value for m in plan.margins if isinstance(m.least, Estimate)}


def margin_intervals_mm(plan: Plan) -> dict[str, tuple[float, float]]:
    """Interface to the interval of its least margin."""
    return {m.interface: (m.least.low, m.least.high) for m in plan.margins if isinstance(m.least, Estimate)}


ORDERS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = tuple(
    (order, signs) for order in permutations(range(3)) for signs in product((1, -1), repeat=3)
)
"""The 48 ways to lay out the same volume in memory."""


def laid_out(
    values: NDArray[np.generic], grid: Grid, order: tuple[int, ...], signs: tuple[int, ...]
) -> tuple[NDArray[np.generic], Grid]:
    """The same voxels at the same places, with the array's axes in another order and direction."""
    turned = values.transpose(order)[tuple(slice(None, None, sign) for sign in signs)]
    affine = np.eye(4)
    affine[:3, :3] = grid.affine[:3, list(order)] * signs
    corner = np.where(np.array(signs) < 0, np.array(turned.shape) - 1, 0)
    affine[:3, 3] = grid.affine[:3, 3] - affine[:3, :3] @ corner
    return np.ascontiguousarray(turned), Grid(turned.shape, affine)


def case_laid_out(case: Case, order: tuple[int, ...], signs: tuple[int, ...]) -> Case:
    """A case whose images are all laid out anew."""
    files = []
    for file in case.label_files:
        values, grid = laid_out(file.labels.values, file.labels.grid, order, signs)
        files.append(LabelFile(file.name, LabelMap(grid, values, file.labels.names)))
    ct = Volume(*reversed(laid_out(case.ct.values, case.ct.grid, order, signs))) if case.ct is not None else None
    return attrs.evolve(case, label_files=tuple(files), ct=ct)
