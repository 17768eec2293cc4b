"""DICOMweb: QIDO-RS to find, WADO-RS to fetch, STOW-RS to store."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import requests
from dicomweb_client.web import DICOMwebClient
from pydicom.dataset import Dataset

from enbloc.adapters.files.dicom.files import UNREADABLE, first_line, plain_text
from enbloc.adapters.pacs.address import Address, Identity
from enbloc.adapters.pacs.archive import BrokenError, FoundSeries, Receive, RefusedError

TIMEOUT_S = 60
_BUSY = frozenset({408, 429, 500, 502, 503, 504})
_ANY = (("application/dicom", "*"),)


def open_web(address: Address, identity: Identity) -> WebArchive:
    """A DICOMweb PACS with TLS checked and our credentials on the session, not in the address."""
    for chatty in ("retrying", "dicomweb_client"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)  # they print addresses and tracebacks
    session = requests.Session()
    session.trust_env = False  # no proxy and no .netrc that the user did not mean for this
    session.verify = str(identity.ca_file) if identity.ca_file is not None else True
    if identity.certificate_file is not None:
        key = str(identity.key_file) if identity.key_file is not None else None
        session.cert = (str(identity.certificate_file), key) if key else str(identity.certificate_file)
    if identity.token is not None:
        session.headers["Authorization"] = f"Bearer {identity.token}"
    elif identity.user is not None and identity.password is not None:
        session.auth = (identity.user, identity.password)
    client = DICOMwebClient(address.url, session=session, timeout=TIMEOUT_S)
    client.set_http_retry_params(retry=False)
    return WebArchive(client)


@attrs.frozen(eq=False)
class WebArchive:
    """See `Archive`."""

    client: Any

    def find_studies(self, filters: Mapping[str, str]) -> list[str]:
        """UIDs of the studies that match."""
        found = _asked(lambda: self.client.search_for_studies(search_filters=dict(filters), get_remaining=True))
        return sorted(str(_plain(item).get("StudyInstanceUID", "")) for item in found)

    def find_series(self, study_uid: str) -> list[FoundSeries]:
        """The series of a study."""
        fields = ["SeriesDescription", "SeriesDate", "NumberOfSeriesRelatedInstances", "Modality"]
        found = _asked(lambda: self.client.search_for_series(study_uid, fields=fields, get_remaining=True))
        return [found_series(_plain(item), study_uid) for item in found]

    def find_instances(self, study_uid: str, series_uid: str) -> list[str]:
        """UIDs of the objects of a series."""
        found = _asked(lambda: self.client.search_for_instances(study_uid, series_uid, get_remaining=True))
        return sorted(str(_plain(item).SOPInstanceUID) for item in found)

    def fetch(self, study_uid: str, series_uid: str, uids: Sequence[str], receive: Receive) -> None:
        """Ask for objects one by one."""
        for uid in uids:
            receive(_asked(lambda uid=uid: self.client.retrieve_instance(study_uid, series_uid, uid, media_types=_ANY)))

    def send(self, dataset: Any) -> None:
        """Store one object."""
        answer = _asked(lambda: self.client.store_instances([dataset]))
        if answer.get("FailedSOPSequence"):
            reason = answer.FailedSOPSequence[0].get("FailureReason", "no reason")
            raise RefusedError(f"the PACS did not take it (reason {reason})")


def found_series(item: Dataset, study_uid: str) -> FoundSeries:
    """A series from what a PACS answers."""
    count = item.get("NumberOfSeriesRelatedInstances")
    return FoundSeries(
        study_uid,
        str(item.get("SeriesInstanceUID", "")),
        plain_text(item.get("Modality")),
        plain_text(item.get("SeriesDate")),
        plain_text(item.get("SeriesDescription")),
        int(count) if count not in (None, "") else None,
    )


def _plain(item: Any) -> Dataset:
    return item if isinstance(item, Dataset) else Dataset.from_json(item)


def _asked(ask: Any) -> Any:
    """The answer to a question, with every failure told as broken or refused; no message repeats what was sent."""
    try:
        return ask()
    except requests.exceptions.SSLError as error:
        raise RefusedError("its TLS certificate is not trusted; ENBLOC_TLS_CA names the authority") from error
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in (401, 403):
            raise RefusedError("it does not let us in; check the user, password or token") from error
        if status in _BUSY:
            raise BrokenError(f"it answered {status}") from error
        raise RefusedError(f"it answered {status}") from error
    except requests.RequestException as error:
        raise BrokenError("it does not answer") from error
    except UNREADABLE as error:
        raise BrokenError(f"its answer makes no sense ({first_line(error)})") from error
