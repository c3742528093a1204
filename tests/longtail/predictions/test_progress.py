from pathlib import Path

import pytest

from longtail.predictions import progress
from longtail.predictions.progress import reading_progress


@pytest.mark.parametrize(("seconds", "lines"), [(0.0, 2), (3600.0, 0)])
def test_lines_are_rare_where_nobody_watches(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    lines: int,
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", seconds)
    path = tmp_path / "result.json"
    path.write_bytes(b"x" * 200)
    with reading_progress(path) as on_read:
        on_read(50)
        on_read(200)
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == lines
    assert ("read 25 % of" in err) == (lines > 0)
