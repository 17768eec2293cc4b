"""Which resection the published limits leave: the sectors as printed, and patients whose operation is known."""

from __future__ import annotations

import attrs
import pytest

from enbloc.classification.extent import Extent
from enbloc.classification.sheet import classify
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.intake.clinical import Clinical
from enbloc.resection.families import enumerate_options
from enbloc.strategy.reaching.approach import choose_approach

NOBODY = Clinical()
ARCH = {10, 11, 12, 1, 2, 3}
BODY = {5, 6, 7, 8}


def families(extent: Extent) -> set[tuple[str, str | None]]:
    options, _ = enumerate_options(extent, classify(extent, NOBODY), NOBODY)
    return {(option.family, option.side) for option in options} - {("intralesional", None)}


def why_not(extent: Extent, family: str, side: str | None = None) -> set[str]:
    _, rejected = enumerate_options(extent, classify(extent, NOBODY), NOBODY)
    return {reason.rule for one in rejected if (one.family, one.side) == (family, side) for reason in one.because}


@pytest.mark.parametrize(
    ("sectors", "expected"),
    [
        ({4, 5, 6, 7, 8}, {("vertebrectomy", "right")}),
        ({5, 6, 7, 8, 9}, {("vertebrectomy", "left")}),
        (BODY, {("vertebrectomy", "right"), ("vertebrectomy", "left")}),
        ({2, 3, 4, 5}, {("sagittal_resection", "left")}),
        ({8, 9, 10, 11}, {("sagittal_resection", "right")}),
        ({4, 5}, {("sagittal_resection", "left"), ("vertebrectomy", "right")}),
        (ARCH, {("posterior_arch_resection", None)}),
        ({4, 5, 6, 7, 8, 9}, {("vertebrectomy", None)}),
        ({3, 4, 5, 6, 7}, {("vertebrectomy", "right")}),
        ({5, 6, 9, 10, 11}, {("vertebrectomy", "left")}),
        ({4, 5, 6, 11}, {("vertebrectomy", None)}),
        ({1, 2, 3, 4}, {("vertebrectomy", "right")}),
        ({2, 5, 6, 11}, set()),
        (set(range(1, 13)), set()),
    ],
)
def test_the_three_families_take_the_sectors_printed(typed, sectors, expected) -> None:
    assert families(typed(L2=(sectors, "BC"))) == expected


@pytest.mark.parametrize("sectors", [{4, 5, 6}, {2, 3, 4}, BODY, ARCH, {1, 2, 3, 4}, {3, 4, 5, 6, 7}])
def test_the_other_numbering_mirrors_the_sides_and_nothing_else(typed, sectors) -> None:
    other = {"left": "right", "right": "left", None: None}
    mirrored = families(typed(L2=({13 - s for s in sectors}, "BC")))
    assert mirrored == {(family, other[side]) for family, side in families(typed(L2=(sectors, "BC")))}


def test_every_rejection_names_its_rule(typed) -> None:
    both = typed(L2=({4, 5, 6, 7, 8, 9}, "BC"))
    assert {"FAM-2", "F10"} <= why_not(both, "sagittal_resection", "left")
    assert "FAM-1" in why_not(typed(L2=({1, 2, 3, 4}, "BC")), "vertebrectomy", "left")
    assert "F3" in why_not(typed(L2=({1, 2, 3, 4}, "BC")), "posterior_arch_resection")
    assert "F1" in why_not(typed(L2=(set(range(1, 13)), "BC")), "vertebrectomy", "left")
    assert "BOR-1" in why_not(typed(L2=(BODY, "BC")), "anterior_corpectomy")


def test_a_ring_opened_in_the_arch_tells_where_and_what_it_costs(typed) -> None:
    def rules(sectors: set[int], layers: str, where: str) -> set[str]:
        options, _ = enumerate_options(extent := typed(T8=(sectors, layers)), classify(extent, NOBODY), NOBODY)
        (option,) = [option for option in options if option.family == "vertebrectomy"]
        assert option.side is None
        assert any(f"opened in the arch, in sectors {where}." in reason.says for reason in option.because)
        return {reason.rule for reason in option.because}

    both, one = rules(set(range(3, 10)), "BC", "10-2"), rules({2, 5, 6, 7, 8, 9}, "BCD", "10-1")
    assert {"MOD-2", "F8", "F4"} <= both
    assert "F5b" not in both
    assert {"F8", "F4", "F5b"} <= one
    assert not {"MOD-2", "F2"} & one


def test_an_arch_that_is_open_is_the_condition_of_opening_it(typed) -> None:
    settled = typed(T8=({3, *BODY, 10}, "BC"))
    level = settled.levels["T8"]

    def conditions(*unsure: int) -> list[str]:
        opened = attrs.evolve(level, sectors={**level.sectors, **dict.fromkeys(unsure, Verdict.UNDECIDED)})
        options, _ = enumerate_options(
            extent := attrs.evolve(settled, levels={"T8": opened}), classify(extent, NOBODY), NOBODY
        )
        (option,) = [option for option in options if option.family == "vertebrectomy"]
        return [reason.says for reason in option.because if "condition" in reason.says]

    assert conditions() == conditions(2) == conditions(4) == []
    assert conditions(1) == ["On condition that sector 1 can be shown free; this is open."]


def test_the_anterior_family_takes_sectors_and_layers_as_printed(typed) -> None:
    assert ("anterior_corpectomy", None) in families(typed(L2=(BODY, "AB")))
    assert ("anterior_corpectomy", None) in families(typed(C4=({6, 7}, "B")))
    for sectors, layers in ((BODY, "BC"), ({4, *BODY}, "AB"), (BODY, "BD"), (BODY, "BE")):
        assert ("anterior_corpectomy", None) not in families(typed(L2=(sectors, layers)))


def test_an_artery_in_the_neck_is_kept_or_given_up_but_never_both(typed) -> None:
    def given_up(sectors, layers, level="C4"):
        options, _ = enumerate_options(extent := typed(**{level: (sectors, layers)}), classify(extent, NOBODY), NOBODY)
        return {option.gives_up for option in options if option.family != "intralesional"}

    assert given_up({2, 3, 4}, "BCF") == {("vertebral_artery_left",)}
    assert given_up({9, 10, 11}, "BCF") == {("vertebral_artery_right",)}
    assert given_up({2, 3, 4}, "BC") == {()}
    assert given_up({2, 3, 4}, "BC", "L3") == {()}
    settled = typed(C4=({2, 3, 4}, "BC"))
    opened = attrs.evolve(settled.levels["C4"], layers={**settled.levels["C4"].layers, "F": Verdict.UNDECIDED})
    options, _ = enumerate_options(
        extent := attrs.evolve(settled, levels={"C4": opened}), classify(extent, NOBODY), NOBODY
    )
    assert {o.gives_up for o in options if o.family == "sagittal_resection"} == {(), ("vertebral_artery_left",)}


@pytest.mark.parametrize(
    ("sectors", "base", "side"),
    [({2, 3, 4, 5}, "sagittal_resection", "left"), ({7, 8, 9}, "vertebrectomy", "right")],
)
def test_the_chest_wall_goes_with_as_much_body_as_is_held(typed, sectors, base, side) -> None:
    options, _ = enumerate_options(extent := typed(T7=(sectors, "ABC")), classify(extent, NOBODY), NOBODY)
    found = [(option.base, option.side) for option in options if option.family == "chest_wall_combined"]
    assert found == [(base, side)]
    assert not any(family == "chest_wall_combined" for family, _ in families(typed(T7=(sectors, "BC"))))
    assert not any(family == "chest_wall_combined" for family, _ in families(typed(L3=(sectors, "ABC"))))


def test_a_cervical_vertebrectomy_takes_body_and_bone_only(typed) -> None:
    assert families(typed(C4=(BODY, "BC"))) == {("vertebrectomy", "right"), ("vertebrectomy", "left")}
    assert "F9" in why_not(typed(C4=({4, *BODY}, "BC")), "vertebrectomy", "right")
    assert "F9" in why_not(typed(C4=(BODY, "BCD")), "vertebrectomy", "right")
    assert "REG-3" in why_not(typed(C4=(BODY, "BF")), "vertebrectomy", "left")


def test_epidural_tumour_costs_the_margin_at_the_dura(typed) -> None:
    options, _ = enumerate_options(extent := typed(L2=(ARCH, "BD")), classify(extent, NOBODY), NOBODY)
    arch = next(option for option in options if option.family == "posterior_arch_resection")
    assert ("F5", "verified") in {(reason.rule, reason.status) for reason in arch.because}
    options, _ = enumerate_options(extent := typed(L2=(BODY, "BD")), classify(extent, NOBODY), NOBODY)
    assert ("F5b", "ours") in {(reason.rule, reason.status) for reason in options[0].because}


def test_an_open_sector_keeps_the_option_and_becomes_its_condition(typed) -> None:
    settled = typed(L2=({5, 6}, "BC"))
    level = settled.levels["L2"]
    opened = attrs.evolve(level, sectors={**level.sectors, 9: Verdict.UNDECIDED})
    extent = attrs.evolve(settled, levels={"L2": opened})
    options, _ = enumerate_options(extent, classify(extent, NOBODY), NOBODY)
    by_side = {option.side: option for option in options if option.family == "vertebrectomy"}
    assert any("sector 9" in reason.says for reason in by_side["right"].because)
    assert not any("sector 9" in reason.says for reason in by_side["left"].because)
    assert "F2" not in {reason.rule for reason in by_side["right"].because}


def test_an_open_level_is_a_condition(typed) -> None:
    settled = typed(L2=({5, 6}, "BC"), L3=(set(), ""))
    level = settled.levels["L3"]
    opened = attrs.evolve(level, layers={**level.layers, "B": Verdict.UNDECIDED})
    extent = attrs.evolve(settled, source="measured", levels={**settled.levels, "L3": opened})
    options, _ = enumerate_options(extent, classify(extent, NOBODY), NOBODY)
    assert options[0].levels == ("L2",)
    assert any("On condition that L3" in reason.says for reason in options[0].because)


def test_too_many_levels_and_separate_tumours_are_rejected(typed) -> None:
    cell = ({5, 6}, "BC")
    six = typed(T5=cell, T6=cell, T7=cell, T8=cell, T9=cell, T10=cell)
    assert "RISK-26" in why_not(six, "vertebrectomy", "right")
    assert "MOD-12" in why_not(typed(T5=cell, T9=cell), "vertebrectomy", "right")
    four = typed(T5=cell, T6=cell, T7=cell, T8=cell)
    options, _ = enumerate_options(four, classify(four, NOBODY), NOBODY)
    assert "TES-1" in {reason.rule for reason in options[0].because}


@pytest.mark.parametrize(
    ("levels", "sectors", "expected"),
    [
        (("S1",), BODY, {("sacrectomy_total", None)}),
        (("S1", "S2"), {2, 3, 4}, {("sacrectomy_total", None), ("sacrectomy_partial", "left")}),
        (("S2",), BODY, {("sacrectomy_partial", None)}),
        (("S3", "S4"), {8, 9}, {("sacrectomy_partial", None), ("sacrectomy_partial", "right")}),
        (("L5", "S1"), BODY, {("sacrectomy_total", None)}),
    ],
)
def test_the_sacrum_has_its_own_families(typed, levels, sectors, expected) -> None:
    extent = typed(**dict.fromkeys(levels, (sectors, "BC")))
    assert families(extent) == expected
    _, rejected = enumerate_options(extent, classify(extent, NOBODY), NOBODY)
    assert {"vertebrectomy", "sagittal_resection", "posterior_arch_resection"} <= {one.family for one in rejected}
    assert {"sacrectomy_total", "sacrectomy_partial"} <= {
        *(one.family for one in rejected),
        *(family for family, _ in expected),
    }


def test_removal_in_pieces_is_always_there(typed) -> None:
    for extent in (typed(L2=(BODY, "BC")), typed(S1=(BODY, "BC")), typed(L2=(set(range(1, 13)), "ABCDE"))):
        options, _ = enumerate_options(extent, classify(extent, NOBODY), NOBODY)
        assert options[-1].family == "intralesional"


@pytest.mark.parametrize(
    ("level", "sectors", "layers", "family", "steps"),
    [
        pytest.param("C4", BODY, "BC", "vertebrectomy", ("posterior", "anterior"), id="C094 chordoma of C4"),
        pytest.param("L5", {2, 3, 4, 5}, "BC", "sagittal_resection", ("posterior",), id="C185 chondrosarcoma of L5"),
        pytest.param("T11", BODY, "BCD", "vertebrectomy", ("posterior",), id="C164 giant cell tumour of T11"),
        pytest.param("C6", ARCH, "BCD", "posterior_arch_resection", None, id="C219 metastasis of C6"),
        pytest.param("L3", {10, 11}, "BC", "posterior_arch_resection", ("posterior",), id="C121 osteoblastoma of L3"),
    ],
)
def test_what_was_done_is_among_the_options(typed, level, sectors, layers, family, steps) -> None:
    """Patients of the literature whose sectors, layers, operation and (where given) approach are stated or clear."""
    extent = typed(**{level: (sectors, layers)})
    options, _ = enumerate_options(extent, classify(extent, NOBODY), NOBODY)
    mine = [option for option in options if option.family == family]
    assert mine
    if steps:
        assert choose_approach(extent, NOBODY, mine[0], ()).steps == steps
