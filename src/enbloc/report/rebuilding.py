"""The reconstruction of a plan in words."""

from __future__ import annotations

from collections.abc import Mapping

from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.terms.levels import Level
from enbloc.reconstruction.build import NO_IMAGES
from enbloc.reconstruction.design import Fixation, Reconstruction, Screw
from enbloc.report.document import Fact
from enbloc.report.phrases import joined, measured_words, number_words


def rebuilding_facts(rebuilt: Reconstruction | Unknown) -> tuple[Fact, ...]:
    """Defect, implant, fixation and corridors for screws; none where nothing is rebuilt."""
    if isinstance(rebuilt, Unknown):
        return ()
    facts = []
    if isinstance(rebuilt.defect.height, Estimate):
        facts.append(Fact("Defect", f"{measured_words(rebuilt.defect.height)} high"))
    if not isinstance(rebuilt.implant, Unknown):
        length, shortening = measured_words(rebuilt.implant.length), measured_words(rebuilt.implant.shortening)
        facts.append(Fact("Length of the implant", f"{length}, with {shortening} of planned shortening"))
    for footprint in rebuilt.defect.footprints:
        if footprint.level is not None:
            size = f"{measured_words(footprint.width)} wide, {measured_words(footprint.depth)} deep"
            facts.append(Fact(f"Footprint on {footprint.level}", size))
    if isinstance(rebuilt.fixation, Fixation):
        facts.append(Fact("Fixation", _fixation(rebuilt.fixation)))
    if rebuilt.screws:
        facts.append(Fact("Widest straight corridor through a pedicle", "; ".join(map(_screw, rebuilt.screws))))
    if without := _without(rebuilt.why_without):
        facts.append(Fact("No corridor for a screw measured", without))
    return tuple(facts)


def _without(why: Mapping[str, str]) -> str:
    """``"S1 and iliac bones: a screw …"``, each reason once; nothing where nothing could be measured at all."""
    by_reason: dict[str, list[str]] = {}
    for where, reason in why.items():
        by_reason.setdefault(reason, []).append(where)
    return "; ".join(f"{joined(places)}: {reason}" for reason, places in by_reason.items() if reason != NO_IMAGES)


def rebuilding_reasons(rebuilt: Reconstruction | Unknown) -> tuple[Reason, ...]:
    """Why it is rebuilt so."""
    return () if isinstance(rebuilt, Unknown) else rebuilt.because


def failure_reasons(rebuilt: Reconstruction | Unknown) -> tuple[Reason, ...]:
    """What is published about the failure of such a construct."""
    return () if isinstance(rebuilt, Unknown) else rebuilt.failure


def _fixation(fixation: Fixation) -> str:
    parts = [_levels(fixation.above, "above"), _levels(fixation.below, "below")]
    if fixation.pelvic != "none":
        parts.append(f"pelvis: {fixation.pelvic}")
    if not isinstance(fixation.rods_n, Unknown):
        parts.append(f"{fixation.rods_n} rods")
    return "; ".join(part for part in parts if part)


def _levels(levels: tuple[Level, ...], where: str) -> str:
    return f"{joined(list(levels))} {where}" if levels else ""


def _screw(screw: Screw) -> str:
    width, chord = screw.corridor, screw.chord
    if isinstance(width, Unknown) or isinstance(chord, Unknown):
        return f"{screw.level} {screw.side} not measured"
    sizes = f"{number_words(width.value, 1)} mm ({number_words(width.low, 1)} to {number_words(width.high, 1)})"
    words = f"{screw.level} {screw.side} {sizes}, {number_words(chord.value, 0)} mm long"
    if isinstance(screw.artery, Estimate):
        return f"{words}, {number_words(screw.artery.value, 1)} mm from the vertebral artery"
    return words
