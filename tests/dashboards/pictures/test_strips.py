"""Strips: tiles that show and say what was judged, the same bytes each time."""

import base64
import io
import json
from pathlib import Path

import pytest
from PIL import Image
from support.dashboards.picture_scene import (
    detection,
    instance,
    write_annotations,
    write_pictures,
)

from dashboards.pictures.categories import named_categories
from dashboards.pictures.images import choose_images
from dashboards.pictures.opened import OpenTruth, ShownRow, open_rows
from dashboards.pictures.strips import Strip, fitting, make_strip
from dashboards.sources.pictures import PictureSource


def strip_of(folder: Path, *, pictures: bool = True) -> Strip:
    """Two discs of which a row finds one, with a wrong detection, and a row without any."""
    there = [instance(1, 1, (0, 0, 20, 20)), instance(1, 1, (50, 30, 20, 20))]
    annotations = write_annotations(folder, there, 2)
    images = write_pictures(folder, 2) if pictures else folder
    results = {
        "some": [
            detection(1, 1, (0, 0, 20, 20), 0.91),
            detection(1, 1, (25, 0, 9, 9), 0.3),
            detection(1, 1, (25, 0, 9, 8), 0.002),
        ],
        "none": [detection(2, 2, (0, 0, 9, 9), 0.9)],
    }
    rows = []
    for name, records in results.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(records))
        rows.append(ShownRow(name, path, {1: 0.25} if name == "some" else {2: 0.5}))
    opened = OpenTruth(PictureSource(annotations, images))
    (folder / "work").mkdir()
    judged = open_rows(rows, opened, folder / "work")
    categories = named_categories(opened.truth.categories, ["disc"])
    ((choice,),) = choose_images(opened, judged, categories, 1, 0.05)
    return make_strip(opened, rows, choice, 0.05)


def shown(url: str) -> Image.Image:
    head, _, content = url.partition(",")
    assert head == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB")


def test_tiles_say_what_was_judged(tmp_path: Path) -> None:
    strip = strip_of(tmp_path)
    assert strip.where == "image 1 of 80 x 60 pixels: 1.png" and strip.notice == ""
    assert [(tile.title, tile.lines) for tile in strip.tiles] == [
        ("ground truth", ("2 of this category",)),
        ("some", ("AP 25.00", "1 TP, 2 FP, 1 missed", "the best 2 of 3 are drawn")),
        ("none", ("AP not defined", "2 missed")),
    ]
    assert [tile.alt for tile in strip.tiles] == [
        "Ground truth of disc in image 1: 2 instances.",
        "disc by some in image 1: 1 true positive (score 0.91), 1 false positive (score 0.30),"
        " 1 missed; 1 more not drawn.",
        "disc by none in image 1: 2 missed.",
    ]
    assert strip.styles == {"truth", "TP", "FP", "missed"}


def test_thumbnails_are_webp_of_the_stated_size(tmp_path: Path) -> None:
    for tile in strip_of(tmp_path).tiles:
        assert shown(tile.url).size == (tile.width, tile.height) == (240, 180)


def test_the_same_strip_is_the_same_bytes(tmp_path: Path) -> None:
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        folder.mkdir()
    first, second = map(strip_of, folders)
    assert first == second


def test_a_missing_picture_is_told_and_its_masks_are_drawn(tmp_path: Path) -> None:
    strip = strip_of(tmp_path, pictures=False)
    assert strip.notice == "picture not found: 1.png"
    assert len(strip.tiles) == 3 and all(shown(tile.url).size == (240, 180) for tile in strip.tiles)


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "an empty file"), (b"<html>", "HTML, an error page perhaps")]
)
def test_a_damaged_picture_is_told(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(content)
    strip = strip_of(tmp_path, pictures=False)
    assert strip.notice.startswith("picture 1.png: ") and told in strip.notice


def test_strips_end_before_the_limit(tmp_path: Path) -> None:
    strip = strip_of(tmp_path)
    three = [strip] * 3
    assert list(fitting(three, 3 * strip.num_bytes)) == three
    assert list(fitting(three, 3 * strip.num_bytes - 1)) == three[:2]
    assert list(fitting(three, 10)) == []
