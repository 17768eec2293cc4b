"""The picture of a margin map: its colours lie where the distances do, its words where the patient's sides are."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image

from enbloc.foundation.evidence.estimates import Estimate
from enbloc.report.drawing.margin_chart import draw_margin_map
from enbloc.resection.specimen.margin_maps import MarginMap


def map_with_tumour_at_the_left() -> MarginMap:
    """Thirty by twenty cells; tumour lies at the end of the first axis, the last row is off the face."""
    nearest = np.tile(np.linspace(29.0, 0.0, 30)[:, None] * 0.5, (1, 20))
    on_face = np.ones((30, 20), dtype=bool)
    on_face[:, 19] = False
    areas = {limit: Estimate(100.0 * limit, 0.0, 2000.0, "mm2") for limit in (2.0, 5.0, 10.0)}
    area = Estimate(1500.0, 1400.0, 1600.0, "mm2")
    axes = (np.zeros(3), np.eye(3)[0], np.eye(3)[2])
    words = (("right", "left"), ("caudal", "cranial"))
    return MarginMap("left <lamina>", *axes, *words, 0.5, on_face, nearest, nearest, area, areas)


def test_dark_is_near_and_the_axes_run_right_and_up() -> None:
    picture = draw_margin_map(map_with_tumour_at_the_left())
    packed = re.search(r"base64,([^\"]+)", picture.svg)
    assert packed is not None
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(packed[1]))).convert("RGB")).astype(int)
    assert pixels.shape == (20, 30, 3)
    assert (pixels[0] == 255).all(), "off the face, and the second axis runs upwards"
    greys = pixels[5].sum(axis=1)
    assert (np.diff(greys) <= 0).all() and len(set(greys.tolist())) == 4
    words = {word: (float(x), float(y)) for x, y, word in re.findall(
        r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="\w+" fill="#\w+">(\w+)<', picture.svg)}  # fmt: skip
    assert words["right"][0] < words["caudal"][0] < words["left"][0]
    assert words["cranial"][1] < words["left"][1] < words["caudal"][1]


def test_it_says_the_areas_and_escapes_names() -> None:
    picture = draw_margin_map(map_with_tumour_at_the_left())
    assert "<lamina>" not in picture.svg and "&lt;lamina&gt;" in picture.svg
    says = (
        "Of 15.0 cm² lie 10.0 cm² nearer than 10 mm, 5.0 cm² nearer than 5 mm and 2.0 cm² nearer than 2 mm to tumour."
    )
    assert picture.caption == says
