"""Values of the strategy: is en bloc right, and by which way."""

from __future__ import annotations

from typing import Literal

import attrs

from enbloc.foundation.evidence.reasons import Reason


@attrs.frozen
class Rival:
    """A competing plan that is always shown beside en bloc, with what is published about it."""

    name: str
    because: tuple[Reason, ...]


@attrs.frozen
class Indication:
    """Is en bloc resection right at all?

    ``unknown`` when the facts do not allow an answer (no histology, no biopsy); `would_settle` names them.
    """

    en_bloc: Literal["yes", "conditional", "no", "unknown"]
    because: tuple[Reason, ...]
    rivals: tuple[Rival, ...] = ()
    would_settle: tuple[str, ...] = ()


@attrs.frozen
class Approach:
    """From which sides, in which order and in how many sessions.

    `steps` are words of the contract: ``"posterior"``, ``"anterior"``, ``"simultaneous"``, with a side where there is
    one (``"anterior left"``).
    """

    steps: tuple[str, ...]
    sessions: int
    because: tuple[Reason, ...]
