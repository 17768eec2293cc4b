"""The resection in three dimensions: closed surfaces where the masks lie, the right side at the right edge."""

from __future__ import annotations

import base64
import itertools
import re

import attrs
import numpy as np
import pytest

from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.estimates import Unknown
from enbloc.report.drawing import scene_pictures
from enbloc.report.drawing.raster import Camera, look_from, render
from enbloc.report.drawing.scene_pictures import HEIGHT, WIDTH, draw_scene, pack_model
from enbloc.report.drawing.surfaces import Scene3D, Surface, build_scene3d
from enbloc.report.drawing.viewpoint import VIEWPOINTS, choose_viewpoints, measure_open_share
from enbloc.resection.plans import Delivery, Plan

OCTAHEDRON = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=float)
OUTWARDS = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])


def ball(at: tuple[float, float, float], colour: str, opacity: float = 1.0, size: float = 10.0) -> Surface:
    return Surface(colour, colour, opacity, OCTAHEDRON * size + np.array(at), OUTWARDS)


def camera(from_deg: float, above_deg: float = 0.0) -> Camera:
    return Camera(*look_from(from_deg, above_deg), np.zeros(3), 1.0, 101, 81)


def where(picture: np.ndarray, channel: int) -> tuple[float, float]:
    """Mean column and row of pixels in which one channel alone is bright."""
    rest = [k for k in range(3) if k != channel]
    rows, columns = np.nonzero((picture[:, :, channel] > 60) & (picture[:, :, rest].max(axis=2) < 60))
    return float(columns.mean()), float(rows.mean())


@pytest.mark.parametrize(
    ("from_deg", "column", "row"),
    [(0.0, 80.0, 40.0), (180.0, 20.0, 40.0), (90.0, 50.0, 40.0)],
    ids=["in front: left at image right", "behind: left at image left", "from the left: in the middle"],
)
def test_the_patients_left_lies_where_the_viewer_sees_it(from_deg: float, column: float, row: float) -> None:
    found = where(render((ball((30.0, 0.0, 0.0), "#ff0000"),), camera(from_deg)), 0)
    assert found == pytest.approx((column, row), abs=1.0)


def test_superior_is_up_and_what_is_nearer_hides_what_is_behind() -> None:
    above = where(render((ball((0.0, 0.0, 20.0), "#ff0000"),), camera(0.0)), 0)
    assert above == pytest.approx((50.0, 20.0), abs=1.0)
    front, back = ball((0.0, -30.0, 0.0), "#ff0000"), ball((0.0, 30.0, 0.0), "#00ff00")
    for order in ((front, back), (back, front)):
        middle = render(order, camera(0.0))[40, 50]
        assert middle[0] > 60 and middle[1] == 0
        assert render(order, camera(180.0))[40, 50][1] > 60


def test_a_solid_covers_all_its_pixels_and_no_other() -> None:
    """An octahedron seen along an axis is a square on its corner: |x| + |y| < size."""
    cover = render((ball((0.0, 0.0, 0.0), "#ffffff", size=30.0),), camera(0.0))[:, :, 3] > 0
    rows, columns = np.indices(cover.shape)
    inside = abs(columns + 0.5 - 50.5) + abs(rows + 0.5 - 40.5) < 30.0
    wrong = cover != inside
    rim = abs(abs(columns + 0.5 - 50.5) + abs(rows + 0.5 - 40.5) - 30.0) < 1.5
    assert not (wrong & ~rim).any()


def test_what_is_translucent_lets_the_solid_through() -> None:
    solid, veil = ball((0.0, 0.0, 0.0), "#ff0000"), ball((0.0, -30.0, 0.0), "#0000ff", 0.4, 25.0)
    red, _, blue, cover = render((veil, solid), camera(0.0))[40, 50]
    assert red > 60 and blue > 40 and cover == 255
    hidden = render((veil, solid), camera(180.0))[40, 50]
    assert hidden[2] == 0, "a veil behind the solid is not seen"


def volume_ml(surface: Surface) -> float:
    a, b, c = (surface.points_mm[surface.faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum()) / 6000.0


@pytest.fixture(scope="module")
def scene3d(scene: Scene, plan: Plan) -> Scene3D:
    found = build_scene3d(scene, plan)
    assert found is not None
    return found


def test_surfaces_are_closed_outwards_and_near_their_masks(scene: Scene, plan: Plan, scene3d: Scene3D) -> None:
    named = {surface.name: surface for surface in scene3d.surfaces}
    assert {"tumour", "specimen", "bone that stays", "vessel", "cord", "canal"} == set(named)
    assert plan.geometry is not None
    for name, mask in (("tumour", scene.tumour), ("specimen", plan.geometry.specimen)):
        surface = named[name]
        edges = np.sort(surface.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all(), "closed"
        assert volume_ml(surface) == pytest.approx(float(mask.sum()) * scene.grid.voxel_ml, rel=0.12)
        points = scene.grid.to_patient(np.argwhere(mask))
        assert np.abs(surface.points_mm.min(axis=0) - points.min(axis=0)).max() < 3.0
        assert np.abs(surface.points_mm.max(axis=0) - points.max(axis=0)).max() < 3.0
    assert [surface.name for surface in scene3d.surfaces if surface.leaves] == ["tumour", "specimen"]
    assert not named["canal"].shown, "the cord is labelled"


def test_the_pictures_name_their_side_and_the_cuts_clear_of_each_other(scene3d: Scene3D, plan: Plan) -> None:
    pictures = draw_scene(scene3d, plan)
    assert len(pictures) == 2 and all(p.title.startswith("Resection seen from ") for p in pictures)
    assert "patient's left" in pictures[0].title, "the tumour lies in the left half of L3"
    for picture in pictures:
        places = []
        for cut in plan.cuts:
            (found,) = re.findall(rf'x="([\d.]+)" y="([\d.]+)"[^>]*>{cut.id}</text>', picture.svg)
            places.append((float(found[0]), float(found[1]), 3.2 * len(cut.id)))
            assert 0 < places[-1][0] < WIDTH and 0 < places[-1][1] < HEIGHT
        for (x, y, a), (u, v, b) in itertools.combinations(places, 2):
            assert abs(x - u) >= a + b or abs(y - v) >= 11.9, "two names lie over each other"


LETTERS = re.compile(r'class="side" x="(\d+)"[^>]*>([LRAP])</text>')


@pytest.mark.parametrize(
    ("view", "at_left", "at_right"),
    [(180.0, "L", "R"), (140.0, "L", "R"), (0.0, "R", "L"), (40.0, "R", "L"), (90.0, "A", "P"), (-90.0, "P", "A")],
)
def test_the_letters_at_the_edges_are_the_patients(
    view: float, at_left: str, at_right: str, scene3d: Scene3D, monkeypatch: pytest.MonkeyPatch
) -> None:
    (chosen,) = (one for one in VIEWPOINTS if one.from_deg == view)
    monkeypatch.setattr(scene_pictures, "choose_viewpoints", lambda _: (chosen,))
    monkeypatch.setattr(scene_pictures, "render", lambda *_: np.zeros((HEIGHT * 2, WIDTH * 2, 4), dtype=np.uint8))
    (picture,) = draw_scene(scene3d, None)
    letters = sorted((int(x), letter) for x, letter in LETTERS.findall(picture.svg))
    assert [letter for _, letter in letters] == [at_left, at_right]


def room(tumour_at: tuple[float, float, float]) -> Scene3D:
    """A tumour beside a ball of bone in the middle."""
    tumour = attrs.evolve(ball(tumour_at, "#d55e00", size=8.0), name="tumour", leaves=True)
    return Scene3D((tumour, ball((0.0, 0.0, 0.0), "#e8dfc8", size=20.0)), (), (), np.zeros(3))


@pytest.mark.parametrize(
    ("tumour_at", "side"),
    [((0, 30, 0), "behind"), ((30, 0, 0), "left"), ((-30, 0, 0), "right"), ((-20, 20, 0), "right"), ((0, -30, 0), "")],
)
def test_a_tumour_is_seen_from_where_it_lies(tumour_at: tuple[float, float, float], side: str) -> None:
    view, other = choose_viewpoints(room(tumour_at))
    assert side in view.words
    assert measure_open_share(room(tumour_at), view)[0] == 1.0
    assert view.behind or tumour_at[1] <= 0, "a dorsal tumour is seen from behind"
    if tumour_at == (0, -30, 0):
        assert not view.behind, "a ventral one is not"
    assert abs((view.from_deg - other.from_deg + 180) % 360 - 180) > 90


def test_the_model_holds_the_surfaces_to_a_hundredth_of_a_millimetre(scene: Scene, scene3d: Scene3D) -> None:
    model = pack_model(scene3d)
    for part, surface in zip(model.parts, scene3d.surfaces, strict=True):
        points = np.frombuffer(base64.b64decode(part.points), "<i2").reshape(-1, 3) * 0.01
        kind = "<u2" if len(points) <= 65535 else "<u4"
        assert np.abs(points + scene3d.centre_mm - surface.points_mm).max() <= 0.0051
        assert (np.frombuffer(base64.b64decode(part.faces), kind).reshape(-1, 3) == surface.faces).all()


def test_the_way_out_moves_points_as_its_matrices_say(scene: Scene, plan: Plan) -> None:
    turn = np.array([[0, -1, 0, 5], [1, 0, 0, -7], [0, 0, 1, 11], [0, 0, 0, 1]], dtype=float)
    way = Delivery("yes", "turned", (), Unknown("not measured"), (np.eye(4), turn))
    found = build_scene3d(scene, attrs.evolve(plan, delivery=way))
    assert found is not None
    model = pack_model(found)
    assert model.path[0] == tuple(np.eye(4).ravel())
    pose = np.array(model.path[1]).reshape(4, 4)
    point = np.array([12.0, -30.0, 70.0])
    there = pose @ np.append(point - found.centre_mm, 1.0)
    assert there[:3] + found.centre_mm == pytest.approx((turn @ np.append(point, 1.0))[:3], abs=1e-3)


def test_without_plan_the_anatomy_is_shown_and_without_tumour_nothing(scene: Scene) -> None:
    found = build_scene3d(scene, None)
    assert found is not None and found.cuts == () and found.path == ()
    assert "specimen" not in {surface.name for surface in found.surfaces}
    assert build_scene3d(attrs.evolve(scene, tumour=scene.tumour & False), None) is None
