"""The scene: all anatomy of a case as plain data. It has no methods; functions elsewhere measure it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.foundation.evidence.estimates import Unknown
from enbloc.foundation.space.grids import Bools, Floats, Grid, LabelMap, Volume
from enbloc.foundation.terms.levels import Level
from enbloc.intake.case import Problem

ModelledKind = Literal[
    "nerve_root",
    "segmental_artery",
    "dura",
    "disc",
    "foramen",
    "foramen_transversarium",
    "sacral_foramen",
    "rib_head",
]
"""What is modelled where nobody labels it."""

PARTS: tuple[str, ...] = (
    "none",
    "body",
    "pedicle_left",
    "pedicle_right",
    "arch_left",
    "arch_right",
)
"""What a number in `Scene.parts` means. The arch holds lamina, articular, transverse and spinous process."""


@attrs.frozen(eq=False)
class Frame:
    """The axes of one vertebra.

    Parameters
    ----------
    origin_mm : (3,) float, LPS
        Canal centre at mid-pedicle height.
    left, dorsal, cranial : (3,) float, LPS unit vectors
        Orthonormal and right-handed in this order: left x dorsal = cranial.
    tilt_error_deg : float
        How far the cranial axis may be off.
    turn_error_deg : float
        How far the dorsal axis may be off about the cranial axis.
    """

    origin_mm: Floats
    left: Floats
    dorsal: Floats
    cranial: Floats
    tilt_error_deg: float
    turn_error_deg: float


@attrs.frozen(eq=False)
class Vertebra:
    """One vertebra, measured in its own frame (millimetres from the frame's origin).

    Parameters
    ----------
    level : str
    frame : Frame
    body_centre_mm : (3,) float, LPS
    body_height_mm, body_depth_mm, body_width_mm : float
        Along the cranial, dorsal and left axis.
    endplate_cranial_mm, endplate_caudal_mm : float
        Heights of the two endplates along the cranial axis, from the frame's origin, at the body centre.
    canal_radius_left_mm, canal_radius_right_mm : float
        From the canal centre to its lateral walls.
    canal_ventral_mm, canal_dorsal_mm : float
        Dorsal coordinate of the canal's ventral (negative) and dorsal (positive) wall.
    whole : bool
        False when the field of view cuts it.
    modelled : tuple of str
        What was not seen but taken from neighbours or from the frame, in words.
    labelled : tuple of str
        What was taken from labels of its own where geometry usually stands, in words.
    neck_mm : (float or Unknown, float or Unknown) or None
        Dorsal coordinate where the labelled body ends before the left and the right pedicle; Unknown on a side where
        the labels show no such border, None without such labels.
    """

    level: Level
    frame: Frame
    body_centre_mm: Floats
    body_height_mm: float
    body_depth_mm: float
    body_width_mm: float
    endplate_cranial_mm: float
    endplate_caudal_mm: float
    canal_radius_left_mm: float
    canal_radius_right_mm: float
    canal_ventral_mm: float
    canal_dorsal_mm: float
    whole: bool
    modelled: tuple[str, ...] = ()
    labelled: tuple[str, ...] = ()
    neck_mm: tuple[float | Unknown, float | Unknown] | None = None


@attrs.frozen(eq=False)
class Sacrum:
    """The sacrum below its labelled levels, modelled; see `anatomy.sacrum`.

    Parameters
    ----------
    frame : Frame
        Axes of the lowest measured vertebra, with the middle of the upper end plate of S1 as origin.
    middle_mm : float
        The midline, along the frame's left axis.
    places_mm : (n, 2) float
        The middle line of the bodies in the mid-sagittal plane: dorsal and cranial coordinates in the frame.
    along_mm : (n,) float
        How far down the sacrum each of them lies.
    junctions_mm, errors_mm : (5,) float
        How far down the lower ends of S1 to S5 lie, and how far off each may be.
    first_is_labelled : bool
        Whether S1 has a label of its own.
    """

    frame: Frame
    middle_mm: float
    places_mm: Floats
    along_mm: Floats
    junctions_mm: Floats
    errors_mm: Floats
    first_is_labelled: bool


@attrs.frozen(eq=False)
class ModelledPart:
    """Something that no label shows, put where the frames and the labelled bone say that it must run.

    It is *modelled*, not seen: a way that a reader may be shown and a plan may keep clear of, never a measurement.

    Parameters
    ----------
    structure : str
        A word of `foundation.terms.structures`, or ``"foramen_L3_L4_left"``.
    name : str
        In running text.
    kind : str
        ``"nerve_root"``, ``"segmental_artery"``, ``"dura"``, ``"disc"``, ``"foramen"``, ``"foramen_transversarium"``,
        ``"sacral_foramen"`` or ``"rib_head"``.
    level : str
        The level that it is named after; of a disc or a foramen the upper one, of the dura the uppermost.
    side : str or None
        The patient's ``"left"`` or ``"right"``; None in the midline.
    points_mm : (n, 3) float, LPS
        Its middle line: a root from the sac outwards, a rib's head from the body outwards, a vessel from the front of
        the body backwards, a foramen from its roof to its floor, a sacral one from front to back, the dura, a disc and
        a foramen transversarium downwards.
    width_mm : float
        Across the middle line.
    because : str
        Where it was taken from, in a sentence.
    """

    structure: str
    name: str
    kind: ModelledKind
    level: Level
    side: str | None
    points_mm: Floats
    width_mm: float
    because: str


@attrs.frozen(eq=False)
class Scene:
    """All anatomy of a case, on one grid cropped around the tumour.

    Parameters
    ----------
    grid : Grid
    structures : LabelMap
        Every labelled structure except the tumour.
    tumour : bool array
    vertebrae : mapping of level to Vertebra, cranio-caudal order
        The levels that the tumour touches and their neighbours, as far as labelled.
    bone : uint8 array
        1 + position in `vertebrae` for voxels of that vertebra (with the tumour that replaced its bone), else 0.
    parts : uint8 array
        Index into `PARTS`.
    canal : bool array
        The spinal canal, wall to wall.
    ct : Volume or None
    label_error_mm : float
        Half the largest voxel edge, and the error of a registration if labels were moved by one: how far a labelled
        border may lie from the true one.
    problems : tuple of Problem
    tumour_border_mm : float array or None
        Signed distance of voxel centres to the tumour's surface where it is known finer than by voxels, as when the
        surface was moved; None where the label says it.
    sacrum : Sacrum or None
        Where tumour touches a sacrum that is labelled as a whole, below S1 or with it: its levels, modelled.
    modelled : tuple of ModelledPart
        Roots, segmental arteries, sac, discs and foramina that are not labelled; see `anatomy.modelled`.
    subparts : uint8 array or None
        Index into `subparts.names.SUBPARTS`: laminae, processes and the like, by geometry where no label names them;
        None where it was not asked for.
    """

    grid: Grid
    structures: LabelMap
    tumour: Bools
    vertebrae: Mapping[Level, Vertebra]
    bone: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    canal: Bools
    ct: Volume | None
    label_error_mm: float
    problems: tuple[Problem, ...] = ()
    tumour_border_mm: Floats | None = None
    sacrum: Sacrum | None = None
    modelled: tuple[ModelledPart, ...] = ()
    subparts: NDArray[np.uint8] | None = None
