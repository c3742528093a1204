"""A small COCO file, and its conversion in process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.commands.in_process import exit_code

from longtail.data.convert.__main__ import main

Record = dict[str, Any]
Convert = Callable[..., Record]


def square(annotation: int, image: int, category: int, x: int = 4) -> Record:
    """A square of 10 x 10 pixels."""
    ring = [x, 5, x + 10, 5, x + 10, 15, x, 15]
    return {
        "id": annotation,
        "image_id": image,
        "category_id": category,
        "segmentation": [ring],
        "bbox": [x, 5, 10, 10],
        "area": 100,
        "iscrowd": 0,
    }


@pytest.fixture
def coco() -> Record:
    """Three images of 40 x 60 pixels; cats in two of them, a dog in one, the last one empty."""
    return {
        "images": [
            {"id": image, "height": 40, "width": 60, "file_name": f"{image}.jpg"}
            for image in (3, 8, 9)
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 4, "name": "dog"}],
        "annotations": [square(5, 3, 1), square(6, 3, 1, x=30), square(7, 8, 1), square(9, 8, 4)],
    }


@pytest.fixture
def convert(tmp_path: Path) -> Convert:
    """Convert a tree with the command; returns the new file's tree."""

    def run(tree: Record, *options: str, out: str = "lvis.json") -> Record:
        source = tmp_path / "coco.json"
        source.write_text(json.dumps(tree))
        words = [str(source), str(tmp_path / out), *options]
        assert exit_code(main, "coco", *words) == 0
        converted: Record = json.loads((tmp_path / out).read_text())
        return converted

    return run


@pytest.fixture
def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Convert a tree that cannot be; returns the error without line ends."""

    def run(tree: Record, *options: str) -> str:
        source, out = tmp_path / "coco.json", tmp_path / "lvis.json"
        source.write_text(json.dumps(tree))
        assert exit_code(main, "coco", str(source), str(out), *options) == 3
        assert not out.exists()
        return " ".join(capsys.readouterr().err.split())

    return run
