"""Cut planes, points and modelled roots as 3D Slicer's Markups JSON.

Source: 3D Slicer's schema ``markups-schema-v1.0.3.json``. A file holds one plane, so that a scene can name it; the
points (where each margin is least) stand in one list. ``baseToNode`` and ``orientation`` hold the plane's axes as
columns, LPS; its z axis is the cut's normal, which points out of the specimen.
"""

from __future__ import annotations

import numpy as np

from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import one_line
from enbloc.adapters.exports.solids import CUT_COLOUR
from enbloc.adapters.files.json_files import Json, json_text
from enbloc.foundation.space.grids import Floats
from enbloc.resection.cuts import Cut

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)

ROOT_COLOUR = (222, 178, 40)
"""Nerves are yellow in every atlas."""


def plane_bytes(cut: Cut) -> bytes:
    """One cut as a plane of a fixed size that covers its face."""
    axes = plane_axes(cut)
    flat = (cut.face_mm - cut.origin_mm) @ axes[:, :2]
    half = np.abs(flat).max(axis=0) if len(flat) else np.array([10.0, 10.0])
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = cut.origin_mm
    markup: Json = {
        "type": "Plane",
        "name": one_line(cut.id, 100),
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": True,
        "fixedNumberOfControlPoints": True,
        "labelFormat": "%N",
        "planeType": "pointNormal",
        "sizeMode": "absolute",
        "center": _plain(cut.origin_mm),
        "normal": _plain(cut.normal),
        "baseToNode": _plain(matrix.ravel()),
        "orientation": _plain(axes.ravel()),
        "size": [*_plain(2.0 * half), 0.0],
        "planeBounds": _plain(np.array([-half[0], half[0], -half[1], half[1]])),
        "controlPoints": [
            _point("1", cut.id, cut.origin_mm, f"kerf {cut.tool_width_mm:g} mm; crosses {', '.join(cut.crosses)}")
        ],
        "display": _display(CUT_COLOUR, opacity=0.4),
    }
    return _file(markup)


def plane_axes(cut: Cut) -> Floats:
    """(3, 3) float, LPS: two axes in the plane and the normal as columns, right-handed."""
    first = np.eye(3)[int(np.argmin(np.abs(cut.normal)))]
    first = first - (first @ cut.normal) * cut.normal
    first = first / np.linalg.norm(first)
    axes: Floats = np.column_stack([first, np.cross(cut.normal, first), cut.normal])
    return axes


def points_bytes(source: RunSource) -> bytes | None:
    """Where each margin of the plan is least; None when no margin has a place."""
    margins = source.plan["margins"] if source.plan is not None else []
    points = [
        _point(
            str(number), str(margin["interface"]), np.array(margin["at_mm"], dtype=np.float64), _margin_words(margin)
        )
        for number, margin in enumerate((m for m in margins if m["at_mm"] is not None), start=1)
    ]
    if not points:
        return None
    return _file(
        {
            "type": "Fiducial",
            "name": "least margins",
            "coordinateSystem": "LPS",
            "coordinateUnits": "mm",
            "locked": True,
            "fixedNumberOfControlPoints": True,
            "labelFormat": "%N-%d",
            "controlPoints": points,
            "display": {**_display((178, 34, 52), opacity=1.0), "pointLabelsVisibility": True},
        }
    )


def modelled_roots(source: RunSource) -> tuple[Json, ...]:
    """The nerve roots that the run modelled, as they stand in ``2-anatomy.json``."""
    scene = source.forms.get("2-anatomy", {}).get("scene") or {}
    return tuple(part for part in scene.get("modelled", ()) if part["kind"] == "nerve_root")


def curve_bytes(part: Json) -> bytes:
    """Something modelled as an open curve along its middle line; its name says that it is modelled."""
    places = np.array(part["points_mm"], dtype=np.float64)
    words = f"modelled, not seen: {part['because']}; {part['width_mm']:g} mm wide"
    return _file(
        {
            "type": "Curve",
            "name": one_line(f"{part['name']} (modelled)", 100),
            "coordinateSystem": "LPS",
            "coordinateUnits": "mm",
            "locked": True,
            "fixedNumberOfControlPoints": True,
            "labelFormat": "%N-%d",
            "controlPoints": [_point(str(n), str(n), place, words) for n, place in enumerate(places, start=1)],
            "display": _display(ROOT_COLOUR, opacity=1.0),
        }
    )


def _margin_words(margin: Json) -> str:
    least = margin["least_mm"]
    if "unknown" in least:
        return f"not known: {least['unknown']}"
    return f"{least['value']:.1f} mm ({least['low']:.1f} to {least['high']:.1f})"


def _point(number: str, label: str, place_mm: Floats, description: str) -> Json:
    return {
        "id": number,
        "label": one_line(label, 100),
        "description": one_line(description, 300),
        "associatedNodeID": "",
        "position": _plain(place_mm),
        "selected": True,
        "locked": True,
        "visibility": True,
        "positionStatus": "defined",
    }


def _display(colour: tuple[int, int, int], opacity: float) -> Json:
    plain = [round(part / 255, 6) for part in colour]
    return {"visibility": True, "opacity": opacity, "color": plain, "selectedColor": plain, "textScale": 3.0}


def _plain(values: Floats) -> list[float]:
    return [round(float(value), 9) + 0.0 for value in values]


def _file(markup: Json) -> bytes:
    return json_text({"@schema": SCHEMA, "markups": [markup]}).encode()
