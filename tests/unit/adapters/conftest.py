"""A record small enough to be written in a moment."""

from __future__ import annotations

from types import MappingProxyType

import attrs
import numpy as np
import pytest

from enbloc.anatomy.scene import Frame, Scene, Vertebra
from enbloc.classification.extent import extent_from_typed
from enbloc.classification.sheet import classify
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.intake.case import Case, Problem, TypedLevel
from enbloc.resection.cuts import Cut
from enbloc.resection.plans import Geometry, Margin, Option, Plan, Rejected, Sacrifice
from enbloc.settings import Settings
from enbloc.strategy.advice import Indication, Rival
from enbloc.walk import Record

OURS = Reason("Because it was chosen.", "ours", ("boriani_cerv2016",), "PLAN-1")


def scene_of(case: Case) -> Scene:
    """The scene of the small case: boxes, with a canal behind them."""
    labels, tumour = (file.labels for file in case.label_files)
    axes = (np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, 1.0]))
    frame = Frame(np.array([30.0, 52.0, 60.0]), *axes, tilt_error_deg=1.0, turn_error_deg=2.0)
    numbers = (24.0, 28.0, 28.0, 12.0, -12.0, 8.0, 8.0, -8.0, 8.0)
    vertebra = Vertebra("L3", frame, np.array([30.0, 30.0, 60.0]), *numbers, whole=True, modelled=("canal wall",))
    canal = np.zeros(labels.grid.shape, bool)
    canal[12:18, 24:30] = True
    bone = (labels.values == 2).astype(np.uint8)
    return Scene(
        grid=labels.grid,
        structures=labels,
        tumour=tumour.mask("tumour"),
        vertebrae=MappingProxyType({"L3": vertebra}),
        bone=bone,
        parts=bone,
        canal=canal,
        ct=None,
        label_error_mm=1.0,
    )


def plan_of(scene: Scene) -> Plan:
    """A box with the tumour in it."""
    specimen = np.zeros(scene.grid.shape, bool)
    specimen[8:16, 8:24, 24:36] = True
    remainder = (scene.bone > 0) & ~specimen
    face = np.array([[0.0, 0, 48], [40, 0, 48], [40, 40, 48]])
    return Plan(
        id="p1",
        rank=1,
        family="vertebrectomy",
        side="right",
        approach=("posterior",),
        sessions=1,
        levels=("L3",),
        cuts=(Cut("caudal", "osteotomy", face[0], np.array([0.0, 0, -1]), face, 1.0, ("disc L3/L4",)),),
        sacrifices=(Sacrifice("nerve_root_L3_left", "cut", "Weak knee.", "ours", (), modelled=True),),
        margins=(
            Margin("caudal cut", "bone", Estimate(4.0, 3.0, 5.0, "mm"), (20.0, 20.0, 52.0), None, "", "wide", (OURS,)),
            Margin("dura", "dura", Unknown("no canal"), None, None, "", None),
        ),
        margin="wide",
        enneking_appropriate=None,
        geometry=Geometry(specimen, remainder, 12.288, 8.0),
        margin_negative_probability=Unknown("not sampled"),
        delivery=Unknown("not searched"),
        reconstruction=Unknown("not worked out"),
        risks=(OURS,),
        trade_offs={"bone_lost_ml": Estimate(8.0, 7.0, 9.0, "ml")},
        because=(OURS,),
    )


@pytest.fixture
def small_record(small_case: Case) -> Record:
    """A record with one plan, written by hand."""
    case = attrs.evolve(small_case, digests={"case.toml": "00"})
    scene = scene_of(case)
    extent = extent_from_typed({"L3": TypedLevel(frozenset({5, 6}), frozenset("BC"))})
    return Record(
        case=case,
        settings=Settings(),
        problems=(Problem("note", "labels.nii.gz", "A note.", "Nothing."),),
        scene=scene,
        extent=extent,
        sheet=classify(extent, case.clinical),
        options=(Option("vertebrectomy", ("L3",), "right", (OURS,)),),
        rejected=(Rejected("sagittal_resection", (OURS,), "left"),),
        indication=Indication("yes", (OURS,), (Rival("radiotherapy", (OURS,)),)),
        plans=(plan_of(scene),),
    )


@pytest.fixture
def stopped_record(small_case: Case) -> Record:
    """What remains of a case that a check stopped."""
    return Record(small_case, Settings(), (Problem("stop", "tumour.nii.gz", "It is empty.", "Draw it."),))
