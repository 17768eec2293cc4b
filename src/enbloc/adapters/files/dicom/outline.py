"""The outline of a DICOM file: its elements are counted and measured before any library builds them in memory.

Strategy. The bytes are walked once, without recursion, with a stack of the sequences and items that are open. Nothing
is copied but what the caller wants. A file that is cut short, nested too deep, or made of more elements than the limit
is refused here, in a sentence; what passes is safe to hand to pydicom. The same walk collects the few values that
differ from frame to frame, because a library needs minutes for the hundred thousand items of a large segmentation.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import attrs
from pydicom.datadict import DicomDictionary

from enbloc.adapters.files.dicom.limits import Limits
from enbloc.errors import FileError

Buffer = bytes | memoryview

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PER_FRAME = 0x52009230
"""Per-frame functional groups."""
PIXELS = frozenset({0x7FE00010, 0x7FE00008, 0x7FE00009})
UNDEFINED = 0xFFFFFFFF
IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_VRS = _LONG | frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_SEQUENCES = frozenset(tag for tag, entry in DicomDictionary.items() if entry[0] == "SQ")
_SEQUENCE, _ITEM, _FRAGMENTS = 0, 1, 2
_REMEDY = "Copy or export it again."


@attrs.frozen(eq=False)
class Outline:
    """What a walk over a file found.

    Parameters
    ----------
    transfer_syntax : str
    elements_n, depth_n : int
    data : bytes
        The data set that the offsets below refer to (unpacked, when the file is deflated).
    pixels : (start, stop) or None
        Where the pixel data lies in `data`; its fragments when it is encapsulated.
    encapsulated : bool
    frames : mapping of tag to list of (frame, start, stop)
        Wanted values of the per-frame groups.
    """

    transfer_syntax: str
    elements_n: int
    depth_n: int
    data: Buffer
    pixels: tuple[int, int] | None
    encapsulated: bool
    frames: dict[int, list[tuple[int, int, int]]]


def outline(content: Buffer, name: str, limits: Limits, wanted: frozenset[int] = frozenset()) -> Outline:
    """Walk over the bytes of a DICOM file.

    Parameters
    ----------
    content : bytes
        The whole file.
    name : str
        For messages.
    limits : Limits
    wanted : tags to collect from the per-frame functional groups

    Raises
    ------
    FileError
        If it is no DICOM file, is cut short, or exceeds a limit.
    """
    start, syntax = _preamble(content, name, limits)
    data: Buffer = content
    if syntax == DEFLATED:
        data, start = _inflate(content[start:], name, limits), 0
    explicit = syntax != IMPLICIT_LITTLE
    walk = _Walk(data, name, limits, wanted, "<" if syntax != EXPLICIT_BIG else ">")
    walk.run(start, explicit)
    return Outline(syntax, walk.elements_n, walk.depth_n, data, walk.pixels, walk.encapsulated, walk.frames)


def _preamble(content: Buffer, name: str, limits: Limits) -> tuple[int, str]:
    """Where the data set starts, and its transfer syntax; without a preamble, as the first element says."""
    at = 132 if bytes(content[128:132]) == b"DICM" else 0
    if len(content) < at + 8:
        raise FileError("it is not a DICOM file", where=name, remedy="Leave it out, or export it again.")
    syntax = ""
    first = struct.unpack_from("<H", content, at)[0]
    if first not in (0x0002, 0x0008):
        raise FileError("it is not a DICOM file", where=name, remedy="Leave it out, or export it again.")
    while at + 8 <= len(content) and struct.unpack_from("<H", content, at)[0] == 0x0002:
        element, vr = struct.unpack_from("<H2s", content, at + 2)
        long = vr in _LONG
        length = struct.unpack_from("<I" if long else "<H", content, at + (8 if long else 6))[0] if long is False else 0
        if long:
            if at + 12 > len(content):
                raise FileError("it is cut short in its header", where=name, remedy=_REMEDY)
            length = struct.unpack_from("<I", content, at + 8)[0]
        value = at + (12 if long else 8)
        if value + length > len(content) or length > limits.most_header_bytes:
            raise FileError("it is cut short in its header", where=name, remedy=_REMEDY)
        if element == 0x0010:
            syntax = bytes(content[value : value + min(length, 64)]).decode("ascii", "replace").strip("\0 ")
        at = value + length
    if not syntax:
        vr = bytes(content[at + 4 : at + 6])
        syntax = "1.2.840.10008.1.2.1" if vr in _VRS else IMPLICIT_LITTLE
    return at, syntax


def _inflate(packed: Buffer, name: str, limits: Limits) -> bytes:
    """A deflated data set, never unpacked beyond the limit."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = engine.decompress(packed, limits.most_header_bytes)
    except zlib.error as error:
        raise FileError(f"its deflated data set is damaged ({error})", where=name, remedy=_REMEDY) from error
    if not engine.eof:
        if engine.unconsumed_tail:
            raise FileError(
                f"its deflated data set unpacks to more than {limits.most_header_bytes} bytes",
                where=name,
                remedy="Export it without deflation.",
            )
        raise FileError("it is cut short", where=name, remedy=_REMEDY)
    return data


class _Walk:
    """The state of one walk: a stack of what is open, and counters."""

    def __init__(self, data: Buffer, name: str, limits: Limits, wanted: frozenset[int], order: str) -> None:
        self.data = data
        self.name = name
        self.limits = limits
        self.wanted = wanted
        self.tag_of = struct.Struct(f"{order}HH").unpack_from
        self.short_of = struct.Struct(f"{order}H").unpack_from
        self.long_of = struct.Struct(f"{order}I").unpack_from
        self.elements_n = 0
        self.depth_n = 0
        self.frame = -1
        self.pixels: tuple[int, int] | None = None
        self.encapsulated = False
        self.frames: dict[int, list[tuple[int, int, int]]] = {tag: [] for tag in wanted}
        self.stack: list[tuple[int, int, bool, int]] = []  # end, kind, explicit, tag

    def run(self, at: int, explicit: bool) -> None:
        """Walk to the end of the data set."""
        size = len(self.data)
        self.stack = [(size, _ITEM, explicit, 0)]
        most_elements = self.limits.most_elements
        while self.stack:
            end, kind, explicit, _ = self.stack[-1]
            if at >= end:
                self.stack.pop()
                continue
            if at + 8 > end:
                if len(self.stack) == 1 and not any(self.data[at:end]):
                    return  # padding after the last element
                raise self._short()
            self.elements_n += 1
            if self.elements_n > most_elements:
                raise self._over(f"more than {most_elements} elements")
            group, element = self.tag_of(self.data, at)
            tag = group << 16 | element
            at = self._element(at, tag, end, explicit) if kind == _ITEM else self._item(at, tag, end, explicit, kind)

    def _item(self, at: int, tag: int, end: int, explicit: bool, kind: int) -> int:
        length = self.long_of(self.data, at + 4)[0]
        if tag == SEQUENCE_END:
            self._close(at, kind)
            return at + 8
        if tag != ITEM:
            raise FileError("a sequence in it holds what is no item", where=self.name, remedy=_REMEDY)
        if kind == _FRAGMENTS:
            if at + 8 + length > end:
                raise self._short()
            return at + 8 + int(length)
        if self.stack[-1][3] == PER_FRAME and len(self.stack) == 2:
            self.frame += 1
        self._push(end if length == UNDEFINED else at + 8 + length, end, _ITEM, explicit, 0)
        return at + 8

    def _close(self, at: int, kind: int) -> None:
        if kind == _FRAGMENTS and self.pixels is not None and self.pixels[1] < 0:
            self.pixels = (self.pixels[0], at)
        self.stack.pop()

    def _element(self, at: int, tag: int, end: int, explicit: bool) -> int:
        if tag == ITEM_END:
            if len(self.stack) < 2:
                raise self._short()
            self.stack.pop()
            return at + 8
        vr, length, value = self._head(at, end, explicit)
        if tag in PIXELS and len(self.stack) == 1:
            self.encapsulated = length == UNDEFINED
            self.pixels = (value, -1 if self.encapsulated else value + length)
            if not self.encapsulated and value + length > end:
                raise self._short()
            if value > self.limits.most_header_bytes:
                raise self._over(f"a header of more than {self.limits.most_header_bytes} bytes")
        if length == UNDEFINED:
            kind = _FRAGMENTS if tag in PIXELS or vr in (b"OB", b"OW") else _SEQUENCE
            self._push(end, end, kind, explicit and vr != b"UN", tag)
            return value
        if value + length > end:
            raise self._short()
        if vr == b"SQ" or (tag in _SEQUENCES and vr in (b"", b"UN")):
            self._push(value + length, end, _SEQUENCE, explicit and vr == b"SQ", tag)
            return value
        if tag in self.wanted and self.frame >= 0 and self.stack[1][3] == PER_FRAME:
            self.frames[tag].append((self.frame, value, value + length))
        return value + length

    def _head(self, at: int, end: int, explicit: bool) -> tuple[bytes, int, int]:
        """VR (empty when implicit), length, and where the value starts."""
        if not explicit:
            return b"", int(self.long_of(self.data, at + 4)[0]), at + 8
        vr = bytes(self.data[at + 4 : at + 6])
        if vr not in _LONG:
            return vr, int(self.short_of(self.data, at + 6)[0]), at + 8
        if at + 12 > end:
            raise self._short()
        return vr, int(self.long_of(self.data, at + 8)[0]), at + 12

    def _push(self, stop: int, end: int, kind: int, explicit: bool, tag: int) -> None:
        if stop > end:
            raise self._short()
        self.stack.append((stop, kind, explicit, tag))
        self.depth_n = max(self.depth_n, len(self.stack))
        if len(self.stack) > 2 * self.limits.most_depth:
            raise self._over(f"sequences nested more than {self.limits.most_depth} deep")

    def _short(self) -> FileError:
        return FileError("it is damaged or cut short", where=self.name, remedy=_REMEDY)

    def _over(self, what: str) -> FileError:
        return FileError(f"it has {what}", where=self.name, remedy="Export it again; the limits are in the guide.")


def fragments(found: Outline) -> Iterator[tuple[int, int]]:
    """Start and stop of every fragment of encapsulated pixel data, the offset table left out."""
    if found.pixels is None or not found.encapsulated:
        return
    at, stop = found.pixels
    first = True
    while at + 8 <= stop:
        length = struct.unpack_from("<I", found.data, at + 4)[0]
        if not first:
            yield at + 8, at + 8 + length
        first = False
        at += 8 + length
