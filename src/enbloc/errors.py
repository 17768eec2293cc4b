"""The drawn tree of errors.

::

    EnblocError                 everything this program refuses, in a sentence that names the cure
    ├── CallError               the command was called wrongly            exit 2
    ├── InputError              a file or a value that arrived is wrong   exit 1
    │   ├── FileError           it cannot be read as what it claims to be
    │   ├── CaseError           case.toml says something that cannot be
    │   └── GridError           images that cannot be brought together
    ├── TermError               a word outside the controlled lists
    └── RuleError               a rule table with a gap or an overlap (a mistake of ours)
"""

from __future__ import annotations


class EnblocError(Exception):
    """Everything this program refuses.

    Parameters
    ----------
    says : str
        What is wrong, in one sentence.
    where : str
        The file, key or command that it concerns; empty when there is none.
    remedy : str
        What the user can do about it.
    """

    exit_code = 1

    def __init__(self, says: str, *, where: str = "", remedy: str = "") -> None:
        self.says = says
        self.where = where
        self.remedy = remedy
        super().__init__(": ".join(part for part in (where, says) if part))


class CallError(EnblocError):
    """The command was called wrongly."""

    exit_code = 2


class InputError(EnblocError):
    """A file or a value that arrived is wrong."""


class FileError(InputError):
    """A file cannot be read as what it claims to be."""


class CaseError(InputError):
    """case.toml says something that cannot be."""


class GridError(InputError):
    """Images that cannot be brought together in one patient space."""


class TermError(InputError):
    """A word outside the controlled lists; the remedy names the nearest ones."""


class RuleError(EnblocError):
    """A rule table with a gap or an overlap: a mistake of ours, never of the user."""
