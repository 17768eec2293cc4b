"""VerSe instances, and what SPINEPS and TPTBox add: discs, end plates, subregions, cord and canal.

Instances are 1-7 for C1-C7, 8-19 for T1-T12, 28 for T13, 20-25 for L1-L6, 26 sacrum, 27 coccyx; the disc below a
vertebra is its number + 100, its end plates + 200. Subregions are 41-61. No number means two things, so that one table
reads both maps of a SPINEPS study. There is no pedicle label. Sources: Sekuboyina et al. (VerSe); SPINEPS; TPTBox.
"""

from __future__ import annotations

_LEVELS: dict[int, str] = (
    {number: f"C{number}" for number in range(1, 8)}
    | {number + 7: f"T{number}" for number in range(1, 13)}
    | {number + 19: f"L{number}" for number in range(1, 7)}
    | {28: "T13"}
)
_BELOW: dict[str, str] = {
    **{f"C{n}": f"C{n + 1}" for n in range(2, 7)},
    "C7": "T1",
    **{f"T{n}": f"T{n + 1}" for n in range(1, 12)},
    "T12": "L1",
    "T13": "L1",
    **{f"L{n}": f"L{n + 1}" for n in range(1, 5)},
    "L5": "S1",
    "L6": "S1",
}
_SUBREGIONS: dict[int, str] = {
    41: "subregion_arch",
    42: "subregion_spinous_process",
    43: "subregion_transverse_process_left",
    44: "subregion_transverse_process_right",
    45: "subregion_superior_articular_process_left",
    46: "subregion_superior_articular_process_right",
    47: "subregion_inferior_articular_process_left",
    48: "subregion_inferior_articular_process_right",
    49: "subregion_body",
    50: "subregion_body",
    51: "subregion_dens",
    58: "subregion_disc",
    59: "subregion_disc",
    60: "spinal_cord",
    61: "spinal_canal",
    62: "subregion_endplate",
    63: "subregion_endplate",
    100: "subregion_disc",
}

VERSE: dict[int, str] = {number: f"vertebra_{level}" for number, level in _LEVELS.items()} | {
    26: "sacrum",
    27: "coccyx",
}
"""Vertebral instances."""

SPINEPS: dict[int, str] = (
    VERSE
    | _SUBREGIONS
    | {100 + n: f"disc_{level}_{_BELOW[level]}" for n, level in _LEVELS.items() if level in _BELOW}
    | {200 + n: f"endplate_{level}" for n, level in _LEVELS.items()}
)
"""Instances with discs and end plates, and the subregions."""

TRANSITIONAL_DISCS: dict[int, dict[int, str]] = {28: {119: "disc_T12_T13"}, 25: {124: "disc_L5_L6"}}
"""What other numbers mean when a transitional vertebra (T13, L6) is present."""
