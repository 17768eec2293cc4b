"""Measured values with their interval, and the honest absence of one."""

from __future__ import annotations

import math

import attrs


@attrs.frozen
class Estimate:
    """A measured value with the interval that is known to hold it.

    Parameters
    ----------
    value, low, high : float
        Best value and the bounds of its interval, ``low <= value <= high``.
    unit : str
        ``"mm"``, ``"ml"``, ``"deg"``, ``"hu"``, ``"fraction"`` or ``"n"``.
    because : str
        What the interval is made of, for example voxel size and label border.
    """

    value: float
    low: float
    high: float
    unit: str
    because: str = ""

    def __attrs_post_init__(self) -> None:
        if not all(math.isfinite(x) for x in (self.value, self.low, self.high)):
            raise ValueError("an estimate must be finite; use Unknown for what was not measured")
        if not self.low - 1e-9 <= self.value <= self.high + 1e-9:
            raise ValueError(f"{self.low} <= {self.value} <= {self.high} does not hold")


@attrs.frozen
class Unknown:
    """Not measured, and why. Zero, NaN, None and False never mean this."""

    because: str


Measured = Estimate | Unknown
