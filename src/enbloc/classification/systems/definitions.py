"""Definitions that no table of answers holds: what a sector, a layer, a compartment or a grade is.

They are read by the modules that measure; here they stand to be printed, with status and sources, and corrected.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from enbloc.foundation.evidence.reasons import Reason, Status

_OURS: Status = "ours"
_READ: Status = "verified"
_2ND: Status = "verified (2nd)"
_WHEELESS = ("wheeless_enneking",)
_SMITH = ("smith2022", "igakushoin_wbb")


def _ours(rule: str, says: str) -> Reason:
    return Reason(says, _OURS, (), rule)


_ENNEKING = (
    Reason("S3 may have left the bone and may have spread.", _2ND, ("wheeless_enneking", "enneking1980"), "EN-S3b"),
    Reason("Skip lesions, regional nodes and distant metastases all count as spread.", _2ND, _WHEELESS, "EN-3s"),
    Reason("T2: cortex, periosteum, joint cartilage, capsule or fascia is breached.", _2ND, _WHEELESS, "EN-C1"),
    Reason("Tumours beside the spine or in the pelvis are extracompartmental.", _2ND, ("mehlman2020",), "EN-C2"),
    Reason("A bone is one compartment, and so is a vertebra.", _2ND, ("mehlman2020",), "EN-C3"),
    _ours("EN-C4", "Layers B and C alone: inside (A). Any of A, D, E, F: outside (B)."),
    _ours("EN-C5", "On labels: outside from a part deeper than one voxel and 2 mm beyond the bone."),
    _ours("EN-C6", "A disc or end plate crossed into the next vertebra: outside."),
    _ours("EN-C7", "A cortex thinned but closed: inside. A bulge into the canal: outside."),
    Reason("Margin intralesional: tumour entered, however much is removed.", _READ, ("boriani_cerv2016",), "EN-M1"),
    Reason("Margin marginal: along the pseudocapsule or reactive zone, unbroken.", _READ, ("clarke2014",), "EN-M2"),
    Reason("Margin wide: a closed shell of healthy tissue.", _READ, ("lador2018", "ahmed2019lumbar"), "EN-M3"),
    Reason("That shell lies outside the reactive zone.", _READ, ("kawaguchi1995", "enneking1980"), "EN-M4"),
    Reason("Margin radical: the lesion with its whole compartment.", "unverified/high", ("enneking1980",), "EN-M5"),
    Reason("Enneking knows neither the one epidural space, nor the price in nerves, nor stability.", _2ND,
        ("epomedicine_staging",), "EN-M6b"),
    _ours("EN-M7", "No millimetre makes a margin wide in the spine; a barrier counts as quality, not as distance."),
    Reason("The worst place of a specimen's surface is its margin.", "unverified/high", (), "EN-M8"),
    Reason("Advised for S1: observation.", _READ, ("clarke2014",), "EN-A1"),
    Reason("A solitary metastasis lies outside Enneking; removal through the tumour is the rule, en bloc for single, "
        "resistant ones without loss of function.", _READ, ("boriani_cerv2016", "ahmed2019lumbar"), "EN-A8"),
    Reason("Appropriate: the margin reached equals or exceeds the advised one.", _READ, ("fisher2011",), "EN-A9"),
)  # fmt: skip
_TNM = (
    Reason("Five segments: right pedicle, right and left half of the body, left pedicle, posterior element.", _READ,
        ("ndrs_bone_sheet", "brierley2017uicc"), "TNM-0"),
    Reason("Spine and pelvis have no stage group.", _READ, ("ndrs_bone_sheet",), "TNM-5"),
    _ours("TNM-6", "T4 goes before T1 to T3; the wording of AJCC is used, because it covers every case."),
    _ours("TNM-7", "Any epidural tumour counts as T4a."),
    Reason("N1: a regional node. M1a: lung. M1b: another site.", "unverified/high", ("amin2017ajcc",), "TNM-8"),
)  # fmt: skip
_WBB = (
    Reason("Twelve sectors around the canal, five layers A to E, and the vertebrae involved.", _READ,
        ("boriani_cerv2016", "smith2022"), "WBB-1"),
    Reason("The original numbers clockwise.", _READ, ("boriani_cerv2016", "igakushoin_wbb"), "WBB-2"),
    Reason("The line that halves the spinous process parts 12 from 1.", _READ, ("igakushoin_wbb",), "WBB-3"),
    Reason("The Spine Oncology Study Group numbers counter-clockwise; 1 is the spinous process's left half.", _READ,
        ("igakushoin_wbb",), "WBB-4"),
    Reason("4 to 9 lie in front, 1 to 3 and 10 to 12 behind.", _2ND, ("cn_review_wbb_tomita",), "WBB-5"),
    Reason("4 and 9 are the pedicles.", "unverified/high", (), "WBB-6"),
    Reason("5 to 8 are the body without its pedicles.", _READ, ("boriani2018",), "WBB-7"),
    Reason("1 and 12: spinous process; 2, 3, 10, 11: lamina, facet, transverse process.", "unverified/high",
        ("boriani1997",), "WBB-8"),
    _ours("WBB-9", "From one numbering to the other: 13 - s."),
    _ours("WBB-10", "The numbering's name stands beside every sector; the study group's is used."),
    _ours("GEO-1", "The plane of the sectors lies across the vertebra's own axis."),
    _ours("GEO-2", "Their centre is the middle of the canal at the height of the pedicles."),
    _ours("GEO-3", "The zero ray runs back through the middle of the spinous process, by symmetry where it is bent."),
    _ours("GEO-4", "Angles grow from there to the patient's left, 30 degrees to a sector."),
    _ours("GEO-5", "So: 1-3 left arch, 4 left pedicle, 5-6 and 7-8 the body, 9 right pedicle, 10-12 right arch."),
    _ours("GEO-6", "Anatomy overrules the angle: bone of a pedicle is 4 or 9."),
    _ours("GEO-7", "A sector is involved from 2 % of its bone or 0.05 ml on."),
    Reason("Every vertebra touched is listed.", _READ, ("boriani_cerv2016",), "GEO-8"),
    Reason("A: soft tissue around the vertebra.", _READ, (*_SMITH, "boriani_cerv2016"), "WBB-A"),
    Reason("B: bone, superficial.", _READ, _SMITH, "WBB-B"),
    Reason("C: bone, deep.", _READ, _SMITH, "WBB-C"),
    Reason("Deep means towards the canal.", _READ, ("boriani2018",), "WBB-C2"),
    Reason("D: outside the bone, outside the dura.", _READ, _SMITH, "WBB-D"),
    Reason("E: outside the bone, inside the dura.", _READ, _SMITH, "WBB-E"),
    Reason("F: the canal of the vertebral artery, in the neck only.", "unverified/high", (), "WBB-F"),
    _ours("LAY-1", "C is the inner half of the bone's radial depth, B the outer; in the arch too."),
    _ours("LAY-2", "A: tumour beyond the bone's outer border."),
    _ours("LAY-3", "D: tumour in the canal. E only by statement, or as suspected: no CT shows the dura invaded."),
    _ours("LAY-4", "F: tumour in the ring of the transverse foramen or against the artery, C1 to C6."),
)  # fmt: skip
_TOMITA = (
    Reason("Five sites: body, pedicle, arch, canal, beside the spine; seven types in three classes.", _2ND,
        ("cn_review_wbb_tomita", "tomita1997"), "TOM-0"),
    Reason("Of 4, 5 and 6 together the highest is given.", "unverified/medium", (), "TOM-8"),
    _ours("TOM-10", "Types 4 to 6 are not defined by contact with great vessels here, as one teaching page does."),
)  # fmt: skip
_MCLAIN = (
    Reason(
        "I and II are reached from behind, III from the front, IV from both.",
        "unverified/high",
        ("mclain1990",),
        "MCW-6",
    ),
    _ours("MCW-7", "III and IV meet at three quarters of the body's depth, on each sagittal line."),
)
_SINS = (
    _ours("SINS-8", "Exactly half of the height lost scores 2; of several levels the worst counts; pain is stated."),
)
_ESCC = (
    Reason("0, 1a and 1b are low, 2 and 3 high; 1c is disputed.", _READ, ("radiopaedia_escc",), "ESCC-4"),
    Reason("One group on CT: 1a and 1b low; 1c, 2 and 3 high.", _READ, ("hallinan2022reader",), "ESCC-5"),
    Reason("Another reading: 0 to 1c low; 2 and 3 high.", _2ND, ("calc_spine_scores",), "ESCC-5b"),
    _ours("ESCC-5c", "Grades are words, never numbers; 1c is shown as borderline."),
    _ours("ESCC-6", "From labels: a gap of more than a voxel to the cord means that the cord is not touched."),
    _ours("ESCC-7", "Without MR a range is given; below the conus no grade."),
)
_SACRAL = (
    _ours("SAC-6", "V goes first, then IV, then I, II and III."),
    _ours("SAC-7", "Region 2 alone is taken as II."),
)
_PELVIC = (
    Reason("Margins were adequate in 43 of 59 patients.", _READ, ("zhang2016pelvis",), "PEL-f"),
    Reason("Cuts in 40 sarcomas at the sacroiliac joint: wing 2, near foramina 27, midline 9, far foramina 2; adequate "
        "in 28 of 38.", _READ, ("court2006",), "PEL-g"),
)  # fmt: skip
_DUMBBELL = (
    Reason("On the slice of the largest section area A lies medial of the middle of the foramen, C lateral of the "
        "lateral edge of the costotransverse joint, B between.", _READ, ("thoracic_dumbbell_55",), "TDB-1"),
    Reason("I and III from behind; II through the chest or from behind, where it bleeds more; III has fewer "
        "complications from both.", _READ, ("thoracic_dumbbell_55",), "TDB-3"),
)  # fmt: skip
_LUNG = (Reason("Of 48: total 21 %, half 64 %, partial 15 %; complete in 42.", _READ, ("collaud2013",), "LUNG-2"),)

DEFINITIONS: Mapping[str, tuple[Reason, ...]] = MappingProxyType(
    {
        "wbb": _WBB,
        "enneking": _ENNEKING,
        "tnm": _TNM,
        "tomita": _TOMITA,
        "mclain_weinstein": _MCLAIN,
        "escc": _ESCC,
        "sins": _SINS,
        "sacral": _SACRAL,
        "pelvic_sacral": _PELVIC,
        "thoracic_dumbbell": _DUMBBELL,
        "lung_vertebra": _LUNG,
    }
)
"""Definitions and facts by system, in the order in which they are printed."""

LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("EN-C8", "EN-A10"), "evidence about outcome: no class follows from it"),
        "EN-M6": "the word radical is not used for a margin in the spine",
        "FAM-2c": "sides that do not mirror each other: taken for a misprint",
        "FAM-4": "says only that other authors name the same families",
        "F7": "what may be given up stands with the sacrifices of a plan, each with its own cost",
        **dict.fromkeys(("BOR-5", "BOR-6"), "the figures that define it have not been read"),
        "TES-2": "accounts of it differ; only type 7 as unfit is agreed, and skip lesions are rejected as families",
        **dict.fromkeys(("TES-3", "TES-4", "TES-5"), "about one operation and its results: not a class"),
        "ESCC-8": "a variant with twelve grades, of which only a correlation was read",
        **dict.fromkeys(("MAY-1", "MAY-3", "MAY-4", "MAY-5"), "names operations on pelvis and sacrum, not tumours"),
        "SDB-1": "the limits of its areas have not been read",
        **dict.fromkeys(("CDB-1", "CDB-2"), "the drawings that define its types have not been read"),
        **dict.fromkeys(("CDB-3", "CDB-4"), "the definitions of its types have not been read"),
        **dict.fromkeys(("L5-1", "L5-2", "L5-3", "L5-4"), "about the approach at L4 and L5: not a class"),
        "CER-2": "results of one series: not a class",
        "CER-3": "says that no surgical types of the neck with readable definitions are known",
    }
)
"""Rules that were read and are deliberately no part of a classification here, with the reason."""
