"""What is said of several interfaces alike is said once, and names where it holds."""

from __future__ import annotations

from enbloc.report.document import MarginLine, Note
from enbloc.report.margin_notes import share_margin_notes

HEALTHY, BARRIER = Note("Healthy tissue lies between.", "ours"), Note("Cartilage end plate.", "verified", ("key",))


def margin(interface: str, *notes: Note) -> MarginLine:
    return MarginLine(interface, "bone", "4.0 mm", "(0.0, 0.0, 0.0)", "none", "", "wide", False, notes)


def test_a_note_of_several_interfaces_is_said_once_with_their_names() -> None:
    lines = (margin("cranial cut", HEALTHY), margin("caudal cut", HEALTHY, BARRIER), margin("dura"))
    bare, shared = share_margin_notes(lines)
    assert [line.notes for line in bare] == [(), (BARRIER,), ()]
    assert [(w.name, w.because) for w in shared] == [("Cranial cut and caudal cut", (HEALTHY,))]
