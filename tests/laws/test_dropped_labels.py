"""Law: a label that is missing gives doubt, never a settled class that contradicts the complete one."""

from __future__ import annotations

import pytest
from law_cases import CHORDOMA, QUICK, TUMOURS, contradictions, possible, walk_of

from enbloc.phantoms.sampling import Scan, sample
from enbloc.walk import walk

SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "name", ["epidural", *(pytest.param(n, marks=SLOW) for n in ("body and pedicle", "paravertebral"))]
)
@pytest.mark.parametrize("dropped", ["spinal_cord", "aorta", "vertebra_above", "disc", "autochthon"])
def test_a_dropped_label(name: str, dropped: str) -> None:
    phantom, tumour = TUMOURS[name]
    word = f"vertebra_{phantom.levels[0]}" if dropped == "vertebra_above" else dropped
    scan = Scan((2.0, 2.0, 2.0), margin_mm=12.0, leave_out=(word,))
    there, whole = walk(sample(phantom, scan, tumour, CHORDOMA), QUICK), walk_of(name)
    assert there.extent is not None
    assert whole.extent is not None
    assert contradictions(whole.extent, there.extent) == []
    for system, categories in possible(there).items():
        if len(categories) == 1 and system != "wbb":
            assert categories[0] in possible(whole)[system], (system, categories, possible(whole)[system])


@pytest.mark.parametrize("name", ["paravertebral"])
def test_a_structure_that_is_not_labelled_is_not_listed_as_far(name: str) -> None:
    """What was not labelled stands in no list of contacts and of margins: nothing is said about it."""
    phantom, tumour = TUMOURS[name]
    scan = Scan((2.0, 2.0, 2.0), margin_mm=12.0, leave_out=("aorta",))
    there = walk(sample(phantom, scan, tumour, CHORDOMA), QUICK)
    assert there.extent is not None
    whole = walk_of(name).extent
    assert whole is not None
    assert "aorta" in {contact.structure for contact in whole.touched}
    assert "aorta" not in {contact.structure for contact in there.extent.touched}
    assert all(margin.interface != "aorta" for plan in there.plans for margin in plan.margins)
