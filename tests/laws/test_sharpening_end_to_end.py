"""Law: a sharper measurement never adds a category, from the cells of a measured extent to the sheet."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from law_cases import TUMOURS, walk_of

from enbloc.classification.extent import LAYERS, SECTORS, Extent, LevelExtent
from enbloc.classification.sheet import classify
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.intake.clinical import Clinical

decided = st.sampled_from((Verdict.MET, Verdict.UNMET))
FACTS = (
    Clinical(histology="chordoma", grade="low", metastases="none", pain="mechanical", neurology="E"),
    Clinical(histology="renal_cell_carcinoma", metastases="solitary", primary_controlled=True),
    Clinical(),
)


def settled(draw: st.DrawFn, verdict: Verdict) -> Verdict:
    return draw(decided) if verdict is Verdict.UNDECIDED else verdict


def sharper_level(draw: st.DrawFn, level: LevelExtent) -> LevelExtent:
    """Every open cell decided; sectors and layers follow from the cells, as where they are measured."""
    cells = {key: attrs.evolve(cell, verdict=settled(draw, cell.verdict)) for key, cell in level.cells.items()}
    measured = {k for _, k in cells}
    layers = {
        k: any_of(cells[s, k].verdict for s in SECTORS) if k in measured else settled(draw, level.layers[k])
        for k in LAYERS
    }
    if layers["D"] is Verdict.UNMET:
        layers["E"] = Verdict.UNMET
    sectors = {s: any_of(cells[s, k].verdict for k in sorted(measured)) for s in SECTORS}
    return LevelExtent(sectors, layers, cells)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data(), name=st.sampled_from(sorted(TUMOURS)), clinical=st.sampled_from(FACTS))
def test_deciding_open_cells_adds_no_category(data: st.DataObject, name: str, clinical: Clinical) -> None:
    extent = walk_of(name).extent
    assert extent is not None
    levels = {n: sharper_level(data.draw, level) for n, level in extent.levels.items()}
    sharper: Extent = attrs.evolve(extent, levels=levels)
    before, after = classify(extent, clinical).answers, classify(sharper, clinical).answers
    for system in set(before) - {"wbb"}:
        assert set(after[system].possible) <= set(before[system].possible), system
        if (one := before[system].score) and (other := after[system].score):
            assert one.low <= other.low <= other.high <= one.high, system


def test_the_phantoms_leave_something_open() -> None:
    """Without open cells the law above would say nothing."""
    extents = [walk_of(name).extent for name in TUMOURS]
    verdicts = [v for e in extents if e for level in e.levels.values() for v in level.sectors.values()]
    assert verdicts.count(Verdict.UNDECIDED) >= 3
