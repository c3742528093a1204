"""The browser of tests leaves no process and no file."""

from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
from support.browser.chromium import chromium, missing_browser


@pytest.mark.slow
@pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "there is one")
def test_nothing_is_left_of_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    # Names of sockets may not be as long as those of a test's own folder.
    with TemporaryDirectory(prefix="ends-") as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        before = set(psutil.Process().children(recursive=True))
        with chromium() as driver:
            driver.get("about:blank")
            started = set(psutil.Process().children(recursive=True)) - before
            assert len(started) > 2
            assert list(Path(folder).iterdir())

        assert not [process for process in started if process.is_running()]
        assert list(Path(folder).iterdir()) == []
