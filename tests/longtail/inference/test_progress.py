"""The small files by which a prediction tells how far it is."""

from pathlib import Path

import pytest

from longtail.inference.progress import (
    ImageProgress,
    ProgressFile,
    forget_progress,
    read_image_progress,
)


def test_a_worker_tells_its_first_and_its_last_image(tmp_path: Path) -> None:
    assert read_image_progress(tmp_path) is None
    count = ProgressFile(tmp_path, rank=3, of=8)
    assert read_image_progress(tmp_path) == ImageProgress(0, 8, 0.0, None)
    count(5)
    count(3)
    done = read_image_progress(tmp_path)
    assert done is not None and (done.images, done.of, done.eta_seconds) == (8, 8, 0.0)
    assert done.images_per_second > 0


def test_time_left_is_that_of_the_slowest(tmp_path: Path) -> None:
    (tmp_path / "progress-0.json").write_text('{"images": 4, "of": 4, "seconds": 1.0}')
    (tmp_path / "progress-1.json").write_text('{"images": 2, "of": 6, "seconds": 2.0}')
    progress = read_image_progress(tmp_path)
    assert progress == ImageProgress(6, 10, pytest.approx(5.0), pytest.approx(4.0))


def test_workers_without_images_and_those_of_before_count_for_nothing(tmp_path: Path) -> None:
    ProgressFile(tmp_path, rank=0, of=0)
    assert read_image_progress(tmp_path) is None
    ProgressFile(tmp_path, rank=1, of=5)
    forget_progress(tmp_path)
    assert not list(tmp_path.iterdir())
