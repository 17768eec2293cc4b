"""The whole journey on one page."""

from __future__ import annotations

import attrs

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.foundation.evidence.classifications import Sheet
from enbloc.intake.case import Case, Problem
from enbloc.resection.plans import Option, Plan, Rejected
from enbloc.settings import Settings
from enbloc.strategy.advice import Indication


@attrs.frozen(eq=False)
class Record:
    """Everything one walk found, in the order of the steps.

    From `scene` on, fields are None or empty when a check stopped the case; `scene` is None too when the case has no
    images.
    """

    case: Case
    settings: Settings
    problems: tuple[Problem, ...]
    scene: Scene | None = None
    extent: Extent | None = None
    sheet: Sheet | None = None
    options: tuple[Option, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    indication: Indication | None = None
    plans: tuple[Plan, ...] = ()

    @property
    def stopped(self) -> bool:
        """True when a check stopped the case."""
        return any(problem.grade == "stop" for problem in self.problems)
