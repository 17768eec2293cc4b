"""Every knob of every step, composed; each with unit, reason and citation where it is defined."""

from __future__ import annotations

import attrs

from enbloc.anatomy.settings import AnatomySettings
from enbloc.reconstruction.settings import ReconstructionSettings
from enbloc.resection.settings import ResectionSettings


@attrs.frozen
class Settings:
    """The knobs of one walk."""

    anatomy: AnatomySettings = attrs.field(factory=AnatomySettings)
    resection: ResectionSettings = attrs.field(factory=ResectionSettings)
    reconstruction: ReconstructionSettings = attrs.field(factory=ReconstructionSettings)
