"""The margin at every interface of the specimen: least distance, place, tissue, barrier and Enneking's word.

Strategy. The tumour is its surface, half-way between inner and outer voxel centres. At a cut the distance is the one
to the bounded face, negative where tumour lies beyond it. Everywhere else the specimen ends against something: the
canal (dura), a labelled structure, or unlabelled soft tissue; the least distance to each is looked up. So every face of
the specimen belongs to one interface, and the least margin of all is the least of the list.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import scipy
from numpy.typing import NDArray

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent, any_cell, involved_levels
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.space.boxes import meet, voxels_of
from enbloc.foundation.space.distances import distance_to, reached_from, surface_points
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.space.polygons import distance_to_face, least_to_face
from enbloc.foundation.terms.structures import spoken
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Geometry, Margin, MarginWord, Tissue
from enbloc.resection.specimen.near_areas import near_faces, near_on_cut, true_areas

NEIGHBOUR_MM = 10.0
"""A kept vessel, lung or organ this near to the tumour is listed even where soft tissue lies between (ours)."""

SIX_WAYS = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])

ORDER: tuple[MarginWord, ...] = ("intralesional", "marginal", "wide")
"""From worst to best."""

ENTERED = Reason(
    "tumour lies on the far side of this interface: it would be entered",
    "verified",
    ("boriani_cerv2016",),
    "EN-M1",
)
TOUCHING = Reason(
    "tumour reaches the interface within the error of the label: at best along its capsule",
    "verified",
    ("clarke2014",),
    "EN-M2",
)
HEALTHY = Reason(
    "healthy tissue lies between, also at the low end of the interval; wide has no millimetre limit in the spine",
    "ours",
    ("lador2018", "ahmed2019lumbar"),
    "EN-M3, EN-M7",
)
EDGE = "edge of the image"
NOT_SEEN = Reason("tumour reaches the edge of the image: what lies beyond was not seen", "measured")
DURAL_RELEASE = Reason(
    "tumour lies in the epidural space: freeing the dura makes the margin intralesional there unless dura is resected",
    "ours",
    ("boriani2018",),
    "F5b",
)


def measure_margins(scene: Scene, extent: Extent, geometry: Geometry, cuts: tuple[Cut, ...]) -> tuple[Margin, ...]:
    """Every interface of the specimen: cuts, then dura, then kept neighbours and soft tissue, the nearest first.

    Parameters
    ----------
    scene : Scene
    extent : Extent
    geometry : Geometry
        Specimen on the scene's grid.
    cuts : tuple of Cut
    """
    tumour = surface_points(scene.grid, scene.tumour)
    tree = scipy.spatial.cKDTree(tumour)
    at_cuts = tuple(attrs.evolve(_at_cut(scene, cut, tumour), near_mm2=near_on_cut(cut, tree)) for cut in cuts)
    epidural = any_of(level.layers["D"] for level in extent.levels.values())
    elsewhere = _elsewhere(scene, extent, geometry.specimen, cuts, tumour, epidural)
    left = _left_behind(scene, geometry.specimen, at_cuts)
    named = {margin.interface for margin in left}
    return (*at_cuts, *left, *(margin for margin in elsewhere if margin.interface not in named))


def worst_word(margins: tuple[Margin, ...]) -> MarginWord | None:
    """The worst margin on the specimen's surface rules (EN-M8, unverified/high).

    None without margins, and where one has no word unless another is the worst that there is.
    """
    words = {margin.enneking for margin in margins}
    if None in words and ORDER[0] not in words:
        return None
    return next((word for word in ORDER if word in words), None)


def _left_behind(scene: Scene, specimen: Bools, at_cuts: tuple[Margin, ...]) -> tuple[Margin, ...]:
    """Tumour outside the specimen that no cut accounts for, by the structure it lies in."""
    left = scene.tumour & ~specimen
    if not left.any() or any(isinstance(m.least, Estimate) and m.least.value < 0.0 for m in at_cuts):
        return ()
    names = list(scene.vertebrae)
    depth = distance_to(scene.grid, specimen) + scene.label_error_mm
    found = []
    for number in np.unique(scene.bone[left]):
        here = left & (scene.bone == number)
        deepest = voxels_of(here)[int(np.argmax(depth[here]))]
        name = f"vertebra_{names[int(number) - 1]}" if number else "soft tissue"
        least = _estimate(-float(depth[tuple(deepest)]), scene.label_error_mm, "label border of the tumour")
        place = _place(scene.grid.to_patient(deepest[None])[0])
        tissue: Tissue = "bone" if number else "soft_tissue"
        found.append(Margin(name, tissue, least, place, None, "", "intralesional", (ENTERED,)))
    return tuple(found)


def _at_cut(scene: Scene, cut: Cut, tumour: Floats) -> Margin:
    value, n = least_to_face(tumour, cut.face_mm, cut.normal)
    disc = cut.kind == "discectomy"
    word, why = _word(value, scene.label_error_mm)
    return Margin(
        interface=f"{cut.id} cut",
        tissue="disc" if disc else "bone",
        least=_estimate(value, scene.label_error_mm, "label border of the tumour"),
        at_mm=_place(tumour[n]),
        barrier="end plate and annulus" if disc else None,
        barrier_status="verified" if disc else "",
        enneking=word,
        because=(why,)
        + (
            (
                Reason(
                    "cartilage end plate and annulus stopped tumour in specimens", "verified", ("fujita1997",), "BAR-1"
                ),
            )
            if disc
            else ()
        ),
    )


def _elsewhere(
    scene: Scene, extent: Extent, specimen: Bools, cuts: tuple[Cut, ...], tumour: Floats, epidural: Verdict
) -> tuple[Margin, ...]:
    """Interfaces that no cut makes."""
    faces, beyond, areas = _open_faces(scene, specimen, cuts)
    tree = scipy.spatial.cKDTree(tumour)
    found: list[Margin] = list(_at_edge(scene, specimen, tree, tumour))
    error = scene.label_error_mm * float(np.sqrt(2.0))
    names = {0: "soft tissue", **scene.structures.names}
    for code in np.unique(beyond):
        places = _border(scene, specimen, int(code), faces[beyond == code])
        distances, which = tree.query(places)
        n = int(np.argmin(distances))
        at = tumour[which[n]]
        if code == DURA:
            in_canal = bool((scene.tumour & scene.canal).any())
            margin = _dura(extent, 0.0 if in_canal else float(distances[n]), at, error, epidural)
        else:
            margin = _neighbour(names[int(code)], float(distances[n]), at, error)
        near = near_faces(faces[beyond == code], areas[beyond == code], tree)
        found.append(attrs.evolve(margin, near_mm2=near))
    listed = {margin.interface for margin in found}
    found += [margin for margin in _near_organs(scene, tree, tumour, error) if margin.interface not in listed]
    dura = [m for m in found if m.interface == "dura"]
    others = sorted((m for m in found if m.interface != "dura"), key=_least_value)
    return (*dura, *others)


def _at_edge(scene: Scene, specimen: Bools, tree: scipy.spatial.cKDTree, tumour: Floats) -> Iterator[Margin]:
    """Where the specimen reaches the edge of the image: what lies beyond was not seen."""
    inner = voxels_of(specimen)
    last = np.array(scene.grid.shape) - 1
    at_edge = inner[((inner == 0) | (inner == last)).any(axis=1)]
    if not len(at_edge):
        return
    distances, which = tree.query(scene.grid.to_patient(at_edge))
    n = int(np.argmin(distances))
    value = max(float(distances[n]) - scene.label_error_mm, 0.0)
    seen = value > scene.label_error_mm
    yield Margin(
        EDGE,
        "soft_tissue",
        _estimate(value, scene.label_error_mm, "label border of the tumour"),
        _place(tumour[which[n]]),
        None,
        "",
        "wide" if seen else None,
        (HEALTHY if seen else NOT_SEEN,),
    )


def _border(scene: Scene, specimen: Bools, code: int, faces: Floats) -> Floats:
    """The smoothed surface of what stays beyond, as far as the specimen borders on it.

    A muscle of which the specimen takes a cuff stays in part. Where nothing is labelled beyond, the specimen's own
    surface stands for it.
    """
    labelled = scene.canal if code == DURA else np.asarray(scene.structures.values == code, dtype=bool)
    surface = surface_points(scene.grid, labelled & ~specimen if code else specimen)
    near = scipy.spatial.cKDTree(faces).query(surface, distance_upper_bound=1.5 * float(scene.grid.spacing_mm.max()))[0]
    kept: Floats = surface[np.isfinite(near)]
    return kept if len(kept) else faces


DURA = -1


def _open_faces(scene: Scene, specimen: Bools, cuts: tuple[Cut, ...]) -> tuple[Floats, NDArray[np.intp], Floats]:
    """Middles (n, 3) LPS mm of the specimen's voxel faces that lie on no cut, what is beyond each, and areas (mm2).

    What is beyond is `DURA` for the canal, else the number of the structure, 0 where nothing is labelled.
    """
    inner = voxels_of(specimen)
    middles, codes, axes = [], [], []
    shape = np.array(scene.grid.shape)
    for way in SIX_WAYS:
        outer = inner + way
        valid = ((outer >= 0) & (outer < shape)).all(axis=1)
        there = tuple(outer[valid].T)
        open_ = ~specimen[there]
        middles.append((inner[valid][open_] + outer[valid][open_]) / 2.0)
        axes.append(np.full(int(open_.sum()), int(np.argmax(np.abs(way))), dtype=np.intp))
        structure = scene.structures.values[there][open_].astype(np.intp)
        codes.append(np.where(scene.canal[there][open_], DURA, structure))
    at = np.concatenate(middles)
    areas = true_areas(scene.grid, specimen, at, np.concatenate(axes))
    points = scene.grid.to_patient(at)
    beyond = np.concatenate(codes)
    on_cut = np.zeros(len(points), dtype=bool)
    reach = float(scene.grid.spacing_mm.max())
    for cut in cuts:
        distance, height = distance_to_face(points, cut.face_mm, cut.normal)
        on_cut |= (np.abs(height) <= reach) & (distance <= reach) & (beyond != DURA)
    return points[~on_cut], beyond[~on_cut], areas[~on_cut]


def _dura(extent: Extent, value: float, at: Floats, error: float, epidural: Verdict) -> Margin:
    word, why = _word(value, error)
    barrier, status, because = "posterior longitudinal ligament", "verified", [why]
    if epidural is Verdict.MET:
        word, barrier, status, because = "intralesional", "dura", "ours", [DURAL_RELEASE]
    else:
        arch_only = all(
            any_cell(extent.levels[level], (5, 6, 7, 8), "BC") is Verdict.UNMET for level in involved_levels(extent)
        )
        if arch_only:
            barrier = "periosteum of the canal and ligamentum flavum"
        because.append(
            Reason(
                "stopped tumour in specimens; the posterior ligament is the weakest",
                "verified",
                ("fujita1997",),
                "BAR-1",
            )
        )
        if epidural is Verdict.UNDECIDED:
            because.append(Reason("whether tumour lies in the epidural space is undecided", "measured"))
    return Margin(
        "dura",
        "dura",
        _estimate(value, error, "label borders of tumour and canal"),
        _place(at),
        barrier,
        status,
        word,
        tuple(because),
    )


def _neighbour(name: str, value: float, at: Floats, error: float) -> Margin:
    word, why = _word(value, error)
    barrier = "pleura" if name.startswith("lung") else None
    tissue: Tissue = "soft_tissue"
    least = _estimate(value, error, f"label borders of tumour and {spoken(name)}")
    return Margin(name, tissue, least, _place(at), barrier, "ours" if barrier else "", word, (why,))


def _near_organs(scene: Scene, tree: scipy.spatial.cKDTree, tumour: Floats, error: float) -> list[Margin]:
    """Kept vessels, lungs and organs within `NEIGHBOUR_MM` of the tumour."""
    found = []
    boxes = scipy.ndimage.find_objects(scene.structures.values)
    reached = reached_from(scene.grid, scene.tumour, NEIGHBOUR_MM + 2.0 * float(scene.grid.spacing_mm.max()))
    for number, name in scene.structures.names.items():
        if name.startswith(("vertebra_", "disc_", "spinal_", "rib_", "sacrum", "autochthon", "iliopsoas")):
            continue
        box = boxes[number - 1] if 0 < number <= len(boxes) else None
        if box is None or reached is None or not meet(box, reached):
            continue
        surface = surface_points(scene.grid, scene.structures.values == number)
        distances, which = tree.query(surface, distance_upper_bound=NEIGHBOUR_MM)
        n = int(np.argmin(distances))
        if np.isfinite(distances[n]):
            found.append(_neighbour(name, float(distances[n]), tumour[which[n]], error))
    return found


def _word(value: float, error: float) -> tuple[MarginWord, Reason]:
    """Enneking's word for a distance: entered, within the error of the label, or healthy tissue between."""
    if value < 0.0:
        return "intralesional", ENTERED
    return ("marginal", TOUCHING) if value - error <= 0.0 else ("wide", HEALTHY)


def _estimate(value: float, error: float, because: str) -> Estimate:
    return Estimate(value, value - error, value + error, "mm", f"{because}, +-{error:.2f} mm")


def _least_value(margin: Margin) -> float:
    return float("inf") if isinstance(margin.least, Unknown) else margin.least.value


def _place(point: Floats) -> tuple[float, float, float]:
    return float(point[0]), float(point[1]), float(point[2])
