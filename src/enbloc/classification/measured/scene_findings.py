"""What the images say beyond sectors and layers: findings measured on a scene, ready for `sheet.classify`.

Each room measures one question and says nothing where it cannot: an open finding leaves the range that it had. None of
them repeats what the Extent has decided, so that a finding of the scene narrows an answer and never turns it round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.classification.findings import levels_that_may
from enbloc.classification.measured.alignment import find_alignment
from enbloc.classification.measured.body_depth import find_zones
from enbloc.classification.measured.bone_lesion import find_bone_lesion
from enbloc.classification.measured.collapse import find_collapse
from enbloc.classification.measured.cord_gap import find_cord_gap
from enbloc.classification.measured.encasement import find_encasement
from enbloc.classification.measured.facets import find_facets
from enbloc.classification.measured.sacral_reach import find_sacral_reach
from enbloc.classification.measured.size import find_size
from enbloc.foundation.evidence.classifications import Finding

ROOMS: tuple[Callable[[Scene, Extent], Iterable[Finding]], ...] = (
    find_bone_lesion,
    find_alignment,
    find_collapse,
    find_facets,
    find_zones,
    find_cord_gap,
    find_encasement,
    find_size,
    find_sacral_reach,
)


def find_on_scene(scene: Scene | None, extent: Extent) -> dict[str, Finding]:
    """Findings by criterion; none without a scene or without tumour at any level."""
    if scene is None or not levels_that_may(extent):
        return {}
    return {finding.criterion: finding for room in ROOMS for finding in room(scene, extent)}
