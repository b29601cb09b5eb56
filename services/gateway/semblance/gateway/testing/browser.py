"""A real Chromium without a window, driven over the DevTools protocol, and an app served to it on loopback.

There is none on every machine: ask `chromium()` first. https://chromedevtools.github.io/devtools-protocol/"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from websockets.sync.client import ClientConnection, connect

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_START_S, _ANSWER_S, _POLL_S = 30.0, 60.0, 0.05
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # containers and root; it opens pages of this test's own and nothing else
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--remote-debugging-port=0",
)
# A camera that asks nobody; what it films is a test picture, or the file that is named beside it.
CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


def chromium() -> str | None:
    """Where one is installed."""
    named = os.environ.get("SEMBLANCE_CHROMIUM")
    return named or next((found for name in _NAMES if (found := shutil.which(name))), None)


class PageError(AssertionError):
    """The page's script raised, or what was waited for did not come."""


class Page:
    """One tab. `complaints`: what its console had of errors, refusals by the content policy among them."""

    def __init__(self, connection: ClientConnection) -> None:
        self._socket = connection
        self._sent = 0
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Log"):
            self.command(f"{domain}.enable")

    def command(self, method: str, **parameters: Any) -> Any:
        """One command of the protocol; its result."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=_ANSWER_S))
            if message.get("id") == self._sent:
                if "error" in message:
                    raise PageError(f"{method}: {message['error']['message']}")
                return message["result"]
            self._hear(message.get("method", ""), message.get("params", {}))

    def _hear(self, method: str, told: Any) -> None:
        if method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")

    def sized(self, width_px: int, height_px: int, *, scale: float = 1.0, phone: bool = False) -> None:
        """Give the tab the size of a screen, in CSS pixels."""
        metrics = {"width": width_px, "height": height_px, "deviceScaleFactor": scale, "mobile": phone}
        self.command("Emulation.setDeviceMetricsOverride", **metrics)

    def before_load(self, script: str) -> None:
        """Run this in every document before its own scripts."""
        self.command("Page.addScriptToEvaluateOnNewDocument", source=script)

    def open(self, url: str) -> None:
        """Go there and wait until the document and its scripts are loaded."""
        self.command("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited, as if a person had clicked. Raises PageError."""
        told = self.command(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in told:
            details = told["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description", details["text"]))
        return told["result"].get("value")

    def until(self, expression: str, timeout_s: float = 30.0) -> Any:
        """The expression's value once it is true. Raises PageError."""
        ends_s = time.monotonic() + timeout_s
        while True:
            if found := self.run(expression):
                return found
            if time.monotonic() > ends_s:
                raise PageError(f"never true: {expression}\nthe page: {self.words()}\nits console: {self.complaints}")
            time.sleep(_POLL_S)

    def words(self) -> str:
        """What the page shows as text."""
        return str(self.run("document.body.innerText"))

    def click(self, selector: str) -> None:
        """Click what a person could: visible, enabled, whatever else lies over it."""
        self.until(f"!!{_element(selector)}?.checkVisibility() && !{_element(selector)}.disabled")
        self.run(f"{_element(selector)}.click()")

    def fill(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.run(f"{_element(selector)}.focus()")
        self.command("Input.insertText", text=text)

    def press(self, key: str, code: int = 0, text: str = "") -> None:
        """A key, down and up."""
        key_of = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.command("Input.dispatchKeyEvent", type="keyDown", **key_of, **({"text": text} if text else {}))
        self.command("Input.dispatchKeyEvent", type="keyUp", **key_of)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """A PNG of the page; the part that is in view unless `whole`."""
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextlib.contextmanager
def browsing(folder: Path, *flags: str) -> Iterator[Page]:
    """A browser with a profile of its own under `folder`, and its one tab; ended with everything that it started."""
    program = chromium()
    assert program, "ask chromium() first"
    profile = folder / "profile"
    command = [program, *_FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"]
    with subprocess.Popen(  # noqa: S603 - the browser that is installed, with our flags
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            with connect(_first_tab(profile, process), max_size=None, open_timeout=_START_S) as connection:
                yield Page(connection)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _first_tab(profile: Path, process: subprocess.Popen[bytes]) -> str:
    """The address of the tab's socket, as soon as the browser has written its port down."""
    written, ends_s = profile / "DevToolsActivePort", time.monotonic() + _START_S
    while time.monotonic() < ends_s and process.poll() is None:
        if written.exists() and len(lines := written.read_text().split()) == 2:
            with connect(f"ws://127.0.0.1:{lines[0]}{lines[1]}", max_size=None, open_timeout=_START_S) as whole:
                whole.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
                targets = json.loads(whole.recv(timeout=_ANSWER_S))["result"]["targetInfos"]
            tab = next(target["targetId"] for target in targets if target["type"] == "page")
            return f"ws://127.0.0.1:{lines[0]}/devtools/page/{tab}"
        time.sleep(_POLL_S)
    raise PageError(f"the browser did not start; it ended with {process.poll()}")


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The app's address on loopback."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), daemon=True)
        thread.start()
        try:
            ends_s = time.monotonic() + _START_S
            while not server.started:
                assert time.monotonic() < ends_s, "the server did not start"
                time.sleep(_POLL_S)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_START_S)


def _element(selector: str) -> str:
    return f"document.querySelector({json.dumps(selector)})"
