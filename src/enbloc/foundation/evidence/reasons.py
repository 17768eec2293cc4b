"""Reasons: what is said, how well it is known, and who said it."""

from __future__ import annotations

from typing import Literal

import attrs

Status = Literal[
    "verified",
    "verified (2nd)",
    "unverified/high",
    "unverified/medium",
    "unverified/low",
    "ours",
    "measured",
    "modelled",
    "stated",
]
"""How well something is known.

``verified`` was read in the named source and ``verified (2nd)`` in a secondary one; ``unverified/…`` is general
knowledge with a confidence; ``ours`` is a default that the project chose and a surgeon must confirm. Of findings:
``measured`` on this patient's images, ``modelled`` where nothing was labelled, ``stated`` by the user.
"""


@attrs.frozen
class Reason:
    """One sentence of an explanation.

    Parameters
    ----------
    says : str
    status : Status
    cites : tuple of str
        Keys of the bibliography.
    rule : str
        Id of the rule or evidence item in the knowledge tables, empty where there is none.
    """

    says: str
    status: Status
    cites: tuple[str, ...] = ()
    rule: str = ""
