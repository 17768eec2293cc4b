"""The neighbours of the tumour: how near, over which length, how far around, and with fat in between or not.

Strategy. The least distances are those of `contacts`. Where a structure comes close, its voxels tell over which length
along the spine the tumour touches it, rays from the middle of a tube tell how much of its wall is held (`encasement`),
and the CT is read along the way from the tumour's surface to the structure's: fat (HU) anywhere on that way is a plane.
A gap narrower than two voxels shows no fat even where there is some, so it widens the interval and decides nothing.
"""

from __future__ import annotations

import attrs
import numpy as np
import scipy

from enbloc.anatomy.parts import local_coordinates
from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Contact, Extent
from enbloc.classification.findings import levels_that_may
from enbloc.classification.judged import border_mm, box_around
from enbloc.classification.measured.bone_lesion import shows_soft_tissue
from enbloc.classification.measured.contacts import between_labels, nearest
from enbloc.classification.measured.encasement import measure_degrees
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.space.boxes import voxels_of
from enbloc.foundation.space.distances import distance_to_voxels, surface_points
from enbloc.foundation.space.grids import Bools, Floats
from enbloc.foundation.space.sampling import sample_linear
from enbloc.foundation.terms.structures import DURA, SPINAL_CANAL, STRUCTURES, spoken

FAT_HU = (-150.0, -30.0)
"""Fat on CT (ours): darker is air or lung, brighter is soft tissue."""

PLANE_MM = 5.0
"""A plane of fat is looked for where the two surfaces are no further apart than this (ours)."""

LEAST_GAP_VOXELS = 2.0
"""A gap narrower than this shows no fat of its own: every voxel in it holds a part of a neighbour."""

STEPS = 9
"""Places on the way through the gap at which the CT is read."""

TUBES = ("vessel", "neural")
"""Kinds of structure that have a circumference."""
TUBE_ORGANS = ("oesophagus", "trachea")
NO_TUBE = "it has no circumference"


@attrs.frozen
class Neighbour:
    """One structure beside the tumour.

    Parameters
    ----------
    structure, kind : str
    modelled : bool
        True where it was not labelled but found from the bone, as the canal is.
    distance : Measured
        Least distance between the surfaces, mm; 0 where they touch or overlap.
    at_mm : (3,) float, LPS
        Where on the tumour that is.
    contact_length : Measured
        Length along the spine over which the tumour lies within a voxel of it, mm.
    encasement : Measured
        The greatest part of its circumference that is held, degrees; Unknown for what has none.
    fat_plane : Measured
        The share of the tumour's facing surface that fat parts from the structure; Unknown without a CT.
    """

    structure: str
    kind: str
    modelled: bool
    distance: Measured
    at_mm: tuple[float, float, float]
    contact_length: Measured
    encasement: Measured
    fat_plane: Measured


def measure_neighbours(scene: Scene, extent: Extent) -> tuple[Neighbour, ...]:
    """Every structure that `extent.touched` names, and the canal where no sac is labelled; the nearest first."""
    contacts = list(extent.touched)
    if not {DURA, SPINAL_CANAL} & {contact.structure for contact in contacts} and scene.canal.any():
        contacts.append(_canal(scene))
    tumour = surface_points(scene.grid, scene.tumour)
    ct = _why_no_fat(scene)
    found = [_neighbour(scene, extent, contact, tumour, ct) for contact in contacts]
    return tuple(sorted(found, key=lambda one: (_least(one.distance), one.structure)))


def _neighbour(scene: Scene, extent: Extent, contact: Contact, tumour: Floats, no_ct: Unknown | None) -> Neighbour:
    mask, modelled = _mask(scene, contact.structure)
    kind = STRUCTURES[contact.structure].kind if contact.structure in STRUCTURES else "bone"
    close = _least(contact.distance) <= PLANE_MM
    far = Unknown(f"further away than {PLANE_MM:g} mm, where no plane is looked for")
    plane = measure_fat_plane(scene, mask, tumour) if close and no_ct is None else no_ct or far
    is_tube = kind in TUBES or contact.structure in TUBE_ORGANS
    return Neighbour(
        structure=contact.structure,
        kind=kind,
        modelled=modelled,
        distance=contact.distance,
        at_mm=contact.at_mm,
        contact_length=_length(scene, extent, mask) if close else _nothing("mm", contact),
        encasement=_degrees(scene, extent, contact, mask, close) if is_tube else Unknown(NO_TUBE),
        fat_plane=plane,
    )


def _degrees(scene: Scene, extent: Extent, contact: Contact, mask: Bools, close: bool) -> Measured:
    return measure_degrees(scene, extent, mask, contact.structure) if close else _nothing("deg", contact)


def _nothing(unit: str, contact: Contact) -> Estimate:
    """Zero, because the structure is too far away to be touched."""
    return Estimate(0.0, 0.0, 0.0, unit, f"{spoken(contact.structure)} lies more than {PLANE_MM:g} mm away")


def _mask(scene: Scene, structure: str) -> tuple[Bools, bool]:
    labelled = scene.structures.mask(structure)
    return (labelled, False) if labelled.any() else (scene.canal, True)


def _canal(scene: Scene) -> Contact:
    """The canal that was found from the rings, as a neighbour."""
    tree = scipy.spatial.cKDTree(surface_points(scene.grid, scene.tumour))
    value, at = nearest(scene.grid, scene.canal, distance_to_voxels(scene.grid, scene.tumour), tree)
    return Contact(SPINAL_CANAL, between_labels(scene, value, "the canal"), at)


def _least(distance: Measured) -> float:
    return distance.value if isinstance(distance, Estimate) else np.inf


def _length(scene: Scene, extent: Extent, mask: Bools) -> Measured:
    """Along the cranial axis of the middle level; the interval takes half a voxel less and more, and the ends."""
    frames = [scene.vertebrae[level].frame for level in levels_that_may(extent) if level in scene.vertebrae]
    if not frames:
        return Unknown("no level of the tumour was measured")
    voxel = 2.0 * scene.label_error_mm
    box = box_around(scene.tumour, by=4)
    near = border_mm(scene, box)
    voxels = voxels_of(mask[box])
    heights = local_coordinates(frames[len(frames) // 2], scene.grid.crop(box).to_patient(voxels))[:, 2]
    gaps = near[mask[box]]
    value, low, high = (
        float(len(np.unique(np.floor(heights[gaps <= limit * voxel] / voxel)))) * voxel for limit in (1.0, 0.5, 1.5)
    )
    because = f"contact within {voxel:.1f} mm; label borders +-{scene.label_error_mm:.2f} mm"
    return Estimate(
        value, max(min(low, value) - voxel, 0.0), max(high, value) + (voxel if high else 0.0), "mm", because
    )


def _why_no_fat(scene: Scene) -> Unknown | None:
    """Why the CT cannot show fat; None when it can."""
    if scene.ct is None:
        return Unknown("the case has no CT")
    return None if shows_soft_tissue(scene, scene.ct) else Unknown("the CT shows bone only, no fat")


def measure_fat_plane(scene: Scene, mask: Bools, tumour: Floats) -> Measured:
    """The share of the tumour's surface within `PLANE_MM` of a structure from which fat parts it.

    Parameters
    ----------
    scene : Scene
        With a CT that shows soft tissue.
    mask : bool array
        The structure.
    tumour : (n, 3) float, LPS mm
        Points on the tumour's surface.
    """
    if scene.ct is None:
        return Unknown("the case has no CT")
    box = box_around(scene.tumour, by=int(np.ceil(2 * PLANE_MM / float(scene.grid.spacing_mm.min()))))
    surface = surface_points(scene.grid.crop(box), mask[box])
    if not len(surface):
        return Unknown(f"it does not come within {PLANE_MM:g} mm")
    gaps, which = scipy.spatial.cKDTree(surface).query(tumour)
    facing = gaps <= PLANE_MM
    if not facing.any():
        return Unknown(f"it does not come within {PLANE_MM:g} mm")
    voxel = float(scene.grid.spacing_mm.max())
    start, end, gap = tumour[facing], surface[which[facing]], gaps[facing]
    wide = gap >= LEAST_GAP_VOXELS * voxel
    if not wide.any():
        return Unknown(f"the gap is narrower than {LEAST_GAP_VOXELS * voxel:.1f} mm everywhere: no fat could be seen")
    along = np.linspace(0.2, 0.8, STEPS)[None, :, None]
    points = start[wide][:, None, :] * (1.0 - along) + end[wide][:, None, :] * along
    grey = sample_linear(scene.ct.grid, scene.ct.values.astype(np.float32), points)
    fat = ((grey > FAT_HU[0]) & (grey < FAT_HU[1])).any(axis=1)
    n, seen, narrow = float(facing.sum()), float(fat.sum()), float((~wide).sum())
    because = f"{FAT_HU[0]:g} to {FAT_HU[1]:g} HU in the gap; gaps under {LEAST_GAP_VOXELS * voxel:.1f} mm are open"
    return Estimate(seen / n, seen / n, (seen + narrow) / n, "fraction", because)
