"""Names, dates and numbers planted in every corner of a study are nowhere in what comes out."""

from __future__ import annotations

import gzip
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom_phantom import (
    ACCESSION,
    BIRTH,
    DATE,
    NAME,
    PATIENT,
    code,
    segmentation,
    structure_set,
    text_of,
    write_series,
)
from enbloc.adapters.imports.profile import ACTIONS

Command = Callable[..., Any]
HEIGHTS = [10.0 + 2.0 * n for n in range(6)]
ROOT = "1.3.6.1.4.1.99999.77"
HIDDEN = (
    "Plantedname",
    "Zebulon",
    PATIENT,
    BIRTH,
    DATE,
    ACCESSION,
    "Dr.Secretson",
    "Hospital of Nowhere",
    "0176-5550199",
)


def plant(ds: Dataset, number: int = 0) -> None:
    """Everything that may identify a patient, where the standard wants it and where it does not."""
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{ROOT}.1", f"{ROOT}.2"
    ds.FrameOfReferenceUID = f"{ROOT}.3"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.4.{ds.SOPClassUID[-3:]}.{number}"
    ds.InstitutionName, ds.StationName, ds.OperatorsName = "Hospital of Nowhere", NAME[:16], "Dr.Secretson"
    ds.PatientTelephoneNumbers, ds.PatientAddress = "0176-5550199", "Hospital of Nowhere"
    ds.SeriesDescription, ds.ProtocolName, ds.ImageComments = f"for {NAME}", NAME, f"seen by Dr.Secretson {DATE}"
    ds.StudyID, ds.PatientComments, ds.AdditionalPatientHistory = PATIENT, NAME, f"born {BIRTH}"
    inner, outer = Dataset(), Dataset()
    inner.PersonName, inner.TextValue = NAME, f"call 0176-5550199, {NAME}"
    outer.ContentSequence, outer.PersonAddress = Sequence([inner]), "Hospital of Nowhere"
    ds.RequestAttributesSequence = Sequence([outer])
    ds.PersonIdentificationCodeSequence = Sequence([inner])
    block = ds.private_block(0x0051, "HIDDEN PRIVATE", create=True)
    block.add_new(0x01, "LO", NAME)
    block.add_new(0x02, "SQ", Sequence([inner]))
    ds.add_new(0x60004000, "LT", NAME)
    ds.add_new(0x50000010, "US", 1)
    ds.add_new(0x50002500, "LO", NAME)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    write_series(folder, HEIGHTS, plant)
    planes = np.zeros((2, 12, 10), bool)
    planes[:, 3:6, 3:6] = True
    names = {1: ("tumor", code("1", "SCT", "x")), 2: (NAME, code("2", "SCT", "y"))}
    seg = segmentation([(1, 12.0), (2, 14.0)], planes, names)
    corners = np.array([[-29.0, 21, 12], [-26, 21, 12], [-26, 25, 12], [-29, 25, 12]])
    above = corners + np.array([0, 0, 2])
    rt = structure_set({"GTV": [corners, above], NAME: [above]}, f"{ROOT}.3")
    for name, ds in (("seg.dcm", seg), ("rt.dcm", rt)):
        plant(ds)
        ds.SeriesInstanceUID = f"{ROOT}.{name}".replace("seg.dcm", "5").replace("rt.dcm", "6")
        ds.SeriesDescription = f"drawn by {NAME}"
        if name == "seg.dcm":
            ds.ReferencedSeriesSequence[0].SeriesInstanceUID = f"{ROOT}.2"
            ds.SegmentSequence[0].SegmentDescription = NAME
        ds.save_as(folder / name, enforce_file_format=True)
    return folder


def everything(folder: Path) -> bytes:
    """What stands in a folder, packed files unpacked too."""
    unpacked = [gzip.decompress(path.read_bytes()) for path in folder.rglob("*.gz")]
    return text_of(folder) + b"\n".join(unpacked)


MAP = 'scheme = "{}"\nmap = {{ 2 = "ignore" }}\n'


@pytest.mark.parametrize("words", [(), ("--deidentify",)], ids=["import", "de-identify"])
def test_nothing_that_was_planted_comes_out(
    enbloc: Command, study: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    case, run, keys = tmp_path / "case", tmp_path / "run", tmp_path / "my.keys"
    answer = enbloc("import", study, "--out", case, "--keys", keys, *words)
    assert answer.code == 0, answer.err
    path = case / "case.toml"
    text = path.read_text()
    for scheme in ("dicom-seg", "rtstruct"):
        assert f'scheme = "{scheme}"' in text
        text = text.replace(f'scheme = "{scheme}"\n', MAP.format(scheme))
    path.write_text(text)
    planned = enbloc("plan", case, "--out", run)
    assert planned.code == 3, planned.err  # no vertebrae: stopped, and everything of a stop is written
    out = everything(case) + everything(run) + (planned.out + planned.err).encode()
    for hidden in HIDDEN:
        assert hidden.encode() not in out, hidden
    assert (ROOT.encode() in out) is (not words)
    assert json.loads(keys.read_text())["pseudonyms"] == {
        PATIENT: json.loads((run / "1-intake.json").read_text())["case"]
    }
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600


def test_what_belonged_together_still_does(enbloc: Command, study: Path, tmp_path: Path) -> None:
    """New UIDs agree between slices, segmentation and structure set, and with the next study of the patient."""
    keys = tmp_path / "my.keys"
    for name in ("one", "two"):
        assert enbloc("import", study, "--out", tmp_path / name, "--deidentify", "--keys", keys).code == 0
    one = {p.relative_to(tmp_path / "one"): p.read_bytes() for p in (tmp_path / "one").rglob("*.*")}
    two = {p.relative_to(tmp_path / "two"): p.read_bytes() for p in (tmp_path / "two").rglob("*.*")}
    assert one == two
    image = pydicom.dcmread(tmp_path / "one" / "ct" / "00001.dcm")
    drawn = pydicom.dcmread(tmp_path / "one" / "seg.dcm")
    regions = pydicom.dcmread(tmp_path / "one" / "rtstruct.dcm")
    assert drawn.FrameOfReferenceUID == image.FrameOfReferenceUID
    assert regions.StructureSetROISequence[0].ReferencedFrameOfReferenceUID == image.FrameOfReferenceUID
    assert drawn.ReferencedSeriesSequence[0].SeriesInstanceUID == image.SeriesInstanceUID
    assert image.SeriesInstanceUID.startswith("2.25.")
    assert (image.PatientIdentityRemoved, image.DeidentificationMethodCodeSequence[0].CodeValue) == ("YES", "113100")
    assert [s.SegmentLabel for s in drawn.SegmentSequence] == ["tumor", "segment 2"]
    assert [r.ROIName for r in regions.StructureSetROISequence] == ["GTV", "region 2"]


def test_every_attribute_of_the_profile_is_gone_empty_or_replaced(enbloc: Command, study: Path, tmp_path: Path) -> None:
    assert enbloc("import", study, "--out", tmp_path / "case", "--deidentify").code == 0
    kept = {0x00100010, 0x00100020}
    for path in (tmp_path / "case").rglob("*.dcm"):
        for item in pydicom.dcmread(path).iterall():
            action = ACTIONS.get(int(item.tag), "")
            assert not item.tag.is_private
            assert action != "X", item
            if action in ("Z", "X/Z") and int(item.tag) not in kept and item.keyword != "ROIName":
                assert not item.value, item
            if action == "U":
                assert str(item.value).startswith(("2.25.", "1.2.840.10008.")), item


def test_burned_in_names_are_refused(enbloc: Command, tmp_path: Path) -> None:
    write_series(tmp_path / "in", HEIGHTS, lambda ds, _n: setattr(ds, "BurnedInAnnotation", "YES"))
    refused = enbloc("import", tmp_path / "in", "--out", tmp_path / "case", "--deidentify")
    assert refused.code == 1
    assert "burned into its pixels" in refused.err
    assert not (tmp_path / "case").exists()
    told = enbloc("import", tmp_path / "in", "--out", tmp_path / "case")
    assert told.code == 0
    assert "burned into its pixels" in told.out


def test_the_keys_stay_where_the_user_says(enbloc: Command, study: Path, tmp_path: Path) -> None:
    inside = enbloc("import", study, "--out", tmp_path / "case", "--deidentify", "--keys", tmp_path / "case" / "keys")
    assert (inside.code, (tmp_path / "case").exists()) == (2, False)
    (tmp_path / "no.keys").write_text('{"secret": "zz"}')
    assert enbloc("import", study, "--out", tmp_path / "case", "--keys", tmp_path / "no.keys").code == 1
    before = set(tmp_path.iterdir())
    assert enbloc("import", study, "--out", tmp_path / "case", "--deidentify").code == 0
    assert set(tmp_path.iterdir()) - before == {tmp_path / "case"}
