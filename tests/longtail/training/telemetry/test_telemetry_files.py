from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail.categories import CategoryTable
from longtail.problems import BadInputError
from longtail.training.telemetry_files import (
    drop_windows_after,
    read_telemetry,
    write_window,
)
from longtail.training.telemetry_window import TelemetryWindow

CATEGORIES = CategoryTable.from_records(
    [
        {"id": 3, "name": "cup", "frequency": "f", "image_count": 400, "instance_count": 900},
        {"id": 8, "name": "yo-yo", "frequency": "r", "image_count": 2, "instance_count": 3},
    ],
    "here",
)
SUMS = (
    "positive_gradient",
    "foreground_negative_gradient",
    "background_negative_gradient",
    "scores",
    "positive_scores",
)


def _window(steps: int, first: int = 5, **changes: Any) -> TelemetryWindow:
    counts = np.array([first, 1], dtype=np.int64)
    fields: dict[str, Any] = {
        "positives": counts,
        "valid_positives": counts,
        "valid_foreground_negatives": counts[::-1],
        "valid_background_negatives": np.array([14, 0]),
        **{name: counts / 8 for name in SUMS},
    }
    return TelemetryWindow(steps=steps, rois=20, **{**fields, **changes})


def test_windows_are_summed(tmp_path: Path) -> None:
    write_window(tmp_path, 10, _window(10), CATEGORIES)
    write_window(tmp_path, 25, _window(15, first=7), CATEGORIES)
    found = read_telemetry(tmp_path)
    assert (found.first_step, found.last_step) == (0, 25)
    assert (found.window.steps, found.window.rois) == (25, 40)
    assert found.window.positives.tolist() == [12, 2]
    assert found.window.positives.dtype == np.int64
    assert found.window.valid_foreground_negatives.tolist() == [2, 12]
    assert found.window.scores.tolist() == [1.5, 0.25]
    assert found.category_ids.tolist() == [3, 8]
    assert found.frequency.tolist() == ["f", "r"]
    assert found.image_count.tolist() == [400, 2]


def test_a_training_that_goes_on_earlier_drops_what_it_will_count_again(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        write_window(tmp_path, step, _window(10), CATEGORIES)
    torn = tmp_path / "telemetry" / ".step-00000040.npz.partial"
    torn.write_bytes(b"PK")
    drop_windows_after(tmp_path, 20)
    assert read_telemetry(tmp_path).window.steps == 20
    assert not torn.exists()
    write_window(tmp_path, 25, _window(5), CATEGORIES)
    assert read_telemetry(tmp_path).last_step == 25
    drop_windows_after(tmp_path, 0)
    with pytest.raises(BadInputError, match="no telemetry/step"):
        read_telemetry(tmp_path)


def test_nothing_to_drop_is_no_error(tmp_path: Path) -> None:
    drop_windows_after(tmp_path, 0)


def test_a_window_is_written_again_over_the_same_step(tmp_path: Path) -> None:
    write_window(tmp_path, 10, _window(10), CATEGORIES)
    write_window(tmp_path, 10, _window(10, first=9), CATEGORIES)
    assert read_telemetry(tmp_path).window.positives.tolist() == [9, 1]
    assert [path.name for path in (tmp_path / "telemetry").iterdir()] == ["step-00000010.npz"]


def test_a_training_watched_from_the_middle_says_so(tmp_path: Path) -> None:
    write_window(tmp_path, 30, _window(10), CATEGORIES)
    assert read_telemetry(tmp_path).first_step == 20


def test_a_missing_window_is_refused(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        write_window(tmp_path, step, _window(10), CATEGORIES)
    (tmp_path / "telemetry" / "step-00000020.npz").unlink()
    with pytest.raises(BadInputError, match="ends with step 10 and the next starts after step 20"):
        read_telemetry(tmp_path)


def test_every_damage_is_refused(tmp_path: Path) -> None:
    path = write_window(tmp_path, 10, _window(10), CATEGORIES)
    content = path.read_bytes()
    for position in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        with pytest.raises(BadInputError, match=r"step-00000010\.npz: .*damaged"):
            read_telemetry(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip"])
def test_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = write_window(tmp_path, 10, _window(10), CATEGORIES)
    path.write_bytes(content)
    with pytest.raises(BadInputError, match="the training is not affected; remove its telemetry"):
        read_telemetry(tmp_path)


def test_ratios_without_gradient_or_rois_are_undefined() -> None:
    nothing = np.zeros(2)
    window = _window(1, positive_gradient=nothing + 3, background_negative_gradient=nothing)
    without = _window(1, foreground_negative_gradient=nothing, background_negative_gradient=nothing)
    assert window.gradient_ratio.tolist() == [3 / (5 / 8), 3 / (1 / 8)]
    assert np.isnan(without.gradient_ratio).all()
