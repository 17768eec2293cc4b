"""A cuff of the psoas is a part of the specimen, with an interface and a margin of its own."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.classification.wbb import measure_extent
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.distances import distance_to
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import sphere
from enbloc.resection.cutting.place import place
from enbloc.resection.plans import Option
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.specimen.margins import measure_margins
from enbloc.resection.specimen.specimen import cut_out

SETTINGS = ResectionSettings()


def test_a_cuff_of_the_psoas_goes_and_its_face_is_an_interface() -> None:
    tumour = sphere("L3", (24.0, -20.0, 0.0), 8.0)
    scene = build_scene(sample(SpinePhantom(("L2", "L3", "L4")), Scan(margin_mm=15.0), tumour), AnatomySettings(25.0))
    assert scene is not None
    placement = place(scene, Option("vertebrectomy", ("L3",), "right", ()), SETTINGS)
    assert placement is not None
    out = cut_out(scene, placement, SETTINGS)
    psoas = scene.structures.mask("iliopsoas_left")
    cuff = psoas & out.geometry.specimen
    assert cuff.any()
    away = distance_to(scene.grid, scene.tumour)
    assert away[cuff].max() <= SETTINGS.soft_cuff_mm
    voxel = float(scene.grid.spacing_mm.max())
    near = psoas & (away <= SETTINGS.soft_cuff_mm - voxel)
    assert (near & out.geometry.specimen).sum() >= 0.95 * near.sum()
    assert not (scene.structures.mask("iliopsoas_right") & out.geometry.specimen).any()
    margins = {
        m.interface: m
        for m in measure_margins(scene, measure_extent(scene, AnatomySettings(25.0)), out.geometry, out.cuts)
    }
    face = margins["iliopsoas_left"]
    assert face.tissue == "soft_tissue"
    assert isinstance(face.least, Estimate)
    assert face.least.value == pytest.approx(SETTINGS.soft_cuff_mm, abs=voxel)
    at = np.array(face.at_mm)
    assert away[tuple(np.rint(scene.grid.to_index(at[None])[0]).astype(int))] <= voxel
