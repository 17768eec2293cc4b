"""The report in a real browser: it opens, moves, can be worked by keyboard, and fits a phone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
