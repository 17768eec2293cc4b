"""A round trip through a real Orthanc: store, find, fetch, plan, store results, see them there; also when it dies."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import orthanc as server
from dicom_phantom import ACCESSION, NAME, PATIENT, code, segmentation, write_series
from enbloc.adapters.files.dicom.limits import Limits
from enbloc.adapters.files.dicom.segments import read_segmentation
from enbloc.adapters.pacs.address import Identity, parse_address, read_identity
from enbloc.adapters.pacs.archive import Archive, BrokenError, RefusedError
from enbloc.adapters.pacs.classic import ClassicArchive
from enbloc.adapters.pacs.transfers import Moved, Patience, fetch_study, store_files
from enbloc.adapters.pacs.web import open_web
from enbloc.errors import CallError, FileError
from orthanc import Orthanc, TlsFront

Command = Callable[..., Any]
HEIGHTS = [2.0 * n for n in range(30)]
SECRET = "correct-horse-battery"  # noqa: S105


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Orthanc]:
    if not server.is_there():
        reason = "Orthanc with its DICOMweb plugin is not on this machine"
        if os.environ.get("ENBLOC_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    one = Orthanc(tmp_path / "orthanc")
    one.start()
    yield one
    one.kill()


def archive(pacs: Orthanc, way: str) -> Archive:
    if way == "web":
        return open_web(parse_address(pacs.web), Identity())
    return ClassicArchive(parse_address(pacs.classic), Identity(port=pacs.our_port))


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.dcm"))


@pytest.mark.parametrize("way", ["web", "classic"])
def test_what_is_stored_is_found_and_fetched_unchanged(pacs: Orthanc, tmp_path: Path, way: str) -> None:
    write_series(tmp_path / "ct", HEIGHTS)
    there = archive(pacs, way)
    assert store_files(there, files_in(tmp_path / "ct"), Patience()) == Moved(30, 0)
    assert store_files(there, files_in(tmp_path / "ct"), Patience()) == Moved(0, 30)
    assert pacs.count() == 30
    assert there.find_studies({"PatientID": PATIENT}) == ["1.2.3.4"]
    assert there.find_studies({"AccessionNumber": ACCESSION}) == ["1.2.3.4"]
    assert there.find_studies({"PatientID": "nobody"}) == []
    (series,) = there.find_series("1.2.3.4")
    assert (series.modality, series.description, series.instances_n) == ("CT", "Bone 1.0", 30)
    assert fetch_study(there, ("1.2.3.4", None), tmp_path / "got", Patience()) == Moved(30, 0)
    for path in files_in(tmp_path / "ct"):
        sent = pydicom.dcmread(path)
        got = pydicom.dcmread(tmp_path / "got" / f"{sent.SOPInstanceUID}.dcm")
        assert got.PixelData == sent.PixelData
        assert got.ImagePositionPatient == sent.ImagePositionPatient
    (tmp_path / "got" / "1.2.3.4.5.7.dcm").unlink()
    assert fetch_study(there, ("1.2.3.4", None), tmp_path / "got", Patience()) == Moved(1, 29)
    with pytest.raises(FileError, match="no such study"):
        fetch_study(there, ("9.9.9", None), tmp_path / "none", Patience())


@pytest.mark.parametrize("way", ["web", "classic"])
def test_a_pacs_that_dies_half_way_loses_and_doubles_nothing(pacs: Orthanc, tmp_path: Path, way: str) -> None:
    """It is killed while storing and while fetching, and comes back two seconds later."""
    write_series(tmp_path / "ct", HEIGHTS)
    there = archive(pacs, way)
    patience = Patience(tries=8, first_wait_s=0.5)
    steps = iter(range(10_000))

    def dies_at(number: int) -> Callable[[str], None]:
        def tell(_step: str) -> None:
            if next(steps) == number:
                pacs.kill()
                threading.Timer(2.0, pacs.start).start()

        return tell

    assert store_files(there, files_in(tmp_path / "ct"), patience, dies_at(11)) == Moved(30, 0)
    assert pacs.count() == 30
    steps = iter(range(10_000))
    for path in files_in(tmp_path / "ct")[:5]:
        path.with_suffix(".partial").touch()
    assert fetch_study(there, ("1.2.3.4", None), tmp_path / "got", patience, dies_at(0)) == Moved(30, 0)
    assert len(files_in(tmp_path / "got")) == 30
    assert not list((tmp_path / "got").glob("*.partial"))
    uids = {pydicom.dcmread(path).SOPInstanceUID for path in files_in(tmp_path / "got")}
    assert uids == {f"1.2.3.4.5.{n + 1}" for n in range(30)}


def test_a_pacs_that_stays_away_is_given_up_and_the_next_run_goes_on(pacs: Orthanc, tmp_path: Path) -> None:
    write_series(tmp_path / "ct", HEIGHTS)
    there, short = archive(pacs, "web"), Patience(tries=2, first_wait_s=0.1)
    told: list[str] = []

    def tell(step: str) -> None:
        told.append(step)
        if len(told) == 9:
            pacs.kill()

    with pytest.raises(FileError, match="does not answer") as failed:
        store_files(there, files_in(tmp_path / "ct"), short, tell)
    assert "goes on where it stopped" in failed.value.remedy
    pacs.start()
    assert store_files(there, files_in(tmp_path / "ct"), Patience()) == Moved(22, 8)
    assert pacs.count() == 30


def test_the_commands_go_all_the_way_round(
    enbloc: Command, pacs: Orthanc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Store, find, fetch, import, plan, and store a result back; nothing printed holds the patient's name."""
    monkeypatch.setenv("ENBLOC_DICOM_PORT", str(pacs.our_port))
    write_series(tmp_path / "ct", HEIGHTS)
    planes = np.zeros((2, 12, 10), bool)
    planes[:, 3:6, 3:6] = True
    seg = segmentation([(1, 20.0), (1, 22.0)], planes, {1: ("tumor", code("108369006", "SCT", "Neoplasm"))})
    seg.save_as(tmp_path / "ct" / "seg.dcm", enforce_file_format=True)
    answers = [enbloc("pacs", "store", pacs.web, tmp_path / "ct", "--json")]
    assert json.loads(answers[0].out) == {"stored": 31, "there": 0}
    for address in (pacs.web, pacs.classic):
        answers.append(enbloc("pacs", "find", address, "--patient", PATIENT, "--json"))
        assert {one["modality"] for one in json.loads(answers[-1].out)["series"]} == {"CT", "SEG"}
        answers.append(enbloc("pacs", "find", address, "--patient", PATIENT))
        assert "1.2.3.4.5" in answers[-1].out
    answers.append(enbloc("pacs", "fetch", pacs.classic, "1.2.3.4", "--out", tmp_path / "got"))
    assert answers[-1].code == 0
    answers.append(enbloc("import", tmp_path / "got", "--out", tmp_path / "case"))
    assert answers[-1].code == 0
    with (tmp_path / "case" / "case.toml").open("a") as stream:
        stream.write('[extent]\n[extent.levels.L3]\nsectors = "4-6"\nlayers = "BC"\n')
    answers.append(enbloc("check", tmp_path / "case", "--json"))
    intake = json.loads(answers[-1].out)
    assert intake["images"][0]["dicom"]["instance_uids"] == [f"1.2.3.4.5.{n + 1}" for n in range(30)]
    assert intake["labels"][0]["structures"] == ["tumour"]
    result = pydicom.dcmread(tmp_path / "case" / "seg.dcm")
    result.SOPInstanceUID = result.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.8.99"
    result.save_as(tmp_path / "result.dcm")
    answers.append(enbloc("pacs", "store", pacs.classic, tmp_path / "result.dcm"))
    assert answers[-1].code == 0
    assert pacs.count() == 32
    fetch_study(archive(pacs, "web"), ("1.2.3.4", "1.2.3.4.8"), tmp_path / "back", Patience())
    (image,) = read_segmentation(tmp_path / "back" / "1.2.3.4.8.99.dcm", "back", Limits()).images
    assert int(image.values.sum()) == 18
    for answer in answers:
        assert NAME.split("^")[0] not in answer.out + answer.err
        assert "Traceback" not in answer.err


@pytest.mark.slow
def test_a_plan_is_stored_seen_and_read_back(enbloc: Command, pacs: Orthanc, tmp_path: Path) -> None:
    """Plan, store SEG, SR, encapsulated STL and PDF, see them there, fetch them, and plan the case that they make."""
    formats = ("dicom-ct", "dicom-seg", "dicom-sr", "dicom-stl", "dicom-pdf")
    assert enbloc("demo", "--folder", tmp_path / "demo").code == 0
    words = [word for name in formats for word in ("--to", name)]
    assert enbloc("export", tmp_path / "demo-run", *words, "--out", tmp_path / "out").code == 0
    files = sorted((tmp_path / "out").rglob("*.dcm"))
    stored = enbloc("pacs", "store", pacs.web, *files, "--json")
    assert json.loads(stored.out) == {"stored": len(files), "there": 0}
    assert json.loads(enbloc("pacs", "store", pacs.classic, *files, "--json").out) == {"stored": 0, "there": len(files)}
    study = pydicom.dcmread(files[0], stop_before_pixels=True).StudyInstanceUID
    seen = json.loads(enbloc("pacs", "find", pacs.web, "--study", study, "--json").out)["series"]
    assert {"CT", "SEG", "SR", "M3D", "DOC"} <= {one["modality"] for one in seen}
    assert pacs.count() == len(files)
    fetched = enbloc("pacs", "fetch", pacs.web, study, "--out", tmp_path / "got")
    assert fetched.code == 0, fetched.err
    assert enbloc("import", tmp_path / "got", "--out", tmp_path / "again").code == 0
    case = tmp_path / "again" / "case.toml"
    assert case.read_text().count('scheme = "dicom-seg"') == 3
    case.write_text(case.read_text() + 'histology = "chordoma"\ngrade = "low"\nmetastases = "none"\n')
    notes = json.loads(enbloc("check", tmp_path / "again", "--json").out)["problems"]
    assert any("specimen (planned)" in note["says"] for note in notes), "what an earlier plan added is said"
    planned = enbloc("plan", tmp_path / "again", "--out", tmp_path / "again-run")
    assert planned.code == 0, planned.err
    for system in ("wbb", "tomita", "enneking"):
        before, after = (
            json.loads((tmp_path / run / "3-classification.json").read_text())[system]["possible"]
            for run in ("demo-run", "again-run")
        )
        assert before == after


def made_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody vouches for, and its key."""
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    subprocess.run(made, check=True, capture_output=True)
    return folder / "cert", folder / "key"


def test_classic_dicom_over_tls_stores_finds_and_fetches_both_ways_encrypted(tmp_path: Path, pacs: Orthanc) -> None:
    """Orthanc listens by TLS and calls back by TLS; without a certificate of our own nothing is asked for."""
    pacs.kill()
    certificate, key = pacs.tls = made_certificate(tmp_path)
    pacs.start()
    write_series(tmp_path / "ct", HEIGHTS[:4])
    address = parse_address(pacs.classic)
    known = Identity(ca_file=certificate, certificate_file=certificate, key_file=key, port=pacs.our_port)
    there = ClassicArchive(address, known)
    assert store_files(there, files_in(tmp_path / "ct"), Patience()) == Moved(4, 0)
    assert there.find_studies({"PatientID": PATIENT}) == ["1.2.3.4"]
    assert fetch_study(there, ("1.2.3.4", None), tmp_path / "got", Patience()) == Moved(4, 0)
    bare = ClassicArchive(address, Identity(ca_file=certificate, port=pacs.our_port))
    assert bare.find_studies({}) == ["1.2.3.4"]
    with pytest.raises(FileError, match="in the clear"):
        fetch_study(bare, ("1.2.3.4", None), tmp_path / "none", Patience(tries=2, first_wait_s=0.1))
    stranger = ClassicArchive(address, Identity(port=pacs.our_port))
    with pytest.raises(BrokenError):
        stranger.find_studies({})


def test_a_pacs_with_a_password_and_tls(tmp_path: Path, pacs: Orthanc, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password comes from the environment or the keyring; a certificate that nobody vouches for is refused."""
    pacs.kill()
    made_certificate(tmp_path)
    pacs.users = {"surgeon": SECRET}
    pacs.start()
    front = TlsFront(tmp_path / "cert", tmp_path / "key", pacs.http_port)
    address = parse_address(f"https://127.0.0.1:{front.port}/dicom-web")
    stated = {"ENBLOC_PACS_USER": "surgeon", "ENBLOC_TLS_CA": str(tmp_path / "cert")}
    known = read_identity(address, {**stated, "ENBLOC_PACS_PASSWORD": SECRET})
    assert open_web(address, known).find_studies({}) == []
    assert SECRET not in repr(known)
    monkeypatch.setattr("keyring.get_password", lambda _service, user: SECRET if user == "surgeon" else None)
    assert open_web(address, read_identity(address, stated)).find_studies({}) == []
    with pytest.raises(RefusedError, match="does not let us in") as refused:
        open_web(address, read_identity(address, {**stated, "ENBLOC_PACS_PASSWORD": "wrong-" + SECRET})).find_studies(
            {}
        )
    assert SECRET not in str(refused.value)
    with pytest.raises(RefusedError, match="not trusted"):
        open_web(address, Identity("surgeon", SECRET)).find_studies({})


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "x", "dicom://A@h:99999", "dicom://h", "http://u:p@h/dicom-web", "https://h:x/"]
)
def test_what_is_no_address_is_a_wrong_call(url: str) -> None:
    with pytest.raises(CallError):
        parse_address(url)


def test_a_password_never_travels_in_the_clear() -> None:
    with pytest.raises(CallError, match="in the clear"):
        read_identity(parse_address("http://pacs.example/dicom-web"), {"ENBLOC_PACS_TOKEN": SECRET})
    assert read_identity(parse_address("http://127.0.0.1/dicom-web"), {"ENBLOC_PACS_TOKEN": SECRET}).token == SECRET
