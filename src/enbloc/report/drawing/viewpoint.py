"""From where a scene is best seen: the side from which most of the tumour and of the cuts lies open.

Every surface is reduced to its points on a coarse raster, as seen from each of eight sides. A point is open where no
solid thing that stays (bone, vessel, cord) is clearly nearer to the viewer. Where sides
show the same, the one on which the tumour lies wins; sides on which a surgeon stands, from behind and obliquely from
behind, win where others are hardly better.
"""

from __future__ import annotations

import attrs
import numpy as np

from enbloc.foundation.space.grids import Bools, Floats
from enbloc.report.drawing.raster import look_from
from enbloc.report.drawing.surfaces import Scene3D, Surface

ABOVE_DEG = 15.0
"""How far above every picture is taken."""

_RASTER_MM = 2.5
_NEARER_MM = 3.0
_CUTS_SHARE = 0.4
_BEHIND_GAIN = 1.15
_NEARER_COUNTS_MM = 150.0
_FINE = 5


@attrs.frozen
class Viewpoint:
    """A side: degrees from the front towards the patient's left, and its words after "seen from"."""

    from_deg: float
    words: str

    @property
    def behind(self) -> bool:
        """True where the viewer stands behind the patient."""
        return abs(self.from_deg) > 90.0


VIEWPOINTS: tuple[Viewpoint, ...] = (
    Viewpoint(180.0, "behind"),
    Viewpoint(140.0, "behind and from the patient's left"),
    Viewpoint(-140.0, "behind and from the patient's right"),
    Viewpoint(90.0, "the patient's left"),
    Viewpoint(-90.0, "the patient's right"),
    Viewpoint(40.0, "in front and from the patient's left"),
    Viewpoint(-40.0, "in front and from the patient's right"),
    Viewpoint(0.0, "in front"),
)
"""In the order in which they are preferred when they show the same."""


def choose_viewpoints(scene3d: Scene3D) -> tuple[Viewpoint, Viewpoint]:
    """The side that shows most of the tumour and the cuts, and the best of those from the other half of the room."""
    scores = {view: _score(scene3d, view) for view in VIEWPOINTS}
    best = max(VIEWPOINTS, key=lambda view: scores[view])
    others = [view for view in VIEWPOINTS if _apart_deg(view, best) > 90.0]
    return best, max(others, key=lambda view: scores[view])


def measure_open_share(scene3d: Scene3D, view: Viewpoint) -> tuple[float, float]:
    """The shares (0 to 1) of the tumour's and of the cuts' points that no solid thing hides from a side."""
    axes, towards = _axes(view)
    solid = _solid(scene3d)
    cuts = [_spread(cut) for cut in scene3d.cuts]
    open_tumour, open_cuts = (
        float(_open(np.concatenate(points), solid, axes, towards).mean()) if points else 0.0
        for points in (_tumour(scene3d), cuts)
    )
    return open_tumour, open_cuts


def _score(scene3d: Scene3D, view: Viewpoint) -> float:
    tumour, cuts = measure_open_share(scene3d, view)
    seen = (1.0 - _CUTS_SHARE) * tumour + _CUTS_SHARE * cuts
    return seen * (_BEHIND_GAIN if view.behind else 1.0) + _nearer_mm(scene3d, view) / _NEARER_COUNTS_MM


def _nearer_mm(scene3d: Scene3D, view: Viewpoint) -> float:
    """How much nearer to the viewer the tumour's middle lies than that of what stays."""
    tumour, solid = _tumour(scene3d), _solid(scene3d)
    if not tumour or not len(solid):
        return 0.0
    _, towards = _axes(view)
    return float((np.concatenate(tumour).mean(axis=0) - solid.mean(axis=0)) @ towards)


def _axes(view: Viewpoint) -> tuple[Floats, Floats]:
    """Right and up of a side, (2, 3), and the direction towards its viewer."""
    right, up = look_from(view.from_deg, ABOVE_DEG)
    return np.stack([right, up]), np.cross(right, up)


def _tumour(scene3d: Scene3D) -> list[Floats]:
    return [s.points_mm for s in scene3d.surfaces if s.name == "tumour"]


def _solid(scene3d: Scene3D) -> Floats:
    """The points of everything solid that stays, (n, 3)."""
    solid = [s.points_mm for s in scene3d.surfaces if s.opacity == 1.0 and s.shown and not s.leaves]
    return np.concatenate(solid) if solid else np.zeros((0, 3))


def _apart_deg(one: Viewpoint, other: Viewpoint) -> float:
    return abs((one.from_deg - other.from_deg + 180.0) % 360.0 - 180.0)


def _spread(cut: Surface) -> Floats:
    """Points all over the face of a cut."""
    a, b, c = (cut.points_mm[cut.faces[:, k]] for k in range(3))
    steps = [(i / _FINE, j / _FINE) for i in range(_FINE + 1) for j in range(_FINE + 1 - i)]
    points: Floats = np.concatenate([a + u * (b - a) + v * (c - a) for u, v in steps])
    return points


def _open(points_mm: Floats, solid_mm: Floats, axes: Floats, towards: Floats) -> Bools:
    """Which points no solid point of the same cell of the raster is clearly nearer than."""
    if not len(solid_mm):
        return np.ones(len(points_mm), dtype=bool)
    cells = [np.floor(p @ axes.T / _RASTER_MM).astype(np.int64) for p in (points_mm, solid_mm)]
    low = np.minimum(cells[0].min(axis=0), cells[1].min(axis=0))
    wide = int(max(cells[0][:, 1].max(), cells[1][:, 1].max()) - low[1]) + 1
    at, behind = ((cell[:, 0] - low[0]) * wide + (cell[:, 1] - low[1]) for cell in cells)
    nearest = np.full(int(max(at.max(), behind.max())) + 1, -np.inf)
    np.maximum.at(nearest, behind, solid_mm @ towards)
    found: Bools = points_mm @ towards >= nearest[at] - _NEARER_MM
    return found
