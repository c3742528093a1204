"""A browser as tests use it: pages of files, what they say, what they ask of the network."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

DEADLINE = 60.0
"""Seconds that a page may take on a machine with much else to do."""
Scheme: TypeAlias = Literal["light", "dark"]
Medium: TypeAlias = Literal["screen", "print"]
THIS_MACHINE = (None, "", "localhost", "127.0.0.1")


class Browser:
    """One page at a time."""

    def __init__(self, driver: "WebDriver") -> None:
        """Args:
        driver: Of `chromium()`.
        """
        self.driver = driver

    def open(
        self,
        page: Path | str,
        *,
        scheme: Scheme = "light",
        medium: Medium = "screen",
        width: int = 1280,
        height: int = 900,
        scripts: bool = True,
        waits: bool = True,
    ) -> None:
        """Load a page.

        Args:
            page: A file, or an address on this machine.
            scheme: What the reader prefers.
            medium: Where it is seen.
            width: Of the window in pixels.
            height: Of it.
            scripts: Whether any may run.
            waits: Until our scripts, where they run, have drawn all figures.
        """
        self._tell("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.look(scheme=scheme, medium=medium, width=width, height=height)
        self.console()
        self.requests()
        self.driver.get(page if isinstance(page, str) else page.resolve().as_uri())
        if scripts and waits:
            self.wait(self.drawn)

    def look(
        self,
        *,
        scheme: Scheme = "light",
        medium: Medium = "screen",
        width: int = 1280,
        height: int = 900,
    ) -> None:
        """See the page that is open in another way; the arguments are those of `open`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._tell("Emulation.setEmulatedMedia", media=medium, features=features)
        self._tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )

    def printed(self) -> bytes:
        """The open page as a PDF of A4 pages, as a reader prints it who changes nothing."""
        made = self.driver.execute_cdp_cmd(
            "Page.printToPDF",
            {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True},
        )
        return base64.b64decode(made["data"])

    def drawn(self) -> bool:
        """Whether the page has drawn its figures."""
        return bool(self.run("return document.documentElement.dataset.drawn !== undefined"))

    def enter_frame(self) -> None:
        """Go into the page's frame once that has drawn its figures; `leave_frame` comes back."""

        def drawn() -> bool:
            # Who went in before the frame had its page stays in a page that is gone.
            self.leave_frame()
            self.driver.switch_to.frame(0)
            return self.drawn()

        self.wait(drawn)

    def leave_frame(self) -> None:
        """Go back to the page around the frame."""
        self.driver.switch_to.default_content()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until something has happened; fails when it does not."""
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, f"it did not happen: {condition}"
            time.sleep(0.02)

    def run(self, script: str, *values: Any) -> Any:
        """What a script returns; `arguments` has the values."""
        return self.driver.execute_script(script, *values)

    def find(self, selector: str) -> "WebElement":
        """The element of a CSS selector."""
        return self.driver.find_element("css selector", selector)

    def texts(self, selector: str) -> list[str]:
        """What all of the elements say, seen or not."""
        found: list[str] = self.run(
            "const found = [...document.querySelectorAll(arguments[0])];"
            "return found.map((item) => item.textContent.trim())",
            selector,
        )
        return found

    def data(self, panel: str, name: str) -> list[dict[str, Any]]:
        """A data set of a drawn panel, as it is now."""
        found: list[dict[str, Any]] = self.run(
            "const view = views.get(document.querySelector(arguments[0]));"
            "return view.data(arguments[1]).map((of) => ({...of}))",
            panel,
            name,
        )
        return found

    def signal(self, panel: str, name: str) -> Any:
        """A signal of a drawn panel."""
        return self.run(
            "return views.get(document.querySelector(arguments[0])).signal(arguments[1])",
            panel,
            name,
        )

    def console(self) -> list[str]:
        """Lines of the console since the last call, violations of the page's policy among them."""
        return [str(line["message"]) for line in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def requests(self) -> list[str]:
        """Addresses off this machine that were asked for since the last call."""
        lines = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(line["message"])["message"] for line in lines]
        asked = {
            "Network.requestWillBeSent": lambda values: values["request"]["url"],
            "Network.webSocketCreated": lambda values: values["url"],
        }
        addresses = [
            str(asked[message["method"]](message["params"]))
            for message in messages
            if message["method"] in asked
        ]
        return [of for of in addresses if _host(of) not in THIS_MACHINE]

    def _tell(self, command: str, **values: Any) -> None:
        self.driver.execute_cdp_cmd(command, values)


def _host(address: str) -> str | None:
    # Pages of the browser itself have names that look like hosts.
    parts = urlsplit(address)
    return parts.hostname if parts.scheme in ("http", "https", "ws", "wss", "ftp") else None
