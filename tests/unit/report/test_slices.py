"""Slices: sides as radiologists show them, true millimetres, cuts where their faces lie."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import attrs
import numpy as np
import pytest
from PIL import Image

from enbloc.anatomy.scene import Scene
from enbloc.foundation.space.grids import Grid, Volume
from enbloc.report.drawing.slice_greys import grey_slice
from enbloc.report.drawing.slices import FIELD_MARGIN_MM, Picture, cross_polygon, draw_slices, find_tumour_centre
from enbloc.resection.plans import Plan

READ = ET.fromstring
SVG = "{http://www.w3.org/2000/svg}"
CENTRE = np.array([15.0, -21.0, 66.0])


def by_name(pictures: tuple[Picture, ...]) -> dict[str, ET.Element]:
    return {p.title.split()[0].lower(): READ(p.svg) for p in pictures}


def size_mm(svg: ET.Element) -> tuple[float, float]:
    _, _, width, height = (float(x) for x in svg.attrib["viewBox"].split())
    return width, height


def pixels(svg: ET.Element) -> np.ndarray:
    (image,) = svg.iter(f"{SVG}image")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(image.attrib["href"].split(",")[1]))))


def drawn(svg: ET.Element, name: str) -> np.ndarray:
    """Points (n, 2) of all paths of one class, drawing mm."""
    paths = [p.attrib["d"] for p in svg.iter(f"{SVG}path") if p.get("class") == name]
    return np.array([[float(x), float(y)] for d in paths for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", d)])


def with_spot(scene: Scene, place_mm: tuple[float, float, float]) -> Scene:
    """The scene with a CT that is black but for one bright ball of 3 mm radius."""
    assert scene.ct is not None
    points = scene.grid.to_patient(np.indices(scene.grid.shape).reshape(3, -1).T)
    near = (((points - np.array(place_mm)) ** 2).sum(axis=1) < 9.0).reshape(scene.grid.shape)
    return attrs.evolve(scene, ct=Volume(scene.grid, np.where(near, 3000.0, -1000.0)))


def brightest(svg: ET.Element) -> tuple[float, float]:
    """Share of width and height at which the bright spot lies."""
    image = pixels(svg)
    rows, columns = np.nonzero(image > 200)
    return float(columns.mean() + 0.5) / image.shape[1], float(rows.mean() + 0.5) / image.shape[0]


def test_patient_left_is_at_image_right(scene: Scene) -> None:
    left = by_name(draw_slices(with_spot(scene, (27.0, -21.0, 66.0)), None, CENTRE, "x"))
    right = by_name(draw_slices(with_spot(scene, (3.0, -21.0, 66.0)), None, CENTRE, "x"))
    for name in ("axial", "coronal"):
        assert brightest(left[name])[0] > 0.6 > 0.4 > brightest(right[name])[0]


def test_anterior_and_superior(scene: Scene) -> None:
    front = by_name(draw_slices(with_spot(scene, (15.0, -36.0, 66.0)), None, CENTRE, "x"))
    assert brightest(front["axial"])[1] < 0.4, "anterior is at the top of an axial slice"
    assert brightest(front["sagittal"])[0] < 0.4, "anterior is at image left of a sagittal slice"
    above = by_name(draw_slices(with_spot(scene, (15.0, -21.0, 78.0)), None, CENTRE, "x"))
    assert brightest(above["sagittal"])[1] < 0.4
    assert brightest(above["coronal"])[1] < 0.4


@pytest.mark.parametrize(("name", "letters"), [("axial", "RLAP"), ("coronal", "RLSI"), ("sagittal", "APSI")])
def test_letters_stand_where_they_belong(scene: Scene, name: str, letters: str) -> None:
    svg = by_name(draw_slices(scene, None, CENTRE, "x"))[name]
    width, height = size_mm(svg)
    at = {t.text: (float(t.attrib["x"]) / width, float(t.attrib["y"]) / height) for t in svg.iter(f"{SVG}text")}
    first, last, top, bottom = (at[letter] for letter in letters)
    assert first[0] < 0.2 and last[0] > 0.8 and top[1] < 0.2 and bottom[1] > 0.8


def test_drawing_is_in_millimetres_whatever_the_voxels(scene: Scene) -> None:
    """The tumour is an ellipsoid of 24 x 30 x 22 mm, cut off a little by the canal."""
    svgs = by_name(draw_slices(scene, None, CENTRE, "x"))
    for name, wanted in (("axial", (24.0, 30.0)), ("sagittal", (30.0, 22.0)), ("coronal", (24.0, 22.0))):
        points = drawn(svgs[name], "tumour")
        assert np.ptp(points, axis=0) == pytest.approx(wanted, abs=3.1)
        assert size_mm(svgs[name])[0] >= wanted[0] + FIELD_MARGIN_MM
        rows, columns = pixels(svgs[name]).shape
        voxel = {"axial": (1.0, 1.2), "sagittal": (1.2, 2.0), "coronal": (1.0, 2.0)}[name]
        assert size_mm(svgs[name]) == pytest.approx((columns * voxel[0], rows * voxel[1]), abs=0.01)


def test_outline_lies_on_the_bright_voxels(scene: Scene) -> None:
    """Outline and picture agree: the outline's middle is the spot's middle."""
    spot = with_spot(scene, (21.0, -27.0, 70.0))
    ball = np.asarray(spot.ct.values > 0) if spot.ct else None
    assert ball is not None
    svgs = by_name(draw_slices(attrs.evolve(spot, tumour=ball), None, np.array([21.0, -27.0, 70.0]), "x"))
    for svg in svgs.values():
        share = drawn(svg, "tumour").mean(axis=0) / size_mm(svg)
        assert share == pytest.approx(brightest(svg), abs=0.02)


def test_cuts_show_where_their_face_meets_the_slice(scene: Scene, plan: Plan) -> None:
    svgs = by_name(draw_slices(scene, plan, CENTRE, "x"))
    said = {name: {t.text for t in svg.iter(f"{SVG}text")} for name, svg in svgs.items()}
    assert {"right pedicle", "left lamina"} <= said["axial"] and "cranial" not in said["axial"]
    assert {"cranial", "caudal"} <= said["coronal"] & said["sagittal"]
    tumour = drawn(svgs["coronal"], "tumour").mean(axis=0)
    cuts = drawn(svgs["coronal"], "cut")
    assert cuts[:, 1].min() == pytest.approx(tumour[1] - 18.0, abs=2.1), "the cranial cut is 18 mm above, drawn upwards"
    assert np.ptp(cuts[:, 0]) == pytest.approx(80.0, abs=0.1)
    assert drawn(svgs["axial"], "cut")[:, 0].min() < tumour[0], "the right pedicle lies at image left of the tumour"
    assert len(drawn(svgs["axial"], "specimen")) > 0


def test_a_polygon_beside_the_plane_does_not_cross() -> None:
    square = np.array([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0]], dtype=float)
    assert cross_polygon(square, square[:, 0] + 1.0) is None
    ends = cross_polygon(square, square[:, 0] - 0.5)
    assert ends is not None
    assert sorted(ends[:, 1]) == [0.0, 2.0] and ends[:, 0] == pytest.approx(0.5)


def test_scale_bar_is_twenty_millimetres(scene: Scene) -> None:
    svg = by_name(draw_slices(scene, None, CENTRE, "x"))["axial"]
    (bar,) = [p.attrib["d"] for p in svg.iter(f"{SVG}path") if p.get("class") == "scale"]
    start, end = re.findall(r"M([\d.]+) [\d.]+H([\d.]+)", bar)[0]
    assert float(end) - float(start) == 20.0
    assert "20 mm" in {t.text for t in svg.iter(f"{SVG}text")}


def test_marked_place_is_ringed(scene: Scene) -> None:
    svg = by_name(draw_slices(scene, None, CENTRE, "x", marked=True))["axial"]
    (ring,) = [c for c in svg.iter(f"{SVG}circle") if c.get("class") == "place"]
    tumour = drawn(svg, "tumour")
    middle = (tumour.min(axis=0) + tumour.max(axis=0)) / 2
    assert (float(ring.attrib["cx"]), float(ring.attrib["cy"])) == pytest.approx(middle, abs=2.0)


def test_ct_on_another_grid_is_brought_over(scene: Scene) -> None:
    """A CT whose value is its left coordinate, on a shifted and coarser grid."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = (-80.0, -90.0, -10.0)
    grid = Grid((80, 75, 75), affine)
    left = grid.to_patient(np.indices(grid.shape).reshape(3, -1).T)[:, 0].reshape(grid.shape)
    greys = grey_slice(attrs.evolve(scene, ct=Volume(grid, 450.0 + 10.0 * left)), 2, 33).astype(float)
    assert (np.diff(greys[5:-5, 50]) >= 0).all() and greys[-6, 50] - greys[5, 50] > 150


def test_bone_only_image_keeps_other_tissue_visible(scene: Scene) -> None:
    assert scene.ct is not None
    bone_only = Volume(scene.grid, np.where(scene.bone > 0, 420.0, 0.0))
    greys = grey_slice(attrs.evolve(scene, ct=bone_only), 2, 33)
    outside = greys[scene.bone[:, :, 33] == 0]
    assert len(np.unique(outside)) > 2, "muscle, canal and the rest stay apart"
    assert greys[scene.bone[:, :, 33] > 0].mean() > outside.mean()


def test_without_ct_the_labels_are_shown(scene: Scene) -> None:
    greys = grey_slice(attrs.evolve(scene, ct=None), 2, 33)
    assert greys[scene.bone[:, :, 33] > 0].min() > greys[scene.canal[:, :, 33]].max()


def test_centre_lies_in_the_tumour(scene: Scene) -> None:
    index = np.rint(scene.grid.to_index(find_tumour_centre(scene)[None])[0]).astype(int)
    assert scene.tumour[tuple(index)]


def test_names_of_cuts_stand_inside_and_apart(scene: Scene, plan: Plan) -> None:
    """Six cuts side by side at the edge of the picture: no two names meet, none leaves the picture."""
    base = plan.cuts[2]
    shift = np.array([0.0, 1.0, 0.0])
    cuts = tuple(attrs.evolve(base, id=f"right pedicle {n}", face_mm=base.face_mm + n * shift) for n in range(6))
    svg = by_name(draw_slices(scene, attrs.evolve(plan, cuts=cuts), CENTRE, "x"))["axial"]
    names = [t for t in svg.iter(f"{SVG}text") if (t.text or "").startswith("right pedicle")]
    assert len(names) == 6
    heights = sorted(float(t.attrib["y"]) for t in names)
    assert all(b - a >= 4.7 for a, b in pairwise(heights))
    assert all(float(t.attrib["x"]) >= 2.0 for t in names)
