"""Drives a headless Chromium over its debugging pipe, with the standard library alone.

Source: Chrome DevTools Protocol, domains Target, Page, DOM, Runtime, Input, Network and Emulation;
`--remote-debugging-pipe` speaks JSON ended by a zero byte, read from descriptor 3 and written to descriptor 4.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ANSWER_S_MAX = 60
READ_BYTES = 1 << 16
FLAGS = (
    "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run",
    "--disable-extensions", "--disable-background-networking", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
# Resolves as soon as the expression is true; looks again whenever the page changes.
UNTIL = """new Promise((resolve) => {
    const look = () => (%s) && (observer.disconnect(), resolve(true));
    const observer = new MutationObserver(look);
    observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    look();
})"""


class Page:
    """One page in the browser, and everything it asked of the network and complained of."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def open(self, url: str) -> None:
        for domain in ("Page", "Runtime", "Network", "Log", "DOM"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=url)
        self._browser.wait("Page.loadEventFired", self._session)

    def evaluate(self, expression: str) -> Any:
        told = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, expression: str) -> bool:
        assert self.evaluate(UNTIL % expression) is True, expression
        return True

    def choose(self, selector: str, *files: Path) -> None:
        """Give files to an input as if a person had chosen them."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def drop(self, selector: str, *files: Path) -> None:
        """Drag files over an element and let them go, as a mouse does."""
        box = self.evaluate(f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()")
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        load = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, data=load, **place)

    def type(self, selector: str, text: str) -> None:
        self.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def text(self, selector: str) -> str:
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText"))

    def screenshot(self, file: Path, width: int = 1000, *, dark: bool = False) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        file.write_bytes(base64.b64decode(shot["data"]))

    def told(self, method: str) -> list[dict[str, Any]]:
        """Return the events of one kind so far."""
        return self._browser.told(method, self._session)


class Browser:
    """Speaks with the process over two pipes."""

    def __init__(self, program: str, folder: Path) -> None:
        reads, self._write = map(high, os.pipe())
        self._read, writes = map(high, os.pipe())
        told = [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        # A shell puts descriptors where they are wanted without a fork hook; dash takes none above 9.
        command = ["bash", "-c", f'exec "$@" 3<&{reads} 4>&{writes}', "bash", *told]
        environment = {**os.environ, "TZ": "UTC", "HOME": str(folder)}
        self.process = subprocess.Popen(
            command, pass_fds=(reads, writes), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(reads)
        os.close(writes)
        self.events: list[dict[str, Any]] = []
        self._held = b""
        self._number = 0

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Ask for one thing and return its answer; what is told meanwhile is kept."""
        self._number += 1
        asked = {"id": self._number, "method": method, "params": parameters}
        asked |= {"sessionId": session} if session else {}
        os.write(self._write, json.dumps(asked).encode() + b"\0")
        for message in self._messages():
            if message.get("id") == self._number:
                assert "error" not in message, (method, message)
                return dict(message["result"])
            if "method" in message:
                self.events.append(message)
        raise AssertionError(f"the browser ended before it answered {method}")

    def wait(self, method: str, session: str) -> None:
        """Go on when an event has come."""
        while not self.told(method, session):
            self.events.append(next(message for message in self._messages() if "method" in message))

    def told(self, method: str, session: str) -> list[dict[str, Any]]:
        """Return the events of one kind and page so far."""
        mine = (event for event in self.events if event.get("sessionId") == session)
        return [event["params"] for event in mine if event["method"] == method]

    def page(self) -> Page:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        return Page(self, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])

    def close(self) -> None:
        os.close(self._write)
        os.close(self._read)
        self.process.terminate()
        self.process.wait(ANSWER_S_MAX)

    def _messages(self) -> Iterator[dict[str, Any]]:
        deadline = time.monotonic() + ANSWER_S_MAX
        while True:
            message, found, rest = self._held.partition(b"\0")
            if found:
                self._held = rest
                yield json.loads(message)
                continue
            ready, _, _ = select.select([self._read], [], [], max(0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            more = os.read(self._read, READ_BYTES)
            if not more:
                return
            self._held += more


def high(descriptor: int) -> int:
    """Move a descriptor out of the way of 3 and 4."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved


@contextmanager
def running(program: str, folder: Path) -> Iterator[Browser]:
    """Run a browser with a profile of its own in `folder`."""
    browser = Browser(program, folder)
    try:
        yield browser
    finally:
        browser.close()
