"""The words of surgery, each with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs


@attrs.frozen
class Term:
    """A word of the program and what it means."""

    word: str
    says: str


FAMILIES: tuple[Term, ...] = (
    Term(
        "vertebrectomy", "The vertebral body leaves in one piece; the ring is opened through the free pedicle and arch."
    ),
    Term("sagittal_resection", "One side of the vertebra leaves in one piece, cut off by a plane along the midline."),
    Term("posterior_arch_resection", "The arch leaves in one piece, both pedicles being cut."),
    Term("anterior_corpectomy", "The front of the body leaves from the front; the posterior wall stays."),
    Term("sacrectomy_total", "The whole sacrum leaves in one piece."),
    Term("sacrectomy_partial", "The sacrum below a transverse cut, or one side of it, leaves in one piece."),
    Term(
        "chest_wall_combined", "Ribs, chest wall or lung leave in one piece with the part of the spine they hold on to."
    ),
    Term(
        "intralesional",
        "The tumour is entered and removed in pieces; curettage, debulking and separation surgery count.",
    ),
    Term("none", "No resection."),
)

CUT_KINDS: tuple[Term, ...] = (
    Term("osteotomy", "A cut through bone."),
    Term("discectomy", "A cut through a disc, between two end plates."),
    Term("soft_tissue", "A dissection through soft tissue, outside the tumour and its cuff."),
)

ACTIONS: tuple[Term, ...] = (
    Term("cut", "The structure is divided and given up."),
    Term("keep", "The structure stays and is protected."),
    Term("skeletonise", "The structure is freed all round and stays."),
    Term("resect", "A piece of the structure leaves with the specimen."),
)

MARGINS: tuple[Term, ...] = (
    Term("wide", "A continuous shell of healthy tissue surrounds the tumour and its reactive zone."),
    Term("marginal", "The plane runs along the pseudocapsule or reactive zone without entering it."),
    Term("intralesional", "The tumour was entered, wherever and however little."),
)

APPROACHES: tuple[Term, ...] = (
    Term("posterior", "From behind."),
    Term("anterior", "From the front or the side, with the side of entry where there is one."),
    Term("simultaneous", "From the front and from behind in one position, both fields open at once."),
)

SURGERY: Mapping[str, tuple[Term, ...]] = MappingProxyType(
    {"family": FAMILIES, "cut": CUT_KINDS, "action": ACTIONS, "margin": MARGINS, "approach": APPROACHES}
)
"""The lists by kind, as `enbloc terms KIND` names them."""
