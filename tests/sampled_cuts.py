"""Points that cover the face of a cut: a second way to a margin."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from enbloc.foundation.space.grids import Floats
from enbloc.resection.cuts import Cut


def sampled_face(cut: Cut, step_mm: float) -> Floats:
    """Points (n, 3) that cover the face, no further than `step_mm` apart: fans of triangles, cut fine."""
    corners = [*cut.face_mm, cut.face_mm[0]]
    middle = cut.face_mm.mean(axis=0)
    found = []
    for one, other in pairwise(corners):
        longest = max(np.linalg.norm(a - b) for a, b in ((one, other), (one, middle), (other, middle)))
        share = np.linspace(0.0, 1.0, int(np.ceil(longest / step_mm)) + 1)
        a, b = (x.ravel() for x in np.meshgrid(share, share, indexing="ij"))
        kept = a + b <= 1.0 + 1e-9
        found.append(middle + a[kept, None] * (one - middle) + b[kept, None] * (other - middle))
    return np.concatenate(found)
