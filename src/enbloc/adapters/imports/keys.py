"""The user's own key file: the only place where a pseudonym and the patient behind it stand together."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from enbloc.errors import FileError

_MOST_BYTES = 2**26
_REMEDY = "Name another file with --keys."


@attrs.frozen
class Keys:
    """The secret behind new UIDs, and patient ID to pseudonym."""

    secret: bytes
    pseudonyms: Mapping[str, str] = attrs.field(factory=dict)


def new_keys() -> Keys:
    """Keys that nobody has: without a file they are forgotten."""
    return Keys(secrets.token_bytes(32))


def read_keys(path: Path) -> Keys:
    """The keys in a file; new ones when there is no such file yet.

    Raises
    ------
    FileError
        If the file is something else.
    """
    if not path.exists():
        return new_keys()
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        raise FileError("it is no key file", where=str(path), remedy=_REMEDY)
    try:
        content: Any = json.loads(path.read_text("utf-8"))
        pseudonyms = {str(patient): str(name) for patient, name in content["pseudonyms"].items()}
        return Keys(bytes.fromhex(content["secret"]), pseudonyms)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileError("it is no key file", where=str(path), remedy=_REMEDY) from error


def pseudonym_of(keys: Keys, patient_id: str) -> tuple[str, Keys]:
    """The pseudonym of a patient, the known one or a random one, and the keys that remember it."""
    name = keys.pseudonyms.get(patient_id) or f"case-{secrets.token_hex(4)}"
    return name, attrs.evolve(keys, pseudonyms={**keys.pseudonyms, patient_id: name})


def write_keys(keys: Keys, path: Path) -> None:
    """Write a key file that only its owner can read.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    content = {"secret": keys.secret.hex(), "pseudonyms": dict(sorted(keys.pseudonyms.items()))}
    fresh = path.with_name(f".{path.name}.partial")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            stream.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        fresh.replace(path)
    except OSError as error:
        raise FileError(f"it cannot be written ({error})", where=str(path), remedy=_REMEDY) from error
