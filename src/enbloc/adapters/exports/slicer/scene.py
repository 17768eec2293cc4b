"""The scene file that opens everything at once in 3D Slicer, and the files that it names."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

from enbloc.adapters.exports.run_source import RunSource
from enbloc.adapters.exports.safe_text import file_stem, one_line, unlike
from enbloc.adapters.exports.slicer.markups import curve_bytes, modelled_roots, plane_bytes, points_bytes
from enbloc.adapters.exports.slicer.segmentation import segmentation_bytes

File = tuple[str, bytes]


def slicer_files(source: RunSource) -> Iterator[File]:
    """``.seg.nrrd``, a ``.mrk.json`` for each cut, for the points and for each modelled root, and the ``.mrml`` of all.

    Raises
    ------
    InputError
        If the case has no images.
    """
    segmentation = f"{source.stem}.seg.nrrd"
    yield segmentation, segmentation_bytes(source)
    nodes = list(_node("Segmentation", 1, source.stem, segmentation, "SegmentationStorage"))
    names = unlike(file_stem(f"{source.stem}-cut-{cut.id}") for cut in source.cuts)
    for number, (cut, name) in enumerate(zip(source.cuts, names, strict=True), start=1):
        yield f"{name}.mrk.json", plane_bytes(cut)
        nodes += _node("MarkupsPlane", number, cut.id, f"{name}.mrk.json", "MarkupsPlaneJsonStorage")
    points = points_bytes(source)
    if points is not None:
        name = f"{source.stem}-least-margins.mrk.json"
        yield name, points
        nodes += _node("MarkupsFiducial", 1, "least margins", name, "MarkupsJsonStorage")
    # The storage of the points has number 1.
    for number, root in enumerate(modelled_roots(source), start=2):
        name = file_stem(f"{source.stem}-modelled-{root['structure']}")
        yield f"{name}.mrk.json", curve_bytes(root)
        nodes += _node("MarkupsCurve", number, f"{root['name']} (modelled)", f"{name}.mrk.json", "MarkupsJsonStorage")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<MRML version="Slicer5.6.0" userTags="">', *nodes, "</MRML>"]
    yield f"{source.stem}.mrml", ("\n".join(lines) + "\n").encode()


def _node(tag: str, number: int, name: str, file: str, storage: str) -> Iterator[str]:
    storage_id = f"vtkMRML{storage}Node{number}"
    shown = quoteattr(one_line(name, 100))
    yield f'<{tag} id="vtkMRML{tag}Node{number}" name={shown} references="storage:{storage_id};"></{tag}>'
    yield f'<{storage} id="{storage_id}" name={shown} fileName={quoteattr(file)}></{storage}>'
