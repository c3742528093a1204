"""A headless Chromium of this machine for tests, which leaves nothing behind."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

NAMES = ("chromium", "chromium-browser", "google-chrome")
DRIVER = "chromedriver"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)


def missing_browser() -> str:
    """Why no browser can be started, "" where one can."""
    if not any(map(shutil.which, NAMES)):
        return "needs a browser: apt-get install chromium chromium-driver"
    return "" if shutil.which(DRIVER) else "needs chromedriver: apt-get install chromium-driver"


@contextmanager
def chromium() -> Iterator["WebDriver"]:
    """A browser whose console and requests are recorded; its profile and processes end with it."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    program = next(path for name in NAMES if (path := shutil.which(name)))
    # Chromium and its driver write beside the profile, too.
    with TemporaryDirectory(prefix="chromium-") as folder:
        options = webdriver.ChromeOptions()
        options.binary_location = program
        for flag in (*FLAGS, f"--user-data-dir={Path(folder) / 'profile'}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service(shutil.which(DRIVER), env={**os.environ, "TMPDIR": folder})
        driver = webdriver.Chrome(options=options, service=service)
        processes = psutil.Process(service.process.pid).children(recursive=True)
        try:
            yield driver
        finally:
            driver.quit()
            _end(processes)


def _end(processes: list[psutil.Process]) -> None:
    """Wait until they are gone: what still runs still writes."""
    _, left = psutil.wait_procs(processes, timeout=20)
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=20)
