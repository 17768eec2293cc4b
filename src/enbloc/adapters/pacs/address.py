"""Where a PACS is, who we are to it, and the secrets, which come from the environment or the keyring alone."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import keyring
from keyring.errors import KeyringError

from enbloc.errors import CallError

KEYRING_SERVICE = "enbloc-pacs"
_CLASSIC = re.compile(r"(dicoms?)://(?:([^/@:]{1,16})@)?(\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})/?")
_FORMS = "Write https://host/dicom-web for DICOMweb, or dicom://AETITLE@host:port (dicoms:// with TLS)."


@attrs.frozen
class Address:
    """A PACS.

    Parameters
    ----------
    url : str
        As given; it never holds a password.
    web : bool
        DICOMweb, or classic DICOM.
    host : str
    port : int
    secure : bool
        TLS.
    title : str
        Application entity title of the PACS; empty for DICOMweb.
    """

    url: str
    web: bool
    host: str
    port: int
    secure: bool
    title: str = ""


@attrs.frozen
class Identity:
    """Who we are, and what proves it. The secrets are left out of every text form.

    Parameters
    ----------
    user, password, token : str or None
    ca_file, certificate_file, key_file : Path or None
        PEM files of TLS.
    title : str
        Our application entity title.
    port : int
        Where we listen for what a classic PACS sends us.
    """

    user: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    token: str | None = attrs.field(default=None, repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    title: str = "ENBLOC"
    port: int = 11113


def parse_address(url: str) -> Address:
    """The PACS that an address names.

    Raises
    ------
    CallError
        If it is no address, or holds a password.
    """
    classic = _CLASSIC.fullmatch(url)
    if classic is not None:
        secure, title, host, port = classic[1] == "dicoms", classic[2] or "ANY-SCP", classic[3], int(classic[4])
        return Address(url, False, host.strip("[]"), _port(port), secure, title)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise CallError("it is no address of a PACS", where="ADDRESS", remedy=_FORMS) from error
    if parts.username or parts.password:
        raise CallError(
            "an address must not hold a name or password",
            where="ADDRESS",
            remedy="Set ENBLOC_PACS_USER and ENBLOC_PACS_PASSWORD, or keep the password in the keyring.",
        )
    if parts.scheme not in ("http", "https") or not host:
        raise CallError("it is no address of a PACS", where="ADDRESS", remedy=_FORMS)
    return Address(url.rstrip("/"), True, host, port, parts.scheme == "https")


def read_identity(address: Address, environment: Mapping[str, str] = os.environ) -> Identity:
    """Who we are to a PACS, from the environment; the password of the user from the keyring when it is not there.

    Raises
    ------
    CallError
        If a secret would travel in the clear, or something stated cannot be.
    """
    user, password = environment.get("ENBLOC_PACS_USER"), environment.get("ENBLOC_PACS_PASSWORD")
    token = environment.get("ENBLOC_PACS_TOKEN")
    if user and password is None and token is None:
        password = _from_keyring(address.host, user)
    if (password or token) and not address.secure and not _is_here(address.host):
        raise CallError(
            "a password would travel in the clear", where=address.host, remedy="Use https:// or dicoms:// there."
        )
    files = {key: _file(environment, f"ENBLOC_TLS_{key}") for key in ("CA", "CERT", "KEY")}
    title, port = environment.get("ENBLOC_AE_TITLE", "ENBLOC"), environment.get("ENBLOC_DICOM_PORT", "11113")
    if not re.fullmatch(r"[\x20-\x5b\x5d-\x7e]{1,16}", title) or not port.isdecimal():
        raise CallError("ENBLOC_AE_TITLE or ENBLOC_DICOM_PORT cannot be", remedy="Up to 16 letters, and a port number.")
    return Identity(user, password, token, files["CA"], files["CERT"], files["KEY"], title, _port(int(port)))


def _from_keyring(host: str, user: str) -> str | None:
    try:
        return keyring.get_password(f"{KEYRING_SERVICE}:{host}", user)
    except KeyringError:
        return None  # no keyring on this machine: the PACS will say that a password is missing


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    if not environment.get(name):
        return None
    path = Path(environment[name])
    if not path.is_file():
        raise CallError(f"{name} names no file", where=str(path), remedy="Name a PEM file, or unset it.")
    return path


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _port(number: int) -> int:
    if not 0 < number < 65536:
        raise CallError(f"{number} is no port", where="ADDRESS", remedy=_FORMS)
    return number
