"""The report in a real browser: it opens, moves, can be worked by keyboard, and fits a phone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

VIEWS = "[...document.querySelectorAll('[data-above]')].map((e) => [e.dataset.from, e.dataset.above])"
DRAWN = "document.querySelector('#scene3d canvas').dataset.drawn > {n}"
PAGES = ("6-report.html", "6-report-zh.html")


@pytest.fixture
def page(browser: Any, demo_run: Path) -> Iterator[Any]:
    browser.open(demo_run / PAGES[0])
    browser.wait(DRAWN.format(n=0))
    yield browser
    assert browser.errors == []


def near(picture: np.ndarray, red: int, green: int, blue: int, within: int = 60) -> int:
    """How many pixels have about that colour."""
    return int((np.abs(picture.astype(int) - [red, green, blue]).max(axis=2) < within).sum())


def scene_of(page: Any) -> np.ndarray:
    count = page.run("Number(document.querySelector('#scene3d canvas').dataset.drawn)")
    time.sleep(0.12)
    assert page.run("Number(document.querySelector('#scene3d canvas').dataset.drawn)") >= count
    return page.picture("#scene3d canvas")


def redrawn(page: Any, script: str) -> np.ndarray:
    before = page.run("Number(document.querySelector('#scene3d canvas').dataset.drawn)")
    page.run(script)
    page.wait(DRAWN.format(n=before))
    return scene_of(page)


def tick(page: Any, name: str) -> str:
    """The script that ticks or unticks a part of the scene by its name."""
    return (
        f"[...document.querySelectorAll('#scene3d label')].find((l) => l.textContent.trim() === {name!r})"
        ".querySelector('input').click()"
    )


def test_the_scene_is_drawn_and_its_parts_can_be_hidden(page: Any) -> None:
    whole = scene_of(page)
    assert near(whole, 225, 215, 190, 45) > 3000, "bone"
    bare = redrawn(page, tick(page, "bone that stays"))
    assert near(bare, 225, 215, 190, 45) < 0.3 * near(whole, 225, 215, 190, 45)
    redrawn(page, tick(page, "specimen"))
    tumour = redrawn(page, "document.querySelector('[data-cuts]').value = 0, "
                     "document.querySelector('[data-cuts]').dispatchEvent(new Event('input'))")  # fmt: skip
    assert near(tumour, 190, 85, 0, 65) > 500, "the tumour stands free"
    gone = redrawn(page, tick(page, "tumour"))
    assert near(gone, 190, 85, 0, 65) < 50


def test_left_is_at_image_right_from_in_front_and_at_image_left_from_behind(page: Any) -> None:
    """The demonstration's tumour lies in the left half of L3: seen from in front it stands right of the cord."""
    page.run("[...document.querySelectorAll('[data-part]')].filter((e) => e.checked).forEach((e) => e.click())")
    page.run("document.querySelector('[data-cuts]').value = 0")
    page.run("document.querySelector('[data-cuts]').dispatchEvent(new Event('input'))")
    for name in ("tumour", "canal"):
        page.run(tick(page, name))
    for from_deg, sign in ((0, 1.0), (180, -1.0)):
        shown = redrawn(page, f"document.querySelector('[data-from=\"{from_deg}\"]').click()").astype(int)
        tumour = np.nonzero((shown[:, :, 0] - shown[:, :, 2] > 80) & (shown[:, :, 0] > 120))[1]
        canal = np.nonzero((shown[:, :, 2] - shown[:, :, 0] > 40) & (shown[:, :, 2] > 150))[1]
        assert len(tumour) > 300 and len(canal) > 300
        assert sign * (tumour.mean() - canal.mean()) > 10
        letters = {
            side: float(page.run(f"document.querySelector('.letters [data-side={side}]').style.left").rstrip("%"))
            for side in "LR"
        }
        assert sign * (letters["L"] - letters["R"]) > 80


def test_keys_turn_the_scene_and_step_through_cuts_and_slices(page: Any) -> None:
    before = scene_of(page)
    page.run("document.querySelector('#scene3d canvas').focus()")
    page.press("ArrowLeft")
    assert (scene_of(page) != before).any()
    page.run("document.querySelector('[data-cuts]').focus()")
    total = int(page.run("document.querySelector('[data-cuts]').max"))
    page.press("Home")
    assert page.run("document.querySelector('[data-cuts-said]').textContent") == f"0 / {total}"
    page.press("ArrowRight")
    assert page.run("document.querySelector('[data-cuts-said]').textContent").startswith(f"1 / {total} · ")
    page.run("document.querySelector('#stack input').focus()")
    first = page.run("document.querySelector('#stack .said').textContent")
    page.press("ArrowRight")
    second = page.run("document.querySelector('#stack .said').textContent")
    assert "centre" in first and "below" in second, "to the right is down"
    assert page.run("document.querySelector('#stack input').getAttribute('aria-valuetext')") == second
    assert page.run("document.querySelectorAll('#stack svg').length") == 1


def pressed(page: Any, selector: str, script: str = "e.click()") -> np.ndarray:
    """What the scene shows after something was done to an element."""
    return redrawn(page, f"((e) => {script})(document.querySelector({selector!r}))")


@pytest.mark.slow
def test_every_control_of_the_scene_changes_the_picture(page: Any) -> None:
    """Each view, each size, each part and each step of the cuts; the part that is ticked again is there again."""
    shown = scene_of(page)
    for from_deg, above in page.run(VIEWS):
        following = pressed(page, f"[data-from='{from_deg}'][data-above='{above}']")
        assert (following != shown).mean() > 0.01, (from_deg, above)
        shown = following
    pressed(page, "[data-from='0'][data-above='0']")
    page.run("document.querySelector('#scene3d canvas').focus()")
    for key in ("ArrowLeft", "ArrowUp") * 5:
        page.press(key)
    shown = scene_of(page)
    for zoom in page.run("[...document.querySelectorAll('[data-zoom]')].map((e) => e.dataset.zoom)"):
        following = pressed(page, f"[data-zoom='{zoom}']")
        assert (following != shown).mean() > 0.01
        shown = following
    last = int(page.run("document.querySelector('[data-cuts]').max"))
    pressed(page, "[data-cuts]", "(e.value = 0, e.dispatchEvent(new Event('input')))")
    page.run("[...document.querySelectorAll('[data-part]')].filter((e) => e.checked).forEach((e) => e.click())")
    bare = scene_of(page)
    for n in range(1, last + 1):
        following = pressed(page, "[data-cuts]", f"(e.value = {n}, e.dispatchEvent(new Event('input')))")
        assert (following != bare).any(), f"cut {n}"
        bare = following
    for n in range(int(page.run("document.querySelectorAll('[data-part]').length"))):
        with_part = pressed(page, f"[data-part='{n}']")
        assert (with_part != bare).any(), f"part {n}"
        assert (pressed(page, f"[data-part='{n}']") == bare).all(), f"part {n} is hidden again"


def test_the_way_out_is_played_and_stepped(browser: Any, moving_page: Path) -> None:
    browser.open(moving_page)
    browser.wait(DRAWN.format(n=0))
    start = scene_of(browser)
    end = pressed(browser, "[data-way]", "(e.value = 200, e.dispatchEvent(new Event('input')))")
    assert (end != start).mean() > 0.02, "the specimen has left its place"
    back = pressed(browser, "[data-way]", "(e.value = 0, e.dispatchEvent(new Event('input')))")
    assert (back == start).all()
    browser.run("document.querySelector('[data-play]').click()")
    browser.wait("Number(document.querySelector('[data-way]').value) > 20")
    browser.wait("Number(document.querySelector('[data-way]').value) === 200")
    assert (scene_of(browser) == end).all(), "played to its end it stands where the slider ends"
    assert browser.errors == []


PARTS = "[...document.querySelectorAll('details .inside')]"
MOVING = "[...document.querySelectorAll('#scene3d, #stack, nav.parts')]"


def test_in_print_everything_is_open_and_nothing_that_moves_is_shown(page: Any) -> None:
    page.call("Emulation.setEmulatedMedia", media="print")
    try:
        shown = page.run(f"{MOVING}.filter((e) => e.offsetParent).length")
        assert shown == 0
        closed = page.run(f"{PARTS}.filter((e) => e.getBoundingClientRect().height < 5).length")
        assert closed == 0
    finally:
        page.call("Emulation.setEmulatedMedia", media="")


CONTRAST = """[...document.querySelectorAll(
  'p, li, dd, dt, td, th, h1, h2, h3, h4, span, a, figcaption, summary, button, legend, label'
)].filter((e) => e.offsetParent && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())).map((e) => {
  const numbers = (c) => c.match(/[\\d.]+/g).map(Number);
  const linear = (v) => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const light = (c) => c.slice(0, 3).map(linear).reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  let ground = e;
  while (ground && (numbers(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
  const both = [getComputedStyle(e).color, ground ? getComputedStyle(ground).backgroundColor : 'rgb(255,255,255)'];
  const [high, low] = both.map((c) => light(numbers(c))).sort((a, b) => b - a);
  return [(high + 0.05) / (low + 0.05), e.textContent.trim().slice(0, 40)];
}).sort((a, b) => a[0] - b[0])"""


def test_every_word_stands_out_from_its_ground(page: Any) -> None:
    """WCAG AA asks for 4.5 to 1."""
    found = page.run(CONTRAST)
    assert len(found) > 300
    assert found[0][0] >= 4.5, found[:3]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_runs_over_the_edge(browser: Any, demo_run: Path, name: str, width: int) -> None:
    browser.open(demo_run / name, width=width)
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.errors == []


def test_every_control_has_a_name_and_can_be_reached(page: Any) -> None:
    nameless = page.run(
        "[...document.querySelectorAll('button, input, canvas, [role=img]')].filter((e) => !("
        "e.getAttribute('aria-label') || e.textContent.trim() || e.querySelector('title')"
        " || (e.closest('label') && e.closest('label').textContent.trim()))).length"
    )
    assert nameless == 0
    assert page.run("[...document.querySelectorAll('button, input, canvas')].every((e) => e.tabIndex >= 0)")


def test_without_scripts_the_report_still_says_everything(browser: Any, demo_run: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(demo_run / PAGES[0])
        shown = browser.run("getComputedStyle(document.querySelector('#scene3d .without')).display")
        assert shown == "block"
        assert browser.run("getComputedStyle(document.querySelector('#scene3d .stage')).display") == "none"
        assert browser.run("document.querySelectorAll('#stack svg').length") == 1
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.real
def test_a_real_case_is_light_and_opens_fast(browser: Any, plan_real: Callable[[str], Path]) -> None:
    path = plan_real("L3-body-left-pedicle")
    assert path.stat().st_size <= 6_000_000
    times = []
    for _ in range(3):
        begun = time.monotonic()
        browser.open(path)
        browser.wait(DRAWN.format(n=0))
        times.append(time.monotonic() - begun)
    assert min(times) < 2.0
