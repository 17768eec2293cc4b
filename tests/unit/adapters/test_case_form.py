"""case.toml: strict keys and types, every mistake at once with its path, and the ways to write an extent."""

from __future__ import annotations

import tomllib

import pytest

from enbloc.adapters.files.case.case_form import read_form
from enbloc.adapters.files.case.case_values import WrongValueError, read_layers, read_sectors
from enbloc.errors import CaseError

TYPED = '[case]\nid = "a"\n[extent.levels.L3]\nsectors = "4-8"\nlayers = "BC"\n'


def refuse(text: str) -> str:
    with pytest.raises(CaseError) as refused:
        read_form(tomllib.loads(text))
    assert refused.value.where == "case.toml"
    return refused.value.says


def test_a_typed_case_is_complete() -> None:
    form = read_form(tomllib.loads(TYPED))
    assert form.typed_extent["L3"].sectors == {4, 5, 6, 7, 8}
    assert form.typed_extent["L3"].layers == {"B", "C"}
    assert form.clinical.age_years is None


def test_every_mistake_is_told_at_once_with_its_path() -> None:
    says = refuse(
        '[case]\nid = 7\nside_convention = "radiological"\n[imges]\nct = "a"\n'
        '[[labels]]\nfile = "a.nii.gz"\nscheme = "totalsegmentor"\n[[labels]]\nstructure = "tumor"\n'
        '[clinical]\nage_yeers = 5\nage_years = "old"\nbiopsy_confirmed = "yes"\necog = 1.5\nhistology = "cordoma"\n'
        '[extent.levels.Q3]\nsectors = "4"\nlayers = "B"\n[extent.levels.L3]\nsectors = "4-13"\nlayers = "BX"\n'
    )
    for expected in (
        "case.id:",
        "case.side_convention:",
        "imges: there is no such key; did you mean 'images'?",
        "labels[1].scheme: 'totalsegmentor' is not one of",
        "did you mean 'totalsegmentator'?",
        "labels[2].file: it is missing",
        "clinical.age_yeers: there is no such key; did you mean 'age_years'?",
        "clinical.age_years:",
        "clinical.biopsy_confirmed:",
        "clinical.ecog:",
        "clinical.histology: 'cordoma'",
        "chordoma",
        "extent.levels.Q3:",
        "extent.levels.L3.sectors:",
        "extent.levels.L3.layers:",
    ):
        assert expected in says


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "case.id: it is missing"),
        ('[case]\nid = "a"\n', "neither labels nor an extent"),
        ('[case]\nid = "../a"\n' + TYPED[16:], "case.id"),
        ('case = "a"\n', "it must be a table"),
        ('labels = "a"\n' + TYPED, "[[labels]]"),
        ('[case]\nid = "a"\n[[labels]]\nfile = "a.nii.gz"\n', "say what the file holds"),
        ('[case]\nid = "a"\n[[labels]]\nfile = "a.nii.gz"\nscheme = "custom"\n', 'scheme "custom" needs it'),
        ('[case]\nid = "a"\n[[labels]]\nfile = "a"\nscheme = "verse"\nstructure = "aorta"\n', "leave out"),
        (
            '[case]\nid = "a"\n[[labels]]\nfile = "a"\nscheme = "custom"\nmap = { "" = "tumour" }\n',
            "map label numbers",
        ),
        ('[case]\nid = "a"\n[[labels]]\nfile = "a"\nscheme = "custom"\nmap = { 1 = "tumr" }\n', "tumour"),
        ('[case]\nid = "a"\n[[labels]]\nfile = "a"\nstructure = "aorte"\n', "Nearest words: aorta"),
        ('[case]\nid = "a"\n[extent]\nnumbering = "sosg"\n', "names no level"),
        ('[case]\nid = "a"\n[extent]\nnumbering = "clockwise"\n', "extent.numbering"),
        ('[case]\nid = "a"\n[extent.levels.L3]\nsectors = "4"\n', "extent.levels.L3.layers: it is missing"),
        (TYPED + "[clinical]\nage_years = nan\n", "clinical.age_years"),
        (TYPED + "[clinical]\nprior_surgery = 1\n", "clinical.prior_surgery"),
        (TYPED + '[clinical]\nneurology = "F"\n', "clinical.neurology"),
    ],
)
def test_what_cannot_be_is_refused(text: str, word: str) -> None:
    assert word in refuse(text)


def test_unknown_means_not_stated_and_is_never_false_or_zero() -> None:
    facts = "\n".join(f'{key} = "unknown"' for key in ("age_years", "dura_infiltrated", "ecog", "sex", "histology"))
    clinical = read_form(tomllib.loads(f"{TYPED}[clinical]\n{facts}\n")).clinical
    assert (clinical.age_years, clinical.dura_infiltrated, clinical.ecog, clinical.sex) == (None, None, None, None)
    assert clinical.histology is None


def test_words_are_read_into_the_list() -> None:
    text = TYPED + '[clinical]\nhistology = "Giant cell tumor"\n[[labels]]\nfile = "t.nii"\nstructure = "GTV"\n'
    form = read_form(tomllib.loads(text))
    assert form.clinical.histology == "giant_cell_tumour"
    assert form.labels[0].structure == "tumour"


@pytest.mark.parametrize(
    ("written", "sectors"),
    [
        ("4-8", {4, 5, 6, 7, 8}),
        ("10-3", {10, 11, 12, 1, 2, 3}),
        ("12-1", {12, 1}),
        ("1, 4-6", {1, 4, 5, 6}),
        ("7", {7}),
        (7, {7}),
        ([4, 5], {4, 5}),
        (["4-5", 9], {4, 5, 9}),
        ("1-12", set(range(1, 13))),
    ],
)
def test_sectors_as_people_write_them(written: object, sectors: set[int]) -> None:
    assert read_sectors(written) == sectors


@pytest.mark.parametrize("written", ["", "0", "13", "a-b", "4-", [], [True], 4.5, {}, "4--8"])
def test_sectors_that_are_none(written: object) -> None:
    with pytest.raises(WrongValueError):
        read_sectors(written)


@pytest.mark.parametrize(
    ("written", "layers"), [("BC", "BC"), ("b, c", "BC"), (["A", "D"], "AD"), ("B-D", "BCD"), ("ABCDEF", "ABCDEF")]
)
def test_layers_as_people_write_them(written: object, layers: str) -> None:
    assert read_layers(written) == set(layers)


@pytest.mark.parametrize("written", ["", "G", "B1", [], 3, "D-B"])
def test_layers_that_are_none(written: object) -> None:
    with pytest.raises(WrongValueError):
        read_layers(written)


@pytest.mark.parametrize(("original", "sosg"), [("4-8", "5-9"), ("1", "12"), ("10-3", "10-3"), ("1-6", "7-12")])
def test_the_original_numbering_runs_the_other_way(original: str, sosg: str) -> None:
    text = (
        f'[case]\nid = "a"\n[extent]\nnumbering = "original"\n[extent.levels.L3]\nsectors = "{original}"\nlayers = "B"'
    )
    assert read_form(tomllib.loads(text)).typed_extent["L3"].sectors == read_sectors(sosg)


def test_findings_are_read_as_people_write_them() -> None:
    findings = '[findings]\ncanal = "unmet"\nlytic = true\nskip = "undecided"\ncollapse = 0.3\n'
    form = read_form(tomllib.loads(TYPED + findings))
    assert {name: getattr(value, "value", value) for name, value in form.stated_findings.items()} == {
        "canal": "unmet",
        "lytic": "met",
        "skip": "undecided",
        "collapse": 0.3,
    }


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ('cannal = "met"', "'canal'"),
        ('canal = "perhaps"', '"undecided"'),
        ("canal = 0.4", "findings.canal"),
        ("collapse = 1.4", "0 to 1"),
        ("collapse = nan", "findings.collapse"),
        ('zzz = "met"', "enbloc terms findings"),
    ],
)
def test_a_finding_that_is_none_is_refused_with_the_nearest(line: str, word: str) -> None:
    assert word in refuse(f"{TYPED}[findings]\n{line}\n")
