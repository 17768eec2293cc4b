"""Knobs of the resection."""

from __future__ import annotations

from typing import Literal

import attrs


@attrs.frozen
class ResectionSettings:
    """Distances in mm; `error_…` are of the draws of execution error.

    Parameters
    ----------
    bone_margin_mm : float
        Wanted distance from tumour to a cut through bone: 10 mm of cancellous bone (BAR-5, ours).
    least_bone_margin_mm : float
        Accepted where the wanted one cannot be had: 5 mm (BAR-5, ours).
    disc_margin_mm : float
        A disc is cut where the tumour keeps this distance from the end plate (OST-2, ours).
    soft_cuff_mm : float
        Healthy soft tissue taken around tumour outside the bone (ours; no figure is published).
    end_tilt_deg : float
        A cut across a body or the sacrum, or in front of the canal, leans by no more than this against its axes (ours).
    sagittal_tilt_deg : float
        A sagittal cut leans by no more than this against the midline: none, it is parallel (OST-4, ours).
    steps : "any", "lateral" or "none"
        Risers of end cuts in the shape of a step: at any turn; such as a blade reaches from the side, no more than 45
        degrees from the coronal plane; or no steps (ours). A riser that the approach does not reach gives way to a
        lateral one, and that to a plain cut.
    step_saves_ml : float
        An end cut is made in the shape of a step where that spares so much of the neighbour's body: what two more cuts
        are taken to be worth (ours).
    kerf_mm : float
        Width of the tool: the lower end of the oscillating saw's 0.8-1.4 mm and the upper end of the ultrasonic
        blade's 0.5-1 mm (OST-9, unverified/medium).
    error_samples_n : int
        Draws of execution error for each published series: a probability is then within a hundredth or two (ours).
    error_seed : int
        Seed of these draws; the same for all plans and methods, so that they are compared by the same luck.
    """

    bone_margin_mm: float = 10.0
    least_bone_margin_mm: float = 5.0
    disc_margin_mm: float = 5.0
    soft_cuff_mm: float = 5.0
    end_tilt_deg: float = 12.0
    sagittal_tilt_deg: float = 0.0
    steps: Literal["any", "lateral", "none"] = "any"
    step_saves_ml: float = 2.0
    kerf_mm: float = 1.0
    error_samples_n: int = 2000
    error_seed: int = 20_240_229

    def margins_tried_mm(self) -> tuple[float, ...]:
        """The wanted bone margin first, then a millimetre less each time, down to the least accepted."""
        steps = round(self.bone_margin_mm - self.least_bone_margin_mm)
        return (*(self.bone_margin_mm - n for n in range(steps)), self.least_bone_margin_mm)

    def shortfall(self, cut: str, margin_mm: float) -> tuple[str, ...]:
        """What is said of a cut through bone that keeps less than the wanted margin; nothing when it keeps it."""
        if margin_mm >= self.bone_margin_mm:
            return ()
        return (f"{cut} cut: only {margin_mm:g} mm of bone instead of {self.bone_margin_mm:g}",)
