"""A real Orthanc on loopback, started by the tests, killed and started again when they ask for it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import attrs

PROGRAM = shutil.which("Orthanc") or "/usr/sbin/Orthanc"
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def is_there() -> bool:
    return Path(PROGRAM).exists() and PLUGIN.exists()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class TlsFront:
    """Ends TLS before DICOMweb and hands the bytes on, as hospitals do; Debian's Orthanc dies of HTTPS itself."""

    def __init__(self, certificate: Path, key: Path, behind: int) -> None:
        self.behind = behind
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(client,), daemon=True).start()

    def _handle(self, client: socket.socket) -> None:
        try:
            secure = self.context.wrap_socket(client, server_side=True)
        except (ssl.SSLError, OSError):
            return
        server = socket.create_connection(("127.0.0.1", self.behind))
        for source, sink in ((secure, server), (server, secure)):
            threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while chunk := source.recv(65536):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


@attrs.define
class Orthanc:
    """One server with its own storage; `users` switches on passwords, `tls` (certificate, key) DICOM over TLS."""

    folder: Path
    users: dict[str, str] = attrs.field(factory=dict)
    tls: tuple[Path, Path] | None = None
    http_port: int = attrs.field(factory=free_port)
    dicom_port: int = attrs.field(factory=free_port)
    our_port: int = attrs.field(factory=free_port)
    process: Any = None

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/dicom-web"

    @property
    def classic(self) -> str:
        return f"dicom{'s' if self.tls else ''}://ORTHANC@127.0.0.1:{self.dicom_port}"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "StorageDirectory": str(self.folder / "db"),
            "IndexDirectory": str(self.folder / "db"),
            "HttpPort": self.http_port,
            "DicomPort": self.dicom_port,
            "DicomServerEnabled": True,
            "RemoteAccessAllowed": True,
            "AuthenticationEnabled": bool(self.users),
            "RegisteredUsers": self.users,
            "DicomModalities": {
                "enbloc": {"AET": "ENBLOC", "Host": "127.0.0.1", "Port": self.our_port, "UseDicomTls": bool(self.tls)}
            },
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowMove": True,
            "OverwriteInstances": False,
            "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        if self.tls:
            certificate, key = map(str, self.tls)
            settings |= {
                "DicomTlsEnabled": True,
                "DicomTlsCertificate": certificate,
                "DicomTlsPrivateKey": key,
                "DicomTlsTrustedCertificates": certificate,
                "DicomTlsRemoteCertificateRequired": False,
            }
        (self.folder / "orthanc.json").write_text(json.dumps(settings))
        log = (self.folder / "log.txt").open("ab")
        self.process = subprocess.Popen(
            [PROGRAM, str(self.folder / "orthanc.json")], stdout=log, stderr=log, start_new_session=True
        )
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.http_port)) == 0:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError((self.folder / "log.txt").read_text()[-2000:])

    def kill(self) -> None:
        """As a power cut would: no farewell."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def count(self) -> int:
        """Objects that it holds, by its own account."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/statistics") as answer:
            return int(json.load(answer)["CountInstances"])
