"""Texts that arrive from outside, made safe for file names, DICOM values, XML and spreadsheets.

A name may hold anything: control characters, markup, another alphabet, a path, half a thousand letters. Each function
keeps what its target can carry and replaces the rest; none of them fails.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
"""Names that Windows keeps for itself."""
_STEM_BYTES = 80
_FORMULA = re.compile(r"^\s*[=+\-@]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def one_line(text: str, most: int = 1000) -> str:
    """The text on one line: control characters, line ends and direction marks become spaces; NFC; cut at `most`."""
    kept = "".join(
        " " if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") else letter for letter in text
    )
    plain = " ".join(unicodedata.normalize("NFC", kept).split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def file_stem(text: str) -> str:
    """A file name without its ending: letters and digits of any alphabet, dots, dashes and underscores; 80 bytes."""
    plain = re.sub(r"[^\w.-]+", "_", one_line(text, 10_000)).strip("._-")
    if len(plain.encode()) > _STEM_BYTES:
        mark = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
        plain = plain.encode()[: _STEM_BYTES - 9].decode("utf-8", "ignore").rstrip("._-") + f"-{mark}"
    if not plain or plain.split(".")[0].lower() in _RESERVED:
        return f"unnamed-{plain}".rstrip("-")
    return plain


def unlike(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each with a number behind it where an earlier one is the same but for its case."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for name in names:
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        found.append(name if seen[name.lower()] == 1 else f"{name}-{seen[name.lower()]}")
    return tuple(found)


def ascii_text(text: str, most: int = 64) -> str:
    """ASCII alone, for readers that know no other letters; what has no ASCII form becomes ``_``."""
    decomposed = unicodedata.normalize("NFKD", one_line(text, 10_000).replace("…", "...").replace("–", "-"))
    letters = [letter for letter in decomposed if not unicodedata.combining(letter)]
    plain = "".join(letter if " " <= letter <= "~" else "_" for letter in letters)
    return plain.replace("\\", "/")[:most].strip() or "unnamed"


def dicom_text(text: str, most: int = 64) -> str:
    """A DICOM value of one line (LO, SH, ST): no control character, no backslash, at most `most` bytes of UTF-8.

    The standard counts letters, some readers count bytes; what satisfies these satisfies both.
    """
    plain = one_line(text, 10_000).replace("\\", "/").encode()[:most].decode("utf-8", "ignore").strip()
    return plain or "unnamed"


def person_name(text: str) -> str:
    """A DICOM person name of one component, which a caret ends: no other ``^``, no ``=``, no backslash."""
    return (re.sub(r"[\^=]", " ", dicom_text(text, 60)).strip() or "unnamed") + "^"


def cell_text(text: str) -> str:
    """A spreadsheet cell: on one line, and never read as a formula."""
    plain = one_line(text, 30_000)
    return f"'{plain}" if _FORMULA.match(plain) and not _NUMBER.fullmatch(plain) else plain
