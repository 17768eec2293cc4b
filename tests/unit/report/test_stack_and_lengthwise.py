"""The stack of axial slices and the longitudinal chart."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.report.drawing.lengthwise_chart import draw_lengthwise
from enbloc.report.drawing.slice_stack import draw_stack
from enbloc.report.drawing.slices import draw_slices, find_tumour_centre
from enbloc.resection.plans import Plan

SVG = "{http://www.w3.org/2000/svg}"
READ = ET.fromstring


def test_the_stack_runs_from_above_to_below_and_starts_at_the_centre(scene: Scene, plan: Plan) -> None:
    stack = draw_stack(scene, plan)
    centre = draw_slices(scene, plan, find_tumour_centre(scene), "the tumour's centre")[0]
    first = stack.slices[stack.first]
    assert first.title == centre.title and first.outlined == centre.outlined
    assert READ(first.svg).find(f"{SVG}path[@class='tumour']").attrib == (
        READ(centre.svg).find(f"{SVG}path[@class='tumour']").attrib
    )
    heights = [0.0 if "mm" not in p.title else float(p.title.split()[2]) for p in stack.slices]
    signed = [h if "above" in p.title else -h for h, p in zip(heights, stack.slices, strict=True)]
    assert np.diff(signed) == pytest.approx(-2.0), "one slice per voxel of 2 mm, downwards"
    with_tumour = [("tumour" in p.outlined) for p in stack.slices]
    assert not with_tumour[0] and not with_tumour[-1] and with_tumour[stack.first]


def attributes(svg: str, kind: str, name: str) -> list[dict[str, str]]:
    return [found.attrib for found in READ(svg).iter(f"{SVG}{kind}") if found.get("class") == name]


def test_levels_stand_in_order_and_the_tumours_reach_is_true_to_scale(scene: Scene, extent: Extent, plan: Plan) -> None:
    picture = draw_lengthwise(scene, extent, plan)
    assert picture is not None
    levels = attributes(picture.svg, "rect", "level")
    assert [(b["data-level"], b["data-verdict"]) for b in levels] == [
        ("L2", "free"),
        ("L3", "involved"),
        ("L4", "free"),
    ]
    tops = [float(b["y"]) for b in levels]
    assert tops == sorted(tops), "cranial is at the top"
    (reach,) = attributes(picture.svg, "rect", "reach")
    unit = float(levels[1]["height"]) / 28.0
    assert float(reach["height"]) / unit == pytest.approx(22.0, abs=2.1), "the tumour is 22 mm high, the body 28"
    middle = float(reach["y"]) + float(reach["height"]) / 2
    assert middle == pytest.approx(tops[1] + float(levels[1]["height"]) / 2, abs=2.0 * unit)
    cuts = attributes(picture.svg, "path", "cut")
    at = sorted(float(cut["d"].split()[1].split("H")[0]) for cut in cuts)
    assert len(at) == 2, "the end cuts, not those through pedicle and lamina"
    assert (at[1] - at[0]) / unit == pytest.approx(36.0, abs=0.5)


def test_layers_carry_their_verdict(scene: Scene, extent: Extent) -> None:
    picture = draw_lengthwise(scene, extent, None)
    assert picture is not None
    found = {b["data-layer"]: b["data-verdict"] for b in attributes(picture.svg, "rect", "layer")}
    wanted = {layer: verdict.value for layer, verdict in extent.levels["L3"].layers.items()}
    words = {"met": "involved", "unmet": "free", "undecided": "undecided"}
    assert found == {layer: words[verdict] for layer, verdict in wanted.items()}
    assert "L3: layers A, B, C involved, layers D undecided." in picture.alt


def test_a_typed_extent_is_drawn_without_scale(typed_extent: Extent) -> None:
    picture = draw_lengthwise(None, typed_extent, None)
    assert picture is not None and "not to scale" in picture.caption
    assert [b["data-level"] for b in attributes(picture.svg, "rect", "level")] == ["C3", "C4", "C5"]
    assert attributes(picture.svg, "rect", "reach") == []
