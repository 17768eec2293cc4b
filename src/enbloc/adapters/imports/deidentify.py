"""De-identification of a DICOM data set by the Basic Application Level Confidentiality Profile (DICOM PS3.15, Annex E).

What the profile removes, empties or replaces stands in `profile`. Beyond the profile, and ours: every name of a person
that the table does not list is emptied; labels of segments and regions are kept only when they are words for anatomy.
UIDs are replaced by ones that follow from the old UID and a secret, so that slices, segmentations and structure sets
still refer to each other; without the secret nobody can go back. Pixels are not looked at: burned-in text is flagged.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import attrs
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, UID

from enbloc.adapters.imports.profile import ACTIONS
from enbloc.errors import FileError, TermError
from enbloc.foundation.terms.structures import is_plan_result, parse_structure

METHOD = "enbloc: PS3.15 Basic Application Level Confidentiality Profile"
_STANDARD_ROOT = "1.2.840.10008."
_LABELS = {0x00620005: "segment", 0x30060026: "region", 0x00620020: "tracking"}
"""Segment Label, ROI Name and Tracking ID: cleaned, not removed, since they name the anatomy."""
_DESCRIPTIONS = frozenset({0x00620006, 0x00620009, 0x00204000})
_DUMMIES = {"DA": "19000101", "TM": "000000", "DT": "19000101000000", "PN": "ANONYMOUS", "UI": "", "AS": "000Y"}
_TEXT_VRS = frozenset({"AE", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
_NUMBER_VRS = frozenset({"DS", "IS", "FD", "FL", "SL", "SS", "UL", "US", "SV", "UV"})
_UID_TAGS = frozenset({0x00080016, 0x00081150, 0x00020002, 0x00020010})
"""SOP class and transfer syntax name kinds of objects, never a patient."""


@attrs.frozen
class Disguise:
    """Who a patient becomes.

    Parameters
    ----------
    pseudonym : str
    secret : bytes or None
        Key of the new UIDs; None keeps the UIDs (the Retain UIDs Option of the profile).
    """

    pseudonym: str
    secret: bytes | None

    def uid(self, old: str) -> str:
        """The UID that stands for an old one; well-known UIDs of the standard stay."""
        plain = str(old).strip("\0 ")
        if self.secret is None or not plain or plain.startswith(_STANDARD_ROOT):
            return plain
        digest = hmac.new(self.secret, plain.encode("utf-8", "replace"), hashlib.sha256).digest()
        return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def deidentified(source: Dataset, disguise: Disguise) -> Dataset:
    """A copy of a data set without the patient's identity.

    Raises
    ------
    FileError
        If the header says that a name is burned into the pixels.
    """
    if str(source.get("BurnedInAnnotation", "")).strip().upper() == "YES":
        raise FileError(
            "annotations are burned into its pixels, and a name may stand there",
            where=str(source.get("Modality", "image")),
            remedy="Leave the series out, or have the pixels cleaned first.",
        )
    cleaned = _cleaned(source, disguise, [0])
    cleaned.PatientName = disguise.pseudonym
    cleaned.PatientID = disguise.pseudonym
    cleaned.PatientIdentityRemoved = "YES"
    cleaned.DeidentificationMethod = METHOD[:64]
    cleaned.DeidentificationMethodCodeSequence = Sequence(_codes(disguise))
    cleaned.LongitudinalTemporalInformationModified = "REMOVED"
    cleaned.file_meta = _meta(source, cleaned)
    cleaned.preamble = b"\0" * 128
    return cleaned


def _meta(source: Dataset, cleaned: Dataset) -> Any:
    meta = type(source.file_meta)()
    meta.MediaStorageSOPClassUID = cleaned.get("SOPClassUID") or source.file_meta.get("MediaStorageSOPClassUID", "")
    meta.MediaStorageSOPInstanceUID = cleaned.get("SOPInstanceUID") or ""
    meta.TransferSyntaxUID = source.file_meta.get("TransferSyntaxUID", UID("1.2.840.10008.1.2"))
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    return meta


def _codes(disguise: Disguise) -> list[Dataset]:
    codes = [("113100", "Basic Application Confidentiality Profile")]
    codes += [("113110", "Retain UIDs Option")] if disguise.secret is None else []
    found = []
    for value, meaning in codes:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        found.append(item)
    return found


def _cleaned(source: Dataset, disguise: Disguise, counter: list[int]) -> Dataset:
    cleaned = Dataset()
    for element in source:
        tag = int(element.tag)
        if element.tag.is_private or (tag >> 16) & 0xFF00 in (0x5000, 0x6000):
            continue
        action = ACTIONS.get(tag, "")
        if tag in _LABELS:
            counter[0] += 1
            own = source.get("SegmentNumber") or source.get("ROINumber") or counter[0]
            cleaned.add_new(element.tag, element.VR, _label(str(element.value), _LABELS[tag], int(own)))
        elif tag in _DESCRIPTIONS:
            continue
        elif action == "" or action in ("U", "X/Z/U*"):
            _keep(cleaned, element, disguise, counter)
        else:
            _APPLY[action](cleaned, element)
    return cleaned


def _keep(cleaned: Dataset, element: Any, disguise: Disguise, counter: list[int]) -> None:
    """An element that stays: sequences are cleaned inside, UIDs replaced, names of persons emptied."""
    if element.VR == "SQ":
        items = [_cleaned(item, disguise, counter) for item in element.value]
        cleaned.add_new(element.tag, "SQ", Sequence(items))
    elif element.VR == "UI" and int(element.tag) not in _UID_TAGS:
        values = element.value if element.VM > 1 else [element.value]
        replaced = [disguise.uid(value) for value in values if value]
        cleaned.add_new(element.tag, "UI", replaced if len(replaced) != 1 else replaced[0])
    elif element.VR == "PN":
        cleaned.add_new(element.tag, "PN", "")
    elif element.VR != "UN":
        cleaned.add(element)


def _empty(cleaned: Dataset, element: Any) -> None:
    cleaned.add_new(element.tag, element.VR, Sequence() if element.VR == "SQ" else None)


def _remove(_cleaned_set: Dataset, _element: Any) -> None:
    """The element is left out."""


def _dummy(cleaned: Dataset, element: Any) -> None:
    if element.VR in _DUMMIES:
        cleaned.add_new(element.tag, element.VR, _DUMMIES[element.VR])
    elif element.VR in _TEXT_VRS:
        cleaned.add_new(element.tag, element.VR, "ANONYMISED")
    elif element.VR in _NUMBER_VRS:
        cleaned.add_new(element.tag, element.VR, 0)


_APPLY: dict[str, Callable[[Dataset, Any], None]] = {
    "X": _remove,
    "Z": _empty,
    "X/Z": _empty,
    "D": _dummy,
    "Z/D": _dummy,
    "X/D": _dummy,
    "X/Z/D": _dummy,
}


def _label(text: str, kind: str, number: int) -> str:
    """A label that names anatomy or a plan's result stays; any other may hold a name and becomes a number."""
    if is_plan_result(text):
        return text
    try:
        parse_structure(text)
    except TermError:
        return f"{kind} {number}"
    return text
