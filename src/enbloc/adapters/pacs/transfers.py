"""Fetching and storing that survive a broken line: what is there already is neither asked for nor sent again.

The truth about what is done stands where it was done: in the folder, whose files appear only when they are whole, and
in the PACS, which is asked before and after. No journal can disagree with either.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import attrs

from enbloc.adapters.files.dicom.files import UNREADABLE, first_line, read_header, read_whole
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.pacs.archive import Archive, BrokenError, FoundSeries, Instance, RefusedError
from enbloc.errors import FileError

Progress = Callable[[str], None]
T = TypeVar("T")

TRIES = 6
FIRST_WAIT_S = 1.0
"""Six tries wait 1, 2, 4, 8 and 16 seconds between them: a restart of a PACS fits in. Ours."""
AT_ONCE = 50
"""Objects asked for in one breath; after a break only these are asked for again. Ours."""
_UID = re.compile(r"[0-9.]{1,64}")


@attrs.frozen
class Patience:
    """How often to try again, and how long to wait first."""

    tries: int = TRIES
    first_wait_s: float = FIRST_WAIT_S


@attrs.frozen
class Moved:
    """What a transfer did: objects moved now, and objects that were there before."""

    moved_n: int
    there_n: int


def find_all(archive: Archive, filters: Mapping[str, str], patience: Patience) -> list[FoundSeries]:
    """The series of all studies that match.

    Raises
    ------
    FileError
        If the PACS refuses or stays silent.
    """
    studies = _patiently(lambda: archive.find_studies(filters), patience, "find the study")
    return [
        one for study in studies for one in _patiently(partial(archive.find_series, study), patience, "find the series")
    ]


def fetch_study(
    archive: Archive, wanted: tuple[str, str | None], folder: Path, patience: Patience, tell: Progress = lambda _: None
) -> Moved:
    """Fetch a study, or one series of it, into a folder; run again after a break, it goes on where it stopped.

    Parameters
    ----------
    archive : Archive
    wanted : (study UID, series UID or None)
    folder : Path
        Made when it is missing.
    patience : Patience
    tell : callable

    Raises
    ------
    FileError
        If the PACS refuses or stays silent, or the folder cannot be written.
    """
    study, only = wanted
    series = [one.series_uid for one in _patiently(lambda: archive.find_series(study), patience, "find the series")]
    chosen = [uid for uid in series if only in (None, uid)]
    if not chosen:
        raise FileError("the PACS holds no such study or series", where=study, remedy="Look again: `enbloc pacs find`.")
    _make(folder)
    moved = there = 0
    for uid in chosen:
        objects = _patiently(partial(archive.find_instances, study, uid), patience, "find the slices")
        before = [one for one in objects if file_of(folder, one).exists()]
        there += len(before)
        moved += _fetch_series(archive, (study, uid, objects), folder, patience, tell)
    return Moved(moved, there)


def _fetch_series(
    archive: Archive, wanted: tuple[str, str, list[str]], folder: Path, patience: Patience, tell: Progress
) -> int:
    study, series, objects = wanted
    missing = [uid for uid in objects if not file_of(folder, uid).exists()]
    count = len(missing)
    for start in range(0, count, AT_ONCE):
        tell(f"fetching {start + 1} to {min(start + AT_ONCE, count)} of {count}")
        some = missing[start : start + AT_ONCE]

        def ask(some: list[str] = some) -> None:
            left = [uid for uid in some if not file_of(folder, uid).exists()]
            if left:
                archive.fetch(study, series, left, lambda dataset: _keep(dataset, set(left), folder))
            still = sum(not file_of(folder, uid).exists() for uid in some)
            if still:
                raise BrokenError(f"{still} objects did not arrive")

        _patiently(ask, patience, f"fetch {count} objects; what arrived is kept, run it again to go on")
    return count


def store_files(archive: Archive, paths: Sequence[Path], patience: Patience, tell: Progress = lambda _: None) -> Moved:
    """Store files, each once; what the PACS holds already is left alone, and what was sent is looked up afterwards.

    Raises
    ------
    FileError
        If a file is no DICOM object, or the PACS refuses or stays silent.
    """
    by_series: dict[tuple[str, str], list[tuple[Instance, Path]]] = defaultdict(list)
    for path in paths:
        instance = _instance(path)
        by_series[instance.study_uid, instance.series_uid].append((instance, path))
    moved = there = 0
    for (study, series), entries in by_series.items():
        held = set(_patiently(partial(archive.find_instances, study, series), patience, "ask what it holds"))
        for instance, path in entries:
            if instance.uid in held:
                there += 1
                continue
            tell(f"storing {path.name}")
            _patiently(partial(_send_once, archive, instance, path), patience, f"store {path.name}")
            held.add(instance.uid)
            moved += 1
        after = set(_patiently(partial(archive.find_instances, study, series), patience, "look it up"))
        lost = [path.name for instance, path in entries if instance.uid not in after]
        if lost:
            raise FileError("the PACS said that it stored it, and does not hold it", where=lost[0], remedy=_AGAIN)
    return Moved(moved, there)


def _send_once(archive: Archive, instance: Instance, path: Path) -> None:
    """Send an object, unless an earlier try that seemed to break has brought it there."""
    if instance.uid in archive.find_instances(instance.study_uid, instance.series_uid):
        return
    dataset, _ = read_whole(path, path.name, Limits())
    archive.send(dataset)


def _instance(path: Path) -> Instance:
    header, _ = read_header(path, path.name, Limits(), skip_frames=True)
    try:
        uids = [
            str(header[key].value) for key in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
        ]
    except UNREADABLE as error:
        raise FileError(
            f"it lacks its UIDs ({first_line(error)})", where=path.name, remedy="Export it again."
        ) from error
    if not all(_UID.fullmatch(uid) for uid in uids):
        raise FileError("its UIDs are none", where=path.name, remedy="Export it again.")
    return Instance(*uids)


def file_of(folder: Path, uid: str) -> Path:
    """Where an object lies; a UID that is none cannot name a place outside the folder."""
    plain = uid if _UID.fullmatch(uid) and uid.strip(".") else hashlib.sha256(uid.encode()).hexdigest()
    return folder / f"{plain}.dcm"


def _keep(dataset: Any, wanted: set[str], folder: Path) -> None:
    """Write an object that arrived; it appears under its name only when it is whole."""
    uid = str(dataset.get("SOPInstanceUID", ""))
    if uid not in wanted:
        return
    target = file_of(folder, uid)
    partial = target.with_suffix(f".{os.getpid()}.partial")
    try:
        dataset.save_as(partial, enforce_file_format=True)
        partial.replace(target)
    except OSError as error:
        raise FileError(f"it cannot be written ({error})", where=str(folder), remedy="Choose another --out.") from error
    finally:
        partial.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"it cannot be written ({error})", where=str(folder), remedy="Choose another --out.") from error


def _patiently(ask: Callable[[], T], patience: Patience, what: str) -> T:
    """Ask, and ask again after a break, waiting twice as long each time."""
    wait = patience.first_wait_s
    for attempt in range(1, patience.tries + 1):
        try:
            return ask()
        except RefusedError as error:
            raise FileError(f"it refused to {what}: {error}", where="PACS", remedy="Ask who runs the PACS.") from error
        except BrokenError as error:
            if attempt == patience.tries:
                raise FileError(f"it failed to {what}: {error}", where="PACS", remedy=_AGAIN) from error
            time.sleep(wait)
            wait *= 2
    raise FileError(f"it was never asked to {what}", where="PACS", remedy=_AGAIN)


_AGAIN = "Run the command again: it goes on where it stopped."
