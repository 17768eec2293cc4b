"""A pedicle with tumour in it is never sawn through on the side where the ring is not opened."""

from __future__ import annotations

import pytest
from law_cases import TUMOURS, walk_of

from enbloc.anatomy.scene import PARTS


@pytest.mark.parametrize("name", sorted(TUMOURS))
def test_no_cut_through_an_involved_pedicle(name: str) -> None:
    record = walk_of(name, 1.5)
    scene = record.scene
    assert scene is not None
    for plan in record.plans:
        if plan.family != "vertebrectomy" or not plan.cuts:
            continue
        for side in {"left", "right"} - {plan.side}:
            held = (scene.tumour & (scene.parts == PARTS.index(f"pedicle_{side}"))).any()
            cut = any(cut.id.startswith(f"{side} pedicle") for cut in plan.cuts)
            assert not (held and cut), (plan.side, [cut.id for cut in plan.cuts])
