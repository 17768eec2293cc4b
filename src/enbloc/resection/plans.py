"""Options (before optimisation), plans (after) and what was rejected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level
from enbloc.reconstruction.design import Reconstruction
from enbloc.resection.cuts import Cut

Family = Literal[
    "vertebrectomy",
    "sagittal_resection",
    "posterior_arch_resection",
    "anterior_corpectomy",
    "sacrectomy_total",
    "sacrectomy_partial",
    "chest_wall_combined",
    "intralesional",
    "none",
]
Side = Literal["left", "right"]
MarginWord = Literal["wide", "marginal", "intralesional"]
RegistryWord = Literal[
    "intralesional",
    "intralesional with planned focal transgression",
    "marginal",
    "wide with marginal at dura",
    "wide",
]
Tissue = Literal["bone", "soft_tissue", "dura", "disc"]


@attrs.frozen
class Option:
    """A kind of resection that the Extent leaves possible, not yet placed.

    `side` is the side of a sagittal resection, of a hemisacrectomy or of the chest wall that is taken, or the side of
    the pedicle through which the ring of a vertebrectomy is opened; None where the option has none. `base` is the
    resection of the body that goes with the chest wall. `gives_up` names structures that the option takes although
    they could be kept otherwise, such as ``"vertebral_artery_left"``.
    """

    family: Family
    levels: tuple[Level, ...]
    side: Side | None
    because: tuple[Reason, ...]
    base: Family | None = None
    gives_up: tuple[str, ...] = ()


@attrs.frozen
class Rejected:
    """A kind of resection that was weighed and left, with the reasons."""

    family: Family
    because: tuple[Reason, ...]
    side: Side | None = None


@attrs.frozen
class Margin:
    """The margin at one interface of the specimen.

    Parameters
    ----------
    interface : str
        ``"cranial cut"``, ``"dura"``, ``"aorta"``, ``"soft tissue"`` …
    tissue : Tissue
        What lies between tumour and interface at the least place.
    least : Measured
        Least distance from the tumour to the interface, mm.
    at_mm : tuple of 3 float or None, LPS
        Where on the tumour it is found.
    barrier : str or None
        Named tissue that stands between, if any.
    barrier_status : str
        Status of the statement that this tissue stops tumour.
    enneking : MarginWord or None
        Enneking's word for this interface; None when it cannot be said.
    because : tuple of Reason
    near_mm2 : mapping of str to float
        Area of the interface within 2, 5 and 10 mm of the tumour, by the distance; empty where it was not measured.
    """

    interface: str
    tissue: Tissue
    least: Measured
    at_mm: tuple[float, float, float] | None
    barrier: str | None
    barrier_status: str
    enneking: MarginWord | None
    because: tuple[Reason, ...] = ()
    near_mm2: Mapping[str, float] = attrs.field(factory=dict)


@attrs.frozen
class Sacrifice:
    """A structure given up or worked on, with the consequence, and the rule of the knowledge tables that says so."""

    structure: str
    action: Literal["cut", "keep", "skeletonise", "resect"]
    consequence: str
    status: str
    cites: tuple[str, ...] = ()
    modelled: bool = False
    rule: str = ""


NO_RATE = Unknown("no single rate is printed")


@attrs.frozen
class Risk(Reason):
    """Something that can go wrong, or become of the patient, with the figure that a source prints.

    Parameters
    ----------
    about : str
        ``"any complication"``, ``"factor"``, ``"local recurrence"``, ``"survival"`` ...
    rate : Measured
        Share of the patients of the series, with the interval that the count allows.
    n : int or None
        Patients of the series; None when it was not read.
    population : str
    differs : tuple of str
        In which points this patient is not like the series.
    counted, beside : str
        How many of how many, as printed; what must be known of the figure.
    arms : tuple of (what was done, share)
        Both sides of a comparison; empty for a single rate.
    """

    about: str = ""
    rate: Measured = NO_RATE
    n: int | None = None
    population: str = ""
    differs: tuple[str, ...] = ()
    counted: str = ""
    beside: str = ""
    arms: tuple[tuple[str, Estimate], ...] = ()

    def with_figures(self, rate: Estimate, n: int, differs: tuple[str, ...]) -> Risk:
        """The same with its rate, the count under it, and how the patient differs."""
        return attrs.evolve(self, rate=rate, n=n, differs=differs)


@attrs.frozen(eq=False)
class Geometry:
    """What the cuts make of the scene: two disjoint bool arrays on the scene's grid, and their volumes in ml."""

    specimen: NDArray[np.bool_]
    remainder: NDArray[np.bool_]
    specimen_ml: float
    bone_lost_ml: float


@attrs.frozen(eq=False)
class Proposal:
    """What, given up beside what the plan takes, opens a way out.

    Parameters
    ----------
    without : tuple of str
        The structures, as sacrifices name them.
    says : str
        The same in a sentence, with the cost and the least clearance.
    route, least_clearance, path
        As in `Delivery`.
    """

    without: tuple[str, ...]
    says: str
    route: str
    least_clearance: Estimate
    path: tuple[Floats, ...]


@attrs.frozen(eq=False)
class Delivery:
    """Whether the specimen can be brought out past the cord.

    Parameters
    ----------
    possible : "yes", "no" or "unknown"
        Yes with a way, no with a proof.
    route : str or None
        The way in words.
    because : tuple of Reason
        What was tested, what was not.
    least_clearance : Measured
        Least distance from everything kept along the way, mm, once the contacts at the cuts are let go.
    path : tuple of (4, 4) float, LPS mm
        Poses of the specimen, the first where it lies; between two its middle moves straight and it turns evenly, by
        5 degrees at most. Empty without a way.
    proposals : tuple of Proposal
        What would open a way where none was found, the least cost first; never taken for granted.
    """

    possible: Literal["yes", "no", "unknown"]
    route: str | None
    because: tuple[Reason, ...]
    least_clearance: Measured
    path: tuple[Floats, ...]
    proposals: tuple[Proposal, ...] = ()


@attrs.frozen(eq=False)
class Plan:
    """One resection, placed, measured and explained.

    `id` and `rank` are given when all plans are ranked. `cuts`, `margins` and `geometry` are empty or None for a case
    without images, and for the families that have no cuts (``intralesional``, ``none``). `margin_in_registry` is the
    margin in the words of the primary tumour registry; `dominated_by` are the ids of plans that are nowhere worse and
    somewhere better.
    """

    id: str
    rank: int
    family: Family
    side: Side | None
    approach: tuple[str, ...]
    sessions: int
    levels: tuple[Level, ...]
    cuts: tuple[Cut, ...]
    sacrifices: tuple[Sacrifice, ...]
    margins: tuple[Margin, ...]
    margin: MarginWord | None
    enneking_appropriate: bool | None
    geometry: Geometry | None
    margin_negative_probability: Mapping[str, float] | Unknown
    delivery: Delivery | Unknown
    reconstruction: Reconstruction | Unknown
    risks: tuple[Reason, ...]
    trade_offs: Mapping[str, Measured]
    because: tuple[Reason, ...]
    margin_in_registry: RegistryWord | None = None
    dominated_by: tuple[str, ...] = ()
