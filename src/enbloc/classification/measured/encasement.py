"""How far does the tumour reach around a vessel? (VES-1, TNM-4b)

Strategy. The vessel is cut across the spine, one voxel after the other. In each slice rays run out from its centre;
where a ray leaves the vessel, the distance to the tumour tells whether that part of the wall is in contact: within a
voxel. The worst slice counts. Right for vessels that run along the spine (aorta, cava, vertebral artery); one that
runs across it gives no circle in a slice, and is not measured. Contact is not invasion: degrees never decide T4b.
"""

from __future__ import annotations

import numpy as np

from enbloc.anatomy.parts import local_coordinates, to_patient
from enbloc.anatomy.scene import Frame, Scene
from enbloc.classification.extent import Extent
from enbloc.classification.findings import GREAT_VESSELS, levels_that_may
from enbloc.classification.judged import border_mm, box_around
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.grids import Array, Bools, Floats, Volume
from enbloc.foundation.space.sampling import sample_linear
from enbloc.foundation.terms.structures import spoken

RAY_STEP_DEG = 5.0
"""Between the rays of a slice."""

RAY_STEP_MM = 0.5
"""Between the places on a ray at which its leaving the vessel is looked for."""

WIDEST_MM = 30.0
"""Rays end here: wider than any aorta that is not an aneurysm (ours)."""

LONGEST_RATIO = 2.0
"""A slice in which the vessel is longer than this many times its width shows it along its course (ours)."""

LEAST_SLICE_VOXELS = 4
"""Fewer voxels in a slice have no circumference."""


def find_encasement(scene: Scene, extent: Extent) -> tuple[Finding, ...]:
    """``great_vessels`` with the degrees of the vessel that is held most: always open; nothing without contact."""
    held = {
        contact.structure: measure_encasement(scene, extent, contact.structure)
        for contact in extent.touched
        if any(word in contact.structure for word in GREAT_VESSELS)
        and isinstance(contact.distance, Estimate)
        and contact.distance.low <= 0.0
    }
    known = {name: degrees for name, degrees in held.items() if isinstance(degrees, Estimate)}
    if not known:
        return ()
    worst = max(known, key=lambda name: known[name].value)
    each = ", ".join(f"{name} {one.value:.0f} deg ({one.low:.0f} to {one.high:.0f})" for name, one in known.items())
    says = f"In contact: {each} of the circumference. Contact is not invasion; whether there is any is open."
    settle = "MRI or angiography of the great vessels"
    return (Finding("great_vessels", Verdict.UNDECIDED, known[worst], says, settle),)


def measure_encasement(scene: Scene, extent: Extent, structure: str) -> Measured:
    """The greatest part of a vessel's circumference within a voxel of the tumour, degrees.

    The interval takes contact within half a voxel, without the ends of its arcs, and within one and a half.
    """
    return measure_degrees(scene, extent, scene.structures.mask(structure), structure)


def measure_degrees(scene: Scene, extent: Extent, vessel: Bools, structure: str) -> Measured:
    """The same of any tube, given by its voxels, and named `structure` where nothing can be measured."""
    frames = [scene.vertebrae[level].frame for level in levels_that_may(extent) if level in scene.vertebrae]
    if not frames or not vessel.any() or not scene.tumour.any():
        return Unknown(f"{spoken(structure)} is not labelled near the tumour")
    frame, voxel = frames[len(frames) // 2], 2.0 * scene.label_error_mm
    voxels = voxels_of(vessel)
    local = local_coordinates(frame, scene.grid.to_patient(voxels))
    cut = ((voxels == 0) | (voxels == np.array(scene.grid.shape) - 1)).any(axis=1)
    tumour = local_coordinates(frame, scene.grid.to_patient(voxels_of(scene.tumour)))[:, 2]
    heights = np.arange(tumour.min() - voxel, tumour.max() + 1.5 * voxel, voxel)
    box = box_around(scene.tumour, by=4)
    away = Volume(scene.grid.crop(box), border_mm(scene, box))
    wall = vessel.astype(np.float32)
    degrees = []
    for height in heights:
        here = np.abs(local[:, 2] - height) <= voxel / 2
        slice_mm = local[here]
        if len(slice_mm) >= LEAST_SLICE_VOXELS and not cut[here].any() and _is_round(slice_mm):
            gaps = _wall_gaps_mm(scene, wall, frame, np.append(slice_mm[:, :2].mean(axis=0), height), away)
            value, low, high = (float((gaps <= limit * voxel).mean()) * 360.0 for limit in (1.0, 0.5, 1.5))
            degrees.append((value, max(low - _ends_deg(gaps <= 0.5 * voxel, slice_mm, voxel), 0.0), high))
    if not degrees:
        return Unknown(
            f"{spoken(structure)} does not run along the spine beside the tumour, whole in the field of view"
        )
    value, low, high = (max(one) for one in zip(*degrees, strict=True))
    low = min(low, value)
    because = f"contact within {voxel:.1f} mm; label borders +-{scene.label_error_mm:.2f} mm"
    return Estimate(value, low, high, "deg", because)


def _is_round(slice_mm: Floats) -> bool:
    """Is the vessel cut across, and not along?"""
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(slice_mm[:, :2].T)), 1e-6))
    return bool(spread[1] <= LONGEST_RATIO * max(float(spread[0]), 0.3))


def _ends_deg(held: Bools, slice_mm: Floats, voxel: float) -> float:
    """How much of an arc of contact may be only its ends, where the wall lies beside the tumour and not under it."""
    spread = slice_mm[:, :2] - slice_mm[:, :2].mean(axis=0)
    radius = max(float(np.sqrt(2.0 * (spread**2).sum(axis=1).mean())), voxel)
    arcs = int((held & ~np.roll(held, 1)).sum())
    return arcs * (2.0 * float(np.degrees(np.arcsin(min(0.5 * voxel / radius, 1.0)))) + RAY_STEP_DEG)


def _wall_gaps_mm(scene: Scene, vessel: Array, frame: Frame, centre: Floats, away: Volume) -> Floats:
    """Distance of the tumour from the wall where each ray leaves the vessel, mm, read from the field `away`."""
    angles = np.radians(np.arange(0.0, 360.0, RAY_STEP_DEG))
    radii = np.arange(0.0, WIDEST_MM, RAY_STEP_MM)
    rays = np.stack([np.sin(angles), np.cos(angles), np.zeros(len(angles))], axis=1)
    points = to_patient(frame, (centre + rays[:, None, :] * radii[None, :, None]).reshape(-1, 3))
    inside = sample_linear(scene.grid, vessel, points).reshape(len(angles), len(radii)) >= 0.5
    leaves = np.where(inside.all(axis=1), len(radii) - 1, (~inside).argmax(axis=1))
    wall = to_patient(frame, centre + rays * radii[leaves][:, None])
    return sample_linear(away.grid, away.values, wall, outside=WIDEST_MM)
