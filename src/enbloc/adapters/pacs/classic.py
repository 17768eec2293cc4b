"""Classic DICOM: C-FIND to find, C-MOVE to fetch (to a listener of our own), C-STORE to store."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, StoragePresentationContexts, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind as Find
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelMove as Move

from enbloc.adapters.files.dicom.files import UNREADABLE, first_line
from enbloc.adapters.pacs.address import Address, Identity
from enbloc.adapters.pacs.archive import BrokenError, FoundSeries, Receive, RefusedError
from enbloc.adapters.pacs.web import found_series
from enbloc.errors import FileError

TIMEOUT_S = 60
_SUCCESS, _PENDING = 0x0000, frozenset({0xFF00, 0xFF01})
_STORED = frozenset({0x0000, 0xB000, 0xB006, 0xB007})
"""C-STORE: success, and success with a warning about the object itself."""
_FAILED_TO_STORE = 0xA700


@attrs.frozen(eq=False)
class ClassicArchive:
    """See `Archive`."""

    address: Address
    identity: Identity

    def find_studies(self, filters: Mapping[str, str]) -> list[str]:
        """UIDs of the studies that match."""
        found = self._find("STUDY", {**filters, "StudyInstanceUID": filters.get("StudyInstanceUID", "")})
        return sorted(str(item.get("StudyInstanceUID", "")) for item in found)

    def find_series(self, study_uid: str) -> list[FoundSeries]:
        """The series of a study."""
        wanted = dict.fromkeys(
            ("SeriesInstanceUID", "Modality", "SeriesDate", "SeriesDescription", "NumberOfSeriesRelatedInstances"), ""
        )
        found = self._find("SERIES", {"StudyInstanceUID": study_uid, **wanted})
        return sorted((found_series(item, study_uid) for item in found), key=lambda one: one.series_uid)

    def find_instances(self, study_uid: str, series_uid: str) -> list[str]:
        """UIDs of the objects of a series."""
        keys = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series_uid, "SOPInstanceUID": ""}
        return sorted(str(item.get("SOPInstanceUID", "")) for item in self._find("IMAGE", keys))

    def fetch(self, study_uid: str, series_uid: str, uids: Sequence[str], receive: Receive) -> None:
        """Have the PACS send objects to a listener that lives as long as this call."""
        if self.address.secure and self.identity.certificate_file is None:
            raise RefusedError("the objects would come back in the clear; set ENBLOC_TLS_CERT and ENBLOC_TLS_KEY")
        keys = _query("IMAGE", {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series_uid})
        keys.SOPInstanceUID = list(uids)
        with self._listening(receive), self._talking([Move]) as talk:
            for status, _ in talk.send_c_move(keys, self.identity.title, Move):
                code = status.Status if status and "Status" in status else None
                if code is None:
                    raise BrokenError("the connection broke")
                if code not in _PENDING and code != _SUCCESS:
                    unknown = code in (0xA801, 0xC000)
                    says = (
                        f"it does not know where '{self.identity.title}' listens"
                        if unknown
                        else f"it answered {code:04X}"
                    )
                    raise (RefusedError if unknown else BrokenError)(says)

    def send(self, dataset: Any) -> None:
        """Store one object."""
        syntax = dataset.file_meta.TransferSyntaxUID
        with self._talking([(dataset.SOPClassUID, syntax)]) as talk:
            if not talk.accepted_contexts:
                raise RefusedError("it takes no objects of that kind")
            try:
                status = talk.send_c_store(dataset)
            except UNREADABLE as error:
                raise RefusedError(f"the object cannot be sent ({first_line(error)})") from error
            if not status or "Status" not in status:
                raise BrokenError("the connection broke")
            if status.Status not in _STORED:
                raise RefusedError(f"it answered {status.Status:04X}")

    def _find(self, level: str, keys: Mapping[str, str]) -> list[Dataset]:
        found = []
        with self._talking([Find]) as talk:
            for status, item in talk.send_c_find(_query(level, keys), Find):
                code = status.Status if status and "Status" in status else None
                if code is None:
                    raise BrokenError("the connection broke")
                if code in _PENDING and item is not None:
                    found.append(item)
                elif code not in _PENDING and code != _SUCCESS:
                    raise RefusedError(f"it answered {code:04X}")
        return found

    @contextmanager
    def _talking(self, contexts: Sequence[Any]) -> Iterator[Any]:
        entity = AE(ae_title=self.identity.title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT_S
        entity.connection_timeout = 10
        for context in contexts:
            if isinstance(context, tuple):
                entity.add_requested_context(context[0], context[1])
            else:
                entity.add_requested_context(context)
        tls = (_tls(self.identity, ssl.Purpose.SERVER_AUTH), self.address.host) if self.address.secure else None
        talk = entity.associate(self.address.host, self.address.port, ae_title=self.address.title, tls_args=tls)
        try:
            if talk.is_rejected:
                raise RefusedError(f"it does not accept '{self.identity.title}'")
            if not talk.is_established:
                raise BrokenError("it does not answer")
            yield talk
        finally:
            if talk.is_established:
                talk.release()
            entity.shutdown()

    @contextmanager
    def _listening(self, receive: Receive) -> Iterator[None]:
        entity = AE(ae_title=self.identity.title)
        entity.supported_contexts = StoragePresentationContexts
        for context in AllStoragePresentationContexts:
            for syntax in _SYNTAXES:
                entity.add_supported_context(context.abstract_syntax, syntax)

        def store(event: Any) -> int:
            try:
                dataset = event.dataset
                dataset.file_meta = event.file_meta
                receive(dataset)
            except (FileError, *UNREADABLE):
                return _FAILED_TO_STORE
            return _SUCCESS

        context = _tls(self.identity, ssl.Purpose.CLIENT_AUTH) if self.address.secure else None
        try:
            server = entity.start_server(
                ("", self.identity.port), block=False, evt_handlers=[(evt.EVT_C_STORE, store)], ssl_context=context
            )
        except OSError as error:
            raise RefusedError(f"port {self.identity.port} is taken; set ENBLOC_DICOM_PORT") from error
        try:
            yield
        finally:
            server.shutdown()


_SYNTAXES = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
)
"""Implicit and explicit little endian, RLE, JPEG, JPEG lossless, JPEG-LS, JPEG 2000."""


def _query(level: str, keys: Mapping[str, str]) -> Dataset:
    query = Dataset()
    query.QueryRetrieveLevel = level
    for key, value in keys.items():
        setattr(query, key, value)
    return query


def _tls(identity: Identity, purpose: ssl.Purpose) -> ssl.SSLContext:
    context = ssl.create_default_context(purpose, cafile=str(identity.ca_file) if identity.ca_file else None)
    if identity.certificate_file is not None:
        context.load_cert_chain(identity.certificate_file, identity.key_file)
    return context
