"""Finding the DICOM files of a folder, a zip or a single file; what is none of them is counted and left alone."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import attrs

from enbloc.adapters.files.dicom.files import plain_text
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.medium import INDEX, missing_files
from enbloc.errors import FileError
from enbloc.intake.case import Problem

Progress = Callable[[str], None]
_CHUNK = 2**20
_OTHER_ENDINGS = frozenset({".nii", ".gz", ".nrrd", ".mha", ".mhd", ".toml", ".json", ".txt", ".md", ".pdf", ".html"})


@attrs.frozen
class Found:
    """The files of a place: ordinary files inside it, the folder that names count from, and problems with the rest."""

    files: tuple[Path, ...]
    root: Path
    problems: tuple[Problem, ...] = ()


@contextmanager
def opened(place: Path, limits: Limits) -> Iterator[Found]:
    """The files of a folder, a zip (unpacked into a folder of its own, removed afterwards) or a DICOMDIR.

    Raises
    ------
    FileError
        If the place is missing, is a device or pipe, or a zip exceeds a limit.
    """
    try:
        kind = place.stat().st_mode
    except (OSError, ValueError) as error:
        raise FileError("there is no such folder or file", where=str(place), remedy="Check the path.") from error
    if stat.S_ISDIR(kind):
        yield scan(place, limits)
    elif not stat.S_ISREG(kind):
        raise FileError("it is a device or a pipe", where=str(place), remedy="Name a folder, a zip or a DICOM file.")
    elif zipfile.is_zipfile(place):
        with tempfile.TemporaryDirectory(prefix="enbloc-zip-") as folder:
            problems = _unzip(place, Path(folder), limits)
            found = scan(Path(folder), limits)
            yield attrs.evolve(found, problems=(*problems, *found.problems))
    elif place.name.upper() == INDEX:
        yield scan(place.parent, limits)
    else:
        yield Found((place,), place.parent)


def scan(folder: Path, limits: Limits) -> Found:
    """All ordinary files below a folder, sorted; links and devices are not followed.

    Raises
    ------
    FileError
        If there are more than the limit.
    """
    files: list[Path] = []
    indices: list[Path] = []
    skipped = 0
    for root, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            if not stat.S_ISREG(path.lstat().st_mode):
                skipped += 1
            elif name.upper() == INDEX:
                indices.append(path)
            elif path.suffix.lower() not in _OTHER_ENDINGS:
                files.append(path)
            if len(files) + len(indices) + skipped > limits.most_files:
                raise FileError(
                    f"it holds more than {limits.most_files} files",
                    where=str(folder),
                    remedy="Name the folder of one study; the limits are in the guide.",
                )
    problems: tuple[Problem, ...] = ()
    if skipped:
        says = f"{skipped} links, pipes or devices in the folder were not followed."
        problems = (Problem("note", plain_text(folder.name), says, "Copy the files themselves if they are needed."),)
    for index in indices:
        beside = {
            path.relative_to(index.parent).as_posix().lower() for path in files if path.is_relative_to(index.parent)
        }
        problems += tuple(missing_files(index, beside, limits))
    return Found(tuple(files), folder, problems)


def _unzip(place: Path, folder: Path, limits: Limits) -> tuple[Problem, ...]:
    """Unpack the members of a zip under names of our own, within the limits."""
    left = limits.most_inflated_bytes
    indices: dict[PurePosixPath, Path] = {}
    try:
        with zipfile.ZipFile(place) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > limits.most_files:
                raise _over(place, f"holds {len(members)} files")
            for number, member in enumerate(members):
                if member.flag_bits & 1:
                    raise FileError("it is locked with a password", where=place.name, remedy="Unpack it yourself.")
                if member.file_size > max(1, member.compress_size) * limits.most_zip_ratio or member.file_size > left:
                    raise _over(place, f"unpacks to {member.file_size} bytes from {member.compress_size}")
                name = PurePosixPath(member.filename.replace("\\", "/").lower())
                target = folder / f"{number:06d}{name.suffix if name.suffix in _OTHER_ENDINGS else ''}"
                if name.name == INDEX.lower():
                    indices[name.parent] = target
                with archive.open(member) as source, target.open("xb") as sink:
                    written = 0
                    while chunk := source.read(_CHUNK):
                        written += len(chunk)
                        if written > left:
                            raise _over(place, f"unpacks to more than {limits.most_inflated_bytes} bytes")
                        sink.write(chunk)
                left -= written
            if shutil.disk_usage(folder).free < _CHUNK:
                raise _over(place, "fills the disc")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise FileError(
            f"it is a damaged zip ({plain_text(error)})", where=place.name, remedy="Copy it again."
        ) from error
    return tuple(
        problem for root, index in indices.items() for problem in missing_files(index, _below(root, members), limits)
    )


def _below(root: PurePosixPath, members: Iterable[zipfile.ZipInfo]) -> set[str]:
    """The files of a zip below one of its folders, from there on, in lower case."""
    names = (PurePosixPath(member.filename.replace("\\", "/").lower()) for member in members)
    return {name.relative_to(root).as_posix() for name in names if name.is_relative_to(root)}


def _over(place: Path, what: str) -> FileError:
    return FileError(f"it {what}", where=place.name, remedy="Unpack it yourself and name the folder.")
