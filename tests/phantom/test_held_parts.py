"""How much tumour each part of bone holds and heads of ribs."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from enbloc.anatomy.build import build_scene
from enbloc.anatomy.scene import Scene
from enbloc.anatomy.settings import AnatomySettings
from enbloc.anatomy.subparts.ribs import HEAD_MM, find_rib_heads, model_rib_heads
from enbloc.classification.measured.held_parts import HeldPart, measure_held_parts
from enbloc.phantoms.sampling import Scan, sample
from enbloc.phantoms.spine import SpinePhantom
from enbloc.phantoms.tumours import sphere


@pytest.fixture(scope="module")
def thoracic() -> Scene:
    phantom = SpinePhantom(("T7", "T8", "T9"))
    scene = build_scene(sample(phantom, Scan(margin_mm=25.0), sphere("T8", (6.0, -22.0, 2.0), 9.0)), AnatomySettings())
    assert scene is not None
    return scene


def with_tumour(scene: Scene, mask: np.ndarray) -> dict[tuple[str, str], HeldPart]:
    held = measure_held_parts(attrs.evolve(scene, tumour=mask, tumour_border_mm=None))
    return {(one.level, one.part): one for one in held}


def test_a_sphere_in_the_body_is_in_the_body_alone(thoracic: Scene) -> None:
    (one,) = measure_held_parts(thoracic)
    assert (one.level, one.part, one.found_by) == ("T8", "body", "geometry")
    true_ml = 4.0 / 3.0 * np.pi * 9.0**3 / 1000.0
    assert one.volume.low <= true_ml <= one.volume.high
    assert one.volume.value == pytest.approx(true_ml, rel=0.05)
    assert 0.0 < one.fraction.low <= one.fraction.value <= one.fraction.high < 1.0


def test_the_parts_add_up_to_the_tumour_in_bone_and_a_whole_level_is_held_whole(thoracic: Scene) -> None:
    held = with_tumour(thoracic, thoracic.bone == 2)
    assert {level for level, _ in held} == {"T8"}
    assert sum(one.volume.value for one in held.values()) == pytest.approx(
        (thoracic.bone == 2).sum() * thoracic.grid.voxel_ml
    )
    assert all(one.fraction.value == 1.0 for one in held.values())
    assert {"body", "spinous_process", "lamina_left", "transverse_process_right"} <= {part for _, part in held}


def test_the_head_of_a_labelled_rib_lies_beside_its_own_body_and_on_its_own_side(thoracic: Scene) -> None:
    heads = {
        (level, side): (box, head) for level, side, box, head in find_rib_heads(thoracic.structures, thoracic.vertebrae)
    }
    assert set(heads) == {(level, side) for level in ("T7", "T8", "T9") for side in ("left", "right")}
    for (level, side), (box, head) in heads.items():
        rib = thoracic.structures.mask(f"rib_{side}_{level[1:]}")
        assert (rib[box][head]).all()
        points = thoracic.grid.crop(box).to_patient(np.argwhere(head))
        off = (points - thoracic.vertebrae[level].body_centre_mm) @ thoracic.vertebrae[level].frame.left
        assert (off > 0.0).all() if side == "left" else (off < 0.0).all()
        assert np.ptp(points, axis=0).max() < 2 * HEAD_MM
    box, head = heads["T8", "left"]
    tumour = np.zeros(thoracic.grid.shape, dtype=bool)
    tumour[box] = head
    held = with_tumour(thoracic, tumour)
    assert held["T8", "rib_head_left"].fraction.value > 0.9
    assert not any(part == "rib_head_right" for _, part in held)


def test_without_named_parts_nothing_is_said(thoracic: Scene) -> None:
    assert measure_held_parts(attrs.evolve(thoracic, subparts=None)) == ()


def test_a_head_that_is_not_labelled_is_modelled_where_it_was(thoracic: Scene) -> None:
    """Ribs cut off beside the transverse processes, as many programs label them; whole ones are not modelled."""
    assert not [part for part in thoracic.modelled if part.kind == "rib_head"]
    labels, frame = thoracic.structures, thoracic.vertebrae["T8"].frame
    ribs = np.isin(labels.values, [number for number, name in labels.names.items() if name.startswith("rib")])
    lateral = (thoracic.grid.to_patient(np.argwhere(ribs)) - frame.origin_mm) @ frame.left
    cut = labels.values.copy()
    cut[tuple(np.argwhere(ribs)[np.abs(lateral) < 34.0].T)] = 0
    heads = {
        p.structure: p for p in model_rib_heads(attrs.evolve(labels, values=cut), thoracic.bone, thoracic.vertebrae)
    }
    assert {name for name in heads if "T8" in name} == {"rib_head_T8_left", "rib_head_T8_right"}
    for side in ("left", "right"):
        line = heads[f"rib_head_T8_{side}"].points_mm
        rib = thoracic.grid.to_patient(np.argwhere(labels.mask(f"rib_{side}_8")))
        off = [float(np.linalg.norm(rib - point, axis=1).min()) for point in line]
        assert max(off) < 12.0
        assert np.abs((line[0] - frame.origin_mm) @ frame.left) < np.abs((line[1] - frame.origin_mm) @ frame.left)
        assert ((line - frame.origin_mm) @ frame.left > 0.0).all() == (side == "left")
