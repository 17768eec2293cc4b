"""How far tumour reaches in a sacrum that is labelled as a whole: its regions, its sides, and its foramina.

Strategy. Held is what tumour in the sacrum's own bone reaches beyond every error; free is what no tumour at all comes
near, as bone that tumour has destroyed may be missing from the label. The levels are modelled along the bone; the
midline parts the sides, with the error of the axes, which grows downwards. The foramina are not measured: what comes as
near to the midline as the bodies has passed those of its side (ours).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs
import numpy as np
import scipy

from enbloc.anatomy.sacrum import MIDDLE_MM, SACRAL_LEVELS, across_midline_mm, judge_sacral_levels
from enbloc.anatomy.scene import Sacrum, Scene
from enbloc.classification.extent import Extent
from enbloc.foundation.evidence.classifications import Finding
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.verdicts import Verdict, all_of, any_of
from enbloc.foundation.space.grids import Floats
from enbloc.foundation.terms.levels import Level
from enbloc.foundation.terms.structures import SACRUM

FIRST: Level = "S1"
HIP = "hip"
REGIONS: Mapping[str, tuple[Level, ...]] = {"sacral_1": ("S1",), "sacral_2": ("S2",), "sacral_3": ("S3", "S4", "S5")}
_SETTLE = "Images of the sacrum and the sacroiliac joints"


@attrs.frozen(eq=False)
class _Places:
    """Places of tumour, LPS mm (n, 3): in the bone of the sacrum, and everywhere but in the bone of other levels."""

    in_bone: Floats
    anywhere: Floats


def find_sacral_reach(scene: Scene, extent: Extent) -> Iterator[Finding]:
    """Findings of the sacral systems; none without tumour in a sacrum that is labelled as a whole."""
    if scene.sacrum is None:
        return
    places = _places(scene)
    if not len(places.in_bone):
        return
    levels = _levels(scene.sacrum, places, extent)
    held = ", ".join(level for level in SACRAL_LEVELS if levels[level] is Verdict.MET) or "none for certain"
    for criterion, names in REGIONS.items():
        says = f"Sacral levels held: {held}; they are modelled along the bone (ours)."
        yield _found(criterion, any_of(levels[name] for name in names), says)
    yield from _sides(scene.sacrum, places, 2.0 * scene.label_error_mm, all_of(levels.values()))
    yield from _far_hips(scene, extent)


def _places(scene: Scene) -> _Places:
    names = list(scene.vertebrae)
    first = names.index(FIRST) + 1 if FIRST in names else 0
    others = (scene.bone > 0) & (scene.bone != first)
    own = scene.structures.mask(SACRUM) | ((scene.bone == first) & (first > 0))
    tumour = scene.tumour & ~others
    in_bone, anywhere = (scene.grid.to_patient(np.argwhere(mask)) for mask in (tumour & own, tumour))
    return _Places(in_bone, anywhere)


def _levels(sacrum: Sacrum, places: _Places, extent: Extent) -> dict[Level, Verdict]:
    """Met by tumour in the bone, unmet by the want of any; where sectors were measured, by them."""
    sure, perhaps = (judge_sacral_levels(sacrum, points) for points in (places.in_bone, places.anywhere))
    found: dict[Level, Verdict] = {}
    for level in SACRAL_LEVELS:
        seen = extent.levels.get(level)
        if seen is not None and seen.cells:
            found[level] = any_of(seen.layers.values())
        elif sure[level] is Verdict.MET or perhaps[level] is Verdict.UNMET:
            found[level] = sure[level]
        else:
            found[level] = Verdict.UNDECIDED
    return found


def _sides(sacrum: Sacrum, places: _Places, label_mm: float, every: Verdict) -> Iterator[Finding]:
    across, error = across_midline_mm(sacrum, places.in_bone)
    anywhere, further = across_midline_mm(sacrum, places.anywhere)
    sides = []
    for sign in (1.0, -1.0):
        held = bool((sign * across > error + label_mm).any())
        free = bool((sign * anywhere < -further - label_mm).all())
        sides.append(Verdict.MET if held else Verdict.UNMET if free else Verdict.UNDECIDED)
    both = all_of(sides)
    words = {Verdict.MET: "Both sides", Verdict.UNMET: "One side", Verdict.UNDECIDED: "One side or both"}[both]
    yield _found("past_midline", both, f"{words} of the sacrum held.")
    yield _found("whole_sacrum", all_of((every, both)), "All five levels on both sides, as far as they are modelled.")
    nearest = int(np.argmin(np.abs(across) + error))
    least, off = float(np.abs(across[nearest])), float(error[nearest]) + label_mm
    if least + off < MIDDLE_MM:
        reach = Estimate(least, max(least - off, 0.0), least + off, "mm", "label border and axes of the sacrum")
        says = f"Tumour comes within {least:.0f} mm of the midline, medial of the foramina of its side (ours)."
        yield Finding("near_foramina", Verdict.MET, reach, says, _SETTLE)


def _far_hips(scene: Scene, extent: Extent) -> Iterator[Finding]:
    """The finding ``ilium``, unmet, where hip bones are labelled and lie too far away to be among the contacts."""
    hips = [name for name in scene.structures.names.values() if name.startswith(HIP)]
    if not hips or any(contact.structure.startswith(HIP) for contact in extent.touched):
        return
    bone = scene.grid.to_patient(np.argwhere(np.logical_or.reduce([scene.structures.mask(name) for name in hips])))
    if not len(bone):
        return
    tumour = scipy.spatial.cKDTree(scene.grid.to_patient(np.argwhere(scene.tumour)))
    least, error = float(tumour.query(bone)[0].min()), 2.0 * scene.label_error_mm
    if least > 2.0 * error:
        away = Estimate(least - error, least - 2.0 * error, least, "mm", "label borders of tumour and hip bone")
        says = f"The tumour stays {least - error:.0f} mm away from the hip bone."
        yield Finding("ilium", Verdict.UNMET, away, says, _SETTLE)


def _found(criterion: str, verdict: Verdict, says: str) -> Finding:
    return Finding(criterion, verdict, Unknown("modelled from the sacrum's label"), says, _SETTLE)
