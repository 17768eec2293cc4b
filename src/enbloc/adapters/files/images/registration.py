"""Rigid registration of an MR onto the CT, and an honest bound of its error.

Strategy. Mutual information of the two images is maximised over six numbers (SimpleITK; one thread and evenly taken
samples, so that the same images give the same answer to the last bit). It is done from several starts: as the headers
say, and moved and turned from there. How far the answers lie apart at the tumour is what the images leave open; half a
voxel of the coarser image comes on top. When the starts do not agree there is no registration, only a guess, and it is
refused. A spine bends between two scans and this registration does not: that error is not in the bound, and it is said.
"""

from __future__ import annotations

from typing import Any

import attrs
import lazy_loader
import numpy as np

from enbloc.errors import GridError
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.grids import Floats, Grid, Volume

SimpleITK = lazy_loader.load("SimpleITK")

BINS = 48
SAMPLED_SHARE = 0.2
SEED = 1
"""Of the small moves that SimpleITK gives to its evenly taken samples."""
LEVELS: tuple[int, ...] = (4, 2, 1)
"""Shrink factors, the coarsest first."""
WORK_MM = 1.5
"""Images are not looked at finer than this. Ours: a fifth of a vertebral end plate's blur at most."""
STARTS_MM_DEG: tuple[tuple[float, float], ...] = ((0.0, 0.0), (4.0, 2.0), (-4.0, -2.0), (3.0, -3.0))
"""Along and about all three axes, from where the headers put the MR."""
MOST_SPREAD_MM = 3.0
"""Starts that end further apart than this found no one place. Ours: the smallest margin anyone plans is larger."""
LEAST_OVERLAP = 0.2
"""Share of the MR's field that must lie in the CT's. Ours."""
CT_WINDOW_HU = (-200.0, 1000.0)
AIR_HU = -1024.0


@attrs.frozen(eq=False)
class Registration:
    """Where the MR lies on the CT.

    Parameters
    ----------
    matrix : (4, 4) float
        MR patient LPS mm to CT patient LPS mm.
    error : Estimate
        How far a point of the tumour may lie beside its true place, mm.
    moved_mm : float
        Largest shift of the tumour's points by the registration.
    turned_deg : float
    """

    matrix: Floats
    error: Estimate
    moved_mm: float
    turned_deg: float


def register_rigidly(ct: Volume, mr: Volume, points_mm: Floats) -> Registration:
    """Register an MR onto a CT.

    Parameters
    ----------
    ct : Volume, HU
    mr : Volume
    points_mm : (n, 3) float, LPS of the MR
        Where the error is asked for: the tumour.

    Raises
    ------
    GridError
        If the two fields hardly meet, or the starts do not agree.
    """
    inside = ct.grid.to_index(_sample_points(mr.grid))
    share = float(((inside >= 0) & (inside < np.array(ct.grid.shape))).all(axis=1).mean())
    if share < LEAST_OVERLAP:
        raise GridError(
            f"only {100 * share:.0f} % of the MR's field lies in the CT's, too little to register",
            remedy="Export both with their patient coordinates, or name an MR of the same levels.",
        )
    fixed, moving = _itk(ct, CT_WINDOW_HU), _itk(mr, None)
    centre = points_mm.mean(axis=0)
    threads = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)  # sums in another order differ in their last bits
    try:
        found = [_run(fixed, moving, _start(centre, *start)) for start in STARTS_MM_DEG]
    finally:
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
    best_value, best = min(found, key=lambda one: one[0])
    moved = [_apply(matrix, points_mm) for _, matrix in found]
    here = _apply(best, points_mm)
    spread = max(float(np.linalg.norm(other - here, axis=1).max()) for other in moved)
    if spread > MOST_SPREAD_MM or not np.isfinite(best_value):
        raise GridError(
            f"registrations from different starts end up to {spread:.1f} mm apart at the tumour",
            remedy="Draw the tumour on the CT, or register by hand (3D Slicer) and save the label on the CT.",
        )
    shift = float(np.linalg.norm(here - points_mm, axis=1).max())
    turn = float(np.degrees(np.arccos(np.clip((np.trace(best[:3, :3]) - 1) / 2, -1, 1))))
    return Registration(best, _error(spread, ct, mr), shift, turn)


def _error(spread: float, ct: Volume, mr: Volume) -> Estimate:
    floor = float(max(ct.grid.spacing_mm.max(), mr.grid.spacing_mm.max())) / 2
    because = (
        f"{len(STARTS_MM_DEG)} starts end within {spread:.2f} mm at the tumour, and half a voxel of {2 * floor:.1f} "
        "mm; bending of the spine between the scans is not in it"
    )
    return Estimate(spread, 0.0, spread + floor, "mm", because)


def _apply(matrix: Floats, points_mm: Floats) -> Floats:
    moved: Floats = points_mm @ matrix[:3, :3].T + matrix[:3, 3]
    return moved


def _sample_points(grid: Grid) -> Floats:
    """A coarse lattice of points of a grid's field, LPS mm."""
    axes = [np.linspace(0, n - 1, 9) for n in grid.shape]
    return grid.to_patient(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3))


def _itk(volume: Volume, window: tuple[float, float] | None) -> Any:
    """The volume for SimpleITK, clipped and no finer than `WORK_MM`."""
    values = volume.values.astype(np.float32)
    if window is not None:
        values = np.clip(values, *window)
    image = SimpleITK.GetImageFromArray(values.transpose(2, 1, 0))
    image.SetSpacing(volume.grid.spacing_mm.tolist())
    image.SetDirection(volume.grid.directions.ravel().tolist())
    image.SetOrigin(volume.grid.affine[:3, 3].tolist())
    shrink = [max(1, round(WORK_MM / spacing)) for spacing in volume.grid.spacing_mm]
    return SimpleITK.BinShrink(image, shrink)


def _start(centre_mm: Floats, shift_mm: float, turn_deg: float) -> Any:
    start = SimpleITK.Euler3DTransform()
    start.SetCenter(centre_mm.tolist())
    turn = float(np.radians(turn_deg))
    start.SetRotation(turn, turn, turn)
    start.SetTranslation([shift_mm] * 3)
    return start


def _run(fixed: Any, moving: Any, start: Any) -> tuple[float, Floats]:
    """The metric and the matrix (MR to CT) that one start ends at."""
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(SAMPLED_SHARE, SEED)
    method.SetInterpolator(SimpleITK.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, 200, relaxationFactor=0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel(list(LEVELS))
    method.SetSmoothingSigmasPerLevel([factor / 2.0 for factor in LEVELS])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(start, inPlace=False)
    try:
        # The transform maps points of the fixed image to the moving one; ours goes the other way.
        found = method.Execute(fixed, moving)
    except RuntimeError as error:
        raise GridError("the MR cannot be registered onto the CT", remedy="Draw the tumour on the CT.") from error
    matrix: Floats = np.asarray(np.linalg.inv(_matrix(found)), dtype=np.float64)
    return float(method.GetMetricValue()), matrix


def _matrix(transform: Any) -> Floats:
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    matrix = np.eye(4)
    for axis in range(3):
        unit = [0.0, 0.0, 0.0]
        unit[axis] = 1.0
        matrix[:3, axis] = np.array(transform.TransformPoint(unit)) - origin
    matrix[:3, 3] = origin
    return matrix
