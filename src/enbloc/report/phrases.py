"""Numbers, intervals and names in the words that the report uses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from enbloc.foundation.evidence.estimates import Measured, Unknown
from enbloc.foundation.terms.histology import HISTOLOGIES
from enbloc.foundation.terms.levels import Level, are_contiguous, sort_levels
from enbloc.foundation.terms.structures import STRUCTURES, structure_words
from enbloc.report.system_names import SYSTEM_NAMES

FAMILY_WORDS: dict[str, str] = {
    "vertebrectomy": "Vertebrectomy",
    "sagittal_resection": "Sagittal resection",
    "posterior_arch_resection": "Posterior arch resection",
    "anterior_corpectomy": "Anterior corpectomy",
    "sacrectomy_total": "Total sacrectomy",
    "sacrectomy_partial": "Partial sacrectomy",
    "chest_wall_combined": "Resection with chest wall",
    "intralesional": "Intralesional resection",
    "none": "No resection",
}
UNIT_WORDS: dict[str, str] = {
    "mm": "mm",
    "ml": "ml",
    "deg": "°",
    "hu": "HU",
    "fraction": "%",
    "n": "",
    "points": "points",
}
_DECIMALS: dict[str, int] = {"mm": 1, "ml": 1, "deg": 0, "hu": 0, "fraction": 0, "n": 0, "points": 0}
_ID = re.compile(r"(?<![`\w./-])[A-Za-z]+(?:_[A-Za-z0-9]+)+(?![`\w/-]|\.\w)")
_UNIT_SUFFIXES: tuple[str, ...] = ("_mm", "_ml", "_deg", "_hu", "_fraction", "_n")


def number_words(value: float, decimals: int) -> str:
    """A number with a true minus sign; never "-0"."""
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def chance_words(share: float) -> str:
    """``"71 %"``; never a certainty that draws cannot give: ``"over 99 %"``, ``"under 1 %"``."""
    percent = 100.0 * share
    if percent >= 99.5:
        return "over 99 %"
    return "under 1 %" if percent < 0.5 else f"{number_words(percent, 0)} %"


def measured_words(measured: Measured) -> str:
    """``"4.2 mm (3.4 to 5.0)"``, or ``"not measured: …"``."""
    if isinstance(measured, Unknown):
        return f"not measured: {measured.because}"
    decimals = _DECIMALS.get(measured.unit, 2)
    factor = 100.0 if measured.unit == "fraction" else 1.0
    value, low, high = (number_words(x * factor, decimals) for x in (measured.value, measured.low, measured.high))
    unit = UNIT_WORDS.get(measured.unit, measured.unit)
    gap = "" if unit in ("", "°") else "\N{NO-BREAK SPACE}"
    interval = "" if low == high else f" ({low} to {high})"
    return f"{value}{gap}{unit}{interval}"


def place_words(at_mm: Sequence[float] | None) -> str:
    """A place in patient LPS millimetres, ``"(12.3, −4.0, 100.2)"``."""
    return "not known" if at_mm is None else "(" + ", ".join(number_words(x, 1) for x in at_mm) + ")"


def quantity_words(name: str) -> str:
    """The name of a quantity without its unit: ``"bone_lost_ml"`` as ``"bone lost"``."""
    stem = next((name.removesuffix(s) for s in _UNIT_SUFFIXES if name.endswith(s)), name)
    return stem.replace("_", " ")


def level_words(levels: Iterable[Level]) -> str:
    """``"L3"``, ``"L2–L4"`` or ``"T5, T8"``."""
    ranked = sort_levels(levels)
    if len(ranked) > 1 and are_contiguous(ranked):
        return f"{ranked[0]}–{ranked[-1]}"
    return ", ".join(ranked)


def sector_words(sectors: Iterable[int]) -> str:
    """Sectors of the twelve-hour clock as runs that may pass through 12: ``"4–8"``, ``"10–3"``, ``"1–2, 7"``."""
    chosen = sorted(set(sectors))
    if len(chosen) == 12:
        return "1–12"
    starts = [s for s in chosen if (s - 2) % 12 + 1 not in chosen]
    return ", ".join(_run(s, chosen) for s in starts)


def _run(start: int, chosen: Sequence[int]) -> str:
    end = start
    while end % 12 + 1 in chosen:
        end = end % 12 + 1
    return str(start) if end == start else f"{start}–{end}"


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop; ids of structures and terms in it as words."""
    text = _ID.sub(_said, text.strip())
    if not text:
        return ""
    ended = text if text[-1] in ".!?" else f"{text}."
    return ended[0].upper() + ended[1:]


def _said(found: re.Match[str]) -> str:
    """An id as words; anything else with underscores (a key of case.toml, a file) as it is."""
    word = found[0]
    if word.lower() in SYSTEM_NAMES:
        return SYSTEM_NAMES[word.lower()]
    words = structure_words(word)
    if word in STRUCTURES or words != word.replace("_", " "):
        return words
    return word.replace("_", " ") if word.lower() in HISTOLOGIES or word in FAMILY_WORDS else word


def joined(words: Sequence[str], last: str = "and") -> str:
    """``"a, b and c"``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
