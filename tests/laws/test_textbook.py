"""A plan is never worse than the textbook's of its family: both discs, the pedicles where they are narrowest."""

from __future__ import annotations

import attrs
import pytest
from law_cases import QUICK, TUMOURS, walk_of

from enbloc.anatomy.scene import Scene
from enbloc.foundation.evidence.estimates import Estimate
from enbloc.foundation.space.distances import surface_points
from enbloc.resection.cutting.arch_cuts import cut_pedicle, measure_choices
from enbloc.resection.cutting.place import place
from enbloc.resection.cutting.placement import Placement
from enbloc.resection.plans import Option
from enbloc.resection.specimen.margins import measure_margins
from enbloc.resection.specimen.specimen import cut_out
from enbloc.walk import Record

SETTINGS = QUICK.resection
DISCS_ALWAYS = attrs.evolve(SETTINGS, disc_margin_mm=-100.0)


def textbook(scene: Scene, option: Option) -> Placement | None:
    """The option with both discs and the pedicles at their narrowest, whatever the tumour."""
    found = place(scene, option, DISCS_ALWAYS)
    if found is None or option.family == "posterior_arch_resection":
        return None
    tumour = surface_points(scene.grid, scene.tumour)
    pedicles = {
        (level, side): cut_pedicle(measure_choices(scene, tumour, level, side, "ventral"), SETTINGS)
        for level, side in found.arch_cuts
        if option.family == "vertebrectomy"
    }
    return attrs.evolve(found, arch_cuts={**found.arch_cuts, **pedicles})


def worth(record: Record, placement: Placement) -> tuple[float, float]:
    """The least margin at the cuts, mm, and the bone lost, ml."""
    assert record.scene is not None
    assert record.extent is not None
    out = cut_out(record.scene, placement, SETTINGS)
    margins = measure_margins(record.scene, record.extent, out.geometry, out.cuts)
    least = min(m.least.value for m in margins if m.interface.endswith(" cut") and isinstance(m.least, Estimate))
    return min(least, SETTINGS.bone_margin_mm), out.geometry.bone_lost_ml


@pytest.mark.parametrize("name", sorted(TUMOURS))
def test_no_plan_is_worse_than_the_textbook(name: str) -> None:
    """The textbook never keeps a larger margin, up to the wanted one, at no more bone."""
    record = walk_of(name, 2.0)
    assert record.scene is not None
    for option in record.options:
        if option.family not in ("vertebrectomy", "sagittal_resection"):
            continue
        found, plain = place(record.scene, option, SETTINGS), textbook(record.scene, option)
        if found is None or plain is None:
            continue
        (margin, bone), (its_margin, its_bone) = worth(record, found), worth(record, plain)
        voxel = 2.0
        assert not (its_margin > margin + voxel / 2 and its_bone <= bone), (option.family, option.side)
        assert not (its_margin >= margin and its_bone < 0.99 * bone), (option.family, option.side)
