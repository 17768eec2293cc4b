"""A small made-up patient: three box-and-ring vertebrae, a tumour in the left half of L3, and one plan for it."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.anatomy.scene import Frame, Scene, Vertebra
from enbloc.classification.extent import LAYERS, SECTORS, Cell, Contact, Extent, LevelExtent, extent_from_typed
from enbloc.foundation.evidence.bibliography import Source, read_bibliography
from enbloc.foundation.evidence.classifications import Because, Classification, Score, Sheet
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.foundation.space.grids import Grid, LabelMap, Volume
from enbloc.intake.case import Case, Problem, TypedLevel
from enbloc.intake.clinical import Clinical
from enbloc.report.document import ReportInput
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Geometry, Margin, Plan, Rejected, Sacrifice
from enbloc.strategy.advice import Indication, Rival

SPACING = (1.0, 1.2, 2.0)
SHAPE = (130, 110, 66)


ROOT_LOST = "quadriceps weakness; the one patient with both cut needs a cane"
AT_THE_WALL = "The tumour lies against the canal wall; the release runs along the dura."
BODY_FREE = "Sectors 4 to 6 lie within 4-8 and the right pedicle is free, so the body can leave in one piece."


def mm(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, "mm", "voxel size")


@pytest.fixture(scope="session")
def scene() -> Scene:
    grid = Grid(SHAPE, np.diag([*SPACING, 1.0]) + np.array([[0, 0, 0, -65.0], [0, 0, 0, -80.0], [0, 0, 0, 0], [0] * 4]))
    left, dorsal, up = (
        a.reshape(SHAPE) for a in np.moveaxis(grid.to_patient(np.indices(SHAPE).reshape(3, -1).T), 1, 0)
    )
    bone = np.zeros(SHAPE, np.uint8)
    vertebrae = {}
    for n, (level, middle) in enumerate((("L2", 104.0), ("L3", 66.0), ("L4", 28.0)), start=1):
        body = ((left / 24) ** 2 + ((dorsal + 26) / 17) ** 2 < 1) & (abs(up - middle) < 14)
        ring = ((left / 17) ** 2 + (dorsal / 16) ** 2 < 1) & (abs(up - middle) < 8) & (dorsal > -14)
        process = (abs(left) < 3.5) & (dorsal > 12) & (dorsal < 40) & (abs(up - middle + 3) < 8)
        wings = (abs(dorsal - 4) < 4) & (abs(left) < 38) & (abs(left) > 12) & (abs(up - middle) < 5)
        bone[(body | ring | process | wings) & ((left / 11) ** 2 + (dorsal / 9) ** 2 >= 1)] = n
        frame = Frame(np.array([0.0, 0.0, middle]), *np.eye(3), tilt_error_deg=2.0, turn_error_deg=2.0)
        vertebrae[level] = Vertebra(
            level, frame, np.array([0.0, -26.0, middle]), 28, 34, 48, 14, -14, 11, 11, -9, 9, whole=True
        )
    canal = (left / 11) ** 2 + (dorsal / 9) ** 2 < 1
    tumour = ((left - 15) / 12) ** 2 + ((dorsal + 21) / 15) ** 2 + ((up - 66) / 11) ** 2 < 1
    tumour &= ~canal
    values = np.zeros(SHAPE, np.uint8)
    for n in (1, 2, 3):
        values[bone == n] = n
    values[(left / 6) ** 2 + ((dorsal + 17) / 6) ** 2 < 0] = 9
    values[((left - 8) / 8) ** 2 + ((dorsal + 54) / 8) ** 2 < 1] = 4
    values[((left + 16) / 8) ** 2 + ((dorsal + 52) / 7) ** 2 < 1] = 5
    values[(left / 5) ** 2 + (dorsal / 4) ** 2 < 1] = 6
    for side, number in ((1, 7), (-1, 8)):
        values[((left - side * 42) / 13) ** 2 + ((dorsal + 22) / 17) ** 2 < 1] = number
    names = {
        1: "vertebra_L2",
        2: "vertebra_L3",
        3: "vertebra_L4",
        4: "aorta",
        5: "inferior_vena_cava",
        6: "spinal_cord",
    }
    names |= {7: "iliopsoas_left", 8: "iliopsoas_right"}
    values[tumour] = 0
    bone[tumour & (abs(up - 66) < 14) & (bone == 0) & (dorsal > -44)] = 0
    rng = np.random.default_rng(3)
    hu = np.where(bone > 0, 420.0, 45.0) + rng.normal(0, 30, SHAPE)
    return Scene(
        grid=grid,
        structures=LabelMap(grid, values, names),
        tumour=tumour,
        vertebrae=vertebrae,
        bone=bone,
        parts=(bone > 0).astype(np.uint8),
        canal=canal,
        ct=Volume(grid, hu.astype(np.float32)),
        label_error_mm=1.0,
    )


@pytest.fixture(scope="session")
def extent() -> Extent:
    shares = {(4, "B"): 0.31, (4, "C"): 0.62, (5, "B"): 0.9, (5, "C"): 0.97, (6, "B"): 0.4, (6, "C"): 0.15}
    unknown = Unknown("soft tissue has no border")
    cells = {}
    for sector in SECTORS:
        for layer in LAYERS:
            share = shares.get((sector, layer), 0.0)
            verdict = Verdict.MET if share or (sector, layer) == (5, "A") else Verdict.UNMET
            if (sector, layer) in {(7, "C"), (5, "D")}:
                verdict = Verdict.UNDECIDED
            fraction = Estimate(share, share, share, "fraction") if layer in "BC" else unknown
            cells[sector, layer] = Cell(verdict, fraction, unknown, unknown)
    level = LevelExtent(
        {s: any_of(cells[s, k].verdict for k in LAYERS) for s in SECTORS},
        {k: any_of(cells[s, k].verdict for s in SECTORS) for k in LAYERS},
        cells,
    )
    touched = (Contact("iliopsoas_left", mm(0, 0, 1), (27.0, -22.0, 66.0)),)
    return Extent("measured", {"L3": level}, touched, Verdict.UNMET)


@pytest.fixture(scope="session")
def typed_extent() -> Extent:
    return extent_from_typed({"C4": TypedLevel(frozenset({5, 6, 7, 8}), frozenset("BC"))})


def face(origin: np.ndarray, across: np.ndarray, along: np.ndarray) -> np.ndarray:
    return np.array([origin + a * across + b * along for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))], dtype=float)


@pytest.fixture(scope="session")
def plan(scene: Scene) -> Plan:
    x, y, z = np.eye(3)
    cuts = (
        Cut(
            "cranial",
            "discectomy",
            np.array([0, -20, 84.0]),
            z,
            face(np.array([0, -20, 84.0]), 40 * x, 32 * y),
            1.0,
            ("disc L2/L3",),
            ("The tumour keeps 7 mm from the end plate.",),
        ),
        Cut(
            "caudal",
            "discectomy",
            np.array([0, -20, 48.0]),
            -z,
            face(np.array([0, -20, 48.0]), 40 * x, 32 * y),
            1.0,
            ("disc L3/L4",),
            ("The tumour keeps 7 mm from the end plate.",),
        ),
        Cut(
            "right pedicle",
            "osteotomy",
            np.array([-16, -8, 66.0]),
            y,
            face(np.array([-16, -7, 66.0]), 10 * x, 14 * z),
            1.0,
            ("pedicle_right of L3",),
            ("The right pedicle is free of tumour.",),
        ),
        Cut(
            "left lamina",
            "osteotomy",
            np.array([9, 12, 66.0]),
            -x,
            face(np.array([9, 12, 66.0]), 9 * y, 14 * z),
            1.0,
            ("arch_left of L3",),
            ("Opens the ring on the left behind the tumour.",),
        ),
    )
    left, dorsal, up = np.moveaxis(scene.grid.to_patient(np.indices(SHAPE).reshape(3, -1).T), 1, 0)
    inside = (abs(up - 66) < 18) & (dorsal < 8) & ((left > 8) | (dorsal < -7))
    cuffed = ((left - 15) / 17) ** 2 + ((dorsal + 21) / 20) ** 2 + ((up - 66) / 16) ** 2 < 1
    specimen = (inside.reshape(SHAPE) & (scene.bone == 2)) | scene.tumour | cuffed.reshape(SHAPE) & ~scene.canal
    margins = (
        Margin(
            "cranial cut",
            "disc",
            mm(7.1, 6.1, 8.1),
            (15.0, -21.0, 77.0),
            "end plate and annulus",
            "unverified/medium",
            "wide",
        ),
        Margin("right pedicle cut", "bone", mm(13.4, 12.4, 14.4), (3.0, -21.0, 66.0), None, "", "wide"),
        Margin(
            "dura",
            "dura",
            mm(0.8, 0.0, 1.8),
            (10.5, -9.6, 66.0),
            "dura",
            "verified",
            "marginal",
            (Reason(AT_THE_WALL, "ours", (), "F5b"),),
        ),
        Margin("aorta", "soft_tissue", Unknown("the vessel is cut off by the field of view"), None, None, "", None),
    )
    return Plan(
        id="p1",
        rank=1,
        family="vertebrectomy",
        side="right",
        approach=("anterior left", "posterior"),
        sessions=2,
        levels=("L3",),
        cuts=cuts,
        sacrifices=(
            Sacrifice("nerve_root_L3_left", "cut", ROOT_LOST, "verified", ("todd2002",), modelled=True),
            Sacrifice(
                "segmental_artery_L3_left",
                "cut",
                "one level of a routine limit of three",
                "verified",
                ("nobody",),
                True,
            ),
            Sacrifice("iliopsoas_left", "resect", "a cuff stays on the tumour", "unverified/medium"),
            Sacrifice("nerve_root_L4_left", "keep", "knee and ankle", "unverified/high"),
        ),
        margins=margins,
        margin="marginal",
        enneking_appropriate=False,
        geometry=Geometry(specimen, scene.bone.astype(bool) & ~specimen, 61.4, 38.2),
        margin_negative_probability=Unknown("execution error has not been sampled"),
        delivery=Unknown("the path past the cord has not been searched"),
        reconstruction=Unknown("the defect has not been measured"),
        risks=(
            Reason(
                "Combined approach is an independent risk factor for complications.",
                "verified",
                ("boriani2016",),
                "PRE-1",
            ),
        ),
        trade_offs={
            "least_margin_mm": mm(0.8, 0.0, 1.8),
            "bone_lost_ml": Estimate(38.2, 36.0, 41.0, "ml"),
            "roots_cut_n": Estimate(1, 1, 1, "n"),
        },
        because=(
            Reason("The surgical type may be Boriani 2b.", "unverified/low", ("boriani2018",), "BOR-2b"),
            Reason(BODY_FREE, "verified", ("boriani1998",), "FAM-1"),
            Reason("Tumour lies on the left psoas without a fat plane: anterior release first.", "ours", (), "MOD-9"),
        ),
    )


@pytest.fixture(scope="session")
def second_plan() -> Plan:
    return Plan(
        id="p2",
        rank=2,
        family="intralesional",
        side=None,
        approach=("posterior",),
        sessions=1,
        levels=("L3",),
        cuts=(),
        sacrifices=(),
        margins=(),
        margin="intralesional",
        enneking_appropriate=False,
        geometry=None,
        margin_negative_probability={"freehand": 0.0},
        delivery=Unknown("nothing leaves in one piece"),
        reconstruction=Unknown("the defect has not been measured"),
        risks=(),
        trade_offs={},
        because=(Reason("Always listed, with radiotherapy.", "ours", (), "PLAN-6"),),
    )


@pytest.fixture(scope="session")
def sheet() -> Sheet:
    ml = Estimate(0.4, 0.0, 0.9, "ml")
    canal = Because(
        "canal",
        Verdict.UNDECIDED,
        ml,
        "Tumour may lie in the canal at L3.",
        "unverified/high",
        ("tomita1997",),
        "TOM-4",
    )
    grade = Because(
        "low_grade",
        Verdict.MET,
        Unknown("stated: low grade"),
        "The grade is low.",
        "verified (2nd)",
        ("mehlman2020",),
        "EN-1B",
    )
    answers = (
        Classification(
            "wbb",
            ("L3",),
            because=(Because("source", Verdict.MET, Unknown("images"), "Measured on labels.", "ours", (), "GEO-7"),),
        ),
        Classification("enneking", ("IB",), because=(grade,)),
        Classification("tomita", ("4", "5"), because=(canal,), would_settle=("MRI of the epidural space at L3",)),
        Classification(
            "boriani",
            ("2b",),
            because=(
                Because("x", Verdict.MET, ml, "One pedicle is free.", "unverified/low", ("boriani2018",), "BOR-2b"),
            ),
        ),
        Classification(
            "sins",
            ("indeterminate",),
            score=Score(7, 10),
            details={"items": {"location": {"low": 2, "high": 2}, "pain": {"low": 1, "high": 3}}},
        ),
        Classification("sacral", (), applies=False),
    )
    return Sheet({answer.system: answer for answer in answers})


@pytest.fixture(scope="session")
def citations() -> dict[str, Source]:
    """A few sources of the bibliography, one that nobody has confirmed; ``boriani2018`` is missing on purpose."""
    known = {key: read_bibliography()[key] for key in ("boriani1998", "boriani2016", "todd2002", "fisher2011")}
    return known | {"nobody": Source("nobody", "A Secret Title", "no")}


@pytest.fixture(scope="session")
def indication() -> Indication:
    return Indication(
        "yes",
        (
            Reason(
                "Chordoma: wide or marginal en bloc when morbidity is acceptable.", "verified", ("fisher2011",), "IH-01"
            ),
            Reason("A margin as Enneking asks: recurrence 14/70 against 57/77.", "verified", ("fisher2011",), "MAR-1"),
        ),
        (
            Rival(
                "Intralesional resection with radiotherapy",
                (Reason("Local recurrence 57/77 in one series.", "verified", ("nobody",), "OUT-01"),),
            ),
        ),
        ("whether the dura is infiltrated (MRI with contrast)",),
    )


@pytest.fixture(scope="session")
def walked(extent: Extent, sheet: Sheet, indication: Indication, plan: Plan, second_plan: Plan) -> ReportInput:
    case = Case(
        id="L3-chordoma",
        clinical=Clinical(54, "F", "chordoma", True, "low", None, "none", neurology="E"),
        digests={"tumour.nii.gz": "ab" * 32, "labels.nii.gz": "cd" * 32},
    )
    problems = (
        Problem("note", "labels.nii.gz", "the labels hold no dura", "The canal wall stands for it."),
        Problem("doubt", "tumour.nii.gz", "two separate pieces", "Check the smaller one."),
    )
    rejected = (
        Rejected(
            "posterior_arch_resection",
            (Reason("The tumour reaches the body (sectors 5-6).", "verified", ("boriani2018",), "FAM-3"),),
        ),
        Rejected("sagittal_resection", (Reason("Sector 6 lies outside 2-5.", "ours", (), "FAM-5"),), "left"),
    )
    return ReportInput(case, problems, extent, sheet, indication, (second_plan, plan), rejected)


@pytest.fixture(scope="session")
def typed_walked(typed_extent: Extent, sheet: Sheet, indication: Indication, second_plan: Plan) -> ReportInput:
    return ReportInput(Case("C4-typed", Clinical()), (), typed_extent, sheet, indication, (second_plan,))


@pytest.fixture(scope="session")
def stopped() -> ReportInput:
    problem = Problem("stop", "tumour.nii.gz", "the tumour is empty", "Draw it again.")
    return ReportInput(Case("<script>alert(1)</script>", Clinical()), (problem,))
