"""The named parts of a vertebra, finer than `scene.PARTS`, in the order of their numbers."""

from __future__ import annotations

from collections.abc import Mapping

SUBPARTS: tuple[str, ...] = (
    "none",
    "body",
    "dens",
    "anterior_arch",
    "lateral_mass_left",
    "lateral_mass_right",
    "pedicle_left",
    "pedicle_right",
    "lamina_left",
    "lamina_right",
    "superior_articular_process_left",
    "superior_articular_process_right",
    "inferior_articular_process_left",
    "inferior_articular_process_right",
    "transverse_process_left",
    "transverse_process_right",
    "spinous_process",
    "ala_left",
    "ala_right",
    "rib_head_left",
    "rib_head_right",
)
"""What a number in `Scene.subparts` means."""

NUMBER: Mapping[str, int] = {name: number for number, name in enumerate(SUBPARTS)}


def sided(name: str) -> tuple[int, int]:
    """The numbers of a part on the left and on the right."""
    return NUMBER[f"{name}_left"], NUMBER[f"{name}_right"]


def subpart_words(name: str) -> str:
    """In running text: ``"left superior articular process"``."""
    words, _, side = name.rpartition("_")
    return f"{side} {words.replace('_', ' ')}" if side in ("left", "right") else name.replace("_", " ")
