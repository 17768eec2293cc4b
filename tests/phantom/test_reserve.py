"""Where a printed resection finds no room for its cuts, the vertebrectomy beyond the printed sectors stands in (F8)."""

from __future__ import annotations

from functools import cache

import pytest

from enbloc.intake.clinical import Clinical
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import Bends, Pose, SpinePhantom
from enbloc.phantoms.tumours import Wedge, wedge
from enbloc.settings import Settings
from enbloc.walk import Record, walk

CHORDOMA = Clinical(age_years=50.0, histology="chordoma", grade="low", metastases="none", biopsy_confirmed=True)
THORACIC = ("T4", "T5", "T6")
LUMBAR = ("L2", "L3", "L4")


@cache
def planned(levels: tuple[str, ...], theta_deg: tuple[float, float]) -> Record:
    phantom = SpinePhantom(levels, Bends(), Pose())
    tumour = wedge(levels[1], Wedge(theta_deg, heights_mm=(-8.0, 8.0)))
    return walk(sample(phantom, Scan(spacing_mm=(2.0, 2.0, 2.0)), tumour, CHORDOMA), Settings())


def kinds(record: Record) -> list[tuple[str, str | None]]:
    return [(plan.family, plan.side) for plan in record.plans]


@pytest.mark.parametrize(("theta_deg", "opened"), [((62.0, 149.0), "right"), ((211.0, 298.0), "left")])
def test_a_thoracic_body_too_narrow_for_a_sagittal_cut_is_taken_whole(theta_deg, opened) -> None:
    """Beside the canal of T5 no 4 mm of body would be left; the ring opens on the healthy side."""
    record = planned(THORACIC, theta_deg)
    assert kinds(record)[0] == ("vertebrectomy", opened)
    tumour_side = "left" if opened == "right" else "right"
    refused = [r for r in record.rejected if (r.family, r.side) == ("sagittal_resection", tumour_side)]
    assert [reason.says.split(" keeps")[0] for one in refused for reason in one.because] == ["No cut of this kind"]
    assert ("vertebrectomy", opened) not in {(r.family, r.side) for r in record.rejected}
    said = [reason.says for reason in record.plans[0].because]
    assert any("no kind that is printed" in text for text in said)
    assert any(option.family == "vertebrectomy" for option in record.options)


@pytest.mark.slow
def test_where_the_sagittal_cut_finds_room_nothing_stands_in() -> None:
    assert kinds(planned(LUMBAR, (62.0, 125.0))) == [("sagittal_resection", "left"), ("intralesional", None)]


def test_where_no_ring_opens_in_free_bone_nothing_stands_in() -> None:
    """Body and both sides of the arch: piecemeal removal alone is left, as before."""
    record = planned(THORACIC, (-170.0, 170.0))
    assert kinds(record) == [("intralesional", None)]
