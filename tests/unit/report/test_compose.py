"""What the report says, and in which order."""

from __future__ import annotations

from typing import Literal

import attrs
import pytest

from enbloc.classification.extent import Extent
from enbloc.foundation.evidence.bibliography import Source
from enbloc.foundation.evidence.classifications import Because, Classification, Sheet
from enbloc.foundation.evidence.estimates import Estimate, Unknown
from enbloc.foundation.evidence.reasons import Reason
from enbloc.foundation.evidence.verdicts import Verdict
from enbloc.report.compose import compose, wbb_words
from enbloc.report.document import Document, ReportInput
from enbloc.report.plan_pages import compose_plan
from enbloc.resection.plans import Delivery, Plan

Citations = dict[str, Source]


@pytest.fixture
def document(walked: ReportInput, citations: Citations) -> Document:
    return compose(walked, citations)


def test_page_one_answers_the_first_questions(document: Document) -> None:
    page = document.headline
    assert (page.answer, page.answer_words) == ("yes", "En bloc resection is right for this tumour")
    assert page.plan_label == "Best plan"
    assert page.plan_sentence == (
        "Vertebrectomy of L3 through the right pedicle: anterior left, then posterior approach, two sessions."
    )
    assert "0.8\N{NO-BREAK SPACE}mm (0.0 to 1.8) at the dura" in page.plan_outcome
    assert "marginal; not Enneking appropriate" in page.plan_outcome
    assert {fact.name: fact.value for fact in page.who}["Levels"] == "L3"


def test_dangers_begin_with_the_narrow_margin_and_carry_their_status(document: Document) -> None:
    dangers = document.headline.dangers
    assert dangers[0].says == "Marginal at the dura (0.8 mm)."
    assert [note.status for note in dangers] == ["measured", "verified", "verified", "unverified/medium"]
    assert "left L3 nerve root cut: quadriceps weakness" in dangers[1].says.lower().replace("l3", "L3")
    assert not any("L4" in note.says for note in dangers), "a root that is kept is no danger"


def test_what_is_unknown_is_listed_with_what_would_settle_it(document: Document) -> None:
    unknown = " ".join(document.headline.unknown)
    for words in (
        "whether the dura is infiltrated",
        "margin at the aorta was not measured",
        "brought out past the cord",
    ):
        assert words in unknown
    assert "Tomita type (4 or 5) would be settled by: MRI of the epidural space at L3." in document.headline.unknown


def test_plans_stand_by_rank_whatever_their_order(document: Document) -> None:
    assert [page.rank for page in document.plans] == [1, 2]
    rows = {row.name: row.values for row in document.comparison}
    assert rows["Sessions"] == ("two sessions", "one session")
    assert rows["Bone lost"][1] == "–"
    assert rows["Every cut stays out of tumour, freehand"] == ("–", "under 1 %")


def test_the_least_margin_is_marked_once(document: Document) -> None:
    margins = document.plans[0].margins
    assert [m.interface for m in margins if m.is_least] == ["dura"]
    unmeasured = margins[-1]
    assert unmeasured.least.startswith("not measured") and unmeasured.enneking == "cannot be said"
    assert not any(c.isdigit() for c in unmeasured.least + unmeasured.where)


def test_low_confidence_is_never_a_fact(document: Document) -> None:
    because = document.plans[0].because
    assert because[-1].says.startswith("Possible name, not confirmed: ")
    assert all(note.status != "unverified/low" for note in because[:-1])
    boriani = next(line for line in document.classifications if line.system == "boriani")
    assert boriani.certainty == "unconfirmed" and "possible name, not confirmed" in boriani.answer


def test_certainty_of_each_class(document: Document) -> None:
    lines = {line.system: line for line in document.classifications}
    assert (lines["enneking"].answer, lines["enneking"].certainty) == ("IB", "settled")
    assert (lines["tomita"].answer, lines["tomita"].certainty_words) == ("4 or 5", "2 still possible")
    assert (lines["sins"].answer, lines["sins"].certainty) == ("7 to 10 points: indeterminate", "open")
    assert [(f.name, f.value) for f in lines["sins"].items] == [("location", "2"), ("pain", "1 to 3")]
    assert lines["sacral"].certainty == "not applicable"
    assert lines["wbb"].answer == "L3 sectors 4–6, layers A, B, C, undecided: sector 7 and layer D (SOSG numbering)"


def test_wbb_of_a_typed_extent(typed_extent: Extent) -> None:
    assert wbb_words(typed_extent) == "C4 sectors 5–8, layers B, C (SOSG numbering)"


def test_sources_are_numbered_as_met_and_unconfirmed_ones_keep_their_title_back(document: Document) -> None:
    assert [s.number for s in document.sources] == list(range(1, len(document.sources) + 1))
    assert document.sources[0].key == "fisher2011"
    nobody = next(s for s in document.sources if s.key == "nobody")
    assert (nobody.checked, nobody.text) == ("no", "source to be confirmed")
    missing = next(s for s in document.sources if s.key == "boriani2018")
    assert missing.checked == "no", "a key that the bibliography does not hold"
    artery = document.plans[0].sacrifices[1]
    assert artery.consequence.source_open and not document.plans[0].sacrifices[0].consequence.source_open


def test_a_reason_without_a_confirmed_source_does_not_lead(walked: ReportInput, citations: Citations) -> None:
    assert walked.indication is not None
    weak = Reason("Weak.", "verified", ("nobody",))
    indication = attrs.evolve(walked.indication, because=(weak, *walked.indication.because))
    page = compose(attrs.evolve(walked, indication=indication), citations).headline
    assert all(note.says != "Weak." for note in page.reasons)


def test_problems_come_worst_first(document: Document) -> None:
    assert [p.grade for p in document.problems] == ["doubt", "note"]


@pytest.mark.parametrize(("answer", "label"), [("no", "What the anatomy would allow"), ("conditional", "Best plan")])
def test_a_plan_is_not_called_best_when_en_bloc_is_wrong(
    walked: ReportInput, citations: Citations, answer: Literal["no", "conditional"], label: str
) -> None:
    assert walked.indication is not None
    indication = attrs.evolve(walked.indication, en_bloc=answer)
    assert compose(attrs.evolve(walked, indication=indication), citations).headline.plan_label == label


def test_nothing_stated_is_said_to_be_so(typed_walked: ReportInput, citations: Citations) -> None:
    who = {fact.name: fact.value for fact in compose(typed_walked, citations).headline.who}
    assert who["Histology"] == "not stated, grade not stated (biopsy not stated)"
    assert who["Spread"] == "metastases not stated"
    assert who["Patient"] == "age and sex not stated"


def test_stopped_case(stopped: ReportInput, citations: Citations) -> None:
    document = compose(stopped, citations)
    assert document.headline.answer == "stopped"
    assert document.headline.plan_sentence == "No plan was made."
    assert [p.says for p in document.problems] == ["The tumour is empty."]
    assert document.plans == () and document.classifications == () and document.sources == ()


def test_many_dangers_are_cut_short_and_counted(walked: ReportInput, plan: Plan, citations: Citations) -> None:
    first = plan.sacrifices[0]
    many = attrs.evolve(plan, sacrifices=tuple(attrs.evolve(first, consequence=f"loss {n}") for n in range(9)))
    page = compose(attrs.evolve(walked, plans=(many,)), citations).headline
    assert len(page.dangers) < 10 and len(page.dangers) + page.dangers_left_out_n == 10


def test_structures_with_one_consequence_share_a_line(walked: ReportInput, plan: Plan, citations: Citations) -> None:
    left = plan.sacrifices[0]
    both = attrs.evolve(plan, sacrifices=(left, attrs.evolve(left, structure="nerve_root_L3_right")))
    dangers = compose(attrs.evolve(walked, plans=(both,)), citations).headline.dangers
    assert dangers[1].says.startswith("Left L3 nerve root and right L3 nerve root cut: quadriceps weakness")


def test_when_no_en_bloc_fits_page_one_says_why(
    walked: ReportInput, second_plan: Plan, plan: Plan, citations: Citations
) -> None:
    page = compose(attrs.evolve(walked, plans=(second_plan,)), citations).headline
    assert page.plan_label == "No en bloc resection was found to fit; what remains"
    assert [note.says for note in page.why_not] == [
        "Posterior arch resection: The tumour reaches the body (sectors 5-6).",
        "Sagittal resection, left: Sector 6 lies outside 2-5.",
    ]
    assert compose(attrs.evolve(walked, plans=(plan,)), citations).headline.why_not == ()


def test_two_vertebrectomies_are_told_apart(walked: ReportInput, plan: Plan, citations: Citations) -> None:
    other = attrs.evolve(plan, id="p3", rank=2, side="left")
    titles = [page.title for page in compose(attrs.evolve(walked, plans=(plan, other)), citations).plans]
    assert titles == ["Vertebrectomy of L3 through the right pedicle", "Vertebrectomy of L3 through the left pedicle"]


def test_a_long_list_of_categories_is_counted_on_page_one(walked: ReportInput, citations: Citations) -> None:
    assert walked.sheet is not None
    tomita = attrs.evolve(walked.sheet.answers["tomita"], possible=("2", "3", "4", "5"))
    sheet = Sheet({"tomita": tomita})
    (line,) = compose(attrs.evolve(walked, sheet=sheet), citations).classifications
    assert (line.answer, line.brief) == ("2, 3, 4 or 5", "2, 3, 4 or 5")
    zones = attrs.evolve(tomita, possible=tuple(f"I+II+III-{letter}" for letter in "ABCDEF"))
    (line,) = compose(attrs.evolve(walked, sheet=Sheet({"tomita": zones})), citations).classifications
    assert (line.brief, line.certainty_words) == ("open", "6 still possible")


def test_a_finding_is_not_said_twice_and_its_rules_once(walked: ReportInput, citations: Citations) -> None:
    because = Because(
        "a", Verdict.MET, Unknown("stated: The grade is low."), "The grade is low.", "stated", (), "A, B, A"
    )
    sheet = Sheet({"enneking": Classification("enneking", ("IB",), because=(because,))})
    (line,) = compose(attrs.evolve(walked, sheet=sheet), citations).classifications
    assert line.findings[0].measured == "stated"
    assert line.findings[0].note.rule == "A, B"


def test_one_finding_for_several_criteria_is_shown_once(walked: ReportInput, citations: Citations) -> None:
    first = Because("a", Verdict.MET, Unknown("stated"), "The same.", "verified", ("fisher2011",), "A")
    again = attrs.evolve(first, criterion="b", cites=("boriani1998",), rule="B")
    other = attrs.evolve(first, criterion="c", verdict=Verdict.UNMET)
    sheet = Sheet({"tnm": Classification("tnm", ("T1",), because=(first, again, other))})
    (line,) = compose(attrs.evolve(walked, sheet=sheet), citations).classifications
    notes = [finding.note for finding in line.findings]
    assert [(note.cites, note.rule) for note in notes] == [
        (("fisher2011", "boriani1998"), "A, B"),
        (("fisher2011",), "A"),
    ]


def test_a_plan_that_was_not_placed_promises_no_margin(walked: ReportInput, plan: Plan, citations: Citations) -> None:
    bare = attrs.evolve(plan, cuts=(), margins=(), margin=None, enneking_appropriate=None, geometry=None, approach=())
    (page,) = compose(attrs.evolve(walked, plans=(bare,)), citations).plans
    assert page.outcome == "The margin cannot be said."
    assert {fact.name: fact.value for fact in page.facts}["Approach"] == "not worked out"


def test_the_way_out_is_a_fact_and_what_holds_it_stays_open(plan: Plan) -> None:
    held = (Reason("No way was found.", "ours", (), "DEL-2"), Reason("The sac holds it.", "measured", (), "DEL-2"))
    unknown = Delivery("unknown", None, held, Unknown("no way"), ())
    page = compose_plan(attrs.evolve(plan, delivery=unknown), {})
    assert ("Way out past the cord", "not known") in [(fact.name, fact.value) for fact in page.facts]
    assert "Can the specimen be brought out past the cord: No way was found. The sac holds it." in page.unknown
    assert {"No way was found.", "The sac holds it."} <= {note.says for note in page.because}
    way = Delivery("yes", "90 mm dorsally", (), Estimate(1.2, 0.2, 2.2, "mm"), ())
    page = compose_plan(attrs.evolve(plan, delivery=way), {})
    (fact,) = [fact for fact in page.facts if fact.name == "Way out past the cord"]
    assert fact.value.startswith("90 mm dorsally; least clearance 1.2")
    assert not any("past the cord" in words for words in page.unknown)
