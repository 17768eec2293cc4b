"""The parsers that we write ourselves, each as a function from any bytes; only a refusal in a sentence may come out.

``python tests/fuzz/parsers.py tests/fuzz/corpus -max_total_time=600`` lets atheris look for bytes that break one; what
it finds is kept in the corpus and replayed by ``test_corpus.py``.
"""

from __future__ import annotations

import inspect
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from enbloc.adapters.files.case.case_form import read_form
from enbloc.adapters.files.dicom.frames import FRAME_TAGS, decimal_parts
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.outline import fragments, outline
from enbloc.adapters.files.dicom.pixels import stream_size
from enbloc.adapters.files.dicom.planes import build_planes
from enbloc.adapters.files.dicom.rtstruct import fill_even_odd
from enbloc.adapters.files.images.nifti import read_nifti
from enbloc.adapters.pacs.address import parse_address
from enbloc.adapters.pacs.transfers import file_of
from enbloc.errors import EnblocError

LIMITS = Limits(most_header_bytes=2**20, most_elements=10_000, most_depth=16)


def walk(data: bytes) -> None:
    """The outline of a DICOM file, and the fragments of its pixels."""
    found = outline(data, "fuzz", LIMITS, FRAME_TAGS)
    assert found.elements_n <= LIMITS.most_elements
    size = len(found.data)
    assert all(0 <= start <= stop <= size for places in found.frames.values() for _, start, stop in places)
    assert len(list(fragments(found))) <= size


def bare_walk(data: bytes) -> None:
    """The same behind a sound preamble, so that most inputs get past it."""
    walk(b"\0" * 128 + b"DICM" + data)


def picture(data: bytes) -> None:
    """The size that a code stream claims."""
    size = stream_size(data)
    assert size is None or len(size) == 2


def numbers(data: bytes) -> None:
    """Decimal strings."""
    try:
        assert all(isinstance(part, float) for part in decimal_parts(data))
    except ValueError:
        return


def planes(data: bytes) -> None:
    """Places of frames."""
    values = np.frombuffer(data[: len(data) // 8 * 8], "<f8")
    places = values[: len(values) // 3 * 3].reshape(-1, 3)[:50]
    if not len(places) or not np.isfinite(places).all() or np.abs(places).max() > 1e6:
        return
    cosines = np.tile([1.0, 0, 0, 0, 1, 0], (len(places), 1))
    found = build_planes(places, cosines, (0.7, 0.8), (2.0,), "fuzz")
    assert found.index.min() >= 0 and found.index.max() < found.count


def polygons(data: bytes) -> None:
    """Corners of a contour."""
    values = np.frombuffer(data[: len(data) // 8 * 8], "<f8")
    corners = values[: len(values) // 2 * 2].reshape(-1, 2)[:200]
    if len(corners) and np.isfinite(corners).all() and np.abs(corners).max() < 1e6:
        assert fill_even_odd((16, 16), [corners]).shape == (16, 16)


def nifti(data: bytes) -> None:
    """A NIfTI file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.nii"
        path.write_bytes(data)
        read_nifti(path, "x.nii")


def form(data: bytes) -> None:
    """What stands in case.toml, as its reader sees it."""
    text = data.decode("utf-8", "replace")
    read_form(
        {"case": {"id": text[:70]}, "labels": [{"file": text, "map": {text: text}}], "extent": {"levels": {text: 1}}}
    )


def address(data: bytes) -> None:
    """Addresses of a PACS, and names of what it sends."""
    text = data.decode("utf-8", "replace")
    place = file_of(Path("folder"), text)
    assert place.parent == Path("folder")
    parse_address(text)


PARSERS: tuple[Callable[[bytes], None], ...] = (
    walk,
    bare_walk,
    picture,
    numbers,
    planes,
    polygons,
    nifti,
    form,
    address,
)


def one_input(data: bytes) -> str:
    """``taken``, or the sentence that refuses it. The first byte chooses the parser; the rest is for it."""
    if not data:
        return "taken"
    try:
        PARSERS[data[0] % len(PARSERS)](data[1:])
    except EnblocError as refused:
        return str(refused)
    return "taken"


def instrument(atheris: Any) -> None:
    """Watch the branches of our own modules only: watching every library takes minutes."""
    for module in [module for name, module in sys.modules.items() if name.startswith("enbloc.adapters")]:
        for value in vars(module).values():
            holders = vars(value).values() if inspect.isclass(value) else (value,)
            for one in holders:
                if inspect.isfunction(one) and one.__module__ == module.__name__:
                    atheris.instrument_func(one)


if __name__ == "__main__":
    import atheris

    instrument(atheris)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
