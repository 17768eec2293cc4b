"""Rules of the reconstruction (RECO, CORD), with their status; its rates of failure stand with the other risks."""

from __future__ import annotations

import attrs

from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.terms.levels import LEVELS, Level, order


@attrs.frozen
class FixationRule:
    """How many levels above and below; `rods_n` is None where the tables name no number."""

    levels_n: int
    rods_n: int | None
    because: tuple[Reason, ...]


SHORT = FixationRule(2, None, (
    Reason("One level: two levels above and two below.", "ours", (), "RECO-1"),
    Reason("After a bilateral thoracic resection one level above and below raises motion; two control it (cadavers).",
        "verified", ("thoracic_invitro2020",), "RECO-1"),
))  # fmt: skip
LONG = FixationRule(3, 4, (
    Reason("Two or more levels, or any of T11-S1: three levels above and three below, four rods.", "ours", (),
        "RECO-2"),
))  # fmt: skip
LONG_FROM, LONG_TO = "T11", "S1"
LONG_LEVELS: tuple[Level, ...] = LEVELS[order(LONG_FROM) : order(LONG_TO) + 1]
LOW_LUMBAR: tuple[Level, ...] = ("L4", "L5", "L6")
PELVIC = Reason("L4-L5: the fixation takes S1 or the iliac bones.", "ours", (), "RECO-2")
SACRAL = Reason(
    "The sacrum is cut through S1: spinopelvic fixation.", "verified", ("chordoma_review_fr", "ruggieri2010"), "REG-10"
)

COLUMN: tuple[Reason, ...] = (
    Reason("The anterior column is always rebuilt.", "ours", (), "RECO-3"),
    Reason("A large footprint on the ring apophysis, with the contour of the end plate, is stiffer than a mesh.",
        "verified", ("pokorni2023", "vbr_subsidence2025"), "RECO-3"),
    Reason("Length of the implant = resected height - planned shortening.", "ours", (), "RECO-11"),
)  # fmt: skip
SHORTENING: tuple[Reason, ...] = (
    Reason("Dog: no change up to 7.2 mm of shortening, the sac buckles up to 12.5 mm, the cord kinks beyond it.",
        "verified", ("kawahara2005",), "CORD-1"),
    Reason("Human practice: 5-10 mm to load the implant.", "unverified/medium", ("kawahara2009",), "CORD-2"),
    Reason("Planned shortening of at most 10 mm and at most a third of the segment.", "ours", (), "CORD-3"),
    Reason("Motor evoked potentials, with vessels clamped for a while before they are tied.", "unverified/medium", (),
        "CORD-4"),
)  # fmt: skip

DISC_TO_DISC = Reason(
    "Cut from disc to disc, no implant failed in resections of several levels (0 of 11).", "verified",
    ("yoshioka_multilevel",), "OST-3",
)  # fmt: skip
IMPLANTS: tuple[Reason, ...] = (
    Reason("Subsidence: mesh 63.8-71.4%, expandable 5.3-35.3%, printed 0-100% (13 studies).", "verified",
        ("vbr_subsidence2025",), "RECO-4"),
    Reason("Printed against mesh: less time (p 0.04) and blood (p 0.004; 374 patients).", "verified", ("dong2024",),
        "RECO-5"),
    Reason("Printed off the shelf: 2 of 41 did not fit; subsidence 1.6 (SD 1.8) mm, fusion 87%.", "verified",
        ("hu2023", "zhou2022avb"), "RECO-6"),
)  # fmt: skip
FOLLOW_UP = Reason(
    "Alarm: 3 mm or more of subsidence at one month.", "verified", ("shinmura2023",), "RECO-7"
)  # fmt: skip
LONGER_FAILURE: dict[str, Reason] = {
    region: Reason(f"Resections of several levels, {region}: {rate}% failed (47 in all regions).", "verified",
        ("yoshioka_multilevel",), "RECO-9")
    for region, rate in (
        ("cervicothoracic", "0"), ("thoracic", "5.9"), ("thoracolumbar", "25"), ("lumbar", "42.9")
    )
}  # fmt: skip
LUMBAR_FAILS = Reason(
    "Present: a lumbar level predicts rod fracture (p 0.004).", "verified", ("park2019",), "RECO-10"
)  # fmt: skip
IRRADIATED_FAILS = Reason(
    "Present: radiotherapy predicts rod fracture (p 0.019).", "verified", ("park2019",), "RECO-10"
)  # fmt: skip
IF_IRRADIATED = Reason(
    "Not stated: radiotherapy, before or after, predicts rod fracture (p 0.019).", "verified", ("park2019",), "RECO-10"
)
MESH_FAILS = Reason(
    "A mesh failed with a body mass index above 28, radiotherapy or an oblique position (8 of 30).", "verified",
    ("li2020mesh",), "RECO-8",
)  # fmt: skip
EVERY: tuple[Reason, ...] = (
    *SHORT.because, *LONG.because, PELVIC, SACRAL, *COLUMN, *SHORTENING, DISC_TO_DISC, *IMPLANTS, FOLLOW_UP,
    *LONGER_FAILURE.values(), LUMBAR_FAILS, IRRADIATED_FAILS, IF_IRRADIATED, MESH_FAILS,
)  # fmt: skip
"""Every rule of this room, for the page of rules."""
