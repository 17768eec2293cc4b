"""What is said of several interfaces alike, said once with their names."""

from __future__ import annotations

import attrs

from enbloc.report.document import MarginLine, Note, Weighed
from enbloc.report.phrases import joined, sentence


def share_margin_notes(lines: tuple[MarginLine, ...]) -> tuple[tuple[MarginLine, ...], tuple[Weighed, ...]]:
    """Margins without the notes that several interfaces share, and those notes with the names of their interfaces."""
    where: dict[Note, list[str]] = {}
    for line in lines:
        for note in line.notes:
            where.setdefault(note, []).append(line.interface)
    shared = {note: names for note, names in where.items() if len(names) > 1}
    bare = tuple(attrs.evolve(line, notes=tuple(n for n in line.notes if n not in shared)) for line in lines)
    return bare, tuple(Weighed(sentence(joined(names))[:-1], (note,)) for note, names in shared.items())
