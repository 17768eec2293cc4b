"""The WBB chart: where each sector lies, what is shaded, and which side is which."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from enbloc.classification.extent import LAYERS, SECTORS, Cell, Extent, LevelExtent, cell_verdict
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.report.drawing.wbb_chart import describe_wbb, draw_wbb, place_on_clock

READ = ET.fromstring
SVG = "{http://www.w3.org/2000/svg}"
CENTRE_X, CENTRE_Y = place_on_clock(0.0, 0.0)


def cells(svg: str) -> dict[tuple[int, str], ET.Element]:
    root = READ(svg)
    paths = (p for p in root.iter(f"{SVG}path") if p.get("class") == "cell")
    return {(int(p.attrib["data-sector"]), p.attrib["data-layer"]): p for p in paths}


def middle(path: ET.Element) -> tuple[float, float]:
    """Mean of the corners of a cell, from its path alone."""
    ends = set(re.findall(r"(?:[ML]|0 0 [01] )(-?[\d.]+) (-?[\d.]+)", path.attrib["d"]))
    return sum(float(x) for x, _ in ends) / len(ends), sum(float(y) for _, y in ends) / len(ends)


def mirrored(level: LevelExtent) -> LevelExtent:
    turned: dict[tuple[int, str], Cell] = {(13 - s, k): cell for (s, k), cell in level.cells.items()}
    return LevelExtent({13 - s: v for s, v in level.sectors.items()}, level.layers, turned)


def test_every_cell_is_drawn_once(extent: Extent) -> None:
    assert set(cells(draw_wbb("L3", extent.levels["L3"]))) == {(s, k) for s in SECTORS for k in "ABCDE"}


def test_sectors_lie_as_on_an_axial_scan(extent: Extent) -> None:
    where = {s: middle(path) for (s, k), path in cells(draw_wbb("L3", extent.levels["L3"])).items() if k == "B"}
    assert all(where[s][0] > CENTRE_X for s in range(1, 7)), "1-6 are the patient's left, at image right"
    assert all(where[s][0] < CENTRE_X for s in range(7, 13))
    assert all(where[s][1] < CENTRE_Y for s in range(4, 10)), "pedicles and body are in front, at the top"
    assert all(where[s][1] > CENTRE_Y for s in (1, 2, 3, 10, 11, 12)), "the arch is behind, at the bottom"
    assert max(where, key=lambda s: where[s][1]) in (1, 12)


def test_rings_run_from_outside_in(extent: Extent) -> None:
    drawn = cells(draw_wbb("L3", extent.levels["L3"]))
    reach = [abs(middle(drawn[6, k])[1] - CENTRE_Y) for k in "ABCDE"]
    assert reach == sorted(reach, reverse=True)


def test_left_letter_is_at_image_right(extent: Extent) -> None:
    texts = {t.text: float(t.attrib["x"]) for t in READ(draw_wbb("L3", extent.levels["L3"])).iter(f"{SVG}text")}
    assert texts["L"] > CENTRE_X > texts["R"]
    assert texts["left"] > CENTRE_X > texts["right"]


def test_shading_follows_verdict_and_share(extent: Extent) -> None:
    drawn = cells(draw_wbb("L3", extent.levels["L3"]))
    assert float(drawn[5, "C"].attrib["fill-opacity"]) > float(drawn[6, "C"].attrib["fill-opacity"])
    assert drawn[7, "C"].attrib["fill"].startswith("url(#hatch")
    assert drawn[9, "B"].attrib["fill"] == "#ffffff"
    for key, path in drawn.items():
        words = {Verdict.MET: "involved", Verdict.UNMET: "free", Verdict.UNDECIDED: "undecided"}
        assert path.attrib["data-verdict"] == words[cell_verdict(extent.levels["L3"], *key)]


def test_mirrored_patient_gives_the_mirrored_chart(extent: Extent) -> None:
    plain = cells(draw_wbb("L3", extent.levels["L3"]))
    turned = cells(draw_wbb("L3", mirrored(extent.levels["L3"])))
    for (s, k), path in plain.items():
        other = turned[13 - s, k]
        assert (other.get("fill"), other.get("fill-opacity")) == (path.get("fill"), path.get("fill-opacity"))
        assert middle(other)[0] - CENTRE_X == pytest.approx(CENTRE_X - middle(path)[0], abs=0.2)


def test_typed_pairs_that_are_not_known_are_hatched(typed_extent: Extent) -> None:
    drawn = cells(draw_wbb("C4", typed_extent.levels["C4"]))
    hatched = {key for key, path in drawn.items() if path.attrib["data-verdict"] == "undecided"}
    assert hatched == {(s, k) for s in (5, 6, 7, 8) for k in "BC"}


def test_vertebral_artery_only_in_the_neck(extent: Extent, typed_extent: Extent) -> None:
    assert 'class="artery"' not in draw_wbb("L3", extent.levels["L3"])
    neck = READ(draw_wbb("C4", typed_extent.levels["C4"]))
    sides = {
        c.attrib["data-side"]: float(c.attrib["cx"]) for c in neck.iter(f"{SVG}circle") if c.get("class") == "artery"
    }
    assert sides["left"] > CENTRE_X > sides["right"]


def test_cuts_are_drawn_at_their_angle_and_escaped(extent: Extent) -> None:
    svg = draw_wbb("L3", extent.levels["L3"], {"a <b>": (255.0,)})
    root = READ(svg)
    (cut,) = [p for p in root.iter(f"{SVG}path") if p.get("class") == "cut"]
    assert middle(cut)[0] < CENTRE_X
    assert "cut 1: a <b>" in {t.text for t in root.iter(f"{SVG}text")}


def test_title_numbering_and_description(extent: Extent) -> None:
    root = READ(draw_wbb("L3", extent.levels["L3"]))
    assert "SOSG numbering" in (root.findtext(f"{SVG}title") or "")
    said = root.findtext(f"{SVG}desc") or ""
    assert said == describe_wbb("L3", extent.levels["L3"])
    assert "sector 4 B/C involved" in said and "sector 7 C undecided" in said and "image right" in said
    free = LevelExtent(dict.fromkeys(SECTORS, Verdict.UNMET), dict.fromkeys(LAYERS, Verdict.UNMET))
    assert describe_wbb("L3", free).endswith("Every sector is free.")
