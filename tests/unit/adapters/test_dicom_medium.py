"""A CD or a DVD: every file is read for itself, and what its index names but does not hold is said."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from pydicom.fileset import FileSet

from dicom_phantom import write_series
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.scan import opened
from enbloc.intake.case import Problem


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    """A medium of eight slices, written by pydicom's own file set."""
    write_series(tmp_path / "a", [10.0 + 2.0 * n for n in range(8)], lambda ds, _: setattr(ds, "StudyID", "1"))
    held = FileSet()
    for path in sorted((tmp_path / "a").iterdir()):
        held.add(path)
    held.write(tmp_path / "cd")
    return tmp_path / "cd"


def doubts(place: Path) -> tuple[Problem, ...]:
    with opened(place, Limits()) as found:
        return found.problems


def zipped(medium: Path) -> Path:
    """The medium as a mail program packs it: in a folder of its own."""
    with zipfile.ZipFile(medium.parent / "cd.zip", "w") as archive:
        for path in sorted(medium.rglob("*")):
            if path.is_file():
                archive.write(path, f"Export/{path.relative_to(medium)}")
    return medium.parent / "cd.zip"


def lose(medium: Path, lost_n: int) -> None:
    for path in sorted(p for p in medium.rglob("*") if p.is_file() and p.name != "DICOMDIR")[:lost_n]:
        path.unlink()


def test_a_whole_medium_raises_no_doubt(medium: Path) -> None:
    """Named by its folder, by its index, as a zip, or copied by a system that writes names in lower case."""
    assert doubts(medium) == doubts(medium / "DICOMDIR") == doubts(zipped(medium)) == ()
    for path in sorted(medium.rglob("*"), key=lambda p: -len(p.parts)):
        path.rename(path.with_name(path.name.lower()))
    assert doubts(medium) == ()


@pytest.mark.parametrize("lost_n", [1, 5])
def test_files_that_the_index_names_and_the_medium_lacks_are_counted(medium: Path, lost_n: int) -> None:
    lose(medium, lost_n)
    for place in (medium, medium / "DICOMDIR", zipped(medium)):
        (doubt,) = doubts(place)
        assert doubt.grade == "doubt"
        assert f"names 8 files, and {lost_n} are not there" in doubt.says


def test_an_index_that_cannot_be_read_is_said_and_the_files_are_still_there(medium: Path) -> None:
    index = medium / "DICOMDIR"
    index.write_bytes(index.read_bytes()[:700])
    with opened(medium, Limits()) as found:
        assert len(found.files) == 8
        (doubt,) = found.problems
    assert "cannot be read" in doubt.says


def test_names_that_climb_out_of_the_medium_are_never_opened(medium: Path) -> None:
    """They are compared with the names that were found, as text."""
    index = medium / "DICOMDIR"
    whole = index.read_bytes()
    name = next(p for p in medium.rglob("*") if p.is_file() and p.name != "DICOMDIR").relative_to(medium)
    old = "\\".join(name.parts).encode()
    assert whole.count(old) == 1
    index.write_bytes(whole.replace(old, b"..\\..\\etc\\passwd".ljust(len(old))[: len(old)]))
    (doubt,) = doubts(medium)
    assert "1 are not there" in doubt.says
