"""Margins and their words: entered, touching, apart; the dura of an epidural tumour."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from enbloc.classification.extent import LAYERS, SECTORS, Extent, LevelExtent
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Geometry, Margin
from enbloc.resection.specimen.margins import ORDER, measure_margins, worst_word

CENTRE, RADIUS = (10.0, -26.0, -4.5), 6.0


def extent(layers: str = "BC", undecided: str = "") -> Extent:
    def word(name: str) -> Verdict:
        return Verdict.MET if name in layers else Verdict.UNDECIDED if name in undecided else Verdict.UNMET

    sectors = {s: Verdict.MET if s in (5, 6) else Verdict.UNMET for s in SECTORS}
    return Extent("measured", {"L3": LevelExtent(sectors, {k: word(k) for k in LAYERS})})


def face_at(height: float, half: float = 20.0) -> Cut:
    """A horizontal face over the tumour's centre, `height` mm above it, the specimen below."""
    x, y, z = CENTRE
    corners = [[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]]
    face = np.array([[*corner, z + height] for corner in corners])
    return Cut("cranial", "osteotomy", face.mean(axis=0), np.array([0.0, 0.0, 1.0]), face, 1.0, ())


def at_cut(scene: Any, cut: Cut) -> Margin:
    grown = scene.tumour | (scene.bone > 0)
    geometry = Geometry(grown, np.zeros_like(grown), 1.0, 1.0)
    return next(m for m in measure_margins(scene, extent(), geometry, (cut,)) if m.interface == "cranial cut")


@pytest.mark.parametrize(
    ("gap", "word"),
    [(-3.0, "intralesional"), (-1.5, "intralesional"), (0.4, "marginal"), (1.8, "wide"), (4.0, "wide"), (12.0, "wide")],
)
def test_the_word_follows_the_distance(gap: float, word: str, scene_of: Any) -> None:
    scene = scene_of(CENTRE, RADIUS)
    margin = at_cut(scene, face_at(RADIUS + gap))
    assert isinstance(margin.least, Estimate)
    assert margin.least.value == pytest.approx(gap, abs=0.75)
    assert margin.least.high - margin.least.low == pytest.approx(2 * scene.label_error_mm)
    assert margin.enneking == word
    assert margin.at_mm is not None
    assert np.linalg.norm(np.array(margin.at_mm) - np.array(CENTRE)) == pytest.approx(RADIUS, abs=1.0)


def test_the_words_limits_are_those_of_the_interval(scene_of: Any) -> None:
    scene = scene_of(CENTRE, RADIUS)
    for gap in np.arange(-2.0, 3.0, 0.25):
        margin = at_cut(scene, face_at(RADIUS + gap))
        assert isinstance(margin.least, Estimate)
        if margin.least.value < 0.0:
            assert margin.enneking == "intralesional"
        else:
            assert margin.enneking == ("marginal" if margin.least.low <= 0.0 else "wide")


def test_a_face_beside_the_tumour_is_as_far_as_its_edge(scene_of: Any) -> None:
    cut = face_at(0.0, half=5.0)
    beside = attrs.evolve(cut, face_mm=cut.face_mm + np.array([-25.0, 0.0, 0.0]))
    least = at_cut(scene_of(CENTRE, RADIUS), beside).least
    assert isinstance(least, Estimate)
    assert least.value == pytest.approx(25.0 - 5.0 - RADIUS, abs=0.75)


def test_a_disc_names_its_barrier(scene_of: Any) -> None:
    margin = at_cut(scene_of(CENTRE, RADIUS), attrs.evolve(face_at(12.0), kind="discectomy"))
    assert (margin.tissue, margin.barrier, margin.barrier_status) == ("disc", "end plate and annulus", "verified")


def dura_of(scene: Any, found: Extent) -> Margin:
    specimen = scene.bone == list(scene.vertebrae).index("L3") + 1
    geometry = Geometry(specimen | scene.tumour, np.zeros_like(specimen), 1.0, 1.0)
    return next(m for m in measure_margins(scene, found, geometry, ()) if m.interface == "dura")


def test_layer_d_makes_the_dura_intralesional(scene_of: Any) -> None:
    scene = scene_of(CENTRE, RADIUS)
    free, epidural, open_ = (dura_of(scene, extent(*words)) for words in (("BC",), ("BCD",), ("BC", "D")))
    assert free.enneking == "wide"
    assert epidural.enneking == "intralesional"
    assert epidural.barrier == "dura"
    assert open_.enneking == "wide"
    assert any("undecided" in reason.says for reason in open_.because)
    assert free.tissue == epidural.tissue == "dura"
    assert isinstance(free.least, Estimate)
    assert free.least.low > 0.0


def test_the_barrier_in_front_and_behind(scene_of: Any) -> None:
    assert dura_of(scene_of(CENTRE, RADIUS), extent()).barrier == "posterior longitudinal ligament"
    arch = extent()
    level = attrs.evolve(
        arch.levels["L3"], sectors={s: Verdict.MET if s in (1, 12) else Verdict.UNMET for s in SECTORS}
    )
    behind = attrs.evolve(arch, levels={"L3": level})
    assert dura_of(scene_of((0.0, 30.0, -8.0), 6.0), behind).barrier == "periosteum of the canal and ligamentum flavum"


def test_the_worst_word_rules() -> None:
    def with_word(word: str | None) -> Margin:
        return Margin("x", "bone", Estimate(1.0, 0.0, 2.0, "mm"), None, None, "", word)

    assert worst_word(()) is None
    for n, word in enumerate(ORDER):
        assert worst_word(tuple(with_word(w) for w in ORDER[n:])) == word
    assert worst_word((with_word(None), with_word("wide"))) is None, "what was not seen may be worse"
    assert worst_word((with_word(None), with_word("intralesional"))) == "intralesional"
