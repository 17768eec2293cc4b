"""Small phantoms as scenes, each built once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import sphere

Scenes = Callable[[tuple[float, float, float], float], Scene]


@lru_cache(maxsize=16)
def _scene(centre: tuple[float, float, float], radius: float) -> Scene:
    case = sample(SpinePhantom(("L2", "L3", "L4")), Scan(margin_mm=10.0), sphere("L3", centre, radius))
    scene = build_scene(case, AnatomySettings(reach_mm=15.0))
    assert scene is not None
    return scene


@pytest.fixture
def scene_of() -> Scenes:
    """The scene of three lumbar levels at 1.5 mm with a sphere in L3 (centre left, dorsal, cranial mm; radius mm)."""
    return _scene
