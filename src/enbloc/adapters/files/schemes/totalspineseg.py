"""TotalSpineSeg: cord 1, canal 2, C1-C7 11-17, T1-T12 21-32, L1-L5 41-45, sacrum 50, discs 63-100."""

from __future__ import annotations

_CERVICAL_DISCS = {63 + n: f"disc_C{2 + n}_C{3 + n}" for n in range(5)}
_THORACIC_DISCS = {71: "disc_C7_T1"} | {71 + n: f"disc_T{n}_T{n + 1}" for n in range(1, 12)}
_LUMBAR_DISCS = {91: "disc_T12_L1"} | {91 + n: f"disc_L{n}_L{n + 1}" for n in range(1, 5)} | {100: "disc_L5_S1"}

TOTALSPINESEG: dict[int, str] = (
    {1: "spinal_cord", 2: "spinal_canal"}
    | {10 + n: f"vertebra_C{n}" for n in range(1, 8)}
    | {20 + n: f"vertebra_T{n}" for n in range(1, 13)}
    | {40 + n: f"vertebra_L{n}" for n in range(1, 6)}
    | {50: "sacrum"}
    | _CERVICAL_DISCS
    | _THORACIC_DISCS
    | _LUMBAR_DISCS
)
"""Number to structure, of the program's step 2 output."""
