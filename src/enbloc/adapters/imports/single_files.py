"""A case folder from files of single structures, as TotalSegmentator leaves them: masks by name, and perhaps the CT.

Strategy. A file is known by its name alone. What is named after a structure is a mask; the tumour's goes beside the
folder of the others. A file named as an image is the CT. Everything is copied as it is, and what fits neither is left
out and said. Masks named twice in different folders are taken from the folder that holds most.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs

from enbloc.adapters.files.case.case_folder import CASE_FILE
from enbloc.adapters.files.case.labels import ending_of
from enbloc.adapters.files.case.source_files import source_path
from enbloc.adapters.imports.make_case import CLINICAL_TO_FILL, check_out
from enbloc.adapters.printing import Line
from enbloc.errors import FileError, TermError
from enbloc.foundation.terms.structures import TUMOUR, is_vertebra, parse_structure
from enbloc.intake.case import Problem

CT_STEMS = frozenset({"ct", "image", "img", "scan", "volume"})
"""Names, without the ending, that stand for the CT."""

FOLDER = "segmentations"
MOST_NAMED = 6
MOST_FILES = 2000
"""Whole-body programs write some hundred masks."""


@attrs.frozen
class SingleFiles:
    """What a place holds: masks by structure, the CT if one is named so, and the names that are neither."""

    masks: dict[str, Path]
    ct: Path | None
    unknown: tuple[str, ...]


def find_single_files(root: Path) -> SingleFiles | None:
    """The masks below a folder; None unless a vertebra is among them.

    Raises
    ------
    FileError
        If there are more files than any program writes.
    """
    images: list[Path] = []
    for folder, _, names in os.walk(root, followlinks=False):
        images += [Path(folder) / name for name in sorted(names) if ending_of(name)]
        if len(images) > MOST_FILES:
            raise FileError(f"it holds more than {MOST_FILES} images", where=str(root), remedy="Name one patient's.")
    images = sorted(file for file in images if file.is_file() and not file.is_symlink())
    words = {file: _word(file) for file in images}
    counts = {folder: sum(file.parent == folder for file in words) for folder in {file.parent for file in words}}
    masks: dict[str, Path] = {}
    unknown: list[str] = []
    ct: Path | None = None
    for file in sorted(images, key=lambda file: (-counts[file.parent], file)):
        word = words[file]
        if word is not None and _stem(file).lower() not in masks and word != TUMOUR:
            masks[_stem(file).lower()] = file
        elif word == TUMOUR and TUMOUR not in masks:
            masks[TUMOUR] = file
        elif word is None and ct is None and _stem(file).lower() in CT_STEMS:
            ct = file
        else:
            unknown.append(file.name)
    if not any(words[file] is not None and is_vertebra(str(words[file])) for file in masks.values()):
        return None
    return SingleFiles(masks, ct, tuple(unknown))


def make_case_of_files(found: SingleFiles, out: Path) -> tuple[Problem, ...]:
    """Make a case folder of single files, at once or not at all.

    Returns
    -------
    problems : what was left out, and what is missing

    Raises
    ------
    FileError
        If the folder is there already or cannot be written.
    """
    check_out(out)
    staging = out.resolve().with_name(f".{out.resolve().name}.{os.getpid()}.partial")
    try:
        (staging / FOLDER).mkdir(parents=True)
        targets = {file: _target(word, file) for word, file in found.masks.items()}
        targets |= {found.ct: f"ct{ending_of(found.ct.name)}"} if found.ct is not None else {}
        pixels = hashlib.sha256()
        for file, name in sorted(targets.items(), key=lambda pair: pair[1]):
            shutil.copyfile(file, staging / name)
            pixels.update((staging / name).read_bytes())
        if found.ct is not None and source_path(found.ct, ending_of(found.ct.name)).is_file():
            source = source_path(found.ct, ending_of(found.ct.name))
            shutil.copyfile(source, source_path(staging / targets[found.ct], ending_of(found.ct.name)))
        (staging / CASE_FILE).write_text(_toml(f"case-{pixels.hexdigest()[:8]}", found, targets), "utf-8")
        if out.exists():
            out.rmdir()
        staging.rename(out.resolve())
    except OSError as error:
        raise FileError(f"it cannot be written ({error})", where=str(out), remedy="Choose another --out.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return _problems(found)


def single_lines(found: SingleFiles) -> Iterator[Line]:
    """What a place of single files holds, for a person."""
    image = f", and the CT in {found.ct.name}" if found.ct is not None else ", and no CT"
    yield "", f"{len(found.masks)} structures in files of their own{image}: {', '.join(sorted(found.masks))}."


def _stem(file: Path) -> str:
    return file.name[: len(file.name) - len(ending_of(file.name))]


def _word(file: Path) -> str | None:
    try:
        return parse_structure(_stem(file))
    except TermError:
        return None


def _target(word: str, file: Path) -> str:
    return f"{TUMOUR}{ending_of(file.name)}" if word == TUMOUR else f"{FOLDER}/{file.name}"


def _toml(pseudonym: str, found: SingleFiles, targets: dict[Path, str]) -> str:
    lines = ["[case]", f"id = {json.dumps(pseudonym)}", 'side_convention = "patient"']
    if found.ct is not None:
        lines += ["", "[images]", f"ct = {json.dumps(targets[found.ct])}"]
    lines += ["", "[[labels]]", f"file = {json.dumps(FOLDER)}", 'scheme = "totalsegmentator"']
    if TUMOUR in found.masks:
        lines += ["", "[[labels]]", f"file = {json.dumps(targets[found.masks[TUMOUR]])}", 'structure = "tumour"']
    else:
        lines += ["", "# Add the tumour:", "# [[labels]]", '# file = "tumour.nii.gz"', '# structure = "tumour"']
    return "\n".join([*lines, "", CLINICAL_TO_FILL, ""])


def _problems(found: SingleFiles) -> tuple[Problem, ...]:
    problems: list[Problem] = []
    if TUMOUR not in found.masks:
        cure = "Draw it, put it into the case folder and name it in case.toml."
        problems.append(Problem("doubt", CASE_FILE, "No file is named tumour.", cure))
    if found.unknown:
        listed = ", ".join(found.unknown[:MOST_NAMED]) + (" …" if len(found.unknown) > MOST_NAMED else "")
        says = f"Files named after no structure, or named twice, were left out: {listed}."
        problems.append(
            Problem("doubt", FOLDER, says, "Rename what matters; `enbloc terms structures` lists the words.")
        )
    return tuple(problems)
