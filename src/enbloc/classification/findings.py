"""From the Extent and the clinical facts to findings: one judged criterion each, read by every system.

Strategy: a list of *places* (which sectors, which layers) covers everything that asks "is there tumour in …"; the
rest are facts about levels (reaches the next, skips one) and about the tumour (grade, activity, spread). A finding that
the caller supplies, for example from MRI, replaces an undecided one of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise

import attrs

from enbloc.classification.extent import (
    ARCH,
    BODY,
    BONE_LAYERS,
    LEFT_PEDICLE,
    RIGHT_PEDICLE,
    SECTORS,
    Contact,
    Extent,
    LevelExtent,
    cell_verdict,
)
from enbloc.classification.overruling import overrule, without_statements
from enbloc.foundation.evidence.classifications import Because, Classification, Finding
from enbloc.foundation.evidence.estimates import Estimate, Measured, Unknown
from enbloc.foundation.evidence.reasons import Status
from enbloc.foundation.evidence.verdicts import Verdict, all_of, any_of
from enbloc.foundation.terms.histology import HISTOLOGIES, Histology
from enbloc.foundation.terms.levels import Level, are_contiguous
from enbloc.intake.clinical import Clinical

OUTSIDE_LAYERS = ("A", "D", "E", "F")
"""Layers outside the bone; any of them makes the tumour extracompartmental (EN-C4, ours)."""

GREAT_VESSELS = ("aorta", "vena_cava", "iliac_artery", "iliac_vein", "iliac_vena", "azygos")
"""Parts of structure names that mean a great vessel in front of the spine."""


@attrs.frozen(eq=False)
class Facts:
    """What every system reads: the Extent, the clinical facts, and the findings by criterion.

    `stated` are the findings that the surgeon states; they stand over every other.
    """

    extent: Extent
    clinical: Clinical
    findings: Mapping[str, Finding]
    stated: Mapping[str, Finding] = attrs.field(factory=dict)

    @property
    def histology(self) -> Histology | None:
        """The histology, or None when it is not stated."""
        return HISTOLOGIES.get(self.clinical.histology or "")


@attrs.frozen
class Place:
    """Somewhere that tumour may be: sectors x layers, with the words for it."""

    criterion: str
    words: str
    sectors: tuple[int, ...]
    layers: tuple[str, ...]
    settle: str


_IMAGES = "Images with the tumour outlined"
_MRI = "MRI of the canal"

PLACES: tuple[Place, ...] = (
    Place("body", "the vertebral body", BODY, BONE_LAYERS, _IMAGES),
    Place("pedicle", "a pedicle", (LEFT_PEDICLE, RIGHT_PEDICLE), BONE_LAYERS, "MRI of the pedicles"),
    Place("arch", "the bone of the arch", ARCH, BONE_LAYERS, _IMAGES),
    Place("spine_bone", "the bone of the vertebra (layers B, C)", SECTORS, BONE_LAYERS, _IMAGES),
    Place("canal", "the spinal canal (layers D, E)", SECTORS, ("D", "E"), _MRI),
    Place("epidural", "the epidural space (layer D)", SECTORS, ("D",), _MRI),
    Place("intradural", "the inside of the dura (layer E)", SECTORS, ("E",), _MRI),
    Place("artery_canal", "the canal of the vertebral artery (layer F)", SECTORS, ("F",), _IMAGES),
    Place("paravertebral", "the soft tissue around the vertebra (layer A)", SECTORS, ("A",), _IMAGES),
    Place("outside_bone", "tissue outside the bone (layers A, D, E, F)", SECTORS, OUTSIDE_LAYERS, _IMAGES),
    Place("anterior_mass", "the soft tissue in front of the body (layer A, sectors 5-8)", BODY, ("A",), _IMAGES),
    Place("spinous_process", "the spinous process (sectors 1, 12)", (1, 12), BONE_LAYERS, _IMAGES),
    Place("lateral_arch", "the lateral arch (sectors 2, 3, 10, 11)", (2, 3, 10, 11), BONE_LAYERS, _IMAGES),
)


def find(extent: Extent, clinical: Clinical, statements: Mapping[str, Finding] | None = None) -> dict[str, Finding]:
    """Every finding that the Extent and the clinical facts allow, by criterion; what is stated stands over them."""
    facts = Facts(extent, clinical, {})
    found = [find_place(extent, place) for place in PLACES]
    found += [_adjacent(extent), _skip(extent), *_grade(facts), *_activity(clinical)]
    by_id = overrule({finding.criterion: finding for finding in found}, statements or {})
    derived = (_extracompartmental(by_id), _metastasis(clinical, by_id["skip"]))
    return overrule(by_id | {finding.criterion: finding for finding in derived}, statements or {})


def findings_for(facts: Facts, own: Iterable[Finding]) -> dict[str, Finding]:
    """A system's own findings and those of all: supplied ones sharpen its own, stated ones stand over both."""
    mine = {finding.criterion: finding for finding in own}
    shared = without_statements(facts.findings, facts.stated)
    return overrule(with_supplied({**shared, **mine}, shared), facts.stated)


def with_supplied(found: Mapping[str, Finding], supplied: Mapping[str, Finding]) -> dict[str, Finding]:
    """The findings, where a supplied one that is decided takes the place of ours.

    So does an open one that was measured, where ours is open too and was not: same verdict, better reason.
    """
    firm = {
        name: finding
        for name, finding in supplied.items()
        if finding.verdict is not Verdict.UNDECIDED or _is_better(finding, found.get(name))
    }
    return {**supplied, **found, **firm}


def _is_better(supplied: Finding, ours: Finding | None) -> bool:
    """Is the supplied finding measured, while ours is open and not measured?"""
    measured = isinstance(supplied.measured, Estimate)
    return measured and ours is not None and ours.verdict is Verdict.UNDECIDED and isinstance(ours.measured, Unknown)


def find_place(extent: Extent, place: Place) -> Finding:
    """Is there tumour in a place, at any level?"""
    at = {name: part_verdict(level, place.sectors, place.layers) for name, level in extent.levels.items()}
    verdict = any_of(at.values())
    where = ", ".join(name for name, here in at.items() if here is verdict)
    says = {
        Verdict.MET: f"Tumour in {place.words} at {where}.",
        Verdict.UNMET: f"No tumour in {place.words}.",
        Verdict.UNDECIDED: f"Whether tumour lies in {place.words} is open at {where}.",
    }[verdict]
    return Finding(place.criterion, verdict, measure_volume(extent, place.sectors, place.layers), says, place.settle)


def part_verdict(level: LevelExtent, sectors: Iterable[int], layers: Iterable[str]) -> Verdict:
    """Is any of these sectors of one level involved in any of these layers?

    A typed level does not say which sector has which layer. Every involved sector has at least one involved layer and
    the other way round; so tumour is there when an involved sector can have no other layers than these, or an involved
    layer can lie in no other sectors than these.
    """
    sectors, layers = frozenset(sectors), frozenset(layers)
    if level.cells:
        return any_of(cell_verdict(level, s, k) for s in sorted(sectors) for k in sorted(layers))
    may_sectors = {s for s, verdict in level.sectors.items() if verdict is not Verdict.UNMET}
    may_layers = {k for k, verdict in level.layers.items() if verdict is not Verdict.UNMET}
    if not (may_sectors & sectors and may_layers & layers):
        return Verdict.UNMET
    by_sector = may_layers <= layers and any(level.sectors[s] is Verdict.MET for s in sectors)
    by_layer = may_sectors <= sectors and any(level.layers[k] is Verdict.MET for k in layers)
    return Verdict.MET if by_sector or by_layer else Verdict.UNDECIDED


def measure_volume(extent: Extent, sectors: Iterable[int], layers: Iterable[str]) -> Measured:
    """Tumour in some cells of every level, ml; Unknown for a typed Extent."""
    if extent.source == "typed":
        return Unknown("stated by the surgeon")
    sectors, layers = frozenset(sectors), frozenset(layers)
    volumes = [
        cell.volume
        for level in extent.levels.values()
        for (s, k), cell in level.cells.items()
        if s in sectors and k in layers
    ]
    known = [volume for volume in volumes if isinstance(volume, Estimate)]
    if not known or len(known) < len(volumes):
        return Unknown("not every cell was measured")
    return Estimate(
        sum(v.value for v in known), sum(v.low for v in known), sum(v.high for v in known), "ml", known[0].because
    )


def level_verdict(level: LevelExtent) -> Verdict:
    """Is there any tumour at a level?"""
    return any_of(level.layers.values())


def levels_that_may(extent: Extent) -> tuple[Level, ...]:
    """Levels where tumour is certain or open."""
    return tuple(name for name, level in extent.levels.items() if level_verdict(level) is not Verdict.UNMET)


def over_levels(extent: Extent, judge: Callable[[LevelExtent], Verdict]) -> Verdict:
    """Met where one level meets it, unmet where none can."""
    return any_of(judge(level) for level in extent.levels.values())


def touches_great_vessel(contacts: Iterable[Contact]) -> Verdict:
    """Does the tumour touch a great vessel, as far as the contacts say?

    Undecided when no great vessel is among them: then none was labelled, or nothing was measured.
    """
    near = [contact.distance for contact in contacts if any(name in contact.structure for name in GREAT_VESSELS)]
    if any(isinstance(distance, Estimate) and distance.low <= 0.0 for distance in near):
        return Verdict.MET
    known = bool(near) and all(isinstance(distance, Estimate) for distance in near)
    return Verdict.UNMET if known else Verdict.UNDECIDED


def stated(criterion: str, verdict: Verdict, says: str, settle: str = "") -> Finding:
    """A finding that rests on what was stated, or on nothing having been stated."""
    basis = "not stated" if verdict is Verdict.UNDECIDED else f"stated: {says}"
    return Finding(criterion, verdict, Unknown(basis), says, settle)


def outside(system: str, says: str, status: Status, cites: tuple[str, ...] = (), rule: str = "") -> Classification:
    """The answer of a system that does not apply."""
    because = Because("applies", Verdict.UNMET, Unknown("stated: the system does not apply"), says, status, cites, rule)
    return Classification(system=system, possible=(), applies=False, because=(because,))


def _adjacent(extent: Extent) -> Finding:
    pairs = [(a, b) for a, b in pairwise(extent.levels) if are_contiguous((a, b))]
    both = {(a, b): all_of(level_verdict(extent.levels[name]) for name in (a, b)) for a, b in pairs}
    verdict = any_of(both.values())
    if verdict is Verdict.UNMET and extent.beside:
        where = ", ".join(extent.beside)
        says = f"Most tumour outside bone lies at {where}, whose bone is free; whether it is held is open (ours)."
        return Finding("adjacent", Verdict.UNDECIDED, _counted(extent), says, _MRI)
    where = ", ".join(f"{a}-{b}" for (a, b), here in both.items() if here is verdict)
    says = {
        Verdict.MET: f"Tumour in neighbouring vertebrae: {where} (EN-C6, ours; GEO-8).",
        Verdict.UNMET: "Tumour in one vertebra only, or in none that neighbour each other.",
        Verdict.UNDECIDED: f"Whether the tumour reaches the next vertebra is open at {where}.",
    }[verdict]
    return Finding("adjacent", verdict, _counted(extent), says, "Images of the end plates and the disc")


def _skip(extent: Extent) -> Finding:
    verdict = extent.skipped
    if extent.source == "typed" and verdict is Verdict.UNDECIDED:
        verdict = Verdict.UNMET if are_contiguous(levels_that_may(extent)) else Verdict.MET
    says = {
        Verdict.MET: "Separate tumours with a free level between them.",
        Verdict.UNMET: "One continuous tumour in the levels described.",
        Verdict.UNDECIDED: "Whether there are separate tumours is open.",
    }[verdict]
    return Finding("skip", verdict, _counted(extent), says, "MRI of the whole spine")


def _counted(extent: Extent) -> Unknown:
    return Unknown("stated by the surgeon" if extent.source == "typed" else "counted from the levels on the images")


def _grade(facts: Facts) -> tuple[Finding, Finding]:
    grade, histology = facts.clinical.grade, facts.histology
    grades = (grade,) if grade else histology.grades if histology else ("benign", "low", "high")
    source = f"Grade stated: {grade}." if grade else "Grade not stated"
    if not grade:
        source += f"; {histology.word} may be {' or '.join(grades)}." if histology else ", nor the histology."
    malignant = _of_set(grades, {"low", "high"})
    high = _of_set(grades, {"high"})
    return (
        stated("malignant", malignant, _nature(malignant, grade, histology), "Histology and grade from a biopsy"),
        stated("high_grade", high, source, "Histological grade from a biopsy"),
    )


def _nature(malignant: Verdict, grade: str | None, histology: Histology | None) -> str:
    """Whether it is malignant, in words that its grade does not repeat."""
    if grade:
        return "It is stated as benign." if malignant is Verdict.UNMET else "A grade of malignancy is stated."
    if histology is None:
        return "Neither histology nor grade is stated."
    words = {Verdict.MET: "is malignant", Verdict.UNMET: "is benign", Verdict.UNDECIDED: "may be benign or malignant"}
    return f"{histology.word} {words[malignant]}."


def _activity(clinical: Clinical) -> tuple[Finding, Finding]:
    activity = clinical.activity
    settle = "Enneking's activity: latent, active or aggressive (growth, symptoms, capsule)"
    says = f"Activity stated: {activity}." if activity else "Activity not stated; it cannot be read from CT alone."
    return (
        stated(
            "active", _of_set((activity,), {"active", "aggressive"}) if activity else Verdict.UNDECIDED, says, settle
        ),
        stated("aggressive", _of_set((activity,), {"aggressive"}) if activity else Verdict.UNDECIDED, says, settle),
    )


def _of_set(possible: Iterable[str | None], wanted: set[str]) -> Verdict:
    inside = {word in wanted for word in possible}
    if inside == {True}:
        return Verdict.MET
    return Verdict.UNMET if inside == {False} else Verdict.UNDECIDED


def _extracompartmental(found: Mapping[str, Finding]) -> Finding:
    outside_bone, adjacent = found["outside_bone"], found["adjacent"]
    verdict = any_of((outside_bone.verdict, adjacent.verdict))
    says = f"{outside_bone.says} {adjacent.says} One vertebra is one compartment (EN-C4, EN-C6, EN-C7: ours)."
    return Finding("extracompartmental", verdict, outside_bone.measured, says, outside_bone.settle)


def _metastasis(clinical: Clinical, skip: Finding) -> Finding:
    spread = {None: Verdict.UNDECIDED, "none": Verdict.UNMET}.get(clinical.metastases, Verdict.MET)
    says = f"Metastases stated: {clinical.metastases}." if clinical.metastases else "Metastases not stated."
    if skip.verdict is Verdict.MET:
        spread, says = Verdict.MET, f"{says} A skip lesion counts as metastasis (EN-3s)."
    return stated("metastasis", spread, says, "Staging of the whole body")
