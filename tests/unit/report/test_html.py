"""The page: self-contained, escaped, well formed, accessible, and the same twice."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib import resources
from itertools import pairwise
from typing import get_args

import attrs
import pytest

from enbloc.anatomy.scene import Scene
from enbloc.classification.extent import Extent
from enbloc.foundation.evidence.bibliography import Source
from enbloc.foundation.evidence.reasons import Status
from enbloc.intake.case import Problem
from enbloc.report.compose import compose
from enbloc.report.document import ReportInput
from enbloc.report.drawing.pictures import Pictures, draw_pictures
from enbloc.report.html import BADGES, render_report
from enbloc.report.language import Language, in_language
from enbloc.resection.plans import Plan

Citations = dict[str, Source]
VOID = {"meta", "br", "link", "img", "hr", "input"}
DRAWN = {"path", "rect", "circle", "image"}


class Page(HTMLParser):
    """Tags opened and closed in order, attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.faults: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += data


@pytest.fixture(scope="module")
def full(walked: ReportInput, citations: Citations, scene: Scene, extent: Extent, plan: Plan) -> str:
    return render_report(compose(walked, citations), draw_pictures(scene, extent, plan))


def test_the_page_is_well_formed_and_its_links_resolve(full: str) -> None:
    page = Page(full)
    assert page.faults == [] and page.open == []
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    links = [a["href"] for tag, a in page.tags if tag == "a"]
    assert links and all(link is not None and link[1:] in ids for link in links)


def test_nothing_comes_from_outside(full: str) -> None:
    page = Page(full)
    assert not {"link", "iframe", "object"} & {tag for tag, _ in page.tags}
    for _, found in page.tags:
        for name in ("src", "href", "action"):
            value = found.get(name)
            assert value is None or value.startswith(("#", "data:image/png;base64,", "data:image/jpeg;base64,"))
    assert "@import" not in full and "url(http" not in full
    assert set(re.findall(r"https?://[^\s\"'<\\]+", full)) == {"http://www.w3.org/2000/svg"}


def test_the_one_script_is_ours_and_no_other_may_run(full: str) -> None:
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", full, flags=re.DOTALL)
    run = [content for kind, content in scripts if "application/json" not in kind]
    assert run == [resources.files("enbloc.report").joinpath("viewer.js").read_text(encoding="utf-8")]
    digest = base64.b64encode(hashlib.sha256(run[0].encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in full
    for kind, content in scripts:
        if "application/json" in kind:
            assert "<" not in content and json.loads(content)


def test_what_the_catalogue_cannot_say_is_marked_as_english(walked: ReportInput, citations: Citations) -> None:
    foreign = Language("zh", "zh-Hans", lambda words: "计划" if words.startswith("Plan") else words)
    page = render_report(in_language(compose(walked, citations), foreign), Pictures(), foreign)
    assert '<html lang="zh-Hans">' in page
    assert '<span lang="en" class="foreign">Intralesional resection with radiotherapy</span>' in page
    assert '<span lang="en" class="foreign">IB' not in page, "a code is the same in every language"


def test_twice_the_same_bytes(full: str, walked: ReportInput, citations: Citations, scene: Scene, plan: Plan) -> None:
    assert render_report(compose(walked, citations), draw_pictures(scene, walked.extent, plan)) == full


def test_everything_that_should_be_said_is_there(full: str) -> None:
    text = Page(full).text
    for words in (
        "En bloc resection is right for this tumour", "Decision support", "Vertebrectomy of L3", "cranial cut",
        "(10.5, −9.6, 66.0)", "possible name, not confirmed", "Source to be confirmed", "Posterior arch resection",
        "Intralesional resection with radiotherapy", "the patient's left is at image right", "two separate pieces",
        "SOSG numbering", "abababab", "Quadriceps weakness", "modelled", "MOD-9",
    ):  # fmt: skip
        assert words.lower() in text.lower(), words
    assert "A Secret Title" not in full


def test_pictures_have_words(full: str) -> None:
    figures = re.findall(r"<figure>(.*?)</figure>", full, flags=re.DOTALL)
    assert len(figures) == 14
    for figure in figures:
        assert 'role="img"' in figure and "<title>" in figure and "<desc>" in figure and "<figcaption>" in figure


def test_headings_do_not_jump(full: str) -> None:
    levels = [int(tag[1]) for tag, _ in Page(full).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))


def test_what_comes_from_outside_is_escaped(
    stopped: ReportInput, citations: Citations, plan: Plan, scene: Scene
) -> None:
    evil = "<script>alert(1)</script>"
    assert evil not in render_report(compose(stopped, citations), Pictures())
    assert "&lt;script&gt;alert(1)" in render_report(compose(stopped, citations), Pictures())
    cut = attrs.evolve(plan.cuts[2], id=evil, crosses=(evil,), because=(evil,))
    walked = attrs.evolve(
        stopped, plans=(attrs.evolve(plan, cuts=(cut,), id=evil),), problems=(Problem("doubt", evil, evil, evil),)
    )
    page = render_report(compose(walked, citations), draw_pictures(scene, None, walked.plans[0]))
    assert evil not in page and "<script>alert" not in page
    assert Page(page).faults == []


def test_typed_case_has_no_slices_and_all_else(
    typed_walked: ReportInput, typed_extent: Extent, citations: Citations
) -> None:
    page = render_report(compose(typed_walked, citations), draw_pictures(None, typed_extent, None))
    assert 'class="slice"' not in page and 'class="wbb"' in page
    assert "C4 sectors 5–8, layers B, C" in Page(page).text


def test_stopped_case_shows_the_problem_and_no_plan(stopped: ReportInput, citations: Citations) -> None:
    page = Page(render_report(compose(stopped, citations), Pictures()))
    assert "Stopped" in page.text and "The tumour is empty." in page.text and "Draw it again." in page.text
    assert "Best plan" not in page.text and page.faults == []


def test_every_status_has_a_badge_and_stands_in_the_legend(full: str) -> None:
    assert set(BADGES) == set(get_args(Status))
    legend = full[full.index('id="legend"') :]
    assert all(f">{badge.word}</span>" in legend for badge in BADGES.values())


def test_a_status_of_unusual_wording_is_still_shown(walked: ReportInput, plan: Plan, citations: Citations) -> None:
    odd = "verified (imaging); ours (reading)"
    margin = attrs.evolve(plan.margins[0], barrier_status=odd)
    page = render_report(
        compose(attrs.evolve(walked, plans=(attrs.evolve(plan, margins=(margin,)),)), citations), Pictures()
    )
    assert f'<span class="badge plain">{odd}</span>' in page


def luminance(colour: str) -> float:
    shares = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("text", "ground"),
    [(t, g) for t in ("ink", "quiet", "accent", "no") for g in ("paper", "ground")]
    + [("yes", "yes-pale"), ("mind", "mind-pale"), ("no", "no-pale"), ("open", "open-pale"), ("quiet", "mind-pale")],
)
def test_contrast_is_aa(text: str, ground: str) -> None:
    css = resources.files("enbloc.report").joinpath("report.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))
    assert contrast(colours[text], colours[ground]) >= 4.5
