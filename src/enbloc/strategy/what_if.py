"""What would change the decision: each of some facts is changed, and the decision is made again.

Strategy: the tumour's extent is taken level by level without its cells (as if typed), so that one sector or layer can
be turned. For every fact the classes, the options, the indication and the approach are worked out anew; what comes out
otherwise than before is told. Nothing here is phrased by rule: it is the program's own answer to the changed case. Cuts
are not placed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from enbloc.classification.extent import LEFT_PEDICLE, RIGHT_PEDICLE, Extent, LevelExtent, involved_levels
from enbloc.classification.sheet import classify
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict, any_of
from enbloc.intake.clinical import Clinical
from enbloc.resection.families import enumerate_options
from enbloc.strategy.indication.indication import judge_indication
from enbloc.strategy.reaching.approach import choose_approach

LESS_BONE = {"sagittal_resection", "posterior_arch_resection"}
"""Printed families that take less bone than a vertebrectomy, which is asked for beyond print only without them (F8)."""

SIDED: Mapping[str, str] = {
    "vertebrectomy": "vertebrectomy through the {side} pedicle",
    "sagittal_resection": "{side} sagittal resection",
}
BETWEEN = "vertebrectomy between two laminae"
BIOPSIES: tuple[str, ...] = (
    "chordoma",
    "chondrosarcoma",
    "osteosarcoma",
    "ewing_sarcoma",
    "giant_cell_tumour",
    "osteoblastoma",
    "aneurysmal_bone_cyst",
    "plasmacytoma",
    "lymphoma",
    "renal_cell_carcinoma",
)
"""One result for each table of the indication that decides otherwise."""


@attrs.frozen
class Decision:
    """What is decided: the indication, the families that the anatomy leaves, their sides, and the approach of each."""

    en_bloc: str
    families: tuple[str, ...]
    sides: Mapping[str, tuple[str | None, ...]]
    approaches: Mapping[str, tuple[str, ...]]


@attrs.frozen
class WhatIf:
    """One changed fact and what it changes; `changes` are sentences."""

    fact: str
    en_bloc: str
    families: tuple[str, ...]
    changes: tuple[str, ...]


def ask_what_if(extent: Extent, clinical: Clinical) -> tuple[WhatIf, ...]:
    """The facts that would change the decision, each with what it would change."""
    flat = attrs.evolve(extent, levels={name: attrs.evolve(level, cells={}) for name, level in extent.levels.items()})
    before = _decide(flat, clinical)
    found = []
    for fact, changed in _changed(flat, clinical):
        after = _decide(*changed)
        if changes := tuple(_differences(before, after)):
            found.append(WhatIf(fact, after.en_bloc, after.families, changes))
    return (*found, *_other_biopsies(flat, clinical, before))


def _other_biopsies(extent: Extent, clinical: Clinical, before: Decision) -> Iterator[WhatIf]:
    """What another result of a biopsy that is still open would change; results that change the same stand together."""
    if clinical.biopsy_confirmed is True:
        return
    alike: dict[tuple[str, ...], list[tuple[str, Decision]]] = {}
    for histology in BIOPSIES:
        if histology == clinical.histology:
            continue
        shown = attrs.evolve(clinical, histology=histology, biopsy_confirmed=True, grade=None, activity=None)
        after = _decide(extent, shown)
        if changes := tuple(_differences(before, after)):
            alike.setdefault(changes, []).append((histology, after))
    for changes, results in alike.items():
        names = [name.replace("_", " ") for name, _ in results]
        one = results[0][1]
        yield WhatIf(f"a biopsy that shows {_or(names)}", one.en_bloc, one.families, changes)


def _or(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]


def _decide(extent: Extent, clinical: Clinical) -> Decision:
    sheet = classify(extent, clinical)
    options, _ = enumerate_options(extent, sheet, clinical)
    en_bloc = tuple(option for option in options if option.family != "intralesional")
    approaches: dict[str, tuple[str, ...]] = {}
    for option in en_bloc:
        steps = choose_approach(extent, clinical, option, extent.touched).steps
        approaches.setdefault(option.family, tuple(step.split()[0] for step in steps))
    families = tuple(dict.fromkeys(option.family for option in en_bloc))
    sides: dict[str, tuple[str | None, ...]] = {
        family: tuple(option.side for option in en_bloc if option.family == family) for family in families
    }
    return Decision(judge_indication(clinical, sheet, extent).en_bloc, families, sides, approaches)


def _differences(before: Decision, after: Decision) -> Iterator[str]:
    if after.en_bloc != before.en_bloc:
        yield f"en bloc: {after.en_bloc} instead of {before.en_bloc}"
    gained = [family for family in after.families if family not in before.families]
    lost = [family for family in before.families if family not in after.families]
    if gained:
        instead = gained == ["vertebrectomy"] and bool(set(lost) & LESS_BONE)
        yield f"{'needed' if instead else 'possible'} then: {_words(gained)}"
    if lost:
        spared = lost == ["vertebrectomy"] and bool(set(gained) & LESS_BONE)
        yield f"no longer {'needed' if spared else 'possible'}: {_words(lost)}"
    for family in SIDED:
        yield from _other_sides(family, before.sides.get(family, ()), after.sides.get(family, ()))
    for family, steps in after.approaches.items():
        if family in before.approaches and before.approaches[family] != steps:
            yield f"{_words([family])}: {', then '.join(steps)} instead of {', then '.join(before.approaches[family])}"


def _other_sides(family: str, before: tuple[str | None, ...], after: tuple[str | None, ...]) -> Iterator[str]:
    """The sides on which a family that stays is gained or lost."""
    if before and after:
        for now, then, says in ((after, before, "also possible then"), (before, after, "no longer possible")):
            sides = [side for side in now if side not in then]
            if sides:
                yield f"{says}: {_or([SIDED[family].format(side=side) if side else BETWEEN for side in sides])}"


def _words(families: list[str]) -> str:
    return ", ".join(family.replace("_", " ") for family in families)


def _changed(extent: Extent, clinical: Clinical) -> Iterator[tuple[str, tuple[Extent, Clinical]]]:
    """Each fact that is turned, in words, with the case that it makes."""
    for sector, name in ((LEFT_PEDICLE, "left pedicle"), (RIGHT_PEDICLE, "right pedicle")):
        held = any_of(level.sectors[sector] for level in extent.levels.values())
        if held is not Verdict.UNMET:
            yield f"the {name} free of tumour", (_sector(extent, sector, Verdict.UNMET), clinical)
        if held is not Verdict.MET:
            yield f"tumour in the {name}", (_sector(extent, sector, Verdict.MET), clinical)
    for layer, name in (("D", "the epidural space"), ("A", "the soft tissue around the vertebra")):
        held = any_of(level.layers[layer] for level in extent.levels.values())
        if held is not Verdict.UNMET:
            yield f"{name} free of tumour", (_layer(extent, layer, Verdict.UNMET), clinical)
        if held is not Verdict.MET:
            yield f"tumour in {name}", (_layer(extent, layer, Verdict.MET), clinical)
    for fact, turned in _facts(clinical):
        yield fact, (extent, turned)


def _facts(clinical: Clinical) -> Iterator[tuple[str, Clinical]]:
    if clinical.biopsy_confirmed is not True:
        yield "a biopsy that confirms the histology", attrs.evolve(clinical, biopsy_confirmed=True)
    if clinical.metastases != "multiple":
        yield "multiple metastases", attrs.evolve(clinical, metastases="multiple")
    if clinical.metastases is None:
        yield "no metastasis", attrs.evolve(clinical, metastases="none")
    if clinical.anterior_vessel_plane_lost is not True:
        yield "the plane to a great vessel lost", attrs.evolve(clinical, anterior_vessel_plane_lost=True)
    if clinical.anterior_vessel_plane_lost is not False:
        yield "the plane to every great vessel kept", attrs.evolve(clinical, anterior_vessel_plane_lost=False)
    if clinical.prior_surgery is not True:
        yield "earlier surgery", attrs.evolve(clinical, prior_surgery=True)


def _sector(extent: Extent, sector: int, verdict: Verdict) -> Extent:
    return _at_tumour(extent, lambda level: attrs.evolve(level, sectors={**level.sectors, sector: verdict}))


def _layer(extent: Extent, layer: str, verdict: Verdict) -> Extent:
    return _at_tumour(extent, lambda level: attrs.evolve(level, layers={**level.layers, layer: verdict}))


def _at_tumour(extent: Extent, change: Callable[[LevelExtent], LevelExtent]) -> Extent:
    """The extent changed at the levels that hold tumour; at all levels when none is sure to."""
    held = involved_levels(extent) or tuple(extent.levels)
    levels = {name: change(level) if name in held else level for name, level in extent.levels.items()}
    return attrs.evolve(extent, levels=levels)


def say_what_if(found: tuple[WhatIf, ...]) -> tuple[Reason, ...]:
    """What would change the decision, as sentences beside the indication."""
    return tuple(Reason(f"With {one.fact}: {'; '.join(one.changes)}.", "ours", (), "PLAN-5") for one in found)
