"""Findings of an Extent: what a typed level says of a place, against every way in which it could be filled."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from enbloc.classification.extent import Cell, Contact, Extent, LevelExtent
from enbloc.classification.findings import find, part_verdict, touches_great_vessel, with_supplied
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.clinical import Clinical

SECTORS = (4, 5, 6)
LAYERS = ("B", "D")


def may_be(verdict: Verdict, filled: bool) -> bool:
    return verdict is Verdict.UNDECIDED or (verdict is Verdict.MET) == filled


def ways(level: LevelExtent) -> list[set[tuple[int, str]]]:
    """Every set of filled cells that fits the sectors and layers of a level."""
    cells = list(product(SECTORS, LAYERS))
    found = []
    for answers in product((False, True), repeat=len(cells)):
        filled = {cell for cell, yes in zip(cells, answers, strict=True) if yes}
        sectors_fit = all(may_be(level.sectors[s], any(c[0] == s for c in filled)) for s in SECTORS)
        layers_fit = all(may_be(level.layers[k], any(c[1] == k for c in filled)) for k in LAYERS)
        if sectors_fit and layers_fit:
            found.append(filled)
    return found


verdicts = st.sampled_from(Verdict)


@settings(max_examples=200, deadline=None)
@given(
    sectors=st.fixed_dictionaries(dict.fromkeys(SECTORS, verdicts)),
    layers=st.fixed_dictionaries(dict.fromkeys(LAYERS, verdicts)),
    place_sectors=st.sets(st.sampled_from(SECTORS), min_size=1),
    place_layers=st.sets(st.sampled_from(LAYERS), min_size=1),
)
def test_a_typed_place_is_decided_exactly_when_every_way_agrees(
    sectors: dict[int, Verdict], layers: dict[str, Verdict], place_sectors: set[int], place_layers: set[str]
) -> None:
    level = LevelExtent(sectors, layers)
    fits = ways(level)
    if not fits:
        return
    held = {any(s in place_sectors and k in place_layers for s, k in filled) for filled in fits}
    expected = Verdict.UNDECIDED if len(held) == 2 else Verdict.MET if True in held else Verdict.UNMET
    assert part_verdict(level, place_sectors, place_layers) is expected


def test_grade_follows_from_a_histology_that_has_only_one(typed) -> None:
    extent = typed(L3=({5}, "B"))
    assert find(extent, Clinical(histology="ewing_sarcoma"))["high_grade"].verdict is Verdict.MET
    assert find(extent, Clinical(histology="chordoma"))["high_grade"].verdict is Verdict.UNDECIDED
    assert find(extent, Clinical(histology="chordoma"))["malignant"].verdict is Verdict.MET
    assert find(extent, Clinical(histology="osteoblastoma"))["malignant"].verdict is Verdict.UNMET
    assert find(extent, Clinical())["malignant"].verdict is Verdict.UNDECIDED


def test_neighbouring_levels_are_adjacent_and_distant_ones_are_skipped(typed) -> None:
    cell = ({5}, "B")
    near, far = find(typed(T12=cell, L1=cell), Clinical()), find(typed(T12=cell, L2=cell), Clinical())
    assert (near["adjacent"].verdict, near["skip"].verdict) == (Verdict.MET, Verdict.UNMET)
    assert (far["adjacent"].verdict, far["skip"].verdict) == (Verdict.UNMET, Verdict.MET)
    assert far["metastasis"].verdict is Verdict.MET


def test_a_supplied_finding_counts_only_when_it_is_decided() -> None:
    ours = {"a": Finding("a", Verdict.MET, Unknown("stated: x"), "ours")}
    open_one = {"a": Finding("a", Verdict.UNDECIDED, Unknown("not stated"), "open")}
    firm = {"a": Finding("a", Verdict.UNMET, Unknown("stated: x"), "firm")}
    assert with_supplied(ours, open_one)["a"].says == "ours"
    assert with_supplied(ours, firm)["a"].says == "firm"


def contact(structure: str, low: float, high: float) -> Contact:
    return Contact(structure, Estimate((low + high) / 2, low, high, "mm"), (0.0, 0.0, 0.0))


def test_vessels_are_touched_away_or_not_labelled() -> None:
    assert touches_great_vessel((contact("aorta", 0.0, 1.0),)) is Verdict.MET
    assert touches_great_vessel((contact("aorta", 3.0, 5.0), contact("lung_left", 0.0, 0.0))) is Verdict.UNMET
    assert touches_great_vessel((contact("lung_left", 0.0, 0.0),)) is Verdict.UNDECIDED


def test_volumes_of_the_cells_are_summed(typed) -> None:
    assert isinstance(find(typed(L3=({5}, "BD")), Clinical())["canal"].measured, Unknown)
    volume = Estimate(2.0, 1.0, 3.0, "ml", "voxel size")
    cells = {(s, "D"): Cell(Verdict.MET, Unknown("soft tissue"), volume, Unknown("no")) for s in (5, 6)}
    level = LevelExtent(
        {s: Verdict.MET if s in (5, 6) else Verdict.UNMET for s in range(1, 13)},
        {k: Verdict.MET if k == "D" else Verdict.UNMET for k in "ABCDEF"},
        cells,
    )
    measured = find(Extent("measured", {"L3": level}), Clinical())["canal"].measured
    assert measured == Estimate(4.0, 2.0, 6.0, "ml", "voxel size")
