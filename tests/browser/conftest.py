"""A browser that tests can drive: Chromium without a window, spoken to over a pipe (Chrome DevTools Protocol)."""

from __future__ import annotations

import base64
import io
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import cattrs
import numpy as np
import pytest
from PIL import Image

from enbloc.adapters.files.run.report_files import Told, report_files

PROGRAM = Path(sys.executable).with_name("enbloc")
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe", "about:blank"),
)


SILENCE_S = 60.0


class Browser:
    """One page. Everything that its console said as an error is kept in `errors`."""

    def __init__(self, program: str, profile: Path) -> None:
        inner_read, self._write = os.pipe()
        self._read, inner_write = os.pipe()
        words = [program, f"--user-data-dir={profile}", *FLAGS]
        command = ["bash", "-c", f'exec "$@" 3<&{inner_read} 4>&{inner_write}', "browser", *words]
        self._process = subprocess.Popen(
            command, pass_fds=(inner_read, inner_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(inner_read)
        os.close(inner_write)
        self._last = 0
        self._rest = b""
        self._session = ""
        self.errors: list[str] = []
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask, and wait for the answer; what happens meanwhile is looked through for errors."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])
            self._note(answer)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], SILENCE_S)
            assert ready, "the browser does not answer"
            more = os.read(self._read, 1 << 20)
            assert more, "the browser has gone"
            self._rest += more
        first, self._rest = self._rest.split(b"\0", 1)
        return dict(json.loads(first))

    def _note(self, event: dict[str, Any]) -> None:
        found = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(found["exceptionDetails"]))
        if event.get("method") == "Log.entryAdded" and found["entry"]["level"] == "error":
            self.errors.append(found["entry"]["text"])

    def open(self, path: Path, width: int = 1280, height: int = 900) -> None:
        """Open a file in a window of that size and wait until it is loaded and drawn."""
        self.errors.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """The value of an expression, awaited if it is a promise."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition: str, most_s: float = 20.0) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + most_s
        while self.run(condition) is not True:
            assert time.monotonic() < end, f"waited in vain: {condition}"
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """Press a key on what has the focus."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEY_CODES[key])

    def picture(self, selector: str) -> np.ndarray:
        """What an element shows, (height, width, 3) uint8."""
        box = self.run(
            f"(() => {{ const e = document.querySelector({selector!r}); e.scrollIntoView(); const r = "
            "e.getBoundingClientRect(); return [r.x + scrollX, r.y + scrollY, r.width, r.height]; })()"
        )
        x, y, width, height = box
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        shot = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB"))

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(10)
        os.close(self._write)
        os.close(self._read)


KEY_CODES = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Home": 36, "End": 35}


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium; skips where it is absent, unless ENBLOC_REQUIRE_ALL=1 demands it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("ENBLOC_REQUIRE_ALL") == "1":
            pytest.fail("Chromium is not installed, and ENBLOC_REQUIRE_ALL=1 demands it")
        pytest.skip("Chromium is not installed")
    found = Browser(program, tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of the demonstration, with its report in both languages."""
    folder = tmp_path_factory.mktemp("browser")
    for words in (("demo",), ("report", "enbloc-demo-run", "--language", "zh")):
        found = subprocess.run([PROGRAM, *words], cwd=folder, capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stderr
    return folder / "enbloc-demo-run"


@pytest.fixture(scope="session")
def moving_page(demo_run: Path) -> Path:
    """The demonstration's page with a made-up way out: 60 mm backwards with a quarter turn."""
    told = cattrs.structure(json.loads((demo_run / "6-report.json").read_text()), Told)
    turned = (0.0, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 60.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    model = told.pictures.model
    assert model is not None
    path = (tuple(map(float, np.eye(4).ravel())), turned)
    moving = attrs.evolve(told, pictures=attrs.evolve(told.pictures, model=attrs.evolve(model, path=path)))
    page = demo_run / "moving.html"
    page.write_bytes(report_files(moving)[0]["6-report.html"])
    return page


@pytest.fixture
def plan_real(real_data: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """Plan a real case and give the page of its report."""

    def plan(name: str) -> Path:
        out = tmp_path / name
        words = ("plan", str(real_data(f"cases/{name}")), "--out", str(out))
        found = subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stderr
        return out / "6-report.html"

    return plan
