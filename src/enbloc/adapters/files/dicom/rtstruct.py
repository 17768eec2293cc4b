"""RT structure sets: contours filled into label images.

Strategy. Every region gets a grid of its own: across its planes the voxels of the image (or a millimetre, when there is
none), along them the step of its own contours, so that a structure drawn on every second slice is thick and not
striped. All contours of one plane are filled together by the even-odd rule: a contour inside another is a hole, two
beside each other are two parts, and a keyhole closes itself. A voxel belongs to a region when its centre does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from enbloc.adapters.files.dicom.files import UNREADABLE, first_line, plain_text, read_header
from enbloc.adapters.files.dicom.frames import decimal_parts, whole
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.segments import Drawn
from enbloc.adapters.files.images.canonical import RawImage, canonical, check_size
from enbloc.errors import FileError
from enbloc.foundation.space.grids import Bools, Floats, Grid
from enbloc.intake.case import Problem

FLAT_MM = 0.1
"""How far the points of one contour may leave their plane. Ours."""
PARALLEL = 0.99996
"""Cosine of half a degree: planes closer than this to the image's take over its voxels. Ours."""
PIXEL_MM = 1.0
"""Voxel across the planes when there is no image. Ours."""
MOST_STEP_MM = 10.0
CONTOUR_DATA = 0x30060050
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR")
_REMEDY = "Export the structure set again."


@attrs.frozen(eq=False)
class _Axes:
    """Axes of a region's grid: two unit vectors in the plane with their voxel sizes and a point, and the normal."""

    row: Floats
    column: Floats
    normal: Floats
    pixel_mm: Floats
    origin_mm: Floats


def read_structure_set(path: Path, name: str, limits: Limits, grid: Grid | None) -> Drawn:
    """Read an RT structure set.

    Parameters
    ----------
    path : Path
    name : str
    limits : Limits
    grid : Grid or None
        Of the image that it was drawn on.

    Raises
    ------
    FileError
        If it is damaged, holds no closed contours, or exceeds a limit.
    """
    header, _ = read_header(path, name, limits)
    try:
        images = tuple(_regions(header, name, limits, grid))
        frames, series = _references(header)
    except UNREADABLE as error:
        raise FileError(f"it makes no sense ({first_line(error)})", where=name, remedy=_REMEDY) from error
    if not images:
        raise FileError("it holds no closed contours", where=name, remedy=_REMEDY)
    if len(frames) > 1:
        raise FileError("its regions lie in different frames of reference", where=name, remedy=_REMEDY)
    return Drawn(images, frames[0] if frames else None, series)


def _references(header: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    frames = {
        str(roi.get("ReferencedFrameOfReferenceUID") or "") for roi in header.get("StructureSetROISequence") or ()
    }
    series = set()
    for item in header.get("ReferencedFrameOfReferenceSequence") or ():
        for study in item.get("RTReferencedStudySequence") or ():
            for one in study.get("RTReferencedSeriesSequence") or ():
                series.add(str(one.get("SeriesInstanceUID") or ""))
    return tuple(sorted(frames - {""})), tuple(sorted(series - {""}))


def _regions(header: Any, name: str, limits: Limits, grid: Grid | None) -> Sequence[RawImage]:
    names = {whole(roi, "ROINumber"): plain_text(roi.get("ROIName")) for roi in header.StructureSetROISequence}
    left = limits.most_points
    images = []
    for region in header.get("ROIContourSequence") or ():
        number = whole(region, "ReferencedROINumber")
        if not 0 < number <= 65535 or number not in names:
            raise FileError(f"it has contours of a region {number} without a name", where=name, remedy=_REMEDY)
        contours = []
        for item in region.get("ContourSequence") or ():
            if str(item.get("ContourGeometricType", "")).upper() in _CLOSED:
                contours.append(_points(item, name))
                left -= len(contours[-1])
                if left < 0:
                    raise FileError(f"it has more than {limits.most_points} points", where=name, remedy=_REMEDY)
        if contours:
            images.append(_filled(contours, number, f"{name} ({names[number]})", grid))
            images[-1] = attrs.evolve(images[-1], names={number: names[number] or "nameless"})
    return images


def _points(item: Any, name: str) -> Floats:
    raw = item.get_item(CONTOUR_DATA)
    value = raw.value if raw is not None else b""
    parts = decimal_parts(value) if isinstance(value, bytes) else [float(part) for part in value or ()]
    points: Floats = np.array(parts, dtype=np.float64)
    if len(points) % 3 or len(points) < 9 or not np.isfinite(points).all():
        raise FileError("a contour has no three whole points", where=name, remedy=_REMEDY)
    return points.reshape(-1, 3)


def _filled(contours: list[Floats], number: int, name: str, grid: Grid | None) -> RawImage:
    axes = _axes(contours, grid, name)
    heights = np.array([float(np.mean(points @ axes.normal)) for points in contours])
    for points, height in zip(contours, heights, strict=True):
        if np.abs(points @ axes.normal - height).max() > FLAT_MM:
            raise FileError("a contour of it is not flat, or lies in another plane", where=name, remedy=_REMEDY)
    step, problems = _contour_step(heights, axes, grid, name)
    base = float(heights.min())
    index = np.rint((heights - base) / step).astype(int)
    flat = [np.stack([(p - axes.origin_mm) @ axes.row, (p - axes.origin_mm) @ axes.column], axis=1) for p in contours]
    flat = [points / axes.pixel_mm for points in flat]
    low = np.floor(np.min([points.min(axis=0) for points in flat], axis=0)).astype(int)
    high = np.ceil(np.max([points.max(axis=0) for points in flat], axis=0)).astype(int)
    columns, rows = (int(n) for n in high - low + 1)
    shape = check_size((columns, rows, int(index.max()) + 1), 1, name)
    values = np.zeros((shape[2], rows, columns), np.uint8 if number < 256 else np.uint16)
    by_plane: dict[int, list[Floats]] = defaultdict(list)
    for place, points in zip(index.tolist(), flat, strict=True):
        if not any(np.array_equal(points - low, other) for other in by_plane[place]):
            by_plane[place].append(points - low)
    for place, polygons in by_plane.items():
        values[place][fill_even_odd((rows, columns), polygons)] = number
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = (
        axes.row * axes.pixel_mm[0],
        axes.column * axes.pixel_mm[1],
        axes.normal * step,
    )
    in_plane = axes.origin_mm - axes.normal * (axes.origin_mm @ axes.normal)
    affine[:3, 3] = in_plane + affine[:3, 0] * low[0] + affine[:3, 1] * low[1] + axes.normal * base
    return attrs.evolve(canonical(name, values.transpose(2, 1, 0), affine), problems=problems)


def _axes(contours: list[Floats], grid: Grid | None, name: str) -> _Axes:
    """The image's own axes where the contours lie in its planes, or axes made from the largest contour."""
    areas = [0.5 * np.cross(p - p[0], np.roll(p, -1, axis=0) - p[0]).sum(axis=0) for p in contours]
    normal = max(areas, key=lambda area: float(np.linalg.norm(area)))
    length = float(np.linalg.norm(normal))
    if length < 1e-6:
        raise FileError("its contours have no area", where=name, remedy=_REMEDY)
    normal = normal / length
    if grid is not None:
        along = np.abs(grid.directions.T @ normal)
        axis = int(along.argmax())
        if along[axis] > PARALLEL:
            one, two = [n for n in range(3) if n != axis]
            units, spacing = grid.directions, grid.spacing_mm
            up = np.cross(units[:, one], units[:, two])
            return _Axes(units[:, one], units[:, two], up, np.array([spacing[one], spacing[two]]), grid.affine[:3, 3])
    normal = normal * np.sign(normal[int(np.abs(normal).argmax())])
    row = np.cross(normal, np.eye(3)[int(np.abs(normal).argmin())])
    row /= np.linalg.norm(row)
    fine = PIXEL_MM if grid is None else float(grid.spacing_mm.min())
    return _Axes(row, np.cross(normal, row), normal, np.array([fine, fine]), contours[0][0])


def _contour_step(heights: Floats, axes: _Axes, grid: Grid | None, name: str) -> tuple[float, tuple[Problem, ...]]:
    """How far apart the planes of a region lie, and what is odd about them."""
    there = np.unique(np.round(heights, 2))
    gaps = np.diff(there)
    gaps = gaps[gaps > FLAT_MM]
    own = _image_step(axes, grid)
    step = float(np.median(gaps)) if len(gaps) else (own or PIXEL_MM)
    step = float(gaps.min()) if len(gaps) and gaps.min() < 0.75 * step else step
    if step > MOST_STEP_MM:
        raise FileError(f"its contours lie {step:.1f} mm apart", where=name, remedy="Draw it on every slice.")
    problems = []
    off = np.abs(heights - heights.min() - step * np.rint((heights - heights.min()) / step)).max()
    if off > FLAT_MM:
        says = f"Its contours are unevenly spaced; they were moved by up to {off:.2f} mm."
        problems.append(Problem("doubt", name, says, "Draw it on every slice of one series."))
    if own is not None and step > 1.5 * own:
        says = f"It was drawn every {step:.1f} mm, on slices of {own:.1f} mm; between them each contour was made thick."
        problems.append(Problem("doubt", name, says, "Draw it on every slice if the margin is narrow."))
    missing = [float(gap) for gap in gaps if gap > 1.5 * step]
    if missing:
        says = f"Between its contours planes are left out, at most {max(missing):.1f} mm: nothing was filled in there."
        problems.append(Problem("doubt", name, says, "Check whether the structure has several parts."))
    return step, tuple(problems)


def _image_step(axes: _Axes, grid: Grid | None) -> float | None:
    if grid is None:
        return None
    along = np.abs(grid.directions.T @ axes.normal)
    return float(grid.spacing_mm[int(along.argmax())]) if along.max() > PARALLEL else None


def fill_even_odd(shape: tuple[int, int], polygons: Sequence[Floats]) -> Bools:
    """Cells of a (rows, columns) raster whose centres lie in an odd number of polygons.

    Parameters
    ----------
    shape : (rows, columns)
    polygons : (n, 2) float each
        Corners as column and row index of cell centres; closed by themselves.
    """
    rows, columns = shape
    toggles = np.zeros((rows, columns + 1), dtype=bool)
    for corners in polygons:
        after = np.roll(corners, -1, axis=0)
        for (x0, y0), (x1, y1) in zip(corners, after, strict=True):
            if y0 == y1:
                continue
            low, high = min(y0, y1), max(y0, y1)
            lines = np.arange(max(0, int(np.ceil(low))), min(rows - 1, int(np.ceil(high)) - 1) + 1)
            crossing = np.ceil(x0 + (lines - y0) * (x1 - x0) / (y1 - y0))
            toggles[lines, np.clip(crossing, 0, columns).astype(int)] ^= True
    filled: Bools = np.logical_xor.accumulate(toggles, axis=1)[:, :columns]
    return filled
