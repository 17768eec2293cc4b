"""Law: deciding what was open never adds a category, in any table and on the whole sheet."""

from __future__ import annotations

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from enbloc.classification.extent import LAYERS, SECTORS, Extent, LevelExtent
from enbloc.classification.sheet import classify as classify_sheet
from enbloc.classification.systems.tables import TABLES
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.evidence.rules import classify
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.terms.histology import HISTOLOGIES
from enbloc.intake.clinical import Clinical

decided = st.sampled_from((Verdict.MET, Verdict.UNMET))


def finding(name: str, verdict: Verdict) -> Finding:
    return Finding(name, verdict, Unknown("stated: test"), name)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_in_every_table(data: st.DataObject) -> None:
    table = TABLES[data.draw(st.sampled_from(sorted(TABLES)))]
    verdicts = {criterion.id: data.draw(st.sampled_from(Verdict)) for criterion in table.criteria}
    before = classify(table, {name: finding(name, verdict) for name, verdict in verdicts.items()})
    sharper = {n: v if v is not Verdict.UNDECIDED else data.draw(st.sampled_from(Verdict)) for n, v in verdicts.items()}
    after = classify(table, {name: finding(name, verdict) for name, verdict in sharper.items()})
    assert set(after.possible) <= set(before.possible)


@st.composite
def levels(draw: st.DrawFn) -> LevelExtent:
    """A level with an involved sector and an involved layer, the rest free, involved or open."""
    sectors = {s: draw(st.sampled_from(Verdict)) for s in SECTORS}
    layers = {k: draw(st.sampled_from(Verdict)) for k in LAYERS}
    sectors[draw(st.sampled_from(SECTORS))] = Verdict.MET
    layers[draw(st.sampled_from(LAYERS[:5]))] = Verdict.MET
    return LevelExtent(sectors, layers)


def sharpen(draw: st.DrawFn, level: LevelExtent) -> LevelExtent:
    def pick(verdict: Verdict) -> Verdict:
        return draw(st.sampled_from(Verdict)) if verdict is Verdict.UNDECIDED else verdict

    sectors = {s: pick(verdict) for s, verdict in level.sectors.items()}
    return attrs.evolve(level, sectors=sectors, layers={k: pick(verdict) for k, verdict in level.layers.items()})


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_on_the_sheet(data: st.DataObject) -> None:
    """For every system but WBB, whose two records are the bounds of what is possible, not a list of it."""
    names = data.draw(st.sampled_from((("C5",), ("T8", "T9"), ("L1", "L2"), ("L5", "S1"))))
    extent = Extent("measured", {name: data.draw(levels()) for name in names}, skipped=Verdict.UNMET)
    clinical = Clinical(
        histology=data.draw(st.sampled_from((None, *HISTOLOGIES))),
        grade=data.draw(st.sampled_from((None, "low", "high"))),
        metastases=data.draw(st.sampled_from((None, "none", "solitary", "multiple"))),
        pain=data.draw(st.sampled_from((None, "mechanical", "none"))),
    )
    sharper = attrs.evolve(extent, levels={n: sharpen(data.draw, level) for n, level in extent.levels.items()})
    before, after = classify_sheet(extent, clinical).answers, classify_sheet(sharper, clinical).answers
    for system in set(before) - {"wbb"}:
        assert set(after[system].possible) <= set(before[system].possible), system


@settings(max_examples=100, deadline=None)
@given(data=st.data(), fact=st.sampled_from(("metastases", "grade", "pain", "activity", "neurology", "histology")))
def test_a_stated_fact_never_adds_a_category(data: st.DataObject, fact: str) -> None:
    words = {
        "metastases": ("none", "solitary", "oligo", "multiple"),
        "grade": ("low", "high"),
        "pain": ("mechanical", "occasional", "none"),
        "activity": ("latent", "active", "aggressive"),
        "neurology": tuple("ABCDE"),
        "histology": ("chordoma", "osteosarcoma", "osteoblastoma"),
    }
    extent = Extent("measured", {"L1": data.draw(levels())}, skipped=Verdict.UNMET)
    start = {} if fact in ("histology", "grade", "activity") else {"histology": "renal_cell_carcinoma"}
    if fact == "grade":
        start = {"histology": "chordoma"}
    if fact == "activity":
        start = {"histology": "osteoblastoma"}
    clinical = Clinical(**start)
    before = classify_sheet(extent, clinical).answers
    after = classify_sheet(extent, attrs.evolve(clinical, **{fact: data.draw(st.sampled_from(words[fact]))})).answers
    for system in before:
        assert set(after[system].possible) <= set(before[system].possible), system
