"""A plan's margin in the words of the primary tumour registry, beside Enneking's.

The registry has five words. Which word a plan gets follows from the margins at its interfaces; the mapping is the
project's own, since the registry's forms were not read.
"""

from __future__ import annotations

from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.terms.structures import structure_words
from enbloc.resection.plans import Margin, RegistryWord

DURA = "dura"


def registry_word(margins: tuple[Margin, ...], declared: frozenset[str]) -> tuple[RegistryWord, Reason] | None:
    """The registry's word for the margins of a specimen, and why; None when a margin has no word.

    Parameters
    ----------
    margins : tuple of Margin
        Every interface.
    declared : frozenset of str
        Interfaces at which the plan says beforehand that tumour is entered or may be.
    """
    if not margins or any(margin.enneking is None for margin in margins):
        return None
    entered = [margin.interface for margin in margins if margin.enneking == "intralesional"]
    touching = [margin.interface for margin in margins if margin.enneking == "marginal"]
    if entered and set(entered) <= declared:
        return "intralesional with planned focal transgression", _because(f"entered as planned at {_list(entered)}")
    if entered:
        return "intralesional", _because(f"tumour is entered at {_list(entered)}")
    if not touching:
        return "wide", _because("healthy tissue lies between at every interface")
    if touching == [DURA]:
        return "wide with marginal at dura", _because("healthy tissue lies between everywhere but at the dura")
    return "marginal", _because(f"tumour reaches {_list(touching)}")


def _list(interfaces: list[str]) -> str:
    return ", ".join(structure_words(interface) for interface in interfaces)


def _because(says: str) -> Reason:
    return Reason(f"In the registry's words: {says}. The mapping to these words is ours.", "ours")
